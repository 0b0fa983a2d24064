//! Which accesses are masked, and which are not.

use super::tagged::{PM16, SUPERVISOR, TAG};
use crate::prelude::*;

conformance_tests! {
    /// Every explicit access is: of integers, of floating-point numbers, atomic, compressed.
    every_explicit_access_is_masked
    [rules "pm_apply_explicit" "pm_cpu_only"]
    [needs Smnpm]
    |p| {
        let s = p.s_stage(&SV39);
        let page = p.page();
        p.map(s, SPARE, page, flags("rwad"));
        p.set_field(SUPERVISOR.0, SUPERVISOR.1, PM16);
        p.set_csr(csr::mstatus::NUMBER, csr::mstatus::FS.mask());
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE | TAG).mv(SP, A0).li(A1, 5);
            p.sb(A1, 0, A0).sh(A1, 0, A0).sw(A1, 0, A0).sd(A1, 0, A0).c_sd(A1, 8, A0).c_sdsp(A1, 16);
            p.lb(A2, 0, A0).lhu(A2, 0, A0).lw(A2, 0, A0).c_lw(A2, 0, A0).c_ldsp(A2, 16);
            p.check_eq(A2, 5, "a load");
            p.fld(FT0, 0, A0).fsd(FT0, 24, A0).flw(FT0, 0, A0).fsw(FT0, 32, A0);
            p.lr_d(A2, A0, Order::Plain).sc_d(A3, A1, A0, Order::Plain);
            p.check_eq(A3, 0, "SC of what LR has reserved");
            p.amoadd_d(A2, A1, A0, Order::Plain).amoswap_w(A2, A1, A0, Order::Plain);
            p.check_eq(A2, 10, "an AMO");
        });
        p.check_memory(page, 5, "a store");
        p.check_memory(page + 24, 5, "a floating-point store");
    }

    /// The same accesses where nothing is mapped report the masked address, SC also when it would have failed.
    faults_report_the_masked_address
    [rules "pm_csr_hw_apply"]
    [cases 22]
    [needs Smnpm]
    |p| {
        p.s_stage(&SV39);
        p.set_field(SUPERVISOR.0, SUPERVISOR.1, PM16);
        p.set_csr(csr::mstatus::NUMBER, csr::mstatus::FS.mask());
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE | TAG);
            let load = || trap(Exception::LoadPageFault, Mode::M).tval(SPARE);
            let store = || trap(Exception::StorePageFault, Mode::M).tval(SPARE);
            p.expect_trap(load(), |p| {
                p.lb(A1, 0, A0);
            });
            p.expect_trap(load(), |p| {
                p.fld(FT0, 0, A0);
            });
            p.expect_trap(load(), |p| {
                p.lr_w(A1, A0, Order::Plain);
            });
            p.expect_trap(store(), |p| {
                p.sd(A1, 0, A0);
            });
            p.expect_trap(store(), |p| {
                p.fsw(FT0, 0, A0);
            });
            p.expect_trap(store(), |p| {
                p.sc_w(A1, A2, A0, Order::Plain);
            });
            p.expect_trap(store(), |p| {
                p.amoor_d(A1, A2, A0, Order::Plain);
            });
        });
    }

    /// Cache-block instructions are masked too: what they zero is behind the masked address, and that is what
    /// they report.
    cache_block_instructions_are_masked
    [rules "pm_apply_explicit" "pm_csr_hw_apply"]
    [needs Smnpm Zicboz Zicbom]
    |p| {
        use csr::menvcfg::{CBCFE, CBIE, CBZE};
        let s = p.s_stage(&SV39);
        let page = p.page();
        p.map(s, SPARE, page, flags("rwad"));
        p.put(page + 8, 0x1234);
        p.set_field(SUPERVISOR.0, SUPERVISOR.1, PM16);
        p.set_csr(SUPERVISOR.0, CBCFE.mask() | CBIE.of(1) | CBZE.mask());
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE | TAG);
            p.cbo_clean(A0).cbo_flush(A0).cbo_inval(A0).cbo_zero(A0);
            p.li(A0, (SPARE + 0x1000) | TAG);
            let fault = || trap(Exception::StorePageFault, Mode::M).tval(SPARE + 0x1000);
            p.expect_trap(fault(), |p| {
                p.cbo_clean(A0);
            });
            p.expect_trap(fault(), |p| {
                p.cbo_zero(A0);
            });
        });
        p.check_memory(page + 8, 0, "what CBO.ZERO has zeroed");
    }

    /// A misaligned atomic reports its masked address too.
    misaligned_atomics_report_the_masked_address
    [rules "pm_csr_hw_apply"]
    [needs Smmpm]
    |p| {
        let page = p.page();
        p.set_field(csr::mseccfg::NUMBER, csr::mseccfg::PMM, PM16);
        p.li(A0, page | TAG | 1);
        let [_, misaligned] = p.misaligned_atomics();
        p.expect_trap(trap(misaligned, Mode::M).tval(page | 1), |p| {
            p.amoadd_w(A1, A2, A0, Order::Plain);
        });
        p.clear_csr(csr::mseccfg::NUMBER, csr::mseccfg::PMM.mask());
    }

    /// Fetches are not masked: a jump to a tagged address faults at it.
    fetches_are_not_masked
    [rules "pm_not_apply_implicit"]
    [needs Smnpm]
    |p| {
        p.set_field(SUPERVISOR.0, SUPERVISOR.1, PM16);
        for paged in [false, true] {
            let exception = if paged { Exception::InstPageFault } else { Exception::InstAccessFault };
            let target = (U_VIEW + 0x8000_0000) | TAG;
            if paged {
                p.s_stage(&SV39);
            }
            p.in_mode(Mode::HS, |p| {
                p.li(A0, target);
                p.expect_trap(trap(exception, Mode::M).epc(target).tval(target), |p| {
                    p.jr(A0);
                });
            });
        }
    }

    /// A page-table walk is not masked: an entry that points to an address of more than 48 bits points to
    /// no memory.
    walks_are_not_masked
    [rules "pm_not_apply_implicit" "pm_cpu_only"]
    [needs Smnpm Smmpm]
    |p| {
        let s = p.s_stage(&SV39);
        let page = p.page();
        let table = p.page();
        p.put_pte(s, SPARE, 1, Pte::pointer(table | 1 << 50));
        p.put(table, Pte::leaf(page, flags("rwad")).0);
        p.put_pte(s, SPARE + (2 << 20), 1, Pte::pointer(table));
        p.set_field(SUPERVISOR.0, SUPERVISOR.1, PM16);
        p.set_field(csr::mseccfg::NUMBER, csr::mseccfg::PMM, PM16);
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE + (2 << 20)).ld(A1, 0, A0);
            p.li(A0, SPARE);
            p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(SPARE), |p| {
                p.ld(A1, 0, A0);
            });
        });
        p.clear_csr(csr::mseccfg::NUMBER, csr::mseccfg::PMM.mask());
    }

    /// Fences take their addresses as they are: one with a tag is about no page that is mapped, and one
    /// without is about the page that tagged accesses use.
    fences_take_addresses_as_they_are
    [rules "pm_apply_explicit"]
    [needs Smnpm]
    |p| {
        let s = p.s_stage(&SV39);
        let (old, new) = (p.page(), p.page());
        p.put(old, 1);
        p.put(new, 2);
        let pte = p.map(s, SPARE, old, flags("rwad"));
        p.set_field(SUPERVISOR.0, SUPERVISOR.1, PM16);
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE | TAG).ld(A1, 0, A0);
            p.check_eq(A1, 1, "the old page");
        });
        p.store(pte, Pte::leaf(new, flags("rwad")).0);
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE).sfence_vma(A0, ZERO);
            p.li(A0, SPARE | TAG).ld(A1, 0, A0);
            p.check_eq(A1, 2, "the new page");
        });
    }

    /// What software writes to a CSR is not masked, even one that holds addresses: it takes as many bits as
    /// without masking.
    csr_writes_are_not_masked
    [rules "pm_no_csr_sw" "pm_warl_unaffected"]
    [needs Smnpm Smmpm]
    |p| {
        use csr::{mepc, mscratch, mtval, scause, sepc, sscratch, stval};
        let value = TAG | 0x1234_5678_9abc;
        let masks = [0, PM16];
        for pmm in masks {
            p.set_field(csr::mseccfg::NUMBER, csr::mseccfg::PMM, pmm);
            for number in [mepc::NUMBER, mscratch::NUMBER, mtval::NUMBER] {
                p.check_write(number, value, value, "an address written in M-mode");
            }
            p.clear_csr(csr::mseccfg::NUMBER, csr::mseccfg::PMM.mask());
            p.set_field(SUPERVISOR.0, SUPERVISOR.1, pmm);
            p.in_mode(Mode::HS, |p| {
                for number in [sepc::NUMBER, sscratch::NUMBER, stval::NUMBER] {
                    p.check_write(number, value, value, "an address written in S-mode");
                }
                p.csrw(scause::NUMBER, ZERO);
            });
        }
    }

    /// A trap vector is used as it is written: with a tag, the handler cannot be fetched.
    trap_vectors_are_not_masked
    [rules "pm_no_trap_vector_mask"]
    [needs Smnpm]
    [only |cpu| delegates(cpu, &[Exception::Breakpoint])]
    |p| {
        p.csrr(S2, csr::stvec::NUMBER);
        p.li(A0, TAG).or(A0, A0, S2).csrw(csr::stvec::NUMBER, A0);
        p.csrr(S3, csr::stvec::NUMBER);
        p.check_eq_reg(S3, A0, "stvec with a tag");
        p.write_csr(csr::medeleg::NUMBER, Exception::Breakpoint.bit());
        p.set_field(SUPERVISOR.0, SUPERVISOR.1, PM16);
        p.in_mode(Mode::HS, |p| {
            // The handler's own fetch faults, again and again if S-mode took that.
            p.expect_trap(trap(Exception::InstAccessFault, Mode::M).anywhere(), |p| {
                p.ebreak();
            });
        });
        p.csrw(csr::stvec::NUMBER, S2);
    }
}
