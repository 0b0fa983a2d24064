//! Which of several exceptions of one instruction is taken: the pairs of the manual's table.

use super::guest::{FarTables, GPA, Guest, S_ALL, U_ALL, VA, set_spvp};
use crate::Program;
use crate::prelude::*;

/// An access of VS-mode at `va` raises `expected`, as a load and as a store.
fn load_and_store(p: &mut Program, va: u64, load: crate::Trap, store: crate::Trap) {
    p.in_mode(Mode::VS, |p| {
        p.li(A0, va);
        p.expect_trap(load.tval(va), |p| {
            p.ld(A1, 0, A0);
        });
        p.expect_trap(store.tval(va), |p| {
            p.sd(A1, 0, A0);
        });
    });
}

/// A fetch of VS-mode from [`VA`] raises `expected`.
fn fetch(p: &mut Program, expected: crate::Trap) {
    p.in_mode(Mode::VS, |p| {
        p.li(A0, VA);
        p.expect_trap(expected.tval(VA).epc(VA).tinst(0), |p| {
            p.jalr(RA, 0, A0);
        });
    });
}

fn m(exception: Exception) -> crate::Trap {
    trap(exception, Mode::M)
}

use Exception::{
    IllegalInst, InstAccessFault, InstGuestPageFault, InstPageFault, LoadAccessFault, LoadGuestPageFault,
    LoadPageFault, StoreAccessFault, StoreGuestPageFault, StorePageFault,
};

conformance_tests! {
    /// The stages in the order in which they are walked: a page fault of the VS stage hides one of the G
    /// stage for the page, and that hides an access fault at the physical address.
    first_encountered_fault_of_the_page
    [rules "H_exception_priority"]
    [needs H]
    |p| {
        let guest = Guest::new(p, flags("ad"), 0);
        for vs in [0, flags("ad"), flags("rwxuad")] {
            guest.set_vs(p, vs);
            load_and_store(p, VA, m(LoadPageFault), m(StorePageFault));
            fetch(p, m(InstPageFault));
        }
        guest.set_vs(p, S_ALL);
        p.store(guest.g_pte, Pte::leaf(1 << 54, flags("uad")).0);
        p.hfence_gvma(ZERO, ZERO);
        load_and_store(p, VA, m(LoadGuestPageFault).gpa(GPA), m(StoreGuestPageFault).gpa(GPA));
        fetch(p, m(InstGuestPageFault).gpa(GPA));
        p.store(guest.g_pte, Pte::leaf(1 << 54, U_ALL).0);
        p.hfence_gvma(ZERO, ZERO);
        load_and_store(p, VA, m(LoadAccessFault), m(StoreAccessFault));
        fetch(p, m(InstAccessFault));
    }

    /// Within the VS stage's walk: the table of a level before what that table's entry says, and a table
    /// that is not there before everything about the page.
    first_encountered_fault_of_the_walk
    [rules "H_exception_priority"]
    [needs H]
    |p| {
        let far = FarTables::new(p, 0);
        far.guest.set_g(p, 0);
        let [upper, lower] = FarTables::entry_gpas();
        // Both tables are missing, and what they would say is wrong too: the upper one comes first.
        p.store(far.entries[0], 0);
        for (i, gpa) in [(0, upper), (1, lower)] {
            far.set_table(p, 0, if i == 0 { 0 } else { U_ALL });
            far.set_table(p, 1, 0);
            if i == 1 {
                // The upper table is there: its invalid entry is a page fault.
                load_and_store(p, VA, m(LoadPageFault), m(StorePageFault));
                p.store(far.entries[0], Pte::pointer(super::guest::TABLES[1]).0);
                p.hfence_vvma(ZERO, ZERO);
            }
            let load = m(LoadGuestPageFault).gpa(gpa).tinst(0x3000);
            load_and_store(p, VA, load, m(StoreGuestPageFault).gpa(gpa).tinst(0x3000));
        }
        far.set_table(p, 1, U_ALL);
        load_and_store(p, VA, m(LoadPageFault), m(StorePageFault));
    }

    /// An update of A or D comes after the permissions of the leaf, and before the G stage of the page.
    order_of_an_update
    [rules "H_exception_priority"]
    [cases 8]
    [needs H Svadu]
    |p| {
        p.set_csr(csr::menvcfg::NUMBER, csr::menvcfg::ADUE.mask());
        p.set_csr(csr::henvcfg::NUMBER, csr::henvcfg::ADUE.mask());
        let far = FarTables::new(p, flags("x"));
        far.set_table(p, 1, flags("rua"));
        far.guest.set_g(p, 0);
        load_and_store(p, VA, m(LoadPageFault), m(StorePageFault));
        p.store(far.entries[1], Pte::leaf(GPA, flags("rwx")).0);
        p.hfence_vvma(ZERO, ZERO);
        let gpa = FarTables::entry_gpas()[1];
        let load = m(LoadGuestPageFault).gpa(gpa).tinst(0x3020);
        load_and_store(p, VA, load, m(StoreGuestPageFault).gpa(gpa).tinst(0x3020));
        far.set_table(p, 1, U_ALL);
        load_and_store(p, VA, m(LoadGuestPageFault).gpa(GPA), m(StoreGuestPageFault).gpa(GPA));
    }

    /// An instruction that cannot be fetched raises that, not what it would raise itself.
    fetch_faults_come_first
    [rules "H_exception_priority"]
    [needs H]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        let guest = Guest::new(p, S_ALL, U_ALL);
        // Zeros are an illegal instruction.
        fetch_illegal(p);
        guest.set_vs(p, flags("rwad"));
        fetch(p, m(InstPageFault));
        guest.set_vs(p, S_ALL);
        guest.set_g(p, flags("rwuad"));
        fetch(p, m(InstGuestPageFault).gpa(GPA));
        guest.set_g(p, U_ALL);
        p.write_csr(csr::pmpaddr0::NUMBER + 1, u64::MAX >> 10);
        p.write_csr(csr::pmpaddr0::NUMBER, guest.page >> 2 | 0x1ff);
        p.write_csr(csr::pmpcfg0::NUMBER, 0x1f << 8 | 0x1b);
        p.sfence_vma(ZERO, ZERO).hfence_gvma(ZERO, ZERO);
        fetch(p, m(InstAccessFault));
        p.write_csr(csr::pmpcfg0::NUMBER, 0x1f << 8);
        p.sfence_vma(ZERO, ZERO).hfence_gvma(ZERO, ZERO);
        fetch_illegal(p);
    }

    /// The second half of an instruction cannot be fetched: whatever the first half is the start of.
    fetch_faults_of_the_second_half_come_first
    [rules "H_exception_priority" "H_straddle"]
    [cases 15]
    [needs H]
    |p| {
        let guest = Guest::new(p, S_ALL, U_ALL);
        // The first half of an ECALL or EBREAK, and of all ones.
        for half in [0x0073_u64, 0xffff] {
            p.store(guest.page + 0xff8, half << 48);
            p.fence_i();
            p.in_mode(Mode::VS, |p| {
                p.li(A0, VA + 0xffe);
                p.expect_trap(m(InstPageFault).tval(VA + 0x1000).epc(VA + 0xffe).tinst(0), |p| {
                    p.jalr(RA, 0, A0);
                });
            });
        }
    }

    /// An instruction that may not be executed raises that, not a fault of its access.
    illegal_and_virtual_before_faults
    [rules "H_exception_priority"]
    [needs H]
    |p| {
        Guest::new(p, 0, 0);
        p.in_mode(Mode::U, |p| {
            p.li(A0, VA);
            p.expect_trap(m(IllegalInst).tval_inst(), |p| {
                p.hlv_d(A1, A0);
            });
        });
        p.in_mode(Mode::VS, |p| {
            p.li(A0, VA);
            p.expect_trap(m(Exception::VirtualInst).tval_inst(), |p| {
                p.hsv_d(A1, A0);
            });
        });
        p.clear_csr(csr::vsstatus::NUMBER, csr::sstatus::FS.mask());
        p.in_mode(Mode::VS, |p| {
            p.li(A0, VA);
            p.expect_trap(m(IllegalInst).tval_inst(), |p| {
                p.fld(FA0, 0, A0);
            });
        });
    }

    /// A misaligned atomic to a page that faults: misalignment comes first or last, as the hart is made.
    misaligned_atomics_and_faults
    [rules "H_exception_priority"]
    [needs H]
    [cpus "misaligned-order=first" "misaligned-order=last"]
    |p| {
        let guest = Guest::new(p, S_ALL, U_ALL);
        let first = p.cpu().misaligned_first;
        let va = VA + 2;
        let atomics = |p: &mut Program, lr: crate::Trap, amo: crate::Trap| {
            p.in_mode(Mode::VS, |p| {
                p.li(A0, va);
                p.expect_trap(lr.tval(va).tinst_transformed(0), |p| {
                    p.lr_w(A1, A0, Order::Plain);
                });
                p.expect_trap(amo.tval(va).tinst_transformed(0), |p| {
                    p.amoadd_w(A1, A2, A0, Order::Plain);
                });
            });
        };
        let [lr, amo] = p.misaligned_atomics();
        let misaligned = || (m(lr), m(amo));
        let (lr, amo) = misaligned();
        atomics(p, lr, amo);
        guest.set_g(p, 0);
        let faults = (m(LoadGuestPageFault).gpa(GPA + 2), m(StoreGuestPageFault).gpa(GPA + 2));
        let (lr, amo) = if first { misaligned() } else { faults };
        atomics(p, lr, amo);
        guest.set_vs(p, 0);
        let (lr, amo) = if first { misaligned() } else { (m(LoadPageFault), m(StorePageFault)) };
        atomics(p, lr, amo);
        guest.set_vs(p, S_ALL);
        p.store(guest.g_pte, Pte::leaf(1 << 54, U_ALL).0);
        p.hfence_gvma(ZERO, ZERO);
        let (lr, amo) = if first { misaligned() } else { (m(LoadAccessFault), m(StoreAccessFault)) };
        atomics(p, lr, amo);
    }

    /// Misaligned loads and stores where they trap: the same order, and HLV and HSV are no exception.
    misaligned_accesses_and_faults
    [rules "H_exception_priority" "H_straddle"]
    [cases 44]
    [needs H]
    [cpus "misaligned=trap,misaligned-order=first" "misaligned=trap,misaligned-order=last"]
    |p| {
        let guest = Guest::new(p, S_ALL, U_ALL);
        let traps = p.cpu().misaligned == iss::variant::Misaligned::Trap;
        let first = traps && p.cpu().misaligned_first;
        let va = VA + 3;
        set_spvp(p, true);
        if traps {
            p.li(A0, va);
            p.expect_trap(m(Exception::LoadAddrMisaligned).tval(va).gva(true).tinst_transformed(0), |p| {
                p.hlv_w(A1, A0);
            });
            p.expect_trap(m(Exception::StoreAddrMisaligned).tval(va).gva(true).tinst_transformed(0), |p| {
                p.hsv_h(A1, A0);
            });
        } else {
            p.li(A0, va).hlv_w(A1, A0).hsv_h(A1, A0);
        }
        guest.set_g(p, 0);
        if first {
            load_and_store(p, va, m(Exception::LoadAddrMisaligned), m(Exception::StoreAddrMisaligned));
        } else {
            load_and_store(p, va, m(LoadGuestPageFault).gpa(GPA + 3), m(StoreGuestPageFault).gpa(GPA + 3));
        }
    }
}

/// VS-mode runs the zeros at [`VA`].
fn fetch_illegal(p: &mut Program) {
    p.in_mode(Mode::VS, |p| {
        p.li(A0, VA);
        p.expect_trap(m(IllegalInst).epc(VA).tval(0), |p| {
            p.jalr(RA, 0, A0);
        });
    });
}
