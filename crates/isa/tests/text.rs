//! The disassembler against GNU objdump's text.

use std::collections::BTreeSet;

use isa::inst::ROWS;
use isa::{Op, decode};

#[test]
fn text_equals_objdumps() {
    let mut seen = BTreeSet::new();
    for line in include_str!("golden/objdump.tsv").lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<_> = line.split('\t').collect();
        let [pc, word] = [0, 1].map(|i| u64::from_str_radix(&columns[i][2..], 16).unwrap());
        let inst = decode(word as u32).unwrap_or_else(|| panic!("{word:#x} must be {}", columns[2]));
        assert_eq!(inst.at(pc).to_string(), columns[2], "{word:#x}");
        seen.insert(inst.op);
    }
    let all: BTreeSet<Op> = ROWS.iter().map(|row| row.op).collect();
    assert_eq!(seen, all, "every row has a line");
}

#[test]
fn targets_are_relative_without_a_pc() {
    assert_eq!(decode(0xfe00_0ee3).unwrap().to_string(), "beq zero,zero,.-4");
    assert_eq!(decode(0x0080_006f).unwrap().to_string(), "jal zero,.+8");
    assert_eq!(decode(0x0080_006f).unwrap().at(u64::MAX - 3).to_string(), "jal zero,0x4");
}

#[test]
fn hints_and_reserved_fences_have_text() {
    assert_eq!(decode(0x0005).unwrap().to_string(), "c.nop 1");
    assert_eq!(decode(0x0200_000f).unwrap().to_string(), "fence r,0");
    assert_eq!(decode(0x8330_000f).unwrap().to_string(), "fence.tso");
}

#[test]
fn text_of_impossible_operands_does_not_panic() {
    for row in &ROWS {
        let inst = isa::Inst {
            rd: 255,
            rs1: 255,
            rs2: 255,
            rs3: 255,
            rm: 255,
            imm: i32::MIN,
            ..isa::Inst::new(row.op)
        };
        assert!(inst.at(0).to_string().starts_with(&row.op.mnemonic().to_string()));
    }
}
