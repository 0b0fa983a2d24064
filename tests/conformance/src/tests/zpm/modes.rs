//! Whose setting holds: of the effective mode, in the configuration of the next higher one.

use super::tagged::{ALL, GUEST, GUEST_USER, MACHINE, SUPERVISOR, TAG, USER, loads_if, mask_only};
use crate::Program;
use crate::prelude::*;

/// Each mode with its setting.
const MODES: [(Mode, (u16, isa::field::Field)); 5] =
    [(Mode::M, MACHINE), (Mode::HS, SUPERVISOR), (Mode::U, USER), (Mode::VS, GUEST), (Mode::VU, USER)];

fn load(p: &mut Program) {
    p.ld(A1, 0, A0);
}

fn set_spvp(p: &mut Program, supervisor: bool) {
    p.set_field(csr::hstatus::NUMBER, csr::hstatus::SPVP, supervisor.into());
}

conformance_tests! {
    /// Each mode's accesses are masked by its own setting and by no other, at once.
    each_mode_has_a_setting_of_its_own
    [rules "pm_all_priv_modes" "pm_per_mode_control" "pm_auto_apply_active_mode" "pm_config_next_higher" "pm_mode_only_dependency" "ssnpm_definition" "smnpm_definition" "smmpm_definition" "menvcfg_pmm_op" "mseccfg_pmm_op" "mseccfg_pmm_presence" "senvcfg_pmm_Ssnpm" "senvcfg_pmm_immediate" "henvcfg_pmm_op"]
    [needs H Smmpm Smnpm Ssnpm]
    |p| {
        let page = p.page();
        p.put(page, 0xabc);
        for setting in ALL {
            mask_only(p, setting);
            for (mode, own) in MODES {
                let body = |p: &mut Program| loads_if(p, own == setting, page, 0xabc, load);
                if mode == Mode::M { body(p) } else { p.in_mode(mode, body) }
            }
        }
        p.clear_csr(MACHINE.0, MACHINE.1.mask());
    }

    /// With MPRV, the setting is that of the mode that MPP and MPV name.
    mprv_takes_the_setting_of_the_effective_mode
    [rules "pm_mprv_spvp"]
    [needs H Smmpm Smnpm Ssnpm]
    |p| {
        use csr::mstatus::{MPP, MPRV, MPV};
        let page = p.page();
        p.put(page, 0xabc);
        for setting in ALL {
            mask_only(p, setting);
            for (mode, own) in MODES {
                p.clear_csr(csr::mstatus::NUMBER, MPP.mask() | MPV.mask());
                p.set_csr(csr::mstatus::NUMBER, MPP.of(mode.privilege as u64) | MPV.of(mode.virt.into()));
                p.li(A0, page | TAG).li(A2, MPRV.mask());
                if own == setting {
                    p.csrs(csr::mstatus::NUMBER, A2).ld(A1, 0, A0).csrc(csr::mstatus::NUMBER, A2);
                    p.check_eq(A1, 0xabc, "a load from a masked address");
                } else {
                    let fault = trap(Exception::LoadAccessFault, Mode::M).tval(page | TAG).gva(mode.virt);
                    p.expect_trap(fault, |p| {
                        p.csrs(csr::mstatus::NUMBER, A2).ld(A1, 0, A0);
                    });
                }
            }
        }
        p.clear_csr(MACHINE.0, MACHINE.1.mask());
    }

    /// HLV and HSV take the setting of the guest's mode that SPVP names; in U-mode, for VU-mode, it is HUPMM.
    guest_accesses_take_the_setting_of_the_guest
    [rules "pm_mprv_spvp" "henvcfg_pmm_op" "ssnpm_definition"]
    [cases 22]
    [needs H Smmpm Smnpm Ssnpm]
    |p| {
        let page = p.page();
        p.put(page, 0xabc);
        p.set_csr(csr::hstatus::NUMBER, csr::hstatus::HU.mask());
        for setting in ALL {
            mask_only(p, setting);
            for mode in [Mode::M, Mode::HS, Mode::U] {
                for supervisor in [false, true] {
                    set_spvp(p, supervisor);
                    let own = match (supervisor, mode) {
                        (true, _) => GUEST,
                        (false, Mode::U) => GUEST_USER,
                        (false, _) => USER,
                    };
                    let body = |p: &mut Program| {
                        let (load, store) = (Exception::LoadAccessFault, Exception::StoreAccessFault);
                        let fault = |e| trap(e, Mode::M).tval(page | TAG).gva(true);
                        p.li(A0, page | TAG).li(A1, 0xabc);
                        if own == setting {
                            p.hsv_d(A1, A0).hlv_d(A2, A0);
                            p.check_eq(A2, 0xabc, "HLV from a masked address");
                        } else {
                            p.expect_trap(fault(load), |p| {
                                p.hlv_d(A2, A0);
                            });
                            p.expect_trap(fault(store), |p| {
                                p.hsv_b(A1, A0);
                            });
                        }
                        // HLVX stands for a fetch, which is not masked.
                        p.expect_trap(fault(load), |p| {
                            p.hlvx_wu(A2, A0);
                        });
                    };
                    if mode == Mode::M { body(p) } else { p.in_mode(mode, body) }
                }
            }
        }
        p.clear_csr(MACHINE.0, MACHINE.1.mask());
    }

    /// MXR of the effective mode turns masking off for all but M-mode, also without paging.
    mxr_turns_masking_off
    [rules "pm_mxr_exception"]
    [needs H Smmpm Smnpm Ssnpm]
    |p| {
        let page = p.page();
        p.put(page, 0xabc);
        for (mode, own) in MODES {
            mask_only(p, own);
            for (of_hs, of_guest) in [(false, false), (true, false), (false, true), (true, true)] {
                p.set_field(csr::mstatus::NUMBER, csr::mstatus::MXR, of_hs.into());
                p.set_field(csr::vsstatus::NUMBER, csr::vsstatus::MXR, of_guest.into());
                let mxr = mode != Mode::M && (of_hs || mode.virt && of_guest);
                let body = |p: &mut Program| loads_if(p, !mxr, page, 0xabc, load);
                if mode == Mode::M { body(p) } else { p.in_mode(mode, body) }
            }
        }
    }
}
