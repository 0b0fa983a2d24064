//! vsatp: its fields and modes, by its own number and as the guest's satp.

use isa::paging::BARE;

use crate::prelude::*;

conformance_tests! {
    /// vsatp has MODE, ASID and a PPN of 44 bits, by either number.
    vsatp_bits
    [rules "vsatp_sz" "vsatp_acc" "vsatp_ppn_sv39_sv48_sv57_sz"]
    [needs H]
    [cpus "asidlen=0" "asidlen=9"]
    |p| {
        use csr::vsatp::{ASID, MODE, NUMBER, PPN};
        let asid = ASID.of((1 << p.cpu().asid_len) - 1);
        for scheme in p.schemes(NUMBER) {
            let mode = MODE.of(scheme.mode);
            p.check_write(NUMBER, mode | PPN.mask(), mode | PPN.mask(), "vsatp with all bits of PPN");
            p.check_write(NUMBER, mode | ASID.mask(), mode | asid, "vsatp with all bits of ASID");
            p.check_write(NUMBER, mode, mode, "vsatp with MODE alone");
            for bit in 0..44 {
                p.check_write(NUMBER, mode | 1 << bit, mode | 1 << bit, "vsatp with one bit of PPN");
            }
        }
        p.check_write(NUMBER, 0, 0, "vsatp after writing zeros");
    }

    /// In VS-mode satp is vsatp; satp itself keeps its value and translates HS-mode's addresses.
    satp_at_v1_is_vsatp
    [rules "vsatp_acc" "vsatp_op" "H_vscsrs_sub" "H_vscsrs_v1"]
    [needs H]
    |p| {
        let pages = [p.page(), p.page()];
        p.put(pages[0], 0x50);
        p.put(pages[1], 0x51);
        let s = p.s_stage(&SV39);
        p.map(s, SPARE, pages[0], flags("rwad"));
        let vs = p.table(&SV39);
        p.identity(vs);
        p.map(vs, SPARE, pages[1], flags("rwad"));
        let value = vs.atp(csr::vsatp::ASID.of(p.cpu().asid_len.min(1).into()));
        p.in_mode(Mode::VS, |p| {
            p.check_csr(csr::satp::NUMBER, 0, "satp at V=1 before it is written");
            p.check_write(csr::satp::NUMBER, value, value, "satp at V=1");
            p.sfence_vma(ZERO, ZERO);
            p.li(A0, SPARE).ld(A1, 0, A0);
            p.check_eq(A1, 0x51, "what vsatp maps");
        });
        p.check_csr(csr::vsatp::NUMBER, value, "vsatp");
        p.check_csr(csr::satp::NUMBER, s.atp(0), "satp");
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE).ld(A1, 0, A0);
            p.check_eq(A1, 0x50, "what satp maps");
        });
    }

    /// vsatp translates at V=1 in each of its modes.
    vsatp_modes_translate
    [rules "vsatp_op"]
    [needs H]
    [cpus "vsatp=sv39,satp=sv39,hgatp=sv39x4"]
    |p| {
        for scheme in p.schemes(csr::vsatp::NUMBER) {
            let page = p.page();
            p.put(page, u64::from(scheme.levels));
            let vs = p.vs_stage(scheme);
            // The highest page of the lower half.
            let top = (1 << (11 + 9 * scheme.levels)) - 0x1000;
            p.map(vs, top, page, flags("rwad"));
            p.in_mode(Mode::VS, |p| {
                p.li(A0, top).ld(A1, 0, A0);
                p.check_eq(A1, scheme.levels.into(), &format!("the highest page of {}", scheme.name));
                p.li(A0, top + 0x1000);
                p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(top + 0x1000), |p| {
                    p.ld(A1, 0, A0);
                });
            });
        }
    }

    /// At V=0 a write to vsatp with a mode that is not there is ignored or leaves a legal MODE; at V=1 such a
    /// write to satp is ignored altogether.
    vsatp_modes_that_are_not_there
    [rules "vsatp_mode_unsupported_v0" "VSATP_MODE_UNSUPPORTED_V0_WARL" "vsatp_mode_unsupported_v1" "vsatp_acc"]
    [cases 32]
    [needs H]
    [cpus "vsatp=sv39,satp=sv39" "vsatp=sv39,satp=sv57" "vsatp=sv48" "vsatp-write=ignored" "vsatp-write=ignored,vsatp=sv39,satp=sv39"]
    |p| {
        use csr::vsatp::{MODE, NUMBER, PPN};
        let there: Vec<u64> = p.schemes(NUMBER).iter().map(|scheme| scheme.mode).chain([BARE]).collect();
        let old = MODE.of(SV39.mode) | PPN.of(0x8_0000);
        for mode in (0..16).filter(|mode| !there.contains(mode)) {
            let new = MODE.of(mode) | PPN.of(0x9_0000);
            p.write_csr(NUMBER, old);
            p.in_mode(Mode::HS, |p| p.write_csr(NUMBER, new));
            let held = if p.cpu().vsatp_ignores { old } else { MODE.of(SV39.mode) | PPN.of(0x9_0000) };
            p.check_csr(NUMBER, held, "vsatp written at V=0 with a mode that is not there");
        }
        // In the guest, so that it goes on running, from Bare and from a mode that is there.
        p.write_csr(NUMBER, 0);
        let table = p.table(&SV39);
        p.identity(table);
        for old in [0, table.atp(0)] {
            for mode in (0..16).filter(|mode| !there.contains(mode)) {
                p.write_csr(NUMBER, old);
                p.hfence_vvma(ZERO, ZERO);
                let new = MODE.of(mode) | PPN.of(0x9_0000);
                p.in_mode(Mode::VS, |p| {
                    p.check_write(csr::satp::NUMBER, new, old, "satp at V=1, write ignored")
                });
                p.check_csr(NUMBER, old, "vsatp after an ignored write");
            }
        }
    }

    /// An HLV that is not executed sets no A bit of the VS stage, nor does one that faults before; an executed
    /// one does.
    hlv_that_is_not_executed_sets_no_a_bit
    [rules "vs_stage_speculative_a_bit"]
    [needs H Svadu]
    |p| {
        let adue = csr::menvcfg::ADUE.mask();
        p.set_csr(csr::menvcfg::NUMBER, adue);
        p.set_csr(csr::henvcfg::NUMBER, adue);
        let page = p.page();
        let vs = p.vs_stage(&SV39);
        let pte = p.map(vs, SPARE, page, flags("rwu"));
        let clear = Pte::leaf(page, flags("rwu")).0;
        for hu in [0, 1] {
            p.set_field(csr::hstatus::NUMBER, csr::hstatus::HU, hu);
            for mode in [Mode::HS, Mode::U] {
                // A branch that is taken nearly always, so that a predictor would go on to HLV.
                p.in_mode(mode, |p| {
                    let (again, skip) = (p.label(), p.label());
                    p.li(A0, SPARE).li(A2, 64).li(A3, 1);
                    p.place(again);
                    p.bnez(A3, skip);
                    p.hlv_d(A1, A0);
                    p.place(skip);
                    p.addi(A2, A2, -1).bnez(A2, again);
                });
                p.check_memory(pte, clear, "the entry of a page that HLV has not read");
            }
        }
        p.clear_csr(csr::hstatus::NUMBER, csr::hstatus::HU.mask());
        p.in_mode(Mode::U, |p| {
            p.li(A0, SPARE);
            p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                p.hlv_d(A1, A0);
            });
        });
        p.check_memory(pte, clear, "the entry of a page that an illegal HLV has not read");
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE).hlv_d(A1, A0);
        });
        p.check_memory(pte, clear | Pte::A.mask(), "the entry of a page that HLV has read");
    }
}
