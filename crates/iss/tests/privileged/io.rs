//! I/O regions: what the hart refuses before it asks the bus.
//!
//! Privileged ISA, "Physical Memory Attributes": misaligned and atomic accesses, fetches and page tables are
//! for main memory alone.

use isa::cause::{Cause, Exception};
use isa::{Inst, Op, csr};
use iss::{AccessFault, Bus, Hart, Lines, Ram, Variant, Width};

use crate::ram_only::{BASE, RamOnly};

/// Where no main memory is.
const DEVICE: u64 = 0x1000_0000;

/// An access that reached the device; of a store, with its value.
type Reached = (u64, Width, Option<u64>);

/// A device at every address outside main memory, which keeps account of its accesses.
struct Everywhere {
    memory: RamOnly,
    accesses: Vec<Reached>,
}

impl Bus for Everywhere {
    fn ram(&self) -> &Ram {
        &self.memory.ram
    }

    fn load(&mut self, pa: u64, width: Width) -> Result<u64, AccessFault> {
        self.accesses.push((pa, width, None));
        Ok(u64::MAX)
    }

    fn store(&mut self, pa: u64, width: Width, value: u64) -> Result<(), AccessFault> {
        self.accesses.push((pa, width, Some(value)));
        Ok(())
    }

    fn lines(&mut self, _hart: usize) -> Lines {
        Lines::default()
    }
}

/// Executes `inst` in M-mode with x10 = `address` and x12 all ones; the exception, x11 and the accesses.
fn execute(inst: Inst, address: u64) -> (Option<Cause>, u64, Vec<Reached>) {
    let mut bus = Everywhere { memory: RamOnly::new(0x1000), accesses: Vec::new() };
    bus.memory.ram.store(BASE, Width::W, inst.encode().into()).expect("main memory");
    let mut hart = Hart::new(0, Variant::default());
    hart.set_pc(BASE);
    hart.set_x(10, address);
    hart.set_x(12, u64::MAX);
    hart.run(&mut bus, 1, None);
    let trapped = hart.pc() != BASE + 4;
    let cause = Cause::from_bits(hart.csr(csr::mcause::NUMBER).expect("mcause is there"));
    (cause.filter(|_| trapped), hart.x(11), bus.accesses)
}

#[test]
fn aligned_accesses_reach_the_device_with_their_width() {
    let loads = [
        (Op::lbu, Width::B, 0xff),
        (Op::lhu, Width::H, 0xffff),
        (Op::lwu, Width::W, 0xffff_ffff),
        (Op::ld, Width::D, u64::MAX),
    ];
    for (op, width, value) in loads {
        let found = execute(Inst { rd: 11, rs1: 10, ..Inst::new(op) }, DEVICE);
        assert_eq!(found, (None, value, vec![(DEVICE, width, None)]), "{op:?}");
    }
    for (op, width) in [(Op::sb, Width::B), (Op::sh, Width::H), (Op::sw, Width::W), (Op::sd, Width::D)] {
        let found = execute(Inst { rs1: 10, rs2: 12, ..Inst::new(op) }, DEVICE);
        assert_eq!(found, (None, 0, vec![(DEVICE, width, Some(width.mask()))]), "{op:?}: no excess bits");
    }
}

#[test]
fn misaligned_and_atomic_accesses_never_reach_a_device() {
    let load = Some(Cause::Exception(Exception::LoadAccessFault));
    let store = Some(Cause::Exception(Exception::StoreAccessFault));
    let rows = [
        (Op::lh, DEVICE + 1, load),
        (Op::ld, DEVICE + 4, load),
        (Op::ld, DEVICE + 0xffd, load),
        (Op::ld, BASE - 4, load),
        (Op::lr_w, DEVICE, load),
        (Op::sh, DEVICE + 1, store),
        (Op::sd, DEVICE + 4, store),
        (Op::sd, BASE + 0xffc, store),
        (Op::sc_w, DEVICE, store),
        (Op::amoadd_d, DEVICE, store),
    ];
    for (op, address, cause) in rows {
        let inst = match op {
            Op::lh | Op::ld | Op::lr_w => Inst { rd: 11, rs1: 10, ..Inst::new(op) },
            Op::sh | Op::sd => Inst { rs1: 10, rs2: 12, ..Inst::new(op) },
            _ => Inst { rd: 11, rs1: 10, rs2: 12, ..Inst::new(op) },
        };
        assert_eq!(execute(inst, address), (cause, 0, vec![]), "{op:?} at {address:#x}");
    }
}

#[test]
fn instructions_and_page_tables_are_not_read_from_a_device() {
    let mut bus = Everywhere { memory: RamOnly::new(0x1000), accesses: Vec::new() };
    let hlv = Inst { rs1: 10, ..Inst::new(Op::hlv_d) };
    bus.memory.ram.store(BASE, Width::W, hlv.encode().into()).expect("main memory");
    for number in [csr::vsatp::NUMBER, csr::hgatp::NUMBER] {
        let mut hart = Hart::new(0, Variant::default());
        hart.set_csr(csr::pmpaddr0::NUMBER, u64::MAX).expect("pmpaddr0 is there");
        hart.set_csr(csr::pmpcfg0::NUMBER, 0x1f).expect("pmpcfg0 is there");
        hart.set_csr(number, csr::satp::MODE.of(8) | DEVICE >> 12).expect("the CSR is there");
        hart.set_pc(BASE);
        hart.run(&mut bus, 1, None);
        let cause = Cause::Exception(Exception::LoadAccessFault).to_bits();
        assert_eq!((hart.csr(csr::mcause::NUMBER), bus.accesses.len()), (Some(cause), 0), "{number:#x}");
    }
    let mut hart = Hart::new(0, Variant::default());
    hart.set_pc(DEVICE);
    hart.run(&mut bus, 1, None);
    let cause = Cause::Exception(Exception::InstAccessFault).to_bits();
    assert_eq!((hart.csr(csr::mcause::NUMBER), bus.accesses.len()), (Some(cause), 0));
}
