//! mcycle, minstret and the event counters: what they hold, and what is written to them.

use iss::event::Event;

use super::counting::{HPMEVENTS, counted};
use crate::prelude::*;

const MCYCLE: u16 = csr::mcycle::NUMBER;
const MINSTRET: u16 = csr::minstret::NUMBER;
const MHPMCOUNTER3: u16 = csr::mhpmcounter3::NUMBER;
const RETIRED: u64 = Event::Instret as u64;

conformance_tests! {
    /// mcycle counts on from any value.
    mcycle_counts
    [rules "mcycle_op" "mcycle_rst" "m_mode_perf_monitoring"]
    |p| {
        for start in [0, 0x1234_5678_9abc_def0] {
            p.write_csr(MCYCLE, start);
            p.csrr(A0, MCYCLE);
            for _ in 0..16 {
                p.nop();
            }
            p.csrr(A1, MCYCLE);
            p.sltu(A2, A0, A1);
            p.check_eq(A2, 1, "mcycle has grown");
            p.li(A3, start).sltu(A2, A0, A3);
            p.check_eq(A2, 0, "mcycle has started from what was written");
        }
    }

    /// minstret counts the instructions that retire, on from any value.
    minstret_counts
    [rules "minstret_op" "minstret_rst"]
    |p| {
        for start in [0, 0x1234_5678_9abc_def0] {
            p.li(A2, start).csrw(MINSTRET, A2).nop().nop().nop().csrr(A0, MINSTRET);
            p.check_eq(A0, start + 3, "minstret after three instructions");
        }
        counted(p, MINSTRET, 1, |_| {});
        counted(p, MINSTRET, 5, |p| {
            p.nop().nop().nop().nop();
        });
    }

    /// The value written by one instruction is what the next one reads; the count of the writer is lost.
    counter_written_and_read
    [rules "minstret_wr" "mcycle_wr"]
    |p| {
        for value in [0, 77, u64::MAX] {
            p.li(A0, value).csrw(MINSTRET, A0).csrr(A1, MINSTRET);
            p.check_eq(A1, value, "minstret");
            // A swap reads what was there before it.
            p.li(A0, value).li(A1, 5).csrw(MINSTRET, A0).csrrw(A2, MINSTRET, A1).csrr(A3, MINSTRET);
            p.check_eq(A2, value, "minstret before a swap");
            p.check_eq(A3, 5, "minstret after a swap");
        }
        p.set_csr(csr::mcountinhibit::NUMBER, 1);
        if p.cpu().mcountinhibit & 1 != 0 {
            p.check_write(MCYCLE, 77, 77, "mcycle, which stands still");
        }
    }

    /// Both have 64 bits, and go from all ones to zero.
    counters_have_64_bits
    [rules "mcycle_sz" "minstret_sz"]
    |p| {
        p.li(A0, u64::MAX).csrw(MINSTRET, A0).nop().csrr(A1, MINSTRET);
        p.check_eq(A1, 0, "minstret one after all ones");
        p.set_csr(csr::mcountinhibit::NUMBER, 1);
        if p.cpu().mcountinhibit & 1 != 0 {
            p.check_writable(MCYCLE, u64::MAX, 0);
        }
    }

    /// ECALL and EBREAK do not retire.
    calls_do_not_retire
    [rules "ecall_no_minstret_inc" "ebreak_no_minstret_inc"]
    [needs Zicntr Smcntrpmf]
    [only |cpu| cpu.mcounteren & 0b100 != 0]
    |p| {
        let only_user = csr::mhpmevent3::MINH.mask();
        // In U-mode alone, so that the handler does not count.
        p.write_csr(csr::minstretcfg::NUMBER, only_user);
        p.in_mode(Mode::U, |p| {
            p.csrr(A0, csr::instret::NUMBER);
            p.expect_trap(trap(Exception::EcallU, Mode::M), |p| {
                p.ecall();
            });
            p.csrr(A1, csr::instret::NUMBER);
            p.expect_trap(trap(Exception::Breakpoint, Mode::M), |p| {
                p.ebreak();
            });
            p.csrr(A2, csr::instret::NUMBER);
            // Around a no-op in their place, the same instructions.
            let label = p.label();
            p.csrr(A3, csr::instret::NUMBER).la(S11, label).nop();
            p.place(label);
            p.csrr(A4, csr::instret::NUMBER);
            p.li(S11, 0);
            p.sub(A1, A1, A0).sub(A4, A4, A3).addi(A4, A4, -1);
            p.check_eq_reg(A1, A4, "what retires around ECALL");
            p.sub(A2, A2, A0).sub(A2, A2, A1);
            p.check_eq_reg(A2, A4, "what retires around EBREAK");
        });
    }

    /// There are 29 event counters and selectors, of which those that the hart lacks are zero.
    event_counters_exist
    [rules "mhpmcounter_num" "mhpmcounter_mandatory" "MHPMCOUNTER_N_RDONLY0" "MHPMEVENT_N_RDONLY0"]
    [cpus "hpm=0" "hpm=4"]
    |p| {
        for n in 0..29 {
            let there = u32::from(n) < p.cpu().hpm;
            p.write_csr(HPMEVENTS + n, RETIRED);
            p.check_csr(HPMEVENTS + n, if there { RETIRED } else { 0 }, "event selector");
            p.write_csr(HPMEVENTS + n, 0);
            p.check_write(MHPMCOUNTER3 + n, 5, if there { 5 } else { 0 }, "event counter");
        }
    }

    /// An event counter holds as many bits as the hart implements, and wraps there.
    event_counter_width
    [rules "MHPMCOUNTER_N_SZ" "MHPMCOUNTER_WARL"]
    [cpus "hpmlen=40" "hpmlen=1"]
    |p| {
        let ones = u64::MAX >> (64 - p.cpu().hpm_len);
        let hpm = p.cpu().hpm as u16;
        for n in (0..hpm).step_by(13) {
            p.check_writable(MHPMCOUNTER3 + n, ones, 0);
        }
        p.write_csr(HPMEVENTS, RETIRED);
        p.li(A0, ones).csrw(MHPMCOUNTER3, A0).nop().csrr(A1, MHPMCOUNTER3);
        p.check_eq(A1, 0, "one after all ones");
    }

    /// A selector chooses what its counter counts; with event 0 it counts nothing.
    event_selectors
    [rules "mhpmevent_op" "mhpmevent_enc" "mhpmevent_sz"]
    |p| {
        let hpm = p.cpu().hpm as u16;
        for n in (0..hpm).step_by(13) {
            let (counter, selector) = (MHPMCOUNTER3 + n, HPMEVENTS + n);
            p.check_write(selector, 0, 0, "no event");
            counted(p, counter, 0, |p| {
                p.nop().nop();
            });
            p.check_write(selector, RETIRED, RETIRED, "instructions retired");
            counted(p, counter, 3, |p| {
                p.nop().nop();
            });
            p.write_csr(selector, Event::Load as u64);
            let page = p.page();
            p.li(A4, page);
            counted(p, counter, 2, |p| {
                p.ld(A5, 0, A4).ld(A5, 0, A4).sd(A5, 0, A4);
            });
            p.write_csr(selector, Event::TakenBranch as u64);
            counted(p, counter, 1, |p| {
                let (next, after) = (p.label(), p.label());
                p.bnez(ZERO, next);
                p.place(next);
                p.beqz(ZERO, after);
                p.place(after);
            });
            p.write_csr(selector, 0);
        }
    }

    /// A selector takes any value without a trap, and then holds one that is legal: it holds it when it is
    /// written back.
    event_selectors_take_anything
    [rules "MHPMEVENT_WARL"]
    [cpus "sscofpmf=off" "hpm=1"]
    |p| {
        for value in [u64::MAX, 0xff, 0x1234_5678_9abc_def0, 1 << 63] {
            for selector in HPMEVENTS..HPMEVENTS + 29 {
                p.li(A0, value).csrw(selector, A0).csrr(A1, selector);
                p.csrw(selector, A1).csrr(A2, selector);
                p.check_eq_reg(A2, A1, "a selector written back");
            }
        }
    }

    /// cycle, instret and hpmcounter show what mcycle, minstret and mhpmcounter hold, and cannot be written.
    unprivileged_shadows
    [rules
        "cycle_op" "instret_op" "hpmcounter_op" "cycle_rdonly" "instret_rdonly" "hpmcounter_rdonly"]
    [needs Zihpm]
    [cpus "hpm=3"]
    |p| {
        p.li(A2, 0x1234_0000_0000).csrw(MINSTRET, A2).csrr(A0, csr::instret::NUMBER);
        p.check_eq(A0, 0x1234_0000_0000, "instret");
        p.write_csr(MCYCLE, 0x5678_0000_0000);
        p.csrr(A0, csr::cycle::NUMBER).srli(A0, A0, 32);
        p.check_eq(A0, 0x5678, "the high half of cycle");
        for n in 0..29 {
            let value = if u32::from(n) < p.cpu().hpm { 0x100 + u64::from(n) } else { 0 };
            p.write_csr(MHPMCOUNTER3 + n, 0x100 + u64::from(n));
            p.check_csr(csr::hpmcounter3::NUMBER + n, value, "hpmcounter");
        }
        let shadows = (0..32).filter(|n| *n != 1).map(|n| csr::cycle::NUMBER + n);
        for shadow in shadows {
            p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                p.csrrw(ZERO, shadow, ZERO);
            });
        }
    }

    /// time shows mtime, and cannot be written.
    time_shows_mtime
    [rules "time_op" "time_rdonly" "time_visibility_mtime"]
    [needs Zicntr]
    |p| {
        p.li(A3, crate::device::MTIME).ld(A0, 0, A3).csrr(A1, csr::time::NUMBER).ld(A2, 0, A3);
        p.sltu(A4, A1, A0);
        p.check_eq(A4, 0, "time is not behind mtime");
        p.sltu(A4, A2, A1);
        p.check_eq(A4, 0, "time is not before mtime");
        p.li(A5, 1 << 40).sd(A5, 0, A3).csrr(A1, csr::time::NUMBER).ld(A2, 0, A3);
        p.sltu(A4, A1, A5);
        p.check_eq(A4, 0, "time follows what is written to mtime");
        p.sltu(A4, A2, A1);
        p.check_eq(A4, 0, "and is not before it");
        p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
            p.csrrw(ZERO, csr::time::NUMBER, ZERO);
        });
    }
}
