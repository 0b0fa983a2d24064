//! Guest: starts every other virtual CPU, and has them count, interrupt each other, obey fences, speak and stop.
//!
//! What is printed depends on their number alone, and each of them prints.

#![no_std]
#![no_main]

mod fence;
mod vcpu;

use core::sync::atomic::{AtomicUsize, Ordering};

use guest_rt::{Failure, Start, guest, println};

use vcpu::{Order, others};

guest!(main);

/// How often each adds to the common sum.
const ADDITIONS: usize = 10_000;

/// How often an interrupt goes round.
const LAPS: usize = 5;

static SUM: AtomicUsize = AtomicUsize::new(0);

fn main(start: Start) -> Result<(), Failure> {
    let me = start.vcpu;
    let count = 1 + others(me).count();
    println!("smp: {count} vCPUs");
    for round in 1..=2 {
        others(me).try_for_each(vcpu::start)?;
        println!("smp: all started, round {round}");
        sum(me, count * round)?;
        interrupt(me)?;
        fence::instructions(me)?;
        fence::translations(me)?;
        others(me).try_for_each(|vcpu| vcpu::tell(vcpu, Order::Speak).map(|_| ()))?;
        others(me).try_for_each(vcpu::stop)?;
    }
    println!("smp: all stopped");
    Ok(())
}

/// All of them add to one sum at the same time, and nothing is lost.
fn sum(me: usize, shares: usize) -> Result<(), Failure> {
    others(me).try_for_each(|vcpu| vcpu::order(vcpu, Order::Add))?;
    add();
    others(me).try_for_each(|vcpu| vcpu::answer(vcpu).map(|_| ()))?;
    if SUM.load(Ordering::SeqCst) != shares * ADDITIONS {
        return Err("an addition was lost");
    }
    println!("smp: sum {}", shares * ADDITIONS);
    Ok(())
}

/// Adds one share.
fn add() {
    for _ in 0..ADDITIONS {
        SUM.fetch_add(1, Ordering::Relaxed);
    }
}

/// Each is interrupted as often as it is told to, not more.
fn interrupt(me: usize) -> Result<(), Failure> {
    for vcpu in others(me) {
        let before = vcpu::interrupts(vcpu);
        for _ in 0..LAPS {
            vcpu::tell(vcpu, Order::Nothing)?;
        }
        if vcpu::interrupts(vcpu) - before != LAPS {
            return Err("a vCPU was not interrupted once for each order");
        }
    }
    println!("smp: {LAPS} interrupts each");
    Ok(())
}
