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

/// A device in a state that many writes have led to.
fn used(mut device: impl Device, writes: usize) -> impl Device {
    let mut random = 1u64;
    for _ in 0..writes {
        for offset in offsets() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let width = WIDTHS[(random >> 60) as usize % WIDTHS.len()];
            // Whether a write is refused is each device's own business.
            let _ = device.store(offset, width, random >> 20 & width.mask());
        }
    }
    device
}

/// All that can be read of a device, and its state afterwards: reads may change it.
fn all_of(device: &mut dyn Device) -> (Vec<Option<u64>>, Vec<u8>) {
    let reads = offsets().flat_map(|offset| WIDTHS.map(|width| (offset, width)));
    let values = reads.map(|(offset, width)| device.load(offset, width).ok()).collect();
    (values, device.save())
}

/// A device that takes the state of another one is that device; one that is saved has not changed.
pub(super) fn restore_undoes_everything<D: Device>(make: impl Fn() -> D) {
    for writes in 0..4 {
        let mut saved = used(make(), writes);
        let state = saved.save();
        assert_eq!(saved.save(), state, "saving changes the state");
        for before in [0, 3] {
            let mut restored = used(make(), before);
            restored.restore(&state).unwrap();
            assert_eq!(restored.save(), state, "after {writes} writes, onto {before}");
            let mut again = used(make(), 1);
            again.restore(&state).unwrap();
            assert_eq!(all_of(&mut restored), all_of(&mut again), "after {writes} writes, onto {before}");
        }
        let mut restored = make();
        restored.restore(&state).unwrap();
        assert_eq!(all_of(&mut restored), all_of(&mut saved), "after {writes} writes");
    }
}

/// Bytes that are no state are refused and change nothing; those that pass for one are harmless.
pub(super) fn survives_bad_states<D: Device>(make: impl Fn() -> D) {
    let state = used(make(), 2).save();
    let mut device = used(make(), 1);
    let before = device.save();
    for end in 0..state.len() {
        assert!(device.restore(&state[..end]).is_err(), "a state cut at {end} is taken");
        assert_eq!(device.save(), before, "a refused state leaves something behind");
    }
    assert!(device.restore(&[&state[..], &[0]].concat()).is_err(), "a state that is too long is taken");
    let bits = (0..state.len()).flat_map(|byte| (0..8).map(move |bit| (byte, bit)));
    // Of a long state every so many bits, at each place in a byte.
    let stride = (state.len() * 8 / 2048).max(1) | 1;
    for (byte, bit) in bits.step_by(stride) {
        let mut altered = state.clone();
        altered[byte] ^= 1 << bit;
        let before = device.save();
        match device.restore(&altered) {
            Ok(()) => drop(all_of(&mut device)),
            Err(_) => assert_eq!(device.save(), before, "a refused state leaves something behind"),
        }
    }
    answers_every_access(device);
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

        #[test]
        fn restore_undoes_everything() {
            $crate::device::contract::restore_undoes_everything(|| $device);
        }

        #[test]
        fn survives_bad_states() {
            $crate::device::contract::survives_bad_states(|| $device);
        }
    };
}

pub(super) use contract;
