//! mcounteren and mcountinhibit: who may read a counter, and which of them stand still.

use iss::event::Event;

use super::counting::{HPMEVENTS, counted};
use crate::Program;
use crate::prelude::*;

const MCOUNTEREN: u16 = csr::mcounteren::NUMBER;
const MCOUNTINHIBIT: u16 = csr::mcountinhibit::NUMBER;
const MHPMCOUNTER3: u16 = csr::mhpmcounter3::NUMBER;

/// Reads a counter by its unprivileged name in a lower mode: it is allowed or illegal.
fn read_in(p: &mut Program, mode: Mode, counter: u16, allowed: bool) {
    p.in_mode(mode, |p| {
        if allowed {
            p.csrr(A0, counter);
        } else {
            p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                p.csrr(A0, counter);
            });
        }
    });
}

conformance_tests! {
    /// mcounteren has 32 bits, those that the hart implements writable and the others zero, under which a
    /// counter is illegal below M-mode.
    mcounteren_bits
    [rules
        "mcounteren_sz" "mcounteren_enc" "mcounteren_flds_mandatory" "MCOUNTEREN_FLDS_WARL"
        "MCOUNTEREN_CY_RDONLY0" "MCOUNTEREN_TM_RDONLY0" "MCOUNTEREN_IR_RDONLY0" "MCOUNTEREN_HPM_N_RDONLY0"]
    [needs Zihpm]
    [cpus "mcounteren=0" "mcounteren=0x7" "mcounteren=0xfffffff8" "mcounteren=5"]
    |p| {
        p.check_writable(MCOUNTEREN, p.cpu().mcounteren.into(), 0);
        p.write_csr(MCOUNTEREN, u64::MAX);
        for n in 0..32u16 {
            let allowed = p.cpu().mcounteren >> n & 1 == 1;
            read_in(p, Mode::HS, csr::cycle::NUMBER + n, allowed);
        }
    }

    /// A bit of mcounteren opens its counter, and no other, to S-mode; M-mode needs none.
    mcounteren_opens_counters
    [rules "mcounteren_op" "mcounteren_clr_ill_inst_exc" "mcounteren_set_nxt_priv"]
    [cases 71]
    [needs Zihpm]
    [only |cpu| cpu.mcounteren == u32::MAX]
    |p| {
        for n in 0..32u16 {
            let counter = csr::cycle::NUMBER + n;
            for (value, allowed) in [(0, false), (1 << n, true), (!(1 << n), false)] {
                p.write_csr(MCOUNTEREN, value);
                p.csrr(A0, counter);
                read_in(p, Mode::HS, counter, allowed);
                read_in(p, Mode::U, counter, allowed);
            }
        }
    }

    /// TM of mcounteren opens stimecmp too, and vstimecmp by either name.
    mcounteren_opens_timers
    [rules "mcounteren_tm_clr" "mcounteren_tm_set"]
    [cases 74]
    [needs Sstc H]
    [only |cpu| cpu.mcounteren & 0b010 != 0]
    |p| {
        p.write_csr(csr::menvcfg::NUMBER, csr::menvcfg::STCE.mask());
        p.write_csr(csr::henvcfg::NUMBER, csr::henvcfg::STCE.mask());
        let tm = csr::mcounteren::TM.mask();
        for (value, allowed) in [(!tm, false), (tm, true)] {
            p.write_csr(MCOUNTEREN, value);
            let names = [
                (Mode::HS, csr::stimecmp::NUMBER), (Mode::HS, csr::vstimecmp::NUMBER),
                (Mode::VS, csr::stimecmp::NUMBER),
            ];
            for (mode, number) in names {
                read_in(p, mode, number, allowed);
            }
        }
    }

    /// A counter that lower modes may not read counts on, there too.
    counters_count_unseen
    [rules "mcounteren_inc_inaccessible"]
    |p| {
        p.write_csr(MCOUNTEREN, 0);
        p.csrr(A0, csr::minstret::NUMBER);
        p.in_mode(Mode::HS, |p| {
            p.nop().nop().nop();
        });
        p.csrr(A1, csr::minstret::NUMBER);
        p.sub(A1, A1, A0).sltiu(A1, A1, 4);
        p.check_eq(A1, 0, "minstret has counted HS-mode's instructions");
    }

    /// mcountinhibit has a bit for each counter that can be stopped, and none for time.
    mcountinhibit_bits
    [rules "mcountinhibit_enc" "mcountinhibit_sz" "MCOUNTINHIBIT_WARL"]
    [cpus "mcountinhibit=0" "mcountinhibit=0x5" "hpm=4"]
    |p| {
        let counters = 0b101 | ((1u64 << p.cpu().hpm) - 1) << 3;
        p.check_writable(MCOUNTINHIBIT, counters & u64::from(p.cpu().mcountinhibit), 0);
    }

    /// A set bit of mcountinhibit keeps its counter from counting; a clear one does not.
    mcountinhibit_stops_counters
    [rules "mcountinhibit_op" "mcountinhibit_not_impl"]
    [only |cpu| cpu.hpm > 0]
    [cpus "mcountinhibit=0"]
    |p| {
        p.write_csr(HPMEVENTS, Event::Instret as u64);
        for (n, counter) in [(2, csr::minstret::NUMBER), (3, MHPMCOUNTER3)] {
            let stops = p.cpu().mcountinhibit >> n & 1 == 1;
            for (value, counts) in [(0, true), (1 << n, !stops), (!(1u64 << n), true)] {
                p.write_csr(MCOUNTINHIBIT, value);
                counted(p, counter, if counts { 3 } else { 0 }, |p| {
                    p.nop().nop();
                });
            }
        }
        for (value, counts) in [(0, true), (1, p.cpu().mcountinhibit & 1 == 0), (!1, true)] {
            p.write_csr(MCOUNTINHIBIT, value);
            p.csrr(A0, csr::mcycle::NUMBER);
            for _ in 0..16 {
                p.nop();
            }
            p.csrr(A1, csr::mcycle::NUMBER);
            p.sltu(A2, A0, A1);
            p.check_eq(A2, counts.into(), "whether mcycle has grown");
        }
    }

    /// A counter that stands still can be read and written as ever.
    mcountinhibit_leaves_access
    [rules "mcountinhibit_only_inc"]
    [needs Zihpm]
    [only |cpu| cpu.mcounteren == u32::MAX]
    |p| {
        p.write_csr(MCOUNTINHIBIT, u64::MAX);
        let counters = 3 + p.cpu().hpm as u16;
        for n in [0, 2, 3, 31].into_iter().filter(|n| *n < counters) {
            p.check_write(csr::mcycle::NUMBER + n, 0x123, 0x123, "a counter that stands still");
            p.check_csr(csr::cycle::NUMBER + n, 0x123, "its shadow");
            p.in_mode(Mode::U, |p| p.check_csr(csr::cycle::NUMBER + n, 0x123, "its shadow in U-mode"));
        }
    }
}
