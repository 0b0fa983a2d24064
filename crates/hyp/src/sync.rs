//! Atomics: the machine's, or those of the model checker that tries every order in which harts can act.

#[cfg(all(loom, test))]
mod checked;
#[cfg(all(loom, test))]
mod loom;

#[cfg(all(loom, test))]
pub(crate) use ::loom::hint::spin_loop;
#[cfg(all(loom, test))]
pub(crate) use checked::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Mutex};
#[cfg(not(all(loom, test)))]
pub(crate) use core::hint::spin_loop;
pub(crate) use core::sync::atomic::Ordering;
#[cfg(not(all(loom, test)))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize};
#[cfg(not(all(loom, test)))]
pub(crate) use spin::Mutex;
