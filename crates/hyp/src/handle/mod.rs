//! What is done about an exit: here, by the guest itself, or by user space.

mod csr;
pub(crate) mod fault;
mod fetch;
mod locate;
mod mmio;
mod virtual_inst;

use kvm::{Errno, Run};

use crate::exit::Exit;
use crate::hart::{Hart, Trap};
use crate::host::Host;
use crate::inject::inject;
use crate::local::Local;
use crate::museum::{Mistake, is_repeated};
use crate::run::{Flow, Stop};
use crate::sbi;
use crate::vcpu::Vcpu;

/// `KVM_EXIT_UNKNOWN`: nobody has said why.
const UNKNOWN: u32 = 0;

/// Deals with the exit of the loaded guest that `trap` tells of.
///
/// # Errors
/// As [`Vcpu::run`].
pub(crate) fn handle<H: Hart, M: Host>(
    vcpu: &mut Vcpu,
    local: &mut Local<H>,
    host: &M,
    page: &mut Run<'_>,
    trap: &Trap,
) -> Result<Flow, Errno> {
    match Exit::decode(trap) {
        None => {
            // No guest can raise such a cause: the machine below is not what it should be.
            page.set_exit(&kvm::Exit::Other(UNKNOWN));
            Err(Errno::EFAULT)
        }
        Some(Exit::Interrupt) => Ok(Flow::Stop(Stop::Interrupt)),
        Some(Exit::Ecall) => sbi::call(vcpu, local, host, page),
        Some(Exit::VirtualInst(bits)) => Ok(virtual_inst::handle(vcpu, local, host, page, bits)),
        Some(Exit::GuestPageFault(fault)) => fault::handle(vcpu, local, host, page, &fault),
        Some(Exit::Exception(..)) if is_repeated(Mistake::B9) => Err(Errno::EFAULT),
        Some(Exit::Exception(exception, value)) => {
            inject(&mut local.hart, vcpu, exception, value);
            Ok(Flow::Resume)
        }
    }
}

#[cfg(test)]
mod tests;
