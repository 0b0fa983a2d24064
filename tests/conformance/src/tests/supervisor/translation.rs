//! Sv39, Sv48 and Sv57: addresses, levels, page sizes and permissions.

use isa::paging::Scheme;

use crate::Program;
use crate::prelude::*;

/// Sign-extends a virtual address of `bits` bits.
fn canonical(address: u64, bits: u32) -> u64 {
    (address << (64 - bits)).cast_signed().wrapping_shr(64 - bits).cast_unsigned()
}

/// A virtual address whose index at every level is another number, in the lower half.
fn spread(scheme: &Scheme) -> u64 {
    (0..scheme.levels).fold(0, |va, level| va | (0x5a + 0x11 * u64::from(level)) << (12 + 9 * level))
}

/// In S-mode: loads from `va` fault, as page faults.
fn load_faults(p: &mut Program, va: u64) {
    p.li(A0, va);
    p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(va), |p| {
        p.ld(A1, 0, A0);
    });
}

conformance_tests! {
    /// The bits above the address's width must all equal its top bit, for loads, stores and fetches.
    addresses_are_sign_extended
    [rules "Sv39_va_sz" "Sv39_va_signext" "Sv48_va_sz" "Sv48_va_signext" "Sv57_va_sz" "Sv57_va_signext"]
    [cases 45]
    [cpus "satp=sv39" "satp=sv48"]
    |p| {
        for scheme in p.schemes(csr::satp::NUMBER) {
            let bits = 12 + 9 * scheme.levels;
            let s = p.s_stage(scheme);
            let page = p.page();
            p.put(page, 0x8082);
            let (low, high) = (spread(scheme), canonical(spread(scheme) | 1 << (bits - 1), bits));
            for va in [low, high] {
                p.map(s, va, page, flags("rwxad"));
            }
            p.in_mode(Mode::HS, |p| {
                for va in [low, high] {
                    p.li(A0, va).li(A2, 0x8082).sd(A2, 0, A0).ld(A1, 0, A0).jalr(RA, 0, A0);
                    p.check_eq(A1, 0x8082, "the page at an address with its sign extended");
                    for bit in [bits, bits + 1, 63] {
                        let wrong = va ^ 1 << bit;
                        load_faults(p, wrong);
                        p.expect_trap(trap(Exception::StorePageFault, Mode::M).tval(wrong), |p| {
                            p.sd(A2, 0, A0);
                        });
                        p.expect_trap(trap(Exception::InstPageFault, Mode::M).tval(wrong).epc(wrong), |p| {
                            p.jalr(RA, 0, A0);
                        });
                    }
                }
            });
            p.s_bare();
        }
    }

    /// Every bit of the virtual page number chooses an entry: nine at each level, of eight bytes each.
    every_bit_of_the_page_number_counts
    [rules "Sv39_vpn_sz" "Sv39_levels" "Sv39_pte_count" "Sv39_pte_sz" "Sv39_pt_sz" "Sv39_pt_align"
        "Sv39_LEVELS" "Sv39_PTESIZE" "Sv48_vpn_sz" "Sv48_levels" "Sv48_LEVELS" "Sv48_PTESIZE" "Sv57_vpn_sz"
        "Sv57_levels" "Sv57_LEVELS" "Sv57_PTESIZE"]
    |p| {
        for scheme in p.schemes(csr::satp::NUMBER) {
            let s = p.s_stage(scheme);
            let page = p.page();
            p.put(page, 0x77);
            let va = spread(scheme);
            p.map(s, va, page, flags("rwad"));
            for level in 0..scheme.levels {
                p.in_mode(Mode::HS, |p| {
                    p.li(A0, va).ld(A1, 0, A0);
                    p.check_eq(A1, 0x77, "the page");
                    // The top bit would make the address a negative one, which has its own test.
                    let bits = if level + 1 == scheme.levels { 8 } else { 9 };
                    for bit in (12 + 9 * level..).take(bits) {
                        load_faults(p, va ^ 1 << bit);
                    }
                });
            }
            p.s_bare();
        }
    }

    /// The offset in the page is not translated.
    offsets_are_not_translated
    [rules "Sv39_page_offset_sz" "Sv48_page_offset_sz" "Sv57_page_offset_sz"]
    |p| {
        for scheme in p.schemes(csr::satp::NUMBER) {
            let s = p.s_stage(scheme);
            let page = p.page();
            p.map(s, SPARE, page, flags("rwad"));
            for bit in 3..12 {
                p.put(page + (1 << bit), 1 << bit);
            }
            p.in_mode(Mode::HS, |p| {
                for bit in 3..12 {
                    p.li(A0, SPARE + (1 << bit)).ld(A1, 0, A0);
                    p.check_eq(A1, 1 << bit, "the doubleword at its offset");
                }
            });
            p.s_bare();
        }
    }

    /// A leaf may be at any level; its page is as large as what the levels below would translate, and must
    /// lie at a multiple of its size in physical memory, else the access faults.
    leaves_at_every_level
    [rules "Sv39_leaf_any_level" "Sv39_page_sizes" "Sv39_superpage_align" "Sv39_superpage_align_fault"
        "Sv48_leaf_any_level" "Sv48_page_sizes" "Sv48_superpage_align" "Sv48_superpage_align_fault"
        "Sv57_leaf_any_level" "Sv57_page_sizes" "Sv57_superpage_align" "Sv57_superpage_align_fault"]
    |p| {
        for scheme in p.schemes(csr::satp::NUMBER) {
            let s = p.s_stage(scheme);
            let page = p.page();
            p.put(page + 0x18, 0x99);
            for level in 0..scheme.levels {
                let size = scheme.page_size(level);
                // Above the gigabytes that the framework maps, and below the middle.
                let va = if level < 2 { SPARE + size } else { (8u64 << 30).next_multiple_of(size) };
                let base = page & !(size - 1);
                let at = p.put_pte(s, va, level, Pte::leaf(base, flags("rwad")));
                let inside = va + (page - base) + 0x18;
                p.in_mode(Mode::HS, |p| {
                    p.li(A0, inside).ld(A1, 0, A0);
                    p.check_eq(A1, 0x99, &format!("{}: a page of level {level}", scheme.name));
                });
                for bit in 12..size.trailing_zeros() {
                    p.store(at, Pte::leaf(base | 1 << bit, flags("rwad")).0);
                    p.sfence_vma(ZERO, ZERO);
                    p.in_mode(Mode::HS, |p| load_faults(p, inside));
                }
                p.store(at, 0);
                p.sfence_vma(ZERO, ZERO);
            }
            p.s_bare();
        }
    }

    /// An entry with a reserved bit or encoding faults: of a leaf, and of a pointer, where A, D and U are
    /// reserved too; so does a pointer where only a leaf can be.
    reserved_entries
    [rules "Sv39_pte_future_rsv" "Sv39_pte_svnapot_rsv" "Sv39_pte_svpbmt_rsv"]
    [cpus "svnapot=off" "svpbmt=off"]
    |p| {
        let s = p.s_stage(&SV39);
        let page = p.page();
        p.put(page, 0x31);
        let leaf_at = p.map(s, SPARE, page, flags("rwad"));
        let pointer_at = p.pte_address(s, SPARE, 1);
        let (leaf, pointer) = (Pte::leaf(page, flags("rwad")).0, Pte::pointer(leaf_at & !0xfff).0);
        let mut bad_leaves: Vec<u64> = (54..=60).map(|bit| leaf | 1 << bit).collect();
        bad_leaves.extend([leaf & !Pte::V.mask(), leaf & !Pte::R.mask(), Pte::pointer(page).0]);
        // Without Svnapot and Svpbmt these are reserved; with them, PBMTE being clear and the size
        // encoding being none that is defined, they are too.
        bad_leaves.extend([leaf | Pte::N.mask(), leaf | Pte::PBMT.of(1), leaf | Pte::PBMT.of(2)]);
        let bad_pointers = (54..=63).map(|bit| 1 << bit).chain([flags("a"), flags("d"), flags("u")]);
        for bad in bad_leaves {
            p.store(leaf_at, bad);
            p.sfence_vma(ZERO, ZERO);
            p.in_mode(Mode::HS, |p| load_faults(p, SPARE));
        }
        p.store(leaf_at, leaf);
        for bad in bad_pointers {
            p.store(pointer_at, pointer | bad);
            p.sfence_vma(ZERO, ZERO);
            p.in_mode(Mode::HS, |p| load_faults(p, SPARE));
        }
        // G and the bits for software are no reason to fault.
        for good in [flags("g"), Pte::RSW.mask()] {
            p.store(leaf_at, leaf | good);
            p.store(pointer_at, pointer | good);
            p.sfence_vma(ZERO, ZERO);
            p.in_mode(Mode::HS, |p| {
                p.li(A0, SPARE).ld(A1, 0, A0);
                p.check_eq(A1, 0x31, "the page");
            });
        }
    }

    /// A fetch needs X, a load or load-reserved R, a store, store-conditional or atomic W.
    permissions
    [rules "fetch_page_fault_no_x" "load_page_fault_no_r" "store_page_fault_no_w"]
    |p| {
        let s = p.s_stage(&SV39);
        let page = p.page();
        p.put(page, 0x8082);
        let at = p.map(s, SPARE, page, 0);
        for letters in ["rad", "rwad", "xad", "rxad", "rwxad"] {
            p.store(at, Pte::leaf(page, flags(letters)).0);
            p.sfence_vma(ZERO, ZERO);
            let has = |letter| letters.contains(letter);
            p.in_mode(Mode::HS, |p| {
                p.li(A0, SPARE).li(A2, 0x8082);
                let mut access = |works: bool, fault: Exception, body: &dyn Fn(&mut Program)| {
                    if works {
                        body(p);
                    } else {
                        p.expect_trap(trap(fault, Mode::M).tval(SPARE), body);
                    }
                };
                access(has('r'), Exception::LoadPageFault, &|p| {
                    p.ld(A1, 0, A0);
                });
                access(has('r'), Exception::LoadPageFault, &|p| {
                    p.lbu(A1, 0, A0);
                });
                access(has('r'), Exception::LoadPageFault, &|p| {
                    p.lr_d(A1, A0, Order::Plain);
                });
                access(has('w'), Exception::StorePageFault, &|p| {
                    p.sd(A2, 0, A0);
                });
                access(has('w'), Exception::StorePageFault, &|p| {
                    p.amoor_d(A1, ZERO, A0, Order::Plain);
                });
                access(has('w'), Exception::StorePageFault, &|p| {
                    p.sc_d(A1, A2, A0, Order::Plain);
                });
                if has('x') {
                    p.jalr(RA, 0, A0);
                } else {
                    p.expect_trap(trap(Exception::InstPageFault, Mode::M).tval(SPARE).epc(SPARE), |p| {
                        p.jalr(RA, 0, A0);
                    });
                }
            });
        }
    }
}
