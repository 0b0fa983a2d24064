//! Every CSR access of the world switch, in its order, with its value.

use isa::cause::Interrupt;
use isa::csr::{sstatus, vstimecmp};

use super::*;
use crate::addr::Gpa;
use crate::fake::Event::{Enter, HfenceGvma, Read, RemoteHfenceGvma, Swap, Write};
use crate::fake::{FakeFrames, FakeHart};
use crate::probe::Features;

/// CSRs of a guest in the order in which they are numbered below.
const VS: [(&str, u16, u64); 8] = [
    ("vsstatus", vsstatus::NUMBER, 1),
    ("vsie", vsie::NUMBER, 2),
    ("vstvec", vstvec::NUMBER, 3),
    ("vsscratch", vsscratch::NUMBER, 4),
    ("vsepc", vsepc::NUMBER, 5),
    ("vscause", vscause::NUMBER, 6),
    ("vstval", vstval::NUMBER, 7),
    ("vsatp", vsatp::NUMBER, 8),
];

struct World {
    hart: FakeHart,
    vcpu: Vcpu,
    vm: Vm,
    vmids: Vmids,
}

fn world(sstc: bool, vmid_bits: u32) -> World {
    let mut hart = FakeHart::default();
    hart.time = 1000;
    let mut vmids = Vmids::new(vmid_bits, 1);
    let ram = Gpa(0x8000_0000)..Gpa(0x8100_0000);
    let mut vm = Vm::new(&mut FakeFrames::default(), ram, 900).unwrap();
    vmids.update(&mut hart, &mut vm.vmid);
    let mut vcpu = Vcpu::new(Features { vmid_bits, sstc, smstateen: sstc }, Gpa(0x8020_0000), 0, 0);
    vcpu.vs = crate::context::VsState {
        vsstatus: 1,
        vsie: 2,
        vstvec: 3,
        vsscratch: 4,
        vsepc: 5,
        vscause: 6,
        vstval: 7,
        vsatp: 8,
        hvip: 9,
    };
    if vmid_bits != 0 {
        assert_eq!(hart.take_events(), [HfenceGvma, RemoteHfenceGvma]);
    }
    World { hart, vcpu, vm, vmids }
}

/// What load does, up to the writes of the guest's supervisor CSRs.
fn load_begins(world: &World, fence: bool) -> Vec<crate::fake::Event> {
    let config = &world.vcpu.config;
    let mut events = vec![
        Write("vsatp", 0),
        Write("hgatp", 8 << 60 | u64::from(world.vm.vmid.number()) << 44 | 0x10_0000),
        Write("henvcfg", config.henvcfg),
    ];
    if fence {
        events.push(HfenceGvma);
    }
    events.extend([Write("hedeleg", 0xb10d), Write("hideleg", 0x444), Write("hcounteren", 2)]);
    // The tests give a guest both extensions or none.
    if config.hstateen0.is_some() {
        events.push(Write("hstateen0", 1 << 62));
    }
    events.extend([
        Write("vsstatus", 1),
        Write("vsie", 2),
        Write("vstvec", 3),
        Write("vsscratch", 4),
        Write("vsepc", 5),
        Write("vscause", 6),
        Write("vstval", 7),
        Write("hvip", 9),
        Write("htimedelta", 900u64.wrapping_neg()),
    ]);
    events
}

#[test]
fn load_turns_translation_off_before_hgatp_changes_and_on_at_the_end() {
    let mut world = world(false, 14);
    world.vcpu.load(&mut world.hart, &world.vm, &world.vmids);
    let mut expected = load_begins(&world, false);
    expected.push(Write("vsatp", 8));
    assert_eq!(world.hart.take_events(), expected);
}

#[test]
fn load_fences_where_there_are_no_vmids() {
    let mut world = world(false, 0);
    world.vcpu.load(&mut world.hart, &world.vm, &world.vmids);
    let mut expected = load_begins(&world, true);
    expected.push(Write("vsatp", 8));
    assert_eq!(world.hart.take_events(), expected);
}

#[test]
fn load_gives_the_guest_its_timer_and_its_state() {
    let mut world = world(true, 14);
    world.vcpu.timer.set(&mut world.hart, &mut world.vcpu.interrupts, 77);
    world.hart.take_events();
    world.vcpu.load(&mut world.hart, &world.vm, &world.vmids);
    assert_eq!(world.vcpu.config.henvcfg, 1 << 63);
    let mut expected = load_begins(&world, false);
    expected.extend([Write("vstimecmp", 77), Write("vsatp", 8)]);
    assert_eq!(world.hart.take_events(), expected);
}

#[test]
fn put_reads_every_register_back_and_leaves_no_interrupt_behind() {
    for sstc in [false, true] {
        let mut world = world(sstc, 14);
        for (_, number, value) in VS {
            world.hart.set_csr(number, value + 100);
        }
        world.hart.set_csr(hvip::NUMBER, 0x40);
        world.hart.set_csr(vstimecmp::NUMBER, 2000);
        world.vcpu.put(&mut world.hart);

        let mut expected: Vec<_> = VS.iter().map(|(name, ..)| Read(name)).collect();
        expected.push(Swap("hvip", 0));
        if sstc {
            expected.push(Swap("vstimecmp", u64::MAX));
        }
        assert_eq!(world.hart.take_events(), expected);
        let vs = &world.vcpu.vs;
        let read = [vs.vsstatus, vs.vsie, vs.vstvec, vs.vsscratch, vs.vsepc, vs.vscause, vs.vstval, vs.vsatp];
        assert_eq!(read, VS.map(|(_, _, value)| value + 100));
        assert_eq!(vs.hvip, 0x40);
        assert_eq!(world.vcpu.timer.is_due(2000), sstc);
        assert!(!world.vcpu.timer.is_due(1999));
    }
}

#[test]
fn load_undoes_put() {
    let mut world = world(true, 14);
    world.vcpu.load(&mut world.hart, &world.vm, &world.vmids);
    let loaded: Vec<u64> = VS.map(|(_, number, _)| world.hart.csr(number)).to_vec();
    world.vcpu.put(&mut world.hart);
    for (_, number, _) in VS {
        world.hart.set_csr(number, 0xdead);
    }
    world.vcpu.load(&mut world.hart, &world.vm, &world.vmids);
    assert_eq!(VS.map(|(_, number, _)| world.hart.csr(number)).to_vec(), loaded);
    assert_eq!(world.hart.csr(hvip::NUMBER), 9);
}

/// The accesses around one run of the guest.
fn run_events(sstc: bool) -> Vec<crate::fake::Event> {
    let mut events = vec![
        Swap("scounteren", 0x11),
        Swap("senvcfg", 0x12),
        Swap("hstatus", 0x13),
        Enter,
        Read("scause"),
        Read("stval"),
        Read("htval"),
        Read("htinst"),
        Swap("hstatus", 0x23),
        Swap("senvcfg", 0x22),
        Swap("scounteren", 0x21),
        Read("vsie"),
        Read("hvip"),
    ];
    if sstc {
        events.push(Read("vstimecmp"));
    }
    events
}

/// A host with values of its own in the shared CSRs, and a guest that changes everything it can.
fn host_and_guest(world: &mut World) {
    world.vcpu.shared.scounteren = 0x11;
    world.vcpu.shared.senvcfg = 0x12;
    world.vcpu.shared.hstatus = 0x13;
    world.hart.set_csr(scounteren::NUMBER, 0x21);
    world.hart.set_csr(senvcfg::NUMBER, 0x22);
    world.hart.set_csr(hstatus::NUMBER, 0x23);
    world.hart.guests.push_back(Box::new(|csrs, context| {
        assert_eq!([csrs[&scounteren::NUMBER], csrs[&senvcfg::NUMBER]], [0x11, 0x12]);
        assert_eq!(csrs[&hstatus::NUMBER], 0x13);
        context.guest.sepc += 4;
        csrs.extend([
            (scounteren::NUMBER, 0x31),
            (senvcfg::NUMBER, 0x32),
            (hstatus::NUMBER, 0x33),
            (scause::NUMBER, 21),
            (stval::NUMBER, 0x1003),
            (htval::NUMBER, 0x400),
            (htinst::NUMBER, 0x3583),
            (vsie::NUMBER, 0x222),
            (hvip::NUMBER, 4),
            (vstimecmp::NUMBER, 5000),
        ]);
    }));
}

#[test]
fn run_exchanges_the_shared_registers_and_reads_the_trap_at_once() {
    for sstc in [false, true] {
        let mut world = world(sstc, 14);
        host_and_guest(&mut world);
        let trap = world.vcpu.run(&mut world.hart, &world.vm);
        assert_eq!(world.hart.take_events(), run_events(sstc));
        assert_eq!(trap, Trap { scause: 21, stval: 0x1003, htval: 0x400, htinst: 0x3583 });
        let shared = &world.vcpu.shared;
        assert_eq!([shared.scounteren, shared.senvcfg, shared.hstatus], [0x31, 0x32, 0x33]);
        let host = [scounteren::NUMBER, senvcfg::NUMBER, hstatus::NUMBER].map(|n| world.hart.csr(n));
        assert_eq!(host, [0x21, 0x22, 0x23]);
        assert_eq!(world.vcpu.pc(), 0x8020_0004);
        assert_eq!(world.vcpu.counts.total(), 1);
    }
}

#[test]
fn run_learns_what_the_guest_did_to_its_interrupts() {
    let mut world = world(true, 14);
    host_and_guest(&mut world);
    world.vcpu.run(&mut world.hart, &world.vm);
    assert_eq!(world.vcpu.vs.vsie, 0x222);
    assert_eq!(world.vcpu.vs.hvip, 4);
    assert_eq!(world.vcpu.interrupts.pending(), Interrupt::Vssi.bit());
    assert!(world.vcpu.timer.is_due(5000) && !world.vcpu.timer.is_due(4999));
}

#[test]
fn run_flushes_interrupts_before_it_enters() {
    let mut world = world(false, 14);
    host_and_guest(&mut world);
    world.vcpu.interrupts.set(Interrupt::Vsei);
    world.vcpu.run(&mut world.hart, &world.vm);
    let mut expected = vec![Write("hvip", 9 | Interrupt::Vsei.bit())];
    expected.extend(run_events(false));
    assert_eq!(world.hart.take_events(), expected);
}

#[test]
fn run_raises_the_timer_interrupt_when_it_is_due_by_the_guests_clock() {
    // The machine was made at 900 and it is 1000: the guest's clock shows 100.
    for (deadline, due) in [(100, true), (101, false)] {
        let mut world = world(false, 14);
        host_and_guest(&mut world);
        world.vcpu.vs.hvip = 0;
        world.vcpu.timer.set(&mut world.hart, &mut world.vcpu.interrupts, deadline);
        world.vcpu.run(&mut world.hart, &world.vm);
        let hvip = if due { Interrupt::Vsti.bit() } else { 0 };
        assert_eq!(world.hart.take_events()[0], Write("hvip", hvip), "deadline {deadline}");
    }
}

#[test]
fn an_exit_that_the_host_did_not_complete_is_taken_again() {
    let mut world = world(false, 14);
    host_and_guest(&mut world);
    world.vcpu.pending = Some(crate::vcpu::Pending::Sbi);
    world.vcpu.run(&mut world.hart, &world.vm);
    let pc = world.vcpu.pc();
    world.vcpu.complete(1);
    assert_eq!(world.vcpu.pc(), pc);
}

#[test]
fn the_first_entry_is_to_vs_mode_with_interrupts_off() {
    let world = world(false, 14);
    let guest = &world.vcpu.context.guest;
    assert_eq!(guest.sstatus, sstatus::SPP.of(1) | sstatus::SPIE.of(1) | sstatus::UXL.of(2));
    let hstatus = world.vcpu.shared.hstatus;
    assert_eq!(hstatus, hstatus::SPV.of(1) | hstatus::SPVP.of(1) | hstatus::VTW.of(1) | hstatus::VSXL.of(2));
}
