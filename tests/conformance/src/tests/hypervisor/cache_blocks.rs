//! Cache-block instructions under menvcfg, henvcfg and senvcfg.

use isa::field::Field;

use crate::Program;
use crate::prelude::*;

conformance_tests! {
    /// CBO.ZERO is illegal below M-mode without CBZE of menvcfg and in U-mode without that of senvcfg; in a
    /// guest it is virtual without that of henvcfg and, in VU-mode, of senvcfg.
    cbo_zero_under_the_three_enables
    [rules "henvcfg_cbze" "henvcfg_op"]
    [cases 77]
    [needs H Zicboz]
    |p| {
        under_gates(
            p,
            csr::menvcfg::CBZE,
            &[1],
            &[|p| {
                p.cbo_zero(A0);
            }],
        );
        // Where it is allowed, it zeros the block, in a guest too.
        let page = p.page();
        p.put(page + 0x38, u64::MAX);
        p.put(page + 0x40, u64::MAX);
        for number in [csr::menvcfg::NUMBER, csr::henvcfg::NUMBER, csr::senvcfg::NUMBER] {
            p.write_csr(number, csr::menvcfg::CBZE.mask());
        }
        p.in_mode(Mode::VU, |p| {
            p.li(A0, page + 0x10).cbo_zero(A0);
        });
        p.check_memory(page + 0x38, 0, "the end of the block");
        p.check_memory(page + 0x40, u64::MAX, "the next block");
    }

    /// CBO.CLEAN and CBO.FLUSH are governed by CBCFE in the same way.
    cbo_clean_and_flush_under_the_three_enables
    [rules "henvcfg_cbcfe" "henvcfg_op"]
    [cases 77]
    [needs H Zicbom]
    |p| {
        under_gates(
            p,
            csr::menvcfg::CBCFE,
            &[1],
            &[
                |p| {
                    p.cbo_clean(A0);
                },
                |p| {
                    p.cbo_flush(A0);
                },
            ],
        );
    }

    /// CBO.INVAL is governed by CBIE in the same way, which allows it as 01 and as 11.
    cbo_inval_under_the_three_enables
    [rules "henvcfg_cbie" "cbo-inval_h-mode_veq1_op" "henvcfg_op"]
    [cases 77]
    [needs H Zicbom]
    |p| {
        under_gates(
            p,
            csr::menvcfg::CBIE,
            &[1, 3],
            &[|p| {
                p.cbo_inval(A0);
            }],
        );
    }

    /// CBO.INVAL that any level makes a flush loses nothing that was stored before.
    cbo_inval_that_flushes_keeps_what_was_stored
    [rules "cbo-inval_h-mode_op" "henvcfg_cbie"]
    [cases 77]
    [needs H Zicbom]
    |p| {
        let cbie = csr::menvcfg::CBIE;
        let page = p.page();
        // menvcfg, henvcfg, senvcfg: 1 says flush, 3 invalidate; senvcfg counts in VU-mode alone.
        for (m, h, s, modes) in [
            (1, 3, 3, [Mode::VS, Mode::VU]),
            (3, 1, 3, [Mode::VS, Mode::VU]),
            (1, 1, 1, [Mode::VS, Mode::VU]),
            (3, 3, 1, [Mode::VU, Mode::VU]),
        ] {
            p.write_csr(csr::menvcfg::NUMBER, cbie.of(m));
            p.write_csr(csr::henvcfg::NUMBER, cbie.of(h));
            p.write_csr(csr::senvcfg::NUMBER, cbie.of(s));
            for (value, mode) in (1..).zip(modes) {
                let value = value << 8 | m << 4 | h;
                p.in_mode(mode, |p| {
                    p.li(A0, page).li(A1, value).sd(A1, 0x20, A0).cbo_inval(A0).ld(A2, 0x20, A0);
                    p.check_eq(A2, value, "what was stored before the flush");
                });
                p.check_memory(page + 0x20, value, "what memory holds after the flush");
            }
        }
    }

    /// CBIE of henvcfg holds the three values that are not reserved.
    cbie_holds_what_is_not_reserved
    [rules "HENVCFG_CBIE_WARL" "henvcfg_cbie"]
    [needs H Zicbom]
    [cpus "zicboz=off"]
    |p| {
        let cbie = csr::henvcfg::CBIE;
        for value in [1, 3, 0] {
            p.check_write(csr::henvcfg::NUMBER, cbie.of(value), cbie.of(value), "CBIE");
        }
        p.set_field(csr::henvcfg::NUMBER, cbie, 2);
        p.csrr(A0, csr::henvcfg::NUMBER).srli(A0, A0, 4).andi(A0, A0, 3);
        p.check_ne(A0, 2, "the reserved value of CBIE");
    }
}

type Instruction = fn(&mut Program);

/// Runs the instructions in every mode, with the field off or at each of `values` in each of the three CSRs, and
/// the fields around it at the opposite.
fn under_gates(p: &mut Program, field: Field, values: &[u64], instructions: &[Instruction]) {
    let page = p.page();
    let others = csr::menvcfg::CBIE.mask() | csr::menvcfg::CBCFE.mask() | csr::menvcfg::CBZE.mask();
    for on in values {
        for gates in 0..8 {
            let gate = |n: u32| gates >> n & 1 == 1;
            let value = |n: u32| if gate(n) { field.of(*on) } else { others & !field.mask() };
            p.write_csr(csr::menvcfg::NUMBER, value(0));
            p.write_csr(csr::henvcfg::NUMBER, value(1));
            p.write_csr(csr::senvcfg::NUMBER, value(2));
            let rows = [
                (Mode::HS, true, Exception::IllegalInst),
                (Mode::U, gate(2), Exception::IllegalInst),
                (Mode::VS, gate(1), Exception::VirtualInst),
                (Mode::VU, gate(1) && gate(2), Exception::VirtualInst),
            ];
            p.li(A0, page);
            for instruction in instructions {
                instruction(p);
            }
            for (mode, allowed, otherwise) in rows {
                p.in_mode(mode, |p| {
                    p.li(A0, page);
                    for instruction in instructions {
                        match (gate(0), allowed) {
                            (true, true) => instruction(p),
                            (qualified, _) => {
                                let exception = if qualified { otherwise } else { Exception::IllegalInst };
                                p.expect_trap(trap(exception, Mode::M).tval_inst(), instruction);
                            }
                        }
                    }
                });
            }
        }
    }
}
