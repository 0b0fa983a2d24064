//! What a kernel can be asked whether it has: `KVM_CAP_*`, for `KVM_CHECK_EXTENSION`.

macro_rules! capabilities {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal,)+) => {
        $($(#[doc = $doc])+ pub const $name: usize = $number;)+

        /// Every capability here, by its number.
        pub const ALL: &[usize] = &[$($number),+];
    };
}

capabilities! {
    /// `KVM_CAP_USER_MEMORY`: memory of the monitor's is a machine's.
    USER_MEMORY = 3,
    /// `KVM_CAP_NR_VCPUS`: how many virtual CPUs a machine should have at most.
    NR_VCPUS = 9,
    /// `KVM_CAP_NR_MEMSLOTS`: how many regions of memory a machine can have.
    NR_MEMSLOTS = 10,
    /// `KVM_CAP_MP_STATE`: a virtual CPU's multiprocessing state can be set.
    MP_STATE = 14,
    /// `KVM_CAP_SYNC_MMU`: what the monitor does to its memory, the machine follows.
    SYNC_MMU = 16,
    /// `KVM_CAP_DESTROY_MEMORY_REGION_WORKS`: a region can be taken away.
    DESTROY_MEMORY_REGION_WORKS = 21,
    /// `KVM_CAP_JOIN_MEMORY_REGIONS_WORKS`: regions can be where others were.
    JOIN_MEMORY_REGIONS_WORKS = 30,
    /// `KVM_CAP_IOEVENTFD`: stores can be told by file descriptors.
    IOEVENTFD = 36,
    /// `KVM_CAP_MAX_VCPUS`: the most virtual CPUs that a machine can have.
    MAX_VCPUS = 66,
    /// `KVM_CAP_ONE_REG`: registers are read and written one at a time.
    ONE_REG = 70,
    /// `KVM_CAP_READONLY_MEM`: a region can be read-only.
    READONLY_MEM = 81,
    /// `KVM_CAP_IOEVENTFD_NO_LENGTH`: an ioeventfd's length can be 0.
    IOEVENTFD_NO_LENGTH = 100,
    /// `KVM_CAP_IOEVENTFD_ANY_LENGTH`: and a store of any length is told then.
    IOEVENTFD_ANY_LENGTH = 122,
    /// `KVM_CAP_MAX_VCPU_ID`: one more than the largest number of a virtual CPU.
    MAX_VCPU_ID = 128,
    /// `KVM_CAP_IMMEDIATE_EXIT`: the shared page can ask for no run.
    IMMEDIATE_EXIT = 136,
    /// `KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2`: what is read of a log is not cleared by that.
    MANUAL_DIRTY_LOG_PROTECT2 = 168,
    /// `KVM_CAP_VM_GPA_BITS`: how wide the addresses of the machine are.
    VM_GPA_BITS = 207,
}

/// `KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE`: reading a log clears nothing.
pub const DIRTY_LOG_MANUAL_PROTECT_ENABLE: u64 = 1 << 0;
/// `KVM_DIRTY_LOG_INITIALLY_SET`: all pages count as written at first.
pub const DIRTY_LOG_INITIALLY_SET: u64 = 1 << 1;
