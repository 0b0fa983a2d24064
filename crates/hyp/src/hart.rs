//! The hart as the hypervisor sees it: the only door out of this crate.
//!
//! Everything that is not plain computation goes through [`Hart`], so that the same code runs natively
//! under a scripted hart, natively on the simulator, and on bare metal. Privileged ISA, "Hypervisor and
//! Virtual Supervisor CSRs" and "Hypervisor Instructions".

use crate::addr::{Gpa, Gva};
use crate::context::{Context, FloatState};

/// The size of a memory access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Width {
    /// 8 bits.
    Byte = 1,
    /// 16 bits.
    Half = 2,
    /// 32 bits.
    Word = 4,
    /// 64 bits.
    Double = 8,
}

impl Width {
    /// The size in bytes.
    pub const fn bytes(self) -> u64 {
        self as u64
    }

    /// The size in bits.
    pub const fn bits(self) -> u32 {
        self as u32 * 8
    }

    /// The low bits of `value` that an access of this width carries.
    pub const fn truncate(self, value: u64) -> u64 {
        value & u64::MAX >> (64 - self.bits())
    }

    /// `value`, of this width, extended by its own top bit.
    pub const fn sign_extend(self, value: u64) -> u64 {
        let spare = 64 - self.bits();
        ((value << spare) as i64 >> spare) as u64
    }
}

/// A trap taken to HS-mode, as the trap CSRs tell it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[repr(C)]
pub struct Trap {
    /// Why.
    pub scause: u64,
    /// The guest virtual address or instruction concerned.
    pub stval: u64,
    /// The guest physical address that faulted, shifted right by 2.
    pub htval: u64,
    /// The trapping instruction, transformed; a pseudoinstruction; or zero.
    pub htinst: u64,
}

/// An HS-mode hart with the hypervisor extension.
///
/// CSRs are named by number (`isa::csr::vsatp::NUMBER`), known at compile time as the instructions want it.
/// All of it is called with interrupts disabled.
pub trait Hart {
    /// Reads a CSR.
    fn read<const CSR: u16>(&mut self) -> u64;

    /// Writes a CSR.
    fn write<const CSR: u16>(&mut self, value: u64);

    /// Writes a CSR and returns its old value, in one instruction.
    fn swap<const CSR: u16>(&mut self, value: u64) -> u64;

    /// Reads a CSR that this hart may not have: `None` where the access traps.
    fn try_read<const CSR: u16>(&mut self) -> Option<u64>;

    /// Reads 16 bits of guest code, where execute permission counts: HLVX.HU.
    ///
    /// # Errors
    /// The trap that the access raised; it is a load's, not a fetch's.
    fn fetch_guest(&mut self, address: Gva) -> Result<u16, Trap>;

    /// Reads 64 bits of guest memory at a multiple of 8: HLV.D.
    ///
    /// # Errors
    /// The trap that the access raised.
    fn load_guest(&mut self, address: Gva) -> Result<u64, Trap>;

    /// HFENCE.GVMA: forgets this hart's cached G-stage translations, of one guest physical address and of one virtual
    /// machine where these are given.
    fn hfence_gvma(&mut self, address: Option<Gpa>, vmid: Option<u16>);

    /// HFENCE.VVMA: forgets this hart's cached VS-stage translations of the VMID in `hgatp`, of one address and of one
    /// address space where these are given.
    fn hfence_vvma(&mut self, address: Option<Gva>, asid: Option<u16>);

    /// FENCE.I: what this hart fetches from now on is what has been stored.
    fn fence_i(&mut self);

    /// Does as much on every other hart, and returns when they all have.
    fn remote_fence(&mut self, fence: RemoteFence);

    /// The time, in ticks.
    fn time(&mut self) -> u64;

    /// Has this hart interrupted at `time`, in place of the last such time; the host may ask for an earlier one.
    fn set_alarm(&mut self, time: u64);

    /// Takes the floating-point registers, which are on or not, out of the hart.
    fn save_float(&mut self, state: &mut FloatState);

    /// Brings the floating-point registers into the hart.
    fn restore_float(&mut self, state: &FloatState);

    /// Runs the guest of `context` until it traps to HS-mode: the inner world switch.
    fn enter_guest(&mut self, context: &mut Context);

    /// Learns why the guest has left: what follows is this exit's, until the next. Of use to who counts.
    fn note_exit(&mut self, _trap: &Trap) {}

    /// Learns that so many page-table entries have been written. Of use to who counts.
    fn note_entries(&mut self, _written: u64) {}
}

/// A fence for other harts. SBI, "RFENCE Extension".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RemoteFence {
    /// All G-stage translations.
    Guests,
    /// The G-stage translations of one virtual machine, in a range of guest physical addresses.
    Guest {
        /// Which machine.
        vmid: u16,
        /// Where the range starts.
        start: Gpa,
        /// Bytes; all ones for every address.
        size: u64,
    },
}
