//! What an event counter can count. Privileged ISA, "Hardware Performance Monitor".

/// One row: `/// doc` `Name number;`.
macro_rules! events {
    ($($(#[doc = $doc:literal])+ $name:ident $number:literal;)+) => {
        /// An event, by its number in the low bits of `mhpmevent`; 0 is no event.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Event {
            $($(#[doc = $doc])+ $name = $number,)+
        }

        impl Event {
            /// Every event, by number.
            pub const ALL: &[Event] = &[$(Event::$name),+];

            /// One line for a reader.
            pub const fn doc(self) -> &'static str {
                match self {
                    $(Event::$name => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

events! {
    /// Cycles: steps, whether an instruction retired in them or trapped.
    Cycle 1;
    /// Instructions retired.
    Instret 2;
    /// Exceptions taken, counted for the mode that they came from.
    Exception 3;
    /// Interrupts taken, counted for the mode that they interrupted.
    Interrupt 4;
    /// Loads done; LR is one, a read-modify-write is not.
    Load 5;
    /// Stores and read-modify-writes done.
    Store 6;
    /// Conditional branches retired.
    Branch 7;
    /// Conditional branches taken.
    TakenBranch 8;
    /// Walks of page tables, which is how often a translation was not remembered.
    Walk 9;
}

impl Event {
    /// One more than the highest number.
    pub(crate) const COUNT: usize = Event::ALL.len() + 1;

    /// The event with this number.
    pub(crate) fn from_number(number: u64) -> Option<Event> {
        Event::ALL.iter().copied().find(|event| *event as u64 == number)
    }
}
