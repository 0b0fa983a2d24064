//! The programs that are measured: bare metal, entered in M-mode, one ELF for every simulator.
//!
//! What surrounds a program's own work is here: it starts the hart, and at the end prints the program's checksum and
//! the number of instructions, to the 16550 at 0x1000_0000, and leaves by HTIF (vhart, Spike) or, where that does
//! nothing, by the test finisher (QEMU).

mod big;
mod kernel;
mod world_switch;

use std::path::{Path, PathBuf};

use isa::asm::prelude::*;
use isa::cause::Exception;
use isa::csr::{mcounteren, mstatus};

use crate::compiler::{Compiler, Isa};
use crate::elf::elf;

/// The start of main memory on every machine.
const BASE: u64 = 0x8000_0000;

/// Where a program in C lies; `programs/image.ld` says the same.
const IMAGE: u64 = BASE + 0x1_0000;

/// Where its stack begins, downwards: far above anything else and in the smallest memory, 128 MiB.
const STACK: u64 = BASE + (64 << 20);

/// The transmitter of the 16550.
const UART: u64 = 0x1000_0000;

/// The test finisher of the `virt` machines, and what it takes for success and failure.
const FINISHER: u64 = 0x10_0000;
const PASS: u64 = 0x5555;
const FAIL: u64 = 1 << 16 | 0x3333;

/// A program, and what a reader of the table should know of it.
pub(crate) struct Program {
    /// One word, which also names its files.
    pub(crate) name: &'static str,
    /// What its loop does.
    pub(crate) about: &'static str,
    /// Turns of its loop when its time is measured: some tenths of a second on QEMU, and a few seconds on Spike at most.
    pub(crate) turns: u64,
    /// Turns in the short and in the long run whose difference the guard looks at.
    pub(crate) guard: [u64; 2],
    work: Work,
}

/// A program's own part.
enum Work {
    /// Written with the assembler, which is handed the number of turns.
    Asm(fn(&mut Parts, u64)),
    /// Compiled from this file of `programs/`.
    C(&'static str, Isa),
    /// Compiled from C that is written when it is needed.
    Written(fn() -> String),
}

/// Every program; the first one does nothing, so that its time is what it takes to start.
#[rustfmt::skip]
pub(crate) const PROGRAMS: [Program; 15] = [
    asm("empty", "start and leave", 0, [0, 0], |_, _| {}),
    asm("T1", "ALU loop in M-mode", 100_000_000, [10_000, 60_000], kernel::alu),
    asm("T2", "load/store loop in M-mode", 50_000_000, [10_000, 60_000], kernel::memory),
    asm("T3", "T2 in HS-mode, Sv39", 50_000_000, [10_000, 60_000], world_switch::memory_hs),
    asm("T4", "T2 in VS-mode, Sv39 over Sv39x4", 50_000_000, [10_000, 60_000], world_switch::memory_vs),
    asm("T5", "shortest round trip of a guest: 6 and its ECALL", 500_000, [5_000, 30_000], world_switch::bare),
    asm("T6", "T5 and 16 pages touched: 56 and its ECALL", 250_000, [2_000, 10_000], world_switch::pages),
    asm("T7", "T5 and a hypervisor's saving: 74 and its ECALL", 500_000, [2_000, 10_000], world_switch::saving),
    asm("T8", "HLV.D loop in HS-mode, one in four", 20_000_000, [10_000, 60_000], world_switch::hlv),
    c("INT", "sieve, CRC, quicksort, Dhrystone", 700, [1, 2], Work::C("int.c", Isa::Integer)),
    c("MEM", "lists, transposition, histogram, copies", 700, [1, 3], Work::C("mem.c", Isa::Integer)),
    c("CALL", "recursion and calls through a table", 1_500, [1, 3], Work::C("call.c", Isa::Integer)),
    c("BIG", "300 KiB of code, a part at a time", 4_000_000, [1_000, 3_000], Work::Written(big::source)),
    c("FP", "planets, matrices, a polynomial in doubles", 700, [1, 3], Work::C("fp.c", Isa::Double)),
    asm("AMO", "AMOs and LR/SC in M-mode", 30_000_000, [10_000, 60_000], kernel::atomics),
];

/// A program written with the assembler.
const fn asm(
    name: &'static str,
    about: &'static str,
    turns: u64,
    guard: [u64; 2],
    write: fn(&mut Parts, u64),
) -> Program {
    Program { name, about, turns, guard, work: Work::Asm(write) }
}

/// A program in C.
const fn c(name: &'static str, about: &'static str, turns: u64, guard: [u64; 2], work: Work) -> Program {
    Program { name, about, turns, guard, work }
}

impl Program {
    /// Whether it does nothing but start and exit.
    pub(crate) fn is_empty(&self) -> bool {
        self.turns == 0
    }

    /// Whether a C compiler is needed for it.
    pub(crate) fn is_compiled(&self) -> bool {
        !matches!(self.work, Work::Asm(_))
    }

    /// Makes the program in `folder`, with its image if it is compiled.
    ///
    /// # Errors
    /// Those of the compiler and of writing the files.
    pub(crate) fn prepare(&'static self, compiler: &Compiler, folder: &Path) -> Result<Prepared, String> {
        let image = match &self.work {
            Work::Asm(_) => Vec::new(),
            Work::C(file, isa) => compiler.compile(&Compiler::sources().join(file), *isa, folder)?,
            Work::Written(source) => {
                let file = folder.join(self.name).with_extension("c");
                std::fs::write(&file, source()).map_err(|error| format!("{}: {error}", file.display()))?;
                compiler.compile(&file, Isa::Integer, folder)?
            }
        };
        Ok(Prepared { program: self, image, folder: folder.to_owned() })
    }
}

/// A program that can be written out in any length.
pub(crate) struct Prepared {
    pub(crate) program: &'static Program,
    /// What the compiler made of a program in C.
    image: Vec<u8>,
    folder: PathBuf,
}

impl Prepared {
    /// Writes the ELF that does `turns` turns and returns its path.
    ///
    /// # Errors
    /// An assembler's error, or that of writing the file.
    pub(crate) fn write(&self, turns: u64) -> Result<PathBuf, String> {
        let name = self.program.name;
        let elf = self.elf(turns).map_err(|error| format!("{name}: {error}"))?;
        let path = self.folder.join(format!("{name}-{turns}.elf"));
        std::fs::write(&path, elf).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    fn elf(&self, turns: u64) -> Result<Vec<u8>, AsmError> {
        let mut parts = Parts::start();
        match self.program.work {
            Work::Asm(write) => write(&mut parts, turns),
            Work::C(..) | Work::Written(_) => {
                parts.a.li(SP, STACK).li(A0, turns).li(T0, IMAGE).jalr(RA, 0, T0);
            }
        }
        let tohost = parts.end();
        if self.program.is_compiled() {
            let gap = IMAGE.saturating_sub(parts.a.pc());
            parts.a.space(gap as usize).bytes(&self.image);
        } else {
            world_switch::data(&mut parts);
        }
        Ok(elf(BASE, &parts.a.finish()?, &[("tohost", tohost), ("fromhost", tohost + 8)]))
    }
}

/// A program under construction, and the places that its parts share.
struct Parts {
    a: Asm,
    /// M-mode's trap handler.
    trap: Label,
    /// 16 pages of memory to work on.
    data: Label,
    /// Root tables of both stages, which map everything to itself.
    vs_table: Label,
    g_table: Label,
}

impl Parts {
    /// The code at the start: M-mode's traps, its floating-point unit and its counters. All registers become zero,
    /// since no two simulators hand over the same.
    fn start() -> Parts {
        let mut a = Asm::new(BASE);
        let [trap, data, vs_table, g_table] = std::array::from_fn(|_| a.label());
        for register in Reg::ALL {
            a.mv(register, ZERO);
        }
        a.la(T0, trap).csrw(csr::mtvec::NUMBER, T0);
        a.li(T0, mstatus::FS.mask()).csrs(csr::mstatus::NUMBER, T0);
        a.li(T0, mcounteren::IR.mask()).csrw(csr::mcounteren::NUMBER, T0);
        a.csrr(T0, csr::minstret::NUMBER).csrw(csr::mscratch::NUMBER, T0);
        Parts { a, trap, data, vs_table, g_table }
    }

    /// The code at the end, to which an ECALL leads from HS- and M-mode, with the checksum in A0. Returns the address
    /// of `tohost`.
    fn end(&mut self) -> u64 {
        let a = &mut self.a;
        let [good, leave, stay, tohost] = std::array::from_fn(|_| a.label());
        a.ecall();

        a.align(4).place(self.trap);
        a.csrr(A1, csr::minstret::NUMBER).csrr(T0, csr::mscratch::NUMBER).sub(A1, A1, T0);
        a.csrr(T0, csr::mcause::NUMBER).li(S1, 1).li(S2, PASS);
        for cause in [Exception::EcallS, Exception::EcallM] {
            a.addi(T1, T0, -(cause as i32)).beqz(T1, good);
        }
        a.li(S1, 3).li(S2, FAIL).j(leave);

        a.place(good);
        for (number, end) in [(A0, b' '), (A1, b'\n')] {
            print(a, number, end);
        }
        // HTIF first, since the trap that the finisher raises where there is none comes after it and is harmless.
        a.place(leave);
        a.la(T0, stay).csrw(csr::mtvec::NUMBER, T0);
        a.la(T0, tohost).sd(S1, 0, T0).li(T0, FINISHER).sw(S2, 0, T0);
        a.align(4).place(stay);
        a.j(stay);

        a.align(64).place(tohost);
        let address = a.pc();
        a.space(64);
        address
    }
}

/// Prints `number` in 16 hexadecimal digits, and `end`.
fn print(a: &mut Asm, number: Reg, end: u8) {
    a.li(T0, UART).li(T1, 60);
    let (digit, next) = (a.label(), a.here());
    a.srl(T2, number, T1).andi(T2, T2, 15).addi(T3, T2, -10).addi(T2, T2, b'0'.into()).blt(T3, ZERO, digit);
    a.addi(T2, T2, i32::from(b'a' - b'0' - 10));
    a.place(digit);
    a.sb(T2, 0, T0).addi(T1, T1, -4).bge(T1, ZERO, next);
    a.li(T2, end.into()).sb(T2, 0, T0);
}

/// What a program says at its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Said {
    /// Of all that it has computed.
    pub(crate) checksum: u64,
    /// Retired from its start to its end, by `minstret`; an ECALL does not retire.
    pub(crate) instructions: u64,
}

impl Said {
    /// Finds the two numbers in what a simulator has printed.
    pub(crate) fn parse(text: &str) -> Option<Said> {
        let hex = |word: &str| (word.len() == 16).then(|| u64::from_str_radix(word, 16).ok()).flatten();
        text.lines().find_map(|line| {
            let (checksum, instructions) = line.trim().split_once(' ')?;
            Some(Said { checksum: hex(checksum)?, instructions: hex(instructions)? })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_numbers_are_found_among_other_lines() {
        let said = Said::parse("warning: no device\r\n000000250af6f93a 00000000000003e8\r\n");
        assert_eq!(said, Some(Said { checksum: 0x25_0af6_f93a, instructions: 1000 }));
        assert_eq!(Said::parse("0 1\nbad line\n"), None);
    }

    #[test]
    fn names_differ_and_the_guards_long_run_is_longer() {
        for (n, program) in PROGRAMS.iter().enumerate() {
            assert!(PROGRAMS[..n].iter().all(|other| other.name != program.name), "{}", program.name);
            assert!(program.is_empty() || program.guard[0] < program.guard[1], "{}", program.name);
        }
    }

    #[test]
    fn every_program_in_assembly_can_be_written() {
        for program in PROGRAMS.iter().filter(|program| !program.is_compiled()) {
            let prepared = Prepared { program, image: Vec::new(), folder: PathBuf::new() };
            assert!(prepared.elf(program.turns).is_ok(), "{}", program.name);
        }
    }
}
