//! satp: its fields, which modes and ASIDs there are, and when it translates.

use isa::paging::{SCHEMES, Stage};

use crate::Program;
use crate::prelude::*;
use csr::satp::{ASID, MODE, PPN};

/// The encodings of MODE that satp has on this hart.
fn modes(p: &Program) -> Vec<u64> {
    let schemes = p.schemes(csr::satp::NUMBER);
    std::iter::once(0).chain(schemes.into_iter().map(|scheme| scheme.mode)).collect()
}

/// Where no machine has memory or devices, and an address that every scheme translates.
const NOWHERE: u64 = 1 << 37;

conformance_tests! {
    /// satp holds MODE, an ASID of ASIDLEN bits and a PPN of 44 bits, for every mode that there is; it can
    /// always be Bare, and whoever has a larger mode has the smaller ones.
    satp_fields
    [rules "satp_sz" "satp_acc" "satp_op" "satp_mode" "satp_mode_sz" "satp_mode_acc" "satp_mode_sxlen64"
        "ASIDLEN" "satp_ppn_sv39_sz" "satp_ppn_sv48_sz" "satp_ppn_sv57_sz" "svbare_satp_mode_bare"
        "Sv48_requires_Sv39" "Sv57_requires_Sv48" "Sv39_sxlen" "Sv48_sxlen" "Sv57_sxlen"]
    [cpus "asidlen=0" "asidlen=7" "satp=sv39" "satp=sv48"]
    |p| {
        let ids = (1 << p.cpu().asid_len) - 1;
        for mode in modes(p).into_iter().filter(|mode| *mode != 0) {
            let (all, some) =
                (MODE.of(mode) | ASID.mask() | PPN.mask(), MODE.of(mode) | PPN.of(0x123_4567_89ab));
            p.check_write(csr::satp::NUMBER, all, MODE.of(mode) | ASID.of(ids) | PPN.mask(), "satp");
            p.check_write(csr::satp::NUMBER, some, some, "satp");
        }
        p.check_write(csr::satp::NUMBER, 0, 0, "satp after selecting Bare");
        p.in_mode(Mode::U, |p| {
            p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                p.csrr(A0, csr::satp::NUMBER);
            });
        });
    }

    /// A write with a MODE that is not there changes nothing of satp.
    satp_with_an_unsupported_mode
    [rules "satp_mode_op_unsupported" "satp_mode_sxlen64"]
    [cases 31]
    [cpus "satp=sv39" "satp=sv48"]
    |p| {
        let there = modes(p);
        for old in [MODE.of(SV39.mode) | PPN.of(0x8_0000), 0] {
            p.write_csr(csr::satp::NUMBER, old);
            for mode in (0..16).filter(|mode| !there.contains(mode)) {
                let written = MODE.of(mode) | ASID.of(1) | PPN.of(0x9_1234);
                p.check_write(csr::satp::NUMBER, written, old, "satp");
            }
        }
        p.write_csr(csr::satp::NUMBER, 0);
    }

    /// With Bare, virtual addresses are physical ones: nothing is translated and nothing but PMP protects.
    satp_bare
    [rules "satp_mode_op" "svbare_satp_mode_bare"]
    |p| {
        let page = p.page();
        p.put(page, 0x1357);
        for mode in [Mode::HS, Mode::U] {
            p.in_mode(mode, |p| {
                p.li(A0, page).ld(A1, 0, A0).sd(A1, 8, A0);
                p.check_eq(A1, 0x1357, "memory at its own address");
                p.li(A0, 1 << 55);
                p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(1 << 55), |p| {
                    p.ld(A1, 0, A0);
                });
            });
        }
    }

    /// satp translates for S- and U-mode, and for M-mode where MPRV says so, not otherwise.
    satp_is_active_below_m
    [rules "satp_op_active" "satp_op"]
    |p| {
        let s = p.s_stage(&SV39);
        let page = p.page();
        p.put(page, 0x2468);
        p.map(s, SPARE, page, flags("rwad"));
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE).ld(A1, 0, A0);
            p.check_eq(A1, 0x2468, "the page, as S-mode sees it");
        });
        p.li(A0, SPARE);
        for (mpp, works) in [(Mode::HS, true), (Mode::U, false)] {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPP, mpp.privilege as u64);
            p.li(A2, csr::mstatus::MPRV.mask());
            if works {
                p.csrs(csr::mstatus::NUMBER, A2).ld(A1, 0, A0).csrc(csr::mstatus::NUMBER, A2);
                p.check_eq(A1, 0x2468, "the page, by MPRV");
            } else {
                p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(SPARE), |p| {
                    p.csrs(csr::mstatus::NUMBER, A2).ld(A1, 0, A0);
                });
            }
        }
        p.li(A0, page).ld(A1, 0, A0);
        p.check_eq(A1, 0x2468, "the page at its physical address, in M-mode");
    }

    /// Turning translation on and off takes effect at once, without a fence.
    satp_mode_takes_effect_at_once
    [rules "sfence_vma_mode_effect"]
    [cases 107]
    [cpus "tlb=sticky"]
    |p| {
        for scheme in p.schemes(csr::satp::NUMBER) {
            let s = p.s_stage(scheme);
            let (page, other) = (p.page(), p.page());
            p.put(page, 0x11);
            p.put(other, 0x22);
            // No memory is there; seen through satp, it is `other`.
            let beyond = NOWHERE + (page & 0x1f_f000);
            p.map(s, beyond, other, flags("rwad"));
            p.li(A2, s.atp(0)).li(A0, beyond);
            p.in_mode(Mode::HS, |p| {
                for _ in 0..2 {
                    p.csrw(csr::satp::NUMBER, A2).ld(A1, 0, A0);
                    p.check_eq(A1, 0x22, "the page that satp says");
                    p.csrw(csr::satp::NUMBER, ZERO);
                    p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(beyond), |p| {
                        p.ld(A1, 0, A0);
                    });
                }
            });
        }
    }

    /// The same in a guest, with a G stage below: vsatp's mode takes effect at once.
    vsatp_mode_takes_effect_at_once
    [rules "sfence_vma_mode_effect"]
    [cases 107]
    [needs H]
    [cpus "tlb=sticky"]
    |p| {
        let g = p.g_stage(&SV39X4);
        let vs = p.table(&SV39);
        p.identity(vs);
        let (first, second) = (p.page(), p.page());
        p.put(first, 0x11);
        p.put(second, 0x22);
        p.map(g, SPARE, first, flags("rwuad"));
        p.map(g, SPARE + 0x1000, second, flags("rwuad"));
        p.map(vs, SPARE, SPARE + 0x1000, flags("rwad"));
        p.in_mode(Mode::VS, |p| {
            p.li(A0, SPARE).li(A2, vs.atp(0));
            for _ in 0..2 {
                p.csrw(csr::satp::NUMBER, A2).ld(A1, 0, A0);
                p.check_eq(A1, 0x22, "the page that vsatp says");
                p.csrw(csr::satp::NUMBER, ZERO).ld(A1, 0, A0);
                p.check_eq(A1, 0x11, "the page without vsatp");
            }
        });
    }

    /// A change of ASID takes effect at once: each address space has its own translations.
    asid_takes_effect_at_once
    [rules "sfence_vma_asid_effect" "satp_op"]
    [only |cpu| cpu.asid_len > 0]
    [cpus "tlb=sticky" "asidlen=1"]
    |p| {
        let tables: Vec<_> = (0..2)
            .map(|_| {
                let table = p.table(&SV39);
                p.identity(table);
                table
            })
            .collect();
        for (i, table) in tables.iter().enumerate() {
            let page = p.page();
            p.put(page, 0x100 + i as u64);
            p.map(*table, SPARE, page, flags("rwad"));
        }
        p.use_satp(tables[0], 0);
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE);
            for i in [0, 1, 0, 1] {
                p.li(A2, tables[i].atp(ASID.of(i as u64))).csrw(csr::satp::NUMBER, A2).ld(A1, 0, A0);
                p.check_eq(A1, 0x100 + i as u64, "the page of this address space");
            }
        });
        p.s_bare();
    }

    /// An ASID that is used again for other tables needs a fence, which makes the new ones hold.
    asid_used_again
    [rules "satp_op_sfence_vma" "sfence_vma_op" "sfence_vma_ordering_semantics"]
    [cpus "tlb=sticky"]
    |p| {
        let tables = [p.table(&SV39), p.table(&SV39)];
        for (i, table) in tables.into_iter().enumerate() {
            p.identity(table);
            let page = p.page();
            p.put(page, 0x200 + i as u64);
            p.map(table, SPARE, page, flags("rwad"));
        }
        p.use_satp(tables[0], 1);
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE);
            for i in [0, 1, 0] {
                p.li(A2, tables[i].atp(ASID.of(1))).csrw(csr::satp::NUMBER, A2).sfence_vma(ZERO, ZERO);
                p.ld(A1, 0, A0);
                p.check_eq(A1, 0x200 + i as u64, "the page that the new tables say");
            }
        });
        p.s_bare();
    }

    /// Nothing is translated by schemes that satp does not have: their number is that of the knob.
    modes_that_there_are
    [rules "satp_mode_sxlen64"]
    [cpus "satp=sv39" "satp=sv48"]
    |p| {
        for scheme in SCHEMES.iter().filter(|scheme| scheme.stage == Stage::First) {
            let there = scheme.levels <= p.cpu().satp_levels;
            let value = MODE.of(scheme.mode);
            p.check_write(csr::satp::NUMBER, value, if there { value } else { 0 }, scheme.name);
            p.write_csr(csr::satp::NUMBER, 0);
        }
    }
}
