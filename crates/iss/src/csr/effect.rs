//! Stage four of a CSR access: the write itself, and what must happen because of it.

use isa::csr;
use isa::ext::Ext;

use super::CsrFile;
use super::counters::counter_of;
use super::legalize::{self, S_INTERRUPTS, VS_INTERRUPTS, masked};
use super::pmp;
use crate::hart::Hart;

impl Hart {
    /// Writes `value` to CSR `number` under its own name, by the rules of [`legalize`].
    ///
    /// Returns the number of the register that holds the new value, or `None`, with nothing done, where
    /// the hart has no such CSR or it is read-only.
    pub(crate) fn write(&mut self, number: u16, value: u64) -> Option<u16> {
        if csr::is_read_only(number) || !self.has_csr(number) {
            return None;
        }
        let (row, index) = csr::find(number)?;
        let i = usize::from(index);
        let v = *self.variant();
        let as_guest = self.mode().virt;
        let c = &mut self.csr;
        let mut holder = number;
        let mut counts_otherwise = false;
        let mut protects_otherwise = false;
        match row.number {
            csr::fflags::NUMBER => c.fflags = value & 0x1f,
            csr::frm::NUMBER => c.frm = value & 7,
            csr::fcsr::NUMBER => {
                c.fflags = csr::fcsr::FFLAGS.get(value);
                c.frm = csr::fcsr::FRM.get(value);
            }

            csr::seed::NUMBER => c.polls = c.polls.wrapping_add(1),

            csr::sstatus::NUMBER => {
                c.mstatus = legalize::mstatus(
                    &v,
                    c.menvcfg,
                    c.mstatus,
                    masked(c.mstatus, value, legalize::SSTATUS_WRITABLE),
                );
                holder = csr::mstatus::NUMBER;
            }
            csr::sie::NUMBER => {
                c.mie = masked(c.mie, value, c.mideleg & S_INTERRUPTS);
                holder = csr::mie::NUMBER;
            }
            csr::stvec::NUMBER => c.stvec = legalize::tvec(value),
            csr::scounteren::NUMBER => c.scounteren = value & u64::from(v.scounteren),
            csr::senvcfg::NUMBER => {
                let pmm = legalize::pmm(v.has(Ext::Ssnpm), csr::senvcfg::PMM, c.senvcfg, value);
                c.senvcfg = legalize::senvcfg(&v, value) | pmm;
            }
            csr::sscratch::NUMBER => c.sscratch = value,
            csr::sepc::NUMBER => c.sepc = legalize::epc(value),
            csr::scause::NUMBER => c.scause = value,
            csr::stval::NUMBER => c.stval = value,
            csr::sip::NUMBER => {
                let writable = csr::sip::SSIP.mask() | csr::sip::LCOFIP.mask();
                c.mip = masked(c.mip, value, c.mideleg & writable);
                holder = csr::mip::NUMBER;
            }
            csr::stimecmp::NUMBER => c.stimecmp = value,
            csr::satp::NUMBER => c.satp = legalize::satp(&v, c.satp, value),

            csr::vsstatus::NUMBER => c.vsstatus = legalize::vsstatus(&v, c.henvcfg, c.vsstatus, value),
            csr::vsie::NUMBER => {
                c.mie = masked(c.mie, value << 1, c.hideleg & VS_INTERRUPTS);
                c.mie = masked(c.mie, value, c.hideleg & c.mideleg & csr::vsie::LCOFIE.mask());
                holder = csr::mie::NUMBER;
            }
            csr::vstvec::NUMBER => c.vstvec = legalize::tvec(value),
            csr::vsscratch::NUMBER => c.vsscratch = value,
            csr::vsepc::NUMBER => c.vsepc = legalize::epc(value),
            csr::vscause::NUMBER => c.vscause = value,
            csr::vstval::NUMBER => c.vstval = value,
            csr::vsip::NUMBER => {
                c.mip = masked(c.mip, value << 1, c.hideleg & csr::hvip::VSSIP.mask());
                c.mip = masked(c.mip, value, c.hideleg & c.mideleg & csr::vsip::LCOFIP.mask());
                holder = csr::mip::NUMBER;
            }
            csr::vstimecmp::NUMBER => c.vstimecmp = value,
            csr::vsatp::NUMBER if as_guest => c.vsatp = legalize::vsatp_as_satp(&v, c.vsatp, value),
            csr::vsatp::NUMBER => c.vsatp = legalize::vsatp(&v, c.vsatp, value),

            csr::hstatus::NUMBER => c.hstatus = legalize::hstatus(&v, c.hstatus, value),
            csr::hedeleg::NUMBER => c.hedeleg = legalize::hedeleg(&v, value),
            csr::hideleg::NUMBER => c.hideleg = legalize::hideleg(&v, c.mideleg, value),
            csr::hie::NUMBER => {
                c.mie = masked(c.mie, value, legalize::H_INTERRUPTS);
                holder = csr::mie::NUMBER;
            }
            csr::htimedelta::NUMBER => c.htimedelta = value,
            csr::hcounteren::NUMBER => c.hcounteren = value & u64::from(v.hcounteren),
            csr::hgeie::NUMBER => c.hgeie = legalize::hgeie(&v, value),
            csr::henvcfg::NUMBER => {
                let pmm = legalize::pmm(v.has(Ext::Ssnpm), csr::henvcfg::PMM, c.henvcfg, value);
                c.henvcfg = legalize::menvcfg(&v, value) & legalize::henvcfg_enabled(c.menvcfg) | pmm;
                enable_disabled_traps(c);
            }
            csr::hstateen0::NUMBER => {
                c.hstateen[i] = masked(c.hstateen[i], legalize::stateen(i, value), c.mstateen[i]);
            }
            csr::htval::NUMBER => c.htval = value,
            csr::hip::NUMBER => {
                c.mip = masked(c.mip, value, csr::hip::VSSIP.mask());
                holder = csr::mip::NUMBER;
            }
            csr::hvip::NUMBER => c.mip = masked(c.mip, value, VS_INTERRUPTS),
            csr::htinst::NUMBER => c.htinst = value,
            csr::hgatp::NUMBER => c.hgatp = legalize::hgatp(&v, c.hgatp, value),

            csr::mstatus::NUMBER => c.mstatus = legalize::mstatus(&v, c.menvcfg, c.mstatus, value),
            csr::medeleg::NUMBER => c.medeleg = legalize::medeleg(&v, value),
            csr::mideleg::NUMBER => {
                c.mideleg = legalize::mideleg(&v, value);
                c.hideleg &= c.mideleg;
            }
            csr::mie::NUMBER => c.mie = legalize::mie(&v, value),
            csr::mtvec::NUMBER => c.mtvec = legalize::tvec(value),
            csr::mcounteren::NUMBER => c.mcounteren = value & u64::from(v.mcounteren),
            csr::menvcfg::NUMBER => {
                let pmm = legalize::pmm(v.has(Ext::Smnpm), csr::menvcfg::PMM, c.menvcfg, value);
                c.menvcfg = legalize::menvcfg(&v, value) | pmm;
                // What is disabled here does not come back in henvcfg with a later enabling.
                c.henvcfg &= legalize::henvcfg_enabled(c.menvcfg);
                enable_disabled_traps(c);
            }
            csr::mstateen0::NUMBER => c.mstateen[i] = legalize::stateen(i, value),
            csr::mcountinhibit::NUMBER => {
                c.mcountinhibit = legalize::mcountinhibit(&v, value);
                counts_otherwise = true;
            }
            csr::mscratch::NUMBER => c.mscratch = value,
            csr::mepc::NUMBER => c.mepc = legalize::epc(value),
            csr::mcause::NUMBER => c.mcause = value,
            csr::mtval::NUMBER => c.mtval = value,
            csr::mip::NUMBER => c.mip = masked(c.mip, value, legalize::mip_writable(&v, c.menvcfg)),
            csr::mtinst::NUMBER => c.mtinst = value,
            csr::mtval2::NUMBER => c.mtval2 = value,
            csr::pmpcfg0::NUMBER => {
                for (old, new) in c.pmpcfg[i * 4..i * 4 + 8].iter_mut().zip(value.to_le_bytes()) {
                    *old = pmp::pmpcfg(&v, c.mseccfg, *old, new);
                }
                protects_otherwise = true;
            }
            csr::pmpaddr0::NUMBER if !pmp::pmpaddr_is_locked(&c.pmpcfg, c.mseccfg, i) => {
                c.pmpaddr[i] = value & csr::pmpaddr0::ADDRESS.mask();
                protects_otherwise = true;
            }
            csr::mseccfg::NUMBER => {
                let others = legalize::mseccfg_beside_pmp(&v, c.mseccfg, value);
                c.mseccfg = pmp::mseccfg(&v, &c.pmpcfg, c.mseccfg, value) | others;
                protects_otherwise = true;
            }
            csr::mcycle::NUMBER | csr::minstret::NUMBER | csr::mhpmcounter3::NUMBER => {
                let n = counter_of(row.number, i);
                c.counters[n] = legalize::counter(&v, n, value);
                self.counters_written |= 1 << n;
            }
            csr::mcyclecfg::NUMBER | csr::minstretcfg::NUMBER | csr::mhpmevent3::NUMBER => {
                let n = counter_of(row.number, i);
                c.events[n] = legalize::event(&v, n, value);
                counts_otherwise = true;
            }
            // The others are WARL registers that hold nothing but zero, and misa.
            _ => {}
        }
        c.masks_pointers = c.has_pmm();
        // The translation caches are tagged with what they depend on, so only interrupts and
        // counters are left to do.
        self.recheck_interrupts = true;
        if counts_otherwise {
            self.recount();
        }
        if protects_otherwise {
            self.csr.guards = pmp::guards(&v, &self.csr.pmpcfg, &self.csr.pmpaddr);
            self.engine.forget_all();
        }
        Some(holder)
    }
}

/// SDT is a read-only zero while the DTE of its mode's configuration is clear.
fn enable_disabled_traps(c: &mut CsrFile) {
    if !csr::menvcfg::DTE.is_set(c.menvcfg) {
        c.mstatus = csr::mstatus::SDT.set(c.mstatus, 0);
    }
    if !csr::henvcfg::DTE.is_set(c.henvcfg) {
        c.vsstatus = csr::vsstatus::SDT.set(c.vsstatus, 0);
    }
}
