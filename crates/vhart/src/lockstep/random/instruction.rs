//! Random instructions that leave the program able to go on.
//!
//! Some registers are kept: pointers, which are the only base of loads and stores and stay near the data,
//! and the addresses of what comes after a trap. Jumps go forward within a block.

use isa::ext::ExtSet;
use isa::format::Format;
use isa::inst::Row;
use isa::reg::{Reg, S0, S1, S2, S3, S4, SP, T6, ZERO};
use isa::{Inst, Op, csr};

use super::rng::Rng;
use crate::commit_log::{Kind, destination};

/// Registers that hold addresses of data, here and there wrong ones.
pub(crate) const POINTERS: [Reg; 5] = [SP, S0, S1, S2, S3];

/// Those for atomics, whose addresses are aligned to 16 bytes: misaligned ones may trap in two ways.
///
/// Of the others, only S1 is the base of stores to addresses that are not aligned.
pub(crate) const ALIGNED: [Reg; 2] = [S2, S3];

/// That of them whose address starts a cache block.
pub(crate) const BLOCK: Reg = S3;

/// The register that holds the address of the next block's preparations.
pub(crate) const NEXT: Reg = T6;

/// The register that holds where a trap handler goes on, or zero.
pub(crate) const RESUME: Reg = S4;

/// Registers that no random instruction writes.
pub(crate) const KEPT: [Reg; 7] = [SP, S0, S1, S2, S3, NEXT, RESUME];

/// CSRs that a block may write anything to.
const WRITABLE: [u16; 28] = [
    csr::fflags::NUMBER,
    csr::frm::NUMBER,
    csr::fcsr::NUMBER,
    csr::sstatus::NUMBER,
    csr::sie::NUMBER,
    csr::sip::NUMBER,
    csr::sscratch::NUMBER,
    csr::stval::NUMBER,
    csr::scounteren::NUMBER,
    csr::vsstatus::NUMBER,
    csr::vsie::NUMBER,
    csr::vsip::NUMBER,
    csr::vsscratch::NUMBER,
    csr::vstval::NUMBER,
    csr::hideleg::NUMBER,
    csr::hie::NUMBER,
    csr::hip::NUMBER,
    csr::hvip::NUMBER,
    csr::hcounteren::NUMBER,
    csr::htval::NUMBER,
    csr::mstatus::NUMBER,
    csr::mcounteren::NUMBER,
    csr::mie::NUMBER,
    csr::mip::NUMBER,
    csr::mscratch::NUMBER,
    csr::mtval::NUMBER,
    csr::mtval2::NUMBER,
    csr::minstret::NUMBER,
];

/// CSRs that a block may only read.
const READABLE: [u16; 34] = [
    csr::sepc::NUMBER,
    csr::scause::NUMBER,
    csr::stvec::NUMBER,
    csr::satp::NUMBER,
    csr::stimecmp::NUMBER,
    csr::vsepc::NUMBER,
    csr::vscause::NUMBER,
    csr::vstvec::NUMBER,
    csr::vsatp::NUMBER,
    csr::vstimecmp::NUMBER,
    csr::hgatp::NUMBER,
    csr::htimedelta::NUMBER,
    csr::mepc::NUMBER,
    csr::mcause::NUMBER,
    csr::medeleg::NUMBER,
    csr::mideleg::NUMBER,
    csr::mhartid::NUMBER,
    csr::mtinst::NUMBER,
    csr::htinst::NUMBER,
    csr::senvcfg::NUMBER,
    csr::henvcfg::NUMBER,
    csr::menvcfg::NUMBER,
    csr::hedeleg::NUMBER,
    csr::pmpcfg0::NUMBER,
    csr::mtvec::NUMBER,
    csr::time::NUMBER,
    csr::cycle::NUMBER,
    csr::instret::NUMBER,
    csr::mcycle::NUMBER,
    csr::mcountinhibit::NUMBER,
    csr::mstateen0::NUMBER,
    csr::hstateen0::NUMBER,
    csr::hstateen0::NUMBER + 1,
    csr::sstateen0::NUMBER,
];

/// A step of a block.
pub(crate) enum Step {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A branch or jump over so many steps.
    Near(Inst, usize),
}

impl Step {
    /// The length in bytes.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Step::Bytes(bytes) => bytes.len() as u64,
            Step::Near(inst, _) => inst.op.row().len.into(),
        }
    }
}

/// Whether some step is a store that may cross pages, of which a part may be done although it traps.
pub(crate) fn stores_anywhere(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Bytes(bytes) => insts(bytes).any(|inst| is_store(&inst) && inst.rs1 == S1.number()),
        Step::Near(..) => false,
    })
}

/// The instructions that `bytes` are.
fn insts(mut bytes: &[u8]) -> impl Iterator<Item = Inst> + '_ {
    std::iter::from_fn(move || {
        let mut word = [0; 4];
        let len = bytes.len().min(4);
        word[..len].copy_from_slice(&bytes[..len]);
        let inst = isa::decode(u32::from_le_bytes(word))?;
        bytes = bytes.get(inst.size() as usize..)?;
        Some(inst)
    })
}

fn is_store(inst: &Inst) -> bool {
    inst.op.row().format.operands().contains("rs2,") && is_memory(inst.op.row().format)
}

/// Whether `rs1` of this format is an address.
fn is_memory(format: Format) -> bool {
    format != Format::Jalr && format.operands().contains("(rs1)")
}

/// A random instruction, seldom one that no hart with these `extensions` has, and over how many of `left` steps it jumps if it does.
pub(crate) fn random(rng: &mut Rng, extensions: ExtSet, left: usize) -> Step {
    loop {
        let row = &isa::inst::ROWS[rng.below(isa::inst::ROWS.len() as u64) as usize];
        if is_chosen(row, rng)
            && (extensions.meets(row.needs) || rng.one_in(16))
            && let Some(inst) = instruction(row, rng)
        {
            let is_near = matches!(inst.op.long().row().format, Format::B | Format::J);
            if is_near {
                return Step::Near(inst, rng.below(left as u64) as usize);
            }
            return bytes(&[inst]);
        }
    }
}

/// Instructions one after the other, which nothing jumps in between of.
pub(crate) fn bytes(insts: &[Inst]) -> Step {
    let encoded = |inst: &Inst| inst.encode().to_le_bytes()[..inst.op.row().len.into()].to_vec();
    Step::Bytes(insts.iter().flat_map(encoded).collect())
}

/// Whether a row is tried: what ends most blocks comes seldom; jumps to anywhere, waiting and trap returns
/// come in sequences of their own.
fn is_chosen(row: &Row, rng: &mut Rng) -> bool {
    match row.op.long() {
        Op::jalr | Op::wfi | Op::wrs_nto | Op::mret | Op::sret => false,
        // Spike logs no more than half of what it stores.
        Op::amocas_q => false,
        Op::ecall | Op::ebreak => rng.one_in(8),
        Op::sfence_w_inval | Op::sfence_inval_ir => rng.one_in(6),
        _ => row.format != Format::FenceVma || rng.one_in(6),
    }
}

/// An instruction of this row with random operands, if they turn out to be harmless.
fn instruction(row: &Row, rng: &mut Rng) -> Option<Inst> {
    let word = rng.next() as u32 & !row.mask | row.pattern;
    let mut inst = isa::decode(word).filter(|inst| inst.op == row.op)?;
    let format = row.op.long().row().format;
    let is_kept = |number: u8| KEPT.iter().any(|kept| kept.number() == number);
    if destination(&inst) == Some(Kind::X) && is_kept(inst.rd) {
        return None;
    }
    match format {
        Format::Amo | Format::Lr => inst.rs1 = rng.pick(&ALIGNED).into(),
        // A fault of cbo.zero is one at the address in its register; Spike reports the start of the block.
        Format::Cbo if inst.op == Op::cbo_zero => inst.rs1 = BLOCK.into(),
        Format::Csr | Format::CsrI => return Some(csr_access(inst, rng)),
        _ if !is_memory(format) => {}
        _ if row.long.is_some() => {
            if !POINTERS.iter().any(|pointer| pointer.number() == inst.rs1) {
                return None;
            }
        }
        _ => {
            inst.rs1 = rng.pick(&POINTERS).into();
            if inst.imm != 0 && rng.one_in(3) {
                inst.imm = rng.below(16) as i32 - 8;
            }
            if is_store(&inst) && inst.rs1 != S1.number() {
                inst.imm &= !7;
            }
        }
    }
    Some(inst)
}

/// An access to a CSR that keeps the program's hold on the machine.
fn csr_access(mut inst: Inst, rng: &mut Rng) -> Inst {
    if rng.one_in(3) {
        inst.imm = rng.pick(&READABLE).into();
        inst.rs1 = ZERO.into();
        inst.op = Op::csrrs;
    } else {
        inst.imm = rng.pick(&WRITABLE).into();
    }
    inst
}
