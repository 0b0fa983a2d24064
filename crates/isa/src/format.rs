//! Instruction formats: where each operand lies in the instruction word.
//!
//! Unprivileged ISA, "Base Instruction Formats" and "Compressed Instruction Formats". A format is data;
//! decoder and encoder both interpret it, so they cannot disagree.

use crate::inst::Inst;
use crate::rounding::RoundingMode;

/// The name of an instruction format: one for each way of laying out and writing operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Format {
    /// No operands.
    Bare,
    /// `rd, rs1, rs2`
    R,
    /// `rd, rs1`
    Unary,
    /// `rd, rs1, imm`
    I,
    /// `rd, imm(rs1)`
    Load,
    /// `rd, imm(rs1)` with a code address.
    Jalr,
    /// `rs2, imm(rs1)`
    Store,
    /// `rs1, rs2, target`
    B,
    /// `rd, imm` with the immediate in bits 31:12.
    U,
    /// `rd, target`
    J,
    /// `rd, rs1, shamt` with six bits of shift amount.
    Shift6,
    /// `rd, rs1, shamt` with five bits of shift amount.
    Shift5,
    /// `pred, succ`
    Fence,
    /// No written operands; the unused fields are ignored.
    FenceI,
    /// `rd, csr, rs1`
    Csr,
    /// `rd, csr, uimm`
    CsrI,
    /// `rd, rs2, (rs1)`
    Amo,
    /// `rd, rs2, (rs1)` of a compare-and-swap of pairs of registers, whose first must be even.
    AmoPair,
    /// `rd, (rs1)`
    Lr,
    /// `frd, imm(rs1)`
    FLoad,
    /// `frs2, imm(rs1)`
    FStore,
    /// `frd, frs1, frs2, frs3, rm`
    F4,
    /// `frd, frs1, frs2, rm`
    FRm,
    /// `frd, frs1, frs2`
    F,
    /// `frd, frs1, rm`
    FUnaryRm,
    /// `rd, frs1, frs2`
    FCompare,
    /// `rd, frs1, rm`
    FToXRm,
    /// `rd, frs1`
    FToX,
    /// `rd, frs1, rtz`
    FToXRtz,
    /// `frd, rs1, rm`
    XToFRm,
    /// `frd, rs1`
    XToF,
    /// `frd, constant`
    Fli,
    /// `rd, (rs1)` through the guest's translation.
    HLoad,
    /// `rs2, (rs1)` through the guest's translation.
    HStore,
    /// `rs1, rs2` of a translation fence.
    FenceVma,
    /// `(rs1)` of a cache block.
    Cbo,
    /// `imm(rs1)` of a cache block.
    Prefetch,
    /// `rd, rs1` after the number in the mnemonic.
    MopR,
    /// `rd, rs1, rs2` after the number in the mnemonic.
    MopRr,
    /// c.addi4spn
    CAddi4spn,
    /// c.lw
    CLoadW,
    /// c.ld
    CLoadD,
    /// c.fld
    CLoadFD,
    /// c.sw
    CStoreW,
    /// c.sd
    CStoreD,
    /// c.fsd
    CStoreFD,
    /// c.nop
    CNop,
    /// c.addi, c.addiw
    CAddi,
    /// c.li
    CLi,
    /// c.addi16sp
    CAddi16sp,
    /// c.lui
    CLui,
    /// c.srli, c.srai
    CShiftP,
    /// c.andi
    CAndi,
    /// c.sub and the other two-register operations
    CArith,
    /// c.j
    CJ,
    /// c.beqz, c.bnez
    CBranch,
    /// c.slli
    CSlli,
    /// c.fldsp
    CFldsp,
    /// c.lwsp
    CLwsp,
    /// c.ldsp
    CLdsp,
    /// c.jr
    CJr,
    /// c.mv
    CMv,
    /// c.jalr
    CJalr,
    /// c.add
    CAdd,
    /// c.fsdsp
    CFsdsp,
    /// c.swsp
    CSwsp,
    /// c.sdsp
    CSdsp,
    /// c.lbu
    CLoadB,
    /// c.lhu, c.lh
    CLoadH,
    /// c.sb
    CStoreB,
    /// c.sh
    CStoreH,
    /// c.sext.b and the other operations on one register
    CUnary,
    /// c.zext.b, whose immediate is implied
    CZextB,
    /// c.not, whose immediate is implied
    CNot,
    /// c.mop, which has nothing but the number in the mnemonic
    CMop,
}

/// What [`Inst::rm`] holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Control {
    /// Nothing: it is zero.
    None,
    /// A rounding mode.
    Rounding,
    /// In atomics, aq (bit 1) and rl (bit 0).
    Ordering,
}

/// Where a register number comes from.
#[derive(Clone, Copy)]
enum Place {
    /// Always this register.
    Is(u8),
    /// Five bits starting at this bit.
    At(u32),
    /// Three bits starting at this bit, naming x8 to x15.
    Short(u32),
}

/// `Piece(hi, lo, to)`: instruction bits `hi..=lo` are immediate bits from `to` upwards.
struct Piece(u32, u32, u32);

/// What a format demands of its operands; words that break it are reserved.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Demand {
    Nothing,
    NonzeroRd,
    NonzeroRs1,
    NonzeroRs2,
    NonzeroImm,
    /// A nonzero immediate, and an rd that is not c.addi16sp's.
    NonzeroImmNotSp,
    /// A rounding mode that is not reserved.
    Rounding,
    /// An even rd and an even rs2.
    Pairs,
}

/// The layout of a format.
struct Layout {
    rd: Place,
    rs1: Place,
    rs2: Place,
    rs3: Place,
    /// Lowest bit and width of the rounding mode or of aq and rl.
    rm: (u32, u32),
    imm: &'static [Piece],
    /// The immediate where no bits say it.
    implied_imm: i32,
    signed: bool,
    demand: Demand,
}

use Place::{At, Is, Short};

const NONE: Layout = Layout {
    rd: Is(0),
    rs1: Is(0),
    rs2: Is(0),
    rs3: Is(0),
    rm: (0, 0),
    imm: &[],
    implied_imm: 0,
    signed: false,
    demand: Demand::Nothing,
};
const R: Layout = Layout { rd: At(7), rs1: At(15), rs2: At(20), ..NONE };
const R_RM: Layout = Layout { rm: (12, 3), demand: Demand::Rounding, ..R };
const AMO: Layout = Layout { rm: (25, 2), ..R };
const UNARY: Layout = Layout { rd: At(7), rs1: At(15), ..NONE };
const UNARY_RM: Layout = Layout { rm: (12, 3), demand: Demand::Rounding, ..UNARY };
const I: Layout = Layout { imm: &[Piece(31, 20, 0)], signed: true, ..UNARY };
const I_UNSIGNED: Layout = Layout { signed: false, ..I };
const S: Layout = Layout { rd: Is(0), imm: &[Piece(31, 25, 5), Piece(11, 7, 0)], signed: true, ..R };
const B: Layout =
    Layout { imm: &[Piece(31, 31, 12), Piece(30, 25, 5), Piece(11, 8, 1), Piece(7, 7, 11)], ..S };
const U: Layout = Layout { rd: At(7), imm: &[Piece(31, 12, 12)], signed: true, ..NONE };
const J: Layout =
    Layout { imm: &[Piece(31, 31, 20), Piece(30, 21, 1), Piece(20, 20, 11), Piece(19, 12, 12)], ..U };

const C_LOAD: Layout = Layout { rd: Short(2), rs1: Short(7), ..NONE };
const C_STORE: Layout = Layout { rs1: Short(7), rs2: Short(2), ..NONE };
const C_OFFSET_W: &[Piece] = &[Piece(12, 10, 3), Piece(6, 6, 2), Piece(5, 5, 6)];
const C_OFFSET_D: &[Piece] = &[Piece(12, 10, 3), Piece(6, 5, 6)];
const C_IMM6: &[Piece] = &[Piece(12, 12, 5), Piece(6, 2, 0)];
const C_LOAD_SP: Layout = Layout { rd: At(7), rs1: Is(2), demand: Demand::NonzeroRd, ..NONE };
const C_STORE_SP: Layout = Layout { rs1: Is(2), rs2: At(2), ..NONE };
const C_OFFSET_SP_LOAD_D: &[Piece] = &[Piece(12, 12, 5), Piece(6, 5, 3), Piece(4, 2, 6)];
const C_OFFSET_SP_STORE_D: &[Piece] = &[Piece(12, 10, 3), Piece(9, 7, 6)];
const C_OFFSET_B: &[Piece] = &[Piece(6, 6, 0), Piece(5, 5, 1)];
const C_OFFSET_H: &[Piece] = &[Piece(5, 5, 1)];
const C_UNARY: Layout = Layout { rd: Short(7), rs1: Short(7), ..NONE };
const C_SHORT: Layout = Layout { imm: C_IMM6, ..C_UNARY };
const C_ADDI: Layout =
    Layout { rd: At(7), rs1: At(7), imm: C_IMM6, signed: true, demand: Demand::NonzeroRd, ..NONE };

impl Format {
    /// How the operands are written after the mnemonic. A word names an operand: a register, an immediate
    /// or a branch target; other characters stand for themselves.
    pub const fn operands(self) -> &'static str {
        match self {
            Format::Bare | Format::FenceI | Format::CMop => "",
            Format::R | Format::MopRr => "rd,rs1,rs2",
            Format::Unary | Format::MopR => "rd,rs1",
            Format::I => "rd,rs1,imm",
            Format::Load
            | Format::Jalr
            | Format::CLoadW
            | Format::CLoadD
            | Format::CLwsp
            | Format::CLdsp
            | Format::CLoadB
            | Format::CLoadH => "rd,imm(rs1)",
            Format::Store
            | Format::CStoreW
            | Format::CStoreD
            | Format::CSwsp
            | Format::CSdsp
            | Format::CStoreB
            | Format::CStoreH => "rs2,imm(rs1)",
            Format::B => "rs1,rs2,target",
            Format::U | Format::CLui => "rd,imm20",
            Format::J => "rd,target",
            Format::Shift6 | Format::Shift5 => "rd,rs1,shamt",
            Format::Fence => "pred,succ",
            Format::Csr => "rd,csr,rs1",
            Format::CsrI => "rd,csr,uimm",
            Format::Amo | Format::AmoPair => "rd,rs2,(rs1)",
            Format::Cbo => "(rs1)",
            Format::Prefetch => "imm(rs1)",
            Format::Lr | Format::HLoad => "rd,(rs1)",
            Format::HStore => "rs2,(rs1)",
            Format::FLoad | Format::CLoadFD | Format::CFldsp => "frd,imm(rs1)",
            Format::FStore | Format::CStoreFD | Format::CFsdsp => "frs2,imm(rs1)",
            Format::F4 => "frd,frs1,frs2,frs3",
            Format::FRm | Format::F => "frd,frs1,frs2",
            Format::FUnaryRm => "frd,frs1",
            Format::FCompare => "rd,frs1,frs2",
            Format::FToXRm | Format::FToX => "rd,frs1",
            Format::FToXRtz => "rd,frs1,rtz",
            Format::XToFRm | Format::XToF => "frd,rs1",
            Format::Fli => "frd,constant",
            Format::FenceVma => "rs1,rs2",
            Format::CAddi4spn => "rd,rs1,imm",
            Format::CNop => "imm",
            Format::CAddi | Format::CLi | Format::CAddi16sp | Format::CAndi => "rd,imm",
            Format::CShiftP | Format::CSlli => "rd,shamt",
            Format::CArith | Format::CMv | Format::CAdd => "rd,rs2",
            Format::CJ => "target",
            Format::CBranch => "rs1,target",
            Format::CJr | Format::CJalr => "rs1",
            Format::CUnary | Format::CZextB | Format::CNot => "rd",
        }
    }

    /// What the `rm` field of an instruction holds.
    pub const fn control(self) -> Control {
        match self.layout().rm {
            (_, 3) => Control::Rounding,
            (_, 2) => Control::Ordering,
            _ => Control::None,
        }
    }

    #[inline]
    const fn layout(self) -> Layout {
        match self {
            Format::Bare => NONE,
            Format::R | Format::F | Format::FCompare => R,
            Format::FRm => R_RM,
            Format::F4 => Layout { rs3: At(27), ..R_RM },
            Format::I | Format::Load | Format::Jalr | Format::FLoad => I,
            Format::Store | Format::FStore => S,
            Format::B => B,
            Format::U => U,
            Format::J => J,
            Format::Shift6 => Layout { imm: &[Piece(25, 20, 0)], ..UNARY },
            Format::Shift5 => Layout { imm: &[Piece(24, 20, 0)], ..UNARY },
            Format::Fence | Format::FenceI | Format::Csr | Format::CsrI => I_UNSIGNED,
            Format::Amo => AMO,
            Format::AmoPair => Layout { demand: Demand::Pairs, ..AMO },
            Format::Lr => Layout { rm: (25, 2), ..UNARY },
            Format::FUnaryRm | Format::FToXRm | Format::XToFRm => UNARY_RM,
            Format::Unary | Format::FToX | Format::FToXRtz | Format::XToF | Format::Fli | Format::HLoad => {
                UNARY
            }
            Format::HStore | Format::FenceVma => Layout { rd: Is(0), ..R },

            Format::Cbo => Layout { rs1: At(15), ..NONE },
            Format::Prefetch => Layout { rs1: At(15), imm: &[Piece(31, 25, 5)], signed: true, ..NONE },
            Format::MopR => Layout { imm: &[Piece(30, 30, 4), Piece(27, 26, 2), Piece(21, 20, 0)], ..UNARY },
            Format::MopRr => Layout { imm: &[Piece(30, 30, 2), Piece(27, 26, 0)], ..R },

            Format::CAddi4spn => Layout {
                rd: Short(2),
                rs1: Is(2),
                imm: &[Piece(12, 11, 4), Piece(10, 7, 6), Piece(6, 6, 2), Piece(5, 5, 3)],
                demand: Demand::NonzeroImm,
                ..NONE
            },
            Format::CLoadW => Layout { imm: C_OFFSET_W, ..C_LOAD },
            Format::CLoadD | Format::CLoadFD => Layout { imm: C_OFFSET_D, ..C_LOAD },
            Format::CStoreW => Layout { imm: C_OFFSET_W, ..C_STORE },
            Format::CStoreD | Format::CStoreFD => Layout { imm: C_OFFSET_D, ..C_STORE },
            Format::CNop => Layout { imm: C_IMM6, signed: true, ..NONE },
            Format::CAddi => C_ADDI,
            Format::CLi => Layout { rs1: Is(0), demand: Demand::Nothing, ..C_ADDI },
            Format::CAddi16sp => Layout {
                rd: Is(2),
                rs1: Is(2),
                imm: &[Piece(12, 12, 9), Piece(6, 6, 4), Piece(5, 5, 6), Piece(4, 3, 7), Piece(2, 2, 5)],
                signed: true,
                demand: Demand::NonzeroImm,
                ..NONE
            },
            Format::CLui => Layout {
                rd: At(7),
                imm: &[Piece(12, 12, 17), Piece(6, 2, 12)],
                signed: true,
                demand: Demand::NonzeroImmNotSp,
                ..NONE
            },
            Format::CShiftP => C_SHORT,
            Format::CAndi => Layout { signed: true, ..C_SHORT },
            Format::CArith => Layout { rs2: Short(2), imm: &[], ..C_SHORT },
            Format::CJ => Layout {
                imm: &[
                    Piece(12, 12, 11),
                    Piece(11, 11, 4),
                    Piece(10, 9, 8),
                    Piece(8, 8, 10),
                    Piece(7, 7, 6),
                    Piece(6, 6, 7),
                    Piece(5, 3, 1),
                    Piece(2, 2, 5),
                ],
                signed: true,
                ..NONE
            },
            Format::CBranch => Layout {
                rs1: Short(7),
                imm: &[Piece(12, 12, 8), Piece(11, 10, 3), Piece(6, 5, 6), Piece(4, 3, 1), Piece(2, 2, 5)],
                signed: true,
                ..NONE
            },
            Format::CSlli => Layout { rd: At(7), rs1: At(7), imm: C_IMM6, ..NONE },
            Format::CFldsp => Layout { imm: C_OFFSET_SP_LOAD_D, demand: Demand::Nothing, ..C_LOAD_SP },
            Format::CLwsp => Layout { imm: &[Piece(12, 12, 5), Piece(6, 4, 2), Piece(3, 2, 6)], ..C_LOAD_SP },
            Format::CLdsp => Layout { imm: C_OFFSET_SP_LOAD_D, ..C_LOAD_SP },
            Format::CJr => Layout { rs1: At(7), demand: Demand::NonzeroRs1, ..NONE },
            Format::CJalr => Layout { rd: Is(1), rs1: At(7), demand: Demand::NonzeroRs1, ..NONE },
            Format::CMv => Layout { rd: At(7), rs2: At(2), demand: Demand::NonzeroRs2, ..NONE },
            Format::CAdd => Layout { rd: At(7), rs1: At(7), rs2: At(2), demand: Demand::NonzeroRs2, ..NONE },
            Format::CFsdsp | Format::CSdsp => Layout { imm: C_OFFSET_SP_STORE_D, ..C_STORE_SP },
            Format::CSwsp => Layout { imm: &[Piece(12, 9, 2), Piece(8, 7, 6)], ..C_STORE_SP },
            Format::CLoadB => Layout { imm: C_OFFSET_B, ..C_LOAD },
            Format::CLoadH => Layout { imm: C_OFFSET_H, ..C_LOAD },
            Format::CStoreB => Layout { imm: C_OFFSET_B, ..C_STORE },
            Format::CStoreH => Layout { imm: C_OFFSET_H, ..C_STORE },
            Format::CUnary => C_UNARY,
            Format::CZextB => Layout { implied_imm: 0xff, ..C_UNARY },
            Format::CNot => Layout { implied_imm: -1, ..C_UNARY },
            Format::CMop => Layout { imm: &[Piece(11, 7, 0)], ..NONE },
        }
    }

    /// Fills in the operands of `inst` from the instruction word in `inst.bits`.
    ///
    /// Returns `None` where the operands are reserved, as a zero immediate is for c.lui.
    pub(crate) fn extract(self, mut inst: Inst) -> Option<Inst> {
        let layout = self.layout();
        let word = inst.bits;
        let register = |place| match place {
            Is(n) => n,
            At(lo) => (word >> lo & 31) as u8,
            Short(lo) => (word >> lo & 7) as u8 + 8,
        };
        inst.rd = register(layout.rd);
        inst.rs1 = register(layout.rs1);
        inst.rs2 = register(layout.rs2);
        inst.rs3 = register(layout.rs3);
        let (lo, width) = layout.rm;
        inst.rm = (word >> lo & low_bits(width)) as u8;
        let (mut imm, mut width) = (0u32, 0);
        for &Piece(hi, lo, to) in layout.imm {
            let bits = hi - lo + 1;
            imm |= (word >> lo & low_bits(bits)) << to;
            width = width.max(to + bits);
        }
        let spare = if layout.signed { 32 - width } else { 0 };
        inst.imm = ((imm << spare) as i32 >> spare) | layout.implied_imm;
        layout.demand.holds(&inst).then_some(inst)
    }

    /// The operand bits of `inst`, in place.
    pub(crate) fn insert(self, inst: &Inst) -> u32 {
        let layout = self.layout();
        let register = |place, n: u8| match place {
            Is(_) => 0,
            At(lo) => u32::from(n & 31) << lo,
            Short(lo) => u32::from(n & 7) << lo,
        };
        let (lo, width) = layout.rm;
        let mut word = register(layout.rd, inst.rd)
            | register(layout.rs1, inst.rs1)
            | register(layout.rs2, inst.rs2)
            | register(layout.rs3, inst.rs3)
            | (u32::from(inst.rm) & low_bits(width)) << lo;
        for &Piece(hi, lo, to) in layout.imm {
            word |= (inst.imm as u32 >> to & low_bits(hi - lo + 1)) << lo;
        }
        word
    }

    /// Whether the operands of `inst` can be written in this format without loss.
    pub fn holds(self, inst: &Inst) -> bool {
        let again = Inst { bits: inst.encode(), ..Inst::new(inst.op) };
        self.extract(again).is_some_and(|again| Inst { bits: inst.bits, ..again } == *inst)
    }
}

impl Demand {
    fn holds(self, inst: &Inst) -> bool {
        match self {
            Demand::Nothing => true,
            Demand::NonzeroRd => inst.rd != 0,
            Demand::NonzeroRs1 => inst.rs1 != 0,
            Demand::NonzeroRs2 => inst.rs2 != 0,
            Demand::NonzeroImm => inst.imm != 0,
            Demand::NonzeroImmNotSp => inst.imm != 0 && inst.rd != 2,
            Demand::Rounding => RoundingMode::from_bits(inst.rm).is_some(),
            Demand::Pairs => (inst.rd | inst.rs2) & 1 == 0,
        }
    }
}

/// The `n` lowest bits; operands are narrower than a word.
const fn low_bits(n: u32) -> u32 {
    (1 << n) - 1
}
