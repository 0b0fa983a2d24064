//! Virtio devices behind the machine's eight virtio-mmio slots. VIRTIO 1.2.
//!
//! A [`Slot`] is the transport, `mmio`; what it leads to is a `Function`: a block device, a console, a source of
//! entropy. Both speak through split virtqueues, `queue`, which hold descriptor chains, `chain`. Requests are carried
//! out as soon as the driver notifies the device, before its next instruction, so that every run is the same.
//!
//! Whatever a driver does, the work for a notification is bounded, and only main memory that its rings and descriptors
//! name is touched. What the specification forbids makes a device ask for a reset (2.1.2, `DEVICE_NEEDS_RESET`).

mod blk;
mod chain;
mod console;
mod disk;
mod mmio;
mod queue;
mod rng;
mod slots;

use core::fmt;

use queue::Serving;

use crate::state::BadState;

pub use disk::Drive;
pub use mmio::Slot;
pub(crate) use slots::Slots;

/// Features of the transport and its queues. VIRTIO 1.2, 6 "Reserved Feature Bits".
mod feature {
    /// `VIRTIO_F_INDIRECT_DESC`: chains may go on in a table elsewhere.
    pub(super) const INDIRECT: u64 = 1 << 28;
    /// `VIRTIO_F_EVENT_IDX`: both sides say up to where they want no notification.
    pub(super) const EVENT_INDEX: u64 = 1 << 29;
    /// `VIRTIO_F_VERSION_1`: the driver follows the specification, not what came before it.
    pub(super) const VERSION_1: u64 = 1 << 32;
    /// What each device offers.
    pub(super) const TRANSPORT: u64 = INDIRECT | EVENT_INDEX | VERSION_1;
}

/// A rule that a driver has broken, in a few words: the device asks for a reset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Broken(&'static str);

/// What a slot leads to: a device without its transport. VIRTIO 1.2, 5 "Device Types".
trait Function: fmt::Debug + Send {
    /// `DeviceID`.
    fn id(&self) -> u32;

    /// The features that it offers beside those of the transport.
    fn features(&self) -> u64 {
        0
    }

    /// The number of its queues, at most 32.
    fn queues(&self) -> usize;

    /// Its configuration space. It does not change, and writes to it are ignored.
    fn config(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Carries out the requests of a queue, as far as it can.
    ///
    /// # Errors
    /// What the driver may not do.
    fn serve(&mut self, queue: usize, serving: &mut Serving<'_>) -> Result<(), Broken>;

    /// Returns to the state after power-on.
    fn reset(&mut self) {}

    /// Takes bytes from the host's terminal, to be received by the driver.
    fn push_input(&mut self, _bytes: &[u8]) {}

    /// The bytes for the host's terminal since the last call.
    fn take_output(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// The state, as `restore` takes it.
    fn save(&self) -> Vec<u8>;

    /// Takes a state that `save` has made of such a device; changes nothing on an error.
    ///
    /// # Errors
    /// A state of something else.
    fn restore(&mut self, state: &[u8]) -> Result<(), BadState>;
}
