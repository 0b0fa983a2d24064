//! Misaligned accesses: done or refused, by which exception, and before or after other faults.

use iss::variant::{Misaligned, MisalignedAtomic};

use crate::Program;
use crate::prelude::*;

/// A page that is not mapped, and one that is mapped to where no memory is.
const UNMAPPED: u64 = SPARE + 0x4000;
const NOWHERE: u64 = SPARE + 0x5000;

/// A page, and what aligned accesses to it raise.
struct Place {
    address: u64,
    /// Of a load.
    load: Option<Exception>,
    /// Of a store or an atomic.
    store: Option<Exception>,
}

/// The exception of a misaligned access, where the hart refuses it for that, given what an aligned one raises.
fn refused(p: &Program, by_alignment: Exception, otherwise: Option<Exception>) -> Option<Exception> {
    if p.cpu().misaligned_first { Some(by_alignment) } else { otherwise.or(Some(by_alignment)) }
}

fn attempt(p: &mut Program, expected: Option<Exception>, address: u64, inst: fn(&mut Program)) {
    p.li(A0, address);
    match expected {
        None => inst(p),
        Some(exception) => p.expect_trap(trap(exception, Mode::M).tval(address), inst),
    }
}

conformance_tests! {
    /// A misaligned atomic always raises address-misaligned or, by the hart's choice, an access fault; a misaligned
    /// load or store is done or raises address-misaligned; before a page fault or an access fault at the same
    /// address, or after it.
    misalignment_and_other_faults
    [rules "MCAUSE_EXCCODE_MISALIGNED_VS_FAULT_PRI" "PMA_MAG_EXC" "PMA_MAG_OP_LDST" "pma_mag_op_amo" "pma_mag_op_rsrv"]
    [cpus "misaligned-order=last" "misaligned=trap" "misaligned=trap,misaligned-order=last"
        "misaligned=trap,misaligned-order=last,misaligned-amo=access" "misaligned-amo=access"]
    |p| {
        use Exception::{LoadAccessFault, LoadPageFault, StoreAccessFault, StorePageFault};
        let (s, page) = (p.s_stage(&SV39), p.page());
        p.map(s, NOWHERE, 1 << 37, flags("rwad"));
        let places = [
            Place { address: page, load: None, store: None },
            Place { address: UNMAPPED, load: Some(LoadPageFault), store: Some(StorePageFault) },
            Place { address: NOWHERE, load: Some(LoadAccessFault), store: Some(StoreAccessFault) },
        ];
        let by_address = p.cpu().misaligned_atomic == MisalignedAtomic::Address;
        let done = p.cpu().misaligned == Misaligned::Hardware;
        p.in_mode(Mode::HS, |p| {
            for Place { address, load, store } in places {
                for offset in [1, 2, 4] {
                    let at = address + offset;
                    let of_atomic =
                        if by_address { Exception::StoreAddrMisaligned } else { StoreAccessFault };
                    let of_lr = if by_address { Exception::LoadAddrMisaligned } else { LoadAccessFault };
                    let amo = refused(p, of_atomic, store);
                    attempt(p, amo, at, |p| {
                        p.amoadd_d(A1, A2, A0, Order::Plain);
                    });
                    attempt(p, amo, at, |p| {
                        p.sc_d(A1, A2, A0, Order::Plain);
                    });
                    let lr = refused(p, of_lr, load);
                    attempt(p, lr, at, |p| {
                        p.lr_d(A1, A0, Order::Plain);
                    });
                    let (load, store) = match done {
                        true => (load, store),
                        false => (
                            refused(p, Exception::LoadAddrMisaligned, load),
                            refused(p, Exception::StoreAddrMisaligned, store),
                        ),
                    };
                    attempt(p, load, at, |p| {
                        p.ld(A1, 0, A0);
                    });
                    attempt(p, store, at, |p| {
                        p.sd(A1, 0, A0);
                    });
                }
                // Alignment is that of the access, not of the address.
                attempt(p, load, address + 6, |p| {
                    p.lh(A1, 0, A0);
                });
                attempt(p, load, address + 7, |p| {
                    p.lb(A1, 0, A0);
                });
                attempt(p, store, address + 4, |p| {
                    p.amoswap_w(A1, A2, A0, Order::Plain);
                });
            }
        });
    }

    /// Where misaligned loads and stores are done, they reach all their bytes, also in two pages.
    misaligned_accesses_reach_their_bytes
    [rules "PMA_MAG_OP_LDST"]
    [needs Zicclsm]
    |p| {
        let (first, second) = (p.page(), p.page());
        let s = p.s_stage(&SV39);
        p.map(s, SPARE, second, flags("rwad"));
        p.map(s, SPARE + 0x1000, first, flags("rwad"));
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE + 0xffd).li(A1, 0x0807_0605_0403_0201).sd(A1, 0, A0).ld(A2, 0, A0);
            p.check_eq_reg(A2, A1, "a doubleword in two pages");
            p.lhu(A2, 2, A0);
            p.check_eq(A2, 0x0403, "a halfword in two pages");
            p.lw(A2, 1, A0);
            p.check_eq(A2, 0x0504_0302, "a word in two pages");
        });
        p.check_memory(second + 0xff8, 0x0003_0201 << 40, "the end of one page");
        p.check_memory(first, 0x0008_0706_0504, "the start of the other");
    }
}
