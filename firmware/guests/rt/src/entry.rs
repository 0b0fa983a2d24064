//! From the first instruction to `main`, and from there to the end.

use core::arch::naked_asm;

use crate::{Failure, println, sbi, trap};

/// RAM begins here; an argument at or above it is the address of a device tree.
const RAM_BASE: usize = 0x8000_0000;

/// How the guest was started.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// The number of the virtual CPU (or hart) that runs the guest.
    pub vcpu: usize,
    /// The number of the virtual machine; 0 on a machine without a hypervisor.
    pub machine: usize,
}

#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.entry")]
extern "C" fn _start() -> ! {
    naked_asm!(
        "la sp, stack_top",
        "la t0, bss_start",
        "la t1, bss_end",
        "1:",
        "bgeu t0, t1, 2f",
        "sd zero, (t0)",
        "addi t0, t0, 8",
        "j 1b",
        "2:",
        "j guest_main",
    )
}

/// Runs `main` and shuts the machine down; called by [`guest!`](crate::guest) alone.
pub fn run(name: &str, main: fn(Start) -> Result<(), Failure>, vcpu: usize, argument: usize) -> ! {
    trap::init();
    let machine = if argument < RAM_BASE { argument } else { 0 };
    match main(Start { vcpu, machine }) {
        Ok(()) => {
            println!("{name}: passed");
            sbi::shut_down(sbi::Reason::None)
        }
        Err(failure) => {
            println!("{name}: FAILED: {failure}");
            sbi::shut_down(sbi::Reason::SystemFailure)
        }
    }
}
