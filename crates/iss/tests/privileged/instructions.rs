//! The privileged instructions in every mode, and what TVM, TW, TSR and their guest counterparts forbid.
//!
//! Privileged ISA, "Trap Cause Codes" of the hypervisor extension, "Virtualization Support in mstatus
//! Register" and "Svinval".

use isa::cause::{Cause, Exception};
use isa::ext::Ext;
use isa::{Inst, Mode, Op, csr};
use iss::variant::Wfi;
use iss::{Stop, Variant};

use crate::machine::{CODE, Machine};

/// What an instruction does in a mode: executes, or raises an exception.
#[derive(Clone, Copy, PartialEq, Debug)]
enum May {
    Run,
    Illegal,
    Virtual,
}
use May::{Illegal, Run, Virtual};

const MODES: [Mode; 5] = [Mode::M, Mode::HS, Mode::U, Mode::VS, Mode::VU];

const TVM: u64 = csr::mstatus::TVM.mask();
const TW: u64 = csr::mstatus::TW.mask();
const TSR: u64 = csr::mstatus::TSR.mask();
const VTVM: u64 = csr::hstatus::VTVM.mask();
const VTW: u64 = csr::hstatus::VTW.mask();
const VTSR: u64 = csr::hstatus::VTSR.mask();
const HU: u64 = csr::hstatus::HU.mask();

/// Checks what `inst` may in each of [`MODES`] with these bits of mstatus and hstatus set.
fn check(inst: Inst, mstatus: u64, hstatus: u64, expected: [May; 5]) {
    for (mode, expected) in MODES.into_iter().zip(expected) {
        let mut m = Machine::new(Variant::default());
        m.set(csr::mstatus::NUMBER, mstatus);
        m.set(csr::hstatus::NUMBER, hstatus);
        m.hart.set_x(10, CODE);
        let found = match m.execute(mode, inst) {
            Ok(()) => Run,
            Err(report) => {
                let found = match report.cause {
                    Cause::Exception(Exception::IllegalInst) => Illegal,
                    Cause::Exception(Exception::VirtualInst) => Virtual,
                    other => panic!("{:?} in {mode}: {other:?}", inst.op),
                };
                let word = u64::from(inst.encode());
                assert_eq!((report.tval, report.gva, report.tval2, report.tinst), (word, false, 0, 0));
                found
            }
        };
        assert_eq!(found, expected, "{:?} in {mode}, mstatus {mstatus:#x}, hstatus {hstatus:#x}", inst.op);
    }
}

#[test]
fn trap_returns() {
    let (mret, sret) = (Inst::new(Op::mret), Inst::new(Op::sret));
    check(mret, 0, 0, [Run, Illegal, Illegal, Illegal, Illegal]);
    check(sret, 0, 0, [Run, Run, Illegal, Run, Virtual]);
    check(sret, TSR, 0, [Run, Illegal, Illegal, Run, Virtual]);
    check(sret, 0, VTSR, [Run, Run, Illegal, Virtual, Virtual]);
    check(sret, TSR, VTSR, [Run, Illegal, Illegal, Virtual, Virtual]);
}

#[test]
fn wait_for_interrupt() {
    let wfi = Inst::new(Op::wfi);
    check(wfi, 0, 0, [Run, Run, Illegal, Run, Virtual]);
    check(wfi, TW, 0, [Run, Illegal, Illegal, Illegal, Illegal]);
    check(wfi, 0, VTW, [Run, Run, Illegal, Virtual, Virtual]);
    check(wfi, TW, VTW, [Run, Illegal, Illegal, Illegal, Illegal]);
}

/// What WRS.NTO may with a reservation in each of [`MODES`], with these bits of mstatus and hstatus set.
fn check_wait_on_reservation(variant: Variant, mstatus: u64, hstatus: u64, expected: [May; 5]) {
    for (mode, expected) in MODES.into_iter().zip(expected) {
        let mut m = Machine::new(variant);
        m.hart.set_x(10, CODE + 0x100);
        m.execute(mode, Inst { rs1: 10, ..Inst::new(Op::lr_w) }).expect("memory");
        m.set(csr::mstatus::NUMBER, mstatus);
        m.set(csr::hstatus::NUMBER, hstatus);
        let found = match m.execute(mode, Inst::new(Op::wrs_nto)) {
            Ok(()) => Run,
            Err(report) if report.cause == Cause::Exception(Exception::IllegalInst) => Illegal,
            Err(report) if report.cause == Cause::Exception(Exception::VirtualInst) => Virtual,
            Err(report) => panic!("{report:?}"),
        };
        assert_eq!(found, expected, "in {mode}, mstatus {mstatus:#x}, hstatus {hstatus:#x}");
    }
}

#[test]
fn a_wait_on_a_reservation_may_be_too_long_for_tw_and_vtw() {
    let v = Variant::default();
    check_wait_on_reservation(v, 0, 0, [Run; 5]);
    check_wait_on_reservation(v, TW, 0, [Run, Illegal, Illegal, Illegal, Illegal]);
    check_wait_on_reservation(v, 0, VTW, [Run, Run, Run, Virtual, Virtual]);
    check_wait_on_reservation(v, TW, VTW, [Run, Illegal, Illegal, Illegal, Illegal]);
    let nop = Variant { wfi: Wfi::Nop, ..v };
    check_wait_on_reservation(nop, TW, VTW, [Run; 5]);
}

/// Without a reservation it completes at once, as WRS.STO always does, so that nothing is too long.
#[test]
fn a_wait_on_no_reservation_is_none() {
    check(Inst::new(Op::wrs_nto), TW, VTW, [Run; 5]);
    check(Inst::new(Op::wrs_sto), TW, VTW, [Run; 5]);
    let mut m = Machine::new(Variant::default());
    m.execute(Mode::M, Inst::new(Op::wrs_nto)).expect("it completes");
    assert!(!m.hart.is_waiting());
}

#[test]
fn fences_of_the_first_stage() {
    for op in [Op::sfence_vma, Op::sinval_vma] {
        let fence = Inst { rs1: 10, ..Inst::new(op) };
        check(fence, 0, 0, [Run, Run, Illegal, Run, Virtual]);
        check(fence, TVM, 0, [Run, Illegal, Illegal, Run, Virtual]);
        check(fence, 0, VTVM, [Run, Run, Illegal, Virtual, Virtual]);
    }
    for op in [Op::sfence_w_inval, Op::sfence_inval_ir] {
        check(Inst::new(op), TVM, VTVM, [Run, Run, Illegal, Run, Virtual]);
    }
}

#[test]
fn fences_of_the_hypervisor() {
    for op in [Op::hfence_vvma, Op::hinval_vvma] {
        check(Inst::new(op), TVM, VTVM, [Run, Run, Illegal, Virtual, Virtual]);
    }
    for op in [Op::hfence_gvma, Op::hinval_gvma] {
        check(Inst::new(op), 0, VTVM, [Run, Run, Illegal, Virtual, Virtual]);
        check(Inst::new(op), TVM, 0, [Run, Illegal, Illegal, Virtual, Virtual]);
    }
}

#[test]
fn accesses_to_guest_memory() {
    let ops = [
        Op::hlv_b,
        Op::hlv_bu,
        Op::hlv_h,
        Op::hlv_hu,
        Op::hlvx_hu,
        Op::hlv_w,
        Op::hlv_wu,
        Op::hlvx_wu,
        Op::hlv_d,
        Op::hsv_b,
        Op::hsv_h,
        Op::hsv_w,
        Op::hsv_d,
    ];
    for op in ops {
        let access = Inst { rs1: 10, ..Inst::new(op) };
        check(access, 0, 0, [Run, Run, Illegal, Virtual, Virtual]);
        check(access, 0, HU, [Run, Run, Run, Virtual, Virtual]);
    }
}

#[test]
fn extensions_that_the_hart_lacks_are_illegal_everywhere() {
    let bare = Variant::default().without(Ext::H).without(Ext::Svinval);
    for op in [Op::hfence_vvma, Op::hfence_gvma, Op::hlv_d, Op::hinval_gvma, Op::sinval_vma] {
        for mode in [Mode::M, Mode::HS, Mode::U] {
            let report = Machine::new(bare).execute(mode, Inst::new(op)).expect_err("no such instruction");
            assert_eq!(report.cause, Cause::Exception(Exception::IllegalInst), "{op:?} in {mode}");
        }
    }
    let without_svinval = Variant::default().without(Ext::Svinval);
    for op in [Op::hinval_gvma, Op::sinval_vma, Op::sfence_w_inval] {
        let report = Machine::new(without_svinval).execute(Mode::VU, Inst::new(op)).expect_err("as above");
        assert_eq!(report.cause, Cause::Exception(Exception::IllegalInst), "{op:?} is not HS-qualified");
    }
}

#[test]
fn guest_accesses_have_the_width_and_sign_of_their_names() {
    let mut m = Machine::new(Variant::default());
    let at = CODE + 0x1000;
    let word = 0x8182_8384_8586_8788;
    m.hart.set_x(10, at);
    let loads = [
        (Op::hlv_b, 0xffff_ffff_ffff_ff88),
        (Op::hlv_bu, 0x88),
        (Op::hlv_h, 0xffff_ffff_ffff_8788),
        (Op::hlv_hu, 0x8788),
        (Op::hlvx_hu, 0x8788),
        (Op::hlv_w, 0xffff_ffff_8586_8788),
        (Op::hlv_wu, 0x8586_8788),
        (Op::hlvx_wu, 0x8586_8788),
        (Op::hlv_d, word),
    ];
    m.write(at, word);
    for (op, value) in loads {
        m.execute(Mode::HS, Inst { rd: 11, rs1: 10, ..Inst::new(op) }).expect("memory is open");
        assert_eq!(m.hart.x(11), value, "{op:?}");
    }
    for (op, mask) in
        [(Op::hsv_b, 0xff), (Op::hsv_h, 0xffff), (Op::hsv_w, 0xffff_ffff), (Op::hsv_d, u64::MAX)]
    {
        m.write(at, word);
        m.hart.set_x(12, 0);
        m.execute(Mode::HS, Inst { rs1: 10, rs2: 12, ..Inst::new(op) }).expect("memory is open");
        assert_eq!(m.read(at), word & !mask, "{op:?}");
    }
}

/// Where returning goes, and what is left in the status registers.
#[test]
fn trap_returns_go_where_the_status_registers_say() {
    use csr::mstatus::{MPP, MPRV, MPV};
    let (mret, sret) = (Inst::new(Op::mret), Inst::new(Op::sret));
    for to in MODES {
        let mut m = Machine::new(Variant::default());
        let status = MPP.of(to.privilege as u64) | MPV.mask() | MPRV.mask();
        let status = if to.virt || to == Mode::M { status } else { status & !MPV.mask() };
        m.set(csr::mstatus::NUMBER, status);
        m.set(csr::mepc::NUMBER, 0x1234_5678);
        m.execute(Mode::M, mret).expect("M-mode may return");
        assert_eq!((m.hart.mode(), m.hart.pc()), (to, 0x1234_5678), "MPV is ignored with MPP=3");
        let left = m.get(csr::mstatus::NUMBER);
        assert_eq!((MPP.get(left), MPV.is_set(left)), (0, false), "{to}");
        assert_eq!(MPRV.is_set(left), to == Mode::M, "{to}");
    }
    for (to, spp, spv) in [(Mode::HS, 1, 0), (Mode::U, 0, 0), (Mode::VS, 1, 1), (Mode::VU, 0, 1)] {
        let mut m = Machine::new(Variant::default());
        m.set(csr::mstatus::NUMBER, csr::sstatus::SPP.of(spp));
        m.set(csr::hstatus::NUMBER, csr::hstatus::SPV.of(spv) | csr::hstatus::SPVP.mask());
        m.set(csr::sepc::NUMBER, 0x4000);
        m.execute(Mode::HS, sret).expect("HS-mode may return");
        assert_eq!((m.hart.mode(), m.hart.pc()), (to, 0x4000));
        let left = m.get(csr::hstatus::NUMBER);
        assert!(!csr::hstatus::SPV.is_set(left) && csr::hstatus::SPVP.is_set(left), "SPVP stays");
    }
    for mode in [Mode::M, Mode::HS, Mode::VS] {
        let mut m = Machine::new(Variant::default());
        m.set(csr::mstatus::NUMBER, MPRV.mask() | MPP.mask());
        m.execute(mode, sret).expect("nothing forbids it");
        assert!(!MPRV.is_set(m.get(csr::mstatus::NUMBER)), "SRET leaves M-mode, from {mode}");
    }
    for (to, spp) in [(Mode::VS, 1), (Mode::VU, 0)] {
        let mut m = Machine::new(Variant::default());
        m.set(csr::vsstatus::NUMBER, csr::sstatus::SPP.of(spp) | csr::sstatus::SPIE.mask());
        m.set(csr::vsepc::NUMBER, 0x4000);
        let sstatus = m.get(csr::sstatus::NUMBER);
        m.execute(Mode::VS, sret).expect("VS-mode may return");
        assert_eq!((m.hart.mode(), m.hart.pc()), (to, 0x4000));
        assert_eq!(m.get(csr::sstatus::NUMBER), sstatus, "the host's status is not touched");
        let left = m.get(csr::vsstatus::NUMBER);
        assert!(csr::sstatus::SIE.is_set(left) && !csr::sstatus::SPP.is_set(left));
    }
}

/// WFI ends with an interrupt that is pending and enabled at its level, taken or not.
#[test]
fn waiting_ends_whatever_masks_the_interrupt() {
    for mode in [Mode::M, Mode::HS, Mode::VS] {
        let mut m = Machine::new(Variant::default());
        m.write(CODE, u64::from(Inst::new(Op::addi).encode()) << 32);
        m.execute(mode, Inst::new(Op::wfi)).expect("WFI is allowed");
        let outcome = m.hart.run(&mut m.bus, 5, None);
        assert_eq!((outcome.steps, outcome.stop), (0, Stop::Waiting));
        m.set(csr::hvip::NUMBER, csr::hvip::VSTIP.mask());
        assert_eq!(m.hart.run(&mut m.bus, 1, None).stop, Stop::Waiting, "pending but not enabled");
        m.set(csr::hideleg::NUMBER, csr::hideleg::VSTI.mask());
        m.set(csr::hie::NUMBER, csr::hie::VSTIE.mask());
        assert_eq!(m.hart.run(&mut m.bus, 1, None).stop, Stop::Budget, "{mode}");
        assert_eq!(m.hart.mode(), mode, "the interrupt is for VS-mode, where it is masked");
    }
}

/// WRS.NTO ends as WFI does, and when the turn of another hart ends the reservation.
#[test]
fn a_wait_on_a_reservation_ends_with_it_or_with_an_interrupt() {
    for mode in MODES {
        let waiting = || {
            let mut m = Machine::new(Variant::default());
            m.hart.set_x(10, CODE + 0x100);
            m.execute(mode, Inst { rs1: 10, ..Inst::new(Op::lr_w) }).expect("memory");
            m.execute(mode, Inst::new(Op::wrs_nto)).expect("nothing forbids it");
            m.write(CODE, u64::from(Inst::new(Op::addi).encode()) << 32);
            assert_eq!(m.hart.run(&mut m.bus, 5, None).stop, Stop::Waiting, "{mode}");
            assert!(m.hart.is_waiting());
            m
        };
        let mut m = waiting();
        m.hart.drop_reservation();
        assert_eq!(m.hart.run(&mut m.bus, 1, None).stop, Stop::Budget, "{mode}");
        let mut m = waiting();
        m.set(csr::hvip::NUMBER, csr::hvip::VSTIP.mask());
        assert_eq!(m.hart.run(&mut m.bus, 1, None).stop, Stop::Waiting, "pending but not enabled");
        m.set(csr::hie::NUMBER, csr::hie::VSTIE.mask());
        assert_eq!(m.hart.run(&mut m.bus, 1, None).stop, Stop::Budget, "{mode}");
    }
}

/// A later WFI does not end with a reservation.
#[test]
fn waiting_for_an_interrupt_is_no_wait_on_a_reservation() {
    let mut m = Machine::new(Variant::default());
    m.hart.set_x(10, CODE + 0x100);
    m.execute(Mode::M, Inst { rs1: 10, ..Inst::new(Op::lr_w) }).expect("memory");
    m.execute(Mode::M, Inst::new(Op::wrs_nto)).expect("nothing forbids it");
    m.hart.drop_reservation();
    m.execute(Mode::M, Inst { rs1: 10, ..Inst::new(Op::lr_w) }).expect("memory");
    m.execute(Mode::M, Inst::new(Op::wfi)).expect("nothing forbids it");
    m.hart.drop_reservation();
    assert_eq!(m.hart.run(&mut m.bus, 1, None).stop, Stop::Waiting);
}

#[test]
fn may_be_operations_write_zero_or_nothing() {
    for (inst, expected) in [
        (Inst { rd: 11, rs1: 12, imm: 21, ..Inst::new(Op::mop_r) }, 0),
        (Inst { rd: 11, rs1: 12, rs2: 11, imm: 5, ..Inst::new(Op::mop_rr) }, 0),
        (Inst { imm: 11, ..Inst::new(Op::c_mop) }, 7),
    ] {
        let mut m = Machine::new(Variant::default());
        m.hart.set_x(11, 7);
        m.hart.set_x(12, 7);
        m.execute(Mode::VU, inst).expect("it never traps");
        assert_eq!((m.hart.x(11), m.hart.x(12)), (expected, 7), "{inst}");
    }
}

#[test]
fn hints_change_nothing() {
    for op in [Op::pause, Op::ntl_p1, Op::ntl_pall, Op::ntl_s1, Op::ntl_all, Op::c_ntl_p1, Op::c_ntl_all] {
        for variant in
            [Variant::default(), Variant::default().without(Ext::Zihintntl).without(Ext::Zihintpause)]
        {
            let mut m = Machine::new(variant);
            m.execute(Mode::VU, Inst::new(op)).expect("a hint never traps");
            assert!((0..32).all(|n| m.hart.x(n) == 0), "{op:?}");
        }
    }
}
