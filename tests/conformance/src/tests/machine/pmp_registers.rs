//! The registers of physical memory protection, and the grain that their entries have.

use super::protection::{self, A_NA4, A_NAPOT, A_TOR, L, R, W, X, napot, probe};
use crate::prelude::*;

const PMPCFG0: u16 = csr::pmpcfg0::NUMBER;
const PMPADDR0: u16 = csr::pmpaddr0::NUMBER;

conformance_tests! {
    /// There are as many registers as the hart has entries need, the even configuration registers alone, and
    /// they are M-mode's.
    pmp_register_numbers
    [rules
        "PMP_ENTRY_COUNT" "pmp_cfg_rv64_layout" "pmp_cfg_rv64_illegal" "pmp_addr_registers" "pmp_csr_mode"]
    [cpus "pmp=0" "pmp=64"]
    |p| {
        let entries = p.cpu().pmp_entries as u16;
        let illegal = trap(Exception::IllegalInst, Mode::M).tval_inst();
        for n in 0..64 {
            if n < entries {
                p.csrr(A0, PMPADDR0 + n);
            } else if entries == 0 {
                p.expect_trap(illegal.clone(), |p| {
                    p.csrr(A0, PMPADDR0 + n);
                });
            }
        }
        for n in 0..16 {
            if n % 2 == 1 || entries == 0 {
                p.expect_trap(illegal.clone(), |p| {
                    p.csrr(A0, PMPCFG0 + n);
                });
            } else if n * 4 < entries {
                p.csrr(A0, PMPCFG0 + n);
            }
        }
        p.in_mode(Mode::HS, |p| {
            for number in [PMPCFG0, PMPCFG0 + 2, PMPADDR0, PMPADDR0 + 15] {
                p.expect_trap(illegal.clone(), |p| {
                    p.csrr(A0, number);
                });
            }
        });
    }

    /// The byte of an entry is where the manual says; nothing else of the register changes.
    pmp_configuration_bytes
    [rules "pmp_cfg_rv64_layout" "PMPCFG_WARL"]
    [only |cpu| cpu.pmp_entries > 0]
    [cpus "pmp=64" "smepmp=off"]
    |p| {
        for register in 0..p.cpu().pmp_entries as u16 / 8 {
            let number = PMPCFG0 + 2 * register;
            for byte in 0..8 {
                let bits = (A_NAPOT | R | X) << (8 * byte);
                if register > 0 || byte > 0 {
                    p.check_write(number, bits, bits, "one byte of a configuration register");
                }
            }
            p.write_csr(number, 0);
        }
        // Reserved permissions are never held, and bits 5 and 6 are zero.
        for old in [0, R, R | W, X, R | W | X] {
            for new in [W, W | X] {
                p.write_csr(PMPCFG0, old);
                p.write_csr(PMPCFG0, new | 0x60);
                p.csrr(A0, PMPCFG0).andi(A1, A0, (R | W) as i32);
                p.check_ne(A1, W, "writable and not readable");
                p.check_bits(A0, 0x60, 0, "bits 5 and 6");
            }
        }
    }

    /// An address register holds bits 55 to 2 of an address, and zeros above.
    pmp_address_bits
    [rules "PMPADDR_WARL" "pmp_addr_encoding"]
    [only |cpu| cpu.pmp_entries > 0]
    [cpus "pmp-grain=3"]
    |p| {
        let grain = (1u64 << p.cpu().pmp_grain) - 1;
        p.write_csr(PMPCFG0, 0);
        for n in [0, 7, 15] {
            p.check_writable(PMPADDR0 + n, u64::MAX >> 10 & !grain, 0);
        }
    }

    /// At reset no entry is on or locked.
    pmp_reset
    [rules "PMP_A_L_RST"]
    [only |cpu| cpu.pmp_entries > 0]
    [cpus "pmp=64"]
    |p| {
        // The framework has set the first entry.
        p.check_csr_bits(PMPCFG0, !0xff, 0, "pmpcfg0");
        for n in 1..p.cpu().pmp_entries as u16 / 8 {
            p.check_csr(PMPCFG0 + 2 * n, 0, "pmpcfg");
        }
        p.check_csr_bits(PMPCFG0, L, 0, "the lock of the first entry");
    }

    /// Software finds the grain by writing ones while the entry is off.
    pmp_grain_shows
    [rules "PMP_GRANULARITY" "pmp_region_granularity_g" "pmp_tor_off_addr_read_mask" "pmp_napot_addr_read_mask"]
    [only |cpu| cpu.pmp_entries > 0]
    [cpus "pmp-grain=1" "pmp-grain=2" "pmp-grain=10"]
    |p| {
        protection::open(p);
        let grain = p.cpu().pmp_grain;
        let below = (1u64 << grain) - 1;
        let ones = u64::MAX >> 10;
        p.write_csr(PMPADDR0, u64::MAX);
        p.check_csr(PMPADDR0, ones & !below, "an entry that is off");
        p.write_csr(PMPCFG0, A_TOR);
        p.check_csr(PMPADDR0, ones & !below, "TOR");
        p.write_csr(PMPADDR0, 0);
        p.write_csr(PMPCFG0, A_NAPOT);
        p.check_csr(PMPADDR0, below >> 1, "NAPOT");
    }

    /// NA4 cannot be had with a coarser grain.
    pmp_na4_needs_the_finest_grain
    [rules "pmp_na4_select_restriction"]
    [only |cpu| cpu.pmp_entries > 0]
    [cpus "pmp-grain=1" "pmp-grain=10"]
    |p| {
        protection::open(p);
        let is_finest = p.cpu().pmp_grain == 0;
        for old in [0, A_TOR, A_NAPOT] {
            p.write_csr(PMPCFG0, old);
            p.write_csr(PMPCFG0, A_NA4 | R);
            p.csrr(A0, PMPCFG0).andi(A0, A0, A_NAPOT as i32);
            if is_finest {
                p.check_eq(A0, A_NA4, "NA4");
            } else {
                p.check_ne(A0, A_NA4, "not NA4");
            }
        }
    }

    /// Which bits are seen changes with the mode of the entry, and what is held does not.
    pmp_address_is_retained
    [rules "pmp_addr_retention_on_mode_change" "pmp_tor_off_addr_read_mask"]
    [only |cpu| cpu.pmp_entries > 0]
    [cpus "pmp-grain=1" "pmp-grain=3"]
    |p| {
        protection::open(p);
        let grain = p.cpu().pmp_grain;
        let below = (1u64 << grain) - 1;
        let address = 0x1234_5678 | below;
        p.write_csr(PMPCFG0, A_NAPOT);
        p.write_csr(PMPADDR0, address);
        for mode in [A_TOR, 0] {
            p.write_csr(PMPCFG0, mode);
            p.check_csr(PMPADDR0, address & !below, "TOR or off");
            p.write_csr(PMPCFG0, A_NAPOT);
            p.check_csr(PMPADDR0, address, "NAPOT again");
        }
    }

    /// Bits below the grain do not matter to what an entry matches.
    pmp_matches_by_the_grain
    [rules "PMP_GRANULARITY" "pmp_region_granularity_g" "pmp_tor_off_addr_read_mask"]
    [only |cpu| cpu.pmp_entries > 0]
    [cpus "pmp-grain=3" "pmp-grain=8"]
    |p| {
        protection::open(p);
        let grain = 4u64 << p.cpu().pmp_grain;
        let page = protection::page(p);
        p.write_csr(PMPADDR0, page >> 2 | (grain / 4 - 1));
        p.write_csr(PMPADDR0 + 1, (page + grain) >> 2 | (grain / 4 - 1));
        p.write_csr(PMPCFG0, (A_TOR | X) << 8);
        p.in_mode(Mode::HS, |p| {
            probe(p, page, "x");
            probe(p, page + grain - 4, "x");
            probe(p, page + grain, "rwx");
        });
        p.write_csr(PMPADDR0, napot(page, grain.max(8)));
        p.write_csr(PMPCFG0, A_NAPOT | R | W);
        p.in_mode(Mode::HS, |p| {
            probe(p, page, "rw");
            probe(p, page + grain.max(8), "rwx");
        });
    }
}
