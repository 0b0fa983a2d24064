//! M-mode firmware for the `virt` machine: the Supervisor Binary Interface for a supervisor or hypervisor above.
//!
//! Every hart enters at [`entry`]. The first one to arrive reads the device tree and starts the next stage in
//! (H)S-mode; the others wait in [`hart`] until the next stage asks for them. From then on the firmware runs only
//! inside [`trap`]: for SBI calls, which [`extension`] answers one file per extension, and for M-mode interrupts.

#![no_std]
#![no_main]

mod console;
mod csr;
mod entry;
mod extension;
mod hart;
mod lock;
mod next_stage;
mod platform;
mod supervisor;
mod trap;

use core::panic::PanicInfo;

use console::println;

/// The version that the banner and the base extension report.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Brings up the machine on the boot hart and starts the next stage.
fn boot(hart_id: usize, device_tree: usize, info: usize) -> ! {
    // SAFETY: the loader says that a device tree lies there; the next stage, which may overwrite it, is not
    // running yet.
    if let Some(tree) = unsafe { fdt::Fdt::at(device_tree) } {
        platform::describe(&tree);
    }
    console::init();
    let features = supervisor::prepare();
    platform::add_hart(hart_id);

    let next = next_stage::address(info);
    println!(
        "vhart SBI {VERSION}: SBI {}, {} hart(s), {features}",
        extension::base::SPEC,
        platform::hart_count()
    );
    println!("Next stage at {next:#x} in {} on hart {hart_id}", features.next_mode());
    hart::claim(hart_id);
    hart::enter(hart_id, next, device_tree)
}

/// Prepares a hart that did not come first, and lets it wait to be started.
fn join() -> ! {
    supervisor::prepare();
    hart::wait_for_start()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    console::break_lock();
    println!("vhart SBI: {info}");
    platform::finisher::fail(platform::finisher::FIRMWARE_FAILED)
}
