//! The machine below the harts: memory, a clock, and nothing else.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use isa::cause::{Exception, Interrupt};
use isa::csr;
use isa::ext::Ext;
use isa::mode::Mode;
use iss::{AccessFault, Bus, Hart, Lines, Ram, Variant, Width};

/// Where memory begins.
pub(crate) const BASE: u64 = 0x4000_0000;
/// Where traps to HS-mode go. Nothing is executed there.
pub(crate) const VECTOR: u64 = BASE;
/// Where the instructions of the hypervisor are put.
pub(crate) const CODE: u64 = BASE + 0x1000;
/// Room for them for each hart: more than there are different ones.
pub(crate) const CODE_SIZE: u64 = 0x4000;
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

/// What leads out of a guest, which the hypervisor must be told.
const EXITS: u64 = Exception::EcallVs.bit()
    | Exception::InstGuestPageFault.bit()
    | Exception::LoadGuestPageFault.bit()
    | Exception::StoreGuestPageFault.bit()
    | Exception::VirtualInst.bit();

/// Traps that the hypervisor needs stay in M-mode, for want of bits in this CSR.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CannotDelegate(&'static str);

impl fmt::Display for CannotDelegate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the hart cannot delegate traps to HS-mode: use one whose {} has bits for them", self.0)
    }
}

impl std::error::Error for CannotDelegate {}

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
    ///
    /// # Errors
    /// Where the hart cannot be left so that a hypervisor can do anything with it.
    pub(crate) fn hart(&self, number: usize, variant: Variant) -> Result<Hart, CannotDelegate> {
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
        let lacks = |number, wanted: u64| hart.csr(number).is_none_or(|value| value & wanted != wanted);
        // A hart without guests has no such exceptions; the hypervisor will say what is missing.
        if variant.has(Ext::H) && lacks(csr::medeleg::NUMBER, EXITS) {
            return Err(CannotDelegate("medeleg"));
        }
        if lacks(csr::mideleg::NUMBER, Interrupt::Sti.bit()) {
            return Err(CannotDelegate("mideleg"));
        }
        hart.set_mode(Mode::HS);
        Ok(hart)
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
