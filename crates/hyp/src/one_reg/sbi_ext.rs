//! Which extensions of the SBI the guest has: one by one, or many at once.

use alloc::vec::Vec;

use kvm::one_reg::{MULTI_DISABLE, MULTI_ENABLE, SINGLE};
use kvm::{Errno, Register, extension};

use super::Place;
use crate::extensions::Status;
use crate::vcpu::Vcpu;

pub(super) fn get(vcpu: &Vcpu, place: Place) -> Result<u64, Errno> {
    match (place.subgroup, place.index) {
        (SINGLE, number) => match vcpu.sbi.status(number) {
            Status::Unavailable => Err(Errno::ENOENT),
            status => Ok((status == Status::Enabled).into()),
        },
        (MULTI_ENABLE | MULTI_DISABLE, 0) => {
            let is_enabled = |number: &u16| vcpu.sbi.status(*number) == Status::Enabled;
            let enabled = numbers().filter(is_enabled).fold(0, |bits: u64, number| bits | 1 << number);
            Ok(if place.subgroup == MULTI_ENABLE { enabled } else { !enabled })
        }
        _ => Err(Errno::ENOENT),
    }
}

pub(super) fn set(vcpu: &mut Vcpu, place: Place, value: u64) -> Result<(), Errno> {
    match (place.subgroup, place.index) {
        (SINGLE, number) => set_one(vcpu, number, value),
        (MULTI_ENABLE | MULTI_DISABLE, 0) => {
            if vcpu.has_run {
                return Err(Errno::EBUSY);
            }
            let enabled = u64::from(place.subgroup == MULTI_ENABLE);
            for number in numbers().filter(|number| value >> number & 1 != 0) {
                // Of many, those that cannot be changed stay as they are.
                let _ = set_one(vcpu, number, enabled);
            }
            Ok(())
        }
        _ => Err(Errno::ENOENT),
    }
}

fn set_one(vcpu: &mut Vcpu, number: u16, value: u64) -> Result<(), Errno> {
    let status = vcpu.sbi.status(number);
    if status == Status::Unavailable {
        return Err(Errno::ENOENT);
    }
    let enabled = match value {
        0 => false,
        1 => true,
        _ => return Err(Errno::EINVAL),
    };
    if (status == Status::Enabled) == enabled {
        return Ok(());
    }
    if vcpu.has_run {
        return Err(Errno::EBUSY);
    }
    vcpu.sbi.set(number, enabled);
    Ok(())
}

fn numbers() -> core::ops::Range<u16> {
    0..extension::SBI.len() as u16
}

pub(super) fn list(vcpu: &Vcpu, list: &mut Vec<Register>) {
    let available = numbers().filter(|number| vcpu.sbi.status(*number) != Status::Unavailable);
    list.extend(available.map(Register::sbi_extension));
}
