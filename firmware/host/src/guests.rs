//! The guests: programs for VS-mode, linked into the kernel as flat images.

/// A program for a virtual machine.
pub(crate) struct Guest {
    pub(crate) name: &'static str,
    pub(crate) image: &'static [u8],
}

macro_rules! guest {
    ($name:literal) => {
        Guest { name: $name, image: include_bytes!(concat!(env!("GUEST_IMAGES"), "/", $name, ".bin")) }
    };
}

static HELLO: Guest = guest!("hello");
static UART: Guest = guest!("uart");
static TIMER: Guest = guest!("timer");
static PAGES: Guest = guest!("pages");

/// Which guests run at the same time, one pair after the other.
///
/// In the last pair both machines use the same guest physical addresses at once, in frames that other guests
/// have filled before.
pub(crate) static PAIRS: [[&Guest; 2]; 3] = [[&HELLO, &UART], [&TIMER, &PAGES], [&PAGES, &PAGES]];
