//! mscratch, mepc, mcause, mtval and mconfigptr, and what traps leave in them.

use crate::Program;
use crate::prelude::*;

/// An exception, the trap value where it is not the instruction's, and code that raises it.
type Raised = (Exception, Option<u64>, fn(&mut Program));

/// Every exception that a program without H can raise below M-mode, with a body that raises it in U-mode and the
/// trap value. `SPARE` is a page that may only be executed, and the page after it is not mapped.
fn exceptions() -> [Raised; 8] {
    [
        (Exception::IllegalInst, None, |p| {
            p.csrw(csr::mvendorid::NUMBER, ZERO);
        }),
        (Exception::Breakpoint, None, |p| {
            p.ebreak();
        }),
        (Exception::LoadPageFault, Some(SPARE + 8), |p| {
            p.ld(A1, 8, A0);
        }),
        (Exception::LoadPageFault, Some(SPARE + 8), |p| {
            p.addi(A2, A0, 8).lr_d(A1, A2, Order::Plain);
        }),
        (Exception::StorePageFault, Some(SPARE + 16), |p| {
            p.sd(A1, 16, A0);
        }),
        (Exception::StorePageFault, Some(SPARE), |p| {
            p.amoswap_d(A1, A1, A0, Order::Plain);
        }),
        (Exception::StorePageFault, Some(SPARE), |p| {
            p.sc_d(A1, A1, A0, Order::Plain);
        }),
        (Exception::EcallU, Some(0), |p| {
            p.ecall();
        }),
    ]
}

conformance_tests! {
    /// mscratch is 64 bits of memory for M-mode.
    m_mscratch
    [rules "mscratch_sz" "mscratch_acc" "mscratch_enc"]
    |p| {
        p.check_writable(csr::mscratch::NUMBER, u64::MAX, 0);
        p.check_write(csr::mscratch::NUMBER, 0x1234_5678_9abc_def0, 0x1234_5678_9abc_def0, "mscratch");
        for mode in [Mode::HS, Mode::U] {
            p.in_mode(mode, |p| {
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                    p.csrr(A0, csr::mscratch::NUMBER);
                });
            });
        }
    }

    /// mepc holds every valid address, with bit 0 always zero.
    m_mepc
    [rules "mepc_sz" "mepc_acc" "mepc_align" "MEPC_WARL" "MEPC_INV_ADDR_CONV" "mepc_enc"]
    |p| {
        for address in [0, 2, 0x8000_0002, 0x3f_ffff_fffe, 0xffff_ffc0_0000_0000, u64::MAX - 1] {
            p.check_write(csr::mepc::NUMBER, address, address, "mepc");
            p.check_write(csr::mepc::NUMBER, address | 1, address, "mepc after writing an odd address");
        }
    }

    /// mcause holds the codes of every exception and interrupt.
    m_mcause
    [rules "mcause_sz" "mcause_acc" "mcause_enc" "MCAUSE_EXCCODE_WLRL"]
    |p| {
        for code in (0..16).chain(18..24) {
            p.check_write(csr::mcause::NUMBER, code, code, "mcause");
        }
        for code in [1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 13] {
            p.check_write(csr::mcause::NUMBER, 1 << 63 | code, 1 << 63 | code, "mcause of an interrupt");
        }
    }

    /// mtval holds every valid virtual address, zero, and every instruction.
    m_mtval
    [rules "mtval_sz" "mtval_acc" "mtval_enc" "mtval_vaddr_and_0_sz" "mtval_instr_bits_sz" "MTVAL_RDONLY0"
        "MTVAL_WARL" "MTVAL_INV_ADDR_CONV"]
    |p| {
        for value in [0, 1, 0xffff_ffff, 0x8000_0001, 0x3f_ffff_ffff, 0xffff_ffc0_0000_0000, u64::MAX] {
            p.check_write(csr::mtval::NUMBER, value, value, "mtval");
        }
    }

    /// Each exception's code, address and value are in mcause, mepc and mtval; MPP says where it came from.
    m_exceptions
    [rules "mepc_op" "mcause_op" "mcause_exccode_op" "mcause_exccode_enc" "mcause_exccode_ld_ldrsv"
        "mcause_exccode_st_sc_amo" "mtval_op" "mtval_vaddr_wr1" "mtval_instr_bits"
        "mtval_ill_instr_exc_in_low_bits" "mtval_other_traps_zero" "mtval_vaddr_not_paddr"]
    [cpus "tval-illegal=zero"]
    |p| {
        let s = p.s_stage(&SV39);
        let page = p.page();
        p.map(s, SPARE, page, flags("xuad"));
        // Far above all memory and devices.
        p.map(s, SPARE + 0x2000, 1 << 54, flags("rwxuad"));
        for (cause, tval, body) in exceptions() {
            p.in_mode(Mode::U, |p| {
                p.li(A0, SPARE);
                let expected = trap(cause, Mode::M).status(csr::mstatus::MPP, 0);
                let expected = match tval {
                    Some(tval) => expected.tval(tval),
                    None if cause == Exception::IllegalInst => expected.tval_inst(),
                    None => expected,
                };
                p.expect_trap(expected, body);
            });
        }
        p.in_mode(Mode::U, |p| {
            p.li(A0, SPARE + 0x2010);
            p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(SPARE + 0x2010), |p| {
                p.ld(A1, 0, A0);
            });
            p.expect_trap(trap(Exception::StoreAccessFault, Mode::M).tval(SPARE + 0x2010), |p| {
                p.sd(A1, 0, A0);
            });
            let fetch = trap(Exception::InstAccessFault, Mode::M).tval(SPARE + 0x2010).epc(SPARE + 0x2010);
            p.expect_trap(fetch, |p| {
                p.jalr(RA, 0, A0);
            });
        });
        p.in_mode(Mode::HS, |p| {
            p.expect_trap(trap(Exception::EcallS, Mode::M).tval(0).status(csr::mstatus::MPP, 1), |p| {
                p.ecall();
            });
        });
        p.expect_trap(trap(Exception::EcallM, Mode::M).tval(0).status(csr::mstatus::MPP, 3), |p| {
            p.ecall();
        });
    }

    /// An access that crosses into another page leaves the address of the part that faults in mtval, and a
    /// fetch the address of its second half, with mepc at its start.
    m_faults_of_second_parts
    [rules "mtval_vaddr_wr2" "MTVAL_VARLEN_WR" "mepc_varlen_wr"]
    [cases 15 44]
    [needs Zicclsm]
    |p| {
        let s = p.s_stage(&SV39);
        let (page, code) = (p.page(), p.page());
        p.map(s, SPARE, page, flags("rwad"));
        p.put(code + 0xff8, 0x0013_0000_0000_0000);
        p.map(s, SPARE + 0x4000, code, flags("rxad"));
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE + 0xffd);
            p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(SPARE + 0x1000), |p| {
                p.lw(A1, 0, A0);
            });
            p.expect_trap(trap(Exception::StorePageFault, Mode::M).tval(SPARE + 0x1000), |p| {
                p.sw(A1, 0, A0);
            });
            p.li(A0, SPARE + 0x4ffe);
            let fetch = trap(Exception::InstPageFault, Mode::M).epc(SPARE + 0x4ffe).tval(SPARE + 0x5000);
            p.expect_trap(fetch, |p| {
                p.jr(A0);
            });
        });
    }

    /// Interrupts set the top bit of mcause, and mtval is zero.
    m_interrupt_bit
    [rules "mcause_intr_op" "mtval_other_traps_zero"]
    |p| {
        p.write_csr(csr::mtval::NUMBER, 0x55);
        p.write_csr(csr::mip::NUMBER, Interrupt::Ssi.bit());
        p.write_csr(csr::mie::NUMBER, Interrupt::Ssi.bit());
        p.expect_interrupt(interrupt(Interrupt::Ssi, Mode::M).tval(0), |p| {
            p.csrsi(csr::mstatus::NUMBER, 8);
        });
        p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MIE.mask());
        p.write_csr(csr::mip::NUMBER, 0);
    }

    /// Of several exceptions the one of the highest priority is taken: of a fetch before what the instruction
    /// would do, of translation before physical protection, of the CSR before the operands.
    m_exception_priority
    [rules "exc_priority" "mcause_exccode_pri"]
    |p| {
        let s = p.s_stage(&SV39);
        let page = p.page();
        // An illegal instruction in a page that may not be executed.
        p.map(s, SPARE, page, flags("rwad"));
        p.map(s, SPARE + 0x1000, page, flags("rwxad"));
        // A page that may not be read and that lies where there is nothing.
        p.map(s, SPARE + 0x2000, 1 << 54, flags("xad"));
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE);
            p.expect_trap(trap(Exception::InstPageFault, Mode::M).tval(SPARE).epc(SPARE), |p| {
                p.jalr(RA, 0, A0);
            });
            p.li(A0, SPARE + 0x1000);
            p.expect_trap(trap(Exception::IllegalInst, Mode::M).epc(SPARE + 0x1000).tval(0), |p| {
                p.jalr(RA, 0, A0);
            });
            p.li(A0, SPARE + 0x2000);
            p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(SPARE + 0x2000), |p| {
                p.ld(A1, 0, A0);
            });
            let fetch = trap(Exception::InstAccessFault, Mode::M).tval(SPARE + 0x2000).epc(SPARE + 0x2000);
            p.expect_trap(fetch, |p| {
                p.jalr(RA, 0, A0);
            });
            p.expect_trap(trap(Exception::StorePageFault, Mode::M).tval(SPARE + 0x2000), |p| {
                p.amoadd_d(A1, A1, A0, Order::Plain);
            });
        });
    }

    /// mconfigptr is read-only and aligned; here it is zero: there is no such structure.
    m_mconfigptr
    [rules "mconfigptr_sz" "mconfigptr_acc" "mconfigptr_enc" "mconfigptr_align" "mconfigptr_mandatory"
        "MCONFIGPTR_VAL"]
    |p| {
        p.csrr(A0, csr::mconfigptr::NUMBER);
        p.check_bits(A0, 7, 0, "the low bits of mconfigptr");
        p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
            p.csrw(csr::mconfigptr::NUMBER, ZERO);
        });
    }
}
