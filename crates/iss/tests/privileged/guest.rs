//! A guest of one page, the accesses that can be made to it, and what a fault of each is to report.
//!
//! The page and the three page tables that lead to it are each mapped by an entry of their own in the G
//! stage; a row of a test changes some of the entries.

use isa::cause::{Cause, Exception};
use isa::paging::{Pte, SV39, SV39X4};
use isa::{Inst, Mode, Op, csr};
use iss::Variant;

use crate::machine::{Machine, Report};
use crate::ram_only::BASE;

/// The guest virtual page, and where its data lie.
const VA: u64 = 0x4000_5000;
const GPA: u64 = 0x20_0000;
const DATA: u64 = BASE + 0x200_0000;
/// The guest's page tables by level, in guest physical memory, and where they lie.
const TABLES: [u64; 3] = [0x30_2000, 0x30_1000, 0x30_0000];
const TABLES_PA: u64 = BASE + 0x300_0000;
/// The offset of the data in their page.
const OFFSET: u64 = 0x128;

pub(crate) const R: u64 = 1 << 1;
pub(crate) const W: u64 = 1 << 2;
pub(crate) const X: u64 = 1 << 3;
pub(crate) const U: u64 = 1 << 4;
pub(crate) const A: u64 = 1 << 6;
pub(crate) const D: u64 = 1 << 7;

/// An entry of a page table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entry {
    /// The VS-stage leaf.
    Vs,
    /// The VS-stage entry of level 1, a pointer.
    Pointer,
    /// The G-stage leaf of the data.
    G,
    /// The G-stage leaf of the VS-stage table of level 0.
    GOfTable,
}

/// How the page is accessed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum By {
    Hlv,
    Hlvx,
    Hsv,
    /// In M-mode with MPRV and MPV.
    Load,
    Lr,
    Sc,
    Amo,
    /// By fetching from it in VS-mode.
    Fetch,
}

impl By {
    pub(crate) const ALL: [By; 8] =
        [By::Hlv, By::Hlvx, By::Hsv, By::Load, By::Lr, By::Sc, By::Amo, By::Fetch];

    fn inst(self) -> Option<Inst> {
        let op = match self {
            By::Hlv => Op::hlv_d,
            By::Hlvx => Op::hlvx_wu,
            By::Hsv => Op::hsv_d,
            By::Load => Op::ld,
            By::Lr => Op::lr_d,
            By::Sc => Op::sc_d,
            By::Amo => Op::amoadd_d,
            By::Fetch => return None,
        };
        let (rd, rs2) = match self {
            By::Hlv | By::Hlvx | By::Load | By::Lr => (11, 0),
            By::Hsv => (0, 12),
            _ => (11, 12),
        };
        Some(Inst { rd, rs1: 10, rs2, ..Inst::new(op) })
    }

    /// The transformed instruction: nothing but rs1 is missing, since no immediate was given.
    fn tinst(self) -> u64 {
        self.inst().map_or(0, |inst| u64::from(inst.encode() & !(31 << 15)))
    }

    fn by_kind(self, fetch: Exception, load: Exception, store: Exception) -> Exception {
        match self {
            By::Fetch => fetch,
            By::Hlv | By::Hlvx | By::Load | By::Lr => load,
            By::Hsv | By::Sc | By::Amo => store,
        }
    }

    pub(crate) fn writes(self) -> bool {
        matches!(self, By::Hsv | By::Sc | By::Amo)
    }
}

/// What is to come of an access.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Outcome {
    Done,
    /// A page fault of the VS stage.
    Page,
    /// A guest-page fault of the access itself.
    Guest,
    /// A guest-page fault of reading or writing the VS-stage leaf.
    GuestRead,
    GuestWrite,
    AccessFault,
}

pub(crate) struct Guest {
    pub(crate) m: Machine,
    entries: [u64; 4],
}

impl Guest {
    pub(crate) fn new(variant: Variant) -> Guest {
        let mut m = Machine::new(variant);
        let g_root = m.new_root();
        let mut map_g = |gpa: u64, pa: u64, flags: u64| m.map(&SV39X4, g_root, gpa, 0, Pte::leaf(pa, flags));
        let g = map_g(GPA, DATA, R | W | X | U | A | D);
        let tables_pa = [2, 1, 0].map(|n| TABLES_PA + n * 0x1000);
        let of_table = TABLES.map(|gpa| map_g(gpa, gpa - TABLES[2] + TABLES_PA, R | W | U | A | D));
        let pointer = tables_pa[1] + 8 * SV39.index(VA, 1);
        m.write(tables_pa[2] + 8 * SV39.index(VA, 2), Pte::pointer(TABLES[1]).0);
        m.write(pointer, Pte::pointer(TABLES[0]).0);
        let vs = tables_pa[0] + 8 * SV39.index(VA, 0);
        m.write(vs, Pte::leaf(GPA, R | W | X | A | D).0);
        m.write(DATA + OFFSET, u64::from(Inst { imm: 1, ..Inst::new(Op::addi) }.encode()));
        m.set(csr::vsatp::NUMBER, csr::vsatp::MODE.of(8) | TABLES[2] >> 12);
        m.set(csr::hgatp::NUMBER, csr::hgatp::MODE.of(8) | g_root >> 12);
        m.set(csr::hstatus::NUMBER, csr::hstatus::SPVP.mask());
        Guest { m, entries: [vs, pointer, g, of_table[0]] }
    }

    pub(crate) fn pte(&self, entry: Entry) -> u64 {
        self.m.read(self.entries[entry as usize])
    }

    pub(crate) fn set_pte(&mut self, entry: Entry, pte: u64) {
        self.m.write(self.entries[entry as usize], pte);
    }

    /// Makes the access at [`OFFSET`].
    pub(crate) fn access(&mut self, by: By) -> Result<(), Report> {
        let va = VA + OFFSET;
        self.m.hart.set_x(10, va);
        match by.inst() {
            None => self.m.execute_at(Mode::VS, va),
            Some(inst) if matches!(by, By::Hlv | By::Hlvx | By::Hsv) => self.m.execute(Mode::HS, inst),
            Some(inst) => self.m.execute_as(Mode::VS, inst),
        }
    }
}

/// What `by` reports when `outcome` comes of it.
pub(crate) fn expected(by: By, outcome: Outcome) -> Result<(), Report> {
    use Exception::{
        InstAccessFault, InstGuestPageFault, InstPageFault, LoadAccessFault, LoadGuestPageFault,
        LoadPageFault, StoreAccessFault, StoreGuestPageFault, StorePageFault,
    };
    let guest = by.by_kind(InstGuestPageFault, LoadGuestPageFault, StoreGuestPageFault);
    let table_entry = TABLES[0] + 8 * SV39.index(VA, 0);
    let (exception, gpa, tinst) = match outcome {
        Outcome::Done => return Ok(()),
        Outcome::Page => (by.by_kind(InstPageFault, LoadPageFault, StorePageFault), 0, by.tinst()),
        Outcome::AccessFault => {
            (by.by_kind(InstAccessFault, LoadAccessFault, StoreAccessFault), 0, by.tinst())
        }
        Outcome::Guest => (guest, GPA + OFFSET, by.tinst()),
        Outcome::GuestRead => (guest, table_entry, 0x3000),
        Outcome::GuestWrite => (guest, table_entry, 0x3020),
    };
    let to = if matches!(by, By::Load | By::Lr | By::Sc | By::Amo) { Mode::M } else { Mode::HS };
    let cause = Cause::Exception(exception);
    Err(Report { to, cause, tval: VA + OFFSET, gva: true, tval2: gpa >> 2, tinst })
}

/// A row: entries with bits cleared and set, CSR fields set, and what comes of which accesses.
pub(crate) type Row<'a> = (&'a str, &'a [(Entry, u64, u64)], &'a [(u16, u64)], &'a [By], Outcome);

pub(crate) fn check(variant: Variant, rows: &[Row]) {
    for (name, entries, csrs, accesses, outcome) in rows {
        for by in *accesses {
            let mut guest = Guest::new(variant);
            for (entry, clear, set) in *entries {
                guest.set_pte(*entry, guest.pte(*entry) & !clear | set);
            }
            for (number, bits) in *csrs {
                guest.m.set(*number, guest.m.get(*number) | bits);
            }
            assert_eq!(guest.access(*by), expected(*by, *outcome), "{name}, {by:?}");
        }
    }
}
