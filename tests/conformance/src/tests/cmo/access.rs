//! What cache-block instructions may reach, and their faults.

use super::operation::{ALL, MANAGEMENT, ZERO_BLOCK, permit};
use crate::prelude::*;
use crate::{Program, Trap};

/// The instruction on `address`, which faults there or does not.
fn access(p: &mut Program, word: u32, address: u64, fault: Option<Trap>) {
    p.li(A0, address);
    match fault {
        None => drop(p.word(word)),
        Some(fault) => p.expect_trap(fault.tval(address).tinst_transformed(0), |p| {
            p.word(word);
        }),
    }
}

conformance_tests! {
    /// Management needs a page that can be read or written, zeroing one that can be written; else there is a store page fault at the address in the register.
    cbo_page_permissions
    [rules "cbm_access" "cbm_unperm_fault" "cbz_access" "cbz_unperm_fault" "fault_excep_csr" "h_trans_cache"]
    [needs Zicbom Zicboz]
    |p| {
        permit(p);
        let (page, table) = (p.page(), p.s_stage(&SV39));
        let entry = p.map(table, SPARE, page, flags("rwad"));
        for leaf in ["rwxad", "rwad", "rad", "rxad", "rwuad"] {
            p.store(entry, Pte::leaf(page, flags(leaf)).0);
            p.sfence_vma(ZERO, ZERO);
            p.in_mode(Mode::HS, |p| {
                for word in ALL {
                    let permitted = !leaf.contains('u') && (word != ZERO_BLOCK || leaf.contains('w'));
                    access(p, word, SPARE + 0x7d, (!permitted).then(|| trap(Exception::StorePageFault, Mode::M)));
                }
            });
        }
        p.store(entry, 0);
        p.sfence_vma(ZERO, ZERO);
        p.in_mode(Mode::HS, |p| {
            for word in ALL {
                access(p, word, SPARE + 0x7d, Some(trap(Exception::StorePageFault, Mode::M)));
            }
        });
    }

    /// The same of both stages: a fault of the G stage is a store guest-page fault.
    cbo_guest_page_permissions
    [rules "cbm_unperm_fault" "cbz_unperm_fault" "fault_excep_csr" "h_trans_cache"]
    [needs Zicbom Zicboz H]
    |p| {
        permit(p);
        let (page, vs, g) = (p.page(), p.vs_stage(&SV39), p.g_stage(&SV39X4));
        let gpa = SPARE + 0x0123_4000;
        let first = p.map(vs, SPARE, gpa, flags("rwad"));
        let second = p.map(g, gpa, page, flags("rwuad"));
        for (vs_leaf, g_leaf) in [("rwad", "rwuad"), ("rad", "rwuad"), ("rwad", "ruad"), ("rwad", "rwad"), ("", "rwuad")] {
            p.store(first, if vs_leaf.is_empty() { 0 } else { Pte::leaf(gpa, flags(vs_leaf)).0 });
            p.store(second, Pte::leaf(page, flags(g_leaf)).0);
            p.hfence_vvma(ZERO, ZERO).hfence_gvma(ZERO, ZERO);
            p.in_mode(Mode::VS, |p| {
                for word in ALL {
                    let need = if word == ZERO_BLOCK { 'w' } else { 'r' };
                    let fault = match (vs_leaf.contains(need), g_leaf.contains('u') && g_leaf.contains(need)) {
                        (true, true) => None,
                        (false, _) => Some(trap(Exception::StorePageFault, Mode::M).gva(true)),
                        (true, false) => {
                            Some(trap(Exception::StoreGuestPageFault, Mode::M).gva(true).gpa(gpa + 0x7d))
                        }
                    };
                    access(p, word, SPARE + 0x7d, fault);
                }
            });
        }
    }

    /// All of them look at A, zeroing alone at D: they fault or set the bit.
    cbo_accessed_and_dirty
    [rules "cbm_unperm_translate" "cbz_unperm_translate"]
    [needs Zicbom Zicboz Svadu]
    |p| {
        permit(p);
        let (page, table) = (p.page(), p.s_stage(&SV39));
        let entry = p.map(table, SPARE, page, flags("rwad"));
        for by_hardware in [false, true] {
            p.set_field(csr::menvcfg::NUMBER, csr::menvcfg::ADUE, by_hardware.into());
            for leaf in ["rw", "rwa", "rwd", "rwad"] {
                for word in ALL {
                    let before = Pte::leaf(page, flags(leaf)).0;
                    p.store(entry, before);
                    p.sfence_vma(ZERO, ZERO);
                    let needed = if word == ZERO_BLOCK { flags("ad") } else { flags("a") };
                    let faults = !by_hardware && before & needed != needed;
                    p.in_mode(Mode::HS, |p| {
                        access(p, word, SPARE, faults.then(|| trap(Exception::StorePageFault, Mode::M)));
                    });
                    let after = if by_hardware { before | needed } else { before };
                    p.check_memory(entry, after, "the entry afterwards");
                }
            }
        }
    }

    /// Where protection forbids loads and stores, or stores, there is a store access fault.
    cbo_physical_memory_protection
    [rules "cbm_access" "cbm_unperm_fault" "cbz_access" "cbz_unperm_fault" "fault_excep_csr" "h_trans_cache"]
    [needs Zicbom Zicboz]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        permit(p);
        let page = p.page();
        p.write_csr(csr::pmpaddr0::NUMBER + 1, u64::MAX >> 10);
        p.write_csr(csr::pmpaddr0::NUMBER, page >> 2 | 0x1ff);
        for permissions in [0, 1, 3, 4, 5, 7] {
            // The page, as a power of two, and then everything.
            p.write_csr(csr::pmpcfg0::NUMBER, 0x1f << 8 | 0x18 | permissions);
            p.in_mode(Mode::HS, |p| {
                for word in ALL {
                    let needed = if word == ZERO_BLOCK { 2 } else { 1 };
                    let fault = permissions & needed == 0;
                    access(p, word, page + 0x7d, fault.then(|| trap(Exception::StoreAccessFault, Mode::M)));
                }
            });
        }
    }

    /// Where there is neither memory nor a device there is a store access fault; a device can be managed as it can be loaded.
    cbo_without_memory
    [rules "cbm_access" "cbm_unperm_fault" "cbz_unperm_fault" "fault_excep_csr"]
    [needs Zicbom Zicboz]
    |p| {
        for word in ALL {
            access(p, word, 0x7d, Some(trap(Exception::StoreAccessFault, Mode::M)));
        }
        for word in MANAGEMENT {
            access(p, word, device::MTIMECMP, None);
        }
    }

    /// A prefetch of a page that is not there, or not permitted, does nothing, and sets no A or D bit.
    prefetch_of_what_is_not_permitted
    [rules "cbp_unperm_noexcep" "cbp_unperm_translate" "cbp_access"]
    [needs Zicbop Svadu]
    |p| {
        let (page, table) = (p.page(), p.s_stage(&SV39));
        let entry = p.map(table, SPARE, page, flags("rwx"));
        p.set_field(csr::menvcfg::NUMBER, csr::menvcfg::ADUE, 1);
        let before = Pte::leaf(page, flags("rwx")).0;
        for leaf in [before, 0] {
            p.store(entry, leaf);
            p.sfence_vma(ZERO, ZERO);
            p.in_mode(Mode::HS, |p| {
                for kind in [0, 1, 3] {
                    p.li(A0, SPARE).word(0x0005_6013 | kind << 20);
                }
            });
            p.check_memory(entry, leaf, "the entry afterwards");
        }
    }
}
