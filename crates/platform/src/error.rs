//! What can be wrong with a machine or the files that it boots: one line, which says what to do.

use core::ops::Range;

/// Why a machine cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number of harts that the machine cannot have.
    #[error("{0} harts are impossible: choose 1 to {max}", max = crate::MAX_HARTS)]
    Harts(usize),
    /// A size of main memory that the machine cannot have.
    #[error("{0} bytes of memory are impossible: choose a multiple of 4096 (4K), such as 128M")]
    Memory(u64),
    /// The host has no address space for so much memory.
    #[error("the host cannot reserve {bytes} bytes of memory ({reason}): choose less")]
    NoMemory {
        /// The size asked for.
        bytes: u64,
        /// The host's error.
        reason: String,
    },
    /// More virtio devices than slots.
    #[error(
        "{0} virtio devices are too many: drives, console and entropy device share {slots} slots",
        slots = crate::map::VIRTIO_SLOTS
    )]
    Slots(usize),
    /// Neither firmware nor kernel.
    #[error("nothing to run: name a program, a firmware or a kernel")]
    NothingToRun,
    /// The host cannot read a file.
    #[error("cannot read {name}: {reason}")]
    Unreadable {
        /// The file.
        name: String,
        /// The host's error.
        reason: String,
    },
    /// A file without content.
    #[error("{0} is empty: build or copy it again")]
    Empty(String),
    /// A file that is not what it should be.
    #[error("{name} {problem}: {advice}")]
    Unsuitable {
        /// The file.
        name: String,
        /// What is wrong with it, as the rest of a sentence.
        problem: String,
        /// What to do.
        advice: &'static str,
    },
    /// A part of a file that would lie outside main memory.
    #[error(
        "{name}: {part} at {:#x}..{:#x} lies outside main memory {:#x}..{:#x}: link it there, or enlarge the memory",
        .at.start, .at.end, .ram.start, .ram.end
    )]
    OutsideRam {
        /// The file.
        name: String,
        /// The part.
        part: &'static str,
        /// Its physical addresses.
        at: Range<u64>,
        /// Main memory.
        ram: Range<u64>,
    },
    /// Two parts that would lie in the same place.
    #[error(
        "{first} at {:#x}..{:#x} overlaps {second} at {:#x}..{:#x}: link or place one of them elsewhere",
        .first_at.start, .first_at.end, .second_at.start, .second_at.end
    )]
    Overlap {
        /// The part that was there first.
        first: String,
        /// Its physical addresses.
        first_at: Range<u64>,
        /// The part that came later.
        second: String,
        /// Its physical addresses.
        second_at: Range<u64>,
    },
    /// An entry point where there is no memory.
    #[error("{name}: the entry point {entry:#x} lies outside main memory {:#x}..{:#x}: check the linker script", .ram.start, .ram.end)]
    EntryOutsideRam {
        /// The file.
        name: String,
        /// The entry point.
        entry: u64,
        /// Main memory.
        ram: Range<u64>,
    },
    /// No room is left.
    #[error("no room for {what} ({bytes} bytes) in main memory: enlarge the memory")]
    NoRoom {
        /// What does not fit.
        what: String,
        /// Its size.
        bytes: u64,
    },
    /// Options of the boot that a device tree from outside cannot carry.
    #[error(
        "{0} goes into the machine's own device tree: leave it out, or write it into the /chosen node of your device tree"
    )]
    OwnTreeOnly(&'static str),
    /// The device tree could not be written.
    #[error("the device tree cannot be written ({0}): shorten the kernel's command line")]
    DeviceTree(#[from] vm_fdt::Error),
}

impl Error {
    /// A file that is not what it should be.
    pub(crate) fn unsuitable(name: &str, problem: impl Into<String>, advice: &'static str) -> Error {
        Error::Unsuitable { name: name.to_string(), problem: problem.into(), advice }
    }
}
