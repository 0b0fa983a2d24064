//! Pointer masking: the upper bits of an explicit access's address that are ignored. Privileged ISA, "Pointer
//! Masking Extensions".

use isa::{Mode, Privilege, csr};

use super::Access;
use crate::csr::CsrFile;
use crate::hart::Hart;
use crate::observe::AccessKind;

impl CsrFile {
    /// Whether any PMM field is set.
    pub(crate) fn has_pmm(&self) -> bool {
        csr::mseccfg::PMM.is_set(self.mseccfg)
            || csr::menvcfg::PMM.is_set(self.menvcfg)
            || csr::senvcfg::PMM.is_set(self.senvcfg)
            || csr::henvcfg::PMM.is_set(self.henvcfg)
            || csr::hstatus::HUPMM.is_set(self.hstatus)
    }
}

impl Hart {
    /// The address that `access` to `address` is made at, and reported with.
    #[inline]
    pub(crate) fn masked(&self, access: &Access, address: u64) -> u64 {
        if self.csr.masks_pointers { self.ignore_upper_bits(access, address) } else { address }
    }

    #[cold]
    fn ignore_upper_bits(&self, access: &Access, address: u64) -> u64 {
        let ignored = self.pmlen(access);
        let shifted = address << ignored;
        if self.is_virtual(access) { (shifted as i64 >> ignored) as u64 } else { shifted >> ignored }
    }

    /// Whether the first stage translates, so that addresses are sign-extended.
    fn is_virtual(&self, access: &Access) -> bool {
        let atp = if access.virt { self.csr.vsatp } else { self.csr.satp };
        (access.virt || access.privilege != Privilege::M) && csr::satp::MODE.is_set(atp)
    }

    /// PMLEN: how many upper bits the effective mode ignores.
    pub(crate) fn pmlen(&self, access: &Access) -> u32 {
        let c = &self.csr;
        let is_machine = access.privilege == Privilege::M && !access.virt;
        let own_status = if access.virt { c.vsstatus } else { c.mstatus };
        let mxr = !is_machine && csr::sstatus::MXR.is_set(c.mstatus | own_status);
        if access.kind == AccessKind::Fetch || access.hlvx || mxr {
            return 0;
        }
        let pmm = match (access.virt, access.privilege) {
            (false, Privilege::M) => csr::mseccfg::PMM.get(c.mseccfg),
            (false, Privilege::S) => csr::menvcfg::PMM.get(c.menvcfg),
            (true, Privilege::S | Privilege::M) => csr::henvcfg::PMM.get(c.henvcfg),
            // HLV and HSV: U-mode cannot look into the senvcfg that its guest's kernel has set.
            (true, Privilege::U) if self.mode() == Mode::U => csr::hstatus::HUPMM.get(c.hstatus),
            (_, Privilege::U) => csr::senvcfg::PMM.get(c.senvcfg),
        };
        match pmm {
            2 => 64 - 57,
            3 => 64 - 48,
            _ => 0,
        }
    }
}
