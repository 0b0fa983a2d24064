//! stvec, sscratch, sepc, scause, stval, scounteren and senvcfg.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;

/// Checks that a CSR of S-mode is accessible there and not from U-mode.
fn is_for_s(p: &mut Program, number: u16) {
    p.in_mode(Mode::HS, |p| {
        p.csrr(A0, number).csrw(number, A0);
    });
    p.in_mode(Mode::U, |p| {
        p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
            p.csrr(A0, number);
        });
        p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
            p.csrw(number, ZERO);
        });
    });
}

conformance_tests! {
    /// stvec holds any aligned base with Direct and Vectored mode; the reserved modes are not held.
    stvec_fields
    [rules "stvec_sz" "stvec_acc" "stvec_mode" "STVEC_MODE_WARL" "STVEC_BASE_WARL" "stvec_sz_base"]
    |p| {
        is_for_s(p, csr::stvec::NUMBER);
        for base in [0, 4, 0x8000_1234, 0x3f_ffff_fffc, 0xffff_ffc0_0000_0100, !3] {
            for mode in [0, 1] {
                p.check_write(csr::stvec::NUMBER, base | mode, base | mode, "stvec");
            }
            for mode in [2, 3] {
                p.write_csr(csr::stvec::NUMBER, base | mode);
                p.csrr(A0, csr::stvec::NUMBER);
                p.check_bits(A0, 2, 0, "the upper bit of MODE, whose values are reserved");
            }
        }
    }

    /// In Direct mode all traps go to BASE; in Vectored mode interrupts go to BASE plus four times the cause.
    stvec_modes
    [rules "stvec_op" "scause_interrupt_op" "scause_interrupt_sz" "scause_op"]
    [only |cpu| delegates(cpu, &[Exception::Breakpoint])]
    |p| {
        let (table, over) = (p.label(), p.label());
        p.write_csr(csr::medeleg::NUMBER, Exception::Breakpoint.bit());
        p.write_csr(csr::mideleg::NUMBER, Interrupt::Ssi.bit());
        p.j(over);
        // A handler for each cause up to 3: it leaves its number in s2, and returns to a1.
        p.align(4);
        p.place(table);
        let entries: Vec<_> = (0..4).map(|_| p.label()).collect();
        for entry in &entries {
            p.j(*entry);
        }
        let common = p.label();
        for (number, entry) in entries.iter().enumerate() {
            p.place(*entry);
            p.li(S2, number as u64).j(common);
        }
        p.place(common);
        p.csrw(csr::sepc::NUMBER, A1).csrci(csr::sip::NUMBER, 2).csrr(S3, csr::scause::NUMBER).sret();
        p.place(over);
        p.in_mode(Mode::HS, |p| {
            p.csrr(S4, csr::stvec::NUMBER);
            for (mode, software, entry) in [(0, false, 0), (1, false, 0), (0, true, 0), (1, true, 1)] {
                let back = p.label();
                p.la(A0, table).addi(A0, A0, mode).csrw(csr::stvec::NUMBER, A0);
                p.la(A1, back).li(S2, 99);
                p.csrsi(csr::sstatus::NUMBER, 2);
                let cause = if software {
                    p.csrsi(csr::sie::NUMBER, 2).csrsi(csr::sip::NUMBER, 2);
                    1 << 63 | Interrupt::Ssi as u64
                } else {
                    p.ebreak();
                    Exception::Breakpoint as u64
                };
                p.unreachable("the trap comes at once");
                p.place(back);
                p.check_eq(S2, entry, "the number of the entry that was entered");
                p.check_eq(S3, cause, "scause");
            }
            p.csrw(csr::stvec::NUMBER, S4);
        });
    }

    /// sepc holds every valid virtual address; bit 0 is always zero, and bit 1 is held where C is.
    sepc_holds_addresses
    [rules "sepc_sz" "sepc_acc" "sepc_op" "sepc_mode" "sepc_acc_invalid_addr" "SEPC_ACC_INVALID_WARL"]
    |p| {
        is_for_s(p, csr::sepc::NUMBER);
        for address in [0, 2, 0x8000_0002, 0x3f_ffff_fffe, 0xffff_ffc0_0000_0000, u64::MAX - 1] {
            p.check_write(csr::sepc::NUMBER, address, address, "sepc");
            p.check_write(csr::sepc::NUMBER, address | 1, address, "sepc after writing an odd address");
        }
    }

    /// Nothing but traps into S-mode and writes changes sepc, scause and stval: not traps into M-mode.
    trap_csrs_of_s_stay_at_other_traps
    [rules "sepc_op_trap_write" "scause_acc" "scause_sz" "stval_op" "stval_sz" "stval_mode" "stval_acc"
        "STVAL_WARL"]
    [only |cpu| delegates(cpu, &[Exception::EcallU])]
    |p| {
        is_for_s(p, csr::scause::NUMBER);
        is_for_s(p, csr::stval::NUMBER);
        let values = [(csr::sepc::NUMBER, 0x1230), (csr::scause::NUMBER, 13), (csr::stval::NUMBER, 0x3f_ffff_ffff)];
        for (number, value) in values {
            p.write_csr(number, value);
        }
        for mode in [Mode::HS, Mode::U] {
            p.in_mode(mode, |p| {
                p.expect_trap(trap(Exception::Breakpoint, Mode::M), |p| {
                    p.ebreak();
                });
            });
        }
        for (number, value) in values {
            p.check_csr(number, value, "a trap CSR of S-mode after traps into M-mode");
        }
        p.write_csr(csr::medeleg::NUMBER, Exception::EcallU.bit());
        p.in_mode_leaving_by(Leave::Illegal, Mode::U, |p| {
            p.expect_trap(trap(Exception::EcallU, Mode::HS).tval(0), |p| {
                p.ecall();
            });
        });
        p.check_csr(csr::scause::NUMBER, Exception::EcallU as u64, "scause after a trap into S-mode");
        p.check_csr(csr::stval::NUMBER, 0, "stval after a trap that has no value");
    }

    /// scause holds every code from 0 to 31, and those of interrupts.
    scause_holds_codes
    [rules "scause_exception_code_sz" "SCAUSE_EXCEPTION_CODE_ACC"]
    |p| {
        for code in 0..32 {
            p.check_write(csr::scause::NUMBER, code, code, "scause");
        }
        for code in [1, 5, 9, 13] {
            p.check_write(csr::scause::NUMBER, 1 << 63 | code, 1 << 63 | code, "scause of an interrupt");
        }
    }

    /// stval holds every valid virtual address and zero.
    stval_holds_addresses
    [rules "stval_acc" "STVAL_WARL"]
    |p| {
        for address in [0, 1, 0x8000_0001, 0x3f_ffff_ffff, 0xffff_ffc0_0000_0000, u64::MAX] {
            p.check_write(csr::stval::NUMBER, address, address, "stval");
        }
    }

    /// stval is the faulting virtual address of page and access faults, of the part that faults where the
    /// access crosses into another page; of EBREAK zero or its address; of an illegal instruction its bits.
    stval_of_traps
    [rules "stval_op_faulting_addr" "stval_op_breakpoint" "stval_op_load_store_fault"
        "stval_faulting_address_variable_instr" "stval_op_illegal_instr" "stval_op_illegal_instr_format"
        "stval_op_other_traps"]
    [only |cpu| delegates(cpu, &[
        Exception::IllegalInst, Exception::Breakpoint, Exception::LoadAccessFault, Exception::InstPageFault,
        Exception::LoadPageFault, Exception::StorePageFault,
    ])]
    [cpus "tval-illegal=zero"]
    |p| {
        let s = p.s_stage(&SV39);
        let page = p.page();
        p.map(s, SPARE, page, flags("rwxad"));
        // There is neither memory nor a device so far up.
        p.map(s, SPARE + 0x2000, 1 << 54, flags("ruad"));
        // The first half of an ADDI at the end of the page, whose other half is in no page.
        let code = p.page();
        p.put(code + 0xff8, 0x0013_0000_0000_0000);
        p.map(s, SPARE + 0x4000, code, flags("rxad"));
        p.write_csr(csr::medeleg::NUMBER, !Exception::EcallS.bit());
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE + 0xffc);
            for (fault, load) in [(Exception::LoadPageFault, true), (Exception::StorePageFault, false)] {
                if p.cpu().has(Ext::Zicclsm) {
                    p.expect_trap(trap(fault, Mode::HS).tval(SPARE + 0x1000), |p| {
                        if load { p.ld(A1, 0, A0) } else { p.sd(A1, 0, A0) };
                    });
                }
                p.expect_trap(trap(fault, Mode::HS).tval(SPARE + 0x1004), |p| {
                    if load { p.lw(A1, 8, A0) } else { p.sw(A1, 8, A0) };
                });
            }
            p.li(A0, SPARE + 0x4ffe);
            let fetch = trap(Exception::InstPageFault, Mode::HS).epc(SPARE + 0x4ffe).tval(SPARE + 0x5000);
            p.expect_trap(fetch, |p| {
                p.jr(A0);
            });
            p.expect_trap(trap(Exception::IllegalInst, Mode::HS).tval_inst(), |p| {
                p.word(0xffff_fffb);
            });
            p.expect_trap(trap(Exception::IllegalInst, Mode::HS).tval_inst(), |p| {
                p.csrr(A0, csr::mscratch::NUMBER);
            });
            let breakpoint = p.label();
            p.expect_trap(trap(Exception::Breakpoint, Mode::HS), |p| {
                p.place(breakpoint);
                p.ebreak();
            });
            p.csrr(A0, csr::stval::NUMBER).la(A1, breakpoint);
            let good = p.label();
            p.beqz(A0, good);
            p.check_eq_reg(A0, A1, "stval of EBREAK, which is not zero");
            p.place(good);
        });
        p.in_mode(Mode::U, |p| {
            p.li(A0, SPARE + 0x2008);
            p.expect_trap(trap(Exception::LoadAccessFault, Mode::HS).tval(SPARE + 0x2008), |p| {
                p.ld(A1, 0, A0);
            });
        });
    }

    /// sscratch is 64 bits of memory for S-mode.
    sscratch_holds_anything
    [rules "sscratch_sz" "sscratch_acc" "sscratch_mode"]
    |p| {
        is_for_s(p, csr::sscratch::NUMBER);
        p.check_writable(csr::sscratch::NUMBER, u64::MAX, 0);
        p.check_write(csr::sscratch::NUMBER, 0x1234_5678_9abc_def0, 0x1234_5678_9abc_def0, "sscratch");
    }

    /// scounteren has 32 bits, of which each opens a counter to U-mode; mcounteren must open it as well.
    scounteren_opens_counters
    [rules "scounteren_sz" "scounteren_mode" "scounteren_acc" "SCOUNTEREN_WARL" "scounteren_op"]
    [cases 71 72]
    [needs Zicntr]
    [cpus "scounteren=0x3" "scounteren=0x0"]
    |p| {
        is_for_s(p, csr::scounteren::NUMBER);
        let writable = u64::from(p.cpu().scounteren);
        p.write_csr(csr::scounteren::NUMBER, u64::MAX);
        p.csrr(A0, csr::scounteren::NUMBER);
        p.check_bits(A0, 7 | !0xffff_ffff, writable & 7, "CY, TM, IR and the bits above 31");
        p.check_write(csr::scounteren::NUMBER, 0, 0, "scounteren after writing zeros");
        for (bit, number) in [csr::cycle::NUMBER, csr::time::NUMBER, csr::instret::NUMBER].into_iter().enumerate() {
            for m in [0, 1 << bit] {
                for s in [0, 1 << bit] {
                    p.write_csr(csr::mcounteren::NUMBER, m);
                    p.write_csr(csr::scounteren::NUMBER, s);
                    let open = m & u64::from(p.cpu().mcounteren) & s & writable != 0;
                    p.in_mode(Mode::U, |p| {
                        if open {
                            p.csrr(A0, number);
                        } else {
                            p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                                p.csrr(A0, number);
                            });
                        }
                    });
                }
            }
        }
    }

    /// senvcfg is for S-mode, FIOM can be written, and reserved bits are zero.
    senvcfg_fields
    [rules "senvcfg_sz" "senvcfg_acc" "senvcfg_mode" "senvcfg_fiom_sz"]
    |p| {
        is_for_s(p, csr::senvcfg::NUMBER);
        p.write_csr(csr::senvcfg::NUMBER, csr::senvcfg::FIOM.mask());
        p.check_csr_bits(csr::senvcfg::NUMBER, csr::senvcfg::FIOM.mask(), 1, "FIOM after setting");
        p.check_write(csr::senvcfg::NUMBER, 0, 0, "senvcfg after writing zeros");
        p.write_csr(csr::senvcfg::NUMBER, !csr::senvcfg::CBIE.mask());
        let reserved = u64::MAX << 34 | 0xffff_ff00 | 2;
        p.check_csr_bits(csr::senvcfg::NUMBER, reserved, 0, "reserved bits of senvcfg");
        p.write_csr(csr::senvcfg::NUMBER, 0);
    }

    /// With FIOM set, a fence of U-mode that orders device accesses orders memory too: stores before it are
    /// seen by loads after it, and it does not trap.
    senvcfg_fiom_orders_memory
    [rules "senvcfg_fiom_op" "senvcfg_fiom_op_atomic"]
    |p| {
        let page = p.page();
        for fiom in [0, 1] {
            p.write_csr(csr::senvcfg::NUMBER, fiom);
            p.in_mode(Mode::U, |p| {
                p.li(A0, page).li(A1, 0x55 + fiom).sd(A1, 0, A0).fence(0b1000, 0b0100);
                p.ld(A2, 0, A0);
                p.check_eq(A2, 0x55 + fiom, "a doubleword stored before the fence");
                p.li(A3, 1);
                p.amoadd_d(A4, A3, A0, Order::AqRl).ld(A2, 0, A0);
                p.check_eq(A2, 0x56 + fiom, "a doubleword after an atomic");
            });
        }
    }
}
