//! What a test is, and the macro that defines those of a file.

use std::fmt;

use isa::cause::Exception;
use isa::ext::{Ext, ExtSet};
use iss::Variant;
use iss::variant::SpecError;

use crate::program::Program;
use crate::rules::{self, Rule};

/// A self-checking program and what it is a test of.
pub struct Test {
    /// What it is called: unique in the suite.
    pub name: &'static str,
    /// What must hold, in a sentence or two.
    pub doc: &'static str,
    /// The normative rules that it exercises, by the manual's names.
    pub rules: &'static [&'static str],
    /// The corner cases that it covers: numbers of rows in `cases.tsv`.
    pub cases: &'static [u8],
    /// What it needs beyond RV64GC with S- and U-mode.
    pub needs: &'static [Ext],
    /// Whether a hart's choices leave room for the test: one without PMP entries has nothing to protect.
    pub only: fn(&Variant) -> bool,
    /// Settings as they follow `max` in `vhart --cpu max,...`, under which it runs too.
    pub cpus: &'static [&'static str],
    /// What it needs beyond UART, ACLINT and PLIC: on a machine without, it cannot run.
    pub devices: &'static [Device],
    /// Writes the program.
    pub build: fn(&mut Program),
}

/// A device that only some machines have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Device {
    /// vhart's source of guest external interrupts.
    Hgeip,
}

/// The tests about one table of rules.
pub struct Chapter {
    /// The name of the table, such as `hypervisor`.
    pub name: &'static str,
    /// The table's text.
    pub(crate) table: &'static str,
    /// The tests, by file.
    pub topics: &'static [&'static [Test]],
}

impl Test {
    /// All that the test needs, with what that includes or depends on.
    pub fn extensions(&self) -> ExtSet {
        ExtSet::of(self.needs).closure()
    }

    /// Whether a hart has all that the test needs.
    pub fn suits(&self, cpu: &Variant) -> bool {
        cpu.extensions.includes(self.extensions()) && (self.only)(cpu)
    }

    /// The harts under which the test runs, as `--cpu` takes them: that which has everything, and one for
    /// each of the test's settings.
    ///
    /// # Errors
    /// A setting that no hart can have.
    pub fn harts(&self) -> Result<Vec<(String, Variant)>, SpecError> {
        let max = Variant::default();
        let mut base = String::from("max");
        for ext in self.needs.iter().filter(|ext| !max.has(**ext)) {
            base += &format!(",{}=on", ext.name().to_ascii_lowercase());
        }
        let specs = self.cpus.iter().map(|settings| format!("{base},{settings}"));
        let specs = [base.clone()].into_iter().chain(specs);
        specs.map(|spec| Variant::parse(&spec).map(|variant| (spec, variant))).collect()
    }
}

impl Chapter {
    /// The rules, in the manual's order.
    pub fn rules(&self) -> impl Iterator<Item = Rule> {
        rules::rules(self.table)
    }

    /// The tests, in the order of their files.
    pub fn tests(&self) -> impl Iterator<Item = &'static Test> {
        self.topics.iter().flat_map(|tests| tests.iter())
    }
}

impl fmt::Debug for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Test").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Whether all of these exceptions can be delegated to S-mode, if they can occur.
pub(crate) fn delegates(cpu: &Variant, exceptions: &[Exception]) -> bool {
    exceptions.iter().all(|exception| cpu.medeleg & exception.bit() != 0)
}

/// Defines `TESTS`, the tests of a file: for each a sentence, a name, its attributes in the order
/// below, all but the rules optional, and a body.
///
/// ```text
/// conformance_tests! {
///     /// What must hold.
///     name_of_the_test
///     [rules "a_rule" "another_rule"]
///     [cases 30 31]
///     [needs H]
///     [only |cpu| cpu.geilen > 0]
///     [cpus "vmidlen=0" "vmidlen=7"]
///     [devices Hgeip]
///     |p| {
///         p.check_csr(csr::hgeie::NUMBER, 0, "hgeie at reset");
///     }
/// }
/// ```
macro_rules! conformance_tests {
    (@only) => { |_| true };
    (@only |$hart:ident| $only:expr) => { |$hart: &iss::Variant| $only };
    ($(
        $(#[doc = $doc:literal])+
        $name:ident
        [rules $($rule:literal)*]
        $([cases $($case:literal)+])?
        $([needs $($ext:ident)+])?
        $([only |$hart:ident| $only:expr])?
        $([cpus $($cpu:literal)+])?
        $([devices $($device:ident)+])?
        |$p:ident| $body:block
    )+) => {
        pub(super) static TESTS: &[$crate::Test] = &[$($crate::Test {
            name: stringify!($name),
            doc: concat!($($doc),+).trim_ascii(),
            rules: &[$($rule),*],
            cases: &[$($($case),+)?],
            needs: &[$($(isa::ext::Ext::$ext),+)?],
            only: $crate::conformance_tests!(@only $(|$hart| $only)?),
            cpus: &[$($($cpu),+)?],
            devices: &[$($($crate::Device::$device),+)?],
            build: |$p: &mut $crate::Program| $body,
        }),+];
    };
}
pub(crate) use conformance_tests;
