//! A simulated hart as the hypervisor's [`Hart`](hyp::Hart), and its memory as [`Frames`].
//!
//! What the hypervisor does in one instruction is done by executing that instruction in HS-mode, so that
//! privilege, WARL fields and fences are the simulator's.

use std::ops::ControlFlow;
use std::sync::Arc;

use hyp::context::Context;
use hyp::{Frames, Gpa, Gva, Hpa};
use isa::asm::prelude::csr;
use isa::{Inst, Mode, Op};
use iss::{AccessFault, Bus, Hart, Lines, Observer, Ram, Stop, Variant, Width};

const BASE: u64 = 0x8000_0000;
const SIZE: u64 = 256 << 20;
/// Where the instruction lies that is executed next.
const CODE: u64 = BASE;
/// Where traps to HS-mode go. Nothing is executed there.
const VECTOR: u64 = BASE + 0x1000;
/// The first frame.
const FRAMES: u64 = BASE + 0x1_0000;

/// Registers of the instructions that are executed for the hypervisor.
const RD: u8 = 5;
const RS1: u8 = 6;
const RS2: u8 = 7;

/// More instructions than any guest here executes in one run.
const ENOUGH: u64 = 100_000;

/// Memory without devices, and a clock.
struct Board {
    ram: Arc<Ram>,
    time: u64,
}

impl Bus for Board {
    fn ram(&self) -> &Ram {
        &self.ram
    }

    fn load(&mut self, _pa: u64, _width: Width) -> Result<u64, AccessFault> {
        Err(AccessFault)
    }

    fn store(&mut self, _pa: u64, _width: Width, _value: u64) -> Result<(), AccessFault> {
        Err(AccessFault)
    }

    fn lines(&mut self, _hart: usize) -> Lines {
        Lines { time: self.time, ..Lines::default() }
    }
}

/// Stops the hart when it leaves the guest.
struct WhileVirtual;

impl Observer for WhileVirtual {
    fn before(&mut self, hart: &Hart, _pc: u64) -> ControlFlow<()> {
        if hart.mode().virt { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// A hart in HS-mode, as firmware leaves it.
pub(crate) struct Machine {
    pub(crate) hart: Hart,
    board: Board,
}

/// Frames of the same memory.
pub(crate) struct Memory {
    ram: Arc<Ram>,
    next: u64,
}

pub(crate) fn machine(variant: Variant) -> (Machine, Memory) {
    let ram = Arc::new(Ram::new(BASE, SIZE).expect("the host has address space"));
    let mut hart = Hart::new(0, variant);
    for (number, value) in [
        // All memory is accessible, and everything is delegated that can be.
        (csr::pmpaddr0::NUMBER, u64::MAX),
        (csr::pmpcfg0::NUMBER, 0x1f),
        (csr::medeleg::NUMBER, u64::MAX),
        (csr::mideleg::NUMBER, u64::MAX),
        (csr::mcounteren::NUMBER, u64::MAX),
        (csr::stvec::NUMBER, VECTOR),
    ] {
        hart.set_csr(number, value).expect("the hart has the CSR");
    }
    hart.set_csr(csr::menvcfg::NUMBER, csr::menvcfg::STCE.mask());
    hart.set_csr(csr::mstateen0::NUMBER, u64::MAX);
    hart.set_mode(Mode::HS);
    let board = Board { ram: Arc::clone(&ram), time: 0 };
    (Machine { hart, board }, Memory { ram, next: FRAMES })
}

impl Machine {
    pub(crate) fn set_time(&mut self, time: u64) {
        self.board.time = time;
    }

    pub(crate) fn csr_value(&self, number: u16) -> u64 {
        self.hart.csr(number).expect("the hart has the CSR")
    }

    /// The physical address that a guest's access would go to, or the trap that it would raise.
    pub(crate) fn translate(&mut self, gva: u64, kind: iss::observe::AccessKind) -> Result<u64, iss::Trap> {
        self.hart.set_mode(Mode::VS);
        let translated = self.hart.translate(&self.board, gva, kind);
        self.hart.set_mode(Mode::HS);
        translated
    }

    /// Executes one instruction of the hypervisor, with values in [`RS1`] and [`RS2`]; returns what is in
    /// [`RD`] then.
    fn execute(&mut self, inst: Inst, rs1: u64, rs2: u64) -> Result<u64, hyp::Trap> {
        let saved = [csr::sstatus::NUMBER, csr::hstatus::NUMBER, csr::sepc::NUMBER]
            .map(|number| (number, self.csr_value(number)));
        self.hart.set_x(RS1, rs1);
        self.hart.set_x(RS2, rs2);
        self.step(inst);
        if self.hart.pc() == CODE + 4 {
            return Ok(self.hart.x(RD));
        }
        assert_eq!((self.hart.pc(), self.hart.mode()), (VECTOR, Mode::HS), "{inst:?} trapped elsewhere");
        let trap = hyp::Trap {
            scause: self.csr_value(csr::scause::NUMBER),
            stval: self.csr_value(csr::stval::NUMBER),
            htval: self.csr_value(csr::htval::NUMBER),
            htinst: self.csr_value(csr::htinst::NUMBER),
        };
        for (number, value) in saved {
            self.hart.set_csr(number, value).expect("the CSR was read before");
        }
        Err(trap)
    }

    /// Executes one instruction in HS-mode.
    fn step(&mut self, inst: Inst) {
        self.board.ram.store(CODE, Width::W, inst.encode().into()).expect("the code is in RAM");
        self.hart.set_mode(Mode::HS);
        self.hart.set_pc(CODE);
        self.hart.run(&mut self.board, 1, None);
    }
}

impl hyp::Hart for Machine {
    fn read<const CSR: u16>(&mut self) -> u64 {
        self.try_read::<CSR>().unwrap_or_else(|| panic!("HS-mode may read CSR {CSR:#x}"))
    }

    fn write<const CSR: u16>(&mut self, value: u64) {
        self.swap::<CSR>(value);
    }

    fn swap<const CSR: u16>(&mut self, value: u64) -> u64 {
        let inst = Inst { rd: RD, rs1: RS1, imm: CSR.into(), ..Inst::new(Op::csrrw) };
        self.execute(inst, value, 0).unwrap_or_else(|trap| panic!("write of CSR {CSR:#x}: {trap:x?}"))
    }

    fn try_read<const CSR: u16>(&mut self) -> Option<u64> {
        self.execute(Inst { rd: RD, imm: CSR.into(), ..Inst::new(Op::csrrs) }, 0, 0).ok()
    }

    fn fetch_guest(&mut self, address: Gva) -> Result<u16, hyp::Trap> {
        let inst = Inst { rd: RD, rs1: RS1, ..Inst::new(Op::hlvx_hu) };
        self.execute(inst, address.0, 0).map(|value| value as u16)
    }

    fn hfence_gvma(&mut self) {
        self.execute(Inst::new(Op::hfence_gvma), 0, 0).expect("HS-mode may fence");
    }

    fn hfence_gvma_page(&mut self, address: Gpa, vmid: u16) {
        let inst = Inst { rs1: RS1, rs2: RS2, ..Inst::new(Op::hfence_gvma) };
        self.execute(inst, address.0 >> 2, vmid.into()).expect("HS-mode may fence");
    }

    fn remote_hfence_gvma(&mut self) {}

    fn time(&mut self) -> u64 {
        self.read::<{ csr::time::NUMBER }>()
    }

    fn enter_guest(&mut self, context: &mut Context) {
        let host_sstatus = self.swap::<{ csr::sstatus::NUMBER }>(context.guest.sstatus);
        self.write::<{ csr::sepc::NUMBER }>(context.guest.sepc);
        for n in 1..32 {
            self.hart.set_x(n, context.guest.get(n));
        }
        self.step(Inst::new(Op::sret));
        let outcome = self.hart.run(&mut self.board, ENOUGH, Some(&mut WhileVirtual));
        assert_eq!(outcome.stop, Stop::Observer, "the guest does not come back");
        assert_eq!((self.hart.pc(), self.hart.mode()), (VECTOR, Mode::HS));
        for n in 1..32 {
            context.guest.set(n, self.hart.x(n));
        }
        context.guest.sepc = self.csr_value(csr::sepc::NUMBER);
        context.guest.sstatus = self.swap::<{ csr::sstatus::NUMBER }>(host_sstatus);
    }
}

impl Memory {
    /// How many bytes have been handed out.
    pub(crate) fn used(&self) -> u64 {
        self.next - FRAMES
    }
}

impl Frames for Memory {
    fn allocate(&mut self, size: u64) -> Option<Hpa> {
        let frame = self.next.next_multiple_of(size);
        self.next = frame + size;
        (self.next <= BASE + SIZE).then_some(Hpa(frame))
    }

    fn free(&mut self, _frame: Hpa, _size: u64) {}

    fn read_entry(&self, at: Hpa) -> u64 {
        self.ram.load(at.0, Width::D).expect("frames are in RAM")
    }

    fn write_entry(&mut self, at: Hpa, value: u64) {
        self.ram.store(at.0, Width::D, value).expect("frames are in RAM");
    }

    fn read_bytes(&self, from: Hpa, to: &mut [u8]) {
        for (at, byte) in (from.0..).zip(to) {
            *byte = self.ram.load(at, Width::B).expect("frames are in RAM") as u8;
        }
    }

    fn write_bytes(&mut self, to: Hpa, from: &[u8]) {
        for (at, byte) in (to.0..).zip(from) {
            self.ram.store(at, Width::B, (*byte).into()).expect("frames are in RAM");
        }
    }
}
