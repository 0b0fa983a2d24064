//! The floating-point registers, in and out. Privileged ISA, "Extension Context Status in mstatus Register".
//!
//! They are on for as long as this takes. Around it they are off, so that compiled code which used one would trap: none
//! has anything in them, and they need not be declared as changed, for which a function would have to save them.

use core::arch::asm;
use core::mem::offset_of;

use isa::csr::sstatus;

use crate::context::FloatState;

/// Turns the registers on, does something with each, `{n}` being its number, and with `fcsr`, and puts `sstatus` back.
macro_rules! with_registers {
    ($each:literal, [$($last:literal),+], $state:expr) => {
        asm!(
            ".option push",
            ".option arch, +d",
            "csrrs {status}, sstatus, {on}",
            concat!(".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n",
                $each, "\n.endr"),
            $($last,)+
            "csrw sstatus, {status}",
            ".option pop",
            status = out(reg) _,
            on = in(reg) sstatus::FS.mask(),
            value = out(reg) _,
            state = in(reg) $state,
            f = const offset_of!(FloatState, f),
            fcsr = const offset_of!(FloatState, fcsr),
            options(nostack),
        )
    };
}

/// Takes the registers out.
pub(super) fn save(state: &mut FloatState) {
    // SAFETY: the stores are to the state, and `sstatus` is put back.
    unsafe {
        with_registers!(
            "fsd f\\n, {f}+8*\\n({state})",
            ["csrr {value}, fcsr", "sd {value}, {fcsr}({state})"],
            &raw mut *state
        );
    }
}

/// Brings the registers in.
pub(super) fn restore(state: &FloatState) {
    // SAFETY: the loads are from the state, `sstatus` is put back, and nobody has anything in the registers.
    unsafe {
        with_registers!(
            "fld f\\n, {f}+8*\\n({state})",
            ["ld {value}, {fcsr}({state})", "csrw fcsr, {value}"],
            &raw const *state
        );
    }
}
