//! What vstval holds after traps into VS-mode.

use iss::variant::{Misaligned, MisalignedAtomic};

use crate::Program;
use crate::prelude::*;

/// A page that the guest does not map, and one whose memory does not exist.
const UNMAPPED: u64 = SPARE + 0x4000;
const NOWHERE: u64 = SPARE + 0x5000;

/// Everything that can be delegated to VS-mode is.
fn delegate(p: &mut Program) {
    let own = Exception::EcallS.bit() | Exception::EcallVs.bit();
    p.li(A0, !own).csrw(csr::medeleg::NUMBER, A0).csrw(csr::hedeleg::NUMBER, A0);
}

conformance_tests! {
    /// Page faults and access faults report their guest virtual address.
    vstval_of_faults
    [rules "shvstvala_vstval_written"]
    [cases 19]
    [needs H Shvstvala]
    [only |cpu| delegates(cpu, &[
        Exception::InstAccessFault, Exception::LoadAccessFault, Exception::StoreAccessFault,
        Exception::InstPageFault, Exception::LoadPageFault, Exception::StorePageFault,
    ])]
    [cpus "tinst=zero" "vsatp=sv39,satp=sv39"]
    |p| {
        use Exception::{
            InstAccessFault, InstPageFault, LoadAccessFault, LoadPageFault, StoreAccessFault, StorePageFault,
        };
        delegate(p);
        let vs = p.vs_stage(&SV39);
        p.map(vs, NOWHERE, SPARE, flags("rwxad"));
        p.in_mode(Mode::VS, |p| {
            for (address, fetch, load, store) in [
                (UNMAPPED, InstPageFault, LoadPageFault, StorePageFault),
                (NOWHERE + 0xff8, InstAccessFault, LoadAccessFault, StoreAccessFault),
            ] {
                let fault = |cause| trap(cause, Mode::VS).tval(address);
                p.li(A0, address);
                p.expect_trap(fault(load), |p| {
                    p.lw(A1, 0, A0);
                });
                p.expect_trap(fault(load), |p| {
                    p.lr_d(A1, A0, Order::Plain);
                });
                p.expect_trap(fault(store), |p| {
                    p.sw(A1, 0, A0);
                });
                p.expect_trap(fault(store), |p| {
                    p.amoadd_w(A1, A2, A0, Order::Plain);
                });
                p.expect_trap(fault(fetch).epc(address), |p| {
                    p.jr(A0);
                });
            }
        });
        p.in_mode(Mode::VU, |p| {
            p.li(A0, UNMAPPED);
            p.expect_trap(trap(LoadPageFault, Mode::VS).tval(UNMAPPED), |p| {
                p.ld(A1, 0, A0);
            });
        });
    }

    /// Misaligned accesses report their guest virtual address where they trap.
    vstval_of_misaligned_accesses
    [rules "shvstvala_vstval_written"]
    [needs H Shvstvala]
    [only |cpu| delegates(cpu, &[Exception::StoreAddrMisaligned])]
    [cpus "misaligned=trap" "misaligned-amo=access"]
    |p| {
        delegate(p);
        let page = p.page();
        let store = match p.cpu().misaligned_atomic {
            MisalignedAtomic::Address => Exception::StoreAddrMisaligned,
            MisalignedAtomic::Access => Exception::StoreAccessFault,
        };
        let traps = p.cpu().misaligned == Misaligned::Trap;
        p.in_mode(Mode::VS, |p| {
            p.li(A0, page + 6);
            p.expect_trap(trap(store, Mode::VS).tval(page + 6), |p| {
                p.amoor_d(A1, A2, A0, Order::Plain);
            });
            if traps {
                p.expect_trap(trap(Exception::LoadAddrMisaligned, Mode::VS).tval(page + 7), |p| {
                    p.lh(A1, 1, A0);
                });
            }
        });
    }

    /// An illegal instruction is reported.
    vstval_of_illegal_instructions
    [rules "shvstvala_vstval_written"]
    [needs H Shvstvala]
    [only |cpu| delegates(cpu, &[Exception::IllegalInst])]
    |p| {
        delegate(p);
        for mode in [Mode::VS, Mode::VU] {
            p.in_mode(mode, |p| {
                p.expect_trap(trap(Exception::IllegalInst, Mode::VS).tval_inst(), |p| {
                    p.csrr(A0, csr::mstatus::NUMBER);
                });
            });
        }
    }
}
