//! One instruction that may trap, and the trap as a value.

/// Executes an instruction in HS-mode; sets `$trap` to `Some(Trap)` if it trapped and to `None` if not.
///
/// The trap goes to the code right behind, by way of stvec, and so never leaves HS-mode. It overwrites the
/// fields of sstatus and hstatus that tell of the previous mode, and sepc, all of which are put back.
macro_rules! guarded {
    ($trap:ident, $instruction:literal, $($operand:tt)+) => {
        let mut raised = $crate::hart::Trap::default();
        let trapped: u64;
        // SAFETY: all that the trap changes is restored, and the record is the only memory written. The
        // instruction reads a CSR or guest memory.
        unsafe {
            core::arch::asm!(
                ".option push",
                ".option arch, +h",
                "csrrci {sstatus}, sstatus, 2",
                "csrr {hstatus}, hstatus",
                "csrr {sepc}, sepc",
                "la {stvec}, 2f",
                "csrrw {stvec}, stvec, {stvec}",
                "li {trapped}, 0",
                $instruction,
                "j 3f",
                ".balign 4",
                "2:",
                "csrr {trapped}, scause",
                "sd {trapped}, {scause}({raised})",
                "csrr {trapped}, stval",
                "sd {trapped}, {stval}({raised})",
                "csrr {trapped}, htval",
                "sd {trapped}, {htval}({raised})",
                "csrr {trapped}, htinst",
                "sd {trapped}, {htinst}({raised})",
                "li {trapped}, 1",
                "3:",
                "csrw stvec, {stvec}",
                "csrw sepc, {sepc}",
                "csrw hstatus, {hstatus}",
                "csrw sstatus, {sstatus}",
                ".option pop",
                raised = in(reg) &mut raised,
                sstatus = out(reg) _,
                hstatus = out(reg) _,
                sepc = out(reg) _,
                stvec = out(reg) _,
                trapped = out(reg) trapped,
                scause = const core::mem::offset_of!($crate::hart::Trap, scause),
                stval = const core::mem::offset_of!($crate::hart::Trap, stval),
                htval = const core::mem::offset_of!($crate::hart::Trap, htval),
                htinst = const core::mem::offset_of!($crate::hart::Trap, htinst),
                $($operand)+
            );
        }
        $trap = (trapped != 0).then_some(raised);
    };
}

pub(super) use guarded;
