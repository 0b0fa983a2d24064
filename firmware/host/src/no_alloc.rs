//! The kernel allocates frames only; the `isa` crate, whose names it uses, links `alloc` for its texts.

use core::alloc::{GlobalAlloc, Layout};

struct NoAlloc;

// SAFETY: a null pointer is the allowed answer to every request, and nothing can then be given back.
unsafe impl GlobalAlloc for NoAlloc {
    unsafe fn alloc(&self, _layout: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _pointer: *mut u8, _layout: Layout) {}
}

#[global_allocator]
static NO_ALLOC: NoAlloc = NoAlloc;
