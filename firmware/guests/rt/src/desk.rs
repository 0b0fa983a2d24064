//! Where a hart beside the first is told what to do: a stack to run on, an order, and the answer to it.

use core::cell::UnsafeCell;
use core::sync::atomic::AtomicUsize;

/// No order: the last one has been carried out.
pub const NO_ORDER: usize = 0;

#[repr(C, align(16))]
struct Stack(UnsafeCell<[u8; 4096]>);

// SAFETY: no reference to the contents is ever made; one hart uses it through `sp`.
unsafe impl Sync for Stack {}

/// Between a hart and the one that gives orders.
pub struct Desk {
    stack: Stack,
    /// What to do, by a number of the guest's; [`NO_ORDER`] once it is done.
    pub order: AtomicUsize,
    /// What came of it.
    pub answer: AtomicUsize,
    /// How often the hart has been interrupted.
    pub interrupts: AtomicUsize,
}

impl Desk {
    /// A desk with nothing on it.
    #[expect(clippy::new_without_default, reason = "desks are statics")]
    pub const fn new() -> Desk {
        Desk {
            stack: Stack(UnsafeCell::new([0; 4096])),
            order: AtomicUsize::new(NO_ORDER),
            answer: AtomicUsize::new(0),
            interrupts: AtomicUsize::new(0),
        }
    }

    /// Where the stack begins, which grows downwards.
    pub fn stack_top(&self) -> usize {
        self.stack.0.get() as usize + size_of::<Stack>()
    }
}
