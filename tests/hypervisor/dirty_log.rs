//! The log of written pages misses none: whatever a guest's harts or the hypervisor have changed since a page was last
//! cleared is in it, whenever it is asked for. Linux, "The Definitive KVM API Documentation", `KVM_GET_DIRTY_LOG` and
//! `KVM_CLEAR_DIRTY_LOG`.

mod writer;

use std::cell::RefCell;
use std::panic::catch_unwind;
use std::sync::Arc;

use hyp::museum::{Mistake, repeat};
use hyp::{Gpa, Hart, Host, Hva, Local, Stop, Tables, Trap, Vm};
use isa::ext::Ext;
use isa::paging::PAGE_SIZE;
use iss::Variant;
use iss::variant::Misaligned;
use kvm::Register;
use kvm::ioctl::{MpState, UserMemoryRegion};
use native::{Kernel, NativeLocal, Thread};

use crate::hooked::{Hooked, Watched};
use crate::hostile::{Seed, seeds};
use crate::rng::Rng;
use crate::world::{RAM, World, variants};

/// The guest's memory: four large pages.
const SIZE: u64 = 8 << 20;
/// Its pages.
const PAGES: usize = (SIZE / PAGE_SIZE) as usize;
/// How often something is written and asked for in one guest's life.
const ROUNDS: usize = 12;
/// Ticks that a virtual hart runs for at a time.
const SLICE: u64 = 400;

/// What has been seen.
#[derive(Default, Debug)]
struct Tally {
    changed: u64,
    logged: u64,
    asked: u64,
    cleared: u64,
    /// How often the log was asked for between a guest's exit and what is done about it, or while memory was looked for.
    within: u64,
    invalidated: u64,
    by_hypervisor: u64,
}

/// A guest whose memory is watched by its log, and by looking at it.
struct Watch {
    vm: Arc<Vm>,
    memory: Hva,
    rng: Rng,
    is_logged: bool,
    is_manual: bool,
    content: Vec<u8>,
    /// What the memory held earlier.
    before: Vec<u8>,
    /// Which pages have changed since they were cleared last.
    changed: Vec<bool>,
    tally: Tally,
}

#[test]
fn no_page_that_has_changed_is_missing() {
    let mut tally = Tally::default();
    for seed in seeds(30) {
        let _seed = Seed(seed, "no_page_that_has_changed");
        live(seed, &mut tally);
        if seed % 1000 == 999 {
            println!("seed {seed}: {tally:?}");
        }
    }
    println!("{tally:?}");
    let Tally { changed, logged, asked, cleared, within, invalidated, by_hypervisor } = tally;
    let counts = [changed, logged, cleared, within, invalidated, by_hypervisor];
    assert!(counts.iter().all(|count| *count > 0), "some of it has never happened: {tally:?}");
    assert!(logged < asked * PAGES as u64 / 2, "a log that holds everything holds nothing: {tally:?}");
}

#[test]
fn a_write_that_is_not_logged_is_noticed() {
    repeat(Some(Mistake::B5));
    let is_noticed = |seed| catch_unwind(|| live(seed, &mut Tally::default())).is_err();
    let noticed = (0..10).any(is_noticed);
    repeat(None);
    assert!(noticed, "large pages lose writes");
}

/// A hart that differs in something.
fn variant(rng: &mut Rng) -> Variant {
    let mut variant = rng.pick(&variants().collect::<Vec<_>>());
    if rng.one_in(3) {
        variant.misaligned = Misaligned::Trap;
    }
    if rng.one_in(3) {
        variant = variant.without(Ext::Svadu);
        variant.updates_ad = rng.one_in(2);
    }
    variant
}

/// One guest's life.
fn live(seed: u64, tally: &mut Tally) {
    let mut rng = Rng(seed);
    let variant = variant(&mut rng);
    let mut world = World::new(variant, 2);
    let used = world.machine.kernel.memory.used();
    let vm = world.machine.vm().unwrap();
    let block = world.machine.kernel.allocate(2 * SIZE).unwrap();
    // Where user and guest do not begin at the same place within a large page, there are small ones only.
    let memory = Hva(block.0 + if rng.one_in(3) { PAGE_SIZE } else { 0 });
    let manual = rng.pick(&[0, 0, 1, 3]);
    vm.set_manual_dirty_log(manual).unwrap();
    let mut watch = Watch {
        vm: vm.clone(),
        memory,
        rng: Rng(rng.next()),
        is_logged: false,
        is_manual: manual != 0,
        content: vec![0; SIZE as usize],
        before: vec![0; SIZE as usize],
        changed: vec![false; PAGES],
        tally: std::mem::take(tally),
    };
    watch.set_region(&mut world.machine.locals[0], &world.machine.kernel, false);
    let mut threads = [0, 1].map(|number| {
        let thread = Thread::new(vm.create_vcpu(number).unwrap());
        thread.vcpu.shared().set_mp_state(&world.machine.kernel, MpState::RUNNABLE).unwrap();
        thread
    });
    for round in 0..ROUNDS {
        if rng.one_in(4) || round == 1 {
            let starts = !watch.is_logged;
            watch.set_region(&mut world.machine.locals[0], &world.machine.kernel, starts);
        }
        for (number, thread) in (0..).zip(&mut threads) {
            writer::prepare(&mut rng, thread, &world.machine.kernel, memory, number);
        }
        // What the test has written itself is nobody's.
        watch.read(&world.machine.kernel);
        for _ in 0..2 {
            watch.run(&mut world, &mut threads, &mut rng);
            watch.meddle(&mut world.machine.locals[1], &world.machine.kernel);
        }
    }
    threads.into_iter().for_each(|thread| thread.vcpu.destroy(&world.machine.kernel));
    vm.destroy(&world.machine.kernel);
    world.machine.kernel.free(block, 2 * SIZE);
    assert_eq!(world.machine.kernel.memory.used(), used, "memory is lost");
    *tally = watch.tally;
}

/// Runs a virtual hart until its time is up or it has nothing more to do.
fn run<H: Hart, M: Host>(local: &mut Local<H>, host: &M, thread: &mut Thread, end: u64) {
    thread.vcpu.load(local, host);
    loop {
        let (vcpu, mut page) = thread.parts();
        match vcpu.run(local, host, &mut page) {
            Ok(Stop::Interrupt) if local.hart.time() < end => {}
            Ok(_) => break,
            Err(errno) => panic!("the run has failed: {errno}"),
        }
    }
    thread.vcpu.put(local);
}

impl Watch {
    /// Turns the log on or off.
    fn set_region(&mut self, local: &mut NativeLocal, kernel: &Kernel, log: bool) {
        let region = UserMemoryRegion {
            slot: 0,
            flags: if log { UserMemoryRegion::LOG_DIRTY_PAGES } else { 0 },
            guest_phys_addr: RAM,
            memory_size: SIZE,
            userspace_addr: self.memory.0,
        };
        self.vm.set_user_memory_region(local, kernel, &region).unwrap();
        self.is_logged = log;
        self.changed.fill(false);
        self.read(kernel);
    }

    /// Learns what the memory holds.
    fn read(&mut self, kernel: &Kernel) {
        kernel.read_user(self.memory, &mut self.content).unwrap();
    }

    /// Learns which pages have changed.
    fn compare(&mut self, kernel: &Kernel) {
        std::mem::swap(&mut self.content, &mut self.before);
        self.read(kernel);
        let size = PAGE_SIZE as usize;
        for (changed, (old, new)) in
            self.changed.iter_mut().zip(self.before.chunks(size).zip(self.content.chunks(size)))
        {
            if old != new {
                *changed = true;
                self.tally.changed += 1;
            }
        }
    }

    /// Asks for the log, which must hold what has changed; and clears some of it, where that is a call of its own.
    fn ask(&mut self, local: &mut NativeLocal, kernel: &Kernel) {
        if !self.is_logged {
            return;
        }
        // Nothing runs meanwhile, so that it does not matter which comes first.
        self.compare(kernel);
        let mut log = vec![0; self.vm.dirty_log_words(0).unwrap()];
        self.vm.get_dirty_log(local, kernel, 0, &mut log).unwrap();
        let has = |page: usize| log[page / 64] >> (page % 64) & 1 != 0;
        let missing: Vec<usize> = (0..PAGES).filter(|page| self.changed[*page] && !has(*page)).collect();
        assert!(missing.is_empty(), "pages have changed that are not logged: {missing:x?}");
        self.tally.asked += 1;
        self.tally.logged += (0..PAGES).filter(|page| has(*page)).count() as u64;
        if !self.is_manual {
            self.changed.fill(false);
        } else if !self.rng.one_in(3) {
            self.clear(local, kernel, &log);
        }
    }

    /// Clears pages of the log: all of some words, or some of all.
    fn clear(&mut self, local: &mut NativeLocal, kernel: &Kernel, log: &[u64]) {
        let words = log.len() as u64;
        let (first, count) = if self.rng.one_in(2) {
            let first = self.rng.below(words);
            (first, 1 + self.rng.below(words - first))
        } else {
            (0, words)
        };
        let of_words = &log[first as usize..][..count as usize];
        let all = self.rng.one_in(2);
        let mask: Vec<u64> = of_words
            .iter()
            .map(|word| if all { *word } else { self.rng.next() & (word | self.rng.zero_except_one_in(8)) })
            .collect();
        self.vm.clear_dirty_log(local, kernel, 0, first * 64, count * 64, &mask).unwrap();
        for (word, mask) in (first..).zip(&mask) {
            for bit in (0..64).filter(|bit| mask >> bit & 1 != 0) {
                self.changed[word as usize * 64 + bit] = false;
                self.tally.cleared += 1;
            }
        }
    }

    /// Does something to the memory.
    fn meddle(&mut self, local: &mut NativeLocal, kernel: &Kernel) {
        let page = |rng: &mut Rng| rng.below(SIZE / PAGE_SIZE) * PAGE_SIZE;
        match self.rng.below(6) {
            0 | 1 => self.ask(local, kernel),
            2 => {
                let (one, other) = (page(&mut self.rng), page(&mut self.rng));
                let range =
                    self.memory.offset(one.min(other))..self.memory.offset(one.max(other) + PAGE_SIZE);
                self.vm.invalidate_begin(local, kernel, range);
                self.vm.invalidate_end();
                self.tally.invalidated += 1;
            }
            3 => {
                let range = self.memory..self.memory.offset(page(&mut self.rng));
                self.vm.age(kernel, range, true);
            }
            4 => {
                let at = RAM + writer::DATA + self.rng.below(SIZE - writer::DATA - 2 * PAGE_SIZE);
                let bytes = vec![self.rng.next() as u8; 1 + self.rng.below(2 * PAGE_SIZE) as usize];
                self.vm.write(kernel, Gpa(at), &bytes).unwrap();
                self.tally.by_hypervisor += 1;
            }
            _ => {}
        }
    }

    /// Runs one virtual hart, and within, the other one and whoever asks for the log.
    fn run(&mut self, world: &mut World, threads: &mut [Thread; 2], rng: &mut Rng) {
        let native::Machine { kernel, locals, hypervisor, .. } = &mut world.machine;
        let [first, second] = &mut locals[..] else { panic!("there are two harts") };
        let end = first.hart.time() + SLICE;
        first.hart.hart().set_limit(end);
        let [thread, other] = threads;
        let often = rng.pick(&[4, 20, 100]);
        let is_within = RefCell::new((self, second, other, &mut *rng));
        let within = |kernel: &Kernel| {
            let (watch, second, other, rng) = &mut *is_within.borrow_mut();
            if !rng.one_in(often) {
                return;
            }
            if rng.one_in(2) {
                let end = second.hart.time() + SLICE / 8;
                second.hart.hart().set_limit(end);
                run(second, kernel, other, end);
            }
            watch.tally.within += 1;
            watch.meddle(second, kernel);
        };
        let watched = Watched { hart: first.hart.hart(), hook: |_: &Trap| within(kernel) };
        let mut local = Local::enable(hypervisor.clone(), watched, 0);
        run(&mut local, &Hooked::new(kernel, within), thread, end);
        drop(local);
        first.forget();
    }
}

/// A record of stolen time, which the hypervisor writes by itself, is somewhere in the guest's data.
fn record(rng: &mut Rng) -> (Register, u64) {
    let number = kvm::one_reg::index::sta::SHMEM_LO;
    let place = RAM + writer::DATA + rng.below(SIZE - writer::DATA) / 64 * 64;
    (Register::sbi_state(kvm::one_reg::STATE_STA, number), place)
}
