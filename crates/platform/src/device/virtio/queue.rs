//! Split virtqueues, from the device's side. VIRTIO 1.2, 2.7 "Split Virtqueues".
//!
//! Harts may run at the same time as the device, so that every order that the specification asks for is a fence here.

use std::sync::atomic::{Ordering, fence};

use iss::{Ram, Width};
use serde::{Deserialize, Serialize};

use super::chain::{Chain, Table};
use super::{Broken, feature};

/// The largest size of a queue, in descriptors: `QueueNumMax`.
pub(super) const MAX_SIZE: u32 = 128;

/// The flag of the driver's area by which it wants no notifications.
const NO_INTERRUPT: u64 = 1;

/// A queue as the driver has set it up, and how far the device has come.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub(super) struct Queue {
    /// `QueueNum`: the number of descriptors, and of places in either ring.
    pub(super) size: u32,
    /// `QueueReady`.
    pub(super) is_ready: bool,
    /// `QueueDesc`: the table of descriptors.
    pub(super) descriptors: u64,
    /// `QueueDriver`: the ring of what is available, after `flags` and `idx`; behind it `used_event`.
    pub(super) driver: u64,
    /// `QueueDevice`: the ring of what has been used, after `flags` and `idx`; behind it `avail_event`.
    pub(super) device: u64,
    /// Chains taken so far.
    next_available: u16,
    /// Chains given back so far.
    next_used: u16,
}

impl Queue {
    /// Makes the queue ready, with nothing taken from it yet.
    ///
    /// # Errors
    /// A size that is no power of two up to [`MAX_SIZE`], and areas that are not aligned as they must be.
    pub(super) fn enable(&mut self) -> Result<(), Broken> {
        let enabled = Queue { is_ready: true, next_available: 0, next_used: 0, ..self.clone() };
        if !enabled.is_sound() {
            return Err(Broken("a queue of an impossible size or place"));
        }
        *self = enabled;
        Ok(())
    }

    /// Whether the queue is not ready, or is such that it may be.
    pub(super) fn is_sound(&self) -> bool {
        let is_aligned = self.descriptors.is_multiple_of(16)
            && self.driver.is_multiple_of(2)
            && self.device.is_multiple_of(4);
        !self.is_ready || self.size.is_power_of_two() && self.size <= MAX_SIZE && is_aligned
    }

    /// The address of the place for the `n`th chain in a ring whose places have `bytes` bytes.
    fn place(&self, ring: u64, n: u16, bytes: u64) -> u64 {
        ring.wrapping_add(4 + bytes * (u64::from(n) & (u64::from(self.size) - 1)))
    }

    /// The address of what follows the ring of the driver's area: `used_event`.
    fn used_event(&self) -> u64 {
        self.driver.wrapping_add(4 + 2 * u64::from(self.size))
    }

    /// The address of what follows the ring of the device's area: `avail_event`.
    fn available_event(&self) -> u64 {
        self.device.wrapping_add(4 + 8 * u64::from(self.size))
    }
}

/// A queue that is being served: what was available when that began, and no more.
#[derive(Debug)]
pub(super) struct Serving<'a> {
    ram: &'a Ram,
    queue: &'a mut Queue,
    /// The features that have been negotiated.
    features: u64,
    /// `idx` of the driver's area.
    end: u16,
    /// Chains given back before.
    used_before: u16,
}

impl<'a> Serving<'a> {
    /// Begins to serve `queue`, which is ready.
    ///
    /// # Errors
    /// Areas outside main memory, and more that is available than the queue can hold.
    pub(super) fn begin(ram: &'a Ram, queue: &'a mut Queue, features: u64) -> Result<Serving<'a>, Broken> {
        let used_before = queue.next_used;
        let mut serving = Serving { ram, queue, features, end: 0, used_before };
        serving.end = serving.available()?;
        if u32::from(serving.end.wrapping_sub(serving.queue.next_available)) > serving.queue.size {
            return Err(Broken("more chains than the queue can hold"));
        }
        Ok(serving)
    }

    /// The features that have been negotiated.
    pub(super) fn features(&self) -> u64 {
        self.features
    }

    /// Main memory.
    pub(super) fn ram(&self) -> &'a Ram {
        self.ram
    }

    /// Up to where chains are available, such that the driver notifies the device of the first one behind.
    fn available(&self) -> Result<u16, Broken> {
        let index = self.queue.driver.wrapping_add(2);
        let mut end = self.load(index)?;
        if self.features & feature::EVENT_INDEX != 0 {
            // A driver that has looked at `avail_event` before we set it may have made more available without a
            // notification, so that we look again after that. It cannot do so more often than there are places.
            let mut looks = 0;
            loop {
                self.store(self.queue.available_event(), Width::H, end.into())?;
                fence(Ordering::SeqCst);
                let again = self.load(index)?;
                if again == end {
                    break;
                }
                if looks > self.queue.size {
                    return Err(Broken("more chains than the queue can hold"));
                }
                (end, looks) = (again, looks + 1);
            }
        }
        // What the driver has written before the index is to be seen.
        fence(Ordering::Acquire);
        Ok(end)
    }

    /// Takes the next chain, if there is one.
    ///
    /// # Errors
    /// Those of [`Chain::follow`].
    pub(super) fn next(&mut self) -> Result<Option<Chain>, Broken> {
        let Queue { size, descriptors, driver, next_available, .. } = *self.queue;
        if next_available == self.end {
            return Ok(None);
        }
        let head = self.load(self.queue.place(driver, next_available, 2))?;
        let may_be_indirect = self.features & feature::INDIRECT != 0;
        let table = Table { at: descriptors, len: size.into(), may_be_indirect };
        let chain = Chain::follow(self.ram, table, head)?;
        self.queue.next_available = next_available.wrapping_add(1);
        Ok(Some(chain))
    }

    /// Gives a chain back, of whose room the first `written` bytes have been written.
    ///
    /// # Errors
    /// A ring outside main memory.
    pub(super) fn give_back(&mut self, chain: Chain, written: u64) -> Result<(), Broken> {
        let Queue { device, next_used, .. } = *self.queue;
        let place = self.queue.place(device, next_used, 8);
        self.store(place, Width::W, chain.head.into())?;
        self.store(place.wrapping_add(4), Width::W, written)?;
        // Who sees the new index is to see what it says.
        fence(Ordering::Release);
        let next = next_used.wrapping_add(1);
        self.store(device.wrapping_add(2), Width::H, next.into())?;
        self.queue.next_used = next;
        Ok(())
    }

    /// Whether the driver wants to be interrupted because of the chains that have been given back.
    ///
    /// # Errors
    /// A ring outside main memory.
    pub(super) fn wants_interrupt(&self) -> Result<bool, Broken> {
        let (before, now) = (self.used_before, self.queue.next_used);
        if before == now {
            return Ok(false);
        }
        // The driver says what it wants, and then looks at the index once more.
        fence(Ordering::SeqCst);
        if self.features & feature::EVENT_INDEX == 0 {
            return Ok(u64::from(self.load(self.queue.driver)?) & NO_INTERRUPT == 0);
        }
        let event = self.load(self.queue.used_event())?;
        // It wants to hear when place `event` has been written, which lies in `before..now`.
        Ok(event.wrapping_sub(before) < now.wrapping_sub(before))
    }

    fn load(&self, at: u64) -> Result<u16, Broken> {
        self.ram.load(at, Width::H).map(|value| value as u16).ok_or(Broken("a ring outside main memory"))
    }

    fn store(&self, at: u64, width: Width, value: u64) -> Result<(), Broken> {
        self.ram.store(at, width, value).ok_or(Broken("a ring outside main memory"))
    }
}
