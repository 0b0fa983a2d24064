//! A virtual CPU: its registers, its state, and the loop that runs it.

use core::convert::Infallible;

use kvm::ioctl::{self, MpState, OneReg};
use kvm::trace::{Answer, Line};
use kvm::{Errno, Exit, Register, Run, extension};
use vmm_core::map::DEVICE_TREE;
use vmm_core::serve::{Next, serve};

use crate::DEVICES;
use crate::devices::Devices;
use crate::error::Error;
use crate::output::say;
use crate::ram::Ram;
use crate::status;
use crate::streams::Streams;
use crate::syscall::{self, Fd, exit_group, map_device};
use crate::system::System;
use crate::vm::Vm;

const LOOK: &str = "look into the kernel's log";

/// A virtual CPU.
pub(crate) struct Vcpu {
    number: usize,
    fd: Fd,
    run: *mut u8,
    run_size: usize,
}

// SAFETY: what it points to is this virtual CPU's alone, whichever thread has it.
unsafe impl Send for Vcpu {}

impl Vcpu {
    /// Virtual CPU `number`, with every call of the SBI that it can have.
    pub(crate) fn new(system: &System, vm: &Vm, number: usize) -> Result<Vcpu, Error> {
        // SAFETY: no memory is concerned.
        let fd = unsafe { syscall::ioctl(vm.fd, ioctl::CREATE_VCPU, number) }
            .map_err(Error::call("create a virtual CPU", "give the machine fewer"))
            .map(Fd::new)?;
        let run_size = system.run_size()?;
        let run = map_device(fd, run_size).map_err(Error::call("see a virtual CPU's page", LOOK))?;
        let vcpu = Vcpu { number, fd, run, run_size };
        // The debug console is off where the monitor does not ask for it, and missing before Linux 6.7.
        match vcpu.set_register(Register::sbi_extension(extension::SBI_DBCN), 1) {
            Ok(()) | Err(Errno::ENOENT) => Ok(vcpu),
            Err(errno) => Err(Error::call("turn on the debug console", LOOK)(errno)),
        }
    }

    /// Has the guest begin at `entry` by the SBI's convention: its number in a0, the device tree's address in a1.
    pub(crate) fn enter_at(&self, entry: u64) -> Result<(), Error> {
        let registers =
            [(Register::PC, entry), (Register::A0, self.number as u64), (Register::A1, DEVICE_TREE)];
        registers.into_iter().try_for_each(|(register, value)| {
            self.set_register(register, value).map_err(Error::call("set a virtual CPU's registers", LOOK))
        })
    }

    /// Has it wait until the guest starts it.
    pub(crate) fn stop(&self) -> Result<(), Error> {
        let state = MpState::STOPPED;
        // SAFETY: the kernel reads the state.
        unsafe { syscall::ioctl(self.fd, ioctl::SET_MP_STATE, &raw const state as usize) }
            .map_err(Error::call("stop a virtual CPU", LOOK))?;
        Ok(())
    }

    /// The value of a register of 8 bytes.
    pub(crate) fn get(&self, register: Register) -> Result<u64, Error> {
        let mut value = [0; 8];
        self.get_bytes(register, &mut value).map_err(Error::call("get a virtual CPU's registers", LOOK))?;
        Ok(u64::from_le_bytes(value))
    }

    /// The bytes of a register of any size.
    pub(crate) fn get_bytes(&self, register: Register, value: &mut [u8]) -> Result<(), Errno> {
        assert_eq!(value.len(), register.size(), "the kernel writes so many bytes");
        let one = OneReg { id: register.0, addr: value.as_mut_ptr() as u64 };
        // SAFETY: the kernel reads the structure and writes the value, which has the register's size.
        unsafe { syscall::ioctl(self.fd, ioctl::GET_ONE_REG, &raw const one as usize) }.map(|_| ())
    }

    /// Fills `list` with a count and the numbers of the registers that there are.
    pub(crate) fn list(&self, list: &mut [u64]) -> Result<(), Errno> {
        list[0] = list.len() as u64 - 1;
        // SAFETY: the kernel writes no more numbers than the count in front says, and then that count.
        unsafe { syscall::ioctl(self.fd, ioctl::GET_REG_LIST, list.as_mut_ptr() as usize) }.map(|_| ())
    }

    fn set_register(&self, register: Register, value: u64) -> Result<(), Errno> {
        assert_eq!(register.size(), size_of::<u64>(), "the kernel reads so many bytes");
        let one = OneReg { id: register.0, addr: &raw const value as u64 };
        // SAFETY: the kernel reads the structure and the value, which has the register's size.
        unsafe { syscall::ioctl(self.fd, ioctl::SET_ONE_REG, &raw const one as usize) }.map(|_| ())
    }

    /// Runs the guest until the machine ends, and the process with it.
    pub(crate) fn run(self, ram: Ram, trace: bool) -> Result<Infallible, Error> {
        loop {
            let exit = self.next_exit()?;
            // SAFETY: the kernel uses the page during the call above alone.
            let page = unsafe { core::slice::from_raw_parts_mut(self.run, self.run_size) };
            let mut run = Run::new(page).ok_or(Error::Missing("page for a virtual CPU of 288 bytes"))?;
            let exit = exit.unwrap_or_else(|| run.exit());
            // The lock keeps the lines of several virtual CPUs in the order in which they reach the devices.
            let mut devices = DEVICES.lock();
            let Devices { uart, console, input } = &mut *devices;
            let (answer, next) = serve(uart, &mut Streams { console, input, ram }, exit);
            match answer {
                Answer::None => {}
                Answer::Loaded(value) => run.set_loaded(value),
                Answer::Returned(values) => run.set_sbi_return(values),
            }
            if trace {
                say!("{}", Line { vcpu: self.number, exit, answer });
            }
            match next {
                Next::Resume => {}
                Next::End { failed } => {
                    devices.console.flush();
                    exit_group(if failed { status::GUEST_FAILED } else { status::SUCCESS })
                }
                Next::Stuck(advice) => {
                    devices.console.flush();
                    return Err(Error::Exit { vcpu: self.number, exit, advice });
                }
            }
        }
    }

    /// Runs the guest until it leads here; the reason where the page does not have it.
    fn next_exit(&self) -> Result<Option<Exit>, Error> {
        // SAFETY: the call's memory is the guest's and the page.
        match unsafe { syscall::ioctl(self.fd, ioctl::RUN, 0) } {
            Ok(_) => Ok(None),
            Err(Errno::EINTR | Errno::EAGAIN) => Ok(Some(Exit::Interrupted)),
            Err(errno) => {
                Err(Error::call("run a virtual CPU", "the kernel's log says where its guest was")(errno))
            }
        }
    }
}
