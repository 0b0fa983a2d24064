//! What the engine knows of memory against the reference, while page tables, address spaces, protection and the modes
//! that accesses are made in change, with fences and without.
//!
//! A step changes something from outside and executes a few random instructions in some mode, three times over, so that
//! what was looked up the first time is known the next. `VHART_VIEWS_COUNT` says how many steps to take under each
//! policy of the translation cache, `VHART_VIEWS_SEED` where to start; a failure prints the seed of its world.

mod directed;
#[path = "../random/rng.rs"]
mod rng;
mod snippet;
#[path = "../twins/mod.rs"]
mod twins;
mod world;

use std::env;

use iss::Variant;
use iss::variant::{Misaligned, TlbPolicy};
use rng::Rng;
use world::World;

/// Steps under each policy in the quick test.
const DEFAULT_COUNT: u64 = 6_000;

/// Steps in one world, whose tables become ever more random.
const STEPS_PER_WORLD: u64 = 300;

#[test]
fn under_the_exact_policy() {
    check(TlbPolicy::Exact);
}

#[test]
fn without_a_translation_cache() {
    check(TlbPolicy::None);
}

#[test]
fn under_the_sticky_policy() {
    check(TlbPolicy::Sticky);
}

fn check(tlb: TlbPolicy) {
    let count = setting("VHART_VIEWS_COUNT", DEFAULT_COUNT);
    let mut rng = Rng(setting("VHART_VIEWS_SEED", 1));
    let (mut steps, mut trapped) = (0, 0);
    for _ in 0..count.div_ceil(STEPS_PER_WORLD) {
        let seed = rng.next();
        let misaligned = if rng.one_in(4) { Misaligned::Trap } else { Misaligned::Hardware };
        let mut world = World::new(Variant { tlb, misaligned, ..Variant::default() }, Rng(seed));
        for step in 0..STEPS_PER_WORLD {
            let seen = world.step(&|| format!("{tlb:?}, the world of seed {seed}, step {step}"));
            steps += seen.steps;
            trapped += seen.trapped;
        }
        world.compare();
    }
    // Otherwise the test would no longer test much.
    assert!(steps > 10 * trapped && trapped > count, "of {steps} instructions {trapped} trapped");
}

/// The number in an environment variable, or `default` where it is not set.
fn setting(name: &str, default: u64) -> u64 {
    match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is \"{text}\": give a decimal number")),
        Err(_) => default,
    }
}
