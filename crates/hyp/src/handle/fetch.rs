//! Reading the instruction that trapped from the guest's memory. Privileged ISA, "Hypervisor Virtual-Machine
//! Load and Store Instructions".

use isa::Inst;
use isa::cause::Exception;
use isa::csr::hstatus;

use super::locate::locate_if_unknown;
use crate::addr::Gva;
use crate::exit::Exit;
use crate::hart::{Hart, Trap};
use crate::host::Host;
use crate::inject::inject;
use crate::local::Local;
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
pub(super) fn fetch<H: Hart, M: Host>(
    vcpu: &mut Vcpu,
    local: &mut Local<H>,
    host: &M,
) -> Result<Inst, NoInst> {
    match read(&mut local.hart, vcpu) {
        Ok(bits) => isa::decode(bits).ok_or(NoInst::Undefined(bits)),
        Err(trap) => {
            explain(vcpu, local, host, &trap);
            Err(NoInst::Refetch)
        }
    }
}

/// Sees to it that the instruction can be read the next time, or that the guest learns why not.
fn explain<H: Hart, M: Host>(vcpu: &mut Vcpu, local: &mut Local<H>, host: &M, trap: &Trap) {
    // HLVX raises a load's faults where a fetch would raise its own.
    let fault = match Exit::decode(trap) {
        Some(Exit::GuestPageFault(_)) if is_repeated(Mistake::B17) => Exception::LoadGuestPageFault,
        // The guest's own fetch may not fault: what the hart has cached for fetches may be another thing. Where this
        // does not help, it will.
        Some(Exit::GuestPageFault(fault)) => {
            let located = locate_if_unknown(vcpu, &mut local.hart, host, &fault);
            let _ = located.map(|fault| vcpu.map(local, host, fault.gpa, fault.is_write()));
            return;
        }
        Some(Exit::Exception(Exception::LoadPageFault, _)) => Exception::InstPageFault,
        Some(Exit::Exception(Exception::LoadAccessFault, _)) => Exception::InstAccessFault,
        _ => return,
    };
    inject(&mut local.hart, vcpu, fault, trap.stval);
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
