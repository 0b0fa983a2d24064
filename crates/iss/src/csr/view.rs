//! Stage two of a CSR access: what do I see?
//!
//! Many CSRs are views: `sstatus` of `mstatus`, `sip`, `hip` and `vsip` of `mip`, and so on.

use isa::cause::Interrupt;
use isa::csr::{self, misa};
use isa::ext::Ext;

use super::counters::counter_of;
use super::legalize::{H_INTERRUPTS, S_INTERRUPTS, SSTATUS_VISIBLE, VS_INTERRUPTS};
use super::{XL_64, pmp};
use crate::hart::Hart;

impl Hart {
    /// The value of CSR `number` under its own name, or `None` where the hart has none such.
    pub(crate) fn view(&self, number: u16) -> Option<u64> {
        if !self.has_csr(number) {
            return None;
        }
        let (row, index) = csr::find(number)?;
        let i = usize::from(index);
        let c = &self.csr;
        Some(match row.number {
            csr::fflags::NUMBER => c.fflags,
            csr::frm::NUMBER => c.frm,
            csr::fcsr::NUMBER => csr::fcsr::FFLAGS.of(c.fflags) | csr::fcsr::FRM.of(c.frm),

            csr::seed::NUMBER => self.entropy(),

            csr::cycle::NUMBER
            | csr::instret::NUMBER
            | csr::hpmcounter3::NUMBER
            | csr::mcycle::NUMBER
            | csr::minstret::NUMBER
            | csr::mhpmcounter3::NUMBER => c.counters[counter_of(row.number, i)],
            csr::mcyclecfg::NUMBER | csr::minstretcfg::NUMBER | csr::mhpmevent3::NUMBER => {
                c.events[counter_of(row.number, i)]
            }
            csr::time::NUMBER => self.time(self.mode().virt),
            csr::scountovf::NUMBER => self.scountovf(),

            csr::sstatus::NUMBER => c.mstatus & SSTATUS_VISIBLE,
            csr::sie::NUMBER => c.mie & c.mideleg & S_INTERRUPTS,
            csr::stvec::NUMBER => c.stvec,
            csr::scounteren::NUMBER => c.scounteren,
            csr::senvcfg::NUMBER => c.senvcfg,
            csr::sscratch::NUMBER => c.sscratch,
            csr::sepc::NUMBER => c.sepc,
            csr::scause::NUMBER => c.scause,
            csr::stval::NUMBER => c.stval,
            csr::sip::NUMBER => self.mip() & c.mideleg & S_INTERRUPTS,
            csr::stimecmp::NUMBER => c.stimecmp,
            csr::satp::NUMBER => c.satp,

            csr::vsstatus::NUMBER => c.vsstatus,
            csr::vsie::NUMBER => as_guest_sees(c.mie & c.hideleg, c.mideleg),
            csr::vstvec::NUMBER => c.vstvec,
            csr::vsscratch::NUMBER => c.vsscratch,
            csr::vsepc::NUMBER => c.vsepc,
            csr::vscause::NUMBER => c.vscause,
            csr::vstval::NUMBER => c.vstval,
            csr::vsip::NUMBER => as_guest_sees(self.mip() & c.hideleg, c.mideleg),
            csr::vstimecmp::NUMBER => c.vstimecmp,
            csr::vsatp::NUMBER => c.vsatp,

            csr::hstatus::NUMBER => c.hstatus,
            csr::hedeleg::NUMBER => c.hedeleg,
            csr::hideleg::NUMBER => c.hideleg & c.mideleg,
            csr::hie::NUMBER => c.mie & H_INTERRUPTS,
            csr::htimedelta::NUMBER => c.htimedelta,
            csr::hcounteren::NUMBER => c.hcounteren,
            csr::hgeie::NUMBER => c.hgeie,
            csr::henvcfg::NUMBER => c.henvcfg,
            csr::hstateen0::NUMBER => c.hstateen[i] & c.mstateen[i],
            csr::htval::NUMBER => c.htval,
            csr::hip::NUMBER => self.mip() & H_INTERRUPTS,
            csr::hvip::NUMBER => c.mip & VS_INTERRUPTS,
            csr::htinst::NUMBER => c.htinst,
            csr::hgatp::NUMBER => c.hgatp,
            csr::hgeip::NUMBER => self.hgeip(),

            csr::mstatus::NUMBER => c.mstatus,
            csr::misa::NUMBER => self.misa(),
            csr::medeleg::NUMBER => c.medeleg,
            csr::mideleg::NUMBER => c.mideleg,
            csr::mie::NUMBER => c.mie,
            csr::mtvec::NUMBER => c.mtvec,
            csr::mcounteren::NUMBER => c.mcounteren,
            csr::menvcfg::NUMBER => c.menvcfg,
            csr::mstateen0::NUMBER => c.mstateen[i],
            csr::mcountinhibit::NUMBER => c.mcountinhibit,
            csr::mscratch::NUMBER => c.mscratch,
            csr::mepc::NUMBER => c.mepc,
            csr::mcause::NUMBER => c.mcause,
            csr::mtval::NUMBER => c.mtval,
            csr::mip::NUMBER => self.mip(),
            csr::mtinst::NUMBER => c.mtinst,
            csr::mtval2::NUMBER => c.mtval2,
            csr::pmpcfg0::NUMBER => u64::from_le_bytes(std::array::from_fn(|n| c.pmpcfg[i * 4 + n])),
            csr::pmpaddr0::NUMBER => pmp::pmpaddr(self.variant(), c.pmpcfg[i], c.pmpaddr[i]),
            csr::mseccfg::NUMBER => c.mseccfg,
            csr::mhartid::NUMBER => self.id() as u64,

            // Read-only zeros: no triggers, no identification, and nothing that the bits
            // of sstateen would control.
            csr::sstateen0::NUMBER
            | csr::tselect::NUMBER
            | csr::tdata1::NUMBER
            | csr::tinfo::NUMBER
            | csr::mvendorid::NUMBER
            | csr::marchid::NUMBER
            | csr::mimpid::NUMBER
            | csr::mconfigptr::NUMBER => 0,
            _ => return None,
        })
    }

    /// The value that CSRRS and CSRRC modify: where a wire drives a bit of `mip` that software can also
    /// write, only what software wrote. Privileged ISA, "Machine Interrupt (`mip` and `mie`) Registers".
    pub(crate) fn view_for_modify(&self, number: u16) -> Option<u64> {
        let value = self.view(number)?;
        if number != csr::mip::NUMBER {
            return Some(value);
        }
        Some(csr::mip::SEIP.set(value, csr::mip::SEIP.get(self.csr.mip)))
    }

    fn misa(&self) -> u64 {
        let v = self.variant();
        let h = if v.has(Ext::H) { misa::H.mask() } else { 0 };
        let b = if [Ext::Zba, Ext::Zbb, Ext::Zbs].iter().all(|ext| v.has(*ext)) { misa::B.mask() } else { 0 };
        let letters = [misa::A, misa::C, misa::D, misa::F, misa::I, misa::M, misa::S, misa::U];
        letters.iter().fold(misa::MXL.of(XL_64) | h | b, |bits, letter| bits | letter.mask())
    }

    /// The guest external interrupt lines that the hart has.
    pub(crate) fn hgeip(&self) -> u64 {
        let lines = (1u128 << (self.variant().geilen + 1)) as u64;
        self.lines.hgeip & lines.wrapping_sub(1) & !1
    }
}

/// Interrupts as `vsip` and `vsie` show them: the VS-level ones in the places of those for supervisors, and
/// counter overflow in its own as far as `sip` and `sie` have it.
fn as_guest_sees(delegated: u64, mideleg: u64) -> u64 {
    (delegated & VS_INTERRUPTS) >> 1 | delegated & mideleg & Interrupt::Lcofi.bit()
}
