//! What the RISC-V manual itself says, as tables shared by the simulator and the hypervisor.
//!
//! One row of [`inst`] is one instruction and one row of [`csr`] is one control and status register;
//! decoder, encoder, assembler, disassembler and the documentation are derived from the rows.
//! The crate has no state, no unsafe code and no dependencies.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(feature = "alloc")]
pub mod asm;
pub mod cause;
pub mod csr;
pub mod decode;
pub mod ext;
pub mod field;
pub mod format;
pub mod inst;
pub mod mode;
pub mod paging;
pub mod reg;
pub mod rounding;
pub mod text;
pub mod tinst;

pub use decode::{decode, decode_for};
pub use inst::{Inst, Op};
pub use mode::{Mode, Privilege};
