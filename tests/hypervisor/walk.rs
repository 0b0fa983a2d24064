//! G-stage tables that the hypervisor builds are walked by the simulator's MMU.

use hyp::gstage::{GStage, Permission};
use hyp::{Error, Gpa, Hart, Hpa};
use isa::cause::Exception;
use isa::csr::{hgatp, vsatp};
use isa::paging::{PAGE_SIZE, SV39X4};
use iss::Variant;
use iss::observe::AccessKind::{Fetch, Load, Store};
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

use crate::machine::{Machine, machine};

/// Places that differ in every part of the address, up to the last page of 2^41 bytes.
const REGIONS: [u64; 5] = [0, 0x8000_0000, (1 << 39) - (4 << 20), 1 << 39, (1 << 41) - (1 << 30)];

/// A guest physical address: page, and offset within it, near one of the regions.
fn address() -> impl Strategy<Value = u64> {
    let region = proptest::sample::select(&REGIONS[..]);
    (region, 0u64..1024, 0..PAGE_SIZE).prop_map(|(region, page, offset)| region + page * PAGE_SIZE + offset)
}

/// Asserts that loads, stores and fetches of `gpa` end where the tables say.
fn check(machine: &mut Machine, gpa: u64, expected: Option<(Hpa, Permission)>) -> Result<(), String> {
    for (kind, exception) in [
        (Load, Exception::LoadGuestPageFault),
        (Store, Exception::StoreGuestPageFault),
        (Fetch, Exception::InstGuestPageFault),
    ] {
        let allowed = expected.filter(|(_, permission)| kind != Store || *permission == Permission::All);
        let seen = machine.translate(gpa, kind).map_err(|trap| (trap.cause, trap.tval, trap.tval2));
        let wanted = allowed.map(|(hpa, _)| hpa.0).ok_or((exception, gpa, gpa >> 2));
        if seen != wanted {
            return Err(format!("{kind:?} of {gpa:#x}: {seen:x?}, not {wanted:x?}"));
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_mmu_finds_what_was_mapped(
        pages in proptest::collection::vec((address(), 0u32..3, any::<bool>(), 0u64..1 << 30), 1..20),
        probes in proptest::collection::vec(address(), 40),
    ) {
        let (mut machine, mut memory) = machine(Variant::default());
        let mut gstage = GStage::new(&mut memory).unwrap();
        let mut mapped: Vec<(u64, u64, u64, Permission)> = Vec::new();
        for (gpa, level, writable, frame) in pages {
            let size = SV39X4.page_size(level);
            let (gpa, hpa) = (gpa & !(size - 1), (frame << 12) & !(size - 1));
            let permission = if writable { Permission::All } else { Permission::ReadOnly };
            match gstage.map(&mut memory, Gpa(gpa), Hpa(hpa), level, permission) {
                Ok(()) => mapped.push((gpa, size, hpa, permission)),
                Err(error) => prop_assert_eq!(error, Error::AlreadyMapped(Gpa(gpa))),
            }
        }
        machine.write::<{ hgatp::NUMBER }>(gstage.hgatp(7));
        machine.write::<{ vsatp::NUMBER }>(0);
        let edges = mapped.iter().flat_map(|(gpa, size, ..)| [*gpa, gpa + size - 1]);
        for probe in probes.into_iter().chain(edges.collect::<Vec<_>>()) {
            let page = mapped.iter().find(|(gpa, size, ..)| (*gpa..gpa + size).contains(&probe));
            let expected = page.map(|(gpa, _, hpa, permission)| (Hpa(hpa + probe - gpa), *permission));
            prop_assert_eq!(gstage.translate(&memory, Gpa(probe)), expected.map(|(hpa, _)| hpa));
            prop_assert_eq!(check(&mut machine, probe, expected), Ok(()));
        }
    }
}

#[test]
fn addresses_of_more_than_41_bits_fault() {
    let (mut machine, mut memory) = machine(Variant::default());
    let gstage = GStage::new(&mut memory).unwrap();
    machine.write::<{ hgatp::NUMBER }>(gstage.hgatp(0));
    for gpa in [1 << 41, 1 << 56, u64::MAX] {
        assert_eq!(check(&mut machine, gpa, None), Ok(()));
    }
}
