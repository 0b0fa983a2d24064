//! `--profile`: where the guest spends its instructions, by mode and function.
//!
//! The machine is stopped after a number of instructions that varies around [`PERIOD`], and each hart that does not
//! wait is asked where it is. What is written are folded stacks, a line for each place: the mode, a semicolon, the
//! function, a space and how many samples found a hart there. Flame-graph tools and speedscope read it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use isa::paging::PAGE_SIZE;
use iss::Hart;
use platform::load::Function;
use platform::{Machine, MachineConfig, MachineStop, Until};

use crate::watch::Watch;

/// Instructions between two samples, on average.
const PERIOD: u64 = 10_000;

/// Samples under way.
pub(crate) struct Profile {
    path: PathBuf,
    out: BufWriter<File>,
    functions: Vec<Function>,
    samples: BTreeMap<String, u64>,
    /// Where the sequence of periods is.
    state: u64,
}

impl Profile {
    /// A profile of the programs in `config`, to be written to `path`.
    ///
    /// # Errors
    /// Those of creating the file.
    pub(crate) fn new(path: &Path, config: &MachineConfig) -> anyhow::Result<Profile> {
        let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
        let mut functions: Vec<_> = [&config.firmware, &config.kernel]
            .into_iter()
            .flatten()
            .flat_map(|image| image.functions())
            .collect();
        functions.sort_by_key(|function| function.at.start);
        let out = BufWriter::new(file);
        Ok(Profile { path: path.to_owned(), out, functions, samples: BTreeMap::new(), state: 1 })
    }

    /// Runs as [`Machine::run`] does, and takes samples meanwhile.
    pub(crate) fn run(&mut self, machine: &mut Machine, watch: &mut Watch, until: Until) -> MachineStop {
        let limit = until.instructions.unwrap_or(u64::MAX);
        loop {
            let next = machine.instructions().saturating_add(self.period()).min(limit);
            match machine.run(Until { instructions: Some(next), ..until }, watch.observer()) {
                MachineStop::InstructionLimit if machine.instructions() < limit => self.sample(machine),
                stop => return stop,
            }
        }
    }

    /// A number of instructions from half of [`PERIOD`] to one and a half, so that no loop of the guest is in step
    /// with the samples.
    fn period(&mut self) -> u64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        PERIOD / 2 + (self.state >> 33) % PERIOD
    }

    fn sample(&mut self, machine: &Machine) {
        for hart in (0..machine.harts()).filter_map(|id| machine.hart(id)).filter(|hart| !hart.is_waiting()) {
            *self.samples.entry(self.place(hart)).or_default() += 1;
        }
    }

    /// The mode and the function that a hart is in; the page where no symbol says more.
    fn place(&self, hart: &Hart) -> String {
        let pc = hart.pc();
        let before = self.functions.partition_point(|function| function.at.start <= pc);
        let function = self.functions[..before].last().filter(|function| {
            // A function written in assembly may have no size: it reaches to the next one, in its page.
            function.at.contains(&pc) || function.at.is_empty() && pc - function.at.start < PAGE_SIZE
        });
        let name = function.map_or_else(
            || format!("[{:#x}]", pc & !(PAGE_SIZE - 1)),
            |function| format!("{:#}", rustc_demangle::demangle(&function.name)),
        );
        // A semicolon would begin another frame.
        format!("{};{}", hart.mode(), name.replace(';', ","))
    }

    /// Writes what was found.
    ///
    /// # Errors
    /// Those of writing the file.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        self.write().with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn write(&mut self) -> io::Result<()> {
        for (place, samples) in &self.samples {
            writeln!(self.out, "{place} {samples}")?;
        }
        self.out.flush()
    }
}
