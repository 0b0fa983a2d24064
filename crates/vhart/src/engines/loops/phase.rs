//! Phases: M-mode chooses what a mode sees, enters it, and it calls functions until it calls back.

use isa::asm::{Asm, Label};
use isa::csr;
use isa::csr::{hstatus, mstatus, vsstatus};
use isa::paging::{PAGE_BITS, PAGE_SIZE};
use isa::reg::{A7, S0, S1, S2, S3, S4, SP, T0, T1, ZERO};

use super::layout::{DATA, HGATP, POINTED, SATP, SAVED, STACK_TOP, TWINS, USER, VSATP, WINDOW, WINDOW_TWINS};
use crate::lockstep::random::Rng;

/// Exceptions that the handlers of HS- and VS-mode can deal with.
const TO_HS: u64 = 1 << 8 | 1 << 10 | 1 << 12 | 1 << 13 | 1 << 15 | 1 << 20 | 1 << 21 | 1 << 22 | 1 << 23;
const TO_VS: u64 = 1 << 8 | 1 << 12 | 1 << 13 | 1 << 15;

/// The modes that phases are in: privilege and V.
const MODES: [(u64, u64); 8] = [(3, 0), (1, 0), (1, 0), (0, 0), (1, 1), (1, 1), (1, 1), (0, 1)];

/// Adds a phase in a random mode, which calls some of `functions`; the hart's record is in `t0`.
pub(super) fn phase(a: &mut Asm, rng: &mut Rng, functions: &[Label]) -> Label {
    let begin = a.here();
    let (privilege, virt) = rng.pick(&MODES);
    let [satp, vsatp, hgatp] = [SATP, VSATP, HGATP].map(|root| {
        let id = rng.below(3) << 44;
        if rng.one_in(4) { 0 } else { 8 << 60 | id | root >> PAGE_BITS }
    });
    let is_translated = privilege != 3 && if virt == 0 { satp != 0 } else { vsatp != 0 };
    let offset = if privilege == 0 && is_translated { USER } else { 0 };

    let status = rng.bits() & (mstatus::SUM.mask() | mstatus::MXR.mask());
    let floating = if rng.one_in(8) { 0 } else { 1 + rng.below(3) };
    let seldom = |rng: &mut Rng, bits: u64| if rng.one_in(6) { rng.next() & bits } else { 0 };
    let machine_status = status
        | mstatus::FS.of(floating)
        | mstatus::MPP.of(privilege)
        | mstatus::MPV.of(virt)
        | mstatus::MPIE.mask()
        | mstatus::SIE.mask()
        | seldom(rng, mstatus::TVM.mask() | mstatus::TW.mask());
    let guest_status = hstatus::HU.mask()
        | rng.next() & hstatus::SPVP.mask()
        | seldom(rng, hstatus::VTVM.mask() | hstatus::VTW.mask());
    let counters = |rng: &mut Rng| if rng.one_in(8) { rng.next() } else { u64::MAX };
    let mie = 0xe0 | rng.bits() & 0x666;
    let csrs = [
        (csr::medeleg::NUMBER, rng.bits() & TO_HS),
        (csr::hedeleg::NUMBER, rng.bits() & TO_VS),
        (csr::mideleg::NUMBER, 0x222),
        (csr::hideleg::NUMBER, rng.bits() & 0x444),
        (csr::mie::NUMBER, mie),
        (csr::hvip::NUMBER, seldom(rng, 4)),
        (csr::satp::NUMBER, satp),
        (csr::vsatp::NUMBER, vsatp),
        (csr::hgatp::NUMBER, hgatp),
        (csr::vsstatus::NUMBER, rng.bits() & (vsstatus::SUM.mask() | vsstatus::MXR.mask()) | 0x2002),
        (csr::hstatus::NUMBER, guest_status),
        (csr::htimedelta::NUMBER, seldom(rng, 0xff).wrapping_neg()),
        (csr::mcounteren::NUMBER, counters(rng)),
        (csr::hcounteren::NUMBER, counters(rng)),
        (csr::scounteren::NUMBER, counters(rng)),
        (csr::mcountinhibit::NUMBER, seldom(rng, 5)),
        (csr::mhpmevent3::NUMBER, seldom(rng, 7)),
        (csr::pmpaddr0::NUMBER, (DATA + rng.pick(&POINTED) * PAGE_SIZE) >> 2 | 0x1ff),
        (csr::pmpcfg0::NUMBER, 0x1f << 8 | if rng.one_in(2) { 0x18 | rng.below(8) } else { 0 }),
        (csr::mstatus::NUMBER, machine_status),
    ];
    for (number, value) in csrs {
        a.li(T1, value).csrw(number, T1);
    }
    if rng.one_in(3) {
        a.sfence_vma(ZERO, ZERO).hfence_vvma(ZERO, ZERO).hfence_gvma(ZERO, ZERO);
    }
    for number in [csr::stimecmp::NUMBER, csr::vstimecmp::NUMBER] {
        a.csrr(T1, csr::time::NUMBER).addi(T1, T1, 1 + rng.below(16) as i32).csrw(number, T1);
    }
    for (number, saved) in [(csr::sscratch::NUMBER, SAVED[1]), (csr::vsscratch::NUMBER, SAVED[2])] {
        a.addi(T1, T0, saved).csrw(number, T1);
    }
    a.ld(SP, STACK_TOP, T0).li(T1, offset).add(SP, SP, T1);
    let entry = a.label();
    a.la(S0, entry).add(S0, S0, T1).csrw(csr::mepc::NUMBER, S0).csrw(csr::mscratch::NUMBER, T0).mret();

    a.place(entry);
    a.li(S0, DATA + offset + 0x8000).li(S1, DATA + offset + 0x4fff - rng.below(64));
    a.li(S2, if is_translated { WINDOW + offset } else { DATA } + 0x8000);
    a.li(S3, if is_translated { WINDOW + offset + WINDOW_TWINS * PAGE_SIZE } else { TWINS });
    a.li(S4, 1 + rng.below(4));
    let again = a.here();
    for _ in 0..1 + rng.below(3) {
        a.call(rng.pick(functions));
    }
    a.addi(S4, S4, -1).bnez(S4, again);
    a.li(A7, 1).ecall();
    begin
}
