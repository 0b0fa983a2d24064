//! Code that others change: a device, the host between two runs, another hart.

use isa::Mode;
use isa::asm::prelude::*;
use iss::{Variant, Width};

use crate::twins::{BASE, DEVICE, Twins};
use crate::{OTHER_PAGE, RUNS, STEPS, align, assemble, counting, machine, result, stop};

/// The sum of both steps.
const BOTH: u64 = (STEPS[0] + STEPS[1]) as u64;

/// A device stores, like DMA, to the instruction that comes next in the block of the store that asks for it.
#[test]
fn a_device_stores_to_the_next_instruction() {
    let code = assemble(|a| {
        let target = a.label();
        a.li(S0, DEVICE).la(T0, target).lwu(T1, 0, T0);
        a.li(S3, (counting(0) ^ counting(1)).into()).li(S2, 20);
        let again = a.here();
        a.xor(T1, T1, S3).sd(T1, 0, S0).sd(T0, 8, S0);
        align(a, 4);
        a.place(target);
        a.word(counting(0)).addi(S2, S2, -1).bnez(S2, again);
        stop(a);
    });
    for at_once in RUNS {
        let mut twins = machine();
        twins.load(BASE, &code);
        assert_eq!(result(&mut twins, Mode::M, 1000, at_once), 10 * BOTH);
    }
}

/// A loop with the instruction that changes.
fn counting_loop() -> Vec<u8> {
    assemble(|a| {
        let again = a.here();
        a.word(counting(0)).nop().j(again);
    })
}

/// A debugger writes to code that has been executed: a word, its bytes, or everything that there is.
#[test]
fn the_host_stores_between_two_runs() {
    let code = counting_loop();
    let mut twins = machine();
    twins.load(BASE, &code);
    twins.each(|side| side.harts[0].set_pc(BASE));
    twins.run(0, 300);
    let mut expected = 100 * STEPS[0] as u64;
    for round in 1..10 {
        let word = counting(round % 2);
        twins.each(|side| {
            let ram = &side.bus.ram;
            match round % 3 {
                0 => ram.store(BASE, Width::W, word.into()),
                1 => ram.write(BASE, &word.to_le_bytes()),
                _ => ram.write(BASE, &[&word.to_le_bytes(), &code[4..], &[0; 0x3000]].concat()),
            }
            .expect("main memory");
        });
        twins.run(0, 300);
        expected += 100 * STEPS[round % 2] as u64;
        assert_eq!(twins.hart(0).x(A0.into()), expected, "round {round}");
    }
    twins.compare();
}

/// Two machines of two harts, of which the first executes `victim` and the second `writer`.
fn two_harts(victim: &[u8], writer: &[u8]) -> Twins {
    let mut twins = Twins::with_harts(Variant::default(), 2);
    twins.load(BASE, victim);
    twins.load(OTHER_PAGE, writer);
    twins.each(|side| {
        side.harts[0].set_pc(BASE);
        side.harts[1].set_pc(OTHER_PAGE);
    });
    twins
}

/// A program that stores the next one of both words to `target` in each round of three steps.
fn toggling(target: u64) -> Vec<u8> {
    assemble(|a| {
        a.li(T0, target).lwu(T1, 0, T0).li(S3, (counting(0) ^ counting(1)).into());
        align(a, 4);
        let again = a.here();
        a.xor(T1, T1, S3).sw(T1, 0, T0).j(again);
    })
}

#[test]
fn another_hart_stores() {
    let mut twins = two_harts(&counting_loop(), &toggling(BASE));
    twins.run(1, 30);
    let mut expected = 0;
    for turns in 1..60 {
        // The writer may be anywhere in its loop, and stores once or more often.
        twins.run(1, 1 + turns % 7);
        let word = twins.fast.bus.ram.load(BASE, Width::W).expect("main memory");
        let step = STEPS[usize::from(word == counting(1).into())];
        twins.run(0, 3 * turns);
        expected += turns * step as u64;
        assert_eq!(twins.hart(0).x(A0.into()), expected, "turn {turns}");
    }
    twins.compare();
}

/// Both harts execute the same page, and each changes in its turn what the other one executes.
#[test]
fn two_harts_store_to_code_of_both() {
    let code = assemble(|a| {
        let (target, again) = (a.label(), a.label());
        a.la(T0, target).li(S3, (counting(0) ^ counting(1)).into());
        a.place(again);
        a.lwu(T1, 0, T0).xor(T1, T1, S3).sw(T1, 0, T0);
        for _ in 0..10 {
            a.c_nop();
        }
        align(a, 4);
        a.place(target);
        a.word(counting(0)).j(again);
    });
    let mut twins = two_harts(&code, &code);
    twins.each(|side| side.harts[1].set_pc(BASE));
    for turn in 0..400 {
        twins.run(turn % 2, 1 + turn as u64 % 61);
    }
    twins.compare();
    assert!(twins.hart(0).x(A0.into()) > 50 * BOTH, "the instruction has been executed");
}

/// A hart that stores data next to code of another one does not take the mark from that code.
#[test]
fn another_hart_stores_beside_code_and_then_to_it() {
    let writer = assemble(|a| {
        a.li(T0, BASE).lwu(T1, 0, T0).li(S3, (counting(0) ^ counting(1)).into());
        align(a, 4);
        let again = a.here();
        a.sd(S3, 0x700, T0).sd(S3, 0x708, T0).xor(T1, T1, S3).sw(T1, 0, T0).j(again);
    });
    let mut twins = two_harts(&counting_loop(), &writer);
    for turn in 0..200 {
        twins.run(0, 1 + turn % 13);
        twins.run(1, 1 + turn % 5);
    }
    twins.compare();
    assert!(twins.hart(0).x(A0.into()) > 50 * BOTH, "the instruction has been executed");
}
