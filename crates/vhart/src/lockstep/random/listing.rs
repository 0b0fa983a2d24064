//! The text of a program that has been made small: its code, and what is left of its tables and data.

use std::fmt::Write;

use super::layout::{CODE, DATA};
use super::program::{Image, Part, Program};

/// The disassembly of `image`, which is `program` with the parts `kept`.
pub(crate) fn listing(program: &Program, image: &Image, kept: &[Part]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let mut line = |part: std::fmt::Arguments<'_>| {
        let _ = writeln!(text, "{part}");
    };
    let mut notes = image.notes.iter().peekable();
    let mut at = 0;
    while let Some(rest) = image.code.get(at..).filter(|rest| 2 <= rest.len()) {
        let pc = CODE + at as u64;
        while let Some((_, note)) = notes.next_if(|(address, _)| *address <= pc) {
            line(format_args!("# {note}"));
        }
        let mut word = [0; 4];
        let len = rest.len().min(4);
        word[..len].copy_from_slice(&rest[..len]);
        let word = u32::from_le_bytes(word);
        match isa::decode(word) {
            Some(inst) => {
                let bits = format!("{:01$x}", inst.bits, 2 * inst.size() as usize);
                line(format_args!("{pc:08x}: {bits:<8}  {}", inst.at(pc)));
                at += inst.size() as usize;
            }
            None if word as u16 == 0 => {
                let zeros = rest.iter().take_while(|byte| **byte == 0).count() & !1;
                line(format_args!("{pc:08x}: {zeros} zero bytes"));
                at += zeros;
            }
            None => {
                line(format_args!("{pc:08x}: {:04x}      .half {:#x}", word as u16, word as u16));
                at += 2;
            }
        }
    }
    for part in kept {
        match *part {
            Part::Leaf(index) => {
                let leaf = &program.tables.leaves[index];
                line(format_args!("{:08x}: {:016x}  page-table entry", leaf.at, leaf.pte.0));
            }
            Part::Data(page) => {
                line(format_args!(
                    "{:08x}: a page of random data",
                    DATA + page as u64 * isa::paging::PAGE_SIZE
                ));
            }
            _ => {}
        }
    }
    text
}
