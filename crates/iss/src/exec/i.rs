//! The base integer instructions and FENCE.I. Unprivileged ISA, "RV32I Base Integer Instruction Set",
//! "RV64I Base Integer Instruction Set" and "Zifencei".

use std::sync::atomic::{self, Ordering};

use isa::cause::Exception;
use isa::{Inst, Mode, Privilege};

use super::{Cpu, Exec, order};
use crate::bus::Width;
use crate::event::Event;
use crate::observe::Observer;
use crate::trap::Trap;

/// `value` sign-extended from its low `width` bytes.
pub(super) fn sign_extend(value: u64, width: Width) -> u64 {
    let spare = 64 - 8 * width.bytes() as u32;
    ((value << spare) as i64 >> spare) as u64
}

/// The low word of `value`, sign-extended: the result of a W instruction.
pub(super) fn sext_w(value: u64) -> u64 {
    value as i32 as u64
}

/// An immediate as the 64-bit operand that it stands for.
fn imm(i: &Inst) -> u64 {
    i.imm as u64
}

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn lui(&mut self, i: &Inst) -> Exec {
        self.write_x(i, imm(i))
    }

    pub(super) fn auipc(&mut self, i: &Inst) -> Exec {
        self.write_x(i, self.hart.pc().wrapping_add(imm(i)))
    }

    pub(super) fn jal(&mut self, i: &Inst) -> Exec {
        self.jump(i, self.hart.pc().wrapping_add(imm(i)))
    }

    pub(super) fn jalr(&mut self, i: &Inst) -> Exec {
        self.jump(i, self.x(i.rs1).wrapping_add(imm(i)) & !1)
    }

    pub(super) fn beq(&mut self, i: &Inst) -> Exec {
        self.branch(i, |a, b| a == b)
    }

    pub(super) fn bne(&mut self, i: &Inst) -> Exec {
        self.branch(i, |a, b| a != b)
    }

    pub(super) fn blt(&mut self, i: &Inst) -> Exec {
        self.branch(i, |a, b| (a as i64) < b as i64)
    }

    pub(super) fn bge(&mut self, i: &Inst) -> Exec {
        self.branch(i, |a, b| a as i64 >= b as i64)
    }

    pub(super) fn bltu(&mut self, i: &Inst) -> Exec {
        self.branch(i, |a, b| a < b)
    }

    pub(super) fn bgeu(&mut self, i: &Inst) -> Exec {
        self.branch(i, |a, b| a >= b)
    }

    pub(super) fn lb(&mut self, i: &Inst) -> Exec {
        self.load_signed(i, Width::B)
    }

    pub(super) fn lh(&mut self, i: &Inst) -> Exec {
        self.load_signed(i, Width::H)
    }

    pub(super) fn lw(&mut self, i: &Inst) -> Exec {
        self.load_signed(i, Width::W)
    }

    pub(super) fn lbu(&mut self, i: &Inst) -> Exec {
        self.load_unsigned(i, Width::B)
    }

    pub(super) fn lhu(&mut self, i: &Inst) -> Exec {
        self.load_unsigned(i, Width::H)
    }

    pub(super) fn sb(&mut self, i: &Inst) -> Exec {
        self.store_x(i, Width::B)
    }

    pub(super) fn sh(&mut self, i: &Inst) -> Exec {
        self.store_x(i, Width::H)
    }

    pub(super) fn sw(&mut self, i: &Inst) -> Exec {
        self.store_x(i, Width::W)
    }

    pub(super) fn addi(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, u64::wrapping_add)
    }

    pub(super) fn slti(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, b| ((a as i64) < b as i64).into())
    }

    pub(super) fn sltiu(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, b| (a < b).into())
    }

    pub(super) fn xori(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, b| a ^ b)
    }

    pub(super) fn ori(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, b| a | b)
    }

    pub(super) fn andi(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, b| a & b)
    }

    pub(super) fn add(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, u64::wrapping_add)
    }

    pub(super) fn sub(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, u64::wrapping_sub)
    }

    pub(super) fn sll(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| a << (b & 63))
    }

    pub(super) fn slt(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| ((a as i64) < b as i64).into())
    }

    pub(super) fn sltu(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| (a < b).into())
    }

    pub(super) fn xor(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| a ^ b)
    }

    pub(super) fn srl(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| a >> (b & 63))
    }

    pub(super) fn sra(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| (a as i64 >> (b & 63)) as u64)
    }

    pub(super) fn or(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| a | b)
    }

    pub(super) fn and(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| a & b)
    }

    /// A hart that takes turns with the others performs its accesses in program order already.
    pub(super) fn fence(&mut self, i: &Inst) -> Exec {
        if self.hart.parallel {
            atomic::fence(order::of_fence(i));
        }
        Ok(())
    }

    pub(super) fn ecall(&mut self, _: &Inst) -> Exec {
        let cause = match self.hart.mode() {
            Mode { privilege: Privilege::U, .. } => Exception::EcallU,
            Mode::VS => Exception::EcallVs,
            Mode { privilege: Privilege::S, .. } => Exception::EcallS,
            Mode { privilege: Privilege::M, .. } => Exception::EcallM,
        };
        Err(Trap::new(cause, 0))
    }

    /// The trap value is the address of the instruction, a guest virtual one at V=1.
    pub(super) fn ebreak(&mut self, _: &Inst) -> Exec {
        let gva = self.hart.mode().virt;
        Err(Trap { gva, ..Trap::new(Exception::Breakpoint, self.hart.pc()) })
    }

    pub(super) fn lwu(&mut self, i: &Inst) -> Exec {
        self.load_unsigned(i, Width::W)
    }

    pub(super) fn ld(&mut self, i: &Inst) -> Exec {
        self.load_unsigned(i, Width::D)
    }

    pub(super) fn sd(&mut self, i: &Inst) -> Exec {
        self.store_x(i, Width::D)
    }

    pub(super) fn slli(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, b| a << (b & 63))
    }

    pub(super) fn srli(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, b| a >> (b & 63))
    }

    pub(super) fn srai(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, b| (a as i64 >> (b & 63)) as u64)
    }

    pub(super) fn addiw(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, b| sext_w(a.wrapping_add(b)))
    }

    pub(super) fn slliw(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, b| sext_w(a << (b & 31)))
    }

    pub(super) fn srliw(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, b| sext_w((a as u32 >> (b & 31)).into()))
    }

    pub(super) fn sraiw(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, b| (a as i32 >> (b & 31)) as u64)
    }

    pub(super) fn addw(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| sext_w(a.wrapping_add(b)))
    }

    pub(super) fn subw(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| sext_w(a.wrapping_sub(b)))
    }

    pub(super) fn sllw(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| sext_w(a << (b & 31)))
    }

    pub(super) fn srlw(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| sext_w((a as u32 >> (b & 31)).into()))
    }

    pub(super) fn sraw(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| (a as i32 >> (b & 31)) as u64)
    }

    /// Where harts take turns, fetches see every store already.
    pub(super) fn fence_i(&mut self, _: &Inst) -> Exec {
        if self.hart.parallel {
            atomic::fence(Ordering::SeqCst);
            self.hart.engine.fence_i(self.bus.ram());
        }
        Ok(())
    }

    /// Writes the destination register.
    pub(super) fn write_x(&mut self, i: &Inst, value: u64) -> Exec {
        self.set_x(i.rd, value);
        Ok(())
    }

    /// An operation on one register.
    pub(super) fn of_reg(&mut self, i: &Inst, op: impl FnOnce(u64) -> u64) -> Exec {
        self.write_x(i, op(self.x(i.rs1)))
    }

    /// An operation on a register and the immediate.
    pub(super) fn with_imm(&mut self, i: &Inst, op: impl FnOnce(u64, u64) -> u64) -> Exec {
        self.write_x(i, op(self.x(i.rs1), imm(i)))
    }

    /// An operation on two registers.
    pub(super) fn with_reg(&mut self, i: &Inst, op: impl FnOnce(u64, u64) -> u64) -> Exec {
        self.write_x(i, op(self.x(i.rs1), self.x(i.rs2)))
    }

    fn jump(&mut self, i: &Inst, target: u64) -> Exec {
        let link = self.next_pc;
        self.next_pc = target;
        self.write_x(i, link)
    }

    fn branch(&mut self, i: &Inst, taken: impl FnOnce(u64, u64) -> bool) -> Exec {
        self.hart.count(Event::Branch);
        if taken(self.x(i.rs1), self.x(i.rs2)) {
            self.hart.count(Event::TakenBranch);
            self.next_pc = self.hart.pc().wrapping_add(imm(i));
        }
        Ok(())
    }

    fn load_signed(&mut self, i: &Inst, width: Width) -> Exec {
        let value = self.load(i, self.x(i.rs1).wrapping_add(imm(i)), width)?;
        self.write_x(i, sign_extend(value, width))
    }

    fn load_unsigned(&mut self, i: &Inst, width: Width) -> Exec {
        let value = self.load(i, self.x(i.rs1).wrapping_add(imm(i)), width)?;
        self.write_x(i, value)
    }

    fn store_x(&mut self, i: &Inst, width: Width) -> Exec {
        self.store(i, self.x(i.rs1).wrapping_add(imm(i)), width, self.x(i.rs2))
    }
}
