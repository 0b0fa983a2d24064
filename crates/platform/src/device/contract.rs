//! What every device must keep to, as tests that each device's module instantiates.

use iss::Width;

use super::Device;

const WIDTHS: [Width; 4] = [Width::B, Width::H, Width::W, Width::D];

/// Offsets that have broken devices before: ends of registers, of regions and of the number range.
fn offsets() -> impl Iterator<Item = u64> {
    let near = (0..0x200).chain((0..64).flat_map(|bit| {
        let edge = 1u64 << bit;
        [edge.wrapping_sub(8), edge.wrapping_sub(1), edge, edge.wrapping_add(4), edge.wrapping_add(7)]
    }));
    near.chain([u64::MAX, u64::MAX - 3, u64::MAX - 7])
}

/// Any access is answered or refused; a value read fits its width.
pub(super) fn answers_every_access(mut device: impl Device) {
    for offset in offsets() {
        for width in WIDTHS {
            for value in [0, 1, width.mask(), 0x5a5a_5a5a_5a5a_5a5a & width.mask()] {
                // Whether a write is refused is each device's own business.
                let _ = device.store(offset, width, value);
                if let Ok(value) = device.load(offset, width) {
                    assert_eq!(value & !width.mask(), 0, "excess bits at {offset:#x}, {width:?}");
                }
            }
        }
    }
}

/// Every register of `registers` reads after reset as it did at first, whatever was written between.
pub(super) fn reset_restores(mut device: impl Device, registers: &[(u64, Width)]) {
    let read = |device: &mut dyn Device| -> Vec<_> {
        registers.iter().map(|(offset, width)| device.load(*offset, *width)).collect()
    };
    let first = read(&mut device);
    assert!(first.iter().all(Result::is_ok), "a register of the list does not answer: {first:?}");
    for offset in offsets() {
        for width in WIDTHS {
            let _ = device.store(offset, width, width.mask());
        }
    }
    device.reset();
    assert_eq!(read(&mut device), first);
}

/// Instantiates the contract: `contract!(expression for a device, [(offset, width), ...])`.
macro_rules! contract {
    ($device:expr, $registers:expr) => {
        #[test]
        fn answers_every_access() {
            $crate::device::contract::answers_every_access($device);
        }

        #[test]
        fn reset_restores_every_register() {
            $crate::device::contract::reset_restores($device, &$registers);
        }
    };
}

pub(super) use contract;
