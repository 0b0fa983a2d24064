//! Physical memory attributes: what main memory supports, and what fails where there is none.

use iss::variant::{Misaligned, MisalignedAtomic};

use crate::Program;
use crate::prelude::*;

conformance_tests! {
    /// Main memory takes loads and stores of every width at every aligned address, and fetches.
    m_main_memory
    [rules "pma_mm_rw" "PMA_MM_IFETCH" "pma_mm_vs_io_def" "pma_idp_mm"]
    |p| {
        let page = p.page();
        p.put(page, 0x8877_6655_4433_2211);
        p.li(A0, page);
        for byte in 0..8 {
            p.lbu(A1, byte, A0).sb(A1, byte + 8, A0);
        }
        p.lhu(A1, 2, A0).sh(A1, 16, A0).lwu(A2, 4, A0).sw(A2, 20, A0).ld(A3, 8, A0).ld(A4, 8, A0);
        p.check_eq(A1, 0x4433, "a halfword");
        p.check_eq(A2, 0x8877_6655, "a word");
        p.check_eq(A3, 0x8877_6655_4433_2211, "a doubleword made of bytes");
        p.check_eq_reg(A4, A3, "the same doubleword, read again");
        p.check_memory(page + 16, 0x8877_6655_0000_4433, "a halfword and a word");
        p.put(page + 64, 0x8082);
        p.addi(A0, A0, 64).jalr(RA, 0, A0);
    }

    /// Where there is nothing, loads, stores and fetches are access faults, precisely: in M-mode, in S-mode, and
    /// after translation, when the trap value is the virtual address.
    m_nothing_there
    [rules "pma_chk_paddr" "pma_precise_recom" "pma_indep_exec_context"]
    [cases 17]
    |p| {
        let nowhere: u64 = 1 << 54;
        let s = p.table(&SV39);
        p.identity(s);
        p.map(s, SPARE, nowhere, flags("rwxad"));
        for (mode, va) in [(Mode::M, nowhere), (Mode::HS, nowhere), (Mode::HS, SPARE)] {
            if va == SPARE {
                p.use_satp(s, 0);
            }
            let faults = |p: &mut Program| {
                p.li(A0, va).li(A1, 7);
                p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(va), |p| {
                    p.ld(A1, 0, A0);
                });
                p.check_eq(A1, 7, "the destination of a load that faults");
                p.expect_trap(trap(Exception::StoreAccessFault, Mode::M).tval(va), |p| {
                    p.sd(A1, 0, A0);
                });
                p.expect_trap(trap(Exception::StoreAccessFault, Mode::M).tval(va), |p| {
                    p.amoadd_w(A1, A1, A0, Order::Plain);
                });
                p.expect_trap(trap(Exception::InstAccessFault, Mode::M).tval(va).epc(va), |p| {
                    p.jalr(RA, 0, A0);
                });
            };
            if mode == Mode::M {
                faults(p);
            } else {
                p.in_mode(mode, faults);
            }
        }
    }

    /// Main memory supports every atomic operation: of words and doublewords, and with Zacas compare-and-swap
    /// of up to sixteen bytes, with Zabha of bytes and halfwords.
    m_atomics_of_main_memory
    [rules "PMA_CACHE_MM_ALL_ATOMICS" "pma_amo_levels" "pma_amo_sz_support" "pma_amo_far_subset_proc"
        "pma_amo_zacas_levels" "pma_amo_zacas_req_arith" "pma_amo_zabha_req" "pma_rsrv_levels"]
    [needs Zacas Zabha]
    |p| {
        let page = p.page();
        p.put(page, 0x10);
        p.put(page + 8, 0x20);
        p.li(A0, page).li(A1, 3);
        p.amoswap_d(A2, A1, A0, Order::Plain).amoadd_d(A3, A1, A0, Order::Plain);
        p.amoxor_w(A4, A1, A0, Order::Plain).amoor_w(A5, A1, A0, Order::Plain);
        p.amoand_d(A6, A1, A0, Order::Plain).amomax_d(A7, A1, A0, Order::Plain);
        p.amominu_w(S2, A1, A0, Order::Plain).amoadd_b(S3, A1, A0, Order::Plain);
        for (register, value) in [(A2, 0x10), (A3, 3), (A4, 6), (A5, 5), (A6, 7), (A7, 3), (S2, 3), (S3, 3)] {
            p.check_eq(register, value, "what the atomic has found");
        }
        p.li(S4, 6).li(S5, 0x20).li(S6, 0x77).li(S7, 0x88).amocas_q(S4, S6, A0, Order::Plain);
        p.check_eq(S4, 6, "the low half that AMOCAS.Q has found");
        p.check_eq(S5, 0x20, "the high half");
        p.check_memory(page, 0x77, "the low half that it has stored");
        p.check_memory(page + 8, 0x88, "the high half");
        let again = p.here();
        p.lr_d(A1, A0, Order::Plain).addi(A1, A1, 1).sc_d(A2, A1, A0, Order::Plain).bnez(A2, again);
        p.check_memory(page, 0x78, "what SC has stored, in the end");
    }

    /// Misaligned atomics raise an exception: address-misaligned or access fault, as the hart has it; LR and SC
    /// always do.
    m_misaligned_atomics
    [rules "pma_mag_op_amo" "PMA_MAG_EXC" "pma_mag_op_rsrv"]
    [cpus "misaligned-amo=access"]
    |p| {
        let page = p.page();
        let access = p.cpu().misaligned_atomic == MisalignedAtomic::Access;
        let store = if access { Exception::StoreAccessFault } else { Exception::StoreAddrMisaligned };
        let load = if access { Exception::LoadAccessFault } else { Exception::LoadAddrMisaligned };
        for offset in [1, 2, 4, 7] {
            p.li(A0, page + offset);
            p.expect_trap(trap(store, Mode::M).tval(page + offset), |p| {
                p.amoadd_d(A1, A1, A0, Order::Plain);
            });
            p.expect_trap(trap(load, Mode::M).tval(page + offset), |p| {
                p.lr_d(A1, A0, Order::Plain);
            });
            p.expect_trap(trap(store, Mode::M).tval(page + offset), |p| {
                p.sc_d(A1, A1, A0, Order::Plain);
            });
        }
        p.check_memory(page, 0, "the memory, which nothing has written");
    }

    /// Misaligned loads and stores of main memory work, or trap where the hart leaves them to software; of
    /// devices they are access faults.
    m_misaligned_accesses
    [rules "PMA_MAG_OP_LDST" "pma_idp_misaligned_exc" "pma_io_rwx_per_sz"]
    [cpus "misaligned=trap"]
    |p| {
        let works = p.cpu().misaligned == Misaligned::Hardware;
        let page = p.page();
        p.put(page, 0x8877_6655_4433_2211);
        p.li(A0, page + 1);
        if works {
            p.lwu(A1, 0, A0).sw(A1, 8, A0);
            p.check_eq(A1, 0x5544_3322, "a misaligned word");
            p.check_memory(page + 8, 0x55_4433_2200, "the misaligned word that was stored");
        } else {
            p.expect_trap(trap(Exception::LoadAddrMisaligned, Mode::M).tval(page + 1), |p| {
                p.lwu(A1, 0, A0);
            });
            p.expect_trap(trap(Exception::StoreAddrMisaligned, Mode::M).tval(page + 1), |p| {
                p.sw(A1, 0, A0);
            });
        }
        let device = device::MTIMECMP + 1;
        p.li(A0, device);
        if works {
            p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(device), |p| {
                p.lw(A1, 0, A0);
            });
        }
    }

    /// Page tables in main memory can be read, and written, by the hart.
    m_page_tables_in_main_memory
    [rules "pma_vm_hw_tbl_acc"]
    [needs Svadu]
    |p| {
        p.set_csr(csr::menvcfg::NUMBER, csr::menvcfg::ADUE.mask());
        let s = p.s_stage(&SV39);
        let page = p.page();
        let entry = p.map(s, SPARE, page, flags("rw"));
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE).sd(A0, 0, A0);
        });
        p.check_memory(entry, Pte::leaf(page, flags("rwad")).0, "the entry that the hart has written");
        p.check_memory(page, SPARE, "the page");
    }
}
