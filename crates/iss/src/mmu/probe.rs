//! Translation without side effects, for debuggers.

use isa::paging::PAGE_SIZE;

use super::guest_cache::GuestCache;
use super::walk::Walker;
use crate::bus::Bus;
use crate::hart::Hart;
use crate::observe::{AccessKind, Silent};
use crate::trap::Trap;

impl Hart {
    /// The physical address of `va` in the current mode, as a load, store or fetch would find it in the
    /// page tables as they are now, without side effects on the hart or memory; for a debugger.
    ///
    /// A and D bits that are clear do not count, nor does whether anything answers at the address.
    ///
    /// # Errors
    /// The trap that the access would raise.
    pub fn translate(&self, bus: &dyn Bus, va: u64, kind: AccessKind) -> Result<u64, Trap> {
        let access = if kind == AccessKind::Fetch { self.fetching() } else { self.explicit(kind) };
        let va = self.masked(&access, va);
        if !self.is_translated(&access) {
            return Ok(va);
        }
        let mut walker = Walker {
            hart: self,
            ram: bus.ram(),
            obs: &mut Silent,
            guest_cache: &mut GuestCache::new(false),
            probing: true,
        };
        match walker.translate(&access, va) {
            Ok(translation) => Ok(translation.page | (va % PAGE_SIZE)),
            Err(fault) => Err(fault.trap(&access, va, 0)),
        }
    }
}
