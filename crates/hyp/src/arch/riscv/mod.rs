//! The hart that this code runs on, in HS-mode. Privileged ISA, "Hypervisor Instructions".

mod float;
mod guarded;
mod sbi;

use core::arch::{asm, naked_asm};
use core::mem::offset_of;

use super::switch::for_the_switch;
use crate::addr::{Gpa, Gva};
use crate::context::{Context, FloatState};
use crate::hart::{Hart, RemoteFence, Trap};
use guarded::{guarded, guarded_load};

/// A time that never comes.
const NEVER: u64 = u64::MAX;

/// The hart that executes this code.
#[derive(Debug)]
pub struct BareHart {
    /// When the hypervisor wants an interrupt.
    alarm: u64,
    /// When the kernel wants one.
    limit: u64,
}

impl BareHart {
    /// Takes charge of the hart's hypervisor CSRs.
    ///
    /// # Safety
    /// The hart is in HS-mode, with interrupts disabled whenever the value is used, translation of the
    /// hypervisor's own addresses is the identity or fixed, and nobody else uses the hypervisor and VS CSRs.
    /// `sstatus.FS` is Off whenever the value is used, so that no code around it has anything in the
    /// floating-point registers.
    pub unsafe fn new() -> BareHart {
        BareHart { alarm: NEVER, limit: NEVER }
    }

    /// Has the hart interrupted at this time at the latest, for the kernel's own sake; whatever timer interrupt is
    /// pending is withdrawn until its time has come.
    pub fn set_limit(&mut self, time: u64) {
        self.limit = time;
        self.arm();
    }

    /// Sets the timer to what comes first.
    fn arm(&mut self) {
        sbi::set_timer(self.alarm.min(self.limit));
    }
}

/// A fence with an operand or `zero` in each place.
macro_rules! fence {
    ($mnemonic:literal, $address:expr, $space:expr) => {
        match ($address, $space) {
            (None, None) => fence!(@ concat!($mnemonic, " zero, zero")),
            (Some(address), None) => fence!(@ concat!($mnemonic, " {}, zero"), address),
            (None, Some(space)) => fence!(@ concat!($mnemonic, " zero, {}"), space),
            (Some(address), Some(space)) => fence!(@ concat!($mnemonic, " {}, {}"), address, space),
        }
    };
    (@ $template:expr $(, $operand:ident)*) => {
        // SAFETY: a fence changes no state that a program can see.
        unsafe {
            asm!(
                ".option push",
                ".option arch, +h",
                $template,
                ".option pop"
                $(, in(reg) $operand)*
            )
        }
    };
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
        guarded_load!("hlvx.hu {value}, ({address})", address).map(|value| value as u16)
    }

    fn load_guest(&mut self, address: Gva) -> Result<u64, Trap> {
        guarded_load!("hlv.d {value}, ({address})", address)
    }

    fn hfence_gvma(&mut self, address: Option<Gpa>, vmid: Option<u16>) {
        // The instruction takes the address shifted right by 2.
        fence!("hfence.gvma", address.map(|address| address.0 >> 2), vmid.map(u64::from));
    }

    fn hfence_vvma(&mut self, address: Option<Gva>, asid: Option<u16>) {
        fence!("hfence.vvma", address.map(|address| address.0), asid.map(u64::from));
    }

    fn fence_i(&mut self) {
        // SAFETY: a fence changes no state that a program can see.
        unsafe { asm!(".option push", ".option arch, +zifencei", "fence.i", ".option pop") };
    }

    fn remote_fence(&mut self, fence: RemoteFence) {
        match fence {
            RemoteFence::Guests => sbi::hfence_gvma(),
            RemoteFence::Guest { vmid, start, size } => sbi::hfence_gvma_vmid(start.0, size, vmid),
        }
    }

    fn time(&mut self) -> u64 {
        let time;
        // SAFETY: reading the time has no side effect.
        unsafe { asm!("rdtime {}", out(reg) time, options(nomem, nostack)) };
        time
    }

    fn set_alarm(&mut self, time: u64) {
        self.alarm = time;
        self.arm();
    }

    fn save_float(&mut self, state: &mut FloatState) {
        float::save(state);
    }

    fn restore_float(&mut self, state: &FloatState) {
        float::restore(state);
    }

    fn enter_guest(&mut self, context: &mut Context) {
        // SAFETY: the context is alive and ours; hgatp confines the guest to its own memory, and the switch
        // gives every register back that a call preserves, but for the floating-point ones, which hold nothing.
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
