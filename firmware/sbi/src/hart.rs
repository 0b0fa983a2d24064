//! The harts: their states and stacks, what they are asked to do, and how they enter S-mode.
//! SBI, "Hart State Management Extension".

use core::arch::asm;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use isa::cause::Interrupt;
use isa::csr::{mepc, mhartid, mie, mip, mscratch, mstatus, satp};

use crate::extension::{rfence, time};
use crate::platform::clint;
use crate::{csr, supervisor};

/// Harts with higher numbers sleep for ever.
pub(crate) const MAX_HARTS: usize = 32;

/// Bytes of stack for each hart; a power of two.
pub(crate) const STACK_SIZE: usize = 8192;

/// The stacks, hart 0's lowest; harts touch them through `sp` alone.
#[repr(C, align(16))]
pub(crate) struct Stacks(UnsafeCell<[u8; MAX_HARTS * STACK_SIZE]>);

// SAFETY: no reference to the contents is ever made.
unsafe impl Sync for Stacks {}

#[unsafe(link_section = ".stacks")]
pub(crate) static STACKS: Stacks = Stacks(UnsafeCell::new([0; MAX_HARTS * STACK_SIZE]));

/// The states of the extension that this firmware passes through, with the extension's numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    Started = 0,
    Stopped = 1,
    StartPending = 2,
    Suspended = 4,
}

/// What a hart may be asked to do by an M-mode software interrupt; bits of [`Hart::requests`].
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Request {
    /// Enter S-mode at `start_address`.
    Start = 1,
    /// Raise the supervisor software interrupt.
    Interrupt = 2,
    /// Perform the fence of [`rfence`].
    Fence = 4,
}

struct Hart {
    state: AtomicU8,
    requests: AtomicU8,
    start_address: AtomicUsize,
    start_argument: AtomicUsize,
}

static HARTS: [Hart; MAX_HARTS] = [const {
    Hart {
        state: AtomicU8::new(State::Stopped as u8),
        requests: AtomicU8::new(0),
        start_address: AtomicUsize::new(0),
        start_argument: AtomicUsize::new(0),
    }
}; MAX_HARTS];

/// The number of the hart that asks; the entry code has checked that it is below [`MAX_HARTS`].
pub(crate) fn id() -> usize {
    csr::read::<{ mhartid::NUMBER }>() as usize
}

/// The state of hart `hart_id`, which must be below [`MAX_HARTS`].
pub(crate) fn state(hart_id: usize) -> State {
    match HARTS[hart_id].state.load(Ordering::SeqCst) {
        0 => State::Started,
        2 => State::StartPending,
        4 => State::Suspended,
        _ => State::Stopped,
    }
}

/// Sets the state of the hart that calls.
pub(crate) fn set_state(state: State) {
    HARTS[id()].state.store(state as u8, Ordering::SeqCst);
}

/// Moves a stopped hart to start-pending, for the one caller who is told `true`.
pub(crate) fn claim(hart_id: usize) -> bool {
    let (from, to) = (State::Stopped as u8, State::StartPending as u8);
    HARTS[hart_id].state.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
}

/// Starts a hart that the caller has claimed.
pub(crate) fn start(hart_id: usize, address: usize, argument: usize) {
    HARTS[hart_id].start_address.store(address, Ordering::Relaxed);
    HARTS[hart_id].start_argument.store(argument, Ordering::Relaxed);
    request(hart_id, Request::Start);
}

/// Asks another hart, or the caller itself, to do something soon.
pub(crate) fn request(hart_id: usize, request: Request) {
    HARTS[hart_id].requests.fetch_or(request as u8, Ordering::Release);
    clint::set_software_interrupt(hart_id, true);
}

/// Does what the hart has been asked to do, except to start.
pub(crate) fn receive() {
    let me = id();
    // The interrupt goes first: a request that arrives from here on raises it again.
    clint::set_software_interrupt(me, false);
    let requests = HARTS[me].requests.fetch_and(Request::Start as u8, Ordering::Acquire);
    if requests & Request::Interrupt as u8 != 0 {
        csr::set::<{ mip::NUMBER }>(Interrupt::Ssi.bit());
    }
    if requests & Request::Fence as u8 != 0 {
        rfence::perform();
    }
}

/// Waits in M-mode until another hart starts this one.
pub(crate) fn wait_for_start() -> ! {
    csr::write::<{ mie::NUMBER }>(Interrupt::Msi.bit());
    set_state(State::Stopped);
    let me = &HARTS[id()];
    loop {
        receive();
        if me.requests.fetch_and(!(Request::Start as u8), Ordering::Acquire) & Request::Start as u8 != 0 {
            let address = me.start_address.load(Ordering::Relaxed);
            enter(id(), address, me.start_argument.load(Ordering::Relaxed));
        }
        wait_for_interrupt();
    }
}

/// Waits until an interrupt is pending that `mie` enables, whatever `mstatus` says.
pub(crate) fn wait_for_interrupt() {
    // SAFETY: waiting changes nothing; the caller looks at memory again afterwards.
    unsafe { asm!("wfi", options(nostack)) };
}

/// Enters (H)S-mode at `address` with a0 = hart id, a1 = `argument`, translation and interrupts off.
pub(crate) fn enter(hart_id: usize, address: usize, argument: usize) -> ! {
    time::disarm();
    csr::write::<{ mie::NUMBER }>(Interrupt::Msi.bit());
    csr::clear::<{ mip::NUMBER }>(Interrupt::Ssi.bit());
    csr::write::<{ satp::NUMBER }>(0);
    csr::write::<{ mstatus::NUMBER }>(supervisor::entry_status());
    csr::write::<{ mepc::NUMBER }>(address as u64);
    csr::write::<{ mscratch::NUMBER }>((STACKS.0.get() as usize + (hart_id + 1) * STACK_SIZE) as u64);
    // Remote fences pass over harts that are not started, so everything is fenced once after the state says so.
    set_state(State::Started);
    rfence::fence_everything();
    // SAFETY: the hart leaves the firmware for good; its stack is empty when it comes back through the vector.
    unsafe {
        asm!("mret", in("a0") hart_id, in("a1") argument, options(noreturn));
    }
}
