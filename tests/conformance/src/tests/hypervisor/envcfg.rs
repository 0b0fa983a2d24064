//! henvcfg: its bits, menvcfg's power over them, and what they change in a guest.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;

conformance_tests! {
    /// henvcfg has a bit for each thing that the hart can be told, and all can be cleared.
    henvcfg_bits
    [rules "henvcfg_sz" "henvcfg_acc" "henvcfg_op"]
    [needs H]
    [cpus "svpbmt=off" "svadu=off" "sstc=off" "zicbom=off" "zicboz=off" "ssnpm=off" "ssdbltrp=off"]
    |p| {
        let writable = writable(p);
        p.write_csr(csr::menvcfg::NUMBER, u64::MAX);
        p.write_csr(csr::henvcfg::NUMBER, u64::MAX);
        p.check_csr(csr::henvcfg::NUMBER, writable, "henvcfg after writing ones");
        p.write_csr(csr::henvcfg::NUMBER, 0);
        p.check_csr(csr::henvcfg::NUMBER, 0, "henvcfg after writing zeros");
        p.in_mode(Mode::HS, |p| {
            for bit in (0..64).filter(|bit| writable >> bit & 1 == 1) {
                p.write_csr(csr::henvcfg::NUMBER, 1 << bit);
                // PMM=1 and CBIE=2 are reserved.
                if bit != csr::henvcfg::PMM.lo && bit != csr::henvcfg::CBIE.lo + 1 {
                    p.check_csr(csr::henvcfg::NUMBER, 1 << bit, "henvcfg with one bit set");
                }
            }
        });
    }

    /// What menvcfg does not enable is read-only zero in henvcfg, bit by bit.
    henvcfg_bits_that_menvcfg_disables
    [rules "henvcfg_acc" "menvcfg_pbmte_henvcfg_pbmte_rdonly0" "menvcfg_adue_henvcfg_adue_rdonly0"]
    [cases 96]
    [needs H Sstc Svpbmt Svadu]
    |p| {
        let gates = [csr::henvcfg::STCE.mask(), csr::henvcfg::PBMTE.mask(), csr::henvcfg::ADUE.mask()];
        let all = gates.iter().fold(0, |bits, bit| bits | bit);
        p.check_csr_bits(csr::henvcfg::NUMBER, all, 0, "henvcfg at the start");
        for gate in gates {
            p.write_csr(csr::menvcfg::NUMBER, all);
            p.write_csr(csr::henvcfg::NUMBER, all);
            p.check_csr_bits(csr::henvcfg::NUMBER, all, all, "henvcfg with all enabled");
            p.write_csr(csr::menvcfg::NUMBER, all & !gate);
            p.check_csr_bits(csr::henvcfg::NUMBER, all, all & !gate, "henvcfg with one disabled");
            p.write_csr(csr::henvcfg::NUMBER, all);
            p.check_csr_bits(csr::henvcfg::NUMBER, all, all & !gate, "henvcfg written with one disabled");
            p.write_csr(csr::menvcfg::NUMBER, gate);
            p.check_csr_bits(csr::henvcfg::NUMBER, all & !gate, 0, "henvcfg with the others disabled");
            p.write_csr(csr::henvcfg::NUMBER, all);
            p.check_csr_bits(csr::henvcfg::NUMBER, all, gate, "henvcfg with the others disabled, written");
            p.write_csr(csr::henvcfg::NUMBER, 0);
        }
        // FIOM does not depend on menvcfg.
        p.write_csr(csr::menvcfg::NUMBER, 0);
        p.check_write(csr::henvcfg::NUMBER, csr::henvcfg::FIOM.mask(), csr::henvcfg::FIOM.mask(), "FIOM");
    }

    /// A bit of henvcfg that has become zero, since menvcfg disabled it, does not come back with menvcfg's.
    henvcfg_bits_do_not_come_back
    [rules "henvcfg_acc"]
    [cases 96]
    [needs H Sstc Svpbmt Svadu]
    |p| {
        for gate in [csr::henvcfg::STCE.mask(), csr::henvcfg::PBMTE.mask(), csr::henvcfg::ADUE.mask()] {
            p.write_csr(csr::menvcfg::NUMBER, gate);
            p.check_write(csr::henvcfg::NUMBER, gate, gate, "henvcfg with a bit enabled");
            p.write_csr(csr::menvcfg::NUMBER, 0);
            p.check_csr(csr::henvcfg::NUMBER, 0, "henvcfg with the bit disabled");
            p.write_csr(csr::menvcfg::NUMBER, gate);
            p.check_csr(csr::henvcfg::NUMBER, 0, "henvcfg with the bit enabled again");
        }
    }

    /// With PBMTE the memory type in VS-stage entries is legal; without it is a page fault, at V=1 and for HLV.
    pbmte_governs_the_vs_stage
    [rules "henvcfg_pbmte_op" "henvcfg_op"]
    [needs H Svpbmt]
    |p| {
        let pbmte = csr::henvcfg::PBMTE.mask();
        let page = p.page();
        p.put(page, 0x99);
        let vs = p.vs_stage(&SV39);
        for (at, pbmt) in [(SPARE, 1), (SPARE + 0x1000, 2)] {
            p.map(vs, at, page, flags("rwad") | Pte::PBMT.of(pbmt));
        }
        p.write_csr(csr::menvcfg::NUMBER, pbmte);
        p.set_csr(csr::hstatus::NUMBER, csr::hstatus::SPVP.mask());
        for enabled in [true, false, true] {
            p.write_csr(csr::henvcfg::NUMBER, if enabled { pbmte } else { 0 });
            p.hfence_vvma(ZERO, ZERO);
            for mode in [Mode::VS, Mode::HS] {
                p.in_mode(mode, |p| {
                    for at in [SPARE, SPARE + 0x1000] {
                        p.li(A0, at);
                        let load = |p: &mut Program| {
                            if mode.virt {
                                p.ld(A1, 0, A0);
                            } else {
                                p.hlv_d(A1, A0);
                            }
                        };
                        if enabled {
                            load(p);
                            p.check_eq(A1, 0x99, "a page with a memory type");
                        } else {
                            p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(at).gva(true), load);
                        }
                    }
                });
            }
        }
    }

    /// With ADUE the hart sets A and D in VS-stage entries; without, what has to be set is a page fault.
    adue_governs_the_vs_stage
    [rules "henvcfg_adue_op" "henvcfg_op"]
    [needs H Svadu]
    |p| {
        let adue = csr::henvcfg::ADUE.mask();
        let page = p.page();
        let vs = p.vs_stage(&SV39);
        let pte = p.map(vs, SPARE, page, flags("rw"));
        p.write_csr(csr::menvcfg::NUMBER, adue);
        for enabled in [false, true, false] {
            p.write_csr(csr::henvcfg::NUMBER, if enabled { adue } else { 0 });
            for (before, store, after) in [("rw", false, "rwa"), ("rw", true, "rwad"), ("rwa", true, "rwad")]
            {
                p.store(pte, Pte::leaf(page, flags(before)).0);
                p.hfence_vvma(ZERO, ZERO);
                p.in_mode(Mode::VS, |p| {
                    p.li(A0, SPARE);
                    let access = |p: &mut Program| {
                        if store {
                            p.sd(A1, 0, A0);
                        } else {
                            p.ld(A1, 0, A0);
                        }
                    };
                    let exception = if store { Exception::StorePageFault } else { Exception::LoadPageFault };
                    if enabled {
                        access(p);
                    } else {
                        p.expect_trap(trap(exception, Mode::M).tval(SPARE), access);
                    }
                });
                let left = if enabled { after } else { before };
                p.check_memory(pte, Pte::leaf(page, flags(left)).0, "the entry");
            }
        }
    }

    /// PMM masks the upper bits of VS-mode's pointers, seven or sixteen of them, and only there.
    pmm_masks_pointers_of_vs_mode
    [rules "henvcfg_pmm_op" "henvcfg_op"]
    [needs H Ssnpm]
    |p| {
        let pmm = csr::henvcfg::PMM;
        let (first, second) = (p.page(), p.page());
        p.put(first, 0xaa);
        p.put(second, 0xbb);
        let s = p.s_stage(&SV39);
        p.map(s, SPARE, first, flags("rwad"));
        let vs = p.vs_stage(&SV39);
        p.map(vs, SPARE, second, flags("rwad"));
        p.map(vs, SPARE + 0x1000, second, flags("rwuad"));
        for (value, bits) in [(0, 0), (2, 7), (3, 16), (0, 0)] {
            p.set_field(csr::henvcfg::NUMBER, pmm, value);
            p.check_csr_bits(csr::henvcfg::NUMBER, pmm.mask(), pmm.of(value), "PMM");
            let tags = [1 << 63, 1 << 57, 0x7f << 57, 1 << 48, 0xffff << 48, 1 << 47];
            for tag in tags {
                for (mode, address) in [(Mode::VS, SPARE), (Mode::VU, SPARE + 0x1000), (Mode::HS, SPARE)] {
                    let pointer = tag | address;
                    let ignored = if mode == Mode::VS { bits } else { 0 };
                    let transformed = ((pointer << ignored) as i64 >> ignored) as u64;
                    p.in_mode(mode, |p| {
                        p.li(A0, pointer);
                        if transformed == address {
                            p.ld(A1, 0, A0);
                            p.check_eq(A1, 0xbb, "what a masked pointer points to");
                        } else {
                            p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(transformed), |p| {
                                p.ld(A1, 0, A0);
                            });
                        }
                    });
                }
            }
        }
        p.set_field(csr::henvcfg::NUMBER, pmm, 1);
        p.csrr(A0, csr::henvcfg::NUMBER);
        p.check_bits(A0, pmm.of(1), 0, "the reserved value of PMM is not held");
    }

    /// FIOM can be set, and fences of I/O and ordered atomics go on working in a guest: what they order is
    /// seen in order, at the device and in memory.
    fiom_orders_device_accesses_and_memory
    [rules "henvcfg_fiom_op" "henvcfg_fiom_order"]
    [needs H]
    |p| {
        let page = p.page();
        let fiom = csr::henvcfg::FIOM.mask();
        for value in [0, fiom] {
            p.check_write(csr::henvcfg::NUMBER, value, value, "FIOM");
            for (mode, compare) in [(Mode::VS, 0x1111_0000_0000), (Mode::VU, 0x2222_0000_0000)] {
                p.in_mode(mode, |p| {
                    p.li(A0, device::MTIMECMP).li(A1, compare).li(A2, page);
                    // Device output, then memory; memory, then device input.
                    p.sd(A1, 0, A0).fence(0b0100, 0b0100).ld(A3, 0, A0).fence(0b1100, 0b1100);
                    p.sd(A3, 0, A2).fence(0b0101, 0b1010);
                    p.amoadd_d(A4, A1, A2, Order::AqRl).ld(A5, 0, A0);
                    p.check_eq(A3, compare, "what the device has taken");
                    p.check_eq(A4, compare, "what memory held before the atomic");
                    p.check_eq(A5, compare, "what the device holds after the atomic");
                });
                p.check_memory(page, 2 * compare, "what memory holds in the end");
            }
        }
    }
}

/// The bits of henvcfg that can be written when menvcfg enables everything.
fn writable(p: &Program) -> u64 {
    use csr::henvcfg::{ADUE, CBCFE, CBIE, CBZE, DTE, FIOM, PBMTE, PMM, STCE};
    let of = |ext, field: isa::field::Field| if p.cpu().has(ext) { field.mask() } else { 0 };
    let blocks = of(Ext::Zicbom, CBIE) | of(Ext::Zicbom, CBCFE) | of(Ext::Zicboz, CBZE);
    let translation = of(Ext::Ssnpm, PMM) | of(Ext::Svadu, ADUE) | of(Ext::Svpbmt, PBMTE);
    FIOM.mask() | blocks | translation | of(Ext::Ssdbltrp, DTE) | of(Ext::Sstc, STCE)
}
