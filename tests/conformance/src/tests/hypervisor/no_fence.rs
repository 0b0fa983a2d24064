//! What takes effect without a fence, and what a fence must follow.

use super::guest::{GPA, Guest, S_ALL, U_ALL, VA, set_spvp};
use crate::Program;
use crate::prelude::*;

/// A load by HLV from `va` finds `value`.
fn reads(p: &mut Program, va: u64, value: u64, what: &str) {
    p.li(A0, va).hlv_d(A1, A0);
    p.check_eq(A1, value, what);
}

fn page_of(p: &mut Program, value: u64) -> u64 {
    let page = p.page();
    p.put(page, value);
    page
}

/// A load by HLV is a fault of `exception`.
fn faults(p: &mut Program, exception: Exception) {
    p.li(A0, VA);
    p.expect_trap(trap(exception, Mode::M).tval(VA).gva(true), |p| {
        p.hlv_d(A1, A0);
    });
}

conformance_tests! {
    /// MXR, SUM and SPVP change what is allowed at once, whatever is remembered of the page.
    status_needs_no_fence
    [rules "hlsv_sstatus_mxr" "hlsv_vsstatus_mxr" "hlsv_priv"]
    [cases 110]
    [needs H]
    [cpus "tlb=sticky"]
    |p| {
        let guest = Guest::new(p, flags("xuad"), flags("xuad"));
        p.put(guest.page, 7);
        let (sstatus, vsstatus) = (csr::sstatus::NUMBER, csr::vsstatus::NUMBER);
        let (mxr, sum) = (csr::sstatus::MXR.mask(), csr::sstatus::SUM.mask());
        for _ in 0..2 {
            faults(p, Exception::LoadPageFault);
            p.set_csr(vsstatus, mxr);
            faults(p, Exception::LoadGuestPageFault);
            p.set_csr(sstatus, mxr);
            reads(p, VA, 7, "an executable page, with sstatus.MXR");
            set_spvp(p, true);
            faults(p, Exception::LoadPageFault);
            p.set_csr(vsstatus, sum);
            reads(p, VA, 7, "a user page, with vsstatus.SUM");
            p.clear_csr(vsstatus, sum | mxr);
            faults(p, Exception::LoadPageFault);
            set_spvp(p, false);
            reads(p, VA, 7, "a user page as VU-mode");
            p.clear_csr(sstatus, mxr);
        }
    }

    /// MPRV, MPP and MPV choose the translation of the very next access.
    mprv_needs_no_fence
    [rules "mstatus_mprv_hypervisor"]
    [cases 110]
    [needs H]
    [cpus "tlb=sticky"]
    |p| {
        use csr::mstatus::{MPP, MPRV, MPV};
        let guest = Guest::new(p, S_ALL, U_ALL);
        let (s, host) = (p.s_stage(&SV39), page_of(p, 1));
        p.map(s, VA, host, S_ALL);
        p.put(guest.page, 2);
        p.li(A0, VA);
        for _ in 0..2 {
            for (mpv, value) in [(0, 1), (1, 2)] {
                p.set_field(csr::mstatus::NUMBER, MPP, 1);
                p.set_field(csr::mstatus::NUMBER, MPV, mpv);
                p.set_csr(csr::mstatus::NUMBER, MPRV.mask());
                p.ld(A1, 0, A0);
                p.clear_csr(csr::mstatus::NUMBER, MPRV.mask());
                p.check_eq(A1, value, "a load by MPRV");
            }
        }
    }

    /// Other ASIDs and VMIDs are other address spaces, and coming back needs no fence where nothing was
    /// stored.
    address_spaces_are_apart
    [rules "sfence_vma_v1" "hfence-vvma_limits" "H_vm_twostage"]
    [cases 107 108]
    [needs H]
    [cpus "tlb=sticky"]
    |p| {
        if p.cpu().asid_len < 2 || p.cpu().vmid_len < 2 {
            return;
        }
        let guest = Guest::new(p, U_ALL, U_ALL);
        p.put(guest.page, 1);
        let (other_vs, other_g) = (p.table(&SV39), p.table(&SV39X4));
        p.identity(other_vs);
        p.identity(other_g);
        let pages = [page_of(p, 2), page_of(p, 3), page_of(p, 4)];
        p.map(other_vs, VA, GPA + 0x1000, U_ALL);
        p.map(guest.g, GPA + 0x1000, pages[0], U_ALL);
        p.map(other_g, GPA, pages[1], U_ALL);
        p.map(other_g, GPA + 0x1000, pages[2], U_ALL);
        for _ in 0..3 {
            for (vs, asid, g, vmid, value) in
                [(guest.vs, 1, guest.g, 1, 1), (other_vs, 2, guest.g, 1, 2), (guest.vs, 1, other_g, 2, 3), (other_vs, 2, other_g, 2, 4)]
            {
                p.write_csr(csr::vsatp::NUMBER, vs.atp(csr::vsatp::ASID.of(asid)));
                p.write_csr(csr::hgatp::NUMBER, g.atp(csr::hgatp::VMID.of(vmid)));
                reads(p, VA, value, "the page of one of four address spaces");
            }
        }
    }

    /// MODE changed for an ASID or VMID, to and from Bare: with the fence for it, the new one holds.
    modes_changed_and_fenced
    [rules "hfence-gvma_mode"]
    [cases 107]
    [needs H]
    [cpus "tlb=sticky"]
    |p| {
        let (page, other) = (page_of(p, 1), page_of(p, 2));
        // An address that every scheme translates, and where no machine has memory.
        const NOWHERE: u64 = 1 << 38;
        let tables: Vec<_> = p.schemes(csr::hgatp::NUMBER).into_iter().map(|scheme| p.table(scheme)).collect();
        for (index, table) in tables.iter().enumerate() {
            p.identity(*table);
            let mine = page_of(p, 10 + index as u64);
            p.map(*table, NOWHERE, mine, U_ALL);
        }
        for vmid in [0, 3] {
            for with_vmid in [false, true] {
                let fence = |p: &mut Program| {
                    p.li(A3, vmid);
                    p.hfence_gvma(ZERO, if with_vmid { A3 } else { ZERO });
                };
                for (index, table) in tables.iter().enumerate() {
                    p.write_csr(csr::hgatp::NUMBER, table.atp(csr::hgatp::VMID.of(vmid)));
                    fence(p);
                    reads(p, NOWHERE, 10 + index as u64, "by one of the schemes");
                    reads(p, page, 1, "memory at its own address");
                    p.write_csr(csr::hgatp::NUMBER, csr::hgatp::VMID.of(vmid));
                    fence(p);
                    reads(p, page, 1, "memory, with Bare");
                    reads(p, other, 2, "other memory, with Bare");
                    p.li(A0, NOWHERE);
                    p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(NOWHERE).gva(true), |p| {
                        p.hlv_d(A1, A0);
                    });
                }
            }
        }
    }

    /// Going from HS-mode to the guest and back changes the translation with the mode.
    modes_have_their_own_translations
    [rules "H_vm_twostage" "sret_v0"]
    [cases 108]
    [needs H]
    [cpus "tlb=sticky"]
    |p| {
        let guest = Guest::new(p, S_ALL, U_ALL);
        let (s, host) = (p.s_stage(&SV39), page_of(p, 1));
        p.map(s, VA, host, S_ALL);
        p.put(guest.page, 2);
        for _ in 0..3 {
            for (mode, value) in [(Mode::HS, 1), (Mode::VS, 2)] {
                p.in_mode(mode, |p| {
                    p.li(A0, VA).ld(A1, 0, A0);
                    p.check_eq(A1, value, "the mode's own page");
                });
            }
        }
    }

    /// A reservation of one address space is not used for another page at the same address.
    reservation_and_address_spaces
    [rules "H_vm_twostage"]
    [cases 108]
    [needs H]
    |p| {
        let guest = Guest::new(p, S_ALL, U_ALL);
        let (s, host) = (p.s_stage(&SV39), page_of(p, 1));
        p.map(s, VA, host, S_ALL);
        p.put(guest.page, 2);
        p.in_mode(Mode::HS, |p| {
            p.li(A0, VA).lr_d(A1, A0, Order::Plain);
        });
        p.in_mode(Mode::VS, |p| {
            p.li(A0, VA).li(A2, 9).sc_d(A1, A2, A0, Order::Plain);
            p.check_ne(A1, 0, "SC at an address that another address space has reserved");
        });
        p.check_memory(guest.page, 2, "the guest's page");
        p.check_memory(host, 1, "the host's page");
    }

    /// Protection changed needs the fences that the manual names; with them it holds, for pages and for
    /// tables.
    protection_changed_and_fenced
    [rules "H_pmp"]
    [cases 110]
    [needs H]
    [only |cpu| cpu.pmp_entries > 0]
    [cpus "tlb=sticky"]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        p.put(guest.page, 7);
        p.write_csr(csr::pmpaddr0::NUMBER + 1, u64::MAX >> 10);
        for target in [guest.page, guest.vs_pte & !(PAGE_SIZE - 1), guest.g_pte & !(PAGE_SIZE - 1)] {
            for permissions in [0x18, 0x19] {
                p.write_csr(csr::pmpaddr0::NUMBER, target >> 2 | 0x1ff);
                p.write_csr(csr::pmpcfg0::NUMBER, 0x1f << 8 | permissions);
                p.hfence_gvma(ZERO, ZERO);
                if permissions == 0x19 {
                    reads(p, VA, 7, "a page, after it was opened");
                } else {
                    faults(p, Exception::LoadAccessFault);
                }
            }
        }
    }

    /// ADUE and PBMTE of menvcfg with HFENCE.GVMA, those of henvcfg with HFENCE.VVMA.
    environment_changed_and_fenced
    [rules "H_vm_gpatrans"]
    [cases 110]
    [needs H Svadu Svpbmt]
    [cpus "tlb=sticky"]
    |p| {
        use csr::menvcfg::{ADUE, PBMTE};
        let typed = Pte::PBMT.of(1);
        let guest = Guest::new(p, U_ALL | typed, U_ALL);
        p.put(guest.page, 7);
        for _ in 0..2 {
            p.set_csr(csr::menvcfg::NUMBER, PBMTE.mask());
            p.hfence_gvma(ZERO, ZERO);
            p.set_csr(csr::henvcfg::NUMBER, PBMTE.mask());
            p.hfence_vvma(ZERO, ZERO);
            reads(p, VA, 7, "a page with a type, where types are on");
            p.clear_csr(csr::henvcfg::NUMBER, PBMTE.mask());
            p.hfence_vvma(ZERO, ZERO);
            faults(p, Exception::LoadPageFault);
        }
        guest.set_vs(p, U_ALL);
        guest.set_g(p, U_ALL | typed);
        for _ in 0..2 {
            p.set_csr(csr::menvcfg::NUMBER, PBMTE.mask());
            p.hfence_gvma(ZERO, ZERO);
            reads(p, VA, 7, "a page with a type in the G stage");
            p.clear_csr(csr::menvcfg::NUMBER, PBMTE.mask());
            p.hfence_gvma(ZERO, ZERO);
            faults(p, Exception::LoadGuestPageFault);
        }
        guest.set_g(p, flags("rwu"));
        faults(p, Exception::LoadGuestPageFault);
        p.set_csr(csr::menvcfg::NUMBER, ADUE.mask());
        p.hfence_gvma(ZERO, ZERO);
        reads(p, VA, 7, "a page not accessed before");
        p.check_memory(guest.g_pte, Pte::leaf(guest.page, flags("rwua")).0, "its entry");
    }

    /// FENCE.I at V=1 makes code visible that was stored through another address of the same page.
    fence_i_in_a_guest
    [rules "H_vm_twostage"]
    [cases 109 107]
    [needs H]
    |p| {
        let guest = Guest::new(p, flags("rxad"), U_ALL);
        let alias = p.map(guest.vs, VA + 0x1000, GPA, flags("rwad"));
        // li a2, 1 and li a2, 2, each with a return.
        let code = |value: u64| 0x8082_0000_0000 | 0x613 | value << 20;
        p.put(guest.page, code(1));
        p.in_mode(Mode::VS, |p| {
            p.li(A0, VA).li(A3, VA + 0x1000);
            for value in [1, 2, 3, 1] {
                p.li(A1, code(value)).sd(A1, 0, A3).fence_i().jalr(RA, 0, A0);
                p.check_eq(A2, value, "what the code says");
            }
        });
        // The same code page behind another guest address: by address, not by what was decoded there.
        let other = p.page();
        p.put(other, code(5));
        p.store(alias, 0);
        p.store(guest.g_pte, Pte::leaf(other, U_ALL).0);
        p.hfence_gvma(ZERO, ZERO).hfence_vvma(ZERO, ZERO).fence_i();
        p.in_mode(Mode::VS, |p| {
            p.li(A0, VA).jalr(RA, 0, A0);
            p.check_eq(A2, 5, "the code of another page at the same address");
        });
    }
}
