//! Faults in which interrupts are pending and which is taken.

use super::super::fault::{Fault, faults};

pub(super) const FAULTS: &[&[Fault]] = &[faults! { "crates/iss/src/interrupt.rs":
    stip_ignores_stimecmp [74] "pending = csr::mip::STIP.set(pending, «due.into()»);" => "csr::mip::STIP.get(pending)";
    stimecmp_without_stce [95] "self.variant().has(Ext::Sstc) && «csr::menvcfg::STCE.is_set(self.csr.menvcfg)»" => "true";
    stimecmp_compares_guest_time [] "let due = self.time(«false») >= c.stimecmp;" => "true";
    vstimecmp_compares_host_time [94] "let timer = «self.vstimecmp_rules() && self.time(true) >= c.vstimecmp»;" => "self.vstimecmp_rules() && self.time(false) >= c.vstimecmp";
    vstimecmp_without_stce [95] "&& «csr::henvcfg::STCE.is_set(self.csr.henvcfg)»" => "true";
    vstip_ignores_vstimecmp [88] "let timer = «self.vstimecmp_rules() && self.time(true) >= c.vstimecmp»;" => "false";
    vseip_ignores_hgeip [88] "pending = or_in(pending, csr::mip::VSEIP, «guest_external»);" => "false";
    vseip_ignores_vgein [90] "let guest_external = self.hgeip() >> «csr::hstatus::VGEIN.get(c.hstatus)» & 1 == 1;" => "1";
    vseip_only_at_v1 [90] "pending = or_in(pending, csr::mip::VSEIP, «guest_external»);" => "guest_external && self.mode().virt";
    sgeip_ignores_hgeie [] "or_in(pending, csr::mip::SGEIP, «self.hgeip() & c.hgeie != 0»)" => "self.hgeip() != 0";
    sgeip_is_vseip [] "or_in(pending, csr::mip::SGEIP, «self.hgeip() & c.hgeie != 0»)" => "guest_external";
    hvip_is_not_or_ed [88] "«pending | field.of(is_set.into())»;" => "field.set(pending, is_set.into())";
    machine_interrupts_need_mie_below [] "let m_enabled = «mode.privilege < Privilege::M || csr::mstatus::MIE.is_set(c.mstatus)»;" => "csr::mstatus::MIE.is_set(c.mstatus)";
    machine_interrupts_ignore_mie [] "let m_enabled = «mode.privilege < Privilege::M || csr::mstatus::MIE.is_set(c.mstatus)»;" => "true";
    sie_holds_at_v1 [91] "let hs_enabled = «mode != Mode::M && (mode != Mode::HS || csr::mstatus::SIE.is_set(c.mstatus))»;" => "mode != Mode::M && (mode == Mode::U || csr::mstatus::SIE.is_set(c.mstatus))";
    supervisor_interrupts_in_machine_mode [] "let hs_enabled = «mode != Mode::M && (mode != Mode::HS || csr::mstatus::SIE.is_set(c.mstatus))»;" => "mode != Mode::HS || csr::mstatus::SIE.is_set(c.mstatus)";
    vs_interrupts_ignore_their_sie [91] "let vs_enabled = «mode == Mode::VU || mode == Mode::VS && csr::vsstatus::SIE.is_set(c.vsstatus)»;" => "mode.virt";
    vs_interrupts_need_sie_in_vu [91] "let vs_enabled = «mode == Mode::VU || mode == Mode::VS && csr::vsstatus::SIE.is_set(c.vsstatus)»;" => "mode.virt && csr::vsstatus::SIE.is_set(c.vsstatus)";
    vs_interrupts_at_v0 [] "let vs_enabled = «mode == Mode::VU || mode == Mode::VS && csr::vsstatus::SIE.is_set(c.vsstatus)»;" => "mode == Mode::VU || mode != Mode::M && csr::vsstatus::SIE.is_set(c.vsstatus)";
    priorities_are_reversed [92] "«Interrupt::BY_PRIORITY.into_iter().find(|i| pending & destined & i.bit() != 0)».map" => "Interrupt::BY_PRIORITY.into_iter().rev().find(|i| pending & destined & i.bit() != 0)";
    wakeup_needs_a_level [97] "«self.mip() & self.csr.mie != 0»" => "self.next_interrupt().is_some()";
}];
