//! ELF programs. System V ABI, "Object Files", and the RISC-V ELF psABI.

use std::ops::Range;

use goblin::elf::header::{EI_CLASS, EI_DATA, ELFCLASS32, ELFDATA2MSB, EM_RISCV, ET_DYN, ET_EXEC};
use goblin::elf::program_header::{PT_INTERP, PT_LOAD};
use goblin::elf::{Elf, ProgramHeader};

use super::{Function, Image, Program, Segment, Symbols};
use crate::error::Error;

/// Finds out where the segments of a program belong: at their physical addresses, or from `raw_base` on where the
/// program is position-independent and linked to somewhere else than main memory.
pub(super) fn parse<'a>(image: &'a Image, raw_base: u64, ram: &Range<u64>) -> Result<Program<'a>, Error> {
    check_identification(image)?;
    let elf = Elf::parse(image.bytes()).map_err(|error| {
        let problem = format!("is a malformed or truncated ELF ({error})").replace('\n', " ");
        Error::unsuitable(image.name(), problem, "build or copy it again")
    })?;
    check_kind(image, &elf)?;
    let headers = placed(&elf, raw_base, ram);
    let loads: Vec<_> = headers.iter().collect();
    let segments = loads.iter().map(|ph| segment(image, ph, ram)).collect::<Result<Vec<_>, _>>()?;
    if segments.is_empty() {
        return Err(Error::unsuitable(image.name(), "has nothing to load", "link it with loadable segments"));
    }
    check_overlap(image, &segments)?;
    let entry = physical(&loads, elf.entry);
    if !ram.contains(&entry) {
        return Err(Error::EntryOutsideRam { name: image.name().to_string(), entry, ram: ram.clone() });
    }
    let symbols = symbols(image, &elf, &loads, ram)?;
    Ok(Program { segments, entry, symbols })
}

/// What is to be loaded, at the physical addresses where it will lie.
fn placed(elf: &Elf<'_>, raw_base: u64, ram: &Range<u64>) -> Vec<ProgramHeader> {
    let loads = elf.program_headers.iter().filter(|ph| ph.p_type == PT_LOAD && ph.p_memsz != 0);
    let mut loads: Vec<_> = loads.cloned().collect();
    let lowest = loads.iter().map(|ph| ph.p_paddr).min().unwrap_or(raw_base);
    // OpenSBI's firmware is linked to 0, and relocates itself from wherever it is.
    if elf.header.e_type == ET_DYN && !ram.contains(&lowest) {
        loads.iter_mut().for_each(|ph| ph.p_paddr = raw_base.saturating_add(ph.p_paddr - lowest));
    }
    loads
}

/// The functions of an ELF, by virtual address; none where it is no ELF or has no symbols.
pub(super) fn functions(image: &Image) -> Vec<Function> {
    let Ok(elf) = Elf::parse(image.bytes()) else { return Vec::new() };
    let code = elf.syms.iter().filter(|symbol| symbol.is_function() && symbol.st_shndx != 0);
    let mut functions: Vec<_> = code
        .filter_map(|symbol| {
            let name = elf.strtab.get_at(symbol.st_name)?.to_owned();
            Some(Function { at: symbol.st_value..symbol.st_value.saturating_add(symbol.st_size), name })
        })
        .collect();
    functions.sort_by_key(|function| function.at.start);
    functions
}

/// Says clearly what goblin would call malformed.
fn check_identification(image: &Image) -> Result<(), Error> {
    let identification = |index: usize| image.bytes().get(index).copied();
    let (problem, advice) = if identification(EI_CLASS) == Some(ELFCLASS32) {
        ("is a 32-bit ELF", "compile it for 64-bit RISC-V (-march=rv64gc -mabi=lp64d)")
    } else if identification(EI_DATA) == Some(ELFDATA2MSB) {
        ("is a big-endian ELF", "compile it for little-endian 64-bit RISC-V")
    } else {
        return Ok(());
    };
    Err(Error::unsuitable(image.name(), problem, advice))
}

/// Accepts executables for RISC-V; position-independent ones too, as far as they need no loader of their
/// own: firmware relocates itself.
fn check_kind(image: &Image, elf: &Elf<'_>) -> Result<(), Error> {
    let unsuitable = |problem: String, advice| Err(Error::unsuitable(image.name(), problem, advice));
    if elf.header.e_machine != EM_RISCV {
        let problem = format!("is an ELF for another architecture (e_machine {})", elf.header.e_machine);
        return unsuitable(problem, "compile it for 64-bit RISC-V");
    }
    if !matches!(elf.header.e_type, ET_EXEC | ET_DYN) {
        let problem = format!("is not an executable (e_type {})", elf.header.e_type);
        return unsuitable(problem, "link it first");
    }
    if elf.program_headers.iter().any(|ph| ph.p_type == PT_INTERP) {
        let problem = "is a program for an operating system, with an interpreter".to_string();
        return unsuitable(problem, "link it statically for bare metal");
    }
    Ok(())
}

fn segment<'a>(image: &'a Image, ph: &ProgramHeader, ram: &Range<u64>) -> Result<Segment<'a>, Error> {
    let malformed = |problem| Err(Error::unsuitable(image.name(), problem, "build or copy it again"));
    if ph.p_filesz > ph.p_memsz {
        return malformed("has a segment that is larger in the file than in memory");
    }
    let Some(bytes) = slice(image.bytes(), ph.p_offset, ph.p_filesz) else {
        return malformed("is a truncated ELF: a segment ends after the file does");
    };
    let at = ph.p_paddr..ph.p_paddr.saturating_add(ph.p_memsz);
    if at.start < ram.start || at.end > ram.end {
        let name = image.name().to_string();
        return Err(Error::OutsideRam { name, part: "a segment", at, ram: ram.clone() });
    }
    Ok(Segment { at, bytes })
}

fn slice(bytes: &[u8], offset: u64, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    let end = usize::try_from(offset.checked_add(size)?).ok()?;
    bytes.get(start..end)
}

fn check_overlap(image: &Image, segments: &[Segment<'_>]) -> Result<(), Error> {
    let mut sorted: Vec<_> = segments.iter().map(|segment| segment.at.clone()).collect();
    sorted.sort_by_key(|at| at.start);
    match sorted.windows(2).find(|pair| pair[0].end > pair[1].start) {
        None => Ok(()),
        Some(pair) => Err(Error::Overlap {
            first: format!("{}: a segment", image.name()),
            first_at: pair[0].clone(),
            second: "another segment".to_string(),
            second_at: pair[1].clone(),
        }),
    }
}

/// The physical address of a virtual one, by the segment that holds it.
fn physical(loads: &[&ProgramHeader], va: u64) -> u64 {
    let inside = |ph: &&&ProgramHeader| va.wrapping_sub(ph.p_vaddr) < ph.p_memsz;
    loads.iter().find(inside).map_or(va, |ph| va.wrapping_sub(ph.p_vaddr).wrapping_add(ph.p_paddr))
}

/// Looks up the symbols by which test programs talk to the host.
fn symbols(
    image: &Image,
    elf: &Elf<'_>,
    loads: &[&ProgramHeader],
    ram: &Range<u64>,
) -> Result<Symbols, Error> {
    let mut symbols = Symbols::default();
    for symbol in elf.syms.iter().filter(|symbol| symbol.st_shndx != 0) {
        let (place, bytes) = match elf.strtab.get_at(symbol.st_name) {
            Some("tohost") => (&mut symbols.tohost, 8),
            Some("fromhost") => (&mut symbols.fromhost, 8),
            Some("begin_signature") => (&mut symbols.begin_signature, 0),
            Some("end_signature") => (&mut symbols.end_signature, 0),
            _ => continue,
        };
        let pa = physical(loads, symbol.st_value);
        let inside = pa >= ram.start && pa.checked_add(bytes).is_some_and(|end| end <= ram.end);
        if !inside || (bytes == 8 && !pa.is_multiple_of(8)) {
            let name = elf.strtab.get_at(symbol.st_name).unwrap_or_default();
            let problem = format!("has its symbol {name} at {pa:#x}");
            return Err(Error::unsuitable(
                image.name(),
                problem,
                "place it in main memory, aligned to 8 bytes",
            ));
        }
        *place = Some(pa);
    }
    Ok(symbols)
}
