//! Who may access which CSR, and whether the exception is an illegal-instruction or a virtual-instruction one.
//!
//! Privileged ISA, "CSR Listing", "Trap Cause Codes" of the hypervisor extension, "Smstateen", "Sstc".

use isa::cause::{Cause, Exception};
use isa::ext::Ext;
use isa::{Inst, Mode, Op, csr};
use iss::Variant;

use crate::machine::Machine;

/// What an access comes to in M, HS, U, VS and VU: `r` runs, `i` and `v` are the exceptions.
type Expected = &'static str;

const MODES: [Mode; 5] = [Mode::M, Mode::HS, Mode::U, Mode::VS, Mode::VU];

/// CSRs set before the access.
type Setup<'a> = &'a [(u16, u64)];

/// Everything that a higher mode can grant.
const OPEN: Setup = &[
    (csr::mcounteren::NUMBER, u64::MAX),
    (csr::hcounteren::NUMBER, u64::MAX),
    (csr::scounteren::NUMBER, u64::MAX),
    (csr::menvcfg::NUMBER, u64::MAX),
    (csr::henvcfg::NUMBER, u64::MAX),
    (csr::mstateen0::NUMBER, u64::MAX),
    (csr::hstateen0::NUMBER, u64::MAX),
    (csr::mstateen0::NUMBER + 1, u64::MAX),
    (csr::hstateen0::NUMBER + 1, u64::MAX),
    (csr::mstateen0::NUMBER + 2, u64::MAX),
    (csr::hstateen0::NUMBER + 2, u64::MAX),
    (csr::mstateen0::NUMBER + 3, u64::MAX),
    (csr::hstateen0::NUMBER + 3, u64::MAX),
    (csr::mstatus::NUMBER, csr::mstatus::FS.mask()),
    (csr::vsstatus::NUMBER, csr::vsstatus::FS.mask()),
];

fn outcomes(variant: Variant, op: Op, number: u16, setup: Setup) -> String {
    let outcome = |mode: Mode| {
        let mut m = Machine::new(variant);
        for (number, value) in OPEN.iter().chain(setup) {
            if m.hart.csr(*number).is_some() {
                m.set(*number, *value);
            }
        }
        let inst = Inst { rd: 11, rs1: 10, imm: number.into(), ..Inst::new(op) };
        let inst = if op == Op::csrrs { Inst { rs1: 0, ..inst } } else { inst };
        match m.execute(mode, inst).map_err(|report| report.cause) {
            Ok(()) => 'r',
            Err(Cause::Exception(Exception::IllegalInst)) => 'i',
            Err(Cause::Exception(Exception::VirtualInst)) => 'v',
            Err(other) => panic!("{number:#x} in {mode}: {other:?}"),
        }
    };
    MODES.into_iter().map(outcome).collect()
}

/// Reads, by CSRRS with x0.
fn check_read(number: u16, setup: Setup, expected: Expected) {
    let found = outcomes(Variant::default(), Op::csrrs, number, setup);
    assert_eq!(found, expected, "reading {number:#x} with {setup:x?}");
}

/// Writes, by CSRRW.
fn check_write(number: u16, setup: Setup, expected: Expected) {
    let found = outcomes(Variant::default(), Op::csrrw, number, setup);
    assert_eq!(found, expected, "writing {number:#x} with {setup:x?}");
}

#[test]
fn every_csr_by_its_number() {
    // Of seed there is a test of its own: it has rules like no other.
    for row in csr::ROWS.iter().filter(|row| row.number != csr::seed::NUMBER) {
        for number in row.number..row.number + row.count {
            let hart = Machine::new(Variant::default()).hart;
            let expected = match (csr::lowest_privilege(number), csr::is_hypervisor(number)) {
                _ if hart.csr(number).is_none() => "iiiii",
                (isa::Privilege::M, _) => "riiii",
                (isa::Privilege::S, true) => "rrivv",
                (isa::Privilege::S, false) => "rrirv",
                (isa::Privilege::U, _) => "rrrrr",
            };
            check_read(number, &[], expected);
            check_write(number, &[], if csr::is_read_only(number) { "iiiii" } else { expected });
        }
    }
}

#[test]
fn csrs_that_no_hart_has_are_illegal_even_where_the_number_is_a_hypervisors() {
    for number in [0x000, 0x016, 0x1ff, 0x2ff, 0x6ff, 0x615, 0xeff, 0x7ff, 0xdb0] {
        check_read(number, &[], "iiiii");
        check_write(number, &[], "iiiii");
    }
}

#[test]
fn csrs_of_extensions_that_the_hart_lacks_are_illegal() {
    let all = Variant::default();
    let rows = [
        (all.without(Ext::H), csr::hstatus::NUMBER),
        (all.without(Ext::H), csr::mtinst::NUMBER),
        (all.without(Ext::H), csr::vstimecmp::NUMBER),
        (all.without(Ext::H), csr::hstateen0::NUMBER),
        (all.without(Ext::Sstc), csr::stimecmp::NUMBER),
        (all.without(Ext::Sstc), csr::vstimecmp::NUMBER),
        (all.without(Ext::Smstateen), csr::sstateen0::NUMBER),
        (Variant { pmp_entries: 0, ..all }, csr::pmpcfg0::NUMBER),
    ];
    for (variant, number) in rows {
        let mut hart = iss::Hart::new(0, variant);
        assert_eq!(hart.csr(number), None, "{number:#x}");
        assert_eq!(hart.set_csr(number, 0), None, "{number:#x}");
    }
    assert_eq!(outcomes(all.without(Ext::Sstc), Op::csrrs, csr::stimecmp::NUMBER, &[]), "iiiii");
}

#[test]
fn set_and_clear_of_nothing_do_not_write() {
    for op in [Op::csrrs, Op::csrrc, Op::csrrsi, Op::csrrci] {
        let mut m = Machine::new(Variant::default());
        let read = Inst { rd: 11, imm: csr::hgeip::NUMBER.into(), ..Inst::new(op) };
        assert_eq!(m.execute(Mode::HS, read), Ok(()), "{op:?} of a read-only CSR");
        let write = Inst { rs1: 10, ..read };
        m.hart.set_x(10, 0);
        assert!(
            m.execute(Mode::HS, write).is_err(),
            "{op:?} with a register or immediate that is not x0 or 0"
        );
    }
}

#[test]
fn counters() {
    const M: u16 = csr::mcounteren::NUMBER;
    const H: u16 = csr::hcounteren::NUMBER;
    const S: u16 = csr::scounteren::NUMBER;
    for n in 0..32 {
        let (number, without) = (csr::cycle::NUMBER + n, !(1 << n));
        check_read(number, &[(M, without)], "riiii");
        check_read(number, &[(M, without), (H, without)], "riiii");
        check_read(number, &[(H, without)], "rrrvv");
        check_read(number, &[(S, without)], "rrirv");
        check_read(number, &[(H, without), (S, without)], "rrivv");
    }
}

#[test]
fn timers() {
    const STCE: u64 = csr::menvcfg::STCE.mask();
    const TM: u64 = csr::mcounteren::TM.mask();
    let (stimecmp, vstimecmp) = (csr::stimecmp::NUMBER, csr::vstimecmp::NUMBER);
    for closed in [(csr::mcounteren::NUMBER, !TM), (csr::menvcfg::NUMBER, !STCE)] {
        check_write(stimecmp, &[closed], "riiii");
        check_write(vstimecmp, &[closed], "riiii");
    }
    for closed in [(csr::hcounteren::NUMBER, !TM), (csr::henvcfg::NUMBER, !STCE)] {
        check_write(stimecmp, &[closed], "rrivv");
        check_write(vstimecmp, &[closed], "rrivv");
    }
}

#[test]
fn virtual_memory_under_tvm_and_vtvm() {
    let tvm = (csr::mstatus::NUMBER, csr::mstatus::TVM.mask());
    let vtvm = (csr::hstatus::NUMBER, csr::hstatus::VTVM.mask());
    for check in [check_read, check_write] {
        check(csr::satp::NUMBER, &[tvm], "riirv");
        check(csr::satp::NUMBER, &[vtvm], "rrivv");
        check(csr::satp::NUMBER, &[tvm, vtvm], "riivv");
        check(csr::hgatp::NUMBER, &[tvm], "riivv");
        check(csr::vsatp::NUMBER, &[tvm, vtvm], "rrivv");
    }
}

#[test]
fn state_enables() {
    let se0 = !csr::mstateen0::SE0.mask();
    let envcfg = !csr::mstateen0::ENVCFG.mask();
    let (m, h) = (csr::mstateen0::NUMBER, csr::hstateen0::NUMBER);
    check_write(csr::sstateen0::NUMBER, &[(m, se0)], "riiii");
    check_write(csr::sstateen0::NUMBER, &[(h, se0)], "rrivv");
    check_write(csr::hstateen0::NUMBER, &[(m, se0)], "riiii");
    check_write(csr::hstateen0::NUMBER, &[(h, se0)], "rrivv");
    check_write(csr::senvcfg::NUMBER, &[(m, envcfg)], "riiii");
    check_write(csr::senvcfg::NUMBER, &[(h, envcfg)], "rrivv");
    check_write(csr::henvcfg::NUMBER, &[(m, envcfg)], "riiii");
    check_write(csr::henvcfg::NUMBER, &[(h, envcfg)], "rrivv");
    for n in 1..4 {
        check_write(csr::sstateen0::NUMBER + n, &[(m + n, 0)], "riiii");
        check_write(csr::sstateen0::NUMBER + n, &[(h + n, 0)], "rrivv");
    }
}

/// FS is no matter of the hypervisor's: what it forbids is illegal at both levels.
#[test]
fn floating_point() {
    for number in [csr::fflags::NUMBER, csr::frm::NUMBER, csr::fcsr::NUMBER] {
        check_write(number, &[(csr::mstatus::NUMBER, 0)], "iiiii");
        check_write(number, &[(csr::vsstatus::NUMBER, 0)], "rrrii");
    }
}
