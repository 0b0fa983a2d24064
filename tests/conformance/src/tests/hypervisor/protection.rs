//! Physical memory protection under two stages: of the page, of VS-stage tables and of G-stage tables.

use isa::asm::Asm;

use super::guest::{FarTables, S_ALL, VA, set_spvp};
use crate::Program;
use crate::prelude::*;

const R: u64 = 1;
const W: u64 = 2;
const X: u64 = 4;
const NAPOT: u64 = 0x18;

/// Gives entry 0 these permissions for the page at `pa`, and all others everything.
fn protect(p: &mut Program, pa: u64, permissions: u64) {
    p.write_csr(csr::pmpaddr0::NUMBER + 1, u64::MAX >> 10);
    p.write_csr(csr::pmpaddr0::NUMBER, (pa & !(PAGE_SIZE - 1)) >> 2 | 0x1ff);
    p.write_csr(csr::pmpcfg0::NUMBER, (NAPOT | R | W | X) << 8 | NAPOT | permissions);
    p.sfence_vma(ZERO, ZERO).hfence_gvma(ZERO, ZERO);
}

/// A load, store and fetch of [`VA`] by the guest, and HLV and HSV, are access faults where not allowed.
fn accesses(p: &mut Program, load: bool, store: bool, fetch: bool) {
    let fault = |exception| trap(exception, Mode::M).tval(VA).gva(true).tval2(0);
    let data = |p: &mut Program, loads: &[fn(&mut Asm) -> &mut Asm], stores: &[fn(&mut Asm) -> &mut Asm]| {
        p.li(A0, VA);
        for (insts, allowed, exception) in
            [(loads, load, Exception::LoadAccessFault), (stores, store, Exception::StoreAccessFault)]
        {
            for inst in insts {
                if allowed {
                    inst(p);
                } else {
                    p.expect_trap(fault(exception).tinst_transformed(0), |p| {
                        inst(p);
                    });
                }
            }
        }
    };
    p.in_mode(Mode::VS, |p| {
        data(
            p,
            &[|p| p.ld(A1, 0, A0), |p| p.lr_w(A1, A0, Order::Plain)],
            &[|p| p.sd(A2, 0, A0), |p| p.amoadd_w(A1, ZERO, A0, Order::Plain)],
        );
        if fetch {
            p.jalr(RA, 0, A0);
        } else {
            p.expect_trap(fault(Exception::InstAccessFault).tinst(0).epc(VA), |p| {
                p.jalr(RA, 0, A0);
            });
        }
    });
    set_spvp(p, true);
    let hypervisor = |p: &mut Program| {
        data(p, &[|p| p.hlv_d(A1, A0)], &[|p| p.hsv_d(A2, A0)]);
    };
    // In M-mode too: the access is a guest's, and entry 0 is not locked.
    hypervisor(p);
    p.in_mode(Mode::HS, hypervisor);
}

/// The instruction word that a test leaves in the page.
const RETURN: u64 = 0x8082_8082;

conformance_tests! {
    /// Of the page itself: R, W and X one by one; what is refused is an access fault, not a page fault.
    protection_of_the_page
    [rules "H_pmp"]
    [cases 17]
    [needs H]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        let far = FarTables::new(p, S_ALL);
        p.put(far.guest.page, RETURN);
        p.li(A2, RETURN);
        for permissions in [0, R, X, R | W, R | X, R | W | X] {
            protect(p, far.guest.page, permissions);
            p.li(A2, RETURN);
            accesses(p, permissions & R != 0, permissions & W != 0, permissions & X != 0);
        }
    }

    /// Of a VS-stage table: it must be readable, which is all that its A and D bits ask when they are set.
    protection_of_vs_stage_tables
    [rules "H_pmp" "H_vm_gpapriv"]
    [cases 17 40]
    [needs H]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        let far = FarTables::new(p, S_ALL);
        p.put(far.guest.page, RETURN);
        for i in [0, 1] {
            for permissions in [0, X, R] {
                protect(p, far.tables[i], permissions);
                p.li(A2, RETURN);
                let readable = permissions & R != 0;
                accesses(p, readable, readable, readable);
            }
        }
    }

    /// Of a G-stage table, which the walks for the page and for the VS-stage tables need.
    protection_of_g_stage_tables
    [rules "H_pmp" "H_vm_gpapriv"]
    [cases 17]
    [needs H]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        let far = FarTables::new(p, S_ALL);
        p.put(far.guest.page, RETURN);
        for entry in [far.guest.g_pte, far.g_ptes[0]] {
            for permissions in [0, X, R] {
                protect(p, entry, permissions);
                p.li(A2, RETURN);
                let readable = permissions & R != 0;
                accesses(p, readable, readable, readable);
            }
        }
    }

    /// With both stages Bare, protection is in effect just the same.
    protection_without_translation
    [rules "H_pmp" "hgatp_mode_bare_trans"]
    [cases 17]
    [needs H]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        let page = p.page();
        protect(p, page, R);
        for mode in [Mode::VS, Mode::VU] {
            p.in_mode(mode, |p| {
                p.li(A0, page).ld(A1, 0, A0);
                p.expect_trap(trap(Exception::StoreAccessFault, Mode::M).tval(page).gva(true), |p| {
                    p.sd(A1, 0, A0);
                });
            });
        }
        p.li(A0, page).sd(A0, 0, A0).hlv_d(A1, A0);
        p.expect_trap(trap(Exception::StoreAccessFault, Mode::M).tval(page).gva(true), |p| {
            p.hsv_d(A1, A0);
        });
    }

    /// A fault of translation comes before one of protection of the page it would lead to.
    protection_after_translation
    [rules "H_pmp" "H_exception_priority"]
    [cases 17]
    [needs H]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        let far = FarTables::new(p, S_ALL);
        protect(p, far.guest.page, 0);
        set_spvp(p, true);
        p.li(A0, VA);
        p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(VA).gva(true), |p| {
            p.hlv_d(A1, A0);
        });
        far.guest.set_g(p, 0);
        p.li(A0, VA);
        p.expect_trap(trap(Exception::LoadGuestPageFault, Mode::M).tval(VA).gva(true), |p| {
            p.hlv_d(A1, A0);
        });
        far.guest.set_vs(p, 0);
        p.li(A0, VA);
        p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(VA).gva(true), |p| {
            p.hlv_d(A1, A0);
        });
    }
}
