//! Guest-page faults: memory mapped on demand, loads and stores of devices, and holes. Privileged ISA,
//! "Guest-Page Faults".

use isa::tinst::Tinst;
use kvm::{Errno, Run};

use super::locate::locate_if_unknown;
use super::mmio;
use crate::exit::{AccessKind, GuestPageFault};
use crate::hart::Hart;
use crate::host::Host;
use crate::inject::inject;
use crate::local::Local;
use crate::memory::Mapped;
use crate::museum::{Mistake, is_repeated};
use crate::run::Flow;
use crate::vcpu::Vcpu;

/// Deals with a guest-page fault of the loaded guest.
///
/// # Errors
/// As [`Vcpu::run`].
pub(crate) fn handle<H: Hart, M: Host>(
    vcpu: &mut Vcpu,
    local: &mut Local<H>,
    host: &M,
    page: &mut Run<'_>,
    fault: &GuestPageFault,
) -> Result<Flow, Errno> {
    let located = locate_if_unknown(vcpu, &mut local.hart, host, fault);
    let Some(fault) = located else { return Ok(Flow::Resume) };
    match vcpu.map(local, host, fault.gpa, fault.is_write())? {
        Mapped::Done => Ok(Flow::Resume),
        Mapped::NoMemory if is_repeated(Mistake::B8) && fault.kind == AccessKind::Fetch => {
            Err(Errno::EOPNOTSUPP)
        }
        Mapped::NoMemory if is_implicit(&fault) || fault.kind == AccessKind::Fetch => {
            // Page tables and code outside memory: there is no device that could serve them.
            refuse(vcpu, local, &fault);
            Ok(Flow::Resume)
        }
        Mapped::NoMemory => Ok(mmio::emulate(vcpu, local, host, page, &fault)),
    }
}

/// Whether the hart accessed the address for the sake of translating another.
fn is_implicit(fault: &GuestPageFault) -> bool {
    matches!(fault.tinst, Tinst::Pseudo { .. }) && !is_repeated(Mistake::T6)
}

/// Lets the guest take the access fault that a machine without such a device raises.
pub(super) fn refuse<H: Hart>(vcpu: &mut Vcpu, local: &mut Local<H>, fault: &GuestPageFault) {
    inject(&mut local.hart, vcpu, fault.kind.access_fault(), fault.gva.0);
}
