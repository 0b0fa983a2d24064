//! The capabilities that `KVM_CHECK_EXTENSION` asks for by number, of those that are not of one architecture.

/// One row: `/// doc` `NAME = number;`, in the order of the numbers.
macro_rules! capabilities {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal;)+) => {
        $(
            #[doc = concat!("`KVM_CAP_", stringify!($name), "`:")]
            $(#[doc = $doc])+
            pub const $name: usize = $number;
        )+

        /// Every capability's number and name.
        pub const NAMES: &[(usize, &str)] = &[$(($number, concat!("KVM_CAP_", stringify!($name))),)+];
    };
}

capabilities! {
    /// memory of the monitor's is a machine's.
    USER_MEMORY = 3;
    /// the number of virtual CPUs that a machine had better not exceed.
    NR_VCPUS = 9;
    /// the most regions of memory that a machine can have.
    NR_MEMSLOTS = 10;
    /// a virtual CPU's multiprocessing state can be set.
    MP_STATE = 14;
    /// what the monitor maps anew the guest sees.
    SYNC_MMU = 16;
    /// a region of memory can be taken away.
    DESTROY_MEMORY_REGION_WORKS = 21;
    /// the monitor can set breakpoints.
    SET_GUEST_DEBUG = 23;
    /// regions of memory that touch work as one.
    JOIN_MEMORY_REGIONS_WORKS = 30;
    /// a store to a device can signal an event.
    IOEVENTFD = 36;
    /// a virtual CPU's capabilities can be turned on.
    ENABLE_CAP = 54;
    /// the most virtual CPUs that a machine can have.
    MAX_VCPUS = 66;
    /// registers are read and written one at a time.
    ONE_REG = 70;
    /// a region of memory can be one that the guest only reads.
    READONLY_MEM = 81;
    /// a machine can have devices in the kernel.
    DEVICE_CTRL = 89;
    /// a machine's capabilities can be turned on.
    ENABLE_CAP_VM = 98;
    /// a store's event with length 0 is for any length, and soon signalled.
    IOEVENTFD_NO_LENGTH = 100;
    /// a machine can be asked for its own capabilities.
    CHECK_EXTENSION_VM = 105;
    /// a store's event with length 0 is for any length.
    IOEVENTFD_ANY_LENGTH = 122;
    /// one more than the greatest number of a virtual CPU.
    MAX_VCPU_ID = 128;
    /// the page's `immediate_exit` is looked at.
    IMMEDIATE_EXIT = 136;
    /// the monitor can say when pages that it has been told of are to be watched again.
    MANUAL_DIRTY_LOG_PROTECT2 = 168;
    /// the bits of a guest physical address.
    VM_GPA_BITS = 207;
}

/// The header's name of a capability; `None` where it is not among these.
pub fn name(number: usize) -> Option<&'static str> {
    NAMES.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_have_the_header_s_names() {
        assert_eq!(name(USER_MEMORY), Some("KVM_CAP_USER_MEMORY"));
        assert_eq!(name(207), Some("KVM_CAP_VM_GPA_BITS"));
        // Another architecture's.
        assert_eq!(name(7), None);
    }

    #[test]
    fn each_number_has_one_name() {
        assert!(NAMES.is_sorted_by(|(one, _), (next, _)| one < next));
    }
}
