//! The machine below the harts: memory, a clock, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use isa::csr;
use isa::mode::Mode;
use iss::{AccessFault, Bus, Hart, Lines, Ram, Variant, Width};

/// Where memory begins.
pub(crate) const BASE: u64 = 0x4000_0000;
/// Where traps to HS-mode go. Nothing is executed there.
pub(crate) const VECTOR: u64 = BASE;
/// Where the instructions of the hypervisor are put, one at a time: a page for each hart.
pub(crate) const CODE: u64 = BASE + 0x1000;
/// The most harts.
pub(crate) const MOST_HARTS: usize = 64;
/// What the hypervisor can use.
pub(crate) const FREE: u64 = BASE + 0x20_0000;

/// What time it is on a machine, in ticks.
#[derive(Clone, Default, Debug)]
pub struct Clock(Arc<AtomicU64>);

impl Clock {
    /// The time.
    pub fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Lets time go on to `time`, unless it is later.
    pub fn advance_to(&self, time: u64) {
        self.0.fetch_max(time, Ordering::Relaxed);
    }

    pub(crate) fn advance(&self, ticks: u64) {
        self.0.fetch_add(ticks, Ordering::Relaxed);
    }
}

/// A machine without devices, as one of its harts sees it.
#[derive(Clone, Debug)]
pub struct Board {
    pub(crate) ram: Arc<Ram>,
    pub(crate) clock: Clock,
}

impl Board {
    /// A machine with so many bytes of memory.
    ///
    /// # Errors
    /// Where this computer has not so much address space.
    pub fn new(size: u64) -> std::io::Result<Board> {
        Ok(Board { ram: Arc::new(Ram::new(BASE, size)?), clock: Clock::default() })
    }

    /// A hart in HS-mode, as firmware leaves it.
    pub(crate) fn hart(&self, number: usize, variant: Variant) -> Hart {
        let mut hart = Hart::new(number, variant);
        for (number, value) in [
            // All memory is accessible, and everything is delegated that can be.
            (csr::pmpaddr0::NUMBER, u64::MAX),
            (csr::pmpcfg0::NUMBER, 0x1f),
            (csr::medeleg::NUMBER, u64::MAX),
            (csr::mideleg::NUMBER, u64::MAX),
            (csr::mcounteren::NUMBER, u64::MAX),
            (csr::menvcfg::NUMBER, u64::MAX),
            (csr::mstateen0::NUMBER, u64::MAX),
            (csr::stvec::NUMBER, VECTOR),
            // The alarm ends a guest's run.
            (csr::sie::NUMBER, csr::sie::STIE.mask()),
        ] {
            // What a hart does not have is not set.
            let _ = hart.set_csr(number, value);
        }
        hart.set_mode(Mode::HS);
        hart
    }
}

impl Bus for Board {
    fn ram(&self) -> &Ram {
        &self.ram
    }

    fn load(&mut self, _pa: u64, _width: Width) -> Result<u64, AccessFault> {
        Err(AccessFault)
    }

    fn store(&mut self, _pa: u64, _width: Width, _value: u64) -> Result<(), AccessFault> {
        Err(AccessFault)
    }

    fn lines(&mut self, _hart: usize) -> Lines {
        Lines { time: self.clock.now(), ..Lines::default() }
    }
}
