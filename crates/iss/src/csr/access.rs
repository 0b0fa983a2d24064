//! Stage one of a CSR access: may I?
//!
//! Privileged ISA, "CSR Listing" and, for the choice between illegal-instruction and virtual-instruction
//! exceptions, "Trap Cause Codes" of the hypervisor extension.

use isa::csr;
use isa::ext::Ext;
use isa::field::Field;
use isa::{Mode, Privilege};

use crate::hart::Hart;

/// Why an access is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Denied {
    /// An illegal-instruction exception.
    Illegal,
    /// A virtual-instruction exception: the access would be allowed in HS-mode.
    Virtual,
}

type Allowed = Result<(), Denied>;

fn require(condition: bool, otherwise: Denied) -> Allowed {
    if condition { Ok(()) } else { Err(otherwise) }
}

impl Hart {
    /// Whether an instruction in the current mode may read CSR `number`, and write it if `write`.
    pub(crate) fn may_access(&self, number: u16, write: bool) -> Allowed {
        require(self.has_csr(number) && !(write && csr::is_read_only(number)), Denied::Illegal)?;
        // Reading the entropy source uses up what it had, which must not look like a mere read.
        require(number != csr::seed::NUMBER || write, Denied::Illegal)?;
        let mode = self.mode();
        if mode.privilege == Privilege::M {
            return self.may_access_floating_point(number);
        }
        require(csr::lowest_privilege(number) != Privilege::M, Denied::Illegal)?;
        if mode.virt {
            self.may_access_below_machine(number, Mode::HS)?;
            let supervisor = csr::lowest_privilege(number) == Privilege::S;
            let out_of_reach = csr::is_hypervisor(number) || supervisor && mode.privilege == Privilege::U;
            require(!out_of_reach, Denied::Virtual)?;
        } else {
            require(csr::lowest_privilege(number) <= mode.privilege, Denied::Illegal)?;
            self.may_access_below_machine(number, mode)?;
            if [csr::satp::NUMBER, csr::hgatp::NUMBER].contains(&number) {
                require(!csr::mstatus::TVM.is_set(self.csr.mstatus), Denied::Illegal)?;
            }
        }
        self.may_access_floating_point(number)?;
        if mode.virt { self.may_access_as_guest(number) } else { Ok(()) }
    }

    /// Whether the hart has CSR `number` at all.
    pub(crate) fn has_csr(&self, number: u16) -> bool {
        let v = self.variant();
        csr::find(number).is_some_and(|(row, index)| match row.number {
            csr::pmpcfg0::NUMBER => index % 2 == 0 && usize::from(index) * 4 < v.pmp_entries,
            csr::pmpaddr0::NUMBER => usize::from(index) < v.pmp_entries,
            _ => v.extensions.meets(row.needs),
        })
    }

    /// Floating-point CSRs need FS on, at V=1 in `vsstatus` as well.
    fn may_access_floating_point(&self, number: u16) -> Allowed {
        let is_float = (csr::fflags::NUMBER..=csr::fcsr::NUMBER).contains(&number);
        require(!is_float || self.fs_is_on(), Denied::Illegal)
    }

    /// What M-mode withholds from all lower modes. `mode` is the mode whose rights are asked for.
    fn may_access_below_machine(&self, number: u16, mode: Mode) -> Allowed {
        if let Some(counter) = counter_bit(number) {
            require(self.csr.mcounteren & counter != 0, Denied::Illegal)?;
            let user = mode == Mode::U;
            require(!user || self.csr.scounteren & counter != 0, Denied::Illegal)?;
        }
        if [csr::stimecmp::NUMBER, csr::vstimecmp::NUMBER].contains(&number) {
            let time = csr::mcounteren::TM.is_set(self.csr.mcounteren);
            require(time && csr::menvcfg::STCE.is_set(self.csr.menvcfg), Denied::Illegal)?;
        }
        if number == csr::seed::NUMBER {
            use csr::mseccfg::{SSEED, USEED};
            let access = if mode == Mode::U { USEED } else { SSEED };
            require(access.is_set(self.csr.mseccfg), Denied::Illegal)?;
        }
        match state_enable_bit(number) {
            Some((n, bit)) if self.variant().has(Ext::Smstateen) => {
                require(bit.is_set(self.csr.mstateen[n]), Denied::Illegal)
            }
            _ => Ok(()),
        }
    }

    /// What the hypervisor withholds from its guest, and VS-mode from VU-mode.
    fn may_access_as_guest(&self, number: u16) -> Allowed {
        if let Some(counter) = counter_bit(number) {
            require(self.csr.hcounteren & counter != 0, Denied::Virtual)?;
            let user = self.mode() == Mode::VU;
            require(!user || self.csr.scounteren & counter != 0, Denied::Virtual)?;
        }
        if number == csr::stimecmp::NUMBER {
            let time = csr::hcounteren::TM.is_set(self.csr.hcounteren);
            require(time && csr::henvcfg::STCE.is_set(self.csr.henvcfg), Denied::Virtual)?;
        }
        require(number != csr::seed::NUMBER, Denied::Virtual)?;
        if number == csr::satp::NUMBER {
            require(!csr::hstatus::VTVM.is_set(self.csr.hstatus), Denied::Virtual)?;
        }
        match state_enable_bit(number) {
            Some((n, bit)) if self.variant().has(Ext::Smstateen) => {
                require(bit.is_set(self.csr.hstateen[n] & self.csr.mstateen[n]), Denied::Virtual)
            }
            _ => Ok(()),
        }
    }
}

/// The bit of the counter-enable registers that governs CSR `number`.
fn counter_bit(number: u16) -> Option<u64> {
    let index = number.checked_sub(csr::cycle::NUMBER).filter(|index| *index < 32)?;
    Some(1 << index)
}

/// The state-enable register and the bit of it that govern CSR `number`.
fn state_enable_bit(number: u16) -> Option<(usize, Field)> {
    let family = |first: u16| number.checked_sub(first).filter(|index| *index < 4).map(usize::from);
    if let Some(index) = family(csr::sstateen0::NUMBER).or_else(|| family(csr::hstateen0::NUMBER)) {
        return Some((index, csr::mstateen0::SE0));
    }
    [csr::senvcfg::NUMBER, csr::henvcfg::NUMBER].contains(&number).then_some((0, csr::mstateen0::ENVCFG))
}
