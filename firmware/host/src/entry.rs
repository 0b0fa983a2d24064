//! The first instructions, and where a trap of the kernel itself ends.

use core::arch::naked_asm;

/// Enters with a0 = hart id, a1 = device tree. The other harts wait in the firmware until they are started.
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.entry")]
extern "C" fn _start() -> ! {
    naked_asm!(
        "csrw sie, zero",
        "la t0, {trap}",
        "csrw stvec, t0",
        "la sp, stack_top",
        "la t0, bss_start",
        "la t1, bss_end",
        "1:",
        "bgeu t0, t1, 2f",
        "sd zero, (t0)",
        "addi t0, t0, 8",
        "j 1b",
        "2:",
        "j {boot}",
        trap = sym trap,
        boot = sym boot,
    )
}

extern "C" fn boot(_hart: usize, device_tree: usize) -> ! {
    crate::boot(device_tree)
}

/// Guests trap to the hypervisor's own vector, and the kernel takes no interrupt: a trap here is our bug.
#[unsafe(naked)]
extern "C" fn trap() -> ! {
    naked_asm!(
        ".balign 4",
        "la sp, stack_top",
        "csrr a0, scause",
        "csrr a1, sepc",
        "csrr a2, stval",
        "j {report}",
        report = sym report,
    )
}

extern "C" fn report(scause: u64, sepc: u64, stval: u64) -> ! {
    panic!("trap in the kernel: scause {scause:#x}, sepc {sepc:#x}, stval {stval:#x}")
}
