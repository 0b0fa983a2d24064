//! Going to a lower mode and coming back.

use isa::mode::Privilege;
use isa::reg::{S10, T5, T6, TP, ZERO};
use isa::{Mode, csr};

use super::paging::U_VIEW;
use super::runtime::CALL_LEAVE;
use super::{Program, RETURN};

/// How a lower mode hands over to M-mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leave {
    /// By an environment call, which HS- and VS-mode pass on when it is delegated to them.
    Ecall,
    /// By an instruction that is illegal in every mode, for tests that delegate environment calls.
    Illegal,
}

impl Program {
    /// Writes code that runs in a lower mode, entered from M-mode by MRET and left by an environment
    /// call. Back in M-mode, the traps expected in between are looked for.
    ///
    /// The mode's CSRs and page tables are the test's business. With a stage of translation that the
    /// framework has set up, U- and VU-mode run the code through its alias, [`U_VIEW`] higher.
    pub fn in_mode(&mut self, mode: Mode, body: impl FnOnce(&mut Program)) {
        self.in_mode_leaving_by(Leave::Ecall, mode, body);
    }

    /// As [`in_mode`](Program::in_mode), with a choice of how the mode is left.
    pub fn in_mode_leaving_by(&mut self, leave: Leave, mode: Mode, body: impl FnOnce(&mut Program)) {
        assert_eq!(self.mode, Mode::M, "in_mode starts from M-mode");
        assert!(mode.privilege != Privilege::M, "in_mode is for lower modes");
        let (inside, outside) = (self.label(), self.label());
        self.la(T5, outside).li(T6, RETURN).sd(T5, 0, T6);
        self.la(T5, inside);
        if self.is_seen_through_alias(mode) {
            self.li(T6, U_VIEW).add(T5, T5, T6);
        }
        self.csrw(csr::mepc::NUMBER, T5);
        let mut fields = csr::mstatus::MPP.mask();
        let mut values = csr::mstatus::MPP.of(mode.privilege as u64);
        if self.hypervisor {
            fields |= csr::mstatus::MPV.mask();
            values |= csr::mstatus::MPV.of(mode.virt.into());
        }
        self.clear_csr(csr::mstatus::NUMBER, fields);
        self.set_csr(csr::mstatus::NUMBER, values);
        self.mret();
        self.place(inside);
        self.mode = mode;
        body(self);
        match leave {
            Leave::Ecall => self.call_runtime(CALL_LEAVE),
            Leave::Illegal => {
                // A write to a read-only CSR of M-mode.
                self.li(TP, CALL_LEAVE).csrrw(ZERO, csr::mhartid::NUMBER, ZERO);
            }
        }
        self.place(outside);
        self.mode = Mode::M;
        self.check_traps();
    }

    /// Whether `mode` sees the code through its alias for user mode.
    pub(super) fn is_seen_through_alias(&self, mode: Mode) -> bool {
        mode.privilege == Privilege::U && self.memory.is_paged(mode.virt)
    }

    /// The distance between where `mode` sees the code and where it lies.
    pub(super) fn view(&self) -> u64 {
        if self.is_seen_through_alias(self.mode) { U_VIEW } else { 0 }
    }

    /// Lets some time pass, so that an interrupt that is due comes. Changes `s10`.
    pub(super) fn linger(&mut self, rounds: u64) {
        self.li(S10, rounds);
        let again = self.here();
        self.addi(S10, S10, -1).bnez(S10, again);
    }
}
