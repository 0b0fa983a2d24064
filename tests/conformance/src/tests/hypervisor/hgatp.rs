//! hgatp: its fields, its modes, and that a write takes effect.

use isa::paging::BARE;

use crate::prelude::*;

conformance_tests! {
    /// hgatp has MODE, VMID and a PPN of 44 bits whose two low bits are zero.
    hgatp_bits
    [rules "hgatp_sz" "hgatp_acc" "hgatp_ppn_op" "HGATP_VMID" "hgatp_vmid_lsbs"]
    [cases 30]
    [needs H]
    [cpus "vmidlen=0" "vmidlen=1" "vmidlen=7"]
    |p| {
        use csr::hgatp::{MODE, NUMBER, PPN, VMID};
        let vmid = VMID.of((1 << p.cpu().vmid_len) - 1);
        let sv39x4 = MODE.of(SV39X4.mode);
        for mode in [Mode::M, Mode::HS] {
            let body = |p: &mut crate::Program| {
                p.check_write(
                    NUMBER,
                    sv39x4 | PPN.mask(),
                    sv39x4 | PPN.mask() & !3,
                    "hgatp with all bits of PPN",
                );
                p.check_write(NUMBER, sv39x4 | VMID.mask(), sv39x4 | vmid, "hgatp with all bits of VMID");
                p.check_write(NUMBER, sv39x4, sv39x4, "hgatp with MODE alone");
                for bit in 0..44 {
                    p.check_write(
                        NUMBER,
                        sv39x4 | 1 << bit,
                        sv39x4 | 1 << bit & !3,
                        "hgatp with one bit of PPN",
                    );
                }
                p.check_write(NUMBER, 0, 0, "hgatp after writing zeros");
            };
            if mode == Mode::M { body(p) } else { p.in_mode(mode, body) }
        }
    }

    /// Every mode that the hart has can be selected; one that it has not leaves a legal MODE, and the write
    /// is not ignored as it is for satp.
    hgatp_modes
    [rules "HGATP_MODE_WARL" "hgatp_mode_sv" "hgatp_acc"]
    [cases 31 35]
    [needs H]
    [cpus "hgatp=sv39x4,satp=sv57" "hgatp=sv48x4" "hgatp=sv57x4,satp=sv39"]
    |p| {
        use csr::hgatp::{MODE, NUMBER, PPN};
        let mut there: Vec<u64> = p.schemes(NUMBER).iter().map(|scheme| scheme.mode).collect();
        there.push(BARE);
        for mode in 0..16 {
            p.write_csr(NUMBER, MODE.of(SV39X4.mode) | PPN.of(0x8_0000));
            if mode == BARE {
                p.check_write(NUMBER, 0, 0, "hgatp with MODE=Bare");
            } else if there.contains(&mode) {
                let value = MODE.of(mode) | PPN.of(0x9_0000);
                p.check_write(NUMBER, value, value, "hgatp with a mode that is there");
            } else {
                p.write_csr(NUMBER, MODE.of(mode) | PPN.of(0x9_0000));
                p.check_csr_bits(
                    NUMBER,
                    PPN.mask(),
                    PPN.of(0x9_0000),
                    "PPN of a write with a mode that is not there",
                );
                // Whichever it is now, it is one that is there.
                p.csrr(A0, NUMBER).srli(A0, A0, 60);
                p.li(A1, there.iter().fold(0, |set, mode| set | 1 << mode)).srl(A1, A1, A0).andi(A1, A1, 1);
                p.check_eq(A1, 1, "MODE is legal");
            }
        }
        p.write_csr(NUMBER, 0);
    }

    /// With MODE=Bare guest physical addresses are supervisor physical addresses, without any protection.
    hgatp_bare
    [rules "hgatp_mode_bare" "hgatp_op"]
    [cases 34]
    [needs H]
    |p| {
        let page = p.page();
        p.put(page, 0x1234);
        let vs = p.vs_stage(&SV39);
        p.map(vs, SPARE, page, flags("rwuad"));
        p.write_csr(csr::hgatp::NUMBER, 0);
        p.hfence_gvma(ZERO, ZERO);
        p.in_mode(Mode::VU, |p| {
            p.li(A0, SPARE).ld(A1, 0, A0);
            p.check_eq(A1, 0x1234, "a page through the VS stage alone");
        });
        p.vs_bare();
        for mode in [Mode::VS, Mode::VU] {
            p.in_mode(mode, |p| {
                p.li(A0, page).ld(A1, 0, A0);
                p.check_eq(A1, 0x1234, "a page through neither stage");
                p.sd(A1, 8, A0);
            });
            p.check_memory(page + 8, 0x1234, "what the guest has stored");
            p.store(page + 8, 0);
        }
    }

    /// In each paged mode, guest physical addresses two bits wider than the mode's name says are translated,
    /// and those beyond are guest-page faults.
    hgatp_paged_modes
    [rules "hgatp_mode_sv" "hgatp_op"]
    [cases 29]
    [needs H]
    [cpus "hgatp=sv39x4,satp=sv39"]
    |p| {
        for scheme in p.schemes(csr::hgatp::NUMBER) {
            let width = 12 + 9 * scheme.levels + 2;
            let page = p.page();
            p.put(page, u64::from(scheme.levels));
            let g = p.g_stage(scheme);
            let (top, beyond) = ((1 << width) - 0x1000, 1 << width);
            p.map(g, top, page, flags("rwuad"));
            p.in_mode(Mode::VS, |p| {
                p.li(A0, top).ld(A1, 0, A0);
                p.check_eq(A1, scheme.levels.into(), &format!("the highest page of {}", scheme.name));
                p.li(A0, top - 0x1000);
                p.expect_trap(
                    trap(Exception::LoadGuestPageFault, Mode::M).tval(top - 0x1000).gpa(top - 0x1000),
                    |p| {
                        p.ld(A1, 0, A0);
                    },
                );
                p.li(A0, beyond);
                p.expect_trap(trap(Exception::LoadGuestPageFault, Mode::M).tval(beyond).gpa(beyond), |p| {
                    p.ld(A1, 0, A0);
                });
            });
        }
    }

    /// Changed G-stage tables are seen after HFENCE.GVMA, whether hgatp is written before it or after.
    hgatp_and_its_fence
    [rules "hgatp_op_hfence_gvma" "hgatp_op"]
    [needs H]
    [cpus "tlb=sticky" "tlb=none" "vmidlen=0"]
    |p| {
        let pages = [p.page(), p.page()];
        p.put(pages[0], 0x10);
        p.put(pages[1], 0x11);
        let g = p.g_stage(&SV39X4);
        let pte = p.map(g, SPARE, pages[0], flags("rwuad"));
        let hgatp = g.atp(0);
        let read = |p: &mut crate::Program, value: u64| {
            p.in_mode(Mode::VS, |p| {
                p.li(A0, SPARE).ld(A1, 0, A0);
                p.check_eq(A1, value, "what the G stage maps");
            });
        };
        read(p, 0x10);
        for (write_first, new) in [(true, 1), (false, 0), (true, 1)] {
            p.store(pte, Pte::leaf(pages[new], flags("rwuad")).0);
            if write_first {
                p.write_csr(csr::hgatp::NUMBER, hgatp);
                p.hfence_gvma(ZERO, ZERO);
            } else {
                p.hfence_gvma(ZERO, ZERO);
                p.write_csr(csr::hgatp::NUMBER, hgatp);
            }
            read(p, 0x10 + new as u64);
        }
    }
}
