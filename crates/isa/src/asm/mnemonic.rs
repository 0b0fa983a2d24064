//! The assembler's methods for instructions: one for each row of the table.
//!
//! A row's format decides the operands, in the order of assembly language.

use super::{Asm, AsmError, Label, Order};
use crate::inst::{Inst, Op};
use crate::reg::{FReg, Reg};
use crate::rounding::RoundingMode;

/// Defines a method: its operands, and which fields of [`Inst`] they fill in.
macro_rules! method {
    ($op:ident $doc:expr, ($($arg:ident: $type:ty),*) { $($field:ident: $value:expr),* }) => {
        #[doc = $doc]
        pub fn $op(&mut self, $($arg: $type),*) -> &mut Asm {
            self.inst(Inst { $($field: $value.into(),)* ..Inst::new(Op::$op) })
        }
    };
    (near $op:ident $doc:expr, ($($arg:ident: $type:ty),*)) => {
        #[doc = $doc]
        pub fn $op(&mut self, $($arg: $type,)* target: Label) -> &mut Asm {
            self.near(Inst { $($arg: $arg.into(),)* ..Inst::new(Op::$op) }, target)
        }
    };
    (upper $op:ident $doc:expr) => {
        #[doc = $doc]
        ///
        /// `imm20` is bits 31:12 of the value, signed or unsigned.
        pub fn $op(&mut self, rd: Reg, imm20: i32) -> &mut Asm {
            self.upper(Inst { rd: rd.into(), ..Inst::new(Op::$op) }, imm20)
        }
    };
}

/// Defines the method of a row by its format.
#[rustfmt::skip]
macro_rules! mnemonic {
    (Bare $op:ident $doc:expr) => { method! { $op $doc, () {} } };
    (R $op:ident $doc:expr) => {
        method! { $op $doc, (rd: Reg, rs1: Reg, rs2: Reg) { rd: rd, rs1: rs1, rs2: rs2 } }
    };
    (Unary $op:ident $doc:expr) => { method! { $op $doc, (rd: Reg, rs1: Reg) { rd: rd, rs1: rs1 } } };
    (I $op:ident $doc:expr) => {
        method! { $op $doc, (rd: Reg, rs1: Reg, imm: i32) { rd: rd, rs1: rs1, imm: imm } }
    };
    (Load $op:ident $doc:expr) => {
        method! { $op $doc, (rd: Reg, imm: i32, rs1: Reg) { rd: rd, imm: imm, rs1: rs1 } }
    };
    (Store $op:ident $doc:expr) => {
        method! { $op $doc, (rs2: Reg, imm: i32, rs1: Reg) { rs2: rs2, imm: imm, rs1: rs1 } }
    };
    (B $op:ident $doc:expr) => { method! { near $op $doc, (rs1: Reg, rs2: Reg) } };
    (J $op:ident $doc:expr) => { method! { near $op $doc, (rd: Reg) } };
    (U $op:ident $doc:expr) => { method! { upper $op $doc } };
    (Shift6 $op:ident $doc:expr) => {
        method! { $op $doc, (rd: Reg, rs1: Reg, shamt: i32) { rd: rd, rs1: rs1, imm: shamt } }
    };
    (Fence $op:ident $doc:expr) => {
        #[doc = $doc]
        ///
        /// `pred` and `succ` are sets of accesses: 8 input, 4 output, 2 reads, 1 writes.
        pub fn $op(&mut self, pred: u8, succ: u8) -> &mut Asm {
            self.ordering(Inst::new(Op::$op), pred, succ)
        }
    };
    (Csr $op:ident $doc:expr) => {
        method! { $op $doc, (rd: Reg, csr: u16, rs1: Reg) { rd: rd, imm: csr, rs1: rs1 } }
    };
    (CsrI $op:ident $doc:expr) => {
        method! { $op $doc, (rd: Reg, csr: u16, uimm: u8) { rd: rd, imm: csr, rs1: uimm } }
    };
    (Amo $op:ident $doc:expr) => {
        method! { $op $doc, (rd: Reg, rs2: Reg, rs1: Reg, order: Order) { rd: rd, rs2: rs2, rs1: rs1, rm: order } }
    };
    (AmoPair $op:ident $doc:expr) => { mnemonic! { Amo $op $doc } };
    (Cbo $op:ident $doc:expr) => { method! { $op $doc, (rs1: Reg) { rs1: rs1 } } };
    (Prefetch $op:ident $doc:expr) => { method! { $op $doc, (imm: i32, rs1: Reg) { imm: imm, rs1: rs1 } } };
    (MopR $op:ident $doc:expr) => {
        method! { $op $doc, (n: u8, rd: Reg, rs1: Reg) { imm: n, rd: rd, rs1: rs1 } }
    };
    (MopRr $op:ident $doc:expr) => {
        method! { $op $doc, (n: u8, rd: Reg, rs1: Reg, rs2: Reg) { imm: n, rd: rd, rs1: rs1, rs2: rs2 } }
    };
    (Lr $op:ident $doc:expr) => {
        method! { $op $doc, (rd: Reg, rs1: Reg, order: Order) { rd: rd, rs1: rs1, rm: order } }
    };
    (FLoad $op:ident $doc:expr) => {
        method! { $op $doc, (frd: FReg, imm: i32, rs1: Reg) { rd: frd, imm: imm, rs1: rs1 } }
    };
    (FStore $op:ident $doc:expr) => {
        method! { $op $doc, (frs2: FReg, imm: i32, rs1: Reg) { rs2: frs2, imm: imm, rs1: rs1 } }
    };
    (F4 $op:ident $doc:expr) => {
        method! {
            $op $doc, (frd: FReg, frs1: FReg, frs2: FReg, frs3: FReg, rm: RoundingMode)
            { rd: frd, rs1: frs1, rs2: frs2, rs3: frs3, rm: rm }
        }
    };
    (FRm $op:ident $doc:expr) => {
        method! {
            $op $doc, (frd: FReg, frs1: FReg, frs2: FReg, rm: RoundingMode)
            { rd: frd, rs1: frs1, rs2: frs2, rm: rm }
        }
    };
    (F $op:ident $doc:expr) => {
        method! { $op $doc, (frd: FReg, frs1: FReg, frs2: FReg) { rd: frd, rs1: frs1, rs2: frs2 } }
    };
    (FUnaryRm $op:ident $doc:expr) => {
        method! { $op $doc, (frd: FReg, frs1: FReg, rm: RoundingMode) { rd: frd, rs1: frs1, rm: rm } }
    };
    (FCompare $op:ident $doc:expr) => {
        method! { $op $doc, (rd: Reg, frs1: FReg, frs2: FReg) { rd: rd, rs1: frs1, rs2: frs2 } }
    };
    (FToXRm $op:ident $doc:expr) => {
        method! { $op $doc, (rd: Reg, frs1: FReg, rm: RoundingMode) { rd: rd, rs1: frs1, rm: rm } }
    };
    (FToX $op:ident $doc:expr) => { method! { $op $doc, (rd: Reg, frs1: FReg) { rd: rd, rs1: frs1 } } };
    (Fli $op:ident $doc:expr) => {
        #[doc = $doc]
        ///
        /// `constant` is its number in the table that the manual has for `fli.s`, 0 to 31.
        pub fn $op(&mut self, frd: FReg, constant: u8) -> &mut Asm {
            self.inst(Inst { rd: frd.into(), rs1: constant, ..Inst::new(Op::$op) })
        }
    };
    (XToFRm $op:ident $doc:expr) => {
        method! { $op $doc, (frd: FReg, rs1: Reg, rm: RoundingMode) { rd: frd, rs1: rs1, rm: rm } }
    };
    (XToF $op:ident $doc:expr) => { method! { $op $doc, (frd: FReg, rs1: Reg) { rd: frd, rs1: rs1 } } };
    (HLoad $op:ident $doc:expr) => { mnemonic! { Unary $op $doc } };
    (HStore $op:ident $doc:expr) => { method! { $op $doc, (rs2: Reg, rs1: Reg) { rs2: rs2, rs1: rs1 } } };
    (FenceVma $op:ident $doc:expr) => { method! { $op $doc, (rs1: Reg, rs2: Reg) { rs1: rs1, rs2: rs2 } } };

    (CAddi4spn $op:ident $doc:expr) => {
        method! { $op $doc, (rd: Reg, imm: i32) { rd: rd, rs1: crate::reg::SP, imm: imm } }
    };
    (CNop $op:ident $doc:expr) => { method! { $op $doc, () {} } };
    (CAddi $op:ident $doc:expr) => { method! { $op $doc, (rd: Reg, imm: i32) { rd: rd, rs1: rd, imm: imm } } };
    (CLi $op:ident $doc:expr) => { method! { $op $doc, (rd: Reg, imm: i32) { rd: rd, imm: imm } } };
    (CAddi16sp $op:ident $doc:expr) => {
        method! { $op $doc, (imm: i32) { rd: crate::reg::SP, rs1: crate::reg::SP, imm: imm } }
    };
    (CArith $op:ident $doc:expr) => {
        method! { $op $doc, (rd: Reg, rs2: Reg) { rd: rd, rs1: rd, rs2: rs2 } }
    };
    (CMv $op:ident $doc:expr) => { method! { $op $doc, (rd: Reg, rs2: Reg) { rd: rd, rs2: rs2 } } };
    (CJ $op:ident $doc:expr) => { method! { near $op $doc, () } };
    (CBranch $op:ident $doc:expr) => { method! { near $op $doc, (rs1: Reg) } };
    (CJr $op:ident $doc:expr) => { method! { $op $doc, (rs1: Reg) { rs1: rs1 } } };
    (CJalr $op:ident $doc:expr) => { method! { $op $doc, (rs1: Reg) { rd: crate::reg::RA, rs1: rs1 } } };
    (CFldsp $op:ident $doc:expr) => {
        method! { $op $doc, (frd: FReg, imm: i32) { rd: frd, rs1: crate::reg::SP, imm: imm } }
    };
    (CLwsp $op:ident $doc:expr) => {
        method! { $op $doc, (rd: Reg, imm: i32) { rd: rd, rs1: crate::reg::SP, imm: imm } }
    };
    (CFsdsp $op:ident $doc:expr) => {
        method! { $op $doc, (frs2: FReg, imm: i32) { rs2: frs2, rs1: crate::reg::SP, imm: imm } }
    };
    (CSwsp $op:ident $doc:expr) => {
        method! { $op $doc, (rs2: Reg, imm: i32) { rs2: rs2, rs1: crate::reg::SP, imm: imm } }
    };

    (CMop $op:ident $doc:expr) => { method! { $op $doc, (n: u8) { imm: n } } };
    (CUnary $op:ident $doc:expr) => { method! { $op $doc, (rd: Reg) { rd: rd, rs1: rd } } };
    (CZextB $op:ident $doc:expr) => { method! { $op $doc, (rd: Reg) { rd: rd, rs1: rd, imm: 0xff } } };
    (CNot $op:ident $doc:expr) => { method! { $op $doc, (rd: Reg) { rd: rd, rs1: rd, imm: -1 } } };

    (FToXRtz $op:ident $doc:expr) => { mnemonic! { FToX $op $doc } };
    (FenceI $op:ident $doc:expr) => { mnemonic! { Bare $op $doc } };
    (Jalr $op:ident $doc:expr) => { mnemonic! { Load $op $doc } };
    (Shift5 $op:ident $doc:expr) => { mnemonic! { Shift6 $op $doc } };
    (CLoadW $op:ident $doc:expr) => { mnemonic! { Load $op $doc } };
    (CLoadD $op:ident $doc:expr) => { mnemonic! { Load $op $doc } };
    (CLoadFD $op:ident $doc:expr) => { mnemonic! { FLoad $op $doc } };
    (CStoreW $op:ident $doc:expr) => { mnemonic! { Store $op $doc } };
    (CStoreD $op:ident $doc:expr) => { mnemonic! { Store $op $doc } };
    (CStoreFD $op:ident $doc:expr) => { mnemonic! { FStore $op $doc } };
    (CLui $op:ident $doc:expr) => { mnemonic! { U $op $doc } };
    (CShiftP $op:ident $doc:expr) => { mnemonic! { CAddi $op $doc } };
    (CAndi $op:ident $doc:expr) => { mnemonic! { CAddi $op $doc } };
    (CSlli $op:ident $doc:expr) => { mnemonic! { CAddi $op $doc } };
    (CLdsp $op:ident $doc:expr) => { mnemonic! { CLwsp $op $doc } };
    (CAdd $op:ident $doc:expr) => { mnemonic! { CArith $op $doc } };
    (CSdsp $op:ident $doc:expr) => { mnemonic! { CSwsp $op $doc } };
    (CLoadB $op:ident $doc:expr) => { mnemonic! { Load $op $doc } };
    (CLoadH $op:ident $doc:expr) => { mnemonic! { Load $op $doc } };
    (CStoreB $op:ident $doc:expr) => { mnemonic! { Store $op $doc } };
    (CStoreH $op:ident $doc:expr) => { mnemonic! { Store $op $doc } };
}

macro_rules! define_mnemonics {
    (
        $($(#[doc = $doc:literal])+ $name:ident $format:ident $pattern:literal $needs:tt $xlen:ident;)+
        @compressed
        $($(#[doc = $cdoc:literal])+ $cname:ident $cformat:ident $cpattern:literal $cneeds:tt $cxlen:ident = $long:ident;)+
    ) => {
        /// The instructions of the table.
        impl Asm {
            $(mnemonic! { $format $name concat!($($doc),+) })+
            $(mnemonic! { $cformat $cname concat!($($cdoc),+) })+
        }
    };
}
crate::for_each_instruction!(define_mnemonics);

impl Asm {
    fn upper(&mut self, inst: Inst, imm20: i32) -> &mut Asm {
        if !(-0x8_0000..=0xf_ffff).contains(&imm20) {
            let inst = alloc::format!("{} {},{imm20:#x}", inst.op.mnemonic(), Reg::from_bits(inst.rd));
            self.fail(AsmError::Operand { address: self.pc(), inst });
        }
        self.inst(Inst { imm: imm20 << 12, ..inst })
    }

    fn ordering(&mut self, inst: Inst, pred: u8, succ: u8) -> &mut Asm {
        if pred > 15 || succ > 15 {
            let inst = alloc::format!("{} {pred},{succ}", inst.op.mnemonic());
            self.fail(AsmError::Operand { address: self.pc(), inst });
        }
        self.inst(Inst { imm: i32::from(pred & 15) << 4 | i32::from(succ & 15), ..inst })
    }
}
