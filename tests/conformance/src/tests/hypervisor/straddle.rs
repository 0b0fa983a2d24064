//! Accesses and instructions that straddle pages: which address, which offset, which guest page.

use isa::asm::Asm;

use super::guest::{FarTables, GPA, Guest, S_ALL, U_ALL, VA, set_spvp};
use crate::Program;
use crate::prelude::*;

/// The second page: virtual and guest physical addresses, which are not those after the first.
const VA_2: u64 = VA + PAGE_SIZE;
const GPA_2: u64 = SPARE + 0x0300_1000;

/// A guest with a second page after [`VA`]; returns it with where the second page's entries are.
fn two_pages(p: &mut Program) -> (Guest, u64, [u64; 2]) {
    let guest = Guest::new(p, S_ALL, U_ALL);
    let second = p.page();
    let entries = [p.map(guest.vs, VA_2, GPA_2, S_ALL), p.map(guest.g, GPA_2, second, U_ALL)];
    (guest, second, entries)
}

/// A misaligned access from `a0`: how many bytes, its transformation without the offset, itself.
type Row = (u64, bool, u64, fn(&mut Asm) -> &mut Asm);
const GUEST_ROWS: [Row; 8] = [
    (2, false, 0x1583, |p| p.lh(A1, 0, A0)),
    (4, false, 0x6583, |p| p.lwu(A1, 0, A0)),
    (8, false, 0x3583, |p| p.ld(A1, 0, A0)),
    (8, false, 0x3507, |p| p.fld(FA0, 0, A0)),
    (8, false, 0x3581, |p| p.c_ld(A1, 0, A0)),
    (2, true, 0x00b0_1023, |p| p.sh(A1, 0, A0)),
    (4, true, 0x00b0_2023, |p| p.sw(A1, 0, A0)),
    (8, true, 0x00b0_3021, |p| p.c_sd(A1, 0, A0)),
];
const HYPERVISOR_ROWS: [Row; 4] = [
    (2, false, 0x6430_45f3, |p| p.hlvx_hu(A1, A0)),
    (4, false, 0x6800_45f3, |p| p.hlv_w(A1, A0)),
    (8, false, 0x6c00_45f3, |p| p.hlv_d(A1, A0)),
    (8, true, 0x6eb0_4073, |p| p.hsv_d(A1, A0)),
];

/// All rows from every offset that makes them straddle fault as `fault` says, by store and offset.
fn straddling(p: &mut Program, fault: impl Fn(bool, u64) -> crate::Trap) {
    for (rows, mode) in [(&GUEST_ROWS[..], Mode::VS), (&HYPERVISOR_ROWS, Mode::HS)] {
        set_spvp(p, true);
        p.in_mode(mode, |p| {
            for (bytes, store, tinst, inst) in rows {
                for before in 1..*bytes {
                    p.li(A0, VA_2 - before);
                    p.expect_trap(fault(*store, before).tinst(tinst | before << 15), |p| {
                        inst(p);
                    });
                }
            }
        });
    }
}

/// The access faults in its first part: by `fault`, at the address itself and offset zero.
fn first_part(p: &mut Program, fault: impl Fn(bool, u64) -> crate::Trap) {
    p.in_mode(Mode::VS, |p| {
        for (bytes, store, tinst, inst) in GUEST_ROWS {
            let va = VA_2 - bytes / 2;
            p.li(A0, va);
            p.expect_trap(fault(store, va).tinst(tinst), |p| {
                inst(p);
            });
        }
    });
}

fn by_store(store: bool, load_fault: Exception, store_fault: Exception) -> crate::Trap {
    trap(if store { store_fault } else { load_fault }, Mode::M).gva(true)
}

fn guest_page_fault(store: bool) -> crate::Trap {
    by_store(store, Exception::LoadGuestPageFault, Exception::StoreGuestPageFault)
}

fn page_fault(store: bool) -> crate::Trap {
    by_store(store, Exception::LoadPageFault, Exception::StorePageFault)
}

conformance_tests! {
    /// The second page is missing in the G stage: the address is the page boundary, its guest physical
    /// address the second page's, and the offset says how many bytes lie before it.
    straddle_second_guest_page
    [rules "H_straddle" "H_tinst_addr_offset" "mtval2_trapval_other" "mtval2_htval_virtaddr"]
    [cases 44 10]
    [needs H Zicclsm]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let (_, _, [_, g_pte]) = two_pages(p);
        p.store(g_pte, 0);
        p.hfence_gvma(ZERO, ZERO);
        straddling(p, |store, _| guest_page_fault(store).tval(VA_2).gpa(GPA_2));
    }

    /// The second page is missing in the VS stage.
    straddle_second_page
    [rules "H_straddle" "H_tinst_addr_offset"]
    [cases 44]
    [needs H Zicclsm]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let (_, _, [vs_pte, _]) = two_pages(p);
        p.store(vs_pte, 0);
        p.hfence_vvma(ZERO, ZERO);
        straddling(p, |store, _| page_fault(store).tval(VA_2).tval2(0));
    }

    /// The first page is missing: the address is the access's own, and the offset zero.
    straddle_first_page
    [rules "H_straddle" "H_tinst_addr_offset" "mtval2_trapval_other"]
    [cases 44]
    [needs H Zicclsm]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let (guest, _, [vs_pte, g_pte]) = two_pages(p);
        guest.set_g(p, 0);
        first_part(p, |store, va| guest_page_fault(store).tval(va).gpa(GPA + va % PAGE_SIZE));
        // When both are missing, too.
        p.store(g_pte, 0);
        p.hfence_gvma(ZERO, ZERO);
        first_part(p, |store, va| guest_page_fault(store).tval(va).gpa(GPA + va % PAGE_SIZE));
        guest.set_vs(p, 0);
        first_part(p, |store, va| page_fault(store).tval(va));
        p.store(vs_pte, 0);
        p.hfence_vvma(ZERO, ZERO);
        first_part(p, |store, va| page_fault(store).tval(va));
    }

    /// The second page is found by a table that the G stage does not map: the table's entry, the
    /// boundary's address, and the pseudoinstruction.
    straddle_into_an_unmapped_table
    [rules "H_straddle" "mtval2_trapval_vstrans" "H_trap_xtinst_guestpage"]
    [cases 44 13]
    [needs H Zicclsm]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let far = FarTables::new(p, S_ALL);
        // The last page of one table of level 0, and the first of the next, which is not there.
        let (va, gpa) = (SPARE + 0x20_0000 - PAGE_SIZE, SPARE + 0x0400_0000);
        p.put(far.tables[1] + 0xff8, Pte::leaf(GPA, S_ALL).0);
        p.put(far.tables[0] + 8, Pte::pointer(gpa).0);
        // The first half of an instruction of four bytes.
        p.put(far.guest.page + 0xff8, 0x0613 << 48);
        p.in_mode(Mode::VS, |p| {
            p.li(A0, va + 0xffc);
            let fault = trap(Exception::LoadGuestPageFault, Mode::M).tval(va + 0x1000).gpa(gpa);
            p.expect_trap(fault.tinst(0x3000), |p| {
                p.ld(A1, 0, A0);
            });
            p.li(A0, va + 0xffe);
            let fault = trap(Exception::InstGuestPageFault, Mode::M).tval(va + 0x1000).gpa(gpa);
            p.expect_trap(fault.tinst(0x3000).epc(va + 0xffe), |p| {
                p.jr(A0);
            });
        });
    }

    /// An instruction of four bytes across pages: epc is the instruction, the address the boundary, the
    /// guest physical address the second page's.
    fetch_across_pages
    [rules "H_straddle" "mtval2_trapval_other" "H_trap_xtinst_val"]
    [cases 15]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let (guest, second, [vs_pte, g_pte]) = two_pages(p);
        // addi a2, zero, 0x123, and a return.
        let word: u64 = 0x1230_0613;
        p.put(guest.page + 0xff8, word << 48);
        p.put(second, 0x8082_0000 | word >> 16);
        p.in_mode(Mode::VS, |p| {
            p.li(A0, VA_2 - 2).jalr(RA, 0, A0);
            p.check_eq(A2, 0x123, "what the instruction across pages does");
        });
        let missing = |p: &mut Program, exception: Exception, gpa: Option<u64>| {
            p.in_mode(Mode::VS, |p| {
                p.li(A0, VA_2 - 2);
                let fault = trap(exception, Mode::M).tval(VA_2).epc(VA_2 - 2).tinst(0).gva(true);
                let fault = gpa.map_or(fault.clone(), |gpa| fault.gpa(gpa));
                p.expect_trap(fault, |p| {
                    p.jalr(RA, 0, A0);
                });
            });
        };
        for without in [0, flags("rwuad")] {
            p.store(g_pte, Pte::leaf(second, without).0);
            p.hfence_gvma(ZERO, ZERO);
            missing(p, Exception::InstGuestPageFault, Some(GPA_2));
        }
        p.store(vs_pte, Pte::leaf(GPA_2, flags("rwad")).0);
        p.hfence_vvma(ZERO, ZERO);
        missing(p, Exception::InstPageFault, None);
        p.store(vs_pte, Pte::leaf(GPA_2, S_ALL).0);
        p.store(g_pte, Pte::leaf(1 << 54, U_ALL).0);
        p.hfence_vvma(ZERO, ZERO).hfence_gvma(ZERO, ZERO);
        missing(p, Exception::InstAccessFault, None);
        // A 16-bit instruction at the end of the page does not straddle.
        p.store(guest.page + 0xff8, 0x8082 << 48);
        p.fence_i();
        p.in_mode(Mode::VS, |p| {
            p.li(A0, VA_2 - 2).jalr(RA, 0, A0);
        });
        // The first half missing, the address is the instruction's.
        guest.set_g(p, 0);
        p.in_mode(Mode::VS, |p| {
            p.li(A0, VA_2 - 2);
            let fault =
                trap(Exception::InstGuestPageFault, Mode::M).tval(VA_2 - 2).epc(VA_2 - 2).gpa(GPA + 0xffe);
            p.expect_trap(fault.tinst(0), |p| {
                p.jalr(RA, 0, A0);
            });
        });
    }
}
