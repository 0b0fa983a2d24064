//! What the manual leaves to the implementation, chosen otherwise than by default.
//!
//! Privileged ISA, "Machine Trap Value (mtval) Register", "Transformed Instruction or Pseudoinstruction for
//! mtinst or htinst", "Wait for Interrupt", "Svade" and "Physical Memory Attributes".

use isa::cause::{Cause, Exception};
use isa::ext::Ext;
use isa::{Inst, Mode, Op, csr, tinst};
use iss::variant::{Misaligned, Wfi};
use iss::{Stop, Variant};

use crate::guest::{self, A, By, D, Entry, Guest, Outcome, W, check, expected};
use crate::machine::{CODE, Machine, Report};
use crate::ram_only::BASE;

fn hart(knobs: &str) -> Variant {
    Variant::parse(&format!("max,{knobs}")).expect("a hart")
}

/// The report of an access to a guest whose `entry` has lost the bits of `clear`.
fn fault(knobs: &str, entry: Entry, clear: u64, by: By) -> Report {
    let mut guest = Guest::new(hart(knobs));
    guest.set_pte(entry, guest.pte(entry) & !clear);
    guest.access(by).expect_err("a fault")
}

#[test]
fn tinst_is_zero_but_where_it_explains_htval() {
    for by in By::ALL {
        let full = expected(by, Outcome::Guest).expect_err("a fault");
        assert_eq!(fault("tinst=zero", Entry::G, 1, by), Report { tinst: 0, ..full }, "{by:?}");
        let full = expected(by, Outcome::Page).expect_err("a fault");
        assert_eq!(fault("tinst=zero", Entry::Vs, 1, by), Report { tinst: 0, ..full }, "{by:?}");
        let implicit = expected(by, Outcome::GuestRead).expect_err("a fault");
        assert_eq!(fault("tinst=zero", Entry::GOfTable, 1, by), implicit, "zero is not allowed, {by:?}");
    }
}

#[test]
fn without_htval_no_pseudoinstruction_explains_it() {
    for by in By::ALL {
        let full = expected(by, Outcome::Guest).expect_err("a fault");
        assert_eq!(fault("htval=zero", Entry::G, 1, by), Report { tval2: 0, ..full }, "{by:?}");
        let implicit = expected(by, Outcome::GuestRead).expect_err("a fault");
        let nothing = Report { tval2: 0, tinst: 0, ..implicit };
        assert_eq!(fault("htval=zero", Entry::GOfTable, 1, by), nothing, "{by:?}");
        assert_eq!(fault("htval=zero,tinst=zero", Entry::GOfTable, 1, by), nothing, "{by:?}");
    }
}

#[test]
fn xtval_shows_a_refused_instruction_or_zero() {
    let (mret, sret) = (Inst::new(Op::mret), Inst::new(Op::sret));
    for (knobs, illegal, virt) in [
        ("tval-illegal=zero", 0, sret.encode()),
        ("tval-virtual=zero", mret.encode(), 0),
        ("tval-illegal=bits,tval-virtual=bits", mret.encode(), sret.encode()),
    ] {
        let mut m = Machine::new(hart(knobs));
        let report = m.execute(Mode::HS, mret).expect_err("illegal");
        assert_eq!(report.tval, illegal.into(), "{knobs}");
        let report = m.execute(Mode::VU, sret).expect_err("virtual");
        assert_eq!(report.tval, virt.into(), "{knobs}");
    }
}

#[test]
fn addresses_are_reported_whatever_becomes_of_instructions() {
    let report = fault("tval-illegal=zero,tval-virtual=zero", Entry::G, 1, By::Hlv);
    assert_eq!(Err(report), expected(By::Hlv, Outcome::Guest));
}

#[test]
fn without_svadu_the_hart_sets_a_and_d_in_both_stages_or_in_none() {
    use Entry::{G, GOfTable, Vs};
    use Outcome::{Done, Guest, GuestWrite, Page};
    check(
        hart("ad=hardware"),
        &[
            ("VS leaf without A and D", &[(Vs, A | D, 0)], &[], &By::ALL, Done),
            ("G leaf without A and D", &[(G, A | D, 0)], &[], &By::ALL, Done),
            ("A of a read-only table", &[(Vs, A, 0), (GOfTable, W, 0)], &[], &By::ALL, GuestWrite),
        ],
    );
    check(
        hart("svadu=off,ad=trap"),
        &[
            ("VS leaf without A", &[(Vs, A, 0)], &[], &By::ALL, Page),
            ("G leaf without A", &[(G, A, 0)], &[], &By::ALL, Guest),
        ],
    );
    let mut guest = guest::Guest::new(hart("ad=hardware"));
    guest.set_pte(Vs, guest.pte(Vs) & !(A | D));
    guest.access(By::Hlv).expect("a load");
    assert_eq!(guest.pte(Vs) & (A | D), A);
    guest.access(By::Hsv).expect("a store");
    assert_eq!(guest.pte(Vs) & (A | D), A | D);
    assert_eq!(guest.m.get(csr::menvcfg::NUMBER) & csr::menvcfg::ADUE.mask(), 0, "there is no ADUE");
}

/// The exception of `op` at `address` in M-mode, with its trap values.
fn access(knobs: &str, op: Op, address: u64) -> Option<(Exception, u64, u64)> {
    let mut m = Machine::new(hart(knobs));
    m.hart.set_x(10, address);
    let report = m.execute(Mode::M, Inst { rd: 11, rs1: 10, rs2: 12, ..Inst::new(op) }).err()?;
    let Cause::Exception(exception) = report.cause else { panic!("{report:?}") };
    Some((exception, report.tval, report.tinst))
}

#[test]
fn misaligned_accesses_trap_where_the_hart_does_not_do_them() {
    use Exception::{LoadAccessFault, LoadAddrMisaligned, StoreAccessFault, StoreAddrMisaligned};
    let misaligned = BASE + 0x1001;
    let nowhere = 0x1001;
    let of = |op, address, exception| {
        let inst = Inst { rd: 11, rs1: 10, rs2: 12, ..Inst::new(op) };
        // Encoding and decoding drops the operands that the format has not.
        let inst = isa::decode(inst.encode()).expect("an instruction");
        Some((exception, address, tinst::transform(&inst, 0)))
    };
    assert_eq!(access("misaligned=hardware", Op::ld, misaligned), None);
    for op in [Op::lh, Op::lhu, Op::lw, Op::ld, Op::hlv_d] {
        let trap = of(op, misaligned, LoadAddrMisaligned);
        assert_eq!(access("misaligned=trap", op, misaligned), trap, "{op:?}");
        assert_eq!(access("misaligned=trap", op, nowhere), of(op, nowhere, LoadAddrMisaligned));
        let fault = of(op, nowhere, LoadAccessFault);
        assert_eq!(access("misaligned=trap,misaligned-order=last", op, nowhere), fault);
        assert_eq!(access("misaligned=trap,misaligned-order=last", op, misaligned), trap);
    }
    for op in [Op::sh, Op::sw, Op::sd, Op::hsv_w] {
        let trap = of(op, misaligned, StoreAddrMisaligned);
        assert_eq!(access("misaligned=trap", op, misaligned), trap, "{op:?}");
    }
    assert_eq!(access("misaligned=trap", Op::lb, misaligned), None);
    for op in [Op::amoadd_d, Op::sc_w] {
        assert_eq!(access("misaligned=hardware", op, misaligned), of(op, misaligned, StoreAddrMisaligned));
        let fault = of(op, misaligned, StoreAccessFault);
        assert_eq!(access("misaligned-amo=access", op, misaligned), fault, "{op:?}");
    }
    let fault = of(Op::lr_d, misaligned, LoadAccessFault);
    assert_eq!(access("misaligned-amo=access,misaligned-order=last", Op::lr_d, misaligned), fault);
}

#[test]
fn misalignment_comes_before_page_faults_or_after_them() {
    let address = 0x4000_5001;
    for (order, amo, load) in [
        ("first", Exception::StoreAddrMisaligned, Exception::LoadAddrMisaligned),
        ("last", Exception::StoreGuestPageFault, Exception::LoadGuestPageFault),
    ] {
        let variant = hart(&format!("misaligned=trap,misaligned-order={order}"));
        assert_eq!(variant.misaligned, Misaligned::Trap);
        for (op, exception) in [(Op::amoadd_d, amo), (Op::ld, load)] {
            let mut guest = guest::Guest::new(variant);
            guest.set_pte(Entry::G, 0);
            guest.m.hart.set_x(10, address);
            let report = guest.m.execute_as(Mode::VS, Inst { rd: 11, rs1: 10, ..Inst::new(op) });
            let report = report.expect_err("a fault");
            assert_eq!((report.cause, report.tval), (Cause::Exception(exception), address), "{order}");
            assert!(report.gva);
        }
    }
}

/// A hart with TW set that has met WFI in `mode` at tick 1000.
fn waiting(variant: Variant, mode: Mode) -> (Machine, Result<(), Report>) {
    let mut m = Machine::new(variant);
    m.set(csr::mstatus::NUMBER, csr::mstatus::TW.mask());
    m.bus.lines.time = 1000;
    m.write(CODE, u64::from(Inst::new(Op::addi).encode()) << 32);
    let result = m.execute(mode, Inst::new(Op::wfi));
    (m, result)
}

#[test]
fn wfi_traps_at_once_or_never_or_when_its_time_is_over() {
    for mode in [Mode::HS, Mode::U, Mode::VS, Mode::VU] {
        let (m, result) = waiting(hart("wfi=trap"), mode);
        assert_eq!(result.expect_err("a trap").cause, Cause::Exception(Exception::IllegalInst), "{mode}");
        assert!(!m.hart.is_waiting());
        let (m, result) = waiting(hart("wfi=nop"), mode);
        assert_eq!((result, m.hart.is_waiting(), m.hart.retired()), (Ok(()), false, 1), "{mode}");

        let (mut m, result) = waiting(hart("wfi=wait"), mode);
        assert_eq!((result, m.hart.pc(), m.hart.retired()), (Ok(()), CODE, 0), "{mode}");
        assert_eq!(m.hart.next_timer(), Some(1000 + Wfi::LIMIT));
        m.bus.lines.time = 1000 + Wfi::LIMIT - 1;
        assert_eq!(m.hart.run(&mut m.bus, 1, None).stop, Stop::Waiting);
        m.bus.lines.time += 1;
        m.hart.run(&mut m.bus, 1, None);
        assert_eq!((m.hart.mode(), m.get(csr::scause::NUMBER)), (Mode::HS, 2), "{mode}");
        assert_eq!((m.get(csr::sepc::NUMBER), m.hart.retired()), (CODE, 0), "{mode}");
    }
}

#[test]
fn an_interrupt_ends_wfi_in_time_and_comes_after_it() {
    for (mode, enabled) in [(Mode::HS, true), (Mode::HS, false), (Mode::U, true)] {
        let (mut m, _) = waiting(hart("wfi=wait"), mode);
        m.set(csr::stvec::NUMBER, CODE);
        m.set(csr::mideleg::NUMBER, csr::mip::SSIP.mask());
        m.set(csr::mie::NUMBER, csr::mip::SSIP.mask());
        m.set(csr::mip::NUMBER, csr::mip::SSIP.mask());
        let status = csr::mstatus::SIE.of(enabled.into()) | csr::mstatus::TW.mask();
        m.set(csr::mstatus::NUMBER, status);
        m.bus.lines.time = 2000;
        m.hart.run(&mut m.bus, 1, None);
        assert_eq!((m.hart.pc(), m.hart.retired(), m.hart.is_waiting()), (CODE + 4, 1, false), "{mode}");
        m.hart.run(&mut m.bus, 1, None);
        let taken = enabled || mode == Mode::U;
        assert_eq!(m.get(csr::sepc::NUMBER), if taken { CODE + 4 } else { 0 }, "{mode}, SIE {enabled}");
    }
}

#[test]
fn wfi_in_vu_mode_is_virtual_however_short_it_is() {
    for wfi in ["wait", "nop", "trap"] {
        let mut m = Machine::new(hart(&format!("wfi={wfi}")));
        let report = m.execute(Mode::VU, Inst::new(Op::wfi)).expect_err("a trap");
        assert_eq!(report.cause, Cause::Exception(Exception::VirtualInst), "{wfi}");
    }
}

#[test]
fn vsatp_ignores_an_unsupported_mode_or_keeps_its_own() {
    let (sv39, sv48) = (8 << 60 | 0x123, 9 << 60 | 0x456);
    for (knobs, left) in [("vsatp-write=fields", 8 << 60 | 0x456), ("vsatp-write=ignored", sv39)] {
        let mut m = Machine::new(hart(&format!("vsatp=sv39,{knobs}")));
        m.set(csr::vsatp::NUMBER, sv39);
        m.set(csr::vsatp::NUMBER, sv48);
        assert_eq!(m.get(csr::vsatp::NUMBER), left, "{knobs}");
    }
}

#[test]
fn fs_that_does_not_track_is_off_or_dirty() {
    use csr::mstatus::{FS, SD};
    for number in [csr::mstatus::NUMBER, csr::sstatus::NUMBER, csr::vsstatus::NUMBER] {
        let mut m = Machine::new(hart("fs=dirty"));
        for (written, read) in [(1, 3), (0, 0), (2, 3), (3, 3)] {
            m.set(number, FS.of(written));
            let status = m.get(number);
            assert_eq!((FS.get(status), SD.is_set(status)), (read, read == 3), "FS {written}");
        }
    }
    let mut m = Machine::new(hart("fs=exact"));
    m.set(csr::mstatus::NUMBER, FS.of(2));
    assert_eq!(FS.get(m.get(csr::mstatus::NUMBER)), 2);
    assert!(m.hart.variant().has(Ext::F));
}
