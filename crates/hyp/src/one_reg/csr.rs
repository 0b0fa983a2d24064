//! The guest's supervisor CSRs. What is written reaches the hart when the virtual hart is loaded next.

use alloc::vec::Vec;

use isa::cause::Interrupt;
use kvm::one_reg::index::csr::{SENVCFG, SIP};
use kvm::one_reg::{CSR_GENERAL, CSR_SMSTATEEN};
use kvm::{Errno, Register};

use super::Place;
use crate::extensions::isa_number;
use crate::museum::{Mistake, is_repeated};
use crate::vcpu::{DELEGATED_INTERRUPTS, Vcpu};

/// The interrupts of S level, one bit below those of VS level that a guest has for them.
const GUEST_INTERRUPTS: u64 = DELEGATED_INTERRUPTS >> 1;

const _: () = assert!(GUEST_INTERRUPTS == 1 << 1 | 1 << 5 | 1 << 9 && Interrupt::Vssi.bit() == 1 << 2);

/// The CSR of the general part with a number, but for `sip`.
fn general(vcpu: &mut Vcpu, index: u16) -> Result<&mut u64, Errno> {
    let Vcpu { vs, around, .. } = vcpu;
    Ok(match index {
        0 => &mut vs.vsstatus,
        1 => &mut vs.vsie,
        2 => &mut vs.vstvec,
        3 => &mut vs.vsscratch,
        4 => &mut vs.vsepc,
        5 => &mut vs.vscause,
        6 => &mut vs.vstval,
        8 => &mut vs.vsatp,
        9 => &mut around.scounteren,
        10 => &mut around.senvcfg,
        _ => return Err(Errno::ENOENT),
    })
}

pub(super) fn get(vcpu: &Vcpu, place: Place) -> Result<u64, Errno> {
    let Vcpu { vs, around, .. } = vcpu;
    Ok(match (place.subgroup, place.index) {
        (0, 0) => vs.vsstatus,
        (0, 1) => vs.vsie,
        (0, 2) => vs.vstvec,
        (0, 3) => vs.vsscratch,
        (0, 4) => vs.vsepc,
        (0, 5) => vs.vscause,
        (0, 6) => vs.vstval,
        (0, SIP) => vcpu.shared.interrupts.pending() >> 1 & GUEST_INTERRUPTS,
        (0, 8) => vs.vsatp,
        (0, 9) => around.scounteren,
        (0, 10) => around.senvcfg,
        (CSR_SMSTATEEN, 0) if has_smstateen(vcpu) => around.sstateen0,
        _ => return Err(Errno::ENOENT),
    })
}

pub(super) fn set(vcpu: &mut Vcpu, place: Place, value: u64) -> Result<(), Errno> {
    match (place.subgroup, place.index) {
        (0, SIP) => {
            let pending = (value & GUEST_INTERRUPTS) << u32::from(!is_repeated(Mistake::B16));
            vcpu.vs.hvip = pending;
            // Nobody who has raised an interrupt before undoes what is written now.
            vcpu.shared.interrupts.replace(pending);
        }
        (0, index) => *general(vcpu, index)? = value,
        (CSR_SMSTATEEN, 0) if has_smstateen(vcpu) => vcpu.around.sstateen0 = value,
        _ => return Err(Errno::ENOENT),
    }
    vcpu.vs_changed = true;
    Ok(())
}

fn has_smstateen(vcpu: &Vcpu) -> bool {
    vcpu.isa.has(isa_number("smstateen"))
}

pub(super) fn list(vcpu: &Vcpu, list: &mut Vec<Register>) {
    list.extend((0..=SENVCFG).map(|index| Register::csr(CSR_GENERAL, index)));
    if has_smstateen(vcpu) {
        list.push(Register::csr(CSR_SMSTATEEN, 0));
    }
}
