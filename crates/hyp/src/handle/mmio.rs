//! Accesses where the guest has no memory, as devices have them: served by an eventfd, or by user space. Linux, "The
//! Definitive KVM API Documentation", `KVM_EXIT_MMIO` and `KVM_IOEVENTFD`.

use isa::tinst::Tinst;
use kvm::{Exit, Run};

use super::fault::refuse;
use super::fetch::{NoInst, fetch};
use crate::access::{Access, Kind};
use crate::exit::GuestPageFault;
use crate::hart::Hart;
use crate::host::Host;
use crate::local::Local;
use crate::pending::Pending;
use crate::run::{Flow, Stop};
use crate::vcpu::Vcpu;

/// Carries out the access that has faulted.
pub(super) fn emulate<H: Hart, M: Host>(
    vcpu: &mut Vcpu,
    local: &mut Local<H>,
    host: &M,
    page: &mut Run<'_>,
    fault: &GuestPageFault,
) -> Flow {
    let access = match fault.tinst {
        Tinst::Transformed { inst, size, .. } => Access::of(&inst, size),
        _ => match fetch(vcpu, local, host) {
            Ok(inst) => Access::of(&inst, inst.size()),
            Err(NoInst::Refetch) => return Flow::Resume,
            Err(NoInst::Undefined(_)) => None,
        },
    };
    let Some(access) = access.filter(|access| suits(access, fault)) else {
        refuse(vcpu, local, fault);
        return Flow::Resume;
    };
    let (address, length) = (fault.gpa, access.width.bytes() as u32);
    match access.kind {
        Kind::Store { rs2 } => {
            let value = access.stored(vcpu.register(&mut local.hart, rs2));
            if vcpu.vm.notify_store(host, address, length, value) {
                vcpu.advance(access.instruction_size);
                return Flow::Resume;
            }
            page.set_exit(&Exit::Mmio { address: address.0, length, stored: Some(value) });
            vcpu.pending = Some(Pending::Store { size: access.instruction_size, then: None });
        }
        Kind::Load { .. } | Kind::Amo { .. } => {
            page.set_exit(&Exit::Mmio { address: address.0, length, stored: None });
            vcpu.pending = Some(Pending::Load { access, address });
        }
    }
    Flow::Stop(Stop::Exit)
}

/// Whether `access` can have caused `fault` and is one that devices take: naturally aligned.
fn suits(access: &Access, fault: &GuestPageFault) -> bool {
    access.kind.access_kind() == fault.kind && fault.gpa.0 & (access.width.bytes() - 1) == 0
}
