//! The devices, and the wires between them and to the harts.

use core::ops::Range;

use isa::cause::Interrupt;
use iss::{AccessFault, BadState, Lines, Ram, Width};
use serde::{Deserialize, Serialize};

use crate::config::MachineConfig;
use crate::console::Console;
use crate::device::plic::ContextMode;
use crate::device::virtio::Slots;
use crate::device::{Aclint, Device, Finisher, Hgeip, Htif, Plic, Power, Rtc, Sswi, Uart};
use crate::map::{self, DeviceKind};

/// The devices, and what connects them.
#[derive(Debug)]
pub(crate) struct Devices {
    pub(crate) aclint: Aclint,
    /// Where the machine has it.
    sswi: Option<Sswi>,
    plic: Plic,
    rtc: Rtc,
    uart: Uart,
    finisher: Finisher,
    hgeip: Hgeip,
    slots: Slots,
    htif: Option<Htif>,
    pub(crate) console: Console,
    power: Option<Power>,
    /// [`MachineConfig::reset_ends`].
    reset_ends: bool,
}

/// The state of the devices, as each has saved it, and of the wires between them.
#[derive(Serialize, Deserialize)]
pub(crate) struct DevicesState {
    /// By the node name of its region, in the order of the map.
    devices: Vec<(String, Vec<u8>)>,
    /// That of the host-target interface, where the program has one.
    htif: Option<bool>,
    power: Option<Power>,
    /// A byte for the serial port that has left the host's side and is not there yet.
    input: Option<u8>,
}

impl Devices {
    /// The devices of a machine, in their reset state.
    pub(crate) fn new(config: &MachineConfig, htif: Option<Htif>, slots: Slots, console: Console) -> Devices {
        let MachineConfig { harts, variant, aclint, reset_ends, .. } = *config;
        Devices {
            aclint: Aclint::new(harts),
            sswi: aclint.then(|| Sswi::new(harts)),
            plic: Plic::new(harts),
            rtc: Rtc::new(config.date()),
            uart: Uart::default(),
            finisher: Finisher::default(),
            hgeip: Hgeip::new(harts, variant.geilen),
            slots,
            htif,
            console,
            power: None,
            reset_ends,
        }
    }

    /// Puts everything back to its state after power-on, with another program in `ram`.
    pub(crate) fn reset(&mut self, ram: &Ram, htif: Option<Htif>) {
        for region in &map::REGIONS {
            if let Some(device) = self.device_mut(region.kind) {
                device.reset();
            }
        }
        self.rtc.restart();
        self.htif = htif;
        self.power = None;
        self.connect(ram, DeviceKind::Uart);
        self.connect(ram, DeviceKind::Rtc);
    }

    /// Whether the machine has what [`MachineConfig::aclint`] asks for.
    pub(crate) fn has_aclint(&self) -> bool {
        self.sswi.is_some()
    }

    /// The state.
    pub(crate) fn save(&self) -> DevicesState {
        DevicesState {
            devices: self.present().map(|(name, device)| (name, device.save())).collect(),
            htif: self.htif.as_ref().map(Htif::save),
            power: self.power,
            input: self.console.input.save(),
        }
    }

    /// Takes a state; refused, with some of it taken, where it cannot be that of these devices.
    pub(crate) fn restore(&mut self, state: &DevicesState) -> Result<(), BadState> {
        let DevicesState { devices, htif, power, input } = state;
        let are_these = self.present().map(|(name, _)| name).eq(devices.iter().map(|(name, _)| name.clone()));
        BadState::unless(are_these, "the devices are other ones")?;
        let has_aclint = self.has_aclint();
        let regions = map::REGIONS.iter().filter(|region| has_aclint || !region.needs_aclint());
        for (region, (name, state)) in regions.zip(devices) {
            let told = |error| BadState::new(format!("{name}: {error}"));
            self.device_mut(region.kind).map_or(Ok(()), |device| device.restore(state)).map_err(told)?;
        }
        match (&mut self.htif, htif) {
            (Some(htif), Some(half)) => htif.restore(*half),
            (None, None) => {}
            _ => return Err(BadState::new("the host-target interface belongs to another program")),
        }
        self.power = *power;
        self.console.input.restore(*input);
        Ok(())
    }

    /// The devices that the machine has, with the names of their nodes, in the order of the map.
    fn present(&self) -> impl Iterator<Item = (String, &dyn Device)> {
        map::REGIONS.iter().filter_map(|region| Some((region.node_name(), self.device(region.kind)?)))
    }

    /// The device of a kind, if the machine has it.
    fn device(&self, kind: DeviceKind) -> Option<&dyn Device> {
        Some(match kind {
            DeviceKind::Finisher => &self.finisher,
            DeviceKind::Rtc => &self.rtc,
            DeviceKind::Hgeip => &self.hgeip,
            DeviceKind::Aclint => &self.aclint,
            DeviceKind::Sswi => self.sswi.as_ref()?,
            DeviceKind::Plic => &self.plic,
            DeviceKind::Uart => &self.uart,
            DeviceKind::Virtio(slot) => self.slots.get(slot.into()),
        })
    }

    /// As [`device`](Devices::device), to be changed.
    pub(crate) fn device_mut(&mut self, kind: DeviceKind) -> Option<&mut dyn Device> {
        Some(match kind {
            DeviceKind::Finisher => &mut self.finisher,
            DeviceKind::Rtc => &mut self.rtc,
            DeviceKind::Hgeip => &mut self.hgeip,
            DeviceKind::Aclint => &mut self.aclint,
            DeviceKind::Sswi => self.sswi.as_mut()?,
            DeviceKind::Plic => &mut self.plic,
            DeviceKind::Uart => &mut self.uart,
            DeviceKind::Virtio(slot) => self.slots.slot(slot.into()),
        })
    }

    /// Carries a device's outputs to where they lead, after something has happened to it; one that reaches main memory
    /// by itself does so now.
    fn connect(&mut self, ram: &Ram, kind: DeviceKind) {
        match kind {
            DeviceKind::Finisher => self.power = self.finisher.take_request().or(self.power),
            DeviceKind::Uart => {
                self.console.write(&self.uart.take_output());
                self.set_wire(kind, self.uart.interrupt());
            }
            DeviceKind::Rtc => self.set_wire(kind, self.rtc.interrupt()),
            DeviceKind::Virtio(number) => {
                let slot = self.slots.slot(number.into());
                slot.serve(ram);
                self.console.write(&slot.take_output());
                let high = slot.interrupt();
                self.set_wire(kind, high);
            }
            DeviceKind::Hgeip | DeviceKind::Aclint | DeviceKind::Sswi | DeviceKind::Plic => {}
        }
    }

    /// Raises or lowers the wire from a device to the interrupt controller.
    fn set_wire(&mut self, kind: DeviceKind, high: bool) {
        if let Some(source) = map::region(kind).interrupt {
            self.plic.set_level(source, high);
        }
    }

    /// Tells the devices that live by it what time it is.
    pub(crate) fn follow_time(&mut self) {
        if self.rtc.set_time(self.aclint.time()) {
            self.set_wire(DeviceKind::Rtc, self.rtc.interrupt());
        }
    }

    /// The tick from which on a device that is no hart's timer raises an interrupt by itself, if ever.
    pub(crate) fn next_event(&self) -> Option<u64> {
        self.rtc.next_event()
    }

    /// Reads from the device at physical address `pa`.
    pub(crate) fn load(&mut self, ram: &Ram, pa: u64, width: Width) -> Result<u64, AccessFault> {
        let region = map::find(pa, width.bytes(), self.has_aclint()).ok_or(AccessFault)?;
        self.follow_time();
        let value = self.device_mut(region.kind).ok_or(AccessFault)?.load(pa - region.base, width);
        self.connect(ram, region.kind);
        value
    }

    /// Writes to the device at physical address `pa`.
    pub(crate) fn store(&mut self, ram: &Ram, pa: u64, width: Width, value: u64) -> Result<(), AccessFault> {
        let region = map::find(pa, width.bytes(), self.has_aclint()).ok_or(AccessFault)?;
        self.follow_time();
        self.device_mut(region.kind).ok_or(AccessFault)?.store(pa - region.base, width, value)?;
        self.connect(ram, region.kind);
        Ok(())
    }

    /// The wires that end at a hart, as they are now.
    ///
    /// What another hart has sent by the SSWI shows once.
    pub(crate) fn lines(&mut self, hart: usize) -> Lines {
        self.follow_time();
        let wires = [
            (Interrupt::Ssi, self.sswi.as_mut().is_some_and(|sswi| sswi.take(hart))),
            (Interrupt::Msi, self.aclint.software_interrupt(hart)),
            (Interrupt::Mti, self.aclint.timer_interrupt(hart)),
            (Interrupt::Mei, self.plic.external_interrupt(hart, ContextMode::Machine)),
            (Interrupt::Sei, self.plic.external_interrupt(hart, ContextMode::Supervisor)),
        ];
        let mip = wires.into_iter().filter(|(_, high)| *high).fold(0, |mip, (line, _)| mip | line.bit());
        Lines { mip, time: self.aclint.time(), hgeip: self.hgeip.lines(hart), stop: self.power.is_some() }
    }

    /// Looks at a store to the part of `ram` that is [`watched`](Devices::watched).
    pub(crate) fn watched_store(&mut self, ram: &Ram, pa: u64, width: Width) {
        if let Some(htif) = &mut self.htif {
            self.power = htif.stored(pa, width, ram, &mut self.console).or(self.power);
        }
    }

    /// The range of main memory in which stores are looked at.
    pub(crate) fn watched(&self) -> Range<u64> {
        self.htif.as_ref().map_or(0..0, Htif::tohost)
    }

    /// What the guest has asked for and has not got yet.
    pub(crate) fn take_power(&mut self) -> Option<Power> {
        let power = self.power.take()?;
        Some(if power == Power::Reset && self.reset_ends { Power::Exit(0) } else { power })
    }

    /// Gives the port that the host's terminal belongs to bytes to receive.
    pub(crate) fn push_input(&mut self, ram: &Ram, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        match self.slots.console() {
            Some(slot) => {
                self.slots.slot(slot.into()).push_input(bytes);
                self.connect(ram, DeviceKind::Virtio(slot));
            }
            None => {
                self.uart.push_input(bytes);
                self.connect(ram, DeviceKind::Uart);
            }
        }
    }

    /// Whether the serial port can take more input.
    pub(crate) fn has_room_for_input(&self) -> bool {
        self.uart.has_room()
    }

    /// Whether the guest wants to be interrupted by input.
    pub(crate) fn wants_input(&self) -> bool {
        self.slots.wants_input().unwrap_or_else(|| self.uart.wants_input())
    }
}
