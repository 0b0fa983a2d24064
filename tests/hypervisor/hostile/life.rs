//! The life of some hostile machines, and of a witness beside them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use hyp::{Hart, Host, Hpa, Hva, Local, Stop, Tables, Trap, Vcpu, Vm};
use isa::ext::Ext;
use iss::Variant;
use iss::variant::{Misaligned, MisalignedAtomic, Wfi};
use kvm::ioctl::MpState;
use kvm::{Errno, Exit};
use native::{Kernel, NativeLocal, Thread};

use super::recovery::recovers;
use super::witness::Witness;
use super::{code, monitor};
use crate::hooked::{Hooked, Watched};
use crate::rng::Rng;
use crate::world::{RAM, RAM_SIZE, World, variants};

/// How often each virtual hart of a life runs.
const ROUNDS: u64 = 12;
/// Ticks that one runs for at most.
const SLICE: u64 = 120;
/// Exits that a run has at most.
const MOST_EXITS: u64 = 100;

/// What has to have happened now and then.
pub(super) const EXPECTED: [&str; 37] = [
    "set region",
    "log words",
    "get log",
    "clear log",
    "manual log",
    "ioeventfd",
    "mp state",
    "interrupt",
    "invalidate",
    "age",
    "copy",
    "no copy",
    "get register",
    "set register",
    "immediate exit",
    "signal",
    "mmio",
    "sbi",
    "event",
    "blocked",
    "time",
    "run fails with ENOMEM",
    "run fails with EFAULT",
    "within",
    "nested run",
    "EINVAL",
    "EEXIST",
    "ENOENT",
    "EBUSY",
    "EcallVs",
    "InstGuestPageFault",
    "LoadGuestPageFault",
    "StoreGuestPageFault",
    "VirtualInst",
    "LoadAddrMisaligned",
    "StoreAddrMisaligned",
    "recovery",
];

/// How often what has happened.
#[derive(Default, Debug)]
pub(super) struct Tally(BTreeMap<String, u64>);

impl Tally {
    pub(super) fn add(&mut self, what: &str) {
        match self.0.get_mut(what) {
            Some(count) => *count += 1,
            None => drop(self.0.insert(what.to_owned(), 1)),
        }
    }

    /// Adds why a virtual hart has left its guest, each time.
    fn add_exits(&mut self, vcpu: &Vcpu) {
        for (cause, count) in vcpu.counts().iter() {
            *self.0.entry(format!("{cause:?}")).or_default() += count;
        }
    }

    pub(super) fn add_error(&mut self, errno: Errno) {
        self.add(&errno.to_string());
    }

    pub(super) fn count(&self, what: &str) -> u64 {
        self.0.iter().filter(|(name, _)| name.contains(what)).map(|(_, count)| count).sum()
    }
}

/// A machine that means harm, and its monitor's memory.
struct Victim {
    vm: Arc<Vm>,
    memory: Hva,
    threads: Vec<Thread>,
}

/// A hart that differs in something.
fn variant(rng: &mut Rng) -> Variant {
    let mut variant = rng.pick(&variants().collect::<Vec<_>>());
    variant.vmid_len = rng.pick(&[variant.vmid_len, 0, 1, 14]);
    variant.misaligned = rng.pick(&[Misaligned::Hardware, Misaligned::Trap]);
    variant.misaligned_atomic = rng.pick(&[MisalignedAtomic::Address, MisalignedAtomic::Access]);
    variant.misaligned_first = rng.one_in(2);
    variant.wfi = rng.pick(&[Wfi::Wait, Wfi::Nop, Wfi::Trap]);
    variant.tracks_fs = rng.one_in(2);
    variant.reports_tinst = rng.one_in(2);
    variant.reports_gpa = rng.one_in(2);
    variant.reports_virtual = rng.one_in(2);
    variant.reports_illegal = rng.one_in(2);
    if rng.one_in(3) {
        variant = variant.without(rng.pick(&[Ext::Svadu, Ext::Sstc, Ext::Svpbmt, Ext::Svnapot, Ext::Zicbom]));
        variant.updates_ad = rng.one_in(2);
    }
    variant
}

/// One life.
pub(super) fn live(seed: u64, tally: &mut Tally) {
    let mut rng = Rng(seed);
    let harts = 1 + rng.below(2) as usize;
    let mut world = World::new(variant(&mut rng), harts);
    let used = world.machine.kernel.memory.used();
    let mut witness = Witness::new(&mut world, rng.next());
    let mut victims: Vec<Victim> = (0..1 + rng.below(2)).map(|_| Victim::new(&mut rng, &mut world)).collect();
    for round in 0..ROUNDS {
        for victim in &mut victims {
            victim.round(&mut rng, &mut world, tally);
            // Whether there is memory is the monitor's affair until here.
            world.machine.kernel.memory.limit(usize::MAX);
            if rng.one_in(2) {
                witness.testify(&mut world, round as usize % harts, 2);
            }
        }
        if rng.one_in(8) {
            let victim = victims.swap_remove(rng.below(victims.len() as u64) as usize);
            victim.end(&world.machine.kernel, tally);
            victims.push(Victim::new(&mut rng, &mut world));
        }
        if !world.machine.kernel.take_signals().is_empty() {
            tally.add("signal");
        }
    }
    witness.testify(&mut world, 0, 8);
    for Victim { vm, memory, threads } in &mut victims {
        if recovers(&mut world, vm, *memory, &mut threads[0]) {
            tally.add("recovery");
        }
    }
    victims.into_iter().for_each(|victim| victim.end(&world.machine.kernel, tally));
    witness.end(&world);
    assert_eq!(world.machine.kernel.memory.used(), used, "memory is lost");
}

/// Runs a virtual hart until its time is up or its monitor stops, which answers anything.
fn run<H: Hart, M: Host>(
    rng: &RefCell<Rng>,
    tally: &RefCell<&mut Tally>,
    local: &mut Local<H>,
    host: &M,
    thread: &mut Thread,
    end: u64,
) {
    let add = |what: &str| tally.borrow_mut().add(what);
    let immediate = rng.borrow_mut().one_in(8);
    thread.page().set_immediate_exit(immediate);
    thread.vcpu.load(local, host);
    let mut exits = 0;
    let end_of_run = loop {
        let (vcpu, mut page) = thread.parts();
        match vcpu.run(local, host, &mut page) {
            Ok(Stop::Interrupt) if local.hart.time() < end => {}
            Ok(Stop::Interrupt) => break "time".to_owned(),
            Ok(Stop::Blocked) => break "blocked".to_owned(),
            Ok(Stop::Exit) => {
                add(match page.exit() {
                    Exit::Mmio { .. } => "mmio",
                    Exit::Sbi { .. } => "sbi",
                    Exit::SystemEvent { .. } => "event",
                    Exit::Csr { .. } => "csr",
                    exit => panic!("there is no such exit: {exit:x?}"),
                });
                let mut rng = rng.borrow_mut();
                let value = code::value(&mut rng);
                match rng.below(5) {
                    0 => page.set_loaded(value),
                    1 => page.set_sbi_return([value, rng.next()]),
                    2 => page.set_csr_return(value),
                    _ => {}
                }
                exits += 1;
                if exits == MOST_EXITS || rng.one_in(5) {
                    break "monitor stops".to_owned();
                }
            }
            Err(Errno::EINTR) => {
                assert!(immediate, "nothing has interrupted the run");
                break "immediate exit".to_owned();
            }
            Err(errno @ (Errno::EFAULT | Errno::ENOMEM)) => {
                break format!("run fails with {errno}");
            }
            Err(errno) => panic!("the run has failed: {errno}"),
        }
    };
    add(&end_of_run);
    thread.vcpu.put(local);
}

impl Victim {
    fn new(rng: &mut Rng, world: &mut World) -> Victim {
        let vm = world.machine.vm().unwrap();
        let memory = world.machine.give_memory(&vm, 0, RAM, RAM_SIZE).unwrap();
        let mut threads = Vec::new();
        for number in 0..1 + rng.below(3) as usize {
            let vcpu = vm.create_vcpu(number).unwrap();
            vcpu.shared().set_mp_state(&world.machine.kernel, MpState::RUNNABLE).unwrap();
            threads.push(Thread::new(vcpu));
        }
        Victim { vm, memory, threads }
    }

    /// Gives all back that it has.
    fn end(self, kernel: &Kernel, tally: &mut Tally) {
        for thread in self.threads {
            tally.add_exits(&thread.vcpu);
            thread.vcpu.destroy(kernel);
        }
        self.vm.destroy(kernel);
        kernel.free(Hpa(self.memory.0), RAM_SIZE);
    }

    /// Runs each virtual hart once, with something happening before and meanwhile.
    fn round(&mut self, rng: &mut Rng, world: &mut World, tally: &mut Tally) {
        for index in 0..self.threads.len() {
            let native::Machine { kernel, locals, .. } = &mut world.machine;
            for _ in 0..rng.below(5) {
                monitor::meddle(rng, tally, &self.vm, &mut locals[0], kernel, self.memory);
            }
            let now = world.machine.now();
            let thread = &mut self.threads[index];
            if rng.one_in(3) {
                monitor::registers(rng, tally, &mut thread.vcpu, now);
            }
            if rng.one_in(8) {
                // The virtual hart goes, whatever it has been about to do, and another one comes.
                let number = thread.vcpu.shared().number();
                let old = self.threads.remove(index);
                tally.add_exits(&old.vcpu);
                old.vcpu.destroy(&world.machine.kernel);
                assert_eq!(self.vm.create_vcpu(kvm_number(rng)).err(), Some(Errno::EINVAL));
                let other = Thread::new(self.vm.create_vcpu(number).unwrap());
                assert_eq!(self.vm.create_vcpu(number).err(), Some(Errno::EEXIST));
                self.threads.insert(index, other);
            }
            let thread = &mut self.threads[index];
            if !rng.one_in(4) {
                code::jolt(rng, &mut thread.vcpu, &world.machine.kernel, self.memory, now);
                let (kernel, local) = (&world.machine.kernel, &mut world.machine.locals[0]);
                if !rng.one_in(8) {
                    self.repair(rng, local, kernel);
                }
            }
            self.slice(rng, world, tally, index);
        }
    }

    /// Gives the guest its memory back, as far as nothing is in the way, and lets its harts run.
    fn repair(&self, rng: &mut Rng, local: &mut NativeLocal, kernel: &Kernel) {
        for slot in 0..if rng.one_in(2) { 5 } else { 1 } {
            let nothing =
                kvm::ioctl::UserMemoryRegion { slot, memory_size: 0, ..monitor::main_region(self.memory, 0) };
            // There need not be one.
            let _ = self.vm.set_user_memory_region(local, kernel, &nothing);
        }
        let _ = self.vm.set_user_memory_region(local, kernel, &monitor::main_region(self.memory, 0));
        for thread in &self.threads {
            thread.vcpu.shared().set_mp_state(kernel, MpState::RUNNABLE).unwrap();
        }
        for _ in 0..4 {
            self.vm.invalidate_end();
        }
    }

    /// Lets a virtual hart run; where there is another hart, its monitor does something there in between, and another
    /// virtual hart runs.
    fn slice(&mut self, rng: &mut Rng, world: &mut World, tally: &mut Tally, index: usize) {
        let Victim { vm, memory, threads } = self;
        let native::Machine { kernel, locals, hypervisor, .. } = &mut world.machine;
        let end = locals[0].hart.time() + 1 + rng.below(SLICE);
        let (chance, tally) = (RefCell::new(Rng(rng.next())), RefCell::new(tally));
        let (before, rest) = threads.split_at_mut(index);
        let (thread, after) = rest.split_first_mut().expect("there is such a thread");
        let [first, others @ ..] = &mut locals[..] else { panic!("there is a hart") };
        first.hart.hart().set_limit(end);
        let Some(second) = others.first_mut() else {
            return run(&chance, &tally, first, kernel, thread, end);
        };
        let others = RefCell::new((second, before.first_mut().or(after.first_mut())));
        let often = rng.pick(&[3, 10, 100]);
        let within = |kernel: &Kernel| {
            if !chance.borrow_mut().one_in(often) {
                return;
            }
            let (second, other) = &mut *others.borrow_mut();
            tally.borrow_mut().add("within");
            monitor::meddle(&mut chance.borrow_mut(), &mut tally.borrow_mut(), vm, second, kernel, *memory);
            if let Some(other) = other
                && chance.borrow_mut().one_in(3)
            {
                let end = second.hart.time() + 1 + chance.borrow_mut().below(20);
                second.hart.hart().set_limit(end);
                run(&chance, &tally, second, kernel, other, end);
                tally.borrow_mut().add("nested run");
            }
        };
        let watched = Watched { hart: first.hart.hart(), hook: |_: &Trap| within(kernel) };
        let mut local = Local::enable(hypervisor.clone(), watched, 0);
        run(&chance, &tally, &mut local, &Hooked::new(kernel, within), thread, end);
        drop(local);
        // Another has been in charge of the hart.
        first.forget();
    }
}

/// A number that no virtual hart can have.
fn kvm_number(rng: &mut Rng) -> usize {
    (rng.next() as usize).max(hyp::vm::MAX_VCPUS)
}
