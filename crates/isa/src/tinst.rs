//! What the hardware says of a trapping instruction in `mtinst` and `htinst`, and how to read it.
//!
//! Privileged ISA, "Transformed Instruction or Pseudoinstruction for `mtinst` or `htinst`".

use crate::format::Format;
use crate::{Inst, decode};

/// A 32-bit read for VS-stage address translation.
pub const READ_RV32: u64 = 0x2000;
/// A 32-bit write for VS-stage address translation: an update of A and D.
pub const WRITE_RV32: u64 = 0x2020;
/// A 64-bit read for VS-stage address translation.
pub const READ_RV64: u64 = 0x3000;
/// A 64-bit write for VS-stage address translation: an update of A and D.
pub const WRITE_RV64: u64 = 0x3020;

/// What a value of `mtinst` or `htinst` says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tinst {
    /// Nothing; also values that no standard defines, which software may take for zero.
    Zero,
    /// The fault was of an implicit access for VS-stage address translation.
    Pseudo {
        /// Whether it was an update of A and D.
        write: bool,
        /// The size of the access in bytes: 4 or 8.
        size: u64,
    },
    /// The instruction is not a standard one.
    Custom,
    /// The instruction that trapped, a load, store or atomic.
    Transformed {
        /// The instruction in its 32-bit form, with `rs1` and `imm` zero.
        inst: Inst,
        /// The size in bytes of the instruction that trapped: 2 or 4.
        size: u64,
        /// The faulting address minus the address that the instruction named; of a misaligned access.
        address_offset: u64,
    },
}

/// The transformation of `inst`, or 0 where the standard defines none.
///
/// `address_offset` is the faulting virtual address minus the virtual address that the instruction
/// named; it can be nonzero only for a misaligned access.
pub fn transform(inst: &Inst, address_offset: u64) -> u64 {
    if !is_transformed(inst.op.long().row().format) {
        return 0;
    }
    let long = Inst { rs1: (address_offset & 0x1f) as u8, imm: 0, ..inst.expand() };
    let compressed_bit = if inst.size() == 2 { 2 } else { 0 };
    u64::from(long.encode() & !compressed_bit)
}

impl Tinst {
    /// Reads a value of `mtinst` or `htinst`.
    pub fn from_bits(value: u64) -> Tinst {
        match value {
            READ_RV32 => return Tinst::Pseudo { write: false, size: 4 },
            WRITE_RV32 => return Tinst::Pseudo { write: true, size: 4 },
            READ_RV64 => return Tinst::Pseudo { write: false, size: 8 },
            WRITE_RV64 => return Tinst::Pseudo { write: true, size: 8 },
            _ => {}
        }
        let Ok(word) = u32::try_from(value) else {
            return Tinst::Zero;
        };
        if word & 1 == 0 {
            return Tinst::Zero;
        }
        if is_custom(word) {
            return Tinst::Custom;
        }
        match decode(word | 2) {
            Some(inst) if is_transformed(inst.op.row().format) => Tinst::Transformed {
                // Bits of the immediate may be put to use one day and are to be ignored until then.
                inst: Inst { rs1: 0, imm: 0, ..inst }.expand(),
                size: if word & 2 == 0 { 2 } else { 4 },
                address_offset: inst.rs1.into(),
            },
            _ => Tinst::Zero,
        }
    }
}

/// Whether instructions of a 32-bit format have a transformation: those that access memory. That of
/// cache-block instructions is in "Cache Management Operations (CMOs)".
const fn is_transformed(format: Format) -> bool {
    matches!(
        format,
        Format::Load
            | Format::FLoad
            | Format::Store
            | Format::FStore
            | Format::Amo
            | Format::AmoPair
            | Format::Cbo
            | Format::Lr
            | Format::HLoad
            | Format::HStore
    )
}

/// Whether the major opcode is custom-0, custom-1, custom-2 or custom-3.
const fn is_custom(word: u32) -> bool {
    matches!(word >> 2 & 0x1f, 0b00010 | 0b01010 | 0b10110 | 0b11110)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The transformation of the instruction word `word`.
    fn transformed(word: u32, address_offset: u64) -> u64 {
        transform(&decode(word).expect("a valid instruction"), address_offset)
    }

    #[test]
    fn loads_and_stores_lose_address_and_immediate() {
        assert_eq!(transformed(0x0085_3583, 0), 0x0000_3583, "ld a1,8(a0)");
        assert_eq!(transformed(0xff85_3587, 0), 0x0000_3587, "fld fa1,-8(a0)");
        assert_eq!(transformed(0xfeb5_3c23, 0), 0x00b0_3023, "sd a1,-8(a0)");
        assert_eq!(transformed(0xfeb5_3c27, 0), 0x00b0_3027, "fsd fa1,-8(a0)");
        assert_eq!(transformed(0xff85_1587, 0), 0x0000_1587, "flh fa1,-8(a0)");
        assert_eq!(transformed(0xfeb5_1c27, 0), 0x00b0_1027, "fsh fa1,-8(a0)");
    }

    #[test]
    fn the_address_offset_takes_the_place_of_rs1() {
        assert_eq!(transformed(0x0085_3583, 5), 0x0002_b583, "ld a1,8(a0)");
        assert_eq!(transformed(0xfeb5_3c23, 7), 0x00b3_b023, "sd a1,-8(a0)");
    }

    #[test]
    fn atomics_and_guest_accesses_keep_all_other_fields() {
        assert_eq!(transformed(0x06b5_362f, 0), 0x06b0_362f, "amoadd.d.aqrl a2,a1,(a0)");
        assert_eq!(transformed(0x1405_262f, 0), 0x1400_262f, "lr.w.aq a2,(a0)");
        assert_eq!(transformed(0x1ab5_362f, 0), 0x1ab0_362f, "sc.d.rl a2,a1,(a0)");
        assert_eq!(transformed(0x2cc5_452f, 0), 0x2cc0_452f, "amocas.q.aq a0,a2,(a0)");
        assert_eq!(transformed(0x00c5_052f, 0), 0x00c0_052f, "amoadd.b a0,a2,(a0)");
        assert_eq!(transformed(0x6c05_45f3, 3), 0x6c01_c5f3, "hlv.d a1,(a0)");
        assert_eq!(transformed(0x6835_45f3, 2), 0x6831_45f3, "hlvx.wu a1,(a0)");
        assert_eq!(transformed(0x6eb5_4073, 0), 0x6eb0_4073, "hsv.d a1,(a0)");
    }

    #[test]
    fn cache_block_instructions_keep_their_operation() {
        assert_eq!(transformed(0x0005_200f, 0), 0x0000_200f, "cbo.inval (a0)");
        assert_eq!(transformed(0x0015_200f, 0), 0x0010_200f, "cbo.clean (a0)");
        assert_eq!(transformed(0x0025_200f, 0), 0x0020_200f, "cbo.flush (a0)");
        assert_eq!(transformed(0x0045_200f, 0), 0x0040_200f, "cbo.zero (a0)");
        assert_eq!(transformed(0x0215_6013, 0), 0, "prefetch.r 32(a0)");
    }

    #[test]
    fn compressed_instructions_are_expanded_and_marked() {
        assert_eq!(transformed(0x650c, 0), 0x0000_3581, "c.ld a1,8(a0)");
        assert_eq!(transformed(0x65a2, 1), 0x0000_b581, "c.ldsp a1,8(sp)");
        assert_eq!(transformed(0xe50c, 0), 0x00b0_3021, "c.sd a1,8(a0)");
        assert_eq!(transformed(0xc02e, 0), 0x00b0_2021, "c.swsp a1,0(sp)");
    }

    #[test]
    fn other_instructions_give_zero() {
        for word in [0x0000_0073, 0x0000_000f, 0x0020_81b3, 0x3020_0073, 0x8082, 0x6205_0073] {
            assert_eq!(transformed(word, 0), 0);
        }
    }

    #[test]
    fn reading_undoes_transforming() {
        for word in [0x0085_3583, 0xfeb5_3c27, 0x06b5_362f, 0x2cc5_452f, 0x6eb5_4073, 0x650c, 0xc02e, 0x8504]
        {
            let inst = decode(word).expect("a valid instruction");
            let Tinst::Transformed { inst: read, size, address_offset } =
                Tinst::from_bits(transform(&inst, 3))
            else {
                panic!("{word:#x} must be transformed");
            };
            assert_eq!((read.op, read.rd, read.rs2, read.rm), (inst.op.long(), inst.rd, inst.rs2, inst.rm));
            assert_eq!((read.rs1, read.imm, size, address_offset), (0, 0, inst.size(), 3));
        }
    }

    #[test]
    fn pseudoinstructions_and_custom_values_are_told_apart() {
        assert_eq!(Tinst::from_bits(READ_RV32), Tinst::Pseudo { write: false, size: 4 });
        assert_eq!(Tinst::from_bits(WRITE_RV32), Tinst::Pseudo { write: true, size: 4 });
        assert_eq!(Tinst::from_bits(READ_RV64), Tinst::Pseudo { write: false, size: 8 });
        assert_eq!(Tinst::from_bits(WRITE_RV64), Tinst::Pseudo { write: true, size: 8 });
        assert_eq!(Tinst::from_bits(0x0b), Tinst::Custom);
        assert_eq!(Tinst::from_bits(0x79), Tinst::Custom, "of 16 bits");
    }

    #[test]
    fn undefined_values_count_as_zero() {
        for value in [0, 0x3002, 0x3040, 0x0020_81b3, 0x7f, 1 << 32 | 0x3583, u64::MAX] {
            assert_eq!(Tinst::from_bits(value), Tinst::Zero, "{value:#x}");
        }
    }

    #[test]
    fn immediate_bits_of_a_load_are_ignored() {
        let Tinst::Transformed { inst, .. } = Tinst::from_bits(0x0080_3583) else {
            panic!("a load");
        };
        assert_eq!((inst.imm, inst.bits), (0, 0x3583));
    }
}
