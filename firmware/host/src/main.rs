//! HS-mode kernel around the hypervisor: runs virtual machines two at a time on one hart, in turns.
//!
//! The kernel is one loop. It never takes an interrupt itself: its timer ends a guest's run, or its own wait.

#![no_std]
#![no_main]

mod console;
mod entry;
mod frames;
mod guests;
mod machine;
mod report;
mod sbi;

use core::arch::asm;
use core::panic::PanicInfo;

use hyp::arch::BareHart;
use hyp::probe::{Features, probe};
use hyp::vmid::Vmids;
use hyp::{Error, Hart};
use isa::csr::sie;

use console::println;
use frames::Memory;
use guests::{Guest, PAIRS};
use machine::{Machine, State};

/// Runs the pairs of guests one after the other, and shuts the machine down.
fn boot(device_tree: usize) -> ! {
    // SAFETY: this is HS-mode without translation, interrupts are off, and there is no other hart or user.
    let mut hart = unsafe { BareHart::new() };
    let memory = memory(device_tree);
    let reason = match run(&mut hart, memory) {
        Ok(true) => sbi::Reason::None,
        Ok(false) => sbi::Reason::SystemFailure,
        Err(error) => {
            println!("host: {error}");
            sbi::Reason::SystemFailure
        }
    };
    sbi::shut_down(reason)
}

/// Runs everything; says whether every guest passed.
fn run(hart: &mut BareHart, mut memory: Memory) -> Result<bool, Error> {
    let features = probe(hart)?;
    let Features { vmid_bits, sstc, .. } = features;
    let mebibytes = memory.untouched() >> 20;
    println!("host: {mebibytes} MiB for guests, {vmid_bits} VMID bits, Sstc: {sstc}");
    // The timer ends a guest's run whatever sstatus.SIE says, and the kernel's own wait.
    hart.write::<{ sie::NUMBER }>(sie::STIE.mask());
    let mut vmids = Vmids::new(vmid_bits, 1);
    let mut reports = [const { None }; 2 * PAIRS.len()];
    for (pair, reports) in PAIRS.iter().zip(reports.chunks_exact_mut(2)) {
        let machines = run_pair(hart, &mut memory, &mut vmids, features, pair)?;
        for (machine, report) in machines.into_iter().zip(reports) {
            *report = Some(machine.finish(&mut memory));
        }
    }
    report::print(&reports);
    Ok(reports.iter().flatten().all(|report| report.passed))
}

/// Runs two guests in turns until both have stopped or wait for ever.
fn run_pair(
    hart: &mut BareHart,
    memory: &mut Memory,
    vmids: &mut Vmids,
    features: Features,
    [first, second]: &[&'static Guest; 2],
) -> Result<[Machine; 2], Error> {
    let mut machines =
        [Machine::new(hart, memory, features, 1, first)?, Machine::new(hart, memory, features, 2, second)?];
    while machines.iter().any(|machine| !matches!(machine.state, State::Stopped { .. })) {
        for machine in &mut machines {
            machine.wake(hart.time());
            if machine.state == State::Ready {
                machine.run(hart, memory, vmids);
            }
        }
        if machines.iter().all(|machine| machine.state != State::Ready) && !wait(hart, &mut machines) {
            break;
        }
    }
    Ok(machines)
}

/// Waits until one of the waiting guests can run; says whether there was anything to wait for.
fn wait(hart: &mut BareHart, machines: &mut [Machine]) -> bool {
    let now = hart.time();
    // A guest's time may have come while another had the hart.
    machines.iter_mut().for_each(|machine| machine.wake(now));
    if machines.iter().any(|machine| machine.state == State::Ready) {
        return true;
    }
    let waiting = || machines.iter().filter(|machine| machine.state == State::Waiting);
    let Some(deadline) = waiting().filter_map(|machine| machine.wake_time(now)).min() else {
        let ended = waiting().next().is_none();
        if !ended {
            println!("host: the guests wait for ever: no interrupt is to come");
        }
        return ended;
    };
    sbi::set_timer(deadline);
    while hart.time() < deadline {
        // SAFETY: waiting changes nothing; interrupts are off, so that none is taken.
        unsafe { asm!("wfi", options(nomem, nostack)) };
    }
    true
}

/// The RAM above the kernel.
fn memory(device_tree: usize) -> Memory {
    unsafe extern "C" {
        static kernel_end: u8;
    }
    let start = (&raw const kernel_end) as usize;
    let mut end = start;
    // SAFETY: the firmware says that a device tree lies there, and nothing has been written above the kernel.
    if let Some(tree) = unsafe { fdt::Fdt::at(device_tree) } {
        tree.for_each_node(|node| {
            let region = node.region().filter(|_| node.device_type == b"memory");
            if let Some((base, size)) = region.filter(|(base, size)| start.wrapping_sub(*base) < *size) {
                end = base.saturating_add(size);
            }
        });
    }
    // SAFETY: it is RAM, the kernel ends below it, and the device tree is not looked at again.
    unsafe { Memory::new(start as u64..end as u64) }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    println!("host: {info}");
    sbi::shut_down(sbi::Reason::SystemFailure)
}
