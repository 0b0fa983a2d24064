//! Pointer masking: whose setting counts for which access, and what becomes of the address.
//!
//! Privileged ISA, "Pointer Masking Extensions" and "Hypervisor Virtual-Machine Load and Store Instructions".

use isa::ext::Ext;
use isa::paging::{Pte, SV57};
use isa::{Inst, Mode, Op, csr};
use iss::Variant;

use crate::machine::Machine;
use crate::ram_only::BASE;

const DATA: u64 = BASE + 0x2000;
const TAG: u64 = 0xa5a5 << 48;
const PM7: u64 = 2;
const PM16: u64 = 3;

const MACHINE: (u16, u64) = (csr::mseccfg::NUMBER, csr::mseccfg::PMM.of(PM16));
const SUPERVISOR: (u16, u64) = (csr::menvcfg::NUMBER, csr::menvcfg::PMM.of(PM16));
const GUEST: (u16, u64) = (csr::henvcfg::NUMBER, csr::henvcfg::PMM.of(PM16));
const USER: (u16, u64) = (csr::senvcfg::NUMBER, csr::senvcfg::PMM.of(PM16));
const FOR_GUEST_USER: (u16, u64) = (csr::hstatus::NUMBER, csr::hstatus::HUPMM.of(PM16));
const SETTINGS: [(u16, u64); 5] = [MACHINE, SUPERVISOR, GUEST, USER, FOR_GUEST_USER];

/// A hart with one setting, and user mode allowed to access guest memory.
fn machine(setting: (u16, u64)) -> Machine {
    let mut m = Machine::new(Variant::default());
    m.set(csr::hstatus::NUMBER, csr::hstatus::HU.mask());
    m.set(setting.0, m.get(setting.0) | setting.1);
    m.hart.set_x(10, DATA | TAG);
    m
}

const LD: Inst = Inst { rd: 11, rs1: 10, ..Inst::new(Op::ld) };

/// Checks that among all settings exactly `expected` lets `access` find its data behind a tagged address.
fn governs(expected: (u16, u64), name: &str, access: impl Fn(&mut Machine) -> bool) {
    for setting in SETTINGS {
        assert_eq!(access(&mut machine(setting)), setting == expected, "{name}, CSR {:#x}", setting.0);
    }
}

#[test]
fn each_mode_has_its_setting_in_the_next_higher_one() {
    for (mode, setting) in
        [(Mode::M, MACHINE), (Mode::HS, SUPERVISOR), (Mode::U, USER), (Mode::VS, GUEST), (Mode::VU, USER)]
    {
        governs(setting, mode.name(), |m| m.execute(mode, LD).is_ok());
        governs(setting, "MPRV", |m| m.execute_as(mode, LD).is_ok());
    }
}

#[test]
fn guest_accesses_have_the_setting_of_the_guests_mode() {
    let hlv = Inst { rd: 11, rs1: 10, ..Inst::new(Op::hlv_d) };
    let hsv = Inst { rs1: 10, rs2: 12, ..Inst::new(Op::hsv_w) };
    for inst in [hlv, hsv] {
        for mode in [Mode::M, Mode::HS, Mode::U] {
            let user = if mode == Mode::U { FOR_GUEST_USER } else { USER };
            governs(user, "as VU-mode", |m| m.execute(mode, inst).is_ok());
            governs(GUEST, "as VS-mode", |m| {
                m.set(csr::hstatus::NUMBER, m.get(csr::hstatus::NUMBER) | csr::hstatus::SPVP.mask());
                m.execute(mode, inst).is_ok()
            });
        }
    }
    for setting in SETTINGS {
        let hlvx = Inst { rd: 11, rs1: 10, ..Inst::new(Op::hlvx_wu) };
        assert!(machine(setting).execute(Mode::HS, hlvx).is_err(), "HLVX fetches");
    }
}

#[test]
fn mxr_takes_masking_from_all_modes_but_m() {
    let mxr = |m: &mut Machine, status: u16| m.set(status, m.get(status) | csr::sstatus::MXR.mask());
    for (mode, setting) in [(Mode::HS, SUPERVISOR), (Mode::U, USER), (Mode::VS, GUEST), (Mode::VU, USER)] {
        let mut m = machine(setting);
        mxr(&mut m, csr::sstatus::NUMBER);
        assert!(m.execute(mode, LD).is_err(), "{mode}");
        let mut m = machine(setting);
        mxr(&mut m, csr::vsstatus::NUMBER);
        assert_eq!(m.execute(mode, LD).is_err(), mode.virt, "{mode}");
    }
    let mut m = machine(MACHINE);
    mxr(&mut m, csr::sstatus::NUMBER);
    assert_eq!(m.execute(Mode::M, LD), Ok(()));
}

#[test]
fn addresses_are_sign_extended_where_they_are_virtual() {
    for (pmm, bits) in [(PM7, 57), (PM16, 48)] {
        let mut m = Machine::new(Variant::default());
        m.set(csr::menvcfg::NUMBER, csr::menvcfg::PMM.of(pmm));
        let sign = 1 << (bits - 1);
        m.hart.set_x(10, u64::MAX << bits | sign | 8);
        let report = m.execute_as(Mode::HS, LD).expect_err("no memory");
        assert_eq!(report.tval, sign | 8, "physical, PMLEN {}", 64 - bits);
        let root = m.new_root();
        m.set(csr::satp::NUMBER, csr::satp::MODE.of(8) | root >> 12);
        m.hart.set_x(10, sign | 8);
        let report = m.execute_as(Mode::HS, LD).expect_err("not mapped");
        assert_eq!(report.tval, u64::MAX << (bits - 1) | 8, "virtual, PMLEN {}", 64 - bits);
        m.hart.set_x(10, TAG & u64::MAX << bits | 8);
        assert_eq!(m.execute_as(Mode::HS, LD).expect_err("not mapped").tval, 8);
    }
}

#[test]
fn each_part_of_a_misaligned_access_is_masked() {
    let mut m = Machine::new(Variant::default());
    m.set(csr::menvcfg::NUMBER, csr::menvcfg::PMM.of(PM16));
    let root = m.new_root();
    m.set(csr::satp::NUMBER, csr::satp::MODE.of(10) | root >> 12);
    let last = (1 << 47) - 0x1000;
    let leaf = Pte::V.mask() | Pte::R.mask() | Pte::A.mask();
    m.map(&SV57, root, last, 0, Pte::leaf(DATA, leaf));
    m.hart.set_x(10, TAG | (last + 0xffc));
    let report = m.execute_as(Mode::HS, LD).expect_err("the second page is not mapped");
    assert_eq!(report.tval, u64::MAX << 47, "what follows the lower half is the upper half");
}

#[test]
fn atomics_are_masked_and_fetches_are_not() {
    for op in [Op::amoadd_w, Op::lr_d, Op::sc_d, Op::fld, Op::fsw] {
        let mut m = machine(SUPERVISOR);
        m.set(csr::sstatus::NUMBER, csr::sstatus::FS.mask());
        assert_eq!(m.execute(Mode::HS, Inst { rd: 11, rs1: 10, ..Inst::new(op) }), Ok(()), "{op:?}");
    }
    let mut m = machine(SUPERVISOR);
    assert!(m.execute_at(Mode::HS, BASE | TAG).is_err());
}

#[test]
fn pmm_takes_no_reserved_value_and_is_zero_without_its_extension() {
    for (number, field, ext) in [
        (csr::mseccfg::NUMBER, csr::mseccfg::PMM, Ext::Smmpm),
        (csr::menvcfg::NUMBER, csr::menvcfg::PMM, Ext::Smnpm),
        (csr::henvcfg::NUMBER, csr::henvcfg::PMM, Ext::Ssnpm),
        (csr::senvcfg::NUMBER, csr::senvcfg::PMM, Ext::Ssnpm),
        (csr::hstatus::NUMBER, csr::hstatus::HUPMM, Ext::Ssnpm),
    ] {
        let mut m = Machine::new(Variant::default());
        for (written, read) in [(2, 2), (1, 2), (3, 3), (1, 3), (0, 0), (1, 0)] {
            m.set(number, field.of(written));
            assert_eq!(field.get(m.get(number)), read, "CSR {number:#x}, {written}");
        }
        let mut m = Machine::new(Variant::default().without(ext));
        m.set(number, field.of(3));
        assert_eq!(field.get(m.get(number)), 0, "CSR {number:#x} without {}", ext.name());
    }
}
