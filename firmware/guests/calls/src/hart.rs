//! The other harts: started and stopped by the SBI, and working on orders in between.

use core::arch::{asm, naked_asm};
use core::sync::atomic::Ordering;

use guest_rt::desk::{Desk, NO_ORDER};
use guest_rt::{Failure, sbi};

use crate::window;

/// Harts with higher numbers are left alone.
const MAX_HARTS: usize = 8;

/// A millisecond of the machine's 10 MHz clock.
pub(crate) const MILLISECOND: u64 = 10_000;

/// Longer than any hart may take to do as it is told.
const PATIENCE: u64 = 2000 * MILLISECOND;

/// Supervisor software interrupt, in `sie` and `sip`.
const SSI: usize = 1 << 1;

/// States of HSM, by their numbers.
#[derive(Clone, Copy)]
pub(crate) enum Status {
    Started = 0,
    Stopped = 1,
}

/// What a hart can be told to do.
#[derive(Clone, Copy)]
#[repr(usize)]
enum Order {
    /// Answer with what is seen in the window.
    Look = 1,
    /// Stop.
    Stop = 2,
}

static DESKS: [Desk; MAX_HARTS] = [const { Desk::new() }; MAX_HARTS];

/// The harts that exist, except `me`.
pub(crate) fn others(me: usize) -> impl Iterator<Item = usize> {
    (0..MAX_HARTS).filter(move |&hart| hart != me && sbi::hart_status(hart).is_ok())
}

/// Where harts are started.
pub(crate) fn entry_address() -> usize {
    entry as extern "C" fn() -> ! as usize
}

/// Starts `hart` and waits until it is ready for orders.
pub(crate) fn start(hart: usize) -> Result<(), Failure> {
    let desk = &DESKS[hart];
    window::turn(0);
    // The hart looks for an order before it first waits, and so says that it is there.
    desk.order.store(Order::Look as usize, Ordering::SeqCst);
    sbi::start_hart(hart, entry_address(), desk.stack_top()).map_err(|_| "hart_start failed")?;
    wait_until(|| desk.order.load(Ordering::SeqCst) == NO_ORDER)?;
    if sbi::hart_status(hart) != Ok(Status::Started as usize) {
        return Err("a hart that was started says otherwise");
    }
    Ok(())
}

/// Lets `hart` stop itself.
pub(crate) fn stop(hart: usize) -> Result<(), Failure> {
    send(hart, Order::Stop)?;
    wait_until(|| sbi::hart_status(hart) == Ok(Status::Stopped as usize))
}

/// Lets `hart` look into the window, and returns what it saw.
pub(crate) fn look(hart: usize) -> Result<usize, Failure> {
    let before = interrupts(hart);
    send(hart, Order::Look)?;
    // A wait may end for no reason; the interrupt must not be left for later.
    wait_until(|| interrupts(hart) != before)?;
    Ok(DESKS[hart].answer.load(Ordering::SeqCst))
}

/// Gives `hart` an order by an interrupt, and waits until it is carried out.
fn send(hart: usize, order: Order) -> Result<(), Failure> {
    let desk = &DESKS[hart];
    desk.order.store(order as usize, Ordering::SeqCst);
    sbi::send_ipi(hart).map_err(|_| "send_ipi failed")?;
    wait_until(|| desk.order.load(Ordering::SeqCst) == NO_ORDER)
}

/// How often `hart` has been interrupted.
pub(crate) fn interrupts(hart: usize) -> usize {
    DESKS[hart].interrupts.load(Ordering::SeqCst)
}

/// Waits for something that another hart does.
pub(crate) fn wait_until(happened: impl Fn() -> bool) -> Result<(), Failure> {
    let start = time();
    while !happened() {
        if time().wrapping_sub(start) > PATIENCE {
            return Err("a hart did not do as it was told");
        }
        core::hint::spin_loop();
    }
    Ok(())
}

/// The machine's time.
pub(crate) fn time() -> u64 {
    let time;
    // SAFETY: reading the time has no side effect.
    unsafe { asm!("rdtime {}", out(reg) time, options(nomem, nostack)) };
    time
}

/// Withdraws the software interrupt of the hart that calls, and says whether it was pending.
pub(crate) fn clear_interrupt() -> bool {
    let pending: usize;
    // SAFETY: no interrupt is taken, for sstatus.SIE is off.
    unsafe { asm!("csrrc {}, sip, {}", out(reg) pending, in(reg) SSI) };
    pending & SSI != 0
}

/// Enters with a0 = hart id and a1 = what hart_start was given: the top of the hart's stack.
#[unsafe(naked)]
extern "C" fn entry() -> ! {
    naked_asm!("mv sp, a1", "csrr a1, satp", "csrr a2, sstatus", "j {work}", work = sym work)
}

/// Works on orders until the order to stop.
extern "C" fn work(hart: usize, satp: usize, sstatus: usize) -> ! {
    const SIE: usize = 1 << 1;
    let Some(desk) = DESKS.get(hart).filter(|_| satp == 0 && sstatus & SIE == 0) else { sbi::stop_hart() };
    window::open();
    // SAFETY: interrupts end a wait and are not taken, for sstatus.SIE is off.
    unsafe { asm!("csrs sie, {}", in(reg) SSI) };
    loop {
        desk.interrupts.fetch_add(usize::from(clear_interrupt()), Ordering::SeqCst);
        let order = desk.order.load(Ordering::SeqCst);
        if order == Order::Look as usize {
            desk.answer.store(window::look(), Ordering::SeqCst);
            desk.order.store(NO_ORDER, Ordering::SeqCst);
        } else if order == Order::Stop as usize {
            desk.order.store(NO_ORDER, Ordering::SeqCst);
            sbi::stop_hart();
        }
        // SAFETY: waiting changes nothing.
        unsafe { asm!("wfi") };
    }
}
