//! The program counter, the integer registers, and the mode.

use alloc::vec::Vec;

use isa::csr::sstatus;
use kvm::one_reg::index::core::{MODE, PC, T6};
use kvm::{Errno, Register};

use super::{Place, only};
use crate::vcpu::Vcpu;

pub(super) fn get(vcpu: &Vcpu, place: Place) -> Result<u64, Errno> {
    let guest = &vcpu.context.guest;
    match only(place)? {
        PC => Ok(guest.sepc),
        number @ 1..=T6 => Ok(guest.get(number as u8)),
        MODE => Ok(sstatus::SPP.get(guest.sstatus)),
        _ => Err(Errno::ENOENT),
    }
}

/// A mode is 1 for VS-mode and 0 for VU-mode.
pub(super) fn set(vcpu: &mut Vcpu, place: Place, value: u64) -> Result<(), Errno> {
    let guest = &mut vcpu.context.guest;
    match only(place)? {
        PC => guest.sepc = value,
        number @ 1..=T6 => guest.set(number as u8, value),
        MODE if value > 1 => return Err(Errno::EINVAL),
        MODE => {
            guest.sstatus = sstatus::SPP.set(guest.sstatus, value);
            // It is what HLV and HSV go by.
            vcpu.around.hstatus = isa::csr::hstatus::SPVP.set(vcpu.around.hstatus, value);
        }
        _ => return Err(Errno::ENOENT),
    }
    Ok(())
}

pub(super) fn list(list: &mut Vec<Register>) {
    list.extend((PC..=MODE).map(Register::core));
}
