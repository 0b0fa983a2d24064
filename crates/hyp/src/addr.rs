//! Addresses of the guest and of the host, which must not be mixed up. Privileged ISA, "Two-Stage Address
//! Translation".

use isa::paging::PAGE_SIZE;

macro_rules! address {
    ($(#[doc = $doc:literal])+ $name:ident) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub u64);

        impl $name {
            /// The address of the page that holds this one.
            pub const fn page(self) -> $name {
                $name(self.0 & !(PAGE_SIZE - 1))
            }

            /// The distance from the start of the page, in bytes.
            pub const fn page_offset(self) -> u64 {
                self.0 & (PAGE_SIZE - 1)
            }

            /// The address `bytes` further on; it wraps round.
            pub const fn offset(self, bytes: u64) -> $name {
                $name(self.0.wrapping_add(bytes))
            }
        }
    };
}

address! {
    /// A guest virtual address: what the guest's instructions use.
    Gva
}
address! {
    /// A guest physical address: what VS-stage translation yields.
    Gpa
}
address! {
    /// A host physical address (the manual's supervisor physical address): what G-stage translation yields.
    Hpa
}
address! {
    /// A host virtual address of user space: where a monitor has its guest's memory.
    Hva
}
