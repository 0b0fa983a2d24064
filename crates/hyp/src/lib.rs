//! The hypervisor: KVM RISC-V's design as a library, generic over the hart it runs on and the kernel around it.
//!
//! The way round: [`Vcpu::load`] brings a guest's state into the hart, [`Vcpu::run`] runs it until the kernel or user space
//! has something to do, [`Vcpu::put`] takes the state out again. The interface is KVM's generic one, by the names, numbers,
//! layouts and errors of `kvm`. Whoever drives this, a kernel in HS-mode, brings a [`Hart`] and is a [`Host`], and keeps
//! interrupts disabled while it calls in. Privileged ISA, "H Extension for Hypervisor Support".

#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

extern crate alloc;

pub mod access;
pub mod addr;
#[allow(unsafe_code)]
pub mod arch;
pub mod context;
pub mod dirty;
pub mod error;
pub mod exit;
pub mod extensions;
mod fence;
mod fp;
pub mod gstage;
mod handle;
pub mod hart;
pub mod host;
pub mod hypervisor;
mod inject;
pub mod interrupt;
pub mod ioeventfd;
pub mod ledger;
pub mod local;
mod memory;
pub mod memslot;
pub mod museum;
pub mod one_reg;
mod pending;
pub mod probe;
pub mod request;
pub mod run;
mod sbi;
mod switch;
mod sync;
pub mod timer;
pub mod vcpu;
pub mod vm;
pub mod vmid;

#[cfg(test)]
mod fake;

pub use addr::{Gpa, Gva, Hpa, Hva};
pub use error::Error;
pub use gstage::Tables;
pub use hart::{Hart, RemoteFence, Trap, Width};
pub use host::{Host, Resolved};
pub use hypervisor::{Hypervisor, Machine};
pub use local::Local;
pub use run::Stop;
pub use vcpu::Vcpu;
pub use vm::Vm;
