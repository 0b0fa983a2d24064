//! The hart: its state, and the loop that executes instructions.

use isa::Mode;

use crate::bus::{Bus, Lines};
use crate::observe::Observer;
use crate::trap::Trap;
use crate::variant::Variant;

/// Why [`Hart::run`] returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The steps are used up.
    Budget,
    /// The hart waits for an interrupt (WFI) and none is pending.
    Waiting,
    /// The bus asked for it: [`Lines::stop`].
    Requested,
    /// The observer asked for it, before an instruction.
    Observer,
}

/// What a call of [`Hart::run`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Steps taken: each instruction attempted is one, whether it retired or trapped.
    pub steps: u64,
    /// Why it returned.
    pub stop: Stop,
}

/// A hardware thread.
#[derive(Debug)]
pub struct Hart {
    id: usize,
    variant: Variant,
    x: [u64; 32],
    f: [u64; 32],
    pc: u64,
    mode: Mode,
    lines: Lines,
}

impl Hart {
    /// A hart in its reset state, in M-mode at `pc` 0.
    pub fn new(id: usize, variant: Variant) -> Hart {
        Hart { id, variant, x: [0; 32], f: [0; 32], pc: 0, mode: Mode::M, lines: Lines::default() }
    }

    /// Executes at most `steps` instructions.
    pub fn run(&mut self, _bus: &mut dyn Bus, _steps: u64, _observer: Option<&mut dyn Observer>) -> Outcome {
        Outcome { steps: 0, stop: Stop::Budget }
    }

    /// The hart's number: `mhartid` and the index that the bus knows it by.
    pub fn id(&self) -> usize {
        self.id
    }

    /// The choices it was made with.
    pub fn variant(&self) -> &Variant {
        &self.variant
    }

    /// Integer register `n`, 0 to 31.
    pub fn x(&self, n: u8) -> u64 {
        self.x[usize::from(n & 31)]
    }

    /// Sets integer register `n`, 0 to 31; writes to register 0 are dropped.
    pub fn set_x(&mut self, n: u8, value: u64) {
        if n & 31 != 0 {
            self.x[usize::from(n & 31)] = value;
        }
    }

    /// Floating-point register `n`, 0 to 31, with its NaN boxing.
    pub fn f(&self, n: u8) -> u64 {
        self.f[usize::from(n & 31)]
    }

    /// Sets floating-point register `n`, 0 to 31.
    pub fn set_f(&mut self, n: u8, value: u64) {
        self.f[usize::from(n & 31)] = value;
    }

    /// The program counter.
    pub fn pc(&self) -> u64 {
        self.pc
    }

    /// Sets the program counter; bit 0 is dropped.
    pub fn set_pc(&mut self, pc: u64) {
        self.pc = pc & !1;
    }

    /// The privilege mode.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Sets the privilege mode, for a debugger.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    /// CSR `number` as its own name shows it, whatever the mode; `None` where the hart has none such.
    ///
    /// `sstatus` is always the HS-level register, `vsstatus` the guest's.
    pub fn csr(&self, _number: u16) -> Option<u64> {
        None
    }

    /// Writes CSR `number` as an instruction in M-mode would, WARL rules and side effects included;
    /// `None` where the hart has none such or it is read-only.
    pub fn set_csr(&mut self, _number: u16, _value: u64) -> Option<()> {
        None
    }

    /// Retired instructions since reset, whatever `minstret` was set to.
    pub fn retired(&self) -> u64 {
        0
    }

    /// Whether the hart waits in WFI.
    pub fn is_waiting(&self) -> bool {
        false
    }

    /// The earliest tick after now at which one of the hart's own timers (`stimecmp`, `vstimecmp`) fires.
    pub fn next_timer(&self) -> Option<u64> {
        None
    }

    /// The physical address of `va` in the current mode, as a load, store or fetch would find it, without
    /// side effects on the hart or memory; for a debugger.
    ///
    /// # Errors
    /// The trap that the access would raise.
    pub fn translate(&self, _bus: &dyn Bus, va: u64, _kind: crate::observe::AccessKind) -> Result<u64, Trap> {
        Ok(va)
    }
}
