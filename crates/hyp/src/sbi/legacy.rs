//! The calls of version 0.1. SBI, "Legacy Extensions".

use isa::cause::Interrupt;
use kvm::run::SystemEvent;

use super::mask::HartMask;
use super::{Answer, Call, NOT_SUPPORTED, reset};
use crate::addr::Gva;
use crate::fence::Fence;
use crate::hart::{Hart, Trap};
use crate::host::Host;
use crate::local::Local;
use crate::request::Request;
use crate::vcpu::Vcpu;

const SET_TIMER: u64 = 0;
const PUTCHAR: u64 = 1;
const GETCHAR: u64 = 2;
const CLEAR_IPI: u64 = 3;
const SEND_IPI: u64 = 4;
const REMOTE_FENCE_I: u64 = 5;
const REMOTE_SFENCE_VMA: u64 = 6;
const REMOTE_SFENCE_VMA_ASID: u64 = 7;
const SHUTDOWN: u64 = 8;

pub(super) fn call<H: Hart, M: Host>(vcpu: &mut Vcpu, local: &mut Local<H>, host: &M, call: Call) -> Answer {
    let [first, start, size, asid, ..] = call.args;
    match call.extension {
        SET_TIMER => vcpu.timer.set(&mut local.hart, &vcpu.shared.interrupts, first),
        PUTCHAR | GETCHAR => return Answer::Forward,
        CLEAR_IPI => vcpu.shared.interrupts.unset(Interrupt::Vssi),
        SHUTDOWN => return reset::end(vcpu, host, SystemEvent::Shutdown, 0),
        SEND_IPI | REMOTE_FENCE_I | REMOTE_SFENCE_VMA | REMOTE_SFENCE_VMA_ASID => {
            let harts = match harts(vcpu, local, Gva(first)) {
                Ok(harts) => harts,
                Err(trap) => return Answer::Trap(trap),
            };
            let fence = match call.extension {
                REMOTE_SFENCE_VMA_ASID => Fence::new(start, size, Some(asid as u16)),
                _ => Fence::new(start, size, None),
            };
            // These calls have no error for harts that do not exist: the others are meant all the same.
            harts.existing(vcpu).for_each(vcpu, |other| match call.extension {
                SEND_IPI => other.set_interrupt(host, Interrupt::Vssi),
                REMOTE_FENCE_I => other.request(host, Request::FenceI),
                _ => other.request_fence(host, fence),
            });
        }
        _ => return Answer::Error(NOT_SUPPORTED),
    }
    Answer::Value(0)
}

/// The harts of the mask at a guest virtual address; address 0 stands for all.
fn harts<H: Hart>(vcpu: &Vcpu, local: &mut Local<H>, address: Gva) -> Result<HartMask, Trap> {
    if address.0 == 0 {
        return Ok(HartMask::all(vcpu));
    }
    let mask = vcpu.with_guest_status(&mut local.hart, |hart| hart.load_guest(address))?;
    Ok(HartMask::new(mask, 0))
}
