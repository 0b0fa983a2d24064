//! A hart that executes one instruction on given operands.

use isa::rounding::RoundingMode;
use isa::{Inst, Op, csr};
use iss::{Hart, Variant, Width};

use crate::function::Vector;
use crate::ram_only::{BASE, RamOnly};

const FCSR: u16 = csr::fcsr::NUMBER;

/// The register of every result.
const RD: u8 = 10;

/// What an instruction left behind: its result and `fflags`; `None` if it trapped.
pub(crate) type Outcome = Option<(u64, u64)>;

pub(crate) struct Bench {
    hart: Hart,
    bus: RamOnly,
    /// The instruction word in memory.
    word: u32,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        let mut hart = Hart::new(0, Variant::default());
        hart.set_csr(csr::mstatus::NUMBER, csr::mstatus::FS.mask()).expect("the hart has floating point");
        Bench { hart, bus: RamOnly::new(0x1000), word: 0 }
    }

    /// Executes `op` on the operands of a vector. The rounding mode is in the instruction or in `frm`; whichever it
    /// is not in has another one, or asks for the other.
    pub(crate) fn execute(
        &mut self,
        op: Op,
        mode: RoundingMode,
        is_static: bool,
        vector: &Vector,
    ) -> Outcome {
        let (rm, frm) = if is_static {
            (mode, (u64::from(u8::from(mode)) + 1) % 5)
        } else {
            (RoundingMode::Dyn, u8::from(mode).into())
        };
        let inst = Inst { rd: RD, rs1: 1, rs2: 2, rs3: 3, rm: rm.into(), ..Inst::new(op) };
        let word = inst.encode();
        if word != self.word {
            self.bus.ram.store(BASE, Width::W, word.into()).expect("the base is in memory");
            self.word = word;
        }
        self.hart.set_csr(FCSR, frm << 5).expect("the hart has floating point");
        for (n, operand) in (1..).zip(vector.operands) {
            if vector.from_x {
                self.hart.set_x(n, operand);
            } else {
                self.hart.set_f(n, operand);
            }
        }
        self.hart.set_pc(BASE);
        self.hart.run(&mut self.bus, 1, None);
        let result = if vector.to_x { self.hart.x(RD) } else { self.hart.f(RD) };
        let flags = self.hart.csr(FCSR).expect("the hart has floating point") & 0x1f;
        (self.hart.pc() == BASE + 4).then_some((result, flags))
    }
}
