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
/// `KVM_GET_DIRTY_LOG`, of a machine, with a [`DirtyLog`].
pub const GET_DIRTY_LOG: u32 = request(WRITE, 0x42, size_of::<DirtyLog>());
/// `KVM_CLEAR_DIRTY_LOG`, of a machine, with a [`ClearDirtyLog`].
pub const CLEAR_DIRTY_LOG: u32 = request(READ | WRITE, 0xc0, size_of::<ClearDirtyLog>());
/// `KVM_IOEVENTFD`, of a machine, with an [`IoEventFd`].
pub const IOEVENTFD: u32 = request(WRITE, 0x79, size_of::<IoEventFd>());
/// `KVM_ENABLE_CAP`, of a machine, with an [`EnableCap`].
pub const ENABLE_CAP: u32 = request(WRITE, 0xa3, size_of::<EnableCap>());
/// `KVM_INTERRUPT`, of a virtual CPU, with a number of 32 bits: [`INTERRUPT_SET`] or [`INTERRUPT_UNSET`].
pub const INTERRUPT: u32 = request(WRITE, 0x86, size_of::<u32>());
/// `KVM_GET_MP_STATE`, of a virtual CPU, with an [`MpState`].
pub const GET_MP_STATE: u32 = request(READ, 0x98, size_of::<MpState>());
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

/// `KVM_INTERRUPT_SET`: the external interrupt is pending.
pub const INTERRUPT_SET: u32 = -1_i32 as u32;
/// `KVM_INTERRUPT_UNSET`: it is not.
pub const INTERRUPT_UNSET: u32 = -2_i32 as u32;

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

impl UserMemoryRegion {
    /// `KVM_MEM_LOG_DIRTY_PAGES`: which pages are written is to be known.
    pub const LOG_DIRTY_PAGES: u32 = 1 << 0;
    /// `KVM_MEM_READONLY`: stores of the guest's are those of a device.
    pub const READONLY: u32 = 1 << 1;
}

/// `struct kvm_dirty_log`: where the monitor wants to have a bit for each page of a region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct DirtyLog {
    /// The region.
    pub slot: u32,
    /// Nothing.
    pub padding: u32,
    /// Where the bits go, rounded up to 64 of them.
    pub dirty_bitmap: u64,
}

/// `struct kvm_clear_dirty_log`: pages whose writes are to be known again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct ClearDirtyLog {
    /// The region.
    pub slot: u32,
    /// How many pages, from
    pub num_pages: u32,
    /// this one on.
    pub first_page: u64,
    /// A bit for each.
    pub dirty_bitmap: u64,
}

/// `struct kvm_ioeventfd`: a store that is told by a file descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct IoEventFd {
    /// The value that is stored, where [`DATAMATCH`](IoEventFd::DATAMATCH) is asked for.
    pub datamatch: u64,
    /// The guest physical address.
    pub addr: u64,
    /// Bytes: 1, 2, 4, 8, or 0 for any.
    pub len: u32,
    /// The eventfd.
    pub fd: i32,
    /// Flags.
    pub flags: u32,
    /// Nothing.
    pub padding: [u8; 36],
}

impl IoEventFd {
    /// `KVM_IOEVENTFD_FLAG_DATAMATCH`: one value alone.
    pub const DATAMATCH: u32 = 1 << 0;
    /// `KVM_IOEVENTFD_FLAG_PIO`: of ports, which RISC-V has not.
    pub const PIO: u32 = 1 << 1;
    /// `KVM_IOEVENTFD_FLAG_DEASSIGN`: no longer.
    pub const DEASSIGN: u32 = 1 << 2;
}

/// `struct kvm_enable_cap`: a capability to be turned on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct EnableCap {
    /// Which.
    pub cap: u32,
    /// Nothing.
    pub flags: u32,
    /// What it takes.
    pub args: [u64; 4],
    /// Nothing.
    pub padding: [u8; 64],
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
    /// `KVM_MP_STATE_RUNNABLE`: it runs.
    pub const RUNNABLE: MpState = MpState { mp_state: 0 };
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
            (GET_DIRTY_LOG, 0x4010_ae42),
            (CLEAR_DIRTY_LOG, 0xc018_aec0),
            (IOEVENTFD, 0x4040_ae79),
            (ENABLE_CAP, 0x4068_aea3),
            (INTERRUPT, 0x4004_ae86),
            (GET_MP_STATE, 0x8004_ae98),
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
