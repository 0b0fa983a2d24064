//! `vhart vm`: the hypervisor as code of this computer, one virtual machine on it, and a monitor for that.

mod monitor;
mod registers;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use kvm::ioctl::MpState;
use kvm::{Errno, Register, extension};
use native::{Machine, Thread};
use vmm_core::device_tree::{self, Description};
use vmm_core::image;
use vmm_core::map::{DEVICE_TREE, DEVICE_TREE_SIZE, RAM_BASE, RAM_SIZE};

use crate::args::VmArgs;
use crate::{images, session};
use monitor::Monitor;

/// The guests that are built in.
const GUESTS: [&str; 6] = ["hello", "uart", "timer", "pages", "smp", "exits"];

/// The machine's memory: the guest's, and what the hypervisor needs for it.
const MEMORY: u64 = 64 << 20;

/// The guest has shut down with a reason, or wants to be reset: as `vmm` has it.
const GUEST_FAILED: u8 = 3;

/// Runs a guest.
///
/// # Errors
/// What keeps it from starting or from going on.
pub(crate) fn run(args: &VmArgs) -> anyhow::Result<ExitCode> {
    let Some(variant) = session::variant(args.cpu)? else { return Ok(ExitCode::SUCCESS) };
    let file = read(&args.guest)?;
    let gstage = args.gstage.map(|gstage| gstage.scheme());
    let mut machine = Machine::new(variant, args.harts, MEMORY, gstage)
        .map_err(|error| anyhow!("the hypervisor does not start: {error}"))?;
    let vm = machine.vm().map_err(refused("create a virtual machine"))?;
    let memory = machine
        .give_memory(&vm, 0, RAM_BASE, RAM_SIZE as u64)
        .map_err(refused("give the virtual machine memory"))?;
    let mut threads = Vec::new();
    for number in 0..args.smp {
        let mut vcpu = vm.create_vcpu(number).map_err(refused("create a virtual CPU"))?;
        let now = machine.now();
        vcpu.set_one_reg(Register::sbi_extension(extension::SBI_DBCN), now, &1_u64.to_le_bytes())
            .map_err(refused("turn on the debug console"))?;
        if number != 0 {
            vcpu.shared()
                .set_mp_state(&machine.kernel, MpState::STOPPED)
                .map_err(refused("stop a virtual CPU"))?;
        }
        threads.push(Thread::new(vcpu));
    }
    if args.one_reg {
        return registers::print(&threads[0].vcpu, machine.now());
    }

    let mut ram = vec![0; RAM_SIZE];
    let entry = image::load(&file, &mut ram).map_err(|error| anyhow!("{} {error}", args.guest))?;
    let first = &mut threads[0].vcpu;
    let (now, mut isa) = (machine.now(), [0; 8]);
    first.get_one_reg(Register::ISA, now, &mut isa).map_err(refused("read a register"))?;
    let frequency = machine.hypervisor.machine.frequency as u32;
    let description = Description { vcpus: args.smp, isa: u64::from_le_bytes(isa), frequency };
    let tree = (DEVICE_TREE - RAM_BASE) as usize;
    device_tree::write(&description, &mut ram[tree..tree + DEVICE_TREE_SIZE])
        .map_err(|error| anyhow!("{error}"))?;
    machine.kernel.memory.write(memory, &ram).context("the guest's memory is too small")?;
    for (register, value) in [(Register::PC, entry), (Register::A0, 0), (Register::A1, DEVICE_TREE)] {
        first.set_one_reg(register, now, &value.to_le_bytes()).map_err(refused("write a register"))?;
    }

    let mut monitor = Monitor::new(memory, args.trace.is_some());
    let ended = machine.run(&mut threads, &mut monitor);
    monitor.flush();
    if args.stats {
        for thread in &threads {
            monitor::write_counts(&thread.vcpu);
        }
    }
    if args.ledger {
        monitor::write_ledger(&machine);
    }
    let failed = ended?;
    Ok(if failed { ExitCode::from(GUEST_FAILED) } else { ExitCode::SUCCESS })
}

/// The bytes of a guest: one that is built in, by its name, or a file.
fn read(name: &str) -> anyhow::Result<Vec<u8>> {
    if GUESTS.contains(&name) {
        return Ok(images::find(name)?.to_vec());
    }
    fs::read(name).with_context(|| {
        format!("cannot read the guest {name}: give a file, or one of {}", GUESTS.join(", "))
    })
}

/// Says what could not be done, with the error's name.
fn refused(what: &'static str) -> impl Fn(Errno) -> anyhow::Error {
    move |errno| anyhow!("cannot {what}: {errno}")
}
