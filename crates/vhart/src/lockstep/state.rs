//! The state of a hart, for a reader who looks for the cause of a difference.

use std::fmt;

use isa::csr;
use isa::reg::Reg;
use iss::Hart;

/// What decides how an instruction ends, and what a trap leaves.
const CSRS: [u16; 34] = [
    csr::mstatus::NUMBER,
    csr::mcause::NUMBER,
    csr::mepc::NUMBER,
    csr::mtval::NUMBER,
    csr::mtval2::NUMBER,
    csr::mtinst::NUMBER,
    csr::medeleg::NUMBER,
    csr::mideleg::NUMBER,
    csr::mie::NUMBER,
    csr::mip::NUMBER,
    csr::menvcfg::NUMBER,
    csr::scause::NUMBER,
    csr::sepc::NUMBER,
    csr::stval::NUMBER,
    csr::satp::NUMBER,
    csr::hstatus::NUMBER,
    csr::hedeleg::NUMBER,
    csr::hideleg::NUMBER,
    csr::hvip::NUMBER,
    csr::henvcfg::NUMBER,
    csr::htval::NUMBER,
    csr::htinst::NUMBER,
    csr::hgatp::NUMBER,
    csr::vsstatus::NUMBER,
    csr::vscause::NUMBER,
    csr::vsepc::NUMBER,
    csr::vstval::NUMBER,
    csr::vsatp::NUMBER,
    csr::vsie::NUMBER,
    csr::fcsr::NUMBER,
    csr::mtvec::NUMBER,
    csr::stvec::NUMBER,
    csr::vstvec::NUMBER,
    csr::senvcfg::NUMBER,
];

/// Prints mode, pc, the CSRs that matter and the integer registers.
pub(crate) struct State<'a>(pub &'a Hart);

impl fmt::Display for State<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hart = self.0;
        write!(f, "  mode {}, next pc {:#x}", hart.mode(), hart.pc())?;
        let csrs = CSRS.iter().filter_map(|number| Some((isa::csr::name(*number)?, hart.csr(*number)?)));
        for (index, (name, value)) in csrs.enumerate() {
            write!(f, "{}{name:<8} {value:016x}", separator(index))?;
        }
        for (index, register) in Reg::ALL.into_iter().enumerate() {
            write!(f, "{}{register:<8} {:016x}", separator(index), hart.x(register.number()))?;
        }
        Ok(())
    }
}

/// What comes before the entry `index`: four make a line.
fn separator(index: usize) -> &'static str {
    if index.is_multiple_of(4) { "\n  " } else { "  " }
}

#[cfg(test)]
mod tests {
    use iss::Variant;

    use super::*;

    #[test]
    fn the_state_names_mode_csrs_and_registers() {
        let mut hart = Hart::new(0, Variant::default());
        hart.set_pc(0x8000_0000);
        hart.set_x(10, 0x1234);
        let text = State(&hart).to_string();
        assert!(text.starts_with("  mode M, next pc 0x80000000\n"), "{text}");
        for part in ["a0       0000000000001234", "hstatus  ", "vsatp    0000000000000000"] {
            assert!(text.contains(part), "no {part:?} in\n{text}");
        }
    }
}
