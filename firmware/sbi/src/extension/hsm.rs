//! Starting, stopping and suspending harts. SBI, "Hart State Management Extension".

use isa::cause::Interrupt;
use isa::csr::{mideleg, mie, mip};

use super::{Answer, Call, Error, time};
use crate::hart::{self, State};
use crate::{csr, platform};

pub(crate) const ID: usize = 0x48_534d;

const HART_START: usize = 0;
const HART_STOP: usize = 1;
const HART_GET_STATUS: usize = 2;
const HART_SUSPEND: usize = 3;

/// Suspend types, 32 bits wide.
const RETENTIVE: u32 = 0;
const NON_RETENTIVE: u32 = 0x8000_0000;

pub(crate) fn answer(call: &Call) -> Answer {
    let [a0, a1, a2, ..] = call.arguments;
    match call.function {
        HART_START => start(a0, a1, a2),
        HART_STOP => hart::wait_for_start(),
        HART_GET_STATUS => existing(a0).map(|hart_id| hart::state(hart_id) as usize),
        HART_SUSPEND => suspend(a0 as u32),
        _ => Err(Error::NotSupported),
    }
}

fn existing(hart_id: usize) -> Result<usize, Error> {
    if platform::has_hart(hart_id) { Ok(hart_id) } else { Err(Error::InvalidParam) }
}

fn start(hart_id: usize, address: usize, argument: usize) -> Answer {
    let hart_id = existing(hart_id)?;
    if !address.is_multiple_of(2) || !platform::is_supervisor_ram(address, 2) {
        return Err(Error::InvalidAddress);
    }
    if !hart::claim(hart_id) {
        return Err(Error::AlreadyAvailable);
    }
    hart::start(hart_id, address, argument);
    Ok(0)
}

/// Waits for an interrupt that the supervisor has enabled; its state is kept.
fn suspend(kind: u32) -> Answer {
    match kind {
        RETENTIVE => {}
        NON_RETENTIVE => return Err(Error::NotSupported),
        _ => return Err(Error::InvalidParam),
    }
    hart::set_state(State::Suspended);
    loop {
        hart::receive();
        let pending = csr::read::<{ mip::NUMBER }>() & csr::read::<{ mie::NUMBER }>();
        if pending & Interrupt::Mti.bit() != 0 {
            time::expired();
            continue;
        }
        if pending & csr::read::<{ mideleg::NUMBER }>() != 0 {
            break;
        }
        hart::wait_for_interrupt();
    }
    hart::set_state(State::Started);
    Ok(0)
}
