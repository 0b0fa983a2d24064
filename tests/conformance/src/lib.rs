//! Self-checking programs for the normative rules of the RISC-V manual, written with `isa::asm`.
//!
//! A [`Test`] names the rules that it exercises and writes a [`Program`] for a kind of hart;
//! [`run`](fn@run) runs it here, and its ELF file runs on any simulator. `README.md` says how to write one.

pub mod device;
mod elf;
mod program;
mod rules;
mod run;
mod suite;
mod tests;

use isa::asm::AsmError;
use iss::Variant;

pub use program::{Image, Leave, Program, SPARE, Table, Trap, U_VIEW, flags, interrupt, trap};
pub use rules::{Case, Rule, cases};
pub use run::{MEMORY, Outcome, Run, run, run_all, run_image};
pub(crate) use suite::conformance_tests;
pub use suite::{Chapter, Device, Test};

/// What the file of a test needs.
#[allow(unused_imports, reason = "no file needs all of it")]
pub(crate) mod prelude {
    pub(crate) use isa::Mode;
    pub(crate) use isa::asm::prelude::*;
    pub(crate) use isa::cause::{Exception, Interrupt};
    pub(crate) use isa::paging::{PAGE_SIZE, Pte, SV39, SV39X4, SV48, SV48X4, SV57, SV57X4, Scheme};

    pub(crate) use crate::conformance_tests;
    pub(crate) use crate::device;
    pub(crate) use crate::program::{Leave, SPARE, U_VIEW, flags, interrupt, trap};
    pub(crate) use crate::suite::delegates;
}

/// Every chapter: a table of rules and the tests about them.
pub fn chapters() -> &'static [Chapter] {
    tests::CHAPTERS
}

/// Every test, by chapter and file.
pub fn suite() -> impl Iterator<Item = &'static Test> {
    chapters().iter().flat_map(Chapter::tests)
}

/// The test as an ELF file for harts like `cpu`.
///
/// # Errors
/// The first operand or label in the test that is wrong.
pub fn elf(test: &Test, cpu: &Variant) -> Result<Vec<u8>, AsmError> {
    Program::build(test, cpu).map(|image| image.elf)
}
