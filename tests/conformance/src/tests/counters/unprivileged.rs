//! The counters as user programs see them.

use isa::ext::Ext;
use iss::event::Event;

use crate::prelude::*;
use crate::tests::machine::counting::{HPMEVENTS, counted};

const CYCLE: u16 = csr::cycle::NUMBER;
const TIME: u16 = csr::time::NUMBER;
const INSTRET: u16 = csr::instret::NUMBER;
const HPMCOUNTER3: u16 = csr::hpmcounter3::NUMBER;
const MHPMCOUNTER3: u16 = csr::mhpmcounter3::NUMBER;

conformance_tests! {
    /// There are 32 counters, in the CSRs from 0xc00 on, which every mode reads and none writes.
    counters_in_every_mode
    [rules "zihpm_op_sz_mode_acc_count" "zihpm_op_sz_mode_acc_priv" "hpmcounter_op_sz_mode"]
    [needs Zihpm]
    [only |cpu| cpu.mcounteren == u32::MAX]
    |p| {
        for mode in [Mode::HS, Mode::U] {
            p.in_mode(mode, |p| {
                for number in 0xc00..0xc20 {
                    p.csrr(A0, number);
                }
                for number in [CYCLE, TIME, INSTRET, HPMCOUNTER3, 0xc1f] {
                    p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                        p.csrrw(ZERO, number, ZERO);
                    });
                }
            });
        }
    }

    /// Zicntr has the first three, Zihpm the others.
    counters_by_extension
    [rules
        "zihpm_op_sz_mode_acc_partition" "hpm_counter_op_sz_mode_dependency"
        "HPM_UNIMPLEMENTED_COUNTER_ACCESS"]
    [only |cpu| cpu.mcounteren == u32::MAX]
    [cpus "zihpm=off" "zicntr=off" "hpm=4"]
    |p| {
        for number in 0xc00..0xc20 {
            let ext = if number < HPMCOUNTER3 { Ext::Zicntr } else { Ext::Zihpm };
            p.in_mode(Mode::U, |p| {
                if p.cpu().has(ext) {
                    p.csrr(A0, number);
                } else {
                    p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                        p.csrr(A0, number);
                    });
                }
            });
        }
    }

    /// cycle grows while instructions are executed; it has 64 bits.
    cycle_counts
    [rules "zicntr_rdcycle_op" "zihpm_op_sz_mode_acc_count"]
    [needs Zicntr]
    [only |cpu| cpu.mcounteren & 0b001 != 0]
    |p| {
        p.write_csr(csr::mcycle::NUMBER, 0xffff_0000_0000);
        p.in_mode(Mode::U, |p| {
            p.csrr(A0, CYCLE);
            for _ in 0..16 {
                p.nop();
            }
            p.csrr(A1, CYCLE).sltu(A2, A0, A1).srli(A3, A1, 32);
            p.check_eq(A2, 1, "cycle has grown");
            p.check_eq(A3, 0xffff, "the high half of cycle");
        });
    }

    /// time goes on by itself, and is the one clock that all harts show.
    time_passes
    [rules "zicntr_rdtime_op" "zicntr_time_hart_sync"]
    [needs Zicntr]
    [only |cpu| cpu.mcounteren & 0b010 != 0]
    |p| {
        p.in_mode(Mode::U, |p| {
            // It must change in a million rounds.
            p.csrr(A0, TIME).li(A2, 1_000_000);
            let (again, changed) = (p.here(), p.label());
            p.csrr(A1, TIME).bne(A0, A1, changed).addi(A2, A2, -1).bnez(A2, again);
            p.place(changed);
            p.sltu(A2, A0, A1);
            p.check_eq(A2, 1, "time has grown");
        });
        p.li(A3, device::MTIME).ld(A0, 0, A3).csrr(A1, TIME).ld(A2, 0, A3);
        p.addi(A0, A0, -1).sltu(A4, A1, A0);
        p.check_eq(A4, 0, "time is at most a tick behind the platform's clock");
        p.addi(A2, A2, 1).sltu(A4, A2, A1);
        p.check_eq(A4, 0, "time is at most a tick before the platform's clock");
    }

    /// instret counts the instructions that retire.
    instret_counts
    [rules "zicntr_rdinstret_op"]
    [needs Zicntr]
    [only |cpu| cpu.mcounteren & 0b100 != 0]
    |p| {
        for mode in [Mode::HS, Mode::U] {
            p.in_mode(mode, |p| {
                counted(p, INSTRET, 1, |_| {});
                counted(p, INSTRET, 4, |p| {
                    p.nop().nop().nop();
                });
            });
        }
    }

    /// The event counters that the hart has count, by as many bits as it has; the others are constant.
    event_counters_of_the_platform
    [rules
        "HPM_PLATFORM_SPECIFIC_IMPL" "hpmcounter_op_sz_mode" "HPM_UNIMPLEMENTED_COUNTER_ACCESS"]
    [needs Zihpm]
    [only |cpu| cpu.mcounteren == u32::MAX]
    [cpus "hpm=4" "hpmlen=32" "hpm=0"]
    |p| {
        let ones = u64::MAX >> (64 - p.cpu().hpm_len);
        for n in [0, 3, 4, 28] {
            let there = u32::from(n) < p.cpu().hpm;
            p.write_csr(HPMEVENTS + n, Event::Instret as u64);
            p.write_csr(MHPMCOUNTER3 + n, 0);
            p.in_mode(Mode::U, |p| {
                counted(p, HPMCOUNTER3 + n, if there { 3 } else { 0 }, |p| {
                    p.nop().nop();
                });
            });
            p.write_csr(HPMEVENTS + n, 0);
            p.write_csr(MHPMCOUNTER3 + n, u64::MAX);
            p.in_mode(Mode::U, |p| p.check_csr(HPMCOUNTER3 + n, if there { ones } else { 0 }, "hpmcounter"));
        }
    }

    /// A counter whose selector names no event stands still.
    counters_without_an_event
    [rules "hpm_misconfigured_event_behavior"]
    [needs Zihpm]
    [only |cpu| cpu.hpm > 0 && cpu.mcounteren >> 3 & 1 == 1]
    |p| {
        for selector in [0, 0x20, 0xff, 0xff_ff00] {
            p.write_csr(HPMEVENTS, selector);
            p.write_csr(MHPMCOUNTER3, 55);
            p.in_mode(Mode::U, |p| {
                p.nop().nop();
                p.check_csr(HPMCOUNTER3, 55, "hpmcounter3");
            });
        }
    }
}
