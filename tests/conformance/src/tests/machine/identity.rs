//! M-mode's standing, and the registers that say what the hart is.

use crate::prelude::*;

conformance_tests! {
    /// M-mode is above the others: MRET stays in it when MPP says so, its CSRs and MRET are for it alone, and
    /// what it does itself is delegated to nobody.
    machine_mode_is_the_highest
    [rules "M_highest_priv_mode"]
    |p| {
        let after = p.label();
        p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPP, 3);
        p.la(A0, after).csrw(csr::mepc::NUMBER, A0).mret();
        p.place(after);
        p.csrr(A0, csr::mscratch::NUMBER);
        p.write_csr(csr::medeleg::NUMBER, u64::MAX);
        p.expect_trap(trap(Exception::EcallM, Mode::M), |p| {
            p.ecall();
        });
        p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
            p.csrrw(ZERO, csr::mhartid::NUMBER, ZERO);
        });
        p.csrw(csr::medeleg::NUMBER, ZERO);
        for mode in [Mode::HS, Mode::U] {
            p.in_mode(mode, |p| {
                for number in MACHINE {
                    p.expect_trap(illegal(), |p| {
                        p.csrr(A0, number);
                    });
                    p.expect_trap(illegal(), |p| {
                        p.csrrs(A0, number, A1);
                    });
                }
                p.expect_trap(illegal(), |p| {
                    p.mret();
                });
            });
        }
    }

    /// M-mode reads and writes every CSR of lower modes, whatever keeps those modes from them.
    lower_csrs_from_m
    [rules "M_access_all_lower_priv_CSRs"]
    [cpus "h=off"]
    |p| {
        let cpu = *p.cpu();
        let lower = |row: &&csr::Row| {
            cpu.extensions.meets(row.needs) && csr::lowest_privilege(row.number) < isa::mode::Privilege::M
        };
        for gate in [csr::mcounteren::NUMBER, csr::scounteren::NUMBER, csr::menvcfg::NUMBER] {
            p.csrw(gate, ZERO);
        }
        if cpu.has(isa::ext::Ext::Smstateen) {
            for n in 0..4 {
                p.csrw(csr::mstateen0::NUMBER + n, ZERO);
            }
        }
        p.set_csr(csr::mstatus::NUMBER, csr::mstatus::TVM.mask() | csr::mstatus::TSR.mask());
        for row in csr::ROWS.iter().filter(lower) {
            for number in row.number..row.number + row.count {
                if number == csr::seed::NUMBER {
                    // A poll is a write.
                    p.csrrw(A0, number, ZERO);
                    continue;
                }
                p.csrr(A0, number);
                if !csr::is_read_only(number) {
                    p.csrw(number, A0);
                }
            }
        }
        p.check_write(csr::sscratch::NUMBER, 0x1234_5678_9abc_def0, 0x1234_5678_9abc_def0, "sscratch");
        p.check_write(csr::stval::NUMBER, 0x7654_3210, 0x7654_3210, "stval");
    }

    /// Vendor, architecture and implementation can be read, and are zero: there is nobody whom they name.
    vendor_architecture_implementation
    [rules "mvendorid_sz" "mvendorid_op" "mvendorid_always_rd" "mvendorid_enc" "VENDOR_ID_BANK"
        "VENDOR_ID_OFFSET" "marchid_sz" "marchid_op" "marchid_always_rd" "ARCH_ID" "mimpid_op"
        "mimpid_always_rd" "IMP_ID"]
    |p| {
        p.check_csr(csr::mvendorid::NUMBER, 0, "mvendorid");
        p.check_csr(csr::marchid::NUMBER, 0, "marchid");
        p.check_csr(csr::mimpid::NUMBER, 0, "mimpid");
    }

    /// The hart runs as number zero, and no other hart says that it has that number.
    hart_number
    [rules "mhartid_sz" "mhartid_op" "mhartid_always_rd" "mhartid_one_is_zero" "HART_ID"]
    |p| {
        p.li(A0, u64::MAX).csrr(A0, csr::mhartid::NUMBER);
        p.check_eq(A0, 0, "mhartid");
    }

    /// What identifies the hart cannot be written, and only M-mode can read it.
    identification_is_read_only
    [rules "mvendorid_acc" "marchid_acc" "mhartid_acc"]
    |p| {
        for number in IDENTIFICATION {
            p.expect_trap(illegal(), |p| {
                p.csrw(number, ZERO);
            });
            p.expect_trap(illegal(), |p| {
                p.csrrsi(A0, number, 1);
            });
            p.expect_trap(illegal(), |p| {
                p.csrrci(A0, number, 1);
            });
            p.csrrs(A0, number, ZERO).csrrc(A0, number, ZERO);
        }
        for mode in [Mode::HS, Mode::U] {
            p.in_mode(mode, |p| {
                for number in IDENTIFICATION {
                    p.expect_trap(illegal(), |p| {
                        p.csrr(A0, number);
                    });
                }
            });
        }
    }

    /// mstatus, mtvec, mie, mip and, with S-mode, medeleg and mideleg are there; what RV32 has for upper
    /// halves is not.
    registers_that_exist
    [rules "mtvec_mandatory" "medeleg_mandatory_S_mode" "mideleg_mandatory_S_mode" "MEDELEGH_OMIT_XLEN64"]
    |p| {
        for number in [csr::mtvec::NUMBER, csr::medeleg::NUMBER, csr::mideleg::NUMBER] {
            p.csrr(A0, number).csrw(number, A0);
        }
        for number in [MSTATUSH, MEDELEGH] {
            p.expect_trap(illegal(), |p| {
                p.csrr(A0, number);
            });
            p.expect_trap(illegal(), |p| {
                p.csrw(number, ZERO);
            });
        }
    }
}

const MSTATUSH: u16 = 0x310;
const MEDELEGH: u16 = 0x312;

const IDENTIFICATION: [u16; 4] =
    [csr::mvendorid::NUMBER, csr::marchid::NUMBER, csr::mimpid::NUMBER, csr::mhartid::NUMBER];

/// Some of M-mode's CSRs, of each kind.
const MACHINE: [u16; 10] = [
    csr::mstatus::NUMBER,
    csr::misa::NUMBER,
    csr::medeleg::NUMBER,
    csr::mie::NUMBER,
    csr::mtvec::NUMBER,
    csr::mscratch::NUMBER,
    csr::mip::NUMBER,
    csr::pmpcfg0::NUMBER,
    csr::mcycle::NUMBER,
    csr::mvendorid::NUMBER,
];

fn illegal() -> crate::Trap {
    trap(Exception::IllegalInst, Mode::M).tval_inst()
}
