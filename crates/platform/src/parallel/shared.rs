//! What the threads of the harts share: devices, wires, the clock, and whether it is time to stop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crossbeam::sync::Unparker;
use crossbeam::utils::CachePadded;
use isa::cause::Interrupt;
use iss::Ram;

use crate::console::Input;
use crate::device::Power;
use crate::devices::Devices;
use crate::stop::MachineStop;
use crate::ticks::{duration, ticks};

/// What the threads of the harts share.
pub(super) struct Shared<'a> {
    ram: &'a Ram,
    state: Mutex<State<'a>>,
    ends: Box<[CachePadded<End>]>,
    /// When the run began.
    start: Instant,
    /// What `mtime` would have been then, as it is now.
    start_time: AtomicU64,
    /// Whether the console may yet give something to the guest.
    input_is_open: AtomicBool,
    /// Steps taken by all harts.
    steps: CachePadded<AtomicU64>,
    is_stopping: AtomicBool,
    /// The first reason to stop.
    stop: OnceLock<MachineStop>,
    /// Wakes the thread that looks after the host's side.
    keeper: Unparker,
}

/// What is behind the lock.
struct State<'a> {
    devices: &'a mut Devices,
    /// Which harts sleep.
    sleep: Vec<Sleep>,
}

/// Whether a hart sleeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sleep {
    /// It runs, or is about to.
    Awake,
    /// Until a timer of its own is due, unless one of its wires changes before.
    ForTime,
    /// Until one of its wires changes.
    ForWires,
}

/// The ends of the wires that lead to a hart, and what wakes it.
struct End {
    /// All wires of `mip` but MTIP, which is a matter of time, and SSIP, which is none.
    mip: AtomicU64,
    /// Another hart has sent a supervisor software interrupt.
    ssip: AtomicBool,
    mtimecmp: AtomicU64,
    hgeip: AtomicU64,
    /// How often they have changed. Grows after they do.
    changes: AtomicU64,
    unparker: Unparker,
}

impl End {
    /// Sets the wires and says whether that is a change.
    fn set(&self, mip: u64, mtimecmp: u64, hgeip: u64) -> bool {
        let wires = [(&self.mip, mip), (&self.mtimecmp, mtimecmp), (&self.hgeip, hgeip)];
        // Only who has the lock sets wires.
        let changed = wires.into_iter().any(|(wire, value)| wire.load(Ordering::Relaxed) != value);
        if changed {
            wires.into_iter().for_each(|(wire, value)| wire.store(value, Ordering::Release));
        }
        changed
    }
}

impl<'a> Shared<'a> {
    /// That of harts which `harts` wake, around `ram` and `devices`; `keeper` wakes who looks after the host's side.
    pub(super) fn new(
        ram: &'a Ram,
        devices: &'a mut Devices,
        harts: impl Iterator<Item = Unparker>,
        keeper: Unparker,
        input_is_open: bool,
    ) -> Shared<'a> {
        let ends = harts.map(|unparker| {
            CachePadded::new(End {
                mip: AtomicU64::new(0),
                ssip: AtomicBool::new(false),
                mtimecmp: AtomicU64::new(0),
                hgeip: AtomicU64::new(0),
                changes: AtomicU64::new(0),
                unparker,
            })
        });
        let ends: Box<[_]> = ends.collect();
        let start_time = AtomicU64::new(devices.aclint.time());
        let sleep = vec![Sleep::Awake; ends.len()];
        let shared = Shared {
            ram,
            state: Mutex::new(State { devices, sleep }),
            ends,
            start: Instant::now(),
            start_time,
            input_is_open: AtomicBool::new(input_is_open),
            steps: CachePadded::new(AtomicU64::new(0)),
            is_stopping: AtomicBool::new(false),
            stop: OnceLock::new(),
            keeper,
        };
        // The wires are carried to the harts for the first time.
        shared.access(|_| ());
        shared
    }

    fn state(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Main memory.
    pub(super) fn ram(&self) -> &'a Ram {
        self.ram
    }

    /// What time it is, in ticks.
    pub(super) fn now(&self) -> u64 {
        self.start_time.load(Ordering::Acquire).wrapping_add(ticks(self.start.elapsed()))
    }

    /// How long it takes until tick `at`.
    pub(super) fn until(&self, at: u64) -> Duration {
        duration(at.saturating_sub(self.now()))
    }

    /// Lets `ask` have the devices, and carries their wires to the harts.
    pub(super) fn access<T>(&self, ask: impl FnOnce(&mut Devices) -> T) -> T {
        let mut state = self.state();
        let now = self.now();
        state.devices.aclint.set_time(now);
        let answer = ask(state.devices);
        // The guest may have set the clock.
        let ahead = state.devices.aclint.time().wrapping_sub(now);
        self.start_time.fetch_add(ahead, Ordering::Release);
        match state.devices.take_power() {
            Some(Power::Exit(status)) => self.stop(MachineStop::Exit(status)),
            Some(Power::Reset) => self.stop(MachineStop::Reset),
            None => {}
        }
        self.carry_wires(&mut state, ahead != 0);
        answer
    }

    /// Carries wires to the harts, and wakes those whose wires have changed, or all.
    fn carry_wires(&self, state: &mut State<'_>, all: bool) {
        for (hart, end) in self.ends.iter().enumerate() {
            let lines = state.devices.lines(hart);
            let mip = lines.mip & !(Interrupt::Mti.bit() | Interrupt::Ssi.bit());
            let is_sent = lines.mip & Interrupt::Ssi.bit() != 0;
            end.ssip.fetch_or(is_sent, Ordering::Release);
            if end.set(mip, state.devices.aclint.mtimecmp(hart), lines.hgeip) || is_sent || all {
                state.sleep[hart] = Sleep::Awake;
                end.changes.fetch_add(1, Ordering::Release);
                end.unparker.unpark();
            }
        }
    }

    /// The wires that end at a hart but for the timer's: those of `mip` and `hgeip`.
    pub(super) fn wires(&self, hart: usize) -> (u64, u64) {
        let end = &self.ends[hart];
        (end.mip.load(Ordering::Acquire), end.hgeip.load(Ordering::Acquire))
    }

    /// Whether another hart has sent a supervisor software interrupt to this one since the last call.
    pub(super) fn take_ssip(&self, hart: usize) -> bool {
        let ssip = &self.ends[hart].ssip;
        ssip.load(Ordering::Relaxed) && ssip.swap(false, Ordering::Acquire)
    }

    /// The tick from which on a hart's timer interrupt is pending.
    pub(super) fn mtimecmp(&self, hart: usize) -> u64 {
        self.ends[hart].mtimecmp.load(Ordering::Acquire)
    }

    /// How often the wires of a hart have changed.
    pub(super) fn changes(&self, hart: usize) -> u64 {
        self.ends[hart].changes.load(Ordering::Acquire)
    }

    /// Says that a hart, which has looked at its wires after so many changes, sleeps until they change or tick `event`
    /// comes. False where they have changed since.
    pub(super) fn falls_asleep(&self, hart: usize, changes: u64, event: Option<u64>) -> bool {
        let mut state = self.state();
        if self.changes(hart) != changes {
            return false;
        }
        state.sleep[hart] = if event.is_some() { Sleep::ForTime } else { Sleep::ForWires };
        self.check_deadlock(&state);
        true
    }

    /// Stops the machine if nothing can ever happen any more.
    fn check_deadlock(&self, state: &State<'_>) {
        let input_can_come = self.input_is_open.load(Ordering::Relaxed) && state.devices.wants_input();
        let nothing_can_come = !input_can_come && state.devices.next_event().is_none();
        if nothing_can_come && state.sleep.iter().all(|sleep| *sleep == Sleep::ForWires) {
            self.stop(MachineStop::Deadlock);
        }
    }

    /// Lets devices raise interrupts for which the time has come.
    pub(super) fn serve_time(&self) {
        let event = self.state().devices.next_event();
        if event.is_some_and(|event| event <= self.now()) {
            self.access(|_| ());
        }
    }

    /// Shows what the guest has written, and hands the guest's console what has arrived.
    pub(super) fn serve_console(&self, input: &mut Input) {
        let has_room = self.state().devices.has_room_for_input();
        let bytes = if has_room { input.poll() } else { Vec::new() };
        if !bytes.is_empty() {
            self.access(|devices| devices.push_input(self.ram, &bytes));
        }
        let mut state = self.state();
        state.devices.console.flush();
        if self.input_is_open.swap(input.is_open(), Ordering::Relaxed) && !input.is_open() {
            self.check_deadlock(&state);
        }
    }

    /// Steps taken by all harts in this run.
    pub(super) fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    /// Notes that a hart has taken steps.
    pub(super) fn took(&self, steps: u64) {
        self.steps.fetch_add(steps, Ordering::Relaxed);
    }

    /// Whether the harts are to stop.
    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// Stops the machine; the first reason counts.
    pub(super) fn stop(&self, reason: MachineStop) {
        // Whoever comes later finds the first reason there.
        let _ = self.stop.set(reason);
        self.is_stopping.store(true, Ordering::Relaxed);
        self.ends.iter().for_each(|end| end.unparker.unpark());
        self.keeper.unpark();
    }

    /// Why the machine has stopped, and how many steps the harts have taken.
    pub(super) fn end(self) -> (MachineStop, u64) {
        let now = self.now();
        let steps = self.steps();
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.devices.aclint.set_time(now);
        (self.stop.into_inner().unwrap_or(MachineStop::Interrupted), steps)
    }
}

#[cfg(test)]
mod tests {
    use crossbeam::sync::Parker;
    use iss::Width;

    use super::*;
    use crate::config::MachineConfig;
    use crate::console::Console;
    use crate::device::virtio::Slots;
    use crate::map::{self, DeviceKind, RAM_BASE};

    /// Two harts, whose timers are set to never.
    fn with_two_harts(test: impl FnOnce(&Shared<'_>, [u64; 2])) {
        let ram = Ram::new(RAM_BASE, 0x1000).unwrap();
        let config = MachineConfig { harts: 2, aclint: true, ..MachineConfig::default() };
        let mut devices = Devices::new(&config, None, Slots::default(), Console::default());
        let clint = map::region(DeviceKind::Aclint).base;
        for hart in 0..2 {
            devices.store(&ram, clint + 0x4000 + 8 * hart, Width::D, u64::MAX).unwrap();
        }
        let parkers = [(); 3].map(|()| Parker::new());
        let [harts @ .., keeper] = parkers.each_ref().map(|parker| parker.unparker().clone());
        let shared = Shared::new(&ram, &mut devices, <[_; 2]>::into_iter(harts), keeper, false);
        test(&shared, [clint, clint + 4]);
    }

    fn reason(shared: &Shared<'_>) -> Option<MachineStop> {
        shared.is_stopping().then(|| shared.stop.get().copied()).flatten()
    }

    #[test]
    fn who_has_not_seen_its_wires_does_not_fall_asleep() {
        with_two_harts(|shared, msip| {
            let seen = shared.changes(1);
            shared.access(|devices| devices.store(shared.ram(), msip[1], Width::W, 1)).unwrap();
            assert_eq!(shared.wires(1), (Interrupt::Msi.bit(), 0));
            assert!(!shared.falls_asleep(1, seen, None));
            assert!(shared.falls_asleep(0, shared.changes(0), None), "nothing has happened to this one");
            assert_eq!(reason(shared), None, "hart 1 is awake");
        });
    }

    #[test]
    fn a_supervisor_software_interrupt_wakes_its_hart_and_comes_once() {
        with_two_harts(|shared, _| {
            let seen = shared.changes(1);
            let sswi = map::region(DeviceKind::Sswi).base;
            shared.access(|devices| devices.store(shared.ram(), sswi + 4, Width::W, 1)).unwrap();
            assert!(!shared.falls_asleep(1, seen, None));
            assert!(!shared.take_ssip(0) && shared.take_ssip(1) && !shared.take_ssip(1));
        });
    }

    #[test]
    fn an_alarm_that_will_come_is_no_deadlock() {
        with_two_harts(|shared, _| {
            let rtc = map::region(DeviceKind::Rtc).base;
            shared.access(|devices| {
                devices.store(shared.ram(), rtc + 0xc, Width::W, u32::MAX.into()).unwrap();
                devices.store(shared.ram(), rtc + 8, Width::W, 0).unwrap();
                devices.store(shared.ram(), rtc + 0x10, Width::W, 1).unwrap();
            });
            assert!((0..2).all(|hart| shared.falls_asleep(hart, shared.changes(hart), None)));
            assert_eq!(reason(shared), None);
        });
    }

    #[test]
    fn all_asleep_without_a_timer_is_a_deadlock() {
        with_two_harts(|shared, msip| {
            assert!(shared.falls_asleep(0, shared.changes(0), None));
            assert!(shared.falls_asleep(1, shared.changes(1), Some(u64::MAX - 1)));
            assert_eq!(reason(shared), None, "a timer will come");
            shared.access(|devices| devices.store(shared.ram(), msip[0], Width::W, 1)).unwrap();
            assert!(shared.falls_asleep(1, shared.changes(1), None));
            assert_eq!(reason(shared), None, "hart 0 has been woken");
            assert!(shared.falls_asleep(0, shared.changes(0), None));
            assert_eq!(reason(shared), Some(MachineStop::Deadlock));
        });
    }

    #[test]
    fn the_first_reason_to_stop_counts() {
        with_two_harts(|shared, _| {
            let finisher = map::region(DeviceKind::Finisher).base;
            shared.access(|devices| devices.store(shared.ram(), finisher, Width::W, 0x7777)).unwrap();
            shared.stop(MachineStop::Timeout);
            assert_eq!(reason(shared), Some(MachineStop::Reset));
        });
    }

    #[test]
    fn the_guest_sets_the_clock_for_all() {
        with_two_harts(|shared, [clint, _]| {
            let seen = [0, 1].map(|hart| shared.changes(hart));
            shared.access(|devices| devices.store(shared.ram(), clint + 0xbff8, Width::D, 1 << 40)).unwrap();
            assert!((1 << 40..1 << 41).contains(&shared.now()));
            for (hart, seen) in seen.into_iter().enumerate() {
                assert!(!shared.falls_asleep(hart, seen, None), "timers are to be looked at anew");
            }
        });
    }
}
