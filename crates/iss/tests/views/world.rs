//! Two machines with page tables of both stages, of which everything changes but what the code needs.
//!
//! Main memory has two halves of 2 MiB: code and tables, and data. In every address space the code is where it is
//! in memory, and pages of all sizes lead to the data; as guest physical memory, the first half is itself, and the
//! pages of the second one are any.

use isa::asm::Asm;
use isa::asm::prelude::{RA, T0, T1, T2, ZERO};
use isa::paging::{PAGE_SIZE, Pte, SV39, SV39X4, SV48, Scheme};
use isa::{Mode, Privilege, csr};
use iss::{Variant, Width};

use crate::rng::Rng;
use crate::snippet::{ADDRESSES, ATPS, HSTATUS, ROUNDS, SPACES, STATUS, VALUES, snippet};
use crate::twins::{BASE, Twins};

/// Where the trap handler is, and the code of the supervisor and of the user.
const HANDLER: u64 = BASE;
const CODE: [u64; 2] = [BASE + 0x1000, BASE + 0x2000];

/// The data: so many pages at the start of the second half.
const DATA: u64 = BASE + 0x20_0000;
const PAGES: u64 = 6;

/// Where each page of data has a function; below there are only data.
const FUNCTION: u64 = 0x800;

/// Where in a page many accesses go.
const OFTEN: [u64; 3] = [0x100, 0x108, 0x400];

/// Pages of 4 KiB; the last two share lines with the first.
const SMALL: [u64; 5] = [0x1_0000, 0x1_1000, 0x1_2000, 0x21_0000, 0x81_0000];
/// Large pages.
const LARGE: u64 = 0x4000_0000;
const HUGE: u64 = 0x1_0000_0000;

/// Steps of a hart in one step of the test.
const BUDGET: u64 = 400;

/// The number of traps, and a sum over what their CSRs say.
const TRAPS: u8 = 9;
const SUM: u8 = 31;

const SUM_AND_MXR: u64 = csr::sstatus::SUM.mask() | csr::sstatus::MXR.mask();

/// What has happened in a step.
pub(crate) struct Seen {
    pub(crate) steps: u64,
    pub(crate) trapped: u64,
}

/// An entry that may change: where it is, the level of its table, and whether it is of the G stage.
#[derive(Clone, Copy)]
struct Entry {
    pa: u64,
    level: u32,
    guest: bool,
}

pub(crate) struct World {
    twins: Twins,
    rng: Rng,
    /// Roots under `satp` and `vsatp`, with the mode.
    first: [u64; 3],
    /// Roots under `hgatp`, with the mode.
    guest: [u64; 2],
    entries: Vec<Entry>,
}

impl World {
    pub(crate) fn new(variant: Variant, rng: Rng) -> World {
        let twins = Twins::new(variant);
        let mut world = World { twins, rng, first: [0; 3], guest: [0; 2], entries: Vec::new() };
        world.add_code();
        world.add_tables();
        world.twins.each(|side| {
            side.set(csr::mtvec::NUMBER, HANDLER);
            side.set(csr::menvcfg::NUMBER, csr::menvcfg::CBZE.mask());
            // The last entry permits everything; those before it are for the data.
            side.set(csr::pmpcfg0::NUMBER, 0);
            side.set(csr::pmpaddr0::NUMBER + 15, u64::MAX);
            side.set(csr::pmpcfg0::NUMBER + 2, 0x1f << 56);
        });
        world
    }

    /// The trap handler, and a function in each page of data.
    fn add_code(&mut self) {
        let mut a = Asm::new(HANDLER);
        let (fetch, done) = (a.label(), a.label());
        let (sum, traps) = (isa::reg::Reg::from_bits(SUM), isa::reg::Reg::from_bits(TRAPS));
        a.addi(traps, traps, 1).csrr(T0, csr::mcause::NUMBER);
        for number in [
            csr::mtval::NUMBER,
            csr::mtval2::NUMBER,
            csr::mtinst::NUMBER,
            csr::mepc::NUMBER,
            csr::mstatus::NUMBER,
        ] {
            a.slli(T2, sum, 5).sub(sum, T2, sum).add(sum, sum, T0).csrr(T0, number);
        }
        // A fetch that trapped is returned from; any other instruction has four bytes.
        a.csrr(T0, csr::mcause::NUMBER).csrr(T2, csr::mepc::NUMBER).addi(T2, T2, 4);
        for cause in [1, 12, 20] {
            a.addi(T1, ZERO, cause).beq(T0, T1, fetch);
        }
        a.j(done);
        a.place(fetch);
        a.mv(T2, RA);
        a.place(done);
        a.csrw(csr::mepc::NUMBER, T2).mret();
        self.twins.load(HANDLER, &a.finish().expect("the handler assembles"));
        for page in 0..PAGES {
            let mut a = Asm::new(0);
            let result = isa::reg::Reg::from_bits(27);
            a.addi(result, result, 1 + page as i32).jr(RA);
            self.twins.load(DATA + page * PAGE_SIZE + FUNCTION, &a.finish().expect("the function assembles"));
        }
    }

    fn add_tables(&mut self) {
        let schemes: [&Scheme; 3] = [&SV39, &SV39, &SV48];
        let mut entries = Vec::new();
        for (n, scheme) in schemes.into_iter().enumerate() {
            let mut pages = vec![(LARGE, 1), (HUGE, 2)];
            pages.extend(SMALL.map(|va| (va, 0)));
            let leaves: Vec<Pte> = pages.iter().map(|(_, level)| self.leaf(*level, false)).collect();
            let (root, pas) = self.twins.each(|side| {
                let root = side.new_root();
                side.map(scheme, root, CODE[0], 0, Pte::leaf(CODE[0], 0xcf));
                side.map(scheme, root, CODE[1], 0, Pte::leaf(CODE[1], 0xdf));
                let pas: Vec<u64> = (pages.iter().zip(&leaves))
                    .map(|((va, level), leaf)| side.map(scheme, root, *va, *level, *leaf))
                    .collect();
                (root, pas)
            });
            self.first[n] = csr::satp::MODE.of(scheme.mode) | root >> 12;
            let of = |(pa, (_, level)): (u64, &(u64, u32))| Entry { pa, level: *level, guest: false };
            entries.extend(pas.into_iter().zip(&pages).map(of));
        }
        for n in 0..self.guest.len() {
            let leaves: Vec<Pte> = (0..PAGES).map(|_| self.leaf(0, true)).collect();
            let (root, pas) = self.twins.each(|side| {
                let root = side.new_root();
                side.map(&SV39X4, root, BASE, 1, Pte::leaf(BASE, 0xdf));
                let pages = (DATA..).step_by(PAGE_SIZE as usize).zip(&leaves);
                let pas: Vec<u64> = pages.map(|(gpa, leaf)| side.map(&SV39X4, root, gpa, 0, *leaf)).collect();
                (root, pas)
            });
            self.guest[n] = csr::hgatp::MODE.of(8) | root >> 12;
            entries.extend(pas.into_iter().map(|pa| Entry { pa, level: 0, guest: true }));
        }
        self.entries = entries;
    }

    /// A leaf for the data, mostly one that permits much.
    fn leaf(&mut self, level: u32, guest: bool) -> Pte {
        let pa = match level {
            0 => DATA + self.rng.below(PAGES) * PAGE_SIZE,
            1 => DATA,
            _ => BASE,
        };
        let user = if guest || self.rng.one_in(2) { 0x10 } else { 0 };
        let all = 0xcf | user;
        match self.rng.below(16) {
            0 => Pte(0),
            1 => Pte(Pte::leaf(pa, all).0 & !(1 << self.rng.below(8))),
            2 => Pte(Pte::leaf(pa, all).0 & !(Pte::A.mask() | Pte::D.mask())),
            3 => Pte::leaf(pa, all & !Pte::D.mask()),
            // Execute only, and read only.
            4 | 5 => Pte::leaf(pa, all & !0xe | 8),
            8 => Pte::leaf(pa, all & !0xe | 2),
            6 => Pte::leaf(pa, all | Pte::G.mask()),
            7 => Pte::leaf(0x4000_0000, all),
            _ => Pte::leaf(pa, all),
        }
    }

    /// An address: mostly in one of the pages, mostly aligned.
    fn address(&mut self) -> u64 {
        let page = match self.rng.below(16) {
            0..8 => self.rng.pick(&SMALL),
            8 => LARGE + self.rng.pick(&[0, 0x1000, 0x1f_f000]),
            9 => LARGE + self.rng.below(PAGES) * PAGE_SIZE,
            10 | 11 => HUGE + (DATA - BASE) + self.rng.below(PAGES) * PAGE_SIZE,
            12..15 => DATA + self.rng.below(PAGES) * PAGE_SIZE,
            _ => return self.rng.pick(&self.entries.iter().map(|entry| entry.pa).collect::<Vec<_>>()),
        };
        match self.rng.below(16) {
            0 => page + PAGE_SIZE - 1 - self.rng.below(8),
            1 => page + self.rng.below(FUNCTION),
            2..=4 => page + FUNCTION,
            5 => page ^ 1 << 63,
            6..=9 => page + self.rng.pick(&OFTEN),
            _ => page + (self.rng.below(FUNCTION) & !7),
        }
    }

    /// A value for `satp` or `vsatp`, and one for `hgatp`.
    fn first_atp(&mut self) -> u64 {
        if self.rng.one_in(6) {
            return 0;
        }
        self.rng.pick(&self.first) | csr::satp::ASID.of(1 + self.rng.below(4))
    }

    fn guest_atp(&mut self) -> u64 {
        if self.rng.one_in(6) {
            return 0;
        }
        self.rng.pick(&self.guest) | csr::hgatp::VMID.of(1 + self.rng.below(2))
    }

    /// Changes something from outside.
    fn change(&mut self) {
        match self.rng.below(12) {
            0..4 => {
                let entry = self.rng.pick(&self.entries);
                let leaf = self.leaf(entry.level, entry.guest);
                self.twins.each(|side| side.write(entry.pa, leaf.0));
            }
            4 => {
                let atp = self.first_atp();
                self.set(csr::satp::NUMBER, atp);
            }
            5 => {
                let atp = self.first_atp();
                self.set(csr::vsatp::NUMBER, atp);
            }
            6 => {
                let atp = self.guest_atp();
                self.set(csr::hgatp::NUMBER, atp);
            }
            7 => {
                use csr::mstatus::{MPP, MPRV, MPV};
                let mode = self.rng.pick(&Mode::ALL);
                let status = self.rng.next() & SUM_AND_MXR
                    | MPRV.of(self.rng.below(2))
                    | MPP.of(mode.privilege as u64)
                    | MPV.of(mode.virt.into());
                self.set(csr::mstatus::NUMBER, status);
                let own = self.rng.next() & SUM_AND_MXR;
                self.set(csr::vsstatus::NUMBER, own);
            }
            8 => {
                let bits = self.rng.next() & (csr::hstatus::SPVP.mask() | csr::hstatus::HU.mask());
                self.set(csr::hstatus::NUMBER, bits);
            }
            9 => {
                // A page, and eight bytes of another one; or nothing.
                let page = DATA + self.rng.below(PAGES) * PAGE_SIZE;
                let bytes = DATA + self.rng.below(PAGES) * PAGE_SIZE + self.rng.pick(&OFTEN);
                self.set(csr::pmpaddr0::NUMBER, page >> 2 | 0x1ff);
                self.set(csr::pmpaddr0::NUMBER + 1, bytes >> 2);
                let napot =
                    |rng: &mut Rng| if rng.one_in(2) { 0 } else { 0x18 | rng.pick(&[0, 1, 3, 4, 5, 7]) };
                let cfg = napot(&mut self.rng) | napot(&mut self.rng) << 8;
                self.set(csr::pmpcfg0::NUMBER, cfg);
            }
            10 => {
                let adue = csr::menvcfg::ADUE.mask();
                let bits = self.rng.next() & adue;
                self.set(csr::menvcfg::NUMBER, csr::menvcfg::CBZE.mask() | bits);
                self.set(csr::henvcfg::NUMBER, self.rng.0 & bits);
            }
            _ => {
                // The program of a page of data becomes another one.
                let at = DATA + self.rng.below(PAGES) * PAGE_SIZE + FUNCTION;
                let word = isa::Inst {
                    rd: 27,
                    rs1: 27,
                    imm: self.rng.below(64) as i32,
                    ..isa::Inst::new(isa::Op::addi)
                };
                let ret = isa::Inst { rs1: 1, ..isa::Inst::new(isa::Op::jalr) };
                let code = u64::from(ret.encode()) << 32 | u64::from(word.encode());
                self.twins.each(|side| side.write(at, code));
            }
        }
    }

    fn set(&mut self, number: u16, value: u64) {
        self.twins.each(|side| side.set(number, value));
    }

    /// Changes something, executes a snippet in some mode, and compares; `what` says where that is.
    pub(crate) fn step(&mut self, what: &dyn Fn() -> String) -> Seen {
        for _ in 0..self.rng.below(4) {
            self.change();
        }
        let mode = self.rng.pick(&Mode::ALL);
        let code = CODE[usize::from(mode.privilege == Privilege::U)];
        let insts = snippet(&mut self.rng);
        let mut registers: Vec<(u8, u64)> = Vec::new();
        registers.extend(ADDRESSES.map(|n| (n, self.address())));
        for n in VALUES {
            let value = if self.rng.one_in(4) { self.leaf(0, true).0 } else { self.rng.next() };
            registers.push((n, value));
        }
        registers.extend(SPACES.map(|n| (n, 1 + self.rng.below(4))));
        registers.extend([
            (ATPS[0], self.first_atp()),
            (ATPS[1], self.first_atp()),
            (ATPS[2], self.guest_atp()),
        ]);
        registers.push((STATUS, self.rng.next() & SUM_AND_MXR));
        registers.extend([(HSTATUS, csr::hstatus::SPVP.mask()), (ROUNDS, 3), (TRAPS, 0), (RA.into(), code)]);
        let budget = if self.rng.one_in(4) { 1 + self.rng.below(BUDGET) } else { BUDGET };
        let (steps, trapped) = self.twins.each(|side| {
            let hart = &mut side.harts[0];
            let retired = hart.retired();
            for (n, inst) in (0..).zip(&insts) {
                side.bus.ram.store(code + 4 * n, Width::W, inst.encode().into()).expect("main memory");
            }
            registers.iter().for_each(|(n, value)| hart.set_x(*n, *value));
            hart.set_mode(mode);
            hart.set_pc(code);
            let steps = hart.run(&mut side.bus, budget, None).steps;
            (steps, steps - (hart.retired() - retired))
        });
        if let Some(difference) = self.twins.difference() {
            let listing: String = insts.iter().map(|inst| format!("    {inst}\n")).collect();
            panic!("{} in {mode}, {budget} steps: {difference}\n{listing}{registers:#x?}", what());
        }
        Seen { steps, trapped }
    }

    /// Compares memory and what is remembered of page tables as well.
    pub(crate) fn compare(&self) {
        self.twins.compare();
    }
}
