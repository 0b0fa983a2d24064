//! How much is decoded anew where a guest stores to pages that it executes.

use isa::asm::prelude::*;

use super::{BASE, Machine};
use crate::engine::code::{Code, STEPS_PER_SLOT};
use crate::engine::view::Views;

impl Machine {
    /// Slots of the code cache that have been taken since the beginning.
    fn slots(&mut self) -> u32 {
        self.hart.engine.code().arena.take(0).expect("there is room")
    }
}

/// A loop that does `round`, one instruction for which t0 is [`BASE`], and counts a0.
fn rounds(round: impl FnOnce(&mut Asm)) -> Machine {
    Machine::new(|a| {
        let again = a.label();
        a.li(T0, BASE).j(again);
        a.align(LOOP);
        a.place(again);
        round(a);
        a.addi(A0, A0, 1).j(again);
    })
}

/// Where loops are.
const LOOP: u64 = 64;

/// The slots that are taken while `machine`, which has been started before, goes through its loop of `len`
/// instructions so many times.
fn slots_of_rounds(machine: &mut Machine, rounds: u64, len: u64) -> u64 {
    // Where the first run ends in the loop, a block of its own is built.
    machine.run(100);
    machine.run(2 * len);
    let (slots, a0) = (machine.slots(), machine.hart.x(A0.into()));
    machine.run(rounds * len);
    assert_eq!(machine.hart.x(A0.into()), a0 + rounds);
    u64::from(machine.slots() - slots)
}

#[test]
fn a_loop_is_decoded_once() {
    let mut machine = rounds(|a| {
        a.addi(A1, A1, 1);
    });
    assert_eq!(slots_of_rounds(&mut machine, 100_000, 3), 0);
}

/// Data close to hot code, but in another piece of its page, as constants that are stored to sometimes.
#[test]
fn stores_to_data_in_a_page_with_code_rebuild_nothing() {
    for offset in [LOOP + 64, 0x400, 0x7f8] {
        let mut machine = rounds(|a| {
            a.sd(ZERO, offset as i32, T0);
        });
        assert_eq!(slots_of_rounds(&mut machine, 100_000, 3), 0, "a store {offset:#x} bytes into the page");
    }
}

/// A store to the piece that the loop is in rebuilds what the loop executes, and what other pieces hold stays.
#[test]
fn a_store_to_code_rebuilds_the_blocks_of_its_piece_alone() {
    const ROUNDS: u64 = 10_000;
    for offset in [0, 8, 56] {
        let mut machine = Machine::new(|a| {
            let (again, far) = (a.label(), a.label());
            a.li(T0, BASE + LOOP).j(again);
            a.align(LOOP);
            a.place(again);
            a.ld(T1, offset, T0).sd(T1, offset, T0).addi(A0, A0, 1).j(far);
            a.align(64);
            a.place(far);
            for _ in 0..60 {
                a.addi(A1, A1, 1);
            }
            a.j(again);
        });
        let rebuilt = slots_of_rounds(&mut machine, ROUNDS, 65);
        assert!(rebuilt >= ROUNDS, "the test stores to code");
        // Four instructions, a header and a tail; and again from after the store, where the block was left.
        assert!(
            rebuilt <= (6 + 4) * ROUNDS,
            "{rebuilt} slots for {ROUNDS} stores {offset} bytes into the piece"
        );
    }
}

/// A function of another page that is changed before each call: its page is decoded, dropped and released in turn.
#[test]
fn code_that_is_written_anew_before_each_call_is_built_once_for_each() {
    const ROUNDS: u64 = 10_000;
    let mut machine = Machine::new(|a| {
        let (again, function) = (a.label(), a.label());
        a.la(T0, function).lw(T1, 0, T0);
        a.place(again);
        a.sw(T1, 0, T0).jalr(RA, 0, T0).j(again);
        a.align(0x1000);
        a.place(function);
        a.addi(A0, A0, 1).ret();
    });
    let rebuilt = slots_of_rounds(&mut machine, ROUNDS, 5);
    assert!(rebuilt >= ROUNDS, "the test stores to code");
    // Two instructions, a header and a tail.
    assert!(rebuilt <= 4 * ROUNDS, "{rebuilt} slots for {ROUNDS} rounds");
}

/// Stores to a page whose code is gone need no closer look any more.
#[test]
fn a_page_without_blocks_is_not_marked() {
    let mut machine = Machine::new(|a| {
        let (function, done) = (a.label(), a.label());
        a.la(T0, function).jalr(RA, 0, T0).sd(ZERO, 0, T0);
        a.place(done);
        a.j(done);
        a.align(0x1000);
        a.place(function);
        a.addi(A0, A0, 1).ret();
    });
    let is_marked = |machine: &Machine| machine.bus.0.code().is_marked(1);
    machine.run(5);
    assert!(is_marked(&machine), "the function has been executed");
    machine.run(10);
    assert!(!is_marked(&machine), "there is no function any more");
    assert_eq!(machine.hart.x(A0.into()), 1);
}

/// When the code cache is full it is emptied, and the hart goes on.
#[test]
fn a_full_code_cache_is_emptied() {
    let mut machine = rounds(|a| {
        a.addi(A1, A1, 1);
    });
    machine.run(300);
    let a0 = machine.hart.x(A0.into());
    let arena = &mut machine.hart.engine.code().arena;
    let mut piece = 1 << 30;
    while piece > 0 {
        let used = arena.take(0).unwrap_or_default();
        if arena.take(piece).is_none() {
            arena.truncate(used as usize);
            piece /= 2;
        }
    }
    // Another instruction in the loop, for which there is no room.
    machine.bus.0.write(BASE + LOOP, &0x0025_8593_u32.to_le_bytes()).expect("main memory");
    machine.run(300);
    assert_eq!(machine.hart.x(A0.into()), a0 + 100);
    assert_eq!(machine.hart.x(A1.into()), a0 + 200, "addi a1, a1, 2");
    assert!(machine.slots() < 100, "the cache has been emptied");
}

/// Room is made for code that is executed again and again, not for all that is executed once.
#[test]
fn the_code_cache_grows_only_where_it_is_full_again_soon() {
    let (mut code, mut views) = (Code::new(), Views::new());
    let room = code.arena.room();
    let long = STEPS_PER_SLOT * room as u64;
    code.make_room(&mut views, long);
    assert_eq!(code.arena.room(), room, "the guest has done much since the beginning");
    code.make_room(&mut views, 2 * long - 1);
    assert_eq!(code.arena.room(), 2 * room, "it was full not long ago");
    (0..20).for_each(|_| code.make_room(&mut views, 2 * long));
    let most = code.arena.room();
    assert!(code.arena.take(most - 100).is_some() && code.arena.take(100).is_none(), "there is an end");
}

/// A page of which nothing is executed any more costs nothing once room is made.
#[test]
fn pages_go_when_room_is_made() {
    let mut machine = rounds(|a| {
        a.addi(A1, A1, 1);
    });
    machine.run(300);
    let a0 = machine.hart.x(A0.into());
    let engine = &mut machine.hart.engine;
    let code = engine.code.as_deref_mut().unwrap();
    assert!(code.pages() > 0);
    code.make_room(&mut engine.views, 0);
    assert_eq!(code.pages(), 0);
    machine.run(300);
    assert_eq!(machine.hart.x(A0.into()), a0 + 100, "the hart goes on");
}
