//! Faults in what `mtinst` and `htinst` say.

use super::super::fault::{Fault, faults};

pub(super) const FAULTS: &[&[Fault]] = &[
    faults! { "crates/isa/src/tinst.rs":
        every_instruction_is_transformed [11] "if «!is_transformed(inst.op.long().row().format)» {" => "false"
            equivalent "only instructions that access memory are asked about";
        nothing_is_transformed [10] "if «!is_transformed(inst.op.long().row().format)» {" => "true";
        the_offset_is_missing [10] "rs1: «(address_offset & 0x1f) as u8»," => "0";
        rs1_stays [10] "rs1: «(address_offset & 0x1f) as u8»," => "inst.expand().rs1";
        the_immediate_stays [10] "imm: «0», ..inst.expand()" => "inst.expand().imm";
        compressed_is_not_marked [10] "let compressed_bit = «if inst.size() == 2 { 2 } else { 0 }»;" => "0";
        every_instruction_is_marked_compressed [10] "let compressed_bit = «if inst.size() == 2 { 2 } else { 0 }»;" => "2";
    },
    faults! { "crates/iss/src/mmu/mod.rs":
        implicit_reads_show_the_instruction [9] "Some(false) => «tinst::READ_RV64»," => "transformed";
        implicit_reads_are_32_bit [9] "Some(false) => «tinst::READ_RV64»," => "tinst::READ_RV32";
        implicit_reads_are_writes [9] "Some(false) => «tinst::READ_RV64»," => "tinst::WRITE_RV64";
        implicit_writes_are_reads [9] "Some(true) => «tinst::WRITE_RV64»," => "tinst::READ_RV64";
        page_faults_have_no_tinst [10] "Fault::Page => (by_kind(InstPageFault, LoadPageFault, StorePageFault), 0, «transformed»)," => "0";
        access_faults_have_no_tinst [10] "Fault::Access => (by_kind(InstAccessFault, LoadAccessFault, StoreAccessFault), 0, «transformed»)," => "0";
    },
    faults! { "crates/iss/src/mmu/access.rs":
        tinst_without_offset [10 44] "tinst::transform(i, «offset»)" => "0";
        tval_without_offset [44] "fault.trap(access, «va», tinst" => "va.wrapping_sub(offset)";
    },
];
