//! A random hart in a random state, with page tables of both stages that map main memory to itself.

use isa::ext::{Ext, ExtSet};
use isa::format::Format;
use isa::paging::{PAGE_SIZE, Pte, SCHEMES, Scheme, Stage};
use isa::{Mode, Privilege, csr, inst};
use iss::observe::AccessKind;
use iss::variant::{Misaligned, MisalignedAtomic, TlbPolicy, Wfi};
use iss::{Hart, Lines, Variant, Width};

use crate::ram_only::{BASE, RamOnly};
use crate::rng::Rng;

/// Main memory: what one table of the last level maps.
const PAGES: u64 = 512;

/// The first page holds the code, the second its overhang.
const OVERHANG: u64 = 1;

/// The first pages of the tables under `satp`, `vsatp` and `hgatp`.
const TABLES: [u64; 3] = [16, 24, 32];

/// Where data begins: pages whose mappings are random.
const DATA: u64 = 48;

/// CSRs that open up something; closed in some harts.
const PERMISSIVE: [u16; 11] = [
    csr::mcounteren::NUMBER,
    csr::hcounteren::NUMBER,
    csr::scounteren::NUMBER,
    csr::menvcfg::NUMBER,
    csr::henvcfg::NUMBER,
    csr::senvcfg::NUMBER,
    csr::mstateen0::NUMBER,
    csr::hstateen0::NUMBER,
    csr::sstateen0::NUMBER,
    csr::mcountinhibit::NUMBER,
    csr::hgeie::NUMBER,
];

/// CSRs that make interrupts pending or delegate them; set in some harts.
const INTERRUPTING: [u16; 4] =
    [csr::mip::NUMBER, csr::hvip::NUMBER, csr::mideleg::NUMBER, csr::hideleg::NUMBER];

/// CSRs with any value.
const ANY: [u16; 10] = [
    csr::medeleg::NUMBER,
    csr::hedeleg::NUMBER,
    csr::mtvec::NUMBER,
    csr::stvec::NUMBER,
    csr::vstvec::NUMBER,
    csr::hstatus::NUMBER,
    csr::htimedelta::NUMBER,
    csr::stimecmp::NUMBER,
    csr::vstimecmp::NUMBER,
    csr::fcsr::NUMBER,
];

/// A hart, its memory, and where the next random choice comes from.
pub(crate) struct World {
    pub(crate) hart: Hart,
    pub(crate) bus: RamOnly,
    pub(crate) rng: Rng,
    mode: Mode,
}

impl World {
    /// A hart that is to execute instructions in `mode`.
    pub(crate) fn new(mode: Mode, mut rng: Rng) -> World {
        let hart = Hart::new(0, variant(mode, &mut rng));
        let mut world = World { hart, bus: RamOnly::new(PAGES * PAGE_SIZE), rng, mode };
        world.bus.lines = Lines {
            mip: world.rng.zero_except_one_in(8),
            time: world.rng.next(),
            hgeip: world.rng.zero_except_one_in(8),
            stop: false,
        };
        world.open_memory();
        world.set_csrs();
        world.set_translation();
        world
    }

    /// Puts a random instruction before the hart and returns it.
    ///
    /// Whatever the last instruction was, the hart is in its mode again. The registers that the instruction
    /// reads most often point to memory, and interrupts seldom come before it.
    pub(crate) fn prepare(&mut self) -> u32 {
        let word = self.instruction();
        let last = PAGE_SIZE - 2;
        let offset = if self.rng.one_in(16) { last } else { self.rng.below(last) & !1 };
        self.bus.ram.write(BASE + offset, &word.to_le_bytes()).expect("code is in main memory");
        if let Some(inst) = isa::decode(word) {
            for register in [inst.rs2, inst.rs1] {
                let value = self.value();
                self.hart.set_x(register, value);
            }
        }
        let (register, bits) = (self.rng.below(32) as u8, self.rng.ones_except_one_in(2) << 32);
        self.hart.set_f(register, bits | self.rng.next() >> 32);
        let enabled = self.rng.zero_except_one_in(64);
        self.set_csr(csr::mie::NUMBER, enabled);
        self.hart.set_mode(self.mode);
        self.hart.set_pc(BASE + offset);
        word
    }

    /// Whether the hart can fetch what is before it; a wild `satp` or PMP entry may have cut it off.
    pub(crate) fn fetches(&self) -> bool {
        self.hart.translate(&self.bus, self.hart.pc(), AccessKind::Fetch).is_ok()
    }

    /// Asks the hart what a debugger may ask; the answers do not matter, only that they come.
    pub(crate) fn question(&mut self) {
        let number = self.rng.below(1 << 12) as u16;
        let _ = self.hart.csr(number);
        let _ = self.hart.set_csr(number, self.rng.next());
        let _ = self.hart.next_timer();
        for kind in [AccessKind::Fetch, AccessKind::Load, AccessKind::Store, AccessKind::Amo] {
            let address = self.address();
            let _ = self.hart.translate(&self.bus, address, kind);
        }
    }

    /// An instruction word: a row of the table with random operands, or anything.
    fn instruction(&mut self) -> u32 {
        let word = self.rng.next() as u32;
        if self.rng.one_in(2) {
            return word;
        }
        let row = &inst::ROWS[self.rng.below(inst::ROWS.len() as u64) as usize];
        let word = word & !row.mask | row.pattern;
        match row.format {
            Format::Csr | Format::CsrI if !self.rng.one_in(4) => word & 0xf_ffff | self.csr() << 20,
            _ => word,
        }
    }

    /// The number of a CSR of the table; the few that user mode has come up four times as often as others.
    fn csr(&mut self) -> u32 {
        let row = loop {
            let row = &csr::ROWS[self.rng.below(csr::ROWS.len() as u64) as usize];
            if csr::lowest_privilege(row.number) == Privilege::U || self.rng.one_in(4) {
                break row;
            }
        };
        u32::from(row.number) + self.rng.below(row.count.into()) as u32
    }

    /// A value for a register: mostly an address, so that many accesses succeed.
    fn value(&mut self) -> u64 {
        match self.rng.below(8) {
            0 => self.rng.next(),
            1 => self.rng.pick(&[0, 1, u64::MAX, i64::MIN as u64, i64::MAX as u64, 0xffff_ffff, 0x8000_0000]),
            _ => self.address(),
        }
    }

    /// An address: aligned or not, in main memory or in what the tables' random entries may map.
    fn address(&mut self) -> u64 {
        let align = if self.rng.one_in(2) { !7 } else { !0 };
        let page = self.rng.below(PAGES) * PAGE_SIZE;
        let offset = if self.rng.one_in(8) { PAGE_SIZE - 1 } else { self.rng.below(PAGE_SIZE) & align };
        let alias = if self.rng.one_in(8) { self.rng.next() << 30 } else { 0 };
        (BASE + page + offset).wrapping_add(alias)
    }

    /// Physical memory protection that lets everything pass but what a random first entry matches.
    fn open_memory(&mut self) {
        const NAPOT_RWX: u64 = 0x1f;
        let first = self.rng.zero_except_one_in(8) & 0xff;
        let address = BASE + self.rng.below(PAGES * PAGE_SIZE);
        self.set_csr(csr::pmpaddr0::NUMBER, address >> 2);
        self.set_csr(csr::pmpaddr0::NUMBER + 1, u64::MAX);
        self.set_csr(csr::pmpcfg0::NUMBER, NAPOT_RWX << 8 | first);
    }

    fn set_csrs(&mut self) {
        for number in PERMISSIVE {
            let value = self.rng.ones_except_one_in(8);
            self.set_csr(number, value);
        }
        let (mseccfg, open) = (csr::mseccfg::NUMBER, csr::mseccfg::USEED.mask() | csr::mseccfg::SSEED.mask());
        let masking = csr::mseccfg::PMM.of(self.rng.next());
        self.set_csr(mseccfg, open | masking);
        for number in INTERRUPTING {
            let value = self.rng.zero_except_one_in(8);
            self.set_csr(number, value);
        }
        for number in ANY {
            let value = self.rng.next();
            self.set_csr(number, value);
        }
        for (number, fs) in
            [(csr::mstatus::NUMBER, csr::mstatus::FS), (csr::vsstatus::NUMBER, csr::vsstatus::FS)]
        {
            let value = self.rng.next();
            let on = if self.rng.one_in(8) { 0 } else { fs.of(1) };
            self.set_csr(number, value | on);
        }
    }

    /// Builds tables for every stage and points the address-translation registers at them, except in a few
    /// harts, where these hold anything.
    fn set_translation(&mut self) {
        let stages = [
            (csr::satp::NUMBER, Stage::First),
            (csr::vsatp::NUMBER, Stage::First),
            (csr::hgatp::NUMBER, Stage::Guest),
        ];
        for ((number, stage), page) in stages.into_iter().zip(TABLES) {
            let levels = match number {
                csr::satp::NUMBER => self.hart.variant().satp_levels,
                csr::vsatp::NUMBER => self.hart.variant().vsatp_levels,
                _ => self.hart.variant().hgatp_levels,
            };
            let schemes: Vec<_> = SCHEMES.iter().filter(|s| s.stage == stage && s.levels <= levels).collect();
            let scheme = self.rng.pick(&schemes);
            let root = BASE + page * PAGE_SIZE;
            self.build_tables(scheme, root);
            let space = csr::hgatp::VMID.of(self.rng.next());
            let pointed = csr::satp::MODE.of(scheme.mode) | space | csr::satp::PPN.of(root / PAGE_SIZE);
            let value = if self.rng.one_in(16) { self.rng.next() } else { pointed };
            self.set_csr(number, value);
        }
    }

    /// Writes the tables of `scheme`, one after the other from the root at `table` on.
    fn build_tables(&mut self, scheme: &Scheme, mut table: u64) {
        for level in (0..scheme.levels).rev() {
            let next = table + scheme.table_size(level);
            for index in 0..scheme.entries(level) {
                let pte = if level == 0 {
                    self.leaf(scheme.stage, index)
                } else if index == scheme.index(BASE, level) {
                    Pte::pointer(next)
                } else {
                    self.stray()
                };
                let pa = table + index * scheme.pte_size;
                self.bus.ram.store(pa, Width::D, pte.0).expect("tables are in main memory");
            }
            table = next;
        }
    }

    /// The entry for page `page` of main memory.
    fn leaf(&mut self, stage: Stage, page: u64) -> Pte {
        let user = stage == Stage::Guest || self.mode.privilege == Privilege::U;
        let all = [Pte::V, Pte::R, Pte::W, Pte::X, Pte::A, Pte::D].iter().fold(0, |bits, f| bits | f.mask());
        let flags = all | Pte::U.of(user.into());
        let pa = BASE + page * PAGE_SIZE;
        if page < DATA && page != OVERHANG {
            return Pte::leaf(pa, flags);
        }
        match self.rng.below(16) {
            0 => self.stray(),
            1 => Pte(Pte::leaf(pa, flags).0 | 1 << self.rng.below(64)),
            _ => Pte(Pte::leaf(pa, flags).0 & !(1 << self.rng.below(16))),
        }
    }

    /// An entry that nobody has thought of: nothing, anything, or main memory as a large page.
    fn stray(&mut self) -> Pte {
        match self.rng.below(4) {
            0 => Pte(0),
            1 => Pte(self.rng.next()),
            _ => Pte::leaf(BASE, self.rng.next() & 0xff),
        }
    }

    /// Writes a CSR if the hart has it.
    fn set_csr(&mut self, number: u16, value: u64) {
        let _ = self.hart.set_csr(number, value);
    }
}

/// A hart with random choices made, which has what `mode` needs.
fn variant(mode: Mode, rng: &mut Rng) -> Variant {
    let everything = Variant { extensions: ExtSet::ALL, ..Variant::default() };
    let optional = ExtSet::ALL.without(Variant::ALWAYS).without(ExtSet::of(&[Ext::H]));
    let lacking = optional.iter().filter(|_| rng.one_in(2)).fold(everything, Variant::without);
    let lacking = if mode.virt { lacking.with(Ext::H) } else { lacking };
    Variant {
        satp_levels: 3 + rng.below(3) as u32,
        vsatp_levels: 3 + rng.below(3) as u32,
        hgatp_levels: 3 + rng.below(3) as u32,
        asid_len: rng.below(17) as u32,
        vmid_len: rng.below(15) as u32,
        geilen: rng.below(64) as u32,
        pmp_entries: rng.pick(&[0, 16, 64]),
        reports_tinst: rng.one_in(2),
        reports_gpa: rng.one_in(2),
        reports_illegal: rng.one_in(2),
        reports_virtual: rng.one_in(2),
        updates_ad: rng.one_in(2),
        misaligned: rng.pick(&[Misaligned::Hardware, Misaligned::Trap]),
        misaligned_atomic: rng.pick(&[MisalignedAtomic::Address, MisalignedAtomic::Access]),
        misaligned_first: rng.one_in(2),
        wfi: rng.pick(&[Wfi::Wait, Wfi::Nop, Wfi::Trap]),
        vsatp_ignores: rng.one_in(2),
        tracks_fs: rng.one_in(2),
        entropy: rng.next() as u32,
        tlb: rng.pick(&[TlbPolicy::None, TlbPolicy::Exact, TlbPolicy::Sticky]),
        ..lacking
    }
}
