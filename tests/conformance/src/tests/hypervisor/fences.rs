//! Fences: after them, what was stored into page tables before holds.
//!
//! Entries that a fence need not touch may be gone all the same, so that no test asks for them here.

use super::guest::{FarTables, GPA, Guest, TABLES, U_ALL, VA};
use crate::Program;
use crate::prelude::*;

/// A load by HLV from `va` finds `value`.
fn reads(p: &mut Program, va: u64, value: u64, what: &str) {
    p.li(A0, va).hlv_d(A1, A0);
    p.check_eq(A1, value, what);
}

/// The number, in a page of its own.
fn page_of(p: &mut Program, value: u64) -> u64 {
    let page = p.page();
    p.put(page, value);
    page
}

/// A fence of the VS stage: by HS-mode, by M-mode or by the guest itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Machine,
    Hypervisor,
    Guest,
}

/// Fences the VS stage in that mode; `None` stands for register x0.
fn fence_vs(p: &mut Program, by: By, va: Option<u64>, asid: Option<u64>) {
    let body = |p: &mut Program| {
        let mut operand = |reg, value: Option<u64>| match value {
            Some(value) => {
                p.li(reg, value);
                reg
            }
            None => ZERO,
        };
        let (rs1, rs2) = (operand(A2, va), operand(A3, asid));
        if by == By::Guest {
            p.sfence_vma(rs1, rs2)
        } else {
            p.hfence_vvma(rs1, rs2)
        };
    };
    match by {
        By::Machine => body(p),
        By::Hypervisor => p.in_mode(Mode::HS, body),
        By::Guest => p.in_mode(Mode::VS, body),
    }
}

/// Fences the G stage in M- or HS-mode.
fn fence_g(p: &mut Program, by: By, gpa: Option<u64>, vmid: Option<u64>) {
    let body = |p: &mut Program| {
        let rs1 = if let Some(gpa) = gpa {
            p.li(A2, gpa >> 2);
            A2
        } else {
            ZERO
        };
        let rs2 = if let Some(vmid) = vmid {
            p.li(A3, vmid);
            A3
        } else {
            ZERO
        };
        p.hfence_gvma(rs1, rs2);
    };
    if by == By::Machine { body(p) } else { p.in_mode(Mode::HS, body) }
}

/// ASID and VMID of the tests here; both fit into 7 bits.
const ASID: u64 = 0x55;
const VMID: u64 = 0x2a;

/// The identifier with bits set that a hart with `len` of them ignores.
fn with_ignored_bits(id: u64, len: u32) -> [u64; 2] {
    [id & ((1 << len) - 1), id & ((1 << len) - 1) | u64::MAX << len]
}

conformance_tests! {
    /// Fences of the VS stage by address and ASID, or by all of one or both, from each mode that has one:
    /// the leaf changed before is the one used after.
    fences_of_the_vs_stage
    [rules "hfence-vvma_hfence-gvma_op" "hfence-vvma_mode" "hfence-vvma_limits" "sfence_vma_v1"]
    [cases 103 105]
    [needs H]
    [cpus "tlb=sticky" "tlb=none" "vmidlen=7,asidlen=7,tlb=sticky"]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        p.use_hgatp(guest.g, VMID);
        p.use_vsatp(guest.vs, ASID);
        let other = page_of(p, 2);
        p.put(guest.page, 1);
        p.map(guest.g, GPA + 0x1000, other, U_ALL);
        for by in [By::Machine, By::Hypervisor, By::Guest] {
            for va in [None, Some(VA), Some(VA + 0xff8)] {
                for asid in [None, Some(ASID)] {
                    reads(p, VA, 1, "the page, before");
                    p.store(guest.vs_pte, Pte::leaf(GPA + 0x1000, U_ALL).0);
                    fence_vs(p, by, va, asid);
                    reads(p, VA, 2, "the page, after its entry was changed and a fence");
                    p.store(guest.vs_pte, 0);
                    fence_vs(p, by, va, asid);
                    p.li(A0, VA);
                    p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(VA).gva(true), |p| {
                        p.hlv_d(A1, A0);
                    });
                    p.store(guest.vs_pte, Pte::leaf(GPA, U_ALL).0);
                    fence_vs(p, by, va, asid);
                }
            }
        }
    }

    /// A permission taken away, and an entry above the leaf changed: fences by address reach them too.
    fences_and_pointers
    [rules "hfence-vvma_mode" "hfence-gvma_op" "hfence-vvma_hfence-gvma_op"]
    [cases 104]
    [needs H]
    [cpus "tlb=sticky"]
    |p| {
        let far = FarTables::new(p, U_ALL);
        p.put(far.guest.page, 1);
        let (table, page) = (p.page(), page_of(p, 2));
        p.put(table + SV39.index(VA, 0) * 8, Pte::leaf(GPA + 0x1000, U_ALL).0);
        p.map(far.guest.g, SPARE + 0x0500_0000, table, U_ALL);
        p.map(far.guest.g, GPA + 0x1000, page, U_ALL);
        reads(p, VA, 1, "by the first table");
        p.store(far.entries[0], Pte::pointer(SPARE + 0x0500_0000).0);
        fence_vs(p, By::Machine, Some(VA), None);
        reads(p, VA, 2, "by the other table, whose pointer was stored");
        p.store(far.entries[0], Pte::pointer(TABLES[1]).0);
        fence_vs(p, By::Machine, None, None);
        reads(p, VA, 1, "by the first table again");
        // The G stage puts another table at the same guest physical address.
        p.store(far.g_ptes[1], Pte::leaf(table, U_ALL).0);
        fence_g(p, By::Machine, None, None);
        reads(p, VA, 2, "by a table that took the place of the first");
    }

    /// Fences of the G stage by guest physical address, shifted right by 2, and by VMID: combined
    /// translations are dropped too.
    fences_of_the_g_stage
    [rules "hfence-gvma_op" "hfence-vvma_hfence-gvma_op"]
    [cases 104]
    [needs H]
    [cpus "tlb=sticky" "tlb=none" "vmidlen=7,tlb=sticky"]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        p.use_hgatp(guest.g, VMID);
        let other = page_of(p, 2);
        p.put(guest.page, 1);
        for by in [By::Machine, By::Hypervisor] {
            for gpa in [None, Some(GPA), Some(GPA + 0xffc)] {
                for vmid in [None, Some(VMID)] {
                    reads(p, VA, 1, "the page, before");
                    p.store(guest.g_pte, Pte::leaf(other, U_ALL).0);
                    fence_g(p, by, gpa, vmid);
                    reads(p, VA, 2, "the page, after its entry was changed and a fence");
                    p.store(guest.g_pte, Pte::leaf(other, flags("xuad")).0);
                    fence_g(p, by, gpa, vmid);
                    p.li(A0, VA);
                    p.expect_trap(
                        trap(Exception::LoadGuestPageFault, Mode::M).tval(VA).gva(true).gpa(GPA),
                        |p| {
                            p.hlv_d(A1, A0);
                        },
                    );
                    p.store(guest.g_pte, Pte::leaf(guest.page, U_ALL).0);
                    fence_g(p, by, gpa, vmid);
                }
            }
        }
    }

    /// Bits of an ASID or VMID that the hart does not have do not count.
    fences_ignore_absent_bits
    [rules "hfence-vvma_asid" "hfence-gvma_vmid"]
    [cases 104 105]
    [needs H]
    [cpus "tlb=sticky" "asidlen=7,vmidlen=7,tlb=sticky" "asidlen=0,vmidlen=0,tlb=sticky"]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        let (asid_len, vmid_len) = (p.cpu().asid_len, p.cpu().vmid_len);
        p.use_hgatp(guest.g, VMID & ((1 << vmid_len) - 1));
        p.use_vsatp(guest.vs, ASID & ((1 << asid_len) - 1));
        let pages = [guest.page, page_of(p, 2)];
        p.put(guest.page, 1);
        p.map(guest.g, GPA + 0x1000, pages[1], U_ALL);
        for asid in with_ignored_bits(ASID, asid_len) {
            for (gpa, value) in [(GPA + 0x1000, 2), (GPA, 1)] {
                p.store(guest.vs_pte, Pte::leaf(gpa, U_ALL).0);
                fence_vs(p, By::Machine, Some(VA), Some(asid));
                reads(p, VA, value, "after HFENCE.VVMA with more bits than ASIDs have");
            }
        }
        for vmid in with_ignored_bits(VMID, vmid_len) {
            for (page, value) in [(pages[1], 2), (pages[0], 1)] {
                p.store(guest.g_pte, Pte::leaf(page, U_ALL).0);
                fence_g(p, By::Machine, Some(GPA), Some(vmid));
                reads(p, VA, value, "after HFENCE.GVMA with more bits than VMIDs have");
            }
        }
    }

    /// A fence for any address within a superpage is about all of it, in either stage.
    fences_of_superpages
    [rules "hfence-vvma_limits" "hfence-gvma_op"]
    [cases 106]
    [needs H]
    [cpus "tlb=sticky"]
    |p| {
        let (vs, g) = (p.vs_stage(&SV39), p.g_stage(&SV39X4));
        let size = 0x20_0000;
        let regions = [p.pages(size, size), p.pages(size, size)];
        for (region, value) in [(regions[0], 1), (regions[1], 2)] {
            for offset in [0, 0x5000, size - PAGE_SIZE] {
                p.put(region + offset, value + offset);
            }
        }
        let (va, gpa) = (SPARE + 0x0600_0000, SPARE + 0x0800_0000);
        let vs_pte = p.put_pte(vs, va, 1, Pte::leaf(gpa, U_ALL));
        let g_pte = p.put_pte(g, gpa, 1, Pte::leaf(regions[0], U_ALL));
        p.put_pte(g, gpa + size, 1, Pte::leaf(regions[1], U_ALL));
        let all = |p: &mut Program, value: u64, what: &str| {
            for offset in [0, 0x5000, size - PAGE_SIZE] {
                reads(p, va + offset, value + offset, what);
            }
        };
        all(p, 1, "before");
        for at in [0, 0x5000, 0x10_0000, size - 8] {
            p.store(vs_pte, Pte::leaf(gpa + size, U_ALL).0);
            fence_vs(p, By::Machine, Some(va + at), None);
            all(p, 2, "a piece of a superpage, after a fence for one address of the VS stage");
            p.store(vs_pte, Pte::leaf(gpa, U_ALL).0);
            fence_vs(p, By::Machine, Some(va + at), None);
            all(p, 1, "the same, back");
            p.store(g_pte, Pte::leaf(regions[1], U_ALL).0);
            fence_g(p, By::Machine, Some(gpa + at), None);
            all(p, 2, "a piece of a superpage, after a fence for one address of the G stage");
            p.store(g_pte, Pte::leaf(regions[0], U_ALL).0);
            fence_g(p, By::Machine, Some(gpa + at), None);
            all(p, 1, "the same, back");
        }
    }

    /// Fences of the VS stage for one ASID leave global mappings to those for all.
    fences_and_global_mappings
    [rules "hfence-vvma_limits" "sfence_vma_v1"]
    [cases 105]
    [needs H]
    [cpus "tlb=sticky"]
    |p| {
        let guest = Guest::new(p, U_ALL | Pte::G.mask(), U_ALL);
        p.use_vsatp(guest.vs, ASID);
        let other = page_of(p, 2);
        p.put(guest.page, 1);
        p.map(guest.g, GPA + 0x1000, other, U_ALL);
        for by in [By::Machine, By::Guest] {
            for va in [None, Some(VA)] {
                reads(p, VA, 1, "the page, before");
                p.store(guest.vs_pte, Pte::leaf(GPA + 0x1000, U_ALL | Pte::G.mask()).0);
                fence_vs(p, by, va, None);
                reads(p, VA, 2, "a global page, after a fence for all address spaces");
                p.store(guest.vs_pte, Pte::leaf(GPA, U_ALL | Pte::G.mask()).0);
                fence_vs(p, by, va, None);
            }
        }
    }

    /// At V=0 SFENCE.VMA is about satp's tables: by address and ASID, for HS- and U-mode's translations.
    sfence_at_v_0
    [rules "sfence_vma_v0" "hfence-vvma_hfence-gvma_op"]
    [cases 103]
    [needs H]
    [cpus "tlb=sticky" "tlb=none"]
    |p| {
        let (s, pages) = (p.s_stage(&SV39), [page_of(p, 1), page_of(p, 2)]);
        let pte = p.map(s, VA, pages[0], flags("rwad"));
        p.use_satp(s, ASID);
        let loads = |p: &mut Program, value: u64| {
            p.in_mode(Mode::HS, |p| {
                p.li(A0, VA).ld(A1, 0, A0);
                p.check_eq(A1, value, "HS-mode's page");
            });
        };
        for in_hs in [false, true] {
            for (va, asid) in [(false, false), (true, false), (false, true), (true, true)] {
                for (page, value) in [(pages[1], 2), (pages[0], 1)] {
                    p.store(pte, Pte::leaf(page, flags("rwad")).0);
                    let body = |p: &mut Program| {
                        p.li(A2, VA).li(A3, ASID);
                        p.sfence_vma(if va { A2 } else { ZERO }, if asid { A3 } else { ZERO });
                    };
                    if in_hs {
                        p.in_mode(Mode::HS, body)
                    } else {
                        body(p)
                    }
                    loads(p, value);
                }
            }
        }
    }
}
