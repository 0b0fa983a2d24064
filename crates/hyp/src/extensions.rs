//! What a virtual hart has of the instruction set and of the SBI, in KVM's numbers. Linux, "The Definitive KVM API
//! Documentation", `KVM_REG_RISCV_ISA_EXT` and `KVM_REG_RISCV_SBI_EXT`.

use isa::csr::{henvcfg, hstateen0};
use isa::ext::{Ext, ExtSet};
use kvm::extension;

use crate::probe::Features;

/// A set of extensions, by KVM's numbers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct IsaExtensions {
    /// Those that the machine has and the hypervisor can give.
    available: u128,
    /// Those that the guest has.
    enabled: u128,
}

/// The number of an extension of the instruction set, by KVM's name for it.
pub const fn isa_number(name: &str) -> u16 {
    extension::isa(name).unwrap()
}

/// The number of an extension of the SBI, by KVM's name for it.
pub const fn sbi_number(name: &str) -> u16 {
    extension::sbi(name).unwrap()
}

/// What a guest cannot have: a hypervisor extension and counters' interrupts would have to be emulated.
const NEVER: u128 = 1 << isa_number("h") | 1 << isa_number("sscofpmf");

const F: u16 = isa_number("f");
const D: u16 = isa_number("d");
const SSTC: u16 = isa_number("sstc");
const SVPBMT: u16 = isa_number("svpbmt");
const SVADE: u16 = isa_number("svade");
const SVADU: u16 = isa_number("svadu");
const ZICBOM: u16 = isa_number("zicbom");
const ZICBOZ: u16 = isa_number("zicboz");
const SMSTATEEN: u16 = isa_number("smstateen");

impl IsaExtensions {
    /// What a guest has by default on a machine of these extensions: all that can be given to it.
    pub(crate) fn new(machine: ExtSet, features: Features) -> IsaExtensions {
        let mut available = 0;
        for (number, name) in extension::ISA.iter().enumerate() {
            // Nobody saves vector registers.
            if *name == "v" || name.starts_with("zv") {
                continue;
            }
            let has = match *name {
                // What C and D have together has no name of its own elsewhere.
                "zcd" => machine.has(Ext::C) && machine.has(Ext::D),
                name => Ext::from_name(name).is_some_and(|ext| machine.has(ext)),
            };
            let can_give = match number as u16 {
                SSTC => features.sstc,
                SMSTATEEN => features.smstateen,
                SVPBMT => henvcfg::PBMTE.is_set(features.henvcfg),
                SVADU => henvcfg::ADUE.is_set(features.henvcfg),
                _ => true,
            };
            if has && can_give {
                available |= 1 << number;
            }
        }
        IsaExtensions { available, enabled: available & !NEVER }
    }

    /// Whether the guest has the extension with this number.
    pub fn has(self, number: u16) -> bool {
        number < 128 && self.enabled >> number & 1 != 0
    }

    /// Whether the guest could have it.
    pub fn is_available(self, number: u16) -> bool {
        number < 128 && self.available >> number & 1 != 0
    }

    /// Whether the guest can be given it or kept from it: what has no switch in any CSR goes with the machine.
    pub(crate) fn may_set(self, number: u16, enabled: bool) -> bool {
        if enabled {
            return self.is_available(number) && NEVER >> number & 1 == 0;
        }
        match number {
            // Without it, nobody would set A and D for the guest.
            SVADE => self.is_available(SVADU),
            F | D | SSTC | SVPBMT | SVADU | ZICBOM | ZICBOZ | SMSTATEEN => true,
            _ => false,
        }
    }

    /// Gives it to the guest, or takes it away.
    pub(crate) fn set(&mut self, number: u16, enabled: bool) {
        self.enabled = self.enabled & !(1 << number) | u128::from(enabled) << number;
    }

    /// Whether the guest has floating-point registers.
    pub fn has_float(self) -> bool {
        self.has(F) || self.has(D)
    }

    /// Whether the guest has a timer of its own.
    pub fn has_sstc(self) -> bool {
        self.has(SSTC)
    }

    /// `henvcfg` for these extensions.
    pub(crate) fn henvcfg(self, features: Features) -> u64 {
        let on = |number| u64::from(self.has(number));
        // Invalidation as a flush: what the host has put into memory is never lost, nor shown as it was before.
        let cbie = u64::from(self.has(ZICBOM));
        // With both, the guest decides by what its own firmware would: it is told Svade, so that nothing is set for it.
        let adue = u64::from(self.has(SVADU) && !self.has(SVADE));
        let value = henvcfg::STCE.of(on(SSTC))
            | henvcfg::PBMTE.of(on(SVPBMT))
            | henvcfg::CBIE.of(cbie)
            | henvcfg::CBCFE.of(on(ZICBOM))
            | henvcfg::CBZE.of(on(ZICBOZ))
            | henvcfg::ADUE.of(adue);
        value & features.henvcfg
    }

    /// `hstateen0` for these extensions.
    pub(crate) fn hstateen0(self) -> u64 {
        hstateen0::ENVCFG.mask() | hstateen0::SE0.of(u64::from(self.has(SMSTATEEN)))
    }
}

/// Whether a virtual hart has an extension of the SBI.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It cannot have it.
    Unavailable,
    /// It has it.
    Enabled,
    /// It could have it.
    Disabled,
}

/// The extensions of the SBI, by KVM's numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SbiExtensions([Status; extension::SBI.len()]);

impl SbiExtensions {
    /// What a guest has by default.
    pub(crate) fn new() -> SbiExtensions {
        SbiExtensions(core::array::from_fn(|number| match extension::SBI[number] {
            "pmu" | "fwft" | "mpxy" => Status::Unavailable,
            "dbcn" | "susp" => Status::Disabled,
            _ => Status::Enabled,
        }))
    }

    /// The status of the extension with this number; it is unavailable where there is no such number.
    pub fn status(&self, number: u16) -> Status {
        self.0.get(usize::from(number)).copied().unwrap_or(Status::Unavailable)
    }

    /// Gives it to the guest, or takes it away, where it can have it.
    pub(crate) fn set(&mut self, number: u16, enabled: bool) {
        if let Some(status @ (Status::Enabled | Status::Disabled)) = self.0.get_mut(usize::from(number)) {
            *status = if enabled { Status::Enabled } else { Status::Disabled };
        }
    }
}
