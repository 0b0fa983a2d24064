//! The supervisor timers: `stimecmp` and, in guest time, `vstimecmp`.
//!
//! Privileged ISA, "Sstc".

use isa::{Inst, Mode, Op, csr};
use iss::Variant;

use crate::machine::Machine;

const STCE: u64 = csr::menvcfg::STCE.mask();
const STIP: u64 = csr::mip::STIP.mask();
const VSTIP: u64 = csr::mip::VSTIP.mask();

/// A hart at tick 1000 with both timers far away.
fn machine() -> Machine {
    let mut m = Machine::new(Variant::default());
    m.set(csr::menvcfg::NUMBER, STCE);
    m.set(csr::henvcfg::NUMBER, STCE);
    m.set(csr::stimecmp::NUMBER, u64::MAX);
    m.set(csr::vstimecmp::NUMBER, u64::MAX);
    at(&mut m, 1000);
    m
}

fn at(m: &mut Machine, time: u64) {
    m.bus.lines.time = time;
    m.hart.run(&mut m.bus, 0, None);
}

#[test]
fn stip_follows_the_comparison_and_cannot_be_written() {
    let mut m = machine();
    for (stimecmp, pending) in [(1001, 0), (1000, STIP), (0, STIP), (u64::MAX, 0)] {
        m.set(csr::stimecmp::NUMBER, stimecmp);
        m.set(csr::mip::NUMBER, STIP);
        assert_eq!(m.get(csr::mip::NUMBER) & STIP, pending, "stimecmp {stimecmp}");
        m.set(csr::mip::NUMBER, 0);
        assert_eq!(m.get(csr::mip::NUMBER) & STIP, pending, "stimecmp {stimecmp}");
    }
    m.set(csr::mip::NUMBER, STIP);
    m.set(csr::menvcfg::NUMBER, 0);
    assert_eq!(m.get(csr::mip::NUMBER), 0, "the write had no effect");
    m.set(csr::mip::NUMBER, STIP);
    assert_eq!(m.get(csr::mip::NUMBER), STIP, "without STCE software decides");
    m.set(csr::menvcfg::NUMBER, STCE);
    assert_eq!(m.get(csr::mip::NUMBER), 0, "with STCE it does not");
}

#[test]
fn vstip_is_hvip_or_the_comparison_in_guest_time() {
    let mut m = machine();
    // htimedelta, vstimecmp, and whether the timer has fired; the sum wraps at 64 bits.
    let rows = [
        (0, 1000, true),
        (0, 1001, false),
        (500, 1500, true),
        (500, 1501, false),
        (900u64.wrapping_neg(), 100, true),
        (900u64.wrapping_neg(), 101, false),
        (1001u64.wrapping_neg(), u64::MAX, true),
        (1001u64.wrapping_neg(), u64::MAX - 1, true),
    ];
    for (delta, vstimecmp, fired) in rows {
        m.set(csr::htimedelta::NUMBER, delta);
        m.set(csr::vstimecmp::NUMBER, vstimecmp);
        for (hvip, pending) in [(0, fired), (VSTIP, true)] {
            m.set(csr::hvip::NUMBER, hvip);
            let expected = if pending { VSTIP } else { 0 };
            assert_eq!(m.get(csr::hip::NUMBER), expected, "htimedelta {delta}, vstimecmp {vstimecmp}");
            assert_eq!(m.get(csr::hvip::NUMBER), hvip, "the comparison does not show in hvip");
        }
    }
    m.set(csr::hvip::NUMBER, 0);
    for (number, value) in [(csr::henvcfg::NUMBER, 0), (csr::menvcfg::NUMBER, 0)] {
        m.set(csr::menvcfg::NUMBER, STCE);
        m.set(csr::henvcfg::NUMBER, STCE);
        assert_eq!(m.get(csr::hip::NUMBER), VSTIP);
        m.set(number, value);
        assert_eq!(m.get(csr::hip::NUMBER), 0, "without STCE, VSTIP is hvip's alone");
    }
}

#[test]
fn guests_read_their_own_time_and_compare_register() {
    let mut m = machine();
    m.set(csr::htimedelta::NUMBER, 77);
    for number in [csr::mcounteren::NUMBER, csr::hcounteren::NUMBER] {
        m.set(number, u64::MAX);
    }
    let time = Inst { rd: 11, imm: csr::time::NUMBER.into(), ..Inst::new(Op::csrrs) };
    for (mode, expected) in [(Mode::M, 1000), (Mode::HS, 1000), (Mode::VS, 1077)] {
        m.execute(mode, time).expect("the counter is open");
        assert_eq!(m.hart.x(11), expected, "{mode}");
    }
    m.hart.set_x(10, 4242);
    let write = Inst { rs1: 10, imm: csr::stimecmp::NUMBER.into(), ..Inst::new(Op::csrrw) };
    m.execute(Mode::VS, write).expect("the timer is open");
    assert_eq!((m.get(csr::stimecmp::NUMBER), m.get(csr::vstimecmp::NUMBER)), (u64::MAX, 4242));
}

#[test]
fn the_next_timer_is_the_earliest_ahead_in_host_time() {
    let mut m = machine();
    // stimecmp, vstimecmp, htimedelta, and when the next of them fires.
    let rows = [
        (u64::MAX, u64::MAX, 0, Some(u64::MAX)),
        (2000, 1500, 0, Some(1500)),
        (2000, 2500, 100, Some(2000)),
        (5000, 2500, 100, Some(2400)),
        (900, 3000, 0, Some(3000)),
        (900, 900, 0, None),
        (1000, 1000, 0, None),
        (900, 200, 900u64.wrapping_neg(), Some(1100)),
        // In guest time that is ahead, but host time ends before.
        (900, u64::MAX, 900u64.wrapping_neg(), None),
    ];
    for (stimecmp, vstimecmp, delta, expected) in rows {
        m.set(csr::stimecmp::NUMBER, stimecmp);
        m.set(csr::vstimecmp::NUMBER, vstimecmp);
        m.set(csr::htimedelta::NUMBER, delta);
        assert_eq!(m.hart.next_timer(), expected, "{stimecmp} {vstimecmp} {delta}");
    }
    m.set(csr::menvcfg::NUMBER, 0);
    m.set(csr::stimecmp::NUMBER, 2000);
    assert_eq!(m.hart.next_timer(), None, "no timer is in use");
}
