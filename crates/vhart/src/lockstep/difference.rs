//! The first difference, and what it means.

use std::fmt;

use isa::cause::{Cause, Exception};
use isa::{Inst, Op, csr};
use iss::observe::TrapTaken;

use super::line::{Fields, csr_of, hexadecimal};

/// What a reader should look at first when an instruction exists on one side alone.
const QUESTION: &str = ": does its ISA agree with --cpu?";

/// The first difference.
#[derive(Debug)]
pub(crate) struct Difference {
    /// The last lines on which both agreed.
    pub(super) before: Vec<String>,
    /// Our line.
    pub(super) ours: String,
    /// The peer's.
    pub(super) theirs: String,
    /// The trap that our hart has taken before its line.
    pub(super) trap: Option<TrapTaken>,
}

impl Difference {
    /// Whether SC has stored something here, and has failed in the peer.
    pub(crate) fn is_failure_of_sc(&self) -> bool {
        let (ours, theirs) = (Fields::of(&self.ours), Fields::of(&self.theirs));
        let is_sc = ours.inst().is_some_and(|inst| matches!(inst.op, Op::sc_w | Op::sc_d));
        let is_same = (ours.privilege, ours.pc, ours.word) == (theirs.privilege, theirs.pc, theirs.word);
        is_sc && is_same && !ours.memory.is_empty() && theirs.memory.is_empty()
    }

    /// What the lines mean, where one side has trapped and the other has not, or they are different harts.
    fn meaning(&self) -> Option<String> {
        let (ours, theirs) = (Fields::of(&self.ours), Fields::of(&self.theirs));
        let inst = ours.inst()?;
        if ours.pc == theirs.pc {
            let causes = || {
                let [here, there] = [&ours, &theirs].map(|fields| fields.integer());
                Some((Cause::from_bits(here?.1)?, Cause::from_bits(there?.1)?))
            };
            return match csr_of(&inst)? {
                csr::misa::NUMBER => {
                    Some("the harts have other extensions: --cpu must be what the peer is".to_owned())
                }
                csr::mcause::NUMBER | csr::scause::NUMBER => {
                    let (here, there) = causes()?;
                    let question = if is_illegal(here) || is_illegal(there) { QUESTION } else { "" };
                    Some(format!("vhart has trapped for {here}, the peer for {there}{question}"))
                }
                _ => None,
            };
        }
        let trapped = self.trap.filter(|trap| Some(trap.epc) == hexadecimal(theirs.pc));
        if let Some(trap) = trapped {
            let question = if is_illegal(trap.cause) { QUESTION } else { "" };
            return Some(format!(
                "vhart has trapped for {} at {}; the peer has not{question}",
                trap.cause,
                theirs.inst()?
            ));
        }
        let question = if is_memory(&inst) { "" } else { QUESTION };
        Some(format!("the peer has not executed {inst}{question}"))
    }

    /// The registers that the peer reports with another value than we do, or that we do not report.
    fn registers(&self) -> Vec<(&str, &str)> {
        let ours = Fields::of(&self.ours);
        let registers = Fields::of(&self.theirs).written.into_iter();
        registers.filter(|register| !ours.written.contains(register)).collect()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.before {
            writeln!(f, "  both: {line}")?;
        }
        writeln!(f, " vhart: {}\n  peer: {}", self.ours, self.theirs)?;
        for (register, value) in self.registers() {
            writeln!(f, "{register} of the peer: {value}")?;
        }
        self.meaning().map_or(Ok(()), |meaning| writeln!(f, "{meaning}"))
    }
}

/// Whether a trap may be for an instruction that a hart does not have.
fn is_illegal(cause: Cause) -> bool {
    matches!(cause, Cause::Exception(Exception::IllegalInst | Exception::VirtualInst))
}

/// Whether an instruction may trap for what it finds in memory.
fn is_memory(inst: &Inst) -> bool {
    inst.op.row().format.operands().contains("(rs1)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_says_what_it_means() {
        let line = |pc: u64, word: u32, rest: &str| format!("core   0: 3 0x{pc:016x} (0x{word:08x}){rest}");
        let meaning = |ours: &str, theirs: &str, trap: Option<TrapTaken>| {
            let difference =
                Difference { before: Vec::new(), ours: ours.to_owned(), theirs: theirs.to_owned(), trap };
            difference.meaning().unwrap_or_default()
        };
        let trap = TrapTaken {
            cause: Cause::Exception(Exception::IllegalInst),
            from: isa::Mode::M,
            to: isa::Mode::M,
            epc: 0x8000_0000,
            tval: 0,
            tval2: 0,
            tinst: 0,
        };
        let (add, j) = (line(0x8000_0000, 0x00b5_0533, ""), line(0x8000_0100, 0x0400_006f, ""));
        assert_eq!(
            meaning(&add, &j, None),
            "the peer has not executed add a0,a0,a1: does its ISA agree with --cpu?"
        );
        assert_eq!(
            meaning(&j, &add, Some(trap)),
            "vhart has trapped for illegal instruction at add a0,a0,a1; the peer has not: \
             does its ISA agree with --cpu?"
        );
        let load = line(0x8000_0000, 0x0005_3503, "");
        assert_eq!(meaning(&load, &j, None), "the peer has not executed ld a0,0(a0)");
        let [ours, theirs] =
            ["2", "d"].map(|cause| line(0x8000_0140, 0x3420_22f3, &format!(" x5  0x{cause:0>16}")));
        assert_eq!(
            meaning(&ours, &theirs, None),
            "vhart has trapped for illegal instruction, the peer for load page fault: \
             does its ISA agree with --cpu?"
        );
        assert_eq!(meaning(&add, &add.replace("(", "x10 ("), None), "");
    }
}
