//! Cache-block instructions: who may execute them, what they may reach, and what a fault reports.
//!
//! Unprivileged ISA, "Cache Management Operations (CMOs)".

use isa::cause::{Cause, Exception};
use isa::ext::Ext;
use isa::field::Field;
use isa::paging::{Pte, SV39, SV39X4};
use isa::{Inst, Mode, Op, csr};
use iss::Variant;

use crate::machine::{Machine, Report};
use crate::ram_only::BASE;

const DATA: u64 = BASE + 0x200_0000;
const MODES: [Mode; 5] = [Mode::M, Mode::HS, Mode::U, Mode::VS, Mode::VU];
const MANAGEMENT: [Op; 3] = [Op::cbo_inval, Op::cbo_clean, Op::cbo_flush];
const ALL: [Op; 4] = [Op::cbo_inval, Op::cbo_clean, Op::cbo_flush, Op::cbo_zero];
const PREFETCHES: [Op; 3] = [Op::prefetch_i, Op::prefetch_r, Op::prefetch_w];

/// `op` with its address in a0.
fn on_a0(op: Op) -> Inst {
    Inst { rs1: 10, ..Inst::new(op) }
}

/// The field of the environment configuration that `op` asks.
fn field(op: Op) -> Field {
    match op {
        Op::cbo_inval => csr::menvcfg::CBIE,
        Op::cbo_zero => csr::menvcfg::CBZE,
        _ => csr::menvcfg::CBCFE,
    }
}

/// A hart on which every mode may execute every one of them.
fn machine() -> Machine {
    let mut m = Machine::new(Variant::default());
    for number in [csr::menvcfg::NUMBER, csr::henvcfg::NUMBER, csr::senvcfg::NUMBER] {
        m.set(number, csr::menvcfg::CBIE.of(3) | csr::menvcfg::CBCFE.of(1) | csr::menvcfg::CBZE.of(1));
    }
    m
}

#[test]
fn the_environment_configuration_of_each_level_permits() {
    for op in ALL {
        for enabled in 0..8 {
            let [menvcfg, henvcfg, senvcfg] = [0, 1, 2].map(|bit| enabled >> bit & 1 == 1);
            for (mode, expected) in MODES.into_iter().zip([
                None,
                (!menvcfg).then_some(Exception::IllegalInst),
                (!menvcfg || !senvcfg).then_some(Exception::IllegalInst),
                match (menvcfg, henvcfg) {
                    (false, _) => Some(Exception::IllegalInst),
                    (true, false) => Some(Exception::VirtualInst),
                    (true, true) => None,
                },
                match (menvcfg, henvcfg && senvcfg) {
                    (false, _) => Some(Exception::IllegalInst),
                    (true, false) => Some(Exception::VirtualInst),
                    (true, true) => None,
                },
            ]) {
                // Every other field is set, and must not matter.
                let mut m = machine();
                let levels = [
                    (csr::menvcfg::NUMBER, menvcfg),
                    (csr::henvcfg::NUMBER, henvcfg),
                    (csr::senvcfg::NUMBER, senvcfg),
                ];
                for (number, on) in levels {
                    let value = m.get(number);
                    m.set(number, field(op).set(value, on.into()));
                }
                m.hart.set_x(10, DATA);
                let found = m.execute(mode, on_a0(op)).err();
                let expected = expected.map(|exception| {
                    let tval = on_a0(op).encode().into();
                    let to = if mode == Mode::M { Mode::M } else { Mode::HS };
                    Report { to, cause: Cause::Exception(exception), tval, gva: false, tval2: 0, tinst: 0 }
                });
                assert_eq!(found, expected, "{op:?} in {mode}, enabled {enabled:03b}");
            }
        }
    }
}

#[test]
fn fields_are_there_with_their_extension_and_hold_no_reserved_value() {
    use csr::menvcfg::{CBCFE, CBIE, CBZE};
    let all = CBIE.mask() | CBCFE.mask() | CBZE.mask();
    for number in [csr::menvcfg::NUMBER, csr::henvcfg::NUMBER, csr::senvcfg::NUMBER] {
        for (variant, held) in [
            (Variant::default(), all),
            (Variant::default().without(Ext::Zicbom), CBZE.mask()),
            (Variant::default().without(Ext::Zicboz), CBIE.mask() | CBCFE.mask()),
        ] {
            let mut m = Machine::new(variant);
            m.set(number, all);
            assert_eq!(m.get(number) & all, held, "{number:#x}");
        }
        let mut m = Machine::new(Variant::default());
        for (written, read) in [(1, 1), (3, 3), (2, 0), (0, 0)] {
            m.set(number, CBIE.of(written));
            assert_eq!(CBIE.get(m.get(number)), read, "{number:#x}");
        }
    }
}

#[test]
fn harts_without_the_extensions_have_no_such_instruction() {
    for (ext, ops) in [(Ext::Zicbom, &MANAGEMENT[..]), (Ext::Zicboz, &[Op::cbo_zero])] {
        for op in ops {
            let mut m = Machine::new(Variant::default().without(ext));
            m.hart.set_x(10, DATA);
            let report = m.execute(Mode::M, on_a0(*op)).expect_err("there is none");
            assert_eq!(report.cause, Cause::Exception(Exception::IllegalInst), "{op:?}");
        }
    }
    let mut m = Machine::new(Variant::default().without(Ext::Zicbop));
    for op in PREFETCHES {
        m.execute(Mode::U, on_a0(op)).expect("it is ORI to x0");
    }
}

#[test]
fn zeroing_stores_to_all_of_the_block_and_nothing_else() {
    for offset in [0, 1, 37, 63] {
        let mut m = machine();
        for at in (DATA - 64..DATA + 128).step_by(8) {
            m.write(at, u64::MAX);
        }
        m.hart.set_x(10, DATA + offset);
        m.execute(Mode::U, on_a0(Op::cbo_zero)).expect("memory takes it");
        for at in (DATA - 64..DATA + 128).step_by(8) {
            let expected = if (DATA..DATA + 64).contains(&at) { 0 } else { u64::MAX };
            assert_eq!(m.read(at), expected, "{at:#x} after an address {offset} into the block");
        }
    }
}

#[test]
fn management_leaves_memory_as_it_is() {
    for cbie in [1, 3] {
        for op in MANAGEMENT {
            let mut m = machine();
            m.set(csr::menvcfg::NUMBER, csr::menvcfg::CBIE.of(cbie) | csr::menvcfg::CBCFE.mask());
            m.write(DATA, 0x1234);
            m.hart.set_x(10, DATA + 5);
            m.execute(Mode::HS, on_a0(op)).expect("memory takes it");
            assert_eq!(m.read(DATA), 0x1234);
        }
    }
}

const A: u64 = 1 << 6;
const D: u64 = 1 << 7;
const R: u64 = 2;
const W: u64 = 4;
const X: u64 = 8;
const U: u64 = 1 << 4;

/// The fault of `op` at `va`.
fn fault(exception: Exception, op: Op, va: u64, gva: bool, gpa: u64) -> Report {
    let tinst = u64::from(Inst::new(op).encode());
    Report { to: Mode::M, cause: Cause::Exception(exception), tval: va, gva, tval2: gpa >> 2, tinst }
}

#[test]
fn one_stage_is_asked_for_any_permission_or_for_the_permission_to_write() {
    use Exception::StorePageFault;
    // For each leaf what becomes of management and of zeroing.
    for (flags, manages, zeroes) in [
        (R | W | A | D, true, true),
        (R | W | A, true, false),
        (R | A | D, true, false),
        (R | D, false, false),
        (X | A | D, false, false),
        (0, false, false),
    ] {
        for op in ALL {
            let mut m = machine();
            let root = m.new_root();
            let va = 0x4000_0125;
            m.map(&SV39, root, va, 0, Pte::leaf(DATA, flags | 1));
            m.set(csr::satp::NUMBER, csr::satp::MODE.of(SV39.mode) | root >> 12);
            m.hart.set_x(10, va);
            let permitted = if op == Op::cbo_zero { zeroes } else { manages };
            let expected = if permitted { Ok(()) } else { Err(fault(StorePageFault, op, va, false, 0)) };
            assert_eq!(m.execute_as(Mode::HS, on_a0(op)), expected, "{op:?} {flags:#x}");
        }
    }
}

#[test]
fn executable_pages_are_managed_where_mxr_makes_them_readable() {
    let mut m = machine();
    let root = m.new_root();
    m.map(&SV39, root, 0x4000_0000, 0, Pte::leaf(DATA, X | A | 1));
    m.set(csr::satp::NUMBER, csr::satp::MODE.of(SV39.mode) | root >> 12);
    m.set(csr::mstatus::NUMBER, csr::mstatus::MXR.mask());
    m.hart.set_x(10, 0x4000_0000);
    assert_eq!(m.execute_as(Mode::HS, on_a0(Op::cbo_clean)), Ok(()));
}

#[test]
fn the_hardware_sets_what_each_of_them_checks() {
    for op in ALL {
        let mut m = machine();
        let menvcfg = m.get(csr::menvcfg::NUMBER);
        m.set(csr::menvcfg::NUMBER, menvcfg | csr::menvcfg::ADUE.mask());
        let root = m.new_root();
        let entry = m.map(&SV39, root, 0x4000_0000, 0, Pte::leaf(DATA, R | W | 1));
        m.set(csr::satp::NUMBER, csr::satp::MODE.of(SV39.mode) | root >> 12);
        m.hart.set_x(10, 0x4000_0000);
        assert_eq!(m.execute_as(Mode::HS, on_a0(op)), Ok(()));
        let expected = if op == Op::cbo_zero { A | D } else { A };
        assert_eq!(m.read(entry) & (A | D), expected, "{op:?}");
    }
}

#[test]
fn the_guest_stage_is_asked_as_well() {
    use Exception::StoreGuestPageFault;
    for (flags, manages, zeroes) in [
        (U | R | W | A | D, true, true),
        (U | R | A, true, false),
        (R | W | A | D, false, false),
        (0, false, false),
    ] {
        for op in ALL {
            let mut m = machine();
            let root = m.new_root();
            let gpa = 0x4000_0a7f;
            m.map(&SV39X4, root, gpa, 0, Pte::leaf(DATA, flags | 1));
            m.set(csr::hgatp::NUMBER, csr::hgatp::MODE.of(SV39X4.mode) | root >> 12);
            m.hart.set_x(10, gpa);
            let permitted = if op == Op::cbo_zero { zeroes } else { manages };
            let expected =
                if permitted { Ok(()) } else { Err(fault(StoreGuestPageFault, op, gpa, true, gpa)) };
            assert_eq!(m.execute_as(Mode::VS, on_a0(op)), expected, "{op:?} {flags:#x}");
        }
    }
}

#[test]
fn physical_memory_protection_covers_the_whole_block() {
    use Exception::StoreAccessFault;
    const NAPOT: u64 = 3 << 3;
    let napot = |base: u64, size: u64| base >> 2 | (size / 8 - 1);
    // The first entry, the second being open to all: what becomes of management and of zeroing.
    for (base, size, permissions, manages, zeroes) in [
        (DATA, 64, 1, true, false),
        (DATA, 64, 3, true, true),
        (DATA, 64, 4, false, false),
        (DATA + 32, 32, 3, false, false),
    ] {
        for op in ALL {
            let mut m = machine();
            m.set(csr::pmpcfg0::NUMBER, 0);
            m.set(csr::pmpaddr0::NUMBER, napot(base, size));
            m.set(csr::pmpaddr0::NUMBER + 1, u64::MAX);
            m.set(csr::pmpcfg0::NUMBER, 0x1f << 8 | NAPOT | permissions);
            m.hart.set_x(10, DATA + 3);
            let permitted = if op == Op::cbo_zero { zeroes } else { manages };
            let expected =
                if permitted { Ok(()) } else { Err(fault(StoreAccessFault, op, DATA + 3, false, 0)) };
            assert_eq!(m.execute_as(Mode::HS, on_a0(op)), expected, "{op:?} {size} {permissions}");
        }
    }
}

#[test]
fn where_there_is_no_memory_there_is_a_store_access_fault() {
    for op in ALL {
        let mut m = machine();
        m.hart.set_x(10, 0x1003);
        let expected = fault(Exception::StoreAccessFault, op, 0x1003, false, 0);
        assert_eq!(m.execute(Mode::M, on_a0(op)), Err(expected), "{op:?}");
    }
}

#[test]
fn a_prefetch_never_traps_and_touches_nothing() {
    for op in PREFETCHES {
        let mut m = Machine::new(Variant::default());
        let root = m.new_root();
        let entry = m.map(&SV39X4, root, 0x4000_0000, 0, Pte::leaf(DATA, U | R | W | X | 1));
        m.set(csr::hgatp::NUMBER, csr::hgatp::MODE.of(SV39X4.mode) | root >> 12);
        let before = m.read(entry);
        for (mode, address) in [(Mode::VS, 0x4000_0000), (Mode::VU, 0x5000_0000), (Mode::U, u64::MAX)] {
            m.hart.set_x(10, address);
            let inst = Inst { imm: -32, ..on_a0(op) };
            // Fetches in VS-mode would need the G stage to map the code.
            assert_eq!(m.execute_as(mode, inst), Ok(()), "{op:?} in {mode}");
        }
        assert_eq!(m.read(entry), before);
    }
}
