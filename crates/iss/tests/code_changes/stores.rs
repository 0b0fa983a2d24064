//! Stores of every kind to code of the program itself.

use isa::Mode;
use isa::asm::Label;
use isa::asm::prelude::*;

use crate::twins::{BASE, Twins};
use crate::{OTHER_PAGE, RUNS, STEPS, align, assemble, counting, length, machine, result, stop};

/// How often the instruction is changed and executed.
const ROUNDS: u64 = 20;

/// Enough for [`ROUNDS`] rounds of every program.
const ENOUGH: u64 = 2000;

/// Writes the word in t1 to the address in t0, a multiple of 8; t2 to t4 are free.
type Write = fn(&mut Asm);

/// Ways to write a word.
const WRITES: [(&str, Write); 16] = [
    ("sw", |a| {
        a.sw(T1, 0, T0);
    }),
    ("sb", |a| {
        for n in 0..4 {
            a.srli(T2, T1, 8 * n).sb(T2, n, T0);
        }
    }),
    ("sb of what changes alone", |a| {
        a.srli(T2, T1, 28).slli(T2, T2, 4).lbu(T3, 3, T0).andi(T3, T3, 15).or(T2, T2, T3).sb(T2, 3, T0);
    }),
    ("sh", |a| {
        a.srli(T2, T1, 16).sh(T1, 0, T0).sh(T2, 2, T0);
    }),
    ("sd", |a| {
        a.ld(T2, 0, T0).srli(T2, T2, 32).slli(T2, T2, 32).or(T2, T2, T1).sd(T2, 0, T0);
    }),
    ("c.sw", |a| {
        a.mv(S0, T0).mv(S1, T1).c_sw(S1, 0, S0);
    }),
    ("misaligned sw", |a| {
        a.lhu(T2, -2, T0).slli(T3, T1, 16).or(T2, T2, T3).srli(T3, T1, 16).sw(T2, -2, T0).sh(T3, 2, T0);
    }),
    ("misaligned sd", |a| {
        a.lhu(T2, -2, T0).slli(T3, T1, 16).or(T2, T2, T3);
        a.lhu(T3, 4, T0).slli(T3, T3, 48).or(T2, T2, T3).sd(T2, -2, T0);
    }),
    ("fsw", |a| {
        a.fmv_w_x(FT0, T1).fsw(FT0, 0, T0);
    }),
    ("fsd", |a| {
        a.ld(T2, 0, T0).srli(T2, T2, 32).slli(T2, T2, 32).or(T2, T2, T1).fmv_d_x(FT0, T2).fsd(FT0, 0, T0);
    }),
    ("amoswap.w", |a| {
        a.amoswap_w(ZERO, T1, T0, Order::Plain);
    }),
    ("amoadd.d", |a| {
        a.lwu(T2, 0, T0).sub(T2, T1, T2).amoadd_d(ZERO, T2, T0, Order::AqRl);
    }),
    ("amoxor.b", |a| {
        a.lbu(T2, 3, T0).srli(T3, T1, 24).xor(T2, T2, T3).addi(T3, T0, 3).amoxor_b(
            ZERO,
            T2,
            T3,
            Order::Plain,
        );
    }),
    ("lr.w and sc.w", |a| {
        a.lr_w(T2, T0, Order::Plain).sc_w(T2, T1, T0, Order::Plain);
    }),
    ("amocas.w", |a| {
        a.lw(T2, 0, T0).amocas_w(T2, T1, T0, Order::Plain);
    }),
    ("hsv.w", |a| {
        a.hsv_w(T1, T0);
    }),
];

/// Adds a loop of [`ROUNDS`] rounds around `round`, which is to toggle the word in t1 by XOR with s3.
fn rounds(a: &mut Asm, target: Label, round: impl FnOnce(&mut Asm)) {
    a.la(T0, target).lwu(T1, 0, T0).li(S3, (counting(0) ^ counting(1)).into()).li(S2, ROUNDS);
    let again = a.here();
    round(a);
    a.addi(S2, S2, -1).bnez(S2, again);
    stop(a);
}

/// Where the instruction is, as seen from what writes it.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Place {
    /// The next one; behind FENCE.I, if there is one.
    Next,
    /// The next but four.
    Ahead,
    /// At the start of the loop.
    Before,
    /// In another page, which is called.
    OtherPage,
    /// As before, but words are stored there before it is executed for the first time.
    DataPage,
}

const PLACES: [Place; 5] = [Place::Next, Place::Ahead, Place::Before, Place::OtherPage, Place::DataPage];

/// What every program leaves in a0: where the new instruction is executed next, and where that comes in the round
/// after, as many of the old and of the new ones are executed.
const EXPECTED: u64 = ROUNDS / 2 * (STEPS[0] + STEPS[1]) as u64;

/// The program that changes an instruction at `place` by `write`, at its address plus `distance`.
fn program(write: Write, place: Place, fenced: bool, distance: u64) -> Vec<u8> {
    let change = |a: &mut Asm| {
        a.xor(T1, T1, S3);
        write(a);
        if fenced {
            a.fence_i();
        }
    };
    assemble(|a| {
        let target = a.label();
        a.li(S5, distance);
        let instruction = |a: &mut Asm| {
            a.place(target);
            a.word(counting(0)).c_nop().c_nop();
        };
        match place {
            Place::Next | Place::Ahead => rounds(a, target, |a| {
                a.la(T0, target).add(T0, T0, S5);
                // What aligns the instruction comes before the block that it is in.
                let over = a.label();
                a.j(over);
                while !(a.pc() + length(change) as u64).is_multiple_of(8) {
                    a.c_nop();
                }
                a.place(over);
                change(a);
                if place == Place::Ahead {
                    a.addi(A1, A1, 1).addi(A1, A1, 1).addi(A1, A1, 1).addi(A1, A1, 1);
                }
                instruction(a);
            }),
            Place::Before => rounds(a, target, |a| {
                let over = a.label();
                a.j(over);
                align(a, 8);
                a.place(over);
                instruction(a);
                a.la(T0, target).add(T0, T0, S5);
                change(a);
            }),
            Place::OtherPage | Place::DataPage => {
                rounds(a, target, |a| {
                    a.la(T0, target).add(T0, T0, S5);
                    if place == Place::DataPage {
                        a.sd(ZERO, 0x100, T0);
                    }
                    change(a);
                    a.call(target);
                });
                a.space((OTHER_PAGE - a.pc()) as usize);
                instruction(a);
                a.ret();
            }
        }
    })
}

/// Runs every program on machines that `machine` makes, in `mode`, each in runs of so many steps.
pub(crate) fn check(machine: impl Fn() -> Twins, mode: Mode, distance: u64, runs: &[u64]) {
    // HSV is for those above the guest.
    let may_hsv = matches!(mode, Mode::M | Mode::HS);
    for (name, write) in WRITES.into_iter().filter(|(name, _)| may_hsv || *name != "hsv.w") {
        for (place, fenced) in PLACES.into_iter().flat_map(|place| [(place, false), (place, true)]) {
            let code = program(write, place, fenced, distance);
            for at_once in runs.iter().copied() {
                let mut twins = machine();
                twins.load(BASE, &code);
                let a0 = result(&mut twins, mode, ENOUGH, at_once);
                let what = format!("{name}, {place:?}, FENCE.I: {fenced}, {at_once} steps at once, {mode}");
                assert_eq!(a0, EXPECTED, "{what}");
            }
        }
    }
}

#[test]
fn stores_of_every_kind_change_what_is_executed() {
    check(machine, Mode::M, 0, &RUNS);
}
