//! Traps that come while traps are disabled: MDT in M-mode, SDT in HS- and VS-mode.
//!
//! Privileged ISA, "Double Trap Control in mstatus Register" and "Double Trap Control in sstatus Register".

use isa::cause::{Cause, Exception, Interrupt};
use isa::ext::Ext;
use isa::{Inst, Mode, Op, csr};
use iss::{Stop, Variant};

use crate::machine::{CODE, Machine};

const SDT: u64 = csr::sstatus::SDT.mask();
const SIE: u64 = csr::sstatus::SIE.mask();
const MDT: u64 = csr::mstatus::MDT.mask();
const MIE: u64 = csr::mstatus::MIE.mask();

/// A hart with double traps in HS- and VS-mode enabled, and all exceptions delegated as far as they can be.
fn machine(variant: Variant) -> Machine {
    let mut m = Machine::new(variant);
    m.set(csr::menvcfg::NUMBER, csr::menvcfg::DTE.mask());
    m.set(csr::henvcfg::NUMBER, csr::henvcfg::DTE.mask());
    m.set(csr::hedeleg::NUMBER, u64::MAX);
    m
}

fn critical() -> Variant {
    Variant::default().with(Ext::Smdbltrp)
}

fn ebreak() -> Inst {
    Inst::new(Op::ebreak)
}

#[test]
fn a_trap_sets_sdt_and_the_next_goes_to_machine_mode() {
    for (mode, to, status) in
        [(Mode::HS, Mode::HS, csr::mstatus::NUMBER), (Mode::VU, Mode::VS, csr::vsstatus::NUMBER)]
    {
        let mut m = machine(Variant::default());
        let report = m.execute(mode, ebreak()).expect_err("EBREAK traps");
        assert_eq!((report.to, report.cause), (to, Cause::Exception(Exception::Breakpoint)));
        assert_eq!(m.get(status) & SDT, SDT, "{to}");

        let first = [csr::sepc::NUMBER, csr::scause::NUMBER, csr::vsepc::NUMBER, csr::vscause::NUMBER];
        let before = first.map(|number| m.get(number));
        let report = m.execute_at(to, CODE).expect_err("EBREAK traps");
        assert_eq!((report.to, report.cause), (Mode::M, Cause::Exception(Exception::DoubleTrap)));
        assert_eq!(report.tval2, Exception::Breakpoint as u64, "mtval2 is what mcause would have been");
        assert_eq!((report.tval, report.gva), (CODE, to.virt));
        assert_eq!(m.get(csr::mepc::NUMBER), CODE);
        assert_eq!(csr::mstatus::MPP.get(m.get(csr::mstatus::NUMBER)), to.privilege as u64);
        assert_eq!(csr::mstatus::MPV.get(m.get(csr::mstatus::NUMBER)), to.virt.into());
        assert_eq!(first.map(|number| m.get(number)), before, "the first trap can still be looked at");
    }
}

/// The address of a guest-page fault makes way for the cause.
#[test]
fn a_double_trap_by_an_interrupt_says_so_in_mtval2() {
    let mut m = machine(Variant::default());
    m.set(csr::mideleg::NUMBER, Interrupt::Ssi.bit());
    m.set(csr::mie::NUMBER, Interrupt::Ssi.bit());
    m.set(csr::mip::NUMBER, Interrupt::Ssi.bit());
    m.set(csr::mstatus::NUMBER, SDT);
    m.set(csr::mtvec::NUMBER, CODE + 0x100);
    m.write(CODE + 0x100, Inst::new(Op::addi).encode().into());
    let report = m.execute(Mode::U, Inst::new(Op::addi)).expect_err("the interrupt is due");
    assert_eq!((report.to, report.cause), (Mode::M, Cause::Exception(Exception::DoubleTrap)));
    assert_eq!(report.tval2, 1 << 63 | Interrupt::Ssi as u64);
}

#[test]
fn without_dte_there_is_no_sdt() {
    let mut m = machine(Variant::default());
    m.set(csr::mstatus::NUMBER, SDT);
    m.set(csr::vsstatus::NUMBER, SDT);
    m.set(csr::henvcfg::NUMBER, 0);
    assert_eq!((m.get(csr::sstatus::NUMBER) & SDT, m.get(csr::vsstatus::NUMBER) & SDT), (SDT, 0));
    m.set(csr::menvcfg::NUMBER, 0);
    for number in [csr::sstatus::NUMBER, csr::mstatus::NUMBER, csr::vsstatus::NUMBER] {
        m.set(number, SDT);
        assert_eq!(m.get(number) & SDT, 0, "{number:#x}");
    }
    m.set(csr::henvcfg::NUMBER, csr::henvcfg::DTE.mask());
    assert_eq!(m.get(csr::henvcfg::NUMBER), 0);
    for _ in 0..2 {
        let report = m.execute(Mode::HS, ebreak()).expect_err("EBREAK traps");
        assert_eq!(report.to, Mode::HS);
    }
}

#[test]
fn setting_sdt_clears_sie_and_keeps_it_clear() {
    for number in [csr::sstatus::NUMBER, csr::mstatus::NUMBER, csr::vsstatus::NUMBER] {
        let mut m = machine(Variant::default());
        for (written, held) in [(SIE, SIE), (SDT | SIE, SDT), (SDT | SIE, SDT), (SIE, SIE), (SDT, SDT)] {
            m.set(number, written);
            assert_eq!(m.get(number) & (SDT | SIE), held, "{number:#x} written {written:#x}");
        }
    }
}

#[test]
fn setting_mdt_clears_mie_and_keeps_it_clear() {
    let mut m = machine(critical());
    assert_eq!(m.get(csr::mstatus::NUMBER) & MDT, MDT, "at reset");
    for (written, held) in [(MIE, MIE), (MDT | MIE, MDT), (MDT | MIE, MDT), (MIE, MIE), (MDT, MDT)] {
        m.set(csr::mstatus::NUMBER, written);
        assert_eq!(m.get(csr::mstatus::NUMBER) & (MDT | MIE), held, "written {written:#x}");
    }
}

#[test]
fn sret_enables_traps_where_it_goes() {
    // Mode and SPP, SPV; what is left of SDT in sstatus and vsstatus.
    let rows = [
        (Mode::HS, Mode::HS, (0, SDT)),
        (Mode::HS, Mode::U, (0, SDT)),
        (Mode::HS, Mode::VS, (0, SDT)),
        (Mode::HS, Mode::VU, (0, 0)),
        (Mode::VS, Mode::VS, (SDT, 0)),
        (Mode::VS, Mode::VU, (SDT, 0)),
    ];
    for (from, to, left) in rows {
        let mut m = machine(Variant::default());
        let spp = csr::sstatus::SPP.of(to.privilege as u64);
        m.set(csr::mstatus::NUMBER, SDT | spp);
        m.set(csr::vsstatus::NUMBER, SDT | spp);
        m.set(csr::hstatus::NUMBER, csr::hstatus::SPV.of(to.virt.into()));
        m.execute(from, Inst::new(Op::sret)).expect("it may return");
        assert_eq!(m.hart.mode(), to);
        let now = (m.get(csr::mstatus::NUMBER) & SDT, m.get(csr::vsstatus::NUMBER) & SDT);
        assert_eq!(now, left, "{from} to {to}");
    }
}

/// With Smdbltrp, a return from M-mode ends MDT, SDT where it goes below HS-mode, and in VU-mode the guest's.
#[test]
fn returns_from_machine_mode_enable_traps() {
    let rows =
        [(Mode::M, SDT, SDT), (Mode::HS, SDT, SDT), (Mode::U, 0, SDT), (Mode::VS, 0, SDT), (Mode::VU, 0, 0)];
    for (to, sdt, guest_sdt) in rows {
        for (variant, left) in [(critical(), (0, sdt, guest_sdt)), (Variant::default(), (0, SDT, SDT))] {
            let mut m = machine(variant);
            let mpp = csr::mstatus::MPP.of(to.privilege as u64);
            m.set(csr::mstatus::NUMBER, SDT | MDT | mpp | csr::mstatus::MPV.of(to.virt.into()));
            m.set(csr::vsstatus::NUMBER, SDT);
            m.execute(Mode::M, Inst::new(Op::mret)).expect("M-mode may");
            assert_eq!(m.hart.mode(), to);
            let status = m.get(csr::mstatus::NUMBER);
            assert_eq!((status & MDT, status & SDT, m.get(csr::vsstatus::NUMBER) & SDT), left, "to {to}");
        }
    }
}

#[test]
fn sret_in_machine_mode_ends_mdt() {
    let mut m = machine(critical());
    m.set(csr::mstatus::NUMBER, MDT | SDT);
    m.set(csr::vsstatus::NUMBER, SDT);
    m.set(csr::hstatus::NUMBER, csr::hstatus::SPV.mask());
    m.execute(Mode::M, Inst::new(Op::sret)).expect("M-mode may");
    assert_eq!(m.hart.mode(), Mode::VU);
    assert_eq!(m.get(csr::mstatus::NUMBER) & (MDT | SDT), 0);
    assert_eq!(m.get(csr::vsstatus::NUMBER) & SDT, 0);
}

/// The hart ceases to execute and nothing of its state changes, whatever becomes pending.
#[test]
fn a_trap_under_mdt_is_a_critical_error() {
    let mut m = machine(critical());
    m.set(csr::mstatus::NUMBER, 0);
    m.execute(Mode::M, ebreak()).expect_err("EBREAK traps");
    assert_eq!(m.get(csr::mstatus::NUMBER) & MDT, MDT);
    let kept = [
        csr::mstatus::NUMBER,
        csr::mepc::NUMBER,
        csr::mcause::NUMBER,
        csr::mtval::NUMBER,
        csr::mtval2::NUMBER,
        csr::minstret::NUMBER,
    ];
    let before = kept.map(|number| m.get(number));
    m.execute_at(Mode::M, CODE).expect("no trap is taken");
    for pending in [0, u64::MAX] {
        m.bus.lines.mip = pending;
        m.set(csr::mie::NUMBER, u64::MAX);
        let outcome = m.hart.run(&mut m.bus, 10, None);
        assert_eq!((outcome.steps, outcome.stop), (0, Stop::CriticalError));
        assert_eq!(m.hart.pc(), CODE);
        assert_eq!(kept.map(|number| m.get(number)), before);
    }
}

/// A double trap of HS-mode is a trap into M-mode like others.
#[test]
fn a_double_trap_sets_mdt() {
    let mut m = machine(critical());
    m.set(csr::mstatus::NUMBER, SDT);
    let report = m.execute(Mode::HS, ebreak()).expect_err("EBREAK traps");
    assert_eq!(report.cause, Cause::Exception(Exception::DoubleTrap));
    assert_eq!(m.get(csr::mstatus::NUMBER) & MDT, MDT);
}

/// mtval2 comes with Ssdbltrp even where there is no hypervisor extension.
#[test]
fn mtval2_without_the_hypervisor_extension() {
    let without = Variant::default().without(Ext::H);
    let mut m = Machine::new(without);
    m.set(csr::menvcfg::NUMBER, csr::menvcfg::DTE.mask());
    m.set(csr::mstatus::NUMBER, SDT);
    let report = m.execute(Mode::HS, ebreak()).expect_err("EBREAK traps");
    assert_eq!(report.tval2, Exception::Breakpoint as u64);
    assert_eq!(Machine::new(without.without(Ext::Ssdbltrp)).hart.csr(csr::mtval2::NUMBER), None);
}
