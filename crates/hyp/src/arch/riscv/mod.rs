//! The hart that this code runs on, in HS-mode. Privileged ISA, "Hypervisor Instructions".

mod guarded;

use core::arch::{asm, naked_asm};
use core::mem::offset_of;

use super::switch::for_the_switch;
use crate::addr::{Gpa, Gva};
use crate::context::Context;
use crate::hart::{Hart, Trap};
use guarded::guarded;

/// SBI, "RFENCE Extension", and its function "Remote HFENCE.GVMA".
const RFENCE: u64 = 0x5246_4e43;
const REMOTE_HFENCE_GVMA: u64 = 4;
/// A hart mask base that stands for every hart, and a size that stands for every address.
const ALL: u64 = u64::MAX;

/// The hart that executes this code.
#[derive(Debug)]
pub struct BareHart(());

impl BareHart {
    /// Takes charge of the hart's hypervisor CSRs.
    ///
    /// # Safety
    /// The hart is in HS-mode, with interrupts disabled whenever the value is used, translation of the
    /// hypervisor's own addresses is the identity or fixed, and nobody else uses the hypervisor and VS CSRs.
    pub unsafe fn new() -> BareHart {
        BareHart(())
    }
}

impl Hart for BareHart {
    fn read<const CSR: u16>(&mut self) -> u64 {
        let value;
        // SAFETY: who made the value vouches for the mode; reading these CSRs has no side effect.
        unsafe { asm!("csrr {}, {}", out(reg) value, const CSR) };
        value
    }

    fn write<const CSR: u16>(&mut self, value: u64) {
        // SAFETY: the CSRs of this crate govern the guest, not the code and data of the hypervisor.
        unsafe { asm!("csrw {}, {}", const CSR, in(reg) value) };
    }

    fn swap<const CSR: u16>(&mut self, value: u64) -> u64 {
        let old;
        // SAFETY: as for `write`.
        unsafe { asm!("csrrw {}, {}, {}", out(reg) old, const CSR, in(reg) value) };
        old
    }

    fn try_read<const CSR: u16>(&mut self) -> Option<u64> {
        // The hart may have no hypervisor extension at all: no CSR of it is read on the way.
        let value;
        let trapped = guarded!("csrr {value}, {csr}", [], value = out(reg) value, csr = const CSR);
        (!trapped).then_some(value)
    }

    fn fetch_guest(&mut self, address: Gva) -> Result<u16, Trap> {
        let mut trap = Trap::default();
        let value: u64;
        let trapped = guarded!(
            "hlvx.hu {value}, ({address})",
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
            address = in(reg) address.0,
            trap = in(reg) &mut trap,
            scause = const offset_of!(Trap, scause),
            stval = const offset_of!(Trap, stval),
            htval = const offset_of!(Trap, htval),
            htinst = const offset_of!(Trap, htinst),
        );
        if trapped { Err(trap) } else { Ok(value as u16) }
    }

    fn hfence_gvma(&mut self) {
        // SAFETY: a fence changes no state that a program can see.
        unsafe { asm!(".option push", ".option arch, +h", "hfence.gvma", ".option pop") };
    }

    fn hfence_gvma_page(&mut self, address: Gpa, vmid: u16) {
        // SAFETY: as for `hfence_gvma`.
        unsafe {
            asm!(
                ".option push",
                ".option arch, +h",
                "hfence.gvma {}, {}",
                ".option pop",
                in(reg) address.0 >> 2,
                in(reg) u64::from(vmid),
            );
        }
    }

    fn remote_hfence_gvma(&mut self) {
        // SAFETY: an SBI call preserves all registers but a0 and a1, and this one touches no memory.
        unsafe {
            asm!(
                "ecall",
                inlateout("a0") 0u64 => _,
                inlateout("a1") ALL => _,
                in("a2") 0u64,
                in("a3") ALL,
                in("a6") REMOTE_HFENCE_GVMA,
                in("a7") RFENCE,
            );
        }
    }

    fn time(&mut self) -> u64 {
        let time;
        // SAFETY: reading the time has no side effect.
        unsafe { asm!("rdtime {}", out(reg) time, options(nomem, nostack)) };
        time
    }

    fn enter_guest(&mut self, context: &mut Context) {
        // SAFETY: the context is alive and ours; hgatp confines the guest to its own memory, and the switch
        // gives every register back that a call preserves.
        unsafe { switch(context) };
    }
}

macro_rules! naked_switch {
    ($($line:literal)+) => {
        naked_asm!(
            $($line,)+
            guest = const offset_of!(Context, guest.x),
            guest_sepc = const offset_of!(Context, guest.sepc),
            guest_sstatus = const offset_of!(Context, guest.sstatus),
            host = const offset_of!(Context, host.x),
            host_sstatus = const offset_of!(Context, host.sstatus),
            host_stvec = const offset_of!(Context, host.stvec),
            host_sscratch = const offset_of!(Context, host.sscratch),
        )
    };
}

/// Enters the guest of `context`, and returns when it traps.
#[unsafe(naked)]
unsafe extern "C" fn switch(context: *mut Context) {
    for_the_switch!(naked_switch)
}
