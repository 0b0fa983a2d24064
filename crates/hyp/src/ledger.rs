//! What exits cost: accesses to CSRs, fences, entries of page tables and instructions, by cause.

use alloc::collections::BTreeMap;

use isa::csr::instret;

use crate::addr::{Gpa, Gva};
use crate::context::{Context, FloatState};
use crate::hart::{Hart, RemoteFence, Trap};

/// What the exits of one cause have cost together.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Costs {
    /// How many exits there were.
    pub exits: u64,
    /// CSRs that were read, written, or both.
    pub csrs: u64,
    /// Fences of this hart and of others.
    pub fences: u64,
    /// Page-table entries that were written.
    pub entries: u64,
    /// Instructions from the exit to the next entry, where the hart counts any for the hypervisor.
    pub instructions: u64,
}

/// A hart whose accesses are counted, for the exit that they come after.
#[derive(Debug)]
pub struct Counted<H> {
    hart: H,
    costs: BTreeMap<u64, Costs>,
    /// `scause` of the last exit, and what `instret` was then.
    exit: Option<(u64, u64)>,
    /// What has been done since the guest left, until its cause is known.
    unknown: Costs,
}

impl<H: Hart> Counted<H> {
    /// A hart with which nothing has been done.
    pub fn new(hart: H) -> Counted<H> {
        Counted { hart, costs: BTreeMap::new(), exit: None, unknown: Costs::default() }
    }

    /// The hart itself.
    pub fn hart(&mut self) -> &mut H {
        &mut self.hart
    }

    /// What exits have cost, by `scause`.
    pub fn costs(&self) -> impl Iterator<Item = (u64, Costs)> {
        self.costs.iter().map(|(cause, costs)| (*cause, *costs))
    }

    /// Adds to what the last exit has cost; what comes before the first is nobody's.
    fn count(&mut self, add: impl FnOnce(&mut Costs)) {
        add(match self.exit {
            Some((cause, _)) => self.costs.entry(cause).or_default(),
            None => &mut self.unknown,
        });
    }
}

impl<H: Hart> Hart for Counted<H> {
    fn read<const CSR: u16>(&mut self) -> u64 {
        self.count(|costs| costs.csrs += 1);
        self.hart.read::<CSR>()
    }

    fn write<const CSR: u16>(&mut self, value: u64) {
        self.count(|costs| costs.csrs += 1);
        self.hart.write::<CSR>(value);
    }

    fn swap<const CSR: u16>(&mut self, value: u64) -> u64 {
        self.count(|costs| costs.csrs += 1);
        self.hart.swap::<CSR>(value)
    }

    fn try_read<const CSR: u16>(&mut self) -> Option<u64> {
        self.count(|costs| costs.csrs += 1);
        self.hart.try_read::<CSR>()
    }

    fn fetch_guest(&mut self, address: Gva) -> Result<u16, Trap> {
        self.hart.fetch_guest(address)
    }

    fn load_guest(&mut self, address: Gva) -> Result<u64, Trap> {
        self.hart.load_guest(address)
    }

    fn hfence_gvma(&mut self, address: Option<Gpa>, vmid: Option<u16>) {
        self.count(|costs| costs.fences += 1);
        self.hart.hfence_gvma(address, vmid);
    }

    fn hfence_vvma(&mut self, address: Option<Gva>, asid: Option<u16>) {
        self.count(|costs| costs.fences += 1);
        self.hart.hfence_vvma(address, asid);
    }

    fn fence_i(&mut self) {
        self.count(|costs| costs.fences += 1);
        self.hart.fence_i();
    }

    fn remote_fence(&mut self, fence: RemoteFence) {
        self.count(|costs| costs.fences += 1);
        self.hart.remote_fence(fence);
    }

    fn time(&mut self) -> u64 {
        self.hart.time()
    }

    fn set_alarm(&mut self, time: u64) {
        self.hart.set_alarm(time);
    }

    fn save_float(&mut self, state: &mut FloatState) {
        self.hart.save_float(state);
    }

    fn restore_float(&mut self, state: &FloatState) {
        self.hart.restore_float(state);
    }

    fn enter_guest(&mut self, context: &mut Context) {
        if let Some((_, before)) = self.exit {
            let now = self.hart.try_read::<{ instret::NUMBER }>().unwrap_or(before);
            self.count(|costs| costs.instructions += now.wrapping_sub(before));
        }
        self.hart.enter_guest(context);
        (self.exit, self.unknown) = (None, Costs::default());
    }

    fn note_exit(&mut self, trap: &Trap) {
        let now = self.hart.try_read::<{ instret::NUMBER }>().unwrap_or(0);
        self.exit = Some((trap.scause, now));
        // Before the cause is known, CSRs are read and exchanged, and nothing else is done.
        let csrs = core::mem::take(&mut self.unknown).csrs;
        self.count(|costs| {
            costs.exits += 1;
            costs.csrs += csrs;
        });
        self.hart.note_exit(trap);
    }

    fn note_entries(&mut self, written: u64) {
        self.count(|costs| costs.entries += written);
        self.hart.note_entries(written);
    }
}

#[cfg(test)]
mod tests {
    use isa::csr::{hvip, vsie};

    use super::*;
    use crate::fake::FakeHart;

    #[test]
    fn what_is_done_is_the_last_exits() {
        let mut hart = FakeHart::default();
        hart.exit_with(Trap { scause: 10, ..Trap::default() });
        let mut counted = Counted::new(hart);
        counted.write::<{ hvip::NUMBER }>(0);
        assert_eq!(counted.costs().count(), 0, "nobody has left yet");
        counted.unknown = Costs::default();
        for scause in [10, 21, 10] {
            counted.note_exit(&Trap { scause, ..Trap::default() });
            counted.read::<{ vsie::NUMBER }>();
            counted.hfence_gvma(None, None);
            counted.note_entries(3);
        }
        counted.swap::<{ hvip::NUMBER }>(0);
        counted.hart().set_csr(instret::NUMBER, 50);
        counted.enter_guest(&mut Context::default());
        counted.read::<{ vsie::NUMBER }>();
        counted.note_exit(&Trap { scause: 22, ..Trap::default() });
        let costs: Vec<_> = counted.costs().collect();
        let call = Costs { exits: 2, csrs: 3, fences: 2, entries: 6, instructions: 50 };
        let fault = Costs { exits: 1, csrs: 1, fences: 1, entries: 3, instructions: 0 };
        let wait = Costs { exits: 1, csrs: 1, ..Costs::default() };
        assert_eq!(costs, [(10, call), (21, fault), (22, wait)]);
    }
}
