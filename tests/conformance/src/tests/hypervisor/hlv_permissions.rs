//! Page permissions of HLV, HLVX and HSV in both stages, one bit at a time.

use isa::asm::Asm;

use super::guest::{GPA, Guest, S_ALL, U_ALL, VA, set_spvp, set_status};
use crate::Program;
use crate::prelude::*;

/// What an access needs of a page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Read,
    Execute,
    Write,
}

type Access = (Need, fn(&mut Asm, Reg, Reg) -> &mut Asm);
const ACCESSES: [Access; 3] =
    [(Need::Read, Asm::hlv_w), (Need::Execute, Asm::hlvx_wu), (Need::Write, Asm::hsv_w)];

/// The combinations of R, W and X in leaves; W without R is reserved.
const LEAVES: [&str; 5] = ["r", "x", "rw", "rx", "rwx"];

/// Whether R, W and X of a leaf give what is needed; `mxr` makes what can be executed readable.
fn gives(leaf: &str, need: Need, mxr: bool) -> bool {
    match need {
        Need::Read => leaf.contains('r') || mxr && leaf.contains('x'),
        Need::Execute => leaf.contains('x'),
        Need::Write => leaf.contains('w'),
    }
}

/// The access, and that it is refused by the VS stage, by the G stage, or not at all.
fn check(p: &mut Program, (need, inst): Access, vs_allows: bool, g_allows: bool) {
    p.li(A0, VA + 8);
    let store = need == Need::Write;
    if vs_allows && g_allows {
        inst(p, A1, A0);
        return;
    }
    let fault = match (vs_allows, store) {
        (false, false) => trap(Exception::LoadPageFault, Mode::M),
        (false, true) => trap(Exception::StorePageFault, Mode::M),
        (true, false) => trap(Exception::LoadGuestPageFault, Mode::M).gpa(GPA + 8),
        (true, true) => trap(Exception::StoreGuestPageFault, Mode::M).gpa(GPA + 8),
    };
    p.expect_trap(fault.tval(VA + 8).gva(true).tinst_transformed(0), |p| {
        inst(p, A1, A0);
    });
}

const SSTATUS: u16 = csr::sstatus::NUMBER;
const VSSTATUS: u16 = csr::vsstatus::NUMBER;

conformance_tests! {
    /// R, W and X of the VS stage, with MXR of neither, of vsstatus, and of sstatus.
    hlv_vs_stage_permissions
    [rules "hlsv_u_op" "hlsv_sstatus_mxr" "hlsv_vsstatus_mxr"]
    [cases 47 49 50]
    [needs H]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        for (hs_mxr, vs_mxr) in [(false, false), (false, true), (true, false)] {
            set_status(p, SSTATUS, csr::sstatus::MXR, hs_mxr);
            set_status(p, VSSTATUS, csr::sstatus::MXR, vs_mxr);
            for leaf in LEAVES {
                guest.set_vs(p, flags(leaf) | flags("uad"));
                for access in ACCESSES {
                    check(p, access, gives(leaf, access.0, hs_mxr || vs_mxr), true);
                }
            }
        }
    }

    /// R, W and X of the G stage: MXR of sstatus counts, that of vsstatus does not.
    hlv_g_stage_permissions
    [rules "hlsv_u_op" "hlsv_sstatus_mxr" "hlsv_vsstatus_mxr"]
    [cases 36 47]
    [needs H]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        for (hs_mxr, vs_mxr) in [(false, false), (false, true), (true, false)] {
            set_status(p, SSTATUS, csr::sstatus::MXR, hs_mxr);
            set_status(p, VSSTATUS, csr::sstatus::MXR, vs_mxr);
            for leaf in LEAVES {
                guest.set_g(p, flags(leaf) | flags("uad"));
                for access in ACCESSES {
                    check(p, access, true, gives(leaf, access.0, hs_mxr));
                }
            }
        }
    }

    /// SUM of vsstatus, and not that of sstatus, opens user pages to accesses as VS-mode.
    hlv_sum
    [rules "hlsv_trans" "hlsv_priv"]
    [cases 38]
    [needs H]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        for user_page in [true, false] {
            guest.set_vs(p, if user_page { U_ALL } else { S_ALL });
            for supervisor in [false, true] {
                set_spvp(p, supervisor);
                for (hs_sum, vs_sum) in [(false, false), (true, false), (false, true), (true, true)] {
                    set_status(p, SSTATUS, csr::sstatus::SUM, hs_sum);
                    set_status(p, VSSTATUS, csr::sstatus::SUM, vs_sum);
                    let allowed = if supervisor { !user_page || vs_sum } else { user_page };
                    for access in ACCESSES {
                        check(p, access, allowed, true);
                    }
                }
            }
        }
    }

    /// HLVX reads what can be executed, and needs the right to read the physical memory too.
    hlvx_and_physical_memory_protection
    [rules "hlsv_u_op"]
    [cases 48]
    [needs H]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        let guest = Guest::new(p, flags("xuad"), flags("xuad"));
        p.put(guest.page, 0x1234_5678);
        let (r, w, x, napot) = (1, 2, 4, 0x18);
        // Entry 0 is the page, entry 1 all of memory.
        p.write_csr(csr::pmpaddr0::NUMBER + 1, u64::MAX >> 10);
        p.write_csr(csr::pmpaddr0::NUMBER, guest.page >> 2 | 0x1ff);
        for permissions in [0, r, x, r | x, r | w, r | w | x] {
            p.write_csr(csr::pmpcfg0::NUMBER, 0x1f << 8 | napot | permissions);
            p.sfence_vma(ZERO, ZERO).hfence_gvma(ZERO, ZERO);
            p.li(A0, VA);
            if permissions & (r | x) == r | x {
                p.hlvx_wu(A1, A0);
                p.check_eq(A1, 0x1234_5678, "a word that may be read and executed");
                continue;
            }
            p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(VA).gva(true).tinst_transformed(0), |p| {
                p.hlvx_wu(A1, A0);
            });
        }
    }

    /// MXR of either status leaves HLVX alone: it reads where it may execute, and only there.
    hlvx_and_mxr
    [rules "hlsv_u_op"]
    [cases 47]
    [needs H]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        set_status(p, SSTATUS, csr::sstatus::MXR, true);
        set_status(p, VSSTATUS, csr::sstatus::MXR, true);
        for (vs, g) in [("ruad", "rxuad"), ("rxuad", "ruad"), ("xuad", "xuad")] {
            guest.set_vs(p, flags(vs));
            guest.set_g(p, flags(g));
            check(p, ACCESSES[1], vs.contains('x'), g.contains('x'));
        }
    }
}
