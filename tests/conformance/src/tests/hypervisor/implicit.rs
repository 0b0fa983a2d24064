//! Implicit accesses to VS-stage tables: how the G stage judges them, and what their faults report.

use isa::asm::Asm;

use super::guest::{FarTables, GPA, TABLES, U_ALL, VA, set_spvp};
use crate::Program;
use crate::prelude::*;

/// What accesses [`VA`] from `a0`, and which guest-page fault it may raise.
type Access = (fn(&mut Asm) -> &mut Asm, Exception);

const LOAD: Exception = Exception::LoadGuestPageFault;
const STORE: Exception = Exception::StoreGuestPageFault;

/// Instructions of every kind that the guest itself can use.
const ACCESSES: [Access; 8] = [
    (|p| p.lb(A1, 0, A0), LOAD),
    (|p| p.ld(A1, 0, A0), LOAD),
    (|p| p.flw(FA0, 0, A0), LOAD),
    (|p| p.lr_w(A1, A0, Order::Plain), LOAD),
    (|p| p.sb(A1, 0, A0), STORE),
    (|p| p.fsd(FA0, 0, A0), STORE),
    (|p| p.sc_d(A1, A2, A0, Order::Plain), STORE),
    (|p| p.amoswap_w(A1, A2, A0, Order::Plain), STORE),
];

/// Those of the hypervisor.
const HYPERVISOR_ACCESSES: [Access; 3] =
    [(|p| p.hlv_w(A1, A0), LOAD), (|p| p.hlvx_wu(A1, A0), LOAD), (|p| p.hsv_d(A1, A0), STORE)];

/// Every access to [`VA`] is a guest-page fault of its own kind, for the implicit read at `gpa`.
fn all_fault(p: &mut Program, gpa: u64, taken: Mode) {
    let fault = |exception| trap(exception, taken).tval(VA).gva(true).gpa(gpa).tinst(0x3000);
    p.in_mode(Mode::VS, |p| {
        p.li(A0, VA);
        for (access, exception) in ACCESSES {
            p.expect_trap(fault(exception), |p| {
                access(p);
            });
        }
        p.expect_trap(fault(Exception::InstGuestPageFault).epc(VA), |p| {
            p.jalr(RA, 0, A0);
        });
    });
    let hypervisor = |p: &mut Program| {
        p.li(A0, VA);
        for (access, exception) in HYPERVISOR_ACCESSES {
            p.expect_trap(fault(exception), |p| {
                access(p);
            });
        }
    };
    set_spvp(p, true);
    p.in_mode(Mode::HS, hypervisor);
}

/// Every access to [`VA`] but the fetch works.
fn all_work(p: &mut Program) {
    p.in_mode(Mode::VS, |p| {
        p.li(A0, VA);
        for (access, _) in ACCESSES {
            access(p);
        }
    });
    set_spvp(p, true);
    p.in_mode(Mode::HS, |p| {
        p.li(A0, VA);
        for (access, _) in HYPERVISOR_ACCESSES {
            access(p);
        }
    });
}

const SUPERVISOR: u64 = flags("rwxad");

conformance_tests! {
    /// A table that the G stage does not map: whatever the access, the fault has the access's kind, the
    /// entry's guest physical address, and the pseudoinstruction of a read.
    unmapped_table_into_m
    [rules "H_vm_gpapriv" "mtval2_trapval_vstrans" "H_trap_xtinst_guestpage" "H_trap_xtinst_guestpage_rw" "H_guest_page_fault" "MTVAL2_TRAPVAL"]
    [cases 7 9 12 13]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let far = FarTables::new(p, SUPERVISOR);
        for i in [0, 1] {
            far.set_table(p, i, 0);
            all_fault(p, FarTables::entry_gpas()[i], Mode::M);
            far.set_table(p, i, U_ALL);
        }
        all_work(p);
    }

    /// The same into HS-mode, where htval and htinst say it.
    unmapped_table_into_hs
    [rules "H_vm_gpapriv" "H_trap_xtinst_guestpage" "H_guest_page_fault"]
    [cases 7 9 12 13]
    [needs H]
    [only |cpu| delegates(cpu, &[
        Exception::InstGuestPageFault, Exception::LoadGuestPageFault, Exception::StoreGuestPageFault,
    ])]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let far = FarTables::new(p, SUPERVISOR);
        let faults = [LOAD, STORE, Exception::InstGuestPageFault];
        p.write_csr(csr::medeleg::NUMBER, faults.iter().fold(0, |bits, fault| bits | fault.bit()));
        for i in [0, 1] {
            far.set_table(p, i, 0);
            all_fault(p, FarTables::entry_gpas()[i], Mode::HS);
            far.set_table(p, i, U_ALL);
        }
    }

    /// The root itself, in each scheme.
    unmapped_root
    [rules "mtval2_trapval_vstrans" "H_trap_xtinst_guestpage" "H_vm_gstagetrans"]
    [cases 13]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        p.g_stage(&SV39X4);
        for scheme in p.schemes(csr::vsatp::NUMBER) {
            let root = SPARE + 0x0300_0000;
            p.write_csr(csr::vsatp::NUMBER, csr::vsatp::MODE.of(scheme.mode) | root >> 12);
            p.hfence_vvma(ZERO, ZERO);
            let va = 0x1ff << (scheme.address_bits() - 9) | u64::MAX << scheme.address_bits();
            p.li(A0, va);
            let fault = trap(LOAD, Mode::M).tval(va).gva(true).gpa(root + 0xff8).tinst(0x3000);
            p.expect_trap(fault, |p| {
                p.hlvx_hu(A1, A0);
            });
            let wide = 1 << 41 | root;
            p.write_csr(csr::vsatp::NUMBER, csr::vsatp::MODE.of(scheme.mode) | wide >> 12);
            p.hfence_vvma(ZERO, ZERO);
            p.li(A0, va);
            let fault = trap(STORE, Mode::M).tval(va).gva(true).gpa(wide + 0xff8).tinst(0x3000);
            p.expect_trap(fault, |p| {
                p.hsv_b(A1, A0);
            });
        }
    }

    /// Reading a table is a user's read: it needs R and U of the G stage, and neither W nor X, for stores
    /// and fetches too.
    tables_need_read_permission
    [rules "H_vm_gpapriv"]
    [cases 25]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let far = FarTables::new(p, SUPERVISOR);
        p.put(far.guest.page, 0x8082_8082);
        for i in [0, 1] {
            far.set_table(p, i, flags("rua"));
            p.in_mode(Mode::VS, |p| {
                p.li(A0, VA).jalr(RA, 0, A0).amoswap_w(A1, A2, A0, Order::Plain);
                p.li(A1, 0x8082_8082).sd(A1, 0, A0);
            });
            all_work(p);
            p.store(far.guest.page, 0x8082_8082);
            for wrong in ["xuad", "rwxad"] {
                far.set_table(p, i, flags(wrong));
                all_fault(p, FarTables::entry_gpas()[i], Mode::M);
            }
            far.set_table(p, i, U_ALL);
        }
    }

    /// MXR is about explicit loads: a table that can only be executed stays unreadable, and HLVX does not
    /// turn the reading of tables into execution.
    mxr_does_not_help_implicit_reads
    [rules "sstatus_mxr_vm" "H_vm_gpapriv"]
    [cases 37 47]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let far = FarTables::new(p, SUPERVISOR);
        p.set_csr(csr::sstatus::NUMBER, csr::sstatus::MXR.mask());
        p.set_csr(csr::vsstatus::NUMBER, csr::sstatus::MXR.mask());
        for i in [0, 1] {
            far.set_table(p, i, flags("xuad"));
            all_fault(p, FarTables::entry_gpas()[i], Mode::M);
            far.set_table(p, i, flags("ruad"));
            all_work(p);
            far.set_table(p, i, U_ALL);
        }
    }

    /// What the G stage allows for the tables says nothing about the page, nor the other way round.
    permissions_of_tables_and_page_are_apart
    [rules "H_vm_twostage" "H_vm_gpapriv"]
    [cases 23 24]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let far = FarTables::new(p, SUPERVISOR);
        for i in [0, 1] {
            far.set_table(p, i, flags("rua"));
        }
        p.in_mode(Mode::VS, |p| {
            p.li(A0, VA).li(A1, 0x31).sd(A1, 0, A0);
        });
        p.check_memory(far.guest.page, 0x31, "a page that may be written, by tables that may not");
        for i in [0, 1] {
            far.set_table(p, i, U_ALL);
        }
        far.guest.set_g(p, flags("rua"));
        p.in_mode(Mode::VS, |p| {
            // A load first: what it has found must not let the store pass.
            p.li(A0, VA).ld(A1, 0, A0);
            p.check_eq(A1, 0x31, "the page");
            let fault = trap(STORE, Mode::M).tval(VA).gpa(GPA).tinst_transformed(0);
            p.expect_trap(fault, |p| {
                p.sd(A1, 0, A0);
            });
            let fault = trap(Exception::InstGuestPageFault, Mode::M).tval(VA).gpa(GPA).tinst(0).epc(VA);
            p.expect_trap(fault, |p| {
                p.jalr(RA, 0, A0);
            });
        });
    }

    /// A guest's table lies where the G stage says, not at the guest physical address.
    tables_are_found_through_the_g_stage
    [rules "H_vm_gstagetrans" "H_vm_twostage"]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let far = FarTables::new(p, SUPERVISOR);
        p.put(far.guest.page, 0x7ab1e);
        set_spvp(p, true);
        p.li(A0, VA).hlv_d(A1, A0);
        p.check_eq(A1, 0x7ab1e, "through tables at guest physical addresses");
        // Two other tables in their place: only the G stage changes.
        let (page, level_0) = (p.page(), p.page());
        p.put(page, 0x07e4);
        p.put(level_0 + SV39.index(VA, 0) * 8, Pte::leaf(GPA + 0x1000, SUPERVISOR).0);
        p.map(far.guest.g, GPA + 0x1000, page, U_ALL);
        p.store(far.g_ptes[1], Pte::leaf(level_0, U_ALL).0);
        p.hfence_gvma(ZERO, ZERO).li(A0, VA).hlv_d(A1, A0);
        p.check_eq(A1, 0x07e4, "through another table");
    }

    /// A pointer to a table at a guest physical address beyond the G stage's width, or beyond all
    /// physical addresses with a Bare G stage.
    tables_out_of_reach
    [rules "mtval2_trapval_vstrans" "hgatp_mode_sv39x4" "hgatp_mode_bare_trans"]
    [cases 16 46]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let far = FarTables::new(p, SUPERVISOR);
        for wide in [1 << 41, 1 << 55] {
            p.store(far.entries[0], Pte::pointer(TABLES[1] | wide).0);
            p.hfence_vvma(ZERO, ZERO);
            all_fault(p, FarTables::entry_gpas()[1] | wide, Mode::M);
        }
        let vs = p.table(&SV39);
        p.identity(vs);
        p.put_pte(vs, VA, 2, Pte::pointer(1 << 55));
        p.use_vsatp(vs, 0);
        p.write_csr(csr::hgatp::NUMBER, 0);
        p.hfence_gvma(ZERO, ZERO);
        out_of_memory(p);
    }

    /// A G-stage pointer to where no memory is: an access fault of the original access.
    g_stage_table_out_of_reach
    [rules "H_vm_gpatrans" "H_vm_gpapriv"]
    [cases 46 17]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let far = FarTables::new(p, SUPERVISOR);
        // First for the page itself, then for a VS-stage table.
        let pointer = p.pte_address(far.guest.g, GPA, 1);
        p.li(A1, pointer).ld(S2, 0, A1);
        p.store(pointer, Pte::pointer(1 << 54).0);
        p.hfence_gvma(ZERO, ZERO);
        out_of_memory(p);
        p.li(A1, pointer).sd(S2, 0, A1);
        let pointer = p.pte_address(far.guest.g, TABLES[1], 1);
        p.store(pointer, Pte::pointer(1 << 54).0);
        p.hfence_gvma(ZERO, ZERO);
        out_of_memory(p);
    }
}

/// Every access to [`VA`] is an access fault of its own kind.
fn out_of_memory(p: &mut Program) {
    let fault = |exception| {
        let cause = if exception == LOAD { Exception::LoadAccessFault } else { Exception::StoreAccessFault };
        trap(cause, Mode::M).tval(VA).gva(true).tval2(0).tinst_transformed(0)
    };
    p.in_mode(Mode::VS, |p| {
        p.li(A0, VA);
        for (access, exception) in ACCESSES {
            p.expect_trap(fault(exception), |p| {
                access(p);
            });
        }
        let fetch = trap(Exception::InstAccessFault, Mode::M).tval(VA).epc(VA).tinst(0);
        p.expect_trap(fetch, |p| {
            p.jalr(RA, 0, A0);
        });
    });
    set_spvp(p, true);
    p.li(A0, VA);
    for (access, exception) in HYPERVISOR_ACCESSES {
        p.expect_trap(fault(exception), |p| {
            access(p);
        });
    }
}
