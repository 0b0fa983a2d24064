//! The modes of hgatp that follow from those of satp.

use isa::paging::{BARE, SCHEMES, Stage};

use crate::prelude::*;

conformance_tests! {
    /// For each mode that satp takes, hgatp takes the x4 form, and translates by it; and Bare.
    hgatp_has_every_mode_of_satp
    [rules "shgatpa_satp_hgatp_mode_support" "shgatpa_hgatp_bare_mode"]
    [needs H Shgatpa]
    [cpus "satp=sv39,hgatp=sv39x4,vsatp=sv39" "satp=sv48"]
    |p| {
        let guests = SCHEMES.iter().filter(|scheme| scheme.stage == Stage::Guest);
        for (single, guest) in p.schemes(csr::satp::NUMBER).into_iter().zip(guests) {
            assert_eq!(single.levels, guest.levels, "schemes are in order");
            let g = p.g_stage(guest);
            p.check_csr(csr::hgatp::NUMBER, g.atp(0), guest.name);
            let page = p.page();
            p.put(page, single.levels.into());
            p.map(g, SPARE, page, flags("ruad"));
            p.in_mode(Mode::VS, |p| {
                p.li(A0, SPARE).ld(A1, 0, A0);
                p.check_eq(A1, single.levels.into(), guest.name);
            });
        }
        p.check_write(csr::hgatp::NUMBER, csr::hgatp::MODE.of(BARE), 0, "hgatp Bare");
        p.hfence_gvma(ZERO, ZERO);
        let page = p.page();
        p.put(page, 0x99);
        p.in_mode(Mode::VS, |p| {
            p.li(A0, page).ld(A1, 0, A0);
            p.check_eq(A1, 0x99, "an address that no stage translates");
        });
    }
}
