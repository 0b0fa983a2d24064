//! The state of a machine, but for what is in its main memory: harts, devices and where the schedule is.

use serde::{Deserialize, Serialize};

use super::{Boot, Machine, STEPS_PER_POLL, STEPS_PER_TICK};
use crate::boot::Plan;
use crate::config::MachineConfig;
use crate::console::Console;
use crate::device::virtio::Slots;
use crate::devices::DevicesState;
use crate::snapshot::SnapshotError;
use crate::state::BadState;
use crate::turn::TurnState;

/// The state of a machine. What it is made of is told by its [`MachineConfig`].
#[derive(Serialize, Deserialize)]
pub(crate) struct MachineState {
    harts: Vec<TurnState>,
    devices: DevicesState,
    current: u64,
    last: u64,
    instructions: u64,
    to_poll: u64,
}

impl Machine {
    /// The state, but for main memory.
    pub(crate) fn save_state(&self) -> MachineState {
        let Machine {
            config: _,
            images: _,
            harts,
            bus,
            // These follow from the images.
            symbols: _,
            device_tree: _,
            current,
            last,
            instructions,
            to_poll,
            // Whoever goes on asks every hart once.
            roll: _,
            interrupter: _,
        } = self;
        MachineState {
            // What a hart does whose turn is to come is not known where somebody else goes on.
            harts: harts.iter().enumerate().map(|(index, turn)| turn.save(index < *current)).collect(),
            devices: bus.save(),
            current: *current as u64,
            last: *last as u64,
            instructions: *instructions,
            to_poll: *to_poll,
        }
    }

    /// A machine in this state, with nothing in its memory.
    pub(crate) fn restored(
        config: MachineConfig,
        console: Console,
        state: &MachineState,
    ) -> Result<Machine, SnapshotError> {
        config.check()?;
        let boot = Boot::empty(&config, &Plan::new(&config)?)?;
        let slots = Slots::new(&config)?;
        let mut machine = Machine::assemble(config, boot, slots, console);
        machine.restore(state)?;
        Ok(machine)
    }

    /// Takes a state; refused, with some of it taken, where it cannot be that of such a machine.
    fn restore(&mut self, state: &MachineState) -> Result<(), BadState> {
        let MachineState { harts, devices, current, last, instructions, to_poll } = state;
        BadState::unless(harts.len() == self.harts.len(), "there is another number of harts")?;
        let [current, last] = [*current, *last].map(|index| usize::try_from(index).unwrap_or(usize::MAX));
        BadState::unless(
            current <= harts.len() && last < harts.len(),
            "it is the turn of a hart that is not there",
        )?;
        BadState::unless(
            *to_poll <= STEPS_PER_POLL / STEPS_PER_TICK,
            "the host's side is looked at too seldom",
        )?;
        for (id, (turn, state)) in self.harts.iter_mut().zip(harts).enumerate() {
            turn.restore(state).map_err(|error| BadState::new(format!("hart {id}: {error}")))?;
        }
        self.bus.restore(devices)?;
        (self.current, self.last) = (current, last);
        (self.instructions, self.to_poll) = (*instructions, *to_poll);
        self.roll.wake_all();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use isa::asm::prelude::*;
    use isa::csr;
    use iss::Engine;

    use super::*;
    use crate::load::Image;
    use crate::map::{self, DeviceKind, RAM_BASE};
    use crate::state;
    use crate::stop::{MachineStop, Until};

    /// A supervisor that goes on for ever and leaves something everywhere: in translation caches of both stages, in
    /// counters, reservations and devices.
    fn program() -> Vec<u8> {
        const TABLE: u64 = RAM_BASE + 0x1_0000;
        const GUEST_TABLE: u64 = RAM_BASE + 0x1_4000;
        let mut a = Asm::new(RAM_BASE);
        let (supervisor, trapped) = (a.label(), a.label());
        // One leaf of 1 GiB in each stage: V, R, W, X, A and D, and U for the guest.
        for (at, flags) in [(TABLE, 0xcf), (GUEST_TABLE, 0xdf)] {
            a.li(T0, at + 16).li(T1, RAM_BASE >> 2 | flags).sd(T1, 0, T0);
        }
        a.li(T0, u64::MAX).csrw(csr::pmpaddr0::NUMBER, T0).li(T0, 0x1f).csrw(csr::pmpcfg0::NUMBER, T0);
        a.la(T0, trapped).csrw(csr::mtvec::NUMBER, T0).la(T0, supervisor).csrw(csr::mepc::NUMBER, T0);
        a.li(T0, 8 << 60 | TABLE >> 12).csrw(csr::satp::NUMBER, T0);
        a.li(T0, 8 << 60 | GUEST_TABLE >> 12).csrw(csr::hgatp::NUMBER, T0);
        a.li(T0, csr::mstatus::MPP.of(1)).csrw(csr::mstatus::NUMBER, T0).mret();
        a.align(4).place(supervisor);
        a.li(S0, RAM_BASE + 0x8000).li(S1, map::region(DeviceKind::Uart).base);
        let again = a.here();
        a.ld(T1, 0, S0)
            .addi(T1, T1, 1)
            .lr_d(T2, S0, Order::AqRl)
            .sc_d(T3, T1, S0, Order::AqRl)
            .hlv_d(T4, S0)
            .ecall()
            .j(again);
        a.align(4).place(trapped);
        a.csrr(T5, csr::mepc::NUMBER).addi(T5, T5, 4).csrw(csr::mepc::NUMBER, T5);
        a.li(S1, map::region(DeviceKind::Uart).base).lb(T6, 5, S1).mret();
        a.finish().unwrap()
    }

    fn config(engine: Engine) -> MachineConfig {
        let firmware = Some(Image::new("program", program()));
        MachineConfig { harts: 2, memory: 1 << 20, engine, firmware, ..MachineConfig::default() }
    }

    fn run(machine: &mut Machine, more: u64) -> MachineStop {
        let instructions = Some(machine.instructions().saturating_add(more));
        let deadline = Some(Instant::now() + Duration::from_secs(20));
        machine.run(Until { instructions, deadline }, None)
    }

    #[test]
    fn states_that_somebody_has_made_up_are_refused_or_run() {
        let mut machine = Machine::new(config(Engine::Fast), Console::default()).unwrap();
        assert_eq!(run(&mut machine, 5123), MachineStop::InstructionLimit);
        let bytes = state::encode(&machine.save_state());
        let mut random = 1u64;
        let mut below = |limit: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % limit
        };
        let mut runs = 0;
        for turn in 0..4000 {
            let mut altered = bytes.clone();
            for _ in 0..=below(3) {
                let at = below(altered.len());
                altered[at] = if below(2) == 0 { altered[at] ^ 1 << below(8) } else { below(256) as u8 };
            }
            let Ok(state) = state::decode(&altered) else { continue };
            let engine = if turn % 2 == 0 { Engine::Fast } else { Engine::Reference };
            let Ok(mut restored) = Machine::restored(config(engine), Console::default(), &state) else {
                continue;
            };
            for pa in (RAM_BASE..RAM_BASE + 0x2_0000).step_by(4096) {
                restored.ram().set_page(pa, &machine.ram().page(pa).unwrap()).unwrap();
            }
            assert_ne!(run(&mut restored, 1000), MachineStop::Timeout, "turn {turn}");
            runs += 1;
        }
        assert!(runs > 500, "only {runs} of the states were taken");
    }

    #[test]
    fn schedules_that_cannot_be_are_refused() {
        let machine = Machine::new(config(Engine::Fast), Console::default()).unwrap();
        let refused = |change: fn(&mut MachineState)| {
            let mut state = machine.save_state();
            change(&mut state);
            Machine::restored(config(Engine::Fast), Console::default(), &state).is_err()
        };
        assert!(!refused(|_| ()));
        assert!(!refused(|state| state.current = 2), "between two quanta");
        assert!(refused(|state| state.current = 3));
        assert!(refused(|state| state.last = 2));
        assert!(refused(|state| state.to_poll = STEPS_PER_POLL / STEPS_PER_TICK + 1));
        assert!(refused(|state| drop(state.harts.pop())));
    }
}
