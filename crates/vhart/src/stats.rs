//! What a run has done, in numbers: `--stats`, and the table of world switches that the demo ends with.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use isa::cause::Cause;
use iss::observe::{TrapTaken, WorldSwitch};
use iss::{Hart, Observer};
use serde::Serialize;

/// An observer that counts traps and world switches.
#[derive(Default)]
pub(crate) struct Counter {
    traps: BTreeMap<(u64, &'static str), u64>,
    switches: BTreeMap<u64, Switches>,
    harts: Vec<World>,
}

/// The exits from a guest that had one cause.
#[derive(Clone, Default)]
struct Switches {
    exits: u64,
    /// Instructions of the guest, from entry to exit.
    inside: Span,
    /// Instructions of the hypervisor and the firmware below it, from exit to entry.
    outside: Span,
}

/// How often there were how many instructions.
#[derive(Clone, Default)]
struct Span {
    lengths: BTreeMap<u64, u64>,
}

impl Span {
    fn add(&mut self, instructions: u64) {
        *self.lengths.entry(instructions).or_default() += 1;
    }

    fn count(&self) -> u64 {
        self.lengths.values().sum()
    }

    fn mean(&self) -> Option<f64> {
        let count = self.count();
        let sum = self.lengths.iter().map(|(length, times)| *length as f64 * *times as f64).sum::<f64>();
        (count != 0).then(|| sum / count as f64)
    }

    /// What half of them do not exceed.
    fn median(&self) -> Option<u64> {
        let half = self.count().div_ceil(2);
        let mut seen = 0;
        let reaches = |(length, times): (&u64, &u64)| {
            seen += times;
            (seen >= half).then_some(*length)
        };
        self.lengths.iter().find_map(reaches)
    }
}

/// Which world a hart is in, and since which of its retired instructions.
#[derive(Clone, Copy, Default)]
enum World {
    /// The hart has not been in a guest yet.
    #[default]
    Before,
    Guest {
        since: u64,
    },
    Host {
        since: u64,
        /// The cause of the exit, as in a cause register.
        exit: u64,
    },
}

impl Counter {
    fn world(&mut self, hart: usize) -> &mut World {
        if self.harts.len() <= hart {
            self.harts.resize(hart + 1, World::default());
        }
        &mut self.harts[hart]
    }
}

impl Observer for Counter {
    fn trap(&mut self, _hart: &Hart, trap: &TrapTaken) {
        *self.traps.entry((trap.cause.to_bits(), trap.to.name())).or_default() += 1;
    }

    fn world_switch(&mut self, hart: &Hart, switch: &WorldSwitch) {
        let now = hart.retired();
        let next = match switch {
            WorldSwitch::Entry { .. } => World::Guest { since: now },
            WorldSwitch::Exit(trap) => World::Host { since: now, exit: trap.cause.to_bits() },
        };
        let last = std::mem::replace(self.world(hart.id()), next);
        match (last, next) {
            (World::Host { since, exit }, World::Guest { .. }) => {
                self.switches.entry(exit).or_default().outside.add(now.saturating_sub(since));
            }
            (last, World::Host { exit, .. }) => {
                let row = self.switches.entry(exit).or_default();
                row.exits += 1;
                if let World::Guest { since } = last {
                    row.inside.add(now.saturating_sub(since));
                }
            }
            _ => {}
        }
    }
}

/// The counts of a finished run.
#[derive(Serialize)]
pub(crate) struct Stats {
    /// Retired instructions of each hart.
    instructions: Vec<u64>,
    seconds: f64,
    /// Millions of instructions per second of wall time.
    mips: f64,
    traps: Vec<TrapRow>,
    world_switches: Vec<SwitchRow>,
}

#[derive(Serialize)]
struct TrapRow {
    cause: String,
    to: &'static str,
    count: u64,
}

#[derive(Serialize)]
struct SwitchRow {
    cause: String,
    exits: u64,
    /// Mean number of instructions from the entry before to the exit.
    entry_to_exit: Option<f64>,
    /// Mean number of instructions from the exit to the next entry.
    exit_to_entry: Option<f64>,
    /// What half of those numbers do not exceed.
    exit_to_entry_median: Option<u64>,
}

impl Stats {
    /// The counts of a run in which `harts` retired so many instructions each.
    pub(crate) fn new(counter: &Counter, harts: Vec<u64>, wall: Duration) -> Stats {
        let total: u64 = harts.iter().sum();
        let mut traps: Vec<TrapRow> = counter
            .traps
            .iter()
            .map(|(&(cause, to), &count)| TrapRow { cause: name(cause), to, count })
            .collect();
        traps.sort_by_key(|row| std::cmp::Reverse(row.count));
        let mut world_switches: Vec<SwitchRow> = counter
            .switches
            .iter()
            .map(|(&cause, row)| SwitchRow {
                cause: name(cause),
                exits: row.exits,
                entry_to_exit: row.inside.mean(),
                exit_to_entry: row.outside.mean(),
                exit_to_entry_median: row.outside.median(),
            })
            .collect();
        world_switches.sort_by_key(|row| std::cmp::Reverse(row.exits));
        Stats {
            mips: total as f64 / wall.as_secs_f64().max(1e-9) / 1e6,
            instructions: harts,
            seconds: wall.as_secs_f64(),
            traps,
            world_switches,
        }
    }

    /// Writes everything for a reader.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn write_text(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let total: u64 = self.instructions.iter().sum();
        writeln!(out, "{total} instructions in {:.3} s, {:.1} million per second", self.seconds, self.mips)?;
        if 1 < self.instructions.len() {
            for (hart, instructions) in self.instructions.iter().enumerate() {
                writeln!(out, "  hart {hart}: {instructions}")?;
            }
        }
        if !self.traps.is_empty() {
            writeln!(out, "\n{:<44} {:>4} {:>12}", "trap", "to", "count")?;
        }
        for row in &self.traps {
            writeln!(out, "{:<44} {:>4} {:>12}", row.cause, row.to, row.count)?;
        }
        if !self.world_switches.is_empty() {
            writeln!(out)?;
            self.write_switches(out)?;
        }
        Ok(())
    }

    /// Writes the table of world switches.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn write_switches(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let mean = |mean: Option<f64>| mean.map_or_else(|| String::from("-"), |mean| format!("{mean:.1}"));
        writeln!(
            out,
            "{:<44} {:>9} {:>14} {:>14} {:>10}",
            "world switch by cause", "exits", "in the guest", "round trip", "median"
        )?;
        for row in &self.world_switches {
            let (inside, outside) = (mean(row.entry_to_exit), mean(row.exit_to_entry));
            let median =
                row.exit_to_entry_median.map_or_else(|| String::from("-"), |median| median.to_string());
            writeln!(out, "{:<44} {:>9} {inside:>14} {outside:>14} {median:>10}", row.cause, row.exits)?;
        }
        let exits: u64 = self.world_switches.iter().map(|row| row.exits).sum();
        writeln!(out, "{:<44} {exits:>9}", "all")?;
        writeln!(
            out,
            "In the guest: instructions from its entry to this exit. Round trip: those from the exit to"
        )?;
        writeln!(
            out,
            "the next entry on the same hart, by the hypervisor and the firmware. Both are means; of the\n\
             round trips, the median is told, too."
        )
    }

    /// Writes everything as one JSON object on one line.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn write_json(&self, out: &mut dyn Write) -> std::io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        writeln!(out)
    }
}

fn name(cause: u64) -> String {
    Cause::from_bits(cause).map_or_else(|| format!("{cause:#x}"), |cause| cause.to_string())
}

#[cfg(test)]
mod tests {
    use isa::Mode;
    use isa::cause::Exception;
    use iss::Variant;

    use super::*;

    const ECALL: TrapTaken = TrapTaken {
        cause: Cause::Exception(Exception::EcallVs),
        from: Mode::VS,
        to: Mode::HS,
        epc: 0,
        tval: 0,
        tval2: 0,
        tinst: 0,
    };

    #[test]
    fn exits_and_entries_are_paired_per_hart() {
        let mut counter = Counter::default();
        let harts = [Hart::new(0, Variant::default()), Hart::new(1, Variant::default())];
        let entry = WorldSwitch::Entry { pc: 0, to: Mode::VS };
        counter.world_switch(&harts[0], &entry);
        counter.world_switch(&harts[1], &WorldSwitch::Exit(ECALL));
        counter.world_switch(&harts[0], &WorldSwitch::Exit(ECALL));
        counter.trap(&harts[0], &ECALL);
        counter.world_switch(&harts[0], &entry);
        let stats = Stats::new(&counter, vec![10, 20], Duration::from_secs(1));
        let row = &stats.world_switches[0];
        assert_eq!(row.cause, "environment call from VS-mode");
        assert_eq!((row.exits, row.entry_to_exit, row.exit_to_entry), (2, Some(0.0), Some(0.0)));
        assert_eq!((stats.traps[0].count, stats.traps[0].to), (1, "HS"));
    }

    #[test]
    fn a_median_is_not_moved_by_what_seldom_takes_long() {
        let mut span = Span::default();
        assert_eq!((span.mean(), span.median()), (None, None));
        [5, 3, 4, 1_000_000].into_iter().for_each(|length| span.add(length));
        assert_eq!((span.mean(), span.median()), (Some(250_003.0), Some(4)));
        span.add(6);
        assert_eq!(span.median(), Some(5));
    }

    #[test]
    fn json_is_one_line_that_can_be_read_back() {
        let mut counter = Counter::default();
        counter.trap(&Hart::new(0, Variant::default()), &ECALL);
        let mut line = Vec::new();
        Stats::new(&counter, vec![7], Duration::from_millis(1)).write_json(&mut line).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line.trim_end().lines().count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["instructions"][0], 7);
        assert_eq!(value["traps"][0]["cause"], "environment call from VS-mode");
    }
}
