//! Who is asked in a quantum.

use isa::asm::prelude::*;
use isa::csr;

use super::*;
use crate::load::Image;
use crate::map::{self, DeviceKind};

/// Harts 0 and 1 work, hart 0 with an access to a device once in a thousand turns of its loop; the others sleep, hart 2
/// until tick 500.
fn program() -> Vec<u8> {
    let mut a = Asm::new(RAM_BASE);
    let [first, work, asleep] = [(); 3].map(|()| a.label());
    a.li(S1, map::region(DeviceKind::Aclint).base + 0x4000).csrr(S0, csr::mhartid::NUMBER).beqz(S0, first);
    a.li(T0, 1).beq(S0, T0, work).li(T0, 2).bne(S0, T0, asleep);
    a.li(T0, 500).sd(T0, 16, S1).li(T0, 1 << 7).csrw(csr::mie::NUMBER, T0);
    a.wfi().li(T0, u64::MAX).sd(T0, 16, S1);
    a.place(asleep);
    a.wfi().j(asleep);
    a.place(first);
    a.li(T0, 1000);
    let again = a.here();
    a.addi(T0, T0, -1).bnez(T0, again).ld(T1, 0, S1).j(first);
    a.place(work);
    a.j(work);
    a.finish().unwrap()
}

#[test]
fn who_sleeps_costs_no_turns() {
    let firmware = Some(Image::new("program", program()));
    let config = MachineConfig { harts: 64, memory: 1 << 20, firmware, ..MachineConfig::default() };
    let mut machine = Machine::new(config, Console::default()).unwrap();
    let mut asked = 0;
    while machine.bus.time() < 1000 {
        asked += machine.roll.awake().count();
        let until = Until { instructions: Some(machine.instructions() + 200), ..Until::default() };
        assert_eq!(machine.run(until, None), MachineStop::InstructionLimit);
    }
    assert_eq!(machine.hart(2).unwrap().csr(csr::mip::NUMBER), Some(0), "hart 2 has woken at its tick");
    // Two harts in a thousand quanta, and everybody after each of the fifty accesses to a device.
    assert!((2000..2 * (2000 + 50 * 64)).contains(&asked), "{asked}");
}
