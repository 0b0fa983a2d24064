//! A line of a commit log, taken apart.

use isa::Inst;
use isa::format::Format;

/// The parts of a line.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Fields<'a> {
    pub(super) privilege: &'a str,
    pub(super) pc: &'a str,
    pub(super) word: &'a str,
    /// Registers and their new values.
    pub(super) written: Vec<(&'a str, &'a str)>,
    /// Addresses, and of stores the values.
    pub(super) memory: &'a str,
}

impl Fields<'_> {
    /// Takes a line apart; what is missing is empty.
    pub(super) fn of(line: &str) -> Fields<'_> {
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

    /// The instruction.
    pub(super) fn inst(&self) -> Option<Inst> {
        let word = self.word.strip_prefix('(')?.strip_suffix(')')?;
        isa::decode(u32::try_from(hexadecimal(word)?).ok()?)
    }

    /// The integer register that is written, and its value.
    pub(super) fn integer(&self) -> Option<(u8, u64)> {
        self.written.iter().find_map(|(register, value)| {
            let number = register.strip_prefix('x')?.parse().ok()?;
            Some((number, hexadecimal(value)?))
        })
    }
}

/// The CSR that an instruction reads or writes.
pub(super) fn csr_of(inst: &Inst) -> Option<u16> {
    matches!(inst.op.row().format, Format::Csr | Format::CsrI).then_some(inst.imm as u16)
}

/// The number written as `0x12`.
pub(super) fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// The number of the CSR that a line calls `c768_mstatus`.
pub(super) fn csr_number(register: &str) -> Option<u16> {
    register.strip_prefix('c')?.split_once('_')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
