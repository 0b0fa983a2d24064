//! Reading the instruction that trapped from the guest's memory. Privileged ISA, "Hypervisor Virtual-Machine
//! Load and Store Instructions".

use isa::Inst;
use isa::cause::{Cause, Exception};
use isa::csr::hstatus;

use crate::addr::Gva;
use crate::hart::{Hart, Trap};
use crate::inject::inject;
use crate::museum::{Mistake, is_repeated};
use crate::vcpu::Vcpu;

/// Why the instruction could not be had; the guest runs on either way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NoInst {
    /// The guest must fetch it again: its page has gone since, or it was given a fault to handle.
    Refetch,
    /// There is no such instruction; these are its bits.
    Undefined(u32),
}

/// The instruction at the guest's program counter.
pub(super) fn fetch<H: Hart>(hart: &mut H, vcpu: &mut Vcpu) -> Result<Inst, NoInst> {
    match read(hart, vcpu) {
        Ok(bits) => isa::decode(bits).ok_or(NoInst::Undefined(bits)),
        Err(trap) => {
            // HLVX raises a load's faults where a fetch would raise its own. A guest-page fault needs no
            // answer: the guest's own fetch will raise it, and it is handled then.
            let fault = match Cause::from_bits(trap.scause) {
                Some(Cause::Exception(Exception::LoadGuestPageFault)) if is_repeated(Mistake::B17) => {
                    Some(Exception::LoadGuestPageFault)
                }
                Some(Cause::Exception(Exception::LoadPageFault)) => Some(Exception::InstPageFault),
                Some(Cause::Exception(Exception::LoadAccessFault)) => Some(Exception::InstAccessFault),
                _ => None,
            };
            if let Some(fault) = fault {
                inject(hart, vcpu, fault, trap.stval);
            }
            Err(NoInst::Refetch)
        }
    }
}

/// The bits of the instruction, which is read as the guest's own fetch would have read it.
fn read<H: Hart>(hart: &mut H, vcpu: &Vcpu) -> Result<u32, Trap> {
    let pc = Gva(vcpu.pc());
    vcpu.with_guest_status(hart, |hart| match hart.fetch_guest(pc) {
        Ok(low) if low & 3 == 3 => {
            hart.fetch_guest(pc.offset(2)).map(|high| u32::from(high) << 16 | u32::from(low))
        }
        low => low.map(u32::from),
    })
}

impl Vcpu {
    /// Does something that reads guest memory as the guest would: with its privilege, which SPVP has from the exit.
    pub(crate) fn with_guest_status<H: Hart, T>(&self, hart: &mut H, read: impl FnOnce(&mut H) -> T) -> T {
        let host_hstatus = hart.swap::<{ hstatus::NUMBER }>(self.around.hstatus);
        let value = read(hart);
        hart.write::<{ hstatus::NUMBER }>(host_hstatus);
        value
    }
}
