//! Which of several interrupts comes first.

use crate::prelude::*;

use crate::tests::handler::taken_in_order;

conformance_tests! {
    /// Interrupts for HS-mode that are pending together come in the manual's order.
    interrupts_for_hs_in_order
    [rules "hsint_priority"]
    [cases 92]
    [needs H]
    |p| {
        p.write_csr(csr::mideleg::NUMBER, SUPERVISOR);
        // Any two of them, and all together.
        let order = [Interrupt::Sei, Interrupt::Ssi, Interrupt::Sti, Interrupt::Vsei, Interrupt::Vssi, Interrupt::Vsti];
        for first in 0..order.len() {
            for second in first + 1..order.len() {
                let pair = [order[first], order[second]];
                let bits = pair[0].bit() | pair[1].bit();
                p.write_csr(csr::mie::NUMBER, bits);
                p.write_csr(csr::mip::NUMBER, bits & SUPERVISOR);
                p.write_csr(csr::hvip::NUMBER, bits & !SUPERVISOR);
                taken_in_order(p, Mode::HS, &pair);
            }
        }
        p.write_csr(csr::mie::NUMBER, SUPERVISOR | VS_LEVEL);
        p.write_csr(csr::mip::NUMBER, SUPERVISOR);
        p.write_csr(csr::hvip::NUMBER, VS_LEVEL);
        taken_in_order(p, Mode::HS, &order);
    }

    /// A guest external interrupt comes after the supervisor's own and before the VS-level ones.
    guest_external_interrupt_in_order
    [rules "hsint_priority"]
    [cases 92]
    [needs H]
    [only |cpu| cpu.geilen > 0]
    [devices Hgeip]
    |p| {
        p.write_csr(csr::mideleg::NUMBER, SUPERVISOR);
        p.store(device::HGEIP, 1 << 1);
        p.write_csr(csr::hgeie::NUMBER, 1 << 1);
        p.write_csr(csr::mie::NUMBER, SUPERVISOR | VS_LEVEL | Interrupt::Sgei.bit());
        p.write_csr(csr::mip::NUMBER, SUPERVISOR);
        p.write_csr(csr::hvip::NUMBER, VS_LEVEL);
        taken_in_order(p, Mode::HS, &[
            Interrupt::Sei,
            Interrupt::Ssi,
            Interrupt::Sti,
            Interrupt::Sgei,
            Interrupt::Vsei,
            Interrupt::Vssi,
            Interrupt::Vsti,
        ]);
    }

    /// A guest sees its interrupts in the order of a supervisor's.
    interrupts_for_vs_in_order
    [rules "hideleg_trans"]
    [cases 92]
    [needs H]
    |p| {
        p.write_csr(csr::hideleg::NUMBER, VS_LEVEL);
        p.write_csr(csr::hvip::NUMBER, VS_LEVEL);
        p.write_csr(csr::hie::NUMBER, VS_LEVEL);
        taken_in_order(p, Mode::VS, &[Interrupt::Sei, Interrupt::Ssi, Interrupt::Sti]);
    }

    /// An interrupt for HS-mode comes before one for the guest, whatever they are.
    interrupts_for_hs_come_before_those_for_the_guest
    [rules "hideleg_hs"]
    [cases 92]
    [needs H]
    |p| {
        p.write_csr(csr::hideleg::NUMBER, Interrupt::Vsei.bit());
        p.write_csr(csr::hvip::NUMBER, VS_LEVEL);
        p.write_csr(csr::hie::NUMBER, Interrupt::Vsei.bit() | Interrupt::Vsti.bit());
        crate::tests::handler::taken_at_once(p, Mode::VU, Interrupt::Vsti, Mode::HS);
        p.write_csr(csr::hie::NUMBER, Interrupt::Vsei.bit());
        crate::tests::handler::taken_at_once(p, Mode::VU, Interrupt::Sei, Mode::VS);
    }
}

const SUPERVISOR: u64 = Interrupt::Ssi.bit() | Interrupt::Sti.bit() | Interrupt::Sei.bit();
const VS_LEVEL: u64 = Interrupt::Vssi.bit() | Interrupt::Vsti.bit() | Interrupt::Vsei.bit();
