//! The guest's clock and timer.

use alloc::vec::Vec;

use kvm::one_reg::index::timer::{COMPARE, FREQUENCY, STATE, TIME};
use kvm::one_reg::{TIMER_OFF, TIMER_ON};
use kvm::{Errno, Register};

use super::{Place, only};
use crate::vcpu::Vcpu;

pub(super) fn get(vcpu: &Vcpu, place: Place, host_time: u64) -> Result<u64, Errno> {
    Ok(match only(place)? {
        FREQUENCY => vcpu.vm.hypervisor.machine.frequency,
        TIME => host_time.wrapping_add(vcpu.vm.time_delta()),
        COMPARE => vcpu.timer.compare(),
        STATE => vcpu.timer.is_on().into(),
        _ => return Err(Errno::ENOENT),
    })
}

/// The time is that of the whole machine.
pub(super) fn set(vcpu: &mut Vcpu, place: Place, host_time: u64, value: u64) -> Result<(), Errno> {
    match only(place)? {
        FREQUENCY if value != vcpu.vm.hypervisor.machine.frequency => return Err(Errno::EINVAL),
        FREQUENCY => {}
        TIME => vcpu.vm.set_time_delta(value.wrapping_sub(host_time)),
        COMPARE => vcpu.timer.set_compare(value),
        STATE => match value {
            TIMER_OFF => vcpu.timer.turn(false),
            TIMER_ON => vcpu.timer.turn(true),
            _ => return Err(Errno::EINVAL),
        },
        _ => return Err(Errno::ENOENT),
    }
    Ok(())
}

pub(super) fn list(list: &mut Vec<Register>) {
    list.extend((FREQUENCY..=STATE).map(Register::timer));
}
