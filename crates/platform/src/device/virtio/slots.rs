//! Which device is in which slot.

use super::blk::Block;
use super::console::Port;
use super::disk::Disk;
use super::mmio::Slot;
use super::rng::Entropy;
use crate::config::{MachineConfig, Terminal};
use crate::error::Error;
use crate::map::VIRTIO_SLOTS;

/// The slots, and which of them holds the console.
#[derive(Debug)]
pub(crate) struct Slots {
    slots: [Slot; VIRTIO_SLOTS],
    console: Option<u8>,
}

impl Default for Slots {
    /// Nothing in any slot.
    fn default() -> Slots {
        Slots { slots: [(); VIRTIO_SLOTS].map(|()| Slot::empty()), console: None }
    }
}

impl Slots {
    /// The devices that `config` asks for, from the first slot on: drives, console, entropy.
    ///
    /// # Errors
    /// More devices than slots, and images that cannot be used.
    pub(crate) fn new(config: &MachineConfig) -> Result<Slots, Error> {
        let has_console = config.terminal == Terminal::Virtio;
        let count = config.drives.len() + usize::from(has_console) + usize::from(config.entropy.is_some());
        if count > VIRTIO_SLOTS {
            return Err(Error::Slots(count));
        }
        let drives = config.drives.iter().enumerate();
        let drives =
            drives.map(|(number, drive)| Disk::open(drive).map(|disk| Slot::with(Block::new(disk, number))));
        let console = has_console.then(|| Ok(Slot::with(Port::default())));
        let entropy = config.entropy.map(|seed| Ok(Slot::with(Entropy::new(seed))));
        let mut slots = Slots::default().slots;
        for (slot, device) in slots.iter_mut().zip(drives.chain(console).chain(entropy)) {
            *slot = device?;
        }
        Ok(Slots { slots, console: has_console.then_some(config.drives.len() as u8) })
    }

    /// A slot by its number, which must be below [`VIRTIO_SLOTS`].
    pub(crate) fn get(&self, number: usize) -> &Slot {
        &self.slots[number]
    }

    /// As [`get`](Slots::get), to be changed.
    pub(crate) fn slot(&mut self, number: usize) -> &mut Slot {
        &mut self.slots[number]
    }

    /// The number of the slot with the console that the host's terminal belongs to; none where it belongs to the
    /// serial port.
    pub(crate) fn console(&self) -> Option<u8> {
        self.console
    }

    /// Whether there is a console that listens to what is typed.
    pub(crate) fn wants_input(&self) -> Option<bool> {
        self.console.map(|number| self.slots[usize::from(number)].wants_input())
    }
}
