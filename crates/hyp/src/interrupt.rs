//! Interrupts for the guest, between whoever raises them and `hvip`. Privileged ISA, "Hypervisor Interrupt
//! (hvip, hip, and hie) Registers".

use isa::cause::Interrupt;

use crate::museum::{Mistake, is_repeated};
use crate::sync::{AtomicU64, Ordering};

/// Where the bits begin that say which interrupts have changed.
const CHANGED: u32 = 32;

/// The interrupts of VS level: what should be pending, and which bits changed since the guest last knew.
///
/// Anybody sets and unsets; the virtual hart alone flushes and syncs. Both sets are one word, so that nobody ever sees
/// the one without the other: the last of two that set and unset the same interrupt wins, and is told.
#[derive(Default, Debug)]
pub struct Interrupts(AtomicU64);

impl Interrupts {
    /// None.
    pub fn new() -> Interrupts {
        Interrupts(AtomicU64::new(0))
    }

    /// Makes an interrupt of VS level pending.
    pub fn set(&self, interrupt: Interrupt) {
        let bit = interrupt.bit();
        if is_repeated(Mistake::B15) {
            self.0.fetch_or(bit, Ordering::SeqCst);
            self.0.fetch_or(bit << CHANGED, Ordering::SeqCst);
            return;
        }
        self.0.fetch_or(bit | bit << CHANGED, Ordering::SeqCst);
    }

    /// Withdraws an interrupt of VS level.
    pub fn unset(&self, interrupt: Interrupt) {
        let bit = interrupt.bit();
        if is_repeated(Mistake::B15) {
            self.0.fetch_and(!bit, Ordering::SeqCst);
            self.0.fetch_or(bit << CHANGED, Ordering::SeqCst);
            return;
        }
        self.update(|word| word & !bit | bit << CHANGED);
    }

    /// The pending interrupts, by their bits in `hvip`.
    pub fn pending(&self) -> u64 {
        self.0.load(Ordering::SeqCst) & ((1 << CHANGED) - 1)
    }

    /// Whether `hvip` has yet to learn something.
    pub fn is_changed(&self) -> bool {
        self.0.load(Ordering::SeqCst) >> CHANGED != 0
    }

    /// The new value of `hvip`, when it must be written before the guest runs on.
    pub fn flush(&self, hvip: u64) -> Option<u64> {
        // Most entries have nothing to tell, and a load is cheaper than an exchange.
        if !self.is_changed() {
            return None;
        }
        let word = self.0.fetch_and((1 << CHANGED) - 1, Ordering::SeqCst);
        let changed = word >> CHANGED;
        Some(hvip & !changed | word & changed)
    }

    /// Learns from `hvip`, read after an exit, what the guest did to its own software interrupt.
    ///
    /// The other bits are the hypervisor's alone. A change of ours that the guest has not seen wins.
    pub fn sync(&self, hvip: u64) {
        let bit = Interrupt::Vssi.bit();
        if (self.0.load(Ordering::SeqCst) ^ hvip) & bit != 0 {
            self.update(|word| if word >> CHANGED & bit != 0 { word } else { word & !bit | hvip & bit });
        }
    }

    /// Takes `hvip` for the truth, and forgets what it has yet to learn.
    pub fn replace(&self, hvip: u64) {
        self.0.store(hvip & ((1 << CHANGED) - 1), Ordering::SeqCst);
    }

    fn update(&self, change: impl Fn(u64) -> u64) {
        let mut word = self.0.load(Ordering::SeqCst);
        while let Err(now) = self.0.compare_exchange(word, change(word), Ordering::SeqCst, Ordering::SeqCst) {
            word = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VSSI: u64 = Interrupt::Vssi.bit();
    const VSTI: u64 = Interrupt::Vsti.bit();

    #[test]
    fn flush_writes_only_changed_bits_and_only_once() {
        let interrupts = Interrupts::new();
        assert_eq!(interrupts.flush(VSSI), None);
        interrupts.set(Interrupt::Vsti);
        assert_eq!(interrupts.flush(VSSI), Some(VSSI | VSTI));
        assert_eq!(interrupts.flush(VSSI | VSTI), None);
        interrupts.unset(Interrupt::Vsti);
        assert_eq!(interrupts.flush(VSSI | VSTI), Some(VSSI));
    }

    #[test]
    fn the_guest_clears_and_raises_its_software_interrupt() {
        let interrupts = Interrupts::new();
        interrupts.set(Interrupt::Vssi);
        let hvip = interrupts.flush(0).unwrap();
        interrupts.sync(hvip & !VSSI);
        assert_eq!(interrupts.pending(), 0);
        interrupts.sync(VSSI);
        assert_eq!(interrupts.pending(), VSSI);
    }

    #[test]
    fn a_change_the_guest_has_not_seen_survives_sync() {
        let interrupts = Interrupts::new();
        interrupts.set(Interrupt::Vssi);
        interrupts.sync(0);
        assert_eq!(interrupts.flush(0), Some(VSSI));
    }

    #[test]
    fn timer_and_external_bits_are_not_taken_from_hvip() {
        let interrupts = Interrupts::new();
        interrupts.set(Interrupt::Vsti);
        interrupts.flush(0);
        interrupts.sync(Interrupt::Vsei.bit());
        assert_eq!(interrupts.pending(), VSTI);
    }

    #[test]
    fn a_replaced_value_is_not_undone_by_what_was_underway() {
        let interrupts = Interrupts::new();
        interrupts.set(Interrupt::Vsti);
        interrupts.replace(VSSI);
        assert_eq!((interrupts.pending(), interrupts.flush(VSSI)), (VSSI, None));
    }
}
