//! The counter-overflow interrupt and scountovf, with a guest.

use crate::prelude::*;

use crate::tests::handler::{taken_at_once, taken_in_order};

conformance_tests! {
    /// LCOFI of vsip and vsie is that of sip and sie, at the same place, if hideleg and mideleg delegate it, and
    /// else a read-only zero.
    lcofi_of_the_guest
    [rules "vsip_vsie_lcofi" "HIDELEG_WARL" "mideleg_hroz"]
    [cases 93]
    [needs H Shlcofideleg]
    |p| {
        let bit = Interrupt::Lcofi.bit();
        for (mideleg, hideleg) in [(0, bit), (bit, 0), (bit, bit)] {
            p.write_csr(csr::mideleg::NUMBER, mideleg);
            p.write_csr(csr::hideleg::NUMBER, hideleg);
            let held = mideleg & hideleg;
            p.check_csr_bits(csr::hideleg::NUMBER, bit, held, "hideleg");
            for (machine, number, at_v1) in [
                (csr::mip::NUMBER, csr::vsip::NUMBER, csr::sip::NUMBER),
                (csr::mie::NUMBER, csr::vsie::NUMBER, csr::sie::NUMBER),
            ] {
                p.write_csr(machine, bit);
                p.check_csr(number, held, "in the VS CSR");
                p.in_mode(Mode::VS, |p| {
                    p.check_csr(at_v1, held, "in the supervisor's at V=1");
                    p.write_csr(at_v1, 0);
                });
                p.check_csr_bits(machine, bit, bit & !held, "after the guest has cleared it");
                p.write_csr(machine, 0);
                p.write_csr(number, bit);
                p.check_csr_bits(machine, bit, held, "after setting it in the VS CSR");
                p.check_csr_bits(number, bit, held, "what the VS CSR shows of it");
                p.in_mode(Mode::HS, |p| p.check_csr_bits(at_v1, bit, held & mideleg, "in the supervisor's at V=0"));
                p.write_csr(machine, 0);
            }
        }
    }

    /// Without Shlcofideleg the bit of hideleg is a read-only zero, and so are those of vsip and vsie.
    lcofi_without_shlcofideleg
    [rules "vsip_vsie_lcofi" "HIDELEG_WARL"]
    [cases 93]
    [needs H Sscofpmf]
    [cpus "shlcofideleg=off"]
    |p| {
        let bit = Interrupt::Lcofi.bit();
        let there = if p.cpu().has(isa::ext::Ext::Shlcofideleg) { bit } else { 0 };
        p.write_csr(csr::mideleg::NUMBER, bit);
        p.write_csr(csr::hideleg::NUMBER, bit);
        p.check_csr_bits(csr::hideleg::NUMBER, bit, there, "hideleg");
        p.write_csr(csr::mip::NUMBER, bit);
        p.check_csr(csr::vsip::NUMBER, there, "vsip");
        p.write_csr(csr::vsie::NUMBER, bit);
        p.check_csr(csr::vsie::NUMBER, there, "vsie");
        p.check_csr_bits(csr::mie::NUMBER, bit, there, "mie");
    }

    /// A counter overflow goes to HS-mode or to the guest, with the same cause, after all others.
    lcofi_is_taken_last
    [rules "hsint_priority" "vsip_vsie_lcofi"]
    [cases 92 93]
    [needs H Shlcofideleg]
    |p| {
        let bit = Interrupt::Lcofi.bit();
        let own = Interrupt::Ssi.bit() | Interrupt::Sti.bit() | Interrupt::Sei.bit() | bit;
        p.write_csr(csr::mideleg::NUMBER, own);
        let raise = |p: &mut crate::Program| {
            p.write_csr(csr::mip::NUMBER, own);
            p.write_csr(csr::hvip::NUMBER, VS_LEVEL);
            p.write_csr(csr::mie::NUMBER, own | VS_LEVEL);
        };
        raise(p);
        taken_in_order(p, Mode::HS, &[
            Interrupt::Sei,
            Interrupt::Ssi,
            Interrupt::Sti,
            Interrupt::Vsei,
            Interrupt::Vssi,
            Interrupt::Vsti,
            Interrupt::Lcofi,
        ]);
        p.write_csr(csr::hideleg::NUMBER, VS_LEVEL | bit);
        raise(p);
        p.write_csr(csr::mie::NUMBER, bit | VS_LEVEL);
        taken_in_order(p, Mode::VS, &[Interrupt::Sei, Interrupt::Ssi, Interrupt::Sti, Interrupt::Lcofi]);
        for (hideleg, taken) in [(0, Mode::HS), (bit, Mode::VS)] {
            p.write_csr(csr::hideleg::NUMBER, hideleg);
            p.write_csr(csr::mie::NUMBER, bit);
            taken_at_once(p, Mode::VU, Interrupt::Lcofi, taken);
        }
    }

    /// A bit of scountovf shows in HS-mode if mcounteren has it, and in VS-mode if hcounteren has it too; in user
    /// modes the CSR is refused.
    scountovf_under_the_counter_enables
    [rules
        "scountovf_op" "scountovf_smode_read_access" "scountovf_vsmode_read_access" "scountovf_mmode_read_access"
        "scountovf_smode_read_access_control"]
    [cases 73]
    [needs H Sscofpmf]
    [only |cpu| cpu.hpm >= 4 && cpu.mcounteren & 0x58 == 0x58]
    |p| {
        let overflowed = 1 << 3 | 1 << 4 | 1 << 6;
        for counter in 3..7 {
            let of = csr::mhpmevent3::OF.of(overflowed >> counter & 1);
            p.write_csr(csr::mhpmevent3::NUMBER + counter - 3, of);
        }
        for (mcounteren, hcounteren) in
            [(u64::MAX, u64::MAX), (1 << 3, u64::MAX), (u64::MAX, 1 << 4), (1 << 3 | 1 << 4, 1 << 4 | 1 << 6), (0, 0)]
        {
            p.write_csr(csr::mcounteren::NUMBER, mcounteren);
            p.write_csr(csr::hcounteren::NUMBER, hcounteren);
            p.check_csr(csr::scountovf::NUMBER, overflowed, "scountovf in M-mode");
            p.in_mode(Mode::HS, |p| {
                p.check_csr(csr::scountovf::NUMBER, overflowed & mcounteren, "scountovf in HS-mode");
            });
            p.in_mode(Mode::VS, |p| {
                let shown = overflowed & mcounteren & hcounteren;
                p.check_csr(csr::scountovf::NUMBER, shown, "scountovf in VS-mode");
            });
            for (mode, exception) in [(Mode::U, Exception::IllegalInst), (Mode::VU, Exception::VirtualInst)] {
                p.in_mode(mode, |p| {
                    p.expect_trap(trap(exception, Mode::M).tval_inst(), |p| {
                        p.csrr(A0, csr::scountovf::NUMBER);
                    });
                });
            }
        }
    }
}

const VS_LEVEL: u64 = Interrupt::Vssi.bit() | Interrupt::Vsti.bit() | Interrupt::Vsei.bit();
