//! The hypervisor, natively on simulated harts.

mod inject;
mod isolation;
mod memory;
mod tour;
mod walk;
mod world;
