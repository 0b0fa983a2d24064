//! Whole guests: programs in the simulator, exits handled natively, on every kind of hart.

use hyp::handle::Reset;
use hyp::probe::{Features, probe};
use hyp::vmid::Vmids;
use hyp::{Gpa, Hart, Outcome, Vcpu, Vm, Width, handle};
use isa::asm::prelude::*;
use isa::ext::Ext;
use iss::Variant;
use iss::variant::TlbPolicy;

use crate::machine::{Machine, Memory, machine};

pub(crate) const RAM: u64 = 0x8000_0000;
const DEVICE: u64 = 0x1000_0000;
/// A page that the guest touches, in RAM.
const PAGE: u64 = RAM + 0x12_3000;

/// More exits than any guest here makes without the host's help.
const ENOUGH: usize = 100;

/// A simulated hart and the software that runs guests on it.
pub(crate) struct World {
    pub(crate) machine: Machine,
    pub(crate) memory: Memory,
    vmids: Vmids,
    pub(crate) features: Features,
    /// Whether the hart tells nothing of the instructions that trap, as it may.
    pub(crate) hides_htinst: bool,
}

/// One guest.
pub(crate) struct Guest {
    pub(crate) vcpu: Vcpu,
    pub(crate) vm: Vm,
}

impl World {
    pub(crate) fn new(variant: Variant) -> World {
        let (mut machine, memory) = machine(variant);
        let features = probe(&mut machine).unwrap();
        let expected = Features {
            vmid_bits: variant.vmid_len,
            sstc: variant.has(Ext::Sstc),
            smstateen: variant.has(Ext::Smstateen),
        };
        assert_eq!(features, expected);
        let vmids = Vmids::new(features.vmid_bits, 1);
        World { machine, memory, vmids, features, hides_htinst: false }
    }

    pub(crate) fn guest(&mut self, program: Asm) -> Guest {
        let ram = Gpa(RAM)..Gpa(RAM + (16 << 20));
        let mut vm = Vm::new(&mut self.memory, ram, self.machine.time()).unwrap();
        vm.write(&mut self.memory, Gpa(RAM), &program.finish().unwrap()).unwrap();
        Guest { vcpu: Vcpu::new(self.features, Gpa(RAM), 0, 0), vm }
    }

    pub(crate) fn load(&mut self, guest: &mut Guest) {
        self.vmids.update(&mut self.machine, &mut guest.vm.vmid);
        guest.vcpu.load(&mut self.machine, &guest.vm, &self.vmids);
    }

    /// Runs the loaded guest until the host has something to do.
    pub(crate) fn run(&mut self, guest: &mut Guest) -> Outcome {
        for _ in 0..ENOUGH {
            let mut trap = guest.vcpu.run(&mut self.machine, &guest.vm);
            if self.hides_htinst {
                trap.htinst = 0;
            }
            let World { machine, memory, .. } = self;
            match handle(machine, &mut guest.vcpu, &mut guest.vm, memory, &trap).unwrap() {
                Outcome::Resume => {}
                outcome => return outcome,
            }
        }
        panic!("the guest exits for ever");
    }
}

/// Harts that differ in what a hypervisor must cope with.
fn variants() -> impl Iterator<Item = Variant> {
    let tlbs = [TlbPolicy::None, TlbPolicy::Exact, TlbPolicy::Sticky];
    tlbs.into_iter().flat_map(|tlb| {
        [(0, false), (0, true), (1, true), (2, false), (14, false), (14, true)].map(|(vmid_len, sstc)| {
            let all = Variant { tlb, vmid_len, ..Variant::default() };
            if sstc { all } else { all.without(Ext::Sstc).without(Ext::Smstateen) }
        })
    })
}

fn call(a: &mut Asm, extension: u64, argument: u64) {
    a.li(A7, extension).li(A6, 0).li(A0, argument).ecall();
}

/// Console, device, memory on demand, timer and end.
fn tour() -> Asm {
    let mut a = Asm::new(RAM);
    let handler = a.label();
    call(&mut a, 1, b'x'.into());
    a.li(T0, DEVICE).lb(T1, 5, T0);
    a.sd(T1, 8, T0);
    a.li(T0, PAGE).ld(T1, 0, T0);
    a.addi(T1, T1, 7).sd(T1, 0, T0).ld(T1, 0, T0);
    a.li(T0, DEVICE).sb(T1, 0, T0);
    a.la(T0, handler).csrw(csr::stvec::NUMBER, T0);
    a.li(T0, csr::sie::STIE.mask()).csrw(csr::sie::NUMBER, T0);
    call(&mut a, 0x5449_4d45, 500);
    a.csrsi(csr::sstatus::NUMBER, 2);
    a.wfi();
    let forever = a.here();
    a.j(forever);
    a.align(4).place(handler);
    a.csrr(T1, csr::scause::NUMBER);
    a.li(T0, DEVICE).sb(T1, 1, T0);
    call(&mut a, 8, 0);
    a
}

#[test]
fn a_guest_sees_its_console_devices_memory_and_timer() {
    for (variant, hides_htinst) in variants().flat_map(|variant| [(variant, false), (variant, true)]) {
        let mut world = World { hides_htinst, ..World::new(variant) };
        world.machine.set_time(1000);
        let mut guest = world.guest(tour());
        world.load(&mut guest);
        let used = world.memory.used();

        assert_eq!(world.run(&mut guest), Outcome::WriteByte(b'x'), "{variant:?}");
        guest.vcpu.complete(0);
        let load = Outcome::Load { address: Gpa(DEVICE + 5), width: Width::Byte };
        assert_eq!(world.run(&mut guest), load);
        guest.vcpu.complete(0x80);
        let store = |offset, width, value| Outcome::Store { address: Gpa(DEVICE + offset), width, value };
        assert_eq!(world.run(&mut guest), store(8, Width::Double, -0x80_i64 as u64));
        assert_eq!(world.memory.used(), used, "the page is not there before it is touched");
        guest.vcpu.complete(0);
        assert_eq!(world.run(&mut guest), store(0, Width::Byte, 7));
        assert!(world.memory.used() > used);
        guest.vcpu.complete(0);

        assert_eq!(world.run(&mut guest), Outcome::Waiting);
        assert_eq!(guest.vcpu.wake_time(1000, guest.vm.time_delta), Some(1500));
        guest.vcpu.put(&mut world.machine);
        world.machine.set_time(1499);
        assert!(!guest.vcpu.has_interrupt(guest.vm.time(&mut world.machine)));
        world.machine.set_time(1500);
        assert!(guest.vcpu.has_interrupt(guest.vm.time(&mut world.machine)));
        world.load(&mut guest);
        assert_eq!(
            world.run(&mut guest),
            store(1, Width::Byte, 5),
            "the timer interrupt, as the guest sees it"
        );
        guest.vcpu.complete(0);
        assert_eq!(world.run(&mut guest), Outcome::Reset(Reset { reboot: false, failure: false }));
    }
}

/// Adds its own number, which it keeps in CSRs, to what it finds in a page, and shows the sum each time.
fn counter(number: u64) -> Asm {
    let mut a = Asm::new(RAM);
    a.li(S0, PAGE).li(S1, number);
    a.csrw(csr::sscratch::NUMBER, S1).csrw(csr::scounteren::NUMBER, S1);
    a.li(T0, csr::senvcfg::FIOM.mask()).csrw(csr::senvcfg::NUMBER, T0);
    let again = a.here();
    a.ld(T0, 0, S0);
    // Where these are another guest's or the host's, the sum is wrong.
    a.csrr(T1, csr::sscratch::NUMBER).csrr(T2, csr::scounteren::NUMBER).and(T1, T1, T2);
    a.csrr(T2, csr::senvcfg::NUMBER).add(T1, T1, T2).addi(T1, T1, -1);
    a.add(T0, T0, T1).sd(T0, 0, S0);
    a.mv(A0, T0).li(A7, 1).ecall();
    a.j(again);
    a
}

#[test]
fn machines_with_the_same_addresses_do_not_see_each_other() {
    for variant in variants() {
        let mut world = World::new(variant);
        let mut guests: Vec<Guest> = (1..=5).map(|number| world.guest(counter(number))).collect();
        for round in 1..=6 {
            for (number, guest) in (1..).zip(&mut guests) {
                world.load(guest);
                let outcome = world.run(guest);
                assert_eq!(outcome, Outcome::WriteByte(round * number), "{variant:?}");
                guest.vcpu.complete(0);
                guest.vcpu.put(&mut world.machine);
            }
        }
    }
}
