//! Overflow of event counters: OF, the interrupt, and scountovf.

use iss::event::Event;

use crate::Program;
use crate::prelude::*;
use crate::tests::handler::taken_in_order;
use crate::tests::machine::counting::{HPMEVENTS, counted};

const MHPMCOUNTER3: u16 = csr::mhpmcounter3::NUMBER;
const SCOUNTOVF: u16 = csr::scountovf::NUMBER;
const OF: u64 = csr::mhpmevent3::OF.mask();
const LCOFI: u64 = Interrupt::Lcofi.bit();
const RETIRED: u64 = Event::Instret as u64;

/// Makes event counter `n` (0 is mhpmcounter3) overflow, its selector holding `selector` before, and stops all
/// counters.
fn overflow(p: &mut Program, n: u16, selector: u64) {
    p.write_csr(csr::mcountinhibit::NUMBER, u64::MAX);
    p.write_csr(MHPMCOUNTER3 + n, u64::MAX);
    p.write_csr(HPMEVENTS + n, selector | RETIRED);
    p.write_csr(csr::mcountinhibit::NUMBER, 0);
    p.nop().nop();
    p.write_csr(csr::mcountinhibit::NUMBER, u64::MAX);
}

conformance_tests! {
    /// An overflow sets OF, which stays until software writes it, and makes the interrupt pending.
    overflow_sets_of
    [rules
        "mhpmevent_of_op" "hpmcounter_overflow" "mhpmevent_of_bit_set" "sip_lcofip_op" "mip_lcofip_op"]
    [needs Sscofpmf]
    [cpus "hpmlen=40"]
    |p| {
        let hpm = p.cpu().hpm as u16;
        for n in (0..hpm).step_by(13) {
            overflow(p, n, 0);
            p.check_csr(HPMEVENTS + n, OF | RETIRED, "the selector after an overflow");
            p.check_csr_bits(csr::mip::NUMBER, LCOFI, LCOFI, "LCOFIP of mip");
            p.check_csr_bits(MHPMCOUNTER3 + n, !7, 0, "the counter counts on from zero");
            p.clear_csr(csr::mip::NUMBER, LCOFI);
            p.check_csr_bits(csr::mip::NUMBER, LCOFI, 0, "LCOFIP of mip, cleared");
            p.check_csr(HPMEVENTS + n, OF | RETIRED, "OF when the interrupt has been cleared");
            p.check_write(HPMEVENTS + n, 0, 0, "OF cleared by software");
        }
    }

    /// While OF is set, an overflow requests no interrupt.
    of_disables_the_interrupt
    [rules "count_overflow_interrupt"]
    [needs Sscofpmf]
    [only |cpu| cpu.hpm > 0]
    |p| {
        overflow(p, 0, OF);
        p.check_csr(HPMEVENTS, OF | RETIRED, "the selector");
        p.check_csr_bits(csr::mip::NUMBER, LCOFI, 0, "LCOFIP");
        overflow(p, 0, 0);
        p.check_csr_bits(csr::mip::NUMBER, LCOFI, LCOFI, "LCOFIP of an overflow with OF clear");
    }

    /// Writing a counter or a selector is no overflow.
    writes_do_not_overflow
    [rules "count_overflow_trigger"]
    [needs Sscofpmf]
    [only |cpu| cpu.hpm > 0]
    |p| {
        p.write_csr(csr::mcountinhibit::NUMBER, u64::MAX);
        for value in [u64::MAX, 0, u64::MAX, 1] {
            p.write_csr(MHPMCOUNTER3, value);
            p.write_csr(HPMEVENTS, value & OF | RETIRED);
            p.check_csr_bits(csr::mip::NUMBER, LCOFI, 0, "LCOFIP");
        }
        p.write_csr(HPMEVENTS, RETIRED);
        p.write_csr(MHPMCOUNTER3, u64::MAX);
        p.write_csr(MHPMCOUNTER3, 0);
        p.check_csr(HPMEVENTS, RETIRED, "OF");
    }

    /// The interrupt is taken where it is delegated to, as interrupt 13.
    overflow_interrupts
    [rules "mip_lcofip_op" "sip_lcofip_op"]
    [needs Sscofpmf]
    [only |cpu| cpu.hpm > 0]
    |p| {
        p.write_csr(csr::mie::NUMBER, LCOFI);
        p.expect_interrupt(interrupt(Interrupt::Lcofi, Mode::M), |p| {
            overflow(p, 0, 0);
            p.csrsi(csr::mstatus::NUMBER, csr::mstatus::MIE.mask() as u8);
        });
        p.csrci(csr::mstatus::NUMBER, csr::mstatus::MIE.mask() as u8);
        p.write_csr(csr::mie::NUMBER, LCOFI);
        p.write_csr(csr::mideleg::NUMBER, LCOFI);
        p.in_mode(Mode::HS, |p| {
            p.check_csr_bits(csr::sip::NUMBER, LCOFI, LCOFI, "LCOFIP of sip");
            p.expect_interrupt(interrupt(Interrupt::Lcofi, Mode::HS), |p| {
                p.csrsi(csr::sstatus::NUMBER, csr::sstatus::SIE.mask() as u8);
            });
            p.csrci(csr::sstatus::NUMBER, csr::sstatus::SIE.mask() as u8);
            p.clear_csr(csr::sip::NUMBER, LCOFI);
            p.check_csr_bits(csr::sip::NUMBER, LCOFI, 0, "LCOFIP cleared in sip");
        });
    }

    /// scountovf shows the OF bits: to M-mode all, to S-mode those of the counters that it may read, to
    /// VS-mode those that it may read.
    scountovf_shows_of
    [rules
        "scountovf_op" "scountovf_smode_read_access_control" "scountovf_mmode_read_access"
        "scountovf_smode_read_access" "scountovf_vsmode_read_access"]
    [cases 73]
    [needs Sscofpmf H]
    [only |cpu| cpu.mcounteren == u32::MAX]
    |p| {
        let rows = [
            (0, 0xffff_ffff, 0xffff_ffff),
            (0x0f0f_0f08, 0xffff_ffff, 0xffff_ffff),
            (0xffff_ffff, 0, 0xffff_ffff),
            (0xffff_ffff, 0xffff_ffff, 0x00ff_ff00),
            (0xffff_ffff, 0x0ff0_ff08, 0x8877_ff77),
        ];
        for (mcounteren, hcounteren, set) in rows {
            for n in 3..32 {
                p.write_csr(HPMEVENTS + n - 3, if set >> n & 1 == 1 { OF } else { 0 });
            }
            let set = set & !7 & u64::MAX >> (61 - p.cpu().hpm);
            p.write_csr(csr::mcounteren::NUMBER, mcounteren);
            p.write_csr(csr::hcounteren::NUMBER, hcounteren);
            p.check_csr(SCOUNTOVF, set, "scountovf in M-mode");
            p.in_mode(Mode::HS, |p| p.check_csr(SCOUNTOVF, set & mcounteren, "scountovf in HS-mode"));
            let guest = set & mcounteren & hcounteren;
            p.in_mode(Mode::VS, |p| p.check_csr(SCOUNTOVF, guest, "scountovf in VS-mode"));
        }
    }

    /// scountovf is a supervisor CSR that cannot be written.
    scountovf_is_read_only
    [rules "scountovf_op"]
    [needs Sscofpmf H]
    |p| {
        for mode in [Mode::HS, Mode::VS] {
            p.in_mode(mode, |p| {
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                    p.csrrw(ZERO, SCOUNTOVF, ZERO);
                });
            });
        }
        for (mode, exception) in [(Mode::U, Exception::IllegalInst), (Mode::VU, Exception::VirtualInst)] {
            p.in_mode(mode, |p| {
                p.expect_trap(trap(exception, Mode::M).tval_inst(), |p| {
                    p.csrr(A0, SCOUNTOVF);
                });
            });
        }
    }

    /// Each INH bit of a selector keeps its counter from counting in its mode, and in no other.
    event_filters
    [rules "mhpmevent_inh_op"]
    [needs Sscofpmf H]
    [only |cpu| cpu.mcounteren >> 4 & 1 == 1]
    |p| {
        if p.cpu().hpm < 2 {
            return;
        }
        use csr::mhpmevent3::{MINH, SINH, UINH, VSINH, VUINH};
        let modes = [(Mode::HS, SINH), (Mode::U, UINH), (Mode::VS, VSINH), (Mode::VU, VUINH)];
        let filters = [0, MINH.mask(), SINH.mask(), UINH.mask(), VSINH.mask(), VUINH.mask()];
        for filter in filters {
            p.check_write(HPMEVENTS + 1, RETIRED | filter, RETIRED | filter, "a selector");
            counted(p, MHPMCOUNTER3 + 1, if filter == MINH.mask() { 0 } else { 3 }, |p| {
                p.nop().nop();
            });
            for (mode, own) in modes {
                p.in_mode(mode, |p| {
                    let growth = if filter == own.mask() { 0 } else { 3 };
                    counted(p, csr::hpmcounter3::NUMBER + 1, growth, |p| {
                        p.nop().nop();
                    });
                });
            }
        }
    }

    /// Where a mode is not there, its INH bit is zero.
    event_filters_of_absent_modes
    [rules "mhpmevent_inh_op"]
    [needs Sscofpmf]
    [only |cpu| cpu.hpm > 0]
    [cpus "h=off"]
    |p| {
        use csr::mhpmevent3::{MINH, SINH, UINH, VSINH, VUINH};
        let guest = if p.cpu().has(isa::ext::Ext::H) { VSINH.mask() | VUINH.mask() } else { 0 };
        p.check_writable(HPMEVENTS, OF | MINH.mask() | SINH.mask() | UINH.mask() | guest, 0);
    }

    /// Delegated once more, the interrupt is the guest's, with the same number; what mideleg keeps, hideleg
    /// cannot give.
    overflow_interrupts_the_guest
    [rules "vsip_vsie_lcofi" "mideleg_hroz"]
    [cases 93 87]
    [needs Shlcofideleg]
    |p| {
        p.write_csr(csr::hideleg::NUMBER, LCOFI);
        p.check_csr_bits(csr::hideleg::NUMBER, LCOFI, 0, "hideleg without mideleg");
        p.write_csr(csr::mideleg::NUMBER, LCOFI);
        p.write_csr(csr::mip::NUMBER, LCOFI);
        for hideleg in [0, LCOFI] {
            p.write_csr(csr::hideleg::NUMBER, hideleg);
            p.check_csr_bits(csr::hideleg::NUMBER, LCOFI, hideleg, "hideleg");
            p.write_csr(csr::mie::NUMBER, 0);
            p.check_csr_bits(csr::vsip::NUMBER, LCOFI, hideleg, "LCOFIP of vsip");
            p.write_csr(csr::vsie::NUMBER, LCOFI);
            p.check_csr_bits(csr::vsie::NUMBER, LCOFI, hideleg, "LCOFIE of vsie");
            p.check_csr_bits(csr::sie::NUMBER, LCOFI, hideleg, "LCOFIE of sie, which it is an alias of");
            p.check_csr_bits(csr::sip::NUMBER, LCOFI, LCOFI, "LCOFIP of sip");
        }
        p.in_mode(Mode::VS, |p| {
            p.check_csr_bits(csr::sip::NUMBER, LCOFI, LCOFI, "LCOFIP as VS-mode sees it");
            p.expect_interrupt(interrupt(Interrupt::Lcofi, Mode::VS), |p| {
                p.csrsi(csr::sstatus::NUMBER, csr::sstatus::SIE.mask() as u8);
            });
            p.csrci(csr::sstatus::NUMBER, csr::sstatus::SIE.mask() as u8);
            p.clear_csr(csr::sip::NUMBER, LCOFI);
        });
        p.check_csr_bits(csr::mip::NUMBER, LCOFI, 0, "LCOFIP cleared by VS-mode");
    }

    /// Without Shlcofideleg, the interrupt stays with the hypervisor.
    overflow_not_for_the_guest
    [rules "vsip_vsie_lcofi"]
    [needs Sscofpmf H]
    [cpus "shlcofideleg=off"]
    |p| {
        let there = if p.cpu().has(isa::ext::Ext::Shlcofideleg) { LCOFI } else { 0 };
        p.write_csr(csr::mideleg::NUMBER, LCOFI);
        p.write_csr(csr::hideleg::NUMBER, u64::MAX);
        p.check_csr_bits(csr::hideleg::NUMBER, LCOFI, there, "bit 13 of hideleg");
        p.write_csr(csr::vsie::NUMBER, LCOFI);
        p.check_csr_bits(csr::vsie::NUMBER, LCOFI, there, "LCOFIE of vsie");
    }

    /// Of all that is pending for HS-mode, counter overflow comes last.
    overflow_has_the_lowest_priority
    [rules "hsint_priority" "sip_priority_bit_order" "sie_priority_bit_order"]
    [cases 92]
    [needs Sscofpmf H]
    |p| {
        use Interrupt::{Lcofi, Ssi, Vsei, Vssi, Vsti};
        let order = [Ssi, Vsei, Vssi, Vsti, Lcofi];
        let all = order.iter().fold(0, |bits, interrupt| bits | interrupt.bit());
        p.write_csr(csr::mideleg::NUMBER, all);
        p.write_csr(csr::mip::NUMBER, Ssi.bit() | LCOFI);
        p.write_csr(csr::hvip::NUMBER, Vsei.bit() | Vssi.bit() | Vsti.bit());
        p.write_csr(csr::mie::NUMBER, all);
        taken_in_order(p, Mode::HS, &order);
    }
}
