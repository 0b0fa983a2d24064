//! A and D bits in both stages, set by the hart or by software.

use super::guest::{FarTables, GPA, Guest, U_ALL, VA};
use crate::Program;
use crate::prelude::*;

const A: u64 = Pte::A.mask();
const D: u64 = Pte::D.mask();

/// Who sets A and D: the hart, in the G stage by menvcfg and in the VS stage by henvcfg.
fn hardware_updates(p: &mut Program, g: u64, vs: u64) {
    p.set_field(csr::menvcfg::NUMBER, csr::menvcfg::ADUE, g);
    p.set_field(csr::henvcfg::NUMBER, csr::henvcfg::ADUE, vs);
    p.sfence_vma(ZERO, ZERO).hfence_gvma(ZERO, ZERO).hfence_vvma(ZERO, ZERO);
}

conformance_tests! {
    /// Without ADUE, A clear is a fault of the entry's stage, and D clear one for stores.
    accessed_and_dirty_by_software
    [rules "H_vm_gpatrans" "H_vm_gpapriv"]
    [cases 28 41]
    [needs H Svadu]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        hardware_updates(p, 0, 0);
        for vs_bits in [0, A, D, A | D] {
            for g_bits in [0, A, D, A | D] {
                guest.set_vs(p, flags("rwu") | vs_bits);
                guest.set_g(p, flags("rwu") | g_bits);
                for store in [false, true] {
                    let enough = |bits: u64| bits & A != 0 && (!store || bits & D != 0);
                    p.li(A0, VA);
                    let access = |p: &mut Program| {
                        if store { p.hsv_w(A1, A0) } else { p.hlv_w(A1, A0) };
                    };
                    let fault = match (enough(vs_bits), enough(g_bits), store) {
                        (true, true, _) => {
                            access(p);
                            continue;
                        }
                        (false, _, false) => trap(Exception::LoadPageFault, Mode::M),
                        (false, _, true) => trap(Exception::StorePageFault, Mode::M),
                        (true, false, false) => trap(Exception::LoadGuestPageFault, Mode::M).gpa(GPA),
                        (true, false, true) => trap(Exception::StoreGuestPageFault, Mode::M).gpa(GPA),
                    };
                    p.expect_trap(fault.tval(VA).gva(true).tinst_transformed(0), access);
                    p.check_memory(guest.vs_pte, Pte::leaf(GPA, flags("rwu") | vs_bits).0, "the VS stage's entry");
                    p.check_memory(guest.g_pte, Pte::leaf(guest.page, flags("rwu") | g_bits).0, "the G stage's");
                }
            }
        }
    }

    /// With ADUE, a load sets A, and a store A and D, in the entries of both stages.
    accessed_and_dirty_by_hardware
    [rules "H_vm_gpatrans" "H_vm_gpapriv"]
    [cases 41 42]
    [needs H Svadu]
    |p| {
        let guest = Guest::new(p, flags("rwu"), flags("rwu"));
        hardware_updates(p, 1, 1);
        let entries = |p: &mut Program, bits: u64, when: &str| {
            p.check_memory(guest.vs_pte, Pte::leaf(GPA, flags("rwu") | bits).0, &format!("the VS stage's entry {when}"));
            p.check_memory(guest.g_pte, Pte::leaf(guest.page, flags("rwu") | bits).0, &format!("the G stage's {when}"));
        };
        p.li(A0, VA);
        entries(p, 0, "before");
        p.hlv_d(A1, A0);
        entries(p, A, "after a load");
        // The translation has been used; a store must look again.
        p.hsv_d(A1, A0);
        entries(p, A | D, "after a store");
        for stage in [0, 1] {
            p.store(if stage == 0 { guest.vs_pte } else { guest.g_pte }, Pte::leaf([GPA, guest.page][stage], flags("rwu") | A).0);
            p.hfence_gvma(ZERO, ZERO).hfence_vvma(ZERO, ZERO).li(A0, VA).hlv_d(A1, A0).hsv_d(A1, A0);
            entries(p, A | D, "when one was not dirty");
        }
    }

    /// menvcfg.ADUE governs the G stage, henvcfg.ADUE the VS stage, which is zero while menvcfg's is.
    adue_of_each_stage
    [rules "H_vm_gpatrans"]
    [cases 41]
    [needs H Svadu]
    |p| {
        let guest = Guest::new(p, flags("rwu"), U_ALL);
        hardware_updates(p, 1, 0);
        p.li(A0, VA);
        p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(VA).gva(true), |p| {
            p.hlv_d(A1, A0);
        });
        guest.set_vs(p, U_ALL);
        guest.set_g(p, flags("rwu"));
        p.li(A0, VA).hlv_d(A1, A0);
        p.check_memory(guest.g_pte, Pte::leaf(guest.page, flags("rwu") | A).0, "the G stage's entry");
        hardware_updates(p, 0, 1);
        p.check_csr_bits(csr::henvcfg::NUMBER, csr::henvcfg::ADUE.mask(), 0, "henvcfg.ADUE without menvcfg's");
        guest.set_g(p, flags("rwu"));
        p.li(A0, VA);
        p.expect_trap(trap(Exception::LoadGuestPageFault, Mode::M).tval(VA).gva(true).gpa(GPA), |p| {
            p.hlv_d(A1, A0);
        });
    }

    /// Setting A or D in a VS-stage entry is a write to guest memory: it sets D in the G-stage entry of
    /// the table, and needs W there.
    vs_stage_update_writes_guest_memory
    [rules "H_vm_gpapriv" "H_vm_gstagetrans" "H_trap_xtinst_guestpage_rw" "H_trap_xtinst_guestpage"]
    [cases 39 8 9]
    [needs H Svadu]
    |p| {
        let far = FarTables::new(p, flags("rwu"));
        hardware_updates(p, 1, 1);
        let read_only = flags("rxuad");
        far.set_table(p, 1, flags("rwu"));
        p.li(A0, VA).hlv_d(A1, A0);
        let entry = Pte::leaf(far.tables[1], flags("rwuad")).0;
        p.check_memory(far.g_ptes[1], entry, "the G stage's entry for the table, after an update of A");
        p.check_memory(far.entries[1], Pte::leaf(GPA, flags("rwua")).0, "the VS stage's entry");
        // A table in memory that the guest may not write: the exception is by the original access.
        far.set_table(p, 1, read_only);
        let gpa = FarTables::entry_gpas()[1];
        let load = trap(Exception::LoadGuestPageFault, Mode::M).tval(VA).gva(true).gpa(gpa).tinst(0x3020);
        let store = trap(Exception::StoreGuestPageFault, Mode::M).tval(VA).gva(true).gpa(gpa).tinst(0x3020);
        p.li(A0, VA);
        p.expect_trap(store.clone(), |p| {
            p.hsv_d(A1, A0);
        });
        p.check_memory(far.entries[1], Pte::leaf(GPA, flags("rwua")).0, "the VS stage's entry, D not set");
        p.store(far.entries[1], Pte::leaf(GPA, flags("rwu")).0);
        p.hfence_vvma(ZERO, ZERO).li(A0, VA);
        p.expect_trap(load, |p| {
            p.hlv_d(A1, A0);
        });
        p.li(A0, VA);
        p.expect_trap(store, |p| {
            p.hsv_d(A1, A0);
        });
        p.check_memory(far.entries[1], Pte::leaf(GPA, flags("rwu")).0, "the VS stage's entry, A not set");
        // Nothing is written where A and D are set already.
        p.store(far.entries[1], Pte::leaf(GPA, U_ALL).0);
        p.hfence_vvma(ZERO, ZERO).li(A0, VA).hsv_d(A1, A0);
    }

    /// The same for a fetch: the exception is an instruction guest-page fault.
    vs_stage_update_for_a_fetch
    [rules "H_vm_gpapriv" "H_trap_xtinst_guestpage_rw"]
    [cases 8 9]
    [needs H Svadu]
    |p| {
        let far = FarTables::new(p, flags("rx"));
        p.put(far.guest.page, 0x8082_8082);
        hardware_updates(p, 1, 1);
        far.set_table(p, 1, flags("ruad"));
        p.in_mode(Mode::VS, |p| {
            p.li(A0, VA);
            let fault = trap(Exception::InstGuestPageFault, Mode::M).tval(VA).gpa(FarTables::entry_gpas()[1]);
            p.expect_trap(fault.epc(VA).tinst(0x3020), |p| {
                p.jalr(RA, 0, A0);
            });
        });
        far.set_table(p, 1, flags("rwu"));
        p.in_mode(Mode::VS, |p| {
            p.li(A0, VA).jalr(RA, 0, A0);
        });
        p.check_memory(far.entries[1], Pte::leaf(GPA, flags("rxa")).0, "the VS stage's entry");
    }

    /// Reading a VS-stage table sets A in the G-stage entry for it; D is not needed, nor set.
    reading_a_table_is_a_load
    [rules "H_vm_gpapriv" "H_vm_gstagetrans"]
    [cases 25]
    [needs H Svadu]
    |p| {
        let far = FarTables::new(p, U_ALL);
        hardware_updates(p, 1, 1);
        for i in [0, 1] {
            far.set_table(p, i, flags("rwu"));
            p.li(A0, VA).hsv_d(A1, A0);
            p.check_memory(far.g_ptes[i], Pte::leaf(far.tables[i], flags("rwua")).0, "the entry for a table");
        }
        hardware_updates(p, 0, 0);
        for i in [0, 1] {
            far.set_table(p, i, flags("rwu"));
            p.li(A0, VA);
            let fault = trap(Exception::StoreGuestPageFault, Mode::M).tval(VA).gva(true);
            p.expect_trap(fault.gpa(FarTables::entry_gpas()[i]).tinst(0x3000), |p| {
                p.hsv_d(A1, A0);
            });
            far.set_table(p, i, flags("rwua"));
            p.li(A0, VA).hsv_d(A1, A0);
        }
    }

    /// Memory protection of the table: an update that may read but not write it is an access fault of the
    /// original access, in both stages.
    protected_tables_are_not_updated
    [rules "H_pmp" "H_vm_gpapriv"]
    [cases 8 40]
    [needs H Svadu]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        let far = FarTables::new(p, flags("rwu"));
        hardware_updates(p, 1, 1);
        for (entry, good) in [(far.entries[1], Pte::leaf(GPA, flags("rwuad"))), (far.guest.g_pte, Pte::leaf(far.guest.page, U_ALL))] {
            let page = entry & !(PAGE_SIZE - 1);
            p.store(entry, good.0 & !(A | D));
            p.write_csr(csr::pmpaddr0::NUMBER + 1, u64::MAX >> 10);
            p.write_csr(csr::pmpaddr0::NUMBER, page >> 2 | 0x1ff);
            p.write_csr(csr::pmpcfg0::NUMBER, 0x1f << 8 | 0x19);
            p.sfence_vma(ZERO, ZERO).hfence_gvma(ZERO, ZERO);
            for store in [false, true] {
                p.li(A0, VA);
                let cause = if store { Exception::StoreAccessFault } else { Exception::LoadAccessFault };
                p.expect_trap(trap(cause, Mode::M).tval(VA).gva(true).tinst_transformed(0), |p| {
                    if store { p.hsv_d(A1, A0) } else { p.hlv_d(A1, A0) };
                });
                p.check_memory(entry, good.0 & !(A | D), "the entry");
            }
            p.write_csr(csr::pmpcfg0::NUMBER, 0x1f << 8);
            p.sfence_vma(ZERO, ZERO).hfence_gvma(ZERO, ZERO);
            p.store(entry, good.0);
            p.li(A0, VA).hsv_d(A1, A0);
        }
    }
}
