//! What sticks of a write to a CSR, where that depends on something: the hart, another CSR, or V.
//!
//! Privileged ISA, "Hypervisor and Virtual Supervisor CSRs", "Machine Environment Configuration (menvcfg)
//! Register", "Smstateen".

use isa::cause::{Exception, Interrupt};
use isa::ext::Ext;
use isa::paging::SCHEMES;
use isa::{Inst, Mode, Op, csr};
use iss::{Hart, Variant};

use crate::machine::Machine;

/// What `number` holds after all ones and then all zeros are written.
fn bits(hart: &mut Hart, number: u16) -> (u64, u64) {
    let mut written = |value: u64| {
        hart.set_csr(number, value).expect("the hart has the CSR");
        hart.csr(number).expect("the hart has the CSR")
    };
    (written(u64::MAX), written(0))
}

#[test]
fn writable_bits() {
    let sstatus = 0x8000_0000_000c_6122;
    let uxl = 2 << 32;
    let rows = [
        (csr::vsstatus::NUMBER, sstatus | uxl, uxl),
        (csr::sstatus::NUMBER, sstatus | uxl, uxl),
        (csr::mstatus::NUMBER, sstatus | 0xc0_0072_1888 | uxl | 2 << 34, uxl | 2 << 34),
        (csr::hstatus::NUMBER, 3 << 48 | 0x70_03c0 | 63 << 12 | uxl, uxl),
        (csr::hedeleg::NUMBER, 0xc_b1fe, 0),
        (csr::hideleg::NUMBER, 0x444, 0),
        (csr::mideleg::NUMBER, 0x3666, 0x1444),
        (csr::medeleg::NUMBER, 0xf8_b7fe, 0),
        (csr::hcounteren::NUMBER, 0xffff_ffff, 0),
        (csr::mcounteren::NUMBER, 0xffff_ffff, 0),
        (csr::scounteren::NUMBER, 0xffff_ffff, 0),
        (csr::mcountinhibit::NUMBER, 0xffff_fffd, 0),
        (csr::mcyclecfg::NUMBER, 0x7c << 56, 0),
        (csr::minstretcfg::NUMBER, 0x7c << 56, 0),
        (csr::mhpmcounter3::NUMBER, u64::MAX, 0),
        (csr::vstvec::NUMBER, !2, 0),
        (csr::stvec::NUMBER, !2, 0),
        (csr::vsepc::NUMBER, !1, 0),
        (csr::sepc::NUMBER, !1, 0),
        (csr::hgeie::NUMBER, !1, 0),
        (csr::htval::NUMBER, u64::MAX, 0),
        (csr::htimedelta::NUMBER, u64::MAX, 0),
        (csr::menvcfg::NUMBER, 0xe800_0003_0000_00f1, 0),
        (csr::senvcfg::NUMBER, 0x3_0000_00f1, 0),
        (csr::henvcfg::NUMBER, 0x3_0000_00f1, 0),
        (csr::sstateen0::NUMBER, 0, 0),
        (csr::misa::NUMBER, 0x8000_0000_0014_11af, 0x8000_0000_0014_11af),
    ];
    for (number, ones, zeros) in rows {
        let mut hart = Hart::new(0, Variant::default());
        assert_eq!(bits(&mut hart, number), (ones, zeros), "{number:#x}");
    }
}

#[test]
fn bits_of_extensions_that_the_hart_lacks_stay_zero() {
    let all = Variant::default();
    let rows = [
        (all.without(Ext::Sstc), csr::menvcfg::NUMBER, csr::menvcfg::STCE),
        (all.without(Ext::Svpbmt), csr::menvcfg::NUMBER, csr::menvcfg::PBMTE),
        (all.without(Ext::Svadu), csr::menvcfg::NUMBER, csr::menvcfg::ADUE),
        (all.without(Ext::H), csr::mstatus::NUMBER, csr::mstatus::MPV),
        (all.without(Ext::H), csr::mstatus::NUMBER, csr::mstatus::GVA),
        (all.without(Ext::H), csr::misa::NUMBER, csr::misa::H),
        (all.without(Ext::H), csr::mideleg::NUMBER, csr::hideleg::VSSI),
        (all.without(Ext::H), csr::mcyclecfg::NUMBER, csr::mcyclecfg::VSINH),
        (all.without(Ext::H), csr::mhpmevent3::NUMBER, csr::mhpmevent3::VUINH),
        (all.without(Ext::Sscofpmf), csr::mhpmevent3::NUMBER, csr::mhpmevent3::OF),
        (all.without(Ext::Sscofpmf), csr::mhpmevent3::NUMBER, csr::mhpmevent3::MINH),
        (all.without(Ext::Sscofpmf), csr::mip::NUMBER, csr::mip::LCOFIP),
        (all.without(Ext::Sscofpmf), csr::mie::NUMBER, csr::mie::LCOFIE),
        (all.without(Ext::Sscofpmf), csr::mideleg::NUMBER, csr::mie::LCOFIE),
        (all.without(Ext::Shlcofideleg), csr::hideleg::NUMBER, csr::hideleg::LCOFI),
        (Variant { hpm: 4, ..all }, csr::mhpmcounter3::NUMBER + 4, csr::pmpaddr0::ADDRESS),
        (Variant { hpm: 4, ..all }, csr::mhpmevent3::NUMBER + 4, csr::mhpmevent3::OF),
        (Variant { mcountinhibit: !5, ..all }, csr::mcountinhibit::NUMBER, csr::mcountinhibit::IR),
        (Variant { geilen: 0, ..all }, csr::hstatus::NUMBER, csr::hstatus::VGEIN),
        (Variant { vmid_len: 0, ..all }, csr::hgatp::NUMBER, csr::hgatp::VMID),
        (Variant { asid_len: 0, ..all }, csr::vsatp::NUMBER, csr::vsatp::ASID),
    ];
    for (variant, number, field) in rows {
        let mut hart = Hart::new(0, variant);
        hart.set_csr(number, !csr::satp::MODE.mask()).expect("the hart has the CSR");
        assert_eq!(field.get(hart.csr(number).expect("the hart has the CSR")), 0, "{number:#x} {field:?}");
    }
}

/// The reserved privilege 2 is no value of MPP.
#[test]
fn mpp_keeps_its_value_when_the_reserved_one_is_written() {
    let mpp = csr::mstatus::MPP;
    let mut hart = Hart::new(0, Variant::default());
    for (written, held) in [(1, 1), (2, 1), (3, 3), (2, 3), (0, 0)] {
        hart.set_csr(csr::mstatus::NUMBER, mpp.of(written)).expect("mstatus is there");
        assert_eq!(mpp.get(hart.csr(csr::mstatus::NUMBER).expect("mstatus is there")), held);
    }
}

#[test]
fn translation_modes_by_the_number_of_levels() {
    for (vsatp_levels, hgatp_levels) in [(3, 5), (4, 3), (5, 4)] {
        let mut hart = Hart::new(0, Variant { vsatp_levels, hgatp_levels, ..Variant::default() });
        for scheme in &SCHEMES {
            let (number, max_levels) = match scheme.root_extra_bits {
                2 => (csr::hgatp::NUMBER, hgatp_levels),
                _ => (csr::vsatp::NUMBER, vsatp_levels),
            };
            hart.set_csr(number, 0).expect("the hart has the CSR");
            hart.set_csr(number, scheme.mode << 60 | 0x123).expect("the hart has the CSR");
            let value = hart.csr(number).expect("the hart has the CSR");
            let mode = if scheme.levels <= max_levels { scheme.mode } else { 0 };
            assert_eq!(value >> 60, mode, "{} with {max_levels} levels", scheme.name);
            let page = if number == csr::hgatp::NUMBER { 0x120 } else { 0x123 };
            assert_eq!(value << 4 >> 4, page, "{}: the other fields are written", scheme.name);
        }
    }
}

/// A write of satp with a MODE that is not there has no effect at all, at V=1 also not on vsatp.
#[test]
fn satp_ignores_unimplemented_modes_at_both_levels() {
    for (mode, number) in [(Mode::HS, csr::satp::NUMBER), (Mode::VS, csr::vsatp::NUMBER)] {
        for (written, held) in [(5 << 60 | 7, 0x123), (15 << 60, 0x123), (0x456, 0x456)] {
            let mut m = Machine::new(Variant::default());
            m.set(number, 0x123);
            m.hart.set_x(10, written);
            let write = Inst { rs1: 10, imm: csr::satp::NUMBER.into(), ..Inst::new(Op::csrrw) };
            m.execute(mode, write).expect("satp is open");
            assert_eq!(m.get(number), held, "{mode} {written:#x}");
        }
    }
}

#[test]
fn henvcfg_has_only_what_menvcfg_enables_and_forgets_the_rest() {
    use csr::menvcfg::{ADUE, PBMTE, STCE};
    let mut m = Machine::new(Variant::default());
    // FIOM and the fields for cache blocks are the guest's own.
    let own = 0xf1;
    for field in [ADUE, PBMTE, STCE] {
        m.set(csr::menvcfg::NUMBER, field.mask());
        m.set(csr::henvcfg::NUMBER, !csr::henvcfg::PMM.mask());
        assert_eq!(m.get(csr::henvcfg::NUMBER), field.mask() | own);
        m.set(csr::menvcfg::NUMBER, 0);
        assert_eq!(m.get(csr::henvcfg::NUMBER), own, "disabled");
        m.set(csr::menvcfg::NUMBER, u64::MAX);
        assert_eq!(m.get(csr::henvcfg::NUMBER), own, "a stale bit does not come back");
    }
}

#[test]
fn hstateen_shows_what_mstateen_enables_and_keeps_the_rest() {
    let all = csr::mstateen0::SE0.mask() | csr::mstateen0::ENVCFG.mask();
    let mut m = Machine::new(Variant::default());
    m.set(csr::mstateen0::NUMBER, u64::MAX);
    m.set(csr::hstateen0::NUMBER, u64::MAX);
    assert_eq!((m.get(csr::mstateen0::NUMBER), m.get(csr::hstateen0::NUMBER)), (all, all));
    m.set(csr::mstateen0::NUMBER, csr::mstateen0::SE0.mask());
    assert_eq!(m.get(csr::hstateen0::NUMBER), csr::mstateen0::SE0.mask(), "read-only zero");
    m.set(csr::hstateen0::NUMBER, 0);
    m.set(csr::mstateen0::NUMBER, u64::MAX);
    assert_eq!(m.get(csr::hstateen0::NUMBER), csr::mstateen0::ENVCFG.mask(), "not written while read-only");
}

/// A floating-point instruction at V=1 needs FS of both levels and dirties both.
#[test]
fn floating_point_at_v_1_uses_and_dirties_both_levels() {
    let (fs, sd) = (csr::mstatus::FS, csr::mstatus::SD);
    for (mode, own, guests) in [(Mode::VS, 3, 3), (Mode::VU, 3, 3), (Mode::HS, 3, 1)] {
        let mut m = Machine::new(Variant::default());
        m.set(csr::mstatus::NUMBER, fs.of(1));
        m.set(csr::vsstatus::NUMBER, fs.of(1));
        m.execute(mode, Inst { rd: 1, rs1: 10, ..Inst::new(Op::fmv_w_x) }).expect("floating point is on");
        for (number, held) in [(csr::mstatus::NUMBER, own), (csr::vsstatus::NUMBER, guests)] {
            let status = m.get(number);
            assert_eq!((fs.get(status), sd.is_set(status)), (held, held == 3), "{mode} {number:#x}");
        }
        m.set(csr::vsstatus::NUMBER, 0);
        let store = m.execute(mode, Inst { rd: 1, rs1: 10, ..Inst::new(Op::fmv_w_x) });
        assert_eq!(store.is_err(), mode.virt, "off at VS-level, in {mode}");
    }
}

/// The manual's table of hedeleg says that bit 18 is writable, whatever exceptions the hart has.
#[test]
fn hedeleg_has_a_bit_for_software_checks() {
    let mut hart = Hart::new(0, Variant::default());
    let bit = Exception::SoftwareCheck.bit();
    let (ones, zeros) = bits(&mut hart, csr::hedeleg::NUMBER);
    assert_eq!((ones & bit, zeros & bit), (bit, 0));
}

/// What mideleg does not give to HS-mode is read-only zero in hideleg: of the bits there, LCOFI alone can be.
#[test]
fn hideleg_has_no_bits_that_mideleg_has_not() {
    let mut m = Machine::new(Variant::default());
    let overflow = Interrupt::Lcofi.bit();
    m.set(csr::mideleg::NUMBER, 0);
    m.set(csr::hideleg::NUMBER, u64::MAX);
    assert_eq!(m.get(csr::hideleg::NUMBER) & overflow, 0, "read-only zero");
    m.set(csr::mideleg::NUMBER, overflow);
    assert_eq!(m.get(csr::hideleg::NUMBER) & overflow, 0, "not written while read-only");
    m.set(csr::hideleg::NUMBER, overflow);
    assert_eq!(m.get(csr::hideleg::NUMBER), overflow);
    m.set(csr::mideleg::NUMBER, 0);
    assert_eq!(m.get(csr::hideleg::NUMBER), 0, "read-only zero again");
}
