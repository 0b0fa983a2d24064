//! Pseudoinstructions of the assembler. Unprivileged ISA, "RISC-V Assembly Programmer's Handbook".

use super::{Asm, Label};
use crate::inst::{Inst, Op};
use crate::reg::{RA, Reg, ZERO};

impl Asm {
    /// No operation.
    pub fn nop(&mut self) -> &mut Asm {
        self.addi(ZERO, ZERO, 0)
    }

    /// Copies a register.
    pub fn mv(&mut self, rd: Reg, rs1: Reg) -> &mut Asm {
        self.addi(rd, rs1, 0)
    }

    /// Loads a constant of 64 bits, in as few instructions as shifts and additions allow.
    pub fn li(&mut self, rd: Reg, value: u64) -> &mut Asm {
        // Both immediates are sign-extended: what the lower one takes away, the upper one adds.
        let low = (value as i32) << 20 >> 20;
        let rest = value.wrapping_sub(i64::from(low) as u64);
        if value as i64 == i64::from(value as i32) {
            if rest == 0 {
                return self.addi(rd, ZERO, low);
            }
            self.lui(rd, (rest as i32) >> 12);
            return if low == 0 { self } else { self.addiw(rd, rd, low) };
        }
        let zeros = rest.trailing_zeros();
        self.li(rd, ((rest as i64) >> zeros) as u64);
        self.slli(rd, rd, zeros as i32);
        if low == 0 { self } else { self.addi(rd, rd, low) }
    }

    /// Loads the address of a label.
    pub fn la(&mut self, rd: Reg, label: Label) -> &mut Asm {
        let upper = Inst { rd: rd.into(), ..Inst::new(Op::auipc) };
        self.far(upper, Inst { rd: rd.into(), rs1: rd.into(), ..Inst::new(Op::addi) }, label)
    }

    /// Calls a label at any distance, linking `ra`.
    pub fn call(&mut self, label: Label) -> &mut Asm {
        let upper = Inst { rd: RA.into(), ..Inst::new(Op::auipc) };
        self.far(upper, Inst { rd: RA.into(), rs1: RA.into(), ..Inst::new(Op::jalr) }, label)
    }

    /// Returns to `ra`.
    pub fn ret(&mut self) -> &mut Asm {
        self.jalr(ZERO, 0, RA)
    }

    /// Jumps to a label.
    pub fn j(&mut self, target: Label) -> &mut Asm {
        self.jal(ZERO, target)
    }

    /// Jumps to the address in a register.
    pub fn jr(&mut self, rs1: Reg) -> &mut Asm {
        self.jalr(ZERO, 0, rs1)
    }

    /// Branches if zero.
    pub fn beqz(&mut self, rs1: Reg, target: Label) -> &mut Asm {
        self.beq(rs1, ZERO, target)
    }

    /// Branches if not zero.
    pub fn bnez(&mut self, rs1: Reg, target: Label) -> &mut Asm {
        self.bne(rs1, ZERO, target)
    }

    /// Reads a CSR.
    pub fn csrr(&mut self, rd: Reg, csr: u16) -> &mut Asm {
        self.csrrs(rd, csr, ZERO)
    }

    /// Writes a CSR.
    pub fn csrw(&mut self, csr: u16, rs1: Reg) -> &mut Asm {
        self.csrrw(ZERO, csr, rs1)
    }

    /// Sets bits of a CSR.
    pub fn csrs(&mut self, csr: u16, rs1: Reg) -> &mut Asm {
        self.csrrs(ZERO, csr, rs1)
    }

    /// Clears bits of a CSR.
    pub fn csrc(&mut self, csr: u16, rs1: Reg) -> &mut Asm {
        self.csrrc(ZERO, csr, rs1)
    }

    /// Writes an immediate to a CSR.
    pub fn csrwi(&mut self, csr: u16, uimm: u8) -> &mut Asm {
        self.csrrwi(ZERO, csr, uimm)
    }

    /// Sets bits of a CSR by an immediate.
    pub fn csrsi(&mut self, csr: u16, uimm: u8) -> &mut Asm {
        self.csrrsi(ZERO, csr, uimm)
    }

    /// Clears bits of a CSR by an immediate.
    pub fn csrci(&mut self, csr: u16, uimm: u8) -> &mut Asm {
        self.csrrci(ZERO, csr, uimm)
    }
}
