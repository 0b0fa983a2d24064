//! Observers that do not want to be told everything: what they are told, and where they stop the hart, is what one that
//! is told everything would make of it.

mod recorder;
#[path = "../twins/mod.rs"]
mod twins;
mod world;

use std::ops::Range;

use isa::asm::prelude::*;
use iss::observe::Interest;
use iss::{Engine, Stop, Variant};
use recorder::{At, Event, Recorder};
use twins::{BASE, Side, Twins};
use world::{DATA, GUEST, GUEST_DATA, HANDLER, world};

/// Steps of a program.
const STEPS: u64 = 3_000;

/// Writes an access.
type Access = fn(&mut Asm) -> &mut Asm;

/// Accesses to t0, which is aligned for all of them, each an instruction or a few; t1, t2 and ft0 are free.
const ACCESSES: [(&str, Access); 21] = [
    ("ld", |a| a.ld(T1, 0, T0)),
    ("lbu", |a| a.lbu(T1, 5, T0)),
    ("c.ld", |a| a.mv(S0, T0).c_ld(S1, 0, S0)),
    ("misaligned lw", |a| a.lw(T1, -2, T0)),
    ("sd", |a| a.sd(T1, 0, T0)),
    ("sb", |a| a.sb(T1, 1, T0)),
    ("c.sw", |a| a.mv(S0, T0).c_sw(S1, 4, S0)),
    ("misaligned sd", |a| a.sd(T1, -4, T0)),
    ("fld", |a| a.fld(FT0, 0, T0)),
    ("fsw", |a| a.fsw(FT0, 4, T0)),
    ("lr.d", |a| a.lr_d(T1, T0, Order::Plain)),
    ("sc.d", |a| a.lr_d(T1, T0, Order::Plain).sc_d(T1, T1, T0, Order::Plain)),
    ("amoadd.w", |a| a.amoadd_w(T1, T2, T0, Order::Plain)),
    ("amomax.d", |a| a.amomax_d(T1, T2, T0, Order::Plain)),
    ("amocas.w", |a| a.amocas_w(T1, T2, T0, Order::Plain)),
    ("amocas.q", |a| a.amocas_q(S2, S4, T0, Order::Plain)),
    ("cbo.zero", |a| a.cbo_zero(T0)),
    ("flh", |a| a.flh(FT0, 0, T0)),
    ("fsh", |a| a.fsh(FT0, 0, T0)),
    ("hlv.d", |a| a.hlv_d(T1, T0)),
    ("hsv.b", |a| a.hsv_b(T1, T0)),
];

/// The machine with this engine.
fn machine(engine: Engine) -> Side {
    let twins = Twins::new(Variant::default());
    if engine == Engine::Fast { twins.fast } else { twins.reference }
}

/// Runs the world on a hart with this engine, watched by `recorder`, in runs of `at_once` steps.
fn record(engine: Engine, recorder: &mut Recorder, at_once: u64) {
    let mut side = machine(engine);
    world(&mut side);
    let Side { harts, bus, .. } = &mut side;
    let mut left = STEPS;
    while left > 0 {
        left -= harts[0].run(bus, at_once.min(left), Some(&mut *recorder)).steps;
    }
}

/// What an observer of everything is told by the reference interpreter.
fn everything(places: &[u64], watched: &[Range<u64>]) -> Recorder {
    let mut recorder = Recorder::new(Interest::Everything, places, watched);
    record(Engine::Reference, &mut recorder, STEPS);
    recorder
}

#[test]
fn an_observer_of_everything_is_told_the_same_by_both_engines() {
    let all = 0..u64::MAX;
    let reference = everything(&[HANDLER], std::slice::from_ref(&all));
    assert!(reference.accesses.len() as u64 > STEPS, "fetches are accesses as well");
    for at_once in [STEPS, 7] {
        let mut fast = Recorder::new(Interest::Everything, &[HANDLER], std::slice::from_ref(&all));
        record(Engine::Fast, &mut fast, at_once);
        assert_eq!(fast.retired, reference.retired);
        assert_eq!(fast.events, reference.events);
        assert_eq!(fast.before, reference.before);
        for (fast, reference) in fast.accesses.iter().zip(&reference.accesses) {
            assert_eq!(fast, reference, "{at_once} steps at once");
        }
        assert_eq!(fast.accesses.len(), reference.accesses.len());
    }
}

#[test]
fn events_are_those_of_an_observer_that_is_told_everything() {
    let everything = everything(&[], &[]);
    assert!(everything.retired > STEPS / 2);
    let count = |is: fn(&Event) -> bool| everything.events.iter().filter(|(_, event)| is(event)).count();
    assert!(count(|event| matches!(event, Event::Trap(_))) > 50);
    assert!(count(|event| matches!(event, Event::Walk(_))) > 100);
    assert!(count(|event| matches!(event, Event::Switch(_))) > 50);
    for interest in [Interest::Events, Interest::Places(1)] {
        for at_once in [STEPS, 7] {
            let mut recorder = Recorder::new(interest, &[], &[]);
            record(Engine::Fast, &mut recorder, at_once);
            assert!(recorder.retired < everything.retired / 2, "blocks were executed");
            assert_eq!(recorder.events, everything.events, "{interest:?}, {at_once} steps at once");
        }
    }
}

#[test]
fn places_and_watched_addresses_are_told_of_as_to_an_observer_that_is_told_everything() {
    // In the handler after a branch, in its loop, at its start; in the guest the load after ECALL; and one address
    // that is never reached, in the middle of an instruction.
    let places = [HANDLER + 0x2c, HANDLER + 0x30, HANDLER, GUEST + 24, GUEST + 2];
    let sets: [(&[u64], &[Range<u64>]); 4] = [
        (&places, &[]),
        (&[], &[DATA + 8..DATA + 12, DATA + 12..DATA + 16]),
        (&[], &[GUEST_DATA..GUEST_DATA + 1, DATA + 18..DATA + 19]),
        (&places[..1], &[GUEST_DATA + 28..GUEST_DATA + 29, GUEST_DATA + 0x800..GUEST_DATA + 0x801]),
    ];
    for (places, watched) in sets {
        let everything = everything(places, watched);
        assert!(everything.before.len() + everything.accesses.len() > 30);
        for at_once in [STEPS, 7] {
            let mut recorder = Recorder::new(Interest::Places(1), places, watched);
            record(Engine::Fast, &mut recorder, at_once);
            assert!(recorder.retired < everything.retired, "blocks were executed");
            assert_eq!(recorder.before, everything.before, "{places:x?}, {at_once} steps at once");
            assert_eq!(recorder.accesses, everything.accesses, "{watched:x?}, {at_once} steps at once");
            assert_eq!(recorder.events, everything.events);
        }
    }
}

/// Where an observer stops a hart in the steps of a program: how many were taken, and the program counter. One that is
/// told everything watches the reference interpreter.
fn stops(interest: Interest, places: &[u64], watched: &[Range<u64>], set_up: &dyn Fn(&mut Side)) -> Vec<At> {
    let mut recorder = Recorder { stops: true, ..Recorder::new(interest, places, watched) };
    let engine = if interest == Interest::Everything { Engine::Reference } else { Engine::Fast };
    let mut side = machine(engine);
    set_up(&mut side);
    let Side { harts, bus, .. } = &mut side;
    let (mut taken, mut stops) = (0, Vec::new());
    while taken < STEPS {
        let outcome = harts[0].run(bus, STEPS - taken, Some(&mut recorder));
        taken += outcome.steps;
        if outcome.stop == Stop::Observer {
            stops.push((taken, harts[0].pc()));
            recorder.resumed = true;
        }
    }
    stops
}

#[test]
fn harts_stop_at_the_same_places() {
    for places in [&[HANDLER + 0x2c][..], &[GUEST + 24, HANDLER], &[BASE, GUEST, GUEST + 0x2c]] {
        let [everything, places_alone] =
            [Interest::Everything, Interest::Places(1)].map(|interest| stops(interest, places, &[], &world));
        assert!(everything.len() > 20, "{places:x?}: {}", everything.len());
        assert_eq!(places_alone, everything, "{places:x?}");
    }
}

/// A loop that makes an access, which is in the middle of a block, in M-mode.
fn accesses(side: &mut Side, access: Access) {
    let mut a = Asm::new(BASE);
    a.li(T0, DATA);
    let again = a.here();
    a.addi(S9, S9, 1).addi(S9, S9, 1);
    access(&mut a);
    a.addi(S9, S9, 1).addi(S9, S9, 1).addi(S9, S9, 1).j(again);
    side.bus.ram.write(BASE, &a.finish().expect("the program assembles")).expect("main memory");
    side.set_field(csr::mstatus::NUMBER, csr::mstatus::FS, 3);
    side.set(csr::menvcfg::NUMBER, csr::menvcfg::CBZE.mask());
    side.harts[0].set_pc(BASE);
}

#[test]
fn harts_stop_after_watched_accesses_of_every_kind() {
    for (name, access) in ACCESSES {
        let set_up = |side: &mut Side| accesses(side, access);
        // What the access touches; a byte of its page that it does not touch; the last byte of the page before.
        for (watched, hits) in [(DATA..DATA + 8, true), (DATA + 0x400..DATA + 0x401, false)] {
            let [everything, places] = [Interest::Everything, Interest::Places(1)]
                .map(|interest| stops(interest, &[], std::slice::from_ref(&watched), &set_up));
            assert_eq!(everything.len() > 200, hits, "{name}: {} stops", everything.len());
            assert_eq!(places, everything, "{name}, {watched:x?} watched");
        }
    }
}

/// The second of the pages that an access crosses is watched, or the first.
#[test]
fn harts_stop_after_accesses_across_the_end_of_a_page() {
    let crossing: Access = |a| a.ld(T1, -4, T0).sd(T1, -5, T0);
    for watched in [DATA..DATA + 1, DATA - 1..DATA, DATA + 2..DATA + 3] {
        let set_up = |side: &mut Side| accesses(side, crossing);
        let [everything, places] = [Interest::Everything, Interest::Places(1)]
            .map(|interest| stops(interest, &[], std::slice::from_ref(&watched), &set_up));
        assert!(everything.len() > 200, "{watched:x?}: {} stops", everything.len());
        assert_eq!(places, everything, "{watched:x?}");
    }
}

/// What is watched, and where to stop, may change between two runs, in code that has been executed before.
#[test]
fn places_may_change_between_two_runs() {
    let mut side = machine(Engine::Fast);
    world(&mut side);
    let Side { harts, bus, .. } = &mut side;
    harts[0].run(bus, STEPS, None);
    let rows: [(u64, Option<u64>, Range<u64>); 4] = [
        (1, Some(HANDLER + 0x2c), 0..0),
        (2, Some(GUEST + 24), 0..0),
        (3, None, DATA + 16..DATA + 20),
        (4, None, GUEST_DATA + 24..GUEST_DATA + 25),
    ];
    for (number, place, watched) in rows {
        let places: Vec<u64> = place.into_iter().collect();
        let mut recorder = Recorder::new(Interest::Places(number), &places, std::slice::from_ref(&watched));
        recorder.stops = true;
        let outcome = harts[0].run(bus, STEPS, Some(&mut recorder));
        assert_eq!(outcome.stop, Stop::Observer, "{places:x?} {watched:x?}");
        match place {
            Some(place) => assert_eq!(harts[0].pc(), place),
            None => assert_eq!(recorder.accesses.len(), 1),
        }
    }
    let mut nothing = Recorder::new(Interest::Places(5), &[], &[]);
    assert_eq!(harts[0].run(bus, STEPS, Some(&mut nothing)).stop, Stop::Budget);
}
