//! Who may execute cache-block instructions.

use isa::field::Field;
use isa::mode::Privilege;

use super::operation::{CLEAN, FLUSH, INVAL, ZERO_BLOCK, permit};
use crate::Program;
use crate::prelude::*;

/// The modes in which `word` executes, for each combination of levels whose `field` is `value` and not zero.
fn table(p: &mut Program, word: u32, field: Field, value: u64) {
    let levels = [csr::menvcfg::NUMBER, csr::henvcfg::NUMBER, csr::senvcfg::NUMBER];
    let page = p.page();
    for enabled in 0..8 {
        permit(p);
        let [machine, hypervisor, supervisor] = [0, 1, 2].map(|level| enabled >> level & 1 == 1);
        for (number, on) in levels.into_iter().zip([machine, hypervisor, supervisor]) {
            p.set_field(number, field, if on { value } else { 0 });
        }
        p.li(A0, page).word(word);
        for mode in [Mode::HS, Mode::U, Mode::VS, Mode::VU] {
            let is_user = mode.privilege == Privilege::U;
            let refused = if !machine || !mode.virt && is_user && !supervisor {
                Some(Exception::IllegalInst)
            } else if mode.virt && !(hypervisor && (!is_user || supervisor)) {
                Some(Exception::VirtualInst)
            } else {
                None
            };
            p.in_mode(mode, |p| {
                p.li(A0, page);
                match refused {
                    None => drop(p.word(word)),
                    Some(exception) => p.expect_trap(trap(exception, Mode::M).tval_inst(), |p| {
                        p.word(word);
                    }),
                }
            });
        }
    }
}

conformance_tests! {
    /// CBIE of menvcfg, henvcfg and senvcfg decide where CBO.INVAL executes, as a flush or not, and what it raises elsewhere.
    cbo_inval_environment
    [rules "cbo-inval"]
    [cases 77]
    [needs Zicbom H]
    |p| {
        for value in [1, 3] {
            table(p, INVAL, csr::menvcfg::CBIE, value);
        }
    }

    /// CBCFE decides for CBO.CLEAN and CBO.FLUSH.
    cbo_clean_flush_environment
    [rules "cbo-clean_cbo-flush"]
    [cases 77]
    [needs Zicbom H]
    |p| {
        table(p, CLEAN, csr::menvcfg::CBCFE, 1);
        table(p, FLUSH, csr::menvcfg::CBCFE, 1);
    }

    /// CBZE decides for CBO.ZERO.
    cbo_zero_environment
    [rules "cbo-zero_basedon_xenvcfg-CBZE"]
    [cases 77]
    [needs Zicboz Zicbom H]
    |p| {
        table(p, ZERO_BLOCK, csr::menvcfg::CBZE, 1);
    }

    /// The fields of one level can be written whatever those of the others hold.
    cbo_fields_are_independent
    [rules "cbxe_unaffected"]
    [needs Zicbom Zicboz H]
    |p| {
        use csr::menvcfg::{CBCFE, CBIE, CBZE};
        let mask = CBIE.mask() | CBCFE.mask() | CBZE.mask();
        let numbers = [csr::menvcfg::NUMBER, csr::henvcfg::NUMBER, csr::senvcfg::NUMBER];
        for one in numbers {
            for others in [0, mask] {
                for number in numbers {
                    p.clear_csr(number, mask);
                    p.set_csr(number, others);
                }
                for value in [mask, 0, CBIE.of(1), CBIE.of(3), CBCFE.of(1), CBZE.of(1)] {
                    p.clear_csr(one, mask);
                    p.set_csr(one, value);
                    p.check_csr_bits(one, mask, value, "the fields as written");
                    for other in numbers.into_iter().filter(|other| *other != one) {
                        p.check_csr_bits(other, mask, others, "the fields of another level");
                    }
                }
            }
        }
    }
}
