//! The memory above the kernel: its heap, page tables, and guests' RAM, all from one allocator.

use alloc::alloc::{alloc, dealloc};
use core::alloc::{GlobalAlloc, Layout};
use core::ops::Range;
use core::ptr::NonNull;

use hyp::Hva;
use linked_list_allocator::Heap;
use spin::Mutex;
use vmm_core::map::RAM_SIZE;

/// Bytes that are zeroed at a time.
const BLOCK: usize = 64;

/// All memory that is handed out.
struct Memory(Mutex<Heap>);

#[global_allocator]
static MEMORY: Memory = Memory(Mutex::new(Heap::empty()));

// SAFETY: the heap hands out what it was given, each byte once, and its lock keeps others from it meanwhile.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.lock().allocate_first_fit(layout).map_or(core::ptr::null_mut(), NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if let Some(pointer) = NonNull::new(pointer) {
            // SAFETY: the caller gives back what it was given, with the same layout.
            unsafe { self.0.lock().deallocate(pointer, layout) };
        }
    }
}

/// Hands out `range`.
///
/// # Safety
/// It is RAM that nobody else uses, and this is called once.
pub(crate) unsafe fn init(range: Range<usize>) {
    // SAFETY: the caller vouches for it.
    unsafe { MEMORY.0.lock().init(range.start as *mut u8, range.len()) };
}

/// Bytes that are not in use.
pub(crate) fn free() -> usize {
    MEMORY.0.lock().free()
}

/// Takes zeroed memory, of a multiple of 64 bytes and as aligned; `None` where there is none left.
pub(crate) fn take(size: usize, align: usize) -> Option<NonNull<u8>> {
    let layout = Layout::from_size_align(size, align).ok().filter(|layout| layout.size() != 0)?;
    assert!(size.is_multiple_of(BLOCK) && align.is_multiple_of(BLOCK), "memory is taken in blocks");
    // SAFETY: the size is not zero.
    let memory = NonNull::new(unsafe { alloc(layout) })?;
    let words = memory.cast::<u64>();
    // A guest's RAM is large, and the compiler's own memset takes three instructions for a doubleword.
    for block in (0..size / 8).step_by(BLOCK / 8) {
        for word in block..block + BLOCK / 8 {
            // SAFETY: the doubleword is within the memory, which is nobody else's.
            unsafe { words.add(word).write_volatile(0) };
        }
    }
    Some(memory)
}

/// Gives memory back.
///
/// # Safety
/// It was [taken](take) with the same size and alignment, and nobody uses it any more.
pub(crate) unsafe fn give_back(memory: NonNull<u8>, size: usize, align: usize) {
    if let Ok(layout) = Layout::from_size_align(size, align) {
        // SAFETY: the caller vouches for it.
        unsafe { dealloc(memory.as_ptr(), layout) };
    }
}

/// A guest's RAM. The guest may change it whenever it runs.
pub(crate) struct Ram(NonNull<u8>);

impl Ram {
    /// Such that it can be mapped by pages of 2 MiB.
    const ALIGN: usize = 2 << 20;

    /// New RAM, all zero.
    pub(crate) fn new() -> Option<Ram> {
        take(RAM_SIZE, Ram::ALIGN).map(Ram)
    }

    /// Where it is.
    pub(crate) fn address(&self) -> Hva {
        Hva(self.0.as_ptr() as u64)
    }

    /// All of it.
    ///
    /// # Safety
    /// No guest runs in it while this is in use.
    pub(crate) unsafe fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the memory is this value's, and the caller keeps the guest from it.
        unsafe { core::slice::from_raw_parts_mut(self.0.as_ptr(), RAM_SIZE) }
    }

    /// The byte at an offset, which is within.
    pub(crate) fn get(&self, offset: usize) -> u8 {
        assert!(offset < RAM_SIZE, "the RAM has no byte {offset:#x}");
        // SAFETY: the offset is within.
        unsafe { self.0.as_ptr().add(offset).read_volatile() }
    }

    /// Writes the byte at an offset, which is within.
    pub(crate) fn set(&mut self, offset: usize, byte: u8) {
        assert!(offset < RAM_SIZE, "the RAM has no byte {offset:#x}");
        // SAFETY: the offset is within.
        unsafe { self.0.as_ptr().add(offset).write_volatile(byte) };
    }
}

impl Drop for Ram {
    fn drop(&mut self) {
        // SAFETY: it was taken so, and its machine is gone.
        unsafe { give_back(self.0, RAM_SIZE, Ram::ALIGN) };
    }
}
