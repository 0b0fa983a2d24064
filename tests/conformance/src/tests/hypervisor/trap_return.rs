//! Trap return: MRET and SRET, the mode they go to, and what they leave in the status registers.

use crate::prelude::*;

use csr::mstatus::{MIE, MPIE, MPP, MPRV, MPV};
use csr::sstatus::{SIE, SPIE, SPP};

/// The environment call of `mode`, taken by M-mode.
fn call(mode: Mode) -> crate::Trap {
    trap(
        match (mode.privilege, mode.virt) {
            (isa::Privilege::U, _) => Exception::EcallU,
            (_, false) => Exception::EcallS,
            (_, true) => Exception::EcallVs,
        },
        Mode::M,
    )
}

/// Where SPV and SPP say that SRET goes.
fn supervisor_target(spv: u64, spp: u64) -> Mode {
    let privilege = if spp == 1 { isa::Privilege::S } else { isa::Privilege::U };
    Mode { privilege, virt: spv == 1 }
}

conformance_tests! {
    /// MRET with MPP=M, whatever MPV is: V stays 0, MIE takes MPIE, MPIE is set, MPP and MPV are cleared,
    /// and MPRV stays.
    mret_to_m
    [rules "mret_h" "mstatus_mpv_op"]
    [cases 61 62]
    [needs H]
    |p| {
        for mpv in [0, 1] {
            for mpie in [0, 1] {
                let after = p.label();
                p.la(A0, after).csrw(csr::mepc::NUMBER, A0);
                let fields = MPP.mask() | MPV.mask() | MPIE.mask() | MIE.mask() | MPRV.mask();
                p.clear_csr(csr::mstatus::NUMBER, fields);
                p.set_csr(
                    csr::mstatus::NUMBER,
                    MPP.of(3) | MPV.of(mpv) | MPIE.of(mpie) | MIE.of(1 - mpie) | MPRV.of(mpv),
                );
                p.mret();
                p.unreachable("code after MRET");
                p.place(after);
                let expected = MIE.of(mpie) | MPIE.of(1) | MPRV.of(mpv);
                p.csrr(A0, csr::mstatus::NUMBER);
                p.clear_csr(csr::mstatus::NUMBER, MPRV.mask() | MIE.mask());
                p.check_bits(A0, fields, expected, "mstatus after MRET");
                // M-mode still: its CSRs can be read.
                p.csrr(A0, csr::mscratch::NUMBER);
            }
        }
    }

    /// MRET to each lower mode: V takes MPV, and MPRV is cleared.
    mret_to_lower_modes
    [rules "mret_h" "mstatus_mpv_op"]
    [cases 61]
    [needs H]
    |p| {
        for mode in [Mode::U, Mode::HS, Mode::VU, Mode::VS] {
            for mpie in [0, 1] {
                p.set_field(csr::mstatus::NUMBER, MPIE, mpie);
                p.set_csr(csr::mstatus::NUMBER, MPRV.mask());
                p.in_mode(mode, |p| {
                    // MPIE is what MRET has made of MIE, and the trap of that.
                    p.expect_trap(call(mode).status(MPIE, mpie).status(MPRV, 0), |p| {
                        p.ecall();
                    });
                });
            }
        }
    }

    /// SRET in HS-mode: SPV and SPP say where to; SIE takes SPIE, SPIE is set, SPP and SPV are cleared;
    /// SPVP and vsstatus stay.
    sret_in_hs
    [rules "sret_h" "sret_v0"]
    [cases 61 62]
    [needs H]
    |p| {
        for (spv, spp) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            for spie in [0, 1] {
                let (target, spvp) = (supervisor_target(spv, spp), spie);
                let guests = SPP.of(1 - spp) | SPIE.of(1 - spie) | SIE.of(spie);
                p.in_mode(Mode::HS, |p| {
                    let after = p.label();
                    p.la(A0, after).csrw(csr::sepc::NUMBER, A0);
                    p.write_csr(
                        csr::hstatus::NUMBER,
                        csr::hstatus::SPV.of(spv) | csr::hstatus::SPVP.of(spvp),
                    );
                    p.write_csr(csr::vsstatus::NUMBER, guests);
                    p.write_csr(csr::vsepc::NUMBER, 0);
                    p.clear_csr(csr::sstatus::NUMBER, SPP.mask() | SPIE.mask() | SIE.mask());
                    p.set_csr(csr::sstatus::NUMBER, SPP.of(spp) | SPIE.of(spie) | SIE.of(1 - spie));
                    p.sret();
                    p.place(after);
                    p.assume_mode(target);
                    let expected = call(target).status(SIE, spie).status(SPIE, 1).status(SPP, 0);
                    let expected = expected.hstatus(csr::hstatus::SPV, 0).hstatus(csr::hstatus::SPVP, spvp);
                    let expected =
                        expected.vsstatus(SPP, 1 - spp).vsstatus(SPIE, 1 - spie).vsstatus(SIE, spie);
                    p.expect_trap(expected, |p| {
                        p.ecall();
                    });
                });
            }
        }
    }

    /// SRET in M-mode does the same, with TSR set or not, and clears MPRV; MPP and MPV say nothing.
    sret_in_m
    [rules "sret_h" "sret_v0"]
    [cases 61 64]
    [needs H]
    |p| {
        for (spv, spp) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            for tsr in [0, 1] {
                let target = supervisor_target(spv, spp);
                // M-mode is left by SRET and comes back by a trap that is looked at here.
                let (handler, after) = (p.label(), p.label());
                p.csrr(S4, csr::mtvec::NUMBER).la(A0, handler).csrw(csr::mtvec::NUMBER, A0);
                p.la(A0, after).csrw(csr::sepc::NUMBER, A0);
                p.set_field(csr::mstatus::NUMBER, csr::mstatus::TSR, tsr);
                p.set_field(csr::mstatus::NUMBER, MPV, 1 - spv);
                p.set_field(csr::mstatus::NUMBER, MPP, 3);
                p.write_csr(csr::hstatus::NUMBER, csr::hstatus::SPV.of(spv));
                p.clear_csr(csr::sstatus::NUMBER, SPP.mask() | SPIE.mask() | SIE.mask());
                p.set_csr(csr::mstatus::NUMBER, SPP.of(spp) | SPIE.of(1) | MPRV.mask());
                p.sret();
                p.place(after);
                p.ecall();
                p.align(4);
                p.place(handler);
                p.csrw(csr::mtvec::NUMBER, S4).csrr(A1, csr::mcause::NUMBER).csrr(A2, csr::mstatus::NUMBER);
                p.clear_csr(csr::mstatus::NUMBER, MPRV.mask() | SIE.mask());
                let cause = match (spp, spv) {
                    (0, _) => Exception::EcallU,
                    (_, 0) => Exception::EcallS,
                    _ => Exception::EcallVs,
                };
                p.check_eq(A1, cause as u64, "the environment call of the mode returned to");
                let fields = [
                    (MPV, target.virt.into()),
                    (MPP, target.privilege as u64),
                    (MPRV, 0),
                    (SPP, 0),
                    (SPIE, 1),
                    (SIE, 1),
                ];
                for (field, value) in fields {
                    p.check_bits(
                        A2,
                        field.mask(),
                        field.of(value),
                        "mstatus after SRET in M-mode and a trap",
                    );
                }
                p.check_csr_bits(csr::hstatus::NUMBER, csr::hstatus::SPV.mask(), 0, "SPV after SRET");
            }
        }
    }

    /// SRET in VS-mode: SPP of vsstatus says where to, SIE takes SPIE, SPIE is set and SPP cleared; V
    /// stays, and so do hstatus and sstatus.
    sret_in_vs
    [rules "sret_h" "sret_v1"]
    [cases 62]
    [needs H]
    |p| {
        for spp in [0, 1] {
            for spie in [0, 1] {
                let target = supervisor_target(1, spp);
                let hosts = SPP.of(1 - spp) | SPIE.of(1 - spie) | SIE.of(spie);
                p.clear_csr(csr::sstatus::NUMBER, SPP.mask() | SPIE.mask() | SIE.mask());
                p.set_csr(csr::sstatus::NUMBER, hosts);
                p.write_csr(
                    csr::hstatus::NUMBER,
                    csr::hstatus::SPV.of(spie) | csr::hstatus::SPVP.of(1 - spp),
                );
                p.write_csr(csr::sepc::NUMBER, 0);
                p.in_mode(Mode::VS, |p| {
                    let after = p.label();
                    p.la(A0, after).csrw(csr::sepc::NUMBER, A0);
                    p.clear_csr(csr::sstatus::NUMBER, SPP.mask() | SPIE.mask() | SIE.mask());
                    p.set_csr(csr::sstatus::NUMBER, SPP.of(spp) | SPIE.of(spie) | SIE.of(1 - spie));
                    p.sret();
                    p.place(after);
                    p.assume_mode(target);
                    let expected = call(target).vsstatus(SIE, spie).vsstatus(SPIE, 1).vsstatus(SPP, 0);
                    let expected = expected.status(SPP, 1 - spp).status(SPIE, 1 - spie).status(SIE, spie);
                    let expected = expected.hstatus(csr::hstatus::SPV, spie);
                    p.expect_trap(expected.hstatus(csr::hstatus::SPVP, 1 - spp), |p| {
                        p.ecall();
                    });
                });
                p.check_csr(csr::sepc::NUMBER, 0, "HS-mode's sepc");
            }
        }
    }
}
