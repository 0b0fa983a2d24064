//! The PMM fields: their values, and where they are read-only zeros.

use isa::ext::Ext;

use super::tagged::{GUEST, GUEST_USER, MACHINE, SUPERVISOR, USER};
use crate::prelude::*;

conformance_tests! {
    /// PMM takes the values for PMLEN 0, 7 and 16 in any order, and from a write of the reserved one it takes
    /// one of these.
    pmm_takes_legal_values
    [rules "pmlen_supported_values" "pmlen_future_reserved" "pmlen_illegal_warl" "pmlen_mode_depend" "menvcfg_pmm_enc" "mseccfg_pmm_enc" "MENVCFG_PMM_WARL" "MSECCFG_PMM_WARL"]
    [needs H Smmpm Smnpm Ssnpm]
    |p| {
        for (number, field) in [MACHINE, SUPERVISOR, USER, GUEST, GUEST_USER] {
            for value in [2, 3, 0, 3, 2, 0] {
                p.set_field(number, field, value);
                p.check_csr_bits(number, field.mask(), field.of(value), "PMM");
                p.csrr(A0, number).li(A1, field.mask()).xori(A2, A1, -1).and(A2, A0, A2);
                p.li(A3, field.of(1)).or(A2, A2, A3).csrw(number, A2);
                p.csrr(A2, number).and(A2, A2, A1);
                p.check_ne(A2, field.of(1), "PMM after writing the reserved value");
            }
        }
    }

    /// Where the extension is missing, its PMM fields are read-only zeros.
    pmm_is_zero_without_its_extension
    [rules "menvcfg_pmm_rdonly0" "mseccfg_pmm_rdonly0" "henvcfg_pmm_op" "senvcfg_pmm_Ssnpm" "pmlen_illegal_warl"]
    [needs H]
    [cpus "smmpm=off" "smnpm=off" "ssnpm=off" "ssnpm=off,smnpm=off"]
    |p| {
        for ((number, field), ext) in [
            (MACHINE, Ext::Smmpm),
            (SUPERVISOR, Ext::Smnpm),
            (USER, Ext::Ssnpm),
            (GUEST, Ext::Ssnpm),
            (GUEST_USER, Ext::Ssnpm),
        ] {
            let is_mseccfg = number == csr::mseccfg::NUMBER;
            let has = |ext| p.cpu().has(ext);
            if is_mseccfg && !(has(Ext::Smmpm) || has(Ext::Zkr) || has(Ext::Smepmp)) {
                continue;
            }
            let there = if has(ext) { field.mask() } else { 0 };
            p.set_csr(number, field.mask());
            p.check_csr_bits(number, field.mask(), there, "PMM after writing ones");
            p.clear_csr(number, field.mask());
        }
    }
}
