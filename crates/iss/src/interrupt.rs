//! Interrupts: which are pending, and which of them is taken now.
//!
//! Privileged ISA, "Machine Interrupt (`mip` and `mie`) Registers" and "Interrupts" of the hypervisor
//! extension.

use isa::cause::Interrupt;
use isa::csr;
use isa::ext::Ext;
use isa::{Mode, Privilege};

use crate::bus::Lines;
use crate::csr::legalize::VS_INTERRUPTS;
use crate::hart::Hart;

/// The bits of `mip` that the platform's wires drive.
const WIRES: u64 = Interrupt::Msi.bit() | Interrupt::Mti.bit() | Interrupt::Mei.bit() | Interrupt::Sei.bit();

impl Hart {
    /// Sees the wires as they are now, and takes a supervisor software interrupt that has been sent.
    pub(crate) fn take_lines(&mut self, lines: Lines) {
        self.lines = lines;
        if self.variant().has(Ext::S) {
            self.csr.mip |= lines.mip & Interrupt::Ssi.bit();
        }
    }

    /// `mip`: what software wrote, the wires, the supervisor timers and the guest external interrupts.
    pub(crate) fn mip(&self) -> u64 {
        let c = &self.csr;
        let mut pending = c.mip | self.lines.mip & WIRES;
        if self.stimecmp_rules() {
            let due = self.time(false) >= c.stimecmp;
            pending = csr::mip::STIP.set(pending, due.into());
        }
        if !self.variant().has(Ext::H) {
            return pending & !VS_INTERRUPTS;
        }
        let or_in = |pending: u64, field: isa::field::Field, is_set: bool| pending | field.of(is_set.into());
        let timer = self.vstimecmp_rules() && self.time(true) >= c.vstimecmp;
        let guest_external = self.hgeip() >> csr::hstatus::VGEIN.get(c.hstatus) & 1 == 1;
        pending = or_in(pending, csr::mip::VSTIP, timer);
        pending = or_in(pending, csr::mip::VSEIP, guest_external);
        or_in(pending, csr::mip::SGEIP, self.hgeip() & c.hgeie != 0)
    }

    /// The interrupt to take before the next instruction, and the mode that takes it.
    pub(crate) fn next_interrupt(&self) -> Option<(Interrupt, Mode)> {
        let pending = self.mip() & self.csr.mie;
        if pending == 0 {
            return None;
        }
        let c = &self.csr;
        let mode = self.mode();
        let m_enabled = mode.privilege < Privilege::M || csr::mstatus::MIE.is_set(c.mstatus);
        let hs_enabled = mode != Mode::M && (mode != Mode::HS || csr::mstatus::SIE.is_set(c.mstatus));
        let vs_enabled = mode == Mode::VU || mode == Mode::VS && csr::vsstatus::SIE.is_set(c.vsstatus);
        let guest = c.mideleg & c.hideleg;
        let levels = [
            (Mode::M, m_enabled, !c.mideleg),
            (Mode::HS, hs_enabled, c.mideleg & !guest),
            (Mode::VS, vs_enabled, guest),
        ];
        levels.into_iter().filter(|(_, enabled, _)| *enabled).find_map(|(to, _, destined)| {
            Interrupt::BY_PRIORITY.into_iter().find(|i| pending & destined & i.bit() != 0).map(|i| (i, to))
        })
    }

    /// Whether an interrupt is pending and enabled at its level, which ends WFI whatever the global
    /// enables and delegation say.
    pub(crate) fn has_wakeup(&self) -> bool {
        self.mip() & self.csr.mie != 0
    }

    /// Whether WFI has waited as long as it may.
    pub(crate) fn has_waited_enough(&self) -> bool {
        self.wait_limit.is_some_and(|limit| self.time(false) >= limit)
    }

    /// The earliest tick after now at which one of the hart's own timers (`stimecmp`, `vstimecmp`) fires, or
    /// at which WFI has waited as long as it may.
    pub fn next_timer(&self) -> Option<u64> {
        let now = self.time(false);
        let own = self.stimecmp_rules().then_some(self.csr.stimecmp);
        let ahead = self.csr.vstimecmp.wrapping_sub(self.time(true));
        let guest_due = self.time(true) >= self.csr.vstimecmp;
        let guest = (self.vstimecmp_rules() && !guest_due).then(|| now.checked_add(ahead)).flatten();
        own.into_iter().chain(guest).chain(self.wait_limit).filter(|tick| *tick > now).min()
    }

    fn stimecmp_rules(&self) -> bool {
        self.variant().has(Ext::Sstc) && csr::menvcfg::STCE.is_set(self.csr.menvcfg)
    }

    fn vstimecmp_rules(&self) -> bool {
        self.variant().has(Ext::Sstc)
            && self.variant().has(Ext::H)
            && csr::henvcfg::STCE.is_set(self.csr.henvcfg)
    }
}
