//! Which extensions of the instruction set the guest has: one by one, or many at once.

use alloc::vec::Vec;

use kvm::one_reg::group::ISA_EXT;
use kvm::{Errno, Register, extension};

use super::Place;
use crate::vcpu::Vcpu;

const SINGLE: u8 = 0;
const MULTI_ENABLE: u8 = 1;
const MULTI_DISABLE: u8 = 2;

/// Extensions in a register of many.
const PER_REGISTER: u16 = 64;

/// Registers of many that there are.
const REGISTERS: u16 = (extension::ISA.len() as u16).div_ceil(PER_REGISTER);

pub(super) fn get(vcpu: &Vcpu, place: Place) -> Result<u64, Errno> {
    match place.subgroup {
        SINGLE if vcpu.isa.is_available(place.index) => Ok(vcpu.isa.has(place.index).into()),
        MULTI_ENABLE | MULTI_DISABLE if place.index < REGISTERS => {
            let first = place.index * PER_REGISTER;
            let bit = |n: u16| u64::from(vcpu.isa.has(first + n)) << n;
            let enabled = (0..PER_REGISTER).map(bit).fold(0, |bits, bit| bits | bit);
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
            for n in (0..PER_REGISTER).filter(|n| value >> n & 1 != 0) {
                // Of many, those that cannot be changed stay as they are.
                let _ = set_one(vcpu, place.index * PER_REGISTER + n, enabled);
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
    if vcpu.has_run {
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
    list.extend(available.map(|number| Register::wide(ISA_EXT, SINGLE, number)));
}
