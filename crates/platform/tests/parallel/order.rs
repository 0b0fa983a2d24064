//! What one hart sees of the order of another's accesses: litmus tests of the memory model.

use isa::asm::prelude::*;

use super::{DATA, X, Y, Z, await_at_least, expect_at_least, hart_0_or_others, repeat, run};

/// Each message is the number of its round.
#[test]
fn a_message_is_there_before_its_flag() {
    for harts in [2, 4] {
        run(
            harts,
            |a| {
                const MESSAGES: u64 = 100_000;
                a.li(S2, X).li(S3, Y);
                hart_0_or_others(
                    a,
                    |a| {
                        repeat(a, MESSAGES, |a| {
                            a.addi(S4, S4, 1).sd(S4, 0, S2).fence(1, 1).sd(S4, 0, S3);
                        });
                    },
                    |a| {
                        a.li(S5, MESSAGES);
                        let again = a.here();
                        a.ld(T0, 0, S3).fence(2, 2).ld(T1, 0, S2);
                        expect_at_least(a, T1, T0);
                        a.bne(T0, S5, again);
                    },
                );
            },
            |_| (),
        );
    }
}

/// Slots of an array of variables, each in a cache line of the host's own.
const SLOTS: u64 = 16_384;
const STRIDE: u64 = 64;
/// Between two meetings of the harts.
const BATCH: u64 = 256;

/// Where the two variables of a slot, and what has been read from them, are.
const ARRAYS: [u64; 2] = [DATA + 0x10_0000, DATA + 0x20_0000];
const READ: [u64; 2] = [DATA + 0x30_0000, DATA + 0x40_0000];

/// Each of two harts stores to its own variable and then reads the other's, `store` to the address in `s2` and `load`
/// from that in `s3` to `t0`. At least one of them must see the other's store.
fn store_buffering(store: impl Fn(&mut Asm), load: impl Fn(&mut Asm)) {
    run(
        2,
        |a| {
            for (register, [own, other]) in [(S2, ARRAYS), (S3, [ARRAYS[1], ARRAYS[0]]), (S4, READ)] {
                a.li(T0, own).li(T1, other).sub(T1, T1, T0).mul(T1, T1, S0).add(register, T0, T1);
            }
            a.li(S6, 1).li(S7, Z).li(S8, STRIDE);
            repeat(a, SLOTS, |a| {
                // At the start of a batch the harts wait for each other.
                let go = a.label();
                a.andi(T0, S1, BATCH as i32 - 1).bnez(T0, go);
                a.addi(S5, S5, 2).amoadd_d(ZERO, S6, S7, Order::AqRl);
                await_at_least(a, S7, S5);
                a.place(go);
                store(a);
                load(a);
                a.sd(T0, 0, S4);
                a.add(S2, S2, S8).add(S3, S3, S8).addi(S4, S4, 8);
            });
        },
        |machine| {
            let read = |hart: usize, slot| super::word(machine, READ[hart] + 8 * slot);
            let neither = (0..SLOTS).filter(|slot| (read(0, *slot), read(1, *slot)) == (0, 0)).count();
            assert_eq!(neither, 0, "of {SLOTS}");
        },
    );
}

#[test]
fn a_fence_orders_a_store_before_a_load() {
    for (before, after) in [(3, 3), (1, 2)] {
        store_buffering(
            |a| {
                a.sd(S6, 0, S2).fence(before, after);
            },
            |a| {
                a.ld(T0, 0, S3);
            },
        );
    }
}

#[test]
fn an_ordered_amo_comes_before_a_load() {
    store_buffering(
        |a| {
            a.amoswap_d(ZERO, S6, S2, Order::AqRl);
        },
        |a| {
            a.ld(T0, 0, S3);
        },
    );
}

#[test]
fn an_ordered_lr_comes_after_a_store() {
    store_buffering(
        |a| {
            a.sd(S6, 0, S2);
        },
        |a| {
            a.lr_d(T0, S3, Order::AqRl);
        },
    );
}
