//! The bus: main memory and the devices, as harts that take turns reach them.

use core::ops::Range;
use core::time::Duration;

use iss::{AccessFault, BadState, Bus, Lines, Ram, Width};

use crate::clock::RealClock;
use crate::config::MachineConfig;
use crate::console::Console;
use crate::device::virtio::Slots;
use crate::device::{Htif, Power};
use crate::devices::{Devices, DevicesState};
use crate::map;

/// Main memory and the devices.
#[derive(Debug)]
pub struct SystemBus {
    ram: Ram,
    devices: Devices,
    /// What drives `mtime`, while the host does.
    clock: Option<RealClock>,
}

impl SystemBus {
    /// The devices of a machine in their reset state, beside `ram`.
    pub(crate) fn new(
        ram: Ram,
        config: &MachineConfig,
        htif: Option<Htif>,
        slots: Slots,
        console: Console,
    ) -> SystemBus {
        SystemBus { ram, devices: Devices::new(config, htif, slots, console), clock: None }
    }

    /// Puts everything back to its state after power-on, with other memory and another program.
    pub(crate) fn reset(&mut self, ram: Ram, htif: Option<Htif>) {
        self.ram = ram;
        self.devices.reset(&self.ram, htif);
    }

    /// Main memory, and the devices apart from it.
    pub(crate) fn parts(&mut self) -> (&Ram, &mut Devices) {
        (&self.ram, &mut self.devices)
    }

    /// Lets the host's clock drive `mtime` from now on.
    pub(crate) fn start_clock(&mut self) {
        self.clock = Some(RealClock::from(self.time()));
    }

    /// Lets `mtime` stand still where it is.
    pub(crate) fn stop_clock(&mut self) {
        self.see_time();
        self.clock = None;
    }

    /// Brings `mtime` up to date, where the host's clock drives it.
    fn see_time(&mut self) {
        if let Some(clock) = &self.clock {
            self.devices.aclint.set_time(clock.now());
        }
    }

    /// Lets `ticks` ticks pass, or as many as the host's clock says have passed.
    pub(crate) fn pass(&mut self, ticks: u64) {
        match self.clock {
            Some(_) => self.see_time(),
            None => self.devices.aclint.advance(ticks),
        }
    }

    /// The tick from which on a device that is no hart's timer raises an interrupt by itself, if ever.
    pub(crate) fn next_event(&self) -> Option<u64> {
        self.devices.next_event()
    }

    /// The state of all but main memory.
    pub(crate) fn save(&self) -> DevicesState {
        self.devices.save()
    }

    /// Takes a state of all but main memory.
    pub(crate) fn restore(&mut self, state: &DevicesState) -> Result<(), BadState> {
        self.devices.restore(state)
    }

    /// `mtime`, in ticks.
    pub fn time(&self) -> u64 {
        self.devices.aclint.time()
    }

    /// What the guest has asked for and has not got yet.
    pub(crate) fn take_power(&mut self) -> Option<Power> {
        self.devices.take_power()
    }

    /// The tick after now at which `mtimecmp` of a hart is reached, if ever.
    pub(crate) fn next_timer(&self, hart: usize) -> Option<u64> {
        self.devices.aclint.next_event(hart)
    }

    /// Shows what the guest has written.
    fn flush_console(&mut self) {
        self.devices.console.flush();
    }

    /// Brings everything up to date for those who look at the machine while it stands still: what they see does not
    /// depend on when a hart has last looked at its wires.
    pub(crate) fn settle(&mut self) {
        self.flush_console();
        self.devices.follow_time();
    }

    /// Shows what the guest has written, hands the guest's console what has arrived, and says if anything has.
    pub(crate) fn serve_console(&mut self) -> bool {
        self.flush_console();
        if !self.devices.has_room_for_input() {
            return false;
        }
        let bytes = self.devices.console.input.poll();
        self.push_input(&bytes);
        !bytes.is_empty()
    }

    /// Sleeps until the next input arrives or ends, at most so long.
    pub(crate) fn await_input(&mut self, timeout: Duration) {
        self.devices.console.input.wait(timeout);
    }

    /// Gives the guest's console bytes to receive.
    pub fn push_input(&mut self, bytes: &[u8]) {
        self.devices.push_input(&self.ram, bytes);
    }

    /// Whether input can wake a hart: more may come, and the guest wants to hear of it.
    pub(crate) fn input_can_come(&self) -> bool {
        let devices = &self.devices;
        devices.console.input.is_open() && devices.wants_input() && devices.has_room_for_input()
    }

    /// Hands the serial port what is next in a file of input, and says if anything is.
    pub(crate) fn serve_file(&mut self) -> bool {
        self.devices.console.input.is_at_hand() && self.serve_console()
    }
}

impl Bus for SystemBus {
    fn ram(&self) -> &Ram {
        &self.ram
    }

    fn has_device(&self, pa: u64, bytes: u64) -> bool {
        map::find(pa, bytes, self.devices.has_aclint()).is_some()
    }

    fn load(&mut self, pa: u64, width: Width) -> Result<u64, AccessFault> {
        self.see_time();
        self.devices.load(&self.ram, pa, width)
    }

    fn store(&mut self, pa: u64, width: Width, value: u64) -> Result<(), AccessFault> {
        self.see_time();
        let before = self.time();
        let stored = self.devices.store(&self.ram, pa, width, value);
        // The guest may have set the clock.
        let ahead = self.time().wrapping_sub(before);
        if let Some(clock) = &mut self.clock {
            clock.put_forward(ahead);
        }
        stored
    }

    fn set_time(&mut self, time: u64) {
        self.devices.aclint.set_time(time);
    }

    fn now(&self) -> Option<u64> {
        self.clock.as_ref().map(RealClock::now)
    }

    fn lines(&mut self, hart: usize) -> Lines {
        self.see_time();
        self.devices.lines(hart)
    }

    fn watched_store(&mut self, pa: u64, width: Width) {
        self.devices.watched_store(&self.ram, pa, width);
    }

    fn watched(&self) -> Range<u64> {
        self.devices.watched()
    }
}

#[cfg(test)]
mod tests {
    use isa::cause::Interrupt;

    use super::*;
    use crate::map::DeviceKind;

    /// Two harts, their timers set to never.
    fn bus() -> SystemBus {
        with_aclint(false)
    }

    fn with_aclint(aclint: bool) -> SystemBus {
        let ram = Ram::new(map::RAM_BASE, 0x1000).unwrap();
        let config = MachineConfig { harts: 2, aclint, ..MachineConfig::default() };
        let mut bus = SystemBus::new(ram, &config, None, Slots::default(), Console::default());
        for hart in 0..2 {
            bus.store(base(DeviceKind::Aclint) + 0x4000 + 8 * hart, Width::D, u64::MAX).unwrap();
        }
        bus
    }

    fn base(kind: DeviceKind) -> u64 {
        map::region(kind).base
    }

    #[test]
    fn addresses_between_devices_fault() {
        let mut bus = bus();
        for pa in [0, 0x1000, 0x10_2000, 0x201_0000, 0x2f0_0000, 0x1000_0100, 0x7fff_fff8, u64::MAX - 7] {
            assert_eq!(bus.load(pa, Width::D), Err(AccessFault), "{pa:#x}");
            assert_eq!(bus.store(pa, Width::D, 0), Err(AccessFault), "{pa:#x}");
        }
    }

    #[test]
    fn the_uart_reaches_a_hart_through_the_plic() {
        let mut bus = bus();
        let (plic, uart) = (base(DeviceKind::Plic), base(DeviceKind::Uart));
        bus.store(uart + 1, Width::B, 1).unwrap();
        bus.store(plic + 4 * 10, Width::W, 1).unwrap();
        // Context 3 is S-mode of hart 1.
        bus.store(plic + 0x2000 + 3 * 0x80, Width::W, 1 << 10).unwrap();
        assert_eq!(bus.lines(1).mip, 0);
        bus.push_input(b"x");
        assert_eq!(bus.lines(1).mip, Interrupt::Sei.bit());
        assert_eq!(bus.lines(0).mip, 0);
        assert_eq!(bus.load(uart, Width::B), Ok(b'x'.into()));
        assert_eq!(bus.lines(1).mip, 0, "the data is read, the wire falls");
    }

    #[test]
    fn timers_and_software_interrupts_reach_their_hart() {
        let mut bus = bus();
        let clint = base(DeviceKind::Aclint);
        bus.store(clint + 4, Width::W, 1).unwrap();
        bus.store(clint + 0x4000, Width::D, 5).unwrap();
        bus.pass(5);
        assert_eq!(bus.lines(0), Lines { mip: Interrupt::Mti.bit(), time: 5, ..Lines::default() });
        assert_eq!(bus.lines(1), Lines { mip: Interrupt::Msi.bit(), time: 5, ..Lines::default() });
    }

    #[test]
    fn the_sswi_sets_ssip_once_where_it_was_asked_for() {
        let sswi = base(DeviceKind::Sswi);
        let mut bus = with_aclint(true);
        bus.store(sswi + 4, Width::W, 1).unwrap();
        assert_eq!(bus.lines(0).mip, 0);
        assert_eq!(bus.lines(1).mip, Interrupt::Ssi.bit());
        assert_eq!(bus.lines(1).mip, 0, "the hart has it now");
    }

    #[test]
    fn the_alarm_reaches_a_hart_through_the_plic() {
        let mut bus = bus();
        let (plic, rtc) = (base(DeviceKind::Plic), base(DeviceKind::Rtc));
        bus.store(plic + 4 * 11, Width::W, 1).unwrap();
        bus.store(plic + 0x2000, Width::W, 1 << 11).unwrap();
        let alarm = crate::START_DATE + 500;
        for (register, value) in [(0xc, alarm >> 32), (8, alarm & 0xffff_ffff), (0x10, 1)] {
            bus.store(rtc + register, Width::W, value).unwrap();
        }
        assert_eq!((bus.lines(0).mip, bus.next_event()), (0, Some(5)));
        bus.pass(5);
        assert_eq!(bus.lines(0).mip, Interrupt::Mei.bit());
        bus.store(rtc + 0x1c, Width::W, 1).unwrap();
        assert_eq!(bus.lines(0).mip, 0);
    }

    #[test]
    fn guest_interrupt_lines_reach_their_hart() {
        let mut bus = bus();
        bus.store(base(DeviceKind::Hgeip) + 8, Width::D, 0b110).unwrap();
        assert_eq!((bus.lines(0).hgeip, bus.lines(1).hgeip), (0, 0b110));
    }

    #[test]
    fn the_finisher_stops_the_harts() {
        let mut bus = bus();
        assert!(!bus.lines(0).stop);
        bus.store(base(DeviceKind::Finisher), Width::W, 0x5555).unwrap();
        assert!(bus.lines(0).stop);
        assert_eq!(bus.take_power(), Some(Power::Exit(0)));
        assert!(!bus.lines(0).stop);
    }

    #[test]
    fn any_address_and_width_is_answered_or_refused() {
        let mut bus = bus();
        let mut state = 1u64;
        for n in 0..200_000u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let region = &map::REGIONS[(state >> 33) as usize % map::REGIONS.len()];
            let width = [Width::B, Width::H, Width::W, Width::D][(state >> 40) as usize % 4];
            let pa = region.base.wrapping_add((state >> 20) % (region.size + 16)).wrapping_sub(8);
            if n % 2 == 0 {
                let _ = bus.store(pa, width, state & width.mask());
            } else if let Ok(value) = bus.load(pa, width) {
                assert_eq!(value & !width.mask(), 0, "{pa:#x}");
            }
            bus.lines((state >> 50) as usize % 3);
        }
    }
}
