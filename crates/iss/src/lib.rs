//! The instruction-set simulator: harts of RV64GC with the hypervisor extension.
//!
//! A [`Hart`] executes instructions against a [`Bus`], which is the rest of the machine. The crate knows
//! no device and no address; what a hart can differ in is its [`Variant`]. Everything that happens can be
//! watched by an [`Observer`], which costs nothing when there is none.

pub mod bus;
mod clock;
mod code_map;
mod csr;
mod engine;
pub mod event;
mod exec;
mod fpu;
pub mod hart;
mod interrupt;
mod mmu;
pub mod observe;
pub mod ram;
pub mod sparse;
pub mod state;
pub mod trap;
pub mod variant;

pub use bus::{AccessFault, Bus, Lines, Width};
pub use clock::Slice;
pub use engine::Engine;
pub use hart::{Hart, Outcome, Stop};
pub use observe::Observer;
pub use ram::Ram;
pub use state::{BadState, HartState};
pub use trap::Trap;
pub use variant::Variant;
