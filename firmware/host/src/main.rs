//! HS-mode kernel around the hypervisor: runs virtual machines two at a time on one hart, in turns, or one alone that its
//! command line asks for.

#![no_std]
#![no_main]

extern crate alloc;

mod console;
mod entry;
mod error;
mod guests;
mod kernel;
mod machine;
mod memory;
mod options;
mod platform;
mod report;
mod sbi;
mod scheduler;
mod vcpu;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::panic::PanicInfo;

use hyp::arch::BareHart;
use hyp::{Hart, Hypervisor, Local};
use isa::csr::{sie, time};

use console::println;
use error::Error;
use guests::{PAIRS, Wanted};
use kernel::Kernel;
use machine::Machine;
use options::Options;
use platform::Platform;
use report::Report;
use scheduler::Core;

/// Runs what is to be run, and shuts the machine down.
fn boot(device_tree: usize) -> ! {
    let passed = platform(device_tree).is_some_and(|(platform, options)| match run(platform, options) {
        Ok(passed) => passed,
        Err(error) => {
            println!("host: {error}");
            false
        }
    });
    sbi::shut_down(if passed { sbi::Reason::None } else { sbi::Reason::SystemFailure })
}

/// What the device tree says; nothing, where it cannot be gone by, once that has been said.
fn platform(device_tree: usize) -> Option<(Platform, Options)> {
    unsafe extern "C" {
        static kernel_end: u8;
    }
    // SAFETY: the firmware says that a device tree lies there, and nothing has been written above the kernel.
    let Some(tree) = (unsafe { fdt::Fdt::at(device_tree) }) else {
        println!("host: there is no device tree where a1 points: use firmware that passes one on");
        return None;
    };
    let platform = Platform::read(&tree, (&raw const kernel_end) as usize);
    // The command line lies where memory is about to be handed out.
    match platform.options {
        Ok(options) => Some((platform, options)),
        Err(error) => {
            println!("host: {error}");
            None
        }
    }
}

/// Runs everything; says whether every guest passed.
fn run(platform: Platform, options: Options) -> Result<bool, Error> {
    let memory = platform.free.start as u64..platform.free.end as u64;
    // SAFETY: it is RAM, the kernel ends below it, and the device tree is not looked at again.
    unsafe { memory::init(platform.free) };
    // SAFETY: this is HS-mode without translation, interrupts are off, sstatus.FS is Off from the entry on, and
    // there is no other hart or user.
    let mut hart = unsafe { BareHart::new() };
    let machine = hyp::Machine {
        isa: platform.isa,
        frequency: platform.frequency,
        // The others stay with the firmware.
        harts: 1,
        block_size: platform.block_size,
        ids: sbi::ids(),
        gstage: None,
    };
    let hypervisor = Hypervisor::new(&mut hart, machine)?;
    hart.try_read::<{ time::NUMBER }>().ok_or(Error::NoTime)?;
    let (features, mebibytes) = (hypervisor.features, memory::free() >> 20);
    println!(
        "host: {mebibytes} MiB for guests, 1 of {} harts, {} with {} VMID bits, Sstc: {}",
        platform.harts, features.gstage.name, features.vmid_bits, features.sstc
    );
    // The timer ends a guest's run whatever sstatus.SIE says, and the kernel's own wait.
    hart.write::<{ sie::NUMBER }>(sie::STIE.mask());
    let local = Local::enable(Arc::clone(&hypervisor), hart, 0);
    let frequency = platform.frequency;
    let mut core = Core { local, kernel: Kernel::new(memory), hypervisor, frequency };
    let mut reports = Vec::new();
    match options.guest {
        Some(guest) => reports = run_together(&mut core, &[(guest, options.vcpus)], options.trace)?,
        None => {
            for pair in &PAIRS {
                reports.extend(run_together(&mut core, pair, false)?);
            }
        }
    }
    report::print(&reports);
    Ok(reports.iter().all(|report| report.passed))
}

/// Runs guests in turns until all have ended or wait for ever.
fn run_together(core: &mut Core, guests: &[Wanted], trace: bool) -> Result<Vec<Report>, Error> {
    let machines = (1..).zip(guests).map(|(number, wanted)| Machine::new(core, number, *wanted, trace));
    let mut machines = machines.collect::<Result<Vec<_>, Error>>()?;
    scheduler::run(core, &mut machines);
    Ok(machines.into_iter().map(|machine| machine.finish(&core.kernel)).collect())
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    println!("host: {info}");
    sbi::shut_down(sbi::Reason::SystemFailure)
}
