//! The disassembler: instructions as text, without aliases.
//!
//! Mnemonics are the table's names; operands are written as each format's template says
//! ([`Format::operands`]). Unprivileged ISA, "RISC-V Assembly Programmer's Handbook".

use core::fmt;

use crate::csr;
use crate::format::{Control, Format};
use crate::inst::{Inst, Op};
use crate::reg::{FReg, Reg};
use crate::rounding::RoundingMode;

/// Writes the instruction with branch and jump targets relative to itself: `beq a0,a1,.+16`.
impl fmt::Display for Inst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_inst(f, self, None)
    }
}

impl Inst {
    /// The text of an instruction that lies at `pc`, with targets as absolute addresses.
    pub fn at(&self, pc: u64) -> impl fmt::Display {
        At { inst: *self, pc }
    }
}

struct At {
    inst: Inst,
    pc: u64,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_inst(f, &self.inst, Some(self.pc))
    }
}

impl Op {
    /// The mnemonic, such as `fcvt.w.s`.
    pub fn mnemonic(self) -> impl fmt::Display {
        Mnemonic(self.row().name)
    }
}

struct Mnemonic(&'static str);

impl fmt::Display for Mnemonic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.0.split('_');
        f.write_str(parts.next().unwrap_or_default())?;
        parts.try_for_each(|part| write!(f, ".{part}"))
    }
}

fn write_inst(f: &mut fmt::Formatter<'_>, inst: &Inst, pc: Option<u64>) -> fmt::Result {
    let format = inst.op.row().format;
    write!(f, "{}", inst.op.mnemonic())?;
    if format.control() == Control::Ordering {
        f.write_str(["", ".rl", ".aq", ".aqrl"][usize::from(inst.rm & 3)])?;
    }
    if matches!(format, Format::MopR | Format::MopRr | Format::CMop) {
        write!(f, ".{}", inst.imm)?;
    }
    if inst.op == Op::fence && inst.imm == FENCE_TSO {
        return f.write_str(".tso");
    }
    // c.nop has an immediate only in hints.
    if format == Format::CNop && inst.imm == 0 {
        return Ok(());
    }
    write_operands(f, inst, pc, format.operands())?;
    if format.control() == Control::Rounding && !has_implied_rounding(inst) {
        match RoundingMode::from_bits(inst.rm) {
            Some(mode) => write!(f, ",{mode}")?,
            None => write!(f, ",{}", inst.rm)?,
        }
    }
    Ok(())
}

/// Writes a format's template with its words replaced by operands.
fn write_operands(
    f: &mut fmt::Formatter<'_>,
    inst: &Inst,
    pc: Option<u64>,
    mut template: &str,
) -> fmt::Result {
    if !template.is_empty() {
        f.write_str(" ")?;
    }
    let is_word = |c: char| c.is_ascii_alphanumeric();
    while let Some(first) = template.chars().next() {
        let end = if is_word(first) { template.find(|c| !is_word(c)).unwrap_or(template.len()) } else { 1 };
        let (token, rest) = template.split_at(end);
        write_operand(f, inst, pc, token)?;
        template = rest;
    }
    Ok(())
}

/// The immediate of FENCE.TSO: fm 8, and reads and writes before reads and writes.
const FENCE_TSO: i32 = 0x833;

/// Whether the assembler supplies this rounding mode when none is written: the dynamic one, and 0 for
/// conversions that are always exact.
fn has_implied_rounding(inst: &Inst) -> bool {
    let is_exact =
        matches!(inst.op, Op::fcvt_s_h | Op::fcvt_d_h | Op::fcvt_d_s | Op::fcvt_d_w | Op::fcvt_d_wu);
    inst.rm == if is_exact { RoundingMode::Rne.into() } else { RoundingMode::Dyn.into() }
}

/// Writes the operand that a word of a template stands for; anything else stands for itself.
fn write_operand(f: &mut fmt::Formatter<'_>, inst: &Inst, pc: Option<u64>, token: &str) -> fmt::Result {
    let imm = inst.imm;
    match token {
        "rd" => write!(f, "{}", Reg::from_bits(inst.rd)),
        "rs1" => write!(f, "{}", Reg::from_bits(inst.rs1)),
        "rs2" => write!(f, "{}", Reg::from_bits(inst.rs2)),
        "frd" => write!(f, "{}", FReg::from_bits(inst.rd)),
        "frs1" => write!(f, "{}", FReg::from_bits(inst.rs1)),
        "frs2" => write!(f, "{}", FReg::from_bits(inst.rs2)),
        "frs3" => write!(f, "{}", FReg::from_bits(inst.rs3)),
        "imm" => write!(f, "{imm}"),
        "imm20" => write!(f, "{:#x}", imm >> 12 & 0xf_ffff),
        "shamt" => write!(f, "{imm:#x}"),
        "constant" => f.write_str(FLI_CONSTANTS[usize::from(inst.rs1 & 31)]),
        "uimm" => write!(f, "{}", inst.rs1),
        "csr" => write_csr(f, imm),
        "pred" => write_fence_set(f, imm >> 4),
        "succ" => write_fence_set(f, imm),
        "target" => match pc {
            Some(pc) => write!(f, "{:#x}", pc.wrapping_add(i64::from(imm) as u64)),
            None => write!(f, ".{imm:+}"),
        },
        _ => f.write_str(token),
    }
}

/// The constants of the `fli` instructions by their numbers. Unprivileged ISA, "Immediate values loaded by the
/// `fli.s` instruction".
const FLI_CONSTANTS: [&str; 32] = [
    "-1.0",
    "min",
    "1.52587890625e-05",
    "3.0517578125e-05",
    "0.00390625",
    "0.0078125",
    "0.0625",
    "0.125",
    "0.25",
    "0.3125",
    "0.375",
    "0.4375",
    "0.5",
    "0.625",
    "0.75",
    "0.875",
    "1.0",
    "1.25",
    "1.5",
    "1.75",
    "2.0",
    "2.5",
    "3.0",
    "4.0",
    "8.0",
    "16.0",
    "128.0",
    "256.0",
    "32768.0",
    "65536.0",
    "inf",
    "nan",
];

/// Writes the name of a CSR, or its number where it has none.
fn write_csr(f: &mut fmt::Formatter<'_>, imm: i32) -> fmt::Result {
    match u16::try_from(imm).ok().and_then(csr::find) {
        Some((row, index)) => row.write_name(index, f),
        None => write!(f, "{imm:#x}"),
    }
}

/// Writes the accesses that one side of a fence orders.
fn write_fence_set(f: &mut fmt::Formatter<'_>, bits: i32) -> fmt::Result {
    if bits & 0xf == 0 {
        return f.write_str("0");
    }
    for (bit, letter) in [(8, "i"), (4, "o"), (2, "r"), (1, "w")] {
        if bits & bit != 0 {
            f.write_str(letter)?;
        }
    }
    Ok(())
}
