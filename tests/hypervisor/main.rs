//! The hypervisor, natively on simulated harts.

mod hooked;
mod inject;
mod isolation;
mod museum;
mod tour;
mod walk;
mod world;
