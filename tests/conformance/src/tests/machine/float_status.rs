//! FS, XS and SD of mstatus: the state of the floating-point unit, and whether there is something to save.

use crate::Program;
use crate::prelude::*;

conformance_tests! {
    /// FS holds Off, Initial, Clean and Dirty, or on a hart that does not track, Off and Dirty; it is the
    /// same field in sstatus. SD says whether it is Dirty, and cannot be written; XS and VS are zero.
    fs_and_sd
    [rules "mstatus_fs_enc" "mstatus_xs_op" "mstatus_xs_enc" "mstatus_xs_acc" "mstatus_sd_acc"
        "mstatus_sd_op" "MSTATUS_FS_WARL" "mstatus_fs_acc" "MSTATUS_FS_NO_DIRTY_TRACK"]
    [cpus "fs=dirty"]
    |p| {
        let names = [csr::mstatus::NUMBER, csr::sstatus::NUMBER];
        for (writer, written) in names.into_iter().flat_map(|name| (0..4).map(move |fs| (name, fs))) {
            let held = holds(p, written);
            let expected = FS.of(held) | SD.of((held == 3).into());
            p.set_field(writer, FS, written);
            for reader in names {
                p.check_csr_bits(reader, EXTENSION_STATE, expected, "FS, VS, XS and SD");
                p.set_csr(reader, SD.mask() | XS.mask() | VS.mask());
                p.check_csr_bits(reader, EXTENSION_STATE, expected, "FS, VS, XS and SD after setting others");
                p.clear_csr(reader, SD.mask());
                p.check_csr_bits(reader, EXTENSION_STATE, expected, "FS, VS, XS and SD after clearing SD");
            }
        }
    }

    /// While FS is Off, whatever reads or writes floating-point registers and CSRs is illegal, in every mode;
    /// in the other states it is not.
    fs_off_makes_floating_point_illegal
    [rules "mstatus_fs_op" "mstatus_fs_enc" "mstatus_fs_vs_xs_off_op"]
    [cpus "fs=dirty"]
    |p| {
        let page = p.page();
        let uses = || READS.into_iter().chain(MODIFICATIONS);
        for fs in [0, 1, 2, 3] {
            for mode in [Mode::M, Mode::HS, Mode::U] {
                p.set_field(csr::mstatus::NUMBER, FS, fs);
                p.li(A1, page);
                in_any_mode(p, mode, |p| {
                    for use_it in uses() {
                        if fs == 0 {
                            p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), use_it);
                        } else {
                            use_it(p);
                        }
                    }
                });
                if fs == 0 {
                    p.check_csr_bits(csr::mstatus::NUMBER, EXTENSION_STATE, 0, "FS that is still Off");
                }
            }
        }
    }

    /// What modifies the state makes FS Dirty, in every mode and from every state but Off; so that Initial
    /// and Clean say what they say of the state.
    modifying_makes_dirty
    [rules "mstatus_fs_op" "mstatus_fs_vs_xs_update_indep_priv" "mstatus_fs_vs_xs_dirty_op"
        "mstatus_fs_vs_xs_initial_op" "mstatus_fs_vs_xs_clean_op" "mstatus_sd_op"]
    [cpus "fs=dirty"]
    |p| {
        let page = p.page();
        p.put(page, 0x4010_0000_0000_0000);
        for mode in [Mode::M, Mode::HS, Mode::U] {
            for fs in [1, 2, 3] {
                for modify in MODIFICATIONS {
                    // A state that each of them alters.
                    p.set_field(csr::mstatus::NUMBER, FS, 3);
                    p.li(A1, page).li(A2, 0x3ff8_0000_0000_0000);
                    p.fmv_d_x(FA0, A2).fmv_d_x(FA1, A2).csrwi(csr::fcsr::NUMBER, 0);
                    p.set_field(csr::mstatus::NUMBER, FS, fs);
                    in_any_mode(p, mode, modify);
                    let dirty = FS.of(3) | SD.mask();
                    let what = "FS and SD after a modification";
                    p.check_csr_bits(csr::mstatus::NUMBER, EXTENSION_STATE, dirty, what);
                }
            }
        }
    }

    /// What reads the state only leaves FS as it is, on a hart that tracks; it may never make it less than it
    /// is.
    reading_does_not_make_dirty
    [rules "MSTATUS_FS_IMPRECISE" "mstatus_fs_vs_xs_clean_op"]
    [cpus "fs=dirty"]
    |p| {
        let page = p.page();
        for mode in [Mode::M, Mode::HS, Mode::U] {
            for fs in [1, 2, 3] {
                p.set_field(csr::mstatus::NUMBER, FS, fs);
                p.li(A1, page);
                in_any_mode(p, mode, |p| {
                    for read in READS {
                        read(p);
                    }
                });
                let held = holds(p, fs);
                let expected = FS.of(held) | SD.of((held == 3).into());
                p.check_csr_bits(csr::mstatus::NUMBER, EXTENSION_STATE, expected, "FS and SD after reading");
            }
        }
    }

    /// An instruction that writes what is there already leaves FS as it is or makes it Dirty.
    writing_the_same_again
    [rules "MSTATUS_FS_NO_CHANGE_DIRTY"]
    [cpus "fs=dirty"]
    |p| {
        let same: [fn(&mut Program); 4] = [
            |p| {
                p.fmv_d_x(FA0, A2);
            },
            |p| {
                p.fsgnj_d(FA0, FA0, FA0);
            },
            |p| {
                p.csrwi(csr::fcsr::NUMBER, 0);
            },
            |p| {
                p.csrci(csr::fflags::NUMBER, 0x1f);
            },
        ];
        p.li(A2, 0x3ff8_0000_0000_0000).fmv_d_x(FA0, A2).csrwi(csr::fcsr::NUMBER, 0);
        for (fs, write) in [1, 2].into_iter().flat_map(|fs| same.map(|write| (fs, write))) {
            let (good, held) = (p.label(), holds(p, fs));
            p.set_field(csr::mstatus::NUMBER, FS, fs);
            write(p);
            p.csrr(A0, csr::mstatus::NUMBER).srli(A0, A0, FS.lo as i32).andi(A0, A0, 3);
            p.li(A1, held).beq(A0, A1, good);
            p.check_eq(A0, 3, "FS after writing the same");
            p.place(good);
        }
    }

    /// Neither Off nor Initial changes what the registers and fcsr hold.
    fs_does_not_change_the_state
    [rules "mstatus_fs_wr"]
    |p| {
        const REGISTERS: [FReg; 4] = [FT0, FA0, FS1, FT11];
        let value = |n: u64| 0x4000_1234_5678_9ab0 + n;
        for fs in [0, 1, 2, 3] {
            p.set_field(csr::mstatus::NUMBER, FS, 3);
            for (n, reg) in (0..).zip(REGISTERS) {
                p.li(A0, value(n + fs)).fmv_d_x(reg, A0);
            }
            p.csrwi(csr::fflags::NUMBER, 0x15).csrwi(csr::frm::NUMBER, 3);
            p.set_field(csr::mstatus::NUMBER, FS, fs);
            p.in_mode(Mode::HS, |p| {
                p.nop();
            });
            p.set_field(csr::mstatus::NUMBER, FS, 1);
            for (n, reg) in (0..).zip(REGISTERS) {
                p.fmv_x_d(A0, reg);
                p.check_eq(A0, value(n + fs), "a register after changing FS");
            }
            p.check_csr(csr::fcsr::NUMBER, 3 << 5 | 0x15, "fcsr after changing FS");
        }
    }
}

use csr::mstatus::{FS, SD, VS, XS};

/// All that mstatus says of the state of extensions.
const EXTENSION_STATE: u64 = FS.mask() | VS.mask() | XS.mask() | SD.mask();

/// What FS holds when `fs` is written.
fn holds(p: &Program, fs: u64) -> u64 {
    if p.cpu().tracks_fs || fs == 0 { fs } else { 3 }
}

/// Writes code that runs in `mode`, be it M.
fn in_any_mode(p: &mut Program, mode: Mode, body: impl FnOnce(&mut Program)) {
    if mode == Mode::M {
        body(p);
    } else {
        p.in_mode(mode, body);
    }
}

type Instruction = fn(&mut Program);

/// Instructions that only read the state; `a1` points to memory.
const READS: [Instruction; 6] = [
    |p| {
        p.fmv_x_d(A0, FA0);
    },
    |p| {
        p.fsd(FA0, 8, A1);
    },
    |p| {
        p.fsw(FA0, 16, A1);
    },
    |p| {
        p.fclass_d(A0, FA1);
    },
    |p| {
        p.csrr(A0, csr::fcsr::NUMBER);
    },
    |p| {
        p.csrr(A0, csr::frm::NUMBER);
    },
];

/// Instructions that modify it, where `fa0` and `fa1` are 1.5 and fcsr is zero; `a1` points to memory.
const MODIFICATIONS: [Instruction; 9] = [
    |p| {
        p.fmv_d_x(FA0, ZERO);
    },
    |p| {
        p.fmv_w_x(FA0, ZERO);
    },
    |p| {
        p.fadd_d(FA0, FA1, FA1, Rne);
    },
    |p| {
        p.fld(FA0, 0, A1);
    },
    |p| {
        p.flw(FA0, 0, A1);
    },
    // It raises the inexact flag, in fflags alone.
    |p| {
        p.fcvt_l_d(A0, FA1, Rne);
    },
    |p| {
        p.csrwi(csr::frm::NUMBER, 1);
    },
    |p| {
        p.csrsi(csr::fflags::NUMBER, 2);
    },
    |p| {
        p.csrwi(csr::fcsr::NUMBER, 7);
    },
];
