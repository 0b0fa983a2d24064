//! Page permissions of VS- and VU-mode in both stages, one bit at a time, with SUM and MXR.

use super::guest::{GPA, Guest, U_ALL, VA, set_status};
use crate::Program;
use crate::prelude::*;

const SSTATUS: u16 = csr::sstatus::NUMBER;
const VSSTATUS: u16 = csr::vsstatus::NUMBER;
const MXR: isa::field::Field = csr::sstatus::MXR;
const SUM: isa::field::Field = csr::sstatus::SUM;

/// The combinations of R, W and X in leaves; W without R is reserved.
const LEAVES: [&str; 5] = ["r", "x", "rw", "rx", "rwx"];

/// Which of load, store and fetch a stage allows.
#[derive(Clone, Copy)]
struct Allowed {
    load: bool,
    store: bool,
    fetch: bool,
}

const EVERYTHING: Allowed = Allowed { load: true, store: true, fetch: true };

/// What R, W and X of a leaf allow.
fn allowed(leaf: &str, mxr: bool) -> Allowed {
    let has = |c| leaf.contains(c);
    Allowed { load: has('r') || mxr && has('x'), store: has('w'), fetch: has('x') }
}

/// A load, store, atomic and fetch of the page, in `mode`, faults in the stage that does not allow it.
fn accesses(p: &mut Program, mode: Mode, vs: Allowed, g: Allowed) {
    let fault = |vs: bool, g: bool, page: Exception, guest: Exception| match (vs, g) {
        (true, true) => None,
        (false, _) => Some(trap(page, Mode::M).tval(VA)),
        (true, false) => Some(trap(guest, Mode::M).tval(VA).gpa(GPA)),
    };
    let load = fault(vs.load, g.load, Exception::LoadPageFault, Exception::LoadGuestPageFault);
    let store = fault(vs.store, g.store, Exception::StorePageFault, Exception::StoreGuestPageFault);
    let fetch = fault(vs.fetch, g.fetch, Exception::InstPageFault, Exception::InstGuestPageFault);
    p.in_mode(mode, |p| {
        p.li(A0, VA);
        match load {
            None => {
                p.lw(A1, 0, A0).lr_w(A1, A0, Order::Plain);
            }
            Some(fault) => {
                p.expect_trap(fault.clone().tinst_transformed(0), |p| {
                    p.lw(A1, 0, A0);
                });
                p.expect_trap(fault.tinst_transformed(0), |p| {
                    p.lr_w(A1, A0, Order::Plain);
                });
            }
        }
        match store {
            None => {
                p.sw(ZERO, 0x40, A0).amoadd_w(A1, ZERO, A0, Order::Plain);
            }
            Some(fault) => {
                p.expect_trap(fault.clone().tinst_transformed(0), |p| {
                    p.sw(ZERO, 0, A0);
                });
                p.expect_trap(fault.tinst_transformed(0), |p| {
                    p.amoadd_w(A1, ZERO, A0, Order::Plain);
                });
            }
        }
        match fetch {
            None => {
                p.jalr(RA, 0, A0);
            }
            Some(fault) => p.expect_trap(fault.epc(VA).tinst(0), |p| {
                p.jalr(RA, 0, A0);
            }),
        }
    });
}

/// A guest whose page returns when it is run.
fn guest(p: &mut Program) -> Guest {
    let guest = Guest::new(p, U_ALL, U_ALL);
    p.put(guest.page, 0x8082_8082);
    guest
}

conformance_tests! {
    /// R, W, X and U of VS-stage leaves, in VS- and VU-mode, with each SUM; that of sstatus is not asked.
    vs_stage_permissions
    [rules "H_vm_twostage"]
    [cases 23 38]
    [needs H]
    |p| {
        let guest = guest(p);
        for user_page in [false, true] {
            for leaf in LEAVES {
                guest.set_vs(p, flags(leaf) | flags(if user_page { "uad" } else { "ad" }));
                for (mode, hs_sum, vs_sum) in [
                    (Mode::VU, true, true),
                    (Mode::VS, false, false),
                    (Mode::VS, true, false),
                    (Mode::VS, false, true),
                ] {
                    set_status(p, SSTATUS, SUM, hs_sum);
                    set_status(p, VSSTATUS, SUM, vs_sum);
                    let rwx = allowed(leaf, false);
                    let data = if mode == Mode::VU { user_page } else { !user_page || vs_sum };
                    let fetch = if mode == Mode::VU { user_page } else { !user_page };
                    let vs = Allowed {
                        load: rwx.load && data,
                        store: rwx.store && data,
                        fetch: rwx.fetch && fetch,
                    };
                    accesses(p, mode, vs, EVERYTHING);
                }
            }
        }
    }

    /// R, W and X of G-stage leaves, in VS- and VU-mode.
    g_stage_permissions
    [rules "H_vm_twostage" "H_vm_gpapriv"]
    [cases 23]
    [needs H]
    |p| {
        let guest = guest(p);
        for mode in [Mode::VS, Mode::VU] {
            guest.set_vs(p, if mode == Mode::VU { U_ALL } else { flags("rwxad") });
            for leaf in LEAVES {
                guest.set_g(p, flags(leaf) | flags("uad"));
                accesses(p, mode, EVERYTHING, allowed(leaf, false));
            }
        }
    }

    /// MXR of vsstatus makes executable pages readable in the VS stage alone, that of sstatus in both.
    mxr_of_each_stage
    [rules "vsstatus_mxr_vm" "sstatus_mxr_vm"]
    [cases 36]
    [needs H]
    |p| {
        let guest = guest(p);
        for mode in [Mode::VS, Mode::VU] {
            let user = if mode == Mode::VU { flags("uad") } else { flags("ad") };
            for (hs_mxr, vs_mxr) in [(false, false), (false, true), (true, false), (true, true)] {
                set_status(p, SSTATUS, MXR, hs_mxr);
                set_status(p, VSSTATUS, MXR, vs_mxr);
                for (in_vs, in_g) in
                    [("x", "rwx"), ("rwx", "x"), ("x", "x"), ("rw", "rw"), ("x", "r"), ("r", "x")]
                {
                    guest.set_vs(p, flags(in_vs) | user);
                    guest.set_g(p, flags(in_g) | flags("uad"));
                    accesses(p, mode, allowed(in_vs, hs_mxr || vs_mxr), allowed(in_g, hs_mxr));
                }
            }
        }
    }

    /// With a Bare VS stage, U-ness and SUM play no part, and MXR of vsstatus has nothing to override.
    permissions_of_the_g_stage_alone
    [rules "H_vm_gstagetrans" "vsstatus_mxr_vm"]
    [cases 36]
    [needs H]
    |p| {
        let (g, page) = (p.g_stage(&SV39X4), p.page());
        p.put(page, 0x8082_8082);
        // The page lies where the virtual address says.
        let entry = p.map(g, VA, page, U_ALL);
        for mode in [Mode::VS, Mode::VU] {
            for (hs_mxr, vs_mxr) in [(false, true), (true, false)] {
                set_status(p, SSTATUS, MXR, hs_mxr);
                set_status(p, VSSTATUS, MXR, vs_mxr);
                for leaf in LEAVES {
                    p.store(entry, Pte::leaf(page, flags(leaf) | flags("uad")).0);
                    p.hfence_gvma(ZERO, ZERO);
                    let g = allowed(leaf, hs_mxr);
                    p.in_mode(mode, |p| {
                        p.li(A0, VA);
                        let fault = |exception, va| trap(exception, Mode::M).tval(va).gpa(va);
                        if g.load {
                            p.lw(A1, 0, A0);
                        } else {
                            p.expect_trap(fault(Exception::LoadGuestPageFault, VA), |p| {
                                p.lw(A1, 0, A0);
                            });
                        }
                        if g.store {
                            p.sw(ZERO, 0x40, A0);
                        } else {
                            p.expect_trap(fault(Exception::StoreGuestPageFault, VA + 0x40), |p| {
                                p.sw(ZERO, 0x40, A0);
                            });
                        }
                        if g.fetch {
                            p.jalr(RA, 0, A0);
                        } else {
                            p.expect_trap(fault(Exception::InstGuestPageFault, VA).epc(VA).tinst(0), |p| {
                                p.jalr(RA, 0, A0);
                            });
                        }
                    });
                }
            }
        }
    }
}
