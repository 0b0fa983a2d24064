//! The entropy source. Unprivileged ISA, "Entropy Source"; Privileged ISA, "Machine Security Configuration".

use isa::cause::{Cause, Exception};
use isa::csr::{mseccfg, seed};
use isa::{Inst, Mode, Op};
use iss::Variant;

use crate::machine::Machine;

/// An instruction on `seed` with operand register or immediate `rs1`.
fn poll(op: Op, rs1: u8) -> Inst {
    Inst { rd: 11, rs1, imm: seed::NUMBER.into(), ..Inst::new(op) }
}

/// The values of the first polls.
fn polled<const N: usize>(spec: &str, id: usize) -> [u64; N] {
    let mut m = Machine::new(Variant::parse(spec).expect("a hart"));
    m.hart = iss::Hart::new(id, *m.hart.variant());
    [(); N].map(|()| {
        m.hart.set_x(12, u64::MAX);
        m.execute(Mode::M, poll(Op::csrrw, 12)).expect("M-mode may poll");
        m.hart.x(11)
    })
}

#[test]
fn entropy_comes_after_the_self_test_and_every_other_poll() {
    let polls: [u64; 9] = polled("max", 0);
    let states = polls.map(|value| seed::OPST.get(value));
    assert_eq!(states, [0, 1, 2, 1, 2, 1, 2, 1, 2]);
    for value in polls.into_iter().filter(|value| seed::OPST.get(*value) != 2) {
        assert_eq!(seed::ENTROPY.get(value), 0);
    }
    assert!(polls[2] != polls[4] && polls[4] != polls[6]);
}

#[test]
fn the_numbers_are_those_of_the_knob_and_the_hart() {
    let here: [u64; 9] = polled("max", 0);
    assert_eq!(here, polled("max,entropy=0", 0), "a run can be repeated");
    assert_ne!(here, polled("max,entropy=1", 0));
    assert_ne!(here, polled("max", 1));
}

#[test]
fn a_debugger_looks_without_polling() {
    let m = Machine::new(Variant::default());
    assert_eq!(m.hart.csr(seed::NUMBER), m.hart.csr(seed::NUMBER));
    let mut m = m;
    m.execute(Mode::M, poll(Op::csrrwi, 0)).expect("M-mode may poll");
    let shown = m.hart.csr(seed::NUMBER);
    assert_eq!(shown, Some(seed::OPST.of(1)));
    assert_eq!(m.hart.csr(seed::NUMBER), shown);
}

#[test]
fn only_read_write_accesses_are_allowed_and_modes_must_be_let_in() {
    let modes = [Mode::M, Mode::HS, Mode::U, Mode::VS, Mode::VU];
    let (useed, sseed) = (mseccfg::USEED.mask(), mseccfg::SSEED.mask());
    let illegal = Some(Exception::IllegalInst);
    let virt = Some(Exception::VirtualInst);
    for (granted, read_write) in [
        (0, [None, illegal, illegal, illegal, illegal]),
        (useed, [None, illegal, None, illegal, illegal]),
        (sseed, [None, None, illegal, virt, virt]),
        (useed | sseed, [None, None, None, virt, virt]),
    ] {
        for (mode, expected) in modes.into_iter().zip(read_write) {
            let attempt = |inst: Inst| {
                let mut m = Machine::new(Variant::default());
                m.set(mseccfg::NUMBER, granted);
                m.execute(mode, inst).err().map(|report| report.cause)
            };
            for inst in [poll(Op::csrrw, 0), poll(Op::csrrs, 12), poll(Op::csrrci, 1)] {
                assert_eq!(attempt(inst), expected.map(Cause::Exception), "{mode}, mseccfg {granted:#x}");
            }
            for op in [Op::csrrs, Op::csrrc, Op::csrrsi, Op::csrrci] {
                assert_eq!(attempt(poll(op, 0)), illegal.map(Cause::Exception), "{mode}, {op:?}");
            }
        }
    }
}
