//! Tests of the rules in `rules/hypervisor.tsv`.

mod access;
mod accessed_dirty;
mod cache_blocks;
mod counter_overflow;
mod counters;
mod delegation;
mod double_trap;
mod double_trap_return;
mod entries;
mod envcfg;
mod examples;
mod exception_priority;
mod existence;
mod fences;
mod float_state;
mod g_stage_registers;
mod guest;
mod guest_external;
mod guest_interrupts;
mod guest_timer;
mod gva;
mod hfence_traps;
mod hgatp;
mod hlv;
mod hlv_permissions;
mod hstatus;
mod implicit;
mod instructions;
mod interrupts;
mod machine_csrs;
mod mprv;
mod no_fence;
mod permissions;
mod priority;
mod protection;
mod returns;
mod state_enable;
mod straddle;
mod substitution;
mod tinst;
mod trap_entry;
mod trap_return;
mod trap_values;
mod two_stage;
mod vs_warl;
mod vsatp;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[
    access::TESTS,
    accessed_dirty::TESTS,
    cache_blocks::TESTS,
    counter_overflow::TESTS,
    counters::TESTS,
    delegation::TESTS,
    double_trap::TESTS,
    double_trap_return::TESTS,
    entries::TESTS,
    envcfg::TESTS,
    examples::TESTS,
    exception_priority::TESTS,
    existence::TESTS,
    fences::TESTS,
    float_state::TESTS,
    g_stage_registers::TESTS,
    guest_external::TESTS,
    guest_interrupts::TESTS,
    guest_timer::TESTS,
    gva::TESTS,
    hfence_traps::TESTS,
    hgatp::TESTS,
    hlv::TESTS,
    hlv_permissions::TESTS,
    hstatus::TESTS,
    implicit::TESTS,
    instructions::TESTS,
    interrupts::TESTS,
    machine_csrs::TESTS,
    mprv::TESTS,
    no_fence::TESTS,
    permissions::TESTS,
    priority::TESTS,
    protection::TESTS,
    returns::TESTS,
    state_enable::TESTS,
    straddle::TESTS,
    substitution::TESTS,
    tinst::TESTS,
    trap_entry::TESTS,
    trap_return::TESTS,
    trap_values::TESTS,
    two_stage::TESTS,
    vs_warl::TESTS,
    vsatp::TESTS,
];
