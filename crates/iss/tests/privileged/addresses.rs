//! Addresses at their limits: of each scheme, of pages, of memory and of the address space.
//!
//! Privileged ISA, "Guest-Page Faults", "Addressing and Memory Protection" of Sv39 to Sv57, "Physical
//! Memory Protection".

use isa::cause::{Cause, Exception};
use isa::paging::{PAGE_SIZE, Pte, SCHEMES, SV39, SV39X4, Scheme, Stage};
use isa::{Inst, Mode, Op, csr};
use iss::Variant;

use crate::machine::{CODE, Machine, Report};
use crate::ram_only::BASE;

const DATA: u64 = BASE + 0x200_0000;
/// All permissions, accessed and dirty; for a first stage and, of the user, for a G stage.
const FIRST: u64 = 0xce;
const GUEST: u64 = 0xde;

fn machine() -> Machine {
    let mut m = Machine::new(Variant::default());
    m.set(csr::hstatus::NUMBER, csr::hstatus::SPVP.mask());
    m
}

fn set_vsatp(m: &mut Machine, scheme: &Scheme, root: u64) {
    m.set(csr::vsatp::NUMBER, csr::vsatp::MODE.of(scheme.mode) | root >> 12);
}

fn set_hgatp(m: &mut Machine, scheme: &Scheme, root: u64) {
    m.set(csr::hgatp::NUMBER, csr::hgatp::MODE.of(scheme.mode) | root >> 12);
}

/// A fault of a load that HLV.D has made in M-mode.
fn load_fault(exception: Exception, tval: u64, gpa: u64, tinst: u64) -> Report {
    let cause = Cause::Exception(exception);
    Report { to: Mode::M, cause, tval, gva: true, tval2: gpa >> 2, tinst }
}

/// HLV.D a1, (a0) without rs1; bits 19:15 take the offset of the address.
const HLV_D: u64 = 0x6c00_45f3;

#[test]
fn every_scheme_reaches_its_last_page_and_no_further() {
    for scheme in &SCHEMES {
        let mut m = machine();
        let root = m.new_root();
        let bits = scheme.address_bits();
        let (last, beyond) = match scheme.stage {
            Stage::First => ((1 << (bits - 1)) - PAGE_SIZE, 1 << (bits - 1)),
            Stage::Guest => ((1 << bits) - PAGE_SIZE, 1 << bits),
        };
        let flags = if scheme.stage == Stage::First { FIRST } else { GUEST };
        m.map(scheme, root, last, 0, Pte::leaf(DATA, flags));
        m.write(DATA, 7);
        let exception = match scheme.stage {
            Stage::First => {
                m.map(scheme, root, u64::MAX, 0, Pte::leaf(DATA, flags));
                set_vsatp(&mut m, scheme, root);
                assert_eq!(m.load_as_guest(!0xfff), Ok(7), "{}: negative addresses", scheme.name);
                Exception::LoadPageFault
            }
            Stage::Guest => {
                set_hgatp(&mut m, scheme, root);
                Exception::LoadGuestPageFault
            }
        };
        assert_eq!(m.load_as_guest(last), Ok(7), "{}", scheme.name);
        for address in [beyond, 1 << 63, u64::MAX - 7 - (1 << 62)] {
            let gpa = if scheme.stage == Stage::Guest { address } else { 0 };
            let report = load_fault(exception, address, gpa, HLV_D);
            assert_eq!(m.load_as_guest(address), Err(report), "{}", scheme.name);
        }
    }
}

#[test]
fn a_guest_physical_address_beyond_the_g_stage_is_a_guest_page_fault() {
    let mut m = machine();
    let (vs_root, g_root) = (m.new_root(), m.new_root());
    m.map(&SV39X4, g_root, BASE, 2, Pte::leaf(BASE, GUEST));
    m.map(&SV39, vs_root, 0x5000, 0, Pte::leaf(1 << 41, FIRST));
    set_vsatp(&mut m, &SV39, vs_root);
    set_hgatp(&mut m, &SV39X4, g_root);
    let report = load_fault(Exception::LoadGuestPageFault, 0x5008, (1 << 41) + 8, HLV_D);
    assert_eq!(m.load_as_guest(0x5008), Err(report));
    // So is one that a root pointer names.
    set_vsatp(&mut m, &SV39, 1 << 41);
    let report = load_fault(Exception::LoadGuestPageFault, 0x5008, 1 << 41, 0x3000);
    assert_eq!(m.load_as_guest(0x5008), Err(report));
}

#[test]
fn misaligned_superpages_fault_in_either_stage() {
    for level in [1, 2] {
        let mut m = machine();
        let root = m.new_root();
        m.map(&SV39, root, 0, level, Pte::leaf(DATA + PAGE_SIZE, FIRST));
        set_vsatp(&mut m, &SV39, root);
        assert_eq!(m.load_as_guest(0), Err(load_fault(Exception::LoadPageFault, 0, 0, HLV_D)));
        m.map(&SV39X4, root, 0, level, Pte::leaf(DATA + PAGE_SIZE, GUEST));
        m.set(csr::vsatp::NUMBER, 0);
        set_hgatp(&mut m, &SV39X4, root);
        assert_eq!(m.load_as_guest(0), Err(load_fault(Exception::LoadGuestPageFault, 0, 0, HLV_D)));
    }
}

#[test]
fn an_access_across_pages_reports_the_part_that_fails() {
    let mut m = machine();
    let root = m.new_root();
    m.map(&SV39X4, root, 0x1000, 0, Pte::leaf(DATA, GUEST));
    m.map(&SV39X4, root, 0x3000, 0, Pte::leaf(DATA + 0x1000, GUEST));
    set_hgatp(&mut m, &SV39X4, root);
    let fault = |va: u64, at: u64| {
        let offset = at - va;
        Err(load_fault(Exception::LoadGuestPageFault, at, at, HLV_D | offset << 15))
    };
    assert_eq!(m.load_as_guest(0x1ffd), fault(0x1ffd, 0x2000), "the second page is missing");
    assert_eq!(m.load_as_guest(0x2ffd), fault(0x2ffd, 0x2ffd), "the first page is missing");
    m.map(&SV39X4, root, 0x2000, 0, Pte::leaf(DATA + 0x5000, GUEST));
    m.write(DATA + 0xff8, 0x0302_0100_0000_0000);
    m.write(DATA + 0x5000, 0x08_0706_0504);
    assert_eq!(m.load_as_guest(0x1ffd), Ok(0x0807_0605_0403_0201));
}

#[test]
fn a_fetch_across_pages_reports_the_second_half() {
    let mut m = machine();
    let root = m.new_root();
    m.map(&SV39X4, root, 0x1000, 0, Pte::leaf(DATA, GUEST));
    set_hgatp(&mut m, &SV39X4, root);
    let nop = Inst::new(Op::addi).encode();
    m.write(DATA + 0xff8, u64::from(nop & 0xffff) << 48);
    let cause = Cause::Exception(Exception::InstGuestPageFault);
    let report = Report { to: Mode::HS, cause, tval: 0x2000, gva: true, tval2: 0x2000 >> 2, tinst: 0 };
    assert_eq!(m.execute_at(Mode::VS, 0x1ffe), Err(report));
    assert_eq!(m.get(csr::sepc::NUMBER), 0x1ffe, "the instruction, not its second half");
    m.write(DATA + 0xff8, 0x0001 << 48);
    assert_eq!(m.execute_at(Mode::VS, 0x1ffe), Ok(()), "a 16-bit instruction ends with its page");
}

#[test]
fn the_address_space_wraps_and_memory_ends() {
    let mut m = machine();
    let end = BASE + (64 << 20);
    let ld = Inst { rd: 11, rs1: 10, ..Inst::new(Op::ld) };
    let sd = Inst { rs1: 10, rs2: 11, ..Inst::new(Op::sd) };
    for address in [u64::MAX, u64::MAX - 7, u64::MAX - 6, end - 7, end - 1, end, BASE - 1, BASE - 8, 1 << 56]
    {
        m.hart.set_x(10, address);
        // Memory ends with a page, so that the part beyond is an access of its own.
        let tval = if (end - 7..end).contains(&address) { end } else { address };
        for (inst, exception) in [(ld, Exception::LoadAccessFault), (sd, Exception::StoreAccessFault)] {
            let report = m.execute(Mode::M, inst).expect_err("there is no memory");
            assert_eq!((report.cause, report.tval), (Cause::Exception(exception), tval));
        }
    }
    m.hart.set_x(10, end - 8);
    assert_eq!(m.execute(Mode::M, ld), Ok(()), "the last doubleword");
    for pc in [u64::MAX - 1, u64::MAX - 3, end, end - 2] {
        m.bus.ram.write(end - 2, &[0x03, 0x00]).expect("main memory");
        let report = m.execute_at(Mode::M, pc).expect_err("there is no memory");
        let tval = if pc == end - 2 { end } else { pc };
        assert_eq!((report.cause, report.tval), (Cause::Exception(Exception::InstAccessFault), tval));
    }
}

/// The page tables are protected too, and a violation is one of the access that needed them.
#[test]
fn memory_protection_of_a_page_table_faults_by_the_original_access() {
    let mut m = machine();
    let root = m.new_root();
    m.map(&SV39X4, root, DATA, 2, Pte::leaf(BASE, GUEST));
    set_hgatp(&mut m, &SV39X4, root);
    assert_eq!(m.load_as_guest(DATA), Ok(0));
    m.hart.set_x(10, DATA);
    let store = Inst { rs1: 10, rs2: 11, ..Inst::new(Op::hsv_d) };
    for (napot_at, permissions) in [(root, 0x00), (root, 0x04), (DATA, 0x00)] {
        // Entry 0 covers a page, entry 1 everything.
        m.set(csr::pmpaddr0::NUMBER, napot_at >> 2 | 0x1ff);
        m.set(csr::pmpaddr0::NUMBER + 1, u64::MAX);
        m.set(csr::pmpcfg0::NUMBER, 0x1f << 8 | 0x18 | permissions);
        m.execute(Mode::M, Inst::new(Op::hfence_gvma)).expect("M-mode may fence");
        let report = load_fault(Exception::LoadAccessFault, DATA, 0, HLV_D);
        assert_eq!(m.load_as_guest(DATA), Err(report));
        let report = m.execute(Mode::HS, store).expect_err("protected");
        assert_eq!(report.cause, Cause::Exception(Exception::StoreAccessFault));
    }
}

/// "When MPP=3, MPV is ignored": the access is M-mode's own.
#[test]
fn modify_privilege_with_mpp_m_ignores_mpv() {
    let mut m = machine();
    let root = m.new_root();
    set_hgatp(&mut m, &SV39X4, root);
    m.write(DATA, 9);
    m.hart.set_x(10, DATA);
    let ld = Inst { rd: 11, rs1: 10, ..Inst::new(Op::ld) };
    assert_eq!(m.execute_as(Mode { virt: true, ..Mode::M }, ld), Ok(()));
    assert_eq!(m.hart.x(11), 9);
    assert!(m.execute_as(Mode::VU, ld).is_err(), "nothing is mapped for the guest");
    assert_eq!(m.execute_as(Mode::HS, ld), Ok(()));
    assert_eq!(m.hart.pc(), CODE + 4);
}

/// HLVX reads what can be executed, but memory protection must let it be read as well.
#[test]
fn hlvx_needs_both_read_and_execute_from_memory_protection() {
    let mut m = machine();
    m.hart.set_x(10, DATA);
    let hlvx = Inst { rd: 11, rs1: 10, ..Inst::new(Op::hlvx_wu) };
    for (permissions, allowed) in [(7, true), (5, true), (4, false), (1, false), (3, false)] {
        m.set(csr::pmpaddr0::NUMBER, DATA >> 2 | 0x1ff);
        m.set(csr::pmpaddr0::NUMBER + 1, u64::MAX);
        m.set(csr::pmpcfg0::NUMBER, 0x1f << 8 | 0x18 | permissions);
        let result = m.execute(Mode::HS, hlvx).map_err(|report| report.cause);
        let fault = Err(Cause::Exception(Exception::LoadAccessFault));
        assert_eq!(result, if allowed { Ok(()) } else { fault }, "permissions {permissions}");
    }
}
