//! The observer that holds each line of ours against the peer's.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use isa::Inst;
use isa::format::Format;
use iss::observe::MemoryAccess;
use iss::{Hart, Observer};

use super::peer::Peer;
use crate::commit_log::CommitLog;

/// How many lines before a difference are shown.
const SHOWN_BEFORE: usize = 8;

/// Spike's boot ROM has five instructions before the program's entry; nobody's has many more.
const BOOT_LINES_MAX: usize = 64;

/// Follows the peer, an instruction at a time.
pub(crate) struct Comparison {
    ours: CommitLog<Vec<u8>>,
    peer: Peer,
    /// CSRs whose values may differ.
    ignored: Vec<u16>,
    agreed: u64,
    before: VecDeque<String>,
    end: Option<anyhow::Result<Difference>>,
    /// What an ignored CSR has shown the peer: the integer register that has it, and the value.
    adopted: Option<(u8, u64)>,
}

/// The first difference.
#[derive(Debug)]
pub(crate) struct Difference {
    /// The last lines on which both agreed.
    pub before: Vec<String>,
    /// Our line.
    pub ours: String,
    /// The peer's.
    pub theirs: String,
}

impl Difference {
    /// The registers that the peer reports with another value than we do, or that we do not report.
    pub(crate) fn registers(&self) -> Vec<(&str, &str)> {
        let ours = Fields::of(&self.ours);
        let registers = Fields::of(&self.theirs).written.into_iter();
        registers.filter(|register| !ours.written.contains(register)).collect()
    }
}

impl Comparison {
    /// Compares with `peer`; the CSRs `ignored` may differ.
    pub(crate) fn new(peer: Peer, ignored: Vec<u16>) -> Comparison {
        Comparison {
            ours: CommitLog::new(Vec::new()),
            peer,
            ignored,
            agreed: 0,
            before: VecDeque::with_capacity(SHOWN_BEFORE),
            end: None,
            adopted: None,
        }
    }

    /// The number of instructions on which both agreed.
    pub(crate) fn agreed(&self) -> u64 {
        self.agreed
    }

    /// What ended the comparison, if it was a difference; the peer ends with it.
    ///
    /// # Errors
    /// A peer that could not be followed.
    pub(crate) fn finish(self) -> anyhow::Result<Option<Difference>> {
        self.end.transpose()
    }

    /// The integer register that is to get the peer's value, which came from an ignored CSR.
    pub(crate) fn take_adopted(&mut self) -> Option<(u8, u64)> {
        self.adopted.take()
    }

    /// Takes the peer's next line and holds ours against it.
    fn compare(&mut self, inst: &Inst) -> anyhow::Result<Option<Difference>> {
        let line = self.ours.sink();
        let ours = String::from_utf8_lossy(line.trim_ascii_end());
        let theirs = if self.agreed == 0 { first(&mut self.peer, &ours)? } else { self.peer.next()? };
        if ours != theirs {
            let csr = csr_of(inst).filter(|csr| self.ignored.contains(csr));
            if !alike(&ours, theirs, &self.ignored, csr.is_some()) {
                let (ours, theirs) = (ours.into_owned(), theirs.to_owned());
                return Ok(Some(Difference {
                    before: std::mem::take(&mut self.before).into(),
                    ours,
                    theirs,
                }));
            }
            if csr.is_some() {
                self.adopted = Fields::of(theirs).integer();
            }
        }
        let mut latest =
            if self.before.len() < SHOWN_BEFORE { None } else { self.before.pop_front() }.unwrap_or_default();
        latest.clear();
        latest.push_str(&ours);
        self.before.push_back(latest);
        self.agreed += 1;
        self.ours.sink().clear();
        Ok(None)
    }
}

impl Observer for Comparison {
    fn before(&mut self, hart: &Hart, pc: u64) -> ControlFlow<()> {
        if self.end.is_some() || self.adopted.is_some() {
            return ControlFlow::Break(());
        }
        self.ours.before(hart, pc)
    }

    fn retire(&mut self, hart: &Hart, pc: u64, inst: &Inst) {
        self.ours.retire(hart, pc, inst);
        self.end = self.compare(inst).transpose();
    }

    fn access(&mut self, hart: &Hart, access: &MemoryAccess) {
        self.ours.access(hart, access);
    }

    fn csr_write(&mut self, hart: &Hart, number: u16, value: u64) {
        self.ours.csr_write(hart, number, value);
    }
}

/// The peer's line for the program's first instruction: the first at the pc of ours.
fn first<'a>(peer: &'a mut Peer, ours: &str) -> anyhow::Result<&'a str> {
    let entry = Fields::of(ours).pc.to_owned();
    for _ in 0..BOOT_LINES_MAX {
        if Fields::of(peer.next()?).pc == entry {
            return Ok(peer.last());
        }
    }
    anyhow::bail!("the peer does not begin at {entry}: is it running the same program?")
}

/// The CSR that an instruction reads or writes.
fn csr_of(inst: &Inst) -> Option<u16> {
    matches!(inst.op.row().format, Format::Csr | Format::CsrI).then_some(inst.imm as u16)
}

/// Whether two lines are the same but for the values of CSRs that are `ignored`, and for an integer register
/// that has got one.
fn alike(ours: &str, theirs: &str, ignored: &[u16], has_read_ignored: bool) -> bool {
    let kept = |line| {
        let mut fields = Fields::of(line);
        fields.written.retain(|(register, _)| {
            let is_ignored = csr_number(register).is_some_and(|number| ignored.contains(&number));
            !(is_ignored || has_read_ignored && register.starts_with('x'))
        });
        fields
    };
    kept(ours) == kept(theirs)
}

/// The number of the CSR that a line calls `c768_mstatus`.
fn csr_number(register: &str) -> Option<u16> {
    register.strip_prefix('c')?.split_once('_')?.0.parse().ok()
}

/// The parts of a line.
#[derive(PartialEq, Eq, Debug)]
struct Fields<'a> {
    privilege: &'a str,
    pc: &'a str,
    word: &'a str,
    /// Registers and their new values.
    written: Vec<(&'a str, &'a str)>,
    /// Addresses, and of stores the values.
    memory: &'a str,
}

impl Fields<'_> {
    /// Takes a line apart; what is missing is empty.
    fn of(line: &str) -> Fields<'_> {
        let (registers, memory) = line.find(" mem ").map_or((line, ""), |at| line.split_at(at));
        let mut words = registers.split_once(':').map_or("", |(_, rest)| rest).split_ascii_whitespace();
        let mut word = || words.next().unwrap_or_default();
        let (privilege, pc, inst) = (word(), word(), word());
        let mut written = Vec::new();
        while let (Some(register), Some(value)) = (words.next(), words.next()) {
            written.push((register, value));
        }
        Fields { privilege, pc, word: inst, written, memory }
    }

    /// The integer register that is written, and its value.
    fn integer(&self) -> Option<(u8, u64)> {
        self.written.iter().find_map(|(register, value)| {
            let number = register.strip_prefix('x')?.parse().ok()?;
            Some((number, u64::from_str_radix(value.strip_prefix("0x")?, 16).ok()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: &str = "core   0: 3 0x0000000080000000 (0xc0102573) x10 0x0000000000000005";

    #[test]
    fn parts_of_a_line() {
        let line = "core   0: 1 0x0000000080000004 (0x0182b283) x5  0x00000000000000ff \
                    c768_mstatus 0x1 mem 0x0000000080002000";
        let fields = Fields::of(line);
        assert_eq!((fields.privilege, fields.pc, fields.word), ("1", "0x0000000080000004", "(0x0182b283)"));
        assert_eq!(fields.written, [("x5", "0x00000000000000ff"), ("c768_mstatus", "0x1")]);
        assert_eq!(fields.memory, " mem 0x0000000080002000");
        assert_eq!(fields.integer(), Some((5, 255)));
        assert_eq!(csr_number("c768_mstatus"), Some(768));
    }

    #[test]
    fn only_ignored_csrs_and_what_was_read_from_them_may_differ() {
        let other = READ.replace("0005", "0007");
        assert!(alike(READ, &other, &[isa::csr::time::NUMBER], true));
        assert!(!alike(READ, &other, &[isa::csr::time::NUMBER], false), "x10 is not from an ignored CSR");
        assert!(!alike(READ, &other.replace("8000_0000", "80000004"), &[], false));

        let write = "core   0: 3 0x0 (0x1) c836_mip 0x2 mem 0x80";
        assert!(alike(write, &write.replace("0x2", "0x22"), &[836], false));
        assert!(!alike(write, &write.replace("0x2", "0x22"), &[768], false));
        assert!(!alike(write, &write.replace("0x80", "0x88"), &[836], false), "an address differs");
    }
}
