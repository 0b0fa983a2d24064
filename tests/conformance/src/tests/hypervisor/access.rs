//! Who reaches the hypervisor CSRs and the VS CSRs, and how everybody else is refused.

use crate::Program;
use crate::prelude::*;

conformance_tests! {
    /// Hypervisor CSRs are read and written by M- and HS-mode; a guest's access is a virtual instruction,
    /// one from U-mode is illegal.
    hypervisor_csrs_from_every_mode
    [rules "H_csrs_hs_not_vs" "H_virtinst_vu_vs_nonhigh_allowedhs_tvm0"]
    [cases 68]
    [needs H]
    |p| {
        from_every_mode(p, &HYPERVISOR);
    }

    /// VS CSRs are read and written by their own numbers in M- and HS-mode; a guest's access to these
    /// numbers is a virtual instruction, one from U-mode is illegal.
    vs_csrs_from_every_mode
    [rules "H_vscsrs_acc_vs" "H_vscsrs_acc_u" "H_vscsrs_acc_m_hs"]
    [cases 68]
    [needs H]
    |p| {
        from_every_mode(p, &VIRTUAL_SUPERVISOR);
    }

    /// vstimecmp is one of the VS CSRs.
    vstimecmp_from_every_mode
    [rules "H_vscsrs_acc_vs" "H_vscsrs_acc_u" "H_vscsrs_acc_m_hs"]
    [cases 68]
    [needs H Sstc]
    [only |cpu| cpu.mcounteren & 0b010 != 0]
    |p| {
        p.set_csr(csr::menvcfg::NUMBER, csr::menvcfg::STCE.mask());
        p.set_csr(csr::henvcfg::NUMBER, csr::henvcfg::STCE.mask());
        from_every_mode(p, &[csr::vstimecmp::NUMBER]);
    }

    /// A CSR that no hart has is illegal everywhere, also where its number says hypervisor.
    absent_csrs_are_illegal_even_in_a_guest
    [rules "H_cause_virtual_instruction"]
    [cases 68]
    [needs H]
    |p| {
        for mode in [Mode::HS, Mode::U, Mode::VS, Mode::VU] {
            p.in_mode(mode, |p| illegal_reads(p, &[0x201, 0x27f, 0x601, 0x67f, 0xe01]));
        }
        illegal_reads(p, &[0x201, 0x27f, 0x601, 0x67f, 0xe01]);
    }

    /// On RV64 there are no high halves, whoever asks for them.
    high_halves_do_not_exist
    [rules
        "hedelegh_sz" "hedelegh_acc" "hedelegh_op" "henvcfgh_sz" "henvcfgh_acc" "henvcfgh_op"
        "htimedeltah_sz" "htimedeltah_acc" "htimedeltah_op" "H_illegal_high_half"]
    [needs H]
    |p| {
        let (hedelegh, htimedeltah, henvcfgh, vstimecmph) = (0x612, 0x615, 0x61a, 0x25d);
        let halves = [hedelegh, htimedeltah, henvcfgh, vstimecmph];
        illegal_reads(p, &halves);
        illegal_writes(p, &halves);
        for mode in [Mode::HS, Mode::VS, Mode::VU] {
            p.in_mode(mode, |p| {
                illegal_reads(p, &halves);
                illegal_writes(p, &halves);
            });
        }
    }

    /// A write to a read-only CSR is illegal, never virtual; reading it is virtual.
    writes_to_read_only_csrs_are_illegal
    [rules "hgeip_acc" "H_cause_virtual_instruction"]
    [cases 69]
    [needs H Zicntr]
    [only |cpu| cpu.mcounteren & 0b111 == 0b111]
    |p| {
        let read_only = [csr::hgeip::NUMBER, csr::cycle::NUMBER, csr::time::NUMBER, csr::instret::NUMBER];
        illegal_writes(p, &read_only);
        for mode in [Mode::HS, Mode::VS, Mode::U, Mode::VU] {
            p.in_mode(mode, |p| {
                illegal_writes(p, &read_only);
                p.li(A0, 0);
                // CSRRS with a register other than x0 writes, though the register holds zero.
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                    p.csrs(csr::hgeip::NUMBER, A0);
                });
            });
        }
        // With the counters closed to the guest, a write stays illegal and a read becomes virtual.
        p.csrw(csr::hcounteren::NUMBER, ZERO);
        p.in_mode(Mode::VS, |p| {
            illegal_writes(p, &read_only);
            for number in read_only {
                p.expect_trap(trap(Exception::VirtualInst, Mode::M).tval_inst(), |p| {
                    p.csrr(A0, number);
                });
            }
        });
    }

    /// A guest cannot write htval or htinst, nor read them.
    a_guest_does_not_reach_htval_and_htinst
    [rules "H_csrs_hs_not_vs"]
    [cases 101]
    [needs H]
    |p| {
        let registers = [csr::htval::NUMBER, csr::htinst::NUMBER];
        for number in registers {
            p.write_csr(number, 0);
        }
        for mode in [Mode::VS, Mode::VU] {
            p.in_mode(mode, |p| {
                for number in registers {
                    p.li(A0, u64::MAX);
                    for access in [write, set, read] {
                        p.expect_trap(trap(Exception::VirtualInst, Mode::M).tval_inst(), |p| access(p, number));
                    }
                    p.check_eq(A0, u64::MAX, "the destination register");
                }
            });
        }
        for number in registers {
            p.check_csr(number, 0, "what the guest has not written");
        }
    }

    /// In VU-mode, a supervisor CSR is a virtual instruction; in U-mode it is illegal.
    supervisor_csrs_from_user_modes
    [rules "H_virtinst_vu_nonhigh_supervisor_allowedhs_tvm0"]
    [cases 68]
    [needs H]
    |p| {
        for (mode, exception) in [(Mode::U, Exception::IllegalInst), (Mode::VU, Exception::VirtualInst)] {
            p.in_mode(mode, |p| {
                for number in SUPERVISOR {
                    p.expect_trap(trap(exception, Mode::M).tval_inst(), |p| read(p, number));
                    p.expect_trap(trap(exception, Mode::M).tval_inst(), |p| write(p, number));
                }
            });
        }
    }

    /// Machine CSRs are illegal below M-mode, in a guest too.
    machine_csrs_are_illegal_in_a_guest
    [rules "H_cause_virtual_instruction"]
    [needs H]
    |p| {
        for mode in [Mode::HS, Mode::U, Mode::VS, Mode::VU] {
            p.in_mode(mode, |p| {
                illegal_reads(p, &[csr::mstatus::NUMBER, csr::mtval2::NUMBER, csr::mtinst::NUMBER, csr::mhartid::NUMBER]);
            });
        }
    }
}

fn read(p: &mut Program, number: u16) {
    p.csrr(A0, number);
}

fn write(p: &mut Program, number: u16) {
    p.csrw(number, A0);
}

fn set(p: &mut Program, number: u16) {
    p.csrs(number, A0);
}

/// Reads each CSR and writes the same back in M- and HS-mode; the other modes are refused.
fn from_every_mode(p: &mut Program, numbers: &[u16]) {
    let read_and_write = |p: &mut Program| {
        for &number in numbers {
            p.csrr(A0, number);
            if !csr::is_read_only(number) {
                p.csrw(number, A0);
            }
        }
    };
    read_and_write(p);
    p.in_mode(Mode::HS, read_and_write);
    let refused = [
        (Mode::U, Exception::IllegalInst),
        (Mode::VS, Exception::VirtualInst),
        (Mode::VU, Exception::VirtualInst),
    ];
    for (mode, exception) in refused {
        p.in_mode(mode, |p| {
            for &number in numbers {
                p.expect_trap(trap(exception, Mode::M).tval_inst(), |p| read(p, number));
                if !csr::is_read_only(number) {
                    p.expect_trap(trap(exception, Mode::M).tval_inst(), |p| write(p, number));
                }
            }
        });
    }
}

fn illegal_reads(p: &mut Program, numbers: &[u16]) {
    for &number in numbers {
        p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| read(p, number));
    }
}

fn illegal_writes(p: &mut Program, numbers: &[u16]) {
    for &number in numbers {
        p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| write(p, number));
    }
}

const HYPERVISOR: [u16; 14] = [
    csr::hstatus::NUMBER,
    csr::hedeleg::NUMBER,
    csr::hideleg::NUMBER,
    csr::hvip::NUMBER,
    csr::hip::NUMBER,
    csr::hie::NUMBER,
    csr::hgeip::NUMBER,
    csr::hgeie::NUMBER,
    csr::henvcfg::NUMBER,
    csr::hcounteren::NUMBER,
    csr::htimedelta::NUMBER,
    csr::htval::NUMBER,
    csr::htinst::NUMBER,
    csr::hgatp::NUMBER,
];

const VIRTUAL_SUPERVISOR: [u16; 9] = [
    csr::vsstatus::NUMBER,
    csr::vsie::NUMBER,
    csr::vstvec::NUMBER,
    csr::vsscratch::NUMBER,
    csr::vsepc::NUMBER,
    csr::vscause::NUMBER,
    csr::vstval::NUMBER,
    csr::vsip::NUMBER,
    csr::vsatp::NUMBER,
];

const SUPERVISOR: [u16; 11] = [
    csr::sstatus::NUMBER,
    csr::sie::NUMBER,
    csr::stvec::NUMBER,
    csr::scounteren::NUMBER,
    csr::senvcfg::NUMBER,
    csr::sscratch::NUMBER,
    csr::sepc::NUMBER,
    csr::scause::NUMBER,
    csr::stval::NUMBER,
    csr::sip::NUMBER,
    csr::satp::NUMBER,
];
