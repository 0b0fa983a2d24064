//! The hart: its state, as debuggers and platforms see it. [`Hart::run`] is in `exec::step`.

use isa::ext::Ext;
use isa::{Mode, Privilege};
use serde::{Deserialize, Serialize};

use crate::bus::{Bus, Lines, Width};
use crate::clock::Clock;
use crate::csr::CsrFile;
use crate::csr::counters::Counting;
use crate::engine::{Engine, EngineState};
use crate::exec::Decoded;
use crate::mmu::guest_cache::GuestCache;
use crate::mmu::tlb::Tlb;
use crate::variant::{TlbPolicy, Variant};

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
    /// The hart is in the critical-error state, which it never leaves: a trap came while MDT was set.
    CriticalError,
}

/// What a call of [`Hart::run`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Steps taken: each instruction attempted is one, whether it retired or trapped.
    pub steps: u64,
    /// Why it returned.
    pub stop: Stop,
    /// What time it is for the hart.
    pub time: u64,
    /// Steps before time goes on.
    pub to_tick: u64,
    /// Whether it has accessed an I/O region or a word that the bus watches.
    pub io: bool,
}

/// A hardware thread.
#[derive(Clone, Debug)]
pub struct Hart {
    pub(crate) id: usize,
    pub(crate) variant: Variant,
    /// The integer registers, and one more for the engine, which takes what is written to x0.
    pub(crate) x: [u64; 33],
    pub(crate) f: [u64; 32],
    pub(crate) pc: u64,
    /// Set by [`set_mode`](Hart::set_mode).
    pub(crate) mode: Mode,
    pub(crate) csr: CsrFile,
    pub(crate) tlb: Tlb,
    pub(crate) guest_cache: GuestCache,
    pub(crate) decoded: Decoded,
    /// What LR has reserved.
    pub(crate) reservation: Option<Reservation>,
    /// WFI has been executed and nothing has ended it yet.
    pub(crate) waiting: bool,
    /// It waits in WRS.NTO, which ends with the reservation.
    pub(crate) waits_on_reservation: bool,
    /// The tick at which the WFI at the program counter, which has not retired yet, is to trap.
    pub(crate) wait_limit: Option<u64>,
    /// A trap into M-mode came while MDT was set, and the hart has ceased to execute.
    pub(crate) critical_error: bool,
    /// The wires as they were last seen.
    pub(crate) lines: Lines,
    /// Something has happened that may make an interrupt due.
    pub(crate) recheck_interrupts: bool,
    /// Instructions retired since reset.
    pub(crate) retired: u64,
    /// Which counters count what in each mode; kept up to date by `recount`.
    pub(crate) counting_in: [Counting; Mode::COUNT],
    /// Which counters count what in the mode that the hart is in.
    pub(crate) counting: Counting,
    /// Counters that the current instruction has written, so that they do not count it.
    pub(crate) counters_written: u32,
    /// How steps become time.
    pub(crate) clock: Clock,
    /// Other harts may run at the same time.
    pub(crate) parallel: bool,
    pub(crate) engine: EngineState,
}

/// What LR has reserved.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Reservation {
    /// The physical address.
    pub(crate) pa: u64,
    pub(crate) width: Width,
    /// What LR has read, in the low bits.
    pub(crate) value: u64,
}

impl Hart {
    /// A hart in its reset state, in M-mode at `pc` 0.
    pub fn new(id: usize, variant: Variant) -> Hart {
        let mut hart = Hart {
            id,
            variant,
            x: [0; 33],
            f: [0; 32],
            pc: 0,
            mode: Mode::M,
            csr: CsrFile::new(&variant),
            tlb: Tlb::new(variant.tlb),
            guest_cache: GuestCache::new(variant.tlb != TlbPolicy::None),
            decoded: Decoded::new(variant),
            reservation: None,
            waiting: false,
            waits_on_reservation: false,
            critical_error: false,
            wait_limit: None,
            lines: Lines::default(),
            recheck_interrupts: true,
            retired: 0,
            counting_in: Default::default(),
            counting: Counting::default(),
            counters_written: 0,
            clock: Clock::default(),
            parallel: false,
            engine: EngineState::new(Engine::default()),
        };
        hart.recount();
        hart
    }

    /// The hart's number: `mhartid` and the index that the bus knows it by.
    pub fn id(&self) -> usize {
        self.id
    }

    /// How it executes instructions.
    pub fn engine(&self) -> Engine {
        self.engine.kind()
    }

    /// Sets how it executes instructions; what it does is the same.
    pub fn set_engine(&mut self, engine: Engine) {
        self.engine = EngineState::new(engine);
    }

    /// Says whether other harts run at the same time, on other threads, with the same main memory. All of these
    /// must have been told so, and none must run elsewhere before it has.
    ///
    /// A hart that has been told orders its accesses to memory for the others as fences and atomics say, has SC
    /// compare what LR has read, and with the engine that executes decoded blocks sees what others have stored to
    /// code after FENCE.I.
    pub fn set_parallel(&mut self, parallel: bool) {
        self.parallel = parallel;
        // Blocks know which fences they need.
        self.engine = EngineState::new(self.engine.kind());
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

    /// Sets the privilege mode, for a debugger; V is dropped where there is no such mode.
    pub fn set_mode(&mut self, mode: Mode) {
        let virt = mode.virt && self.variant.has(Ext::H) && mode.privilege != Privilege::M;
        self.mode = Mode { virt, ..mode };
        self.recheck_interrupts = true;
        self.counting = self.counting_in[self.mode.index()];
    }

    /// CSR `number` as its own name shows it, whatever the mode; `None` where the hart has none such.
    ///
    /// `sstatus` is always the HS-level register, `vsstatus` the guest's.
    pub fn csr(&self, number: u16) -> Option<u64> {
        self.view(number)
    }

    /// Writes CSR `number` as an instruction in M-mode would, WARL rules and side effects included;
    /// `None` where the hart has none such or it is read-only.
    pub fn set_csr(&mut self, number: u16, value: u64) -> Option<()> {
        let written = self.write(number, value).map(|_| ());
        self.counters_written = 0;
        written
    }

    /// Ends the reservation that LR has made, and with it a wait in WRS.NTO. Where harts take turns, the platform
    /// calls it when another hart has run, so that none can come between LR and a successful SC.
    pub fn drop_reservation(&mut self) {
        self.reservation = None;
        if std::mem::take(&mut self.waits_on_reservation) {
            self.waiting = false;
        }
    }

    /// Whether the hart waits in WRS.NTO, until [`drop_reservation`](Hart::drop_reservation) or an interrupt.
    pub fn waits_on_reservation(&self) -> bool {
        self.waits_on_reservation
    }

    /// Sees what time it is, where time goes on by itself.
    pub(crate) fn look_at_clock(&mut self, bus: &dyn Bus) {
        if let Some(now) = bus.now() {
            self.recheck_interrupts |= now != self.lines.time;
            self.lines.time = now;
        }
    }

    /// Retired instructions since reset, whatever `minstret` was set to.
    pub fn retired(&self) -> u64 {
        self.retired
    }

    /// Shows what time it is to whoever looks at a hart that waits; its next run looks for itself.
    pub fn wait_until(&mut self, time: u64) {
        if self.waiting {
            self.lines.time = time;
        }
    }

    /// Whether the hart waits in WFI or WRS.NTO.
    pub fn is_waiting(&self) -> bool {
        self.waiting
    }
}
