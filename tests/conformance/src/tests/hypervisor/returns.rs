//! MRET and SRET: where they go, and what they leave in the status registers.

use crate::Program;
use crate::prelude::*;

conformance_tests! {
    /// MRET goes to the mode that MPP and MPV name, to M-mode whatever MPV says; it clears MPV and MPP, and
    /// MPRV unless it stays in M-mode.
    mret_clears_mpv_and_mprv
    [rules "mret_h" "mstatus_mpv_op"]
    [cases 61 62]
    [needs H]
    |p| {
        use csr::mstatus::{MIE, MPIE, MPP, MPRV, MPV, NUMBER};
        for mode in [Mode::U, Mode::HS, Mode::VU, Mode::VS] {
            for enabled in [0, 1] {
                p.clear_csr(NUMBER, MPP.mask() | MPV.mask() | MPIE.mask());
                p.set_csr(NUMBER, named(mode) | MPRV.mask() | MPIE.of(enabled));
                called_back(p, csr::mepc::NUMBER, |p| {
                    p.mret();
                });
                // What the call left there: the mode that MRET went to, and MIE as MRET restored it.
                p.check_bits(A0, MPP.mask() | MPV.mask(), named(mode), "MPP and MPV name where MRET went");
                p.check_bits(A0, MPRV.mask(), 0, "MPRV");
                p.check_bits(A0, MPIE.mask(), MPIE.of(enabled), "MIE as restored");
            }
        }
        // Within M-mode, with MPV set: V stays 0, which HLV-free loads would show, and so does the mode.
        for mpv in [0, 1] {
            let next = p.label();
            p.la(A0, next).csrw(csr::mepc::NUMBER, A0);
            p.clear_csr(NUMBER, MPIE.mask());
            p.set_csr(NUMBER, MPP.of(3) | MPRV.mask());
            p.set_field(NUMBER, MPV, mpv);
            p.mret();
            p.place(next);
            p.csrr(A0, NUMBER);
            p.clear_csr(NUMBER, MPRV.mask());
            p.check_bits(A0, MPP.mask() | MPV.mask(), 0, "MPP and MPV after MRET into M-mode");
            p.check_bits(A0, MPRV.mask(), MPRV.mask(), "MPRV after MRET into M-mode");
            p.check_bits(A0, MPIE.mask() | MIE.mask(), MPIE.mask(), "MPIE and MIE after MRET into M-mode");
        }
    }

    /// MPV and GVA of mstatus can be written.
    mpv_and_gva_are_writable
    [rules "mstatus_mpv_op"]
    [cases 61]
    [needs H]
    |p| {
        use csr::mstatus::{GVA, MPV, NUMBER};
        for value in [MPV.mask(), GVA.mask(), MPV.mask() | GVA.mask(), 0] {
            p.clear_csr(NUMBER, MPV.mask() | GVA.mask());
            p.set_csr(NUMBER, value);
            p.check_csr_bits(NUMBER, MPV.mask() | GVA.mask(), value, "MPV and GVA of mstatus");
        }
    }

    /// SRET at V=0, from M-mode or HS-mode, goes where SPV and SPP say, and clears both; SPVP stays. From
    /// M-mode it clears MPRV. The guest's status is left alone.
    sret_at_v0_clears_spv_and_spp
    [rules "sret_h" "sret_v0" "hstatus_spv_sret"]
    [cases 61 62]
    [needs H]
    |p| {
        use csr::hstatus::{SPV, SPVP};
        use csr::mstatus::{MPP, MPRV, MPV, NUMBER, SIE, SPIE, SPP};
        for from in [Mode::M, Mode::HS] {
            for mode in [Mode::U, Mode::HS, Mode::VU, Mode::VS] {
                for set in [0, 1] {
                    p.clear_csr(NUMBER, MPP.mask() | MPV.mask() | SPP.mask() | SIE.mask() | SPIE.mask());
                    p.set_csr(NUMBER, named(Mode::HS) | SPP.of(mode.privilege as u64) | SPIE.of(set));
                    p.write_csr(csr::hstatus::NUMBER, SPV.of(mode.virt.into()) | SPVP.of(set));
                    p.write_csr(
                        csr::vsstatus::NUMBER,
                        csr::vsstatus::SPP.of(set) | csr::vsstatus::SPIE.of(1 - set),
                    );
                    p.csrr(S3, csr::vsstatus::NUMBER);
                    if from == Mode::M {
                        p.set_csr(NUMBER, MPRV.mask());
                        called_back(p, csr::sepc::NUMBER, |p| {
                            p.sret();
                        });
                    } else {
                        let start = p.label();
                        p.la(A0, start).csrw(csr::mepc::NUMBER, A0);
                        called_back(p, csr::sepc::NUMBER, |p| {
                            p.mret();
                            p.place(start);
                            p.sret();
                        });
                    }
                    p.check_bits(A0, MPP.mask() | MPV.mask(), named(mode), "where SRET went");
                    p.check_bits(A0, MPRV.mask() | SPP.mask(), 0, "MPRV and SPP");
                    p.check_bits(A0, SIE.mask() | SPIE.mask(), SIE.of(set) | SPIE.mask(), "SIE and SPIE");
                    p.check_bits(A1, SPV.mask() | SPVP.mask(), SPVP.of(set), "SPV and SPVP");
                    p.check_eq_reg(A2, S3, "vsstatus");
                }
            }
        }
    }

    /// SRET at V=1 goes by the guest's SPP and stays at V=1; hstatus and HS-mode's status are left alone.
    sret_at_v1_uses_the_guests_status
    [rules "sret_h" "sret_v1" "H_vscsrs_sub" "H_vscsrs_v1"]
    [cases 61 62]
    [needs H]
    |p| {
        use csr::hstatus::{SPV, SPVP};
        use csr::mstatus::{MPP, MPV, NUMBER, SPIE, SPP};
        use csr::vsstatus::SIE;
        for mode in [Mode::VU, Mode::VS] {
            for set in [0, 1] {
                let privilege = mode.privilege as u64;
                // Everything else says the opposite.
                p.clear_csr(NUMBER, MPP.mask() | MPV.mask() | SPP.mask() | SPIE.mask());
                p.set_csr(NUMBER, named(Mode::VS) | SPP.of(1 - privilege) | SPIE.of(1 - set));
                p.write_csr(csr::hstatus::NUMBER, SPV.of(set) | SPVP.of(1 - privilege));
                p.write_csr(
                    csr::vsstatus::NUMBER,
                    csr::vsstatus::SPP.of(privilege) | csr::vsstatus::SPIE.of(set),
                );
                p.write_csr(csr::sepc::NUMBER, 0x10);
                let start = p.label();
                p.la(A0, start).csrw(csr::mepc::NUMBER, A0);
                called_back(p, csr::vsepc::NUMBER, |p| {
                    p.mret();
                    p.place(start);
                    p.sret();
                });
                p.check_bits(A0, MPP.mask() | MPV.mask(), named(mode), "where SRET went");
                p.check_bits(
                    A0,
                    SPP.mask() | SPIE.mask(),
                    SPP.of(1 - privilege) | SPIE.of(1 - set),
                    "sstatus",
                );
                p.check_bits(
                    A1,
                    SPV.mask() | SPVP.mask(),
                    SPV.of(set) | SPVP.of(1 - privilege),
                    "SPV and SPVP",
                );
                let guest = csr::vsstatus::SPP.mask() | SIE.mask() | csr::vsstatus::SPIE.mask();
                p.check_bits(
                    A2,
                    guest,
                    SIE.of(set) | csr::vsstatus::SPIE.mask(),
                    "the guest's SPP, SIE and SPIE",
                );
                p.check_csr(csr::sepc::NUMBER, 0x10, "sepc");
            }
        }
    }
}

/// MPP and MPV that name a mode.
fn named(mode: Mode) -> u64 {
    csr::mstatus::MPP.of(mode.privilege as u64) | csr::mstatus::MPV.of(mode.virt.into())
}

/// Runs code that leaves M-mode by way of `epc`, to an environment call; back in M-mode, `a0` is mstatus as
/// the call has left it, `a1` hstatus and `a2` vsstatus. Changes `a3`, `s2` and `t6`.
fn called_back(p: &mut Program, epc: u16, leave: impl FnOnce(&mut Program)) {
    let (there, back) = (p.label(), p.label());
    p.csrr(S2, csr::mtvec::NUMBER).la(A3, back).csrw(csr::mtvec::NUMBER, A3);
    p.la(A3, there).csrw(epc, A3);
    leave(p);
    p.place(there);
    p.ecall().align(4);
    p.place(back);
    p.csrr(A0, csr::mstatus::NUMBER).csrr(A1, csr::hstatus::NUMBER).csrr(A2, csr::vsstatus::NUMBER);
    p.csrw(csr::mtvec::NUMBER, S2);
    p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MPRV.mask() | csr::mstatus::MIE.mask());
}
