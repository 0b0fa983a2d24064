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

/// A guest, and how many virtual harts its machine has.
pub(crate) type Wanted = (&'static Guest, usize);

static HELLO: Guest = guest!("hello");
static UART: Guest = guest!("uart");
static TIMER: Guest = guest!("timer");
static PAGES: Guest = guest!("pages");
static SMP: Guest = guest!("smp");
static EXITS: Guest = guest!("exits");

/// Which guests run at the same time, one pair after the other.
///
/// In the last two pairs both machines use the same guest physical addresses at once, in memory that other guests have
/// filled before; in the very last their harts start, interrupt and fence each other.
pub(crate) static PAIRS: [[Wanted; 2]; 4] = [
    [(&HELLO, 1), (&UART, 1)],
    [(&TIMER, 1), (&PAGES, 1)],
    [(&PAGES, 1), (&PAGES, 1)],
    [(&SMP, 2), (&SMP, 2)],
];

/// The guest with a name.
pub(crate) fn find(name: &str) -> Option<&'static Guest> {
    [&HELLO, &UART, &TIMER, &PAGES, &SMP, &EXITS].into_iter().find(|guest| guest.name == name)
}
