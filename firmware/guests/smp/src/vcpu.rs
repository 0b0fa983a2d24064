//! The other virtual CPUs: started and stopped by the SBI, and interrupted for each order in between.

use core::arch::{asm, naked_asm};
use core::sync::atomic::Ordering;

use guest_rt::desk::{Desk, NO_ORDER};
use guest_rt::{Failure, println, sbi, trap};

use crate::{add, fence};

/// HSM's state of a hart that has stopped.
const STOPPED: usize = 1;

/// Those with higher numbers are left alone.
const MAX_VCPUS: usize = 64;

/// `sstatus.SIE`.
const SIE: usize = 1 << 1;

/// What a virtual CPU can be told to do.
#[derive(Clone, Copy)]
#[repr(usize)]
pub(crate) enum Order {
    /// Nothing but to answer.
    Nothing = 1,
    /// To add its share to the sum.
    Add,
    /// To answer with what the code does that was written for it.
    Execute,
    /// To answer with what it reads through the page table.
    Look,
    /// To print a line.
    Speak,
    /// To stop.
    Stop,
}

impl Order {
    /// Every order, by its number.
    const ALL: [Order; 6] =
        [Order::Nothing, Order::Add, Order::Execute, Order::Look, Order::Speak, Order::Stop];
}

static DESKS: [Desk; MAX_VCPUS] = [const { Desk::new() }; MAX_VCPUS];

/// The virtual CPUs that there are, except `me`.
pub(crate) fn others(me: usize) -> impl Iterator<Item = usize> {
    (0..MAX_VCPUS).filter(move |&vcpu| vcpu != me && sbi::hart_status(vcpu).is_ok())
}

/// The mask of `me`'s others, for calls that take one.
pub(crate) fn mask(me: usize) -> usize {
    others(me).fold(0, |mask, vcpu| mask | 1 << vcpu)
}

/// Starts one that has stopped, and waits until it takes orders.
pub(crate) fn start(vcpu: usize) -> Result<(), Failure> {
    let desk = &DESKS[vcpu];
    if sbi::hart_status(vcpu) != Ok(STOPPED) {
        return Err("a vCPU runs that nobody has started");
    }
    // It looks for an order before it first waits.
    order_without_interrupt(vcpu, Order::Nothing);
    let address = entry as extern "C" fn() -> ! as usize;
    sbi::start_hart(vcpu, address, desk.stack_top()).map_err(|_| "hart_start failed")?;
    answer(vcpu).map(|_| ())
}

/// Has one stop itself.
pub(crate) fn stop(vcpu: usize) -> Result<(), Failure> {
    tell(vcpu, Order::Stop)?;
    while sbi::hart_status(vcpu) != Ok(STOPPED) {
        core::hint::spin_loop();
    }
    Ok(())
}

/// Gives an order, and waits for the answer.
pub(crate) fn tell(vcpu: usize, what: Order) -> Result<usize, Failure> {
    order(vcpu, what)?;
    answer(vcpu)
}

/// Gives an order by an interrupt.
pub(crate) fn order(vcpu: usize, order: Order) -> Result<(), Failure> {
    order_without_interrupt(vcpu, order);
    sbi::send_ipi(vcpu).map_err(|_| "send_ipi failed")
}

fn order_without_interrupt(vcpu: usize, order: Order) {
    DESKS[vcpu].order.store(order as usize, Ordering::SeqCst);
}

/// Waits until an order is carried out.
pub(crate) fn answer(vcpu: usize) -> Result<usize, Failure> {
    let desk = &DESKS[vcpu];
    while desk.order.load(Ordering::SeqCst) != NO_ORDER {
        core::hint::spin_loop();
    }
    Ok(desk.answer.load(Ordering::SeqCst))
}

/// How often one has been interrupted.
pub(crate) fn interrupts(vcpu: usize) -> usize {
    DESKS[vcpu].interrupts.load(Ordering::SeqCst)
}

/// Enters with a0 = the number and a1 = what hart_start was given: the top of a stack.
#[unsafe(naked)]
extern "C" fn entry() -> ! {
    naked_asm!("mv sp, a1", "csrw sscratch, a0", "j {work}", work = sym work)
}

/// Carries out orders until the order to stop.
extern "C" fn work(me: usize) -> ! {
    let desk = &DESKS[me];
    trap::init();
    trap::enable_interrupts(1 << trap::SOFTWARE, interrupted);
    // Only the interrupt that comes with an order lets it be carried out; the first order comes with none.
    let mut carried_out = desk.interrupts.load(Ordering::SeqCst);
    loop {
        if let Some(order) = Order::ALL.get(desk.order.load(Ordering::SeqCst).wrapping_sub(1)) {
            desk.answer.store(carry_out(me, *order), Ordering::SeqCst);
            desk.order.store(NO_ORDER, Ordering::SeqCst);
            if matches!(order, Order::Stop) {
                sbi::stop_hart();
            }
        }
        wait(|| desk.interrupts.load(Ordering::SeqCst) != carried_out);
        carried_out += 1;
    }
}

fn carry_out(me: usize, order: Order) -> usize {
    match order {
        Order::Nothing | Order::Stop => 0,
        Order::Add => {
            add();
            0
        }
        Order::Execute => fence::execute(),
        Order::Look => fence::look(),
        Order::Speak => {
            println!("smp: vCPU {me} speaks");
            0
        }
    }
}

/// Counts a software interrupt, and withdraws it.
fn interrupted(_code: u64) {
    let me: usize;
    // SAFETY: sscratch holds the number since the entry; the interrupt is the one that is handled.
    unsafe { asm!("csrr {}, sscratch", "csrc sip, {}", out(reg) me, in(reg) 1 << trap::SOFTWARE) };
    DESKS[me].interrupts.fetch_add(1, Ordering::SeqCst);
}

/// Waits for an interrupt after which `happened`. It is taken only outside of the look and the wait, so that none
/// comes between.
fn wait(happened: impl Fn() -> bool) {
    loop {
        // SAFETY: waiting and taking interrupts changes nothing here.
        unsafe { asm!("csrc sstatus, {}", in(reg) SIE) };
        let done = happened();
        if !done {
            // SAFETY: as above.
            unsafe { asm!("wfi") };
        }
        // SAFETY: as above.
        unsafe { asm!("csrs sstatus, {}", in(reg) SIE) };
        if done {
            return;
        }
    }
}
