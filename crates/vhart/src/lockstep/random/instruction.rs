//! Random instructions that leave the program able to go on.
//!
//! Some registers are kept: pointers, which are the only base of loads and stores and stay near the data,
//! and the address of what comes after a trap. Jumps go forward within a block.

use isa::ext::Ext;
use isa::format::Format;
use isa::inst::Row;
use isa::reg::{A0, A1, RA, Reg, S0, S1, S2, S3, SP, T6, ZERO};
use isa::{Inst, Op, csr};

use super::rng::Rng;
use crate::commit_log::{Kind, destination};

/// Registers that hold addresses of data, here and there wrong ones.
pub(crate) const POINTERS: [Reg; 5] = [SP, S0, S1, S2, S3];

/// Those whose addresses are aligned, for atomics: misaligned ones may trap in two ways.
pub(crate) const ALIGNED_POINTERS: [Reg; 2] = [S2, S3];

/// The register that holds the address of the next block's preparations.
pub(crate) const NEXT: Reg = T6;

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
    csr::hstatus::NUMBER,
    csr::mstatus::NUMBER,
    csr::mcounteren::NUMBER,
    csr::mie::NUMBER,
    csr::mip::NUMBER,
    csr::mscratch::NUMBER,
    csr::mtval::NUMBER,
    csr::mtval2::NUMBER,
];

/// CSRs that a block may only read.
const READABLE: [u16; 24] = [
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
];

/// A step of a block.
pub(crate) enum Step {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A branch or jump to some later step.
    Near(Inst),
}

impl Step {
    /// The length in bytes.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Step::Bytes(bytes) => bytes.len() as u64,
            Step::Near(inst) => inst.op.row().len.into(),
        }
    }
}

/// A random step.
pub(crate) fn step(rng: &mut Rng) -> Step {
    match rng.below(64) {
        0 => return far_jump(rng),
        1 => return alias_jump(rng),
        2 => return stack_move(rng),
        _ => {}
    }
    loop {
        let row = &isa::inst::ROWS[rng.below(isa::inst::ROWS.len() as u64) as usize];
        if is_chosen(row, rng)
            && let Some(inst) = instruction(row, rng)
        {
            let is_near = matches!(inst.op.long().row().format, Format::B | Format::J);
            return match inst.op {
                _ if is_near => Step::Near(inst),
                // A trap return may keep or drop the reservation; the manual's advice is a dummy SC.
                Op::mret | Op::sret => bytes(&[Inst { rs1: S3.into(), ..Inst::new(Op::sc_w) }, inst]),
                _ => bytes(&[inst]),
            };
        }
    }
}

/// The address of what comes after the jump, and a jump to it through a register.
fn far_jump(rng: &mut Rng) -> Step {
    let jump = match rng.below(3) {
        0 => Inst { rd: A0.into(), rs1: A0.into(), imm: 4, ..Inst::new(Op::jalr) },
        1 => Inst { rs1: A0.into(), ..Inst::new(Op::c_jr) },
        _ => Inst { rd: RA.into(), rs1: A0.into(), ..Inst::new(Op::c_jalr) },
    };
    let size = 8 + if jump.op == Op::jalr { 0 } else { 2 };
    let upper = Inst { rd: A0.into(), ..Inst::new(Op::auipc) };
    let lower = Inst { rd: A0.into(), rs1: A0.into(), imm: size, ..Inst::new(Op::addi) };
    bytes(&[upper, lower, jump])
}

/// A jump to what comes after it, but through another page, which maps the code with any permissions.
fn alias_jump(rng: &mut Rng) -> Step {
    let (distance, op) = rng.pick(&[(1 << 30, Op::sub), (1 << 30, Op::add), (1 << 21, Op::add)]);
    let here = Inst { rd: A0.into(), ..Inst::new(Op::auipc) };
    let away = Inst { rd: A1.into(), imm: distance, ..Inst::new(Op::lui) };
    let there = Inst { rd: A0.into(), rs1: A0.into(), rs2: A1.into(), ..Inst::new(op) };
    let jump = Inst { rd: A0.into(), rs1: A0.into(), imm: 16, ..Inst::new(Op::jalr) };
    bytes(&[here, away, there, jump])
}

/// The stack pointer goes somewhere and comes back.
fn stack_move(rng: &mut Rng) -> Step {
    let distance = 16 * (1 + rng.below(31) as i32);
    let step = |imm| Inst { rd: SP.into(), rs1: SP.into(), imm, ..Inst::new(Op::c_addi16sp) };
    bytes(&[step(distance), step(-distance)])
}

/// Instructions one after the other, which nothing jumps in between of.
fn bytes(insts: &[Inst]) -> Step {
    let encoded = |inst: &Inst| inst.encode().to_le_bytes()[..inst.op.row().len.into()].to_vec();
    Step::Bytes(insts.iter().flat_map(encoded).collect())
}

/// What ends most blocks.
const SELDOM: [Ext; 3] = [Ext::Sm, Ext::S, Ext::Svinval];

/// Whether a row is tried: what ends most blocks comes seldom, jumps to anywhere and waiting never.
fn is_chosen(row: &Row, rng: &mut Rng) -> bool {
    match row.op.long() {
        Op::jalr | Op::wfi => false,
        Op::ecall | Op::ebreak => rng.one_in(8),
        _ => !row.needs.iter().any(|all| SELDOM.iter().any(|ext| all.has(*ext))) || rng.one_in(6),
    }
}

/// An instruction of this row with random operands, if they turn out to be harmless.
fn instruction(row: &Row, rng: &mut Rng) -> Option<Inst> {
    let word = rng.next() as u32 & !row.mask | row.pattern;
    let mut inst = isa::decode(word).filter(|inst| inst.op == row.op)?;
    let is_pointer = |number: u8| POINTERS.iter().any(|pointer| pointer.number() == number);
    if destination(&inst) == Some(Kind::X) && (is_pointer(inst.rd) || inst.rd == NEXT.number()) {
        return None;
    }
    match row.op.long().row().format {
        Format::Load | Format::Store | Format::FLoad | Format::FStore => {
            if row.long.is_none() {
                inst.rs1 = rng.pick(&POINTERS).into();
                if rng.one_in(4) {
                    inst.imm = rng.below(16) as i32 - 8;
                }
            } else if !is_pointer(inst.rs1) {
                return None;
            }
        }
        Format::Amo | Format::Lr => inst.rs1 = rng.pick(&ALIGNED_POINTERS).into(),
        Format::HLoad | Format::HStore => inst.rs1 = rng.pick(&POINTERS).into(),
        Format::Csr | Format::CsrI => return Some(csr_access(inst, rng)),
        _ => {}
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
