//! What extensions of the SBI keep: where the guest has its record of stolen time.

use alloc::vec::Vec;

use kvm::one_reg::STATE_STA as STA;
use kvm::one_reg::index::sta::{SHMEM_HI, SHMEM_LO};
use kvm::{Errno, Register};

use super::Place;
use crate::addr::Gpa;
use crate::extensions::{Status, sbi_number};
use crate::museum::{Mistake, is_repeated};
use crate::vcpu::Vcpu;

/// Bytes of the record, to which it is also aligned.
const ALIGNMENT: u64 = 64;

/// An address that stands for no record.
const NONE: u64 = u64::MAX;

fn has_sta(vcpu: &Vcpu) -> bool {
    vcpu.sbi.status(sbi_number("sta")) == Status::Enabled
}

pub(super) fn get(vcpu: &Vcpu, place: Place) -> Result<u64, Errno> {
    let record = vcpu.stolen.record;
    match (place.subgroup, place.index) {
        (STA, _) if !has_sta(vcpu) => Err(Errno::ENOENT),
        (STA, SHMEM_LO) => Ok(record.map_or(NONE, |record| record.0)),
        (STA, SHMEM_HI) => Ok(0),
        _ => Err(Errno::ENOENT),
    }
}

/// Where an address has no more bits than a register, there is nothing in its high half.
pub(super) fn set(vcpu: &mut Vcpu, place: Place, value: u64) -> Result<(), Errno> {
    match (place.subgroup, place.index) {
        (STA, _) if !has_sta(vcpu) => Err(Errno::ENOENT),
        (STA, SHMEM_LO) if value == NONE => {
            vcpu.stolen.record = None;
            Ok(())
        }
        (STA, SHMEM_LO) if value.is_multiple_of(ALIGNMENT) || is_repeated(Mistake::B26) => {
            vcpu.stolen.record = Some(Gpa(value));
            Ok(())
        }
        (STA, SHMEM_HI) if value == 0 => Ok(()),
        (STA, SHMEM_LO | SHMEM_HI) => Err(Errno::EINVAL),
        _ => Err(Errno::ENOENT),
    }
}

pub(super) fn list(vcpu: &Vcpu, list: &mut Vec<Register>) {
    if has_sta(vcpu) {
        list.extend([SHMEM_LO, SHMEM_HI].map(|index| Register::sbi_state(STA, index)));
    }
}
