//! The first instructions of every hart: a stack, a trap vector, and who comes first.

use core::arch::naked_asm;

use crate::hart::{MAX_HARTS, STACK_SIZE, STACKS};
use crate::trap;

/// Enters with a0 = hart id, a1 = device tree, a2 = `fw_dynamic` information or anything.
///
/// The lottery and the flag lie in .data, for they are used before .bss is clear.
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.entry")]
extern "C" fn _start() -> ! {
    naked_asm!(
        "csrw mie, zero",
        "csrw mscratch, zero",
        "la t0, {trap}",
        "csrw mtvec, t0",
        "csrr a0, mhartid",
        "li t0, {max_harts}",
        "bgeu a0, t0, 4f",
        // sp = STACKS + (hart id + 1) * STACK_SIZE
        "la sp, {stacks}",
        "addi t0, a0, 1",
        "slli t0, t0, {stack_shift}",
        "add sp, sp, t0",
        // The first hart to arrive clears .bss and boots; the others wait for it to be clear.
        "la t0, 5f",
        "li t1, 1",
        ".option push",
        ".option arch, +a",
        "amoswap.w.aqrl t1, t1, (t0)",
        ".option pop",
        "bnez t1, 3f",
        "la t0, bss_start",
        "la t1, bss_end",
        "1:",
        "bgeu t0, t1, 2f",
        "sd zero, (t0)",
        "addi t0, t0, 8",
        "j 1b",
        "2:",
        "fence rw, w",
        "la t0, 6f",
        "li t1, 1",
        "sw t1, (t0)",
        "j {boot}",
        "3:",
        "la t0, 6f",
        "lw t1, (t0)",
        "beqz t1, 3b",
        "fence r, rw",
        "j {join}",
        // More harts than the firmware has stacks: the rest sleep.
        "4:",
        "wfi",
        "j 4b",
        ".pushsection .data",
        ".balign 4",
        "5: .word 0",
        "6: .word 0",
        ".popsection",
        trap = sym trap::vector,
        max_harts = const MAX_HARTS,
        stacks = sym STACKS,
        stack_shift = const STACK_SIZE.ilog2(),
        boot = sym boot,
        join = sym join,
    )
}

extern "C" fn boot(hart_id: usize, device_tree: usize, info: usize) -> ! {
    crate::boot(hart_id, device_tree, info)
}

extern "C" fn join() -> ! {
    crate::join()
}
