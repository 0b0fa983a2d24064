//! The calls of version 0.1, which answer in a0 alone. SBI, "Legacy Extensions".

use core::ops::RangeInclusive;

use isa::cause::Interrupt;
use isa::csr::{mip, mstatus};

use super::hart_mask::HartMask;
use super::rfence::{self, Fence, Kind};
use super::{Call, ipi, time};
use crate::platform::finisher;
use crate::{console, csr};

/// Each call is an extension of its own.
pub(crate) const IDS: RangeInclusive<usize> = SET_TIMER..=SHUTDOWN;

const SET_TIMER: usize = 0;
const CONSOLE_PUTCHAR: usize = 1;
const CONSOLE_GETCHAR: usize = 2;
const CLEAR_IPI: usize = 3;
const SEND_IPI: usize = 4;
const REMOTE_FENCE_I: usize = 5;
const REMOTE_SFENCE_VMA: usize = 6;
const REMOTE_SFENCE_VMA_ASID: usize = 7;
const SHUTDOWN: usize = 8;

const FAILED: isize = -1;

pub(crate) fn answer(call: &Call) -> isize {
    let [a0, start, size, asid, ..] = call.arguments;
    match call.extension {
        SET_TIMER => time::set(a0 as u64),
        CONSOLE_PUTCHAR => console::lock().put(a0 as u8),
        CONSOLE_GETCHAR => return console::lock().get().map_or(FAILED, isize::from),
        CLEAR_IPI => csr::clear::<{ mip::NUMBER }>(Interrupt::Ssi.bit()),
        SEND_IPI => return for_harts(a0, ipi::send),
        REMOTE_FENCE_I => return fence(a0, Fence { kind: Kind::Instruction, start: 0, size: 0, space: 0 }),
        REMOTE_SFENCE_VMA => return fence(a0, Fence { kind: Kind::Sfence, start, size, space: 0 }),
        REMOTE_SFENCE_VMA_ASID => {
            return fence(a0, Fence { kind: Kind::SfenceAsid, start, size, space: asid });
        }
        _ => finisher::pass(),
    }
    0
}

fn fence(mask_address: usize, fence: Fence) -> isize {
    for_harts(mask_address, |harts| rfence::send(harts, &fence))
}

/// Applies `send` to the harts in the mask at the supervisor's virtual address, zero standing for all harts.
fn for_harts(mask_address: usize, send: impl FnOnce(HartMask)) -> isize {
    let harts = match mask_address {
        0 => Ok(HartMask::all()),
        // MPRV loads with the eyes of the mode that the trap came from.
        _ => match csr::probe_load(mask_address as u64, mstatus::MPRV.mask()) {
            Some(mask) => HartMask::new(mask as usize, 0),
            None => return FAILED,
        },
    };
    match harts {
        Ok(harts) => {
            send(harts);
            0
        }
        Err(error) => error as isize,
    }
}
