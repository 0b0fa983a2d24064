//! A machine with a hypervisor, and guests whose virtual harts take turns on its harts.

use std::fmt;
use std::sync::Arc;

use hyp::ledger::Counted;
use hyp::vcpu::Vcpu;
use hyp::{Hva, Hypervisor, Local, Stop, Tables, Vm};
use isa::paging::Scheme;
use iss::Variant;
use kvm::ioctl::UserMemoryRegion;
use kvm::trace::Answer;
use kvm::{Errno, Exit, Run};

use crate::board::Board;
use crate::hart::NativeHart;
use crate::kernel::Kernel;

/// How long a virtual hart runs before another gets its turn: a millisecond.
const SLICE: u64 = 10_000;

/// Ticks of the clock in a second.
const FREQUENCY: u64 = 10_000_000;

/// Bytes of the page that a virtual hart shares with its monitor.
const PAGE: usize = 4096;

/// A machine.
pub struct Machine {
    /// What is around the hypervisor.
    pub kernel: Kernel,
    /// The hypervisor.
    pub hypervisor: Arc<Hypervisor>,
    /// The harts, with what exits cost on each.
    pub locals: Vec<NativeLocal>,
    board: Board,
}

/// A hart that guests run on, whose exits' costs are counted.
pub type NativeLocal = Local<Counted<NativeHart>>;

/// What keeps a guest from going on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Error {
    /// Its monitor has no answer to an exit, and says what to do.
    Stuck {
        /// The virtual hart's number.
        vcpu: usize,
        /// The exit.
        exit: Exit,
        /// What to do.
        advice: &'static str,
    },
    /// The run of a virtual hart has failed.
    Failed {
        /// Its number.
        vcpu: usize,
        /// Why.
        errno: Errno,
        /// Where it was.
        pc: u64,
    },
    /// All virtual harts wait, and nothing will wake them.
    Asleep,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Stuck { vcpu, exit, advice } => {
                write!(f, "virtual CPU {vcpu} has an exit that cannot be served, {exit:x?}: {advice}")
            }
            Error::Failed { vcpu, errno, pc } => {
                write!(f, "virtual CPU {vcpu} cannot be run, {errno}; it is at {pc:#x}")
            }
            Error::Asleep => {
                f.write_str("all virtual CPUs wait, and nothing will wake them: have the guest set a timer")
            }
        }
    }
}

impl std::error::Error for Error {}

/// Who serves a guest's exits.
pub trait Monitor {
    /// What comes of the guest's end.
    type End;

    /// Serves an exit of the virtual hart with a number.
    ///
    /// # Errors
    /// What is to be done where it cannot be served.
    fn serve(&mut self, kernel: &Kernel, vcpu: usize, exit: Exit) -> Result<Served<Self::End>, &'static str>;
}

/// What has been done about an exit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Served<E> {
    /// The guest goes on with this answer.
    Resume(Answer),
    /// It has ended.
    End(E),
}

/// A virtual hart with the page that it shares with its monitor.
#[derive(Debug)]
pub struct Thread {
    /// The virtual hart.
    pub vcpu: Vcpu,
    page: Vec<u8>,
    is_blocked: bool,
}

impl Thread {
    /// A virtual hart that has not run.
    pub fn new(vcpu: Vcpu) -> Thread {
        Thread { vcpu, page: vec![0; PAGE], is_blocked: false }
    }

    /// The virtual hart and its page.
    ///
    /// # Panics
    /// Never: the page is large enough.
    pub fn parts(&mut self) -> (&mut Vcpu, Run<'_>) {
        (&mut self.vcpu, Run::new(&mut self.page).expect("the page is large enough"))
    }

    /// The page that it shares with its monitor.
    pub fn page(&mut self) -> Run<'_> {
        self.parts().1
    }
}

impl Machine {
    /// A machine of so many harts and bytes of memory, on which guests' addresses are translated in a certain way or in the
    /// widest there is.
    ///
    /// # Errors
    /// What the harts lack; or the memory that this computer has not.
    pub fn new(
        variant: Variant,
        harts: usize,
        memory: u64,
        gstage: Option<&'static Scheme>,
    ) -> Result<Machine, Box<dyn std::error::Error + Send + Sync>> {
        let board = Board::new(memory)?;
        let mut harts = NativeHart::all(&board, variant, harts)?;
        let machine = hyp::Machine {
            isa: variant.extensions,
            frequency: FREQUENCY,
            harts: harts.len(),
            block_size: iss::bus::CACHE_BLOCK_SIZE,
            ids: [0; 3],
            gstage,
        };
        let hypervisor = Hypervisor::new(&mut harts[0], machine)?;
        let enable = |(number, hart)| Local::enable(Arc::clone(&hypervisor), Counted::new(hart), number);
        let locals = harts.into_iter().enumerate().map(enable).collect();
        Ok(Machine { kernel: Kernel::new(&board), locals, board, hypervisor })
    }

    /// What time it is.
    pub fn now(&self) -> u64 {
        self.board.clock.now()
    }

    /// A virtual machine without memory.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn vm(&self) -> Result<Arc<Vm>, Errno> {
        Vm::new(&self.hypervisor, &self.kernel, self.now())
    }

    /// Gives a virtual machine `size` bytes of memory, a power of two, at a guest physical address, by a slot; and returns
    /// where the user has it.
    ///
    /// # Errors
    /// `ENOMEM`, and those of the slot.
    pub fn give_memory(&mut self, vm: &Vm, slot: u32, address: u64, size: u64) -> Result<Hva, Errno> {
        let memory = self.kernel.allocate(size).ok_or(Errno::ENOMEM)?;
        let region = UserMemoryRegion {
            slot,
            flags: 0,
            guest_phys_addr: address,
            memory_size: size,
            userspace_addr: memory.0,
        };
        vm.set_user_memory_region(&mut self.locals[0], &self.kernel, &region)?;
        Ok(Hva(memory.0))
    }

    /// Runs a guest's virtual harts in turn, each on the hart of its number as far as there are as many, until it ends.
    ///
    /// # Errors
    /// What keeps it from going on.
    pub fn run<M: Monitor>(&mut self, threads: &mut [Thread], monitor: &mut M) -> Result<M::End, Error> {
        loop {
            let mut has_run = false;
            for (number, thread) in threads.iter_mut().enumerate() {
                let hart = number % self.locals.len();
                let now = self.now();
                if thread.is_blocked && !thread.vcpu.is_runnable(now) {
                    continue;
                }
                has_run = true;
                if let Some(end) = self.turn(hart, thread, monitor)? {
                    return Ok(end);
                }
            }
            if !has_run {
                let now = self.now();
                let next = threads.iter().filter(|thread| thread.vcpu.shared().is_on());
                let next = next.filter_map(|thread| thread.vcpu.wake_time(now)).min();
                self.board.clock.advance_to(next.ok_or(Error::Asleep)?);
            }
        }
    }

    /// Lets a virtual hart run until its time is up, it waits, or its guest ends.
    fn turn<M: Monitor>(
        &mut self,
        hart: usize,
        thread: &mut Thread,
        monitor: &mut M,
    ) -> Result<Option<M::End>, Error> {
        let end = self.now() + SLICE;
        let local = &mut self.locals[hart];
        local.hart.hart().set_limit(end);
        thread.is_blocked = false;
        let number = thread.vcpu.shared().number();
        thread.vcpu.load(local, &self.kernel);
        let ended = loop {
            let (vcpu, mut page) = thread.parts();
            match vcpu.run(local, &self.kernel, &mut page) {
                Ok(Stop::Interrupt) if self.board.clock.now() >= end => break Ok(None),
                Ok(Stop::Interrupt) => {}
                Ok(Stop::Blocked) => {
                    thread.is_blocked = true;
                    break Ok(None);
                }
                Ok(Stop::Exit) => match serve(monitor, &self.kernel, number, &mut page) {
                    Ok(None) => {}
                    ended => break ended,
                },
                Err(errno) => {
                    break Err(Error::Failed { vcpu: number, errno, pc: thread.vcpu.pc() });
                }
            }
        };
        thread.vcpu.put(local);
        ended
    }
}

/// Has an exit served, and puts the answer where the hypervisor looks for it.
fn serve<M: Monitor>(
    monitor: &mut M,
    kernel: &Kernel,
    vcpu: usize,
    page: &mut Run<'_>,
) -> Result<Option<M::End>, Error> {
    let exit = page.exit();
    match monitor.serve(kernel, vcpu, exit) {
        Ok(Served::Resume(answer)) => {
            match answer {
                Answer::None => {}
                Answer::Loaded(value) => page.set_loaded(value),
                Answer::Returned(values) => page.set_sbi_return(values),
            }
            Ok(None)
        }
        Ok(Served::End(end)) => Ok(Some(end)),
        Err(advice) => Err(Error::Stuck { vcpu, exit, advice }),
    }
}
