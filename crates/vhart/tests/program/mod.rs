//! Test programs: written with the assembler, wrapped into an ELF here, run by the built command.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

#[path = "../../src/lockstep/random/elf.rs"]
mod elf;

pub(crate) use elf::elf;
pub(crate) use isa::asm::prelude::*;

/// Where programs lie: the start of main memory.
pub(crate) const BASE: u64 = 0x8000_0000;

const FINISHER: u64 = 0x10_0000;

/// The built command, without standard input.
pub(crate) fn vhart() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vhart"));
    command.stdin(Stdio::null());
    command
}

/// Runs the command with `args`.
pub(crate) fn run(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    vhart().args(args).output().expect("the command starts")
}

/// What a run printed to standard error.
pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a run printed to standard output.
pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A folder for the files of one test, empty at first.
pub(crate) fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

/// Writes the ELF of a program at [`BASE`] to a file.
pub(crate) fn write(path: &Path, program: Asm, symbols: &[(&str, u64)]) {
    let code = program.finish().expect("the program assembles");
    std::fs::write(path, elf(&code, symbols)).expect("the file can be written");
}

/// A program that ends with an exit status, by the finisher.
pub(crate) fn exits_with(status: u16) -> Asm {
    let mut a = Asm::new(BASE);
    exit(&mut a, status);
    a
}

/// Adds the end of a program.
pub(crate) fn exit(a: &mut Asm, status: u16) {
    let request = if status == 0 { 0x5555 } else { u64::from(status) << 16 | 0x3333 };
    a.li(T0, FINISHER);
    a.li(T1, request);
    a.sw(T1, 0, T0);
}
