//! Cache-block management, zeroing and prefetch. Unprivileged ISA, "Cache Management Operations (CMOs)".
//!
//! There are no caches, so that memory is always what an invalidation, a clean or a flush would make it: that
//! leaves the permission to execute and the checks of the address.

use isa::field::Field;
use isa::{Inst, Privilege, csr};

use super::{Cpu, Exec};
use crate::hart::Hart;
use crate::observe::Observer;

impl<O: Observer> Cpu<'_, O> {
    /// As a flush, which CBIE may ask for instead, it would leave memory as it is, too.
    pub(super) fn cbo_inval(&mut self, i: &Inst) -> Exec {
        self.require_environment(i, csr::menvcfg::CBIE)?;
        self.manage_block(i, self.x(i.rs1))
    }

    pub(super) fn cbo_clean(&mut self, i: &Inst) -> Exec {
        self.require_environment(i, csr::menvcfg::CBCFE)?;
        self.manage_block(i, self.x(i.rs1))
    }

    pub(super) fn cbo_flush(&mut self, i: &Inst) -> Exec {
        self.cbo_clean(i)
    }

    pub(super) fn cbo_zero(&mut self, i: &Inst) -> Exec {
        self.require_environment(i, csr::menvcfg::CBZE)?;
        self.zero_block(i, self.x(i.rs1))
    }

    pub(super) fn prefetch_i(&mut self, _: &Inst) -> Exec {
        Ok(())
    }

    pub(super) fn prefetch_r(&mut self, _: &Inst) -> Exec {
        Ok(())
    }

    pub(super) fn prefetch_w(&mut self, _: &Inst) -> Exec {
        Ok(())
    }

    /// Refuses `i` where `field`, which lies alike in all three, is zero in an environment configuration that
    /// is above the current mode.
    fn require_environment(&self, i: &Inst, field: Field) -> Exec {
        match self.hart.environment(field) {
            (true, true) => Ok(()),
            (true, false) if self.hart.mode().virt => Err(self.virtual_inst(i)),
            _ => Err(self.illegal(i)),
        }
    }
}

impl Hart {
    /// Whether `field` is set where it counts for the current mode: in the environment configuration of machine mode,
    /// and in those of the modes between.
    #[inline]
    fn environment(&self, field: Field) -> (bool, bool) {
        let (mode, c) = (self.mode(), &self.csr);
        let machine = mode.privilege == Privilege::M || field.is_set(c.menvcfg);
        let supervisor = mode.privilege != Privilege::U || field.is_set(c.senvcfg);
        let hypervisor = !mode.virt || field.is_set(c.henvcfg);
        (machine, hypervisor && supervisor)
    }

    /// Whether the current mode may execute CBO.ZERO.
    #[inline]
    pub(crate) fn may_zero_blocks(&self) -> bool {
        self.environment(csr::menvcfg::CBZE) == (true, true)
    }
}
