//! The faults, by what they are in.

mod csr;
mod interrupt;
mod mmu;
mod tinst;
mod trap;

use super::fault::Fault;

/// Every fault.
pub(super) fn all() -> impl Iterator<Item = &'static Fault> {
    let lists = [mmu::FAULTS, trap::FAULTS, csr::FAULTS, interrupt::FAULTS, tinst::FAULTS];
    lists.into_iter().flatten().copied().flatten()
}
