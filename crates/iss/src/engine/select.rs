//! Which handler an instruction has.

use std::sync::atomic::Ordering;

use isa::{Inst, Op as I};

use super::handler::alu::{self, Alu};
use super::handler::control::{self, Branch, Jump, JumpRegister};
use super::handler::memory::{
    Fence, GuestLoad, GuestStore, I8, I16, I32, Load, Store, U8, U16, U32, U64, Value,
};
use super::handler::{A, Acc, B, Imm, last, single};
use super::op::Handler;
use crate::exec::order;

/// Which operands are the result of the instruction before, so that they need not be read from a register.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Sources {
    /// The register in rs1.
    pub(super) first: bool,
    /// The register in rs2.
    pub(super) second: bool,
}

/// How an instruction is executed.
pub(super) enum Form {
    /// By a handler, whose result goes to rd.
    Writes(fn(Sources) -> Handler),
    /// By a handler that leaves the integer registers and the last result as they are.
    Keeps(fn(Sources) -> Handler),
    /// By the reference interpreter.
    Slow,
}

/// How `inst` is executed, on a hart that runs at the same time as others (`parallel`) or not.
pub(super) fn form(inst: &Inst, parallel: bool) -> Form {
    use Form::{Keeps, Slow, Writes};
    match inst.op.long() {
        I::addi if inst.rs1 == 0 => Writes(|_| single::<alu::LoadImm>),
        I::lui => Writes(|_| single::<alu::LoadImm>),
        I::auipc => Writes(|_| single::<alu::Auipc>),
        I::add if inst.rs1 == 0 => Writes(|sources| {
            if sources.second {
                single::<Alu<alu::First, Acc, Imm>>
            } else {
                single::<Alu<alu::First, B, Imm>>
            }
        }),

        I::addi => Writes(immediate::<alu::Add>),
        I::slti => Writes(immediate::<alu::Slt>),
        I::sltiu => Writes(immediate::<alu::Sltu>),
        I::xori => Writes(immediate::<alu::Xor>),
        I::ori => Writes(immediate::<alu::Or>),
        I::andi => Writes(immediate::<alu::And>),
        I::slli => Writes(immediate::<alu::Sll>),
        I::srli => Writes(immediate::<alu::Srl>),
        I::srai => Writes(immediate::<alu::Sra>),
        I::addiw => Writes(immediate::<alu::Addw>),
        I::slliw => Writes(immediate::<alu::Sllw>),
        I::srliw => Writes(immediate::<alu::Srlw>),
        I::sraiw => Writes(immediate::<alu::Sraw>),

        I::add => Writes(registers::<alu::Add>),
        I::sub => Writes(registers::<alu::Sub>),
        I::sll => Writes(registers::<alu::Sll>),
        I::slt => Writes(registers::<alu::Slt>),
        I::sltu => Writes(registers::<alu::Sltu>),
        I::xor => Writes(registers::<alu::Xor>),
        I::srl => Writes(registers::<alu::Srl>),
        I::sra => Writes(registers::<alu::Sra>),
        I::or => Writes(registers::<alu::Or>),
        I::and => Writes(registers::<alu::And>),
        I::addw => Writes(registers::<alu::Addw>),
        I::subw => Writes(registers::<alu::Subw>),
        I::sllw => Writes(registers::<alu::Sllw>),
        I::srlw => Writes(registers::<alu::Srlw>),
        I::sraw => Writes(registers::<alu::Sraw>),

        I::mul => Writes(registers::<alu::Mul>),
        I::mulh => Writes(registers::<alu::Mulh>),
        I::mulhsu => Writes(registers::<alu::Mulhsu>),
        I::mulhu => Writes(registers::<alu::Mulhu>),
        I::div => Writes(registers::<alu::Div>),
        I::divu => Writes(registers::<alu::Divu>),
        I::rem => Writes(registers::<alu::Rem>),
        I::remu => Writes(registers::<alu::Remu>),
        I::mulw => Writes(registers::<alu::Mulw>),
        I::divw => Writes(registers::<alu::Divw>),
        I::divuw => Writes(registers::<alu::Divuw>),
        I::remw => Writes(registers::<alu::Remw>),
        I::remuw => Writes(registers::<alu::Remuw>),

        I::add_uw => Writes(registers::<alu::AddUw>),
        I::slli_uw => Writes(immediate::<alu::SllUw>),
        I::sh1add => Writes(registers::<alu::Sh1add>),
        I::sh2add => Writes(registers::<alu::Sh2add>),
        I::sh3add => Writes(registers::<alu::Sh3add>),
        I::sh1add_uw => Writes(registers::<alu::Sh1addUw>),
        I::sh2add_uw => Writes(registers::<alu::Sh2addUw>),
        I::sh3add_uw => Writes(registers::<alu::Sh3addUw>),
        I::andn => Writes(registers::<alu::Andn>),
        I::orn => Writes(registers::<alu::Orn>),
        I::xnor => Writes(registers::<alu::Xnor>),
        I::min => Writes(registers::<alu::Min>),
        I::minu => Writes(registers::<alu::Minu>),
        I::max => Writes(registers::<alu::Max>),
        I::maxu => Writes(registers::<alu::Maxu>),
        I::rol => Writes(registers::<alu::Rol>),
        I::ror => Writes(registers::<alu::Ror>),
        I::rori => Writes(immediate::<alu::Ror>),
        I::rolw => Writes(registers::<alu::Rolw>),
        I::rorw => Writes(registers::<alu::Rorw>),
        I::roriw => Writes(immediate::<alu::Rorw>),
        I::clz => Writes(immediate::<alu::Clz>),
        I::ctz => Writes(immediate::<alu::Ctz>),
        I::cpop => Writes(immediate::<alu::Cpop>),
        I::clzw => Writes(immediate::<alu::Clzw>),
        I::ctzw => Writes(immediate::<alu::Ctzw>),
        I::cpopw => Writes(immediate::<alu::Cpopw>),
        I::sext_b => Writes(immediate::<alu::SextB>),
        I::sext_h => Writes(immediate::<alu::SextH>),
        I::zext_h => Writes(immediate::<alu::ZextH>),
        I::rev8 => Writes(immediate::<alu::Rev8>),
        I::bclr => Writes(registers::<alu::Bclr>),
        I::bext => Writes(registers::<alu::Bext>),
        I::binv => Writes(registers::<alu::Binv>),
        I::bset => Writes(registers::<alu::Bset>),
        I::bclri => Writes(immediate::<alu::Bclr>),
        I::bexti => Writes(immediate::<alu::Bext>),
        I::binvi => Writes(immediate::<alu::Binv>),
        I::bseti => Writes(immediate::<alu::Bset>),
        I::czero_eqz => Writes(registers::<alu::CzeroEqz>),
        I::czero_nez => Writes(registers::<alu::CzeroNez>),

        I::lb => Writes(load::<I8>),
        I::lbu => Writes(load::<U8>),
        I::lh => Writes(load::<I16>),
        I::lhu => Writes(load::<U16>),
        I::lw => Writes(load::<I32>),
        I::lwu => Writes(load::<U32>),
        I::ld => Writes(load::<U64>),
        I::sb => Keeps(store::<U8>),
        I::sh => Keeps(store::<U16>),
        I::sw => Keeps(store::<U32>),
        I::sd => Keeps(store::<U64>),
        I::hlv_b => Writes(|_| single::<GuestLoad<I8>>),
        I::hlv_bu => Writes(|_| single::<GuestLoad<U8>>),
        I::hlv_h => Writes(|_| single::<GuestLoad<I16>>),
        I::hlv_hu => Writes(|_| single::<GuestLoad<U16>>),
        I::hlv_w => Writes(|_| single::<GuestLoad<I32>>),
        I::hlv_wu => Writes(|_| single::<GuestLoad<U32>>),
        I::hlv_d => Writes(|_| single::<GuestLoad<U64>>),
        I::hsv_b => Keeps(|_| single::<GuestStore<U8>>),
        I::hsv_h => Keeps(|_| single::<GuestStore<U16>>),
        I::hsv_w => Keeps(|_| single::<GuestStore<U32>>),
        I::hsv_d => Keeps(|_| single::<GuestStore<U64>>),

        I::beq => Keeps(branch::<control::Eq>),
        I::bne => Keeps(branch::<control::Ne>),
        I::blt => Keeps(branch::<control::Lt>),
        I::bge => Keeps(branch::<control::Ge>),
        I::bltu => Keeps(branch::<control::Ltu>),
        I::bgeu => Keeps(branch::<control::Geu>),
        I::jal => Writes(|_| last::<Jump>),
        I::jalr => {
            Writes(|sources| if sources.first { last::<JumpRegister<Acc>> } else { last::<JumpRegister<A>> })
        }

        I::fence if parallel => match order::of_fence(inst) {
            Ordering::SeqCst => Keeps(|_| single::<Fence<true>>),
            _ => Keeps(|_| single::<Fence<false>>),
        },
        I::fence | I::pause | I::prefetch_i | I::prefetch_r | I::prefetch_w => Keeps(|_| single::<alu::Nop>),
        I::ntl_p1 | I::ntl_pall | I::ntl_s1 | I::ntl_all => Keeps(|_| single::<alu::Nop>),
        _ => Slow,
    }
}

/// Whether `inst` accesses a CSR that only holds a value.
pub(super) fn is_plain_csr(_inst: &Inst) -> bool {
    false
}

fn immediate<F: alu::Function>(sources: Sources) -> Handler {
    if sources.first { single::<Alu<F, Acc, Imm>> } else { single::<Alu<F, A, Imm>> }
}

fn registers<F: alu::Function>(sources: Sources) -> Handler {
    match sources {
        Sources { first: true, .. } => single::<Alu<F, Acc, B>>,
        Sources { second: true, .. } => single::<Alu<F, A, Acc>>,
        _ => single::<Alu<F, A, B>>,
    }
}

fn load<V: Value>(sources: Sources) -> Handler {
    if sources.first { single::<Load<V, Acc>> } else { single::<Load<V, A>> }
}

fn store<V: Value>(sources: Sources) -> Handler {
    match sources {
        Sources { first: true, .. } => single::<Store<V, Acc, B>>,
        Sources { second: true, .. } => single::<Store<V, A, Acc>>,
        _ => single::<Store<V, A, B>>,
    }
}

fn branch<C: control::Condition>(sources: Sources) -> Handler {
    match sources {
        Sources { first: true, .. } => last::<Branch<C, Acc, B>>,
        Sources { second: true, .. } => last::<Branch<C, A, Acc>>,
        _ => last::<Branch<C, A, B>>,
    }
}
