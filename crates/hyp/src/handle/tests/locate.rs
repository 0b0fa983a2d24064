//! Guest-page faults on a hart that leaves `htval` zero.

use isa::csr::vsatp;
use isa::paging::{Pte, SV39};

use super::mmio::{load, store};
use super::*;
use crate::addr::Gpa;

const ROOT: u64 = 0x8050_0000;
const MIDDLE: u64 = 0x8050_1000;
const LAST: u64 = 0x8050_2000;
const RAM_PAGE: u64 = 0x8040_0000;
const GVA: u64 = 0x1234_5678;
/// V, R, W, X, A and D.
const LEAF: u64 = 0xcf;

fn paged(root: u64) -> World {
    let mut world = World::guest(&[]);
    world.log_writes();
    world.hart().set_csr(vsatp::NUMBER, vsatp::MODE.of(SV39.mode) | vsatp::PPN.of(root >> 12));
    world.code(Ok(0x0007_2283)); // lw t0,0(a4)
    world
}

fn entry(table: u64, level: u32) -> u64 {
    table + 8 * SV39.index(GVA, level)
}

impl World {
    fn write_entry(&mut self, at: u64, pte: Pte) {
        self.vm.write(&self.host, Gpa(at), &pte.0.to_le_bytes()).unwrap();
    }
}

/// A guest whose tables lead from [`GVA`] to a page, all of them mapped for reading.
fn with_leaf(page: u64) -> World {
    let mut world = paged(ROOT);
    let entries =
        [(ROOT, 2, Pte::pointer(MIDDLE)), (MIDDLE, 1, Pte::pointer(LAST)), (LAST, 0, Pte::leaf(page, LEAF))];
    for (table, level, pte) in entries {
        world.write_entry(entry(table, level), pte);
        world.exit(guest_page_fault(Exception::LoadGuestPageFault, table, isa::tinst::READ_RV64)).unwrap();
        assert!(world.is_mapped(table, false) && !world.is_mapped(table, true));
    }
    world
}

#[test]
fn an_unpaged_guests_address_is_its_virtual_one() {
    let mut world = World::guest(&[]);
    assert_eq!(world.exit(trap(Exception::StoreGuestPageFault, RAM_PAGE + 0x128)), RESUMED);
    assert!(world.is_mapped(RAM_PAGE, true));
    world.assert_untouched();

    world.code(Ok(0x0057_3023)); // sd t0,0(a4)
    assert_eq!(world.exit(trap(Exception::StoreGuestPageFault, DEVICE)), EXITED);
    let stored = world.x(5);
    assert_eq!(world.page().exit(), store(8, stored));
}

#[test]
fn a_device_at_address_0_is_one() {
    let mut world = World::guest(&[]);
    world.code(Ok(0x0007_2283));
    assert_eq!(world.exit(trap(Exception::LoadGuestPageFault, 0)), EXITED);
    assert_eq!(world.page().exit(), kvm::Exit::Mmio { address: 0, length: 4, stored: None });
}

#[test]
fn the_guests_page_tables_are_walked_and_given_one_by_one() {
    let mut world = paged(ROOT);
    let fault = trap(Exception::LoadGuestPageFault, GVA);
    for (table, level, next) in
        [(ROOT, 2, Pte::pointer(MIDDLE)), (MIDDLE, 1, Pte::pointer(LAST)), (LAST, 0, Pte::leaf(DEVICE, LEAF))]
    {
        assert!(!world.is_mapped(table, false));
        assert_eq!(world.exit(fault), RESUMED);
        assert!(world.is_mapped(table, false));
        // An entry that is not valid is the guest's own affair.
        assert_eq!(world.exit(fault), RESUMED);
        world.assert_untouched();
        world.write_entry(entry(table, level), next);
    }
    assert_eq!(world.exit(fault), EXITED);
    let address = DEVICE + GVA % 4096;
    assert_eq!(world.page().exit(), kvm::Exit::Mmio { address, length: 4, stored: None });
}

#[test]
fn page_tables_outside_memory_are_refused() {
    for exception in [Exception::LoadGuestPageFault, Exception::InstGuestPageFault] {
        let mut world = paged(DEVICE);
        assert_eq!(world.exit(trap(exception, GVA)), RESUMED);
        world.assert_injected(super::mmio::access_fault(exception), GVA);
    }
}

#[test]
fn the_page_itself_is_mapped_as_it_is_accessed() {
    for (exception, write) in [
        (Exception::LoadGuestPageFault, false),
        (Exception::InstGuestPageFault, false),
        (Exception::StoreGuestPageFault, true),
    ] {
        let mut world = with_leaf(RAM_PAGE);
        assert_eq!(world.exit(trap(exception, GVA)), RESUMED);
        assert!(world.is_mapped(RAM_PAGE, false));
        assert_eq!(world.is_mapped(RAM_PAGE, true), write);
        assert!(!world.is_mapped(LAST, true), "the table is not to be written");
        world.assert_untouched();
    }
}

#[test]
fn with_the_page_mapped_it_was_the_table_that_was_to_be_written() {
    for exception in [Exception::LoadGuestPageFault, Exception::StoreGuestPageFault] {
        let mut world = with_leaf(RAM_PAGE);
        world.exit(trap(exception, GVA)).unwrap();
        assert!(!world.is_mapped(LAST, true));
        assert_eq!(world.exit(trap(exception, GVA)), RESUMED);
        assert!(world.is_mapped(LAST, true), "A or D is set there");
        world.assert_untouched();
    }
}

#[test]
fn a_large_page_of_the_guest_is_found_at_its_level() {
    let mut world = paged(ROOT);
    world.write_entry(entry(ROOT, 2), Pte::leaf(0, LEAF));
    let fault = trap(Exception::LoadGuestPageFault, 0x1000_0000);
    world.exit(guest_page_fault(Exception::LoadGuestPageFault, ROOT, isa::tinst::READ_RV64)).unwrap();
    assert_eq!(world.exit(fault), EXITED);
    assert_eq!(world.page().exit(), load(4));
}
