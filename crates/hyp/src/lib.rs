//! The hypervisor: the design of KVM RISC-V as a library, generic over the hart it runs on.
//!
//! The way round: [`Vcpu::load`] brings a guest's state into the hart, [`Vcpu::run`] runs it until it exits,
//! [`handle()`] deals with the exit or says what the host must do, [`Vcpu::put`] takes the state out again.
//! Whoever drives this (a kernel in HS-mode) brings a [`Hart`] and [`Frames`] of memory, and keeps
//! interrupts disabled while it calls in. Privileged ISA, "H Extension for Hypervisor Support".

#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

pub mod access;
pub mod addr;
#[allow(unsafe_code)]
pub mod arch;
pub mod context;
pub mod error;
pub mod exit;
pub mod frames;
pub mod gstage;
pub mod handle;
pub mod hart;
pub mod inject;
pub mod interrupt;
pub mod mmio;
pub mod probe;
pub mod switch;
pub mod timer;
pub mod vcpu;
pub mod vm;
pub mod vmid;

#[cfg(test)]
mod fake;

pub use addr::{Gpa, Gva, Hpa};
pub use error::Error;
pub use exit::Exit;
pub use frames::Frames;
pub use handle::{Outcome, handle};
pub use hart::{Hart, Trap, Width};
pub use vcpu::Vcpu;
pub use vm::Vm;
