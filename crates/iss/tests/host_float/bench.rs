//! Two harts, one with each engine, that execute one instruction with many operands at once.

use isa::ext::Ext;
use isa::format::Format;
use isa::inst::{ROWS, Row};
use isa::{Inst, Mode, Op, csr};
use iss::{Engine, Hart, Variant, Width};

use crate::operands::Kind;
use crate::ram_only::{BASE, RamOnly};

/// Instructions of a program, which have operands and results of their own.
pub(crate) const LANES: usize = 8;

/// FS: the state has been written to.
pub(crate) const DIRTY: u64 = 3;

/// Where loads and stores go; the page is the program's own.
const DATA: u64 = BASE + 0x4_0000;

/// Where traps lead: to a word that is no instruction.
const TRAPS: u64 = BASE + 0x5_0000;

/// A program: a block of [`LANES`] times one instruction, which is a block of the engine.
pub(crate) struct Program {
    pc: u64,
    row: &'static Row,
    rm: u8,
}

/// A program for each F and D instruction with each rounding mode.
pub(crate) fn programs() -> Vec<Program> {
    let rows = ROWS.iter().filter(|row| {
        let is_float = row.needs.iter().any(|all| all.closure().has(Ext::F));
        is_float && row.len == 4 && Variant::ALWAYS.meets(row.needs)
    });
    let kinds = rows.flat_map(|row| {
        let has_rm = row.mask & 0x7000 == 0 && !matches!(row.format, Format::FLoad | Format::FStore);
        let rms = if has_rm { 0..8 } else { 0..1 };
        rms.map(move |rm| (row, rm))
    });
    let programs = kinds.zip((BASE..).step_by(4 * (LANES + 1)));
    programs.map(|((row, rm), pc)| Program { pc, row, rm }).collect()
}

impl Program {
    /// The rounding mode of the instruction.
    pub(crate) fn rm(&self) -> u8 {
        self.rm
    }

    /// The instruction of lane 0. Lane n has sources 3n, 3n + 1 and 3n + 2, and destination 24 + n.
    pub(crate) fn inst(&self) -> Inst {
        self.inst_of(0)
    }

    fn inst_of(&self, lane: u8) -> Inst {
        let fixed = (self.row.pattern >> 12 & 7) as u8;
        let rm = if self.row.mask & 0x7000 == 0 { self.rm } else { fixed };
        let own = Inst {
            rd: 24 + lane,
            rs1: 3 * lane,
            rs2: 3 * lane + 1,
            rs3: 3 * lane + 2,
            rm,
            ..Inst::new(self.row.op)
        };
        match self.row.format {
            // The bases are in x31 and x30, of which the latter is behind the data.
            Format::FLoad => Inst { rs1: 31, imm: 8 * i32::from(lane), ..own },
            Format::FStore => Inst { rs1: 30, rs2: 3 * lane, imm: -8 * i32::from(lane + 1), ..own },
            Format::XToF | Format::XToFRm => Inst { rs1: 1 + lane, ..own },
            Format::FToX | Format::FToXRm | Format::FCompare => Inst { rd: 16 + lane, ..own },
            _ => own,
        }
    }

    /// How many operands matter.
    pub(crate) fn operands(&self) -> usize {
        match self.row.format {
            Format::F4 => 3,
            Format::FRm | Format::F | Format::FCompare => 2,
            _ => 1,
        }
    }

    /// What the operands are.
    pub(crate) fn kind(&self) -> Kind {
        let is_single_to_double = self.row.op == Op::fcvt_d_s;
        match self.row.format {
            Format::XToF | Format::XToFRm => Kind::Integer,
            _ if self.row.op == Op::fcvt_s_d => Kind::Double,
            _ if is_single_to_double || self.row.name.ends_with("_s") || self.row.name.ends_with("_w") => {
                Kind::Single
            }
            _ if self.row.name.ends_with("_d") => Kind::Double,
            // Loads and stores.
            _ if self.row.name.ends_with('w') => Kind::Single,
            _ => Kind::Double,
        }
    }
}

/// The state before a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    pub(crate) mode: Mode,
    pub(crate) fs: u64,
    pub(crate) vs_fs: u64,
    pub(crate) frm: u64,
    pub(crate) fflags: u64,
}

/// A hart and its memory.
struct Side {
    hart: Hart,
    bus: RamOnly,
}

/// Everything that a program can change.
#[derive(PartialEq, Debug)]
struct Result {
    pc: u64,
    steps: u64,
    f: [u64; 32],
    x: [u64; 32],
    fcsr: Option<u64>,
    mstatus: Option<u64>,
    vsstatus: Option<u64>,
    mcause: Option<u64>,
    memory: [Option<u64>; 2 * LANES],
}

impl Side {
    fn new(engine: Engine) -> Side {
        let mut hart = Hart::new(0, Variant::default());
        hart.set_engine(engine);
        let mut set = |number, value| hart.set_csr(number, value).expect("the hart has the CSR");
        set(csr::pmpaddr0::NUMBER, u64::MAX);
        set(csr::pmpcfg0::NUMBER, 0x1f);
        set(csr::mtvec::NUMBER, TRAPS);
        let bus = RamOnly::new(0x6_0000);
        for program in programs() {
            for lane in 0..LANES as u8 {
                let word = program.inst_of(lane).encode();
                bus.ram.store(program.pc + 4 * u64::from(lane), Width::W, word.into()).expect("main memory");
            }
        }
        Side { hart, bus }
    }

    fn run(&mut self, program: &Program, state: State, lanes: &[[u64; 3]]) -> Result {
        let hart = &mut self.hart;
        let fs = |field: isa::field::Field, value| field.of(value);
        for (number, value) in [
            (csr::fcsr::NUMBER, state.frm << 5 | state.fflags),
            (csr::vsstatus::NUMBER, fs(csr::vsstatus::FS, state.vs_fs)),
            (csr::mstatus::NUMBER, fs(csr::mstatus::FS, state.fs)),
        ] {
            hart.set_csr(number, value).expect("the hart has the CSR");
        }
        hart.set_mode(state.mode);
        hart.set_pc(program.pc);
        for n in 0..32 {
            hart.set_x(n, 0);
            hart.set_f(n, 0);
        }
        for (lane, operands) in (0..).zip(lanes) {
            hart.set_x(1 + lane, operands[0]);
            for (n, operand) in (0..).zip(operands) {
                hart.set_f(3 * lane + n, *operand);
            }
        }
        hart.set_x(31, DATA);
        hart.set_x(30, DATA + 16 * LANES as u64);
        let slots = || (DATA..).step_by(8).take(2 * LANES);
        for (at, n) in slots().zip(0..) {
            let value = lanes.get(n).map_or(n as u64, |operands| operands[0]);
            self.bus.ram.store(at, Width::D, value).expect("main memory");
        }
        let steps = hart.run(&mut self.bus, lanes.len() as u64, None).steps;
        let mut memory = slots().map(|at| self.bus.ram.load(at, Width::D));
        Result {
            pc: hart.pc(),
            steps,
            f: std::array::from_fn(|n| hart.f(n as u8)),
            x: std::array::from_fn(|n| hart.x(n as u8)),
            fcsr: hart.csr(csr::fcsr::NUMBER),
            mstatus: hart.csr(csr::mstatus::NUMBER),
            vsstatus: hart.csr(csr::vsstatus::NUMBER),
            mcause: hart.csr(csr::mcause::NUMBER),
            memory: std::array::from_fn(|_| memory.next().flatten()),
        }
    }
}

/// Both harts.
pub(crate) struct Bench {
    fast: Side,
    reference: Side,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench { fast: Side::new(Engine::Fast), reference: Side::new(Engine::Reference) }
    }

    /// Executes `program` in `state` with these operands by both engines.
    pub(crate) fn check(&mut self, program: &Program, state: State, lanes: &[[u64; 3]]) {
        self.check_seeded(program, state, lanes, 0);
    }

    /// As [`check`](Bench::check), where `seed` is to be told.
    pub(crate) fn check_seeded(&mut self, program: &Program, state: State, lanes: &[[u64; 3]], seed: u64) {
        let fast = self.fast.run(program, state, lanes);
        let reference = self.reference.run(program, state, lanes);
        if fast != reference {
            let inst = program.inst();
            panic!(
                "{inst}, {state:?}, {lanes:#x?}, seed {seed}:\nfast {fast:#x?}\nreference {reference:#x?}"
            );
        }
    }
}
