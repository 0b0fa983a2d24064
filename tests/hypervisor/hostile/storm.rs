//! Guests that exit as fast as they can.

use hyp::{Hart, Stop};
use isa::asm::prelude::*;
use native::Machine;

use super::witness::Witness;
use crate::world::{DEVICE, Guest, RAM, World, variants};

/// Ticks of a turn.
const TURN: u64 = 200;

/// Lets a guest exit for one turn, and counts the exits that came of it.
fn storm(world: &mut World, guest: &mut Guest) -> u64 {
    let Machine { kernel, locals, .. } = &mut world.machine;
    let local = &mut locals[0];
    let end = local.hart.time() + TURN;
    local.hart.hart().set_limit(end);
    let before: u64 = guest.thread.vcpu.counts().iter().map(|(_, count)| count).sum();
    guest.thread.vcpu.load(local, kernel);
    // A turn that does not end after so many runs does not end at all.
    for _ in 0..=4 * TURN {
        let (vcpu, mut page) = guest.thread.parts();
        match vcpu.run(local, kernel, &mut page) {
            Ok(Stop::Interrupt) if local.hart.time() >= end => {
                guest.thread.vcpu.put(local);
                let after: u64 = guest.thread.vcpu.counts().iter().map(|(_, count)| count).sum();
                return after - before;
            }
            Ok(_) => {}
            Err(errno) => panic!("the run has failed: {errno}"),
        }
    }
    panic!("the turn does not end");
}

fn guests() -> [(&'static str, Asm); 6] {
    let looped = |body: fn(&mut Asm) -> &mut Asm| {
        let mut a = Asm::new(RAM);
        a.li(S0, DEVICE);
        a.li(T0, csr::sie::SSIE.mask()).csrw(csr::sie::NUMBER, T0).csrw(csr::sip::NUMBER, T0);
        let again = a.here();
        body(&mut a);
        a.j(again);
        a
    };
    [
        ("stores to a device", looped(|a| a.sd(S0, 0, S0))),
        ("loads of a device", looped(|a| a.ld(T0, 0, S0))),
        ("calls that are answered here", looped(|a| a.li(A7, 0x10).li(A6, 0).ecall())),
        ("calls that user space answers", looped(|a| a.li(A7, 1).ecall())),
        ("waits that have ended", looped(|a| a.wfi())),
        ("fetches from nowhere", looped(|a| a.li(T0, 0x2000_0000).csrw(csr::stvec::NUMBER, T0).jr(T0))),
    ]
}

#[test]
fn storms_of_exits_end_with_their_turn() {
    for variant in variants().step_by(4) {
        for (name, program) in guests() {
            let mut world = World::new(variant, 1);
            let mut guest = world.guest(program);
            let mut witness = Witness::new(&mut world, 5);
            for _ in 0..2 {
                let exits = storm(&mut world, &mut guest);
                assert!(exits > TURN / 4, "{name}: only {exits} exits in a turn of {variant:?}");
                let start = world.machine.now();
                witness.testify(&mut world, 0, 4);
                assert!(world.machine.now() - start < TURN, "{name}: the witness has been kept from working");
            }
        }
    }
}
