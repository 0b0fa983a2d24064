//! Atomics of harts that get in each other's way.

use isa::asm::prelude::*;

use super::{DATA, X, Y, Z, await_at_least, expect_equal, repeat, run, word};

const ROUNDS: u64 = 3000;

#[test]
fn a_spin_lock_by_amoswap_lets_one_in_at_a_time() {
    for harts in [2, 4] {
        run(
            harts,
            |a| {
                a.li(S2, X).li(S3, Y).li(T0, 1);
                repeat(a, ROUNDS, |a| {
                    let again = a.here();
                    a.amoswap_w(T1, T0, S2, Order::Aq).bnez(T1, again);
                    a.ld(T2, 0, S3).addi(T2, T2, 1).sd(T2, 0, S3);
                    a.amoswap_w(ZERO, ZERO, S2, Order::Rl);
                });
            },
            |machine| assert_eq!(word(machine, Y), harts * ROUNDS),
        );
    }
}

#[test]
fn a_ticket_lock_by_amoadd_lets_one_in_at_a_time() {
    for harts in [2, 4] {
        run(
            harts,
            |a| {
                // X is the next ticket, Y the one that is served.
                a.li(S2, X).li(S3, Y).li(S4, Z).li(T0, 1);
                repeat(a, ROUNDS / 3, |a| {
                    a.amoadd_w(T1, T0, S2, Order::Plain);
                    let again = a.here();
                    a.lw(T2, 0, S3).pause().bne(T1, T2, again).fence(2, 3);
                    a.ld(T2, 0, S4).addi(T2, T2, 1).sd(T2, 0, S4);
                    a.fence(3, 1).addi(T1, T1, 1).sw(T1, 0, S3);
                });
            },
            |machine| assert_eq!(word(machine, Z), harts * (ROUNDS / 3)),
        );
    }
}

#[test]
fn increments_by_lr_and_sc_are_not_lost() {
    for harts in [2, 4] {
        run(
            harts,
            |a| {
                a.li(S2, X).li(S3, Y).andi(S4, S0, 1).slli(S4, S4, 2).add(S3, S3, S4);
                repeat(a, ROUNDS, |a| {
                    let again = a.here();
                    a.lr_d(T0, S2, Order::Plain).addi(T0, T0, 1);
                    a.sc_d(T1, T0, S2, Order::Plain).bnez(T1, again);
                    // The other half of this doubleword is another hart's.
                    let again = a.here();
                    a.lr_w(T0, S3, Order::Aq).addi(T0, T0, 1);
                    a.sc_w(T1, T0, S3, Order::Rl).bnez(T1, again);
                });
            },
            |machine| {
                assert_eq!(word(machine, X), harts * ROUNDS);
                assert_eq!(word(machine, Y), harts / 2 * ROUNDS * 0x1_0000_0001);
            },
        );
    }
}

#[test]
fn sc_fails_after_the_value_has_changed_and_where_lr_was_narrower() {
    run(
        2,
        |a| {
            a.li(S2, X).li(S3, Y).li(S4, 1).li(S5, 2);
            super::hart_0_or_others(
                a,
                |a| {
                    a.lr_w(T0, S2, Order::Plain).sd(S4, 0, S3);
                    await_at_least(a, S3, S5);
                    a.sc_w(T1, S4, S2, Order::Plain);
                    expect_equal(a, T1, S4);
                    // A narrow reservation says nothing of the rest of a doubleword.
                    a.lr_w(T0, S2, Order::Plain).sc_d(T1, S4, S2, Order::Plain);
                    expect_equal(a, T1, S4);
                    a.lr_d(T0, S2, Order::Plain).sc_w(T1, S4, S2, Order::Plain);
                    expect_equal(a, T1, ZERO);
                },
                |a| {
                    await_at_least(a, S3, S4);
                    a.li(T0, 7).sd(T0, 0, S2).fence(1, 1).sd(S5, 0, S3);
                },
            );
        },
        |machine| assert_eq!(word(machine, X), 1),
    );
}

#[test]
fn amos_of_every_width_count_exactly() {
    for harts in [2, 4] {
        run(
            harts,
            |a| {
                a.li(S2, X).li(T0, 1).add(S3, S2, S0).slli(T1, S0, 1).add(S4, S2, T1);
                repeat(a, ROUNDS, |a| {
                    a.amoadd_d(ZERO, T0, S2, Order::Plain);
                    a.addi(S2, S2, 8).amoadd_w(ZERO, T0, S2, Order::AqRl).addi(S2, S2, -8);
                    // Neighbours of what other harts add to.
                    a.addi(T1, S3, 16).amoadd_b(ZERO, T0, T1, Order::Plain);
                    a.addi(T1, S4, 24).amoadd_h(ZERO, T0, T1, Order::Plain);
                });
            },
            |machine| {
                assert_eq!(word(machine, X), harts * ROUNDS);
                assert_eq!(word(machine, X + 8), harts * ROUNDS);
                let each =
                    |bits: u64, value: u64| (0..harts).fold(0, |all, hart| all | value << (bits * hart));
                assert_eq!(word(machine, X + 16), each(8, ROUNDS & 0xff));
                assert_eq!(word(machine, X + 24), each(16, ROUNDS));
            },
        );
    }
}

#[test]
fn compare_and_swap_counts_exactly() {
    for harts in [2, 4] {
        run(
            harts,
            |a| {
                a.li(S2, X);
                repeat(a, ROUNDS, |a| {
                    let again = a.here();
                    a.ld(T0, 0, S2)
                        .mv(T1, T0)
                        .addi(T2, T0, 1)
                        .amocas_d(T0, T2, S2, Order::AqRl)
                        .bne(T0, T1, again);
                });
            },
            |machine| assert_eq!(word(machine, X), harts * ROUNDS),
        );
    }
}

/// Even harts count in the upper half of a pair by AMOCAS.Q, odd ones in the lower by AMOADD.D: neither may undo what
/// the other has done.
#[test]
fn a_pair_is_compared_and_swapped_in_one() {
    for harts in [2, 4] {
        run(
            harts,
            |a| {
                let (odd, end) = (a.label(), a.label());
                a.li(S2, X).li(T0, 1).andi(T1, S0, 1).bnez(T1, odd);
                repeat(a, ROUNDS, |a| {
                    let (again, retry) = (a.here(), a.label());
                    a.ld(A0, 0, S2).ld(A1, 8, S2).mv(A2, A0).addi(A3, A1, 1).mv(A4, A0).mv(A5, A1);
                    a.amocas_q(A0, A2, S2, Order::Plain).bne(A0, A4, retry).bne(A1, A5, retry);
                    let done = a.label();
                    a.j(done).place(retry);
                    a.j(again).place(done);
                });
                a.j(end).place(odd);
                repeat(a, ROUNDS, |a| {
                    a.amoadd_d(ZERO, T0, S2, Order::Plain);
                });
                a.place(end);
            },
            |machine| assert_eq!([X, X + 8].map(|pa| word(machine, pa)), [harts / 2 * ROUNDS; 2]),
        );
    }
}

#[test]
fn waiting_on_a_reservation_ends() {
    run(
        2,
        |a| {
            a.li(S2, X).li(S3, Y);
            super::hart_0_or_others(
                a,
                |a| {
                    // Each value of X is waited for, and answered in Y.
                    repeat(a, 200, |a| {
                        a.ld(S4, 0, S3).addi(S4, S4, 1);
                        let (again, there) = (a.here(), a.label());
                        a.lr_d(T0, S2, Order::Plain).beq(T0, S4, there).wrs_nto().j(again).place(there);
                        a.sd(S4, 0, S3);
                    });
                },
                |a| {
                    repeat(a, 200, |a| {
                        a.ld(S4, 0, S2).addi(S4, S4, 1).sd(S4, 0, S2);
                        await_at_least(a, S3, S4);
                    });
                },
            );
        },
        |machine| assert_eq!(word(machine, X), 200),
    );
}

/// Rounding modes and flags are each hart's own: odd harts compute exactly, even ones do not.
#[test]
fn floating_point_of_one_hart_is_nothing_to_another() {
    run(
        4,
        |a| {
            a.li(T0, 0x2000).csrs(csr::mstatus::NUMBER, T0).li(T0, 8).fcvt_d_l(FT0, T0, Rne);
            a.li(T0, 2).andi(S2, S0, 1).sub(T0, T0, S2).addi(T0, T0, 1).fcvt_d_l(FT1, T0, Rne);
            // Even harts divide by 3, odd ones by 2.
            a.csrwi(csr::frm::NUMBER, 3).fdiv_d(FT2, FT0, FT1, Dyn).fmv_x_d(S3, FT2);
            repeat(a, 3000, |a| {
                a.csrwi(csr::fflags::NUMBER, 0).fdiv_d(FT2, FT0, FT1, Dyn).fmv_x_d(T0, FT2);
                expect_equal(a, T0, S3);
                a.csrr(T0, csr::fflags::NUMBER).xori(T1, S2, 1);
                expect_equal(a, T0, T1);
            });
            a.slli(T0, S0, 3).li(T1, DATA + 0x1000).add(T0, T0, T1).sd(S3, 0, T0);
        },
        |machine| {
            let quotients = [0, 1, 2, 3].map(|hart| f64::from_bits(word(machine, DATA + 0x1000 + 8 * hart)));
            let third = f64::from_bits((8f64 / 3.).to_bits() | 1);
            assert!(quotients[0] >= 8. / 3. && quotients[0] <= third.next_up(), "{quotients:?}");
            assert_eq!((quotients[1], quotients[3]), (4., 4.));
            assert_eq!(quotients[0], quotients[2]);
        },
    );
}
