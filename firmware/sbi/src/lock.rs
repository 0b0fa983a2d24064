//! A spinning lock for what harts share.

use core::sync::atomic::{AtomicBool, Ordering};

/// A lock without data; whoever holds its [`Guard`] may proceed.
pub(crate) struct Lock(AtomicBool);

/// Unlocks when dropped.
pub(crate) struct Guard<'a>(&'a Lock);

impl Lock {
    pub(crate) const fn new() -> Lock {
        Lock(AtomicBool::new(false))
    }

    /// Takes the lock; while another hart holds it, runs `meanwhile` again and again.
    pub(crate) fn acquire(&self, meanwhile: impl Fn()) -> Guard<'_> {
        while self.0.swap(true, Ordering::Acquire) {
            meanwhile();
        }
        Guard(self)
    }

    /// Opens the lock whoever holds it, for the last words of a failing machine.
    pub(crate) fn break_open(&self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Release);
    }
}
