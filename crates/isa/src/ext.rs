//! THE table of extensions: one row is one extension; ISA strings, what a hart has and what an instruction
//! needs are all sets of them. ISA manual, "ISA Extension Naming Conventions".

use core::fmt;

/// One row: `/// doc` `Name { implied extensions };`, in the canonical order of an ISA string.
///
/// The name in an ISA string is the row's name in lower case.
macro_rules! extensions {
    ($($(#[doc = $doc:literal])+ $name:ident { $($implied:ident)* };)+) => {
        /// An extension, or a named part or property of one.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Ext {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Ext {
            /// Every extension, in the canonical order of an ISA string.
            pub const ALL: &[Ext] = &[$(Ext::$name),+];

            /// The name in the manual's case.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Ext::$name => stringify!($name),)+
                }
            }

            /// One line for a reader.
            pub const fn doc(self) -> &'static str {
                match self {
                    $(Ext::$name => concat!($($doc),+).trim_ascii(),)+
                }
            }

            /// The extensions that this one includes or depends on, one step far.
            const fn implied(self) -> ExtSet {
                match self {
                    $(Ext::$name => ExtSet::of(&[$(Ext::$implied),*]),)+
                }
            }
        }
    };
}

extensions! {
    /// The base integer ISA.
    I {};
    /// Multiplication and division.
    M { Zmmul };
    /// Atomic instructions.
    A { Zaamo Zalrsc };
    /// Single-precision floating point.
    F { Zicsr };
    /// Double-precision floating point.
    D { F };
    /// Compressed instructions.
    C { Zca };
    /// Bit manipulation: Zba, Zbb and Zbs.
    B { Zba Zbb Zbs };
    /// The hypervisor extension.
    H { S };
    /// Main memory supports 64-byte cache blocks for management, prefetch and zeroing.
    Zic64b {};
    /// Cache-block management.
    Zicbom {};
    /// Cache-block prefetch.
    Zicbop {};
    /// Cache-block zeroing.
    Zicboz {};
    /// Main memory supports all atomics of A.
    Ziccamoa {};
    /// Main memory supports instruction fetch, aligned fetches being atomic.
    Ziccif {};
    /// Misaligned loads and stores to main memory are supported.
    Zicclsm {};
    /// Main memory supports the eventual success of LR/SC sequences.
    Ziccrse {};
    /// Base counters and timers.
    Zicntr { Zicsr };
    /// Integer conditional operations.
    Zicond {};
    /// CSR access.
    Zicsr {};
    /// Instruction-fetch fence.
    Zifencei {};
    /// Non-temporal locality hints.
    Zihintntl {};
    /// Pause hint.
    Zihintpause {};
    /// Event counters.
    Zihpm { Zicntr };
    /// May-be operations.
    Zimop {};
    /// Multiplication alone.
    Zmmul {};
    /// Reservation sets of at most 64 bytes.
    Za64rs { Za128rs };
    /// Reservation sets of at most 128 bytes.
    Za128rs {};
    /// Atomic memory operations.
    Zaamo {};
    /// Byte and halfword atomic memory operations.
    Zabha { Zaamo };
    /// Atomic compare-and-swap.
    Zacas { Zaamo };
    /// Load-reserved and store-conditional.
    Zalrsc {};
    /// Waiting on a reservation set.
    Zawrs { Zalrsc };
    /// Additional floating-point instructions.
    Zfa { F };
    /// Half-precision floating point.
    Zfh { Zfhmin };
    /// Half-precision loads, stores, moves and conversions.
    Zfhmin { F };
    /// Compressed instructions without the floating-point ones.
    Zca {};
    /// Simple code-size instructions.
    Zcb { Zca };
    /// Compressed may-be operations.
    Zcmop { Zca };
    /// Address generation.
    Zba {};
    /// Basic bit manipulation.
    Zbb {};
    /// Carry-less multiplication.
    Zbc {};
    /// Bit manipulation for cryptography.
    Zbkb {};
    /// Carry-less multiplication for cryptography.
    Zbkc {};
    /// Crossbar permutations.
    Zbkx {};
    /// Single-bit instructions.
    Zbs {};
    /// The entropy source.
    Zkr {};
    /// The machine-level ISA.
    Sm {};
    /// Mode filtering of cycle and instret.
    Smcntrpmf { Zicntr };
    /// Double traps in M-mode.
    Smdbltrp {};
    /// PMP enhancements.
    Smepmp {};
    /// Pointer masking in M-mode.
    Smmpm {};
    /// Pointer masking in the next lower mode, set by M-mode.
    Smnpm {};
    /// State enable.
    Smstateen { Ssstateen };
    /// Supervisor mode.
    S { Sm };
    /// The augmented hypervisor extension.
    Sha { H Ssstateen Shcounterenw Shgatpa Shtvala Shvsatpa Shvstvala Shvstvecd };
    /// `hcounteren` is writable for every counter that exists.
    Shcounterenw { H };
    /// `hgatp` supports Bare and the x4 form of each mode of `satp`.
    Shgatpa { H };
    /// Counter-overflow interrupts can be delegated to VS-mode.
    Shlcofideleg { H Sscofpmf };
    /// `htval` is written with the faulting guest physical address wherever the ISA permits.
    Shtvala { H };
    /// `vsatp` supports every mode of `satp`.
    Shvsatpa { H };
    /// `vstval` is written wherever `stval` would be.
    Shvstvala { H };
    /// `vstvec` can hold what Sstvecd asks of `stvec`.
    Shvstvecd { H };
    /// Main memory supports page-table reads.
    Ssccptr { S };
    /// Counter overflow and mode filtering.
    Sscofpmf { S Zihpm };
    /// `scounteren` is writable for every counter that exists.
    Sscounterenw { S };
    /// Double traps in S-mode.
    Ssdbltrp { S };
    /// Pointer masking in the next lower mode, set by S-mode.
    Ssnpm { S };
    /// Supervisor part of state enable, which never comes without the machine's.
    Ssstateen { S Smstateen };
    /// Supervisor timers.
    Sstc { S Zicntr };
    /// `stval` is written with the faulting address or instruction.
    Sstvala { S };
    /// `stvec` can hold any aligned address in direct mode.
    Sstvecd { S };
    /// `sstatus.UXL` can say 64.
    Ssu64xl { S };
    /// Pointer masking is available to U-mode.
    Supm { S };
    /// `satp` supports Bare.
    Svbare { S };
    /// 39-bit virtual addresses.
    Sv39 { S };
    /// 48-bit virtual addresses.
    Sv48 { Sv39 };
    /// 57-bit virtual addresses.
    Sv57 { Sv48 };
    /// Page faults where an A or D bit would have to be set.
    Svade { S };
    /// Hardware update of A and D bits, where the environment configuration asks for it.
    Svadu { S };
    /// Fine-grained invalidation.
    Svinval { S };
    /// NAPOT page sizes.
    Svnapot { S };
    /// Page-based memory types.
    Svpbmt { S };
    /// A page-table entry made valid is seen without a fence, in bounded time.
    Svvptc { S };
    /// User mode.
    U {};
}

impl Ext {
    /// The extension of the given name, in any case.
    pub fn from_name(name: &str) -> Option<Ext> {
        Ext::ALL.iter().copied().find(|ext| ext.name().eq_ignore_ascii_case(name))
    }

    /// Whether an ISA string names it: the privilege modes and the machine-level ISA go without saying.
    pub const fn is_in_isa_string(self) -> bool {
        !matches!(self, Ext::Sm | Ext::S | Ext::U)
    }
}

/// A set of extensions.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct ExtSet(u128);

const _: () = assert!(Ext::ALL.len() <= 128, "extensions have outgrown their set");

impl ExtSet {
    /// No extension.
    pub const EMPTY: ExtSet = ExtSet(0);

    /// Every extension of the table.
    pub const ALL: ExtSet = ExtSet::of(Ext::ALL);

    /// Exactly the extensions of `list`.
    pub const fn of(list: &[Ext]) -> ExtSet {
        let (mut bits, mut i) = (0, 0);
        while i < list.len() {
            bits |= 1 << list[i] as u8;
            i += 1;
        }
        ExtSet(bits)
    }

    /// Whether `ext` is in the set.
    #[inline]
    pub const fn has(self, ext: Ext) -> bool {
        self.0 >> ext as u8 & 1 != 0
    }

    /// Whether the set has all of one of the alternatives.
    #[inline]
    pub fn meets(self, needs: Needs) -> bool {
        needs.iter().any(|all| self.includes(*all))
    }

    /// Whether all of `others` are in the set.
    #[inline]
    pub const fn includes(self, others: ExtSet) -> bool {
        others.0 & !self.0 == 0
    }

    /// The set and `others` together.
    #[must_use]
    pub const fn with(self, others: ExtSet) -> ExtSet {
        ExtSet(self.0 | others.0)
    }

    /// The set without `others`.
    #[must_use]
    pub const fn without(self, others: ExtSet) -> ExtSet {
        ExtSet(self.0 & !others.0)
    }

    /// The set with all that its members include or depend on.
    #[must_use]
    pub const fn closure(mut self) -> ExtSet {
        loop {
            let (mut wider, mut i) = (self, 0);
            while i < Ext::ALL.len() {
                if self.has(Ext::ALL[i]) {
                    wider = wider.with(Ext::ALL[i].implied());
                }
                i += 1;
            }
            if wider.0 == self.0 {
                return self;
            }
            self = wider;
        }
    }

    /// The set without `ext` and without whatever includes or depends on it.
    #[must_use]
    pub fn remove(self, ext: Ext) -> ExtSet {
        let kept = self.iter().filter(|other| !ExtSet::of(&[*other]).closure().has(ext));
        kept.fold(ExtSet::EMPTY, |set, other| set.with(ExtSet::of(&[other])))
    }

    /// The members in canonical order.
    pub fn iter(self) -> impl Iterator<Item = Ext> {
        Ext::ALL.iter().copied().filter(move |ext| self.has(*ext))
    }

    /// The members that an ISA string names, as it names them: in lower case, in canonical order.
    #[cfg(feature = "alloc")]
    pub fn names(self) -> impl Iterator<Item = alloc::string::String> {
        self.iter().filter(|ext| ext.is_in_isa_string()).map(|ext| ext.name().to_ascii_lowercase())
    }

    /// The ISA string of an RV64 hart that has these: `rv64imafdch_zicntr_...`.
    #[cfg(feature = "alloc")]
    pub fn isa_string(self) -> alloc::string::String {
        self.names().fold("rv64".into(), |mut text, name| {
            if name.len() > 1 {
                text.push('_');
            }
            text.push_str(&name);
            text
        })
    }

    /// Reads an ISA string, in any case, and adds what its extensions include; `g` stands for
    /// IMAFD with Zicsr and Zifencei.
    ///
    /// # Errors
    /// Says which part of the string cannot be had.
    pub fn from_isa_string(text: &str) -> Result<ExtSet, IsaStringError<'_>> {
        let rest = text.get(4..).filter(|_| text[..4].eq_ignore_ascii_case("rv64"));
        let rest = rest.ok_or(IsaStringError::NotRv64(text))?;
        let mut parts = rest.split('_');
        let letters = parts.next().unwrap_or_default();
        // A multi-letter extension may follow the letters without an underscore.
        let (letters, glued) =
            letters.split_at(letters.find(['Z', 'z', 'S', 's', 'X', 'x']).unwrap_or(letters.len()));
        if !letters.starts_with(['i', 'I', 'g', 'G']) {
            return Err(IsaStringError::NoBase(text));
        }
        let single = letters.char_indices().map(|(i, letter)| &letters[i..i + letter.len_utf8()]);
        let glued = Some(glued).filter(|name| !name.is_empty());
        let (mut named, mut base) = (ExtSet::EMPTY, ExtSet::EMPTY);
        for name in single.chain(glued).chain(parts) {
            if name.eq_ignore_ascii_case("g") && base == ExtSet::EMPTY {
                base = G;
                continue;
            }
            let ext = match Ext::from_name(name) {
                Some(ext) if named.has(ext) => return Err(IsaStringError::Twice(name)),
                Some(ext) => ext,
                None if name.is_empty() => return Err(IsaStringError::Empty(text)),
                None => return Err(IsaStringError::Unknown(name)),
            };
            named = named.with(ExtSet::of(&[ext]));
        }
        Ok(named.with(base).closure())
    }
}

/// What the letter G stands for.
const G: ExtSet = ExtSet::of(&[Ext::I, Ext::M, Ext::A, Ext::F, Ext::D, Ext::Zicsr, Ext::Zifencei]);

impl fmt::Debug for ExtSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Why a text is no ISA string of a hart that can be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IsaStringError<'a> {
    /// It does not begin with `rv64`.
    NotRv64(&'a str),
    /// No `i` or `g` follows.
    NoBase(&'a str),
    /// Nothing stands between two underscores, or after the last.
    Empty(&'a str),
    /// An extension is not in the table.
    Unknown(&'a str),
    /// An extension is named twice.
    Twice(&'a str),
}

impl fmt::Display for IsaStringError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRv64(text) => write!(f, "'{text}' does not begin with rv64, the only base there is"),
            Self::NoBase(text) => write!(f, "'{text}' names no base: write i or g after rv64"),
            Self::Empty(text) => write!(f, "'{text}' has an underscore without an extension after it"),
            Self::Unknown(name) => write!(f, "there is no extension '{name}' here"),
            Self::Twice(name) => write!(f, "the extension '{name}' is named twice"),
        }
    }
}

impl core::error::Error for IsaStringError<'_> {}

/// What a hart must have to have an instruction or a CSR: all of one of the sets.
pub type Needs = &'static [ExtSet];

/// The [`Needs`] that a table row writes as `A`, `(A & B)` or `(A | B)`.
#[macro_export]
#[doc(hidden)]
macro_rules! needs {
    ($only:ident) => { $crate::needs!(($only)) };
    (($first:ident $(& $and:ident)*)) => {
        &[$crate::ext::ExtSet::of(&[$crate::ext::Ext::$first $(, $crate::ext::Ext::$and)*])]
    };
    (($first:ident $(| $or:ident)+)) => {
        &[$crate::ext::ExtSet::of(&[$crate::ext::Ext::$first]) $(, $crate::ext::ExtSet::of(&[$crate::ext::Ext::$or]))+]
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ExtSet {
        ExtSet::from_isa_string(text).unwrap()
    }

    #[test]
    fn isa_strings_are_read_with_what_they_imply() {
        let set = parse("rv64gch_zba_svadu");
        for ext in [Ext::I, Ext::M, Ext::Zmmul, Ext::D, Ext::Zifencei, Ext::Zca, Ext::H, Ext::S, Ext::Zba] {
            assert!(set.has(ext), "{ext:?}");
        }
        assert!(!set.has(Ext::Zbb) && !set.has(Ext::B));
        assert_eq!(parse("RV64GC"), parse("rv64imafdc_zicsr_zifencei"));
        assert_eq!(parse("rv64imaczicsr_zba"), parse("rv64imac_zicsr_zba"));
        assert_eq!(parse("rv64imacsstc_zba"), parse("rv64imac_sstc_zba"));
        assert_eq!(parse("rv64gc_zcb"), parse("rv64gc_zca_zcb"));
    }

    #[test]
    fn isa_strings_are_written_as_they_are_read() {
        for text in ["rv64gc", "rv64gcbh_zfh_sscofpmf_sha", "rv64i", "rv64gc_smstateen_sv57"] {
            let set = parse(text);
            let unnamed = ExtSet::of(&[Ext::Sm, Ext::S]);
            assert_eq!(parse(&set.isa_string()).with(unnamed), set.with(unnamed), "{text}");
        }
        assert_eq!(parse("rv64ic_zba").isa_string(), "rv64ic_zca_zba");
    }

    #[test]
    fn strings_that_are_no_isa_are_refused() {
        for (text, error) in [
            ("", IsaStringError::NotRv64("")),
            ("rv32i", IsaStringError::NotRv64("rv32i")),
            ("rv6é", IsaStringError::NotRv64("rv6é")),
            ("rv64", IsaStringError::NoBase("rv64")),
            ("rv64mac", IsaStringError::NoBase("rv64mac")),
            ("rv64gcv", IsaStringError::Unknown("v")),
            ("rv64gc_zvfh", IsaStringError::Unknown("zvfh")),
            ("rv64gcc", IsaStringError::Twice("c")),
            ("rv64gcg", IsaStringError::Unknown("g")),
            ("rv64gc_zba_zba", IsaStringError::Twice("zba")),
            ("rv64gc__zba", IsaStringError::Empty("rv64gc__zba")),
            ("rv64gc_", IsaStringError::Empty("rv64gc_")),
            ("rv64gé", IsaStringError::Unknown("é")),
        ] {
            assert_eq!(ExtSet::from_isa_string(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn what_depends_on_an_extension_goes_with_it() {
        let set = ExtSet::ALL.remove(Ext::H);
        for gone in [Ext::H, Ext::Sha, Ext::Shlcofideleg] {
            assert!(!set.has(gone), "{gone:?}");
        }
        assert!(set.has(Ext::Sscofpmf));
        assert!(!ExtSet::ALL.remove(Ext::Zbb).has(Ext::B));
    }

    #[test]
    fn the_table_is_in_canonical_order() {
        // Single letters, then Z by its second letter, then Sm, then the other S.
        let rank = |ext: &Ext| {
            let name = ext.name().as_bytes();
            match name {
                [letter] => (0, "IMAFDQLCBJTPVH".find(char::from(*letter)).unwrap_or(99)),
                [b'Z', letter, ..] => (1, "imafdqlcbjtpvhk".find(char::from(*letter)).unwrap_or(99)),
                _ => (2, usize::from(!name.starts_with(b"Sm"))),
            }
        };
        let named: alloc::vec::Vec<Ext> =
            Ext::ALL.iter().copied().filter(|ext| ext.is_in_isa_string()).collect();
        for pair in named.windows(2) {
            assert!(rank(&pair[0]) <= rank(&pair[1]), "{:?} before {:?}", pair[0], pair[1]);
        }
    }
}
