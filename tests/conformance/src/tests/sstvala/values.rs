//! What stval holds after traps into S-mode.

use iss::variant::{Misaligned, MisalignedAtomic};

use crate::Program;
use crate::prelude::*;

/// A page that nothing maps, and one whose memory does not exist.
const UNMAPPED: u64 = SPARE + 0x4000;
const NOWHERE: u64 = SPARE + 0x5000;

/// Everything that can be delegated to S-mode but the framework's own calls from there.
fn delegate(p: &mut Program) {
    p.li(A0, !Exception::EcallS.bit()).csrw(csr::medeleg::NUMBER, A0);
}

/// A load, a store, an atomic and a fetch at `address` trap with these causes, in that order, and with it in
/// stval.
fn each_access_reports(p: &mut Program, address: u64, causes: [Exception; 3]) {
    let fault = |cause| trap(cause, Mode::HS).tval(address);
    let [fetch, load, store] = causes;
    p.li(A0, address);
    p.expect_trap(fault(load), |p| {
        p.lw(A1, 0, A0);
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

conformance_tests! {
    /// Page faults and access faults report their virtual address.
    stval_of_faults
    [rules "sstvala_stval_faulting_vaddr"]
    [needs Sstvala]
    [only |cpu| delegates(cpu, &[
        Exception::InstAccessFault, Exception::LoadAccessFault, Exception::StoreAccessFault,
        Exception::InstPageFault, Exception::LoadPageFault, Exception::StorePageFault,
    ])]
    [cpus "h=off" "satp=sv39"]
    |p| {
        use Exception::{
            InstAccessFault, InstPageFault, LoadAccessFault, LoadPageFault, StoreAccessFault, StorePageFault,
        };
        delegate(p);
        let s = p.s_stage(&SV39);
        p.map(s, NOWHERE, SPARE, flags("rwxad"));
        p.map(s, NOWHERE + 0x1000, SPARE, flags("rwxuad"));
        p.in_mode(Mode::HS, |p| {
            each_access_reports(p, UNMAPPED, [InstPageFault, LoadPageFault, StorePageFault]);
            each_access_reports(p, NOWHERE, [InstAccessFault, LoadAccessFault, StoreAccessFault]);
        });
        p.in_mode(Mode::U, |p| {
            each_access_reports(p, UNMAPPED + 0xff8, [InstPageFault, LoadPageFault, StorePageFault]);
            each_access_reports(p, NOWHERE + 0x1000, [InstAccessFault, LoadAccessFault, StoreAccessFault]);
        });
    }

    /// Misaligned accesses report their virtual address where they trap.
    stval_of_misaligned_accesses
    [rules "sstvala_stval_faulting_vaddr" "PMA_MAG_EXC"]
    [needs Sstvala]
    [only |cpu| delegates(cpu, &[Exception::LoadAddrMisaligned, Exception::StoreAddrMisaligned])]
    [cpus "misaligned=trap" "misaligned-amo=access"]
    |p| {
        delegate(p);
        let page = p.page();
        let by_address = p.cpu().misaligned_atomic == MisalignedAtomic::Address;
        let (load, store) = match by_address {
            true => (Exception::LoadAddrMisaligned, Exception::StoreAddrMisaligned),
            false => (Exception::LoadAccessFault, Exception::StoreAccessFault),
        };
        let traps = p.cpu().misaligned == Misaligned::Trap;
        p.in_mode(Mode::HS, |p| {
            p.li(A0, page + 6);
            p.expect_trap(trap(store, Mode::HS).tval(page + 6), |p| {
                p.amoor_d(A1, A2, A0, Order::Plain);
            });
            p.expect_trap(trap(load, Mode::HS).tval(page + 6), |p| {
                p.lr_w(A1, A0, Order::Plain);
            });
            if traps {
                p.expect_trap(trap(Exception::LoadAddrMisaligned, Mode::HS).tval(page + 7), |p| {
                    p.lh(A1, 1, A0);
                });
                p.expect_trap(trap(Exception::StoreAddrMisaligned, Mode::HS).tval(page + 2), |p| {
                    p.sd(A1, -4, A0);
                });
            }
        });
    }

    /// An illegal instruction is reported, and so is a virtual one.
    stval_of_instructions
    [rules "sstvala_stval_faulting_instruction"]
    [needs Sstvala H]
    [only |cpu| delegates(cpu, &[Exception::IllegalInst, Exception::VirtualInst])]
    |p| {
        delegate(p);
        for mode in [Mode::HS, Mode::U, Mode::VS, Mode::VU] {
            p.in_mode(mode, |p| {
                p.expect_trap(trap(Exception::IllegalInst, Mode::HS).tval_inst(), |p| {
                    p.csrr(A0, csr::mstatus::NUMBER);
                });
                p.expect_trap(trap(Exception::IllegalInst, Mode::HS).tval_inst(), |p| {
                    p.csrrw(A3, csr::cycle::NUMBER, A2);
                });
                if mode.virt {
                    p.expect_trap(trap(Exception::VirtualInst, Mode::HS).tval_inst(), |p| {
                        p.csrr(A0, csr::hgatp::NUMBER);
                    });
                }
            });
        }
    }

    /// xtval of illegal and virtual instructions is the instruction, or zero on a hart that does not report it.
    xtval_of_instructions_by_choice
    [rules "MTVAL_PER_EXC_BEHAVIOR" "mtval_instr_bits" "mtval_ill_instr_exc_in_low_bits" "mtval_op"]
    [needs H]
    [cpus "tval-illegal=zero" "tval-virtual=zero"]
    |p| {
        for mode in [Mode::VS, Mode::VU] {
            p.li(A0, u64::MAX).csrw(csr::mtval::NUMBER, A0);
            p.in_mode(mode, |p| {
                p.expect_trap(trap(Exception::VirtualInst, Mode::M).tval_inst(), |p| {
                    p.csrr(A0, csr::hgatp::NUMBER);
                });
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                    p.csrr(A0, csr::mstatus::NUMBER);
                });
            });
        }
    }
}
