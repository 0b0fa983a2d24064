//! Compare-and-swap of words, doublewords and quadwords.

use iss::variant::MisalignedAtomic;

use super::super::integer::reserved;
use crate::Program;
use crate::prelude::*;

/// A compare-and-swap by this word of what a0 compares with and a2 brings, at a1, with these aq and rl bits.
fn swap(p: &mut Program, word: u32, order: u32) {
    p.word(word | order << 25 | 10 << 7 | 11 << 15 | 12 << 20);
}

const OLD: u64 = 0x8123_4567_89ab_cdef;
const NEW: u64 = 0x1122_3344_5566_7788;

conformance_tests! {
    /// The low word of rd is compared, the low word of rs2 stored, the old word sign-extended into rd.
    amocas_w
    [rules "Zacas_rv64_amocas-w_op"]
    [needs Zacas]
    |p| {
        let page = p.page();
        // The upper halves of the registers do not matter; a word that differs leaves memory alone.
        for (compare, swaps) in
            [(0xffff_0000_89ab_cdef, true), (OLD, true), (OLD ^ 1, false), (OLD ^ 1 << 31, false)]
        {
            p.store(page, OLD);
            p.li(A1, page).li(A0, compare).li(A2, NEW);
            swap(p, 0x2800_202f, 0);
            p.check_eq(A0, 0xffff_ffff_89ab_cdef, "the old word");
            p.check_memory(page, if swaps { OLD >> 32 << 32 | 0x5566_7788 } else { OLD }, "memory");
        }
    }

    /// A doubleword is compared, stored and returned.
    amocas_d
    [rules "Zacas_rv64_amocas-d_op"]
    [needs Zacas]
    |p| {
        let page = p.page();
        for (compare, swaps) in [(OLD, true), (OLD ^ 1, false), (OLD ^ 1 << 63, false), (0, false)] {
            p.store(page, OLD);
            p.store(page + 8, OLD);
            p.li(A1, page).li(A0, compare).li(A2, NEW);
            swap(p, 0x2800_302f, 0);
            p.check_eq(A0, OLD, "the old doubleword");
            p.check_memory(page, if swaps { NEW } else { OLD }, "memory");
            p.check_memory(page + 8, OLD, "the doubleword after it");
        }
    }

    /// Both halves are compared; only if both are equal, both are stored; both are returned.
    amocas_q
    [rules "Zacas_rv64_amocas-q_op"]
    [needs Zacas]
    |p| {
        let page = p.page();
        for (low, high, swaps) in [(OLD, 7, true), (OLD ^ 1, 7, false), (OLD, 6, false), (7, OLD, false)] {
            p.store(page, OLD);
            p.store(page + 8, 7);
            p.li(A0, page).li(A2, low).li(A3, high).li(A4, NEW).li(A5, 5);
            // rd a2, rs1 a0, rs2 a4.
            p.word(0x2800_402f | 12 << 7 | 10 << 15 | 14 << 20);
            p.check_eq(A2, OLD, "the old low half");
            p.check_eq(A3, 7, "the old high half");
            p.check_memory(page, if swaps { NEW } else { OLD }, "the low half in memory");
            p.check_memory(page + 8, if swaps { 5 } else { 7 }, "the high half in memory");
        }
    }

    /// An odd rd or rs2 is reserved.
    amocas_q_of_odd_registers
    [rules "Zacas_rv64_amocas-q_frst_pair_entry_reg_even"]
    [needs Zacas]
    |p| {
        let page = p.page();
        for (rd, rs2) in [(13, 14), (12, 15), (13, 15), (1, 12)] {
            p.li(A0, page);
            reserved(p, 0x2800_402f | rd << 7 | 10 << 15 | rs2 << 20);
        }
    }

    /// As a source the pair of x0 is zero in both halves; as a destination it takes nothing.
    amocas_q_of_x0
    [rules "Zacas_rv64_amocas-q_rs2_frst_reg_x0" "Zacas_rv64_amocas-q_rd_frst_reg_x0"]
    [needs Zacas]
    |p| {
        let page = p.page();
        p.store(page, 1);
        p.store(page + 8, 2);
        p.li(A0, page).li(A2, 1).li(A3, 2).li(RA, 99);
        p.word(0x2800_402f | 12 << 7 | 10 << 15);
        p.check_memory(page, 0, "the low half, swapped for x0");
        p.check_memory(page + 8, 0, "the high half, swapped for what is beside x0");
        // Zeros are in memory now, so that the pair of x0 compares equal.
        p.li(A4, 3).li(A5, 4).word(0x2800_402f | 10 << 15 | 14 << 20);
        p.check_memory(page, 3, "the low half, compared with x0");
        p.check_memory(page + 8, 4, "the high half, compared with what is beside x0");
        p.word(0x2800_402f | 10 << 15 | 14 << 20);
        p.check_eq(RA, 99, "x1 after a destination of x0");
    }

    /// An address that is not a multiple of the size traps, as address misaligned or as access fault.
    amocas_of_misaligned_addresses
    [rules "Zacas_amocas_rs1_addr_alignment"]
    [needs Zacas]
    [cpus "misaligned-amo=access"]
    |p| {
        let page = p.page();
        let exception = match p.cpu().misaligned_atomic {
            MisalignedAtomic::Address => Exception::StoreAddrMisaligned,
            MisalignedAtomic::Access => Exception::StoreAccessFault,
        };
        for (word, size) in [(0x2800_202f, 4), (0x2800_302f, 8), (0x2800_402f, 16)] {
            for offset in [1, size / 2, size - 1] {
                p.li(A1, page + offset);
                p.expect_trap(trap(exception, Mode::M).tval(page + offset).tinst_transformed(0), |p| {
                    swap(p, word, 0)
                });
            }
        }
    }

    /// With any aq and rl it swaps, or not, and what follows sees the outcome.
    amocas_order
    [rules "Zacas_amocas_mem_op_success_aq_rl" "Zacas_amocas_mem_op_fail_aq_rl"]
    [needs Zacas]
    |p| {
        let page = p.page();
        for order in 0..4 {
            p.li(A1, page).li(A3, 1).sd(A3, 0, A1).li(A0, 1).li(A2, 2);
            swap(p, 0x2800_302f, order);
            p.ld(A3, 0, A1);
            p.check_eq(A3, 2, "a load after a swap");
            p.li(A0, 1).li(A2, 3);
            swap(p, 0x2800_302f, order);
            p.ld(A3, 0, A1);
            p.check_eq(A3, 2, "a load after a failed swap");
            p.check_eq(A0, 2, "what the failed swap has loaded");
        }
    }

    /// Without the permission to write it faults as a store, also where the comparison would fail.
    amocas_permission
    [rules "Zacas_amocas_w_permission"]
    [needs Zacas]
    |p| {
        let (page, table) = (p.page(), p.s_stage(&SV39));
        p.map(table, SPARE, page, flags("rad"));
        for word in [0x2800_202f, 0x2800_302f, 0x2800_402f] {
            p.in_mode(Mode::HS, |p| {
                p.li(A1, SPARE).li(A0, 1);
                let fault = trap(Exception::StorePageFault, Mode::M).tval(SPARE).tinst_transformed(0);
                p.expect_trap(fault, |p| swap(p, word, 0));
            });
        }
    }
}
