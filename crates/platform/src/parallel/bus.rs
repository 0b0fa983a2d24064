//! Main memory and devices as one of several harts that run at the same time reaches them.

use core::ops::Range;

use isa::cause::Interrupt;
use iss::{AccessFault, Bus, Lines, Ram, Width};

use super::shared::Shared;
use crate::map;

/// The bus of one hart.
pub(super) struct HartBus<'a, 'd> {
    shared: &'a Shared<'d>,
    /// What the devices watch does not change while harts run.
    watched: Range<u64>,
    has_aclint: bool,
    hart: usize,
}

impl<'a, 'd> HartBus<'a, 'd> {
    /// That of hart `hart`.
    pub(super) fn new(shared: &'a Shared<'d>, hart: usize) -> HartBus<'a, 'd> {
        let (watched, has_aclint) = shared.access(|devices| (devices.watched(), devices.has_aclint()));
        HartBus { shared, watched, has_aclint, hart }
    }
}

impl Bus for HartBus<'_, '_> {
    fn ram(&self) -> &Ram {
        self.shared.ram()
    }

    fn has_device(&self, pa: u64, bytes: u64) -> bool {
        map::find(pa, bytes, self.has_aclint).is_some()
    }

    fn load(&mut self, pa: u64, width: Width) -> Result<u64, AccessFault> {
        self.shared.access(|devices| devices.load(self.shared.ram(), pa, width))
    }

    fn store(&mut self, pa: u64, width: Width, value: u64) -> Result<(), AccessFault> {
        self.shared.access(|devices| devices.store(self.shared.ram(), pa, width, value))
    }

    fn now(&self) -> Option<u64> {
        Some(self.shared.now())
    }

    fn lines(&mut self, _: usize) -> Lines {
        let time = self.shared.now();
        let (mip, hgeip) = self.shared.wires(self.hart);
        let timer = if time >= self.shared.mtimecmp(self.hart) { Interrupt::Mti.bit() } else { 0 };
        let ssip = if self.shared.take_ssip(self.hart) { Interrupt::Ssi.bit() } else { 0 };
        Lines { mip: mip | timer | ssip, time, hgeip, stop: self.shared.is_stopping() }
    }

    fn watched_store(&mut self, pa: u64, width: Width) {
        let ram = self.shared.ram();
        self.shared.access(|devices| devices.watched_store(ram, pa, width));
    }

    fn watched(&self) -> Range<u64> {
        self.watched.clone()
    }
}
