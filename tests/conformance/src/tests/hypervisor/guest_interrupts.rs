//! vsip and vsie: the guest's view of its interrupts.

use isa::ext::Ext;

use crate::prelude::*;

conformance_tests! {
    /// vsip and vsie show the delegated VS-level interrupts one bit lower; what is not delegated is zero.
    vsip_and_vsie_are_aliases_of_what_is_delegated
    [rules
        "vsip_vsie_sz" "vsip_vsie_acc" "VSIP_WARL" "VSIE_WARL" "vsip_vsie_sei" "vsip_vsie_sti" "vsip_vsie_ssi"]
    [cases 87 89]
    [needs H]
    |p| {
        let mask = counted(p);
        for hideleg in (0..8).map(|n: u64| (n & 1) << 2 | (n >> 1 & 1) << 6 | (n >> 2) << 10) {
            p.write_csr(csr::hideleg::NUMBER, hideleg);
            p.csrw(csr::hvip::NUMBER, ZERO).csrw(csr::hie::NUMBER, ZERO);
            let seen = hideleg >> 1;
            // Either pending or enabled, so that none is taken.
            let views = [
                (csr::hvip::NUMBER, csr::vsip::NUMBER, csr::sip::NUMBER),
                (csr::hie::NUMBER, csr::vsie::NUMBER, csr::sie::NUMBER),
            ];
            for (all, number, at_v1) in views {
                p.write_csr(all, VS_LEVEL | Interrupt::Sgei.bit());
                p.check_csr_bits(number, mask, seen, "by its own number");
                p.in_mode(Mode::VS, |p| {
                    p.check_csr_bits(at_v1, mask, seen, "by the supervisor's number at V=1")
                });
                p.write_csr(all, 0);
                p.check_csr_bits(number, mask, 0, "with nothing pending or enabled");
            }
            p.write_csr(csr::hvip::NUMBER, VS_LEVEL);
            p.write_csr(csr::hie::NUMBER, VS_LEVEL | Interrupt::Sgei.bit());
            // Writes reach the delegated bits alone: of vsip that of the software interrupt.
            let vssi = Interrupt::Vssi.bit();
            p.write_csr(csr::vsip::NUMBER, 0);
            p.check_csr_bits(csr::hip::NUMBER, VS_LEVEL, VS_LEVEL & !(hideleg & vssi), "hip after vsip = 0");
            p.write_csr(csr::hvip::NUMBER, 0);
            p.write_csr(csr::vsip::NUMBER, u64::MAX);
            p.check_csr_bits(csr::hip::NUMBER, mask, hideleg & vssi, "hip after writing ones to vsip");
            p.check_csr_bits(csr::hvip::NUMBER, mask, hideleg & vssi, "hvip after writing ones to vsip");
            p.write_csr(csr::vsie::NUMBER, 0);
            let kept = VS_LEVEL & !hideleg | Interrupt::Sgei.bit();
            p.check_csr_bits(csr::hie::NUMBER, kept | VS_LEVEL, kept, "hie after vsie = 0");
            p.write_csr(csr::hie::NUMBER, 0);
            p.write_csr(csr::vsie::NUMBER, u64::MAX);
            p.check_csr_bits(csr::hie::NUMBER, mask, hideleg, "hie after writing ones to vsie");
        }
    }

    /// The guest writes its sip and sie, and HS-mode sees it in hip and hie.
    a_guest_writes_its_own_sip_and_sie
    [rules "vsip_vsie_op" "vsip_vsie_ssi" "vsip_vsie_sti" "vsip_vsie_sei" "H_vscsrs_sub"]
    [cases 87 89]
    [needs H]
    |p| {
        let mask = counted(p);
        let own = Interrupt::Ssi.bit() | Interrupt::Sti.bit() | Interrupt::Sei.bit();
        p.write_csr(csr::hideleg::NUMBER, VS_LEVEL);
        p.write_csr(csr::mideleg::NUMBER, own);
        p.in_mode(Mode::VS, |p| {
            p.write_csr(csr::sip::NUMBER, u64::MAX);
            p.check_csr_bits(csr::sip::NUMBER, mask, Interrupt::Ssi.bit(), "sip after writing ones");
            for interrupt in [Interrupt::Ssi, Interrupt::Sti, Interrupt::Sei] {
                p.check_write(csr::sie::NUMBER, interrupt.bit(), interrupt.bit(), "sie with one bit");
            }
            p.write_csr(csr::sie::NUMBER, u64::MAX);
            p.check_csr_bits(csr::sie::NUMBER, mask, own, "sie after writing ones");
        });
        p.check_csr_bits(csr::hip::NUMBER, mask, Interrupt::Vssi.bit(), "hip");
        p.check_csr_bits(csr::hie::NUMBER, mask, VS_LEVEL, "hie");
        p.check_csr_bits(csr::mip::NUMBER, own, 0, "the supervisor's bits of mip");
        p.check_csr_bits(csr::mie::NUMBER, own, 0, "the supervisor's bits of mie");
    }

    /// Interrupts for HS-mode show in its sip and not in the guest's, and the other way round.
    interrupts_for_hs_are_not_in_the_guests_sip
    [rules "vsip_vsie_op" "H_vscsrs_v1"]
    [cases 89]
    [needs H]
    |p| {
        let own = Interrupt::Ssi.bit() | Interrupt::Sti.bit() | Interrupt::Sei.bit();
        p.write_csr(csr::mideleg::NUMBER, own);
        p.write_csr(csr::hideleg::NUMBER, VS_LEVEL);
        p.write_csr(csr::mip::NUMBER, own);
        p.in_mode(Mode::VS, |p| {
            p.check_csr(csr::sip::NUMBER, 0, "sip in VS-mode with interrupts for HS-mode");
            p.check_csr(csr::sie::NUMBER, 0, "sie in VS-mode");
            // Nor can the guest clear them.
            p.write_csr(csr::sip::NUMBER, 0);
        });
        p.in_mode(Mode::HS, |p| {
            p.check_csr_bits(csr::sip::NUMBER, own, own, "sip in HS-mode");
        });
        p.write_csr(csr::mip::NUMBER, 0);
        p.write_csr(csr::hvip::NUMBER, VS_LEVEL);
        p.in_mode(Mode::HS, |p| {
            p.check_csr_bits(
                csr::sip::NUMBER,
                own | VS_LEVEL,
                0,
                "sip in HS-mode with interrupts for the guest",
            );
        });
        p.in_mode(Mode::VS, |p| {
            p.check_csr(csr::sip::NUMBER, own, "sip in VS-mode with interrupts for the guest");
        });
    }
}

/// The bits that these tests say everything about; counter overflow has tests of its own.
fn counted(p: &crate::Program) -> u64 {
    if p.cpu().has(Ext::Shlcofideleg) { !Interrupt::Lcofi.bit() } else { u64::MAX }
}

const VS_LEVEL: u64 = Interrupt::Vssi.bit() | Interrupt::Vsti.bit() | Interrupt::Vsei.bit();
