//! A hart with main memory, set up from outside, that executes single instructions.

use isa::cause::Cause;
use isa::paging::{PAGE_SIZE, Pte, Scheme};
use isa::{Inst, Mode, Op, Privilege, csr};
use iss::observe::TrapTaken;
use iss::{Hart, Observer, Variant, Width};

use crate::ram_only::{BASE, RamOnly};

/// Where the instruction lies; tests that translate fetches map it to itself.
pub(crate) const CODE: u64 = BASE;
/// From here on there is room for page tables.
const TABLES: u64 = BASE + 0x10_0000;
/// Main memory, which costs nothing until it is touched.
const SIZE: u64 = 64 << 20;

/// A trap as the trap CSRs of its destination show it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Report {
    pub(crate) to: Mode,
    pub(crate) cause: Cause,
    pub(crate) tval: u64,
    pub(crate) gva: bool,
    pub(crate) tval2: u64,
    pub(crate) tinst: u64,
}

/// Keeps the last trap.
struct Last(Option<TrapTaken>);

impl Observer for Last {
    fn trap(&mut self, _: &Hart, trap: &TrapTaken) {
        self.0 = Some(*trap);
    }
}

pub(crate) struct Machine {
    pub(crate) hart: Hart,
    pub(crate) bus: RamOnly,
    /// Where the next page table goes.
    free: u64,
}

impl Machine {
    /// A hart whose lower modes may reach all of memory and get every exception that can be delegated to
    /// HS-mode.
    pub(crate) fn new(variant: Variant) -> Machine {
        let mut m = Machine { hart: Hart::new(0, variant), bus: RamOnly::new(SIZE), free: TABLES };
        m.set(csr::pmpaddr0::NUMBER, u64::MAX);
        m.set(csr::pmpcfg0::NUMBER, 0x1f);
        m.set(csr::medeleg::NUMBER, u64::MAX);
        m
    }

    pub(crate) fn get(&self, number: u16) -> u64 {
        self.hart.csr(number).expect("the hart has the CSR")
    }

    pub(crate) fn set(&mut self, number: u16, value: u64) {
        self.hart.set_csr(number, value).expect("the hart has the CSR");
    }

    pub(crate) fn read(&self, pa: u64) -> u64 {
        self.bus.ram.load(pa, Width::D).expect("main memory")
    }

    pub(crate) fn write(&mut self, pa: u64, value: u64) {
        self.bus.ram.store(pa, Width::D, value).expect("main memory");
    }

    /// Room for a root table of any stage.
    pub(crate) fn new_root(&mut self) -> u64 {
        self.new_table(4 * PAGE_SIZE)
    }

    fn new_table(&mut self, size: u64) -> u64 {
        self.free = self.free.next_multiple_of(size) + size;
        self.free - size
    }

    /// Makes `leaf` the entry of level `level` for `address` and returns where it lies.
    pub(crate) fn map(&mut self, scheme: &Scheme, root: u64, address: u64, level: u32, leaf: Pte) -> u64 {
        let mut table = root;
        for above in (level + 1..scheme.levels).rev() {
            let entry = table + 8 * scheme.index(address, above);
            if self.read(entry) == 0 {
                let below = self.new_table(PAGE_SIZE);
                self.write(entry, Pte::pointer(below).0);
            }
            table = Pte(self.read(entry)).address();
        }
        let entry = table + 8 * scheme.index(address, level);
        self.write(entry, leaf.0);
        entry
    }

    /// Executes `inst` at [`CODE`] in `mode`, which raises an exception or does not.
    pub(crate) fn execute(&mut self, mode: Mode, inst: Inst) -> Result<(), Report> {
        self.bus.ram.store(CODE, Width::W, inst.encode().into()).expect("main memory");
        self.execute_at(mode, CODE)
    }

    /// Executes what lies at `pc`.
    pub(crate) fn execute_at(&mut self, mode: Mode, pc: u64) -> Result<(), Report> {
        self.hart.set_mode(mode);
        self.hart.set_pc(pc);
        let mut last = Last(None);
        self.hart.run(&mut self.bus, 1, Some(&mut last));
        last.0.map_or(Ok(()), |taken| Err(self.report(&taken)))
    }

    /// What the CSRs of the destination say of a trap; those that the hart lacks say nothing.
    fn report(&self, taken: &TrapTaken) -> Report {
        let show = |number: u16| self.hart.csr(number).unwrap_or(0);
        let (tval, gva, tval2, tinst) = match taken.to {
            Mode::M => (
                show(csr::mtval::NUMBER),
                csr::mstatus::GVA.is_set(show(csr::mstatus::NUMBER)),
                show(csr::mtval2::NUMBER),
                show(csr::mtinst::NUMBER),
            ),
            Mode::HS => (
                show(csr::stval::NUMBER),
                csr::hstatus::GVA.is_set(show(csr::hstatus::NUMBER)),
                show(csr::htval::NUMBER),
                show(csr::htinst::NUMBER),
            ),
            _ => (show(csr::vstval::NUMBER), false, 0, 0),
        };
        assert_eq!(
            (tval, tval2, tinst),
            (taken.tval, taken.tval2, taken.tinst),
            "the observer is told what the CSRs show"
        );
        Report { to: taken.to, cause: taken.cause, tval, gva, tval2, tinst }
    }

    /// Loads eight bytes as the guest would, by HLV.D.
    pub(crate) fn load_as_guest(&mut self, va: u64) -> Result<u64, Report> {
        self.hart.set_x(10, va);
        self.execute(Mode::M, Inst { rd: 11, rs1: 10, ..Inst::new(Op::hlv_d) })?;
        Ok(self.hart.x(11))
    }

    /// Executes `inst` in M-mode with its accesses made as in `mode`.
    pub(crate) fn execute_as(&mut self, mode: Mode, inst: Inst) -> Result<(), Report> {
        use csr::mstatus::{MPP, MPRV, MPV};
        let status = self.get(csr::mstatus::NUMBER);
        let status = MPV.set(MPP.set(status, mode.privilege as u64), mode.virt.into());
        self.set(csr::mstatus::NUMBER, MPRV.set(status, 1));
        let result = self.execute(Mode::M, inst);
        self.set(csr::mstatus::NUMBER, MPRV.set(self.get(csr::mstatus::NUMBER), 0));
        result
    }

    /// Loads eight bytes as HS-mode would.
    pub(crate) fn load_as_supervisor(&mut self, va: u64) -> Result<u64, Report> {
        self.hart.set_x(10, va);
        let mode = Mode { privilege: Privilege::S, virt: false };
        self.execute_as(mode, Inst { rd: 11, rs1: 10, ..Inst::new(Op::ld) })?;
        Ok(self.hart.x(11))
    }
}
