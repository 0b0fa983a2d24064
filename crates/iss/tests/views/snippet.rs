//! A few random instructions that access memory, or change how it is seen.

use isa::csr;
use isa::{Inst, Op};

use crate::rng::Rng;

/// Registers that hold addresses, values, and numbers of address spaces; and those that results go to.
pub(crate) const ADDRESSES: std::ops::Range<u8> = 10..16;
pub(crate) const VALUES: std::ops::Range<u8> = 16..20;
pub(crate) const SPACES: std::ops::Range<u8> = 20..22;
pub(crate) const RESULTS: std::ops::Range<u8> = 22..28;

/// Registers with values for `satp`, `vsatp` and `hgatp`, and with SUM and MXR, and SPVP.
pub(crate) const ATPS: [u8; 3] = [28, 29, 7];
pub(crate) const STATUS: u8 = 30;
pub(crate) const HSTATUS: u8 = 6;

/// Counts down the rounds.
pub(crate) const ROUNDS: u8 = 8;

const LOADS: [Op; 7] = [Op::lb, Op::lbu, Op::lh, Op::lhu, Op::lw, Op::lwu, Op::ld];
const STORES: [Op; 4] = [Op::sb, Op::sh, Op::sw, Op::sd];
const ATOMICS: [Op; 4] = [Op::amoadd_w, Op::amoor_d, Op::sc_w, Op::amoswap_d];
const GUEST_LOADS: [Op; 6] = [Op::hlv_b, Op::hlv_hu, Op::hlv_w, Op::hlv_d, Op::hlvx_hu, Op::hlvx_wu];
const GUEST_STORES: [Op; 3] = [Op::hsv_b, Op::hsv_w, Op::hsv_d];
const FENCES: [Op; 7] = [
    Op::sfence_vma,
    Op::hfence_vvma,
    Op::hfence_gvma,
    Op::sinval_vma,
    Op::hinval_vvma,
    Op::hinval_gvma,
    Op::sfence_vma,
];

/// One register of some.
fn of(registers: std::ops::Range<u8>, rng: &mut Rng) -> u8 {
    registers.start + rng.below(registers.len() as u64) as u8
}

/// An access to memory, or a call of a function there.
fn access(rng: &mut Rng) -> Inst {
    let address = of(ADDRESSES, rng);
    let (rd, rs2) = (of(RESULTS, rng), of(VALUES, rng));
    let unary = |op| Inst { rd, rs1: address, ..Inst::new(op) };
    let binary = |op| Inst { rd, rs1: address, rs2, ..Inst::new(op) };
    match rng.below(26) {
        0..9 => unary(rng.pick(&LOADS)),
        9..16 => Inst { rd: 0, ..binary(rng.pick(&STORES)) },
        16 | 17 => binary(rng.pick(&ATOMICS)),
        18 => unary(Op::lr_w),
        19..22 => unary(rng.pick(&GUEST_LOADS)),
        22 | 23 => Inst { rd: 0, ..binary(rng.pick(&GUEST_STORES)) },
        24 if rng.one_in(4) => Inst { rs1: address, ..Inst::new(Op::cbo_zero) },
        _ => Inst { rd: 1, rs1: address, ..Inst::new(Op::jalr) },
    }
}

/// Something that changes how memory is seen.
#[derive(Clone, Copy)]
enum Change {
    Fence,
    AddressSpace,
    Status,
    GuestStatus,
}

fn change(change: Change, rng: &mut Rng) -> Inst {
    let csr = |op, number: u16, rs1| Inst { rs1, imm: number.into(), ..Inst::new(op) };
    let set_or_clear = rng.pick(&[Op::csrrs, Op::csrrc]);
    match change {
        Change::Fence => {
            let rs1 = if rng.one_in(2) { of(ADDRESSES, rng) } else { 0 };
            let rs2 = if rng.one_in(2) { of(SPACES, rng) } else { 0 };
            Inst { rs1, rs2, ..Inst::new(rng.pick(&FENCES)) }
        }
        Change::AddressSpace => {
            let numbers = [csr::satp::NUMBER, csr::vsatp::NUMBER, csr::hgatp::NUMBER];
            let i = rng.below(3) as usize;
            csr(Op::csrrw, numbers[i], ATPS[i])
        }
        Change::Status => csr(set_or_clear, rng.pick(&[csr::sstatus::NUMBER, csr::vsstatus::NUMBER]), STATUS),
        Change::GuestStatus => csr(set_or_clear, csr::hstatus::NUMBER, HSTATUS),
    }
}

/// Instructions that are executed so many times as [`ROUNDS`] says, after which the hart stays where it is.
pub(crate) fn snippet(rng: &mut Rng) -> Vec<Inst> {
    let len = 2 + rng.below(12);
    // What changes is mostly of one kind, so that it changes back as well.
    let kinds = [Change::Fence, Change::AddressSpace, Change::Status, Change::Status, Change::GuestStatus];
    let (kind, often) = (rng.pick(&kinds), 3 + rng.below(8));
    let instruction = |rng: &mut Rng| if rng.one_in(often) { change(kind, rng) } else { access(rng) };
    let mut insts: Vec<Inst> = (0..len).map(|_| instruction(rng)).collect();
    if rng.one_in(8) {
        // An SC that may succeed.
        let lr = Inst { rd: RESULTS.start, rs1: of(ADDRESSES, rng), ..Inst::new(Op::lr_w) };
        insts.extend([lr, Inst { rs2: VALUES.start, ..Inst { op: Op::sc_w, ..lr } }]);
    }
    let len = insts.len() as i32;
    insts.push(Inst { rd: ROUNDS, rs1: ROUNDS, imm: -1, ..Inst::new(Op::addi) });
    insts.push(Inst { rs1: ROUNDS, imm: -4 * (len + 1), ..Inst::new(Op::bne) });
    insts.push(Inst::new(Op::jal));
    insts
}
