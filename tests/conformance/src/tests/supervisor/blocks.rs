//! senvcfg and the cache-block instructions of U-mode.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;
use csr::senvcfg::{CBCFE, CBIE, CBZE};

/// In `mode`: each of the instructions works, or is illegal.
fn try_all(p: &mut Program, mode: Mode, page: u64, [inval, clean, zero]: [bool; 3]) {
    p.in_mode(mode, |p| {
        p.li(A0, page + 0x48);
        let mut attempt = |works: bool, body: &dyn Fn(&mut Program)| {
            if works {
                body(p);
            } else {
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), body);
            }
        };
        attempt(inval, &|p| {
            p.cbo_inval(A0);
        });
        attempt(clean, &|p| {
            p.cbo_clean(A0);
        });
        attempt(clean, &|p| {
            p.cbo_flush(A0);
        });
        attempt(zero, &|p| {
            p.cbo_zero(A0);
        });
    });
}

conformance_tests! {
    /// U-mode may execute a cache-block instruction where menvcfg and senvcfg both allow it; S-mode where menvcfg
    /// does.
    senvcfg_and_cache_blocks
    [rules "senvcfg_cbze" "senvcfg_cbcfe" "senvcfg_cbie" "menvcfg_cbze_op" "menvcfg_cbcfe_op" "menvcfg_cbie_op"]
    [cases 77]
    [needs Zicbom Zicboz]
    |p| {
        let page = p.page();
        for m in
            [0, CBIE.of(1), CBIE.of(3), CBCFE.mask(), CBZE.mask(), CBIE.of(3) | CBCFE.mask() | CBZE.mask()]
        {
            p.write_csr(csr::menvcfg::NUMBER, m);
            for s in [0, CBIE.of(1), CBIE.of(3), CBCFE.mask(), CBZE.mask()] {
                p.write_csr(csr::senvcfg::NUMBER, s);
                let allowed = |bits: u64| [CBIE, CBCFE, CBZE].map(|field| bits & field.mask() != 0);
                let both = std::array::from_fn(|i| allowed(m)[i] && allowed(s)[i]);
                try_all(p, Mode::HS, page, allowed(m));
                try_all(p, Mode::U, page, both);
            }
        }
        p.write_csr(csr::menvcfg::NUMBER, 0);
        p.write_csr(csr::senvcfg::NUMBER, 0);
    }

    /// CBIE of senvcfg and menvcfg holds 0, 1 and 3, not the reserved 2; without Zicbom and Zicboz the fields are zero.
    senvcfg_fields_for_cache_blocks
    [rules "SENVCFG_CBIE_WARL" "MENVCFG_CBIE_WARL" "senvcfg_cbie" "senvcfg_cbze" "senvcfg_cbcfe"]
    [cpus "zicbom=off" "zicboz=off"]
    |p| {
        let (bom, boz) = (p.cpu().has(Ext::Zicbom), p.cpu().has(Ext::Zicboz));
        for number in [csr::senvcfg::NUMBER, csr::menvcfg::NUMBER] {
            for value in [0, 1, 3] {
                p.set_field(number, CBIE, value);
                p.check_csr_bits(number, CBIE.mask(), if bom { CBIE.of(value) } else { 0 }, "CBIE");
            }
            p.write_csr(number, CBIE.of(2));
            p.csrr(A0, number).li(A1, CBIE.mask()).and(A0, A0, A1);
            p.check_ne(A0, CBIE.of(2), "CBIE, whose value 2 is reserved");
            p.write_csr(number, 0);
        }
        p.write_csr(csr::senvcfg::NUMBER, CBCFE.mask() | CBZE.mask());
        p.check_csr_bits(csr::senvcfg::NUMBER, CBCFE.mask(), if bom { CBCFE.mask() } else { 0 }, "CBCFE");
        p.check_csr_bits(csr::senvcfg::NUMBER, CBZE.mask(), if boz { CBZE.mask() } else { 0 }, "CBZE");
        p.write_csr(csr::senvcfg::NUMBER, 0);
    }

    /// CBO.INVAL of U-mode must flush where menvcfg's CBIE or senvcfg's says so: what was stored stays.
    inval_flushes_where_s_mode_says
    [rules "cbo-inval_s-mode_op" "menvcfg_cbie_cbo-inval_op"]
    [needs Zicbom]
    |p| {
        let page = p.page();
        for (m, s) in [(1, 1), (1, 3), (3, 1)] {
            p.write_csr(csr::menvcfg::NUMBER, CBIE.of(m));
            p.write_csr(csr::senvcfg::NUMBER, CBIE.of(s));
            p.in_mode(Mode::U, |p| {
                p.li(A0, page).li(A1, 16 * m + s).sd(A1, 0, A0).cbo_inval(A0).ld(A2, 0, A0);
                p.check_eq(A2, 16 * m + s, "what was stored before the flush");
            });
        }
        p.write_csr(csr::menvcfg::NUMBER, 0);
        p.write_csr(csr::senvcfg::NUMBER, 0);
    }
}
