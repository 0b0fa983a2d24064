//! Which virtual harts a call is about. SBI, "Binary Encoding", of hart masks.

use alloc::sync::Arc;

use crate::museum::{Mistake, is_repeated};
use crate::vcpu::{Shared, Vcpu};

/// A base that stands for every hart, whatever the mask.
const ALL: u64 = u64::MAX;

/// Virtual harts by number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct HartMask {
    mask: u64,
    base: u64,
}

impl HartMask {
    /// The harts `base + n` for each bit `n` of `mask`.
    pub(super) fn new(mask: u64, base: u64) -> HartMask {
        HartMask { mask, base }
    }

    /// Every hart of the machine.
    pub(super) fn all(vcpu: &Vcpu) -> HartMask {
        if is_repeated(Mistake::B3) {
            let mut count = 0_u32;
            vcpu.vm.for_each_vcpu(|_| count += 1);
            return HartMask { mask: 1_u64.wrapping_shl(count).wrapping_sub(1), base: 0 };
        }
        HartMask { mask: 0, base: ALL }
    }

    /// Those of them that the machine has.
    pub(super) fn existing(self, vcpu: &Vcpu) -> HartMask {
        if self.base == ALL || is_repeated(Mistake::B2) {
            return self;
        }
        let mut mask = 0;
        vcpu.vm.for_each_vcpu(|other| {
            let bit = (other.number() as u64).checked_sub(self.base).filter(|bit| *bit < 64);
            mask |= bit.map_or(0, |bit| self.mask & 1 << bit);
        });
        HartMask { mask, ..self }
    }

    /// Does something with each of them that is started; `false` where there is none of that number at all, when nothing
    /// is done.
    pub(super) fn for_each(self, vcpu: &Vcpu, mut action: impl FnMut(&Arc<Shared>)) -> bool {
        let is_meant = |number: u64| {
            self.base == ALL
                || number.checked_sub(self.base).is_some_and(|bit| bit < 64 && self.mask >> bit & 1 != 0)
        };
        if is_repeated(Mistake::B2) {
            let numbers = (0..64).filter(|bit| self.mask >> bit & 1 != 0).map(|bit| self.base + bit);
            numbers.for_each(|number| drop(vcpu.vm.vcpu(number as usize).expect("every hart exists")));
        }
        let mut found = 0;
        vcpu.vm.for_each_vcpu(|other| found += u32::from(is_meant(other.number() as u64)));
        if self.base != ALL && found != self.mask.count_ones() {
            return false;
        }
        vcpu.vm.for_each_vcpu(|other| {
            if is_meant(other.number() as u64) && other.is_on() {
                action(other);
            }
        });
        true
    }
}
