//! The parts that are instructions: compiled for RISC-V, and read natively by the tests.

#[cfg(target_arch = "riscv64")]
mod riscv;
pub mod switch;

#[cfg(target_arch = "riscv64")]
pub use riscv::BareHart;
