//! The transport: a virtio device's registers in memory. VIRTIO 1.2, 4.2 "Virtio Over MMIO", without the legacy interface.

use iss::{AccessFault, Ram, Width};
use serde::{Deserialize, Serialize};

use super::queue::{Queue, Serving};
use super::{Broken, Function, feature};
use crate::device::Device;
use crate::state::{self, BadState};

/// `MagicValue`: "virt".
const MAGIC: u32 = u32::from_le_bytes(*b"virt");
/// `Version`: that of the interface which is not legacy.
const VERSION: u32 = 2;
/// `VendorID`: "vhrt".
const VENDOR: u32 = u32::from_le_bytes(*b"vhrt");
/// Where the configuration space of the device begins.
const CONFIG: u64 = 0x100;

/// `Status`: the driver has found the device.
const ACKNOWLEDGE: u32 = 1;
/// `Status`: the driver knows what to do with it.
const DRIVER: u32 = 2;
/// `Status`: the driver is ready.
const DRIVER_OK: u32 = 4;
/// `Status`: the driver has chosen features, and the device can live with them.
const FEATURES_OK: u32 = 8;
/// `Status`: the device has met something from which only a reset helps.
const NEEDS_RESET: u32 = 64;
/// `Status`: the driver has given up.
const FAILED: u32 = 128;

/// `InterruptStatus`: chains have been given back.
const USED: u32 = 1;
/// `InterruptStatus`: the configuration has changed, or the device needs a reset.
const CONFIG_CHANGED: u32 = 2;

/// A slot, and the device in it.
#[derive(Debug)]
pub struct Slot {
    function: Option<Box<dyn Function>>,
    registers: Registers,
    /// Queues to be served, a bit each. Empty between two accesses.
    notified: u32,
}

/// What a driver can change.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
struct Registers {
    status: u32,
    interrupt: u32,
    device_features_select: u32,
    driver_features_select: u32,
    driver_features: u64,
    queue_select: u32,
    queues: Vec<Queue>,
}

impl Registers {
    fn new(queues: usize) -> Registers {
        Registers { queues: vec![Queue::default(); queues], ..Registers::default() }
    }

    /// The queue that is selected, if there is one.
    fn queue(&self) -> Option<&Queue> {
        self.queues.get(self.queue_select as usize)
    }

    /// The queue that is selected, if it may be set up: while it is ready, nothing about it changes.
    fn queue_to_set_up(&mut self) -> Option<&mut Queue> {
        self.queues.get_mut(self.queue_select as usize).filter(|queue| !queue.is_ready)
    }

    /// Asks the driver for a reset. 2.1.2 "Device Requirements: Device Status Field".
    fn need_reset(&mut self, broken: Broken) {
        tracing::debug!(reason = broken.0, "virtio device needs a reset");
        self.status |= NEEDS_RESET;
        if self.status & DRIVER_OK != 0 {
            self.interrupt |= CONFIG_CHANGED;
        }
    }
}

impl Slot {
    /// A slot with nothing in it.
    pub(super) fn empty() -> Slot {
        Slot { function: None, registers: Registers::default(), notified: 0 }
    }

    /// A slot with a device.
    pub(super) fn with(function: impl Function + 'static) -> Slot {
        let registers = Registers::new(function.queues());
        Slot { function: Some(Box::new(function)), registers, notified: 0 }
    }

    /// Whether the interrupt wire is high.
    pub fn interrupt(&self) -> bool {
        self.registers.interrupt != 0
    }

    /// Whether a driver uses the device.
    fn is_live(&self) -> bool {
        self.registers.status & (DRIVER_OK | NEEDS_RESET | FAILED) == DRIVER_OK
    }

    /// Carries out, in main memory, what the last access has asked for.
    pub fn serve(&mut self, ram: &Ram) {
        let notified = core::mem::take(&mut self.notified);
        for index in 0..self.registers.queues.len() {
            if notified >> index & 1 != 0 && self.is_live() {
                self.serve_queue(ram, index);
            }
        }
    }

    fn serve_queue(&mut self, ram: &Ram, index: usize) {
        let Slot { function: Some(function), registers, .. } = self else { return };
        let Some(queue) = registers.queues.get_mut(index).filter(|queue| queue.is_ready) else { return };
        let outcome = Serving::begin(ram, queue, registers.driver_features).and_then(|mut serving| {
            let served = function.serve(index, &mut serving);
            if serving.wants_interrupt()? {
                registers.interrupt |= USED;
            }
            served
        });
        if let Err(broken) = outcome {
            registers.need_reset(broken);
        }
    }

    /// Takes bytes from the host's terminal, to be received by the driver once the slot is [served](Slot::serve).
    pub fn push_input(&mut self, bytes: &[u8]) {
        if let Some(function) = &mut self.function {
            function.push_input(bytes);
            self.notify_all();
        }
    }

    /// The bytes for the host's terminal since the last call.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.function.as_mut().map_or_else(Vec::new, |function| function.take_output())
    }

    /// Whether the driver listens to what is typed.
    pub fn wants_input(&self) -> bool {
        self.is_live() && self.registers.queues.first().is_some_and(|queue| queue.is_ready)
    }

    fn notify_all(&mut self) {
        self.notified = u32::MAX;
    }

    /// The features that are offered.
    fn features(&self) -> u64 {
        self.function.as_ref().map_or(0, |function| function.features() | feature::TRANSPORT)
    }

    /// Whether the device can live with these features.
    fn fit(&self, chosen: u64) -> bool {
        chosen & !self.features() == 0 && chosen & feature::VERSION_1 != 0
    }

    /// Whether `registers` are such as a driver can have brought about.
    fn can_have(&self, registers: &Registers) -> bool {
        let Registers { status, interrupt, driver_features: chosen, queues, .. } = registers;
        let is_set = |bit| status & bit != 0;
        status & !(ACKNOWLEDGE | DRIVER | DRIVER_OK | FEATURES_OK | NEEDS_RESET | FAILED) == 0
            && (self.fit(*chosen) || !is_set(FEATURES_OK))
            && (is_set(FEATURES_OK) || !is_set(DRIVER_OK))
            && interrupt & !(USED | CONFIG_CHANGED) == 0
            && queues.len() == self.registers.queues.len()
            && queues.iter().all(Queue::is_sound)
    }

    /// Takes what the driver says about where it stands. 3.1 "Device Initialization".
    ///
    /// Bits only rise, but for a reset. A bit that may not rise yet stays low, which the driver sees.
    fn set_status(&mut self, value: u32) {
        if value == 0 {
            self.registers = Registers::new(self.registers.queues.len());
            return;
        }
        let before = self.registers.status;
        let features_fit = self.fit(self.registers.driver_features);
        let mut status = before | value & (ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK | FAILED);
        if !features_fit && before & FEATURES_OK == 0 {
            status &= !FEATURES_OK;
        }
        if status & FEATURES_OK == 0 {
            status &= !DRIVER_OK;
        }
        self.registers.status = status;
        if status & !before & DRIVER_OK != 0 {
            self.notify_all();
        }
    }

    /// Makes the selected queue ready, or stops it.
    fn set_ready(&mut self, is_ready: bool) {
        if !is_ready {
            if let Some(queue) = self.registers.queues.get_mut(self.registers.queue_select as usize) {
                queue.is_ready = false;
            }
        } else if let Some(Err(broken)) = self.registers.queue_to_set_up().map(Queue::enable) {
            self.registers.need_reset(broken);
        }
    }

    /// A register before the configuration space.
    fn load_register(&self, offset: u64) -> Option<u32> {
        let registers = &self.registers;
        let value = match offset {
            0x00 => MAGIC,
            0x04 => VERSION,
            0x08 => self.function.as_ref().map_or(0, |function| function.id()),
            0x0c => VENDOR,
            0x10 => match registers.device_features_select {
                0 => self.features() as u32,
                1 => (self.features() >> 32) as u32,
                _ => 0,
            },
            0x34 => registers.queue().map_or(0, |_| super::queue::MAX_SIZE),
            0x44 => registers.queue().is_some_and(|queue| queue.is_ready).into(),
            0x60 => registers.interrupt,
            0x70 => registers.status,
            // No shared memory: length and base of any region are all ones.
            0xb0..=0xbc => u32::MAX,
            // QueueReset, which belongs to a feature that is not offered; the generation of a configuration that
            // never changes; and registers that can only be written.
            0x14 | 0x20 | 0x24 | 0x30 | 0x38 | 0x50 | 0x64 | 0xac | 0xc0 | 0xfc => 0,
            0x80 | 0x84 | 0x90 | 0x94 | 0xa0 | 0xa4 => 0,
            _ => return None,
        };
        Some(value)
    }

    /// Writes a register before the configuration space. Those that can only be read ignore it.
    fn store_register(&mut self, offset: u64, value: u32) -> Option<()> {
        let registers = &mut self.registers;
        let mut set_address = |field: fn(&mut Queue) -> &mut u64, half: u64| {
            if let Some(queue) = registers.queue_to_set_up() {
                let shift = 32 * half;
                let address = field(queue);
                *address = *address & !(0xffff_ffff << shift) | u64::from(value) << shift;
            }
        };
        match offset {
            0x80 | 0x84 => set_address(|queue| &mut queue.descriptors, offset >> 2 & 1),
            0x90 | 0x94 => set_address(|queue| &mut queue.driver, offset >> 2 & 1),
            0xa0 | 0xa4 => set_address(|queue| &mut queue.device, offset >> 2 & 1),
            0x14 => registers.device_features_select = value,
            0x20 if registers.status & FEATURES_OK == 0 => {
                let features = registers.driver_features;
                match registers.driver_features_select {
                    0 => registers.driver_features = features & !0xffff_ffff | u64::from(value),
                    1 => registers.driver_features = features & 0xffff_ffff | u64::from(value) << 32,
                    _ => {}
                }
            }
            0x24 => registers.driver_features_select = value,
            0x30 => registers.queue_select = value,
            0x38 => {
                if let Some(queue) = registers.queue_to_set_up() {
                    queue.size = value;
                }
            }
            0x44 => self.set_ready(value & 1 != 0),
            0x50 => self.notified |= 1u32.checked_shl(value).unwrap_or(0),
            0x64 => registers.interrupt &= !value,
            0x70 => self.set_status(value),
            0x00..=0x10 | 0x20 | 0x34 | 0x60 | 0xac..=0xc0 | 0xfc => {}
            _ => return None,
        }
        Some(())
    }

    /// The part of the configuration space that an access means: aligned, and one, two or four bytes.
    fn config(&self, offset: u64, width: Width) -> Option<Vec<u8>> {
        let start = usize::try_from(offset.checked_sub(CONFIG)?).ok()?;
        let bytes = width.bytes() as usize;
        let config = self.function.as_ref()?.config();
        let end = start.checked_add(bytes).filter(|_| bytes <= 4 && start.is_multiple_of(bytes))?;
        config.get(start..end).map(<[u8]>::to_vec)
    }
}

/// Whether an access means a register before the configuration space.
fn is_register(offset: u64, width: Width) -> bool {
    offset < CONFIG && offset.is_multiple_of(4) && width == Width::W
}

impl Device for Slot {
    fn reset(&mut self) {
        self.registers = Registers::new(self.registers.queues.len());
        self.notified = 0;
        if let Some(function) = &mut self.function {
            function.reset();
        }
    }

    fn load(&mut self, offset: u64, width: Width) -> Result<u64, AccessFault> {
        if is_register(offset, width) {
            return self.load_register(offset).map(u64::from).ok_or(AccessFault);
        }
        let bytes = self.config(offset, width).ok_or(AccessFault)?;
        Ok(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// Notifications are noted, and [`serve`](Slot::serve) carries them out.
    fn store(&mut self, offset: u64, width: Width, value: u64) -> Result<(), AccessFault> {
        if is_register(offset, width) {
            return self.store_register(offset, value as u32).ok_or(AccessFault);
        }
        self.config(offset, width).map(|_| ()).ok_or(AccessFault)
    }

    fn save(&self) -> Vec<u8> {
        let function = self.function.as_ref().map(|function| (function.id(), function.save()));
        state::encode(&(&self.registers, function))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), BadState> {
        let (registers, saved): (Registers, Option<(u32, Vec<u8>)>) = state::decode(state)?;
        let id = self.function.as_ref().map(|function| function.id());
        BadState::unless(saved.as_ref().map(|(id, _)| *id) == id, "a virtio slot held another device")?;
        BadState::unless(self.can_have(&registers), "a virtio slot has registers that it cannot have")?;
        if let (Some(function), Some((_, state))) = (&mut self.function, &saved) {
            function.restore(state)?;
        }
        self.registers = registers;
        self.notified = 0;
        Ok(())
    }
}
