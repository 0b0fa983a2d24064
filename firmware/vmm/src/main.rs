//! A virtual machine monitor for /dev/kvm: runs a guest of ours by the generic calls of KVM, emulates its UART and its
//! console, and says what leads out of the guest.
//!
//! It is a static executable for Linux without a C library, and uses few of Linux's system calls ([`syscall`]), so
//! that a small kernel can run it as well. docs/vmm.md describes what it prints.

#![no_std]
#![no_main]

mod devices;
mod entry;
mod error;
mod guests;
mod input;
mod lock;
mod output;
mod ram;
mod registers;
mod streams;
mod syscall;
mod system;
mod thread;
mod vcpu;
mod vm;

use core::convert::Infallible;
use core::ffi::CStr;
use core::panic::PanicInfo;

use vmm_core::args::{self, Command, USAGE};

use devices::Devices;
use error::Error;
use lock::Lock;
use output::{Stream, say};
use syscall::exit_group;
use system::System;
use vcpu::Vcpu;
use vm::Vm;

/// What an exit status means.
mod status {
    /// The guest has shut down well, or what was asked for is done.
    pub(crate) const SUCCESS: i32 = 0;
    /// The guest could not be run.
    pub(crate) const FAILURE: i32 = 1;
    /// The command line is wrong.
    pub(crate) const USAGE: i32 = 2;
    /// The guest has failed.
    pub(crate) const GUEST_FAILED: i32 = 3;
}

/// The devices of the one machine that a process runs.
static DEVICES: Lock<Devices> = Lock::new(Devices::new());

/// Does what the command line says.
fn start(words: impl Iterator<Item = &'static CStr>) -> ! {
    let status = match args::parse(words) {
        Ok(Command::Help) => {
            Stream::OUTPUT.write(USAGE.as_bytes());
            status::SUCCESS
        }
        Ok(Command::OneReg) => registers::print().map_or_else(fail, |()| status::SUCCESS),
        Ok(Command::Run { guest, vcpus, trace }) => {
            run(guest, vcpus, trace).map_or_else(fail, |never| match never {})
        }
        Err(error) => {
            say!("vmm: {error}; `vmm --help` has the rest");
            status::USAGE
        }
    };
    exit_group(status)
}

/// Says what went wrong.
fn fail(error: Error) -> i32 {
    say!("vmm: {error}");
    status::FAILURE
}

/// Runs a guest with `count` virtual CPUs, each on a thread; the first is this thread's. The guest's end is the
/// process's, so that this returns only where something goes wrong.
fn run(guest: &'static CStr, count: usize, trace: bool) -> Result<Infallible, Error> {
    let system = System::open()?;
    if count > system.max_vcpus()? {
        return Err(Error::TooManyVcpus);
    }
    let vm = Vm::new(&system)?;
    let entry = guests::load(guest, vm.ram)?;
    let first = Vcpu::new(&system, &vm, 0)?;
    vm.describe(&first, count)?;
    first.enter_at(entry)?;
    if trace {
        DEVICES.lock().console.write_whole_lines();
    }
    for number in 1..count {
        let vcpu = Vcpu::new(&system, &vm, number)?;
        vcpu.stop()?;
        thread::spawn(move || match vcpu.run(vm.ram, trace) {
            Err(error) => exit_group(fail(error)),
        })?;
    }
    first.run(vm.ram, trace)
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    say!("vmm: {info}");
    exit_group(status::FAILURE)
}
