//! Chooses the parts of a random program.

use isa::asm::AsmError;
use isa::csr;
use isa::ext::{Ext, ExtSet};
use isa::field::Field;
use isa::paging::PAGE_SIZE;
use isa::reg::{FReg, Reg, S1};
use iss::bus::CACHE_BLOCK_SIZE;

use super::instruction::{ALIGNED, BLOCK, KEPT, POINTERS, Step, stores_anywhere};
use super::layout::{
    DATA, DATA_PAGES, FAR, HS_VECTORS, M_VECTORS, SATP, USER, VS_VECTORS, VSATP, first_root, guest_root,
};
use super::program::{Block, Body, Program, Setting};
use super::rng::Rng;
use super::sequence;
use super::tables::Tables;

/// Blocks of a program.
const BLOCKS: usize = 64;

/// Fields of `hstatus` that mean the same on every hart, whatever is written to them.
pub(crate) const HSTATUS: u64 = 0x70_03c0;

/// CSRs that the preparations of a block may set, with the bits that they set at random.
///
/// Left out is what is legally different from one hart to the next.
const PREPARED: [(u16, u64); 15] = [
    // EcallS is for M-mode: it is the way out of HS-mode.
    (csr::medeleg::NUMBER, 0xf0_b5fe),
    (csr::hedeleg::NUMBER, 0xb1fe),
    (csr::mideleg::NUMBER, 0x222),
    (csr::hideleg::NUMBER, 0x444),
    (csr::mcounteren::NUMBER, 7),
    (csr::hcounteren::NUMBER, 7),
    (csr::scounteren::NUMBER, 7),
    (csr::hstatus::NUMBER, HSTATUS),
    (csr::vsstatus::NUMBER, 0xc_6122),
    (csr::fcsr::NUMBER, 0xff),
    (csr::sscratch::NUMBER, u64::MAX),
    (csr::vsscratch::NUMBER, u64::MAX),
    (csr::scause::NUMBER, 0xf),
    (csr::vscause::NUMBER, 0xf),
    (csr::htval::NUMBER, u64::MAX),
];

/// CSRs that make interrupts due, of which most blocks have none.
const INTERRUPTING: [(u16, u64); 3] =
    [(csr::mie::NUMBER, 0xeee), (csr::mip::NUMBER, 0x222), (csr::hvip::NUMBER, 0x444)];

/// Those of them with the counter-overflow interrupt, which stays with M-mode: its place among interrupts
/// for HS-mode differs.
const OVERFLOWING: [u16; 2] = [csr::mie::NUMBER, csr::mip::NUMBER];

/// The bits of the first state-enable registers that every hart has.
const STATEEN0: u64 = csr::mstateen0::ENVCFG.mask() | csr::mstateen0::SE0.mask();

/// Where traps find their handlers, directly or by a vector.
const VECTORS: [(u16, u64); 3] =
    [(csr::mtvec::NUMBER, M_VECTORS), (csr::stvec::NUMBER, HS_VECTORS), (csr::vstvec::NUMBER, VS_VECTORS)];

/// Chooses everything by one sequence of random numbers.
pub(crate) struct Generator {
    rng: Rng,
    /// `menvcfg.STCE`, which keeps its value: STIP is a wire at 1 and a bit of memory at 0.
    stce: u64,
    /// What the translation registers hold; the first stage decides where user mode finds its code.
    satp: u64,
    vsatp: u64,
    tables: Tables,
    extensions: ExtSet,
}

impl Generator {
    /// The program that belongs to `seed`, for a hart with these `extensions`.
    ///
    /// # Errors
    /// What the assembler refuses.
    pub(crate) fn program(seed: u64, extensions: ExtSet) -> Result<Program, AsmError> {
        let mut rng = Rng(seed);
        let stce = csr::menvcfg::STCE.of(rng.below(2));
        let tables = Tables::new(&mut rng);
        let mut generator = Generator { rng, stce, satp: 0, vsatp: 0, tables, extensions };
        let mut blocks: Vec<Block> = Vec::with_capacity(BLOCKS);
        for _ in 0..BLOCKS {
            let scrub = blocks.last().is_some_and(|block| stores_anywhere(&block.body.steps));
            blocks.push(generator.block(blocks.is_empty(), scrub)?);
        }
        let Generator { mut rng, tables, .. } = generator;
        let data = (0..DATA_PAGES)
            .map(|_| (0..PAGE_SIZE / 8).flat_map(|_| rng.value().to_le_bytes()).collect())
            .collect();
        Ok(Program { menvcfg: stce, blocks, tables, data })
    }

    fn block(&mut self, everything: bool, scrub: bool) -> Result<Block, AsmError> {
        let mut settings = Vec::new();
        if scrub {
            settings.push(Setting::Scrub);
        }
        for (number, mask) in PREPARED {
            if everything || self.rng.one_in(4) {
                settings.push(Setting::Csrs(vec![(number, self.rng.bits() & mask)]));
            }
        }
        if self.extensions.has(Ext::Ssnpm) && self.rng.one_in(4) {
            let (random, masking) = (self.rng.bits() & HSTATUS, self.rng.pick(&[0, 2, 3]));
            settings
                .push(Setting::Csrs(vec![(csr::hstatus::NUMBER, random | csr::hstatus::HUPMM.of(masking))]));
        }
        for (number, mask) in INTERRUPTING {
            let has_overflow = OVERFLOWING.contains(&number) && self.extensions.has(Ext::Sscofpmf);
            let mask = mask | if has_overflow { csr::mip::LCOFIP.mask() } else { 0 };
            let value = if self.rng.one_in(4) { self.rng.bits() & mask } else { 0 };
            settings.push(Setting::Csrs(vec![(number, value)]));
        }
        if self.rng.one_in(8) {
            settings.push(self.counting());
        }
        for (number, base) in VECTORS {
            if everything || self.rng.one_in(8) {
                settings.push(Setting::Csrs(vec![(number, base | self.rng.below(2))]));
            }
        }
        if everything || self.rng.one_in(4) {
            settings.push(self.environment());
            self.translation(&mut settings);
            settings.push(self.protection());
        }
        if self.rng.one_in(4) {
            let leaf = self.tables.leaves[self.rng.below(self.tables.leaves.len() as u64) as usize];
            settings.push(Setting::Pte(leaf.at, leaf.again(&mut self.rng).0));
        }
        self.registers(everything, &mut settings);
        let body = self.body()?;
        Ok(Block { settings, body })
    }

    /// Sets all registers, or some.
    fn registers(&mut self, everything: bool, settings: &mut Vec<Setting>) {
        for pointer in POINTERS {
            if everything || self.rng.one_in(2) {
                let address = self.address();
                let alignment = match pointer {
                    S1 => 1,
                    BLOCK => CACHE_BLOCK_SIZE,
                    _ if ALIGNED.contains(&pointer) => 16,
                    _ => 8,
                };
                settings.push(Setting::Register(pointer, address & !(alignment - 1)));
            }
        }
        for register in Reg::ALL {
            if !KEPT.contains(&register) && (everything || self.rng.one_in(8)) {
                settings.push(Setting::Register(register, self.rng.value()));
            }
        }
        for register in FReg::ALL {
            if everything || self.rng.one_in(16) {
                settings.push(Setting::Float(register, self.rng.float()));
            }
        }
    }

    /// The environment configuration, from above: where a register forbids a field to the next one, what that
    /// one holds is unspecified until it is written.
    fn environment(&mut self) -> Setting {
        use csr::menvcfg::{ADUE, CBCFE, CBIE, CBZE, DTE, PBMTE, PMM};
        let has = |ext, mask| if self.extensions.has(ext) { mask } else { 0 };
        let cache = has(Ext::Zicbom, CBCFE.mask() | CBIE.mask()) | has(Ext::Zicboz, CBZE.mask());
        let memory = has(Ext::Svadu, ADUE.mask()) | has(Ext::Svpbmt, PBMTE.mask());
        let double = has(Ext::Ssdbltrp, DTE.mask());
        let (machine, lower) = (has(Ext::Smnpm, PMM.mask()), has(Ext::Ssnpm, PMM.mask()));
        let own = has(Ext::Smmpm, csr::mseccfg::PMM.mask());
        let stce = csr::henvcfg::STCE.mask();
        let mut csrs = vec![
            (csr::menvcfg::NUMBER, self.fields(cache | memory | double | machine) | self.stce),
            (csr::henvcfg::NUMBER, self.fields(cache | memory | double | lower | stce)),
            (csr::senvcfg::NUMBER, self.fields(cache | lower)),
        ];
        if own != 0 {
            csrs.push((csr::mseccfg::NUMBER, self.fields(own)));
        }
        if self.extensions.has(Ext::Smstateen) {
            for number in [csr::mstateen0::NUMBER, csr::hstateen0::NUMBER] {
                csrs.push((number, self.rng.bits() & STATEEN0));
                csrs.push((number + 1, self.rng.bits() & csr::mstateen0::SE0.mask()));
            }
        }
        Setting::Csrs(csrs)
    }

    /// What counts retired instructions, and how many there were.
    fn counting(&mut self) -> Setting {
        use csr::minstretcfg::{MINH, SINH, UINH, VSINH, VUINH};
        let mut csrs = vec![(csr::mcountinhibit::NUMBER, self.rng.below(2) << 2)];
        if self.extensions.has(Ext::Smcntrpmf) {
            let modes = [MINH, SINH, UINH, VSINH, VUINH].iter().map(|field| field.mask()).sum::<u64>();
            csrs.push((csr::minstretcfg::NUMBER, self.rng.bits() & modes));
        }
        // Whether the writes before count themselves may differ.
        csrs.push((csr::minstret::NUMBER, self.rng.value()));
        Setting::Csrs(csrs)
    }

    /// Random fields of an environment configuration, without the encodings that are reserved.
    fn fields(&mut self, mask: u64) -> u64 {
        use csr::menvcfg::{CBIE, PMM};
        let value = self.rng.bits() & mask;
        let value = if CBIE.get(value) == 2 { value & !CBIE.mask() } else { value };
        if PMM.get(value) == 1 { value & !PMM.mask() } else { value }
    }

    /// Turns each stage on, by any scheme, or off.
    fn translation(&mut self, settings: &mut Vec<Setting>) {
        let mut choose = |field: Field, root: fn(u64) -> u64| {
            if self.rng.one_in(4) {
                return 0;
            }
            let mode = 8 + self.rng.below(3);
            field.of(mode) | (root(mode) / PAGE_SIZE) | self.rng.below(4) << 44
        };
        self.satp = choose(csr::satp::MODE, |mode| first_root(SATP, mode));
        self.vsatp = choose(csr::vsatp::MODE, |mode| first_root(VSATP, mode));
        let hgatp = choose(csr::hgatp::MODE, guest_root);
        for (number, value) in
            [(csr::satp::NUMBER, self.satp), (csr::vsatp::NUMBER, self.vsatp), (csr::hgatp::NUMBER, hgatp)]
        {
            settings.push(Setting::Csrs(vec![(number, value)]));
        }
    }

    /// Protects a range of the data, or nothing.
    fn protection(&mut self) -> Setting {
        const NAPOT: u64 = 3 << 3;
        // Within a cache block, the permissions are to be the same (rule PMP_same).
        let has_blocks = [Ext::Zicbom, Ext::Zicboz].iter().any(|ext| self.extensions.has(*ext));
        let smallest = if has_blocks { CACHE_BLOCK_SIZE } else { 8 };
        let size = (8 << self.rng.below(12)).max(smallest);
        let base = DATA + self.rng.below(DATA_PAGES * PAGE_SIZE) / size * size;
        let permissions = self.rng.pick(&[0, 1, 3, 4, 5]);
        let entry = if self.rng.one_in(2) { NAPOT | permissions } else { 0 };
        Setting::Csrs(vec![
            (csr::pmpaddr0::NUMBER, (base >> 2) | ((size >> 3) - 1)),
            (csr::pmpcfg0::NUMBER, 0x1f << 8 | entry),
        ])
    }

    /// An address of data, in any place where some table maps it; seldom one that nothing maps.
    fn address(&mut self) -> u64 {
        let offset = PAGE_SIZE + self.rng.below((DATA_PAGES - 2) * PAGE_SIZE);
        let aligned = match self.rng.below(8) {
            0 => offset,
            1 | 2 => offset & !(PAGE_SIZE - 1),
            // Accesses near it cross to the next page.
            3 | 4 => offset | (PAGE_SIZE - 8) | self.rng.below(8),
            _ => offset & !7,
        };
        let alias = match self.rng.below(20) {
            0 => 1 << 21,
            1 => (1 << 30) + (1 << 21),
            2 => (1u64 << 30).wrapping_neg(),
            3 => 1 << 63,
            4 | 5 => USER,
            6 | 7 => FAR,
            8 | 9 => USER + FAR,
            10 => 1 << self.rng.pick(&[38, 39, 40, 41, 47, 48, 49, 50, 56, 57, 58, 59]),
            // The last entry of a root table, or the last that the G stage covers.
            11 => (1u64 << self.rng.pick(&[39, 48, 57])).wrapping_neg(),
            12 => self.rng.pick(&[0x7ff << 30, 0x7ff << 39, 0x7ff << 48]),
            // What pointer masking takes away, or some of it.
            13 => self.rng.bits() << self.rng.pick(&[47, 48, 56, 57]),
            _ => 0,
        };
        (DATA + aligned).wrapping_add(alias)
    }

    /// Random instructions in a random mode.
    fn body(&mut self) -> Result<Body, AsmError> {
        let (privilege, virt) = self.rng.pick(&[(3, 0), (1, 0), (0, 0), (1, 1), (0, 1)]);
        let is_translated = if virt == 1 { self.vsatp } else { self.satp } != 0;
        let random = self.rng.bits() & 0x7e_01a2;
        let fs = if self.rng.one_in(8) { 0 } else { csr::mstatus::FS.of(self.rng.below(3) + 1) };
        let mstatus = random | fs | csr::mstatus::MPP.of(privilege) | csr::mstatus::MPV.of(virt);
        let count = 8 + self.rng.below(24) as usize;
        let steps = (0..count)
            .map(|index| sequence::step(&mut self.rng, self.extensions, count - index))
            .collect::<Result<Vec<Step>, _>>()?;
        // A handler that goes back would find what part of a misaligned store has left behind.
        let goes_back = self.rng.one_in(2) && !stores_anywhere(&steps);
        let resume = goes_back.then(|| self.rng.below(count as u64) as usize);
        let has_return = self.rng.one_in(4);
        Ok(Body { mstatus, is_user: privilege == 0 && is_translated, has_return, resume, steps })
    }
}
