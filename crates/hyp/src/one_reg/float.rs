//! Floating-point registers.

use alloc::vec::Vec;

use kvm::one_reg::FCSR;
use kvm::{Errno, Register};

use super::{Place, only};
use crate::extensions::isa_number;
use crate::vcpu::Vcpu;

/// What is above a number of 32 bits in a register of 64: NaN boxing.
const BOX: u64 = 0xffff_ffff << 32;

pub(super) fn get_single(vcpu: &Vcpu, place: Place) -> Result<u64, Errno> {
    let index = checked(vcpu, isa_number("f"), place)?;
    Ok(if index == FCSR { vcpu.float.fcsr } else { vcpu.float.f[usize::from(index)] & !BOX })
}

pub(super) fn set_single(vcpu: &mut Vcpu, place: Place, value: u64) -> Result<(), Errno> {
    let index = checked(vcpu, isa_number("f"), place)?;
    set(vcpu, index, value | if index == FCSR { 0 } else { BOX });
    Ok(())
}

pub(super) fn get_double(vcpu: &Vcpu, place: Place) -> Result<u64, Errno> {
    let index = checked(vcpu, isa_number("d"), place)?;
    Ok(if index == FCSR { vcpu.float.fcsr } else { vcpu.float.f[usize::from(index)] })
}

pub(super) fn set_double(vcpu: &mut Vcpu, place: Place, value: u64) -> Result<(), Errno> {
    let index = checked(vcpu, isa_number("d"), place)?;
    set(vcpu, index, value);
    Ok(())
}

fn set(vcpu: &mut Vcpu, index: u16, value: u64) {
    match vcpu.float.f.get_mut(usize::from(index)) {
        Some(register) => *register = value,
        None => vcpu.float.fcsr = value,
    }
}

/// The register's place, where the guest has the extension and there is such a register.
fn checked(vcpu: &Vcpu, extension: u16, place: Place) -> Result<u16, Errno> {
    let index = only(place)?;
    if vcpu.isa.has(extension) && index <= FCSR { Ok(index) } else { Err(Errno::ENOENT) }
}

pub(super) fn list(vcpu: &Vcpu, list: &mut Vec<Register>) {
    if vcpu.isa.has(isa_number("f")) {
        list.extend((0..=FCSR).map(Register::fp_f));
    }
    if vcpu.isa.has(isa_number("d")) {
        list.extend((0..=FCSR).map(Register::fp_d));
    }
}
