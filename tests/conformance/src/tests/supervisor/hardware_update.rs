//! A and D bits on harts without Svadu: a page fault asks software for them, or the hart sets them.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;

/// Whether the hart sets A and D itself when no configuration asks for it.
fn sets_them(p: &Program) -> bool {
    !p.cpu().has(Ext::Svadu) && p.cpu().updates_ad
}

conformance_tests! {
    /// A load from a page with A clear, and a store to one with D clear.
    a_and_d_by_choice
    [rules "svade_access_ad_bit_clear"]
    [cpus "ad=hardware" "svadu=off" "ad=hardware,tlb=none"]
    |p| {
        let (s, page) = (p.s_stage(&SV39), p.page());
        let leaf = |letters| Pte::leaf(page, flags(letters)).0;
        let entry = p.map(s, SPARE, page, flags("rw"));
        let sets = sets_them(p);
        for (before, store, after) in
            [("rw", false, "rwa"), ("rwa", true, "rwad"), ("rw", true, "rwad"), ("rwd", false, "rwad")]
        {
            p.store(entry, leaf(before));
            p.sfence_vma(ZERO, ZERO);
            p.in_mode(Mode::HS, |p| {
                p.li(A0, SPARE);
                let exception = if store { Exception::StorePageFault } else { Exception::LoadPageFault };
                let access = |p: &mut Program| {
                    if store {
                        p.sd(A1, 0, A0);
                    } else {
                        p.ld(A1, 0, A0);
                    }
                };
                if sets {
                    access(p);
                } else {
                    p.expect_trap(trap(exception, Mode::M).tval(SPARE), access);
                }
            });
            p.check_memory(entry, leaf(if sets { after } else { before }), "the entry");
        }
    }

    /// The same in both stages of a guest, each by itself.
    guest_a_and_d_by_choice
    [rules "svade_access_ad_bit_clear"]
    [needs H]
    [cpus "ad=hardware" "svadu=off"]
    |p| {
        let (vs, g, page) = (p.vs_stage(&SV39), p.g_stage(&SV39X4), p.page());
        let gpa = SPARE + 0x7000;
        let vs_entry = p.map(vs, SPARE, gpa, flags("rwad"));
        let g_entry = p.map(g, gpa, page, flags("rwuad"));
        let sets = sets_them(p);
        let vs_leaf = |letters| Pte::leaf(gpa, flags(letters)).0;
        let g_leaf = |letters| Pte::leaf(page, flags(letters)).0;
        for (vs, g, exception) in [
            ("rw", "rwuad", Exception::StorePageFault),
            ("rwad", "rwu", Exception::StoreGuestPageFault),
            ("rwa", "rwua", Exception::StorePageFault),
        ] {
            p.store(vs_entry, vs_leaf(vs));
            p.store(g_entry, g_leaf(g));
            p.hfence_vvma(ZERO, ZERO).hfence_gvma(ZERO, ZERO);
            p.in_mode(Mode::VS, |p| {
                p.li(A0, SPARE);
                if sets {
                    p.sd(A1, 0, A0);
                } else {
                    p.expect_trap(trap(exception, Mode::M).tval(SPARE), |p| {
                        p.sd(A1, 0, A0);
                    });
                }
            });
            let (vs, g) = if sets { ("rwad", "rwuad") } else { (vs, g) };
            p.check_memory(vs_entry, vs_leaf(vs), "the entry of the VS stage");
            p.check_memory(g_entry, g_leaf(g), "the entry of the G stage");
        }
    }
}
