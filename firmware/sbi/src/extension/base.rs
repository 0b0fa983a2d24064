//! Base: what this firmware is and what it offers. SBI, "Base Extension".

use core::fmt;

use isa::csr::{marchid, mimpid, mvendorid};

use super::{Answer, Call, Error, find, legacy};
use crate::csr;

pub(crate) const ID: usize = 0x10;

/// A version of the specification.
pub(crate) struct SpecVersion {
    major: usize,
    minor: usize,
}

/// The version of the specification that the firmware follows.
pub(crate) const SPEC: SpecVersion = SpecVersion { major: 3, minor: 0 };

/// "vhart" in ASCII: none of the numbers that the specification has given away.
const IMPLEMENTATION: usize = 0x76_68_61_72_74;

const GET_SPEC_VERSION: usize = 0;
const GET_IMPL_ID: usize = 1;
const GET_IMPL_VERSION: usize = 2;
const PROBE_EXTENSION: usize = 3;
const GET_MVENDORID: usize = 4;
const GET_MARCHID: usize = 5;
const GET_MIMPID: usize = 6;

pub(crate) fn answer(call: &Call) -> Answer {
    match call.function {
        GET_SPEC_VERSION => Ok(SPEC.major << 24 | SPEC.minor),
        GET_IMPL_ID => Ok(IMPLEMENTATION),
        GET_IMPL_VERSION => Ok(1),
        PROBE_EXTENSION => Ok(probe(call.arguments[0])),
        GET_MVENDORID => Ok(csr::read::<{ mvendorid::NUMBER }>() as usize),
        GET_MARCHID => Ok(csr::read::<{ marchid::NUMBER }>() as usize),
        GET_MIMPID => Ok(csr::read::<{ mimpid::NUMBER }>() as usize),
        _ => Err(Error::NotSupported),
    }
}

fn probe(id: usize) -> usize {
    usize::from(legacy::IDS.contains(&id) || find(id).is_some())
}

impl fmt::Display for SpecVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
