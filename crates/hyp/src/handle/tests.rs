//! Exits from the trap CSRs to the guest's next instruction.

mod atomic;
mod csr;
mod fault;
mod fetch;
mod float;
mod locate;
mod mmio;
mod virtual_inst;

use isa::cause::Exception;
use isa::csr::{hstatus, sstatus, vscause, vsepc, vsstatus, vstval, vstvec};
use isa::ext::Ext;
use isa::{Inst, Op};

use super::*;
use crate::fake::World;

/// Where the guest's program counter is.
const PC: u64 = 0x8020_0000;
/// Where the guest handles traps.
const HANDLER: u64 = 0x8020_1000;
/// A device's address.
const DEVICE: u64 = 0x1000_0000;
/// A guest's virtual address less the physical one.
const HIGH: u64 = 4 << 30;

/// Runs on: what a run says of a guest that would.
const RESUMED: Result<Stop, Errno> = Ok(Stop::Interrupt);
const EXITED: Result<Stop, Errno> = Ok(Stop::Exit);

impl World {
    /// A loaded guest in VS-mode, every register of which has a value of its own.
    fn guest(extensions: &[Ext]) -> World {
        let mut world = World::new(1, 14, extensions);
        world.load();
        world.vcpu.context.guest.sepc = PC;
        for n in 1..32 {
            world.vcpu.context.guest.set(n, u64::MAX / u64::from(n));
        }
        world.hart().set_csr(vstvec::NUMBER, HANDLER | 1);
        world.take_events();
        world
    }

    /// Puts the guest in VU-mode.
    fn in_user_mode(mut self) -> World {
        let guest = &mut self.vcpu.context.guest;
        guest.sstatus = sstatus::SPP.set(guest.sstatus, 0);
        self
    }

    /// Puts code at the guest's program counter, or the trap that reading it raises.
    fn code(&mut self, word: Result<u32, Trap>) {
        let halves = [word.map(|word| word as u16), word.map(|word| (word >> 16) as u16)];
        self.hart().code.extend((PC..).step_by(2).zip(halves));
    }

    fn x(&self, number: u8) -> u64 {
        self.vcpu.context.guest.get(number)
    }

    /// Asserts that the guest took this exception at its instruction, and that the host's `hstatus` is back.
    #[track_caller]
    fn assert_injected(&self, exception: Exception, value: u64) {
        let hart = &self.local.hart;
        let injected = [vscause::NUMBER, vsepc::NUMBER, vstval::NUMBER].map(|csr| hart.csr(csr));
        assert_eq!(injected, [exception as u64, PC, value], "{exception:?}");
        assert_eq!(self.vcpu.pc(), HANDLER);
        assert_eq!(sstatus::SPP.get(self.vcpu.context.guest.sstatus), 1, "traps are taken to VS-mode");
        assert_eq!(hart.csr(hstatus::NUMBER), 0);
        assert_eq!(self.vcpu.pending, None);
    }

    /// Asserts that the guest is at its instruction still, and has been told nothing.
    #[track_caller]
    fn assert_untouched(&self) {
        assert_eq!((self.vcpu.pc(), self.local.hart.csr(vscause::NUMBER)), (PC, 0));
        assert_eq!(self.local.hart.csr(hstatus::NUMBER), 0);
        assert_eq!(self.vcpu.pending, None);
    }
}

/// A trap with a value.
fn trap(exception: Exception, stval: u64) -> Trap {
    Trap { scause: exception as u64, stval, ..Trap::default() }
}

/// A guest-page fault at `gpa`, whose virtual address is [`HIGH`] above.
fn guest_page_fault(exception: Exception, gpa: u64, htinst: u64) -> Trap {
    Trap { htval: gpa >> 2, htinst, ..trap(exception, gpa + HIGH) }
}

/// The word of an instruction.
fn word(op: Op, rd: u8, rs1: u8, rs2: u8, imm: i32) -> u32 {
    Inst { rd, rs1, rs2, imm, ..Inst::new(op) }.encode()
}

#[test]
fn exceptions_of_the_guest_are_its_own_affair() {
    let handled = [
        Exception::EcallVs,
        Exception::VirtualInst,
        Exception::InstGuestPageFault,
        Exception::LoadGuestPageFault,
        Exception::StoreGuestPageFault,
    ];
    let impossible = [
        Exception::EcallS,
        Exception::EcallM,
        Exception::DoubleTrap,
        Exception::SoftwareCheck,
        Exception::HardwareError,
    ];
    let others = |exception: &Exception| !handled.contains(exception) && !impossible.contains(exception);
    assert_eq!(Exception::ALL.into_iter().filter(others).count(), 12);
    for exception in Exception::ALL.into_iter().filter(others) {
        for user in [false, true] {
            let mut world = World::guest(&[]);
            if user {
                world = world.in_user_mode();
            }
            world.hart().set_csr(vsstatus::NUMBER, vsstatus::SIE.of(1));
            assert_eq!(world.exit(trap(exception, 0x77)), RESUMED);
            world.assert_injected(exception, 0x77);
            let status = world.local.hart.csr(vsstatus::NUMBER);
            assert_eq!(status, vsstatus::SPIE.of(1) | vsstatus::SPP.of((!user).into()), "{exception:?}");
        }
    }
}

#[test]
fn interrupts_are_the_hosts() {
    // The last ones are the platform's.
    for code in [1, 5, 9, 12, 13, 16, 31, 63, !(1 << 63)] {
        let mut world = World::guest(&[]);
        assert_eq!(world.exit(Trap { scause: 1 << 63 | code, ..Trap::default() }), Ok(Stop::Interrupt));
        world.assert_untouched();
        assert_eq!(world.hart().guests.len(), 1, "the guest is not entered again");
    }
}

#[test]
fn impossible_causes_fail_the_run_and_not_the_host() {
    for scause in [9, 11, 14, 16, 17, 18, 19, 24, 63, !(1 << 63)] {
        let mut world = World::guest(&[]);
        let trap = Trap { scause, stval: 1, htval: 2, htinst: 3 };
        assert_eq!(world.exit(trap), Err(Errno::EFAULT), "{scause:#x}");
        assert_eq!(world.page().exit(), kvm::Exit::Other(UNKNOWN));
        world.assert_untouched();
        assert_eq!(world.go_on(), RESUMED, "nothing is lost");
    }
}
