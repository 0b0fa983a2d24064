//! The first instructions, and where a trap of the kernel itself ends.

use core::arch::naked_asm;

use isa::csr::sstatus;

/// Enters with a0 = hart id, a1 = device tree. The other harts wait in the firmware until they are started.
///
/// Firmware may leave the floating-point registers on. The kernel has them off, as it promises the hypervisor: they are
/// the guests' alone, and an instruction of the kernel's that used one would trap.
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.entry")]
extern "C" fn _start() -> ! {
    naked_asm!(
        "csrw sie, zero",
        "li t0, {fs}",
        "csrc sstatus, t0",
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
        fs = const sstatus::FS.mask(),
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
