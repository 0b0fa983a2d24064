//! Physical memory protection: which accesses it lets pass.

use super::protection::{self, A_NA4, A_NAPOT, A_TOR, L, R, W, X, napot, probe};
use crate::Program;
use crate::prelude::*;

conformance_tests! {
    /// In S- and U-mode a region allows what its entry says; M-mode is not concerned.
    pmp_permissions
    [rules
        "pmp_cfg_permissions" "pmp_exec_fault" "pmp_load_fault" "pmp_store_fault" "pmp_check_priv_modes"
        "pmp_rwx_check" "pmp_access_fault_exception" "pmp_violation_precise_trap"]
    [only |cpu| cpu.pmp_entries > 0]
    [cpus "pmp=64" "pmp-grain=10"]
    |p| {
        protection::open(p);
        let page = protection::page(p);
        p.write_csr(csr::pmpaddr0::NUMBER, napot(page, PAGE_SIZE));
        for (cfg, allowed) in [(0, ""), (R, "r"), (R | W, "rw"), (X, "x"), (R | X, "rx"), (R | W | X, "rwx")] {
            p.write_csr(csr::pmpcfg0::NUMBER, A_NAPOT | cfg);
            for mode in [Mode::HS, Mode::U] {
                p.in_mode(mode, |p| probe(p, page + 8, allowed));
            }
            probe(p, page + 8, "rwx");
        }
    }

    /// LR needs read permission and faults as a load; SC and AMOs need write permission and fault as stores.
    pmp_atomics
    [rules "pmp_load_fault" "pmp_store_fault"]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        protection::open(p);
        let page = protection::page(p);
        p.write_csr(csr::pmpaddr0::NUMBER, napot(page, PAGE_SIZE));
        p.write_csr(csr::pmpcfg0::NUMBER, A_NAPOT | X);
        p.in_mode(Mode::HS, |p| {
            p.li(A0, page);
            p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(page), |p| {
                p.lr_d(A1, A0, Order::Plain);
            });
            p.expect_trap(trap(Exception::StoreAccessFault, Mode::M).tval(page), |p| {
                p.amoadd_d(A1, ZERO, A0, Order::Plain);
            });
        });
        p.write_csr(csr::pmpcfg0::NUMBER, A_NAPOT | R);
        p.in_mode(Mode::HS, |p| {
            p.li(A0, page).lr_d(A1, A0, Order::Plain);
            p.expect_trap(trap(Exception::StoreAccessFault, Mode::M).tval(page), |p| {
                p.sc_d(A1, ZERO, A0, Order::Plain);
            });
            p.expect_trap(trap(Exception::StoreAccessFault, Mode::M).tval(page), |p| {
                p.amoswap_d(A1, ZERO, A0, Order::Plain);
            });
        });
    }

    /// MXR and SUM change what page-table entries mean, and nothing about PMP.
    pmp_knows_no_mxr
    [rules "MSTATUS_MXR_SUM_OP_ACC_FAULT"]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        protection::open(p);
        let page = protection::page(p);
        p.write_csr(csr::pmpaddr0::NUMBER, napot(page, PAGE_SIZE));
        p.write_csr(csr::pmpcfg0::NUMBER, A_NAPOT | X);
        p.set_csr(csr::mstatus::NUMBER, csr::mstatus::MXR.mask() | csr::mstatus::SUM.mask());
        p.in_mode(Mode::HS, |p| probe(p, page, "x"));
    }

    /// With MPRV, the loads and stores of M-mode are checked as those of the mode in MPP; its fetches are not.
    pmp_under_mprv
    [rules "pmp_check_priv_modes"]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        protection::open(p);
        let page = protection::page(p);
        p.write_csr(csr::pmpaddr0::NUMBER, napot(page, PAGE_SIZE));
        p.write_csr(csr::pmpcfg0::NUMBER, A_NAPOT);
        for mpp in [Mode::HS, Mode::U] {
            for is_store in [false, true] {
                p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPP, mpp.privilege as u64);
                let cause = if is_store { Exception::StoreAccessFault } else { Exception::LoadAccessFault };
                p.li(A0, page);
                p.set_csr(csr::mstatus::NUMBER, csr::mstatus::MPRV.mask());
                p.expect_trap(trap(cause, Mode::M).tval(page), |p| {
                    if is_store { p.sd(A1, 0, A0); } else { p.ld(A1, 0, A0); }
                });
            }
        }
        p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPP, 0);
        p.li(A0, page);
        p.set_csr(csr::mstatus::NUMBER, csr::mstatus::MPRV.mask());
        p.jalr(RA, 0, A0);
        p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MPRV.mask());
    }

    /// Each way of matching has the bounds that the manual gives it.
    pmp_matching
    [rules
        "pmp_a_field_encoding" "pmp_a_field_off" "pmp_a_field_napot_na4" "pmp_a_field_tor"
        "pmp_napot_encoding_low_bits" "pmp_addr_encoding" "pmp_entry_structure"]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        protection::open(p);
        let page = protection::page(p);
        // Accesses at these offsets, four bytes long, and which of them each entry keeps away.
        let offsets = [0u64, 4, 8, 12, 16, 28, 32, 60, 64, 2044];
        let address = |offset: u64| (page + offset) >> 2;
        let rows: [(u64, u64, u64, std::ops::Range<u64>); 8] = [
            (0, 0, address(16), 0..0),
            (A_NA4, 0, address(16), 16..20),
            (A_NAPOT, 0, napot(page, 8), 0..8),
            (A_NAPOT, 0, napot(page + 16, 16), 16..32),
            (A_NAPOT, 0, napot(page, 64), 0..64),
            (A_TOR, address(8), address(32), 8..32),
            (A_TOR, address(32), address(8), 0..0),
            (A_TOR, address(64), address(64), 0..0),
        ];
        for (mode, before, own, denied) in rows {
            p.write_csr(csr::pmpaddr0::NUMBER, before);
            p.write_csr(csr::pmpaddr0::NUMBER + 1, own);
            p.write_csr(csr::pmpcfg0::NUMBER, mode << 8);
            p.in_mode(Mode::HS, |p| {
                for offset in offsets {
                    p.li(A0, page + offset);
                    if denied.contains(&offset) {
                        let fault = trap(Exception::LoadAccessFault, Mode::M).tval(page + offset);
                        p.expect_trap(fault, |p| {
                            p.lw(A1, 0, A0);
                        });
                    } else {
                        p.lw(A1, 0, A0);
                    }
                }
            });
        }
        // The first entry's range starts at zero.
        p.write_csr(csr::pmpaddr0::NUMBER, address(8));
        p.write_csr(csr::pmpcfg0::NUMBER, A_TOR | X);
        p.in_mode(Mode::HS, |p| {
            probe(p, page, "x");
            probe(p, page + 8, "rwx");
        });
    }

    /// The first entry that matches any byte decides, and denies what it does not match as a whole: in
    /// M-mode too.
    pmp_priority
    [rules "pmp_entry_priority" "pmp_full_match_required" "pmp_misaligned_access_behavior"]
    [needs Zicclsm]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        protection::open(p);
        let page = protection::page(p);
        p.write_csr(csr::pmpaddr0::NUMBER, napot(page, 8));
        p.write_csr(csr::pmpaddr0::NUMBER + 1, napot(page, PAGE_SIZE));
        p.write_csr(csr::pmpcfg0::NUMBER, (A_NAPOT | R) | (A_NAPOT | R | W) << 8);
        p.in_mode(Mode::HS, |p| {
            probe(p, page, "r");
            probe(p, page + 8, "rw");
        });
        p.write_csr(csr::pmpcfg0::NUMBER, (A_NAPOT | R | W) | (A_NAPOT | R) << 8);
        p.in_mode(Mode::HS, |p| {
            probe(p, page, "rw");
            probe(p, page + 8, "r");
        });
        // Eight bytes, of which the first entry has four.
        p.write_csr(csr::pmpaddr0::NUMBER, page >> 2);
        for cfg in [0, R | W | X] {
            p.write_csr(csr::pmpcfg0::NUMBER, (A_NA4 | cfg) | (A_NAPOT | R | W | X) << 8);
            p.in_mode(Mode::HS, |p| probe_doubleword(p, page));
            probe_doubleword(p, page);
        }
        // Four of the bytes of a misaligned load lie in a region that may not be read.
        p.write_csr(csr::pmpaddr0::NUMBER, napot(page + 8, 8));
        p.write_csr(csr::pmpcfg0::NUMBER, A_NAPOT);
        p.in_mode(Mode::HS, |p| {
            p.li(A0, page + 4);
            // Whether it is one access or two, the part that is denied fails.
            p.expect_trap(trap(Exception::LoadAccessFault, Mode::M), |p| {
                p.ld(A1, 0, A0);
            });
        });
    }

    /// Where no entry matches, M-mode passes, and S- and U-mode only on a hart without entries.
    pmp_without_match
    [rules "pmp_no_entry_match" "PMP_ENTRY_COUNT"]
    [cpus "pmp=0" "pmp=64"]
    |p| {
        let page = protection::page(p);
        if p.cpu().pmp_entries > 0 {
            p.write_csr(csr::pmpaddr0::NUMBER, page >> 2);
            p.write_csr(csr::pmpcfg0::NUMBER, A_TOR | R | W | X);
        }
        let allowed = if p.cpu().pmp_entries > 0 { "" } else { "rwx" };
        p.in_mode(Mode::HS, |p| probe(p, page, allowed));
        probe(p, page, "rwx");
    }

    /// A locked entry holds for M-mode too, and neither it nor its addresses can be changed.
    pmp_lock
    [rules
        "pmp_l_bit_function" "pmp_l_bit_write_protection" "pmp_l_bit_m_mode_enforcement" "pmp_mmode_locking"
        "smepmp_no_mml_limit" "smepmp_no_mml_behavior" "smepmp_machine_unlimited"]
    [only |cpu| cpu.pmp_entries > 0]
    [cpus "smepmp=off"]
    |p| {
        protection::open(p);
        let page = protection::page(p);
        let other = protection::page(p);
        let (lower, upper) = (csr::pmpaddr0::NUMBER + 2, csr::pmpaddr0::NUMBER + 3);
        p.write_csr(csr::pmpaddr0::NUMBER, napot(page, PAGE_SIZE));
        // Without the lock, entry 0 denies the lower modes alone.
        p.write_csr(csr::pmpcfg0::NUMBER, A_NAPOT);
        probe(p, page, "rwx");
        p.write_csr(lower, other >> 2);
        p.write_csr(upper, (other + PAGE_SIZE) >> 2);
        let locked = (L | A_NAPOT | R) | (L | A_TOR | X) << 24;
        p.write_csr(csr::pmpcfg0::NUMBER, locked);
        probe(p, page, "r");
        probe(p, other, "x");
        p.in_mode(Mode::HS, |p| probe(p, page, "r"));
        p.check_write(csr::pmpcfg0::NUMBER, 0, locked, "pmpcfg0 with locked entries");
        p.check_write(csr::pmpaddr0::NUMBER, 0, napot(page, PAGE_SIZE), "the address of a locked entry");
        p.check_write(upper, 0, (other + PAGE_SIZE) >> 2, "the address of a locked entry");
        p.check_write(lower, 0, other >> 2, "the address before a locked TOR entry");
        p.check_write(csr::pmpaddr0::NUMBER + 1, 0x1230, 0x1230, "an address that nobody has locked");
        // An entry that is off can be locked as well.
        p.write_csr(csr::pmpcfg0::NUMBER, L << 8);
        p.check_csr(csr::pmpcfg0::NUMBER, locked | L << 8, "pmpcfg0 with an entry locked off");
        p.check_write(csr::pmpaddr0::NUMBER + 1, 0, 0x1230, "the address of an entry locked off");
    }

    /// Walks of page tables are checked as accesses of S-mode, and fault as the access that they are for.
    pmp_and_page_tables
    [rules "pmp_check_pagetable_access" "pmp_with_paging" "pmp_sfence_required"]
    [cases 17 110]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        protection::open(p);
        let table = p.table(&SV39);
        p.identity(table);
        let page = protection::page(p);
        p.map(table, SPARE, page, flags("rwxad"));
        p.use_satp(table, 0);
        let as_supervisor = |p: &mut Program| {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPP, 1);
            p.li(A0, SPARE);
            p.set_csr(csr::mstatus::NUMBER, csr::mstatus::MPRV.mask());
        };
        // What is denied: the root table, or the page that the translation ends at.
        for denied in [table.root, page] {
            p.write_csr(csr::pmpcfg0::NUMBER, 0);
            p.write_csr(csr::pmpaddr0::NUMBER, napot(denied, PAGE_SIZE));
            p.sfence_vma(ZERO, ZERO);
            as_supervisor(p);
            p.ld(A2, 0, A0).sd(A2, 0, A0);
            p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MPRV.mask());
            p.write_csr(csr::pmpcfg0::NUMBER, A_NAPOT);
            p.sfence_vma(ZERO, ZERO);
            as_supervisor(p);
            p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(SPARE), |p| {
                p.ld(A2, 0, A0);
            });
            as_supervisor(p);
            p.expect_trap(trap(Exception::StoreAccessFault, Mode::M).tval(SPARE), |p| {
                p.sd(A2, 0, A0);
            });
        }
    }
}

/// Loads eight bytes that a four-byte entry cuts in two.
fn probe_doubleword(p: &mut Program, address: u64) {
    p.li(A0, address);
    p.expect_trap(trap(Exception::LoadAccessFault, Mode::M), |p| {
        p.ld(A1, 0, A0);
    });
}
