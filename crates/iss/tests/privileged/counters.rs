//! What the counters count, when they stand still, and what an overflow does.
//!
//! Privileged ISA, "Hardware Performance Monitor", "Machine Counter-Inhibit (mcountinhibit) Register",
//! "Sscofpmf" and "Smcntrpmf".

use isa::cause::{Exception, Interrupt};
use isa::csr::{mcycle, mhpmcounter3, mhpmevent3, minstret};
use isa::ext::Ext;
use isa::{Inst, Mode, Op, csr};
use iss::Variant;
use iss::event::Event;

use crate::machine::{CODE, Machine};

const MODES: [Mode; 5] = [Mode::M, Mode::HS, Mode::U, Mode::VS, Mode::VU];

/// A write of `x10` to a CSR.
fn write(number: u16) -> Inst {
    Inst { rs1: 10, imm: number.into(), ..Inst::new(Op::csrrw) }
}

fn nop() -> Inst {
    Inst::new(Op::addi)
}

/// What `number` has grown by after `inst` in `mode`.
fn growth(m: &mut Machine, number: u16, mode: Mode, inst: Inst) -> u64 {
    let before = m.get(number);
    // Whether it traps is the test's business.
    let _ = m.execute(mode, inst);
    m.get(number).wrapping_sub(before)
}

#[test]
fn a_step_is_a_cycle_and_what_traps_does_not_retire() {
    let mut m = Machine::new(Variant::default());
    for (inst, retired) in [(nop(), 1), (Inst::new(Op::ecall), 0), (Inst::new(Op::ebreak), 0)] {
        assert_eq!(growth(&mut m, mcycle::NUMBER, Mode::HS, inst), 1, "{inst:?}");
        assert_eq!(growth(&mut m, minstret::NUMBER, Mode::HS, inst), retired, "{inst:?}");
    }
}

/// The value written by one instruction is the value read by the next.
#[test]
fn a_write_is_done_instead_of_the_count() {
    let mut m = Machine::new(Variant::default());
    m.set(mhpmevent3::NUMBER, Event::Instret as u64);
    for number in [mcycle::NUMBER, minstret::NUMBER, mhpmcounter3::NUMBER] {
        m.hart.set_x(10, 1000);
        m.execute(Mode::M, write(number)).expect("M-mode may");
        assert_eq!(m.get(number), 1000, "{number:#x}");
        m.execute(Mode::M, nop()).expect("a no-op");
        assert_eq!(m.get(number), 1001, "{number:#x}");
    }
}

/// A write takes effect after its instruction, which is still counted, or still not.
#[test]
fn inhibition_begins_and_ends_with_the_next_instruction() {
    let mut m = Machine::new(Variant::default());
    m.set(mhpmevent3::NUMBER, Event::Instret as u64);
    let counters = [mcycle::NUMBER, minstret::NUMBER, mhpmcounter3::NUMBER];
    let mut step = |inst: Inst, inhibited: u64| {
        m.hart.set_x(10, inhibited);
        let before = counters.map(|number| m.get(number));
        m.execute(Mode::M, inst).expect("M-mode may");
        let after = counters.map(|number| m.get(number));
        [0, 1, 2].map(|n| after[n] - before[n])
    };
    assert_eq!(step(write(csr::mcountinhibit::NUMBER), 0b1101), [1, 1, 1]);
    assert_eq!(step(nop(), 0), [0, 0, 0]);
    assert_eq!(step(write(csr::mcountinhibit::NUMBER), 0b0100), [0, 0, 0]);
    assert_eq!(step(nop(), 0), [1, 0, 1]);
}

#[test]
fn each_mode_can_be_filtered_out() {
    let filters =
        [mhpmevent3::MINH, mhpmevent3::SINH, mhpmevent3::UINH, mhpmevent3::VSINH, mhpmevent3::VUINH];
    let rows = [
        (mcycle::NUMBER, csr::mcyclecfg::NUMBER, 0),
        (minstret::NUMBER, csr::minstretcfg::NUMBER, 0),
        (mhpmcounter3::NUMBER + 28, mhpmevent3::NUMBER + 28, Event::Instret as u64),
    ];
    for (counter, selector, event) in rows {
        let mut m = Machine::new(Variant::default());
        for filter in filters {
            m.set(selector, filter.mask() | event);
            for (mode, own) in MODES.into_iter().zip(filters) {
                let counted = u64::from(own != filter);
                assert_eq!(growth(&mut m, counter, mode, nop()), counted, "{counter:#x} in {mode}");
            }
        }
    }
}

/// A trap return counts for the mode that it leaves.
#[test]
fn trap_returns_count_where_they_come_from() {
    let mut m = Machine::new(Variant::default());
    let mret = Inst::new(Op::mret);
    m.set(csr::mstatus::NUMBER, csr::mstatus::MPP.of(0));
    m.set(csr::minstretcfg::NUMBER, csr::minstretcfg::MINH.mask());
    assert_eq!(growth(&mut m, minstret::NUMBER, Mode::M, mret), 0);
    m.set(csr::minstretcfg::NUMBER, csr::minstretcfg::UINH.mask());
    assert_eq!(growth(&mut m, minstret::NUMBER, Mode::M, mret), 1);
}

#[test]
fn events_count_what_they_say() {
    use Event::{Branch, Cycle, Exception, Instret, Load, Store, TakenBranch};
    let at = |op| Inst { rd: 11, rs1: 10, rs2: 11, ..Inst::new(op) };
    let rows = [
        (nop(), &[Cycle, Instret][..]),
        (at(Op::ld), &[Cycle, Instret, Load]),
        (at(Op::lr_d), &[Cycle, Instret, Load]),
        (at(Op::sd), &[Cycle, Instret, Store]),
        (at(Op::amoadd_d), &[Cycle, Instret, Store]),
        (at(Op::bne), &[Cycle, Instret, Branch, TakenBranch]),
        (at(Op::beq), &[Cycle, Instret, Branch]),
        (Inst::new(Op::ecall), &[Cycle, Exception]),
    ];
    for (inst, counted) in rows {
        let mut m = Machine::new(Variant::default());
        for event in Event::ALL {
            m.set(mhpmevent3::NUMBER + *event as u16, *event as u64);
        }
        m.hart.set_x(10, CODE + 0x1000);
        let _ = m.execute(Mode::U, inst);
        for event in Event::ALL {
            let count = m.get(mhpmcounter3::NUMBER + *event as u16);
            assert_eq!(count, counted.contains(event).into(), "{event:?} of {inst:?}");
        }
    }
}

/// What is interrupted counts it, also in a filter.
#[test]
fn interrupts_are_counted_for_the_mode_that_they_interrupt() {
    for (filter, counted) in [(mhpmevent3::MINH, 1), (mhpmevent3::UINH, 0)] {
        let mut m = Machine::new(Variant::default());
        m.set(mhpmevent3::NUMBER, Event::Interrupt as u64 | filter.mask());
        m.set(csr::mtvec::NUMBER, CODE);
        m.set(csr::mie::NUMBER, Interrupt::Ssi.bit());
        m.set(csr::mip::NUMBER, Interrupt::Ssi.bit());
        assert_eq!(growth(&mut m, mhpmcounter3::NUMBER, Mode::U, nop()), counted);
    }
}

#[test]
fn a_walk_is_counted_once_while_its_result_is_remembered() {
    let mut m = Machine::new(Variant::default());
    let scheme = &isa::paging::SV39;
    let root = m.new_root();
    m.map(scheme, root, CODE, 2, isa::paging::Pte::leaf(CODE & !0x3fff_ffff, 0xcf));
    m.set(csr::satp::NUMBER, csr::satp::MODE.of(scheme.mode) | root >> 12);
    m.set(mhpmevent3::NUMBER, Event::Walk as u64);
    assert_eq!(growth(&mut m, mhpmcounter3::NUMBER, Mode::HS, nop()), 1);
    assert_eq!(growth(&mut m, mhpmcounter3::NUMBER, Mode::HS, nop()), 0);
}

#[test]
fn an_event_that_does_not_exist_is_no_event() {
    let mut m = Machine::new(Variant::default());
    for number in [0, Event::ALL.len() as u64 + 1, 0xff, 0x100] {
        m.set(mhpmevent3::NUMBER, number);
        assert_eq!(m.get(mhpmevent3::NUMBER), 0);
        assert_eq!(growth(&mut m, mhpmcounter3::NUMBER, Mode::M, nop()), 0);
    }
}

/// OF set by an overflow raises the interrupt; OF that is set already does not, nor does a write.
#[test]
fn an_overflow_sets_of_and_interrupts_once() {
    for hpm_len in [64, 40] {
        let mut m = Machine::new(Variant { hpm_len, ..Variant::default() });
        let ones = u64::MAX >> (64 - hpm_len);
        let (counter, selector) = (mhpmcounter3::NUMBER + 4, mhpmevent3::NUMBER + 4);
        let overflow = |m: &Machine| {
            (mhpmevent3::OF.is_set(m.get(selector)), csr::mip::LCOFIP.is_set(m.get(csr::mip::NUMBER)))
        };
        m.set(selector, Event::Instret as u64);
        m.set(counter, u64::MAX);
        assert_eq!(m.get(counter), ones);
        m.set(counter, 0);
        assert_eq!(overflow(&m), (false, false), "by a write");
        m.set(counter, u64::MAX);
        m.execute(Mode::M, nop()).expect("a no-op");
        assert_eq!((m.get(counter), overflow(&m)), (0, (true, true)));
        assert_eq!(m.get(csr::scountovf::NUMBER), 1 << 7);
        m.set(csr::mip::NUMBER, 0);
        m.set(counter, u64::MAX);
        m.execute(Mode::M, nop()).expect("a no-op");
        assert_eq!((m.get(counter), overflow(&m)), (0, (true, false)), "OF disables the interrupt");
    }
}

#[test]
fn cycle_and_instret_overflow_in_silence() {
    let mut m = Machine::new(Variant::default());
    for number in [mcycle::NUMBER, minstret::NUMBER] {
        m.set(number, u64::MAX);
        m.execute(Mode::M, nop()).expect("a no-op");
        assert_eq!(m.get(number), 0);
        assert_eq!(m.get(csr::mip::NUMBER), 0);
    }
}

/// S-mode sees the OF bits of the counters that mcounteren lets it read, VS-mode those of hcounteren too.
#[test]
fn scountovf_shows_what_the_mode_may_see() {
    let mut m = Machine::new(Variant::default());
    for n in 0..29 {
        m.set(mhpmevent3::NUMBER + n, mhpmevent3::OF.mask());
    }
    m.set(csr::mcounteren::NUMBER, 0b0111_1000);
    m.set(csr::hcounteren::NUMBER, 0b1001_1000);
    let read = Inst { rd: 11, imm: csr::scountovf::NUMBER.into(), ..Inst::new(Op::csrrs) };
    for (mode, seen) in [(Mode::M, 0xffff_fff8), (Mode::HS, 0b0111_1000), (Mode::VS, 0b0001_1000)] {
        m.execute(mode, read).expect("it may be read");
        assert_eq!(m.hart.x(11), seen, "{mode}");
    }
    for (mode, exception) in [(Mode::U, Exception::IllegalInst), (Mode::VU, Exception::VirtualInst)] {
        let report = m.execute(mode, read).expect_err("it is a supervisor CSR");
        assert_eq!(report.cause, isa::cause::Cause::Exception(exception), "{mode}");
    }
}

#[test]
fn counters_that_there_are_not() {
    let mut m = Machine::new(Variant { hpm: 4, ..Variant::default() });
    let event = Event::Instret as u64;
    for n in 0..29 {
        let number = mhpmcounter3::NUMBER + n;
        m.set(mhpmevent3::NUMBER + n, event);
        m.set(number, 7);
        let (selected, grown) = if n < 4 { (event, 1) } else { (0, 0) };
        assert_eq!(m.get(mhpmevent3::NUMBER + n), selected);
        assert_eq!(growth(&mut m, number, Mode::M, nop()), grown);
        assert_eq!(
            m.get(csr::hpmcounter3::NUMBER + n),
            m.get(number),
            "the unprivileged name shows the same"
        );
    }
    let none = Variant::default().without(Ext::Zihpm);
    assert_eq!(Machine::new(none).hart.csr(csr::hpmcounter3::NUMBER), None);
}
