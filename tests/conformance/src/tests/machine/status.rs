//! mstatus: which bits there are, and what a reset leaves in them.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;

conformance_tests! {
    /// Every field of mstatus that must be writable is, each on its own; the others read as zero, or as 2
    /// where they say that XLEN is 64.
    mstatus_bits
    [rules "mstatus_sz" "mstatus_acc" "mstatus_sie_rdonly0" "mstatus_spie_rdonly0"
        "mstatus_mprv_rdonly0_no_umode" "mstatus_mxr_rdonly0_no_smode" "mstatus_sum_rdonly0"
        "MSTATUS_TVM_WARL" "mstatus_tw_acc" "MSTATUS_TSR_WARL" "MSTATUS_TSR_ACC" "mstatus_xs_acc"
        "MSTATUS_VS_RDONLY0_S_NO_V" "MSTATUS_FS_WARL" "mstatus_fs_acc"]
    [cpus "h=off"]
    |p| {
        use csr::mstatus::{FS, NUMBER, SD};
        let (bits, fixed) = (single_bits(p), fixed());
        let all = bits | csr::mstatus::MPP.mask() | FS.mask();
        // MDT, where there is one, keeps MIE clear.
        let held = if p.cpu().has(Ext::Smdbltrp) { csr::mstatus::MIE.mask() } else { 0 };
        p.check_write(NUMBER, u64::MAX, all & !held | SD.mask() | fixed, "mstatus after writing ones");
        p.check_write(NUMBER, 0, fixed, "mstatus after writing zeros");
        for bit in (0..64).map(|n| 1 << n).filter(|bit| bit & (csr::mstatus::MPP.mask() | FS.mask()) == 0) {
            p.check_write(NUMBER, bit, bit & bits | fixed, "mstatus after writing one bit");
            p.write_csr(NUMBER, 0);
            p.set_csr(NUMBER, bit);
            p.check_csr(NUMBER, bit & bits | fixed, "mstatus after setting one bit");
            p.clear_csr(NUMBER, bit);
            p.check_csr(NUMBER, fixed, "mstatus after clearing it");
        }
        for fs in [0, 3] {
            let dirty = SD.of((fs == 3).into());
            p.check_write(NUMBER, FS.of(fs), FS.of(fs) | dirty | fixed, "mstatus.FS");
        }
    }

    /// MPP has two bits and holds U, S and M, and nothing else; SPP has one and holds U and S.
    previous_privilege_fields
    [rules "mstatus_xpp_enc" "mstatus_mpp_sz" "mstatus_spp_sz" "MSTATUS_XPP_WARL"]
    |p| {
        use csr::mstatus::{MPP, NUMBER, SPP};
        for mpp in [3, 0, 1, 3, 1, 0] {
            p.write_csr(NUMBER, MPP.of(mpp));
            p.check_csr_bits(NUMBER, MPP.mask(), MPP.of(mpp), "MPP");
            // There is no mode 2: the field keeps one of the others.
            p.write_csr(NUMBER, MPP.of(2));
            p.csrr(A0, NUMBER).srli(A0, A0, MPP.lo as i32).andi(A0, A0, 3);
            p.check_ne(A0, 2, "MPP after writing 2");
        }
        for spp in [1, 0] {
            p.write_csr(NUMBER, SPP.of(spp));
            p.check_csr_bits(NUMBER, SPP.mask() | MPP.mask(), SPP.of(spp), "SPP");
            p.check_csr_bits(csr::sstatus::NUMBER, SPP.mask(), SPP.of(spp), "SPP in sstatus");
            p.check_write(csr::sstatus::NUMBER, 0, csr::sstatus::UXL.of(2), "sstatus after writing zeros");
            p.check_csr_bits(NUMBER, SPP.mask(), 0, "SPP after writing sstatus");
        }
    }

    /// A reset clears MIE and MPRV and makes M-mode little-endian.
    mstatus_at_reset
    [rules "mstatus_mie_rst" "mstatus_mprv_rst" "mstatus_mbe_rst"]
    |p| {
        use csr::mstatus::{MBE, MIE, MPRV};
        let at = p.at_start(csr::mstatus::NUMBER);
        p.li(A0, at).ld(A0, 0, A0);
        p.check_bits(A0, MIE.mask() | MPRV.mask() | MBE.mask(), 0, "MIE, MPRV and MBE at the start");
    }

    /// MBE, SBE and UBE are read-only zeros: every access is little-endian, in every mode and in walks.
    accesses_are_little_endian
    [rules "MSTATUS_MBE_WARL" "MSTATUS_SBE_WARL" "MSTATUS_UBE_WARL" "mstatus_mbe_op" "mstatus_sbe_op"
        "mstatus_ube_op" "mstatus_sbe_implicit" "MSTATUS_SBE_ROCOPY" "MSTATUS_UBE_ROCOPY"]
    |p| {
        use csr::mstatus::{MBE, NUMBER, SBE, UBE};
        let big = MBE.mask() | SBE.mask() | UBE.mask();
        p.set_csr(NUMBER, big);
        p.check_csr_bits(NUMBER, big, 0, "MBE, SBE and UBE");
        p.set_csr(csr::sstatus::NUMBER, csr::sstatus::UBE.mask());
        p.check_csr_bits(NUMBER, big, 0, "UBE after setting it in sstatus");
        let s = p.s_stage(&SV39);
        let page = p.page();
        p.map(s, SPARE, page, flags("rwuad"));
        p.set_csr(NUMBER, csr::mstatus::SUM.mask());
        p.li(A0, page);
        little_endian(p);
        for mode in [Mode::HS, Mode::U] {
            p.in_mode(mode, |p| {
                p.li(A0, SPARE);
                little_endian(p);
            });
        }
        // The walk reads an entry that is written byte by byte.
        let entry = p.put_pte(s, SPARE + PAGE_SIZE, 0, Pte(0));
        p.li(A0, entry);
        for (n, byte) in Pte::leaf(page, flags("rwad")).0.to_le_bytes().into_iter().enumerate() {
            p.li(A1, byte.into()).sb(A1, n as i32, A0);
        }
        p.sfence_vma(ZERO, ZERO);
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE + PAGE_SIZE).lbu(A1, 0, A0);
            p.check_eq(A1, 0x08, "the byte at the lowest address");
        });
    }
}

/// The fields of one bit that can be written.
fn single_bits(p: &Program) -> u64 {
    use csr::mstatus::{GVA, MDT, MIE, MPIE, MPRV, MPV, MXR, SIE, SPIE, SPP, SUM, TSR, TVM, TW};
    let hypervisor = if p.cpu().has(Ext::H) { vec![GVA, MPV] } else { vec![] };
    let double_trap = p.cpu().has(Ext::Smdbltrp).then_some(MDT);
    let fields = [SIE, MIE, SPIE, MPIE, SPP, MPRV, SUM, MXR, TVM, TW, TSR];
    fields.into_iter().chain(hypervisor).chain(double_trap).fold(0, |bits, field| bits | field.mask())
}

/// SXL and UXL, which say that XLEN is 64.
fn fixed() -> u64 {
    csr::mstatus::SXL.of(2) | csr::mstatus::UXL.of(2)
}

/// Checks that a doubleword stored where `a0` points has its low byte first.
fn little_endian(p: &mut Program) {
    p.li(A1, 0x0102_0304_0506_0708).sd(A1, 0, A0);
    p.lbu(A2, 0, A0).lhu(A3, 2, A0).lwu(A4, 4, A0);
    p.check_eq(A2, 0x08, "the byte at the lowest address");
    p.check_eq(A3, 0x0506, "a halfword");
    p.check_eq(A4, 0x0102_0304, "a word");
    p.ld(A2, 0, A0);
    p.check_eq(A2, 0x0102_0304_0506_0708, "the doubleword");
}
