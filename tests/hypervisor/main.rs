//! The hypervisor, natively on simulated harts.

mod ageing;
mod alarm;
mod dirty_log;
mod hooked;
mod hostile;
mod inject;
mod isolation;
mod museum;
#[path = "../../crates/iss/tests/random/rng.rs"]
mod rng;
mod tour;
mod walk;
mod world;
