//! Program for S-mode on a machine of its own: makes every SBI call, and checks what it does on every other hart.

#![no_std]
#![no_main]

mod answers;
mod hart;
mod window;

use core::arch::asm;

use guest_rt::{Failure, Start, guest, println, sbi};

use hart::Status;

guest!(main);

const TIME: usize = 0x5449_4d45;
const RFENCE: usize = 0x5246_4e43;

/// RFENCE's functions that take a range of addresses, in order from SFENCE.VMA to HFENCE.VVMA.
const REMOTE_FENCES: core::ops::RangeInclusive<usize> = 1..=6;
const REMOTE_FENCE_I: usize = 0;
const REMOTE_SFENCE_VMA: usize = 1;

/// The hart mask base that stands for every hart.
const ALL: usize = usize::MAX;

fn main(start: Start) -> Result<(), Failure> {
    let me = start.vcpu;
    answers::base()?;
    answers::console()?;
    answers::harts(me)?;
    suspend()?;
    for round in ["first", "second"] {
        hart::others(me).try_for_each(hart::start)?;
        println!("calls: {} other harts started for the {round} time", hart::others(me).count());
        interrupts(me)?;
        fences(me)?;
        hart::others(me).try_for_each(hart::stop)?;
    }
    Ok(())
}

/// A retentive suspend ends when the timer's interrupt comes, although `sstatus.SIE` is off, and not before.
fn suspend() -> Result<(), Failure> {
    const HART_SUSPEND: usize = 3;
    const STI: usize = 1 << 5;
    // SAFETY: sstatus.SIE is off, so that no interrupt is taken.
    unsafe { asm!("csrs sie, {}", in(reg) STI) };
    let deadline = hart::time() + hart::MILLISECOND;
    sbi::set_timer(deadline).map_err(|_| "set_timer failed")?;
    sbi::call(sbi::HSM, HART_SUSPEND, []).map_err(|_| "a hart cannot suspend itself")?;
    if hart::time() < deadline {
        return Err("a suspended hart woke up too early");
    }
    sbi::set_timer(u64::MAX).map_err(|_| "set_timer failed")?;
    let pending: usize;
    // SAFETY: as above.
    unsafe { asm!("csrr {}, sip", "csrc sie, {}", out(reg) pending, in(reg) STI) };
    if pending & STI != 0 {
        return Err("set_timer does not withdraw the timer interrupt");
    }
    Ok(())
}

/// Interrupts reach the harts that the mask names, and no others.
fn interrupts(me: usize) -> Result<(), Failure> {
    let all = || hart::others(me).map(hart::interrupts).sum::<usize>();
    for target in hart::others(me) {
        let (before, all_before) = (hart::interrupts(target), all());
        sbi::send_ipi(target).map_err(|_| "send_ipi failed")?;
        hart::wait_until(|| hart::interrupts(target) == before + 1)?;
        if all() != all_before + 1 {
            return Err("an interrupt went to a hart that was not named");
        }
    }
    let expected = all() + hart::others(me).count();
    sbi::call(sbi::IPI, 0, [0, ALL]).map_err(|_| "send_ipi to every hart failed")?;
    hart::wait_until(|| all() == expected)?;
    if !hart::clear_interrupt() {
        return Err("an interrupt for every hart passed over the one that sent it");
    }
    Ok(())
}

/// After a remote fence, every hart sees the window's new page.
fn fences(me: usize) -> Result<(), Failure> {
    for round in 0..4 {
        let expected = window::turn(round);
        let range = [0, ALL, window::ADDRESS, window::SIZE];
        sbi::call(RFENCE, REMOTE_SFENCE_VMA, range).map_err(|_| "remote_sfence_vma failed")?;
        for target in hart::others(me) {
            if hart::look(target)? != expected {
                return Err("after a remote fence, a hart still sees the old page");
            }
        }
    }
    sbi::call(RFENCE, REMOTE_FENCE_I, [0, ALL]).map_err(|_| "remote_fence_i failed")?;
    for function in REMOTE_FENCES {
        // Those of the hypervisor extension are there if the harts have it; they must not disturb in either case.
        match sbi::call(RFENCE, function, [0, ALL, 0, 0, 1]) {
            Ok(_) | Err(answers::NOT_SUPPORTED) => {}
            Err(_) => return Err("a remote fence failed"),
        }
    }
    if hart::others(me).any(|target| sbi::hart_status(target) != Ok(Status::Started as usize)) {
        return Err("a hart did not survive the fences");
    }
    Ok(())
}
