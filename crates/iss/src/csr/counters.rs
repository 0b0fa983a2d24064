//! The counters: what they count, in which modes, and what becomes of an overflow.
//!
//! Privileged ISA, "Hardware Performance Monitor", "Machine Counter-Inhibit (mcountinhibit) Register",
//! "Sscofpmf" and "Smcntrpmf". One step, retired or trapped, is one cycle. In arrays of counters, `mcycle` is
//! number 0 and `minstret` number 2, as they are in `mcounteren`.

use isa::cause::Interrupt;
use isa::csr::{self, mhpmevent3};
use isa::ext::Ext;
use isa::field::Field;
use isa::{Mode, Privilege};

use crate::event::Event;
use crate::hart::Hart;
use crate::variant::Variant;

/// The numbers of `mcycle`, `minstret` and the first event counter.
pub(crate) const CYCLE: usize = 0;
pub(crate) const INSTRET: usize = 2;
pub(crate) const FIRST_HPM: usize = 3;

/// The counters that count each event in the mode that the hart is in: bit n stands for counter n.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Counting([u32; Event::COUNT]);

impl Counting {
    #[inline]
    pub(crate) fn of(self, event: Event) -> u32 {
        self.0[event as usize]
    }
}

impl Hart {
    /// Counts an event in the mode that the hart is in.
    #[inline]
    pub(crate) fn count(&mut self, event: Event) {
        let counters = self.counting.of(event);
        if counters != 0 {
            self.increment(counters);
        }
    }

    /// Counts a step by what counted when it began, since a write to a CSR takes effect after its instruction
    /// and a trap return counts for the mode that it leaves.
    #[inline]
    pub(crate) fn count_step(&mut self, before: [u32; 2], retired: bool) {
        let written = std::mem::take(&mut self.counters_written);
        let [cycle, instret] = before.map(|counters| counters & !written);
        // Nearly always it is the two counters that every hart has.
        if cycle == 1 << CYCLE {
            self.csr.counters[CYCLE] = self.csr.counters[CYCLE].wrapping_add(1);
        } else {
            self.increment(cycle);
        }
        if retired {
            self.retired += 1;
            if instret == 1 << INSTRET {
                self.csr.counters[INSTRET] = self.csr.counters[INSTRET].wrapping_add(1);
            } else {
                self.increment(instret);
            }
        }
    }

    /// Counts `steps` steps that have all retired, where only the cycle and the retirement may be counted, by the
    /// counters that every hart has.
    pub(crate) fn count_retired(&mut self, steps: u64) {
        self.retired += steps;
        let [cycle, instret] = self.counting_step();
        for (counts, n) in [(cycle != 0, CYCLE), (instret != 0, INSTRET)] {
            if counts {
                self.csr.counters[n] = self.csr.counters[n].wrapping_add(steps);
            }
        }
    }

    /// The counters that count a step that begins now: its cycle, and its retirement.
    #[inline]
    pub(crate) fn counting_step(&self) -> [u32; 2] {
        [self.counting.of(Event::Cycle), self.counting.of(Event::Instret)]
    }

    #[cold]
    fn increment(&mut self, mut counters: u32) {
        while counters != 0 {
            let n = counters.trailing_zeros() as usize;
            counters &= counters - 1;
            let value = self.csr.counters[n].wrapping_add(1) & counter_mask(&self.variant, n);
            self.csr.counters[n] = value;
            if value == 0 {
                self.overflow(n);
            }
        }
    }

    /// Counter `n` has overflowed: of an event counter that is told by OF, once.
    #[cold]
    fn overflow(&mut self, n: usize) {
        let event = &mut self.csr.events[n];
        if n < FIRST_HPM || !self.variant.has(Ext::Sscofpmf) || mhpmevent3::OF.is_set(*event) {
            return;
        }
        *event |= mhpmevent3::OF.mask();
        self.csr.mip |= Interrupt::Lcofi.bit();
        self.recheck_interrupts = true;
    }

    /// Finds out anew which counters count, after a selector or an inhibition has changed.
    pub(crate) fn recount(&mut self) {
        let mut counting_in = [Counting::default(); Mode::COUNT];
        let mut add = |n: usize, event: Event| {
            for mode in Mode::ALL {
                let inhibited = inhibit_field(mode).is_set(self.csr.events[n]);
                if self.csr.mcountinhibit >> n & 1 == 0 && !inhibited {
                    counting_in[mode.index()].0[event as usize] |= 1 << n;
                }
            }
        };
        add(CYCLE, Event::Cycle);
        add(INSTRET, Event::Instret);
        for n in FIRST_HPM..FIRST_HPM + self.variant.hpm as usize {
            if let Some(event) = Event::from_number(mhpmevent3::EVENT.get(self.csr.events[n])) {
                add(n, event);
            }
        }
        self.counting_in = counting_in;
        self.counting = counting_in[self.mode().index()];
    }

    /// What the `time` CSR shows at virtualization mode `virt`.
    pub(crate) fn time(&self, virt: bool) -> u64 {
        let delta = if virt { self.csr.htimedelta } else { 0 };
        self.lines.time.wrapping_add(delta)
    }

    /// The OF bits, those of them that the current mode may see.
    pub(crate) fn scountovf(&self) -> u64 {
        let set = (FIRST_HPM..32).filter(|n| mhpmevent3::OF.is_set(self.csr.events[*n]));
        let all = set.fold(0, |bits, n| bits | 1 << n);
        let mode = self.mode();
        let below_machine = if mode == Mode::M { u64::MAX } else { self.csr.mcounteren };
        all & below_machine & if mode.virt { self.csr.hcounteren } else { u64::MAX }
    }
}

/// The bits that counter `n` has.
#[inline]
pub(crate) fn counter_mask(v: &Variant, n: usize) -> u64 {
    if n < FIRST_HPM { u64::MAX } else { u64::MAX >> (64 - v.hpm_len) }
}

/// The field of a selector that keeps its counter from counting in `mode`.
fn inhibit_field(mode: Mode) -> Field {
    match (mode.privilege, mode.virt) {
        (Privilege::M, _) => mhpmevent3::MINH,
        (Privilege::S, false) => mhpmevent3::SINH,
        (Privilege::U, false) => mhpmevent3::UINH,
        (Privilege::S, true) => mhpmevent3::VSINH,
        (Privilege::U, true) => mhpmevent3::VUINH,
    }
}

/// The fields that inhibit counting in the modes that the hart has.
pub(crate) fn inhibit_fields(v: &Variant) -> u64 {
    let guest = mhpmevent3::VSINH.mask() | mhpmevent3::VUINH.mask();
    let host = mhpmevent3::MINH.mask() | mhpmevent3::SINH.mask() | mhpmevent3::UINH.mask();
    host | if v.has(Ext::H) { guest } else { 0 }
}

/// The number of the counter that member `index` of CSR row `row` is about: a counter or a selector.
pub(crate) fn counter_of(row: u16, index: usize) -> usize {
    match row {
        csr::mcycle::NUMBER | csr::cycle::NUMBER | csr::mcyclecfg::NUMBER => CYCLE,
        csr::minstret::NUMBER | csr::instret::NUMBER | csr::minstretcfg::NUMBER => INSTRET,
        _ => FIRST_HPM + index,
    }
}
