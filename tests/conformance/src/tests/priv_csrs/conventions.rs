//! What the number of a CSR says about who may access it, and what its fields may do.

use crate::Program;
use crate::prelude::*;

/// CSRs that can be written by a lowest mode and up.
const WRITABLE: [(Mode, u16); 6] = [
    (Mode::U, csr::fcsr::NUMBER),
    (Mode::HS, csr::sscratch::NUMBER),
    (Mode::HS, csr::stvec::NUMBER),
    (Mode::HS, csr::sstatus::NUMBER),
    (Mode::M, csr::mscratch::NUMBER),
    (Mode::M, csr::mepc::NUMBER),
];

/// CSRs that cannot be written.
const READ_ONLY: [(Mode, u16); 5] = [
    (Mode::U, csr::cycle::NUMBER),
    (Mode::U, csr::instret::NUMBER),
    (Mode::M, csr::mhartid::NUMBER),
    (Mode::M, csr::mvendorid::NUMBER),
    (Mode::M, csr::marchid::NUMBER),
];

/// Reads a CSR and writes it back, or is told that it is illegal.
fn swap(p: &mut Program, number: u16, legal: bool) {
    if legal {
        p.csrr(A0, number).csrw(number, A0);
    } else {
        refuse(p, |p| {
            p.csrr(A0, number);
        });
        refuse(p, |p| {
            p.csrw(number, ZERO);
        });
    }
}

fn refuse(p: &mut Program, body: impl FnOnce(&mut Program)) {
    p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), body);
}

conformance_tests! {
    /// A CSR can be accessed in the mode that its number names and in those above, and in none below.
    csrs_by_mode
    [rules "Zicsr_access" "Zicsr_higher_priv" "Zicsr_illegal_mode" "Zicsr_rw"]
    |p| {
        for (lowest, number) in WRITABLE {
            swap(p, number, true);
            for mode in [Mode::HS, Mode::U] {
                p.in_mode(mode, |p| swap(p, number, mode.privilege >= lowest.privilege));
            }
        }
    }

    /// CSRs of the hypervisor are for HS- and M-mode: illegal in U-mode, and virtual instructions in a guest.
    csrs_of_the_hypervisor_by_mode
    [rules "Zicsr_access" "Zicsr_illegal_mode"]
    [needs H]
    |p| {
        for number in [csr::hedeleg::NUMBER, csr::htval::NUMBER, csr::vsscratch::NUMBER] {
            swap(p, number, true);
            p.in_mode(Mode::HS, |p| swap(p, number, true));
            p.in_mode(Mode::U, |p| swap(p, number, false));
            for mode in [Mode::VS, Mode::VU] {
                p.in_mode(mode, |p| {
                    p.expect_trap(trap(Exception::VirtualInst, Mode::M).tval_inst(), |p| {
                        p.csrr(A0, number);
                    });
                });
            }
        }
    }

    /// A CSR whose number begins with two ones can be read and not written, in any mode.
    read_only_csrs
    [rules "Zicsr_rw" "Zicsr_illegal_acc" "Zicsr_illegal_mode"]
    [needs Zicntr]
    [only |cpu| cpu.mcounteren & 0b101 == 0b101]
    |p| {
        for (lowest, number) in READ_ONLY {
            let writes = |p: &mut Program| {
                refuse(p, |p| {
                    p.csrw(number, ZERO);
                });
                refuse(p, |p| {
                    p.csrsi(number, 1);
                });
                refuse(p, |p| {
                    p.csrci(number, 1);
                });
            };
            p.csrr(A0, number);
            writes(p);
            for mode in [Mode::HS, Mode::U] {
                p.in_mode(mode, |p| {
                    if mode.privilege >= lowest.privilege {
                        p.csrr(A0, number);
                    } else {
                        refuse(p, |p| {
                            p.csrr(A0, number);
                        });
                    }
                    writes(p);
                });
            }
        }
    }

    /// Writes to read-only bits of a register that can be written are ignored.
    read_only_bits
    [rules "Zicsr_write_ro"]
    |p| {
        p.check_writable(csr::sepc::NUMBER, !1, 0);
        p.write_csr(csr::mip::NUMBER, u64::MAX);
        let wires = Interrupt::Msi.bit() | Interrupt::Mei.bit();
        p.check_csr_bits(csr::mip::NUMBER, wires, 0, "MSIP and MEIP, which are wires");
        p.write_csr(csr::mip::NUMBER, 0);
    }

    /// The registers of debug mode are illegal in M-mode.
    debug_mode_csrs
    [rules "Zicsr_debug_illegal"]
    |p| {
        for number in 0x7b0..0x7c0 {
            refuse(p, |p| {
                p.csrr(A0, number);
            });
        }
    }

    /// Reserved fields read as zero whatever is written.
    reserved_fields
    [rules "Zicsr_wpri_roz"]
    |p| {
        // Bits 0, 2, 4 and 25 to 31 of mstatus have never been given a meaning.
        let reserved = 0b1_0101 | 0x7f << 25;
        p.csrr(A0, csr::mstatus::NUMBER);
        p.set_csr(csr::mstatus::NUMBER, reserved);
        p.check_csr_bits(csr::mstatus::NUMBER, reserved, 0, "reserved fields of mstatus");
        p.set_csr(csr::sstatus::NUMBER, reserved);
        p.check_csr_bits(csr::sstatus::NUMBER, reserved, 0, "reserved fields of sstatus");
        p.csrw(csr::mstatus::NUMBER, A0);
    }

    /// No value written to a WARL field traps, and what it then holds is legal: it stays when it is written back.
    warl_fields_take_anything
    [rules "ZICSR_WARL"]
    [only |cpu| cpu.pmp_entries > 0]
    [cpus "satp=sv39,hpm=3,pmp-grain=4" "asidlen=0,medeleg=0,mideleg=0"]
    |p| {
        let registers = [
            csr::medeleg::NUMBER, csr::mideleg::NUMBER, csr::mtvec::NUMBER,
            csr::mcounteren::NUMBER, csr::menvcfg::NUMBER, csr::mcountinhibit::NUMBER,
            csr::mhpmevent3::NUMBER, csr::mepc::NUMBER, csr::stvec::NUMBER, csr::scounteren::NUMBER,
            csr::sepc::NUMBER, csr::satp::NUMBER, csr::pmpaddr0::NUMBER + 3, csr::senvcfg::NUMBER,
        ];
        p.csrr(S2, csr::mtvec::NUMBER);
        for number in registers {
            for value in [u64::MAX, 0x5555_5555_5555_5555, 0xaaaa_aaaa_aaaa_aaaa, 0] {
                p.li(A0, value).csrw(number, A0).csrr(A1, number).csrw(number, A1).csrr(A2, number);
                if number == csr::mtvec::NUMBER {
                    p.csrw(number, S2);
                }
                p.check_eq_reg(A2, A1, "a legal value written back");
            }
        }
    }
}
