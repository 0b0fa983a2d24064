//! Random programs for `vhart lockstep`: blocks of random instructions in every mode, each prepared in M-mode.
//!
//! A program is a bare-metal ELF. The preparations of a block set CSRs, choose a mode and enter the block
//! by MRET; the first trap to M-mode, which each block ends with at the latest, goes on with the next block.
//! The handlers of HS- and VS-mode read what the trap has left and hand over to the mode above.

mod elf;
mod instruction;
mod layout;
mod rng;
mod tables;

use isa::asm::{Asm, AsmError, Label};
use isa::field::Field;
use isa::paging::PAGE_SIZE;
use isa::reg::{FReg, Reg, T0, T1, ZERO};
use isa::{Inst, csr};

use instruction::{ALIGNED_POINTERS, NEXT, POINTERS, Step};
use layout::{
    CODE, CODE_END, DATA, DATA_PAGES, FAR, HGATP_ROOT, SATP_ROOT, TABLES, TOHOST, USER, VSATP_ROOT,
};
use rng::Rng;

/// Blocks of a program.
const BLOCKS: usize = 64;

/// Where `mtimecmp` of the first hart is.
const MTIMECMP: u64 = 0x200_4000;

/// The ELF of the program with this seed.
///
/// # Errors
/// What the assembler refuses.
pub(crate) fn program(seed: u64) -> Result<Vec<u8>, AsmError> {
    let mut rng = Rng(seed);
    let tables = tables::build(&mut rng);
    let mut image = Generator::new(&mut rng).program()?;
    image.resize((TABLES - CODE) as usize, 0);
    image.extend(tables);
    for _ in 0..DATA_PAGES * PAGE_SIZE / 8 {
        image.extend(rng.value().to_le_bytes());
    }
    image.extend([0; 16]);
    Ok(elf::elf(&image, &[("tohost", TOHOST), ("fromhost", TOHOST + 8)]))
}

/// CSRs that the preparations of a block may set, with the bits that they set at random.
///
/// Left out is what is legally different from one hart to the next.
const PREPARED: [(u16, u64); 16] = [
    // EcallS is for M-mode: it is the way out of HS-mode.
    (csr::medeleg::NUMBER, 0xf0_b5fe),
    (csr::hedeleg::NUMBER, 0xb1fe),
    (csr::mideleg::NUMBER, 0x222),
    (csr::hideleg::NUMBER, 0x444),
    (csr::mcounteren::NUMBER, 7),
    (csr::hcounteren::NUMBER, 7),
    (csr::scounteren::NUMBER, 7),
    (csr::hstatus::NUMBER, 0x70_03c0),
    (csr::vsstatus::NUMBER, 0xc_6122),
    (csr::fcsr::NUMBER, 0xff),
    (csr::sscratch::NUMBER, u64::MAX),
    (csr::vsscratch::NUMBER, u64::MAX),
    (csr::scause::NUMBER, 0xf),
    (csr::vscause::NUMBER, 0xf),
    (csr::htval::NUMBER, u64::MAX),
    (csr::htinst::NUMBER, 0),
];

/// CSRs that make interrupts due, of which most blocks have none.
const INTERRUPTING: [(u16, u64); 3] =
    [(csr::mie::NUMBER, 0xeee), (csr::mip::NUMBER, 0x222), (csr::hvip::NUMBER, 0x444)];

struct Generator<'a> {
    a: Asm,
    rng: &'a mut Rng,
    /// `menvcfg.STCE`, which keeps its value: STIP is a wire at 1 and a bit of memory at 0.
    stce: u64,
    /// What the translation registers hold; the first stage decides where user mode finds its code.
    satp: u64,
    vsatp: u64,
}

impl<'a> Generator<'a> {
    fn new(rng: &'a mut Rng) -> Generator<'a> {
        let stce = csr::menvcfg::STCE.of(rng.below(2));
        Generator { a: Asm::new(CODE), rng, stce, satp: 0, vsatp: 0 }
    }

    fn program(mut self) -> Result<Vec<u8>, AsmError> {
        self.start();
        for block in 0..BLOCKS {
            let next = self.a.label();
            self.prepare(block == 0, next);
            self.block();
            self.a.place(next);
            if CODE_END - self.a.pc() < 0x4000 {
                break;
            }
        }
        self.a.li(T0, TOHOST).li(T1, 1).sd(T1, 0, T0);
        let done = self.a.here();
        self.a.j(done);
        self.a.finish()
    }

    /// Sets what stays as it is, and places the trap handlers.
    fn start(&mut self) {
        let [begin, m, hs, vs] = [(); 4].map(|()| self.a.label());
        let a = &mut self.a;
        for (handler, number) in
            [(m, csr::mtvec::NUMBER), (hs, csr::stvec::NUMBER), (vs, csr::vstvec::NUMBER)]
        {
            a.la(T0, handler).csrw(number, T0);
        }
        a.li(T0, MTIMECMP).li(T1, u64::MAX).sd(T1, 0, T0);
        a.li(T0, csr::menvcfg::STCE.mask()).csrw(csr::menvcfg::NUMBER, T0);
        a.csrw(csr::stimecmp::NUMBER, T1).csrw(csr::vstimecmp::NUMBER, T1);
        a.li(T0, csr::mstatus::FS.of(1)).csrw(csr::mstatus::NUMBER, T0);
        // The first entry is for the data, the second opens everything.
        a.csrw(csr::pmpaddr0::NUMBER + 1, T1).li(T0, 0x1f << 8).csrw(csr::pmpcfg0::NUMBER, T0);
        a.j(begin);

        let read = |a: &mut Asm, numbers: &[u16]| {
            for number in numbers {
                a.csrr(T0, *number);
            }
        };
        let first = [csr::scause::NUMBER, csr::sepc::NUMBER, csr::stval::NUMBER, csr::sstatus::NUMBER];
        a.align(4).place(m);
        read(a, &[csr::mcause::NUMBER, csr::mepc::NUMBER, csr::mtval::NUMBER, csr::mtval2::NUMBER]);
        read(a, &[csr::mtinst::NUMBER, csr::mstatus::NUMBER, csr::hstatus::NUMBER, csr::vsstatus::NUMBER]);
        a.jr(NEXT);
        a.align(4).place(hs);
        read(a, &first);
        read(a, &[csr::htval::NUMBER, csr::htinst::NUMBER, csr::hstatus::NUMBER, csr::vsstatus::NUMBER]);
        a.ecall();
        a.align(4).place(vs);
        read(a, &first);
        a.ecall();
        a.align(4).place(begin);
    }

    /// Sets CSRs and registers and enters the block that comes next; the trap that ends it goes to `next`.
    fn prepare(&mut self, everything: bool, next: Label) {
        self.a.la(NEXT, next);
        self.a.li(T0, csr::mstatus::FS.of(1)).csrs(csr::mstatus::NUMBER, T0);
        for (number, mask) in PREPARED {
            if everything || self.rng.one_in(4) {
                let value = self.rng.bits() & mask;
                self.a.li(T0, value).csrw(number, T0);
            }
        }
        for (number, mask) in INTERRUPTING {
            let value = if self.rng.one_in(4) { self.rng.bits() & mask } else { 0 };
            self.a.li(T0, value).csrw(number, T0);
        }
        if everything || self.rng.one_in(4) {
            self.environment();
            self.translation();
            self.protection();
        }
        for pointer in POINTERS {
            if everything || self.rng.one_in(2) {
                let aligned = if ALIGNED_POINTERS.contains(&pointer) { !7 } else { !0 };
                let address = self.address() & aligned;
                self.a.li(pointer, address);
            }
        }
        if everything {
            self.registers();
        }
        for _ in 0..4 {
            let register = self.rng.pick(&Reg::ALL);
            self.register(register);
        }
        self.enter();
    }

    /// Sets all registers, which need not be zero at reset.
    fn registers(&mut self) {
        for register in FReg::ALL {
            let boxed = if self.rng.one_in(2) { 0xffff_ffff << 32 } else { 0 };
            let value = boxed | self.rng.value();
            self.a.li(T0, value).fmv_d_x(register, T0);
        }
        for register in Reg::ALL {
            self.register(register);
        }
    }

    /// Sets a register, unless it is one of those that are kept.
    fn register(&mut self, register: Reg) {
        if !POINTERS.contains(&register) && register != NEXT {
            let value = self.rng.value();
            self.a.li(register, value);
        }
    }

    /// Sets `menvcfg` and `henvcfg`: after a write of the first, the second may hold anything.
    fn environment(&mut self) {
        use csr::henvcfg::STCE;
        use csr::menvcfg::{ADUE, PBMTE};
        let mask = ADUE.mask() | PBMTE.mask();
        let machine = self.rng.bits() & mask | self.stce;
        let guest = self.rng.bits() & (mask | STCE.mask());
        for (number, value) in [(csr::menvcfg::NUMBER, machine), (csr::henvcfg::NUMBER, guest)] {
            self.a.li(T0, value).csrw(number, T0);
        }
    }

    /// Turns each stage on or off.
    fn translation(&mut self) {
        let mut choose = |field: Field, root: u64, space: u64| {
            if self.rng.one_in(4) { 0 } else { field.of(8) | (root / PAGE_SIZE) | self.rng.below(4) << space }
        };
        self.satp = choose(csr::satp::MODE, SATP_ROOT, 44);
        self.vsatp = choose(csr::vsatp::MODE, VSATP_ROOT, 44);
        let hgatp = choose(csr::hgatp::MODE, HGATP_ROOT, 44);
        for (number, value) in
            [(csr::satp::NUMBER, self.satp), (csr::vsatp::NUMBER, self.vsatp), (csr::hgatp::NUMBER, hgatp)]
        {
            self.a.li(T0, value).csrw(number, T0);
        }
    }

    /// Protects a range of the data, or nothing.
    fn protection(&mut self) {
        const NAPOT: u64 = 3 << 3;
        let size = 8 << self.rng.below(12);
        let base = DATA + self.rng.below(DATA_PAGES * PAGE_SIZE) / size * size;
        let permissions = self.rng.pick(&[0, 1, 3, 4, 5]);
        let entry = if self.rng.one_in(2) { NAPOT | permissions } else { 0 };
        self.a.li(T0, (base >> 2) | ((size >> 3) - 1)).csrw(csr::pmpaddr0::NUMBER, T0);
        self.a.li(T0, 0x1f << 8 | entry).csrw(csr::pmpcfg0::NUMBER, T0);
    }

    /// An address of data, in any place where some table maps it; seldom one that nothing maps.
    fn address(&mut self) -> u64 {
        let offset = PAGE_SIZE + self.rng.below((DATA_PAGES - 2) * PAGE_SIZE);
        let aligned = match self.rng.below(8) {
            0 => offset,
            1 | 2 => offset & !(PAGE_SIZE - 1),
            _ => offset & !7,
        };
        let alias = match self.rng.below(16) {
            0 => 1 << 21,
            1 => (1 << 30) + (1 << 21),
            2 => (1u64 << 30).wrapping_neg(),
            3 => 1 << 63,
            4 | 5 => USER,
            6 | 7 => FAR,
            8 | 9 => USER + FAR,
            _ => 0,
        };
        (DATA + aligned).wrapping_add(alias)
    }

    /// Enters a mode.
    fn enter(&mut self) {
        let a = &mut self.a;
        let (privilege, virt) = self.rng.pick(&[(3, 0), (1, 0), (0, 0), (1, 1), (0, 1)]);
        let translated = if virt == 1 { self.vsatp } else { self.satp } != 0;
        let block = a.label();
        a.la(T0, block);
        if privilege == 0 && translated {
            a.li(T1, USER).add(T0, T0, T1);
        }
        a.csrw(csr::mepc::NUMBER, T0);
        if self.rng.one_in(4) {
            a.csrw(csr::sepc::NUMBER, T0).csrw(csr::vsepc::NUMBER, T0);
        }
        let random = self.rng.bits() & 0x7e_01a2;
        let fs = if self.rng.one_in(8) { 0 } else { csr::mstatus::FS.of(self.rng.below(3) + 1) };
        let status = random | fs | csr::mstatus::MPP.of(privilege) | csr::mstatus::MPV.of(virt);
        a.li(T0, status).csrw(csr::mstatus::NUMBER, T0);
        a.sfence_vma(ZERO, ZERO).hfence_vvma(ZERO, ZERO).hfence_gvma(ZERO, ZERO).mret();
        a.place(block);
    }

    /// Random instructions, and a call of the mode above.
    fn block(&mut self) {
        let steps: Vec<Step> = (0..8 + self.rng.below(24)).map(|_| instruction::step(self.rng)).collect();
        for (index, step) in steps.iter().enumerate() {
            match step {
                Step::Bytes(bytes) => {
                    self.a.bytes(bytes);
                }
                Step::Near(inst) => {
                    let skipped = self.rng.below((steps.len() - index) as u64) as usize;
                    let distance: u64 = steps[index..=index + skipped].iter().map(Step::len).sum();
                    self.a.inst(Inst { imm: distance as i32, ..*inst });
                }
            }
        }
        self.a.ecall();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use isa::cause::{Cause, Exception};
    use isa::{Mode, Op};
    use iss::observe::TrapTaken;
    use iss::{Hart, Observer};
    use platform::{Console, Image, Machine, MachineConfig, MachineStop, Until};

    use super::*;

    #[derive(Default)]
    struct Seen {
        retired: HashSet<Op>,
        modes: HashSet<Mode>,
        traps: HashSet<(Mode, Cause, Mode)>,
        /// `htinst` or `mtinst` of guest-page faults.
        tinsts: HashSet<u64>,
    }

    impl Observer for Seen {
        fn retire(&mut self, hart: &Hart, _pc: u64, inst: &Inst) {
            self.retired.insert(inst.op);
            self.modes.insert(hart.mode());
        }

        fn trap(&mut self, _hart: &Hart, trap: &TrapTaken) {
            self.traps.insert((trap.from, trap.cause, trap.to));
            self.tinsts.insert(trap.tinst);
        }
    }

    #[test]
    fn a_seed_makes_one_program() {
        assert_eq!(program(7).unwrap(), program(7).unwrap());
        assert_ne!(program(7).unwrap(), program(8).unwrap());
    }

    #[test]
    fn programs_end_and_see_every_instruction_mode_and_trap() {
        let mut seen = Seen::default();
        for seed in 0..600 {
            let firmware = Some(Image::new("random", program(seed).unwrap()));
            let config = MachineConfig { firmware, ..MachineConfig::default() };
            let mut machine = Machine::new(config, Console::new(std::io::sink())).unwrap();
            let until = Until { instructions: Some(100_000), deadline: None };
            assert_eq!(machine.run(until, Some(&mut seen)), MachineStop::Exit(0), "seed {seed}");
        }
        let never: Vec<&str> = isa::inst::ROWS
            .iter()
            .filter(|row| !seen.retired.contains(&row.op))
            .map(|row| row.name)
            .collect();
        // The calls trap; WFI is left out.
        assert_eq!(never, ["ecall", "ebreak", "wfi", "c_ebreak"]);
        assert_eq!(seen.modes.len(), 5, "{:?}", seen.modes);
        use Exception::{
            DoubleTrap, HardwareError, InstAddrMisaligned, LoadAddrMisaligned, SoftwareCheck,
            StoreAddrMisaligned,
        };
        let unraised = [
            InstAddrMisaligned,
            LoadAddrMisaligned,
            StoreAddrMisaligned,
            DoubleTrap,
            SoftwareCheck,
            HardwareError,
        ];
        for exception in Exception::ALL {
            let raised = seen.traps.iter().any(|(_, cause, _)| *cause == Cause::Exception(exception));
            assert_eq!(raised, !unraised.contains(&exception), "{}", exception.name());
        }
        for pseudoinstruction in [isa::tinst::READ_RV64, isa::tinst::WRITE_RV64] {
            assert!(seen.tinsts.contains(&pseudoinstruction), "no {pseudoinstruction:#x}");
        }
        for to in [Mode::M, Mode::HS, Mode::VS] {
            let interrupted =
                |(_, cause, mode): &(_, _, _)| matches!(cause, Cause::Interrupt(_)) && *mode == to;
            assert!(seen.traps.iter().any(interrupted), "no interrupt to {to}");
        }
    }
}
