//! Code that one hart writes and another executes.

use isa::Op;
use isa::asm::prelude::*;
use isa::inst::Inst;

use super::{
    DATA, X, Y, await_at_least, expect_at_least, expect_equal, hart_0_or_others, msip, repeat, run, word,
};

/// Where functions are written to.
const CODE: u64 = DATA + 0x10_0000;

/// The function `li a0, 0; ret`, as a doubleword. The constant is in bits 31:20.
fn function() -> u64 {
    let li = Inst { rd: A0.into(), ..Inst::new(Op::addi) }.encode();
    let ret = Inst { rs1: RA.into(), ..Inst::new(Op::jalr) }.encode();
    u64::from(ret) << 32 | u64::from(li)
}

/// Writes the function that returns the value of `s4`, less than 2048, to the address in `s5`: in one store, which no
/// fetch of its first instruction sees half of.
fn write_function(a: &mut Asm) {
    a.slli(T0, S4, 20).li(T1, function()).or(T0, T0, T1).sd(T0, 0, S5);
}

/// Hart 0 writes a function again and again, and the other calls it after FENCE.I. `next` moves `s5` from one place
/// for functions to the next.
fn rewritten(rounds: u64, next: impl Fn(&mut Asm)) {
    run(
        2,
        |a| {
            a.li(S2, X).li(S3, Y).li(S5, CODE);
            hart_0_or_others(
                a,
                |a| {
                    repeat(a, rounds, |a| {
                        a.addi(S6, S6, 1).andi(S4, S6, 0x7ff);
                        write_function(a);
                        a.fence(1, 1).sd(S6, 0, S2);
                        await_at_least(a, S3, S6);
                        next(a);
                    });
                },
                |a| {
                    repeat(a, rounds, |a| {
                        a.addi(S6, S6, 1).andi(S4, S6, 0x7ff);
                        await_at_least(a, S2, S6);
                        a.fence(2, 2).fence_i().jalr(RA, 0, S5);
                        expect_equal(a, A0, S4);
                        a.fence(15, 15).sd(S6, 0, S3);
                        next(a);
                    });
                },
            );
        },
        |machine| assert_eq!(word(machine, Y), rounds),
    );
}

#[test]
fn a_function_written_anew_by_another_hart_is_called_as_it_is() {
    rewritten(5000, |_| ());
}

/// The page of each function is one that the writer has been storing to without a closer look when the other hart
/// executes from it for the first time, and goes on storing to.
#[test]
fn functions_in_new_pages_are_called_as_they_are() {
    const SHIFT: i32 = 2;
    rewritten(6000, |a| {
        // After four functions in a page comes the next page.
        let stay = a.label();
        a.andi(T0, S6, (1 << SHIFT) - 1).bnez(T0, stay).lui(T0, 1).add(S5, S5, T0).place(stay);
    });
}

/// As before, but each page is written to at two places, so that one function has no part in the other's block.
#[test]
fn functions_next_to_each_other_are_called_as_they_are() {
    rewritten(6000, |a| {
        let (stay, same) = (a.label(), a.label());
        a.xori(S5, S5, 0x100).andi(T0, S6, 7).bnez(T0, stay).lui(T0, 1).add(S5, S5, T0).place(stay);
        a.j(same).place(same);
    });
}

/// Hart 0 has the others execute FENCE.I by an interrupt; from then on they must not return older values.
#[test]
fn after_a_remote_fence_i_no_hart_executes_what_was_there_before() {
    const ROUNDS: u64 = 300;
    for harts in [2, 4] {
        run(
            harts,
            |a| {
                // X is the value that must be returned at least; Y counts harts that have had their interrupt.
                a.li(S2, X).li(S3, Y).li(S5, CODE).li(S8, 1).li(S9, msip(0));
                let handler = a.label();
                a.la(T0, handler).csrw(csr::mtvec::NUMBER, T0);
                hart_0_or_others(
                    a,
                    |a| {
                        a.li(S4, 1);
                        write_function(a);
                        a.fence(1, 1).sd(S4, 0, S2);
                        // All are ready when they have counted themselves once.
                        a.addi(S6, S6, harts as i32 - 1);
                        await_at_least(a, S3, S6);
                        repeat(a, ROUNDS, |a| {
                            a.addi(S4, S4, 1);
                            write_function(a);
                            a.fence(1, 5);
                            for other in 1..harts {
                                a.sw(S8, 4 * other as i32, S9);
                            }
                            a.addi(S6, S6, harts as i32 - 1);
                            await_at_least(a, S3, S6);
                            a.fence(3, 3).sd(S4, 0, S2);
                        });
                    },
                    |a| {
                        let ready = a.label();
                        a.j(ready).place(handler);
                        a.slli(T0, S0, 2).add(T0, T0, S9).sw(ZERO, 0, T0).fence(15, 15).fence_i();
                        a.amoadd_d(ZERO, S8, S3, Order::AqRl).mret();
                        a.place(ready);
                        await_at_least(a, S2, S8);
                        a.fence_i().amoadd_d(ZERO, S8, S3, Order::AqRl);
                        a.csrwi(csr::mie::NUMBER, 8).csrsi(csr::mstatus::NUMBER, 8);
                        a.li(S7, ROUNDS + 1);
                        let again = a.here();
                        a.ld(S4, 0, S2).fence(2, 2).jalr(RA, 0, S5);
                        // The handler uses t0 alone, which is in use nowhere here.
                        expect_at_least(a, A0, S4);
                        a.bne(S4, S7, again);
                        a.csrci(csr::mstatus::NUMBER, 8);
                    },
                );
            },
            |machine| assert_eq!(word(machine, Y), (ROUNDS + 1) * (harts - 1)),
        );
    }
}
