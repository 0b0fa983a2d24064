//! A virtual machine: its virtual harts, its RAM, and the monitor that serves what leads out of its guest.

use alloc::vec::Vec;

use hyp::{Hart, Stop, Vm};
use kvm::ioctl::UserMemoryRegion;
use kvm::trace::{Answer, Line};
use kvm::{Errno, Register};
use vmm_core::device_tree::{self, Description};
use vmm_core::image;
use vmm_core::map::{DEVICE_TREE, DEVICE_TREE_SIZE, RAM_BASE, RAM_SIZE};
use vmm_core::serve::{Next, Outside, serve};
use vmm_core::uart::Uart;

use crate::console::{GuestConsole, println};
use crate::error::Error;
use crate::guests::{Guest, Wanted};
use crate::kernel::Kernel;
use crate::memory::Ram;
use crate::report::Report;
use crate::scheduler::Core;
use crate::vcpu::Vcpu;
use crate::{Arc, sbi};

/// A virtual machine.
pub(crate) struct Machine {
    /// Its number, 1 or 2.
    number: usize,
    guest: &'static Guest,
    vm: Arc<Vm>,
    vcpus: Vec<Vcpu>,
    ram: Ram,
    uart: Uart,
    console: GuestConsole,
    /// Whether each exit to the monitor has a line.
    trace: bool,
    /// Whether its guest has ended, and then whether it has failed.
    ended: Option<bool>,
}

/// What is around the guest's devices.
struct Around<'a> {
    number: usize,
    guest: &'static Guest,
    console: &'a mut GuestConsole,
    ram: &'a mut Ram,
}

impl Outside for Around<'_> {
    fn send(&mut self, byte: u8) {
        self.console.write(self.number, self.guest.name, byte);
    }

    fn receive(&mut self) -> Option<u8> {
        sbi::read_byte()
    }

    fn ram(&self, offset: usize) -> u8 {
        self.ram.get(offset)
    }

    fn set_ram(&mut self, offset: usize, byte: u8) {
        self.ram.set(offset, byte);
    }
}

impl Machine {
    /// Machine `number`, with a guest in its RAM and its first virtual hart at the guest's beginning.
    pub(crate) fn new(
        core: &mut Core,
        number: usize,
        (guest, count): Wanted,
        trace: bool,
    ) -> Result<Machine, Error> {
        let Core { local, kernel, hypervisor, frequency } = core;
        let now = local.hart.time();
        let vm = Vm::new(hypervisor, kernel, now).map_err(Error::call("create a machine"))?;
        let mut ram = Ram::new().ok_or(Error::NoMemory)?;
        let region = UserMemoryRegion {
            slot: 0,
            flags: 0,
            guest_phys_addr: RAM_BASE,
            memory_size: RAM_SIZE as u64,
            userspace_addr: ram.address().0,
        };
        vm.set_user_memory_region(local, kernel, &region).map_err(Error::call("give a machine its RAM"))?;
        let mut vcpus = (0..count).map(|number| Vcpu::new(&vm, number)).collect::<Result<Vec<_>, Error>>()?;
        let first = &mut vcpus[0];
        let isa = first.get(Register::ISA)?;
        // SAFETY: no virtual hart runs yet.
        let bytes = unsafe { ram.bytes() };
        let entry = image::load(guest.image, bytes).map_err(|error| Error::Image(guest.name, error))?;
        let start = (DEVICE_TREE - RAM_BASE) as usize;
        let description = Description { vcpus: count, isa, frequency: *frequency as u32 };
        device_tree::write(&description, &mut bytes[start..start + DEVICE_TREE_SIZE])?;
        first.set(Register::PC, entry)?;
        first.set(Register::A1, DEVICE_TREE)?;
        let (uart, console) = (Uart::new(), GuestConsole::new());
        Ok(Machine { number, guest, vm, vcpus, ram, uart, console, trace, ended: None })
    }

    /// How many virtual harts it has.
    pub(crate) fn vcpus(&self) -> usize {
        self.vcpus.len()
    }

    /// Whether its guest has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Whether a virtual hart of it can run at `now`.
    pub(crate) fn is_ready(&mut self, vcpu: usize, now: u64) -> bool {
        !self.has_ended() && self.vcpus[vcpu].is_ready(now)
    }

    /// When a timer will end the waiting of one of its virtual harts.
    pub(crate) fn wake_time(&self, now: u64) -> Option<u64> {
        self.vcpus.iter().filter_map(|vcpu| vcpu.wake_time(now)).min()
    }

    /// Lets a virtual hart run until `end`, or until it waits or its machine ends.
    pub(crate) fn run(&mut self, core: &mut Core, vcpu: usize, end: u64) {
        let Core { local, kernel, frequency, .. } = core;
        local.hart.set_limit(end);
        self.vcpus[vcpu].load(local, kernel, *frequency);
        while !self.has_ended() {
            match self.vcpus[vcpu].run(local, kernel) {
                Ok(Stop::Exit) => self.serve(vcpu),
                Ok(Stop::Interrupt) if local.hart.time() < end => {}
                Ok(Stop::Interrupt | Stop::Blocked) => break,
                Err(errno) => self.give_up(vcpu, errno),
            }
        }
        self.vcpus[vcpu].put(local);
    }

    /// Does what the hypervisor left to the monitor.
    fn serve(&mut self, vcpu: usize) {
        let Machine { number, guest, ram, uart, console, .. } = self;
        let mut page = self.vcpus[vcpu].page();
        let exit = page.exit();
        let mut around = Around { number: *number, guest, console, ram };
        let (answer, next) = serve(uart, &mut around, exit);
        match answer {
            Answer::None => {}
            Answer::Loaded(value) => page.set_loaded(value),
            Answer::Returned(values) => page.set_sbi_return(values),
        }
        let line = Line { vcpu, exit, answer };
        if self.trace {
            println!("{line}");
        }
        match next {
            Next::Resume => {}
            Next::End { failed } => self.end(failed),
            Next::Stuck(advice) => {
                self.end(true);
                println!("vm{} {}: {line}: {advice}", self.number, self.guest.name);
            }
        }
    }

    /// Ends a machine whose virtual hart cannot go on.
    fn give_up(&mut self, vcpu: usize, errno: Errno) {
        self.end(true);
        let pc = self.vcpus[vcpu].pc();
        println!("vm{} {}: virtual hart {vcpu} at pc {pc:#x}: {errno}", self.number, self.guest.name);
    }

    fn end(&mut self, failed: bool) {
        self.console.finish(self.number, self.guest.name);
        self.ended = Some(failed);
    }

    /// Gives the machine's memory back, and tells how it went.
    pub(crate) fn finish(self, kernel: &Kernel) -> Report {
        let passed = self.ended == Some(false);
        let counts = self.vcpus.into_iter().map(|vcpu| vcpu.destroy(kernel)).collect();
        self.vm.destroy(kernel);
        Report { number: self.number, guest: self.guest.name, passed, counts }
    }
}
