//! A machine and guests that are programs of the tests, run exit by exit.

use std::sync::Arc;

use hyp::{Hva, Stop, Vm};
use isa::asm::prelude::Asm;
use isa::ext::Ext;
use iss::Variant;
use iss::variant::TlbPolicy;
use kvm::{Errno, Exit, Register};
use native::{Machine, Thread};

/// Where guests have memory, and begin.
pub(crate) const RAM: u64 = 0x8000_0000;
/// How much.
pub(crate) const RAM_SIZE: u64 = 4 << 20;
/// Where a guest has a device.
pub(crate) const DEVICE: u64 = 0x1000_0000;

/// The machine's memory.
const MEMORY: u64 = 64 << 20;
/// How long a guest may run for one exit.
const LIMIT: u64 = 20_000;

/// What a run has led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    /// The monitor has something to do.
    Exit(Exit),
    /// The virtual hart waits.
    Blocked,
    /// Time is up.
    Limit,
    /// The run has failed.
    Failed(Errno),
}

/// A machine.
pub(crate) struct World {
    pub(crate) machine: Machine,
}

/// A guest with one virtual hart.
pub(crate) struct Guest {
    pub(crate) vm: Arc<Vm>,
    pub(crate) thread: Thread,
    /// Where the user has its memory.
    pub(crate) memory: Hva,
}

impl World {
    pub(crate) fn new(variant: Variant, harts: usize) -> World {
        World { machine: Machine::new(variant, harts, MEMORY, None).expect("the harts are good enough") }
    }

    /// A guest that begins with a program.
    pub(crate) fn guest(&mut self, program: Asm) -> Guest {
        let vm = self.machine.vm().unwrap();
        let memory = self.machine.give_memory(&vm, 0, RAM, RAM_SIZE).unwrap();
        self.machine.kernel.memory.write(memory, &program.finish().unwrap()).unwrap();
        let mut vcpu = vm.create_vcpu(0).unwrap();
        vcpu.set_one_reg(Register::PC, 0, &RAM.to_le_bytes()).unwrap();
        Guest { vm, thread: Thread::new(vcpu), memory }
    }

    /// Runs a guest on a hart until something is to be done, and takes it out of the hart.
    pub(crate) fn run(&mut self, hart: usize, guest: &mut Guest) -> Event {
        let Machine { kernel, locals, .. } = &mut self.machine;
        let local = &mut locals[hart];
        let end = hyp::Hart::time(&mut local.hart) + LIMIT;
        local.hart.hart().set_limit(end);
        guest.thread.vcpu.load(local, kernel);
        let event = loop {
            let (vcpu, mut page) = guest.thread.parts();
            match vcpu.run(local, kernel, &mut page) {
                Ok(Stop::Exit) => break Event::Exit(page.exit()),
                Ok(Stop::Blocked) => break Event::Blocked,
                Ok(Stop::Interrupt) if hyp::Hart::time(&mut local.hart) >= end => break Event::Limit,
                Ok(Stop::Interrupt) => {}
                Err(errno) => break Event::Failed(errno),
            }
        };
        guest.thread.vcpu.put(local);
        event
    }
}

impl Guest {
    /// What a load of the guest's gets from its device.
    pub(crate) fn answer(&mut self, value: u64) {
        self.thread.page().set_loaded(value);
    }
}

/// A store of the guest's to its device.
pub(crate) fn store(offset: u64, length: u32, value: u64) -> Event {
    Event::Exit(Exit::Mmio { address: DEVICE + offset, length, stored: Some(value) })
}

/// A load of the guest's from its device.
pub(crate) fn load(offset: u64, length: u32) -> Event {
    Event::Exit(Exit::Mmio { address: DEVICE + offset, length, stored: None })
}

/// Harts that differ in what a hypervisor must cope with.
pub(crate) fn variants() -> impl Iterator<Item = Variant> {
    let tlbs = [TlbPolicy::None, TlbPolicy::Exact, TlbPolicy::Sticky];
    tlbs.into_iter().flat_map(|tlb| {
        [(0, false, 3), (0, true, 4), (1, true, 5), (2, false, 5), (14, false, 3), (14, true, 5)].map(
            |(vmid_len, sstc, hgatp_levels)| {
                let all = Variant {
                    tlb,
                    vmid_len,
                    hgatp_levels,
                    reports_tinst: vmid_len != 2,
                    reports_gpa: vmid_len != 1,
                    ..Variant::default()
                };
                if sstc { all } else { all.without(Ext::Sstc).without(Ext::Smstateen) }
            },
        )
    })
}
