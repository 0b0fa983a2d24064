//! KVM's interface to user space as data: the numbers, names and layouts that a virtual machine monitor and a kernel
//! agree on. Linux, "The Definitive KVM (Kernel-based Virtual Machine) API Documentation".
//!
//! Nothing here does anything: a monitor makes the calls, a kernel answers them, and both say what happened by the same
//! [`trace`] and the same names of [registers](one_reg).

#![no_std]
#![forbid(unsafe_code)]

pub mod capability;
pub mod errno;
pub mod extension;
pub mod ioctl;
pub mod one_reg;
pub mod run;
pub mod trace;

/// Bytes of an `unsigned long` of the monitor's and the kernel's, which is XLEN: 8 on RV64. All that has the size of
/// one takes it from here.
pub const LONG: usize = 8;

pub use errno::Errno;
pub use one_reg::Register;
pub use run::{Exit, Run};
