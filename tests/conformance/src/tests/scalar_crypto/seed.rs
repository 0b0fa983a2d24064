//! The entropy source: the seed CSR, and who may poll it.

use isa::asm::Asm;
use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;

const SEED: u16 = csr::seed::NUMBER;

/// Values of OPST.
const WAIT: u64 = 1;
const ES16: u64 = 2;
const DEAD: u64 = 3;

/// Lets S- and U-mode poll, or does not.
fn grant(p: &mut Program, supervisor: bool, user: bool) {
    p.set_field(csr::mseccfg::NUMBER, csr::mseccfg::SSEED, supervisor.into());
    p.set_field(csr::mseccfg::NUMBER, csr::mseccfg::USEED, user.into());
}

/// Read-write accesses of each kind run, or raise `exception`.
fn read_write(p: &mut Program, exception: Option<Exception>) {
    let accesses: [fn(&mut Asm) -> &mut Asm; 6] = [
        |p| p.csrrw(A0, SEED, ZERO),
        |p| p.csrrw(ZERO, SEED, A1),
        |p| p.csrrs(A0, SEED, A1),
        |p| p.csrrc(A0, SEED, A1),
        |p| p.csrrwi(A0, SEED, 0),
        |p| p.csrrsi(A0, SEED, 1),
    ];
    for access in accesses {
        match exception {
            None => {
                access(p);
            }
            Some(exception) => p.expect_trap(trap(exception, Mode::M).tval_inst(), |p| {
                access(p);
            }),
        }
    }
}

/// Accesses that only read are illegal, whoever may poll.
fn reads_are_illegal(p: &mut Program) {
    let reads: [fn(&mut Asm) -> &mut Asm; 4] = [
        |p| p.csrrs(A0, SEED, ZERO),
        |p| p.csrrc(A0, SEED, ZERO),
        |p| p.csrrsi(A0, SEED, 0),
        |p| p.csrrci(A0, SEED, 0),
    ];
    for read in reads {
        p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
            read(p);
        });
    }
}

/// Polls until there is entropy, which is left in `a0`; counts the polls in `a2`.
fn poll(p: &mut Program) {
    let again = p.here();
    p.addi(A2, A2, 1).csrrw(A0, SEED, ZERO);
    p.srli(A3, A0, 30).li(A4, ES16);
    p.bne(A3, A4, again);
}

conformance_tests! {
    /// seed is CSR 0x015, of which M-mode may always make read-write accesses, and nobody others.
    seed_is_polled_by_read_write_accesses
    [rules "zkr_seed_addr" "seed_ro_illegal" "seed_csr_unpriv" "mseccfg_sseed_presence" "mseccfg_useed_presence"]
    [needs Zkr]
    [cpus "entropy=1"]
    |p| {
        for (supervisor, user) in [(false, false), (true, true)] {
            grant(p, supervisor, user);
            p.check_csr_bits(
                csr::mseccfg::NUMBER,
                0x300,
                (u64::from(supervisor) << 9) | u64::from(user) << 8,
                "mseccfg",
            );
            read_write(p, None);
            reads_are_illegal(p);
        }
        p.csrrw(A0, 0x015, ZERO);
        p.srli(A0, A0, 32);
        p.check_eq(A0, 0, "the upper half of seed");
    }

    /// SSEED lets S-mode in, and USEED U-mode; neither lets anyone merely read.
    seed_is_open_to_the_modes_that_mseccfg_names
    [rules "seed_exec_mode_control" "mseccfg_useed_U-mode_op" "mseccfg_sseed_S_mode_op" "mseccfg_sseed_HS_mode_op"]
    [needs Zkr]
    |p| {
        for (supervisor, user) in [(false, false), (false, true), (true, false), (true, true)] {
            grant(p, supervisor, user);
            for (mode, open) in [(Mode::HS, supervisor), (Mode::U, user)] {
                p.in_mode(mode, |p| {
                    p.li(A1, u64::MAX);
                    read_write(p, if open { None } else { Some(Exception::IllegalInst) });
                    reads_are_illegal(p);
                });
            }
        }
    }

    /// In a guest seed is virtual where HS-mode might poll it, and illegal otherwise.
    seed_is_virtual_in_a_guest_where_hs_mode_may_poll
    [rules "mseccfg_sseed_VS_mode_op" "mseccfg_sseed_VU_mode_op" "seed_exec_mode_control"]
    [needs Zkr H]
    |p| {
        for (supervisor, user) in [(false, false), (false, true), (true, false), (true, true)] {
            grant(p, supervisor, user);
            let exception = if supervisor { Exception::VirtualInst } else { Exception::IllegalInst };
            for mode in [Mode::VS, Mode::VU] {
                p.in_mode(mode, |p| {
                    p.li(A1, u64::MAX);
                    read_write(p, Some(exception));
                    reads_are_illegal(p);
                });
            }
        }
    }

    /// Entropy comes after some polls, again and again; in every other state its bits are zero, and the
    /// source is not dead.
    entropy_is_there_in_es16_alone
    [rules "seed_entropy_zero_non_es16" "seed_entropy_unique" "seed_bist_latch"]
    [needs Zkr]
    [cpus "entropy=7"]
    |p| {
        p.li(S2, 64).li(S3, 0).li(S4, 0);
        let again = p.here();
        let next = p.label();
        p.csrrw(A0, SEED, ZERO);
        p.srli(A3, A0, 30);
        p.check_ne(A3, DEAD, "OPST");
        p.slli(A1, A0, 48).srli(A1, A1, 48);
        p.li(A4, ES16);
        p.xor(A4, A3, A4);
        let es16 = p.label();
        p.beqz(A4, es16);
        p.check_eq(A1, 0, "entropy when there is none");
        p.j(next);
        p.place(es16);
        // Words that are different nearly always; that many equal ones would be no chance.
        let same = p.label();
        p.addi(S3, S3, 1).beq(A1, S4, same);
        p.addi(S5, S5, 1).mv(S4, A1);
        p.place(same);
        p.place(next);
        p.addi(S2, S2, -1).bnez(S2, again);
        p.sltiu(A0, S3, 8);
        p.check_eq(A0, 0, "few of 64 polls had entropy");
        p.srli(A0, S3, 1).sltu(A0, S5, A0);
        p.check_eq(A0, 0, "most words were the one before");
    }

    /// A poll takes the entropy away: the next one waits, or has other.
    entropy_is_wiped_when_it_is_read
    [rules "seed_wipe_on_read"]
    [needs Zkr]
    |p| {
        p.li(S2, 0).li(S3, 16);
        let again = p.here();
        poll(p);
        p.slli(S4, A0, 48);
        p.csrrw(A0, SEED, ZERO);
        p.srli(A3, A0, 30).slli(A0, A0, 48);
        let other = p.label();
        p.li(A4, WAIT).beq(A3, A4, other);
        p.bne(A0, S4, other);
        p.addi(S2, S2, 1);
        p.place(other);
        p.addi(S3, S3, -1).bnez(S3, again);
        p.sltiu(S2, S2, 2);
        p.check_eq(S2, 1, "the same words came twice");
    }

    /// What is written to seed does not matter.
    writes_to_seed_are_ignored
    [rules "seed_write_ignore"]
    [needs Zkr]
    |p| {
        for value in [0, 1, 3 << 30, u64::MAX] {
            p.li(A1, value).csrrw(A0, SEED, A1);
            p.srli(A3, A0, 30);
            p.check_ne(A3, DEAD, "OPST after a write");
        }
        p.li(A2, 0);
        poll(p);
        p.sltiu(A2, A2, 64);
        p.check_eq(A2, 1, "polls until there was entropy");
    }

    /// USEED and SSEED are defined after reset: nobody is let in; without Zkr they are read-only zeros.
    seed_fields_of_mseccfg
    [rules "mseccfg_useed_rdonly0" "mseccfg_sseed_rdonly0" "MSECCFG_USEED_SSEED_RST"]
    [needs Smepmp]
    [cpus "zkr=off" "entropy=3"]
    |p| {
        use csr::mseccfg::{NUMBER, SSEED, USEED};
        let seeds = SSEED.mask() | USEED.mask();
        p.check_csr_bits(NUMBER, seeds, 0, "SSEED and USEED at reset");
        p.set_csr(NUMBER, seeds);
        let there = if p.cpu().has(Ext::Zkr) { seeds } else { 0 };
        p.check_csr_bits(NUMBER, seeds, there, "SSEED and USEED after writing ones");
    }

    /// Without Zkr there is no seed.
    seed_is_illegal_without_zkr
    [rules "seed_csr_unpriv"]
    [cpus "zkr=off"]
    |p| {
        if !p.cpu().has(Ext::Zkr) {
            read_write(p, Some(Exception::IllegalInst));
            p.in_mode(Mode::HS, |p| read_write(p, Some(Exception::IllegalInst)));
        }
    }
}
