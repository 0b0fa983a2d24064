//! Two machines with the same program, one for each engine, and everything about them that must be the same.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use iss::{Engine, Hart};
use platform::snapshot::Snapshot;
use platform::{Console, Machine, MachineConfig, MachineStop, Until};

use super::difference::{Difference, What};

/// A machine, its console and how it has stopped.
struct Side {
    machine: Machine,
    output: Output,
    stop: MachineStop,
}

/// The two machines.
pub(super) struct Pair {
    fast: Side,
    reference: Side,
    /// The CSRs that the harts have.
    csrs: Vec<u16>,
    /// How much of the console's output has been found to be the same.
    printed: usize,
    /// Cuts so far, if the fast machine is to go through snapshots.
    cuts: Option<u64>,
}

/// Of so many cuts at one there is a snapshot, since one takes as long as thousands of instructions.
const CUTS: u64 = 8;

/// What a guest has sent to its console.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output {
    /// What was sent after the first `start` bytes.
    fn after(&self, start: usize) -> Vec<u8> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.get(start..).unwrap_or_default().to_vec()
    }
}

impl Side {
    fn new(config: &MachineConfig) -> anyhow::Result<Side> {
        let output = Output::default();
        let machine = Machine::new(config.clone(), Console::new(output.clone()))?;
        Ok(Side { machine, output, stop: MachineStop::InstructionLimit })
    }

    /// Runs until the machine has attempted so many instructions in all, through every reset.
    fn run(&mut self, instructions: u64) -> anyhow::Result<()> {
        loop {
            let until = Until { instructions: Some(instructions), deadline: None };
            self.stop = self.machine.run(until, None);
            if self.stop != MachineStop::Reset {
                return Ok(());
            }
            self.machine.reset()?;
        }
    }

    /// Puts in the machine's place what is read from a snapshot of it, with the other engine.
    fn reload(&mut self) -> anyhow::Result<()> {
        let mut snapshot = Vec::new();
        self.machine.write_snapshot(&mut snapshot)?;
        let engine = match self.machine.config().engine {
            Engine::Fast => Engine::Reference,
            Engine::Reference => Engine::Fast,
        };
        let snapshot = Snapshot::read(String::from("the snapshot"), snapshot.as_slice())?;
        let manner = MachineConfig { engine, ..MachineConfig::default() };
        self.machine = snapshot.machine(&manner, Console::new(self.output.clone()))?;
        Ok(())
    }
}

impl Pair {
    /// Both machines at their first instruction, the fast one first. With `reload`, that goes through a snapshot at
    /// some of the cuts, and on with the other engine.
    pub(super) fn new([fast, reference]: &[MachineConfig; 2], reload: bool) -> anyhow::Result<Pair> {
        let (fast, reference) = (Side::new(fast)?, Side::new(reference)?);
        let has = |number: &u16| reference.machine.hart(0).is_some_and(|hart| hart.csr(*number).is_some());
        let csrs = (0..0x1000).filter(has).collect();
        Ok(Pair { fast, reference, csrs, printed: 0, cuts: reload.then_some(0) })
    }

    /// Runs both until they have attempted so many instructions in all.
    pub(super) fn run(&mut self, instructions: u64) -> anyhow::Result<()> {
        self.fast.run(instructions)?;
        if let Some(cuts) = &mut self.cuts {
            *cuts += 1;
            if cuts.is_multiple_of(CUTS) {
                self.fast.reload()?;
            }
        }
        self.reference.run(instructions)
    }

    /// Starts the fast machine anew and runs it alone in one go.
    pub(super) fn run_fast_again(&mut self, config: &MachineConfig, instructions: u64) -> anyhow::Result<()> {
        self.fast = Side::new(config)?;
        self.printed = 0;
        self.fast.run(instructions)
    }

    /// Instructions that the reference has attempted.
    pub(super) fn instructions(&self) -> u64 {
        self.reference.machine.instructions()
    }

    /// How the reference has stopped.
    pub(super) fn stop(&self) -> MachineStop {
        self.reference.stop
    }

    /// The reference's machine.
    pub(super) fn machine(&self) -> &Machine {
        &self.reference.machine
    }

    /// The harts of both machines.
    fn harts(&self) -> impl Iterator<Item = (usize, &Hart, &Hart)> {
        let (fast, reference) = (&self.fast.machine, &self.reference.machine);
        (0..reference.harts()).filter_map(|id| Some((id, fast.hart(id)?, reference.hart(id)?)))
    }

    /// What differs but for memory and translation caches.
    pub(super) fn differences(&mut self) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut note = |hart, what, fast: u64, reference: u64| {
            if fast != reference {
                found.push(Difference::of_bits(hart, what, [fast, reference]));
            }
        };
        let machines = [&self.fast.machine, &self.reference.machine];
        let [fast, reference] = machines.map(Machine::instructions);
        note(None, What::Instructions, fast, reference);
        for (id, fast, reference) in self.harts() {
            let hart = Some(id);
            note(hart, What::Pc, fast.pc(), reference.pc());
            note(hart, What::Retired, fast.retired(), reference.retired());
            note(hart, What::Waiting, fast.is_waiting().into(), reference.is_waiting().into());
            for n in 0..32 {
                note(hart, What::X(n), fast.x(n), reference.x(n));
                note(hart, What::F(n), fast.f(n), reference.f(n));
            }
            for number in &self.csrs {
                let [fast, reference] = [fast, reference].map(|hart| hart.csr(*number).unwrap_or_default());
                note(hart, What::Csr(*number), fast, reference);
            }
        }
        for (id, fast, reference) in self.harts() {
            if fast.mode() != reference.mode() {
                found.push(Difference::of_text(Some(id), What::Mode, [&fast.mode(), &reference.mode()]));
            }
        }
        if self.fast.stop != self.reference.stop {
            found.push(Difference::of_text(None, What::Stop, [&self.fast.stop, &self.reference.stop]));
        }
        let [fast, reference] = [&self.fast, &self.reference].map(|side| side.output.after(self.printed));
        if fast == reference {
            self.printed += fast.len();
        } else {
            let text = [fast, reference].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            found.push(Difference::of_text(None, What::Console, [&text[0], &text[1]]));
        }
        found
    }

    /// The first doubleword of main memory that differs.
    pub(super) fn memory_difference(&self) -> Option<Difference> {
        let at = self.fast.machine.ram().first_difference(self.reference.machine.ram())?;
        self.word_difference(at)
    }

    /// Whether the doubleword at this address differs.
    pub(super) fn word_difference(&self, at: u64) -> Option<Difference> {
        let word = |side: &Side| side.machine.ram().load(at, iss::Width::D).unwrap_or_default();
        let words = [&self.fast, &self.reference].map(word);
        (words[0] != words[1]).then(|| Difference::of_bits(None, What::Word(at), words))
    }

    /// Whether the translation caches differ: for each hart the first translation that only one of them has.
    pub(super) fn translation_differences(&self) -> Vec<Difference> {
        let mut found = Vec::new();
        for (id, fast, reference) in self.harts() {
            let [fast, reference] = [fast, reference].map(Hart::translations);
            if let Some(index) =
                (0..fast.len().max(reference.len())).find(|i| fast.get(*i) != reference.get(*i))
            {
                let sides: [&dyn std::fmt::Debug; 2] = [&fast.get(index), &reference.get(index)];
                found.push(Difference::of_text(Some(id), What::Translation, sides));
            }
        }
        found
    }
}
