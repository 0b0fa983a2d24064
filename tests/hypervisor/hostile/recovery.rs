//! What has been through all that can still be used: nothing is left behind that keeps a guest from running.

use std::sync::Arc;

use hyp::{Hart, Hva, Stop, Vm};
use isa::asm::prelude::*;
use kvm::ioctl::{MpState, UserMemoryRegion};
use kvm::one_reg::{CSR_GENERAL, MODE_S, index};
use kvm::{Errno, Exit, Register};
use native::{Machine, Thread};

use super::monitor::main_region;
use crate::world::{RAM, World};

/// Where no monitor has put anything, but by chance.
const NOWHERE: u64 = 0x1234_5000;
/// Ticks for a handful of instructions.
const SOON: u64 = 2000;
/// The slots that hostile monitors use most, and more.
const SLOTS: u32 = 16;

/// Has a virtual hart execute a program of three instructions; `false` where some slot is in the way of that.
pub(super) fn recovers(world: &mut World, vm: &Arc<Vm>, memory: Hva, thread: &mut Thread) -> bool {
    let Machine { kernel, locals, .. } = &mut world.machine;
    let local = &mut locals[0];
    for slot in 0..SLOTS {
        let nothing = UserMemoryRegion { slot, memory_size: 0, ..main_region(memory, 0) };
        let result = vm.set_user_memory_region(local, kernel, &nothing);
        assert!(matches!(result, Ok(()) | Err(Errno::EINVAL)), "{result:?}");
    }
    if vm.set_user_memory_region(local, kernel, &main_region(memory, 0)).is_err() {
        return false;
    }
    // Each beginning that has had no end may have one.
    for _ in 0..1000 {
        vm.invalidate_end();
    }
    let mut a = Asm::new(RAM);
    a.li(T0, NOWHERE).li(T1, 77).sd(T1, 0, T0);
    kernel.memory.write(memory, &a.finish().unwrap()).unwrap();
    let shared = thread.vcpu.shared().clone();
    // A start that has not happened yet does not any more.
    shared.set_mp_state(kernel, MpState::STOPPED).unwrap();
    shared.set_mp_state(kernel, MpState::RUNNABLE).unwrap();
    let end = local.hart.time() + SOON;
    local.hart.hart().set_limit(end);
    // The last exit is finished, and nothing else.
    thread.page().set_immediate_exit(true);
    thread.vcpu.load(local, kernel);
    let (vcpu, mut page) = thread.parts();
    // An access of two pages has two exits.
    while vcpu.run(local, kernel, &mut page) == Ok(Stop::Exit) {}
    page.set_immediate_exit(false);
    thread.vcpu.put(local);
    for (register, value) in [
        (Register::PC, RAM),
        (Register::core(index::core::MODE), MODE_S),
        (Register::csr(CSR_GENERAL, index::csr::SATP), 0),
        (Register::csr(CSR_GENERAL, index::csr::SIE), 0),
    ] {
        thread.vcpu.set_one_reg(register, 0, &value.to_le_bytes()).unwrap();
    }
    thread.vcpu.load(local, kernel);
    loop {
        let (vcpu, mut page) = thread.parts();
        match vcpu.run(local, kernel, &mut page) {
            Ok(Stop::Interrupt) if local.hart.time() < end => {}
            Ok(Stop::Exit) => {
                let exit = Exit::Mmio { address: NOWHERE, length: 8, stored: Some(77) };
                assert_eq!(page.exit(), exit, "the guest has done something else");
                break;
            }
            other => panic!("the guest cannot be used any more: {other:?} at {:#x}", vcpu.pc()),
        }
    }
    thread.vcpu.put(local);
    true
}
