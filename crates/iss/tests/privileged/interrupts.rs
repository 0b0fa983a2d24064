//! Interrupts: which one is taken, where it goes, and how the registers show what is pending.
//!
//! Privileged ISA, "Hypervisor Interrupt (hvip, hip, and hie) Registers", "Machine Interrupt (mip and mie)
//! Registers" and "Sstc".

use isa::cause::{Cause, Interrupt};
use isa::{Inst, Mode, Op, csr};
use iss::Variant;

use crate::machine::{CODE, Machine};

const VS_LEVEL: u64 = 1 << 2 | 1 << 6 | 1 << 10;
const S_LEVEL: u64 = VS_LEVEL >> 1;
const SGEI: u64 = 1 << 12;
const LCOFI: u64 = 1 << 13;

/// A hart with every interrupt pending that there is: M-level and SEI by wires, SGEI by line 5.
fn everything_pending(mideleg: u64, hideleg: u64) -> Machine {
    let mut m = Machine::new(Variant::default());
    m.bus.lines.mip = u64::MAX;
    m.bus.lines.hgeip = 1 << 5;
    m.set(csr::hgeie::NUMBER, 1 << 5);
    m.set(csr::mip::NUMBER, S_LEVEL | LCOFI);
    m.set(csr::hvip::NUMBER, VS_LEVEL);
    m.set(csr::mideleg::NUMBER, mideleg);
    m.set(csr::hideleg::NUMBER, hideleg);
    m
}

/// The interrupt that is taken before an instruction in `mode`, and its destination.
fn taken(m: &mut Machine, mode: Mode) -> Option<(Interrupt, Mode)> {
    m.hart.set_mode(mode);
    // A handler that does not trap leaves the CSRs of the interrupt as they are.
    for vector in [csr::mtvec::NUMBER, csr::stvec::NUMBER, csr::vstvec::NUMBER] {
        m.set(vector, CODE + 0x100);
    }
    m.write(CODE + 0x100, u64::from(Inst::new(Op::addi).encode()));
    match m.execute(mode, Inst::new(Op::addi)) {
        Ok(()) => None,
        Err(report) => match report.cause {
            Cause::Interrupt(interrupt) => {
                assert_eq!((report.tval, report.gva, report.tval2, report.tinst), (0, false, 0, 0));
                Some((interrupt, report.to))
            }
            Cause::Exception(exception) => panic!("{exception:?}"),
        },
    }
}

#[test]
fn priority_within_and_between_levels() {
    use Interrupt::{Lcofi, Mei, Msi, Mti, Sei, Sgei, Ssi, Sti, Vsei, Vssi, Vsti};
    let all = u64::MAX;
    let machine = [Mei, Msi, Mti].map(|interrupt| (interrupt, Mode::M));
    let supervisor = |to| [Sei, Ssi, Sti].map(|interrupt| (interrupt, to));
    let hypervisor = [Sgei, Vsei, Vssi, Vsti].map(|interrupt| (interrupt, Mode::HS));
    let guest = [Vsei, Vssi, Vsti].map(|interrupt| (interrupt, Mode::VS));
    let rows = [
        (0, 0, [&machine[..], &supervisor(Mode::M), &[(Lcofi, Mode::M)], &hypervisor].concat()),
        (LCOFI, 0, [&machine[..], &supervisor(Mode::M), &hypervisor, &[(Lcofi, Mode::HS)]].concat()),
        (all, 0, [&machine[..], &supervisor(Mode::HS), &hypervisor, &[(Lcofi, Mode::HS)]].concat()),
        (
            all,
            VS_LEVEL,
            [&machine[..], &supervisor(Mode::HS), &[(Sgei, Mode::HS), (Lcofi, Mode::HS)], &guest].concat(),
        ),
        (
            all,
            all,
            [&machine[..], &supervisor(Mode::HS), &[(Sgei, Mode::HS)], &guest, &[(Lcofi, Mode::VS)]].concat(),
        ),
    ];
    for (mideleg, hideleg, order) in rows {
        let mut enabled = u64::MAX;
        for expected in order {
            let mut m = everything_pending(mideleg, hideleg);
            m.set(csr::mie::NUMBER, enabled);
            assert_eq!(taken(&mut m, Mode::VU), Some(expected), "mideleg {mideleg:x} hideleg {hideleg:x}");
            enabled &= !expected.0.bit();
        }
    }
}

#[test]
fn the_enables_of_each_mode() {
    use Interrupt::{Mti, Sti, Vsti};
    let mie = csr::mstatus::MIE.mask();
    let sie = csr::mstatus::SIE.mask();
    // Interrupt, mstatus, vsstatus, and whether it is taken in M, HS, U, VS and VU.
    let rows = [
        (Mti, 0, 0, [false, true, true, true, true]),
        (Mti, mie, 0, [true, true, true, true, true]),
        (Sti, mie, 0, [false, false, true, true, true]),
        (Sti, mie | sie, 0, [false, true, true, true, true]),
        (Vsti, mie | sie, 0, [false, false, false, false, true]),
        (Vsti, 0, sie, [false, false, false, true, true]),
    ];
    for (interrupt, mstatus, vsstatus, expected) in rows {
        let modes = [Mode::M, Mode::HS, Mode::U, Mode::VS, Mode::VU];
        for (mode, expected) in modes.into_iter().zip(expected) {
            let mut m = everything_pending(u64::MAX, VS_LEVEL);
            m.set(csr::mie::NUMBER, interrupt.bit());
            m.set(csr::mstatus::NUMBER, mstatus);
            m.set(csr::vsstatus::NUMBER, vsstatus);
            let found = taken(&mut m, mode).map(|(interrupt, _)| interrupt);
            assert_eq!(found, expected.then_some(interrupt), "{mode}, mstatus {mstatus:x}");
        }
    }
}

/// Counter overflow has the same code at every level.
#[test]
fn counter_overflow_keeps_its_code_in_the_guest() {
    let mut m = everything_pending(u64::MAX, u64::MAX);
    m.set(csr::mie::NUMBER, LCOFI);
    m.set(csr::vstvec::NUMBER, CODE + 0x100);
    m.hart.set_mode(Mode::VU);
    m.hart.set_pc(CODE);
    m.hart.run(&mut m.bus, 1, None);
    assert_eq!(m.get(csr::vscause::NUMBER), 1 << 63 | 13);
}

/// The guest knows a VS-level interrupt by the supervisor's code, also as an index of its vectors.
#[test]
fn a_vs_level_interrupt_looks_like_a_supervisors() {
    let mut m = everything_pending(u64::MAX, VS_LEVEL);
    m.set(csr::mie::NUMBER, Interrupt::Vsti.bit());
    m.set(csr::vstvec::NUMBER, (CODE + 0x100) | 1);
    m.write(CODE + 0x110, u64::from(Inst::new(Op::addi).encode()) << 32);
    m.hart.set_mode(Mode::VU);
    m.hart.set_pc(CODE);
    m.hart.run(&mut m.bus, 1, None);
    assert_eq!(m.get(csr::vscause::NUMBER), 1 << 63 | 5);
    assert_eq!(m.hart.pc(), CODE + 0x100 + 4 * 5 + 4);
    assert_eq!(m.hart.mode(), Mode::VS);
}

#[test]
fn pending_and_enable_bits_are_views_of_one_register() {
    let all = u64::MAX;
    let mut m = everything_pending(all, VS_LEVEL);
    let view = |m: &Machine, numbers: [u16; 4]| numbers.map(|number| m.get(number));
    let pending = [csr::sip::NUMBER, csr::hip::NUMBER, csr::hvip::NUMBER, csr::vsip::NUMBER];
    m.hart.run(&mut m.bus, 0, None);
    assert_eq!(view(&m, pending), [S_LEVEL | LCOFI, VS_LEVEL | SGEI, VS_LEVEL, S_LEVEL]);
    m.set(csr::hideleg::NUMBER, 1 << 6);
    assert_eq!(m.get(csr::vsip::NUMBER), 1 << 5, "what is not delegated is read-only zero in vsip");
    m.set(csr::mideleg::NUMBER, 1 << 5);
    assert_eq!(m.get(csr::sip::NUMBER), 1 << 5, "and in sip");
    assert_eq!(m.get(csr::mideleg::NUMBER), 1 << 5 | VS_LEVEL | SGEI, "VS-level and SGEI always are");

    for (number, writable) in [
        (csr::mie::NUMBER, VS_LEVEL | SGEI | S_LEVEL | S_LEVEL << 2 | LCOFI),
        (csr::hie::NUMBER, VS_LEVEL | SGEI),
        (csr::sie::NUMBER, 1 << 5),
        (csr::vsie::NUMBER, 1 << 5),
    ] {
        m.set(csr::mie::NUMBER, 0);
        m.set(number, all);
        assert_eq!(m.get(number), writable, "{number:#x}");
    }
    assert_eq!(m.get(csr::mie::NUMBER), 1 << 6, "vsie.STIE is hie.VSTIE");
    m.set(csr::sie::NUMBER, all);
    assert_eq!(m.get(csr::mie::NUMBER), 1 << 6 | 1 << 5, "sie writes what is delegated, and only that");
}

/// Software clears and sets pending bits only where the register lets it.
#[test]
fn which_pending_bits_each_register_can_write() {
    let rows = [
        (csr::mip::NUMBER, csr::mip::NUMBER, S_LEVEL | 1 << 2 | LCOFI),
        (csr::sip::NUMBER, csr::mip::NUMBER, 1 << 1 | LCOFI),
        (csr::hip::NUMBER, csr::mip::NUMBER, 1 << 2),
        (csr::hvip::NUMBER, csr::mip::NUMBER, VS_LEVEL),
        (csr::vsip::NUMBER, csr::mip::NUMBER, 1 << 2 | LCOFI),
    ];
    for (number, shown_in, writable) in rows {
        let mut m = Machine::new(Variant::default());
        m.set(csr::mideleg::NUMBER, u64::MAX);
        m.set(csr::hideleg::NUMBER, u64::MAX);
        m.set(number, u64::MAX);
        assert_eq!(m.get(shown_in), writable, "setting by {number:#x}");
        m.set(number, 0);
        assert_eq!(m.get(shown_in), 0, "clearing by {number:#x}");
        m.set(csr::mideleg::NUMBER, 0);
        m.set(csr::hideleg::NUMBER, 0);
        m.set(number, u64::MAX);
        let undelegated = if [csr::sip::NUMBER, csr::vsip::NUMBER].contains(&number) { 0 } else { writable };
        assert_eq!(m.get(shown_in), undelegated, "without delegation, by {number:#x}");
    }
}

/// A read-modify-write of mip must not turn the wire of SEIP into a software bit.
#[test]
fn setting_bits_of_mip_leaves_the_wire_of_seip_out() {
    let mut m = Machine::new(Variant::default());
    m.bus.lines.mip = Interrupt::Sei.bit();
    m.hart.set_x(10, 2);
    let set = Inst { rd: 11, rs1: 10, imm: csr::mip::NUMBER.into(), ..Inst::new(Op::csrrs) };
    m.execute(Mode::M, set).expect("M-mode may");
    assert_eq!(m.hart.x(11), Interrupt::Sei.bit(), "reading shows the wire");
    m.bus.lines.mip = 0;
    m.hart.run(&mut m.bus, 0, None);
    assert_eq!(m.get(csr::mip::NUMBER), 2);
}

#[test]
fn wires_drive_the_bits_that_are_the_platforms() {
    let mut m = Machine::new(Variant::default());
    m.bus.lines.mip = u64::MAX;
    m.hart.run(&mut m.bus, 0, None);
    assert_eq!(m.get(csr::mip::NUMBER), 0xa8a, "MEIP, SEIP, MTIP and MSIP, and SSIP has been sent");
    m.bus.lines.mip = 0;
    m.hart.run(&mut m.bus, 0, None);
    assert_eq!(m.get(csr::mip::NUMBER), 2, "what has been sent stays until software clears it");
}

#[test]
fn guest_external_lines_reach_vseip_by_vgein_and_sgeip_by_hgeie() {
    let mut m = Machine::new(Variant { geilen: 6, ..Variant::default() });
    m.bus.lines.hgeip = u64::MAX;
    m.hart.run(&mut m.bus, 0, None);
    assert_eq!(m.get(csr::hgeip::NUMBER), 0x7e);
    m.set(csr::hgeie::NUMBER, u64::MAX);
    assert_eq!(m.get(csr::hgeie::NUMBER), 0x7e);
    let vgein = csr::hstatus::VGEIN;
    for (wanted, held) in [(6, 6), (7, 6), (63, 6), (0, 0), (3, 3)] {
        m.set(csr::hstatus::NUMBER, vgein.of(wanted));
        assert_eq!(vgein.get(m.get(csr::hstatus::NUMBER)), held, "values above GEILEN keep the old one");
        let vseip = if held == 0 { 0 } else { 1 << 10 };
        assert_eq!(m.get(csr::hip::NUMBER), SGEI | vseip, "VGEIN {held}");
    }
    m.set(csr::hgeie::NUMBER, 0);
    m.bus.lines.hgeip = 1 << 4;
    m.hart.run(&mut m.bus, 0, None);
    assert_eq!(m.get(csr::hip::NUMBER), 0, "line 4 is neither enabled nor that of VGEIN 3");
}
