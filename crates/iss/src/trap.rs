//! Traps: what an instruction raises, how a trap is taken, and how it is returned from.
//!
//! Privileged ISA, "Machine-Level ISA" (trap CSRs), "Trap Entry" and "Trap Return" of the hypervisor
//! extension.

use isa::cause::{Cause, Exception, Interrupt};
use isa::csr;
use isa::ext::Ext;
use isa::tinst::Tinst;
use isa::{Mode, Privilege};

use crate::csr::legalize::VS_INTERRUPTS;
use crate::event::Event;
use crate::hart::Hart;
use crate::observe::TrapTaken;

/// An exception, with everything that the trap CSRs will show of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trap {
    /// The exception.
    pub cause: Exception,
    /// For `mtval`, `stval` or `vstval`.
    pub tval: u64,
    /// Whether `tval` is a guest virtual address (`hstatus.GVA`, `mstatus.GVA`).
    pub gva: bool,
    /// For `mtval2` or `htval`: the guest physical address of a guest-page fault, shifted right by 2.
    pub tval2: u64,
    /// For `mtinst` or `htinst`: a transformed instruction, a pseudoinstruction, or zero.
    pub tinst: u64,
}

impl Trap {
    /// An exception of which only the cause and `tval` are to be written.
    pub const fn new(cause: Exception, tval: u64) -> Trap {
        Trap { cause, tval, gva: false, tval2: 0, tinst: 0 }
    }
}

/// What the trap CSRs of the destination are to show.
struct Entry {
    cause: Cause,
    tval: u64,
    gva: bool,
    tval2: u64,
    tinst: u64,
}

impl Hart {
    /// Takes an exception that the instruction at the current pc has raised.
    ///
    /// `None` where that is one trap too many, and the hart is in the critical-error state.
    pub(crate) fn take_exception(&mut self, trap: &Trap) -> Option<TrapTaken> {
        let bit = trap.cause.bit();
        let mode = self.mode();
        let delegated = mode != Mode::M && self.csr.medeleg & bit != 0;
        let to = match mode.virt && self.csr.hedeleg & bit != 0 {
            _ if !delegated => Mode::M,
            true => Mode::VS,
            false => Mode::HS,
        };
        let Trap { cause, tval, gva, tval2, tinst } = self.reported(trap);
        self.enter(to, Entry { cause: Cause::Exception(cause), tval, gva, tval2, tinst })
    }

    /// Takes an interrupt before the instruction at the current pc; `None` as for exceptions.
    pub(crate) fn take_interrupt(&mut self, interrupt: Interrupt, to: Mode) -> Option<TrapTaken> {
        let cause = Cause::Interrupt(interrupt);
        self.enter(to, Entry { cause, tval: 0, gva: false, tval2: 0, tinst: 0 })
    }

    /// `trap` with what this hart does not report left out.
    fn reported(&self, trap: &Trap) -> Trap {
        let v = self.variant();
        let reports_tval = match trap.cause {
            Exception::IllegalInst => v.reports_illegal,
            Exception::VirtualInst => v.reports_virtual,
            _ => true,
        };
        let tval = if reports_tval { trap.tval } else { 0 };
        if !trap.cause.is_guest_page_fault() {
            return Trap { tval, tinst: if v.reports_tinst { trap.tinst } else { 0 }, ..*trap };
        }
        // A pseudoinstruction explains the address that tval2 holds: without it there is none, with it there
        // must be one. Privileged ISA, "Transformed Instruction or Pseudoinstruction for mtinst or htinst".
        let tval2 = if v.reports_gpa { trap.tval2 } else { 0 };
        let reports_tinst = match Tinst::from_bits(trap.tinst) {
            Tinst::Pseudo { .. } => v.reports_gpa && (v.reports_tinst || tval2 != 0),
            _ => v.reports_tinst,
        };
        Trap { tval, tval2, tinst: if reports_tinst { trap.tinst } else { 0 }, ..*trap }
    }

    fn enter(&mut self, to: Mode, entry: Entry) -> Option<TrapTaken> {
        let (to, entry) = self.unless_unexpected(to, entry);
        if to == Mode::M && csr::mstatus::MDT.is_set(self.csr.mstatus) {
            self.critical_error = true;
            return None;
        }
        self.count(match entry.cause {
            Cause::Exception(_) => Event::Exception,
            Cause::Interrupt(_) => Event::Interrupt,
        });
        let from = self.mode();
        let epc = self.pc();
        let handler = match to {
            Mode::M => self.enter_machine(from, &entry),
            Mode::HS => self.enter_supervisor(from, &entry),
            _ => self.enter_virtual_supervisor(from, &entry),
        };
        self.set_mode(to);
        self.set_pc(handler);
        self.recheck_interrupts = true;
        let (tval2, tinst) = if to == Mode::VS { (0, 0) } else { (entry.tval2, entry.tinst) };
        Some(TrapTaken { cause: entry.cause, from, to, epc, tval: entry.tval, tval2, tinst })
    }

    /// What becomes of a trap into a supervisor mode that has disabled traps: a double trap into M-mode, which
    /// has the cause of the first in `mtval2`. Privileged ISA, "Double Trap Control in sstatus Register".
    fn unless_unexpected(&self, to: Mode, entry: Entry) -> (Mode, Entry) {
        let status = match to {
            Mode::HS => self.csr.mstatus,
            Mode::VS => self.csr.vsstatus,
            _ => return (to, entry),
        };
        if !csr::sstatus::SDT.is_set(status) {
            return (to, entry);
        }
        let cause = Cause::Exception(Exception::DoubleTrap);
        (Mode::M, Entry { cause, tval2: entry.cause.to_bits(), ..entry })
    }

    /// Writes the trap CSRs of M-mode and returns the handler's address.
    fn enter_machine(&mut self, from: Mode, entry: &Entry) -> u64 {
        use csr::mstatus::{GVA, MDT, MIE, MPIE, MPP, MPV};
        let epc = self.pc();
        let h = self.variant().has(Ext::H);
        let disables = self.variant().has(Ext::Smdbltrp);
        let c = &mut self.csr;
        c.mepc = epc;
        c.mcause = entry.cause.to_bits();
        c.mtval = entry.tval;
        let mut status = MPIE.set(c.mstatus, MIE.get(c.mstatus));
        status = MPP.set(MIE.set(status, 0), from.privilege as u64);
        status = MDT.set(status, disables.into());
        c.mtval2 = entry.tval2;
        if h {
            c.mtinst = entry.tinst;
            status = GVA.set(MPV.set(status, from.virt.into()), entry.gva.into());
        }
        c.mstatus = status;
        handler(c.mtvec, entry.cause.to_bits())
    }

    /// Writes the trap CSRs of HS-mode and returns the handler's address.
    fn enter_supervisor(&mut self, from: Mode, entry: &Entry) -> u64 {
        use csr::hstatus::{GVA, SPV, SPVP};
        let epc = self.pc();
        let h = self.variant().has(Ext::H);
        let c = &mut self.csr;
        c.sepc = epc;
        c.scause = entry.cause.to_bits();
        c.stval = entry.tval;
        c.mstatus = supervisor_status(c.mstatus, from, csr::menvcfg::DTE.get(c.menvcfg));
        if h {
            c.htval = entry.tval2;
            c.htinst = entry.tinst;
            if from.virt {
                c.hstatus = SPVP.set(c.hstatus, from.privilege as u64);
            }
            c.hstatus = GVA.set(SPV.set(c.hstatus, from.virt.into()), entry.gva.into());
        }
        handler(c.stvec, entry.cause.to_bits())
    }

    /// Writes the trap CSRs of VS-mode, where VS-level interrupts look like supervisor-level ones, and
    /// returns the handler's address.
    fn enter_virtual_supervisor(&mut self, from: Mode, entry: &Entry) -> u64 {
        let epc = self.pc();
        let cause = match entry.cause {
            Cause::Interrupt(interrupt) if VS_INTERRUPTS & interrupt.bit() != 0 => entry.cause.to_bits() - 1,
            Cause::Interrupt(_) | Cause::Exception(_) => entry.cause.to_bits(),
        };
        let c = &mut self.csr;
        c.vsepc = epc;
        c.vscause = cause;
        c.vstval = entry.tval;
        c.vsstatus = supervisor_status(c.vsstatus, from, csr::henvcfg::DTE.get(c.henvcfg));
        handler(c.vstvec, cause)
    }

    /// MRET: back to the mode that MPV and MPP name.
    pub(crate) fn return_from_machine(&mut self) -> u64 {
        use csr::mstatus::{MDT, MIE, MPIE, MPP, MPRV, MPV};
        let status = self.csr.mstatus;
        let privilege = Privilege::from_bits(MPP.get(status)).unwrap_or(Privilege::U);
        let virt = privilege != Privilege::M && MPV.is_set(status);
        let mut new = MIE.set(status, MPIE.get(status));
        new = MPIE.set(MPP.set(MPV.set(new, 0), Privilege::U as u64), 1);
        if privilege != Privilege::M {
            new = MPRV.set(new, 0);
        }
        self.csr.mstatus = MDT.set(new, 0);
        let to = Mode { privilege, virt };
        if self.variant().has(Ext::Smdbltrp) {
            self.enable_traps_below(to);
        }
        self.set_mode(to);
        self.recheck_interrupts = true;
        self.csr.mepc
    }

    /// A return to below HS-mode ends what disables traps into HS-mode, and one to VU-mode what disables those
    /// into VS-mode. Privileged ISA, "Double Trap Control in mstatus Register" and "Trap Return".
    fn enable_traps_below(&mut self, to: Mode) {
        let c = &mut self.csr;
        if to.privilege == Privilege::U || to.virt {
            c.mstatus = csr::mstatus::SDT.set(c.mstatus, 0);
        }
        if to == Mode::VU {
            c.vsstatus = csr::vsstatus::SDT.set(c.vsstatus, 0);
        }
    }

    /// SRET: at V=0 back to the mode that SPV and SPP name, at V=1 to the guest mode that its SPP names.
    pub(crate) fn return_from_supervisor(&mut self) -> u64 {
        use csr::sstatus::{SDT, SIE, SPIE, SPP};
        let from = self.mode();
        let guest = from.virt;
        let c = &mut self.csr;
        let status = if guest { c.vsstatus } else { c.mstatus };
        let privilege = if SPP.is_set(status) { Privilege::S } else { Privilege::U };
        let new = SDT.set(SPIE.set(SPP.set(SIE.set(status, SPIE.get(status)), 0), 1), 0);
        let (virt, pc) = if guest {
            c.vsstatus = new;
            (true, c.vsepc)
        } else {
            c.mstatus = new;
            let virt = csr::hstatus::SPV.is_set(c.hstatus);
            c.hstatus = csr::hstatus::SPV.set(c.hstatus, 0);
            (virt, c.sepc)
        };
        c.mstatus = csr::mstatus::MPRV.set(c.mstatus, 0);
        if from == Mode::M {
            c.mstatus = csr::mstatus::MDT.set(c.mstatus, 0);
        }
        let to = Mode { privilege, virt };
        if from == Mode::HS || !guest && self.variant().has(Ext::Smdbltrp) {
            self.enable_traps_below(to);
        }
        self.set_mode(to);
        self.recheck_interrupts = true;
        pc
    }
}

/// `sstatus` or `vsstatus` after a trap from `from`; `dte` is that of the configuration of the handler's mode.
fn supervisor_status(status: u64, from: Mode, dte: u64) -> u64 {
    use csr::sstatus::{SDT, SIE, SPIE, SPP};
    let status = SDT.set(SPIE.set(status, SIE.get(status)), dte);
    SPP.set(SIE.set(status, 0), from.privilege as u64)
}

/// Where a trap with this cause register value goes: BASE, or in vectored mode an entry per interrupt.
fn handler(tvec: u64, cause: u64) -> u64 {
    let base = tvec & !3;
    let is_interrupt = cause >> 63 == 1;
    if tvec & 1 == 1 && is_interrupt { base.wrapping_add(cause << 1 << 1) } else { base }
}
