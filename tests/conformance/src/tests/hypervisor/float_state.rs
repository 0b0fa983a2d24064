//! The floating-point state at V=1: FS of vsstatus and of sstatus together.

use crate::Program;
use crate::prelude::*;

conformance_tests! {
    /// At V=1 floating-point instructions and CSRs are illegal if FS is Off at either level, never virtual.
    floating_point_at_v1_needs_both_levels
    [rules "vsstatus_fs_op" "H_illegalinst_xstatus_fs_vs"]
    [cases 79]
    [needs H]
    [cpus "fs=dirty"]
    |p| {
        for own in 0..4 {
            for guest in 0..4 {
                p.set_field(csr::mstatus::NUMBER, csr::mstatus::FS, own);
                p.set_field(csr::vsstatus::NUMBER, csr::vsstatus::FS, guest);
                for mode in [Mode::HS, Mode::U, Mode::VS, Mode::VU] {
                    let on = own != 0 && (guest != 0 || !mode.virt);
                    p.in_mode(mode, |p| {
                        for use_it in USES {
                            if on {
                                use_it(p);
                            } else {
                                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), use_it);
                            }
                        }
                    });
                }
            }
        }
    }

    /// What modifies the floating-point state at V=1 makes FS Dirty at both levels; at V=0 only that of
    /// sstatus. SD follows.
    floating_point_at_v1_dirties_both_levels
    [rules "vsstatus_fs_op" "vsstatus_v0" "vsstatus_sd_xs_op"]
    [cases 78 80]
    [needs H]
    [cpus "fs=dirty"]
    |p| {
        use csr::vsstatus::{FS, SD};
        let clean = if p.cpu().tracks_fs { FS.of(1) } else { FS.of(3) | SD.mask() };
        let dirty = FS.of(3) | SD.mask();
        let mask = dirty;
        for modify in MODIFICATIONS {
            for (mode, guest) in [(Mode::VS, dirty), (Mode::VU, dirty), (Mode::HS, clean), (Mode::U, clean)] {
                p.set_field(csr::mstatus::NUMBER, csr::mstatus::FS, 1);
                p.set_field(csr::vsstatus::NUMBER, FS, 1);
                for number in [csr::mstatus::NUMBER, csr::sstatus::NUMBER, csr::vsstatus::NUMBER] {
                    p.check_csr_bits(number, mask, clean, "FS and SD before");
                }
                p.in_mode(mode, modify);
                p.check_csr_bits(
                    csr::mstatus::NUMBER,
                    mask,
                    dirty,
                    &format!("mstatus.FS and SD after {mode}-mode"),
                );
                p.check_csr_bits(
                    csr::sstatus::NUMBER,
                    mask,
                    dirty,
                    &format!("sstatus.FS and SD after {mode}-mode"),
                );
                p.check_csr_bits(
                    csr::vsstatus::NUMBER,
                    mask,
                    guest,
                    &format!("vsstatus.FS and SD after {mode}-mode"),
                );
            }
        }
    }

    /// SD of each level is that of its own FS; neither affects the other's.
    sd_is_that_of_the_same_level
    [rules "vsstatus_sd_xs_op"]
    [cases 80]
    [needs H]
    |p| {
        use csr::vsstatus::{FS, SD, XS};
        let sd = |fs: u64| if fs == 3 { SD.mask() } else { 0 };
        let tracks = p.cpu().tracks_fs;
        let held = |fs: u64| if tracks || fs == 0 { fs } else { 3 };
        for own in 0..4 {
            for guest in 0..4 {
                p.set_field(csr::sstatus::NUMBER, csr::sstatus::FS, own);
                p.set_field(csr::vsstatus::NUMBER, FS, guest);
                let (own, guest) = (held(own), held(guest));
                let mask = FS.mask() | SD.mask() | XS.mask();
                p.check_csr_bits(csr::sstatus::NUMBER, mask, FS.of(own) | sd(own), "sstatus");
                p.check_csr_bits(csr::mstatus::NUMBER, mask, FS.of(own) | sd(own), "mstatus");
                p.check_csr_bits(csr::vsstatus::NUMBER, mask, FS.of(guest) | sd(guest), "vsstatus");
                p.in_mode(Mode::VS, |p| {
                    p.check_csr_bits(
                        csr::sstatus::NUMBER,
                        mask,
                        FS.of(guest) | sd(guest),
                        "sstatus of the guest",
                    );
                });
            }
        }
        // SD and XS are read-only.
        for number in [csr::sstatus::NUMBER, csr::vsstatus::NUMBER] {
            p.set_field(number, FS, 0);
            p.set_csr(number, SD.mask() | XS.mask());
            p.check_csr_bits(
                number,
                FS.mask() | SD.mask() | XS.mask(),
                0,
                "SD and XS after an attempt to set them",
            );
        }
    }
}

type Instruction = fn(&mut Program);

/// Instructions that use the floating-point state.
const USES: [Instruction; 5] = [
    |p| {
        p.fmv_x_d(A0, FA0);
    },
    |p| {
        p.fadd_d(FA0, FA0, FA0, Rne);
    },
    |p| {
        p.fmv_w_x(FA0, ZERO);
    },
    |p| {
        p.csrr(A0, csr::fcsr::NUMBER);
    },
    |p| {
        p.csrw(csr::fflags::NUMBER, ZERO);
    },
];

/// Instructions that modify it.
const MODIFICATIONS: [Instruction; 5] = [
    |p| {
        p.fmv_d_x(FA0, ZERO);
    },
    |p| {
        p.fadd_s(FA0, FA1, FA1, Rne);
    },
    |p| {
        p.csrwi(csr::frm::NUMBER, 1);
    },
    |p| {
        p.csrsi(csr::fflags::NUMBER, 1);
    },
    |p| {
        p.csrw(csr::fcsr::NUMBER, ZERO);
    },
];
