//! Floating point by the host's against SoftFloat: every F and D instruction, as an encoded instruction, on a hart with
//! each engine, must do the same to registers, flags and `mstatus`.
//!
//! `VHART_FLOAT_COUNT` says how many instructions with random operands to execute, `VHART_FLOAT_SEED` where to start.

mod bench;
mod operands;
#[path = "../ram_only/mod.rs"]
mod ram_only;
#[path = "../random/rng.rs"]
mod rng;

use std::env;

use bench::{Bench, DIRTY, LANES, State, programs};
use isa::Mode;
use operands::{Kind, doubles, integers, random, singles};
use rng::Rng;

/// Instructions with random operands in the quick test.
const DEFAULT_COUNT: u64 = 600_000;

const NX: u64 = 1;

/// The state in which the host's floating point is used: nothing more can be raised than what is.
const READY: State = State { mode: Mode::M, fs: DIRTY, vs_fs: DIRTY, frm: 0, fflags: NX };

/// The special operands of instructions of `kind`.
fn specials(kind: Kind) -> Vec<u64> {
    match kind {
        Kind::Single => singles(),
        Kind::Double => doubles(),
        Kind::Integer => integers(),
    }
}

#[test]
fn special_operands_in_pairs_and_triples() {
    let mut bench = Bench::new();
    let mut count = 0;
    for program in programs().iter().filter(|program| [0, 1, 7].contains(&program.rm())) {
        let all = specials(program.kind());
        // Each lane has operands of its own: the next combination.
        let combinations = match program.operands() {
            1 => all.iter().map(|a| [*a, 0, 0]).collect::<Vec<_>>(),
            2 => all.iter().flat_map(|a| all.iter().map(|b| [*a, *b, 0])).collect(),
            _ => {
                let few: Vec<u64> = all.iter().step_by(2).copied().collect();
                let pairs = few.iter().flat_map(|a| few.iter().map(|b| (*a, *b)));
                pairs.flat_map(|(a, b)| few.iter().map(move |c| [a, b, *c])).collect()
            }
        };
        for lanes in combinations.chunks(LANES) {
            bench.check(program, READY, lanes);
            count += lanes.len();
        }
    }
    assert!(count > 300_000, "only {count} instructions were executed");
}

#[test]
fn every_state_of_rounding_modes_flags_and_fs() {
    let mut bench = Bench::new();
    let mut rng = Rng(1);
    for program in programs() {
        let all = specials(program.kind());
        for frm in 0..8 {
            if program.rm() != 7 && !matches!(frm, 0 | 7) {
                continue;
            }
            for fflags in [0, NX, 0x1e, 0x1f] {
                for (mode, fs, vs_fs) in [
                    (Mode::M, 0, 0),
                    (Mode::M, 1, 0),
                    (Mode::M, 2, 0),
                    (Mode::M, 3, 0),
                    (Mode::VS, 3, 0),
                    (Mode::VS, 3, 2),
                    (Mode::VS, 1, 3),
                    (Mode::VS, 3, 3),
                ] {
                    let lanes: [_; LANES] = std::array::from_fn(|_| [(); 3].map(|()| rng.pick(&all)));
                    bench.check(&program, State { mode, fs, vs_fs, frm, fflags }, &lanes);
                }
            }
        }
    }
}

#[test]
fn random_operands() {
    let count = setting("VHART_FLOAT_COUNT", DEFAULT_COUNT);
    let mut rng = Rng(setting("VHART_FLOAT_SEED", 1));
    let mut bench = Bench::new();
    let programs = programs();
    for _ in 0..count.div_ceil(LANES as u64) {
        let program = &programs[rng.below(programs.len() as u64) as usize];
        let seed = rng.0;
        let lanes: [_; LANES] = std::array::from_fn(|_| random(program.inst().op, program.kind(), &mut rng));
        bench.check_seeded(program, READY, &lanes, seed);
    }
}

/// The number in an environment variable, or `default` where it is not set.
fn setting(name: &str, default: u64) -> u64 {
    match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is \"{text}\": give a decimal number")),
        Err(_) => default,
    }
}
