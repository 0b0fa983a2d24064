//! Every CSR access of the world switch, in its order, with its value.

use isa::cause::Interrupt;
use isa::csr::vstimecmp;
use isa::ext::Ext;

use super::*;
use crate::context::VsState;
use crate::fake::Event::{
    Enter, FenceI, HfenceGvma, HfenceVvma, Read, RemoteFence as Remote, RestoreFloat, SaveFloat, Swap, Write,
};
use crate::fake::{Event, World};
use crate::hart::RemoteFence;

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

/// The guest's time less the host's.
const DELTA: u64 = 900_u64.wrapping_neg();

/// Everything that makes a difference to the switch, or none of it.
const ALL: &[Ext] = &[Ext::Sstc, Ext::Smstateen];

fn world(vmid_bits: u32, extensions: &[Ext]) -> World {
    let mut world = World::new(1, vmid_bits, extensions);
    world.vcpu.vs = VsState {
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
    world
}

/// A guest that has its VMID already.
fn with_vmid(vmid_bits: u32, extensions: &[Ext]) -> World {
    let mut world = world(vmid_bits, extensions);
    let World { local, host, vm, .. } = &mut world;
    let hypervisor = local.hypervisor.clone();
    hypervisor.vmids.update(&mut local.hart, 0, host, &hypervisor.harts, &vm.vmid);
    world.take_events();
    world
}

/// What load does for a virtual hart that the hart does not hold, of a machine whose VMID it has not had.
fn full_load(world: &World) -> Vec<Event> {
    let hypervisor = &world.local.hypervisor;
    let mut events = vec![
        Write("vsatp", 0),
        Write("hgatp", 10 << 60 | u64::from(world.vm.vmid.number()) << 44 | 0x10_0000),
    ];
    let is_unused = hypervisor.vmids.is_unused();
    if !is_unused {
        events.extend([HfenceGvma(None, Some(world.vm.vmid.number())), HfenceVvma(None, None)]);
    }
    events.push(Write("henvcfg", if hypervisor.features.sstc { 1 << 63 } else { 0 }));
    if is_unused {
        events.extend([HfenceGvma(None, None), HfenceVvma(None, None)]);
    }
    events.extend([Write("hedeleg", 0xb10d), Write("hideleg", 0x444), Write("hcounteren", 2)]);
    if hypervisor.features.smstateen {
        events.push(Write("hstateen0", 1 << 62 | 1 << 63));
    }
    events.extend(VS.map(|(name, _, value)| Write(name, value)));
    events.extend(short_load(world));
    events
}

/// What load does in any case.
fn short_load(world: &World) -> Vec<Event> {
    let mut events = vec![Write("htimedelta", DELTA)];
    if world.local.hypervisor.features.sstc {
        events.push(Write("vstimecmp", u64::MAX));
    }
    events.push(Write("hvip", 9));
    events
}

#[test]
fn load_turns_translation_off_before_hgatp_changes_and_on_at_the_end() {
    for (vmid_bits, extensions) in [(14, &[][..]), (14, ALL), (0, &[]), (0, ALL)] {
        let mut world = with_vmid(vmid_bits, extensions);
        world.load();
        assert_eq!(world.take_events(), full_load(&world), "{vmid_bits} bits, {extensions:?}");
    }
}

#[test]
fn the_first_load_takes_a_vmid() {
    let mut world = world(14, &[]);
    world.load();
    let events = world.take_events();
    assert_eq!(events[..2], [HfenceGvma(None, None), Remote(RemoteFence::Guests)]);
    assert_eq!(events[2..], full_load(&world));
    assert_eq!(world.vm.vmid.number(), 1);
}

#[test]
fn who_was_here_last_finds_its_registers_and_has_its_interrupts_loaded() {
    for extensions in [&[][..], ALL] {
        let mut world = with_vmid(14, extensions);
        world.load();
        world.put();
        world.take_events();
        world.vcpu.vs.hvip = 9;
        world.load();
        assert_eq!(world.take_events(), short_load(&world));
    }
}

#[test]
fn what_has_been_changed_since_is_loaded() {
    let mut world = with_vmid(14, &[]);
    world.load();
    world.put();
    let sscratch = kvm::Register::csr(kvm::one_reg::CSR_GENERAL, kvm::one_reg::index::csr::SSCRATCH);
    world.vcpu.set_one_reg(sscratch, 0, &77_u64.to_le_bytes()).unwrap();
    world.take_events();
    world.load();
    assert!(world.take_events().contains(&Write("vsscratch", 77)));
}

#[test]
fn a_hart_that_has_lost_its_registers_is_loaded_with_all() {
    let mut world = with_vmid(14, &[]);
    world.load();
    world.put();
    world.vcpu.vs = VsState { vsatp: 8, hvip: 9, ..world.vcpu.vs };
    world.take_events();
    world.local.alarm = 5;
    world.local.forget();
    assert_eq!(world.take_events(), [Event::Alarm(u64::MAX)]);
    assert_eq!(world.local.alarm, u64::MAX);
    world.load();
    let is_fence = |event: &Event| matches!(event, HfenceGvma(..) | HfenceVvma(..));
    let expected: Vec<_> = full_load(&world).into_iter().filter(|event| !is_fence(event)).collect();
    assert_eq!(world.take_events(), expected, "the VMID is not new");
}

#[test]
fn another_virtual_hart_of_the_machine_has_no_use_for_what_is_cached() {
    let mut world = with_vmid(14, &[]);
    world.load();
    world.put();
    let mut second = world.vm.create_vcpu(1).unwrap();
    world.take_events();
    second.load(&mut world.local, &world.host);
    let events = world.take_events();
    assert!(!events.iter().any(|event| matches!(event, Write("hgatp", _))), "the machine is the same");
    let at = events.iter().position(|event| *event == HfenceVvma(None, None)).expect("a fence");
    let vsatp = events.iter().rposition(|event| matches!(event, Write("vsatp", _))).unwrap();
    assert!(at > vsatp);
    second.put(&mut world.local);
    world.take_events();
    world.load();
    assert!(world.take_events().contains(&HfenceVvma(None, None)), "nor the other way round");
}

#[test]
fn a_virtual_hart_that_comes_back_forgets_what_it_left_and_fetches_anew() {
    let mut world = World::new(2, 14, &[]);
    world.load();
    world.put();
    let mut other = Local::enable(world.local.hypervisor.clone(), crate::fake::FakeHart::default(), 1);
    world.vcpu.load(&mut other, &world.host);
    let events = other.hart.take_events();
    assert!(events.contains(&FenceI));
    let vvma = events.iter().filter(|event| **event == HfenceVvma(None, None)).count();
    assert_eq!(vvma, 1, "for the VMID's sake: nobody of this machine was there");
    world.vcpu.put(&mut other);
    world.take_events();
    world.load();
    let events = world.take_events();
    assert!(events.contains(&FenceI) && events.contains(&HfenceVvma(None, None)));
    world.put();
    world.take_events();
    world.load();
    let events = world.take_events();
    assert!(!events.contains(&FenceI) && !events.contains(&HfenceVvma(None, None)), "it has stayed");
}

#[test]
fn a_number_that_was_another_machines_is_forgotten_where_it_is_used_first() {
    // Two bits have three numbers, and two harts are few enough for them.
    let mut world = World::new(2, 2, &[]);
    let hypervisor = world.local.hypervisor.clone();
    let mut other = Local::enable(hypervisor.clone(), crate::fake::FakeHart::default(), 1);
    world.load();
    world.put();
    world.vcpu.load(&mut other, &world.host);
    world.vcpu.put(&mut other);
    assert_eq!(world.vm.vmid.number(), 1);

    // A generation later the number is another machine's. The second hart has been told to forget, but has had the
    // first machine's tables in hgatp ever since.
    let machines = [(); 3].map(|()| crate::vm::Vm::new(&hypervisor, &world.host, 0).unwrap());
    for machine in &machines {
        hypervisor.vmids.update(&mut world.local.hart, 0, &world.host, &hypervisor.harts, &machine.vmid);
    }
    assert_eq!(machines[2].vmid.number(), 1);
    let forgotten = [HfenceGvma(None, Some(1)), HfenceVvma(None, None)];
    let mut vcpu = machines[2].create_vcpu(0).unwrap();
    other.hart.take_events();
    vcpu.load(&mut other, &world.host);
    let events = other.hart.take_events();
    assert_eq!(events[..2], [Write("vsatp", 0), Write("hgatp", machines[2].hgatp())]);
    assert_eq!(events[2..4], forgotten);
    vcpu.put(&mut other);
    vcpu.load(&mut other, &world.host);
    let events = other.hart.take_events();
    assert!(!events.iter().any(|event| forgotten.contains(event)), "it is this machine's by now");
    vcpu.put(&mut other);
}

#[test]
fn put_reads_every_register_back_and_leaves_no_interrupt_behind() {
    for extensions in [&[][..], ALL] {
        let mut world = with_vmid(14, extensions);
        world.load();
        world.take_events();
        for (_, number, value) in VS {
            world.hart().set_csr(number, value + 100);
        }
        world.hart().set_csr(hvip::NUMBER, 0x40);
        world.hart().set_csr(vstimecmp::NUMBER, 2000);
        world.put();

        let sstc = extensions.contains(&Ext::Sstc);
        let mut expected = Vec::new();
        if sstc {
            expected.push(Swap("vstimecmp", u64::MAX));
        }
        expected.extend(VS.map(|(name, ..)| Read(name)));
        expected.push(Swap("hvip", 0));
        assert_eq!(world.take_events(), expected);
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
    let mut world = with_vmid(14, ALL);
    world.load();
    let loaded = VS.map(|(_, number, _)| world.local.hart.csr(number));
    world.put();
    for (_, number, _) in VS {
        world.hart().set_csr(number, 0xdead);
    }
    world.local.forget();
    world.load();
    assert_eq!(VS.map(|(_, number, _)| world.local.hart.csr(number)), loaded);
    assert_eq!(world.local.hart.csr(hvip::NUMBER), 9);
}

/// The accesses around one run of the guest.
fn enter_events(smstateen: bool) -> Vec<Event> {
    let mut events = vec![Swap("scounteren", 0x11), Swap("senvcfg", 0x12)];
    if smstateen {
        events.push(Swap("sstateen0", 0x14));
    }
    events.extend([
        Swap("hstatus", 0x13),
        Enter,
        Read("scause"),
        Read("stval"),
        Read("htval"),
        Read("htinst"),
        Swap("hstatus", 0x23),
    ]);
    if smstateen {
        events.push(Swap("sstateen0", 0x24));
    }
    events.extend([Swap("senvcfg", 0x22), Swap("scounteren", 0x21)]);
    events
}

/// A host with values of its own in the shared CSRs, and a guest that changes everything it can.
fn host_and_guest(world: &mut World) {
    world.vcpu.around =
        crate::context::SharedState { hstatus: 0x13, scounteren: 0x11, senvcfg: 0x12, sstateen0: 0x14 };
    let hart = world.hart();
    hart.set_csr(scounteren::NUMBER, 0x21);
    hart.set_csr(senvcfg::NUMBER, 0x22);
    hart.set_csr(hstatus::NUMBER, 0x23);
    hart.set_csr(sstateen0::NUMBER, 0x24);
    hart.guests.push_back(Box::new(|csrs, context| {
        assert_eq!([csrs[&scounteren::NUMBER], csrs[&senvcfg::NUMBER]], [0x11, 0x12]);
        assert_eq!(csrs[&hstatus::NUMBER], 0x13);
        context.guest.sepc += 4;
        csrs.extend([
            (scounteren::NUMBER, 0x31),
            (senvcfg::NUMBER, 0x32),
            (hstatus::NUMBER, 0x33),
            (sstateen0::NUMBER, 0x34),
            (vsie::NUMBER, 0x222),
            (hvip::NUMBER, 4),
        ]);
        let trap = Trap { scause: 21, stval: 0x1003, htval: 0x400, htinst: 0x3583 };
        crate::fake::set_trap(csrs, &trap);
    }));
}

#[test]
fn entry_exchanges_the_shared_registers_and_reads_the_trap_at_once() {
    for extensions in [&[][..], ALL] {
        let mut world = with_vmid(14, extensions);
        world.load();
        host_and_guest(&mut world);
        world.take_events();
        let World { local, vcpu, .. } = &mut world;
        let pc = vcpu.pc();
        let trap = vcpu.enter(&mut local.hart);
        let smstateen = !extensions.is_empty();
        assert_eq!(local.hart.take_events(), enter_events(smstateen));
        assert_eq!(trap, Trap { scause: 21, stval: 0x1003, htval: 0x400, htinst: 0x3583 });
        let around = &vcpu.around;
        assert_eq!([around.scounteren, around.senvcfg, around.hstatus], [0x31, 0x32, 0x33]);
        assert_eq!(around.sstateen0, if smstateen { 0x34 } else { 0x14 });
        let host = [scounteren::NUMBER, senvcfg::NUMBER, hstatus::NUMBER].map(|n| local.hart.csr(n));
        assert_eq!(host, [0x21, 0x22, 0x23]);
        assert_eq!(vcpu.pc(), pc + 4);
    }
}

#[test]
fn sync_learns_what_the_guest_did_to_its_interrupts() {
    let mut world = with_vmid(14, &[]);
    world.load();
    world.hart().set_csr(vsie::NUMBER, 0x222);
    world.hart().set_csr(hvip::NUMBER, 4);
    world.take_events();
    let World { local, vcpu, .. } = &mut world;
    vcpu.sync(&mut local.hart);
    assert_eq!(local.hart.take_events(), [Read("vsie"), Read("hvip")]);
    assert_eq!((vcpu.vs.vsie, vcpu.vs.hvip), (0x222, 4));
    assert_eq!(vcpu.shared.interrupts.pending(), Interrupt::Vssi.bit());
}

#[test]
fn a_hart_is_enabled_without_guests_and_disabled_without_their_interrupts() {
    let mut world = World::usual();
    let hypervisor = world.local.hypervisor.clone();
    let hart = std::mem::take(&mut world.local.hart);
    let mut local = Local::enable(hypervisor, hart, 0);
    let enabled = [Write("hvip", 0), Write("hgatp", 0), HfenceGvma(None, None), Event::Alarm(u64::MAX)];
    assert_eq!(local.hart.take_events(), enabled);
    let mut hart = local.disable();
    // Delegation ends last, so that what is pending for a guest never reaches the host.
    let disabled = ["vsie", "hvip", "hedeleg", "hideleg", "hcounteren"].map(|name| Write(name, 0));
    assert_eq!(hart.take_events(), disabled);
}

#[test]
fn floating_point_registers_are_saved_where_the_guest_has_changed_them() {
    use isa::csr::sstatus;
    for (status, loads, saves) in [(0, false, false), (1, true, false), (2, true, false), (3, true, true)] {
        let mut world = World::new(1, 14, &[Ext::F, Ext::D]);
        let float = |world: &mut World| {
            let events = world.take_events();
            events.into_iter().filter(|event| matches!(event, SaveFloat | RestoreFloat)).collect::<Vec<_>>()
        };
        let set = |world: &mut World, status| {
            let guest = &mut world.vcpu.context.guest;
            guest.sstatus = sstatus::FS.set(guest.sstatus, status);
        };
        world.hart().float.f[3] = 1;
        world.vcpu.float.f[3] = 2;
        set(&mut world, status);
        world.load();
        let expected = if loads { vec![SaveFloat, RestoreFloat] } else { vec![SaveFloat] };
        assert_eq!(float(&mut world), expected, "FS {status}");
        assert_eq!(world.hart().float.f[3], if loads { 2 } else { 1 });
        let clean = sstatus::FS.get(world.vcpu.context.guest.sstatus);
        assert_eq!(clean, if loads { 2 } else { 0 });

        set(&mut world, status);
        world.hart().float.f[3] = 5;
        world.put();
        let expected = if saves { vec![SaveFloat, RestoreFloat] } else { vec![RestoreFloat] };
        assert_eq!(float(&mut world), expected, "FS {status}");
        assert_eq!(world.vcpu.float.f[3], if saves { 5 } else { 2 });
        assert_eq!(world.hart().float.f[3], 1, "the host's are back");
        assert_ne!(sstatus::FS.get(world.vcpu.context.guest.sstatus), 3, "what is saved is clean");
    }
}

#[test]
fn a_guest_without_floating_point_costs_nothing_for_it() {
    let mut world = World::usual();
    world.load();
    world.put();
    assert!(!world.take_events().iter().any(|event| matches!(event, SaveFloat | RestoreFloat)));
}

#[test]
fn the_first_entry_is_to_vs_mode_with_interrupts_off() {
    use isa::csr::sstatus;
    let world = World::usual();
    let guest = &world.vcpu.context.guest;
    assert_eq!(guest.sstatus, sstatus::SPP.of(1) | sstatus::SPIE.of(1) | sstatus::UXL.of(2));
    let hstatus = world.vcpu.around.hstatus;
    assert_eq!(hstatus, hstatus::SPV.of(1) | hstatus::SPVP.of(1) | hstatus::VTW.of(1) | hstatus::VSXL.of(2));
}
