//! Exits from the trap CSRs to the guest's next instruction.

mod fault;
mod mmio;
mod sbi;
mod virtual_inst;

use isa::cause::Exception;
use isa::csr::{hstatus, vscause, vsepc, vstval, vstvec};

use super::{Outcome, handle};
use crate::addr::Gpa;
use crate::error::Error;
use crate::fake::{FakeFrames, FakeHart, vcpu};
use crate::hart::Trap;
use crate::vcpu::Vcpu;
use crate::vm::Vm;

/// Where the guest's program counter is.
const PC: u64 = 0x8020_0000;
/// Where the guest handles traps.
const HANDLER: u64 = 0x8020_1000;
/// A device's address.
const DEVICE: u64 = 0x1000_0000;

/// A loaded guest with 16 MiB of RAM.
struct World {
    hart: FakeHart,
    vcpu: Vcpu,
    vm: Vm,
    frames: FakeFrames,
}

impl World {
    fn new() -> World {
        let (mut hart, mut frames) = (FakeHart::default(), FakeFrames::default());
        let vm = Vm::new(&mut frames, Gpa(0x8000_0000)..Gpa(0x8100_0000), 0).unwrap();
        let mut vcpu = vcpu();
        vcpu.context.guest.sepc = PC;
        for n in 1..32 {
            vcpu.context.guest.set(n, u64::MAX / u64::from(n));
        }
        hart.set_csr(vstvec::NUMBER, HANDLER);
        World { hart, vcpu, vm, frames }
    }

    fn handle(&mut self, trap: Trap) -> Result<Outcome, Error> {
        handle(&mut self.hart, &mut self.vcpu, &mut self.vm, &mut self.frames, &trap)
    }

    /// Puts code at the guest's program counter, or the trap that reading it raises.
    fn code(&mut self, word: Result<u32, Trap>) {
        self.hart.code.insert(PC, word.map(|word| word as u16));
        self.hart.code.insert(PC + 2, word.map(|word| (word >> 16) as u16));
    }

    /// Asserts that the guest took this exception at its instruction, and that the host's hstatus is back.
    fn assert_injected(&self, exception: Exception, value: u64) {
        let injected = [vscause::NUMBER, vsepc::NUMBER, vstval::NUMBER].map(|csr| self.hart.csr(csr));
        assert_eq!(injected, [exception as u64, PC, value]);
        assert_eq!(self.vcpu.pc(), HANDLER);
        assert_eq!(self.hart.csr(hstatus::NUMBER), 0);
    }
}

/// A guest-page fault at `gpa`, where the virtual address is the physical one plus 4 GiB.
fn fault(exception: Exception, gpa: u64, htinst: u64) -> Trap {
    Trap { scause: exception as u64, stval: gpa + (4 << 30), htval: gpa >> 2, htinst }
}

#[test]
fn exceptions_of_the_guest_are_its_own_affair() {
    for exception in [
        Exception::InstAccessFault,
        Exception::IllegalInst,
        Exception::LoadAddrMisaligned,
        Exception::LoadAccessFault,
        Exception::StoreAddrMisaligned,
        Exception::StoreAccessFault,
    ] {
        let mut world = World::new();
        let trap = Trap { scause: exception as u64, stval: 0x77, ..Trap::default() };
        assert_eq!(world.handle(trap), Ok(Outcome::Resume));
        world.assert_injected(exception, 0x77);
    }
}

#[test]
fn interrupts_are_the_hosts() {
    let trap = Trap { scause: 1 << 63 | 5, ..Trap::default() };
    assert_eq!(World::new().handle(trap), Ok(Outcome::Interrupted(isa::cause::Interrupt::Sti)));
}

#[test]
fn impossible_causes_stop_the_machine_and_not_the_host() {
    for scause in [9, 11, 14, 16, 24, 63, u64::MAX, 1 << 63] {
        let trap = Trap { scause, ..Trap::default() };
        assert_eq!(World::new().handle(trap), Err(Error::UnexpectedCause(scause)));
    }
}
