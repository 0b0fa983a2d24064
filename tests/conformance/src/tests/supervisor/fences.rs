//! SFENCE.VMA and Svinval: after the fence, what the page tables say now.

use crate::Program;
use crate::prelude::*;

/// Which operands of a fence are registers other than `x0`.
#[derive(Clone, Copy)]
struct Operands {
    address: bool,
    asid: bool,
}

/// The ASID of the tests: any that the hart has.
fn asid(p: &Program) -> u64 {
    u64::from(p.cpu().asid_len > 0)
}

/// In S-mode: changes the leaf at `entry`, which translates `va`, and fences with `fence`, whose operands
/// are in `a2` and `a3`; the new page is seen then.
fn change_and_fence(p: &mut Program, entry: u64, va: u64, pages: [u64; 2], fence: &dyn Fn(&mut Program)) {
    p.li(A0, va);
    for page in [pages[1], pages[0]] {
        p.ld(A1, 0, A0);
        p.li(A4, entry).li(A5, Pte::leaf(page, flags("rwad")).0).sd(A5, 0, A4);
        fence(p);
        p.ld(A1, 0, A0);
        p.check_eq(A1, page, "the page that the entry says since the fence");
    }
}

/// A page table with an ASID, a leaf for `SPARE`, and two pages that hold their addresses.
fn set_up(p: &mut Program) -> (u64, [u64; 2]) {
    let table = p.table(&SV39);
    p.identity(table);
    let pages = [p.page(), p.page()];
    for page in pages {
        p.put(page, page);
    }
    let entry = p.map(table, SPARE, pages[0], flags("rwad"));
    let id = asid(p);
    p.use_satp(table, id);
    (entry, pages)
}

fn operands(p: &mut Program, operands: Operands) -> (Reg, Reg) {
    let id = asid(p);
    p.li(A2, SPARE + 0x123).li(A3, id);
    (if operands.address { A2 } else { ZERO }, if operands.asid { A3 } else { ZERO })
}

const FORMS: [Operands; 4] = [
    Operands { address: false, asid: false },
    Operands { address: false, asid: true },
    Operands { address: true, asid: false },
    Operands { address: true, asid: true },
];

conformance_tests! {
    /// SFENCE.VMA with and without an address and an ASID: a change of a leaf that it is about is seen.
    sfence_vma_forms
    [rules "sfence_vma_op" "sfence_vma_ordering" "sfence_vma_invalidation" "sfence_vma_all_asid_va"
        "sfence_vma_asid_only" "sfence_vma_va_all_asid" "sfence_vma_va_asid" "sfence_vma_ordering_semantics"]
    [cpus "tlb=sticky" "tlb=none" "asidlen=0"]
    |p| {
        let (entry, pages) = set_up(p);
        for form in FORMS {
            p.in_mode(Mode::HS, |p| {
                let (address, id) = operands(p, form);
                change_and_fence(p, entry, SPARE, pages, &|p| {
                    p.sfence_vma(address, id);
                });
            });
        }
    }

    /// SINVAL.VMA between SFENCE.W.INVAL and SFENCE.INVAL.IR does what SFENCE.VMA does.
    sinval_vma_forms
    [rules "Svinval_sinval_vma_invalidates_same_as_sfence_vma" "Svinval_sfence_w_inval_orders_before_sinval_vma"
        "Svinval_sequence_rs1_rs2" "Svinval_sequence_reads_writes_before" "Svinval_sequence_reads_writes_after"]
    [needs Svinval]
    [cpus "tlb=sticky"]
    |p| {
        let (entry, pages) = set_up(p);
        for form in FORMS {
            p.in_mode(Mode::HS, |p| {
                let (address, id) = operands(p, form);
                change_and_fence(p, entry, SPARE, pages, &|p| {
                    p.sfence_w_inval().sinval_vma(address, id).sfence_inval_ir();
                });
            });
        }
    }

    /// A fence for an address kills every part of the superpage that the address is in, whichever part has
    /// been used.
    sfence_vma_of_superpages
    [rules "sfence_vma_va_all_asid" "sfence_vma_va_asid"]
    [cases 106]
    [cpus "tlb=sticky"]
    |p| {
        let table = p.table(&SV39);
        p.identity(table);
        let pages = [p.pages(2 << 20, 2 << 20), p.pages(2 << 20, 2 << 20)];
        for page in pages {
            for offset in [0, 0x5000, 0x1f_f000] {
                p.put(page + offset, page);
            }
        }
        let entry = p.put_pte(table, SPARE, 1, Pte::leaf(pages[0], flags("rwad")));
        let id = asid(p);
        p.use_satp(table, id);
        p.in_mode(Mode::HS, |p| {
            for form in [FORMS[2], FORMS[3]] {
                for used in [0, 0x5000, 0x1f_f000] {
                    let (address, id) = operands(p, form);
                    change_and_fence(p, entry, SPARE + used, pages, &|p| {
                        p.sfence_vma(address, id);
                    });
                }
            }
        });
    }

    /// After a change of an entry that is no leaf, a fence without an address makes it seen.
    sfence_vma_of_pointers
    [rules "sfence_vma_all_asid_va" "sfence_vma_asid_only"]
    [cpus "tlb=sticky"]
    |p| {
        let (entry, pages) = set_up(p);
        let other = p.page();
        p.put(other + (entry & 0xfff), Pte::leaf(pages[1], flags("rwad")).0);
        let (first, second) = (Pte::pointer(entry & !0xfff).0, Pte::pointer(other).0);
        let table = Pte::pointer(entry & !0xfff);
        // Where the pointer lies is found by its value: it is the only one in the level above.
        p.csrr(S2, csr::satp::NUMBER)
            .slli(S2, S2, 20)
            .srli(S2, S2, 8)
            .li(A4, 8 * (SPARE >> 30))
            .add(S2, S2, A4);
        p.ld(S2, 0, S2).srli(S2, S2, 10).slli(S2, S2, 12);
        p.ld(A1, 0, S2);
        p.check_eq(A1, table.0, "the pointer");
        p.in_mode(Mode::HS, |p| {
            for form in [FORMS[0], FORMS[1]] {
                let (address, id) = operands(p, form);
                p.li(A0, SPARE);
                for (pointer, page) in [(second, pages[1]), (first, pages[0])] {
                    p.ld(A1, 0, A0);
                    p.li(A5, pointer).sd(A5, 0, S2).sfence_vma(address, id).ld(A1, 0, A0);
                    p.check_eq(A1, page, "the page that the new table says");
                }
            }
        });
    }

    /// A fence for an ASID need not, one without must reach global mappings.
    sfence_vma_of_global_mappings
    [rules "sfence_vma_all_asid_va" "sfence_vma_va_all_asid"]
    [cpus "tlb=sticky"]
    |p| {
        let (entry, pages) = set_up(p);
        p.store(entry, Pte::leaf(pages[0], flags("rwgad")).0);
        p.sfence_vma(ZERO, ZERO);
        p.in_mode(Mode::HS, |p| {
            for form in [FORMS[0], FORMS[2]] {
                let (address, _) = operands(p, form);
                change_and_fence(p, entry, SPARE, pages, &|p| {
                    p.sfence_vma(address, ZERO);
                });
                p.li(A4, entry).li(A5, Pte::leaf(pages[0], flags("rwgad")).0).sd(A5, 0, A4);
                p.sfence_vma(ZERO, ZERO);
            }
        });
    }

    /// An address that is none is no reason to trap, and bits of the ASID above ASIDLEN are ignored.
    sfence_vma_operands
    [rules "sfence_vma_invalid_va" "sfence_vma_rs2_bits"]
    [cpus "tlb=sticky,asidlen=4" "tlb=sticky,asidlen=0"]
    |p| {
        let (entry, pages) = set_up(p);
        p.in_mode(Mode::HS, |p| {
            p.li(A2, 1 << 45).sfence_vma(A2, ZERO);
            p.li(A2, u64::MAX >> 1).sfence_vma(A2, ZERO);
            let len = p.cpu().asid_len;
            for high in [1 << 16, 1 << 63, 1 << len] {
                // Bits below ASIDMAX are only ignored where ASIDLEN is smaller.
                let id = if high < 1 << len { 0 } else { high } | asid(p);
                if id & 0xffff == asid(p) || len < 16 {
                    p.li(A3, id);
                    change_and_fence(p, entry, SPARE, pages, &|p| {
                        p.sfence_vma(ZERO, A3);
                    });
                }
            }
        });
    }

    /// Who may execute SFENCE.VMA and the instructions of Svinval: not U-mode, and not S-mode with TVM.
    sinval_is_for_s
    [rules "Svinval_illegal_instruction_u_mode" "Svinval_illegal_instruction_tvm"
        "Svinval_sfence_w_inval_inval_u_mode" "Svinval_sfence_w_inval_inval_s_vs_mode"]
    [cases 70]
    [needs Svinval]
    |p| {
        let illegal = || trap(Exception::IllegalInst, Mode::M).tval_inst();
        for tvm in [0, 1] {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::TVM, tvm);
            p.in_mode(Mode::HS, |p| {
                p.sfence_w_inval().sfence_inval_ir();
                if tvm == 0 {
                    p.sinval_vma(ZERO, ZERO).sfence_vma(ZERO, ZERO);
                } else {
                    p.expect_trap(illegal(), |p| {
                        p.sinval_vma(ZERO, ZERO);
                    });
                    p.expect_trap(illegal(), |p| {
                        p.sfence_vma(ZERO, ZERO);
                    });
                }
            });
            p.in_mode(Mode::U, |p| {
                p.expect_trap(illegal(), |p| {
                    p.sinval_vma(ZERO, ZERO);
                });
                p.expect_trap(illegal(), |p| {
                    p.sfence_vma(ZERO, ZERO);
                });
                p.expect_trap(illegal(), |p| {
                    p.sfence_w_inval();
                });
                p.expect_trap(illegal(), |p| {
                    p.sfence_inval_ir();
                });
            });
        }
    }

    /// With H: HINVAL as HFENCE, virtual-instruction exceptions in the guest, and TVM and VTVM.
    hinval_and_the_guest
    [rules "Svinval_hinval_vvma_gvma" "Svinval_hinval_gvma_uses_vmid" "Svinval_illegal_instruction_u_mode"
        "Svinval_illegal_instruction_tvm" "Svinval_virtual_instruction_vu_vs" "Svinval_virtual_instruction_vtvms"
        "Svinval_sfence_w_inval_inval_vu_mode" "Svinval_sfence_w_inval_inval_s_vs_mode"]
    [cases 67 70]
    [needs H Svinval]
    [cpus "tlb=sticky"]
    |p| {
        let virtual_ = || trap(Exception::VirtualInst, Mode::M).tval_inst();
        let illegal = || trap(Exception::IllegalInst, Mode::M).tval_inst();
        for on in [0, 1] {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::TVM, on);
            p.set_field(csr::hstatus::NUMBER, csr::hstatus::VTVM, on);
            p.in_mode(Mode::HS, |p| {
                p.hinval_vvma(ZERO, ZERO);
                if on == 0 {
                    p.hinval_gvma(ZERO, ZERO);
                } else {
                    p.expect_trap(illegal(), |p| {
                        p.hinval_gvma(ZERO, ZERO);
                    });
                }
            });
            p.in_mode(Mode::U, |p| {
                p.expect_trap(illegal(), |p| {
                    p.hinval_vvma(ZERO, ZERO);
                });
                p.expect_trap(illegal(), |p| {
                    p.hinval_gvma(ZERO, ZERO);
                });
            });
            p.in_mode(Mode::VS, |p| {
                p.sfence_w_inval().sfence_inval_ir();
                if on == 0 {
                    p.sinval_vma(ZERO, ZERO);
                } else {
                    p.expect_trap(virtual_(), |p| {
                        p.sinval_vma(ZERO, ZERO);
                    });
                }
                p.expect_trap(virtual_(), |p| {
                    p.hinval_vvma(ZERO, ZERO);
                });
                p.expect_trap(virtual_(), |p| {
                    p.hinval_gvma(ZERO, ZERO);
                });
            });
            p.in_mode(Mode::VU, |p| {
                p.expect_trap(virtual_(), |p| {
                    p.sinval_vma(ZERO, ZERO);
                });
                p.expect_trap(virtual_(), |p| {
                    p.sfence_w_inval();
                });
                p.expect_trap(virtual_(), |p| {
                    p.sfence_inval_ir();
                });
                p.expect_trap(virtual_(), |p| {
                    p.hinval_vvma(ZERO, ZERO);
                });
                p.expect_trap(virtual_(), |p| {
                    p.hinval_gvma(ZERO, ZERO);
                });
            });
        }
        p.set_field(csr::mstatus::NUMBER, csr::mstatus::TVM, 0);
        let (vs, g) = (p.vs_stage(&SV39), p.g_stage(&SV39X4));
        let (guest, pages) = (SPARE + 0x3_7000, [p.page(), p.page()]);
        for page in pages {
            p.put(page, page);
        }
        p.map(vs, SPARE, guest, flags("rwad"));
        let entry = p.map(g, guest, pages[0], flags("rwuad"));
        p.set_csr(csr::hstatus::NUMBER, csr::hstatus::SPVP.mask());
        p.li(A0, SPARE).li(A2, guest >> 2);
        for (page, address, id) in [(1, ZERO, ZERO), (0, A2, ZERO), (1, ZERO, ZERO), (0, A2, ZERO)] {
            p.hlv_d(A1, A0);
            p.store(entry, Pte::leaf(pages[page], flags("rwuad")).0);
            p.sfence_w_inval().hinval_gvma(address, id).sfence_inval_ir().hlv_d(A1, A0);
            p.check_eq(A1, pages[page], "the guest's page since HINVAL.GVMA");
        }
    }

    /// What is not executed raises no exception, though it may be looked at early.
    no_exception_before_its_time
    [rules "sfence_vma_implicit_access"]
    |p| {
        p.s_stage(&SV39);
        p.in_mode(Mode::HS, |p| {
            let over = p.label();
            p.li(A0, SPARE).li(A1, 5).beqz(ZERO, over);
            p.ld(A1, 0, A0).sd(A1, 0, A0).jr(A0);
            p.place(over);
            p.check_eq(A1, 5, "a register that a load would have changed");
        });
    }
}
