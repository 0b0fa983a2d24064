//! Page-table entries of both stages: what is valid, reserved or ignored, and A and D.

use super::guest::{GPA, Guest, U_ALL, VA};
use crate::Program;
use crate::prelude::*;

/// Which stage's leaf a test writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Vs,
    G,
}

/// Puts a leaf entry in place and says whether a load (`store`: a store) of the page works.
fn check(p: &mut Program, guest: &Guest, stage: Stage, pte: u64, store: bool, works: bool) {
    let entry = if stage == Stage::Vs { guest.vs_pte } else { guest.g_pte };
    p.store(entry, pte);
    p.sfence_vma(ZERO, ZERO).hfence_vvma(ZERO, ZERO).hfence_gvma(ZERO, ZERO);
    p.li(A0, VA + 0x10).li(A1, 0x77);
    let access = |p: &mut Program| {
        if store {
            p.hsv_d(A1, A0)
        } else {
            p.hlv_d(A1, A0)
        };
    };
    if works {
        access(p);
    } else {
        let fault = match (stage, store) {
            (Stage::Vs, false) => trap(Exception::LoadPageFault, Mode::M),
            (Stage::Vs, true) => trap(Exception::StorePageFault, Mode::M),
            (Stage::G, false) => trap(Exception::LoadGuestPageFault, Mode::M).gpa(GPA + 0x10),
            (Stage::G, true) => trap(Exception::StoreGuestPageFault, Mode::M).gpa(GPA + 0x10),
        };
        p.expect_trap(fault.tval(VA + 0x10).gva(true).tinst_transformed(0), access);
        // A fault changes nothing.
        p.check_memory(entry, pte, "the entry after the fault");
    }
}

/// The leaf as it allows everything.
fn good(guest: &Guest, stage: Stage) -> u64 {
    Pte::leaf(if stage == Stage::Vs { GPA } else { guest.page }, U_ALL).0
}

const BOTH: [Stage; 2] = [Stage::Vs, Stage::G];

conformance_tests! {
    /// G and the software bits say nothing to the hart, in either stage.
    ignored_bits_of_entries
    [rules "H_vm_gpa_g" "H_vm_gpatrans"]
    [cases 27 28]
    [needs H]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        for stage in BOTH {
            for bits in [Pte::G.mask(), Pte::RSW.of(1), Pte::RSW.of(2)] {
                check(p, &guest, stage, good(&guest, stage) | bits, false, true);
                check(p, &guest, stage, good(&guest, stage) | bits, true, true);
            }
            p.store(if stage == Stage::Vs { guest.vs_pte } else { guest.g_pte }, good(&guest, stage));
        }
    }

    /// V clear, the reserved bits one by one, W without R, and a pointer where a leaf must be: faults of
    /// the stage whose entry it is.
    invalid_entries
    [rules "H_vm_gpatrans" "H_guest_page_fault" "hgatp_mode_x4"]
    [cases 28]
    [needs H]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        for stage in BOTH {
            let leaf = good(&guest, stage);
            check(p, &guest, stage, leaf & !Pte::V.mask(), false, false);
            for bit in 54..=60 {
                check(p, &guest, stage, leaf | 1 << bit, false, false);
            }
            check(p, &guest, stage, leaf & !Pte::R.mask() & !Pte::X.mask(), false, false);
            check(p, &guest, stage, leaf & !Pte::R.mask(), true, false);
            check(p, &guest, stage, Pte::pointer(guest.page).0, false, false);
            check(p, &guest, stage, leaf, false, true);
        }
    }

    /// In the G stage every access is a user's: U must be set, whoever accesses.
    g_stage_leaf_needs_u
    [rules "H_vm_gpapriv"]
    [cases 26]
    [needs H]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        let without = good(&guest, Stage::G) & !Pte::U.mask();
        for (sum, spvp) in [(0, 0), (0, 1), (1, 1)] {
            p.set_field(csr::sstatus::NUMBER, csr::sstatus::SUM, sum);
            p.set_field(csr::vsstatus::NUMBER, csr::sstatus::SUM, 1);
            p.set_field(csr::hstatus::NUMBER, csr::hstatus::SPVP, spvp);
            check(p, &guest, Stage::G, without, false, false);
            check(p, &guest, Stage::G, without, true, false);
            check(p, &guest, Stage::G, good(&guest, Stage::G), true, true);
        }
        let code = p.page();
        p.put(code, 0x8082_8082_8082_8082);
        let unreachable = p.map(guest.g, GPA + 0x1000, code, flags("rwxad"));
        p.map(guest.vs, VA + 0x1000, GPA + 0x1000, flags("rwxad"));
        p.in_mode(Mode::VS, |p| {
            p.li(A0, VA + 0x1000);
            let fault = trap(Exception::InstGuestPageFault, Mode::M).tval(VA + 0x1000).gpa(GPA + 0x1000);
            p.expect_trap(fault.epc(VA + 0x1000).tinst(0), |p| {
                p.jalr(RA, 0, A0);
            });
        });
        p.store(unreachable, Pte::leaf(code, U_ALL).0);
        p.hfence_gvma(ZERO, ZERO);
        p.in_mode(Mode::VS, |p| {
            p.li(A0, VA + 0x1000).jalr(RA, 0, A0);
        });
    }

    /// Superpages that are not aligned are faults at each level, by each bit.
    misaligned_superpages
    [rules "H_vm_gpatrans" "hgatp_mode_x4"]
    [cases 28]
    [needs H]
    |p| {
        let (vs, g) = (p.vs_stage(&SV39), p.g_stage(&SV39X4));
        for level in [1, 2] {
            let (address, va) = (1 << 40 | u64::from(level) << 30, 1 << 37 | u64::from(level) << 30);
            let entry = p.put_pte(g, address, level, Pte::leaf(0x8000_0000, U_ALL));
            let vs_entry = p.put_pte(vs, va, level, Pte::leaf(address, U_ALL));
            p.li(A0, va).hlv_b(A1, A0);
            for bit in 0..9 * level {
                p.store(entry, Pte::leaf(0x8000_0000 | PAGE_SIZE << bit, U_ALL).0);
                p.hfence_gvma(ZERO, ZERO);
                p.li(A0, va);
                let fault = trap(Exception::LoadGuestPageFault, Mode::M).tval(va).gva(true).gpa(address);
                p.expect_trap(fault, |p| {
                    p.hlv_b(A1, A0);
                });
                p.store(vs_entry, Pte::leaf(address | PAGE_SIZE << bit, U_ALL).0);
                p.hfence_vvma(ZERO, ZERO);
                p.li(A0, va);
                p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(va).gva(true), |p| {
                    p.hlv_b(A1, A0);
                });
                p.store(vs_entry, Pte::leaf(address, U_ALL).0);
                p.hfence_vvma(ZERO, ZERO);
            }
        }
    }

    /// In entries that point to a table, D, A, U, N and PBMT are reserved; G is not.
    pointers_with_leaf_bits
    [rules "H_vm_gpatrans" "H_vm_gpa_g"]
    [cases 28]
    [needs H Svpbmt Svnapot]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        p.set_csr(csr::menvcfg::NUMBER, csr::menvcfg::PBMTE.mask());
        p.set_csr(csr::henvcfg::NUMBER, csr::henvcfg::PBMTE.mask());
        let vs_pointer = p.pte_address(guest.vs, VA, 1);
        let g_pointer = p.pte_address(guest.g, GPA, 1);
        let bits = [Pte::D, Pte::A, Pte::U].map(|field| field.mask());
        let bits = bits.into_iter().chain([Pte::N.mask(), Pte::PBMT.of(1), Pte::PBMT.of(2)]);
        let wrong: Vec<u64> = bits.chain((54..=60).map(|bit| 1 << bit)).collect();
        for (pointer, exception) in
            [(vs_pointer, Exception::LoadPageFault), (g_pointer, Exception::LoadGuestPageFault)]
        {
            let fault = || {
                let fault = trap(exception, Mode::M).tval(VA).gva(true);
                if pointer == g_pointer { fault.gpa(GPA) } else { fault }
            };
            p.li(A1, pointer).ld(S2, 0, A1);
            for bits in wrong.iter().copied().chain([Pte::G.mask()]) {
                p.li(A1, pointer).li(A2, bits).or(A2, A2, S2).sd(A2, 0, A1);
                p.hfence_vvma(ZERO, ZERO).hfence_gvma(ZERO, ZERO).li(A0, VA);
                if bits == Pte::G.mask() {
                    p.hlv_d(A1, A0);
                } else {
                    p.expect_trap(fault(), |p| {
                        p.hlv_d(A1, A0);
                    });
                }
            }
            p.li(A1, pointer).sd(S2, 0, A1).hfence_vvma(ZERO, ZERO).hfence_gvma(ZERO, ZERO);
        }
    }

    /// PBMT of the G stage is menvcfg's affair, that of the VS stage henvcfg's; 3 is always reserved.
    page_based_memory_types
    [rules "H_vm_gpatrans"]
    [cases 43 28]
    [needs H Svpbmt]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        for (machine, hypervisor) in [(0, 0), (1, 0), (1, 1)] {
            p.set_field(csr::menvcfg::NUMBER, csr::menvcfg::PBMTE, machine);
            p.set_field(csr::henvcfg::NUMBER, csr::henvcfg::PBMTE, hypervisor);
            for stage in BOTH {
                let enabled = if stage == Stage::Vs { hypervisor } else { machine } == 1;
                for pbmt in 0..4 {
                    let pte = good(&guest, stage) | Pte::PBMT.of(pbmt);
                    check(p, &guest, stage, pte, false, pbmt == 0 || enabled && pbmt < 3);
                }
                check(p, &guest, stage, good(&guest, stage), true, true);
            }
        }
    }

    /// A page of a NAPOT range in either stage; the reserved encodings are faults before A and D are set.
    napot_ranges
    [rules "H_vm_gpatrans"]
    [cases 28]
    [needs H Svnapot Svadu]
    |p| {
        p.set_csr(csr::menvcfg::NUMBER, csr::menvcfg::ADUE.mask());
        p.set_csr(csr::henvcfg::NUMBER, csr::henvcfg::ADUE.mask());
        let guest = Guest::new(p, U_ALL, U_ALL);
        for stage in BOTH {
            let leaf = good(&guest, stage) & !(Pte::A.mask() | Pte::D.mask()) | Pte::N.mask();
            let low = |bits| leaf & !Pte::PPN.of(15) | Pte::PPN.of(bits);
            for bits in (0..16).filter(|bits| *bits != 8) {
                check(p, &guest, stage, low(bits), false, false);
            }
            p.store(if stage == Stage::Vs { guest.vs_pte } else { guest.g_pte }, good(&guest, stage));
        }
        // 16 pages, of which the entry for one says where they are.
        let range = p.pages(0x1_0000, 0x1_0000);
        let napot = Pte::leaf(range | 0x8000, U_ALL).0 | Pte::N.mask();
        p.put(range + 0x5000, 0x16);
        p.put_pte(guest.g, SPARE + 0x5000, 0, Pte(napot));
        p.map(guest.vs, SPARE + 0x1_0000, SPARE + 0x5000, U_ALL);
        p.li(A0, SPARE + 0x1_0000).hlv_d(A1, A0);
        p.check_eq(A1, 0x16, "a page of a range in the G stage");
        let napot = Pte::leaf(range | 0x8000, U_ALL).0 | Pte::N.mask();
        p.put_pte(guest.vs, SPARE + 0x2_5000, 0, Pte(napot));
        p.li(A0, SPARE + 0x2_5000).hlv_d(A1, A0);
        p.check_eq(A1, 0x16, "a page of a range in the VS stage");
    }
}
