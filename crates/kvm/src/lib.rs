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

pub use errno::Errno;
pub use one_reg::Register;
pub use run::{Exit, Run};
