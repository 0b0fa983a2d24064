//! menvcfg and mseccfg: which fields there are, and what PBMTE, ADUE and FIOM do.

use isa::ext::Ext;
use isa::field::Field;

use crate::Program;
use crate::prelude::*;
use csr::menvcfg::{ADUE, CBCFE, CBIE, CBZE, CDE, FIOM, PBMTE, STCE};

/// Whether the field of menvcfg is writable as its extension wants: written with ones and with zeros.
fn field_follows(p: &mut Program, field: Field, ext: Ext) {
    let there = if p.cpu().has(ext) { field.mask() } else { 0 };
    p.set_csr(csr::menvcfg::NUMBER, field.mask());
    p.check_csr_bits(csr::menvcfg::NUMBER, field.mask(), there, "the field after setting");
    p.clear_csr(csr::menvcfg::NUMBER, field.mask());
    p.check_csr_bits(csr::menvcfg::NUMBER, field.mask(), 0, "the field after clearing");
}

conformance_tests! {
    /// Each field of menvcfg is writable where its extension is, and else read-only zero; so are all others.
    m_menvcfg_fields
    [rules "menvcfg_sz" "menvcfg_acc" "menvcfg_enc" "menvcfg_op" "menvcfg_pbmte_rdonly0" "menvcfg_adue_rdonly0"
        "menvcfg_cde_rdonly0" "menvcfg_stce_rdonly0" "menvcfg_cbze_rdonly0" "menvcfg_cbcfe_rdonly0"
        "menvcfg_cbie_rdonly0" "MENVCFG_FIOM_RDONLY0_OK"]
    [cpus "svpbmt=off" "svadu=off" "sstc=off" "zicboz=off" "zicbom=off" "svpbmt=off,svadu=off,sstc=off,zicboz=off,zicbom=off"]
    |p| {
        for (field, ext) in [
            (PBMTE, Ext::Svpbmt),
            (ADUE, Ext::Svadu),
            (STCE, Ext::Sstc),
            (CBZE, Ext::Zicboz),
            (CBCFE, Ext::Zicbom),
            (CBIE, Ext::Zicbom),
            (FIOM, Ext::U),
        ] {
            field_follows(p, field, ext);
        }
        p.write_csr(csr::menvcfg::NUMBER, !CBIE.mask());
        let reserved = CDE.mask() | 0xe | 0xff_ff00;
        p.check_csr_bits(csr::menvcfg::NUMBER, reserved, 0, "reserved bits, and CDE");
        p.write_csr(csr::menvcfg::NUMBER, 0);
        for mode in [Mode::HS, Mode::U] {
            p.in_mode(mode, |p| {
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                    p.csrr(A0, csr::menvcfg::NUMBER);
                });
            });
        }
    }

    /// PBMTE and ADUE govern S-mode's page tables, after a fence.
    m_pbmte_and_adue
    [rules "menvcfg_pbmte_op" "menvcfg_pbmte_fence" "menvcfg_adue_op" "menvcfg_adue_fence"]
    [cases 110]
    [needs Svpbmt Svadu]
    [cpus "tlb=sticky"]
    |p| {
        let s = p.s_stage(&SV39);
        let page = p.page();
        p.put(page, 0x42);
        let entry = p.map(s, SPARE, page, flags("rw"));
        for (field, kind, letters) in [(PBMTE, 2, "rwad"), (ADUE, 0, "rw")] {
            for enabled in [0, 1, 0] {
                p.set_field(csr::menvcfg::NUMBER, field, enabled);
                p.store(entry, Pte::leaf(page, flags(letters)).0 | Pte::PBMT.of(kind));
                p.sfence_vma(ZERO, ZERO);
                p.in_mode(Mode::HS, |p| {
                    p.li(A0, SPARE);
                    if enabled == 1 {
                        p.ld(A1, 0, A0);
                        p.check_eq(A1, 0x42, "the page");
                    } else {
                        p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(SPARE), |p| {
                            p.ld(A1, 0, A0);
                        });
                    }
                });
            }
        }
    }

    /// With FIOM, fences for devices order memory too in S- and U-mode, and atomics with aq or rl do; none traps.
    m_fiom
    [rules "menvcfg_fiom_fence_op" "menvcfg_fiom_atomic_op" "menvcfg_fiom_fence_presuc_op"]
    |p| {
        let page = p.page();
        for fiom in [0, 1] {
            p.write_csr(csr::menvcfg::NUMBER, fiom);
            for mode in [Mode::HS, Mode::U] {
                p.in_mode(mode, |p| {
                    p.li(A0, page);
                    for (i, (before, after)) in
                        [(8, 4), (4, 8), (8, 8), (4, 4), (12, 12)].into_iter().enumerate()
                    {
                        let value = 16 * fiom + i as u64;
                        p.li(A1, value).sd(A1, 0, A0).fence(before, after).ld(A2, 0, A0);
                        p.check_eq(A2, value, "what was stored before the fence");
                    }
                    p.li(A1, 5).amoswap_d(A3, A1, A0, Order::AqRl).ld(A2, 0, A0);
                    p.check_eq(A2, 5, "what the atomic has stored");
                });
            }
        }
        p.write_csr(csr::menvcfg::NUMBER, 0);
    }

    /// mseccfg has the fields of its extensions, and nothing else.
    m_mseccfg_fields
    [rules "mseccfg_sz" "mseccfg_acc" "mseccfg_enc" "mseccfg_presence"]
    [needs Smepmp]
    |p| {
        p.csrr(A0, csr::mseccfg::NUMBER);
        p.check_bits(A0, !(0x307 | 3 << 32), 0, "reserved bits of mseccfg");
        for mode in [Mode::HS, Mode::U] {
            p.in_mode(mode, |p| {
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                    p.csrr(A0, csr::mseccfg::NUMBER);
                });
            });
        }
    }
}
