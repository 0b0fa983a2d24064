//! MPRV, MXR and SUM: with which privilege loads and stores are made.

use crate::Program;
use crate::prelude::*;

/// A physical address where no machine has memory or devices.
const NOWHERE: u64 = 1 << 37;

conformance_tests! {
    /// With MPRV, M-mode's loads and stores are translated and checked as those of the mode in MPP; without
    /// it they are its own.
    mprv_loads_and_stores_as_mpp
    [rules "mstatus_mprv_ldst_op"]
    |p| {
        let (host, user) = two_pages(p);
        p.li(A0, SPARE).li(A1, SPARE + PAGE_SIZE).li(A2, host);
        // As S-mode: its own pages, not U-mode's.
        with_mprv(p, 1, |p| {
            p.ld(A3, 0, A0).li(A4, 0x55).sd(A4, 8, A0).amoadd_d(A5, A4, A0, Order::Plain);
        });
        p.check_eq(A3, HOST, "loaded as S-mode");
        p.check_eq(A5, HOST, "what an AMO has loaded as S-mode");
        p.check_memory(host, HOST + 0x55, "what an AMO has stored as S-mode");
        p.check_memory(host + 8, 0x55, "stored as S-mode");
        faults_with_mprv(p, 1, SPARE + PAGE_SIZE, A1);
        // As U-mode the other way round.
        with_mprv(p, 0, |p| {
            p.ld(A3, 0, A1).li(A4, 0x66).sd(A4, 8, A1);
        });
        p.check_eq(A3, USER, "loaded as U-mode");
        p.check_memory(user + 8, 0x66, "stored as U-mode");
        faults_with_mprv(p, 0, SPARE, A0);
        // As M-mode nothing is translated, with MPRV or without.
        for (mprv, mpp) in [(1, 3), (0, 3), (0, 1), (0, 0)] {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPP, mpp);
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPRV, mprv);
            p.ld(A3, 8, A2).sd(A4, 16, A2);
            p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(SPARE), |p| {
                p.ld(A3, 0, A0);
            });
            p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MPRV.mask());
            p.check_eq(A3, 0x55, "loaded as M-mode");
            p.check_memory(host + 16, 0x66, "stored as M-mode");
            p.sd(ZERO, 16, A2);
        }
    }

    /// With MPRV, physical memory protection is that of the mode in MPP.
    mprv_is_under_the_protection_of_mpp
    [rules "mstatus_mprv_ldst_op"]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        let page = p.page();
        p.put(page, HOST);
        deny(p, page);
        p.li(A0, page);
        p.ld(A1, 0, A0).sd(A1, 8, A0);
        p.check_eq(A1, HOST, "loaded as M-mode");
        p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPP, 3);
        p.set_csr(csr::mstatus::NUMBER, csr::mstatus::MPRV.mask());
        p.ld(A1, 8, A0);
        p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MPRV.mask());
        p.check_eq(A1, HOST, "loaded as M-mode with MPRV");
        for mpp in [1, 0] {
            for (exception, access) in ACCESS_FAULTS {
                p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPP, mpp);
                p.set_csr(csr::mstatus::NUMBER, csr::mstatus::MPRV.mask());
                p.expect_trap(trap(exception, Mode::M).tval(page), access);
            }
        }
    }

    /// MPRV says nothing about fetches: M-mode's code goes on where S- and U-mode have no page to execute.
    mprv_does_not_concern_fetches
    [rules "mstatus_mprv_inst_xlat_op"]
    |p| {
        let (_, user) = two_pages(p);
        // This page is all that S- and U-mode have.
        let bare = p.table(&SV39);
        p.map(bare, SPARE, user, flags("rwad"));
        p.map(bare, SPARE + PAGE_SIZE, user, flags("rwuad"));
        p.use_satp(bare, 0);
        for (mpp, address) in [(1, SPARE), (0, SPARE + PAGE_SIZE)] {
            p.li(A0, address).li(A3, 0).li(A2, 0);
            with_mprv(p, mpp, |p| {
                let over = p.label();
                p.ld(A3, 0, A0).fence_i().j(over);
                p.li(A3, 1);
                p.place(over);
                p.addi(A2, A2, 1);
            });
            p.check_eq(A2, 1, "code has run with MPRV");
            p.check_eq(A3, USER, "and data were translated");
        }
    }

    /// With MXR, what may be executed may be loaded too, though not stored to.
    mxr_makes_executable_pages_readable
    [rules "mstatus_mxr_op"]
    |p| {
        let s = p.s_stage(&SV39);
        let (code, data) = (p.page(), p.page());
        p.put(code, HOST);
        p.put(data, USER);
        for (n, (page, letters)) in
            [(code, "xad"), (data, "rad"), (code, "xuad"), (data, "ruad")].into_iter().enumerate()
        {
            p.map(s, SPARE + n as u64 * PAGE_SIZE, page, flags(letters));
        }
        for mxr in [0, 1, 0] {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::MXR, mxr);
            for (mode, code) in [(Mode::HS, SPARE), (Mode::U, SPARE + 2 * PAGE_SIZE)] {
                let data = code + PAGE_SIZE;
                p.in_mode(mode, |p| {
                    p.li(A0, code).li(A1, data);
                    p.ld(A2, 0, A1);
                    p.check_eq(A2, USER, "a readable page");
                    loads_if(p, mxr == 1, code);
                    p.expect_trap(trap(Exception::StorePageFault, Mode::M).tval(code), |p| {
                        p.sd(A2, 0, A0);
                    });
                    p.expect_trap(trap(Exception::StorePageFault, Mode::M).tval(code), |p| {
                        p.amoadd_d(A2, ZERO, A0, Order::Plain);
                    });
                });
            }
            // M-mode's own loads are not concerned; with MPRV they are not its own.
            p.li(A1, 0).li(A0, code).ld(A1, 0, A0);
            p.check_eq(A1, HOST, "loaded in M-mode");
            p.li(A0, SPARE);
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPP, 1);
            p.set_csr(csr::mstatus::NUMBER, csr::mstatus::MPRV.mask());
            loads_if(p, mxr == 1, SPARE);
            p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MPRV.mask());
        }
    }

    /// With SUM, S-mode can load from and store to pages of U-mode; without, it faults.
    sum_lets_s_use_pages_of_u
    [rules "mstatus_sum_op" "mstatus_sum_op_mprv_mpp"]
    |p| {
        let (_, user) = two_pages(p);
        let at = SPARE + PAGE_SIZE;
        for sum in [0, 1, 0] {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::SUM, sum);
            p.in_mode(Mode::HS, |p| {
                p.li(A0, at).li(A1, USER);
                if sum == 1 {
                    p.ld(A2, 0, A0).sd(A1, 8, A0).amoadd_d(A3, ZERO, A0, Order::Plain);
                    p.check_eq(A2, USER, "loaded with SUM");
                    p.check_eq(A3, USER, "what an AMO has loaded with SUM");
                    return;
                }
                for (exception, access) in PAGE_FAULTS {
                    p.expect_trap(trap(exception, Mode::M).tval(at), access);
                }
            });
            p.check_memory(user + 8, if sum == 1 { USER } else { 0 }, "what is stored with SUM");
            p.li(A0, user).sd(ZERO, 8, A0);
            // U-mode and what is done as U-mode do not need it.
            p.in_mode(Mode::U, |p| {
                p.li(A0, at).li(A2, 0).ld(A2, 0, A0);
                p.check_eq(A2, USER, "loaded in U-mode");
            });
            p.li(A0, at).li(A2, 0);
            with_mprv(p, 0, |p| {
                p.ld(A2, 0, A0);
            });
            p.check_eq(A2, USER, "loaded as U-mode");
            // What M-mode does as S-mode does.
            if sum == 1 {
                p.li(A2, 0);
                with_mprv(p, 1, |p| {
                    p.ld(A2, 0, A0);
                });
                p.check_eq(A2, USER, "loaded as S-mode");
            } else {
                faults_with_mprv(p, 1, at, A0);
            }
        }
    }

    /// Without translation there are no pages of U-mode, and SUM decides nothing.
    sum_without_translation
    [rules "mstatus_sum_op_no-vm"]
    |p| {
        let page = p.page();
        p.put(page, HOST);
        for sum in [0, 1] {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::SUM, sum);
            p.in_mode(Mode::HS, |p| {
                p.li(A0, page).li(A1, 0).ld(A1, 0, A0).sd(A1, 8, A0);
                p.check_eq(A1, HOST, "loaded without translation");
            });
            p.check_memory(page + 8, HOST, "stored without translation");
            p.li(A0, page).sd(ZERO, 8, A0);
        }
    }

    /// Neither MXR nor SUM changes what PMP and the platform forbid.
    mxr_and_sum_do_not_concern_access_faults
    [rules "MSTATUS_MXR_SUM_OP_ACC_FAULT"]
    [only |cpu| cpu.pmp_entries > 0]
    |p| {
        let page = p.page();
        let all = csr::mstatus::MXR.mask() | csr::mstatus::SUM.mask();
        let s = p.table(&SV39);
        p.identity(s);
        p.map(s, SPARE, page, flags("rwxad"));
        p.map(s, SPARE + PAGE_SIZE, page, flags("rwxuad"));
        p.map(s, SPARE + 2 * PAGE_SIZE, NOWHERE, flags("rwxad"));
        // Executable in PMP, which is not readable with MXR.
        deny(p, page);
        p.set_csr(csr::pmpcfg0::NUMBER, 4);
        for bits in [0, all] {
            p.s_bare();
            p.clear_csr(csr::mstatus::NUMBER, all);
            p.set_csr(csr::mstatus::NUMBER, bits);
            let forbidden = |p: &mut Program, address: u64| {
                p.li(A0, address);
                for (exception, access) in ACCESS_FAULTS {
                    p.expect_trap(trap(exception, Mode::M).tval(address), access);
                }
            };
            p.in_mode(Mode::HS, |p| {
                forbidden(p, page);
                forbidden(p, NOWHERE);
            });
            p.use_satp(s, 0);
            p.in_mode(Mode::HS, |p| {
                forbidden(p, SPARE);
                forbidden(p, SPARE + 2 * PAGE_SIZE);
                if bits != 0 {
                    forbidden(p, SPARE + PAGE_SIZE);
                }
            });
        }
    }
}

const HOST: u64 = 0x1111_2222_3333_4444;
const USER: u64 = 0x5555_6666_7777_8888;

/// An exception, and what writes the access that raises it.
type Fault = (Exception, fn(&mut Program));

/// Accesses to where `a0` points, and what they raise on a page that is not for the mode.
const PAGE_FAULTS: [Fault; 3] = [
    (Exception::LoadPageFault, |p| {
        p.ld(A4, 0, A0);
    }),
    (Exception::StorePageFault, |p| {
        p.sd(A4, 0, A0);
    }),
    (Exception::StorePageFault, |p| {
        p.amoadd_d(A4, ZERO, A0, Order::Plain);
    }),
];

/// The same where physical memory is not for the mode.
const ACCESS_FAULTS: [Fault; 3] = [
    (Exception::LoadAccessFault, PAGE_FAULTS[0].1),
    (Exception::StoreAccessFault, PAGE_FAULTS[1].1),
    (Exception::StoreAccessFault, PAGE_FAULTS[2].1),
];

/// Maps a page of S-mode at `SPARE` and one of U-mode after it; their physical addresses.
fn two_pages(p: &mut Program) -> (u64, u64) {
    let s = p.s_stage(&SV39);
    let (host, user) = (p.page(), p.page());
    p.put(host, HOST);
    p.put(user, USER);
    p.map(s, SPARE, host, flags("rwad"));
    p.map(s, SPARE + PAGE_SIZE, user, flags("rwuad"));
    (host, user)
}

/// Writes code that runs in M-mode with MPRV and this MPP.
fn with_mprv(p: &mut Program, mpp: u64, body: impl FnOnce(&mut Program)) {
    p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPP, mpp);
    p.set_csr(csr::mstatus::NUMBER, csr::mstatus::MPRV.mask());
    body(p);
    p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MPRV.mask());
}

/// Checks that M-mode's accesses to `address`, which `reg` holds, fault with MPRV and this MPP.
fn faults_with_mprv(p: &mut Program, mpp: u64, address: u64, reg: Reg) {
    for (exception, access) in PAGE_FAULTS {
        p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPP, mpp);
        p.set_csr(csr::mstatus::NUMBER, csr::mstatus::MPRV.mask());
        let kept = A7;
        p.mv(kept, A0).mv(A0, reg);
        p.expect_trap(trap(exception, Mode::M).tval(address), access);
        p.mv(A0, kept);
    }
}

/// Checks that a load from `address`, which `a0` holds, gives what is on the page of code, or that it faults.
fn loads_if(p: &mut Program, allowed: bool, address: u64) {
    if allowed {
        p.li(A2, 0).ld(A2, 0, A0);
        p.check_eq(A2, HOST, "an executable page with MXR");
    } else {
        p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(address), |p| {
            p.ld(A2, 0, A0);
        });
    }
}

/// Makes PMP keep S- and U-mode from a page; the rest of memory is theirs.
fn deny(p: &mut Program, page: u64) {
    p.write_csr(csr::pmpaddr0::NUMBER + 1, u64::MAX >> 10);
    p.write_csr(csr::pmpaddr0::NUMBER, page >> 2 | 0x1ff);
    p.write_csr(csr::pmpcfg0::NUMBER, 0x1f << 8 | 0x18);
    p.sfence_vma(ZERO, ZERO);
}
