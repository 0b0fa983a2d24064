//! Which extensions of the instruction set the guest has: one by one, or many at once.

use alloc::vec::Vec;

use kvm::one_reg::{MULTI_BITS, MULTI_DISABLE, MULTI_ENABLE, SINGLE};
use kvm::{Errno, Register, extension};

use super::Place;
use crate::museum::{Mistake, is_repeated};
use crate::vcpu::Vcpu;

/// Registers of many that there are.
const REGISTERS: u16 = (extension::ISA.len() as u16).div_ceil(MULTI_BITS);

pub(super) fn get(vcpu: &Vcpu, place: Place) -> Result<u64, Errno> {
    match place.subgroup {
        SINGLE if vcpu.isa.is_available(place.index) => Ok(vcpu.isa.has(place.index).into()),
        MULTI_ENABLE | MULTI_DISABLE if place.index < REGISTERS => {
            let first = place.index * MULTI_BITS;
            let bit = |n: u16| u64::from(vcpu.isa.has(first + n)) << n;
            let enabled = (0..MULTI_BITS).map(bit).fold(0, |bits, bit| bits | bit);
            Ok(if place.subgroup == MULTI_ENABLE { enabled } else { !enabled })
        }
        _ => Err(Errno::ENOENT),
    }
}

pub(super) fn set(vcpu: &mut Vcpu, place: Place, value: u64) -> Result<(), Errno> {
    match place.subgroup {
        SINGLE => set_one(vcpu, place.index, value),
        MULTI_ENABLE | MULTI_DISABLE if place.index < REGISTERS => {
            let enabled = u64::from(place.subgroup == MULTI_ENABLE);
            for n in (0..MULTI_BITS).filter(|n| value >> n & 1 != 0) {
                // Of many, those that cannot be changed stay as they are.
                let _ = set_one(vcpu, place.index * MULTI_BITS + n, enabled);
            }
            Ok(())
        }
        _ => Err(Errno::ENOENT),
    }
}

fn set_one(vcpu: &mut Vcpu, number: u16, value: u64) -> Result<(), Errno> {
    if !vcpu.isa.is_available(number) {
        return Err(Errno::ENOENT);
    }
    let enabled = match value {
        0 => false,
        1 => true,
        _ => return Err(Errno::EINVAL),
    };
    if vcpu.isa.has(number) == enabled {
        return Ok(());
    }
    if vcpu.has_run && !is_repeated(Mistake::B31) {
        return Err(Errno::EBUSY);
    }
    if !vcpu.isa.may_set(number, enabled) {
        return Err(Errno::EINVAL);
    }
    vcpu.isa.set(number, enabled);
    vcpu.reset_float();
    Ok(())
}

pub(super) fn list(vcpu: &Vcpu, list: &mut Vec<Register>) {
    let numbers = 0..extension::ISA.len() as u16;
    let available = numbers.filter(|number| vcpu.isa.is_available(*number));
    list.extend(available.map(Register::isa_extension));
}
