//! The monitor: the guest's devices, its console, and the trace of its exits.

use std::collections::BTreeMap;
use std::io::{self, Write};

use hyp::Hva;
use hyp::ledger::Costs;
use isa::cause::Cause;
use kvm::Exit;
use kvm::trace::Line;
use native::{Kernel, Machine, Served};
use vmm_core::serve::{Next, Outside, serve};
use vmm_core::uart::Uart;

/// The guest's console is written a line at a time, or in pieces of this size.
const LINE: usize = 512;

/// The devices of a machine.
pub(crate) struct Monitor {
    uart: Uart,
    console: Console,
    memory: Hva,
    trace: bool,
}

/// The guest's console: standard output; standard input is not given to it.
#[derive(Default)]
struct Console {
    line: Vec<u8>,
}

/// What is around the devices.
struct Around<'a> {
    console: &'a mut Console,
    kernel: &'a Kernel,
    memory: Hva,
}

impl Monitor {
    /// The devices of a guest whose memory the user has at `memory`; with a line for each exit, or not.
    pub(crate) fn new(memory: Hva, trace: bool) -> Monitor {
        Monitor { uart: Uart::new(), console: Console::default(), memory, trace }
    }

    /// Writes what the guest has not ended yet.
    pub(crate) fn flush(&mut self) {
        self.console.flush();
    }
}

impl Console {
    fn write(&mut self, byte: u8) {
        self.line.push(byte);
        if byte == b'\n' || self.line.len() == LINE {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let mut output = io::stdout().lock();
        // There is nobody to tell where that fails.
        let _ = output.write_all(&self.line).and_then(|()| output.flush());
        self.line.clear();
    }
}

impl Outside for Around<'_> {
    fn send(&mut self, byte: u8) {
        self.console.write(byte);
    }

    fn receive(&mut self) -> Option<u8> {
        None
    }

    fn ram(&self, offset: usize) -> u8 {
        let mut byte = [0];
        let read = self.kernel.memory.read(self.memory.offset(offset as u64), &mut byte);
        read.map_or(0, |()| byte[0])
    }

    fn set_ram(&mut self, offset: usize, byte: u8) {
        let _ = self.kernel.memory.write(self.memory.offset(offset as u64), &[byte]);
    }
}

impl native::Monitor for Monitor {
    /// Whether the guest has failed.
    type End = bool;

    fn serve(&mut self, kernel: &Kernel, vcpu: usize, exit: Exit) -> Result<Served<bool>, &'static str> {
        let Monitor { uart, console, memory, trace } = self;
        let (answer, next) = serve(uart, &mut Around { console, kernel, memory: *memory }, exit);
        if *trace {
            let _ = writeln!(io::stderr(), "{}", Line { vcpu, exit, answer });
        }
        match next {
            Next::Resume => Ok(Served::Resume(answer)),
            Next::End { failed } => Ok(Served::End(failed)),
            Next::Stuck(advice) => Err(advice),
        }
    }
}

/// Writes to standard error how often a virtual hart has left its guest, by cause.
pub(crate) fn write_counts(vcpu: &hyp::Vcpu) {
    for (cause, count) in vcpu.counts().iter() {
        let _ = writeln!(io::stderr(), "vcpu={} exits={count} {cause}", vcpu.shared().number());
    }
}

/// Writes to standard error what exits have cost, by cause: each figure is that of one exit, on average.
pub(crate) fn write_ledger(machine: &Machine) {
    let mut all: BTreeMap<u64, Costs> = BTreeMap::new();
    for (cause, costs) in machine.locals.iter().flat_map(|local| local.hart.costs()) {
        let sum = all.entry(cause).or_default();
        sum.exits += costs.exits;
        sum.csrs += costs.csrs;
        sum.fences += costs.fences;
        sum.entries += costs.entries;
    }
    let mut text = format!("{:<34} {:>7} {:>6} {:>7} {:>8}\n", "exit", "exits", "CSRs", "fences", "entries");
    for (cause, costs) in all {
        let name = Cause::from_bits(cause).map_or_else(|| format!("{cause:#x}"), |cause| cause.to_string());
        let mean = |sum: u64| sum as f64 / costs.exits.max(1) as f64;
        text += &format!(
            "{name:<34} {:>7} {:>6.1} {:>7.1} {:>8.1}\n",
            costs.exits,
            mean(costs.csrs),
            mean(costs.fences),
            mean(costs.entries)
        );
    }
    let _ = io::stderr().write_all(text.as_bytes());
}
