//! Measures vhart against the simulators that are installed; benches/README.md says what and how.

mod elf;
mod program;
mod simulator;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use program::{PROGRAMS, Program};
use simulator::Simulator;

/// Runs of each program on each simulator, of which the median counts.
const RUNS: usize = 5;

fn main() -> ExitCode {
    // `cargo test --all-targets` runs this program too, but nothing here is a test.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benches: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), String> {
    let mut simulators = vec![Simulator::vhart()?];
    for peer in Simulator::peers() {
        if peer.is_there() {
            simulators.push(peer);
        } else {
            println!("not run: needs {}", peer.needs());
        }
    }
    println!(
        "User time, median of {RUNS} runs in turn; ns an instruction, and vhart's as a multiple of the peer's"
    );
    print!("{:8} {:>12}", "", "instructions");
    for simulator in &simulators {
        print!(" {:>9}", simulator.name);
    }
    for peer in &simulators[1..] {
        print!(" {:>14}", format!("vhart/{}", peer.name));
    }
    println!();
    for program in &PROGRAMS {
        row(program, &simulators)?;
    }
    Ok(())
}

/// Measures a program on every simulator and prints its row.
fn row(program: &Program, simulators: &[Simulator]) -> Result<(), String> {
    let file = write(program)?;
    let instructions = simulators[0].instructions(&file)?;
    let times = medians(&file, simulators)?;
    print!("{:8} {instructions:>12}", program.name);
    if program.is_empty() {
        for time in &times {
            print!(" {:>6.1} ms", time.as_secs_f64() * 1e3);
        }
        print!("{:1$}", "", 15 * (times.len() - 1));
    } else {
        for time in &times {
            print!(" {:>9.2}", time.as_secs_f64() * 1e9 / instructions as f64);
        }
        for peer in &times[1..] {
            print!(" {:>14.2}", times[0].as_secs_f64() / peer.as_secs_f64());
        }
    }
    println!("  {}", program.about);
    Ok(())
}

/// The median time of each simulator. They take turns, so that what else the host does troubles all alike.
fn medians(program: &Path, simulators: &[Simulator]) -> Result<Vec<Duration>, String> {
    let mut times = vec![Vec::new(); simulators.len()];
    for _ in 0..RUNS {
        for (simulator, times) in simulators.iter().zip(&mut times) {
            times.push(simulator.user_time(program)?);
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[RUNS / 2]
    };
    Ok(times.into_iter().map(median).collect())
}

/// Writes a program's ELF into the folder that cargo keeps for the files of benches.
fn write(program: &Program) -> Result<PathBuf, String> {
    let elf = program.elf().map_err(|error| format!("{}: {error}", program.name))?;
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.elf", program.name));
    std::fs::write(&path, elf).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}
