//! Code at the end of a page, code that is zeroed, and a page that is executed at several addresses.

use isa::Mode;
use isa::asm::prelude::*;
use isa::paging::{Pte, SV39, SV39X4};

use crate::twins::BASE;
use crate::{OTHER_PAGE, RUNS, STEPS, align, assemble, counting, machine, result, stop};

/// A page with nothing but data.
const DATA: u64 = BASE + 0x8000;

/// Stores to the second half of an instruction of four bytes across two pages, by one of several instructions.
#[test]
fn the_second_page_of_an_instruction_changes() {
    type Write = fn(&mut Asm);
    // t0 is the address of the second half, t2 the second half, t1 the whole instruction.
    let writes: [(&str, Write); 5] = [
        ("sh", |a| {
            a.sh(T2, 0, T0);
        }),
        ("sb", |a| {
            a.srli(T2, T2, 8).sb(T2, 1, T0);
        }),
        ("sd behind it", |a| {
            a.ld(T3, 0, T0).srli(T3, T3, 16).slli(T3, T3, 16).or(T3, T3, T2).sd(T3, 0, T0);
        }),
        ("sw across both pages", |a| {
            a.sw(T1, -2, T0);
        }),
        ("amoxor.w", |a| {
            a.lhu(T3, 0, T0).xor(T3, T3, T2).amoxor_w(ZERO, T3, T0, Order::Plain);
        }),
    ];
    for (name, write) in writes {
        for executed_before in [false, true] {
            let code = assemble(|a| {
                let (second, ends) = (a.label(), a.label());
                a.la(T0, second).la(S1, ends).lwu(T1, -2, T0);
                a.li(S3, (counting(0) ^ counting(1)).into()).li(S2, 20);
                let again = a.here();
                a.xor(T1, T1, S3).srli(T2, T1, 16);
                write(a);
                if executed_before {
                    // What follows is a block of the second page.
                    a.la(T4, second).jalr(RA, 2, T4);
                }
                a.jalr(RA, 0, S1).addi(S2, S2, -1).bnez(S2, again);
                stop(a);
                a.space((OTHER_PAGE - 4 - a.pc()) as usize);
                a.place(ends);
                a.c_nop();
                let word = counting(0);
                a.half(word as u16);
                a.place(second);
                a.half((word >> 16) as u16).c_nop().ret();
            });
            for at_once in RUNS {
                let mut twins = machine();
                twins.load(BASE, &code);
                let a0 = result(&mut twins, Mode::M, 1000, at_once);
                assert_eq!(a0, 10 * (STEPS[0] + STEPS[1]) as u64, "{name}, {at_once} steps at once");
            }
        }
    }
}

/// CBO.ZERO makes an illegal instruction of the one in the middle of a block of 64 bytes, and of that before it.
#[test]
fn zeroed_code_is_illegal() {
    for ahead in [0, 4, 60] {
        let code = assemble(|a| {
            let (block, trapped) = (a.label(), a.label());
            a.la(T0, trapped).csrw(csr::mtvec::NUMBER, T0).la(T1, block).li(S2, 3);
            let again = a.here();
            // Executed before it is zeroed, except in the last round.
            a.jalr(RA, ahead, T1).addi(S2, S2, -1).bnez(S2, again);
            a.addi(T2, T1, 13).cbo_zero(T2).jalr(RA, ahead, T1);
            a.place(trapped);
            a.csrr(A1, csr::mcause::NUMBER).csrr(A2, csr::mepc::NUMBER);
            stop(a);
            a.align(64);
            a.place(block);
            for _ in 0..15 {
                a.word(counting(0));
            }
            a.ret();
        });
        for at_once in RUNS {
            let mut twins = machine();
            twins.load(BASE, &code);
            let a0 = result(&mut twins, Mode::M, 300, at_once);
            assert_eq!(a0, 3 * (60 - ahead as u64) / 4, "nothing more is executed there");
            let [cause, epc] = [A1, A2].map(|x| twins.hart(0).x(x.into()));
            assert_eq!((cause, epc % 64), (2, ahead as u64));
        }
    }
}

/// One page of code at several addresses and in every mode: what depends on the address is that of the moment.
#[test]
fn one_page_is_executed_at_several_addresses_and_in_every_mode() {
    const VAS: [u64; 3] = [0x1_0000, 0x7_3000, 0x4000_5000];
    /// From where JAL links to, to where JALR does.
    const LINKED: u64 = 0x18;
    // a1 is where the page is, a2 how far links are from each other, a3 how often the page was executed.
    let code = assemble(|a| {
        let (past, over) = (a.label(), a.label());
        a.auipc(A1, 0).jal(T1, past).place(past);
        a.addi(A3, A3, 1).li(T0, 3);
        let again = a.here();
        a.addi(T0, T0, -1).bnez(T0, again).auipc(T2, 0).jalr(RA, 8, T2);
        a.mv(A2, RA).j(over);
        a.ebreak();
        a.place(over);
        a.sub(A2, A2, T1);
        stop(a);
    });
    let mut twins = machine();
    twins.load(OTHER_PAGE, &code);
    let [supervisor, user, guest, identity] = twins.each(|side| {
        let roots = [(); 4].map(|()| side.new_root());
        for va in VAS {
            side.map(&SV39, roots[0], va, 0, Pte::leaf(OTHER_PAGE, 0xcf));
            side.map(&SV39, roots[1], va, 0, Pte::leaf(OTHER_PAGE, 0xdf));
            side.map(&SV39X4, roots[2], va, 0, Pte::leaf(OTHER_PAGE, 0xdf));
        }
        side.map(&SV39X4, roots[3], BASE, 2, Pte::leaf(BASE, 0xdf));
        roots.map(|root| csr::satp::MODE.of(8) | root >> 12)
    });
    let (first, second) = (csr::satp::ASID.of(1), csr::satp::ASID.of(2));
    let (flat, paged) = (identity | csr::hgatp::VMID.of(1), guest | csr::hgatp::VMID.of(2));
    let spaces = [
        (Mode::M, [0, 0, 0]),
        (Mode::HS, [supervisor | first, 0, 0]),
        (Mode::U, [user | second, 0, 0]),
        (Mode::VS, [0, supervisor | first, flat]),
        (Mode::VU, [0, user | second, flat]),
        (Mode::VS, [0, 0, paged]),
        (Mode::VU, [0, 0, paged]),
    ];
    for round in 0..42 {
        let (mode, [satp, vsatp, hgatp]) = spaces[round % spaces.len()];
        let va = if mode == Mode::M { OTHER_PAGE } else { VAS[round / spaces.len() % VAS.len()] };
        twins.each(|side| {
            side.set(csr::satp::NUMBER, satp);
            side.set(csr::vsatp::NUMBER, vsatp);
            side.set(csr::hgatp::NUMBER, hgatp);
            side.harts[0].set_mode(mode);
            side.harts[0].set_pc(va);
        });
        twins.run(0, 30);
        let [a1, a2, a3] = [A1, A2, A3].map(|x| twins.hart(0).x(x.into()));
        assert_eq!((a1, a2, a3), (va, LINKED, round as u64 + 1), "round {round} in {mode}");
    }
    twins.compare();
}

/// A block that is jumped to, and whose first instruction changes the second one in every other round, executed step
/// by step now and then.
#[test]
fn the_first_step_of_a_block_changes_the_block() {
    let code = assemble(|a| {
        let (target, first, again) = (a.label(), a.label(), a.label());
        a.la(T0, target).li(T1, DATA).xor(S4, T0, T1).mv(T0, T1);
        a.li(S3, (counting(0) ^ counting(1)).into()).li(S2, 20).la(S1, first);
        a.place(again);
        a.xor(T0, T0, S4).jr(S1);
        align(a, 64);
        a.place(first);
        a.amoxor_w(ZERO, S3, T0, Order::Plain);
        a.place(target);
        a.word(counting(0)).addi(S2, S2, -1).bnez(S2, again);
        stop(a);
    });
    // Rounds of six instructions: one step by step, then three at once, from each of the first two rounds on.
    for first in 0..12 {
        let mut twins = machine();
        twins.load(BASE, &code);
        let _ = result(&mut twins, Mode::M, 12 + first, 100);
        for run in [1, 1, 1, 1, 1, 1, 18].repeat(10) {
            twins.run(0, run);
        }
        assert_eq!(twins.hart(0).x(A0.into()), 10 * (STEPS[0] + STEPS[1]) as u64, "from step {first}");
    }
}

/// A guest that changes the instruction after the store a hundred thousand times.
#[test]
fn code_may_change_in_every_round_of_a_long_loop() {
    const ROUNDS: u64 = 100_000;
    let code = assemble(|a| {
        let target = a.label();
        a.la(T0, target).lwu(T1, 0, T0).li(S3, (counting(0) ^ counting(1)).into()).li(S2, ROUNDS);
        let again = a.here();
        a.xor(T1, T1, S3).sw(T1, 0, T0);
        a.place(target);
        a.word(counting(0)).addi(S2, S2, -1).bnez(S2, again);
        stop(a);
    });
    let mut twins = machine();
    twins.load(BASE, &code);
    let a0 = result(&mut twins, Mode::M, 6 * ROUNDS, 1 << 20);
    assert_eq!(a0, ROUNDS / 2 * (STEPS[0] + STEPS[1]) as u64);
}
