//! The hypervisor hosted natively: [`hyp`] runs as ordinary code of this computer, its guests on simulated harts.
//!
//! Each access that the hypervisor makes to a CSR is executed as an instruction by a hart of [`iss`] in HS-mode, with its
//! fields, delegation and two stages of translation, and the guest runs there until it traps. So one steps through a world
//! switch with a debugger for Rust. The harts take turns: while one does something, the others stand still.

mod board;
mod hart;
mod kernel;
mod machine;
mod memory;

pub use board::{Board, Clock};
pub use hart::NativeHart;
pub use kernel::Kernel;
pub use machine::{Error, Machine, Monitor, NativeLocal, Served, Thread};
pub use memory::Memory;
