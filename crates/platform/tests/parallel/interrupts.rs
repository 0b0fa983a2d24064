//! Interrupts between harts that run at the same time, and those of their timers.

use std::time::{Duration, Instant};

use isa::asm::prelude::*;
use platform::map::DeviceKind;

use super::{X, Y, await_at_least, base, expect_at_least, hart_0_or_others, msip, repeat, run, word};

/// MSIE, MTIE and STIE.
const MSI: u64 = 1 << 3;
const MTI: u64 = 1 << 7;
const STI: u64 = 1 << 5;

/// An interrupt goes round all harts, each of which sleeps until it comes.
#[test]
fn harts_wake_each_other() {
    const ROUNDS: u64 = 1000;
    for harts in [2, 4] {
        run(
            harts,
            |a| {
                a.li(S2, X).li(S3, 1).li(T0, MSI).csrw(csr::mie::NUMBER, T0);
                a.slli(T0, S0, 2).li(T1, msip(0)).add(S4, T0, T1);
                // The next hart's interrupt; the last one's next is hart 0.
                let last = a.label();
                a.mv(S5, T1).li(T0, harts - 1).beq(S0, T0, last).addi(S5, S4, 4).place(last);
                let first = a.label();
                a.bnez(S0, first).sw(S3, 0, S4).place(first);
                repeat(a, ROUNDS, |a| {
                    let (asleep, awake) = (a.here(), a.label());
                    a.csrr(T0, csr::mip::NUMBER).andi(T0, T0, MSI as i32).bnez(T0, awake).wfi().j(asleep);
                    a.place(awake);
                    a.sw(ZERO, 0, S4);
                    a.ld(T0, 0, S2).addi(T0, T0, 1).sd(T0, 0, S2).fence(3, 5).sw(S3, 0, S5);
                });
            },
            |machine| assert_eq!(word(machine, X), harts * ROUNDS),
        );
    }
}

/// Every hart interrupts its neighbour while it is itself being interrupted; none of the interrupts is lost.
#[test]
fn interrupts_come_while_others_are_sent() {
    const ROUNDS: u64 = 1000;
    for harts in [2, 4] {
        run(
            harts,
            |a| {
                // What each hart has received is counted in a line of its own; the next one's is awaited.
                let handler = a.label();
                a.la(T0, handler).csrw(csr::mtvec::NUMBER, T0).li(S3, 1);
                a.slli(T0, S0, 2).li(T1, msip(0)).add(S4, T0, T1).mv(S5, T1);
                a.slli(T0, S0, 6).li(T1, Y).add(S6, T0, T1).mv(S7, T1);
                let last = a.label();
                a.li(T0, harts - 1).beq(S0, T0, last).addi(S5, S4, 4).addi(S7, S6, 64).place(last);
                a.li(T0, MSI).csrw(csr::mie::NUMBER, T0).csrsi(csr::mstatus::NUMBER, 8);
                let begin = a.label();
                a.j(begin).place(handler);
                a.sw(ZERO, 0, S4).ld(A0, 0, S6).addi(A0, A0, 1).fence(15, 15).sd(A0, 0, S6).mret();
                a.place(begin);
                repeat(a, ROUNDS, |a| {
                    a.addi(S8, S8, 1).sw(S3, 0, S5);
                    await_at_least(a, S7, S8);
                });
                // The previous hart may still be at it.
                a.li(S8, ROUNDS);
                await_at_least(a, S6, S8);
            },
            |machine| {
                let received: Vec<_> = (0..harts).map(|hart| word(machine, Y + 64 * hart)).collect();
                assert_eq!(received, vec![ROUNDS; harts as usize]);
            },
        );
    }
}

/// Hart 0 has its timer interrupt it, while the others do nothing but spin.
#[test]
fn timers_interrupt_while_others_spin() {
    const INTERRUPTS: u64 = 50;
    let start = Instant::now();
    for harts in [2, 4] {
        run(
            harts,
            |a| {
                a.li(S2, X).li(S5, INTERRUPTS);
                hart_0_or_others(
                    a,
                    |a| {
                        let (handler, begin) = (a.label(), a.label());
                        a.li(S3, base(DeviceKind::Aclint) + 0xbff8).li(S4, base(DeviceKind::Aclint) + 0x4000);
                        a.la(T0, handler).csrw(csr::mtvec::NUMBER, T0).j(begin);
                        a.place(handler);
                        a.ld(A0, 0, S3).addi(A0, A0, 1000).sd(A0, 0, S4);
                        a.ld(A0, 0, S2).addi(A0, A0, 1).sd(A0, 0, S2).mret();
                        a.place(begin);
                        a.li(T0, MTI).csrw(csr::mie::NUMBER, T0).csrsi(csr::mstatus::NUMBER, 8);
                        await_at_least(a, S2, S5);
                        a.csrci(csr::mstatus::NUMBER, 8);
                    },
                    |a| await_at_least(a, S2, S5),
                );
            },
            |machine| assert!(word(machine, X) >= INTERRUPTS),
        );
    }
    // A tenth of a millisecond each, on two machines by two engines.
    assert!(start.elapsed() >= Duration::from_micros(4 * 100 * (INTERRUPTS - 1)), "{:?}", start.elapsed());
}

/// Every hart sleeps until its own supervisor timer comes, and time never goes back.
#[test]
fn timers_wake_sleeping_harts() {
    const SLEEPS: u64 = 20;
    run(
        4,
        |a| {
            a.li(T0, 1 << 63).csrs(csr::menvcfg::NUMBER, T0).li(T0, STI).csrw(csr::mie::NUMBER, T0);
            repeat(a, SLEEPS, |a| {
                a.csrr(S2, csr::time::NUMBER).li(T0, 5000).add(S3, S2, T0).csrw(csr::stimecmp::NUMBER, S3);
                a.wfi().csrr(S4, csr::time::NUMBER);
                expect_at_least(a, S4, S3);
            });
        },
        |_| (),
    );
}

/// What one hart has read from the clock is past when another reads it, by whichever way.
#[test]
fn time_is_the_same_for_all() {
    run(
        2,
        |a| {
            a.li(S2, X).li(S3, base(DeviceKind::Aclint) + 0xbff8);
            a.slli(T0, S0, 6).add(S4, S2, T0).xori(T0, S0, 1).slli(T0, T0, 6).add(S5, S2, T0);
            repeat(a, 20_000, |a| {
                a.ld(T0, 0, S5).fence(2, 15).csrr(T1, csr::time::NUMBER);
                expect_at_least(a, T1, T0);
                a.ld(T1, 0, S3);
                expect_at_least(a, T1, T0);
                a.csrr(T1, csr::time::NUMBER).fence(15, 1).sd(T1, 0, S4);
            });
        },
        |_| (),
    );
}
