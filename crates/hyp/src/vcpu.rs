//! A virtual hart: its state, its reset, and what others may do to it.

use alloc::sync::Arc;

use isa::cause::{Exception, Interrupt};
use isa::csr::{hcounteren, hstatus, sstatus, vsstatus};
use kvm::Errno;
use kvm::ioctl::{self, MpState};
use spin::Mutex;

use crate::context::{Context, FloatState, SharedState, VsState};
use crate::exit::Counts;
use crate::extensions::{IsaExtensions, SbiExtensions};
use crate::fence::{Fence, Queue};
use crate::gstage::{TableCache, Tables};
use crate::host::Host;
use crate::interrupt::Interrupts;
use crate::museum::{Mistake, is_repeated};
use crate::pending::Pending;
use crate::request::{Request, Requests};
use crate::sbi::StolenTime;
use crate::sync::{AtomicBool, AtomicUsize, Ordering};
use crate::timer::Timer;
use crate::vm::Vm;

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
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[allow(missing_docs)]
pub struct Config {
    pub hedeleg: u64,
    pub hideleg: u64,
    pub hcounteren: u64,
    pub henvcfg: u64,
    /// `None` where the hart has no such CSR.
    pub hstateen0: Option<u64>,
}

/// A virtual hart, as the thread that runs it has it.
#[derive(Debug)]
pub struct Vcpu {
    /// Its machine.
    pub(crate) vm: Arc<Vm>,
    /// What others reach of it.
    pub(crate) shared: Arc<Shared>,
    /// What the inner switch exchanges.
    pub context: Context,
    /// What is exchanged around the inner switch.
    pub(crate) around: SharedState,
    /// The guest's supervisor CSRs; stale between load and put.
    pub(crate) vs: VsState,
    /// Whether they differ from what a hart holds that has run this virtual hart last.
    pub(crate) vs_changed: bool,
    /// The guest's floating-point registers; stale between load and put.
    pub(crate) float: FloatState,
    /// The host's, between load and put.
    pub(crate) host_float: FloatState,
    /// How it is set up, by the extensions that it has.
    pub(crate) config: Config,
    /// What it has of the instruction set.
    pub(crate) isa: IsaExtensions,
    /// What it has of the SBI.
    pub(crate) sbi: SbiExtensions,
    /// The guest's timer.
    pub(crate) timer: Timer,
    /// Page-table pages for the next fault.
    pub(crate) tables: TableCache,
    /// What the last exit has left to be finished.
    pub(crate) pending: Option<Pending>,
    /// Vendor, architecture and implementation, as the guest sees them.
    pub(crate) ids: [u64; 3],
    /// Its record of stolen time.
    pub(crate) stolen: StolenTime,
    /// Whether it has run.
    pub(crate) has_run: bool,
    /// The hart that it was loaded on last.
    pub(crate) last_hart: Option<usize>,
    /// How often the guest exited, by cause.
    pub(crate) counts: Counts,
}

/// What others reach of a virtual hart.
#[derive(Debug)]
pub struct Shared {
    id: u64,
    number: usize,
    /// Interrupts on their way to the guest.
    pub interrupts: Interrupts,
    pub(crate) requests: Requests,
    /// Whether the guest runs, or is about to and has not looked for requests yet.
    in_guest: AtomicBool,
    /// The hart that it runs on, if it runs.
    hart: AtomicUsize,
    power: Mutex<Power>,
    fences: Mutex<Queue>,
}

/// Whether a virtual hart is started. SBI, "Hart State Management Extension".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Power {
    /// It runs or waits for interrupts.
    On,
    /// It waits to be started.
    Off,
    /// It has been started and has not begun: at a guest address, with an argument.
    Starting { pc: u64, a1: u64 },
}

impl Shared {
    pub(crate) fn new(id: u64, number: usize) -> Shared {
        let requests = Requests::default();
        if number != 0 {
            requests.add(Request::Sleep);
        }
        Shared {
            id,
            number,
            interrupts: Interrupts::new(),
            requests,
            in_guest: AtomicBool::new(false),
            hart: AtomicUsize::new(0),
            power: Mutex::new(if number == 0 { Power::On } else { Power::Off }),
            fences: Mutex::new(Queue::new()),
        }
    }

    /// A number that no other virtual hart of any machine has.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Its number within the machine: what the guest calls its hart.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Makes an interrupt of VS level pending, and sees to it that the guest learns of it at once.
    pub fn set_interrupt(&self, host: &impl Host, interrupt: Interrupt) {
        self.interrupts.set(interrupt);
        self.kick(host);
    }

    /// Has it do something before it runs on.
    pub(crate) fn request(&self, host: &impl Host, request: Request) {
        self.requests.add(request);
        self.kick(host);
    }

    /// Has it forget VS-stage translations before it runs on.
    pub(crate) fn request_fence(&self, host: &impl Host, fence: Fence) {
        let queued = self.fences.lock().add(fence);
        self.request(host, if queued { Request::Fences } else { Request::FenceAll });
    }

    /// Makes it look again: it exits if it runs, and wakes up if it waits.
    ///
    /// Whatever it is to see has been stored before. The guest's hart stores [`in_guest`](Shared::begin) before it
    /// looks for that, so that one of the two sees what the other has stored.
    pub fn kick(&self, host: &impl Host) {
        if self.in_guest.load(Ordering::SeqCst) {
            host.kick(self.hart.load(Ordering::SeqCst));
        }
        host.wake(self);
    }

    /// Says that the guest is about to run on hart `number`.
    pub(crate) fn begin(&self, number: usize) {
        self.hart.store(number, Ordering::SeqCst);
        self.in_guest.store(true, Ordering::SeqCst);
    }

    /// Says that the guest does not run.
    pub(crate) fn end(&self) {
        self.in_guest.store(false, Ordering::SeqCst);
    }

    pub(crate) fn take_fences(&self) -> impl Iterator<Item = Fence> + use<> {
        self.fences.lock().take()
    }

    /// Whether it is started.
    pub fn is_on(&self) -> bool {
        *self.power.lock() != Power::Off
    }

    /// Starts it at a guest address, with an argument, where it is off; says whether it was.
    pub(crate) fn start(&self, host: &impl Host, pc: u64, a1: u64) -> bool {
        let mut power = self.power.lock();
        if *power != Power::Off {
            return false;
        }
        *power = Power::Starting { pc, a1 };
        drop(power);
        self.request(host, Request::Reset);
        true
    }

    /// Stops it.
    pub(crate) fn stop(&self) {
        *self.power.lock() = Power::Off;
        self.requests.add(Request::Sleep);
    }

    /// Takes where it has been started, if it has not begun yet.
    pub(crate) fn take_start(&self) -> Option<(u64, u64)> {
        let mut power = self.power.lock();
        let Power::Starting { pc, a1 } = *power else { return None };
        *power = Power::On;
        Some((pc, a1))
    }

    pub(crate) fn power(&self) -> Power {
        *self.power.lock()
    }

    /// Whether it runs: `KVM_GET_MP_STATE`.
    pub fn mp_state(&self) -> MpState {
        if self.is_on() { MpState::RUNNABLE } else { MpState::STOPPED }
    }

    /// Has it run, from where its registers say, or stop: `KVM_SET_MP_STATE`.
    ///
    /// # Errors
    /// `EINVAL` for other states.
    pub fn set_mp_state(&self, host: &impl Host, state: MpState) -> Result<(), Errno> {
        match state {
            MpState::RUNNABLE => {
                let mut power = self.power.lock();
                if *power == Power::Off {
                    *power = Power::On;
                }
                drop(power);
                self.kick(host);
            }
            MpState::STOPPED => {
                self.stop();
                self.kick(host);
            }
            _ => return Err(Errno::EINVAL),
        }
        Ok(())
    }

    /// Makes an external interrupt pending or withdraws it: `KVM_INTERRUPT`.
    ///
    /// # Errors
    /// `EINVAL` for other numbers than `KVM_INTERRUPT_SET` and `KVM_INTERRUPT_UNSET`.
    pub fn interrupt(&self, host: &impl Host, wanted: ioctl::Interrupt) -> Result<(), Errno> {
        match wanted {
            ioctl::Interrupt::SET => self.set_interrupt(host, Interrupt::Vsei),
            ioctl::Interrupt::UNSET => self.interrupts.unset(Interrupt::Vsei),
            _ => return Err(Errno::EINVAL),
        }
        Ok(())
    }
}

impl Vcpu {
    pub(crate) fn new(vm: Arc<Vm>, shared: Arc<Shared>) -> Vcpu {
        let features = vm.hypervisor.features;
        let ids = vm.hypervisor.machine.ids;
        let isa = IsaExtensions::new(vm.hypervisor.machine.isa, features);
        let mut vcpu = Vcpu {
            vm,
            shared,
            context: Context::default(),
            around: SharedState::default(),
            vs: VsState::default(),
            vs_changed: true,
            float: FloatState::default(),
            host_float: FloatState::default(),
            config: Config::default(),
            isa,
            sbi: SbiExtensions::new(),
            timer: Timer::new(isa.has_sstc()),
            tables: TableCache::default(),
            pending: None,
            ids,
            stolen: StolenTime::default(),
            has_run: false,
            last_hart: None,
            counts: Counts::default(),
        };
        vcpu.reset(0, 0);
        vcpu
    }

    /// Its machine.
    pub fn vm(&self) -> &Arc<Vm> {
        &self.vm
    }

    /// What others reach of it.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// How often the guest exited, by cause.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Settles what the guest has, before it runs for the first time.
    pub(crate) fn configure(&mut self) {
        let features = self.vm.hypervisor.features;
        self.config = Config {
            hedeleg: DELEGATED_EXCEPTIONS & features.hedeleg,
            hideleg: DELEGATED_INTERRUPTS,
            // Cycles and instructions are the host's affair, which a guest must not see.
            hcounteren: if is_repeated(Mistake::B33) { u64::MAX } else { hcounteren::TM.mask() },
            henvcfg: self.isa.henvcfg(features),
            // Without it the guest could not use its senvcfg.
            hstateen0: features.smstateen.then_some(self.isa.hstateen0()),
        };
        self.timer.set_in_hardware(self.isa.has_sstc());
        self.has_run = true;
        self.vm.has_run.store(true, Ordering::SeqCst);
    }

    /// How the virtual hart, which is not loaded, is set up: to be changed where the guest is to be watched, as by a debugger
    /// that wants its breakpoints.
    pub fn config_mut(&mut self) -> &mut Config {
        if !self.has_run {
            self.configure();
        }
        self.vs_changed = true;
        &mut self.config
    }

    /// Puts the virtual hart, which is not loaded, in the state in which SBI starts a hart.
    ///
    /// SBI, "Hart State Management Extension": translation off, interrupts off, the hart's number in a0.
    pub(crate) fn reset(&mut self, pc: u64, a1: u64) {
        self.context = Context::default();
        self.context.guest.sepc = pc;
        self.context.guest.set(10, self.shared.number as u64);
        self.context.guest.set(11, a1);
        self.context.guest.sstatus = sstatus::SPP.of(1) | sstatus::SPIE.of(1) | sstatus::UXL.of(XLEN_64);
        self.reset_float();
        self.around = SharedState {
            hstatus: hstatus::SPV.of(1)
                | hstatus::SPVP.of(1)
                | hstatus::VTW.of(1)
                | hstatus::VSXL.of(XLEN_64),
            ..SharedState::default()
        };
        self.vs = VsState { vsstatus: vsstatus::UXL.of(XLEN_64), ..VsState::default() };
        self.vs_changed = true;
        self.shared.interrupts.replace(0);
        self.timer.reset();
        self.pending = None;
        // It was another system's, which may have given its memory away.
        self.stolen = StolenTime::default();
    }

    /// Gives back what it has; it is not loaded, and will not be.
    pub fn destroy(mut self, tables: &impl Tables) {
        self.tables.drain(tables);
        self.shared.interrupts.replace(0);
        self.vm.forget_vcpu(&self.shared);
    }

    /// The guest's program counter.
    pub fn pc(&self) -> u64 {
        self.context.guest.sepc
    }

    /// Moves on past an instruction of `size` bytes.
    pub(crate) fn advance(&mut self, size: u64) {
        self.context.guest.sepc = self.context.guest.sepc.wrapping_add(size);
    }

    /// Whether it has something to do: it is started, and either it does not wait for an interrupt or there is one that
    /// the guest has enabled, whatever its `sstatus.SIE` says. It is not loaded. `host_time` is the host's time now.
    pub fn is_runnable(&self, host_time: u64) -> bool {
        if !self.shared.is_on() {
            return false;
        }
        !self.shared.requests.is_empty() || self.has_interrupt(host_time)
    }

    /// Whether an interrupt that the guest has enabled is pending: the condition that ends a WFI.
    pub(crate) fn has_interrupt(&self, host_time: u64) -> bool {
        let mut pending = self.shared.interrupts.pending() & DELEGATED_INTERRUPTS;
        if self.timer.is_due(host_time.wrapping_add(self.vm.time_delta())) {
            pending |= Interrupt::Vsti.bit();
        }
        // An interrupt of VS level is enabled one bit below its own number.
        pending & self.vs.vsie << 1 != 0
    }

    /// When, in host time, the timer will end the guest's WFI; `None` if it will not.
    pub fn wake_time(&self, host_time: u64) -> Option<u64> {
        if self.vs.vsie << 1 & Interrupt::Vsti.bit() == 0 {
            return None;
        }
        self.timer.host_deadline(host_time, self.vm.time_delta())
    }
}
