//! Random instructions that leave alone what the program depends on.

use isa::ext::ExtSet;
use isa::format::Format;
use isa::reg::{A0, A1, A2, A3, A4, A5, A6, Reg, S0, S1, S2, S6, S7, T0, T1, T2, T3, T4, T5, T6, ZERO};
use isa::{Inst, Op};

use super::step::is_memory;
use crate::commit_log::{Kind, destination};
use crate::lockstep::random::Rng;

/// Registers that may be written at any time.
const FREE: [Reg; 17] = [ZERO, T0, T1, T2, A0, A1, A2, A3, A4, A5, A6, S6, S7, T3, T4, T5, T6];

/// Those that are used most.
const FEW: [Reg; 4] = [A0, A1, A2, A3];

/// A random row's instruction with random operands that writes none but free registers, if there is one.
fn instruction(rng: &mut Rng, extensions: ExtSet) -> Option<Inst> {
    let row = &isa::inst::ROWS[rng.below(isa::inst::ROWS.len() as u64) as usize];
    if !extensions.meets(row.needs) {
        return None;
    }
    let word = rng.next() as u32 & !row.mask | row.pattern;
    let inst = isa::decode(word).filter(|inst| inst.op == row.op)?;
    let is_free = FREE.iter().any(|free| free.number() == inst.rd);
    (destination(&inst) != Some(Kind::X) || is_free).then_some(inst)
}

/// An instruction that goes on with the next one and has nothing to do with memory and CSRs.
pub(super) fn plain(rng: &mut Rng, extensions: ExtSet) -> Inst {
    loop {
        let Some(inst) = instruction(rng, extensions) else { continue };
        let format = inst.op.long().row().format;
        let is_plain = !format.operands().contains("(rs1)")
            && !matches!(
                format,
                Format::Bare
                    | Format::B
                    | Format::J
                    | Format::Jalr
                    | Format::Csr
                    | Format::CsrI
                    | Format::FenceVma
                    | Format::FenceI
            );
        if is_plain {
            return if rng.one_in(2) { among_few(rng, inst) } else { inst };
        }
    }
}

/// The same with its integer registers among so few that instructions often use each other's results.
fn among_few(rng: &mut Rng, inst: Inst) -> Inst {
    let is_short = inst.op.row().long.is_some();
    let mut few = |number: u8| if rng.one_in(4) { number } else { rng.pick(&FEW).into() };
    let mut changed = match inst.op.row().format {
        _ if is_short => inst,
        Format::R => Inst { rd: few(inst.rd), rs1: few(inst.rs1), rs2: few(inst.rs2), ..inst },
        Format::I | Format::Unary | Format::Shift6 | Format::Shift5 => {
            Inst { rd: few(inst.rd), rs1: few(inst.rs1), ..inst }
        }
        Format::U | Format::Load | Format::FToX | Format::FToXRm | Format::FCompare => {
            Inst { rd: few(inst.rd), ..inst }
        }
        _ => inst,
    };
    changed.bits = changed.encode();
    changed
}

/// A load, a store or an atomic, by one of the pointers.
pub(super) fn memory(rng: &mut Rng, extensions: ExtSet) -> Inst {
    loop {
        let Some(inst) = instruction(rng, extensions) else { continue };
        if !is_memory(inst.op.row().format) || inst.op.long() == Op::amocas_q {
            continue;
        }
        let is_short = inst.op.row().long.is_some();
        let base = if is_short { rng.pick(&[S0, S1]) } else { rng.pick(&[S0, S0, S1, S2]) };
        let imm = match inst.op.row().format {
            Format::Load | Format::Store | Format::FLoad | Format::FStore if !rng.one_in(4) => inst.imm & !7,
            _ => inst.imm,
        };
        let inst = if rng.one_in(2) { among_few(rng, inst) } else { inst };
        let mut chosen = Inst { rs1: base.into(), imm, ..inst };
        chosen.bits = chosen.encode();
        return chosen;
    }
}
