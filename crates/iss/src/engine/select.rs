//! Which handler an instruction has.

use std::sync::atomic::Ordering;

use isa::ext::ExtSet;
use isa::rounding::RoundingMode;
use isa::{Inst, Op as I};

use super::handler::alu::{self, Alu};
use super::handler::atomic::{self, Amo, LoadReserved, StoreConditional};
use super::handler::control::{self, Branch, Jump, JumpRegister};
use super::handler::float::{self, Binary, Compare, Convert, DIRTY, FloatLoad, FloatStore, FromX, Sign, ToX};
use super::handler::memory::{
    Fence, GuestLoad, GuestStore, I8, I16, I32, Load, Store, U8, U16, U32, U64, Value, ZeroBlock,
};
use super::handler::slow::slow;
use super::handler::system::{self, ChangeSie, ReadCsr, SwapCsr};
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
    /// By a handler, whose result goes to a floating-point register.
    WritesFloat(Handler),
    /// By a handler that leaves the integer registers and the last result as they are.
    Keeps(fn(Sources) -> Handler),
    /// By the reference interpreter.
    Slow,
}

/// The handler of `inst` whatever came before it, on a hart that takes turns with others.
pub(super) fn handler(inst: &Inst, extensions: ExtSet) -> Handler {
    match form(inst, extensions, false) {
        Form::Writes(handler) | Form::Keeps(handler) => handler(Sources::default()),
        Form::WritesFloat(handler) => handler,
        Form::Slow => slow,
    }
}

/// How `inst` is executed on a hart with `extensions`, which runs at the same time as others (`parallel`) or not.
pub(super) fn form(inst: &Inst, extensions: ExtSet, parallel: bool) -> Form {
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
        I::orc_b => Writes(immediate::<alu::OrcB>),
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

        I::cbo_zero => Keeps(|_| single::<ZeroBlock>),

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

        _ if parallel && order::is_strict(inst) => Slow,
        I::amoswap_w => Writes(|_| single::<Amo<atomic::Swap, I32>>),
        I::amoadd_w => Writes(|_| single::<Amo<atomic::Add, I32>>),
        I::amoxor_w => Writes(|_| single::<Amo<atomic::Xor, I32>>),
        I::amoand_w => Writes(|_| single::<Amo<atomic::And, I32>>),
        I::amoor_w => Writes(|_| single::<Amo<atomic::Or, I32>>),
        I::amomin_w => Writes(|_| single::<Amo<atomic::Min, I32>>),
        I::amomax_w => Writes(|_| single::<Amo<atomic::Max, I32>>),
        I::amominu_w => Writes(|_| single::<Amo<atomic::Minu, I32>>),
        I::amomaxu_w => Writes(|_| single::<Amo<atomic::Maxu, I32>>),
        I::amoswap_d => Writes(|_| single::<Amo<atomic::Swap, U64>>),
        I::amoadd_d => Writes(|_| single::<Amo<atomic::Add, U64>>),
        I::amoxor_d => Writes(|_| single::<Amo<atomic::Xor, U64>>),
        I::amoand_d => Writes(|_| single::<Amo<atomic::And, U64>>),
        I::amoor_d => Writes(|_| single::<Amo<atomic::Or, U64>>),
        I::amomin_d => Writes(|_| single::<Amo<atomic::Min, U64>>),
        I::amomax_d => Writes(|_| single::<Amo<atomic::Max, U64>>),
        I::amominu_d => Writes(|_| single::<Amo<atomic::Minu, U64>>),
        I::amomaxu_d => Writes(|_| single::<Amo<atomic::Maxu, U64>>),
        I::lr_w => Writes(|_| single::<LoadReserved<I32>>),
        I::lr_d => Writes(|_| single::<LoadReserved<U64>>),
        I::sc_w if parallel => Writes(|_| single::<StoreConditional<I32, true>>),
        I::sc_d if parallel => Writes(|_| single::<StoreConditional<U64, true>>),
        I::sc_w => Writes(|_| single::<StoreConditional<I32, false>>),
        I::sc_d => Writes(|_| single::<StoreConditional<U64, false>>),

        I::csrrs | I::csrrc if system::plain(inst, extensions).is_some() => Writes(|_| single::<ReadCsr>),
        I::csrrw if system::plain(inst, extensions).is_some() && system::is_epc(inst) => {
            Writes(|_| single::<SwapCsr<{ !1 }>>)
        }
        I::csrrw if system::plain(inst, extensions).is_some() => Writes(|_| single::<SwapCsr<{ u64::MAX }>>),
        I::csrrs if system::changes_status(inst) => Writes(|_| single::<ChangeSie<true, false>>),
        I::csrrc if system::changes_status(inst) => Writes(|_| single::<ChangeSie<false, false>>),
        I::csrrsi if system::changes_status(inst) => Writes(|_| single::<ChangeSie<true, true>>),
        I::csrrci if system::changes_status(inst) => Writes(|_| single::<ChangeSie<false, true>>),
        I::csrrs if system::reads_counter(inst, extensions) => Writes(|_| system::read_counter),

        I::fence if parallel => match order::of_fence(inst) {
            Ordering::SeqCst => Keeps(|_| single::<Fence<true>>),
            _ => Keeps(|_| single::<Fence<false>>),
        },
        I::fence | I::pause | I::prefetch_i | I::prefetch_r | I::prefetch_w => Keeps(|_| single::<alu::Nop>),
        I::ntl_p1 | I::ntl_pall | I::ntl_s1 | I::ntl_all => Keeps(|_| single::<alu::Nop>),
        _ => float_form(inst),
    }
}

/// How `inst` is executed, if that is floating point.
fn float_form(inst: &Inst) -> Form {
    use Form::{Keeps, Slow, Writes, WritesFloat};
    /// The handler for the rounding mode of `inst`, where there is one.
    macro_rules! rounded {
        ($step:ident < $($type:ty),+ >) => {
            match RoundingMode::from_bits(inst.rm) {
                Some(RoundingMode::Rne) => WritesFloat(single::<$step<$($type),+, { STATIC }>>),
                Some(RoundingMode::Dyn) => WritesFloat(single::<$step<$($type),+, { DYNAMIC }>>),
                _ => Slow,
            }
        };
    }
    /// The handler of a conversion that is exact, whatever the rounding mode, as long as it is one.
    macro_rules! exact {
        ($step:ident < $($type:ty),+ >) => {
            match RoundingMode::from_bits(inst.rm) {
                Some(RoundingMode::Dyn) => WritesFloat(single::<$step<$($type),+, { DIRTY | float::VALID }>>),
                _ => WritesFloat(single::<$step<$($type),+, DIRTY>>),
            }
        };
    }
    macro_rules! fused {
        ($handler:ident $kind:literal) => {
            match RoundingMode::from_bits(inst.rm) {
                Some(RoundingMode::Rne) if float::has_fused() => {
                    WritesFloat(float::$handler::<$kind, { STATIC }>)
                }
                Some(RoundingMode::Dyn) if float::has_fused() => {
                    WritesFloat(float::$handler::<$kind, { DYNAMIC }>)
                }
                _ => Slow,
            }
        };
    }
    let truncates = RoundingMode::from_bits(inst.rm) == Some(RoundingMode::Rtz);
    match inst.op.long() {
        I::flw => WritesFloat(single::<FloatLoad<f32>>),
        I::fld => WritesFloat(single::<FloatLoad<f64>>),
        I::fsw => Keeps(|_| single::<FloatStore<f32>>),
        I::fsd => Keeps(|_| single::<FloatStore<f64>>),
        I::fadd_s => rounded!(Binary<float::Add, f32>),
        I::fsub_s => rounded!(Binary<float::Sub, f32>),
        I::fmul_s => rounded!(Binary<float::Mul, f32>),
        I::fdiv_s => rounded!(Binary<float::Div, f32>),
        I::fsqrt_s => rounded!(Binary<float::Sqrt, f32>),
        I::fadd_d => rounded!(Binary<float::Add, f64>),
        I::fsub_d => rounded!(Binary<float::Sub, f64>),
        I::fmul_d => rounded!(Binary<float::Mul, f64>),
        I::fdiv_d => rounded!(Binary<float::Div, f64>),
        I::fsqrt_d => rounded!(Binary<float::Sqrt, f64>),
        I::fmadd_s => fused!(fused_single 0),
        I::fmsub_s => fused!(fused_single 1),
        I::fnmsub_s => fused!(fused_single 2),
        I::fnmadd_s => fused!(fused_single 3),
        I::fmadd_d => fused!(fused_double 0),
        I::fmsub_d => fused!(fused_double 1),
        I::fnmsub_d => fused!(fused_double 2),
        I::fnmadd_d => fused!(fused_double 3),
        I::fmin_s => WritesFloat(single::<Binary<float::Min, f32, DIRTY>>),
        I::fmax_s => WritesFloat(single::<Binary<float::Max, f32, DIRTY>>),
        I::fmin_d => WritesFloat(single::<Binary<float::Min, f64, DIRTY>>),
        I::fmax_d => WritesFloat(single::<Binary<float::Max, f64, DIRTY>>),
        I::fsgnj_s => WritesFloat(single::<Sign<f32, 0>>),
        I::fsgnjn_s => WritesFloat(single::<Sign<f32, 1>>),
        I::fsgnjx_s => WritesFloat(single::<Sign<f32, 2>>),
        I::fsgnj_d => WritesFloat(single::<Sign<f64, 0>>),
        I::fsgnjn_d => WritesFloat(single::<Sign<f64, 1>>),
        I::fsgnjx_d => WritesFloat(single::<Sign<f64, 2>>),
        I::feq_s => Writes(|_| single::<Compare<f32, 0>>),
        I::flt_s => Writes(|_| single::<Compare<f32, 1>>),
        I::fle_s => Writes(|_| single::<Compare<f32, 2>>),
        I::feq_d => Writes(|_| single::<Compare<f64, 0>>),
        I::flt_d => Writes(|_| single::<Compare<f64, 1>>),
        I::fle_d => Writes(|_| single::<Compare<f64, 2>>),
        I::fmv_d_x => WritesFloat(single::<FromX<float::Move, DIRTY>>),
        I::fmv_w_x => WritesFloat(single::<FromX<float::MoveToSingle, DIRTY>>),
        I::fmv_x_d => Writes(|_| single::<ToX<float::Move, DIRTY>>),
        I::fmv_x_w => Writes(|_| single::<ToX<float::MoveFromSingle, DIRTY>>),
        I::fcvt_d_w => exact!(FromX<float::DoubleFromW>),
        I::fcvt_d_wu => exact!(FromX<float::DoubleFromWu>),
        I::fcvt_d_l => rounded!(FromX<float::DoubleFromL>),
        I::fcvt_d_lu => rounded!(FromX<float::DoubleFromLu>),
        I::fcvt_s_w => rounded!(FromX<float::SingleFromW>),
        I::fcvt_s_wu => rounded!(FromX<float::SingleFromWu>),
        I::fcvt_s_l => rounded!(FromX<float::SingleFromL>),
        I::fcvt_s_lu => rounded!(FromX<float::SingleFromLu>),
        I::fcvt_s_d => rounded!(Convert<float::DoubleToSingle>),
        I::fcvt_d_s => exact!(Convert<float::SingleToDouble>),
        I::fcvt_w_d if truncates => Writes(|_| single::<ToX<float::DoubleToW, { DIRTY | float::INEXACT }>>),
        I::fcvt_l_d if truncates => Writes(|_| single::<ToX<float::DoubleToL, { DIRTY | float::INEXACT }>>),
        I::fcvt_w_s if truncates => Writes(|_| single::<ToX<float::SingleToW, { DIRTY | float::INEXACT }>>),
        I::fcvt_l_s if truncates => Writes(|_| single::<ToX<float::SingleToL, { DIRTY | float::INEXACT }>>),
        _ => Slow,
    }
}

/// What an instruction that rounds to the nearest asks of the floating-point state.
const STATIC: u8 = DIRTY | float::INEXACT;
/// What one that rounds as `frm` says asks of it.
const DYNAMIC: u8 = STATIC | float::NEAREST;

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
