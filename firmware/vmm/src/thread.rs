//! Threads, which end with the process. clone(2).

use core::arch::naked_asm;
use core::convert::Infallible;

use kvm::Errno;

use crate::error::Error;
use crate::syscall::{CLONE, map_memory};

/// `CLONE_VM`, `_FS`, `_FILES`, `_SIGHAND`, `_THREAD` and `_SYSVSEM`: everything is shared.
const FLAGS: usize = 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000 | 0x4_0000;

const STACK_SIZE: usize = 64 << 10;

/// Starts a thread that runs `body`.
pub(crate) fn spawn<F: FnOnce() -> Infallible + Send>(body: F) -> Result<(), Error> {
    const ADVICE: &str = "allow this user more threads and memory, or give the machine fewer virtual CPUs";
    let failed = || Error::call("start a thread", ADVICE);
    let stack = map_memory(STACK_SIZE).map_err(failed())?;
    let end = stack.as_mut_ptr_range().end as usize;
    // What runs there lies at the end of the stack, which keeps its alignment below.
    let address = (end - size_of::<F>()) & !(align_of::<F>() - 1) & !15;
    let place = address as *mut F;
    // SAFETY: the place is within the stack, aligned, and nobody else's.
    unsafe { place.write(body) };
    // SAFETY: the stack is the new thread's alone, and it will take what lies at its end.
    let answer = unsafe { clone(address, enter::<F>, address) };
    if answer < 0 { Err(failed()(Errno(answer.unsigned_abs() as u16))) } else { Ok(()) }
}

/// Where a thread begins.
extern "C" fn enter<F: FnOnce() -> Infallible>(place: usize) -> ! {
    // SAFETY: `spawn` has put it there for this thread to take.
    let body = unsafe { (place as *mut F).read() };
    match body() {}
}

/// Returns in the thread that calls it, and calls `entry` with `argument` in a new one.
///
/// # Safety
/// `stack` must be the end of a stack that is nobody else's.
#[unsafe(naked)]
unsafe extern "C" fn clone(stack: usize, entry: extern "C" fn(usize) -> !, argument: usize) -> isize {
    naked_asm!(
        "mv t0, a1",
        "mv t1, a2",
        "mv a1, a0",
        "li a0, {flags}",
        "li a2, 0",
        "li a3, 0",
        "li a4, 0",
        "li a7, {number}",
        "ecall",
        "beqz a0, 1f",
        "ret",
        "1:",
        "mv a0, t1",
        "jr t0",
        flags = const FLAGS,
        number = const CLONE,
    )
}
