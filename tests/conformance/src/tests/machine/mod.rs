//! Tests of the rules in `rules/machine.tsv`.

mod counter_gates;
mod counters;
pub(super) mod counting;
mod delegated_traps;
mod delegation;
mod float_status;
mod identity;
mod interrupt_enables;
mod m_attributes;
mod m_delivery;
mod m_double_trap;
mod m_environment;
mod m_pending;
mod m_returns;
mod m_timer;
mod m_trap_csrs;
mod memory_privilege;
mod misa;
mod misaligned;
pub(super) mod mseccfg;
mod pending_bits;
mod pmp;
mod pmp_registers;
pub(super) mod protection;
mod status;
mod trap_vector;
mod virtualization;
mod wfi;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[
    counter_gates::TESTS,
    counters::TESTS,
    delegated_traps::TESTS,
    delegation::TESTS,
    float_status::TESTS,
    identity::TESTS,
    interrupt_enables::TESTS,
    m_attributes::TESTS,
    m_delivery::TESTS,
    m_double_trap::TESTS,
    m_environment::TESTS,
    m_pending::TESTS,
    m_returns::TESTS,
    m_timer::TESTS,
    m_trap_csrs::TESTS,
    memory_privilege::TESTS,
    misa::TESTS,
    misaligned::TESTS,
    mseccfg::TESTS,
    pending_bits::TESTS,
    pmp::TESTS,
    pmp_registers::TESTS,
    status::TESTS,
    trap_vector::TESTS,
    virtualization::TESTS,
    wfi::TESTS,
];
