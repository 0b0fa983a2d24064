//! Tests of the rules in `rules/machine.tsv`.

mod arrival;
mod handler;
mod identity;
mod interrupt_enables;
mod m_attributes;
mod m_delivery;
mod m_environment;
mod m_pending;
mod m_returns;
mod m_timer;
mod m_trap_csrs;
mod memory_privilege;
mod misa;
mod status;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[
    identity::TESTS,
    interrupt_enables::TESTS,
    m_attributes::TESTS,
    m_delivery::TESTS,
    m_environment::TESTS,
    m_pending::TESTS,
    m_returns::TESTS,
    m_timer::TESTS,
    m_trap_csrs::TESTS,
    memory_privilege::TESTS,
    misa::TESTS,
    status::TESTS,
];
