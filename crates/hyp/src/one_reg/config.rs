//! What the virtual hart is: extensions by letters, sizes of cache blocks, who made it, how it translates.

use alloc::vec::Vec;

use kvm::one_reg::index::config::{
    ISA, MIMPID, MVENDORID, SATP_MODE, ZICBOM_BLOCK_SIZE, ZICBOP_BLOCK_SIZE, ZICBOZ_BLOCK_SIZE,
};
use kvm::{Errno, Register, extension};

use super::{Place, only};
use crate::extensions::isa_number;
use crate::vcpu::Vcpu;

/// The extension without which there is no such register.
fn needed(index: u16) -> Option<u16> {
    match index {
        ZICBOM_BLOCK_SIZE => Some(isa_number("zicbom")),
        ZICBOZ_BLOCK_SIZE => Some(isa_number("zicboz")),
        ZICBOP_BLOCK_SIZE => Some(isa_number("zicbop")),
        _ => None,
    }
}

/// KVM's number of the extension with a bit of `misa`.
fn letter(bit: usize) -> Option<u16> {
    let letter = u8::try_from(bit).ok().map(|bit| b'a' + bit)?;
    let number = extension::ISA.iter().position(|name| name.as_bytes() == [letter])?;
    u16::try_from(number).ok()
}

/// The letters that the guest has, as `misa` has them.
fn letters(vcpu: &Vcpu) -> u64 {
    let has = |bit: &usize| letter(*bit).is_some_and(|number| vcpu.isa.has(number));
    (0..26).filter(has).fold(0, |letters, bit| letters | 1 << bit)
}

pub(super) fn get(vcpu: &Vcpu, place: Place) -> Result<u64, Errno> {
    let index = only(place)?;
    if needed(index).is_some_and(|number| !vcpu.isa.is_available(number)) {
        return Err(Errno::ENOENT);
    }
    Ok(match index {
        ISA => letters(vcpu),
        ZICBOM_BLOCK_SIZE | ZICBOZ_BLOCK_SIZE | ZICBOP_BLOCK_SIZE => vcpu.vm.hypervisor.machine.block_size,
        MVENDORID..=MIMPID => vcpu.ids[usize::from(index - MVENDORID)],
        SATP_MODE => vcpu.vm.hypervisor.features.vsatp_mode,
        _ => return Err(Errno::ENOENT),
    })
}

pub(super) fn set(vcpu: &mut Vcpu, place: Place, value: u64) -> Result<(), Errno> {
    let index = only(place)?;
    // To write what is there is never wrong.
    if get(vcpu, place)? == value {
        return Ok(());
    }
    match index {
        ISA if value >> 26 != 0 => Err(Errno::EINVAL),
        ISA | MVENDORID..=MIMPID if vcpu.has_run => Err(Errno::EBUSY),
        ISA => {
            for (bit, number) in (0..26).filter_map(|bit| Some((bit, letter(bit)?))) {
                let wanted = value >> bit & 1 != 0;
                // What cannot be given or taken stays as it is.
                if vcpu.isa.may_set(number, wanted) {
                    vcpu.isa.set(number, wanted);
                }
            }
            vcpu.reset_float();
            Ok(())
        }
        MVENDORID..=MIMPID => {
            vcpu.ids[usize::from(index - MVENDORID)] = value;
            Ok(())
        }
        _ => Err(Errno::EINVAL),
    }
}

pub(super) fn list(vcpu: &Vcpu, list: &mut Vec<Register>) {
    for index in ISA..=ZICBOP_BLOCK_SIZE {
        if needed(index).is_none_or(|number| vcpu.isa.is_available(number)) {
            list.push(Register::config(index));
        }
    }
}
