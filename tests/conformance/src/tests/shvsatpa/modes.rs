//! The modes of vsatp that follow from those of satp.

use crate::prelude::*;

conformance_tests! {
    /// Each mode that satp takes is one of vsatp's, and translates there.
    vsatp_has_every_mode_of_satp
    [rules "shvsatpa_satp_vsatp_modes"]
    [needs H Shvsatpa]
    [cpus "satp=sv39,vsatp=sv39" "satp=sv48"]
    |p| {
        for scheme in p.schemes(csr::satp::NUMBER) {
            let s = p.s_stage(scheme);
            p.check_csr(csr::satp::NUMBER, s.atp(0), scheme.name);
            p.s_bare();
            let vs = p.vs_stage(scheme);
            p.check_csr(csr::vsatp::NUMBER, vs.atp(0), scheme.name);
            let page = p.page();
            p.put(page, scheme.levels.into());
            p.map(vs, SPARE, page, flags("rad"));
            p.in_mode(Mode::VS, |p| {
                p.li(A0, SPARE).ld(A1, 0, A0);
                p.check_eq(A1, scheme.levels.into(), scheme.name);
            });
        }
        p.check_write(csr::satp::NUMBER, 0, 0, "satp Bare");
        p.check_write(csr::vsatp::NUMBER, 0, 0, "vsatp Bare");
    }
}
