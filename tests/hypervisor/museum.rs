//! Mistakes that KVM once made on RISC-V: each is noticed when it is made again, and not without it.
//!
//! What an exhibit shows is said in `hyp::museum`; those that need a scripted hart are tested in `crates/hyp` itself.

use std::panic::{self, AssertUnwindSafe};

use hyp::gstage::{GStage, Permissions, TableCache};
use hyp::museum::{Mistake, repeat};
use hyp::{Gpa, Hart, Hpa, Local, Stop, Tables};
use isa::asm::prelude::*;
use isa::cause::Exception;
use isa::paging::{PAGE_SIZE, Pte, SV39X4};
use iss::Variant;
use iss::variant::Misaligned;
use kvm::ioctl::{MpState, UserMemoryRegion};
use kvm::one_reg::{self, index};
use kvm::{Errno, Exit, Register};
use native::{Board, Memory};

use crate::hooked::{Hooked, Watched};
use crate::world::{DEVICE, Event, Guest, RAM, RAM_SIZE, World, load, store};

type Exhibit = (Mistake, fn());

const EXHIBITS: [Exhibit; 25] = [
    (Mistake::B1, loads_of_devices_are_extended),
    (Mistake::B2, ipis_to_nobody_are_lost),
    (Mistake::B3, all_harts_are_all_harts),
    (Mistake::B4, unaligned_ranges_skip_nothing),
    (Mistake::B5, every_write_is_logged),
    (Mistake::B6, large_pages_stay_in_their_slot),
    (Mistake::B7, pages_are_let_go_of),
    (Mistake::B8, a_fetch_from_nowhere_is_the_guests),
    (Mistake::B9, a_misaligned_load_is_the_guests),
    (Mistake::B10, user_mode_traps_into_the_kernel),
    (Mistake::B13, virtual_harts_share_no_translations),
    (Mistake::B14, lost_csrs_are_loaded),
    (Mistake::B16, pending_interrupts_are_where_they_belong),
    (Mistake::B18, a_timer_far_away_ends_no_wait),
    (Mistake::B21, an_immediate_exit_is_immediate),
    (Mistake::B22, types_have_32_bits),
    (Mistake::B24, what_nobody_answers_is_not_supported),
    (Mistake::B26, records_are_aligned),
    (Mistake::B31, a_running_guest_keeps_its_extensions),
    (Mistake::B33, the_hosts_counters_are_hidden),
    (Mistake::T6, page_tables_are_no_devices),
    (Mistake::T9, a_timer_is_turned_on_as_it_was_set),
    (Mistake::T12, the_last_page_is_a_page),
    (Mistake::T15, stores_to_the_stack_pointer_are_stores),
    (Mistake::B17, an_instruction_that_has_gone_is_fetched_again),
];

#[test]
fn every_mistake_is_noticed() {
    let hook = panic::take_hook();
    let mut unnoticed = Vec::new();
    for (mistake, check) in EXHIBITS {
        repeat(None);
        check();
        repeat(Some(mistake));
        // What an exhibit finds wrong is not to be read.
        panic::set_hook(Box::new(|_| {}));
        let noticed = panic::catch_unwind(AssertUnwindSafe(check)).is_err();
        let _ = panic::take_hook();
        repeat(None);
        println!(
            "{mistake:?}: passes without, {} with the mistake",
            if noticed { "fails" } else { "PASSES" }
        );
        if !noticed {
            unnoticed.push(mistake);
        }
    }
    panic::set_hook(hook);
    assert!(unnoticed.is_empty(), "not noticed: {unnoticed:?}");
}

/// A hart that tells nothing of the instruction that trapped.
fn silent() -> Variant {
    Variant { reports_tinst: false, ..Variant::default() }
}

fn started(variant: Variant, program: Asm) -> (World, Guest) {
    let mut world = World::new(variant, 2);
    let guest = world.guest(program);
    (world, guest)
}

/// Shows T1 by a store to the device.
fn show(a: &mut Asm, register: Reg) {
    a.li(T6, DEVICE).sd(register, 0, T6);
}

fn shown(value: u64) -> Event {
    store(0, 8, value)
}

/// Sets the trap handler to what `handler` makes, which is placed behind the rest.
fn with_handler(a: &mut Asm, body: impl FnOnce(&mut Asm), handler: impl FnOnce(&mut Asm)) {
    let place = a.label();
    a.la(T0, place).csrw(csr::stvec::NUMBER, T0);
    body(a);
    a.align(4).place(place);
    handler(a);
}

fn get(guest: &Guest, register: Register) -> u64 {
    let mut value = [0; 8];
    guest.thread.vcpu.get_one_reg(register, 0, &mut value).unwrap();
    u64::from_le_bytes(value)
}

fn loads_of_devices_are_extended() {
    for variant in [Variant::default(), silent()] {
        let mut a = Asm::new(RAM);
        a.li(T0, DEVICE);
        a.lb(T1, 8, T0).lh(T2, 8, T0).lw(T3, 8, T0).lbu(T4, 8, T0).lhu(T5, 8, T0).lwu(A0, 8, T0);
        for register in [T1, T2, T3, T4, T5, A0] {
            show(&mut a, register);
        }
        let (mut world, mut guest) = started(variant, a);
        for length in [1, 2, 4, 1, 2, 4] {
            assert_eq!(world.run(0, &mut guest), load(8, length));
            guest.answer(0xffff_ffff_8765_8483);
        }
        let extended = [0x83_u8 as i8 as u64, 0x8483_u16 as i16 as u64, 0x8765_8483_u32 as i32 as u64];
        for value in extended.into_iter().chain([0x83, 0x8483, 0x8765_8483]) {
            assert_eq!(world.run(0, &mut guest), shown(value));
        }
    }
}

/// Sends an IPI by version 0.1 to the mask at an address, and shows what the call returns.
fn legacy_ipi(mask_address: u64) -> Asm {
    let mut a = Asm::new(RAM);
    a.li(T0, RAM + 0x1000).li(T1, 1 << 5).sd(T1, 0, T0);
    a.li(A7, 4).li(A0, mask_address).ecall();
    show(&mut a, A0);
    a
}

fn ipis_to_nobody_are_lost() {
    let (mut world, mut guest) = started(Variant::default(), legacy_ipi(RAM + 0x1000));
    assert_eq!(world.run(0, &mut guest), shown(0));
}

fn all_harts_are_all_harts() {
    let (mut world, mut guest) = started(Variant::default(), legacy_ipi(0));
    let others: Vec<_> = (1..65).map(|number| guest.vm.create_vcpu(number).unwrap()).collect();
    for other in &others {
        other.shared().set_mp_state(&world.machine.kernel, MpState::RUNNABLE).unwrap();
    }
    assert_eq!(world.run(0, &mut guest), shown(0));
    for other in &others {
        assert_eq!(
            other.shared().interrupts.pending(),
            csr::hvip::VSSIP.mask(),
            "{}",
            other.shared().number()
        );
    }
}

fn unaligned_ranges_skip_nothing() {
    let board = Board::new(32 << 20).unwrap();
    let memory = Memory::new(&board);
    let mut gstage = GStage::new(&memory, &SV39X4).unwrap();
    let mut cache = TableCache::default();
    cache.fill(&memory, 4).unwrap();
    let page = Gpa(RAM + (2 << 20));
    let permissions = Permissions { write: true };
    drop(gstage.map(&memory, &mut cache, page, Hpa(0x9000_0000), 0, permissions).unwrap());
    drop(gstage.unmap_range(&memory, Gpa(RAM + PAGE_SIZE)..page.offset(PAGE_SIZE)));
    assert_eq!(gstage.translate(&memory, page), None);
}

/// Logs what a guest writes.
fn start_log(world: &mut World, guest: &Guest) {
    let region = UserMemoryRegion {
        slot: 0,
        flags: UserMemoryRegion::LOG_DIRTY_PAGES,
        guest_phys_addr: RAM,
        memory_size: RAM_SIZE,
        userspace_addr: guest.memory.0,
    };
    let native::Machine { kernel, locals, .. } = &mut world.machine;
    guest.vm.set_user_memory_region(&mut locals[0], kernel, &region).unwrap();
}

fn log(world: &mut World, guest: &Guest) -> Vec<u64> {
    let mut words = vec![0; guest.vm.dirty_log_words(0).unwrap()];
    let native::Machine { kernel, locals, .. } = &mut world.machine;
    guest.vm.get_dirty_log(&mut locals[0], kernel, 0, &mut words).unwrap();
    let pages =
        words.iter().enumerate().flat_map(|(n, word)| (0..64).map(move |bit| (n, bit, word >> bit & 1)));
    pages.filter(|(.., bit)| *bit != 0).map(|(n, bit, _)| n as u64 * 64 + bit).collect()
}

fn every_write_is_logged() {
    let mut a = Asm::new(RAM);
    for pages in [[0x200, 0x208], [0x201, 0x202], [0x200, 0x201], [0x210, 0x3ff]] {
        for page in pages {
            a.li(T0, RAM + page * PAGE_SIZE).sd(T0, 8, T0);
        }
        show(&mut a, ZERO);
    }
    let (mut world, mut guest) = started(Variant::default(), a);
    // Large pages are there before the log is.
    world.run(0, &mut guest);
    start_log(&mut world, &guest);
    for pages in [[0x201, 0x202], [0x200, 0x201], [0x210, 0x3ff]] {
        world.run(0, &mut guest);
        assert_eq!(log(&mut world, &guest), pages);
    }
}

fn large_pages_stay_in_their_slot() {
    let beyond = RAM + RAM_SIZE + (1 << 20);
    let mut a = Asm::new(RAM);
    a.li(T0, RAM + RAM_SIZE).ld(T1, 0, T0);
    a.li(T0, beyond).ld(T1, 0, T0);
    let (mut world, mut guest) = started(Variant::default(), a);
    let memory = world.machine.kernel.allocate(2 << 20).unwrap();
    let region = UserMemoryRegion {
        slot: 1,
        flags: 0,
        guest_phys_addr: RAM + RAM_SIZE,
        memory_size: 1 << 20,
        userspace_addr: memory.0,
    };
    let native::Machine { kernel, locals, .. } = &mut world.machine;
    guest.vm.set_user_memory_region(&mut locals[0], kernel, &region).unwrap();
    let outside = Exit::Mmio { address: beyond, length: 8, stored: None };
    assert_eq!(world.run(0, &mut guest), Event::Exit(outside));
}

fn pages_are_let_go_of() {
    let mut a = Asm::new(RAM);
    a.li(T0, RAM + 0x12_3000).ld(T1, 0, T0);
    show(&mut a, T1);
    let (mut world, mut guest) = started(Variant::default(), a);
    let native::Machine { kernel, locals, .. } = &mut world.machine;
    let [first, second] = &mut locals[..] else { panic!("there are two harts") };
    let (vm, memory) = (guest.vm.clone(), guest.memory);
    // The first two pages that are found are taken away at once.
    let times = std::cell::Cell::new(2);
    let second = std::cell::RefCell::new(second);
    let host = Hooked::new(kernel, |kernel| {
        if times.get() > 0 {
            times.set(times.get() - 1);
            vm.invalidate_begin(&mut second.borrow_mut(), kernel, memory..memory.offset(RAM_SIZE));
            vm.invalidate_end();
        }
    });
    guest.thread.vcpu.load(first, &host);
    let (vcpu, mut page) = guest.thread.parts();
    vcpu.run(first, &host, &mut page).unwrap();
    assert!(host.resolved() > 2);
    assert_eq!(host.resolved(), host.released());
}

fn a_fetch_from_nowhere_is_the_guests() {
    let mut a = Asm::new(RAM);
    with_handler(
        &mut a,
        |a| {
            a.li(T0, 0x2000_0000).jr(T0);
        },
        |a| {
            a.csrr(T1, csr::scause::NUMBER);
            show(a, T1);
        },
    );
    let (mut world, mut guest) = started(Variant::default(), a);
    assert_eq!(world.run(0, &mut guest), shown(1));
}

fn a_misaligned_load_is_the_guests() {
    let mut a = Asm::new(RAM);
    with_handler(
        &mut a,
        |a| {
            a.li(T0, RAM + 1).ld(T1, 0, T0);
        },
        |a| {
            a.csrr(T1, csr::scause::NUMBER);
            show(a, T1);
        },
    );
    let traps = Variant { misaligned: Misaligned::Trap, ..Variant::default() };
    let (mut world, mut guest) = started(traps, a);
    assert_eq!(world.run(0, &mut guest), shown(4));
}

fn user_mode_traps_into_the_kernel() {
    let mut a = Asm::new(RAM);
    with_handler(
        &mut a,
        |a| {
            let user = a.label();
            a.la(T0, user).csrw(csr::sepc::NUMBER, T0).sret();
            a.place(user);
            a.li(T0, 0x2000_0000).jr(T0);
        },
        |a| {
            // In VU-mode, this is an illegal instruction, and there would be no end of it.
            a.csrr(T1, csr::scause::NUMBER);
            show(a, T1);
        },
    );
    let (mut world, mut guest) = started(Variant::default(), a);
    assert_eq!(world.run(0, &mut guest), shown(1));
}

/// Where each virtual hart has page tables of three levels, and behind them the page that they map.
const TABLES: u64 = RAM + 0x10_0000;
/// Where that page is mapped.
const WINDOW: u64 = 4 << 30;

/// Maps the window by tables at the address in A1, and the first 4 GiB as they are.
fn with_tables() -> Asm {
    let mut a = Asm::new(RAM);
    for gigabyte in 0..4_u64 {
        a.li(T0, gigabyte << 28 | 0xcf).sd(T0, gigabyte as i32 * 8, A1);
    }
    a.mv(T2, A1).li(T3, 0x1000).srli(T4, T3, 2);
    a.srli(T0, A1, 2).add(T0, T0, T4).addi(T0, T0, 1).sd(T0, 4 * 8, T2);
    for flags in [1, 0xcf] {
        a.add(T2, T2, T3).srli(T0, T2, 2).add(T0, T0, T4).addi(T0, T0, flags).sd(T0, 0, T2);
    }
    a.li(T0, 8 << 60).srli(T1, A1, 12).or(T0, T0, T1).csrw(csr::satp::NUMBER, T0);
    a.sfence_vma(ZERO, ZERO);
    a
}

fn virtual_harts_share_no_translations() {
    // Each virtual hart maps the window to a page of its own, which holds its number, with the same ASID.
    let mut a = with_tables();
    a.li(S0, WINDOW);
    let again = a.here();
    a.ld(T1, 0, S0);
    show(&mut a, T1);
    a.j(again);
    let mut world = World::new(Variant::default(), 1);
    let mut guest = world.guest(a);
    let kernel = &world.machine.kernel;
    let mut second = native::Thread::new(guest.vm.create_vcpu(1).unwrap());
    second.vcpu.shared().set_mp_state(kernel, MpState::RUNNABLE).unwrap();
    second.vcpu.set_one_reg(Register::PC, 0, &RAM.to_le_bytes()).unwrap();
    for (number, thread) in [(0, &mut guest.thread), (1, &mut second)] {
        let tables = TABLES + number * 0x1_0000;
        thread.vcpu.set_one_reg(Register::A1, 0, &tables.to_le_bytes()).unwrap();
        let page = guest.memory.offset(tables + 0x3000 - RAM);
        kernel.memory.write(page, &(number + 7).to_le_bytes()).unwrap();
    }
    let mut second = Guest { vm: guest.vm.clone(), thread: second, memory: guest.memory };
    for _ in 0..3 {
        assert_eq!(world.run(0, &mut guest), shown(7));
        assert_eq!(world.run(0, &mut second), shown(8));
    }
}

fn lost_csrs_are_loaded() {
    let mut a = Asm::new(RAM);
    a.li(T0, 5).csrw(csr::sscratch::NUMBER, T0);
    show(&mut a, T0);
    a.csrr(T1, csr::sscratch::NUMBER);
    show(&mut a, T1);
    let (mut world, mut guest) = started(Variant::default(), a);
    assert_eq!(world.run(0, &mut guest), shown(5));
    let local = &mut world.machine.locals[0];
    local.hart.write::<{ csr::vsscratch::NUMBER }>(0);
    local.forget();
    assert_eq!(world.run(0, &mut guest), shown(5));
}

fn pending_interrupts_are_where_they_belong() {
    let mut a = Asm::new(RAM);
    a.csrr(T1, csr::sip::NUMBER);
    show(&mut a, T1);
    let (mut world, mut guest) = started(Variant::default(), a);
    let sip = Register::csr(one_reg::CSR_GENERAL, index::csr::SIP);
    let software = csr::sip::SSIP.mask();
    guest.thread.vcpu.set_one_reg(sip, 0, &software.to_le_bytes()).unwrap();
    assert_eq!(get(&guest, sip), software);
    assert_eq!(world.run(0, &mut guest), shown(software));
}

fn a_timer_far_away_ends_no_wait() {
    let mut a = Asm::new(RAM);
    a.li(T0, csr::sie::STIE.mask()).csrw(csr::sie::NUMBER, T0);
    a.csrw(csr::stimecmp::NUMBER, ZERO);
    show(&mut a, ZERO);
    a.li(T0, 1 << 50).csrw(csr::stimecmp::NUMBER, T0);
    a.wfi();
    let (mut world, mut guest) = started(Variant::default(), a);
    assert_eq!(world.run(0, &mut guest), shown(0));
    assert!(guest.thread.vcpu.is_runnable(world.machine.now()), "the timer is due");
    assert_eq!(world.run(0, &mut guest), Event::Blocked);
    assert!(!guest.thread.vcpu.is_runnable(world.machine.now()), "the timer is far away");
}

fn an_immediate_exit_is_immediate() {
    let mut a = Asm::new(RAM);
    a.li(T0, DEVICE).ld(T1, 0, T0);
    show(&mut a, T1);
    let (mut world, mut guest) = started(Variant::default(), a);
    assert_eq!(world.run(0, &mut guest), load(0, 8));
    let pc = guest.thread.vcpu.pc();
    guest.answer(3);
    guest.thread.page().set_immediate_exit(true);
    assert_eq!(world.run(0, &mut guest), Event::Failed(Errno::EINTR));
    assert_eq!(guest.thread.vcpu.pc(), pc + 4, "the load is finished all the same");
    guest.thread.page().set_immediate_exit(false);
    assert_eq!(world.run(0, &mut guest), shown(3));
}

fn types_have_32_bits() {
    let mut a = Asm::new(RAM);
    a.li(A7, 0x48_534d).li(A6, 3).li(A0, 1 << 32).ecall();
    show(&mut a, A0);
    let (mut world, mut guest) = started(Variant::default(), a);
    assert_eq!(world.run(0, &mut guest), Event::Blocked);
}

fn what_nobody_answers_is_not_supported() {
    let mut a = Asm::new(RAM);
    a.li(A7, 0x0900_0000).ecall();
    show(&mut a, A0);
    let (mut world, mut guest) = started(Variant::default(), a);
    assert!(matches!(world.run(0, &mut guest), Event::Exit(Exit::Sbi { .. })));
    assert_eq!(world.run(0, &mut guest), shown(-2_i64 as u64));
}

fn records_are_aligned() {
    let (_, mut guest) = started(Variant::default(), Asm::new(RAM));
    let record = Register::sbi_state(one_reg::STATE_STA, index::sta::SHMEM_LO);
    let vcpu = &mut guest.thread.vcpu;
    assert_eq!(vcpu.set_one_reg(record, 0, &(RAM + 32).to_le_bytes()), Err(Errno::EINVAL));
    assert_eq!(vcpu.set_one_reg(record, 0, &(RAM + 64).to_le_bytes()), Ok(()));
}

fn a_running_guest_keeps_its_extensions() {
    let mut a = Asm::new(RAM);
    show(&mut a, ZERO);
    let (mut world, mut guest) = started(Variant::default(), a);
    world.run(0, &mut guest);
    let sstc = Register::isa_extension(kvm::extension::isa("sstc").unwrap());
    let vcpu = &mut guest.thread.vcpu;
    assert_eq!(vcpu.set_one_reg(sstc, 0, &1_u64.to_le_bytes()), Ok(()), "it has that");
    assert_eq!(vcpu.set_one_reg(sstc, 0, &0_u64.to_le_bytes()), Err(Errno::EBUSY));
}

fn the_hosts_counters_are_hidden() {
    let mut a = Asm::new(RAM);
    a.csrr(T1, csr::instret::NUMBER);
    show(&mut a, T1);
    let (mut world, mut guest) = started(Variant::default(), a);
    assert_eq!(world.run(0, &mut guest), shown(0));
}

fn page_tables_are_no_devices() {
    let tables = TABLES;
    // The fifth gigabyte's table is where a device is.
    let mut b = Asm::new(RAM);
    with_handler(
        &mut b,
        |b| {
            b.li(A1, tables);
            for gigabyte in 0..4_u64 {
                b.li(T0, gigabyte << 28 | 0xcf).sd(T0, gigabyte as i32 * 8, A1);
            }
            b.li(T0, Pte::pointer(DEVICE).0).sd(T0, 32, A1);
            b.li(T0, 8 << 60 | tables >> 12).csrw(csr::satp::NUMBER, T0).sfence_vma(ZERO, ZERO);
            b.li(T0, 1 << 32).ld(T1, 0, T0);
        },
        |b| {
            b.csrr(T1, csr::scause::NUMBER);
            show(b, T1);
        },
    );
    let (mut world, mut guest) = started(Variant::default(), b);
    assert_eq!(world.run(0, &mut guest), shown(5), "a load access fault");
}

fn a_timer_is_turned_on_as_it_was_set() {
    let (_, mut guest) = started(Variant::default(), Asm::new(RAM));
    let (compare, state) = (Register::timer(index::timer::COMPARE), Register::timer(index::timer::STATE));
    let vcpu = &mut guest.thread.vcpu;
    vcpu.set_one_reg(compare, 0, &1234_u64.to_le_bytes()).unwrap();
    vcpu.set_one_reg(state, 0, &one_reg::TIMER_ON.to_le_bytes()).unwrap();
    assert_eq!((get(&guest, compare), get(&guest, state)), (1234, one_reg::TIMER_ON));
}

fn the_last_page_is_a_page() {
    let (mut world, guest) = started(Variant::default(), Asm::new(RAM));
    let bits = world.machine.hypervisor.features.gstage.address_bits();
    let region = UserMemoryRegion {
        slot: 1,
        flags: 0,
        guest_phys_addr: (1 << bits) - PAGE_SIZE,
        memory_size: PAGE_SIZE,
        userspace_addr: guest.memory.0,
    };
    let native::Machine { kernel, locals, .. } = &mut world.machine;
    assert_eq!(guest.vm.set_user_memory_region(&mut locals[0], kernel, &region), Ok(()));
}

fn stores_to_the_stack_pointer_are_stores() {
    let mut a = Asm::new(RAM);
    // c.sdsp a0, 0(sp)
    a.li(SP, DEVICE).li(A0, 9).half(0xe02a);
    let (mut world, mut guest) = started(silent(), a);
    assert_eq!(world.run(0, &mut guest), store(0, 8, 9));
}

fn an_instruction_that_has_gone_is_fetched_again() {
    let mut a = Asm::new(RAM);
    with_handler(
        &mut a,
        |a| {
            a.li(T0, DEVICE).li(T1, 9).sd(T1, 0, T0);
        },
        |a| {
            show(a, ZERO);
        },
    );
    let mut world = World::new(silent(), 2);
    let mut guest = world.guest(a);
    let (vm, memory) = (guest.vm.clone(), guest.memory);
    let native::Machine { kernel, locals, hypervisor, .. } = &mut world.machine;
    let [first, second] = &mut locals[..] else { panic!("there are two harts") };
    // When the guest leaves for its device, the page of its code goes.
    let mut first_time = true;
    let hook = |trap: &hyp::Trap| {
        if trap.scause == Exception::StoreGuestPageFault as u64 && std::mem::take(&mut first_time) {
            vm.invalidate_begin(second, kernel, memory..memory.offset(PAGE_SIZE));
            vm.invalidate_end();
        }
    };
    let watched = Watched { hart: first.hart.hart(), hook };
    let mut local = Local::enable(hypervisor.clone(), watched, 0);
    guest.thread.vcpu.load(&mut local, kernel);
    let (vcpu, mut page) = guest.thread.parts();
    // The first store maps nothing, and is taken for what it is only after the second fetch.
    assert_eq!(vcpu.run(&mut local, kernel, &mut page), Ok(Stop::Exit));
    assert_eq!(Event::Exit(page.exit()), store(0, 8, 9));
}
