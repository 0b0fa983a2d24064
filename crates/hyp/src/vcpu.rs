//! A virtual hart: its state, its reset, and what it owes the guest after an exit.

use isa::cause::{Exception, Interrupt};
use isa::csr::{hcounteren, henvcfg, hstateen0, hstatus, sstatus, vsstatus};

use crate::addr::{Gpa, Gva};
use crate::context::{Context, SharedState, VsState};
use crate::exit::Counts;
use crate::hart::Hart;
use crate::inject::inject;
use crate::interrupt::Interrupts;
use crate::mmio::Access;
use crate::probe::Features;
use crate::timer::Timer;

/// Exceptions that the guest handles by itself.
///
/// Guest-page faults, virtual instructions and calls from VS-mode cannot or must not be delegated;
/// access and misaligned faults come here first, so that a fault of ours is not blamed on the guest.
const DELEGATED_EXCEPTIONS: u64 = Exception::InstAddrMisaligned.bit()
    | Exception::IllegalInst.bit()
    | Exception::Breakpoint.bit()
    | Exception::EcallU.bit()
    | Exception::InstPageFault.bit()
    | Exception::LoadPageFault.bit()
    | Exception::StorePageFault.bit();

/// Interrupts that go straight to the guest: the three of VS level.
pub const DELEGATED_INTERRUPTS: u64 = Interrupt::Vssi.bit() | Interrupt::Vsti.bit() | Interrupt::Vsei.bit();

/// The encoding of XLEN 64 in the fields UXL and VSXL. Privileged ISA, "Machine ISA (misa) Register".
const XLEN_64: u64 = 2;

/// How a virtual hart is set up; written at load and never changed by the guest.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Config {
    pub hedeleg: u64,
    pub hideleg: u64,
    pub hcounteren: u64,
    pub henvcfg: u64,
    /// `None` where the hart has no such CSR.
    pub hstateen0: Option<u64>,
}

/// A virtual hart.
#[derive(Clone, Debug)]
pub struct Vcpu {
    /// What the inner switch exchanges.
    pub context: Context,
    /// What is exchanged around the inner switch.
    pub shared: SharedState,
    /// The guest's supervisor CSRs; stale between load and put.
    pub vs: VsState,
    /// How it is set up.
    pub config: Config,
    /// Interrupts on their way to the guest.
    pub interrupts: Interrupts,
    /// The guest's timer.
    pub timer: Timer,
    /// How often the guest exited, by cause.
    pub counts: Counts,
    pub(crate) pending: Option<Pending>,
}

/// What the instruction that caused an exit still waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pending {
    /// A load or store at this guest virtual address.
    Mmio(Access, Gva),
    /// An SBI call that returns an error and a value.
    Sbi,
    /// An SBI call of version 0.1, which returns a value only.
    LegacySbi,
}

impl Vcpu {
    /// A virtual hart that will start at `entry` in VS-mode, with `a0` and `a1` as given.
    pub fn new(features: Features, entry: Gpa, a0: u64, a1: u64) -> Vcpu {
        let mut vcpu = Vcpu {
            context: Context::default(),
            shared: SharedState::default(),
            vs: VsState::default(),
            config: Config {
                hedeleg: DELEGATED_EXCEPTIONS,
                hideleg: DELEGATED_INTERRUPTS,
                hcounteren: hcounteren::TM.mask(),
                henvcfg: henvcfg::STCE.of(features.sstc.into()),
                // Without it the guest could not use its senvcfg.
                hstateen0: features.smstateen.then_some(hstateen0::ENVCFG.mask()),
            },
            interrupts: Interrupts::default(),
            timer: Timer::new(features.sstc),
            counts: Counts::default(),
            pending: None,
        };
        vcpu.reset(entry, a0, a1);
        vcpu
    }

    /// Puts the virtual hart, which is not loaded, in the state in which SBI starts a hart.
    ///
    /// SBI, "Hart State Management Extension": translation off, interrupts off, the hart's number in a0.
    pub fn reset(&mut self, entry: Gpa, a0: u64, a1: u64) {
        self.context = Context::default();
        self.context.guest.sepc = entry.0;
        self.context.guest.set(10, a0);
        self.context.guest.set(11, a1);
        self.context.guest.sstatus = sstatus::SPP.of(1) | sstatus::SPIE.of(1) | sstatus::UXL.of(XLEN_64);
        self.shared = SharedState {
            hstatus: hstatus::SPV.of(1)
                | hstatus::SPVP.of(1)
                | hstatus::VTW.of(1)
                | hstatus::VSXL.of(XLEN_64),
            scounteren: 0,
            senvcfg: 0,
        };
        self.vs = VsState { vsstatus: vsstatus::UXL.of(XLEN_64), ..VsState::default() };
        self.interrupts = Interrupts::default();
        self.timer.reset();
        self.pending = None;
    }

    /// The guest's program counter.
    pub fn pc(&self) -> u64 {
        self.context.guest.sepc
    }

    /// Moves on past an instruction of `size` bytes.
    pub(crate) fn advance(&mut self, size: u64) {
        self.context.guest.sepc = self.context.guest.sepc.wrapping_add(size);
    }

    /// Finishes the instruction of the last exit with the host's answer, once.
    ///
    /// The answer is what a load reads and what an SBI call returns; a store ignores it. An exit that is
    /// not completed is taken again when the guest runs, since its instruction has not retired.
    pub fn complete(&mut self, answer: u64) {
        match self.pending.take() {
            Some(Pending::Mmio(access, _)) => {
                if let Some(rd) = access.destination() {
                    self.context.guest.set(rd, access.extend(answer));
                }
                self.advance(access.instruction_size);
            }
            Some(Pending::Sbi) => self.return_from_sbi(0, answer),
            Some(Pending::LegacySbi) => self.return_from_legacy_sbi(answer),
            None => {}
        }
    }

    /// Answers a load or store for which there is no device: the loaded guest takes an access fault.
    pub fn refuse<H: Hart>(&mut self, hart: &mut H) {
        if let Some(Pending::Mmio(access, gva)) = self.pending.take() {
            inject(hart, self, access.kind.access_kind().access_fault(), gva.0);
        }
    }

    /// Returns from an SBI call with an error code and a value.
    pub(crate) fn return_from_sbi(&mut self, error: i64, value: u64) {
        self.context.guest.set(10, error as u64);
        self.context.guest.set(11, value);
        self.advance(4);
    }

    /// Returns from an SBI call of version 0.1, which leaves a1 alone.
    pub(crate) fn return_from_legacy_sbi(&mut self, value: u64) {
        self.context.guest.set(10, value);
        self.advance(4);
    }

    /// Whether an interrupt that the guest enabled is pending, whatever its `sstatus.SIE`: the condition
    /// that ends a WFI. `guest_time` is the guest's time now.
    pub fn has_interrupt(&self, guest_time: u64) -> bool {
        let mut pending = self.interrupts.pending() & self.config.hideleg;
        if self.timer.is_due(guest_time) {
            pending |= Interrupt::Vsti.bit();
        }
        // An interrupt of VS level is enabled one bit below its own number.
        pending & self.vs.vsie << 1 != 0
    }

    /// When, in host time, the timer will end the guest's WFI; `None` if it will not.
    pub fn wake_time(&self, host_time: u64, delta: u64) -> Option<u64> {
        if self.vs.vsie << 1 & Interrupt::Vsti.bit() == 0 {
            return None;
        }
        self.timer.host_deadline(host_time, delta)
    }
}
