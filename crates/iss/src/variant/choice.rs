//! The values of knobs that choose among behaviours.

/// How long the translation caches remember.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TlbPolicy {
    /// Every access walks the page tables.
    None,
    /// A cache of bounded size; fences drop exactly what they must.
    Exact,
    /// As `Exact`, but nothing is forgotten until a fence says so.
    Sticky,
}

/// What becomes of misaligned loads and stores to main memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misaligned {
    /// The hart does them.
    Hardware,
    /// They raise an address-misaligned exception.
    Trap,
}

/// What a misaligned atomic raises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MisalignedAtomic {
    /// An address-misaligned exception, so that a handler may emulate it.
    Address,
    /// An access fault, so that none does.
    Access,
}

/// How WFI waits, and when it raises the exception that TW, VTW and the mode make of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wfi {
    /// It waits, and raises the exception when nothing has ended it within [`Wfi::LIMIT`].
    Wait,
    /// It completes at once, so that the exception never comes.
    Nop,
    /// It waits where it may, and otherwise raises the exception at once.
    Trap,
}

impl Wfi {
    /// The bounded time after which WFI raises the exception, in ticks of `time`.
    pub const LIMIT: u64 = 100;
}
