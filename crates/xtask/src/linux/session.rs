//! A machine that is watched while it runs: what it prints, what it is told, and what it takes of the host.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use benches::child::{self, Ended};

/// How long to sleep between two looks at a machine.
const POLL: Duration = Duration::from_millis(10);

/// What is typed at a machine: when this has been printed, that.
pub(crate) type Step<'a> = (&'a str, &'a str);

/// A run of a machine, to be.
pub(crate) struct Session<'a> {
    /// What is typed, one after the other; nothing of what a step waits for is before what the one before it waited for.
    pub(crate) steps: &'a [Step<'a>],
    /// Text whose last line ends the run, by force, when it has been printed so often.
    pub(crate) until: Option<(&'a str, usize)>,
    /// A run that takes longer hangs.
    pub(crate) limit: Duration,
    /// Where what it prints is kept.
    pub(crate) log: PathBuf,
}

/// A run that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Both outputs, in the order of writing.
    pub(crate) text: String,
    /// Time of the host's processors in user mode.
    pub(crate) user: Duration,
    /// Time on the wall.
    pub(crate) wall: Duration,
}

impl Session<'_> {
    /// Runs `command`, which must end with status 0, or print what ends it by force.
    ///
    /// # Errors
    /// A machine that does not start, ends in another way or takes too long; says where its output is.
    pub(crate) fn run(&self, command: &mut Command) -> Result<Run> {
        self.watch(command, |_| Ok(()))
    }

    /// The same, with a look at the running process now and then.
    ///
    /// # Errors
    /// Those of [`Session::run`] and of `look`, which gets the process's id.
    pub(crate) fn watch(
        &self,
        command: &mut Command,
        mut look: impl FnMut(u32) -> Result<()>,
    ) -> Result<Run> {
        let file = File::create(&self.log).with_context(|| format!("cannot write {}", self.log.display()))?;
        let input = if self.steps.is_empty() { Stdio::null() } else { Stdio::piped() };
        command.stdin(input).stderr(file.try_clone()?).stdout(file);
        let start = Instant::now();
        let mut child =
            command.spawn().with_context(|| format!("cannot run {}", command.get_program().display()))?;
        let mut typist = Typist { steps: self.steps, read: 0 };
        let ended = loop {
            if let Some(ended) = child::poll(&child)? {
                break ended;
            }
            let text = read(&self.log)?;
            let told = typist.work(&text, &mut child).and_then(|()| look(child.id()));
            let is_enough = self.until.is_some_and(|(mark, times)| text.matches(mark).count() >= times);
            if told.is_err() || is_enough || start.elapsed() > self.limit {
                child.kill()?;
                let ended = child::wait(&child)?;
                told?;
                ensure!(
                    is_enough,
                    "did not end within {:?}; its output is in {}",
                    self.limit,
                    self.log.display()
                );
                return self.ended(start, ended);
            }
            std::thread::sleep(POLL);
        };
        if !ended.status.success() || self.until.is_some() {
            let why = if ended.status.success() { "before it was to" } else { "badly" };
            bail!("ended {why}: {}; its output is in {}", ended.status, self.log.display());
        }
        self.ended(start, ended)
    }

    fn ended(&self, start: Instant, ended: Ended) -> Result<Run> {
        Ok(Run { text: read(&self.log)?, user: ended.user, wall: start.elapsed() })
    }
}

impl Run {
    /// Whether each of `marks` is part of a line of what was printed, in this order.
    ///
    /// # Errors
    /// The first that is not there.
    pub(crate) fn expect(&self, marks: &[&str]) -> Result<()> {
        let mut rest = self.text.as_str();
        for mark in marks {
            let found = rest.split_once(mark);
            ensure!(found.is_some(), "`{mark}` was not printed at its place");
            rest = found.map_or("", |(_, after)| after);
        }
        Ok(())
    }

    /// The times, for a reader.
    pub(crate) fn times(&self) -> String {
        format!("{:.1} s, {:.1} s user", self.wall.as_secs_f64(), self.user.as_secs_f64())
    }
}

/// Types what the steps say.
struct Typist<'a> {
    steps: &'a [Step<'a>],
    /// How much of what was printed the steps before have waited for.
    read: usize,
}

impl Typist<'_> {
    fn work(&mut self, text: &str, child: &mut Child) -> Result<()> {
        while let Some(((mark, typed), rest)) = self.steps.split_first() {
            let unread = text.get(self.read..).unwrap_or_default();
            let Some(at) = unread.find(mark) else { break };
            self.read += at + mark.len();
            self.steps = rest;
            let input = child.stdin.as_mut().context("nothing can be typed at the machine")?;
            // A machine that has ended meanwhile is noticed by its end.
            let _ = input.write_all(typed.as_bytes());
        }
        Ok(())
    }
}

fn read(log: &Path) -> Result<String> {
    let bytes = fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
    Ok(String::from_utf8_lossy(&bytes).replace('\r', ""))
}
