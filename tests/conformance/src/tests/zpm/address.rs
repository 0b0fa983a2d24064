//! The ignore transformation: of virtual and of physical addresses, and of each part of an access.

use iss::variant::Misaligned;

use super::tagged::{LENGTHS, PM16, SUPERVISOR, TAG};
use crate::prelude::*;

conformance_tests! {
    /// Of a physical address the upper PMLEN bits count as zeros, and no bit below them.
    physical_addresses_lose_their_upper_bits
    [rules "pm_ignore_upper_bits" "pm_ignore_pa" "pmlen_supported_values" "pm_deterministic_effect" "pm_csr_hw_apply" "pmlen_mode_depend"]
    [needs Smmpm Smnpm]
    |p| {
        let page = p.page();
        p.put(page, 0x1234);
        for (pmm, pmlen) in LENGTHS {
            p.set_field(csr::mseccfg::NUMBER, csr::mseccfg::PMM, pmm);
            p.set_field(csr::menvcfg::NUMBER, csr::menvcfg::PMM, pmm);
            for mode in [Mode::M, Mode::HS] {
                let body = |p: &mut crate::Program| {
                    for bit in 64 - pmlen..64 {
                        p.li(A0, page | 1 << bit).ld(A1, 0, A0);
                        p.check_eq(A1, 0x1234, "behind a masked bit");
                    }
                    p.li(A0, page | u64::MAX << (64 - pmlen)).ld(A1, 0, A0);
                    p.check_eq(A1, 0x1234, "behind all masked bits");
                    // The bit below is a bit of the address, and says nothing of those above.
                    let beyond = page | 1 << (63 - pmlen);
                    p.li(A0, beyond | 1 << 63);
                    p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(beyond), |p| {
                        p.ld(A1, 0, A0);
                    });
                };
                if mode == Mode::M { body(p) } else { p.in_mode(mode, body) }
            }
            p.clear_csr(csr::mseccfg::NUMBER, csr::mseccfg::PMM.mask());
        }
    }

    /// Of a virtual address the upper PMLEN bits are copies of the bit below them, in every translation mode.
    virtual_addresses_are_sign_extended
    [rules "pm_ignore_va" "pmlen_supported_values" "pm_deterministic_effect" "pm_csr_hw_apply"]
    [needs Smnpm]
    |p| {
        for scheme in p.schemes(csr::satp::NUMBER) {
            let s = p.s_stage(scheme);
            let (lower, upper) = (p.page(), p.page());
            p.put(lower, 0x10);
            p.put(upper, 0x20);
            let (low, high) = (SPARE + 0x3000, u64::MAX << 12);
            p.map(s, low, lower, flags("rwad"));
            p.map(s, high, upper, flags("rwad"));
            for (pmm, pmlen) in LENGTHS {
                p.set_field(csr::menvcfg::NUMBER, csr::menvcfg::PMM, pmm);
                p.in_mode(Mode::HS, |p| {
                    for tag in [0, u64::MAX, 0x5aa5 << 48] {
                        let tag = tag & u64::MAX << (64 - pmlen);
                        let tagged = |va: u64| va & u64::MAX >> pmlen | tag;
                        p.li(A0, tagged(low)).ld(A1, 0, A0);
                        p.check_eq(A1, 0x10, "in the lower half");
                        p.li(A0, tagged(high)).ld(A1, 0, A0);
                        p.check_eq(A1, 0x20, "in the upper half");
                        for va in [low + 0x1000, high - 0x1000] {
                            p.li(A0, tagged(va));
                            p.expect_trap(trap(Exception::StorePageFault, Mode::M).tval(va), |p| {
                                p.sd(A1, 0, A0);
                            });
                        }
                    }
                });
            }
        }
    }

    /// Guest physical addresses of a guest without paging are zero-extended, also where they are wider than
    /// what is left.
    guest_physical_addresses_lose_their_upper_bits
    [rules "pm_ignore_pa" "pm_csr_hw_apply"]
    [needs H Ssnpm]
    |p| {
        p.g_stage(&SV39X4);
        let page = p.page();
        p.put(page, 0x77);
        p.set_field(csr::henvcfg::NUMBER, csr::henvcfg::PMM, PM16);
        p.in_mode(Mode::VS, |p| {
            p.li(A0, page | TAG).ld(A1, 0, A0);
            p.check_eq(A1, 0x77, "a guest page by a tagged address");
            p.li(A0, SPARE | TAG);
            let fault = trap(Exception::LoadGuestPageFault, Mode::M).tval(SPARE).gpa(SPARE);
            p.expect_trap(fault.tinst_transformed(0), |p| {
                p.ld(A1, 0, A0);
            });
        });
    }

    /// A misaligned access across the place where the halves of the address space meet reaches the bytes
    /// that accesses of one byte would.
    each_part_of_a_misaligned_access_is_masked
    [rules "pm_misaligned_equivalence"]
    [needs Smnpm Sv48]
    [cpus "misaligned=trap"]
    |p| {
        let s = p.s_stage(&SV48);
        let (below, above) = (p.page(), p.page());
        let last = (1 << 47) - 0x1000;
        let first = u64::MAX << 47;
        p.map(s, last, below, flags("rwad"));
        p.map(s, first, above, flags("rwad"));
        p.set_field(SUPERVISOR.0, SUPERVISOR.1, PM16);
        let address = last + 0xffc;
        let done = p.cpu().misaligned == Misaligned::Hardware;
        p.in_mode(Mode::HS, |p| {
            p.li(A0, address | TAG).li(A1, 0x8877_6655_4433_2211);
            if done {
                p.sd(A1, 0, A0);
            } else {
                p.expect_trap(trap(Exception::StoreAddrMisaligned, Mode::M).tval(address), |p| {
                    p.sd(A1, 0, A0);
                });
                for byte in 0..8 {
                    p.sb(A1, byte, A0).srli(A1, A1, 8);
                }
            }
        });
        p.check_memory(below + 0xff8, 0x4433_2211 << 32, "the end of the lower half");
        p.check_memory(above, 0x8877_6655, "the start of the upper half");
    }

    /// When the second part of a misaligned access faults, the trap value is its own masked address.
    the_second_part_reports_its_masked_address
    [rules "pm_misaligned_equivalence" "pm_csr_hw_apply"]
    [cases 22 44]
    [needs Smnpm Sv48 Zicclsm]
    |p| {
        let s = p.s_stage(&SV48);
        let below = p.page();
        let last = (1 << 47) - 0x1000;
        p.map(s, last, below, flags("rwad"));
        p.set_field(SUPERVISOR.0, SUPERVISOR.1, PM16);
        p.in_mode(Mode::HS, |p| {
            p.li(A0, last | 0xffc | TAG);
            p.expect_trap(trap(Exception::StorePageFault, Mode::M).tval(u64::MAX << 47), |p| {
                p.sd(A1, 0, A0);
            });
        });
    }
}
