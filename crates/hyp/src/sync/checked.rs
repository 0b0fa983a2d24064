//! What the model checker is to see, with the order that the machine gives it.
//!
//! The checker takes sequentially consistent accesses for acquire and release alone, but knows fences for what they are: one
//! after each store and one before each load make the accesses that have them between them sequentially consistent.

use core::sync::atomic::Ordering;

use loom::sync::atomic::fence;
use loom::sync::{MutexGuard, atomic};

fn fenced<T>(order: Ordering, access: impl FnOnce() -> T) -> T {
    if order != Ordering::SeqCst {
        return access();
    }
    fence(Ordering::SeqCst);
    let value = access();
    fence(Ordering::SeqCst);
    value
}

macro_rules! checked {
    ($($name:ident: $value:ty, $($method:ident),*;)+) => {$(
        #[derive(Default, Debug)]
        pub(crate) struct $name(atomic::$name);

        #[allow(dead_code)]
        impl $name {
            pub(crate) fn new(value: $value) -> $name {
                $name(atomic::$name::new(value))
            }

            pub(crate) fn load(&self, order: Ordering) -> $value {
                fenced(order, || self.0.load(order))
            }

            pub(crate) fn store(&self, value: $value, order: Ordering) {
                fenced(order, || self.0.store(value, order));
            }

            pub(crate) fn compare_exchange(
                &self,
                old: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                fenced(success, || self.0.compare_exchange(old, new, success, failure))
            }

            $(
                pub(crate) fn $method(&self, value: $value, order: Ordering) -> $value {
                    fenced(order, || self.0.$method(value, order))
                }
            )*
        }
    )+};
}

checked! {
    AtomicBool: bool, swap, fetch_or, fetch_and;
    AtomicU32: u32, swap, fetch_or, fetch_and, fetch_add;
    AtomicU64: u64, swap, fetch_or, fetch_and, fetch_add;
    AtomicUsize: usize, swap, fetch_or, fetch_and, fetch_add;
}

/// A lock that is never left by a panic.
#[derive(Debug)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Mutex<T> {
        Mutex(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().expect("no thread has panicked")
    }
}
