//! Page tables in main memory.

use crate::prelude::*;

conformance_tests! {
    /// The tables of a translation may lie anywhere in main memory: at each of some addresses far apart, a table
    /// of each level is read.
    page_tables_anywhere_in_main_memory
    [rules "ssccptr_memory_pte_reads"]
    [needs Ssccptr]
    [cpus "satp=sv39"]
    |p| {
        for scheme in p.schemes(csr::satp::NUMBER) {
            let s = p.s_stage(scheme);
            let page = p.page();
            p.put(page, 0x5cc);
            for step in 0..6 {
                let table = p.pages(0x1000, 1 << (12 + 2 * step));
                let va = SPARE + (step << 21);
                p.put_pte(s, va, 1, Pte::pointer(table));
                p.put(table + 8 * scheme.index(va, 0), Pte::leaf(page, flags("rad")).0);
                p.in_mode(Mode::HS, |p| {
                    p.li(A0, va).ld(A1, 0, A0);
                    p.check_eq(A1, 0x5cc, &format!("by a table at {table:#x}"));
                });
            }
        }
    }
}
