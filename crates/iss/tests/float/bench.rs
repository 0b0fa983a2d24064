//! A hart that executes one instruction, and what floating-point registers hold.

use isa::field::Field;
use isa::{Inst, Op, csr};
use iss::{Hart, Ram, Variant, Width};

use crate::ram_only::{BASE, RamOnly};

pub(crate) const FS: Field = csr::mstatus::FS;
pub(crate) const CLEAN: u64 = FS.of(2);
const DIRTY: u64 = 3;

/// A hart about to execute one instruction with clean floating-point state, and its memory.
pub(crate) struct Bench {
    pub(crate) hart: Hart,
    pub(crate) bus: RamOnly,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        let mut hart = Hart::new(0, Variant::default());
        hart.set_csr(csr::mstatus::NUMBER, CLEAN).unwrap();
        Bench { hart, bus: RamOnly::new(0x1000) }
    }

    /// With f1, f2 and f3 set.
    pub(crate) fn with(f: [u64; 3]) -> Bench {
        let mut bench = Bench::new();
        for (n, value) in (1..).zip(f) {
            bench.hart.set_f(n, value);
        }
        bench
    }

    pub(crate) fn ram(&self) -> &Ram {
        &self.bus.ram
    }

    /// Executes one instruction; says whether it retired.
    pub(crate) fn execute(&mut self, inst: Inst) -> bool {
        self.ram().store(BASE, Width::W, inst.encode().into()).unwrap();
        self.hart.set_pc(BASE);
        self.hart.run(&mut self.bus, 1, None);
        self.hart.pc() == BASE + 4
    }

    /// Executes `op` with destination 10 and sources 1, 2 and 3, rounding to nearest even.
    pub(crate) fn op(&mut self, op: Op) -> &mut Bench {
        let rm = op.row().pattern >> 12 & 7;
        assert!(
            self.execute(Inst { rd: 10, rs1: 1, rs2: 2, rs3: 3, rm: rm as u8, ..Inst::new(op) }),
            "{op:?}"
        );
        self
    }

    pub(crate) fn csr(&self, number: u16) -> u64 {
        self.hart.csr(number).unwrap()
    }

    pub(crate) fn dirty(&self) -> bool {
        FS.get(self.csr(csr::mstatus::NUMBER)) == DIRTY
    }
}

/// The register that holds a double.
pub(crate) fn double(value: f64) -> u64 {
    value.to_bits()
}

/// The register that holds a single.
pub(crate) fn single(value: f32) -> u64 {
    0xffff_ffff_0000_0000 | u64::from(value.to_bits())
}

/// The register that holds a half, which has to have the number as a normal one, or as zero or infinity.
pub(crate) fn half(value: f32) -> u64 {
    let (bits, sign) = (value.abs().to_bits(), u32::from(value.is_sign_negative()) << 15);
    let magnitude = match value.abs() {
        0.0 => 0,
        f32::INFINITY => 0x7c00,
        // Exponents are biased by 15 instead of 127; the significand loses 13 bits.
        _ => (bits >> 13) - (112 << 10),
    };
    0xffff_ffff_ffff_0000 | u64::from(sign | magnitude)
}
