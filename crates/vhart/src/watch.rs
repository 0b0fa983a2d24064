//! The observers that the command line asks for, as one.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::{ControlFlow, Range};
use std::path::Path;

use anyhow::Context;
use isa::Inst;
use iss::observe::{Interest, MemoryAccess, TrapTaken, WorldSwitch};
use iss::{Hart, Observer};

use crate::args::WatchArgs;
use crate::commit_log::CommitLog;
use crate::gdb::Breakpoints;
use crate::stats::Counter;
use crate::switch_trace::SwitchTrace;

/// Everything that watches a run.
#[derive(Default)]
pub(crate) struct Watch {
    commits: Option<CommitLog<BufWriter<File>>>,
    switches: Option<SwitchTrace<Box<dyn Write>>>,
    /// Counts for `--stats`.
    pub counter: Option<Counter>,
    /// What a debugger stops at.
    pub breakpoints: Option<Breakpoints>,
}

impl Watch {
    /// Opens the files that `args` names.
    ///
    /// # Errors
    /// Those of creating the files, with their names.
    pub(crate) fn open(args: &WatchArgs) -> anyhow::Result<Watch> {
        let commits = args.log_commits.as_deref().map(create).transpose()?.map(CommitLog::new);
        let switches = match &args.trace {
            None => None,
            Some(trace) => {
                let file = trace.file.as_deref().map(create).transpose()?;
                let out: Box<dyn Write> = file.map_or(Box::new(io::stderr()), |file| Box::new(file));
                Some(SwitchTrace::new(out))
            }
        };
        let counter = args.stats.is_some().then(Counter::default);
        Ok(Watch { commits, switches, counter, breakpoints: None })
    }

    /// The observer to run with; none where nothing is watched, which is fastest.
    pub(crate) fn observer(&mut self) -> Option<&mut dyn Observer> {
        let idle = self.commits.is_none()
            && self.switches.is_none()
            && self.counter.is_none()
            && self.breakpoints.is_none();
        (!idle).then_some(self)
    }

    /// Ends the files.
    ///
    /// # Errors
    /// The first error in writing any of them.
    pub(crate) fn finish(&mut self) -> anyhow::Result<()> {
        if let Some(commits) = &mut self.commits {
            commits.finish().context("cannot write the commit log")?;
        }
        if let Some(switches) = &mut self.switches {
            switches.finish().context("cannot write the trace")?;
        }
        Ok(())
    }
}

fn create(path: &Path) -> anyhow::Result<BufWriter<File>> {
    let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    Ok(BufWriter::with_capacity(1 << 20, file))
}

impl Observer for Watch {
    fn interest(&self) -> Interest {
        match (&self.commits, &self.breakpoints) {
            (Some(_), _) => Interest::Everything,
            (None, Some(breakpoints)) => breakpoints.interest(),
            (None, None) => Interest::Events,
        }
    }

    fn stops_at(&self, offset: u64) -> bool {
        self.breakpoints.as_ref().is_some_and(|breakpoints| breakpoints.stops_at(offset))
    }

    fn watches(&self, vas: &Range<u64>) -> bool {
        self.breakpoints.as_ref().is_some_and(|breakpoints| breakpoints.watches(vas))
    }

    fn before(&mut self, hart: &Hart, pc: u64) -> ControlFlow<()> {
        if let Some(breakpoints) = &mut self.breakpoints {
            breakpoints.before(hart, pc)?;
        }
        self.commits.as_mut().map_or(ControlFlow::Continue(()), |commits| commits.before(hart, pc))
    }

    fn retire(&mut self, hart: &Hart, pc: u64, inst: &Inst) {
        if let Some(commits) = &mut self.commits {
            commits.retire(hart, pc, inst);
        }
    }

    fn trap(&mut self, hart: &Hart, trap: &TrapTaken) {
        if let Some(counter) = &mut self.counter {
            counter.trap(hart, trap);
        }
    }

    fn access(&mut self, hart: &Hart, access: &MemoryAccess) {
        if let Some(commits) = &mut self.commits {
            commits.access(hart, access);
        }
        if let Some(breakpoints) = &mut self.breakpoints {
            breakpoints.access(hart, access);
        }
    }

    fn csr_write(&mut self, hart: &Hart, number: u16, value: u64) {
        if let Some(commits) = &mut self.commits {
            commits.csr_write(hart, number, value);
        }
    }

    fn world_switch(&mut self, hart: &Hart, switch: &WorldSwitch) {
        if let Some(switches) = &mut self.switches {
            switches.world_switch(hart, switch);
        }
        if let Some(counter) = &mut self.counter {
            counter.world_switch(hart, switch);
        }
    }
}
