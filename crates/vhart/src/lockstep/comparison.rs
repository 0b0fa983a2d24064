//! The observer that holds each line of ours against the peer's.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use isa::Inst;
use isa::ext::Ext;
use iss::observe::{MemoryAccess, TrapTaken};
use iss::{Hart, Observer};

use super::difference::Difference;
use super::line::{Fields, csr_number, csr_of, hexadecimal};
use super::peer::Peer;
use crate::commit_log::CommitLog;

/// How many lines before a difference are shown.
const SHOWN_BEFORE: usize = 8;

/// Spike's boot ROM has five instructions before the program's entry; nobody's has many more.
const BOOT_LINES_MAX: usize = 64;

/// The extensions with which a peer may log addresses before or after their upper bits are masked.
const MASKING: [Ext; 3] = [Ext::Smmpm, Ext::Smnpm, Ext::Ssnpm];

/// A CSR that the peer may have another value of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ignored {
    /// Its number.
    pub number: u16,
    /// The only value that the peer may have instead; any by default.
    pub only: Option<u64>,
}

impl Ignored {
    /// Whether the peer may show `value` of CSR `number`, whatever we show.
    fn covers(&self, number: u16, value: u64) -> bool {
        self.number == number && self.only.is_none_or(|only| only == value)
    }
}

/// Follows the peer, an instruction at a time.
pub(crate) struct Comparison {
    ours: CommitLog<Vec<u8>>,
    peer: Peer,
    /// CSRs whose values may differ.
    ignored: Vec<Ignored>,
    agreed: u64,
    before: VecDeque<String>,
    end: Option<anyhow::Result<Difference>>,
    /// What our hart is to change before it goes on.
    change: Option<Change>,
    /// After how many instructions our hart loses its reservation, the first one last.
    failures: Vec<u64>,
    /// The trap that our hart has taken since its last instruction.
    trap: Option<TrapTaken>,
}

/// A change of our hart to what the peer has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// An integer register gets the peer's value, which came from an ignored CSR.
    Register(u8, u64),
    /// The reservation is lost.
    LostReservation,
}

impl Comparison {
    /// Compares with `peer`; the CSRs `ignored` may differ. After each number of instructions in `failures`,
    /// our hart loses its reservation.
    pub(crate) fn new(peer: Peer, ignored: Vec<Ignored>, failures: &[u64]) -> Comparison {
        Comparison {
            ours: CommitLog::new(Vec::new()),
            peer,
            ignored,
            agreed: 0,
            before: VecDeque::with_capacity(SHOWN_BEFORE),
            end: None,
            change: None,
            failures: failures.iter().rev().copied().collect(),
            trap: None,
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

    /// What is to change in our hart before it goes on.
    pub(crate) fn take_change(&mut self) -> Option<Change> {
        self.change.take()
    }

    /// Takes the peer's next line and holds ours against it.
    fn compare(&mut self, hart: &Hart, inst: &Inst) -> anyhow::Result<Option<Difference>> {
        let line = self.ours.sink();
        let ours = String::from_utf8_lossy(line.trim_ascii_end());
        let theirs = if self.agreed == 0 { first(&mut self.peer, &ours)? } else { self.peer.next()? };
        if ours != theirs {
            let csr = csr_of(inst);
            let read = self.ignored.iter().find(|ignored| csr == Some(ignored.number));
            let stays = |number, value| hart.csr(number) == Some(value);
            let is_masked = MASKING.iter().any(|ext| hart.variant().has(*ext));
            if !alike(&ours, theirs, &self.ignored, read, is_masked, stays) {
                let (ours, theirs) = (ours.into_owned(), theirs.to_owned());
                return Ok(Some(Difference {
                    before: std::mem::take(&mut self.before).into(),
                    ours,
                    theirs,
                    trap: self.trap,
                }));
            }
            if read.is_some() {
                self.change =
                    Fields::of(theirs).integer().map(|(register, value)| Change::Register(register, value));
            }
        }
        let mut latest =
            if self.before.len() < SHOWN_BEFORE { None } else { self.before.pop_front() }.unwrap_or_default();
        latest.clear();
        latest.push_str(&ours);
        self.before.push_back(latest);
        self.agreed += 1;
        self.trap = None;
        self.ours.sink().clear();
        Ok(None)
    }
}

impl Observer for Comparison {
    fn before(&mut self, hart: &Hart, pc: u64) -> ControlFlow<()> {
        if self.failures.last() == Some(&self.agreed) {
            self.failures.pop();
            self.change = Some(Change::LostReservation);
        }
        if self.end.is_some() || self.change.is_some() {
            return ControlFlow::Break(());
        }
        self.ours.before(hart, pc)
    }

    fn retire(&mut self, hart: &Hart, pc: u64, inst: &Inst) {
        self.ours.retire(hart, pc, inst);
        self.end = self.compare(hart, inst).transpose();
    }

    fn trap(&mut self, _hart: &Hart, trap: &TrapTaken) {
        self.trap = Some(*trap);
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

/// Whether two lines are the same but for the values of CSRs that are `ignored`, for an integer register
/// that has got the one which is `read`, and for CSRs that the peer reports although they stay as they are.
fn alike(
    ours: &str,
    theirs: &str,
    ignored: &[Ignored],
    read: Option<&Ignored>,
    is_masked: bool,
    stays: impl Fn(u16, u64) -> bool,
) -> bool {
    let (mut ours, mut theirs) = (Fields::of(ours), Fields::of(theirs));
    let dropped: Vec<&str> = theirs
        .written
        .iter()
        .filter_map(|(register, value)| {
            let value = hexadecimal(value)?;
            let allowed = match csr_number(register) {
                Some(number) => {
                    let is_reported = ours.written.iter().any(|(reported, _)| reported == register);
                    ignored.iter().any(|csr| csr.covers(number, value))
                        || !is_reported && stays(number, value)
                }
                None => register.starts_with('x') && read.is_some_and(|csr| csr.covers(csr.number, value)),
            };
            allowed.then_some(*register)
        })
        .collect();
    for fields in [&mut ours, &mut theirs] {
        fields.written.retain(|(register, _)| !dropped.contains(register));
    }
    if is_masked && same_masked(ours.memory, theirs.memory) {
        theirs.memory = ours.memory;
    }
    ours == theirs
}

/// Whether accesses are the same but for upper bits of their addresses, of which masking takes at most 16.
fn same_masked(ours: &str, theirs: &str) -> bool {
    let (mut ours, mut theirs) = (ours.split_ascii_whitespace(), theirs.split_ascii_whitespace());
    let mut is_address = false;
    loop {
        let (here, there) = match (ours.next(), theirs.next()) {
            (Some(here), Some(there)) => (here, there),
            (here, there) => return here == there,
        };
        let low = |word: &str| hexadecimal(word).map(|address| address << 16);
        if here != there && !(is_address && low(here) == low(there)) {
            return false;
        }
        is_address = here == "mem";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: &str = "core   0: 3 0x0000000080000000 (0xc0102573) x10 0x0000000000000005";

    #[test]
    fn only_ignored_csrs_and_what_was_read_from_them_may_differ() {
        let csr = |number, only| Ignored { number, only };
        let other = READ.replace("0005", "0007");
        let alike_read = |theirs, ignored| alike(READ, theirs, &[], Some(&ignored), false, |_, _| false);
        assert!(alike_read(&other, csr(isa::csr::time::NUMBER, None)));
        assert!(alike_read(&other, csr(isa::csr::time::NUMBER, Some(7))));
        assert!(!alike_read(&other, csr(isa::csr::time::NUMBER, Some(6))));
        assert!(!alike_read(&other.replace("80000000", "80000004"), csr(isa::csr::time::NUMBER, None)), "pc");

        let write = "core   0: 3 0x0 (0x1) x5 0x1 c836_mip 0x2 mem 0x80";
        let alike = |theirs: &str, ignored| alike(write, theirs, &[ignored], None, false, |_, _| false);
        assert!(alike(&write.replace("0x2", "0x22"), csr(836, None)));
        assert!(!alike(&write.replace("0x2", "0x22"), csr(768, None)));
        assert!(!alike(&write.replace("x5 0x1", "x5 0x2"), csr(836, None)), "x5 is not from mip");
        assert!(!alike(&write.replace("0x80", "0x88"), csr(836, None)), "an address differs");
    }

    #[test]
    fn masked_addresses_are_the_same() {
        let ours = " mem 0x0000000080061000 mem 0x0000000080061000 0x0000000000000001";
        assert!(same_masked(ours, &ours.replace("mem 0x0000", "mem 0x9fba")));
        assert!(!same_masked(ours, &ours.replace("mem 0x00000", "mem 0x00001")), "48 bits are the same");
        assert!(!same_masked(ours, &ours.replace(" 0x0000000000000001", " 0x8000000000000001")), "a value");
        assert!(!same_masked(ours, " mem 0x0000000080061000 mem 0x0000000080061000"));
    }

    #[test]
    fn a_csr_that_stays_as_it_is_may_be_reported() {
        let ours = "core   0: 3 0x0 (0x30200073) c768_mstatus 0x80";
        let alike =
            |theirs: &str| alike(ours, theirs, &[], None, false, |number, value| (number, value) == (512, 6));
        assert!(alike("core   0: 3 0x0 (0x30200073) c512_vsstatus 0x6 c768_mstatus 0x80"));
        assert!(!alike("core   0: 3 0x0 (0x30200073) c512_vsstatus 0x7 c768_mstatus 0x80"));
        assert!(!alike("core   0: 3 0x0 (0x30200073) c512_vsstatus 0x6"), "mstatus was written");
    }
}
