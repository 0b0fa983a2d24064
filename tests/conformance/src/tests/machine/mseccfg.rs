//! mseccfg, as far as it is about PMP: RLB, MMWP and MML.

use isa::ext::Ext;

use super::protection::{A_NAPOT, L, R, W, X, napot, page, probe};
use crate::Program;
use crate::prelude::*;

pub(in crate::tests) const MSECCFG: u16 = csr::mseccfg::NUMBER;
pub(in crate::tests) const RLB: u64 = csr::mseccfg::RLB.mask();
pub(in crate::tests) const MMWP: u64 = csr::mseccfg::MMWP.mask();
pub(in crate::tests) const MML: u64 = csr::mseccfg::MML.mask();
const PMPCFG0: u16 = csr::pmpcfg0::NUMBER;
const PMPADDR0: u16 = csr::pmpaddr0::NUMBER;

/// The code, which every mode executes and M-mode reads: L, W and X.
const SHARED_CODE: u64 = (L | A_NAPOT | W | X) << 8;

/// Turns MML and RLB on, with rules for the code (entry 1) and for the data of M-mode (entry 15); entry 0
/// and those between are the test's.
pub(in crate::tests) fn lock_down(p: &mut Program) {
    p.write_csr(MSECCFG, RLB);
    p.write_csr(PMPADDR0 + 1, napot(0x8000_0000, 1 << 20));
    p.write_csr(PMPADDR0 + 15, u64::MAX >> 10);
    p.write_csr(PMPCFG0 + 2, (L | A_NAPOT | R | W) << 56);
    p.write_csr(PMPCFG0, (L | A_NAPOT | R | X) << 8);
    p.csrw(PMPADDR0, ZERO);
    p.write_csr(MSECCFG, RLB | MML);
    // What is shared is reserved until MML is set.
    p.write_csr(PMPCFG0, SHARED_CODE);
}

conformance_tests! {
    /// mseccfg is there if an extension needs it, and has the fields of those.
    mseccfg_exists
    [rules
        "mseccfg_presence" "mseccfg_sz" "mseccfg_acc" "mseccfg_rlb_presence" "mseccfg_mmwp_presence"
        "mseccfg_mml_presence" "MSECCFG_RLB_WARL" "MSECCFG_MMWP_WARL" "MSECCFG_MML_WARL"
        "MSECCFG_MML_MMWP_RLB_RST" "mseccfg_enc" "mseccfg_fields_exist"]
    [cpus "smepmp=off" "smepmp=off,zkr=off,smmpm=off" "rlb=zero"]
    |p| {
        let cpu = *p.cpu();
        if ![Ext::Smepmp, Ext::Zkr, Ext::Smmpm].into_iter().any(|ext| cpu.has(ext)) {
            p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                p.csrr(A0, MSECCFG);
            });
            return;
        }
        let fields = RLB | MMWP | MML;
        p.check_csr_bits(MSECCFG, fields, 0, "RLB, MMWP and MML at reset");
        let bypass = if cpu.has(Ext::Smepmp) && cpu.pmp_bypass { RLB } else { 0 };
        p.write_csr(MSECCFG, RLB);
        p.check_csr_bits(MSECCFG, fields, bypass, "RLB");
        p.write_csr(MSECCFG, 0);
        p.check_csr_bits(MSECCFG, fields, 0, "RLB cleared");
        if !cpu.has(Ext::Smepmp) {
            p.write_csr(MSECCFG, fields);
            p.check_csr_bits(MSECCFG, fields, 0, "fields of an extension that the hart lacks");
        }
        p.in_mode(Mode::HS, |p| {
            p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                p.csrr(A0, MSECCFG);
            });
        });
    }

    /// With RLB, locked entries can be changed; once it is clear while one is locked, it stays clear.
    rule_locking_bypass
    [rules "mseccfg_rlb_op" "mseccfg_locking" "MSECCFG_RLB_WARL"]
    [needs Smepmp]
    [cpus "rlb=zero"]
    |p| {
        let may = p.cpu().pmp_bypass;
        let bypass = if may { RLB } else { 0 };
        p.write_csr(PMPADDR0 + 1, 0x40);
        p.write_csr(MSECCFG, RLB);
        // Locked, and off.
        p.set_csr(PMPCFG0, L << 8);
        p.write_csr(PMPADDR0 + 1, 0x80);
        p.check_csr(PMPADDR0 + 1, if may { 0x80 } else { 0x40 }, "the address of a locked entry");
        p.clear_csr(PMPCFG0, L << 8);
        p.check_csr_bits(PMPCFG0, L << 8, if may { 0 } else { L << 8 }, "a lock");
        p.check_csr_bits(MSECCFG, RLB, bypass, "RLB");
        p.set_csr(PMPCFG0, L << 8);
        p.write_csr(MSECCFG, RLB);
        p.check_csr_bits(MSECCFG, RLB, bypass, "RLB written while it is set");
        p.write_csr(MSECCFG, 0);
        p.check_csr_bits(MSECCFG, RLB, 0, "RLB cleared");
        p.write_csr(MSECCFG, RLB);
        p.check_csr_bits(MSECCFG, RLB, 0, "RLB with an entry locked");
        p.clear_csr(PMPCFG0, L << 8);
        p.check_csr_bits(PMPCFG0, L << 8, L << 8, "the lock");
    }

    /// With MMWP, M-mode may not touch what no rule matches; once set, it stays.
    machine_mode_allowlist
    [rules "mseccfg_mmwp_op" "mseccfg_locking" "bootrom_discovery"]
    [needs Smepmp]
    |p| {
        let outside = 0x8080_0000;
        p.put(outside, super::protection::RET);
        probe(p, outside, "rwx");
        // Devices, and memory but for its end.
        p.write_csr(PMPADDR0 + 1, napot(0, 1 << 30));
        p.write_csr(PMPADDR0 + 2, napot(0x8000_0000, 4 << 20));
        let open = A_NAPOT | R | W | X;
        p.write_csr(PMPCFG0, open << 8 | open << 16);
        probe(p, outside, "rwx");
        p.write_csr(MSECCFG, MMWP);
        probe(p, outside, "");
        p.write_csr(MSECCFG, 0);
        p.check_csr_bits(MSECCFG, MMWP, MMWP, "MMWP, which software can find set");
        probe(p, outside, "");
        // A rule that matches and is not locked lets M-mode do anything, as ever.
        p.write_csr(PMPADDR0 + 3, napot(outside, PAGE_SIZE));
        p.write_csr(PMPCFG0, open << 8 | open << 16 | A_NAPOT << 24);
        probe(p, outside, "rwx");
    }

    /// Under MML, L, R, W and X mean what the manual's table says, for M-mode and for the modes below.
    lockdown_table
    [rules
        "mml_truth_table" "mseccfg_mml_pmpcfg_L_op" "mseccfg_mml_M_rule_op" "mseccfg_mml_SorU_rule_op"
        "mseccfg_mml_shared_rule_op"]
    [needs Smepmp]
    |p| {
        if !p.cpu().pmp_bypass {
            // Rules that are in force cannot be changed again, as this does throughout.
            return;
        }
        // By L, R, W, X: what M-mode may do, and what the lower modes may.
        let table = [
            ("", ""),
            ("", "x"),
            ("rw", "r"),
            ("rw", "rw"),
            ("", "r"),
            ("", "rx"),
            ("", "rw"),
            ("", "rwx"),
            ("", ""),
            ("x", ""),
            ("x", "x"),
            ("rx", "x"),
            ("r", ""),
            ("rx", ""),
            ("rw", ""),
            ("r", "r"),
        ];
        let page = page(p);
        lock_down(p);
        p.write_csr(PMPADDR0, napot(page, PAGE_SIZE));
        for (lrwx, (machine, lower)) in table.into_iter().enumerate() {
            let bit = |n: u32, field| if lrwx >> n & 1 == 1 { field } else { 0 };
            let cfg = A_NAPOT | bit(3, L) | bit(2, R) | bit(1, W) | bit(0, X);
            p.check_write(PMPCFG0, SHARED_CODE | cfg, SHARED_CODE | cfg, "a rule");
            probe(p, page, machine);
            for mode in [Mode::HS, Mode::U] {
                p.in_mode(mode, |p| probe(p, page, lower));
            }
        }
    }

    /// Under MML without RLB, no rule can be added by which M-mode executes; others can. MML stays.
    lockdown_without_new_code
    [rules "mseccfg_mml_X_restrict" "mseccfg_mml_sticky" "mseccfg_locking" "mseccfg_mml_M_rule_op"]
    [needs Smepmp]
    |p| {
        if !p.cpu().pmp_bypass {
            // Rules that are in force cannot be changed again, as this does throughout.
            return;
        }
        lock_down(p);
        p.write_csr(MSECCFG, 0);
        p.check_csr_bits(MSECCFG, RLB | MML, MML, "MML alone is left");
        let code = [L | X, L | W, L | W | X, L | R | X];
        for cfg in code {
            p.check_write(PMPCFG0, SHARED_CODE | A_NAPOT | cfg, SHARED_CODE, "a rule of code for M-mode");
        }
        for cfg in [0, X, W, W | X, R, R | X, R | W, R | W | X] {
            let cfg = A_NAPOT | cfg;
            p.check_write(PMPCFG0, SHARED_CODE | cfg, SHARED_CODE | cfg, "a rule without a lock");
        }
        for (entry, cfg) in [L, L | R, L | R | W, L | R | W | X].into_iter().enumerate() {
            let byte = 8 * (entry as u32 + 2);
            p.set_csr(PMPCFG0, (A_NAPOT | cfg) << byte);
            p.csrr(A0, PMPCFG0);
            p.check_bits(A0, 0xff << byte, (A_NAPOT | cfg) << byte, "a locked rule that is no code");
            p.clear_csr(PMPCFG0, 0xff << byte);
            p.csrr(A0, PMPCFG0);
            p.check_bits(A0, 0xff << byte, (A_NAPOT | cfg) << byte, "which stays");
        }
    }

    /// Under MML, M-mode executes only by a rule that lets it: neither without a rule nor by one of the lower
    /// modes.
    lockdown_of_execution
    [rules "mseccfg_mml_exec_code"]
    [needs Smepmp]
    |p| {
        if !p.cpu().pmp_bypass {
            // Rules that are in force cannot be changed again, as this does throughout.
            return;
        }
        let outside = 0x8080_0000;
        p.put(outside, super::protection::RET);
        lock_down(p);
        // The data of M-mode end before it; the devices have a rule of their own.
        p.write_csr(PMPADDR0 + 15, napot(0x8000_0000, 4 << 20));
        p.write_csr(PMPADDR0 + 14, napot(0, 1 << 30));
        p.write_csr(PMPCFG0 + 2, (L | A_NAPOT | R | W) << 56 | (L | A_NAPOT | R | W) << 48);
        probe(p, outside, "rw");
        p.write_csr(PMPADDR0, napot(outside, PAGE_SIZE));
        p.write_csr(PMPCFG0, SHARED_CODE | A_NAPOT | R | W | X);
        probe(p, outside, "");
        p.write_csr(PMPCFG0, SHARED_CODE | L | A_NAPOT | R | X);
        probe(p, outside, "rx");
        p.write_csr(PMPCFG0, SHARED_CODE | L | A_NAPOT | W);
        probe(p, outside, "x");
    }
}
