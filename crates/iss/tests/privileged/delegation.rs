//! Where traps go: to M-, HS- or VS-mode, and what the destination's CSRs hold then.
//!
//! Privileged ISA, "Trap Entry" of the hypervisor extension and "Machine Trap Delegation (medeleg and
//! mideleg) Registers".

use isa::cause::{Cause, Exception};
use isa::{Inst, Mode, Op, csr};
use iss::Variant;

use crate::machine::{CODE, Machine};

const MTVEC: u64 = 0x1000;
const STVEC: u64 = 0x2000;
const VSTVEC: u64 = 0x3000;

/// A hart whose trap vectors, all in vectored mode, can be told apart.
fn machine() -> Machine {
    let mut m = Machine::new(Variant::default());
    m.set(csr::mtvec::NUMBER, MTVEC | 1);
    m.set(csr::stvec::NUMBER, STVEC | 1);
    m.set(csr::vstvec::NUMBER, VSTVEC | 1);
    m
}

#[test]
fn exceptions_go_as_far_down_as_they_are_delegated() {
    let illegal = Inst::new(Op::mret);
    let bit = Exception::IllegalInst.bit();
    let rows = [
        // mode, medeleg, hedeleg, destination
        (Mode::HS, 0, 0, Mode::M),
        (Mode::HS, bit, 0, Mode::HS),
        (Mode::HS, bit, bit, Mode::HS),
        (Mode::U, bit, bit, Mode::HS),
        (Mode::VS, 0, 0, Mode::M),
        (Mode::VS, 0, bit, Mode::M),
        (Mode::VS, bit, 0, Mode::HS),
        (Mode::VS, bit, bit, Mode::VS),
        (Mode::VU, bit, bit, Mode::VS),
    ];
    for (mode, medeleg, hedeleg, to) in rows {
        let mut m = machine();
        m.set(csr::medeleg::NUMBER, medeleg);
        m.set(csr::hedeleg::NUMBER, hedeleg);
        let report = m.execute(mode, illegal).expect_err("MRET is for M-mode");
        assert_eq!((report.to, m.hart.mode()), (to, to), "from {mode}");
        assert_eq!(
            report.cause,
            Cause::Exception(Exception::IllegalInst),
            "the cause of VS-mode is the same"
        );
        let vector = match to {
            Mode::M => MTVEC,
            Mode::HS => STVEC,
            _ => VSTVEC,
        };
        assert_eq!(m.hart.pc(), vector, "exceptions go to the base of a vectored xtvec");
    }
    let mut m = machine();
    assert_eq!(m.execute(Mode::M, Inst::new(Op::ecall)).expect_err("a call").to, Mode::M, "never down");
}

#[test]
fn environment_calls_have_a_cause_for_each_mode() {
    let rows = [
        (Mode::M, Exception::EcallM),
        (Mode::HS, Exception::EcallS),
        (Mode::U, Exception::EcallU),
        (Mode::VS, Exception::EcallVs),
        (Mode::VU, Exception::EcallU),
    ];
    for (mode, cause) in rows {
        let mut m = machine();
        m.set(csr::hedeleg::NUMBER, u64::MAX);
        let report = m.execute(mode, Inst::new(Op::ecall)).expect_err("a call");
        assert_eq!(report.cause, Cause::Exception(cause));
        assert_eq!((report.tval, report.gva, report.tval2, report.tinst), (0, false, 0, 0));
        let to = match mode {
            Mode::M => Mode::M,
            // A call of VU-mode is the guest kernel's to handle, one of VS-mode never is.
            Mode::VU => Mode::VS,
            _ => Mode::HS,
        };
        assert_eq!(report.to, to, "from {mode}");
    }
}

#[test]
fn a_trap_into_machine_mode_keeps_where_it_came_from() {
    use csr::mstatus::{GVA, MIE, MPIE, MPP, MPV};
    for mode in [Mode::M, Mode::HS, Mode::U, Mode::VS, Mode::VU] {
        let mut m = machine();
        m.set(csr::medeleg::NUMBER, 0);
        m.set(csr::mstatus::NUMBER, MIE.mask() | GVA.mask() | MPV.of(u64::from(!mode.virt)));
        m.set(csr::mtval2::NUMBER, 5);
        m.set(csr::mtinst::NUMBER, 5);
        let hstatus = m.get(csr::hstatus::NUMBER);
        let report = m.execute(mode, Inst::new(Op::ecall)).expect_err("a call");
        assert_eq!((report.tval2, report.tinst, report.gva), (0, 0, false), "nothing stale is left");
        let status = m.get(csr::mstatus::NUMBER);
        assert_eq!(MPP.get(status), mode.privilege as u64);
        assert_eq!(MPV.is_set(status), mode.virt);
        assert!(MPIE.is_set(status) && !MIE.is_set(status));
        assert_eq!(m.get(csr::mepc::NUMBER), CODE);
        assert_eq!(m.get(csr::hstatus::NUMBER), hstatus);
    }
}

#[test]
fn a_trap_into_hs_mode_changes_spvp_only_when_it_comes_from_a_guest() {
    use csr::hstatus::{GVA, SPV, SPVP};
    use csr::sstatus::SPP;
    for (mode, spvp_before, spvp) in [
        (Mode::HS, 0, 0),
        (Mode::HS, 1, 1),
        (Mode::U, 1, 1),
        (Mode::U, 0, 0),
        (Mode::VS, 0, 1),
        (Mode::VU, 1, 0),
    ] {
        let mut m = machine();
        let stale = GVA.mask() | SPV.of(u64::from(!mode.virt)) | SPVP.of(spvp_before);
        m.set(csr::hstatus::NUMBER, stale);
        m.set(csr::htval::NUMBER, 5);
        m.set(csr::htinst::NUMBER, 5);
        let report = m.execute(mode, Inst::new(Op::ecall)).expect_err("a call");
        assert_eq!((report.tval2, report.tinst, report.gva), (0, 0, false), "nothing stale is left");
        let status = m.get(csr::hstatus::NUMBER);
        assert_eq!((SPV.is_set(status), SPVP.get(status)), (mode.virt, spvp), "from {mode}");
        assert_eq!(SPP.get(m.get(csr::sstatus::NUMBER)), mode.privilege as u64);
    }
}

#[test]
fn a_trap_into_vs_mode_leaves_the_hosts_registers_alone() {
    for mode in [Mode::VS, Mode::VU] {
        let mut m = machine();
        m.set(csr::hedeleg::NUMBER, u64::MAX);
        m.set(csr::hstatus::NUMBER, csr::hstatus::GVA.mask());
        let host = [csr::hstatus::NUMBER, csr::sstatus::NUMBER, csr::htval::NUMBER, csr::sepc::NUMBER];
        let before = host.map(|number| m.get(number));
        m.execute(mode, Inst::new(Op::ebreak)).expect_err("a breakpoint");
        assert_eq!(host.map(|number| m.get(number)), before);
        assert_eq!(
            (m.hart.mode(), m.get(csr::vsepc::NUMBER), m.get(csr::vstval::NUMBER)),
            (Mode::VS, CODE, CODE)
        );
        let spp = csr::sstatus::SPP.get(m.get(csr::vsstatus::NUMBER));
        assert_eq!(spp, mode.privilege as u64);
    }
}

/// A breakpoint's trap value is an address, and at V=1 a guest virtual one, even where it is small.
#[test]
fn a_breakpoint_reports_a_guest_virtual_address_at_v_1() {
    for (mode, gva) in [(Mode::M, false), (Mode::HS, false), (Mode::VS, true), (Mode::VU, true)] {
        let mut m = machine();
        let report = m.execute(mode, Inst::new(Op::ebreak)).expect_err("a breakpoint");
        assert_eq!((report.tval, report.gva, report.tinst), (CODE, gva, 0), "from {mode}");
    }
}

/// The fault of HLV is one of HS-mode with a guest virtual address: SPV=0 but GVA=1.
#[test]
fn a_fault_of_hlv_sets_gva_although_v_was_0() {
    let mut m = machine();
    m.hart.set_x(10, 0);
    let report = m.execute(Mode::HS, Inst { rs1: 10, ..Inst::new(Op::hlv_b) }).expect_err("no memory");
    assert_eq!((report.to, report.tval, report.gva), (Mode::HS, 0, true), "GVA also for address 0");
    assert!(!csr::hstatus::SPV.is_set(m.get(csr::hstatus::NUMBER)));
    let report = m.execute(Mode::HS, Inst { rs1: 10, ..Inst::new(Op::lb) }).expect_err("no memory");
    assert!(!report.gva, "the next load is the host's own again");
}

#[test]
fn a_store_conditional_uses_its_reservation_up() {
    let (lr, sc) = (Inst { rs1: 10, ..Inst::new(Op::lr_d) }, Inst { rd: 11, rs1: 10, ..Inst::new(Op::sc_d) });
    let mut m = machine();
    m.hart.set_x(10, CODE + 0x100);
    m.execute(Mode::M, lr).expect("memory is open");
    for result in [0, 1] {
        m.execute(Mode::M, sc).expect("memory is open");
        assert_eq!(m.hart.x(11), result);
    }
    m.execute(Mode::M, lr).expect("memory is open");
    for (address, result) in [(CODE + 0x108, 1), (CODE + 0x100, 1)] {
        m.hart.set_x(10, address);
        m.execute(Mode::M, sc).expect("memory is open");
        assert_eq!(m.hart.x(11), result, "one that fails uses it up too");
    }
}

/// Traps and trap returns end a reservation, so that SC after a world switch fails.
#[test]
fn a_reservation_does_not_outlive_a_trap_or_a_trap_return() {
    let (lr, sc) = (Inst { rs1: 10, ..Inst::new(Op::lr_d) }, Inst { rd: 11, rs1: 10, ..Inst::new(Op::sc_d) });
    for (between, result) in [(Op::addi, 0), (Op::ecall, 1), (Op::mret, 1), (Op::sret, 1)] {
        let mut m = machine();
        m.hart.set_x(10, CODE + 0x100);
        m.execute(Mode::M, lr).expect("memory is open");
        let _ = m.execute(Mode::M, Inst::new(between));
        m.execute(Mode::M, sc).expect("memory is open");
        assert_eq!(m.hart.x(11), result, "{between:?}");
    }
}

/// The hypervisor extension's table of hedeleg has the software check writable, whether or not it occurs.
#[test]
fn hedeleg_has_the_software_check() {
    let mut m = Machine::new(Variant::default());
    m.set(csr::hedeleg::NUMBER, u64::MAX);
    assert_ne!(m.get(csr::hedeleg::NUMBER) & 1 << 18, 0);
}

/// What is not delegated to HS-mode is a read-only zero in hideleg.
#[test]
fn hideleg_delegates_no_more_than_mideleg() {
    let overflow = 1 << 13;
    let mut m = Machine::new(Variant::default());
    m.set(csr::hideleg::NUMBER, overflow);
    assert_eq!(m.get(csr::hideleg::NUMBER), 0);
    m.set(csr::mideleg::NUMBER, overflow);
    m.set(csr::hideleg::NUMBER, overflow);
    assert_eq!(m.get(csr::hideleg::NUMBER), overflow);
    m.set(csr::mideleg::NUMBER, 0);
    assert_eq!(m.get(csr::hideleg::NUMBER), 0);
}

#[test]
fn delegation_registers_have_the_bits_that_the_hart_was_made_with() {
    let variant = Variant { medeleg: 0x8, mideleg: 0x22, hedeleg: 0xc_b1ff, ..Variant::default() };
    let mut m = Machine::new(variant);
    for (number, held) in
        [(csr::medeleg::NUMBER, 0x8), (csr::mideleg::NUMBER, 0x1466), (csr::hedeleg::NUMBER, 0xc_b1ff)]
    {
        m.set(number, u64::MAX);
        assert_eq!(m.get(number), held, "{number:#x}");
    }
}
