//! Guests that execute anything, and monitors that ask for anything at any moment.
//!
//! Whatever they do, nothing panics, every run ends with its time, errors are those that KVM has, another guest on the same
//! harts computes what it would alone, and in the end they can still be used, and no memory is lost. A few seconds in
//! `cargo test`; `cargo xtask fuzz-hypervisor` goes on for longer.

mod code;
mod life;
mod monitor;
mod recovery;
mod storm;
mod witness;

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use hyp::museum::{Mistake, repeat};
use life::Tally;

/// A number from the environment, for `cargo xtask fuzz-hypervisor`.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is not a number")))
}

/// So many seeds; or those from a given one on, until a given time is over.
pub(crate) fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let first = given("VHART_FUZZ_SEED").unwrap_or(0);
    let time = given("VHART_FUZZ_SECONDS").map(Duration::from_secs);
    let start = Instant::now();
    (first..).take_while(move |seed| match time {
        Some(time) => start.elapsed() < time,
        None => *seed < first + count,
    })
}

/// Says which seed of which test it was if something panics.
pub(crate) struct Seed(pub(crate) u64, pub(crate) &'static str);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Seed(seed, test) = self;
            println!(
                "to see this again: VHART_FUZZ_SEED={seed} cargo test -p tests --test hypervisor {test}"
            );
        }
    }
}

#[test]
fn hostile_guests_and_monitors_get_nowhere() {
    let mut tally = Tally::default();
    for seed in seeds(60) {
        let _seed = Seed(seed, "hostile_guests");
        life::live(seed, &mut tally);
        if seed % 1000 == 999 {
            println!("seed {seed}: {tally:?}");
        }
    }
    println!("{tally:?}");
    for what in life::EXPECTED {
        assert!(tally.count(what) > 0, "this has never happened: {what}, of {tally:?}");
    }
}

#[test]
fn a_witness_that_has_lost_its_registers_says_so() {
    repeat(Some(Mistake::B14));
    let noticed = (0..10).any(|seed| catch_unwind(|| life::live(seed, &mut Tally::default())).is_err());
    repeat(None);
    assert!(noticed, "the witness has computed with another guest's CSRs");
}
