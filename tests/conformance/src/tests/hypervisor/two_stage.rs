//! Two stages of translation: which are in effect, their schemes, page sizes and address widths.

use super::guest::{GPA, Guest, S_ALL, U_ALL, VA, set_spvp};
use crate::Program;
use crate::prelude::*;

/// A load by HLV from `va` finds `value`.
fn reads(p: &mut Program, va: u64, value: u64, what: &str) {
    p.li(A0, va).hlv_d(A1, A0);
    p.check_eq(A1, value, what);
}

/// A load by HLV from `gpa`, with a Bare VS stage, is a guest-page fault at that address.
fn guest_page_fault(p: &mut Program, gpa: u64) {
    p.li(A0, gpa);
    let fault = trap(Exception::LoadGuestPageFault, Mode::M).tval(gpa).gva(true).gpa(gpa);
    p.expect_trap(fault.tinst_transformed(0), |p| {
        p.hlv_d(A1, A0);
    });
}

conformance_tests! {
    /// Each combination of a paged and a Bare stage, in VS- and VU-mode: where a load at the same
    /// address ends up.
    stages_paged_and_bare
    [rules "H_vm_twostage" "hgatp_mode_bare_trans" "H_vm_gstagetrans"]
    [cases 34]
    [needs H]
    |p| {
        let (vs, g) = (p.vs_stage(&SV39), p.g_stage(&SV39X4));
        let (first, second, both, gpa) = (p.page(), p.page(), p.page(), p.page());
        // The VS stage goes to `gpa`, which is memory, so that a Bare G stage finds something there.
        p.map(vs, SPARE, gpa, U_ALL);
        p.map(g, SPARE, second, U_ALL);
        for (page, value) in [(first, 1), (second, 2), (both, 3), (gpa, 4)] {
            p.put(page, value);
        }
        let loads = |p: &mut Program, va: u64, value: u64, what: &'static str| {
            p.set_csr(csr::vsstatus::NUMBER, csr::sstatus::SUM.mask());
            for mode in [Mode::VS, Mode::VU] {
                p.in_mode(mode, |p| {
                    p.li(A0, va).ld(A1, 0, A0);
                    p.check_eq(A1, value, what);
                });
            }
        };
        loads(p, SPARE, 4, "both stages, the second of which changes nothing");
        // `gpa` lies in the gigabyte that the G stage maps to itself. A smaller page takes its place.
        let elsewhere = p.table(&SV39X4);
        p.identity(elsewhere);
        let vs_elsewhere = p.map(vs, SPARE + 0x1000, SPARE + 0x8000, U_ALL);
        p.map(elsewhere, SPARE + 0x8000, both, U_ALL);
        p.use_hgatp(elsewhere, 0);
        loads(p, SPARE + 0x1000, 3, "both stages");
        p.write_csr(csr::hgatp::NUMBER, 0);
        p.hfence_gvma(ZERO, ZERO);
        loads(p, SPARE, 4, "the VS stage alone");
        p.store(vs_elsewhere, Pte::leaf(first, U_ALL).0);
        p.hfence_vvma(ZERO, ZERO);
        loads(p, SPARE + 0x1000, 1, "the VS stage alone, another page");
        p.vs_bare();
        loads(p, first, 1, "no stage");
        p.use_hgatp(g, 0);
        loads(p, SPARE, 2, "the G stage alone");
    }

    /// With hgatp Bare nothing is protected: a guest address is a physical one, and faults are of access.
    bare_g_stage_protects_nothing
    [rules "hgatp_mode_bare_trans"]
    [cases 34]
    [needs H]
    |p| {
        let (vs, page) = (p.vs_stage(&SV39), p.page());
        p.map(vs, VA, page, flags("rwxuad"));
        p.map(vs, VA + 0x1000, 1 << 40, flags("rwxuad"));
        p.li(A0, VA).li(A1, 0x55).hsv_d(A1, A0).hlvx_wu(A2, A0);
        p.check_eq(A2, 0x55, "a page that the VS stage alone maps");
        p.li(A0, VA + 0x1000);
        p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(VA + 0x1000).gva(true), |p| {
            p.hlv_d(A1, A0);
        });
        p.vs_bare();
        p.li(A0, 1 << 62);
        p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(1 << 62).gva(true), |p| {
            p.hlv_d(A1, A0);
        });
    }

    /// A G-stage leaf at each level of each scheme, at an address that needs the root's two extra bits.
    g_stage_schemes_and_page_sizes
    [rules "hgatp_mode_x4" "hgatp_mode_sv39x4" "hgatp_mode_sv48x4" "hgatp_mode_sv57x4" "H_vm_gpatrans"]
    [cases 29 35]
    [needs H]
    [cpus "hgatp=sv39x4" "hgatp=sv48x4"]
    |p| {
        let page = p.page();
        p.put(page + 0x7f8, 0x5ca1e);
        for scheme in p.schemes(csr::hgatp::NUMBER) {
            let table = p.table(scheme);
            p.identity(table);
            let root_bits = scheme.address_bits() - 11;
            for level in 0..scheme.levels {
                let size = scheme.page_size(level);
                let gpa = (0x600 + u64::from(level)) << root_bits | (page & (size - 1));
                p.put_pte(table, gpa, level, Pte::leaf(page & !(size - 1), U_ALL));
                p.use_hgatp(table, 0);
                reads(p, gpa + 0x7f8, 0x5ca1e, &format!("{} page of {size:#x} bytes", scheme.name));
                if level > 0 {
                    // A superpage takes all lower bits from the address.
                    let other = gpa ^ 0x1000;
                    p.store(page ^ 0x1000, 0);
                    p.li(A0, other).li(A1, 0x77).hsv_d(A1, A0);
                    p.check_memory(page ^ 0x1000, 0x77, "the page beside it");
                }
            }
        }
    }

    /// A VS-stage leaf at each level of each scheme, under each scheme of the G stage.
    vs_stage_schemes_and_page_sizes
    [rules "H_vm_twostage" "hgatp_mode_x4"]
    [cases 35]
    [needs H]
    [cpus "vsatp=sv39" "vsatp=sv48,hgatp=sv39x4"]
    |p| {
        let page = p.page();
        p.put(page, 0x5ca1e);
        for g_scheme in p.schemes(csr::hgatp::NUMBER) {
            let g = p.table(g_scheme);
            p.identity(g);
            p.use_hgatp(g, 0);
            for scheme in p.schemes(csr::vsatp::NUMBER) {
                let vs = p.table(scheme);
                p.identity(vs);
                let (top, level_bits) = (scheme.levels - 1, scheme.address_bits() - 9);
                for level in 0..scheme.levels {
                    let size = scheme.page_size(level);
                    // The upper half, whose addresses are sign-extended.
                    let low = (0x180 + u64::from(level)) << level_bits | (page & (size - 1));
                    let va = low | u64::MAX << scheme.address_bits();
                    p.put_pte(vs, va, level, Pte::leaf(page & !(size - 1), U_ALL));
                    p.use_vsatp(vs, 0);
                    let what = format!("{} level {level} of {top} under {}", scheme.name, g_scheme.name);
                    reads(p, va, 0x5ca1e, &what);
                }
            }
        }
    }

    /// The root has four times as many entries: addresses that differ in the two extra bits differ.
    g_stage_root_is_four_pages
    [rules "hgatp_mode_x4"]
    [cases 29]
    [needs H]
    |p| {
        for scheme in p.schemes(csr::hgatp::NUMBER) {
            let table = p.table(scheme);
            p.identity(table);
            for extra in 0..4 {
                let page = p.page();
                p.put(page, extra + 1);
                let gpa = extra << (scheme.address_bits() - 2) | SPARE;
                p.map(table, gpa, page, U_ALL);
            }
            p.use_hgatp(table, 0);
            for extra in 0..4 {
                reads(p, extra << (scheme.address_bits() - 2) | SPARE, extra + 1, "one of four quarters");
            }
        }
    }

    /// Bits above the G stage's width must all be zero: it is a guest-page fault, for loads, stores and
    /// fetches, and the address is not sign-extended.
    guest_addresses_too_wide
    [rules "hgatp_mode_sv39x4" "hgatp_mode_sv48x4" "hgatp_mode_sv57x4" "H_guest_page_fault"]
    [cases 16 33]
    [needs H]
    |p| {
        for scheme in p.schemes(csr::hgatp::NUMBER) {
            let (table, page) = (p.table(scheme), p.page());
            p.identity(table);
            p.map(table, GPA, page, U_ALL);
            // What the highest address maps to, would sign extension count.
            p.map(table, (1 << scheme.address_bits()) - PAGE_SIZE, page, U_ALL);
            p.put(page, 7);
            p.use_hgatp(table, 0);
            reads(p, GPA, 7, "an address in the lowest part");
            reads(p, (1 << scheme.address_bits()) - PAGE_SIZE, 7, "the highest page");
            for bit in scheme.address_bits()..64 {
                guest_page_fault(p, GPA | 1 << bit);
            }
            guest_page_fault(p, PAGE_SIZE.wrapping_neg());
            let wide = GPA | 1 << scheme.address_bits();
            p.in_mode(Mode::VS, |p| {
                p.li(A0, wide);
                let fault = trap(Exception::StoreGuestPageFault, Mode::M).tval(wide).gpa(wide);
                p.expect_trap(fault.tinst_transformed(0), |p| {
                    p.sw(A1, 0, A0);
                });
                let fault = trap(Exception::InstGuestPageFault, Mode::M).tval(wide).gpa(wide);
                p.expect_trap(fault.epc(wide).tinst(0), |p| {
                    p.jr(A0);
                });
            });
        }
    }

    /// The VS stage yields addresses of 56 bits, all of which count.
    vs_stage_yields_wide_addresses
    [rules "hgatp_mode_sv39x4" "hgatp_mode_sv48x4" "H_vm_twostage"]
    [cases 16 33]
    [needs H]
    |p| {
        let guest = Guest::with_schemes(p, &SV39, &SV39X4, U_ALL, U_ALL);
        for bit in [41, 42, 50, 55] {
            let gpa = GPA | 1 << bit;
            p.store(guest.vs_pte, Pte::leaf(gpa, U_ALL).0);
            p.hfence_vvma(ZERO, ZERO);
            p.li(A0, VA + 0x18);
            let fault =
                trap(Exception::LoadGuestPageFault, Mode::M).tval(VA + 0x18).gva(true).gpa(gpa + 0x18);
            p.expect_trap(fault.tinst_transformed(0), |p| {
                p.hlv_w(A1, A0);
            });
        }
        if p.cpu().hgatp_levels < SV57X4.levels {
            return;
        }
        let (wide, page) = (p.table(&SV57X4), p.page());
        p.identity(wide);
        p.put(page, 0x99);
        p.map(wide, GPA | 1 << 55 | 1 << 41, page, U_ALL);
        p.use_hgatp(wide, 0);
        p.store(guest.vs_pte, Pte::leaf(GPA | 1 << 55 | 1 << 41, U_ALL).0);
        p.hfence_vvma(ZERO, ZERO);
        reads(p, VA, 0x99, "a guest physical address of 56 bits");
    }

    /// In the VS stage the bits above must equal the highest within: a page fault, not of the G stage.
    guest_virtual_addresses_must_be_canonical
    [rules "H_vm_twostage"]
    [cases 45]
    [needs H]
    |p| {
        let g = p.g_stage(&SV39X4);
        for scheme in p.schemes(csr::vsatp::NUMBER) {
            let (vs, page) = (p.table(scheme), p.page());
            p.identity(vs);
            p.map(vs, VA, GPA, S_ALL);
            let top = u64::MAX << (scheme.address_bits() - 1);
            p.map(vs, top, GPA, S_ALL);
            p.map(g, GPA + u64::from(scheme.levels) * PAGE_SIZE, page, U_ALL);
            p.use_vsatp(vs, 0);
            set_spvp(p, true);
            for wrong in (scheme.address_bits() - 1..64).map(|bit| VA ^ 1 << bit) {
                p.li(A0, wrong);
                let fault = trap(Exception::LoadPageFault, Mode::M).tval(wrong).gva(true);
                p.expect_trap(fault.tinst_transformed(0), |p| {
                    p.hlv_b(A1, A0);
                });
            }
            // The right ones pass the VS stage.
            for right in [VA, top] {
                p.li(A0, right);
                p.expect_trap(
                    trap(Exception::LoadGuestPageFault, Mode::M).tval(right).gva(true).gpa(GPA),
                    |p| {
                        p.hlv_b(A1, A0);
                    },
                );
            }
        }
    }
}
