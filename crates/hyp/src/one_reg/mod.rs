//! The registers of a virtual hart, one at a time, by KVM's numbers. Linux, "The Definitive KVM API Documentation",
//! `KVM_GET_ONE_REG`, `KVM_SET_ONE_REG` and `KVM_GET_REG_LIST`.
//!
//! The virtual hart is not loaded. Values are as wide as their numbers say; `ENOENT` says that there is no such register,
//! `EINVAL` that there is, but not of that size or with that value, `EBUSY` that it is too late to change it.

mod config;
mod core;
mod csr;
mod float;
mod isa_ext;
mod sbi_ext;
mod sbi_state;
mod timer;

use alloc::vec::Vec;

use kvm::one_reg::{Parts, group};
use kvm::{Errno, Register};

use crate::vcpu::Vcpu;

/// Bytes of a register that is as wide as an integer register.
const XLEN_BYTES: usize = 8;

/// What a register's number says within its group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Place {
    subgroup: u8,
    index: u16,
}

impl Vcpu {
    /// Reads a register: `KVM_GET_ONE_REG`. `host_time` is the host's time now.
    ///
    /// # Errors
    /// `ENOENT`, `EINVAL`.
    pub fn get_one_reg(&self, register: Register, host_time: u64, value: &mut [u8]) -> Result<(), Errno> {
        let (group, place) = self.place(register, value.len())?;
        let bits = match group {
            group::CONFIG => config::get(self, place),
            group::CORE => core::get(self, place),
            group::CSR => csr::get(self, place),
            group::TIMER => timer::get(self, place, host_time),
            group::FP_F => float::get_single(self, place),
            group::FP_D => float::get_double(self, place),
            group::ISA_EXT => isa_ext::get(self, place),
            group::SBI_EXT => sbi_ext::get(self, place),
            group::SBI_STATE => sbi_state::get(self, place),
            _ => Err(Errno::ENOENT),
        }?;
        value.copy_from_slice(&bits.to_le_bytes()[..value.len()]);
        Ok(())
    }

    /// Writes a register: `KVM_SET_ONE_REG`. `host_time` is the host's time now.
    ///
    /// # Errors
    /// `ENOENT`, `EINVAL`, `EBUSY`.
    pub fn set_one_reg(&mut self, register: Register, host_time: u64, value: &[u8]) -> Result<(), Errno> {
        let (group, place) = self.place(register, value.len())?;
        let mut bytes = [0; 8];
        bytes[..value.len()].copy_from_slice(value);
        let value = u64::from_le_bytes(bytes);
        match group {
            group::CONFIG => config::set(self, place, value),
            group::CORE => core::set(self, place, value),
            group::CSR => csr::set(self, place, value),
            group::TIMER => timer::set(self, place, host_time, value),
            group::FP_F => float::set_single(self, place, value),
            group::FP_D => float::set_double(self, place, value),
            group::ISA_EXT => isa_ext::set(self, place, value),
            group::SBI_EXT => sbi_ext::set(self, place, value),
            group::SBI_STATE => sbi_state::set(self, place, value),
            _ => Err(Errno::ENOENT),
        }
    }

    /// The registers that there are, in KVM's order: `KVM_GET_REG_LIST`.
    pub fn reg_list(&self) -> Vec<Register> {
        let mut list = Vec::new();
        config::list(self, &mut list);
        core::list(&mut list);
        csr::list(self, &mut list);
        timer::list(&mut list);
        float::list(self, &mut list);
        isa_ext::list(self, &mut list);
        sbi_ext::list(self, &mut list);
        sbi_state::list(self, &mut list);
        list
    }

    /// Finds a register's group and its place there.
    fn place(&self, register: Register, length: usize) -> Result<(u8, Place), Errno> {
        let Parts { size, group, subgroup, index } = register.parts().ok_or(Errno::ENOENT)?;
        let expected = match group {
            group::FP_F => 4,
            // fcsr has 32 bits among registers of 64.
            group::FP_D if index == float::FCSR => 4,
            group::FP_D | group::TIMER => 8,
            group::CONFIG | group::CORE | group::CSR | group::ISA_EXT | group::SBI_EXT | group::SBI_STATE => {
                XLEN_BYTES
            }
            _ => return Err(Errno::ENOENT),
        };
        if size != expected || length != size {
            return Err(Errno::EINVAL);
        }
        Ok((group, Place { subgroup, index }))
    }
}

/// The place in a group that has one part.
fn only(place: Place) -> Result<u16, Errno> {
    if place.subgroup == 0 { Ok(place.index) } else { Err(Errno::ENOENT) }
}

#[cfg(test)]
mod tests;
