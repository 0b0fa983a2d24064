//! htval and htinst: what they hold, and when they change.

use crate::prelude::*;

use super::guest::{GPA, Guest, U_ALL, VA};
use crate::tests::handler::taken_at_once;

conformance_tests! {
    /// htval and htinst can be written by HS-mode: they hold zero, and whatever traps write.
    htval_and_htinst_hold_what_traps_write
    [rules
        "htval_sz" "htval_acc" "htval_val" "HTVAL_WARL" "htinst_sz" "htinst_acc" "htinst_val" "HTINST_WARL"]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::LoadGuestPageFault])]
    [cpus "htval=zero" "tinst=zero"]
    |p| {
        let guest = Guest::new(p, U_ALL, 0);
        let implicit = SPARE + 0x4000_0000 - 0x1000;
        p.put_pte(guest.vs, implicit, 1, Pte::pointer(SPARE + 0x2_3000));
        p.write_csr(csr::medeleg::NUMBER, GUEST_PAGE_FAULTS);
        for (address, gpa) in [(VA + 0x128, GPA + 0x128), (VA + 0xff8, GPA + 0xff8), (VA, GPA)] {
            p.in_mode(Mode::VU, |p| {
                p.li(A0, address);
                p.expect_trap(trap(Exception::LoadGuestPageFault, Mode::HS).tval(address).gpa(gpa), |p| {
                    p.ld(A1, 0, A0);
                });
            });
            write_back(p);
        }
        p.in_mode(Mode::VS, |p| {
            p.li(A0, implicit);
            p.expect_trap(trap(Exception::LoadGuestPageFault, Mode::HS).tval(implicit).any_tinst(), |p| {
                p.ld(A1, 0, A0);
            });
        });
        write_back(p);
    }

    /// A guest-page fault into HS-mode leaves its address in htval and the access in htinst, of each kind and
    /// size; an address that is no multiple of four loses two bits.
    guest_page_faults_write_htval_and_htinst
    [rules "htval_op" "HTVAL_TRAPVAL" "htinst_op"]
    [cases 12]
    [needs H]
    [only |cpu| delegates(cpu, &[
        Exception::InstGuestPageFault, Exception::LoadGuestPageFault, Exception::StoreGuestPageFault,
    ])]
    [cpus "htval=zero" "tinst=zero"]
    |p| {
        Guest::new(p, U_ALL, 0);
        p.write_csr(csr::medeleg::NUMBER, GUEST_PAGE_FAULTS);
        for (exception, offset, access) in FAULTS {
            p.write_csr(csr::htval::NUMBER, 0x1234);
            p.write_csr(csr::htinst::NUMBER, 0x3000);
            p.in_mode(Mode::VU, |p| {
                p.li(A0, VA + offset);
                let fault = trap(exception, Mode::HS).tval(VA + offset).gpa(GPA + offset);
                p.expect_trap(fault.tinst_transformed(0), access);
            });
        }
        p.in_mode(Mode::VU, |p| {
            p.li(A0, VA + 0x2);
            let fault = trap(Exception::InstGuestPageFault, Mode::HS).epc(VA + 2).tval(VA + 2);
            p.expect_trap(fault.gpa(GPA + 2).tinst(0), |p| {
                p.jr(A0);
            });
        });
    }

    /// Traps into HS-mode other than guest-page faults set htval to zero, and htinst if they are not faults
    /// of accesses.
    other_traps_clear_htval_and_htinst
    [rules "htval_op" "HTVAL_TRAPVAL" "htinst_op"]
    [cases 11 12]
    [needs H]
    [only |cpu| delegates(cpu, &[
        Exception::IllegalInst, Exception::Breakpoint, Exception::EcallVs, Exception::LoadPageFault,
        Exception::StorePageFault, Exception::VirtualInst,
    ])]
    |p| {
        let raised: [(Exception, Access); 6] = [
            (Exception::IllegalInst, |p| { p.csrr(A1, csr::mstatus::NUMBER); }),
            (Exception::VirtualInst, |p| { p.csrr(A1, csr::hstatus::NUMBER); }),
            (Exception::Breakpoint, |p| { p.ebreak(); }),
            (Exception::EcallVs, |p| { p.ecall(); }),
            (Exception::LoadPageFault, |p| { p.ld(A1, 0, A0); }),
            (Exception::StorePageFault, |p| { p.sd(A1, 0, A0); }),
        ];
        p.vs_stage(&SV39);
        for (exception, access) in raised {
            p.write_csr(csr::htval::NUMBER, 0x1234);
            p.write_csr(csr::htinst::NUMBER, 0x3000);
            p.write_csr(csr::medeleg::NUMBER, exception.bit());
            p.in_mode(Mode::VS, |p| {
                p.li(A0, SPARE);
                let expected = trap(exception, Mode::HS).tval2(0);
                let is_fault = matches!(exception, Exception::LoadPageFault | Exception::StorePageFault);
                p.expect_trap(if is_fault { expected.tinst_transformed(0) } else { expected.tinst(0) }, access);
            });
        }
        // Also at V=0, and by interrupts.
        p.write_csr(csr::htval::NUMBER, 0x1234);
        p.write_csr(csr::htinst::NUMBER, 0x3000);
        p.write_csr(csr::medeleg::NUMBER, Exception::Breakpoint.bit());
        p.in_mode(Mode::HS, |p| {
            p.expect_trap(trap(Exception::Breakpoint, Mode::HS).tval2(0).tinst(0), |p| {
                p.ebreak();
            });
        });
        for mode in [Mode::VS, Mode::U] {
            p.write_csr(csr::htval::NUMBER, 0x1234);
            p.write_csr(csr::htinst::NUMBER, 0x3000);
            p.set_csr(csr::hstatus::NUMBER, csr::hstatus::GVA.mask());
            p.write_csr(csr::hvip::NUMBER, Interrupt::Vssi.bit());
            p.write_csr(csr::hie::NUMBER, Interrupt::Vssi.bit());
            taken_at_once(p, mode, Interrupt::Vssi, Mode::HS);
        }
    }

    /// Traps into M-mode and VS-mode leave htval and htinst as they are.
    traps_into_m_and_vs_leave_htval
    [rules "htval_op" "htinst_op"]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::Breakpoint])]
    |p| {
        Guest::new(p, U_ALL, 0);
        p.write_csr(csr::medeleg::NUMBER, Exception::Breakpoint.bit());
        p.write_csr(csr::hedeleg::NUMBER, Exception::Breakpoint.bit());
        p.write_csr(csr::htval::NUMBER, 0x1234);
        p.write_csr(csr::htinst::NUMBER, 0x3000);
        p.in_mode(Mode::VU, |p| {
            p.li(A0, VA);
            p.expect_trap(trap(Exception::LoadGuestPageFault, Mode::M).tval(VA).gpa(GPA), |p| {
                p.lw(A1, 0, A0);
            });
            p.expect_trap(trap(Exception::Breakpoint, Mode::VS), |p| {
                p.ebreak();
            });
        });
        p.check_csr(csr::htval::NUMBER, 0x1234, "htval");
        p.check_csr(csr::htinst::NUMBER, 0x3000, "htinst");
    }
}

/// Checks that htval and htinst take zero, and then again what a trap has left there.
fn write_back(p: &mut crate::Program) {
    p.in_mode(Mode::HS, |p| {
        for number in [csr::htval::NUMBER, csr::htinst::NUMBER] {
            p.csrr(A0, number).csrw(number, ZERO);
            p.check_csr(number, 0, "after writing zero");
            p.csrw(number, A0).csrr(A1, number);
            p.check_eq_reg(A1, A0, "after writing what a trap has left there");
        }
    });
}

const GUEST_PAGE_FAULTS: u64 = Exception::InstGuestPageFault.bit()
    | Exception::LoadGuestPageFault.bit()
    | Exception::StoreGuestPageFault.bit();

type Access = fn(&mut crate::Program);

/// Accesses to the page that `a0` points into, at an offset.
const FAULTS: [(Exception, u64, Access); 8] = [
    (Exception::LoadGuestPageFault, 7, |p| {
        p.lb(A1, 0, A0);
    }),
    (Exception::LoadGuestPageFault, 6, |p| {
        p.lhu(A1, 0, A0);
    }),
    (Exception::LoadGuestPageFault, 0x7fc, |p| {
        p.lw(A1, 0, A0);
    }),
    (Exception::LoadGuestPageFault, 0x800, |p| {
        p.fld(FA1, 0, A0);
    }),
    (Exception::StoreGuestPageFault, 0xfff, |p| {
        p.sb(A1, 0, A0);
    }),
    (Exception::StoreGuestPageFault, 0xff8, |p| {
        p.sd(A1, 0, A0);
    }),
    (Exception::StoreGuestPageFault, 8, |p| {
        p.amoadd_w(A1, A2, A0, Order::Plain);
    }),
    (Exception::LoadGuestPageFault, 16, |p| {
        p.lr_d(A1, A0, Order::Plain);
    }),
];
