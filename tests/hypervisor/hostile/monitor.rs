//! A monitor that calls everything with anything.

use hyp::{Gpa, Hva, Vcpu, Vm};
use kvm::Errno;
use kvm::ioctl::{Interrupt, IoEventFd, MpState, UserMemoryRegion};
use kvm::one_reg::Register;
use native::{Kernel, NativeLocal};

use super::code::{address, value};
use super::life::Tally;
use crate::rng::Rng;
use crate::world::{DEVICE, RAM, RAM_SIZE};

/// Pages begin and end at these.
const PAGE: u64 = !0xfff;
/// The most words of a log that are asked for.
const MOST_WORDS: usize = 1 << 16;

/// Checks that a call has failed as it may, if it has.
fn check(tally: &mut Tally, call: &'static str, result: Result<(), Errno>, known: &[Errno]) {
    tally.add(call);
    if let Err(errno) = result {
        assert!(known.contains(&errno), "{call}: {errno}");
        tally.add_error(errno);
    }
}

/// A number of a slot: mostly one of few.
fn slot(rng: &mut Rng) -> u32 {
    if rng.one_in(16) { value(rng) as u32 } else { rng.below(5) as u32 }
}

/// The region in which guests have their programs.
pub(super) fn main_region(memory: Hva, flags: u32) -> UserMemoryRegion {
    UserMemoryRegion { slot: 0, flags, guest_phys_addr: RAM, memory_size: RAM_SIZE, userspace_addr: memory.0 }
}

/// A random region. The monitor's addresses are either of its own memory or of none at all.
fn region(rng: &mut Rng, memory: Hva) -> UserMemoryRegion {
    let flags = rng.zero_except_one_in(2) as u32 & if rng.one_in(16) { !0 } else { 3 };
    if rng.one_in(3) {
        return UserMemoryRegion {
            memory_size: rng.pick(&[RAM_SIZE, RAM_SIZE, RAM_SIZE, 0]),
            ..main_region(memory, flags)
        };
    }
    let align = if rng.one_in(16) { !0 } else { PAGE };
    let offset = rng.below(RAM_SIZE) & align;
    let (userspace_addr, memory_size) = if rng.one_in(4) {
        let size = rng.next() >> (12 + rng.below(52));
        // So large a log takes time, which is not the hypervisor's.
        let size = if flags & UserMemoryRegion::LOG_DIRTY_PAGES != 0 { size & 0xffff_ffff } else { size };
        ((1 << 40 | rng.next() >> rng.below(24)) & align, size & align)
    } else {
        let size = 1 + rng.below(RAM_SIZE - offset);
        (memory.0 + offset, if align == PAGE { size & PAGE } else { size })
    };
    UserMemoryRegion {
        slot: slot(rng),
        flags,
        guest_phys_addr: address(rng) & align,
        memory_size,
        userspace_addr,
    }
}

/// A random range of user addresses.
fn range(rng: &mut Rng, memory: Hva) -> std::ops::Range<Hva> {
    let at = |rng: &mut Rng| match rng.below(8) {
        0 => Hva(rng.next()),
        1 => Hva(rng.pick(&[0, u64::MAX, PAGE])),
        _ => memory.offset(rng.below(RAM_SIZE + 0x1000) & rng.pick(&[PAGE, !0])),
    };
    at(rng)..at(rng)
}

/// Asks something of a virtual machine, whose virtual harts may run or not.
pub(super) fn meddle(
    rng: &mut Rng,
    tally: &mut Tally,
    vm: &Vm,
    local: &mut NativeLocal,
    kernel: &Kernel,
    memory: Hva,
) {
    use Errno as E;
    match rng.below(20) {
        0..3 => {
            let region = region(rng, memory);
            let result = vm.set_user_memory_region(local, kernel, &region);
            check(tally, "set region", result, &[E::EINVAL, E::EEXIST, E::EFAULT, E::ENOMEM]);
        }
        3 | 4 => {
            let slot = slot(rng);
            let words = vm.dirty_log_words(slot);
            check(tally, "log words", words.map(drop), &[E::EINVAL, E::ENOENT]);
            let mut log =
                vec![
                    0;
                    if rng.one_in(8) { rng.below(99) as usize } else { words.unwrap_or(1).min(MOST_WORDS) }
                ];
            let result = vm.get_dirty_log(local, kernel, slot, &mut log);
            check(tally, "get log", result, &[E::EINVAL, E::ENOENT, E::ENOMEM]);
        }
        5 => {
            let slot = slot(rng);
            let pages = 64 * vm.dirty_log_words(slot).unwrap_or(1).min(MOST_WORDS) as u64;
            let first = if rng.one_in(8) { value(rng) } else { rng.below(pages) & !63 };
            let count = if rng.one_in(8) { value(rng) } else { pages.saturating_sub(first) };
            let mask: Vec<u64> = (0..count.div_ceil(64).min(99)).map(|_| rng.next()).collect();
            let result = vm.clear_dirty_log(local, kernel, slot, first, count, &mask);
            check(tally, "clear log", result, &[E::EINVAL, E::ENOENT, E::ENOMEM]);
        }
        6 => {
            let flags = if rng.one_in(4) { value(rng) } else { rng.below(4) };
            check(tally, "manual log", vm.set_manual_dirty_log(flags), &[E::EINVAL]);
        }
        7 | 8 => {
            let wanted = IoEventFd {
                datamatch: rng.below(4),
                addr: if rng.one_in(2) { DEVICE + rng.below(4) * 8 } else { address(rng) },
                len: if rng.one_in(8) { rng.next() as u32 } else { rng.pick(&[0, 1, 2, 4, 8]) },
                fd: rng.next() as i32,
                flags: if rng.one_in(8) { rng.next() as u32 } else { rng.pick(&[0, 0, 1, 4, 5]) },
                padding: [0; 36],
            };
            let result = vm.ioeventfd(&wanted, rng.below(4));
            check(tally, "ioeventfd", result, &[E::EINVAL, E::EEXIST, E::ENOENT, E::ENOSPC, E::ENOMEM]);
        }
        9 | 10 => {
            let Some(vcpu) = vm.vcpu(rng.below(4) as usize) else { return };
            let state =
                MpState { mp_state: if rng.one_in(8) { rng.next() as u32 } else { rng.pick(&[0, 0, 0, 5]) } };
            check(tally, "mp state", vcpu.set_mp_state(kernel, state), &[E::EINVAL]);
        }
        11 => {
            let Some(vcpu) = vm.vcpu(rng.below(4) as usize) else { return };
            let wanted = [Interrupt::SET, Interrupt::UNSET, Interrupt { irq: rng.next() as u32 }];
            check(tally, "interrupt", vcpu.interrupt(kernel, rng.pick(&wanted)), &[E::EINVAL]);
        }
        12 | 13 => {
            vm.invalidate_begin(local, kernel, range(rng, memory));
            tally.add("invalidate");
            // The end may come later, or never.
            if !rng.one_in(16) {
                vm.invalidate_end();
            }
        }
        14 => vm.invalidate_end(),
        15 => {
            vm.age(kernel, range(rng, memory), rng.one_in(2));
            tally.add("age");
        }
        16 | 17 => {
            let mut bytes = vec![rng.next() as u8; rng.below(0x3000) as usize];
            let (gpa, write) = (Gpa(address(rng)), rng.one_in(2));
            let result = if write { vm.write(kernel, gpa, &bytes) } else { vm.read(kernel, gpa, &mut bytes) };
            tally.add(if result.is_ok() { "copy" } else { "no copy" });
        }
        18 => {
            vm.set_time_delta(value(rng));
            vm.check_extension(value(rng) as usize);
        }
        // For a while, there is no more memory for tables.
        _ => kernel.memory.limit(if rng.one_in(2) { rng.below(12) as usize } else { usize::MAX }),
    }
}

/// Reads and writes registers of a virtual hart that is not loaded.
pub(super) fn registers(rng: &mut Rng, tally: &mut Tally, vcpu: &mut Vcpu, now: u64) {
    for _ in 0..4 {
        // What there is can depend on what has been written.
        let list = vcpu.reg_list();
        let mut bytes = value(rng).to_le_bytes().repeat(4);
        let register = match rng.below(4) {
            0 => Register(rng.next()),
            1 => Register(0x8030_0000_0000_0000 | rng.below(11) << 24 | rng.below(3) << 16 | rng.below(130)),
            _ => rng.pick(&list),
        };
        let is_listed = list.contains(&register);
        let length = if is_listed && !rng.one_in(8) { register.size() } else { rng.below(33) as usize };
        let result = vcpu.get_one_reg(register, now, &mut bytes.clone()[..length]);
        assert!(
            !is_listed || length != register.size() || result.is_ok(),
            "{register:?} is there: {result:?}"
        );
        check(tally, "get register", result, &[Errno::ENOENT, Errno::EINVAL]);
        if rng.one_in(2) {
            continue;
        }
        if rng.one_in(4) {
            // What has been read can be written again, unless it is too late.
            bytes.truncate(length);
            let _ = vcpu.get_one_reg(register, now, &mut bytes);
        }
        bytes.resize(length, 0);
        let result = vcpu.set_one_reg(register, now, &bytes);
        check(tally, "set register", result, &[Errno::ENOENT, Errno::EINVAL, Errno::EBUSY]);
    }
}
