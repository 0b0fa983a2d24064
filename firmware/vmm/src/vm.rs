//! A virtual machine: its RAM, and the device tree in it.

use kvm::Register;
use kvm::ioctl::{self, UserMemoryRegion};
use vmm_core::device_tree::{self, Description};
use vmm_core::map::{DEVICE_TREE, DEVICE_TREE_SIZE, RAM_BASE, RAM_SIZE};

use crate::error::Error;
use crate::ram::Ram;
use crate::syscall::{self, Fd};
use crate::system::System;
use crate::vcpu::Vcpu;

/// A virtual machine.
pub(crate) struct Vm {
    pub(crate) fd: Fd,
    pub(crate) ram: Ram,
}

impl Vm {
    /// A machine with RAM in which is nothing.
    pub(crate) fn new(system: &System) -> Result<Vm, Error> {
        let vm = Vm { fd: system.create_vm()?, ram: Ram::new()? };
        let region = UserMemoryRegion {
            slot: 0,
            flags: 0,
            guest_phys_addr: RAM_BASE,
            memory_size: RAM_SIZE as u64,
            userspace_addr: vm.ram.address(),
        };
        // SAFETY: the kernel reads the region, and the memory is only ever reached as one that others change.
        unsafe { syscall::ioctl(vm.fd, ioctl::SET_USER_MEMORY_REGION, &raw const region as usize) }
            .map_err(Error::call("give the machine memory at 0x80000000", "look into the kernel's log"))?;
        Ok(vm)
    }

    /// Puts a device tree into RAM for a machine of `vcpus` virtual CPUs like `first`.
    pub(crate) fn describe(&self, first: &Vcpu, vcpus: usize) -> Result<(), Error> {
        let isa = first.get(Register::ISA)?;
        let frequency = first.get(Register::FREQUENCY)? as u32;
        let start = (DEVICE_TREE - RAM_BASE) as usize;
        // SAFETY: no virtual CPU runs yet.
        let ram = unsafe { self.ram.bytes() };
        device_tree::write(
            &Description { vcpus, isa, frequency },
            &mut ram[start..start + DEVICE_TREE_SIZE],
        )?;
        Ok(())
    }
}
