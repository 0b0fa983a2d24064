//! The devices, and the wires between them and to the harts.

use core::ops::Range;

use isa::cause::Interrupt;
use iss::{AccessFault, BadState, Lines, Ram, Width};
use serde::{Deserialize, Serialize};

use crate::console::Console;
use crate::device::plic::ContextMode;
use crate::device::virtio::Slots;
use crate::device::{Aclint, Device, Finisher, Hgeip, Htif, Plic, Power, Uart};
use crate::map::{self, DeviceKind};

/// The devices, and what connects them.
#[derive(Debug)]
pub(crate) struct Devices {
    pub(crate) aclint: Aclint,
    plic: Plic,
    uart: Uart,
    finisher: Finisher,
    hgeip: Hgeip,
    slots: Slots,
    htif: Option<Htif>,
    pub(crate) console: Console,
    power: Option<Power>,
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
    /// Devices in their reset state, for harts with `geilen` guest interrupt lines each.
    pub(crate) fn new(
        harts: usize,
        geilen: u32,
        htif: Option<Htif>,
        slots: Slots,
        console: Console,
    ) -> Devices {
        Devices {
            aclint: Aclint::new(harts),
            plic: Plic::new(harts),
            uart: Uart::default(),
            finisher: Finisher::default(),
            hgeip: Hgeip::new(harts, geilen),
            slots,
            htif,
            console,
            power: None,
        }
    }

    /// Puts everything back to its state after power-on, with another program in `ram`.
    pub(crate) fn reset(&mut self, ram: &Ram, htif: Option<Htif>) {
        for region in &map::REGIONS {
            self.device(region.kind).reset();
        }
        self.htif = htif;
        self.power = None;
        self.connect(ram, DeviceKind::Uart);
    }

    /// The state.
    pub(crate) fn save(&self) -> DevicesState {
        let Devices { aclint, plic, uart, finisher, hgeip, slots, htif, console, power } = self;
        let device = |kind| -> &dyn Device {
            match kind {
                DeviceKind::Finisher => finisher,
                DeviceKind::Hgeip => hgeip,
                DeviceKind::Aclint => aclint,
                DeviceKind::Plic => plic,
                DeviceKind::Uart => uart,
                DeviceKind::Virtio(slot) => slots.get(slot.into()),
            }
        };
        DevicesState {
            devices: map::REGIONS
                .iter()
                .map(|region| (region.node_name(), device(region.kind).save()))
                .collect(),
            htif: htif.as_ref().map(Htif::save),
            power: *power,
            input: console.input.save(),
        }
    }

    /// Takes a state; refused, with some of it taken, where it cannot be that of these devices.
    pub(crate) fn restore(&mut self, state: &DevicesState) -> Result<(), BadState> {
        let DevicesState { devices, htif, power, input } = state;
        let names = map::REGIONS.iter().map(map::Region::node_name);
        let are_these = names.eq(devices.iter().map(|(name, _)| name.clone()));
        BadState::unless(are_these, "the devices are other ones")?;
        for (region, (name, state)) in map::REGIONS.iter().zip(devices) {
            let told = |error| BadState::new(format!("{name}: {error}"));
            self.device(region.kind).restore(state).map_err(told)?;
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

    fn device(&mut self, kind: DeviceKind) -> &mut dyn Device {
        match kind {
            DeviceKind::Finisher => &mut self.finisher,
            DeviceKind::Hgeip => &mut self.hgeip,
            DeviceKind::Aclint => &mut self.aclint,
            DeviceKind::Plic => &mut self.plic,
            DeviceKind::Uart => &mut self.uart,
            DeviceKind::Virtio(slot) => self.slots.slot(slot.into()),
        }
    }

    /// Carries a device's outputs to where they lead, after something has happened to it; one that reaches main memory
    /// by itself does so now.
    fn connect(&mut self, ram: &Ram, kind: DeviceKind) {
        match kind {
            DeviceKind::Finisher => self.power = self.finisher.take_request().or(self.power),
            DeviceKind::Uart => {
                let sent = self.uart.take_output();
                if !sent.is_empty() {
                    self.console.write(&sent);
                }
                if let Some(source) = map::region(kind).interrupt {
                    self.plic.set_level(source, self.uart.interrupt());
                }
            }
            DeviceKind::Virtio(number) => {
                let slot = self.slots.slot(number.into());
                slot.serve(ram);
                let sent = slot.take_output();
                if !sent.is_empty() {
                    self.console.write(&sent);
                }
                if let Some(source) = map::region(kind).interrupt {
                    self.plic.set_level(source, slot.interrupt());
                }
            }
            DeviceKind::Hgeip | DeviceKind::Aclint | DeviceKind::Plic => {}
        }
    }

    /// Reads from the device at physical address `pa`.
    pub(crate) fn load(&mut self, ram: &Ram, pa: u64, width: Width) -> Result<u64, AccessFault> {
        let region = map::find(pa, width.bytes()).ok_or(AccessFault)?;
        let value = self.device(region.kind).load(pa - region.base, width);
        self.connect(ram, region.kind);
        value
    }

    /// Writes to the device at physical address `pa`.
    pub(crate) fn store(&mut self, ram: &Ram, pa: u64, width: Width, value: u64) -> Result<(), AccessFault> {
        let region = map::find(pa, width.bytes()).ok_or(AccessFault)?;
        self.device(region.kind).store(pa - region.base, width, value)?;
        self.connect(ram, region.kind);
        Ok(())
    }

    /// The wires that end at a hart, as they are now.
    pub(crate) fn lines(&self, hart: usize) -> Lines {
        let wires = [
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
        self.power.take()
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

    /// Whether the guest wants to be interrupted by input.
    pub(crate) fn wants_input(&self) -> bool {
        self.slots.wants_input().unwrap_or_else(|| self.uart.wants_input())
    }
}
