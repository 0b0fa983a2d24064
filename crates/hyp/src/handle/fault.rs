//! Guest-page faults: memory given on demand, loads and stores of devices, and holes. Privileged ISA,
//! "Guest-Page Faults".

use isa::csr::vstvec;
use isa::tinst::Tinst;

use super::Outcome;
use super::fetch::{NoInst, fetch};
use super::locate::locate;
use crate::error::Error;
use crate::exit::{AccessKind, GuestPageFault};
use crate::frames::Frames;
use crate::hart::Hart;
use crate::inject::{handler, inject};
use crate::mmio::{Access, Kind};
use crate::vcpu::{Pending, Vcpu};
use crate::vm::Vm;

pub(super) fn handle<H: Hart, F: Frames>(
    hart: &mut H,
    vcpu: &mut Vcpu,
    vm: &mut Vm,
    frames: &mut F,
    fault: &GuestPageFault,
) -> Result<Outcome, Error> {
    // A hart need not write htval, and zero is what it writes then.
    let located = if fault.gpa.0 >> 2 == 0 { locate(hart, vm, frames, fault) } else { Some(*fault) };
    let Some(fault) = &located else { return Ok(Outcome::Resume) };
    if vm.is_ram(fault.gpa) {
        vm.populate(frames, fault.gpa)?;
        hart.hfence_gvma_page(fault.gpa.page(), vm.vmid.number());
        return Ok(Outcome::Resume);
    }
    // Page tables and code outside RAM: there is no device that could serve them.
    if matches!(fault.tinst, Tinst::Pseudo { .. }) || fault.kind == AccessKind::Fetch {
        return refuse(hart, vcpu, fault);
    }
    let access = match fault.tinst {
        Tinst::Transformed { inst, size, .. } => Access::of(&inst, size),
        _ => match fetch(hart, vcpu) {
            Ok(inst) => Access::of(&inst, inst.size()),
            Err(NoInst::Refetch) => return Ok(Outcome::Resume),
            Err(NoInst::Undefined(_)) => None,
        },
    };
    let Some(access) = access.filter(|access| suits(access, fault)) else {
        return refuse(hart, vcpu, fault);
    };
    vcpu.pending = Some(Pending::Mmio(access, fault.gva));
    let (address, width) = (fault.gpa, access.width);
    Ok(match access.kind {
        Kind::Load { .. } => Outcome::Load { address, width },
        Kind::Store { rs2 } => {
            Outcome::Store { address, width, value: width.truncate(vcpu.context.guest.get(rs2)) }
        }
    })
}

/// Whether `access` can have caused `fault` and is one that devices take: naturally aligned.
fn suits(access: &Access, fault: &GuestPageFault) -> bool {
    access.kind.access_kind() == fault.kind && fault.gpa.0 & (access.width.bytes() - 1) == 0
}

/// Lets the guest take the access fault that a machine without such a device raises.
fn refuse<H: Hart>(hart: &mut H, vcpu: &mut Vcpu, fault: &GuestPageFault) -> Result<Outcome, Error> {
    let handler = handler(hart.read::<{ vstvec::NUMBER }>());
    if fault.kind == AccessKind::Fetch && vcpu.pc() == handler {
        return Err(Error::NoTrapHandler(handler));
    }
    inject(hart, vcpu, fault.kind.access_fault(), fault.gva.0);
    Ok(Outcome::Resume)
}
