//! CSR instructions, by the words of the manual.

use super::super::integer::reserved;
use crate::prelude::*;

/// The word of a CSR instruction; `field` is rs1 or the immediate.
fn code(funct3: u32, number: u16, rd: u32, field: u32) -> u32 {
    u32::from(number) << 20 | field << 15 | funct3 << 12 | rd << 7 | 0x73
}

conformance_tests! {
    /// Swap, set and clear, by register and by immediate: rd is what was there before, zero-extended.
    csr_instructions
    [rules "csrrw_op" "csrrs_op" "csrrc_op" "csrrwi_op" "csrrsi_op" "csrrci_op"]
    |p| {
        let old = 0x8123_4567_89ab_cdefu64;
        let operand = 0xf0f0_ffff_0000_1234u64;
        // funct3 1 to 3 take rs1, 5 to 7 a field of five bits.
        for (funct3, operation) in
            [(1, (|_, b| b) as fn(u64, u64) -> u64), (2, |a, b| a | b), (3, |a, b| a & !b)]
        {
            p.write_csr(csr::mscratch::NUMBER, old);
            p.li(A1, operand)
                .word(code(funct3, csr::mscratch::NUMBER, 10, 11))
                .csrr(A2, csr::mscratch::NUMBER);
            p.check_eq(A0, old, "the value before");
            p.check_eq(A2, operation(old, operand), "the value after");
            p.check_eq(A1, operand, "rs1");
            p.write_csr(csr::mscratch::NUMBER, old);
            p.li(A0, operand)
                .word(code(funct3, csr::mscratch::NUMBER, 10, 10))
                .csrr(A2, csr::mscratch::NUMBER);
            p.check_eq(A0, old, "the value before, with rd that is rs1");
            p.check_eq(A2, operation(old, operand), "the value after, with rd that is rs1");
            for uimm in [0, 1, 16, 31] {
                p.write_csr(csr::mscratch::NUMBER, old);
                p.word(code(funct3 | 4, csr::mscratch::NUMBER, 10, uimm)).csrr(A2, csr::mscratch::NUMBER);
                p.check_eq(A0, old, "the value before");
                p.check_eq(A2, operation(old, uimm.into()), &format!("the value after, by {uimm}"));
            }
        }
        // Bits that cannot be written stay as they are.
        p.li(A1, u64::MAX).word(code(2, csr::mepc::NUMBER, 0, 11)).csrr(A0, csr::mepc::NUMBER);
        p.check_eq(A0, !1, "mepc after setting all bits");
    }

    /// With rs1 x0 or immediate 0 set and clear write nothing, so that a read-only CSR may be named; with anything else, or as a swap, it may not.
    csr_reads_alone
    [rules "zicsr_rs1_x0" "zicsr_uimm_zero" "zicsr_side_effects"]
    |p| {
        let number = csr::mvendorid::NUMBER;
        for funct3 in [2, 3, 6, 7] {
            p.word(code(funct3, number, 10, 0));
        }
        // A register that holds zero is not x0, and a swap always writes.
        p.li(A1, 0);
        for (funct3, field) in [(1, 0), (1, 11), (2, 11), (3, 11), (5, 0), (5, 1), (6, 1), (7, 1)] {
            let word = code(funct3, number, 10, field);
            p.li(A0, 77);
            reserved(p, word);
            p.check_eq(A0, 77, "rd of an access that trapped");
            p.li(A1, 0);
        }
        // A CSR that counts shows whether it has been written: a write takes the place of the count.
        for (funct3, field, writes) in
            [(2, 0, false), (3, 0, false), (6, 0, false), (7, 0, false), (2, 11, true), (3, 11, true)]
        {
            p.write_csr(csr::minstret::NUMBER, 1000);
            p.li(A1, 0).word(code(funct3, csr::minstret::NUMBER, 10, field)).csrr(A2, csr::minstret::NUMBER);
            p.sub(A2, A2, A0);
            p.check_eq(A2, u64::from(!writes), "what the access counted");
        }
    }

    /// With rd x0 the swap writes as it does with any rd.
    csr_writes_alone
    [rules "zicsr_rd_x0" "zicsr_side_effects"]
    |p| {
        p.li(A1, 0x1234).word(code(1, csr::mscratch::NUMBER, 0, 11)).csrr(A0, csr::mscratch::NUMBER);
        p.check_eq(A0, 0x1234, "after CSRRW");
        p.check_eq(ZERO, 0, "x0");
        p.word(code(5, csr::mscratch::NUMBER, 0, 21)).csrr(A0, csr::mscratch::NUMBER);
        p.check_eq(A0, 21, "after CSRRWI");
        p.check_eq(ZERO, 0, "x0");
    }

    /// An access sees all instructions before it and none after it, and the next instruction sees all its effects.
    csr_order
    [rules "zicsr_order" "zicsr_side_effects_synchronous"]
    |p| {
        // The count of instructions before the read, without the read itself.
        p.write_csr(csr::minstret::NUMBER, 100);
        p.csrr(A0, csr::minstret::NUMBER).nop().nop().csrr(A1, csr::minstret::NUMBER);
        p.check_eq(A0, 100, "minstret right after it was written");
        p.check_eq(A1, 103, "minstret after three instructions");
        // Flags of the instruction before, and a rounding mode for the one after.
        p.li(A1, 3).fcvt_d_l(FA1, A1, Rne).li(A2, 1).fcvt_d_l(FA0, A2, Rne);
        p.csrwi(csr::fcsr::NUMBER, 0).fdiv_d(FA2, FA0, FA1, Dyn).csrr(A0, csr::fflags::NUMBER);
        p.check_eq(A0, 1, "the inexact flag of the instruction before");
        p.fmv_x_d(A3, FA2)
            .csrwi(csr::frm::NUMBER, 3)
            .fdiv_d(FA2, FA0, FA1, Dyn)
            .fmv_x_d(A4, FA2)
            .sub(A4, A4, A3);
        p.check_eq(A4, 1, "one third rounded up and to nearest");
        // Floating point that is switched off is off for the next instruction.
        p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::FS.mask());
        p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
            p.fadd_d(FA0, FA0, FA0, Rne);
        });
        p.set_csr(csr::mstatus::NUMBER, csr::mstatus::FS.mask());
        p.fadd_d(FA0, FA0, FA0, Rne);
    }

    /// A fence of device input and output orders CSR accesses with accesses to devices: the write of mtimecmp is seen in mip after it.
    csr_fences
    [rules "zicsr_fence_ordering"]
    |p| {
        p.li(A1, device::MTIMECMP).li(A2, u64::MAX);
        p.sd(A2, 0, A1).fence(0b0100, 0b1000).csrr(A0, csr::mip::NUMBER);
        p.check_bits(A0, csr::mip::MTIP.mask(), 0, "MTIP with a comparison in the far future");
        p.sd(ZERO, 0, A1);
        // The wire may take its time, but not for ever.
        let (again, done) = (p.here(), p.label());
        p.fence(0b0100, 0b1000)
            .csrr(A0, csr::mip::NUMBER)
            .andi(A0, A0, csr::mip::MTIP.mask() as i32)
            .bnez(A0, done)
            .j(again);
        p.place(done);
    }
}
