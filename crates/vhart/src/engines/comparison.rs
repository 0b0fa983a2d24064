//! Runs one program on both engines, and finds the first instruction after which they differ.

use std::fmt;

use iss::observe::AccessKind;
use iss::{Hart, Width};
use platform::{Machine, MachineConfig, MachineStop};

use super::difference::{Difference, What};
use super::pair::Pair;
use super::slices::Slices;

/// Memory and translation caches are looked at once in so many instructions, or more seldom where memory is large.
const DEEP: u64 = 1_000_000;

/// A program and how it is run.
pub(super) struct Comparison {
    /// The machines, that with the fast engine first.
    pub(super) machines: [MachineConfig; 2],
    /// What the lengths of the slices are drawn from.
    pub(super) seed: u64,
    /// The largest number of instructions.
    pub(super) limit: u64,
    /// Whether the fast machine goes through snapshots.
    pub(super) reload: bool,
}

/// How a comparison has ended.
pub(super) struct Outcome {
    /// Instructions after which the engines agreed.
    pub(super) compared: u64,
    /// Where they differed.
    pub(super) difference: Option<Report>,
}

/// What is looked at beside the harts, to find where a difference in it comes from.
#[derive(Clone, Copy, Default)]
struct Extra {
    /// This doubleword.
    word: Option<u64>,
    translations: bool,
}

/// The first difference.
pub(super) struct Report {
    /// Instructions that the machine had attempted when it was cut for the last time, and before the one in question.
    from: u64,
    before: u64,
    /// Where the harts were before the instruction.
    harts: Vec<String>,
    differences: Vec<Difference>,
}

impl Comparison {
    /// Compares slice by slice up to the end of the program, then the end of a run of the fast engine that is never cut.
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        let mut pair = Pair::new(&self.machines, self.reload)?;
        let mut slices = Slices::new(self.seed);
        let interval = DEEP.max(self.machines[0].memory / 16);
        let mut deep = interval;
        loop {
            let ([from, _], is_over) = self.slice(&mut pair, &mut slices)?;
            let mut found = pair.differences();
            if found.is_empty() && (is_over || deep <= pair.instructions()) {
                deep = pair.instructions() + interval;
                found = everywhere(&pair);
            }
            if !found.is_empty() {
                return Ok(Outcome { compared: from, difference: Some(self.narrow_slices(found)?) });
            }
            if is_over {
                break;
            }
        }
        let compared = pair.instructions();
        if let MachineStop::TrapStorm(_) = pair.stop() {
            // When it is noticed that a hart does nothing but trap depends on where the run is cut.
            pair = self.replay(0, self.limit)?;
        } else {
            pair.run_fast_again(&self.machines[0], self.limit)?;
        }
        let mut found = pair.differences();
        found.extend(everywhere(&pair));
        let difference = if found.is_empty() { None } else { Some(self.narrow_whole(compared, found)?) };
        Ok(Outcome { compared, difference })
    }

    /// Runs the next slice; tells where it began and was to end, and whether it was the last.
    fn slice(&self, pair: &mut Pair, slices: &mut Slices) -> anyhow::Result<([u64; 2], bool)> {
        let from = pair.instructions();
        let to = (from + slices.next(from)).min(self.limit);
        pair.run(to)?;
        Ok(([from, to], pair.stop() != MachineStop::InstructionLimit || to == self.limit))
    }

    /// Finds the slice in which the difference arises.
    fn narrow_slices(&self, found: Vec<Difference>) -> anyhow::Result<Report> {
        let extra = Extra::of(&found);
        let mut pair = Pair::new(&self.machines, self.reload)?;
        let mut slices = Slices::new(self.seed);
        for number in 0.. {
            let (slice, is_over) = self.slice(&mut pair, &mut slices)?;
            if !extra.look(&mut pair).is_empty() {
                return self.narrow(number, slice, extra);
            }
            if is_over {
                break;
            }
        }
        Ok(Report { from: 0, before: 0, harts: vec![String::from("not found again")], differences: found })
    }

    /// The same for a run that is never cut.
    fn narrow_whole(&self, to: u64, found: Vec<Difference>) -> anyhow::Result<Report> {
        let extra = Extra::of(&found);
        if extra.look(&mut self.replay(0, to)?).is_empty() {
            let harts = vec![String::from("only where the reference is cut and the fast engine is not")];
            return Ok(Report { from: 0, before: to, harts, differences: found });
        }
        self.narrow(0, [0, to], extra)
    }

    /// Finds the number of instructions after which there first is a difference if there are `slices` slices
    /// before, and no cut after that: more than `good`, not more than `bad`.
    fn narrow(&self, slices: u64, [from, mut bad]: [u64; 2], extra: Extra) -> anyhow::Result<Report> {
        let mut good = from;
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            let differs = !extra.look(&mut self.replay(slices, middle)?).is_empty();
            *(if differs { &mut bad } else { &mut good }) = middle;
        }
        let pair = self.replay(slices, good)?;
        let machine = pair.machine();
        let harts = (0..machine.harts()).filter_map(|id| machine.hart(id)).map(|hart| place(machine, hart));
        let mut after = self.replay(slices, bad)?;
        let mut differences = extra.look(&mut after);
        differences.extend(
            after
                .memory_difference()
                .filter(|found| extra.word.is_none_or(|at| found.what != What::Word(at))),
        );
        Ok(Report { from, before: good, harts: harts.collect(), differences })
    }

    /// Both machines after so many slices, and then one up to instruction `to`.
    fn replay(&self, slices: u64, to: u64) -> anyhow::Result<Pair> {
        let mut pair = Pair::new(&self.machines, self.reload)?;
        let mut lengths = Slices::new(self.seed);
        for _ in 0..slices {
            self.slice(&mut pair, &mut lengths)?;
        }
        if pair.instructions() < to {
            pair.run(to)?;
        }
        Ok(pair)
    }
}

/// What differs in memory and in translation caches.
fn everywhere(pair: &Pair) -> Vec<Difference> {
    pair.memory_difference().into_iter().chain(pair.translation_differences()).collect()
}

impl Extra {
    /// What has to be looked at to find these again.
    fn of(found: &[Difference]) -> Extra {
        let word = found.iter().find_map(|difference| match difference.what {
            What::Word(at) => Some(at),
            _ => None,
        });
        Extra { word, translations: found.iter().any(|difference| difference.what == What::Translation) }
    }

    fn look(&self, pair: &mut Pair) -> Vec<Difference> {
        let mut found = pair.differences();
        found.extend(self.word.and_then(|at| pair.word_difference(at)));
        if self.translations {
            found.extend(pair.translation_differences());
        }
        found
    }
}

/// Where a hart is and which instruction is there.
fn place(machine: &Machine, hart: &Hart) -> String {
    let pc = hart.pc();
    let half = |va: u64| {
        let pa = hart.translate(machine.bus(), va, AccessKind::Fetch).ok()?;
        machine.ram().load(pa, Width::H)
    };
    let word =
        half(pc).map(|low| low | if low & 3 == 3 { half(pc + 2).unwrap_or_default() << 16 } else { 0 });
    let text = match word.map(|word| (word, isa::decode(word as u32))) {
        Some((_, Some(inst))) => inst.at(pc).to_string(),
        Some((word, None)) => format!("no instruction: {word:#x}"),
        None => String::from("nothing to be fetched"),
    };
    format!("hart {}, {}-mode, pc {pc:#x}: {text}", hart.id(), hart.mode())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { from, before, .. } = self;
        writeln!(f, "  last cut after {from} instructions; different after {}", before + 1)?;
        for hart in &self.harts {
            writeln!(f, "  before: {hart}")?;
        }
        for difference in &self.differences {
            writeln!(f, "  {difference}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use isa::asm::prelude::*;
    use iss::Variant;
    use platform::Image;

    use super::*;
    use crate::lockstep::random::elf;

    /// A loop of 1000 turns, then an exception, on these harts.
    fn compare(cpus: [&str; 2]) -> Outcome {
        let mut a = Asm::new(0x8000_0000);
        let (end, again) = (a.label(), a.label());
        a.la(T0, end).csrw(csr::mtvec::NUMBER, T0).li(T1, 1000).place(again);
        a.addi(T1, T1, -1).bnez(T1, again).word(u32::MAX);
        a.align(4).place(end);
        a.li(T0, 0x10_0000).li(T1, 0x5555).sw(T1, 0, T0);
        let firmware = Some(Image::new("program", elf(&a.finish().unwrap(), &[])));
        let config = MachineConfig { memory: 1 << 20, firmware, ..MachineConfig::default() };
        // The machine's own would show which harts they are.
        let device_tree = Some(Image::new("tree", platform::device_tree(&config).unwrap()));
        let config = MachineConfig { device_tree, ..config };
        let machines =
            cpus.map(|cpu| MachineConfig { variant: Variant::parse(cpu).unwrap(), ..config.clone() });
        Comparison { machines, seed: 1, limit: 10_000, reload: false }.run().unwrap()
    }

    #[test]
    fn machines_that_agree() {
        let outcome = compare(["max", "max"]);
        assert!(outcome.difference.is_none());
        assert_eq!(outcome.compared, 2009);
    }

    #[test]
    fn the_first_instruction_that_differs_is_found() {
        let outcome = compare(["max", "max,wfi=trap"]);
        assert!(outcome.difference.is_none(), "no WFI in it");
        let report = compare(["max", "max,tval-illegal=zero"]).difference.expect("a difference").to_string();
        let lines: Vec<&str> = report.lines().collect();
        assert!(lines[0].ends_with("; different after 2005"), "{report}");
        assert_eq!(lines[1], "  before: hart 0, M-mode, pc 0x80000018: no instruction: 0xffffffff");
        assert!(lines[2].contains("mtval") && lines.len() == 3, "{report}");
    }
}
