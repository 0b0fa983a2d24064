//! Memory of a test: pages, and page tables that are built with the program.

use std::collections::BTreeMap;

use isa::csr;
use isa::paging::{PAGE_SIZE, Pte, SCHEMES, Scheme, Stage};
use isa::reg::ZERO;

use super::{LOGS, PAGES, Program};
use crate::elf::Segment;

/// How much higher user modes see the code: at addresses whose pages belong to them.
pub const U_VIEW: u64 = 0x4000_0000;

/// A gigabyte of virtual and guest physical addresses that the framework leaves to tests.
pub const SPARE: u64 = 0x4000_0000;

/// A page table for one stage of translation.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its format.
    pub scheme: &'static Scheme,
    /// The physical address of its root.
    pub root: u64,
}

/// What lies in memory beside the code when the program starts.
pub(super) struct Memory {
    /// Pages with something in them.
    pages: BTreeMap<u64, Vec<u8>>,
    /// The next page to be given out.
    next: u64,
    /// Whether satp and vsatp translate, with the code's alias for user modes.
    satp: bool,
    vsatp: bool,
}

impl Memory {
    pub(super) fn new() -> Memory {
        let mut memory = Memory { pages: BTreeMap::new(), next: PAGES, satp: false, vsatp: false };
        for log in 0..3 {
            memory.write(LOGS + log * PAGE_SIZE, super::trap::RECORD);
        }
        memory
    }

    /// Whether the first stage translates at V=`virt`.
    pub(super) fn is_paged(&self, virt: bool) -> bool {
        if virt { self.vsatp } else { self.satp }
    }

    fn allocate(&mut self, size: u64, alignment: u64) -> u64 {
        let at = self.next.next_multiple_of(alignment);
        self.next = at + size;
        at
    }

    fn write(&mut self, address: u64, value: u64) {
        let page =
            self.pages.entry(address & !(PAGE_SIZE - 1)).or_insert_with(|| vec![0; PAGE_SIZE as usize]);
        let at = (address & (PAGE_SIZE - 1)) as usize;
        page[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }

    fn read(&self, address: u64) -> u64 {
        let Some(page) = self.pages.get(&(address & !(PAGE_SIZE - 1))) else { return 0 };
        let bytes = page[(address & (PAGE_SIZE - 1)) as usize..].first_chunk();
        bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// The pages that are not zero, neighbours joined.
    pub(super) fn segments(self) -> Vec<Segment> {
        let mut segments: Vec<Segment> = Vec::new();
        for (address, bytes) in self.pages {
            match segments.last_mut() {
                Some(last) if last.address + last.bytes.len() as u64 == address => last.bytes.extend(bytes),
                _ => segments.push(Segment { address, bytes }),
            }
        }
        segments
    }
}

impl Program {
    /// A page of memory, zero at the start; its physical address.
    pub fn page(&mut self) -> u64 {
        self.memory.allocate(PAGE_SIZE, PAGE_SIZE)
    }

    /// `size` bytes of memory at a multiple of `alignment`, zero at the start; their physical address.
    pub fn pages(&mut self, size: u64, alignment: u64) -> u64 {
        self.memory.allocate(size.next_multiple_of(PAGE_SIZE), alignment.max(PAGE_SIZE))
    }

    /// Puts a doubleword into a page of the test, before the program starts.
    pub fn put(&mut self, pa: u64, value: u64) {
        self.memory.write(pa, value);
    }

    /// An empty page table.
    pub fn table(&mut self, scheme: &'static Scheme) -> Table {
        let size = scheme.table_size(scheme.levels - 1);
        Table { scheme, root: self.memory.allocate(size, size) }
    }

    /// The physical address of the entry of level `level` that translates `address`; tables above it are
    /// made when they are not there.
    pub fn pte_address(&mut self, table: Table, address: u64, level: u32) -> u64 {
        let Table { scheme, root } = table;
        let mut base = root;
        for above in (level + 1..scheme.levels).rev() {
            let at = base + scheme.index(address, above) * scheme.pte_size;
            let mut pte = Pte(self.memory.read(at));
            if !pte.is_valid() {
                pte = Pte::pointer(self.memory.allocate(PAGE_SIZE, PAGE_SIZE));
                self.memory.write(at, pte.0);
            }
            assert!(!pte.is_leaf(), "{address:#x} is mapped by a larger page already");
            base = pte.address();
        }
        base + scheme.index(address, level) * scheme.pte_size
    }

    /// Sets the entry of level `level` for `address` to anything, and returns where it is.
    pub fn put_pte(&mut self, table: Table, address: u64, level: u32, pte: Pte) -> u64 {
        let at = self.pte_address(table, address, level);
        self.memory.write(at, pte.0);
        at
    }

    /// Maps a page of 4 KiB; `flags` are fields of [`Pte`] in place, V is added. Returns where the entry is.
    pub fn map(&mut self, table: Table, address: u64, pa: u64, flags: u64) -> u64 {
        self.put_pte(table, address, 0, Pte::leaf(pa, flags))
    }

    /// Maps what the program itself needs by the largest pages: memory at its own address, and devices;
    /// in the first stage memory also [`U_VIEW`] higher, for user modes.
    pub fn identity(&mut self, table: Table) {
        let all = flags("rwxad");
        let level = 2;
        match table.scheme.stage {
            Stage::First => {
                self.put_pte(table, 0, level, Pte::leaf(0, flags("rwad")));
                self.put_pte(table, super::BASE, level, Pte::leaf(super::BASE, all));
                let user = Pte::leaf(super::BASE, all | Pte::U.mask());
                self.put_pte(table, super::BASE + U_VIEW, level, user);
            }
            Stage::Guest => {
                let user = all | Pte::U.mask();
                self.put_pte(table, 0, level, Pte::leaf(0, user));
                self.put_pte(table, super::BASE, level, Pte::leaf(super::BASE, user));
            }
        }
    }

    /// Makes a page table that [maps the program](Program::identity) and writes it to satp. For M-mode.
    pub fn s_stage(&mut self, scheme: &'static Scheme) -> Table {
        let table = self.table(scheme);
        self.identity(table);
        self.use_satp(table, 0);
        table
    }

    /// Makes a page table that [maps the program](Program::identity) and writes it to vsatp. For M-mode.
    pub fn vs_stage(&mut self, scheme: &'static Scheme) -> Table {
        let table = self.table(scheme);
        self.identity(table);
        self.use_vsatp(table, 0);
        table
    }

    /// Makes a page table that [maps the program](Program::identity) and writes it to hgatp. For M-mode.
    pub fn g_stage(&mut self, scheme: &'static Scheme) -> Table {
        let table = self.table(scheme);
        self.identity(table);
        self.use_hgatp(table, 0);
        table
    }

    /// Writes a table that maps the program to satp, and fences.
    pub fn use_satp(&mut self, table: Table, asid: u64) {
        self.write_csr(csr::satp::NUMBER, table.atp(csr::satp::ASID.of(asid)));
        self.sfence_vma(ZERO, ZERO);
        self.memory.satp = true;
    }

    /// Writes a table that maps the program to vsatp, and fences.
    pub fn use_vsatp(&mut self, table: Table, asid: u64) {
        self.write_csr(csr::vsatp::NUMBER, table.atp(csr::vsatp::ASID.of(asid)));
        self.hfence_vvma(ZERO, ZERO);
        self.memory.vsatp = true;
    }

    /// Writes a table that maps the program to hgatp, and fences.
    pub fn use_hgatp(&mut self, table: Table, vmid: u64) {
        self.write_csr(csr::hgatp::NUMBER, table.atp(csr::hgatp::VMID.of(vmid)));
        self.hfence_gvma(ZERO, ZERO);
    }

    /// Turns satp's translation off.
    pub fn s_bare(&mut self) {
        self.write_csr(csr::satp::NUMBER, 0);
        self.sfence_vma(ZERO, ZERO);
        self.memory.satp = false;
    }

    /// Turns vsatp's translation off.
    pub fn vs_bare(&mut self) {
        self.write_csr(csr::vsatp::NUMBER, 0);
        self.hfence_vvma(ZERO, ZERO);
        self.memory.vsatp = false;
    }

    /// The translation schemes of satp, vsatp or hgatp on this hart, the smallest first.
    pub fn schemes(&self, csr: u16) -> Vec<&'static Scheme> {
        let (stage, levels) = match csr {
            csr::satp::NUMBER => (Stage::First, self.cpu.satp_levels),
            csr::vsatp::NUMBER => (Stage::First, self.cpu.vsatp_levels),
            csr::hgatp::NUMBER => (Stage::Guest, self.cpu.hgatp_levels),
            _ => panic!("a translation scheme is chosen by satp, vsatp or hgatp"),
        };
        SCHEMES.iter().filter(|scheme| scheme.stage == stage && scheme.levels <= levels).collect()
    }
}

impl Table {
    /// The value of satp, vsatp or hgatp for this table; `id` is ASID or VMID, in place.
    pub fn atp(self, id: u64) -> u64 {
        csr::satp::MODE.of(self.scheme.mode) | id | csr::satp::PPN.of(self.root / PAGE_SIZE)
    }
}

/// Fields of a page-table entry by their letters: `r w x u g a d`.
pub const fn flags(letters: &str) -> u64 {
    let letters = letters.as_bytes();
    let (mut bits, mut i) = (0, 0);
    while i < letters.len() {
        bits |= match letters[i] {
            b'r' => Pte::R,
            b'w' => Pte::W,
            b'x' => Pte::X,
            b'u' => Pte::U,
            b'g' => Pte::G,
            b'a' => Pte::A,
            b'd' => Pte::D,
            _ => panic!("a flag is one of r, w, x, u, g, a, d"),
        }
        .mask();
        i += 1;
    }
    bits
}
