//! The demo as a program: firmware, hypervisor and guests, on the simulators that have QEMU's `virt` machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::medians;
use crate::simulator::{Simulator, measure};
use crate::table::Row;

/// Its name in the table.
pub(crate) const NAME: &str = "demo";

/// The demo's images.
pub(crate) struct Demo {
    firmware: PathBuf,
    hypervisor: PathBuf,
}

impl Demo {
    /// The images in the folder where `cargo xtask images` puts them, if it has.
    pub(crate) fn find(images: &Path) -> Option<Demo> {
        let demo = Demo { firmware: images.join("sbi.elf"), hypervisor: images.join("host.elf") };
        (demo.firmware.is_file() && demo.hypervisor.is_file()).then_some(demo)
    }

    /// Measures it. Not with `vhart demo`, which counts as it runs.
    ///
    /// # Errors
    /// A simulator on which it fails.
    pub(crate) fn row(&self, simulators: &[Simulator], runs: usize) -> Result<Row, String> {
        let counts = self.counts(&simulators[0])?;
        let times = medians(simulators, runs, |simulator| {
            let command = simulator.run_over(&self.firmware, &self.hypervisor);
            command.map(|mut command| Ok(measure(&mut command)?.user)).transpose()
        })?;
        let about = format!("firmware, hypervisor, guests; {} exits from a guest", counts.exits);
        Ok(Row { name: NAME, about, instructions: counts.instructions, is_start: false, times })
    }

    /// What vhart counts in a run.
    fn counts(&self, vhart: &Simulator) -> Result<Counts, String> {
        Counts::of(vhart.run_over(&self.firmware, &self.hypervisor).ok_or("vhart has no machine")?)
    }
}

/// What happens in a run.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Counts {
    /// Retired, by all harts.
    pub(crate) instructions: u64,
    /// World switches out of a guest.
    pub(crate) exits: u64,
}

impl Counts {
    /// Of the run of vhart that `command` starts.
    ///
    /// # Errors
    /// A run that does not count.
    pub(crate) fn of(mut command: Command) -> Result<Counts, String> {
        let output = command.arg("--stats=json").stdin(Stdio::null()).output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
        let text = text.map_err(|error| format!("cannot run vhart: {error}"))?;
        Counts::parse(&text).ok_or_else(|| format!("vhart has not counted: {text}"))
    }

    /// Reads the line that `--stats=json` has written among others.
    fn parse(text: &str) -> Option<Counts> {
        let stats = text.lines().find_map(|line| serde_json::from_str::<Value>(line).ok())?;
        let sum = |numbers: Vec<Option<u64>>| numbers.into_iter().sum::<Option<u64>>();
        let instructions = sum(stats["instructions"].as_array()?.iter().map(Value::as_u64).collect())?;
        let exits = stats["world_switches"].as_array()?.iter().map(|row| row["exits"].as_u64());
        Some(Counts { instructions, exits: sum(exits.collect())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_summed_up() {
        let text = "a line\n{\"instructions\":[5,6],\"world_switches\":[{\"exits\":2},{\"exits\":3}]}\n";
        assert_eq!(Counts::parse(text), Some(Counts { instructions: 11, exits: 5 }));
        assert_eq!(Counts::parse("{}"), None);
    }
}
