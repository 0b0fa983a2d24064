//! The guest physical address in htval and mtval2, for every kind of access.

use iss::variant::Misaligned;

use crate::Program;
use crate::prelude::*;

/// A page that the VS stage maps to [`HOLE`], which the G stage does not map; the page before it is mapped in both.
const VA: u64 = SPARE + 0x9000;
const HOLE: u64 = SPARE + 0x0123_4000;

/// A guest with the two pages; the tables of both stages.
fn guest(p: &mut Program) -> [crate::Table; 2] {
    let (vs, g, page) = (p.vs_stage(&SV39), p.g_stage(&SV39X4), p.page());
    p.map(vs, VA, HOLE, flags("rwxad"));
    p.map(vs, VA - 0x1000, SPARE, flags("rwxad"));
    p.map(g, SPARE, page, flags("rwxuad"));
    [vs, g]
}

fn delegate(p: &mut Program) {
    use Exception::{InstGuestPageFault, LoadGuestPageFault, StoreGuestPageFault};
    let faults = InstGuestPageFault.bit() | LoadGuestPageFault.bit() | StoreGuestPageFault.bit();
    p.write_csr(csr::medeleg::NUMBER, faults);
}

fn load_fault(gpa: u64, tval: u64) -> crate::Trap {
    trap(Exception::LoadGuestPageFault, Mode::HS).tval(tval).gpa(gpa).gva(true).any_tinst()
}

fn store_fault(gpa: u64, tval: u64) -> crate::Trap {
    trap(Exception::StoreGuestPageFault, Mode::HS).tval(tval).gpa(gpa).gva(true).any_tinst()
}

conformance_tests! {
    /// Each explicit access, and a fetch, reports the guest physical address that it would have reached.
    htval_of_explicit_accesses
    [rules "shtvala_htval_faulting_gpa"]
    [cases 13]
    [needs H Shtvala]
    [only |cpu| delegates(cpu, &[
        Exception::InstGuestPageFault, Exception::LoadGuestPageFault, Exception::StoreGuestPageFault,
    ])]
    [cpus "tinst=zero" "hgatp=sv39x4,satp=sv39,vsatp=sv39"]
    |p| {
        guest(p);
        delegate(p);
        let (va, gpa) = (VA + 0x7f8, HOLE + 0x7f8);
        p.in_mode(Mode::VS, |p| {
            p.li(A0, va);
            p.expect_trap(load_fault(gpa, va), |p| {
                p.ld(A1, 0, A0);
            });
            p.expect_trap(load_fault(gpa + 4, va + 4), |p| {
                p.lbu(A1, 4, A0);
            });
            p.expect_trap(load_fault(gpa, va), |p| {
                p.lr_w(A1, A0, Order::Plain);
            });
            p.expect_trap(store_fault(gpa, va), |p| {
                p.sd(A1, 0, A0);
            });
            p.expect_trap(store_fault(gpa, va), |p| {
                p.sc_d(A1, A2, A0, Order::Plain);
            });
            p.expect_trap(store_fault(gpa, va), |p| {
                p.amomax_d(A1, A2, A0, Order::Plain);
            });
            let fetch = trap(Exception::InstGuestPageFault, Mode::HS).tval(va).gpa(gpa).epc(va);
            p.expect_trap(fetch, |p| {
                p.jr(A0);
            });
        });
        p.set_field(csr::hstatus::NUMBER, csr::hstatus::SPVP, 1);
        p.in_mode(Mode::HS, |p| {
            p.li(A0, va);
            p.expect_trap(load_fault(gpa, va), |p| {
                p.hlv_d(A1, A0);
            });
            p.expect_trap(load_fault(gpa, va), |p| {
                p.hlvx_wu(A1, A0);
            });
            p.expect_trap(store_fault(gpa, va), |p| {
                p.hsv_w(A1, A0);
            });
        });
    }

    /// Without a VS stage the address is the guest's own.
    htval_without_a_vs_stage
    [rules "shtvala_htval_faulting_gpa"]
    [needs H Shtvala]
    [only |cpu| delegates(cpu, &[Exception::LoadGuestPageFault, Exception::StoreGuestPageFault])]
    |p| {
        p.g_stage(&SV39X4);
        delegate(p);
        p.in_mode(Mode::VS, |p| {
            p.li(A0, HOLE | 0x10);
            p.expect_trap(load_fault(HOLE | 0x10, HOLE | 0x10), |p| {
                p.lw(A1, 0, A0);
            });
            // Beyond what the G stage covers.
            p.li(A0, 1 << 41 | 0x20);
            p.expect_trap(store_fault(1 << 41 | 0x20, 1 << 41 | 0x20), |p| {
                p.sw(A1, 0, A0);
            });
        });
    }

    /// The second part of an access that crosses pages reports its own address.
    htval_of_the_second_part
    [rules "shtvala_htval_faulting_gpa"]
    [needs H Shtvala]
    [only |cpu| delegates(cpu, &[Exception::LoadGuestPageFault, Exception::StoreGuestPageFault])]
    |p| {
        guest(p);
        delegate(p);
        let done = p.cpu().misaligned == Misaligned::Hardware;
        p.in_mode(Mode::VS, |p| {
            if done {
                p.li(A0, VA - 4);
                p.expect_trap(load_fault(HOLE, VA), |p| {
                    p.ld(A1, 0, A0);
                });
                p.expect_trap(store_fault(HOLE, VA), |p| {
                    p.sd(A1, 0, A0);
                });
            }
        });
    }

    /// A page-table entry of the VS stage that cannot be read is reported by its own address, whatever the
    /// access was.
    htval_of_a_page_table_entry
    [rules "shtvala_htval_faulting_gpa"]
    [cases 13]
    [needs H Shtvala]
    [only |cpu| delegates(cpu, &[
        Exception::InstGuestPageFault, Exception::LoadGuestPageFault, Exception::StoreGuestPageFault,
    ])]
    [cpus "tinst=zero"]
    |p| {
        let [vs, _] = guest(p);
        let va = VA + (6 << 21);
        p.put_pte(vs, va, 1, Pte::pointer(HOLE));
        delegate(p);
        let entry = HOLE + 8 * SV39.index(va, 0);
        p.in_mode(Mode::VS, |p| {
            p.li(A0, va | 0x44);
            p.expect_trap(load_fault(entry, va | 0x44), |p| {
                p.lw(A1, 0, A0);
            });
            p.expect_trap(store_fault(entry, va | 0x44), |p| {
                p.sw(A1, 0, A0);
            });
            let fetch = trap(Exception::InstGuestPageFault, Mode::HS).tval(va | 0x44).gpa(entry);
            p.expect_trap(fetch.epc(va | 0x44).any_tinst(), |p| {
                p.jr(A0);
            });
        });
    }

    /// So is one whose A bit the hart would set but may not.
    htval_of_a_page_table_entry_that_cannot_be_updated
    [rules "shtvala_htval_faulting_gpa"]
    [cases 13]
    [needs H Shtvala Svadu]
    [only |cpu| delegates(cpu, &[Exception::LoadGuestPageFault, Exception::StoreGuestPageFault])]
    [cpus "tinst=zero"]
    |p| {
        let [vs, g] = guest(p);
        let adue = csr::menvcfg::ADUE.mask();
        p.set_csr(csr::menvcfg::NUMBER, adue);
        p.set_csr(csr::henvcfg::NUMBER, adue);
        let table = p.page();
        let va = VA + (6 << 21);
        p.put_pte(vs, va, 1, Pte::pointer(HOLE));
        p.map(g, HOLE, table, flags("ruad"));
        p.put(table + 8 * SV39.index(va, 0), Pte::leaf(SPARE, flags("rw")).0);
        delegate(p);
        let entry = HOLE + 8 * SV39.index(va, 0);
        p.in_mode(Mode::VS, |p| {
            p.li(A0, va);
            p.expect_trap(load_fault(entry, va), |p| {
                p.lw(A1, 0, A0);
            });
            p.expect_trap(store_fault(entry, va), |p| {
                p.sw(A1, 0, A0);
            });
        });
    }

    /// Without Shtvala htval and mtval2 may be zero: on a hart that leaves them so, they are after every fault.
    htval_by_choice
    [rules "HTVAL_TRAPVAL" "HTVAL_WARL"]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::LoadGuestPageFault])]
    [cpus "htval=zero" "htval=zero,tinst=zero"]
    |p| {
        guest(p);
        let gpa = HOLE + 0x7f8;
        for taken in [Mode::M, Mode::HS] {
            if taken == Mode::HS {
                delegate(p);
            }
            p.in_mode(Mode::VS, |p| {
                p.li(A0, VA + 0x7f8);
                let fault = trap(Exception::LoadGuestPageFault, taken).tval(VA + 0x7f8).gpa(gpa);
                p.expect_trap(fault.tinst_transformed(0), |p| {
                    p.ld(A1, 0, A0);
                });
            });
        }
        p.check_write(csr::htval::NUMBER, 0, 0, "htval holds zero");
    }
}
