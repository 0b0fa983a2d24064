//! Every computing F, D, Zfh and Zfa instruction against the vectors of Berkeley TestFloat: result and flags,
//! bit for bit.
//!
//! The vectors come from TestFloat's own generator, `testfloat_gen`, on the path or named by the variable
//! `VHART_TESTFLOAT`; its SoftFloat must have been built with `SPECIALIZE_TYPE=RISCV`. Each vector is executed
//! as an instruction of a hart. TestFloat's level is 1, where each test takes seconds and the fused operations a
//! minute; `VHART_TESTFLOAT_LEVEL=2` raises it for all but those, which have thousands of millions of vectors
//! there.

mod bench;
mod function;
#[path = "../ram_only/mod.rs"]
mod ram_only;

use std::env;
use std::io::{BufRead, BufReader, Write, stderr};
use std::process::{Command, Stdio};
use std::time::Instant;

use bench::Bench;
use function::{DOUBLE, FUSED_DOUBLE, FUSED_HALF, FUSED_SINGLE, Function, HALF, INTEGERS, SINGLE};
use isa::rounding::RoundingMode::{self, Rdn, Rmm, Rne, Rtz, Rup};

/// The rounding modes, and the generator's options for them.
const MODES: [(RoundingMode, &str); 5] =
    [(Rne, "-rnear_even"), (Rtz, "-rminMag"), (Rdn, "-rmin"), (Rup, "-rmax"), (Rmm, "-rnear_maxMag")];

/// Differences of a function that are shown in full; the rest are counted.
const SHOWN: u64 = 5;

#[test]
fn half_precision() {
    check("half precision", HALF, &level());
}

#[test]
fn single_precision() {
    check("single precision", SINGLE, &level());
}

#[test]
fn double_precision() {
    check("double precision", DOUBLE, &level());
}

#[test]
fn conversions_from_integers() {
    check("integers", INTEGERS, &level());
}

#[test]
fn fused_half_precision() {
    check("fused operations, half precision", FUSED_HALF, "1");
}

#[test]
fn fused_single_precision() {
    check("fused operations, single precision", FUSED_SINGLE, "1");
}

#[test]
fn fused_double_precision() {
    check("fused operations, double precision", FUSED_DOUBLE, "1");
}

/// TestFloat's level for all but the fused operations.
fn level() -> String {
    env::var("VHART_TESTFLOAT_LEVEL").unwrap_or_else(|_| "1".into())
}

/// Runs `functions` in all rounding modes that they have.
fn check(title: &str, functions: &[Function], level: &str) {
    let Some(generator) = generator() else {
        say(&format!("not run: TestFloat, {title}: needs testfloat_gen, on the path or in VHART_TESTFLOAT"));
        return;
    };
    let (mut bench, mut total, start) = (Bench::new(), Tally::default(), Instant::now());
    for function in functions {
        let modes = if function.rounds() { &MODES[..] } else { &MODES[..1] };
        for (mode, option) in modes {
            let mut command = Command::new(&generator);
            command.args(["-level", level, "-tininessafter", option, function.exactness(), function.name]);
            let tally = check_vectors(&mut bench, &mut command, function, *mode);
            assert!(tally.executed > 0, "there are no vectors of {} {option}", function.name);
            total.executed += tally.executed;
            total.wrong += tally.wrong;
        }
    }
    let Tally { executed, wrong } = total;
    let seconds = start.elapsed().as_secs();
    let count = functions.len();
    say(&format!(
        "TestFloat, {title}, level {level}: {count} functions, {executed} executed, {wrong} wrong, {seconds} s"
    ));
    assert_eq!(wrong, 0, "{title}: results or flags differ from TestFloat's");
}

/// How many instructions were executed, and how many of them had another result or other flags.
#[derive(Default)]
struct Tally {
    executed: u64,
    wrong: u64,
}

/// Executes every vector that `command` writes.
fn check_vectors(bench: &mut Bench, command: &mut Command, function: &Function, mode: RoundingMode) -> Tally {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the generator has been run before");
    let mut lines = BufReader::new(child.stdout.take().expect("the output is piped"));
    let mut tally = Tally::default();
    let mut line = String::new();
    while lines.read_line(&mut line).expect("the generator writes text") > 0 {
        for form in function.forms {
            let expected = form.vector(&line);
            let outcome = bench.execute(form.op, mode, tally.executed % 2 == 0, &expected);
            tally.executed += 1;
            if outcome != expected.outcome() {
                tally.wrong += 1;
                if tally.wrong <= SHOWN {
                    say(&format!("{} {mode} {}: executed {outcome:x?}", form.op.mnemonic(), line.trim()));
                }
            }
        }
        line.clear();
    }
    assert!(child.wait().expect("the generator ends").success(), "{command:?} failed");
    tally
}

/// The generator's name, if it can be run.
///
/// # Panics
/// Where the variable names something that cannot.
fn generator() -> Option<String> {
    let named = env::var("VHART_TESTFLOAT");
    let generator = named.clone().unwrap_or_else(|_| "testfloat_gen".into());
    match Command::new(&generator).arg("-help").output() {
        Ok(_) => Some(generator),
        Err(error) => {
            assert!(named.is_err(), "VHART_TESTFLOAT names '{generator}', which does not run: {error}");
            None
        }
    }
}

/// Writes a line past the test harness, which would keep it to itself.
fn say(line: &str) {
    writeln!(stderr(), "{line}").expect("standard error can be written");
}
