//! What random programs seldom meet: permissions that change back and forth, protection of a part of a page, and more
//! address spaces than are remembered.

use isa::asm::Asm;
use isa::asm::prelude::*;
use isa::cause::Exception;
use isa::paging::{Pte, SV39, SV39X4};
use isa::{Mode, csr};
use iss::Variant;

use crate::twins::{BASE, Side, Twins};

/// The code of the supervisor and of the user, and the trap handler.
const CODE: [u64; 2] = [BASE, BASE + 0x1000];
const HANDLER: u64 = BASE + 0x2000;

/// Two pages of data.
const DATA: [u64; 2] = [BASE + 0x4000, BASE + 0x5000];

/// Where they are seen.
const VA: u64 = 0x40_0000;

/// Steps that every program ends in.
const ENOUGH: u64 = 100;

/// The permissions of a page, and that of a page that can only be executed.
const ALL: u64 = 0xcf;
const EXECUTE: u64 = 0xc9;
const USER: u64 = 0x10;

/// Machines with a program that loads from a0 twice, to a1 and a2, adds a1 to itself and stores that. A trap ends it,
/// with its cause in a3.
fn machines() -> Twins {
    let mut twins = Twins::new(Variant::default());
    for code in CODE {
        let mut a = Asm::new(code);
        a.ld(A1, 0, A0).ld(A2, 0, A0).add(A1, A1, A1).sd(A1, 8, A0).sd(A1, 16, A0);
        let end = a.here();
        a.j(end);
        twins.load(code, &a.finish().expect("the program assembles"));
    }
    let mut a = Asm::new(HANDLER);
    a.csrr(A3, csr::mcause::NUMBER);
    let end = a.here();
    a.j(end);
    twins.load(HANDLER, &a.finish().expect("the handler assembles"));
    twins.each(|side| {
        side.set(csr::mtvec::NUMBER, HANDLER);
        side.write(DATA[0], 1);
        side.write(DATA[1], 2);
    });
    twins
}

/// Runs the program in `mode` on the data at `va`, and returns a2 and a3: what was loaded, and the cause of a trap.
fn run(twins: &mut Twins, mode: Mode, va: u64) -> [u64; 2] {
    twins.each(|side| {
        let hart = &mut side.harts[0];
        hart.set_mode(mode);
        hart.set_pc(CODE[usize::from(matches!(mode, Mode::U | Mode::VU))]);
        [(A0, va), (A2, 0), (A3, 0)].into_iter().for_each(|(x, value)| hart.set_x(x.into(), value));
    });
    twins.run(0, ENOUGH);
    [A2, A3].map(|x| twins.hart(0).x(x.into()))
}

/// The root of tables of the first stage that map the code to itself, and [`VA`] by `leaf`.
fn first_stage(side: &mut Side, leaf: Pte) -> u64 {
    let root = side.new_root();
    side.map(&SV39, root, CODE[0], 0, Pte::leaf(CODE[0], ALL));
    side.map(&SV39, root, CODE[1], 0, Pte::leaf(CODE[1], ALL | USER));
    side.map(&SV39, root, VA, 0, leaf);
    csr::satp::MODE.of(8) | root >> 12
}

const LOAD_FAULT: u64 = Exception::LoadPageFault as u64;
const GUEST_LOAD_FAULT: u64 = Exception::LoadGuestPageFault as u64;

/// SUM and the MXR of both levels in every order, on pages that can only be executed, and on pages of the user.
#[test]
fn sum_and_mxr_go_back_and_forth() {
    // The permissions of the page in the first stage and in the G stage, and the mode.
    for (first, guest, mode) in [
        (EXECUTE, ALL, Mode::HS),
        (ALL | USER, ALL, Mode::HS),
        (EXECUTE | USER, ALL, Mode::U),
        (EXECUTE, ALL, Mode::VS),
        (ALL | USER, ALL, Mode::VS),
        (EXECUTE | USER, ALL, Mode::VU),
        (ALL, EXECUTE, Mode::VS),
    ] {
        let mut twins = machines();
        twins.each(|side| {
            let satp = first_stage(side, Pte::leaf(DATA[0], first));
            side.set(csr::satp::NUMBER, satp);
            side.set(csr::vsatp::NUMBER, satp);
            let root = side.new_root();
            for page in (BASE..BASE + 0x10_0000).step_by(0x1000) {
                side.map(&SV39X4, root, page, 0, Pte::leaf(page, ALL | USER));
            }
            side.map(&SV39X4, root, DATA[0], 0, Pte::leaf(DATA[0], guest | USER));
            side.set(csr::hgatp::NUMBER, csr::hgatp::MODE.of(8) | root >> 12);
        });
        let mut seen = [0; 2];
        for n in 0..64u64 {
            // Every change of one bit, and of more.
            let bits = (n * 5 % 8) ^ (n / 8);
            let [sum, mxr, own_mxr] = [0, 1, 2].map(|bit| bits >> bit & 1);
            twins.each(|side| {
                let own = if mode.virt { csr::vsstatus::NUMBER } else { csr::sstatus::NUMBER };
                side.set_field(csr::sstatus::NUMBER, csr::sstatus::MXR, mxr);
                side.set_field(csr::vsstatus::NUMBER, csr::sstatus::MXR, own_mxr);
                side.set_field(own, csr::sstatus::SUM, sum);
            });
            let [_, cause] = run(&mut twins, mode, VA);
            let mxr_in_first = mxr == 1 || mode.virt && own_mxr == 1;
            let loads_first = first & 2 != 0 || mxr_in_first;
            let reaches = first & USER == 0 || sum == 1 || matches!(mode, Mode::U | Mode::VU);
            let loads_guest = !mode.virt || guest & 2 != 0 || mxr == 1;
            let fault = if loads_first && reaches { GUEST_LOAD_FAULT } else { LOAD_FAULT };
            let loads = loads_first && reaches && loads_guest;
            assert_eq!(cause == fault, !loads, "{first:#x} {guest:#x} {mode}, {bits:03b}: {cause}");
            seen[usize::from(loads)] += 1;
        }
        assert!(seen[0] > 5 && seen[1] > 5, "{mode}: {seen:?}");
    }
}

/// Protection of eight bytes of a page, of which the others are accessed before and after, with and without
/// translation.
#[test]
fn a_part_of_a_page_is_protected() {
    for (page, paged) in [(DATA[0], false), (VA, true)] {
        let mut twins = machines();
        if paged {
            twins.each(|side| {
                let satp = first_stage(side, Pte::leaf(DATA[0], ALL));
                side.set(csr::satp::NUMBER, satp);
            });
        }
        let protect = |twins: &mut Twins, cfg: u64| {
            twins.each(|side| {
                side.set(csr::pmpaddr0::NUMBER, (DATA[0] + 0x100) >> 2);
                side.set(csr::pmpaddr0::NUMBER + 1, u64::MAX);
                side.set(csr::pmpcfg0::NUMBER, 0x1f00 | cfg);
            });
        };
        for (cfg, cause) in [(0x18, 5), (0x19, 0), (0x1b, 0), (0, 0), (0x18, 5)] {
            protect(&mut twins, cfg);
            for _ in 0..2 {
                assert_eq!(run(&mut twins, Mode::HS, page + 0x200)[1], 0);
                assert_eq!(run(&mut twins, Mode::HS, page + 0x100)[1], cause, "{cfg:#x}");
            }
        }
        // Read-only: loads pass, and the store to the doubleword after them does not.
        protect(&mut twins, 0x19);
        assert_eq!(run(&mut twins, Mode::HS, page + 0xf8)[1], 7);
    }
}

/// The address space that has been remembered for longest is forgotten: its tables are looked into again.
#[test]
fn more_address_spaces_than_are_remembered() {
    for mode in [Mode::HS, Mode::VS] {
        for (others, expected) in [(15, 1), (16, 2)] {
            let mut twins = machines();
            let number = if mode == Mode::HS { csr::satp::NUMBER } else { csr::vsatp::NUMBER };
            let (satp, entry) = twins.each(|side| {
                let satp = first_stage(side, Pte::leaf(DATA[0], ALL));
                let entry = side.map(&SV39, (satp & 0xfff_ffff_ffff) << 12, VA, 0, Pte::leaf(DATA[0], ALL));
                (satp, entry)
            });
            let load = |twins: &mut Twins, asid: u64| {
                twins.each(|side| side.set(number, satp | csr::satp::ASID.of(asid)));
                run(twins, mode, VA)[0]
            };
            assert_eq!(load(&mut twins, 0), 1);
            // Those that remember do not see it.
            twins.each(|side| side.write(entry, Pte::leaf(DATA[1], ALL).0));
            assert!((1..=others).all(|asid| load(&mut twins, asid) == 2));
            assert_eq!(load(&mut twins, 0), expected, "after {others} others, {mode}");
            twins.compare();
        }
    }
}
