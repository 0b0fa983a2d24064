//! One instruction that may trap, and the trap as a value.

/// Executes an instruction in HS-mode; says whether it trapped. If so, the lines in brackets were executed.
///
/// The trap goes to the code right behind, by way of stvec, and so never leaves HS-mode. It overwrites
/// sstatus and sepc, which are put back, and two fields of hstatus, which every entry replaces.
macro_rules! guarded {
    ($instruction:literal, [$($line:literal),*], $($operand:tt)+) => {{
        let trapped: u64;
        // SAFETY: what the trap changes is restored, the instruction reads a CSR or guest memory, and the
        // lines write a record that is given to them.
        unsafe {
            core::arch::asm!(
                ".option push",
                ".option arch, +h",
                "csrrci {sstatus}, sstatus, 2",
                "csrr {sepc}, sepc",
                "la {stvec}, 2f",
                "csrrw {stvec}, stvec, {stvec}",
                "li {trapped}, 0",
                $instruction,
                "j 3f",
                ".balign 4",
                "2:",
                $($line,)*
                "li {trapped}, 1",
                "3:",
                "csrw stvec, {stvec}",
                "csrw sepc, {sepc}",
                "csrw sstatus, {sstatus}",
                ".option pop",
                sstatus = out(reg) _,
                sepc = out(reg) _,
                stvec = out(reg) _,
                trapped = out(reg) trapped,
                $($operand)+
            );
        }
        trapped != 0
    }};
}

/// Executes a load of guest memory with `{value}` and `{address}`: the value, or the trap that it raised.
macro_rules! guarded_load {
    ($instruction:literal, $address:expr) => {{
        let mut trap = Trap::default();
        let value: u64;
        let trapped = guarded!(
            $instruction,
            [
                "csrr {value}, scause",
                "sd {value}, {scause}({trap})",
                "csrr {value}, stval",
                "sd {value}, {stval}({trap})",
                "csrr {value}, htval",
                "sd {value}, {htval}({trap})",
                "csrr {value}, htinst",
                "sd {value}, {htinst}({trap})"
            ],
            value = out(reg) value,
            address = in(reg) $address.0,
            trap = in(reg) &mut trap,
            scause = const offset_of!(Trap, scause),
            stval = const offset_of!(Trap, stval),
            htval = const offset_of!(Trap, htval),
            htinst = const offset_of!(Trap, htinst),
        );
        if trapped { Err(trap) } else { Ok(value) }
    }};
}

pub(super) use {guarded, guarded_load};
