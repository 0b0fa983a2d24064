//! Compressed jumps and branches, and instructions of both lengths together.

use super::super::integer::reserved;
use super::format::{BRANCH, JUMP, ci, cl, cr, scatter};
use crate::Program;
use crate::prelude::*;

/// Checks that an instruction with this offset goes there; what lies between is illegal.
fn jump(p: &mut Program, offset: i64, instruction: impl FnOnce(&mut Program, i64)) {
    if offset > 0 {
        instruction(p, offset);
        p.space(offset as usize - 2);
        return;
    }
    let (start, done) = (p.label(), p.label());
    p.j(start);
    if offset == -2 {
        // There is room for no more than a compressed jump, over the instruction.
        p.half(ci(0b101, 0, 1) | scatter(4, JUMP));
    } else {
        p.j(done).space((-offset) as usize - 4);
    }
    p.place(start);
    instruction(p, offset);
    p.place(done);
}

conformance_tests! {
    /// The offset reaches from -2048 to 2046 by each of its bits, and nothing is linked.
    c_j
    [rules "c-j_op" "Zca_offsets_mul2" "Zca_no_misaligned" "Zca_align16"]
    |p| {
        p.li(RA, 77);
        for bit in 1..11 {
            jump(p, 1 << bit, |p, offset| {
                p.half(ci(0b101, 0, 1) | scatter(offset, JUMP));
            });
        }
        for offset in [2046, -2048, -2, -1026] {
            jump(p, offset, |p, offset| {
                p.half(ci(0b101, 0, 1) | scatter(offset, JUMP));
            });
        }
        p.check_eq(RA, 77, "ra");
    }

    /// The target is in any register but x0; C.JALR links what is 2 bytes on, also where ra is the target.
    c_jr_and_c_jalr
    [rules "c-jr_op" "c-jalr_op" "Zca_no_misaligned"]
    |p| {
        for register in [1u16, 5, 10] {
            for links in [false, true] {
                let (target, after) = (p.label(), p.label());
                let base = Reg::from_bits(register as u8);
                p.li(RA, 77).la(base, target);
                // Bit 0 of the target is ignored.
                p.addi(base, base, 1).half(cr(if links { 0b1001 } else { 0b1000 }, register, 0));
                p.place(after);
                p.half(0).half(0).half(0);
                p.place(target);
                p.mv(A1, RA).la(A2, if links { after } else { target });
                match (links, register) {
                    (true, _) => p.check_eq_reg(A1, A2, "ra after C.JALR"),
                    (false, 1) => {}
                    (false, _) => p.check_eq(A1, 77, "ra after C.JR"),
                }
            }
        }
    }

    /// C.JR of x0 is reserved, C.JALR of x0 is C.EBREAK.
    c_jr_of_x0
    [rules "c-jr_rsv" "c-ebreak" "c-ebreak_op"]
    |p| {
        reserved(p, cr(0b1000, 0, 0).into());
        let here = p.label();
        p.expect_trap(trap(Exception::Breakpoint, Mode::M).at(here), |p| {
            p.place(here);
            p.half(cr(0b1001, 0, 0));
        });
    }

    /// Taken if the register is zero, or is not; the offset reaches from -256 to 254 by each of its bits.
    c_branches
    [rules "c-beqz_op" "c-bnez_op" "Zca_regs8" "Zca_offsets_mul2"]
    |p| {
        for (funct3, taken, not_taken) in [(0b110, 0, 1 << 63), (0b111, 1 << 63, 0)] {
            for offset in [2, 4, 8, 16, 32, 64, 128, 254, -256, -2, -130] {
                p.li(A0, taken);
                jump(p, offset, |p, offset| {
                    p.half(cl(funct3, 10, 8, 1) | scatter(offset, BRANCH));
                });
            }
            for register in 8..16u16 {
                let after = p.label();
                p.li(Reg::from_bits(register as u8), not_taken)
                    .half(cl(funct3, register, 8, 1) | scatter(4, BRANCH));
                // Skipped by a branch that is taken.
                p.half(ci(0b101, 0, 1) | scatter(4, JUMP)).half(0);
                p.place(after);
                p.li(Reg::from_bits(register as u8), taken)
                    .half(cl(funct3, register, 8, 1) | scatter(4, BRANCH))
                    .half(0);
            }
        }
    }

    /// A 32-bit instruction may start at any multiple of 2, and its trap is told by that address.
    instructions_of_both_lengths
    [rules "Zca_align16" "Zca_no_misaligned"]
    |p| {
        for remainder in [0, 2, 0] {
            // c.nop.
            if p.pc() % 4 != remainder {
                p.half(1);
            }
            p.li(A0, 1).addi(A0, A0, 100).half(1).addi(A0, A0, 1000);
            p.check_eq(A0, 1101, "the sum");
            let here = p.label();
            p.expect_trap(trap(Exception::EcallM, Mode::M).at(here), |p| {
                p.place(here);
                p.ecall();
            });
        }
    }

    /// It is illegal.
    the_word_of_zeros
    [rules "Zca_illegal"]
    |p| {
        reserved(p, 0);
    }
}
