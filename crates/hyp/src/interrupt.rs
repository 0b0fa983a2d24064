//! Interrupts for the guest, between whoever raises them and `hvip`. Privileged ISA, "Hypervisor Interrupt
//! (hvip, hip, and hie) Registers".

use isa::cause::Interrupt;

/// The interrupts of VS level: what should be pending, and which bits changed since the guest last knew.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Interrupts {
    pending: u64,
    changed: u64,
}

impl Interrupts {
    /// Makes an interrupt of VS level pending.
    pub fn set(&mut self, interrupt: Interrupt) {
        self.pending |= interrupt.bit();
        self.changed |= interrupt.bit();
    }

    /// Withdraws an interrupt of VS level.
    pub fn unset(&mut self, interrupt: Interrupt) {
        self.pending &= !interrupt.bit();
        self.changed |= interrupt.bit();
    }

    /// The pending interrupts, by their bits in `hvip`.
    pub fn pending(&self) -> u64 {
        self.pending
    }

    /// The new value of `hvip`, when it must be written before the guest runs on.
    pub fn flush(&mut self, hvip: u64) -> Option<u64> {
        let changed = core::mem::take(&mut self.changed);
        (changed != 0).then_some(hvip & !changed | self.pending & changed)
    }

    /// Learns from `hvip`, read after an exit, what the guest did to its own software interrupt.
    ///
    /// The other bits are the hypervisor's alone. A change of ours that the guest has not seen wins.
    pub fn sync(&mut self, hvip: u64) {
        let software = Interrupt::Vssi.bit() & !self.changed;
        self.pending = self.pending & !software | hvip & software;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VSSI: u64 = Interrupt::Vssi.bit();
    const VSTI: u64 = Interrupt::Vsti.bit();

    #[test]
    fn flush_writes_only_changed_bits_and_only_once() {
        let mut interrupts = Interrupts::default();
        assert_eq!(interrupts.flush(VSSI), None);
        interrupts.set(Interrupt::Vsti);
        assert_eq!(interrupts.flush(VSSI), Some(VSSI | VSTI));
        assert_eq!(interrupts.flush(VSSI | VSTI), None);
        interrupts.unset(Interrupt::Vsti);
        assert_eq!(interrupts.flush(VSSI | VSTI), Some(VSSI));
    }

    #[test]
    fn the_guest_clears_and_raises_its_software_interrupt() {
        let mut interrupts = Interrupts::default();
        interrupts.set(Interrupt::Vssi);
        let hvip = interrupts.flush(0).unwrap();
        interrupts.sync(hvip & !VSSI);
        assert_eq!(interrupts.pending(), 0);
        interrupts.sync(VSSI);
        assert_eq!(interrupts.pending(), VSSI);
    }

    #[test]
    fn a_change_the_guest_has_not_seen_survives_sync() {
        let mut interrupts = Interrupts::default();
        interrupts.set(Interrupt::Vssi);
        interrupts.sync(0);
        assert_eq!(interrupts.flush(0), Some(VSSI));
    }

    #[test]
    fn timer_and_external_bits_are_not_taken_from_hvip() {
        let mut interrupts = Interrupts::default();
        interrupts.set(Interrupt::Vsti);
        interrupts.flush(0);
        interrupts.sync(Interrupt::Vsei.bit());
        assert_eq!(interrupts.pending(), VSTI);
    }
}
