//! The first instructions: from what Linux leaves on the stack to the words of the command line.

use core::arch::naked_asm;
use core::ffi::{CStr, c_char};

/// The stack pointer points to the number of words, and the words' addresses follow.
#[unsafe(naked)]
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    naked_asm!("mv a0, sp", "andi sp, sp, -16", "j {enter}", enter = sym enter)
}

extern "C" fn enter(stack: *const usize) -> ! {
    // SAFETY: the kernel has put the count there.
    let count = unsafe { stack.read() };
    crate::start((1..count).map(move |index| {
        // SAFETY: as many pointers follow, each to a string that ends in a zero and stays.
        unsafe { CStr::from_ptr(stack.add(1 + index).read() as *const c_char) }
    }))
}
