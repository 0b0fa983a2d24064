//! medeleg and mideleg: which traps S-mode takes.

use isa::ext::Ext;

use crate::prelude::*;
use crate::{Program, Trap};

use crate::tests::handler::taken_at_once;

conformance_tests! {
    /// Bit i of medeleg, and no other, sends exception i of S- and U-mode to S-mode.
    exceptions_go_where_their_bit_says
    [rules "MEDELEG_OP" "medeleg_enc" "medeleg_acc" "medeleg_sz"]
    [only |cpu| delegates(cpu, &[
        Exception::InstAccessFault, Exception::IllegalInst, Exception::Breakpoint,
        Exception::LoadAddrMisaligned, Exception::LoadAccessFault, Exception::StoreAddrMisaligned,
        Exception::StoreAccessFault, Exception::InstPageFault, Exception::LoadPageFault,
        Exception::StorePageFault,
    ])]
    |p| {
        for satp in [false, true] {
            if satp {
                p.s_stage(&SV39);
            }
            for (exception, tval, raise) in exceptions(p, satp) {
                for mode in [Mode::HS, Mode::U] {
                    for (medeleg, taken) in [
                        (exception.bit(), Mode::HS),
                        (!exception.bit() & !CALLS, Mode::M),
                        (0, Mode::M),
                    ] {
                        p.write_csr(csr::medeleg::NUMBER, medeleg);
                        // While illegal instructions are delegated, environment calls lead back.
                        p.in_mode(mode, |p| p.expect_trap(expected(exception, taken, tval), raise));
                    }
                }
            }
        }
    }

    /// The bits of environment calls are those of the mode that calls.
    calls_go_where_their_bit_says
    [rules "MEDELEG_OP" "medeleg_enc"]
    [only |cpu| delegates(cpu, &[Exception::EcallU, Exception::EcallS])]
    |p| {
        for (mode, exception) in [(Mode::HS, Exception::EcallS), (Mode::U, Exception::EcallU)] {
            let others = !exception.bit() & !Exception::IllegalInst.bit();
            for (medeleg, taken) in [(exception.bit(), Mode::HS), (others, Mode::M), (0, Mode::M)] {
                p.write_csr(csr::medeleg::NUMBER, medeleg);
                p.in_mode_leaving_by(Leave::Illegal, mode, |p| {
                    p.expect_trap(trap(exception, taken), |p| {
                        p.ecall();
                    });
                });
            }
        }
    }

    /// What traps in M-mode is taken by M-mode, delegated or not.
    exceptions_of_m_stay
    [rules "MEDELEG_OP" "trap_never_trans_lower"]
    |p| {
        p.write_csr(csr::medeleg::NUMBER, u64::MAX);
        for (exception, tval, raise) in exceptions(p, false) {
            p.expect_trap(expected(exception, Mode::M, tval), raise);
        }
        p.expect_trap(trap(Exception::EcallM, Mode::M), |p| {
            p.ecall();
        });
    }

    /// Bit i of mideleg, and no other, sends interrupt i of S- and U-mode to S-mode; what is delegated does
    /// not come in M-mode, and what is not comes in every mode.
    interrupts_go_where_their_bit_says
    [rules "MIDELEG_OP" "mideleg_enc" "mideleg_acc" "mideleg_sz" "trap_del_intr_priv_lvl"]
    [cpus "sscofpmf=off"]
    |p| {
        let overflow = p.cpu().has(Ext::Sscofpmf).then_some(Interrupt::Lcofi);
        for cause in [Interrupt::Ssi, Interrupt::Sti, Interrupt::Sei].into_iter().chain(overflow) {
            for (mideleg, taken) in [(cause.bit(), Mode::HS), (!cause.bit(), Mode::M), (0, Mode::M)] {
                p.write_csr(csr::mideleg::NUMBER, mideleg);
                p.set_csr(csr::mip::NUMBER, cause.bit());
                for mode in [Mode::HS, Mode::U] {
                    p.write_csr(csr::mie::NUMBER, cause.bit());
                    // S-mode's enable is needed for its own interrupts alone.
                    let sie = u64::from(taken == Mode::HS && mode == Mode::HS);
                    p.set_field(csr::mstatus::NUMBER, csr::mstatus::SIE, sie);
                    taken_at_once(p, mode, cause, taken);
                }
                p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MIE.mask() | csr::mstatus::SIE.mask());
                p.write_csr(csr::mie::NUMBER, cause.bit());
                if taken == Mode::M {
                    p.expect_interrupt(interrupt(cause, Mode::M), |p| {
                        p.csrsi(csr::mstatus::NUMBER, 1 << csr::mstatus::MIE.lo);
                    });
                } else {
                    p.expect_no_trap("delegated, it does not come in M-mode", |p| {
                        p.csrsi(csr::mstatus::NUMBER, 1 << csr::mstatus::MIE.lo);
                    });
                }
                p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MIE.mask());
                p.csrw(csr::mip::NUMBER, ZERO);
            }
        }
    }
}

/// By these the framework comes back to M-mode.
const CALLS: u64 = Exception::EcallS.bit() | Exception::EcallU.bit();

/// An exception, its trap value if it is known, and what writes the instruction that raises it.
type Raised = (Exception, Option<u64>, fn(&mut Program));

/// What S- and U-mode can raise, with translation or without: at `SPARE` there is neither page nor memory.
fn exceptions(p: &Program, satp: bool) -> Vec<Raised> {
    let load: fn(&mut Program) = |p| {
        p.li(A0, SPARE).ld(A1, 0, A0);
    };
    let store: fn(&mut Program) = |p| {
        p.li(A0, SPARE).sd(A1, 0, A0);
    };
    let fetch: fn(&mut Program) = |p| {
        p.li(A0, SPARE).jr(A0);
    };
    if satp {
        return vec![
            (Exception::InstPageFault, Some(SPARE), fetch),
            (Exception::LoadPageFault, Some(SPARE), load),
            (Exception::StorePageFault, Some(SPARE), store),
        ];
    }
    let [misaligned_lr, misaligned_amo] = p.misaligned_atomics();
    vec![
        (Exception::InstAccessFault, Some(SPARE), fetch),
        (Exception::LoadAccessFault, Some(SPARE), load),
        (Exception::StoreAccessFault, Some(SPARE), store),
        (Exception::Breakpoint, None, |p| {
            p.ebreak();
        }),
        (misaligned_lr, Some(0x8000_0001), |p| {
            p.li(A0, 0x8000_0001).lr_d(A1, A0, Order::Plain);
        }),
        (misaligned_amo, Some(0x8000_0001), |p| {
            p.li(A0, 0x8000_0001).amoor_d(A1, ZERO, A0, Order::Plain);
        }),
        (Exception::IllegalInst, None, |p| {
            p.csrrw(ZERO, csr::mhartid::NUMBER, ZERO);
        }),
    ]
}

fn expected(exception: Exception, taken: Mode, tval: Option<u64>) -> Trap {
    let expected = trap(exception, taken);
    match (exception, tval) {
        (Exception::InstAccessFault | Exception::InstPageFault, Some(at)) => expected.tval(at).epc(at),
        (_, Some(value)) => expected.tval(value),
        (Exception::IllegalInst, None) => expected.tval_inst(),
        (_, None) => expected,
    }
}
