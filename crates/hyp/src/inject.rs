//! Traps that the hypervisor makes the guest take. Privileged ISA, "Trap Entry".

use isa::cause::Exception;
use isa::csr::{sstatus, vscause, vsepc, vsstatus, vstval, vstvec};

use crate::hart::Hart;
use crate::museum::{Mistake, is_repeated};
use crate::vcpu::Vcpu;

/// Makes the loaded guest take `exception` at its current instruction, as if its hart had raised it.
pub(crate) fn inject<H: Hart>(hart: &mut H, vcpu: &mut Vcpu, exception: Exception, value: u64) {
    let from = sstatus::SPP.get(vcpu.context.guest.sstatus);
    let status = hart.read::<{ vsstatus::NUMBER }>();
    hart.write::<{ vsstatus::NUMBER }>(status_on_trap(status, from));
    hart.write::<{ vsepc::NUMBER }>(vcpu.pc());
    hart.write::<{ vscause::NUMBER }>(exception as u64);
    hart.write::<{ vstval::NUMBER }>(value);
    vcpu.context.guest.sepc = handler(hart.read::<{ vstvec::NUMBER }>());
    if !is_repeated(Mistake::B10) {
        vcpu.context.guest.sstatus = sstatus::SPP.set(vcpu.context.guest.sstatus, 1);
    }
}

/// `vsstatus` after a trap from privilege `from`.
fn status_on_trap(status: u64, from: u64) -> u64 {
    let enabled = vsstatus::SIE.get(status);
    vsstatus::SIE.set(vsstatus::SPIE.set(vsstatus::SPP.set(status, from), enabled), 0)
}

/// Where exceptions go: the base of `vstvec`, whatever its MODE.
fn handler(vstvec: u64) -> u64 {
    if is_repeated(Mistake::T7) { vstvec } else { vstvec & !vstvec::MODE.mask() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Event, World};

    #[test]
    fn the_guest_enters_its_handler_in_vs_mode() {
        for (from_s, enabled) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut world = World::usual();
            let (hart, vcpu) = (&mut world.local.hart, &mut world.vcpu);
            let others = vsstatus::SUM.mask() | vsstatus::UXL.of(2);
            hart.set_csr(
                vsstatus::NUMBER,
                others | vsstatus::SIE.of(enabled.into()) | vsstatus::SPIE.of((!enabled).into()),
            );
            hart.set_csr(vstvec::NUMBER, 0x8020_0101);
            vcpu.context.guest.sepc = 0x1234;
            vcpu.context.guest.sstatus = sstatus::SPP.of(from_s.into()) | sstatus::SPIE.of(1);

            hart.take_events();
            inject(hart, vcpu, Exception::LoadAccessFault, 0x5678);

            let expected = others | vsstatus::SPP.of(from_s.into()) | vsstatus::SPIE.of(enabled.into());
            let accesses = [
                Event::Read("vsstatus"),
                Event::Write("vsstatus", expected),
                Event::Write("vsepc", 0x1234),
                Event::Write("vscause", 5),
                Event::Write("vstval", 0x5678),
                Event::Read("vstvec"),
            ];
            assert_eq!(hart.take_events(), accesses);
            assert_eq!(hart.csr(vsstatus::NUMBER), expected);
            assert_eq!(hart.csr(vsepc::NUMBER), 0x1234);
            assert_eq!(hart.csr(vscause::NUMBER), 5);
            assert_eq!(hart.csr(vstval::NUMBER), 0x5678);
            assert_eq!(vcpu.pc(), 0x8020_0100);
            assert_eq!(vcpu.context.guest.sstatus, sstatus::SPP.of(1) | sstatus::SPIE.of(1));
        }
    }
}
