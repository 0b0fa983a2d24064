//! Stores to code through another address than the one it is executed at.

use isa::Mode;
use isa::asm::prelude::*;
use isa::paging::{Pte, SV39, SV39X4};

use crate::stores::check;
use crate::twins::{BASE, Side, Twins};
use crate::{RUNS, machine};

/// From main memory to where it is a second time.
const DISTANCE: u64 = 1 << 30;

/// A page of 1 GiB with all permissions, for the user or not.
fn gigapage(pa: u64, user: bool) -> Pte {
    Pte::leaf(pa, 0xcf | Pte::U.of(user.into()))
}

/// The root of tables of the first stage that map main memory to itself, and the second address to `second`.
fn first_stage(side: &mut Side, user: bool, second: u64) -> u64 {
    let root = side.new_root();
    side.map(&SV39, root, BASE, 2, gigapage(BASE, user));
    side.map(&SV39, root, BASE + DISTANCE, 2, gigapage(second, user));
    csr::satp::MODE.of(8) | root >> 12
}

/// As [`first_stage`], of the G stage.
fn guest_stage(side: &mut Side, second: u64) -> u64 {
    let root = side.new_root();
    side.map(&SV39X4, root, BASE, 2, gigapage(BASE, true));
    side.map(&SV39X4, root, BASE + DISTANCE, 2, gigapage(second, true));
    csr::hgatp::MODE.of(8) | root >> 12
}

/// A machine as `set_up` leaves it, with floating point on for guests as well.
fn machine_with(set_up: impl Fn(&mut Side)) -> Twins {
    let mut twins = machine();
    twins.each(|side| {
        side.set_field(csr::vsstatus::NUMBER, csr::vsstatus::FS, 3);
        set_up(side);
    });
    twins
}

/// A machine whose `satp` and `hgatp`, for HSV, show main memory twice.
fn host(user: bool) -> Twins {
    machine_with(|side| {
        let satp = first_stage(side, user, BASE);
        side.set(csr::satp::NUMBER, satp);
        let hgatp = guest_stage(side, BASE);
        side.set(csr::hgatp::NUMBER, hgatp);
    })
}

#[test]
fn two_addresses_of_the_first_stage() {
    check(|| host(false), Mode::HS, DISTANCE, &RUNS[..1]);
    check(|| host(true), Mode::U, DISTANCE, &RUNS[..1]);
}

#[test]
fn an_address_of_the_mode_that_machine_mode_accesses_memory_in() {
    let machine = || {
        let mut twins = host(false);
        twins.each(|side| {
            side.set_field(csr::mstatus::NUMBER, csr::mstatus::MPP, 1);
            side.set_field(csr::mstatus::NUMBER, csr::mstatus::MPRV, 1);
        });
        twins
    };
    check(machine, Mode::M, DISTANCE, &RUNS[..1]);
}

#[test]
fn two_addresses_of_the_vs_stage() {
    let machine = || {
        machine_with(|side| {
            let vsatp = first_stage(side, false, BASE);
            side.set(csr::vsatp::NUMBER, vsatp);
            let hgatp = guest_stage(side, 0);
            side.set(csr::hgatp::NUMBER, hgatp);
        })
    };
    check(machine, Mode::VS, DISTANCE, &RUNS[..1]);
}

#[test]
fn two_addresses_of_the_g_stage() {
    let bare = || {
        machine_with(|side| {
            let hgatp = guest_stage(side, BASE);
            side.set(csr::hgatp::NUMBER, hgatp);
        })
    };
    check(bare, Mode::VS, DISTANCE, &RUNS[..1]);
    let paged = || {
        machine_with(|side| {
            let vsatp = first_stage(side, true, BASE + DISTANCE);
            side.set(csr::vsatp::NUMBER, vsatp);
            let hgatp = guest_stage(side, BASE);
            side.set(csr::hgatp::NUMBER, hgatp);
        })
    };
    check(paged, Mode::VU, DISTANCE, &RUNS[..1]);
}
