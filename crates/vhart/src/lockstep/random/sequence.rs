//! The steps of a block: random instructions, and sequences that random instructions would seldom make.

use isa::asm::{Asm, AsmError, Order};
use isa::ext::ExtSet;
use isa::reg::{A0, A1, RA, S3, SP, ZERO};
use isa::{Inst, Op, csr};

use super::generator::HSTATUS;
use super::instruction::{ALIGNED, Step, bytes, random};
use super::layout::USER;
use super::rng::Rng;

/// A random step for a hart with these `extensions`, which may jump over some of the `left` ones.
///
/// # Errors
/// What the assembler refuses.
pub(crate) fn step(rng: &mut Rng, extensions: ExtSet, left: usize) -> Result<Step, AsmError> {
    match rng.below(64) {
        0 => Ok(far_jump(rng)),
        1 => Ok(alias_jump(rng)),
        2 => Ok(stack_move(rng)),
        3 => reservation(rng),
        4 => waiting(rng),
        5 => trap_return(rng),
        6 => hypervisor_status(rng),
        _ => Ok(random(rng, extensions, left)),
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

/// LR and SC, mostly to one address, with something between them.
fn reservation(rng: &mut Rng) -> Result<Step, AsmError> {
    let mut a = Asm::new(0);
    let first = rng.pick(&ALIGNED);
    let second = if rng.one_in(4) { rng.pick(&ALIGNED) } else { first };
    if rng.one_in(2) {
        a.lr_d(A0, first, Order::Plain)
    } else {
        a.lr_w(A0, first, Order::Aq)
    };
    match rng.below(4) {
        0 => a.ld(A1, 8, first),
        1 => a.sd(A1, rng.pick(&[0, 8, 64]), first),
        2 => a.addi(A0, A0, 1),
        _ => &mut a,
    };
    if rng.one_in(2) {
        a.sc_d(A1, A0, second, Order::Rl)
    } else {
        a.sc_w(A1, A0, second, Order::Plain)
    };
    a.finish().map(Step::Bytes)
}

/// WFI, where an interrupt is pending and enabled, so that it ends.
fn waiting(rng: &mut Rng) -> Result<Step, AsmError> {
    let mut a = Asm::new(0);
    if rng.one_in(2) {
        a.csrsi(csr::sie::NUMBER, 2).csrsi(csr::sip::NUMBER, 2);
    }
    let idle = a.label();
    a.csrr(A0, csr::sip::NUMBER).csrr(A1, csr::sie::NUMBER).and(A0, A0, A1).beqz(A0, idle);
    // A hart that waits may lose its reservation.
    a.sc_w(ZERO, ZERO, S3, Order::Plain).wfi();
    a.place(idle);
    a.finish().map(Step::Bytes)
}

/// Some fields of `hstatus` are set or cleared.
fn hypervisor_status(rng: &mut Rng) -> Result<Step, AsmError> {
    let mut a = Asm::new(0);
    a.li(A1, rng.bits() & HSTATUS);
    let set = rng.one_in(2);
    if set {
        a.csrrs(A0, csr::hstatus::NUMBER, A1)
    } else {
        a.csrrc(A0, csr::hstatus::NUMBER, A1)
    };
    a.finish().map(Step::Bytes)
}

/// MRET or SRET to what comes after it in any mode, or to wherever the last trap or the block's start was.
fn trap_return(rng: &mut Rng) -> Result<Step, AsmError> {
    use csr::{hstatus, mepc, mstatus, sepc, sstatus};
    let mut a = Asm::new(0);
    let after = a.label();
    let is_machine = rng.one_in(3);
    let (epc, status) =
        if is_machine { (mepc::NUMBER, mstatus::NUMBER) } else { (sepc::NUMBER, sstatus::NUMBER) };
    if rng.below(4) < 3 {
        a.la(A0, after);
        if rng.one_in(2) {
            a.li(A1, USER).add(A0, A0, A1);
        }
        a.csrw(epc, A0);
        let privilege =
            if is_machine { mstatus::MPP.of(rng.pick(&[0, 1, 3])) } else { sstatus::SPP.of(rng.below(2)) };
        a.li(A1, mstatus::MPP.mask() | sstatus::SPP.mask()).csrc(status, A1);
        a.li(A1, privilege | rng.bits() & 0xc_60a2).csrs(status, A1);
        if rng.one_in(2) {
            let (number, v) =
                if is_machine { (mstatus::NUMBER, mstatus::MPV) } else { (hstatus::NUMBER, hstatus::SPV) };
            a.li(A1, v.mask()).csrs(number, A1);
        }
    }
    // A trap return may keep or drop the reservation; the manual's advice is a dummy SC.
    a.sc_w(ZERO, ZERO, S3, Order::Plain);
    if is_machine {
        a.mret()
    } else {
        a.sret()
    };
    a.place(after);
    a.finish().map(Step::Bytes)
}
