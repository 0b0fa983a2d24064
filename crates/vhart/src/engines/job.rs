//! The programs that are compared, by what the command line asks for.

use anyhow::Context;
use conformance::{MEMORY, Program, suite};
use iss::Variant;
use platform::{Image, MachineConfig};

use super::loops;
use crate::args::DiffArgs;
use crate::cpu::Cpu;
use crate::lockstep::random;
use crate::{images, run, test};

/// A program, and the harts that it runs on.
pub(super) struct Job {
    /// What it is called.
    pub(super) name: String,
    /// The harts, as `--cpu` takes them.
    pub(super) cpu: String,
    /// The largest number of instructions.
    pub(super) limit: u64,
    machine: MachineConfig,
    source: Source,
}

/// Where a program comes from.
enum Source {
    /// It is in the configuration already.
    Loaded,
    /// A random program with this seed.
    Random(u64),
    /// A program of loops with this seed.
    Loops(u64),
    /// A test of the conformance suite.
    Test(&'static conformance::Test),
}

/// Instructions of a program that ends by itself.
const LIMIT: u64 = 100_000_000;

/// Memory of machines for random programs, which is often compared. Programs of loops rely on there being no more.
const SMALL: u64 = 2 << 20;

impl Job {
    /// The machine with its program.
    ///
    /// # Errors
    /// What the assembler refuses.
    pub(super) fn config(&self) -> anyhow::Result<MachineConfig> {
        let variant = &self.machine.variant;
        let elf = match &self.source {
            Source::Loaded => return Ok(self.machine.clone()),
            Source::Random(seed) => random::program(*seed, variant.extensions)?.image(|_| true)?.elf(),
            Source::Loops(seed) => loops::program(*seed, variant.extensions)?,
            Source::Test(test) => Program::build(test, variant)?.elf,
        };
        let firmware = Some(Image::new(self.name.clone(), elf));
        Ok(MachineConfig { firmware, ..self.machine.clone() })
    }
}

/// All that `args` ask for.
///
/// # Errors
/// Files that cannot be read, and images that are not there.
pub(super) fn jobs(args: &DiffArgs) -> anyhow::Result<Vec<Job>> {
    let mut jobs = Vec::new();
    let given = args.cpu.iter().filter_map(|given| match given.cpu {
        Cpu::Variant(variant, _) => Some((given.spec.clone(), variant)),
        Cpu::Help => None,
    });
    let given: Vec<(String, Variant)> = given.collect();
    if args.conform {
        conformance(&given, &mut jobs)?;
    }
    let usual = vec![(String::from("max"), Variant::default())];
    let harts = if given.is_empty() { usual } else { given };
    for (cpu, variant) in harts {
        let machine = MachineConfig { harts: args.smp, variant, ..MachineConfig::default() };
        let mut add = |name: String, memory: u64, limit: u64, source: Source, machine: &MachineConfig| {
            let limit = args.max_instructions.map_or(limit, Into::into);
            let machine = MachineConfig { memory, ..machine.clone() };
            jobs.push(Job { name, cpu: cpu.clone(), limit, machine, source });
        };
        for case in test::find(&args.paths)?.cases {
            let firmware = Some(run::program(&case.path)?);
            let machine = MachineConfig { firmware, ..machine.clone() };
            add(case.name, args.memory, LIMIT, Source::Loaded, &machine);
        }
        if args.stages.is_given() {
            let mut machine = machine.clone();
            run::load(&mut machine, None, &args.stages)?;
            let image = machine.kernel.as_ref().or(machine.firmware.as_ref());
            let name = image.map_or_else(String::new, |image| image.name().to_owned());
            add(name, args.memory, LIMIT, Source::Loaded, &machine);
        }
        if args.demo {
            let firmware = Some(run::built_in_firmware()?);
            let kernel = Some(Image::new("the built-in hypervisor", images::find("host")?));
            let machine = MachineConfig { firmware, kernel, ..machine.clone() };
            add(format!("the demo, {} hart(s)", args.smp), args.memory, LIMIT, Source::Loaded, &machine);
        }
        for seed in args.random.iter().cloned().flatten() {
            add(format!("random program {seed}"), SMALL, LIMIT, Source::Random(seed), &machine);
        }
        for seed in args.loops.iter().cloned().flatten() {
            add(format!("loops {seed}"), SMALL, loops::LENGTH, Source::Loops(seed), &machine);
        }
    }
    Ok(jobs)
}

/// Adds the tests of the conformance suite, on those of `harts` that they suit, or on all that they name.
fn conformance(harts: &[(String, Variant)], jobs: &mut Vec<Job>) -> anyhow::Result<()> {
    for test in suite() {
        let harts = if harts.is_empty() { test.harts().with_context(|| test.name)? } else { harts.to_vec() };
        for (cpu, variant) in harts.into_iter().filter(|(_, variant)| test.suits(variant)) {
            let machine = MachineConfig { variant, memory: MEMORY, ..MachineConfig::default() };
            let source = Source::Test(test);
            jobs.push(Job { name: test.name.to_owned(), cpu, limit: LIMIT, machine, source });
        }
    }
    Ok(())
}
