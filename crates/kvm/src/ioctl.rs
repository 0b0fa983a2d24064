//! The calls: request numbers of ioctl(2) and what they point to, by the names of the API's documentation.

use core::mem::size_of;

/// `KVMIO`: KVM's letter among Linux's ioctl requests.
const KVMIO: u32 = 0xae;

/// Nothing is pointed to.
const NONE: u32 = 0;
/// The kernel reads what is pointed to.
const WRITE: u32 = 1;
/// The kernel writes what is pointed to.
const READ: u32 = 2;

/// Linux's generic encoding: direction, size of what is pointed to, letter, number.
const fn request(direction: u32, number: u32, size: usize) -> u32 {
    direction << 30 | (size as u32) << 16 | KVMIO << 8 | number
}

/// `KVM_GET_API_VERSION`, of the system: [`API_VERSION`].
pub const GET_API_VERSION: u32 = request(NONE, 0x00, 0);
/// `KVM_CREATE_VM`, of the system: a file descriptor of a new virtual machine.
pub const CREATE_VM: u32 = request(NONE, 0x01, 0);
/// `KVM_CHECK_EXTENSION`, of the system and of a machine: a capability's value, 0 where it is missing.
pub const CHECK_EXTENSION: u32 = request(NONE, 0x03, 0);
/// `KVM_GET_VCPU_MMAP_SIZE`, of the system: bytes of the page that [`Run`](crate::Run) looks at.
pub const GET_VCPU_MMAP_SIZE: u32 = request(NONE, 0x04, 0);
/// `KVM_CREATE_VCPU`, of a machine: a file descriptor of its virtual CPU with the given number.
pub const CREATE_VCPU: u32 = request(NONE, 0x41, 0);
/// `KVM_SET_USER_MEMORY_REGION`, of a machine, with a [`UserMemoryRegion`].
pub const SET_USER_MEMORY_REGION: u32 = request(WRITE, 0x46, size_of::<UserMemoryRegion>());
/// `KVM_RUN`, of a virtual CPU: until the next exit.
pub const RUN: u32 = request(NONE, 0x80, 0);
/// `KVM_SET_MP_STATE`, of a virtual CPU, with an [`MpState`].
pub const SET_MP_STATE: u32 = request(WRITE, 0x99, size_of::<MpState>());
/// `KVM_GET_ONE_REG`, of a virtual CPU, with a [`OneReg`].
pub const GET_ONE_REG: u32 = request(WRITE, 0xab, size_of::<OneReg>());
/// `KVM_SET_ONE_REG`, of a virtual CPU, with a [`OneReg`].
pub const SET_ONE_REG: u32 = request(WRITE, 0xac, size_of::<OneReg>());
/// `KVM_GET_REG_LIST`, of a virtual CPU: a count of 64 bits, in and out, and after it the registers' numbers.
pub const GET_REG_LIST: u32 = request(READ | WRITE, 0xb0, size_of::<u64>());

/// The version of the interface, for good.
pub const API_VERSION: usize = 12;

/// `KVM_CAP_USER_MEMORY`: memory of the monitor's is a machine's.
pub const CAP_USER_MEMORY: usize = 3;
/// `KVM_CAP_MP_STATE`: a virtual CPU's multiprocessing state can be set.
pub const CAP_MP_STATE: usize = 14;
/// `KVM_CAP_MAX_VCPUS`: the most virtual CPUs that a machine can have.
pub const CAP_MAX_VCPUS: usize = 66;
/// `KVM_CAP_ONE_REG`: registers are read and written one at a time.
pub const CAP_ONE_REG: usize = 70;

/// `struct kvm_userspace_memory_region`: memory of the monitor's that a machine sees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct UserMemoryRegion {
    /// Which of the machine's regions this is.
    pub slot: u32,
    /// `KVM_MEM_*`.
    pub flags: u32,
    /// Where the guest sees it.
    pub guest_phys_addr: u64,
    /// Bytes; 0 takes the region away.
    pub memory_size: u64,
    /// Where the monitor sees it.
    pub userspace_addr: u64,
}

/// `struct kvm_one_reg`: a register, and where the monitor has its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct OneReg {
    /// The number of the [`Register`](crate::Register).
    pub id: u64,
    /// Where its value lies, of the size that the number says.
    pub addr: u64,
}

/// `struct kvm_mp_state`: whether a virtual CPU runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct MpState {
    /// `KVM_MP_STATE_*`.
    pub mp_state: u32,
}

impl MpState {
    /// `KVM_MP_STATE_STOPPED`: it waits to be started, by the SBI's hart state management.
    pub const STOPPED: MpState = MpState { mp_state: 5 };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_those_that_a_c_compiler_makes_of_the_header() {
        let requests = [
            (GET_API_VERSION, 0xae00),
            (CREATE_VM, 0xae01),
            (CHECK_EXTENSION, 0xae03),
            (GET_VCPU_MMAP_SIZE, 0xae04),
            (CREATE_VCPU, 0xae41),
            (SET_USER_MEMORY_REGION, 0x4020_ae46),
            (RUN, 0xae80),
            (SET_MP_STATE, 0x4004_ae99),
            (GET_ONE_REG, 0x4010_aeab),
            (SET_ONE_REG, 0x4010_aeac),
            (GET_REG_LIST, 0xc008_aeb0),
        ];
        for (request, expected) in requests {
            assert_eq!(request, expected, "{request:#x}");
        }
    }
}
