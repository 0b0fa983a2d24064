//! A guest that computes with all that it has, and whose results are known.

use isa::asm::prelude::*;
use isa::paging::PAGE_SIZE;
use kvm::Exit;

use crate::world::{Event, Guest, RAM, World};

/// What it multiplies by, which it keeps in a CSR.
const FACTOR: u64 = 6_364_136_223_846_793_005;
/// How often it does so before it shows what has come of it.
const TIMES: u64 = 16;
/// Where its data begin: a page for each of 16 places.
const DATA: u64 = RAM + 0x12_3000;

/// The guest, and what it has to show next.
pub(crate) struct Witness {
    guest: Guest,
    sum: u64,
    pages: [u64; 16],
    shown: u64,
}

fn program(seed: u64) -> Asm {
    let mut a = Asm::new(RAM);
    a.li(T0, FACTOR).csrw(csr::sscratch::NUMBER, T0);
    a.li(T0, csr::sstatus::FS.of(1)).csrs(csr::sstatus::NUMBER, T0);
    a.li(T0, 1).fcvt_d_l(FS1, T0, Rne).fcvt_d_l(FS2, ZERO, Rne);
    a.li(S0, DATA).li(S1, seed).li(S2, TIMES);
    let again = a.here();
    a.csrr(T0, csr::sscratch::NUMBER).mul(S1, S1, T0).addi(S1, S1, 7).fmv_d_x(FS0, S1);
    a.srli(T1, S1, 60).slli(T1, T1, 12).add(T1, T1, S0).ld(T2, 0, T1).xor(S1, S1, T2);
    a.fsd(FS0, 0, T1).fadd_d(FS2, FS2, FS1, Rne).addi(S2, S2, -1).bnez(S2, again);
    a.mv(A0, S1).fcvt_l_d(A1, FS2, Rne);
    for register in [A2, A3, A4, A5, A6] {
        a.li(register, 0);
    }
    a.li(A7, 1).li(S2, TIMES).ecall().j(again);
    a
}

impl Witness {
    pub(crate) fn new(world: &mut World, seed: u64) -> Witness {
        Witness { guest: world.guest(program(seed)), sum: seed, pages: [0; 16], shown: 0 }
    }

    /// Lets it show so many results on a hart, which must be right.
    pub(crate) fn testify(&mut self, world: &mut World, hart: usize, results: usize) {
        for _ in 0..results {
            for _ in 0..TIMES {
                let mixed = self.sum.wrapping_mul(FACTOR).wrapping_add(7);
                let page = &mut self.pages[(mixed >> 60) as usize];
                self.sum = mixed ^ *page;
                *page = mixed;
            }
            self.shown += TIMES;
            let args = [self.sum, self.shown, 0, 0, 0, 0];
            let expected = Event::Exit(Exit::Sbi { extension: 1, function: 0, args });
            assert_eq!(world.run(hart, &mut self.guest), expected, "the witness on hart {hart}");
        }
        let page = &self.pages;
        for (number, value) in (0..).zip(page) {
            let mut bytes = [0; 8];
            let place = self.guest.memory.offset(DATA - RAM + number * PAGE_SIZE);
            world.machine.kernel.memory.read(place, &mut bytes).unwrap();
            assert_eq!(u64::from_le_bytes(bytes), *value, "the witness's page {number}");
        }
    }

    /// Ends it, and gives all that it has back.
    pub(crate) fn end(self, world: &World) {
        let kernel = &world.machine.kernel;
        self.guest.thread.vcpu.destroy(kernel);
        self.guest.vm.destroy(kernel);
        hyp::Tables::free(kernel, hyp::Hpa(self.guest.memory.0), crate::world::RAM_SIZE);
    }
}
