//! What page-table entries say beside the page: Svnapot, Svpbmt, Svade, Svadu and Svvptc.

use crate::Program;
use crate::prelude::*;
use csr::menvcfg::{ADUE, PBMTE};

/// In S-mode: loads from `va`; the doubleword there must be `value`.
fn loads(p: &mut Program, va: u64, value: u64, what: &str) {
    p.in_mode(Mode::HS, |p| {
        p.li(A0, va).ld(A1, 0, A0);
        p.check_eq(A1, value, what);
    });
}

/// In S-mode: loads from `va` fault.
fn load_faults(p: &mut Program, va: u64) {
    p.in_mode(Mode::HS, |p| {
        p.li(A0, va);
        p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(va), |p| {
            p.ld(A1, 0, A0);
        });
    });
}

/// 64 KiB of memory, each page of which begins with its address.
fn sixteen_pages(p: &mut Program) -> u64 {
    let base = p.pages(1 << 16, 1 << 16);
    for page in 0..16 {
        p.put(base + page * PAGE_SIZE, base + page * PAGE_SIZE);
    }
    base
}

/// A leaf of a range of 64 KiB at `base`.
fn napot(base: u64, letters: &str) -> Pte {
    Pte(Pte::leaf(base | 8 << 12, flags(letters)).0 | Pte::N.mask())
}

/// The program with satp's Sv39 on, a page with 0x99 in it at `SPARE`, and where its leaf is.
fn one_page(p: &mut Program, letters: &str) -> (u64, u64) {
    let s = p.s_stage(&SV39);
    let page = p.page();
    p.put(page, 0x99);
    let entry = p.map(s, SPARE, page, flags(letters));
    (entry, page)
}

conformance_tests! {
    /// Sixteen entries with N=1 and the size encoding 1000 map 64 KiB: each address gets its own page.
    napot_ranges_of_64_kib
    [rules "Svnapot_depends_Sv39" "Svnapot_pte_N" "Svnapot_range_napot" "Svnapot_valid_encoding"
        "Svnapot_implicit_read_ppn_subst" "Svnapot_cache_entries"]
    [needs Svnapot]
    [cpus "tlb=none"]
    |p| {
        for scheme in p.schemes(csr::satp::NUMBER) {
            let s = p.s_stage(scheme);
            let base = sixteen_pages(p);
            for page in 0..16 {
                p.put_pte(s, SPARE + page * PAGE_SIZE, 0, napot(base, "rwad"));
            }
            p.in_mode(Mode::HS, |p| {
                for page in [0, 5, 8, 15, 1] {
                    p.li(A0, SPARE + page * PAGE_SIZE).ld(A1, 0, A0);
                    p.check_eq(A1, base + page * PAGE_SIZE, "the page of the range");
                }
            });
            p.s_bare();
        }
    }

    /// N=1 with any other size encoding, or in a leaf of a higher level, faults.
    napot_reserved_encodings
    [rules "Svnapot_reserved_encoding_fault" "Svnapot_valid_encoding"]
    [needs Svnapot]
    |p| {
        let s = p.s_stage(&SV39);
        let base = sixteen_pages(p);
        let entry = p.put_pte(s, SPARE, 0, napot(base, "rwad"));
        loads(p, SPARE, base, "the first page");
        for low in (0..16).filter(|low| *low != 8) {
            p.store(entry, Pte::leaf(base | low << 12, flags("rwad")).0 | Pte::N.mask());
            p.sfence_vma(ZERO, ZERO);
            load_faults(p, SPARE);
        }
        let large = SPARE + (8 << 20);
        for low in [0, 8, 0x100] {
            let big = p.pages(2 << 20, 2 << 20);
            let leaf = Pte::leaf(big | low << 12, flags("rwad")).0 | Pte::N.mask();
            let at = p.pte_address(s, large, 1);
            p.store(at, leaf);
            p.sfence_vma(ZERO, ZERO);
            load_faults(p, large);
        }
    }

    /// The G stage has NAPOT ranges too.
    napot_in_the_g_stage
    [rules "Svnapot_hyp_gstage"]
    [needs H Svnapot]
    |p| {
        let (vs, g) = (p.vs_stage(&SV39), p.g_stage(&SV39X4));
        let (base, guest) = (sixteen_pages(p), SPARE + 0x12_0000);
        for page in 0..16 {
            p.map(vs, SPARE + page * PAGE_SIZE, guest + page * PAGE_SIZE, flags("rwad"));
            p.put_pte(g, guest + page * PAGE_SIZE, 0, napot(base, "rwuad"));
        }
        p.map(vs, SPARE + 0x4_0000, guest + 0x10_0000, flags("rwad"));
        p.put_pte(g, guest + 0x10_0000, 0, Pte(Pte::leaf(base | 4 << 12, flags("rwuad")).0 | Pte::N.mask()));
        p.in_mode(Mode::VS, |p| {
            for page in [0, 7, 8, 15] {
                p.li(A0, SPARE + page * PAGE_SIZE).ld(A1, 0, A0);
                p.check_eq(A1, base + page * PAGE_SIZE, "the page of the range");
            }
            p.li(A0, SPARE + 0x4_0000);
            let fault = trap(Exception::LoadGuestPageFault, Mode::M).tval(SPARE + 0x4_0000);
            p.expect_trap(fault.gpa(guest + 0x10_0000).tinst_transformed(0), |p| {
                p.ld(A1, 0, A0);
            });
        });
    }

    /// With PBMTE, the types PMA, NC and IO are allowed in leaves; 3 is reserved, and so is any but 0 in a
    /// pointer. Without PBMTE all but 0 are reserved.
    memory_types
    [rules "Svpbmt_depends_Sv39" "Svpbmt_nonleaf_pte_pbmt_must_be_zero" "Svpbmt_leaf_pte_pbmt_reserved_3_fault"
        "Svpbmt_vsatp_stage_override_rule"]
    [cases 43]
    [needs Svpbmt]
    |p| {
        let s = p.s_stage(&SV39);
        let page = p.page();
        p.put(page, 0x99);
        let leaf_at = p.map(s, SPARE, page, flags("rwad"));
        let pointer_at = p.pte_address(s, SPARE, 1);
        for enabled in [0, 1] {
            p.set_field(csr::menvcfg::NUMBER, PBMTE, enabled);
            for kind in 0..4 {
                p.store(leaf_at, Pte::leaf(page, flags("rwad")).0 | Pte::PBMT.of(kind));
                p.sfence_vma(ZERO, ZERO);
                if kind == 0 || enabled == 1 && kind < 3 {
                    loads(p, SPARE, 0x99, "a page of some memory type");
                } else {
                    load_faults(p, SPARE);
                }
                p.store(leaf_at, Pte::leaf(page, flags("rwad")).0);
                p.store(pointer_at, Pte::pointer(leaf_at & !0xfff).0 | Pte::PBMT.of(kind));
                p.sfence_vma(ZERO, ZERO);
                if kind == 0 {
                    loads(p, SPARE, 0x99, "a page below a pointer");
                } else {
                    load_faults(p, SPARE);
                }
                p.store(pointer_at, Pte::pointer(leaf_at & !0xfff).0);
            }
        }
    }

    /// Stores, atomics and loads to pages of every memory type work, also to one page by several types, with
    /// a fence between them; to devices by IO and NC as well.
    memory_types_order_accesses
    [rules "Svpbmt_obeys_mem_ordering" "Svpbmt_io_pma_nc_pbmt_obey_rvwmo"
        "Svpbmt_io_pma_nc_pbmt_treated_as_io_and_memory" "Svpbmt_memory_pma_io_pbmt_strong_io_ordering"
        "Svpbmt_memory_pma_io_pbmt_treated_as_io_and_memory" "Svpbmt_aliasing_attribute"
        "Svpbmt_noncacheable_aliasing_no_coherence_loss"
        "Svpbmt_noncacheable_aliasing_fence_prevents_ordering_loss"
        "Svpbmt_cacheable_aliasing_fence_flush_fence_required"]
    [needs Svpbmt Zicbom]
    |p| {
        p.set_csr(csr::menvcfg::NUMBER, PBMTE.mask() | csr::menvcfg::CBCFE.mask());
        let s = p.s_stage(&SV39);
        let page = p.page();
        for kind in 0..3 {
            let leaf = Pte::leaf(page, flags("rwad")).0 | Pte::PBMT.of(kind);
            p.put_pte(s, SPARE + kind * PAGE_SIZE, 0, Pte(leaf));
            let device = Pte::leaf(device::MTIMECMP & !0xfff, flags("rwad")).0 | Pte::PBMT.of(kind);
            p.put_pte(s, SPARE + (8 + kind) * PAGE_SIZE, 0, Pte(device));
        }
        p.sfence_vma(ZERO, ZERO);
        p.in_mode(Mode::HS, |p| {
            for (writer, reader) in [(0, 1), (1, 2), (2, 1), (2, 0), (1, 0), (0, 2), (1, 1), (2, 2)] {
                let value = 0x100 + 16 * writer + reader;
                p.li(A0, SPARE + writer * PAGE_SIZE).li(A2, SPARE + reader * PAGE_SIZE);
                p.li(A1, value).sd(A1, 0, A0);
                p.fence(15, 15).cbo_flush(A0).fence(15, 15);
                p.ld(A3, 0, A2);
                p.check_eq(A3, value, "what another type of the same page has stored");
                p.ld(A3, 0, A0);
                p.check_eq(A3, value, "what the same type has stored");
            }
            for kind in 0..3 {
                p.li(A0, SPARE + (8 + kind) * PAGE_SIZE + (device::MTIMECMP & 0xfff));
                p.li(A1, (1 << 60) + kind).sd(A1, 0, A0).fence(15, 15).ld(A2, 0, A0);
                p.check_eq(A2, (1 << 60) + kind, "what a device has taken");
            }
        });
        p.store(device::MTIMECMP, u64::MAX);
    }

    /// The G stage's types are those that menvcfg allows, the VS stage's those that henvcfg does; any of both
    /// together.
    memory_types_of_both_stages
    [rules "Svpbmt_hgatp_stage_override_rule" "Svpbmt_vsatp_stage_override_rule"]
    [cases 43]
    [needs H Svpbmt]
    |p| {
        let (vs, g) = (p.vs_stage(&SV39), p.g_stage(&SV39X4));
        let (guest, page) = (SPARE + 0x6000, p.page());
        p.put(page, 0x99);
        let vs_at = p.map(vs, SPARE, guest, flags("rwad"));
        let g_at = p.map(g, guest, page, flags("rwuad"));
        for (machine, hypervisor) in [(0, 0), (1, 0), (1, 1)] {
            p.set_field(csr::menvcfg::NUMBER, PBMTE, machine);
            p.set_field(csr::henvcfg::NUMBER, PBMTE, hypervisor);
            for (vs_kind, g_kind) in [(0, 0), (1, 0), (2, 0), (3, 0), (0, 1), (0, 2), (0, 3), (1, 2), (2, 1)]
            {
                p.store(vs_at, Pte::leaf(guest, flags("rwad")).0 | Pte::PBMT.of(vs_kind));
                p.store(g_at, Pte::leaf(page, flags("rwuad")).0 | Pte::PBMT.of(g_kind));
                p.hfence_vvma(ZERO, ZERO).hfence_gvma(ZERO, ZERO);
                let allowed = |enabled, kind| kind == 0 || enabled == 1 && kind < 3;
                p.in_mode(Mode::VS, |p| {
                    p.li(A0, SPARE);
                    if !allowed(hypervisor, vs_kind) {
                        p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(SPARE), |p| {
                            p.ld(A1, 0, A0);
                        });
                    } else if !allowed(machine, g_kind) {
                        let fault = trap(Exception::LoadGuestPageFault, Mode::M).tval(SPARE).gpa(guest);
                        p.expect_trap(fault.tinst_transformed(0), |p| {
                            p.ld(A1, 0, A0);
                        });
                    } else {
                        p.ld(A1, 0, A0);
                        p.check_eq(A1, 0x99, "the page");
                    }
                });
            }
        }
    }

    /// Where the hart does not update A and D, an access to a page with A clear faults, and so does a write
    /// to one with D clear; the entry stays as it is.
    clear_a_and_d_fault
    [rules "svade_access_ad_bit_clear" "Svadu_disabled_hw_update_falls_back_to_svade"]
    [cases 41]
    [needs Svade]
    |p| {
        let (entry, page) = one_page(p, "rw");
        for letters in ["rw", "rwa", "rwd", "rwad"] {
            let leaf = Pte::leaf(page, flags(letters)).0;
            p.store(entry, leaf);
            p.sfence_vma(ZERO, ZERO);
            p.in_mode(Mode::HS, |p| {
                p.li(A0, SPARE).li(A2, 0x99);
                if letters.contains('a') {
                    p.ld(A1, 0, A0);
                } else {
                    p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(SPARE), |p| {
                        p.ld(A1, 0, A0);
                    });
                }
                if letters.ends_with("ad") {
                    p.sd(A2, 0, A0);
                } else {
                    p.expect_trap(trap(Exception::StorePageFault, Mode::M).tval(SPARE), |p| {
                        p.sd(A2, 0, A0);
                    });
                }
            });
            p.check_memory(entry, leaf, "the entry");
        }
    }

    /// With ADUE, the hart sets A at an access and D at a write, in memory; ADUE can be written where Svadu
    /// is, and without it the hart faults again.
    hardware_sets_a_and_d
    [rules "Svadu_hw_update_a_d_bits" "Svadu_disabled_hw_update_falls_back_to_svade"]
    [cases 41 110]
    [needs Svadu]
    |p| {
        let (entry, page) = one_page(p, "rw");
        for enabled in [1, 0, 1] {
            p.set_field(csr::menvcfg::NUMBER, ADUE, enabled);
            p.check_csr_bits(csr::menvcfg::NUMBER, ADUE.mask(), ADUE.of(enabled), "ADUE");
            p.store(entry, Pte::leaf(page, flags("rw")).0);
            p.sfence_vma(ZERO, ZERO);
            if enabled == 0 {
                load_faults(p, SPARE);
                continue;
            }
            loads(p, SPARE, 0x99, "the page");
            p.check_memory(entry, Pte::leaf(page, flags("rwa")).0, "the entry after a load");
            p.in_mode(Mode::HS, |p| {
                p.li(A0, SPARE).li(A1, 0x99).sd(A1, 0, A0);
            });
            p.check_memory(entry, Pte::leaf(page, flags("rwad")).0, "the entry after a store");
            // A store that may not be made changes nothing.
            p.store(entry, Pte::leaf(page, flags("r")).0);
            p.sfence_vma(ZERO, ZERO);
            p.in_mode(Mode::HS, |p| {
                p.li(A0, SPARE);
                p.expect_trap(trap(Exception::StorePageFault, Mode::M).tval(SPARE), |p| {
                    p.sd(A1, 0, A0);
                });
            });
            p.check_memory(entry, Pte::leaf(page, flags("r")).0, "the entry after a store that is forbidden");
        }
    }

    /// With H, henvcfg.ADUE can be written too.
    henvcfg_adue
    [rules "Svadu_hypervisor_adue_writable"]
    [needs H Svadu]
    |p| {
        p.set_csr(csr::menvcfg::NUMBER, ADUE.mask());
        for value in [1, 0] {
            p.set_field(csr::henvcfg::NUMBER, ADUE, value);
            p.check_csr_bits(csr::henvcfg::NUMBER, ADUE.mask(), ADUE.of(value), "henvcfg.ADUE");
        }
    }

    /// An entry that becomes valid is used without a fence, in bounded time: a leaf and a pointer.
    entries_become_valid_without_a_fence
    [rules "Svvptc_explicit_stores_update_valid_bit"]
    [needs Svvptc]
    [cpus "tlb=sticky"]
    |p| {
        let s = p.s_stage(&SV39);
        let page = p.page();
        p.put(page, 0x99);
        let leaf_at = p.map(s, SPARE, page, flags("rwad"));
        let pointer_at = p.pte_address(s, SPARE, 1);
        for (at, valid) in
            [(leaf_at, Pte::leaf(page, flags("rwad"))), (pointer_at, Pte::pointer(leaf_at & !0xfff))]
        {
            p.store(at, valid.0 & !Pte::V.mask());
            p.sfence_vma(ZERO, ZERO);
            load_faults(p, SPARE);
            p.in_mode(Mode::HS, |p| {
                p.li(A4, at).li(A5, valid.0).sd(A5, 0, A4);
                // Some thousand instructions are a bounded time.
                p.li(A6, 2000);
                let again = p.here();
                p.addi(A6, A6, -1).bnez(A6, again);
                p.li(A0, SPARE).ld(A1, 0, A0);
                p.check_eq(A1, 0x99, "the page since its entry is valid");
            });
        }
    }
}
