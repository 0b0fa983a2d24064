//! Guests: those that are linked into the monitor, and files.

use core::ffi::CStr;

use vmm_core::image;
use vmm_core::map::RAM_SIZE;

use crate::error::Error;
use crate::ram::Ram;
use crate::syscall::{self, map_memory, unmap};

macro_rules! guests {
    ($($name:literal)*) => {
        [$(($name, include_bytes!(concat!(env!("GUEST_IMAGES"), "/", $name, ".bin")))),*]
    };
}

/// Names and images.
static GUESTS: [(&str, &[u8]); 6] = guests!["hello" "uart" "timer" "pages" "smp" "exits"];

/// `O_RDONLY | O_CLOEXEC`.
const READ_ONLY: usize = 0o2_000_000;

/// Puts the guest `name` into RAM in which nothing runs yet, and returns where it is entered.
pub(crate) fn load(name: &'static CStr, ram: Ram) -> Result<u64, Error> {
    // SAFETY: nothing runs yet.
    let ram = unsafe { ram.bytes() };
    let linked = GUESTS.iter().find(|(known, _)| known.as_bytes() == name.to_bytes());
    let loaded = match linked {
        Some((_, bytes)) => image::load(bytes, ram),
        None => load_file(name, ram)?,
    };
    loaded.map_err(|error| Error::Image { name, error })
}

fn load_file(name: &'static CStr, ram: &mut [u8]) -> Result<Result<u64, image::Error>, Error> {
    let failed = |errno| Error::File { name, errno };
    let fd = syscall::open(name, READ_ONLY).map_err(failed)?;
    // One byte more than RAM has, so that a file that is too large is seen to be.
    let file = map_memory(RAM_SIZE + 1).map_err(failed)?;
    let mut length = 0;
    while length < file.len() {
        match syscall::read(fd, &mut file[length..]).map_err(failed)? {
            0 => break,
            more => length += more,
        }
    }
    syscall::close(fd);
    let loaded =
        if length > RAM_SIZE { Err(image::Error::OutsideRam) } else { image::load(&file[..length], ram) };
    unmap(file);
    Ok(loaded)
}
