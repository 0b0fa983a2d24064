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

use kvm::one_reg::{Group, Parts};
use kvm::{Errno, Register};

use crate::vcpu::Vcpu;

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
            Group::Config => config::get(self, place),
            Group::Core => core::get(self, place),
            Group::Csr => csr::get(self, place),
            Group::Timer => timer::get(self, place, host_time),
            Group::FpF => float::get_single(self, place),
            Group::FpD => float::get_double(self, place),
            Group::IsaExt => isa_ext::get(self, place),
            Group::SbiExt => sbi_ext::get(self, place),
            Group::SbiState => sbi_state::get(self, place),
            Group::Vector => Err(Errno::ENOENT),
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
            Group::Config => config::set(self, place, value),
            Group::Core => core::set(self, place, value),
            Group::Csr => csr::set(self, place, value),
            Group::Timer => timer::set(self, place, host_time, value),
            Group::FpF => float::set_single(self, place, value),
            Group::FpD => float::set_double(self, place, value),
            Group::IsaExt => isa_ext::set(self, place, value),
            Group::SbiExt => sbi_ext::set(self, place, value),
            Group::SbiState => sbi_state::set(self, place, value),
            Group::Vector => Err(Errno::ENOENT),
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
    fn place(&self, register: Register, length: usize) -> Result<(Group, Place), Errno> {
        let parts = register.decode().ok_or(Errno::ENOENT)?;
        if !parts.has_its_size() || length != parts.size || length > size_of::<u64>() {
            return Err(Errno::EINVAL);
        }
        let Parts { group, subgroup, index, .. } = parts;
        Ok((group, Place { subgroup, index }))
    }
}

/// The place in a group that has one part.
fn only(place: Place) -> Result<u16, Errno> {
    if place.subgroup == 0 { Ok(place.index) } else { Err(Errno::ENOENT) }
}

#[cfg(test)]
mod tests;
