//! How fast vhart is: `cargo xtask bench` and `cargo bench -p benches`. README.md says what is measured and how.
//!
//! Two things are: the user time of vhart and of the simulators beside it, which differs from host to host and from
//! hour to hour, so that only ratios of one run count; and the number of the host's instructions that an instruction of
//! the guest takes, which is the same each time and is held against a file.

pub mod child;
mod compiler;
mod demo;
mod elf;
mod guard;
mod program;
mod ratchet;
mod simulator;
pub mod system;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use compiler::Compiler;
use program::{PROGRAMS, Prepared, Said};
use simulator::{Simulator, measure};
use system::System;
use table::Row;

/// What to measure, and how.
pub struct Options {
    /// Runs of each program on each simulator, of which the median counts; at least 1.
    pub runs: usize,
    /// The programs, by [`names`]; all of them if empty.
    pub only: Vec<String>,
    /// A twentieth of the usual number of turns.
    pub quick: bool,
    /// Whether to measure times.
    pub times: bool,
    /// Whether to count the host's instructions.
    pub guard: bool,
    /// A file to write everything to as JSON.
    pub json: Option<PathBuf>,
    /// Whole systems to boot, or what they need.
    pub systems: Result<Vec<System>, String>,
    /// Cargo's target folder, absolute: vhart is built there, and the programs and the images lie there.
    pub target: PathBuf,
}

impl Options {
    /// Everything, in the usual way.
    pub fn new(target: &Path) -> Options {
        let systems = Ok(Vec::new());
        let target = target.to_owned();
        Options {
            runs: 5,
            only: Vec::new(),
            quick: false,
            times: true,
            guard: true,
            json: None,
            systems,
            target,
        }
    }

    fn chooses(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }

    /// The number of turns of a program that usually has `turns`.
    fn turns(&self, turns: u64) -> u64 {
        if self.quick { turns.div_ceil(20) } else { turns }
    }
}

/// The programs that can be chosen.
pub fn names() -> Vec<&'static str> {
    PROGRAMS.iter().map(|program| program.name).chain([demo::NAME]).chain(system::NAMES).collect()
}

/// Measures what `options` say and prints it. Whether no program takes more of the host's instructions than the file
/// allows.
///
/// # Errors
/// What keeps something from being measured that is there.
pub fn run(options: &Options) -> Result<bool, String> {
    let mut bench = Bench::prepare(options)?;
    let rows = if options.times { bench.times()? } else { Vec::new() };
    let findings = if options.guard { bench.guard()? } else { Vec::new() };
    let kept = guard::report(&findings)?;
    if let Some(path) = &options.json {
        let text = format!("{:#}\n", bench.json(&rows, &findings));
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    for line in &bench.not_run {
        println!("{line}");
    }
    Ok(kept)
}

/// What is there to be measured, and what is not.
struct Bench<'a> {
    options: &'a Options,
    /// Where everything is written.
    folder: PathBuf,
    /// vhart first.
    simulators: Vec<Simulator>,
    programs: Vec<Prepared>,
    not_run: Vec<String>,
}

impl Bench<'_> {
    /// Builds vhart, looks for the others and makes the programs.
    fn prepare(options: &Options) -> Result<Bench<'_>, String> {
        let folder = options.target.join("bench");
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let simulators = vec![Simulator::vhart(&options.target)?];
        let mut bench = Bench { options, folder, simulators, programs: Vec::new(), not_run: Vec::new() };
        let compiler = Compiler::new();
        let has_compiler = compiler.is_there();
        let mut missing = Vec::new();
        for program in PROGRAMS.iter().filter(|program| options.chooses(program.name)) {
            if program.is_compiled() && !has_compiler {
                missing.push(program.name);
            } else {
                bench.programs.push(program.prepare(&compiler, &bench.folder)?);
            }
        }
        if !missing.is_empty() {
            bench.not_run(&missing.join(", "), &compiler.needs());
        }
        Ok(bench)
    }

    /// Says that `what` is not run for want of `needs`, now and at the end.
    fn not_run(&mut self, what: &str, needs: &str) {
        let line = format!("not run: {what}: needs {needs}");
        println!("{line}");
        self.not_run.push(line);
    }

    /// The table of times, printed row by row.
    fn times(&mut self) -> Result<Vec<Row>, String> {
        for peer in Simulator::peers() {
            if peer.is_there() {
                self.simulators.push(peer);
            } else {
                self.not_run(peer.name, &peer.needs());
            }
        }
        let names: Vec<_> = self.simulators.iter().map(|simulator| simulator.name).collect();
        print!("{}", table::header(&names, self.options.runs));
        let mut rows = Vec::new();
        for program in &self.programs {
            rows.push(self.row(program)?);
            print!("{}", table::line(&rows[rows.len() - 1]));
        }
        if self.options.chooses(demo::NAME) {
            match demo::Demo::find(&self.options.target.join("images")) {
                Some(demo) => {
                    rows.push(demo.row(&self.simulators, self.options.runs)?);
                    print!("{}", table::line(&rows[rows.len() - 1]));
                }
                None => self.not_run(demo::NAME, "the images (cargo xtask images)"),
            }
        }
        let options = self.options;
        let chosen: Vec<_> = system::NAMES.into_iter().filter(|name| options.chooses(name)).collect();
        match &options.systems {
            Ok(systems) => {
                for system in systems.iter().filter(|system| chosen.contains(&system.name)) {
                    rows.push(system.row(&self.simulators, options.runs)?);
                    print!("{}", table::line(&rows[rows.len() - 1]));
                }
            }
            Err(needs) if !chosen.is_empty() => self.not_run(&chosen.join(", "), needs),
            Err(_) => {}
        }
        Ok(rows)
    }

    /// Measures a program on every simulator; all must come to the same checksum.
    fn row(&self, prepared: &Prepared) -> Result<Row, String> {
        let program = prepared.program;
        let file = prepared.write(self.options.turns(program.turns))?;
        let mut ours: Option<Said> = None;
        let times = medians(&self.simulators, self.options.runs, |simulator| {
            let run = measure(&mut simulator.run(&file))?;
            let said = Said::parse(&run.text).ok_or_else(|| {
                format!(
                    "{} on {} does not say what it has done: {:?}",
                    program.name, simulator.name, run.text
                )
            })?;
            let ours = *ours.get_or_insert(said);
            if ours.checksum != said.checksum {
                let (name, theirs) = (simulator.name, said.checksum);
                return Err(format!(
                    "{}: {:#x} on vhart, {theirs:#x} on {name}",
                    program.name, ours.checksum
                ));
            }
            Ok(Some(run.user))
        })?;
        let instructions = ours.map_or(0, |said| said.instructions);
        let about = program.about.to_owned();
        Ok(Row { name: program.name, about, instructions, is_start: program.is_empty(), times })
    }

    /// The host's instructions that an instruction of each program takes, held against the file.
    fn guard(&mut self) -> Result<Vec<guard::Finding>, String> {
        if !guard::is_there() {
            self.not_run("the host's instructions", guard::NEEDS);
            return Ok(Vec::new());
        }
        guard::count(&self.simulators[0], &self.programs)
    }

    /// Everything as one JSON object.
    fn json(&self, rows: &[Row], findings: &[guard::Finding]) -> Value {
        let names: Vec<_> = self.simulators.iter().map(|simulator| simulator.name).collect();
        json!({
            "commit": said_by("git", &["rev-parse", "HEAD"]),
            "host": host(),
            "runs": self.options.runs,
            "quick": self.options.quick,
            "simulators": names,
            "programs": rows.iter().map(|row| row.json(&names)).collect::<Vec<_>>(),
            "host_instructions": findings.iter().map(guard::Finding::json).collect::<Vec<_>>(),
            "not_run": self.not_run,
        })
    }
}

/// The median time of each simulator. They take turns, so that what else the host does troubles all alike.
fn medians(
    simulators: &[Simulator],
    runs: usize,
    mut measure: impl FnMut(&Simulator) -> Result<Option<Duration>, String>,
) -> Result<Vec<Option<Duration>>, String> {
    let mut times = vec![Vec::new(); simulators.len()];
    for _ in 0..runs {
        for (simulator, times) in simulators.iter().zip(&mut times) {
            times.extend(measure(simulator)?);
        }
    }
    Ok(times.into_iter().map(table::median).collect())
}

/// The first line that a command prints, in the project's folder; empty if it does not run.
fn said_by(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

/// The host's processor, as Linux calls it.
fn host() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.to_owned())
}
