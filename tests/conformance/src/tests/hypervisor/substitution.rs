//! VS CSRs in place of the supervisor's at V=1, and what stays where it is.

use crate::prelude::*;

conformance_tests! {
    /// At V=1 the supervisor's CSR numbers stand for the VS CSRs, and the supervisor's own keep their
    /// values; at V=0 they stand for themselves.
    supervisor_numbers_stand_for_vs_csrs
    [rules
        "H_vscsrs_sub" "H_vscsrs_v1" "vsstatus_sz" "vsstatus_acc" "vsstatus_op" "vstvec_sz" "vstvec_acc" "vstvec_op"
        "vsscratch_sz" "vsscratch_acc" "vsscratch_op" "vspec_sz" "vspec_acc" "vspec_op" "vscause_sz" "vscause_acc"
        "vscause_op" "vstval_sz" "vstval_acc" "vstval_op"]
    [needs H]
    |p| {
        for pair in PAIRS {
            p.csrr(S2, pair.supervisor).csrr(S3, pair.guest);
            p.write_csr(pair.supervisor, pair.values[0]);
            p.write_csr(pair.guest, pair.values[1]);
            p.in_mode(Mode::HS, |p| {
                p.check_csr_bits(pair.supervisor, pair.mask, pair.values[0], &format!("{} at V=0", pair.name));
            });
            p.write_csr(pair.supervisor, pair.values[0]);
            p.write_csr(pair.guest, pair.values[1]);
            p.in_mode(Mode::VS, |p| {
                p.check_csr_bits(pair.supervisor, pair.mask, pair.values[1], &format!("{} at V=1", pair.name));
                p.write_csr(pair.supervisor, pair.values[2]);
                p.check_csr_bits(pair.supervisor, pair.mask, pair.values[2], &format!("{} written at V=1", pair.name));
            });
            p.check_csr_bits(pair.supervisor, pair.mask, pair.values[0], &format!("{} of the supervisor", pair.name));
            p.check_csr_bits(pair.guest, pair.mask, pair.values[2], &format!("vs{}", &pair.name[1..]));
            p.csrw(pair.supervisor, S2).csrw(pair.guest, S3);
        }
    }

    /// The first access after the switch to V=1 already sees the guest's sstatus.
    first_access_after_the_switch
    [rules "H_vscsrs_sub" "vsstatus_op"]
    [cases 82]
    [needs H]
    |p| {
        p.write_csr(csr::vsstatus::NUMBER, csr::vsstatus::SUM.mask() | csr::vsstatus::FS.of(1));
        p.clear_csr(csr::sstatus::NUMBER, csr::sstatus::SUM.mask());
        p.in_mode(Mode::VS, |p| {
            p.csrr(A0, csr::sstatus::NUMBER);
            p.check_bits(A0, csr::sstatus::SUM.mask(), csr::sstatus::SUM.mask(), "SUM of the guest after MRET");
        });
        let inside = p.label();
        p.in_mode(Mode::HS, |p| {
            p.la(A0, inside).csrw(csr::sepc::NUMBER, A0);
            p.set_csr(csr::hstatus::NUMBER, csr::hstatus::SPV.mask());
            p.set_csr(csr::sstatus::NUMBER, csr::sstatus::SPP.mask());
            p.sret();
            p.place(inside);
            p.assume_mode(Mode::VS);
            p.csrr(A0, csr::sstatus::NUMBER);
            p.check_bits(A0, csr::sstatus::SUM.mask(), csr::sstatus::SUM.mask(), "SUM of the guest after SRET");
        });
        p.check_csr_bits(csr::sstatus::NUMBER, csr::sstatus::SUM.mask(), 0, "SUM of HS-mode");
    }

    /// senvcfg and scounteren have no VS counterpart: a guest reads and writes the one that there is.
    csrs_without_a_counterpart_stay
    [rules "H_scsrs_nomatch"]
    [needs H Zicntr]
    [only |cpu| cpu.mcounteren & 0b011 == 0b011]
    |p| {
        p.write_csr(csr::scounteren::NUMBER, 0b101);
        p.write_csr(csr::senvcfg::NUMBER, 0);
        p.in_mode(Mode::VS, |p| {
            p.check_csr(csr::scounteren::NUMBER, 0b101, "scounteren in VS-mode");
            p.write_csr(csr::scounteren::NUMBER, 0b010);
            p.check_csr(csr::senvcfg::NUMBER, 0, "senvcfg in VS-mode");
            p.write_csr(csr::senvcfg::NUMBER, csr::senvcfg::FIOM.mask());
        });
        p.check_csr(csr::scounteren::NUMBER, 0b010, "scounteren that VS-mode has written");
        p.check_csr(csr::senvcfg::NUMBER, csr::senvcfg::FIOM.mask(), "senvcfg that VS-mode has written");
        // It governs VU-mode as it governs U-mode.
        for (mode, exception) in [(Mode::U, Exception::IllegalInst), (Mode::VU, Exception::VirtualInst)] {
            p.in_mode(mode, |p| {
                p.csrr(A0, csr::time::NUMBER);
                p.expect_trap(trap(exception, Mode::M).tval_inst(), |p| {
                    p.csrr(A0, csr::cycle::NUMBER);
                });
            });
        }
    }

    /// In VS-mode a trap uses vstvec, vsepc, vscause, vstval and vsstatus, and SRET uses them too; the
    /// supervisor's own keep their values.
    guest_traps_use_the_vs_csrs
    [rules "H_vscsrs_sub" "H_vscsrs_v1" "vstvec_op" "vspec_op" "vscause_op" "vstval_op" "vsstatus_op"]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::IllegalInst])]
    |p| {
        let kept = [
            (csr::sepc::NUMBER, 0x1230),
            (csr::scause::NUMBER, 9),
            (csr::stval::NUMBER, 0x5678),
            (csr::sscratch::NUMBER, 0x9abc),
        ];
        for (number, value) in kept {
            p.write_csr(number, value);
        }
        let bit = Exception::Breakpoint.bit() | Exception::IllegalInst.bit();
        p.write_csr(csr::medeleg::NUMBER, bit);
        p.write_csr(csr::hedeleg::NUMBER, bit);
        p.csrr(S2, csr::sstatus::NUMBER);
        let trapping = p.label();
        p.in_mode(Mode::VU, |p| {
            let expected = trap(Exception::IllegalInst, Mode::VS).tval_inst();
            p.expect_trap(expected.at(trapping).status(csr::sstatus::SPIE, 0), |p| {
                p.place(trapping);
                p.csrr(A0, csr::mstatus::NUMBER);
            });
        });
        p.la(A0, trapping).csrr(A1, csr::vscause::NUMBER);
        p.check_eq(A1, Exception::IllegalInst as u64, "vscause");
        p.csrr(A1, csr::vstval::NUMBER).lwu(A2, 0, A0);
        if p.cpu().reports_illegal {
            p.check_eq_reg(A1, A2, "vstval is the instruction");
        } else {
            p.check_eq(A1, 0, "vstval of an instruction that is not reported");
        }
        for (number, value) in kept {
            p.check_csr(number, value, "a supervisor CSR after a trap into VS-mode");
        }
        p.csrr(A0, csr::sstatus::NUMBER);
        p.check_eq_reg(A0, S2, "sstatus after a trap into VS-mode and SRET");
    }

    /// At V=0 traps into HS-mode leave the VS CSRs alone, whatever is in them.
    vs_csrs_do_nothing_at_v0
    [rules
        "H_vscsrs_v0" "vsstatus_v0" "vstvec_op" "vspec_op" "vscause_op" "vstval_op" "vsatp_v0" "vsscratch_op"]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::Breakpoint])]
    |p| {
        let vs = [
            (csr::vsstatus::NUMBER, csr::vsstatus::UXL.of(2) | csr::vsstatus::SIE.mask()),
            (csr::vstvec::NUMBER, 0x10),
            (csr::vsscratch::NUMBER, 0x20),
            (csr::vsepc::NUMBER, 0x30),
            (csr::vscause::NUMBER, 5),
            (csr::vstval::NUMBER, 0x40),
            // A root page that is not there.
            (csr::vsatp::NUMBER, csr::vsatp::MODE.of(8)),
        ];
        for (number, value) in vs {
            p.write_csr(number, value);
        }
        p.write_csr(csr::medeleg::NUMBER, Exception::Breakpoint.bit());
        for mode in [Mode::HS, Mode::U] {
            p.in_mode(mode, |p| {
                let pc = p.label();
                // FS of vsstatus is off, and that of sstatus counts.
                p.fmv_d_x(FA0, A0);
                p.expect_trap(trap(Exception::Breakpoint, Mode::HS).at(pc), |p| {
                    p.place(pc);
                    p.ebreak();
                });
            });
        }
        for (number, value) in vs {
            p.check_csr(number, value, &csr::name(number).unwrap_or_default());
        }
    }

    /// At V=0, vsstatus matters for HLV alone: its SUM and MXR do not change what HS-mode may load.
    vsstatus_sum_and_mxr_at_v0
    [rules "vsstatus_v0" "vsatp_v0"]
    [needs H]
    |p| {
        let s = p.s_stage(&SV39);
        let page = p.page();
        p.put(page, 0x77);
        p.map(s, SPARE, page, flags("ruad"));
        p.map(s, SPARE + 0x1000, page, flags("xad"));
        let vs = p.vs_stage(&SV39);
        p.map(vs, SPARE, page, flags("ruad"));
        p.map(vs, SPARE + 0x1000, page, flags("xad"));
        let bits = csr::vsstatus::SUM.mask() | csr::vsstatus::MXR.mask();
        p.set_csr(csr::vsstatus::NUMBER, bits);
        p.set_csr(csr::hstatus::NUMBER, csr::hstatus::SPVP.mask());
        p.in_mode(Mode::HS, |p| {
            for address in [SPARE, SPARE + 0x1000] {
                p.li(A0, address);
                p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(address), |p| {
                    p.ld(A1, 0, A0);
                });
                p.hlv_d(A1, A0);
                p.check_eq(A1, 0x77, "what HLV reads as VS-mode with SUM and MXR");
            }
        });
        p.clear_csr(csr::vsstatus::NUMBER, bits);
        p.set_csr(csr::sstatus::NUMBER, csr::sstatus::SUM.mask());
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE).ld(A1, 0, A0);
            p.check_eq(A1, 0x77, "what HS-mode reads with SUM");
            p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(SPARE).gva(true), |p| {
                p.hlv_d(A1, A0);
            });
        });
    }
}

/// A supervisor CSR and its VS counterpart, with a value for each and one for the guest to write.
struct Pair {
    name: &'static str,
    supervisor: u16,
    guest: u16,
    mask: u64,
    values: [u64; 3],
}

const PAIRS: [Pair; 6] = [
    Pair {
        name: "sstatus",
        supervisor: csr::sstatus::NUMBER,
        guest: csr::vsstatus::NUMBER,
        mask: csr::sstatus::SUM.mask() | csr::sstatus::MXR.mask() | csr::sstatus::SPIE.mask(),
        values: [csr::sstatus::SUM.mask(), csr::sstatus::MXR.mask(), csr::sstatus::SPIE.mask()],
    },
    Pair {
        name: "stvec",
        supervisor: csr::stvec::NUMBER,
        guest: csr::vstvec::NUMBER,
        mask: u64::MAX,
        values: [0x8000_1000, 0x8000_2000, 0x8000_3000],
    },
    Pair {
        name: "sscratch",
        supervisor: csr::sscratch::NUMBER,
        guest: csr::vsscratch::NUMBER,
        mask: u64::MAX,
        values: [0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210, u64::MAX],
    },
    Pair {
        name: "sepc",
        supervisor: csr::sepc::NUMBER,
        guest: csr::vsepc::NUMBER,
        mask: u64::MAX,
        values: [0x8000_0102, 0x8000_0204, 0x8000_0406],
    },
    Pair {
        name: "scause",
        supervisor: csr::scause::NUMBER,
        guest: csr::vscause::NUMBER,
        mask: u64::MAX,
        values: [Exception::LoadPageFault as u64, 1 << 63 | 5, 1 << 63 | 9],
    },
    Pair {
        name: "stval",
        supervisor: csr::stval::NUMBER,
        guest: csr::vstval::NUMBER,
        mask: u64::MAX,
        values: [0x8000_0001, 0x8000_0002, 0xffff_ffff_8000_0003],
    },
];
