//! What a test is, and the macro that defines those of a file.

use std::fmt;

use iss::Variant;

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
    /// Settings as `vhart --cpu max,...` takes them, under which it runs too.
    pub cpus: &'static [&'static str],
    /// What it needs beyond UART, ACLINT and PLIC: on a machine without, it cannot run.
    pub devices: &'static [Device],
    /// Writes the program.
    pub build: fn(&mut Program),
}

/// An extension that a test may need.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Ext {
    H,
    Sstc,
    Svadu,
    Svnapot,
    Svpbmt,
    Svinval,
    Smstateen,
}

impl Ext {
    /// Whether harts like `cpu` have it.
    pub fn is_in(self, cpu: &Variant) -> bool {
        match self {
            Ext::H => cpu.h,
            Ext::Sstc => cpu.sstc,
            Ext::Svadu => cpu.svadu,
            Ext::Svnapot => cpu.svnapot,
            Ext::Svpbmt => cpu.svpbmt,
            Ext::Svinval => cpu.svinval,
            Ext::Smstateen => cpu.smstateen,
        }
    }
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
    /// Whether a hart has all that the test needs.
    pub fn suits(&self, cpu: &Variant) -> bool {
        self.needs.iter().all(|ext| ext.is_in(cpu))
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
///     [cpus "vmidlen=0" "vmidlen=7"]
///     [devices Hgeip]
///     |p| {
///         p.check_csr(csr::hgeie::NUMBER, 0, "hgeie at reset");
///     }
/// }
/// ```
macro_rules! conformance_tests {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident
        [rules $($rule:literal)*]
        $([cases $($case:literal)+])?
        $([needs $($ext:ident)+])?
        $([cpus $($cpu:literal)+])?
        $([devices $($device:ident)+])?
        |$p:ident| $body:block
    )+) => {
        pub(super) static TESTS: &[$crate::Test] = &[$($crate::Test {
            name: stringify!($name),
            doc: concat!($($doc),+).trim_ascii(),
            rules: &[$($rule),*],
            cases: &[$($($case),+)?],
            needs: &[$($($crate::Ext::$ext),+)?],
            cpus: &[$($($cpu),+)?],
            devices: &[$($($crate::Device::$device),+)?],
            build: |$p: &mut $crate::Program| $body,
        }),+];
    };
}
pub(crate) use conformance_tests;
