//! Programs for Linux: that they need nothing but a kernel, and of that no more than is said.

use anyhow::{Context, Result, bail, ensure};
use goblin::elf::Elf;
use goblin::elf::header::{EM_RISCV, ET_EXEC};
use goblin::elf::program_header::{PF_W, PF_X, PT_DYNAMIC, PT_INTERP, PT_LOAD};

/// The system calls that the monitor may make, by Linux's generic numbers. Each is one that our own kernel must have.
const ALLOWED: [(u32, &str); 15] = [
    (19, "eventfd2"),
    (29, "ioctl"),
    (56, "openat"),
    (57, "close"),
    (63, "read"),
    (64, "write"),
    (73, "ppoll"),
    (94, "exit_group"),
    (98, "futex"),
    (113, "clock_gettime"),
    (215, "munmap"),
    (220, "clone"),
    (222, "mmap"),
    (226, "mprotect"),
    (233, "madvise"),
];

/// Below are addresses that Linux gives to nobody, `vm.mmap_min_addr`.
const LOWEST_ADDRESS: u64 = 0x1_0000;

/// The instruction that makes a system call.
const ECALL: u32 = 0x0000_0073;

/// Checks that `elf` is a static executable that makes none but the allowed system calls.
pub(crate) fn check(elf: &[u8]) -> Result<()> {
    let parsed = Elf::parse(elf).context("not an ELF file")?;
    ensure!(parsed.header.e_machine == EM_RISCV && parsed.is_64, "it is not for 64-bit RISC-V");
    ensure!(parsed.header.e_type == ET_EXEC, "it is not an executable with addresses of its own");
    for header in &parsed.program_headers {
        ensure!(!matches!(header.p_type, PT_INTERP | PT_DYNAMIC), "it is not static");
        if header.p_type != PT_LOAD {
            continue;
        }
        ensure!(header.p_vaddr >= LOWEST_ADDRESS, "it has a segment at {:#x}", header.p_vaddr);
        if header.p_flags & PF_X != 0 {
            ensure!(header.p_flags & PF_W == 0, "it can write to its own code");
            check_calls(elf.get(header.file_range()).context("a segment lies outside the file")?)?;
        }
    }
    Ok(())
}

/// Checks that each ECALL comes right after the instruction that puts an allowed number into a7.
fn check_calls(code: &[u8]) -> Result<()> {
    let mut before = 0;
    let mut rest = code;
    while let Some(instruction) = first(rest) {
        if instruction == ECALL {
            match number(before) {
                Some(number) if ALLOWED.iter().any(|(allowed, _)| *allowed == number) => {}
                Some(number) => bail!("it makes the system call {number}"),
                None => bail!("it makes a system call without its number right before it"),
            }
        }
        before = instruction;
        rest = &rest[if is_compressed(instruction) { 2 } else { 4 }..];
    }
    Ok(())
}

/// The first instruction of some code.
fn first(code: &[u8]) -> Option<u32> {
    let half =
        |offset: usize| Some(u32::from(u16::from_le_bytes([*code.get(offset)?, *code.get(offset + 1)?])));
    let low = half(0)?;
    if is_compressed(low) { Some(low) } else { Some(half(2)? << 16 | low) }
}

fn is_compressed(instruction: u32) -> bool {
    instruction & 0b11 != 0b11
}

/// The number that `li a7, NUMBER` loads, in its long form or in its compressed one.
fn number(instruction: u32) -> Option<u32> {
    match instruction {
        _ if instruction & 0x800f_ffff == 0x0000_0893 => Some(instruction >> 20),
        _ if is_compressed(instruction) && instruction & 0xff83 == 0x4881 => Some(instruction >> 2 & 0x1f),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_words(words: &[u32]) -> Result<(), String> {
        let code: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        check_calls(&code).map_err(|error| error.to_string())
    }

    /// `li a7, number` in the long form.
    fn li(number: u32) -> u32 {
        number << 20 | 0x893
    }

    #[test]
    fn allowed_calls_pass() {
        assert_eq!(check_words(&[li(222), ECALL, li(64), ECALL]), Ok(()));
        // c.li a7, 29, and a 16-bit instruction that moves the next by two bytes.
        assert_eq!(check_words(&[0x48f5_0001, ECALL]), Ok(()));
    }

    #[test]
    fn other_calls_are_found() {
        // `exit`, whose number is close to exit_group's.
        assert_eq!(check_words(&[li(93), ECALL]), Err("it makes the system call 93".to_owned()));
        // c.li a7, 30.
        assert_eq!(check_words(&[0x48f9_0001, ECALL]), Err("it makes the system call 30".to_owned()));
    }

    #[test]
    fn a_number_from_elsewhere_is_found() {
        let error = Err("it makes a system call without its number right before it".to_owned());
        assert_eq!(check_words(&[ECALL]), error);
        assert_eq!(check_words(&[li(64), 0x13, ECALL]), error);
        // li a6 instead of a7.
        assert_eq!(check_words(&[64 << 20 | 0x813, ECALL]), error);
    }

    #[test]
    fn half_an_instruction_at_the_end_is_none() {
        assert!(check_calls(&ECALL.to_le_bytes()[..2]).is_ok());
    }
}
