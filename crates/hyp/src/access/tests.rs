use isa::decode;
use isa::inst::ROWS;
use isa::tinst::{Tinst, transform};

use super::*;

/// Where values of `width` begin and end, signed and unsigned, with other bits above them.
fn edges(width: Width) -> Vec<u64> {
    let top = 1 << (width.bits() - 1);
    let values = [0, 1, 2, top - 1, top, top + 1, !0 - 1, !0, 0x5555_5555_5555_5555, 0x0123_4567_89ab_cdef];
    let above = !width.truncate(!0);
    values.into_iter().flat_map(|value: u64| [value, value | above, value & !above]).collect()
}

/// The access of a row of the instruction table with these registers.
fn access(op: Op, rd: u8, rs2: u8) -> Option<Access> {
    let inst = Inst { rd, rs2, ..Inst::new(op) };
    Access::of(&inst, op.row().len.into())
}

fn none(_: u8) -> u64 {
    panic!("a load needs no register");
}

/// What `op` leaves in register 9 when the device gives `value`.
#[track_caller]
fn load(op: Op, value: u64) -> (Register, u64) {
    let loaded = access(op, 9, 0).expect("a load").loaded(value, none).expect("a load");
    assert_eq!(loaded.stored, None);
    (loaded.rd, loaded.value)
}

/// What a load makes of a doubleword in whose low bits its value is.
type Extend = fn(u64) -> u64;

const LOADS: [(Op, Width, Extend); 13] = [
    (Op::lb, Width::Byte, |value| value as i8 as u64),
    (Op::lh, Width::Half, |value| value as i16 as u64),
    (Op::c_lh, Width::Half, |value| value as i16 as u64),
    (Op::lw, Width::Word, |value| value as i32 as u64),
    (Op::c_lw, Width::Word, |value| value as i32 as u64),
    (Op::c_lwsp, Width::Word, |value| value as i32 as u64),
    (Op::lbu, Width::Byte, |value| (value as u8).into()),
    (Op::c_lbu, Width::Byte, |value| (value as u8).into()),
    (Op::lhu, Width::Half, |value| (value as u16).into()),
    (Op::c_lhu, Width::Half, |value| (value as u16).into()),
    (Op::lwu, Width::Word, |value| (value as u32).into()),
    (Op::ld, Width::Double, |value| value),
    (Op::c_ld, Width::Double, |value| value),
];

#[test]
fn integer_loads_extend_by_sign_unless_they_are_unsigned() {
    for (op, width, extended) in LOADS {
        assert_eq!(access(op, 9, 0).expect("a load").width, width, "{op:?}");
        for value in edges(width) {
            assert_eq!(load(op, value), (Register::X(9), extended(value)), "{op:?} {value:#x}");
        }
    }
    for value in edges(Width::Double) {
        assert_eq!(load(Op::c_ldsp, value), (Register::X(9), value));
    }
}

#[test]
fn floating_point_loads_box_what_is_narrower_than_the_register() {
    for value in edges(Width::Half) {
        assert_eq!(load(Op::flh, value), (Register::F(9), 0xffff_ffff_ffff_0000 | value & 0xffff));
    }
    for value in edges(Width::Word) {
        assert_eq!(load(Op::flw, value), (Register::F(9), 0xffff_ffff_0000_0000 | value & 0xffff_ffff));
    }
    for (op, value) in [Op::fld, Op::c_fld, Op::c_fldsp].into_iter().zip(edges(Width::Double)) {
        assert_eq!(load(op, value), (Register::F(9), value));
    }
}

#[test]
fn stores_give_the_device_the_low_bits_of_their_register() {
    let x = Register::X(9);
    let f = Register::F(9);
    let stores = [
        (Op::sb, x, Width::Byte, 0x88),
        (Op::c_sb, x, Width::Byte, 0x88),
        (Op::sh, x, Width::Half, 0x7788),
        (Op::c_sh, x, Width::Half, 0x7788),
        (Op::sw, x, Width::Word, 0x5566_7788),
        (Op::c_sw, x, Width::Word, 0x5566_7788),
        (Op::c_swsp, x, Width::Word, 0x5566_7788),
        (Op::sd, x, Width::Double, 0x1122_3344_5566_7788),
        (Op::c_sd, x, Width::Double, 0x1122_3344_5566_7788),
        (Op::c_sdsp, x, Width::Double, 0x1122_3344_5566_7788),
        (Op::fsh, f, Width::Half, 0x7788),
        (Op::fsw, f, Width::Word, 0x5566_7788),
        (Op::fsd, f, Width::Double, 0x1122_3344_5566_7788),
        (Op::c_fsd, f, Width::Double, 0x1122_3344_5566_7788),
        (Op::c_fsdsp, f, Width::Double, 0x1122_3344_5566_7788),
    ];
    for (op, rs2, width, stored) in stores {
        let access = access(op, 0, 9).expect("a store");
        assert_eq!((access.kind, access.width), (Kind::Store { rs2 }, width), "{op:?}");
        assert_eq!(access.stored(0x1122_3344_5566_7788), stored, "{op:?}");
        assert_eq!(access.loaded(0, none), None, "{op:?}");
    }
}

/// What arithmetic on one type makes of the two operands of an atomic, and the old value as a register holds it.
macro_rules! plain {
    ($name:expr, $signed:ty, $unsigned:ty, $old:expr, $operand:expr) => {{
        let (old, operand) = ($old as $unsigned, $operand as $unsigned);
        let new = match $name {
            "amoswap" => operand,
            "amoadd" => (u128::from(old) + u128::from(operand)) as $unsigned,
            "amoxor" => (old | operand) - (old & operand),
            "amoand" => !(!old | !operand),
            "amoor" => !(!old & !operand),
            "amomin" => {
                if (old as $signed) < (operand as $signed) {
                    old
                } else {
                    operand
                }
            }
            "amomax" => {
                if (old as $signed) < (operand as $signed) {
                    operand
                } else {
                    old
                }
            }
            "amominu" => {
                if old < operand {
                    old
                } else {
                    operand
                }
            }
            "amomaxu" => {
                if old < operand {
                    operand
                } else {
                    old
                }
            }
            name => panic!("{name} is no atomic operation"),
        };
        (u64::from(new), old as $signed as u64)
    }};
}

/// The rows of atomics, each with its name's two parts.
fn atomics() -> impl Iterator<Item = (Op, &'static str, &'static str)> {
    ROWS.iter()
        .filter(|row| row.format == Format::Amo)
        .map(|row| (row.op, row.name.split_once('_').expect("a name and a width")))
        .map(|(op, (name, width))| (op, name, width))
}

fn width(name: &str) -> Width {
    match name {
        "b" => Width::Byte,
        "h" => Width::Half,
        "w" => Width::Word,
        "d" => Width::Double,
        name => panic!("{name} is no width"),
    }
}

#[test]
fn atomics_store_what_plain_arithmetic_gives_and_return_the_old_value() {
    let mut tried = 0;
    for (op, name, suffix) in atomics().filter(|(_, name, _)| !matches!(*name, "sc" | "amocas")) {
        let access = access(op, 9, 8).expect("an atomic");
        assert_eq!(access.width, width(suffix), "{op:?}");
        let edges = edges(access.width);
        for (old, operand) in edges.iter().flat_map(|old| edges.iter().map(move |operand| (*old, *operand))) {
            let (new, returned) = match suffix {
                "b" => plain!(name, i8, u8, old, operand),
                "h" => plain!(name, i16, u16, old, operand),
                "w" => plain!(name, i32, u32, old, operand),
                _ => plain!(name, i64, u64, old, operand),
            };
            let loaded = access.loaded(old, |n| if n == 8 { operand } else { none(n) });
            let expected = Loaded { rd: Register::X(9), value: returned, stored: Some(new) };
            assert_eq!(loaded, Some(expected), "{op:?} {old:#x} {operand:#x}");
        }
        tried += 1;
    }
    assert_eq!(tried, 9 * 4);
}

#[test]
fn compare_and_swap_stores_only_where_the_bits_of_its_width_are_equal() {
    let mut tried = 0;
    for (op, _, suffix) in atomics().filter(|(_, name, _)| *name == "amocas") {
        let access = access(op, 9, 8).expect("an atomic");
        let width = width(suffix);
        assert_eq!(access.width, width, "{op:?}");
        let edges = edges(width);
        for (old, compared) in edges.iter().flat_map(|old| edges.iter().map(move |value| (*old, *value))) {
            let swapped = 0xfedc_ba98_7654_3210;
            let loaded = access.loaded(old, |n| if n == 9 { compared } else { swapped }).expect("a load");
            let equal = (old ^ compared) << (64 - width.bits()) == 0;
            assert_eq!(
                loaded.stored,
                equal.then_some(width.truncate(swapped)),
                "{op:?} {old:#x} {compared:#x}"
            );
            assert_eq!((loaded.rd, loaded.value), (Register::X(9), width.sign_extend(old)));
        }
        tried += 1;
    }
    assert_eq!(tried, 4);
}

#[test]
fn an_atomic_may_have_one_register_for_both_operands() {
    let access = access(Op::amoadd_w, 9, 9).expect("an atomic");
    let expected = Loaded { rd: Register::X(9), value: 5, stored: Some(12) };
    assert_eq!(access.loaded(5, |_| 7), Some(expected));
}

#[test]
fn faults_tell_an_atomic_as_a_store() {
    let kind = |op| access(op, 1, 1).expect("an access").kind.access_kind();
    assert_eq!(kind(Op::lw), AccessKind::Load);
    assert_eq!(kind(Op::flw), AccessKind::Load);
    assert_eq!(kind(Op::sw), AccessKind::Store);
    assert_eq!(kind(Op::amoor_w), AccessKind::Store);
}

/// Rows with a memory operand that the host does not carry out.
const REFUSED: [&str; 26] = [
    // No device has reservations.
    "lr_w",
    "sc_w",
    "lr_d",
    "sc_d",
    // Wider than a register.
    "amocas_q",
    // At V=1 these are virtual instructions, and never access anything.
    "hlv_b",
    "hlv_bu",
    "hlv_h",
    "hlv_hu",
    "hlvx_hu",
    "hlv_w",
    "hlvx_wu",
    "hlv_wu",
    "hlv_d",
    "hsv_b",
    "hsv_h",
    "hsv_w",
    "hsv_d",
    // A device has no cache blocks, and announcements do not fault.
    "cbo_inval",
    "cbo_clean",
    "cbo_flush",
    "cbo_zero",
    "prefetch_i",
    "prefetch_r",
    "prefetch_w",
    // An address to go to.
    "jalr",
];

#[test]
fn every_row_with_a_memory_operand_is_decoded_or_refused_on_purpose() {
    let mut refused = Vec::new();
    for row in &ROWS {
        let has_operand = row.format.operands().contains("(rs1)");
        match access(row.op, 9, 9) {
            Some(access) => {
                assert!(has_operand, "{} accesses no memory", row.name);
                assert_eq!(access.instruction_size, row.len.into(), "{}", row.name);
            }
            None if has_operand => refused.push(row.name),
            None => {}
        }
    }
    let mut expected = REFUSED;
    expected.sort_unstable();
    refused.sort_unstable();
    assert_eq!(refused, expected);
}

#[test]
fn what_hardware_tells_of_an_instruction_decodes_like_the_instruction() {
    let mut tried = Vec::new();
    for row in &ROWS {
        // Registers that every form can name.
        let operands = Inst { rd: 10, rs1: 8, rs2: 10, ..Inst::new(row.op) };
        let Some(inst) = decode(operands.encode()).filter(|inst| inst.op == row.op) else { continue };
        let Some(access) = Access::of(&inst, inst.size()) else { continue };
        let Tinst::Transformed { inst: told, size, .. } = Tinst::from_bits(transform(&inst, 0)) else {
            panic!("{} is transformed", row.name);
        };
        assert_eq!(Access::of(&told, size), Some(access), "{}", row.name);
        tried.push(row.op);
    }
    let decoded: Vec<Op> = ROWS.iter().map(|row| row.op).filter(|op| access(*op, 10, 10).is_some()).collect();
    assert_eq!(tried, decoded);
}

#[test]
fn stores_to_the_stack_decode_at_every_offset() {
    let words = |opcode: u32| (0..1 << 11).map(move |operands| opcode << 13 | operands << 2 | 2);
    for (opcode, rs2, width) in [
        (0b101, Register::F as fn(u8) -> Register, Width::Double),
        (0b110, Register::X, Width::Word),
        (0b111, Register::X, Width::Double),
    ] {
        for word in words(opcode) {
            let inst = decode(word).expect("a store");
            let kind = Kind::Store { rs2: rs2((word >> 2 & 31) as u8) };
            let expected = Access { kind, width, instruction_size: 2 };
            assert_eq!(Access::of(&inst, inst.size()), Some(expected), "{word:#06x}");
        }
    }
}

#[test]
fn loads_from_the_stack_decode_at_every_offset() {
    let words = |opcode: u32| (0..1 << 11).map(move |operands| opcode << 13 | operands << 2 | 2);
    for (opcode, rd, width) in [
        (0b001, Register::F as fn(u8) -> Register, Width::Double),
        (0b010, Register::X, Width::Word),
        (0b011, Register::X, Width::Double),
    ] {
        for word in words(opcode) {
            let number = (word >> 7 & 31) as u8;
            let access = decode(word).map(|inst| Access::of(&inst, inst.size()).expect("a load"));
            let kind = Kind::Load { rd: rd(number), signed: opcode != 0b001 };
            // Without a destination the integer forms are reserved.
            let expected =
                (number != 0 || opcode == 0b001).then_some(Access { kind, width, instruction_size: 2 });
            assert_eq!(access, expected, "{word:#06x}");
        }
    }
}
