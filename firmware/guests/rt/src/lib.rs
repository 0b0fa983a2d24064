//! What every guest starts with: entry, traps, console and SBI calls.
//!
//! # The contract between a guest and whoever runs it
//!
//! - The image is loaded at guest physical address `0x8020_0000` and entered at its first byte in VS-mode (or, on a
//!   machine without a hypervisor, in HS-mode) with translation and interrupts off.
//! - a0 = vCPU id. a1 = number of the virtual machine, or the address of a device tree, which is told apart by lying
//!   in RAM or above; the virtual machine then has number 0.
//! - RAM is at `0x8000_0000`, at least 16 MiB, and reads as zero until it is written.
//! - A 16550 is at `0x1000_0000`, its registers one byte apart; an access wider than a byte reads zeros above it and
//!   writes its lowest byte. Guests rely on the data, line control, modem control, line status and scratch registers.
//! - SBI: base (probe), timer, debug console or legacy console, system reset or legacy shutdown. A guest that succeeds
//!   shuts down with no reason; one that fails says why and shuts down with reason 1, system failure. `smp` also needs
//!   HSM, IPI and RFENCE.

#![no_std]

mod console;
pub mod desk;
mod entry;
pub mod sbi;
pub mod trap;

pub use console::Console;
pub use entry::{Start, run};

/// Why a guest failed, in words.
pub type Failure = &'static str;

/// Makes `main: fn(Start) -> Result<(), Failure>` the program of the guest crate in which it stands.
#[macro_export]
macro_rules! guest {
    ($main:path) => {
        #[unsafe(no_mangle)]
        extern "C" fn guest_main(vcpu: usize, argument: usize) -> ! {
            $crate::run(env!("CARGO_PKG_NAME"), $main, vcpu, argument)
        }

        #[panic_handler]
        fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
            $crate::println!("{}: {info}", env!("CARGO_PKG_NAME"));
            $crate::sbi::shut_down($crate::sbi::Reason::SystemFailure)
        }
    };
}
