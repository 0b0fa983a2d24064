//! sip and sie: what each shows, what can be written, and which interrupt comes first.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;
use crate::tests::handler::caught;

const SSI: u64 = Interrupt::Ssi.bit();
const STI: u64 = Interrupt::Sti.bit();
const SEI: u64 = Interrupt::Sei.bit();
const LCOFI: u64 = Interrupt::Lcofi.bit();

/// In S-mode: lets interrupts come by `body`, and checks that `first` comes. The test goes on in S-mode, with
/// interrupts off.
fn comes_first(p: &mut Program, first: Interrupt, body: impl FnOnce(&mut Program)) {
    caught(p, Mode::HS, body);
    p.check_csr(csr::scause::NUMBER, 1 << 63 | first as u64, "scause of the interrupt that comes first");
}

conformance_tests! {
    /// sie and sip show the delegated bits of mie and mip. All of sie can be written, of sip only SSIP and
    /// LCOFIP; what is not delegated is read-only zero.
    sie_and_sip_fields
    [rules "sip_sz" "sie_sz" "sip_mode" "sie_mode" "sip_acc" "sie_acc" "sip_sie_bits_sz" "sip_seip_acc"
        "sie_seie_acc" "sip_stip_acc" "sie_stie_acc" "sip_ssip_acc" "sie_ssie_acc" "SIP_WARL" "SIE_WARL"
        "SEI_INTR_IMPL" "STI_INTR_IMPL" "SSI_INTR_IMPL"]
    |p| {
        let all = SSI | STI | SEI;
        for delegated in [0, SSI, STI, SEI, all] {
            p.write_csr(csr::mideleg::NUMBER, delegated);
            p.write_csr(csr::mie::NUMBER, 0);
            p.in_mode(Mode::HS, |p| {
                p.write_csr(csr::sie::NUMBER, u64::MAX);
                p.check_csr_bits(csr::sie::NUMBER, !LCOFI, delegated, "sie after writing ones");
                p.write_csr(csr::sip::NUMBER, u64::MAX);
                p.check_csr_bits(csr::sip::NUMBER, SSI | SEI | STI, delegated & SSI, "sip after writing ones");
                p.write_csr(csr::sip::NUMBER, 0);
                p.check_csr_bits(csr::sip::NUMBER, SSI, 0, "SSIP after writing zeros");
            });
            p.check_csr_bits(csr::mie::NUMBER, all, delegated, "the bits of mie that sie wrote");
            p.write_csr(csr::mie::NUMBER, all);
            p.check_csr_bits(csr::sie::NUMBER, all, delegated, "sie, with everything enabled");
            p.write_csr(csr::mie::NUMBER, delegated);
            p.write_csr(csr::mip::NUMBER, all);
            p.check_csr_bits(csr::sip::NUMBER, SSI | SEI, delegated, "sip, with everything pending");
            p.in_mode(Mode::HS, |p| {
                p.write_csr(csr::sie::NUMBER, 0);
                p.check_csr(csr::sie::NUMBER, 0, "sie after writing zeros");
                p.write_csr(csr::sip::NUMBER, 0);
            });
            p.check_csr_bits(csr::mip::NUMBER, SSI, !delegated, "SSIP, which S-mode clears when it is delegated");
            p.check_csr_bits(csr::mip::NUMBER, SEI, SEI, "SEIP, which S-mode cannot clear");
            p.write_csr(csr::mip::NUMBER, 0);
        }
        for number in [csr::sie::NUMBER, csr::sip::NUMBER] {
            p.in_mode(Mode::U, |p| {
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                    p.csrr(A0, number);
                });
            });
        }
    }

    /// A delegated interrupt comes when it is pending in sip and enabled in sie, and not when either is
    /// clear; its cause is its number.
    delegated_interrupts_come
    [rules "sip_op" "sie_sip_supervisor_strap" "sie_sip_strap_time_constraint" "sip_seip_op" "sie_seie_op"
        "sip_stip_op" "sie_stie_op" "sip_ssip_op" "sie_ssie_op"]
    |p| {
        p.write_csr(csr::mideleg::NUMBER, SSI | STI | SEI);
        p.write_csr(csr::menvcfg::NUMBER, 0);
        for which in [Interrupt::Ssi, Interrupt::Sti, Interrupt::Sei] {
            for (pending, enabled) in [(false, true), (true, false), (true, true)] {
                p.write_csr(csr::mip::NUMBER, if pending { which.bit() } else { 0 });
                p.write_csr(csr::mie::NUMBER, 0);
                p.in_mode(Mode::HS, |p| {
                    p.csrci(csr::sstatus::NUMBER, 2);
                    p.write_csr(csr::sie::NUMBER, if enabled { which.bit() } else { !which.bit() });
                    let unmask = |p: &mut Program| {
                        p.csrsi(csr::sstatus::NUMBER, 2);
                    };
                    if pending && enabled {
                        let next = p.label();
                        // It comes right after the write that lets it.
                        p.expect_interrupt(interrupt(which, Mode::HS).at(next), |p| {
                            unmask(p);
                            p.place(next);
                            p.nop();
                        });
                    } else {
                        p.expect_no_trap("an interrupt that is not both pending and enabled", unmask);
                    }
                });
            }
        }
        p.write_csr(csr::mip::NUMBER, 0);
    }

    /// Right after SRET, too, the conditions are looked at again.
    interrupts_come_after_sret
    [rules "sie_sip_strap_time_constraint"]
    |p| {
        p.write_csr(csr::mideleg::NUMBER, SSI);
        p.write_csr(csr::mie::NUMBER, SSI);
        let target = p.label();
        p.in_mode(Mode::HS, |p| {
            p.csrci(csr::sstatus::NUMBER, 2);
            p.csrsi(csr::sip::NUMBER, 2);
            p.set_csr(csr::sstatus::NUMBER, csr::sstatus::SPP.mask() | csr::sstatus::SPIE.mask());
            p.la(A0, target).csrw(csr::sepc::NUMBER, A0);
            p.expect_interrupt(interrupt(Interrupt::Ssi, Mode::HS).at(target), |p| {
                p.sret();
                p.place(target);
                p.nop();
            });
        });
        p.write_csr(csr::mip::NUMBER, 0);
    }

    /// Several at once are taken in the order SEI, SSI, STI, LCOFI.
    priority_of_supervisor_interrupts
    [rules "sip_priority_bit_order" "sie_priority_bit_order"]
    [cases 92]
    |p| {
        p.write_csr(csr::mideleg::NUMBER, SSI | STI | SEI);
        p.write_csr(csr::menvcfg::NUMBER, 0);
        let order = [Interrupt::Sei, Interrupt::Ssi, Interrupt::Sti];
        for (i, first) in order.into_iter().enumerate() {
            for second in &order[i + 1..] {
                p.write_csr(csr::mip::NUMBER, first.bit() | second.bit());
                p.write_csr(csr::mie::NUMBER, first.bit() | second.bit());
                p.in_mode(Mode::HS, |p| {
                    for which in [first, *second] {
                        comes_first(p, which, |p| {
                            p.csrsi(csr::sstatus::NUMBER, 2);
                        });
                        p.clear_csr(csr::sie::NUMBER, which.bit());
                    }
                });
            }
        }
        p.write_csr(csr::mip::NUMBER, 0);
    }

    /// An interrupt for S-mode goes before one for the guest's VS-mode.
    supervisor_before_guest
    [rules "s_interrupt_priority"]
    [needs H]
    |p| {
        p.write_csr(csr::mideleg::NUMBER, SSI);
        p.write_csr(csr::hideleg::NUMBER, Interrupt::Vssi.bit());
        p.write_csr(csr::mie::NUMBER, SSI | Interrupt::Vssi.bit());
        p.write_csr(csr::hvip::NUMBER, Interrupt::Vssi.bit());
        let guest = p.label();
        p.in_mode(Mode::HS, |p| {
            p.csrci(csr::sstatus::NUMBER, 2);
            p.csrsi(csr::sip::NUMBER, 2);
            p.set_csr(csr::vsstatus::NUMBER, csr::vsstatus::SIE.mask());
            p.set_csr(csr::hstatus::NUMBER, csr::hstatus::SPV.mask());
            p.set_csr(csr::sstatus::NUMBER, csr::sstatus::SPP.mask());
            p.la(A0, guest).csrw(csr::sepc::NUMBER, A0);
            comes_first(p, Interrupt::Ssi, |p| {
                p.sret();
                p.place(guest);
                p.nop();
            });
            p.check_csr_bits(csr::hstatus::NUMBER, csr::hstatus::SPV.mask(), u64::MAX, "SPV");
        });
        p.write_csr(csr::mip::NUMBER, 0);
        p.write_csr(csr::hvip::NUMBER, 0);
    }

    /// LCOFIP of sip and LCOFIE of sie can be written where it is delegated, and the interrupt comes last.
    counter_overflow_interrupt
    [rules "sip_lcofip_Sscofpmf_acc" "sip_lcofip_Sscofpmf_op" "sie_lcofip_Sscofpmf_acc"
        "sie_lcofip_Sscofpmf_op" "sip_priority_bit_order"]
    [cases 92]
    [needs Sscofpmf]
    |p| {
        p.write_csr(csr::mideleg::NUMBER, SSI | STI | LCOFI);
        p.write_csr(csr::menvcfg::NUMBER, 0);
        p.write_csr(csr::mip::NUMBER, STI);
        p.in_mode(Mode::HS, |p| {
            p.check_write(csr::sip::NUMBER, LCOFI, STI | LCOFI, "sip with LCOFIP and STIP");
            p.check_write(csr::sie::NUMBER, STI | LCOFI, STI | LCOFI, "sie with LCOFIE and STIE");
            for which in [Interrupt::Sti, Interrupt::Lcofi] {
                comes_first(p, which, |p| {
                    p.csrsi(csr::sstatus::NUMBER, 2);
                });
                p.clear_csr(csr::sie::NUMBER, which.bit());
            }
            p.check_write(csr::sip::NUMBER, 0, STI, "sip after clearing LCOFIP");
        });
        p.write_csr(csr::mip::NUMBER, 0);
    }

    /// Without Sscofpmf, bit 13 of both is read-only zero.
    no_counter_overflow_interrupt
    [rules "LCOFI_INTR_IMPL"]
    [cpus "sscofpmf=off"]
    |p| {
        p.write_csr(csr::mideleg::NUMBER, LCOFI);
        p.write_csr(csr::sie::NUMBER, LCOFI);
        p.write_csr(csr::mip::NUMBER, LCOFI);
        let there = if p.cpu().has(Ext::Sscofpmf) { LCOFI } else { 0 };
        p.check_csr_bits(csr::sie::NUMBER, LCOFI, there, "LCOFIE");
        p.check_csr_bits(csr::sip::NUMBER, LCOFI, there, "LCOFIP");
        p.write_csr(csr::mip::NUMBER, 0);
    }

    /// A timer interrupt comes when time reaches stimecmp, not before, and goes when stimecmp is moved.
    supervisor_timer
    [rules "supervisor_timer_scheduling" "mip_stip_op" "stimecmp_stimecmph_sz_acc" "sip_stip_op"]
    [needs Sstc]
    [only |cpu| cpu.mcounteren & 0b010 != 0]
    |p| {
        p.write_csr(csr::mideleg::NUMBER, STI);
        p.write_csr(csr::menvcfg::NUMBER, csr::menvcfg::STCE.mask());
        p.check_write(csr::stimecmp::NUMBER, u64::MAX, u64::MAX, "stimecmp");
        p.check_write(csr::stimecmp::NUMBER, 1 << 63, 1 << 63, "stimecmp");
        p.check_csr_bits(csr::mip::NUMBER, STI, 0, "STIP long before its time");
        p.check_csr_bits(csr::sip::NUMBER, STI, 0, "STIP of sip");
        p.write_csr(csr::mie::NUMBER, STI);
        p.in_mode(Mode::HS, |p| {
            p.csrsi(csr::sstatus::NUMBER, 2);
            p.expect_interrupt(interrupt(Interrupt::Sti, Mode::HS), |p| {
                p.csrr(A0, csr::time::NUMBER).addi(A0, A0, 3).csrw(csr::stimecmp::NUMBER, A0);
                let wait = p.here();
                p.csrr(A1, csr::time::NUMBER).bltu(A1, A0, wait);
            });
            p.check_csr_bits(csr::sip::NUMBER, STI, STI, "STIP at its time");
            p.li(A0, u64::MAX).csrw(csr::stimecmp::NUMBER, A0);
            p.check_csr_bits(csr::sip::NUMBER, STI, 0, "STIP after moving stimecmp");
            p.csrw(csr::stimecmp::NUMBER, ZERO);
            p.check_csr_bits(csr::sip::NUMBER, STI, STI, "STIP with a time of zero");
        });
        p.write_csr(csr::stimecmp::NUMBER, u64::MAX);
    }

    /// stimecmp is compared with the host's time, whatever htimedelta is.
    stimecmp_ignores_htimedelta
    [rules "mip_stip_op"]
    [needs H Sstc]
    |p| {
        p.write_csr(csr::menvcfg::NUMBER, csr::menvcfg::STCE.mask());
        p.write_csr(csr::stimecmp::NUMBER, 1 << 60);
        p.write_csr(csr::htimedelta::NUMBER, 1 << 61);
        p.check_csr_bits(csr::mip::NUMBER, STI, 0, "STIP, with the guest's time ahead");
        p.write_csr(csr::stimecmp::NUMBER, 0);
        p.write_csr(csr::htimedelta::NUMBER, u64::MAX << 62);
        p.check_csr_bits(csr::mip::NUMBER, STI, STI, "STIP, when time has come");
        p.write_csr(csr::stimecmp::NUMBER, u64::MAX);
    }

    /// A bit of hideleg that is read-only zero, since mideleg has it clear, keeps nothing of a write.
    hideleg_keeps_nothing_that_mideleg_lacks
    [rules "sip_lcofip_Sscofpmf_acc"]
    [cases 84 93]
    [needs Shlcofideleg]
    |p| {
        p.write_csr(csr::mideleg::NUMBER, 0);
        p.write_csr(csr::hideleg::NUMBER, LCOFI);
        p.check_csr_bits(csr::hideleg::NUMBER, LCOFI, 0, "hideleg.LCOFI without mideleg's");
        p.write_csr(csr::mideleg::NUMBER, LCOFI);
        p.check_csr_bits(csr::hideleg::NUMBER, LCOFI, 0, "hideleg.LCOFI, which was not writable");
        p.write_csr(csr::hideleg::NUMBER, LCOFI);
        p.check_csr_bits(csr::hideleg::NUMBER, LCOFI, LCOFI, "hideleg.LCOFI after writing it");
    }
}
