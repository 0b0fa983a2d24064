//! Atomics: the machine's, or those of the model checker that tries every order in which harts can act.

#[cfg(loom)]
mod checked;
#[cfg(all(loom, test))]
mod loom;

#[cfg(loom)]
pub(crate) use ::loom::hint::spin_loop;
#[cfg(loom)]
pub(crate) use checked::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Mutex};
#[cfg(not(loom))]
pub(crate) use core::hint::spin_loop;
pub(crate) use core::sync::atomic::Ordering;
#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize};
#[cfg(not(loom))]
pub(crate) use spin::Mutex;
