//! The guest's clock and timer.

use alloc::vec::Vec;

use kvm::one_reg::group::TIMER;
use kvm::{Errno, Register};

use super::{Place, only};
use crate::vcpu::Vcpu;

const FREQUENCY: u16 = 0;
const TIME: u16 = 1;
const COMPARE: u16 = 2;
const STATE: u16 = 3;

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
            0 => vcpu.timer.turn(false),
            1 => vcpu.timer.turn(true),
            _ => return Err(Errno::EINVAL),
        },
        _ => return Err(Errno::ENOENT),
    }
    Ok(())
}

pub(super) fn list(list: &mut Vec<Register>) {
    list.extend((FREQUENCY..=STATE).map(|index| Register::wide(TIMER, 0, index)));
}
