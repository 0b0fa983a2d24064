//! The registers' names, and the lines of their list.

use core::fmt;

use super::{
    CSR_AIA, CSR_GENERAL, CSR_SMSTATEEN, FCSR, Group, MULTI_DISABLE, MULTI_ENABLE, Parts, Register, SINGLE,
    STATE_STA, V0, index,
};
use crate::errno::Errno;
use crate::extension;

/// A register's name.
struct Name {
    prefix: &'static str,
    name: &'static str,
    number: Option<u16>,
}

impl Parts {
    /// The name, in two parts of which the second may be empty; `None` for an index that is not known.
    fn name(self) -> Option<Name> {
        let Parts { group, subgroup, index, .. } = self;
        let listed = |prefix, names: &[(u16, &'static str)]| {
            let (_, name) = names.iter().find(|(known, _)| *known == index)?;
            Some(Name { prefix, name, number: None })
        };
        let counted = |prefix, names: &[&'static str]| {
            Some(Name { prefix, name: names.get(usize::from(index))?, number: None })
        };
        let numbered = |prefix, name, number| Some(Name { prefix, name, number: Some(number) });
        match (group, subgroup) {
            (Group::Config, 0) => listed("config", index::config::NAMES),
            (Group::Core, 0) => listed("core", index::core::NAMES),
            (Group::Csr, CSR_GENERAL) => listed("csr", index::csr::NAMES),
            (Group::Csr, CSR_AIA) => listed("csr.aia", index::aia::NAMES),
            (Group::Csr, CSR_SMSTATEEN) => listed("csr.smstateen", index::smstateen::NAMES),
            (Group::Timer, 0) => listed("timer", index::timer::NAMES),
            (Group::FpF, 0) if index < FCSR => numbered("fp_f", "f", index),
            (Group::FpD, 0) if index < FCSR => numbered("fp_d", "f", index),
            (Group::FpF, 0) if index == FCSR => Some(Name { prefix: "fp_f", name: "fcsr", number: None }),
            (Group::FpD, 0) if index == FCSR => Some(Name { prefix: "fp_d", name: "fcsr", number: None }),
            (Group::IsaExt, SINGLE) => counted("isa_ext", &extension::ISA),
            (Group::IsaExt, MULTI_ENABLE) => numbered("isa_ext", "multi_en", index),
            (Group::IsaExt, MULTI_DISABLE) => numbered("isa_ext", "multi_dis", index),
            (Group::SbiExt, SINGLE) => counted("sbi_ext", &extension::SBI),
            (Group::SbiExt, MULTI_ENABLE) => numbered("sbi_ext", "multi_en", index),
            (Group::SbiExt, MULTI_DISABLE) => numbered("sbi_ext", "multi_dis", index),
            (Group::Vector, 0) if (V0..V0 + 32).contains(&index) => numbered("vector", "v", index - V0),
            (Group::Vector, 0) => listed("vector", index::vector::NAMES),
            (Group::SbiState, STATE_STA) => listed("sbi.sta", index::sta::NAMES),
            _ => None,
        }
    }
}

impl fmt::Display for Register {
    /// The name in KVM's words: group and register, as `csr.sstatus`; `unknown` where it has none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.decode().and_then(Parts::name) {
            None => f.write_str("unknown"),
            Some(Name { prefix, name, number: None }) => write!(f, "{prefix}.{name}"),
            Some(Name { prefix, name, number: Some(number) }) => write!(f, "{prefix}.{name}{number}"),
        }
    }
}

/// A line of the list of registers, in the form that docs/vmm.md describes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line<'a> {
    /// The register.
    pub register: Register,
    /// Its value's bytes, lowest first, or why it has none.
    pub value: Result<&'a [u8], Errno>,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Line { register, value } = self;
        write!(f, "{register} id={:#018x} size={} ", register.0, register.size())?;
        match value {
            Ok(bytes) => {
                f.write_str("value=0x")?;
                bytes.iter().rev().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Err(errno) => write!(f, "error={errno}"),
        }
    }
}
