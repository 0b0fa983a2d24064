//! A virtual machine with one virtual hart, a UART and a console: what the hypervisor leaves to its host.

use hyp::arch::BareHart;
use hyp::probe::Features;
use hyp::vmid::Vmids;
use hyp::{Error, Gpa, Hart, Outcome, Vcpu, Vm, Width, handle};
use isa::cause::Interrupt;
use vmm_core::uart::{self, Uart};

use crate::console::{GuestConsole, println};
use crate::frames::Memory;
use crate::guests::Guest;
use crate::report::Report;
use crate::sbi;

/// Where a guest has RAM.
const RAM: core::ops::Range<Gpa> = Gpa(0x8000_0000)..Gpa(0x8100_0000);

/// Where its image lies and starts.
const ENTRY: Gpa = Gpa(0x8020_0000);

/// How long a machine runs before another gets its turn: a millisecond of the `virt` machine's clock.
const SLICE: u64 = 10_000;

/// A debug console call takes no more bytes than this at a time.
const PIECE: u64 = 64;

/// Whether a machine can run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// It can.
    Ready,
    /// Its guest waits for an interrupt.
    Waiting,
    /// Its guest has ended, well or not.
    Stopped { failed: bool },
}

/// A virtual machine.
pub(crate) struct Machine {
    /// Its number, 1 or 2, which the guest is told.
    number: usize,
    guest: &'static Guest,
    pub(crate) state: State,
    vcpu: Vcpu,
    vm: Vm,
    uart: Uart,
    console: GuestConsole,
}

impl Machine {
    /// Machine `number`, with `guest` in its RAM.
    pub(crate) fn new(
        hart: &mut BareHart,
        memory: &mut Memory,
        features: Features,
        number: usize,
        guest: &'static Guest,
    ) -> Result<Machine, Error> {
        let mut vm = Vm::new(memory, RAM, hart.time())?;
        vm.write(memory, ENTRY, guest.image)?;
        Ok(Machine {
            number,
            guest,
            state: State::Ready,
            vcpu: Vcpu::new(features, ENTRY, 0, number as u64),
            vm,
            uart: Uart::default(),
            console: GuestConsole::new(),
        })
    }

    /// Lets the machine run until its time is up, it waits, or it stops.
    pub(crate) fn run(&mut self, hart: &mut BareHart, memory: &mut Memory, vmids: &mut Vmids) {
        vmids.update(hart, &mut self.vm.vmid);
        self.vcpu.load(hart, &self.vm, vmids);
        let end = hart.time() + SLICE;
        let mut armed = None;
        while self.state == State::Ready {
            let deadline = self.next_deadline(hart.time(), end);
            if armed != Some(deadline) {
                sbi::set_timer(deadline);
                armed = Some(deadline);
            }
            let trap = self.vcpu.run(hart, &self.vm);
            match handle(hart, &mut self.vcpu, &mut self.vm, memory, &trap) {
                Ok(Outcome::Interrupted(Interrupt::Sti)) if hart.time() >= end => break,
                Ok(outcome) => self.serve(hart, memory, outcome),
                Err(error) => {
                    println!("vm{} {}: {error}", self.number, self.guest.name);
                    println!("  at pc {:#x}, {trap:#x?}", self.vcpu.pc());
                    self.state = State::Stopped { failed: true };
                }
            }
        }
        self.vcpu.put(hart);
    }

    /// When the host's timer must end the guest's run.
    fn next_deadline(&self, now: u64, end: u64) -> u64 {
        if self.vcpu.timer.is_in_hardware() {
            return end;
        }
        self.vcpu.timer.host_deadline(now, self.vm.time_delta).map_or(end, |deadline| deadline.min(end))
    }

    /// Wakes a waiting guest that has an interrupt at `now`, in the host's time.
    pub(crate) fn wake(&mut self, now: u64) {
        let guest_time = now.wrapping_add(self.vm.time_delta);
        if self.state == State::Waiting && self.vcpu.has_interrupt(guest_time) {
            self.state = State::Ready;
        }
    }

    /// When a waiting guest must be woken, in the host's time.
    pub(crate) fn wake_time(&self, now: u64) -> Option<u64> {
        self.vcpu.wake_time(now, self.vm.time_delta)
    }

    /// Does what the hypervisor left to its host.
    fn serve(&mut self, hart: &mut BareHart, memory: &mut Memory, outcome: Outcome) {
        match outcome {
            Outcome::Resume | Outcome::Interrupted(_) => {}
            Outcome::Waiting => {
                self.state = State::Waiting;
                self.wake(hart.time());
            }
            Outcome::Load { address, width } => self.load(hart, address, width),
            Outcome::Store { address, value, .. } => self.store(hart, address, value),
            Outcome::WriteByte(byte) => {
                self.console.write(self.number, self.guest.name, byte);
                self.vcpu.complete(0);
            }
            Outcome::ReadByte => self.vcpu.complete(sbi::read_byte().map_or(u64::MAX, u64::from)),
            Outcome::Write { address, length } => self.write(memory, address, length),
            Outcome::Read { address, length } => self.read(memory, address, length),
            Outcome::Reset(reset) => {
                self.console.finish(self.number, self.guest.name);
                self.state = State::Stopped { failed: reset.failure || reset.reboot };
            }
        }
    }

    fn load(&mut self, hart: &mut BareHart, address: Gpa, width: Width) {
        match uart::offset(address.0) {
            // A wider load reads zeros above the register.
            Some(offset) => {
                let value = self.uart.load(offset, sbi::read_byte);
                self.vcpu.complete(width.truncate(value.into()));
            }
            None => self.vcpu.refuse(hart),
        }
    }

    fn store(&mut self, hart: &mut BareHart, address: Gpa, value: u64) {
        match uart::offset(address.0) {
            Some(offset) => {
                let Machine { number, guest, console, .. } = self;
                self.uart.store(offset, value as u8, |byte| console.write(*number, guest.name, byte));
                self.vcpu.complete(0);
            }
            None => self.vcpu.refuse(hart),
        }
    }

    /// Writes some of the guest's bytes to its console.
    fn write(&mut self, memory: &mut Memory, address: Gpa, length: u64) {
        let mut piece = [0; PIECE as usize];
        let piece = &mut piece[..length.min(PIECE) as usize];
        let written = match self.vm.read(memory, address, piece) {
            Ok(()) => piece.len(),
            Err(_) => 0,
        };
        for byte in &piece[..written] {
            self.console.write(self.number, self.guest.name, *byte);
        }
        self.vcpu.complete(written as u64);
    }

    /// Reads what there is on the console into the guest's memory.
    fn read(&mut self, memory: &mut Memory, address: Gpa, length: u64) {
        let mut read = 0;
        while read < length.min(PIECE) {
            let Some(byte) = sbi::read_byte() else { break };
            if self.vm.write(memory, address.offset(read), &[byte]).is_err() {
                break;
            }
            read += 1;
        }
        self.vcpu.complete(read);
    }

    /// Gives the machine's memory back, and tells how it went.
    pub(crate) fn finish(self, memory: &mut Memory) -> Report {
        let passed = self.state == State::Stopped { failed: false };
        self.vm.destroy(memory);
        Report { number: self.number, guest: self.guest.name, passed, counts: self.vcpu.counts }
    }
}
