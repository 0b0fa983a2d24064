//! The calls: request numbers of ioctl(2) and what they point to, by the names of the API's documentation.

use core::mem::size_of;

pub use crate::capability::{
    MAX_VCPUS as CAP_MAX_VCPUS, MP_STATE as CAP_MP_STATE, ONE_REG as CAP_ONE_REG,
    USER_MEMORY as CAP_USER_MEMORY,
};

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
/// `KVM_GET_DIRTY_LOG`, of a machine, with a [`DirtyLog`]: which pages of a region have been written to.
pub const GET_DIRTY_LOG: u32 = request(WRITE, 0x42, size_of::<DirtyLog>());
/// `KVM_SET_USER_MEMORY_REGION`, of a machine, with a [`UserMemoryRegion`].
pub const SET_USER_MEMORY_REGION: u32 = request(WRITE, 0x46, size_of::<UserMemoryRegion>());
/// `KVM_IOEVENTFD`, of a machine, with an [`IoEventFd`].
pub const IOEVENTFD: u32 = request(WRITE, 0x79, size_of::<IoEventFd>());
/// `KVM_RUN`, of a virtual CPU: until the next exit.
pub const RUN: u32 = request(NONE, 0x80, 0);
/// `KVM_INTERRUPT`, of a virtual CPU, with an [`Interrupt`].
pub const INTERRUPT: u32 = request(WRITE, 0x86, size_of::<Interrupt>());
/// `KVM_GET_MP_STATE`, of a virtual CPU: its [`MpState`].
pub const GET_MP_STATE: u32 = request(READ, 0x98, size_of::<MpState>());
/// `KVM_SET_MP_STATE`, of a virtual CPU, with an [`MpState`].
pub const SET_MP_STATE: u32 = request(WRITE, 0x99, size_of::<MpState>());
/// `KVM_ENABLE_CAP`, of a machine and of a virtual CPU, with an [`EnableCap`].
pub const ENABLE_CAP: u32 = request(WRITE, 0xa3, size_of::<EnableCap>());
/// `KVM_GET_ONE_REG`, of a virtual CPU, with a [`OneReg`].
pub const GET_ONE_REG: u32 = request(WRITE, 0xab, size_of::<OneReg>());
/// `KVM_SET_ONE_REG`, of a virtual CPU, with a [`OneReg`].
pub const SET_ONE_REG: u32 = request(WRITE, 0xac, size_of::<OneReg>());
/// `KVM_GET_REG_LIST`, of a virtual CPU: a count of 64 bits, in and out, and after it the registers' numbers.
pub const GET_REG_LIST: u32 = request(READ | WRITE, 0xb0, size_of::<u64>());
/// `KVM_CLEAR_DIRTY_LOG`, of a machine, with a [`ClearDirtyLog`]: watches pages again.
pub const CLEAR_DIRTY_LOG: u32 = request(READ | WRITE, 0xc0, size_of::<ClearDirtyLog>());

/// The version of the interface, for good.
pub const API_VERSION: usize = 12;

/// `struct kvm_userspace_memory_region`: memory of the monitor's that a machine sees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct UserMemoryRegion {
    /// Which of the machine's regions this is.
    pub slot: u32,
    /// [`LOG_DIRTY_PAGES`](Self::LOG_DIRTY_PAGES) and [`READONLY`](Self::READONLY).
    pub flags: u32,
    /// Where the guest sees it.
    pub guest_phys_addr: u64,
    /// Bytes; 0 takes the region away.
    pub memory_size: u64,
    /// Where the monitor sees it.
    pub userspace_addr: u64,
}

impl UserMemoryRegion {
    /// `KVM_MEM_LOG_DIRTY_PAGES`: which of its pages are written to is kept.
    pub const LOG_DIRTY_PAGES: u32 = 1 << 0;
    /// `KVM_MEM_READONLY`: a guest's stores are accesses to a device.
    pub const READONLY: u32 = 1 << 1;
}

/// `struct kvm_dirty_log`: where to put the pages of a region that have been written to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct DirtyLog {
    /// The region's.
    pub slot: u32,
    /// Padding.
    pub padding: u32,
    /// Where the monitor has a bit for each page, in 64-bit words, the first page's lowest.
    pub dirty_bitmap: u64,
}

/// `struct kvm_clear_dirty_log`: pages of a region that are to be watched again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct ClearDirtyLog {
    /// The region's.
    pub slot: u32,
    /// How many pages; a multiple of 64 unless they are the region's last.
    pub num_pages: u32,
    /// The first of them, counted from the region's first; a multiple of 64.
    pub first_page: u64,
    /// Where the monitor has a bit for each of them, as in [`DirtyLog`]; those that are set are watched.
    pub dirty_bitmap: u64,
}

/// What [`capability::MANUAL_DIRTY_LOG_PROTECT2`](crate::capability::MANUAL_DIRTY_LOG_PROTECT2) is turned on with:
/// `KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE`, reading the log does not watch the pages again.
pub const DIRTY_LOG_MANUAL_PROTECT_ENABLE: u64 = 1 << 0;
/// `KVM_DIRTY_LOG_INITIALLY_SET`, along with it: a region's pages begin as written to, and unwatched.
pub const DIRTY_LOG_INITIALLY_SET: u64 = 1 << 1;

/// `struct kvm_ioeventfd`: a store to a device that signals an event instead of leading to the monitor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct IoEventFd {
    /// The value stored, with [`DATAMATCH`](Self::DATAMATCH).
    pub datamatch: u64,
    /// The guest physical address.
    pub addr: u64,
    /// Bytes: 1, 2, 4 or 8; 0 for any.
    pub len: u32,
    /// The event's file descriptor.
    pub fd: i32,
    /// [`DATAMATCH`](Self::DATAMATCH), [`PIO`](Self::PIO) and [`DEASSIGN`](Self::DEASSIGN).
    pub flags: u32,
    /// Padding.
    pub padding: [u8; 36],
}

impl IoEventFd {
    /// `KVM_IOEVENTFD_FLAG_DATAMATCH`: only a store of that value signals.
    pub const DATAMATCH: u32 = 1 << 0;
    /// `KVM_IOEVENTFD_FLAG_PIO`: the address is an I/O port's, of which RISC-V has none.
    pub const PIO: u32 = 1 << 1;
    /// `KVM_IOEVENTFD_FLAG_DEASSIGN`: it signals no longer.
    pub const DEASSIGN: u32 = 1 << 2;
}

/// `struct kvm_interrupt`: the guest's external interrupt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Interrupt {
    /// One of the two below.
    pub irq: u32,
}

impl Interrupt {
    /// `KVM_INTERRUPT_SET`: it is pending.
    pub const SET: Interrupt = Interrupt { irq: -1_i32 as u32 };
    /// `KVM_INTERRUPT_UNSET`: it is not.
    pub const UNSET: Interrupt = Interrupt { irq: -2_i32 as u32 };
}

/// `struct kvm_enable_cap`: a capability to be turned on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct EnableCap {
    /// The number of the [`capability`](crate::capability).
    pub cap: u32,
    /// None are defined.
    pub flags: u32,
    /// What the capability says they are.
    pub args: [u64; 4],
    /// Padding.
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
    /// `KVM_MP_STATE_INIT_RECEIVED`: it has been reset and waits to be started.
    pub const INIT_RECEIVED: MpState = MpState { mp_state: 2 };
    /// `KVM_MP_STATE_STOPPED`: it waits to be started, by the SBI's hart state management.
    pub const STOPPED: MpState = MpState { mp_state: 5 };
}

#[cfg(test)]
mod tests {
    use core::mem::offset_of;

    use super::*;

    #[test]
    fn requests_are_those_that_a_c_compiler_makes_of_the_header() {
        let requests = [
            (GET_API_VERSION, 0xae00),
            (CREATE_VM, 0xae01),
            (CHECK_EXTENSION, 0xae03),
            (GET_VCPU_MMAP_SIZE, 0xae04),
            (CREATE_VCPU, 0xae41),
            (GET_DIRTY_LOG, 0x4010_ae42),
            (SET_USER_MEMORY_REGION, 0x4020_ae46),
            (IOEVENTFD, 0x4040_ae79),
            (RUN, 0xae80),
            (INTERRUPT, 0x4004_ae86),
            (GET_MP_STATE, 0x8004_ae98),
            (SET_MP_STATE, 0x4004_ae99),
            (ENABLE_CAP, 0x4068_aea3),
            (GET_ONE_REG, 0x4010_aeab),
            (SET_ONE_REG, 0x4010_aeac),
            (GET_REG_LIST, 0xc008_aeb0),
            (CLEAR_DIRTY_LOG, 0xc018_aec0),
        ];
        for (request, expected) in requests {
            assert_eq!(request, expected, "{request:#x}");
        }
    }

    #[test]
    fn members_lie_where_a_c_compiler_puts_them() {
        assert_eq!(offset_of!(DirtyLog, dirty_bitmap), 8);
        assert_eq!((offset_of!(ClearDirtyLog, first_page), offset_of!(ClearDirtyLog, dirty_bitmap)), (8, 16));
        assert_eq!((offset_of!(IoEventFd, fd), offset_of!(IoEventFd, flags)), (20, 24));
        assert_eq!(offset_of!(EnableCap, args), 8);
        assert_eq!((Interrupt::SET.irq, Interrupt::UNSET.irq), (0xffff_ffff, 0xffff_fffe));
    }
}
