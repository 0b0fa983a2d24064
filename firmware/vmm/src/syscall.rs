//! Linux's system calls, as few as there need to be. syscall(2); the generic table of numbers.
//!
//! Each number stands in the instruction before its `ecall`, so that the executable shows which there are; `cargo xtask
//! images` looks.

use core::arch::asm;
use core::ffi::CStr;

use kvm::Errno;

const IOCTL: usize = 29;
const OPENAT: usize = 56;
const CLOSE: usize = 57;
const READ: usize = 63;
const WRITE: usize = 64;
const PPOLL: usize = 73;
const EXIT_GROUP: usize = 94;
const FUTEX: usize = 98;
const MUNMAP: usize = 215;
pub(crate) const CLONE: usize = 220;
const MMAP: usize = 222;

/// `AT_FDCWD`: paths begin in the working directory.
const AT_FDCWD: usize = -100_isize as usize;

const PROT_READ_WRITE: usize = 1 | 2;
const MAP_SHARED: usize = 1;
const MAP_PRIVATE_ANONYMOUS: usize = 0x2 | 0x20;

const FUTEX_WAIT_PRIVATE: usize = 128;
const FUTEX_WAKE_PRIVATE: usize = 128 | 1;

/// `POLLIN`: there is something to read, or the end of it.
const POLLIN: i16 = 1;

/// Errors are the last 4095 values.
const LAST_ERROR: usize = 4095;

/// A file descriptor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fd(usize);

impl Fd {
    pub(crate) const INPUT: Fd = Fd(0);
    pub(crate) const OUTPUT: Fd = Fd(1);
    pub(crate) const ERROR: Fd = Fd(2);

    /// The file descriptor that a call has returned.
    pub(crate) fn new(number: usize) -> Fd {
        Fd(number)
    }
}

/// Makes the system call `NUMBER`.
///
/// # Safety
/// Whatever the call does with its arguments must be sound.
#[inline(always)]
unsafe fn call<const NUMBER: usize>(args: [usize; 6]) -> Result<usize, Errno> {
    let mut a0 = args[0];
    // SAFETY: the kernel keeps every register but a0, and the caller vouches for the rest.
    unsafe {
        asm!(
            "li a7, {number}",
            "ecall",
            number = const NUMBER,
            inlateout("a0") a0,
            in("a1") args[1],
            in("a2") args[2],
            in("a3") args[3],
            in("a4") args[4],
            in("a5") args[5],
            out("a7") _,
            options(nostack),
        );
    }
    if a0 >= LAST_ERROR.wrapping_neg() { Err(Errno(a0.wrapping_neg() as u16)) } else { Ok(a0) }
}

/// Opens a file, with `flags` of open(2).
pub(crate) fn open(path: &CStr, flags: usize) -> Result<Fd, Errno> {
    // SAFETY: the path ends in a zero, and the kernel reads no further.
    unsafe { call::<OPENAT>([AT_FDCWD, path.as_ptr() as usize, flags, 0, 0, 0]) }.map(Fd)
}

/// Closes a file that is not used any more.
pub(crate) fn close(fd: Fd) {
    // SAFETY: no memory is concerned. What was only read cannot fail to be closed.
    let _ = unsafe { call::<CLOSE>([fd.0, 0, 0, 0, 0, 0]) };
}

/// Reads some bytes; none at the file's end.
pub(crate) fn read(fd: Fd, bytes: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes into the slice.
    unsafe { call::<READ>([fd.0, bytes.as_mut_ptr() as usize, bytes.len(), 0, 0, 0]) }
}

/// Writes some of the bytes.
pub(crate) fn write(fd: Fd, bytes: &[u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel reads the slice.
    unsafe { call::<WRITE>([fd.0, bytes.as_ptr() as usize, bytes.len(), 0, 0, 0]) }
}

/// A device's own call.
///
/// # Safety
/// What `argument` points to, if it is a pointer, must be what the request takes.
pub(crate) unsafe fn ioctl(fd: Fd, request: u32, argument: usize) -> Result<usize, Errno> {
    // SAFETY: the caller vouches for the argument.
    unsafe { call::<IOCTL>([fd.0, request as usize, argument, 0, 0, 0]) }
}

/// Whether there is something to read, or nothing will ever be.
pub(crate) fn is_readable(fd: Fd) -> bool {
    /// `struct pollfd`.
    #[repr(C)]
    struct PollFd {
        fd: i32,
        events: i16,
        revents: i16,
    }
    let mut poll = PollFd { fd: fd.0 as i32, events: POLLIN, revents: 0 };
    let no_time = [0_u64; 2];
    let (poll_address, time_address) = (&raw mut poll as usize, &raw const no_time as usize);
    // SAFETY: one structure to write, a time to read, no signal mask.
    matches!(unsafe { call::<PPOLL>([poll_address, 1, time_address, 0, 0, 0]) }, Ok(1))
}

/// New memory, all zero.
pub(crate) fn map_memory(size: usize) -> Result<&'static mut [u8], Errno> {
    // SAFETY: the kernel chooses addresses that nobody has.
    let address = unsafe { call::<MMAP>([0, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, !0, 0]) }?;
    // SAFETY: that is what the kernel has given, to this caller alone.
    Ok(unsafe { core::slice::from_raw_parts_mut(address as *mut u8, size) })
}

/// A device's memory of `size` bytes.
pub(crate) fn map_device(fd: Fd, size: usize) -> Result<*mut u8, Errno> {
    // SAFETY: the kernel chooses addresses that nobody has.
    unsafe { call::<MMAP>([0, size, PROT_READ_WRITE, MAP_SHARED, fd.0, 0]) }.map(|address| address as *mut u8)
}

/// Gives memory back.
pub(crate) fn unmap(memory: &'static mut [u8]) {
    // SAFETY: the slice was the only way to it. There is nothing to do where that fails.
    let _ = unsafe { call::<MUNMAP>([memory.as_mut_ptr() as usize, memory.len(), 0, 0, 0, 0]) };
}

/// Waits while `word` holds `value`, until somebody calls [`futex_wake`]; may end at any time.
pub(crate) fn futex_wait(word: &core::sync::atomic::AtomicU32, value: u32) {
    // SAFETY: the kernel reads the word. All failures are reasons to look at it again.
    let _ = unsafe { call::<FUTEX>([word.as_ptr() as usize, FUTEX_WAIT_PRIVATE, value as usize, 0, 0, 0]) };
}

/// Wakes one that waits for `word`.
pub(crate) fn futex_wake(word: &core::sync::atomic::AtomicU32) {
    // SAFETY: the word is only a name here, and the call cannot fail.
    let _ = unsafe { call::<FUTEX>([word.as_ptr() as usize, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0]) };
}

/// Ends the process, all of its threads.
pub(crate) fn exit_group(status: i32) -> ! {
    loop {
        // SAFETY: nothing is left to be sound.
        let _ = unsafe { call::<EXIT_GROUP>([status as usize, 0, 0, 0, 0, 0]) };
    }
}
