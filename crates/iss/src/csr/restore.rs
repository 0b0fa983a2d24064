//! Registers from outside: whether a hart can hold what they hold.
//!
//! What is held must be what sticks of a write of it to a register in its reset state, since every way to a value of
//! a WARL field leads to a legal one.

use isa::csr;
use isa::ext::Ext;

use super::counters::{CYCLE, FIRST_HPM, INSTRET};
use super::legalize::{self, VS_INTERRUPTS};
use super::{CsrFile, PMP_ENTRIES, pmp};
use crate::hart::Hart;
use crate::state::BadState;
use crate::variant::Variant;

impl CsrFile {
    /// The registers with what follows from them; refused where a hart of `fresh`'s variant, which is in its reset
    /// state, cannot hold one.
    pub(crate) fn restored(&self, fresh: &Hart) -> Result<CsrFile, BadState> {
        let v = fresh.variant();
        let (held, reset) = (self.values(), fresh.csr.values());
        let legal = self.legalized(v, &fresh.csr).values();
        for (((number, held), (_, legal)), (_, reset)) in held.into_iter().zip(legal).zip(reset) {
            let expected = if fresh.has_csr(number) { legal } else { reset };
            if held != expected {
                let name = isa::csr::find(number).map_or("", |(row, _)| row.name);
                return Err(BadState::new(format!("{name} ({number:#x}) cannot hold {held:#x}")));
            }
        }
        let mut restored = CsrFile { guards: pmp::guards(v, &self.pmpcfg, &self.pmpaddr), ..self.clone() };
        restored.masks_pointers = restored.has_pmm();
        Ok(restored)
    }

    /// What sticks of each register if it is written to one of `reset`.
    fn legalized(&self, v: &Variant, reset: &CsrFile) -> CsrFile {
        let c = self;
        let pmm = |ext, field, value| legalize::pmm(v.has(ext), field, 0, value);
        let mip = legalize::mip_writable(v, 0) | VS_INTERRUPTS & legalize::interrupts(v);
        let henvcfg = legalize::menvcfg(v, c.henvcfg) & legalize::henvcfg_enabled(c.menvcfg);
        let bypassed = c.mseccfg | csr::mseccfg::RLB.mask();
        CsrFile {
            fflags: c.fflags & 0x1f,
            frm: c.frm & 7,
            mstatus: legalize::mstatus(v, c.menvcfg, reset.mstatus, c.mstatus),
            medeleg: legalize::medeleg(v, c.medeleg),
            mideleg: legalize::mideleg(v, c.mideleg),
            mie: legalize::mie(v, c.mie),
            mip: c.mip & mip,
            mtvec: legalize::tvec(c.mtvec),
            mcounteren: c.mcounteren & u64::from(v.mcounteren),
            menvcfg: legalize::menvcfg(v, c.menvcfg) | pmm(Ext::Smnpm, csr::menvcfg::PMM, c.menvcfg),
            mstateen: core::array::from_fn(|n| legalize::stateen(n, c.mstateen[n])),
            mcountinhibit: legalize::mcountinhibit(v, c.mcountinhibit),
            mepc: legalize::epc(c.mepc),
            counters: core::array::from_fn(|n| legalize::counter(v, n, c.counters[n])),
            events: core::array::from_fn(|n| legalize::event(v, n, c.events[n])),
            mseccfg: pmp::mseccfg(v, &[], 0, c.mseccfg) | legalize::mseccfg_beside_pmp(v, 0, c.mseccfg),
            pmpcfg: core::array::from_fn(|i| pmp::pmpcfg(v, bypassed, 0, c.pmpcfg[i])),
            pmpaddr: c.pmpaddr.map(|address| address & csr::pmpaddr0::ADDRESS.mask()),
            stvec: legalize::tvec(c.stvec),
            scounteren: c.scounteren & u64::from(v.scounteren),
            senvcfg: legalize::senvcfg(v, c.senvcfg) | pmm(Ext::Ssnpm, csr::senvcfg::PMM, c.senvcfg),
            sepc: legalize::epc(c.sepc),
            satp: legalize::satp(v, 0, c.satp),
            hstatus: legalize::hstatus(v, reset.hstatus, c.hstatus),
            hedeleg: legalize::hedeleg(v, c.hedeleg),
            hideleg: legalize::hideleg(v, c.mideleg, c.hideleg),
            hcounteren: c.hcounteren & u64::from(v.hcounteren),
            hgeie: legalize::hgeie(v, c.hgeie),
            henvcfg: henvcfg | pmm(Ext::Ssnpm, csr::henvcfg::PMM, c.henvcfg),
            hstateen: core::array::from_fn(|n| legalize::stateen(n, c.hstateen[n])),
            hgatp: legalize::hgatp(v, 0, c.hgatp),
            vsstatus: legalize::vsstatus(v, c.henvcfg, reset.vsstatus, c.vsstatus),
            vstvec: legalize::tvec(c.vstvec),
            vsepc: legalize::epc(c.vsepc),
            vsatp: legalize::vsatp_as_satp(v, 0, c.vsatp),
            // The others hold anything.
            ..c.clone()
        }
    }

    /// Every register that is held, with the number of the CSR that shows it best.
    fn values(&self) -> Vec<(u16, u64)> {
        let c = self;
        let mut values = vec![
            (csr::fflags::NUMBER, c.fflags),
            (csr::frm::NUMBER, c.frm),
            (csr::seed::NUMBER, c.polls),
            (csr::mstatus::NUMBER, c.mstatus),
            (csr::medeleg::NUMBER, c.medeleg),
            (csr::mideleg::NUMBER, c.mideleg),
            (csr::mie::NUMBER, c.mie),
            (csr::mip::NUMBER, c.mip),
            (csr::mtvec::NUMBER, c.mtvec),
            (csr::mcounteren::NUMBER, c.mcounteren),
            (csr::menvcfg::NUMBER, c.menvcfg),
            (csr::mcountinhibit::NUMBER, c.mcountinhibit),
            (csr::mepc::NUMBER, c.mepc),
            (csr::mtinst::NUMBER, c.mtinst),
            (csr::mtval2::NUMBER, c.mtval2),
            (csr::mseccfg::NUMBER, c.mseccfg),
            (csr::stvec::NUMBER, c.stvec),
            (csr::scounteren::NUMBER, c.scounteren),
            (csr::senvcfg::NUMBER, c.senvcfg),
            (csr::sepc::NUMBER, c.sepc),
            (csr::satp::NUMBER, c.satp),
            (csr::stimecmp::NUMBER, c.stimecmp),
            (csr::hstatus::NUMBER, c.hstatus),
            (csr::hedeleg::NUMBER, c.hedeleg),
            (csr::hideleg::NUMBER, c.hideleg),
            (csr::htimedelta::NUMBER, c.htimedelta),
            (csr::hcounteren::NUMBER, c.hcounteren),
            (csr::hgeie::NUMBER, c.hgeie),
            (csr::henvcfg::NUMBER, c.henvcfg),
            (csr::htval::NUMBER, c.htval),
            (csr::htinst::NUMBER, c.htinst),
            (csr::hgatp::NUMBER, c.hgatp),
            (csr::vsstatus::NUMBER, c.vsstatus),
            (csr::vstvec::NUMBER, c.vstvec),
            (csr::vsscratch::NUMBER, c.vsscratch),
            (csr::vsepc::NUMBER, c.vsepc),
            (csr::vscause::NUMBER, c.vscause),
            (csr::vstval::NUMBER, c.vstval),
            (csr::vsatp::NUMBER, c.vsatp),
            (csr::vstimecmp::NUMBER, c.vstimecmp),
        ];
        let offset = |first: u16, n: usize| first + n as u16;
        values.extend((0..4).map(|n| (offset(csr::mstateen0::NUMBER, n), c.mstateen[n])));
        values.extend((0..4).map(|n| (offset(csr::hstateen0::NUMBER, n), c.hstateen[n])));
        values.extend((0..32).map(|n| (offset(csr::mcycle::NUMBER, n), c.counters[n])));
        let selector = |n: usize| match n {
            CYCLE => csr::mcyclecfg::NUMBER,
            INSTRET => csr::minstretcfg::NUMBER,
            _ => offset(csr::mhpmevent3::NUMBER, n.max(FIRST_HPM) - FIRST_HPM),
        };
        values.extend((0..32).map(|n| (selector(n), c.events[n])));
        // Eight entries share a configuration register, which has an even number.
        let configuration = |i: usize| offset(csr::pmpcfg0::NUMBER, i / 8 * 2);
        values.extend((0..PMP_ENTRIES).map(|i| (configuration(i), c.pmpcfg[i].into())));
        values.extend((0..PMP_ENTRIES).map(|i| (offset(csr::pmpaddr0::NUMBER, i), c.pmpaddr[i])));
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restored(variant: Variant, change: impl Fn(&mut CsrFile)) -> Result<CsrFile, BadState> {
        let fresh = Hart::new(0, variant);
        let mut registers = fresh.csr.clone();
        change(&mut registers);
        registers.restored(&fresh)
    }

    #[test]
    fn reset_is_a_state_that_can_be() {
        for spec in ["max", "rv64gc", "rva22s64", "max,smdbltrp=on,fs=dirty", "max,pmp=0", "max,pmp=64,hpm=0"]
        {
            let variant = Variant::parse(spec).unwrap();
            assert_eq!(restored(variant, |_| ()), Ok(Hart::new(0, variant).csr), "{spec}");
        }
    }

    #[test]
    fn what_no_write_leads_to_is_refused_by_name() {
        let max = Variant::default();
        let refused = |change: fn(&mut CsrFile)| restored(max, change).unwrap_err().to_string();
        assert_eq!(refused(|c| c.frm = 8), "frm (0x2) cannot hold 0x8");
        assert!(refused(|c| c.mstatus = csr::mstatus::MPP.of(2)).starts_with("mstatus (0x300)"));
        assert!(refused(|c| c.satp = 3 << 60).starts_with("satp"));
        assert!(refused(|c| c.hgatp = 1).starts_with("hgatp"), "the root is 16 KiB");
        assert!(refused(|c| c.mideleg = 0).starts_with("mideleg"), "that of H stays");
        assert!(refused(|c| c.mepc = 1).starts_with("mepc"));
        assert!(refused(|c| c.pmpcfg[3] = 2).starts_with("pmpcfg0"));
        assert!(refused(|c| c.pmpcfg[16] = 1).starts_with("pmpcfg"), "there are 16 entries");
        assert!(refused(|c| c.events[5] = 0xff).starts_with("mhpmevent"));
    }

    #[test]
    fn registers_that_the_hart_has_not_are_as_at_reset() {
        let narrow = Variant::parse("max,h=off,sstc=off").unwrap();
        assert!(restored(narrow, |c| c.stimecmp = 5).is_err());
        assert!(restored(narrow, |c| c.vsscratch = 5).is_err());
        assert!(restored(Variant::default(), |c| c.vsscratch = 5).is_ok());
    }

    #[test]
    fn what_follows_from_registers_is_found_anew() {
        let state = restored(Variant::default(), |c| {
            c.pmpcfg[7] = 0x1f;
            c.pmpaddr[7] = 3;
            c.guards.clear();
        });
        assert_eq!(state.unwrap().guards, [pmp::Guard { first: 0, last: 31, cfg: 0x1f }]);
    }
}
