//! Traps that a test expects, and how they are looked for in the logs of the handlers.

use isa::asm::Label;
use isa::cause::{Cause, Exception, Interrupt};
use isa::field::Field;
use isa::mode::Privilege;
use isa::paging::PAGE_SIZE;
use isa::reg::{GP, S10, S11, T5, T6, ZERO};
use isa::tinst::Tinst;
use isa::{Mode, csr, decode, tinst};

use super::output::KIND_CRITICAL;
use super::{LOGS, Program, RESULT};

/// The size of a record in a log, and of what comes before the first.
pub(crate) const RECORD: u64 = 64;

/// The doublewords of a record, in order.
pub(crate) const FIELDS: [&str; 8] =
    ["cause", "epc", "tval", "tval2", "tinst", "status", "hstatus", "vsstatus"];
const CAUSE: usize = 0;
const EPC: usize = 1;
const TVAL: usize = 2;
const TVAL2: usize = 3;
const TINST: usize = 4;
const STATUS: usize = 5;
const HSTATUS: usize = 6;
const VSSTATUS: usize = 7;

/// How many rounds of a small loop an interrupt may be late: on a simulator that takes the time from its host, the
/// timer is a thread, which may have to wait.
const PATIENCE: u64 = 4_000_000;

/// How many rounds are enough to say that an interrupt does not come.
const IMPATIENCE: u64 = 10_000;

/// A trap that must be taken, and what the handler must then see.
///
/// What is not said is checked as far as it follows: `epc` is the last instruction of the body (an
/// interrupt may come anywhere); the fields for the previous mode (MPP, MPV, SPP, SPV, SPVP) name the mode
/// of the body; tval is zero after environment calls and interrupts; tval2 is zero but after guest-page
/// faults; tinst is zero but after faults of accesses; GVA is set after faults of accesses and fetches at
/// V=1, clear after others.
#[derive(Clone, Debug)]
#[must_use]
pub struct Trap {
    cause: Cause,
    taken: Mode,
    epc: Option<Epc>,
    tval: Option<Tval>,
    tval2: Option<u64>,
    tinst: Option<TinstValue>,
    gva: Option<bool>,
    /// More bits: the number of the doubleword, mask, value.
    bits: Vec<(usize, u64, u64)>,
}

#[derive(Clone, Copy, Debug)]
enum Epc {
    Value(u64),
    Label(Label),
    Unknown,
}

#[derive(Clone, Copy, Debug)]
enum Tval {
    Value(u64),
    Instruction,
}

#[derive(Clone, Copy, Debug)]
enum TinstValue {
    Value(u64),
    Transformed { offset: u64 },
    Unknown,
}

/// An expected trap, to be looked for in the log of the mode that takes it.
pub(super) struct Pending {
    log: usize,
    name: String,
    /// The number of the doubleword, mask, value.
    fields: Vec<(usize, u64, u64)>,
    /// Where `epc` must be, if that is a label.
    epc: Option<(Label, u64)>,
}

/// An exception that `taken` takes: M, HS or VS.
pub fn trap(exception: Exception, taken: Mode) -> Trap {
    Trap::new(Cause::Exception(exception), taken)
}

/// An interrupt that `taken` takes: M, HS or VS. For VS the cause is the one that VS-mode sees, such as
/// [`Interrupt::Ssi`].
pub fn interrupt(interrupt: Interrupt, taken: Mode) -> Trap {
    Trap::new(Cause::Interrupt(interrupt), taken)
}

impl Trap {
    fn new(cause: Cause, taken: Mode) -> Trap {
        assert!(taken.privilege != Privilege::U, "traps are taken into M, HS or VS");
        Trap { cause, taken, epc: None, tval: None, tval2: None, tinst: None, gva: None, bits: Vec::new() }
    }

    /// The trapping address, where it is not the last instruction of the body.
    pub fn epc(self, address: u64) -> Trap {
        Trap { epc: Some(Epc::Value(address)), ..self }
    }

    /// The trapping instruction, where it is not the last of the body.
    pub fn at(self, label: Label) -> Trap {
        Trap { epc: Some(Epc::Label(label)), ..self }
    }

    /// The trapping address may be any.
    pub fn anywhere(self) -> Trap {
        Trap { epc: Some(Epc::Unknown), ..self }
    }

    /// The trap value.
    pub fn tval(self, value: u64) -> Trap {
        Trap { tval: Some(Tval::Value(value)), ..self }
    }

    /// The trap value is the instruction, the last of the body; zero on a hart that leaves it out.
    pub fn tval_inst(self) -> Trap {
        Trap { tval: Some(Tval::Instruction), ..self }
    }

    /// What htval or mtval2 holds; zero on a hart that leaves it out.
    pub fn tval2(self, value: u64) -> Trap {
        Trap { tval2: Some(value), ..self }
    }

    /// The guest physical address in htval or mtval2, unshifted.
    pub fn gpa(self, address: u64) -> Trap {
        self.tval2(address >> 2)
    }

    /// What htinst or mtinst holds; zero on a hart that leaves it out.
    pub fn tinst(self, value: u64) -> Trap {
        Trap { tinst: Some(TinstValue::Value(value)), ..self }
    }

    /// htinst or mtinst holds the last instruction of the body, transformed; `offset` is the distance of
    /// the faulting address from the start of the access. Zero on a hart that leaves it out.
    pub fn tinst_transformed(self, offset: u64) -> Trap {
        Trap { tinst: Some(TinstValue::Transformed { offset }), ..self }
    }

    /// htinst or mtinst says that the access was the walk's own, of a VS-stage entry: a read, or the write
    /// of A and D bits. Zero on a hart that leaves the guest physical address out.
    pub fn tinst_walk(self, write: bool) -> Trap {
        self.tinst(if write { tinst::WRITE_RV64 } else { tinst::READ_RV64 })
    }

    /// htinst or mtinst may hold anything.
    pub fn any_tinst(self) -> Trap {
        Trap { tinst: Some(TinstValue::Unknown), ..self }
    }

    /// Whether the trap value is a guest virtual address: GVA of mstatus or hstatus.
    pub fn gva(self, gva: bool) -> Trap {
        Trap { gva: Some(gva), ..self }
    }

    /// A field of mstatus, sstatus or vsstatus, by the mode that takes the trap.
    pub fn status(self, field: Field, value: u64) -> Trap {
        self.bits(STATUS, field, value)
    }

    /// A field of hstatus, for traps into M or HS of tests that need H.
    pub fn hstatus(self, field: Field, value: u64) -> Trap {
        assert!(self.taken != Mode::VS, "VS-mode cannot read hstatus");
        self.bits(HSTATUS, field, value)
    }

    /// A field of vsstatus, for traps into M or HS of tests that need H.
    pub fn vsstatus(self, field: Field, value: u64) -> Trap {
        assert!(self.taken != Mode::VS, "VS-mode reads vsstatus as its sstatus");
        self.bits(VSSTATUS, field, value)
    }

    fn bits(mut self, doubleword: usize, field: Field, value: u64) -> Trap {
        self.bits.push((doubleword, field.mask(), field.of(value)));
        self
    }

    fn name(&self) -> String {
        format!("{} taken into {}", self.cause, self.taken)
    }

    /// The log that the handler writes to.
    fn log(&self) -> usize {
        match (self.taken.privilege, self.taken.virt) {
            (Privilege::M, _) => 0,
            (_, false) => 1,
            (_, true) => 2,
        }
    }

    /// The fields that name the mode the trap came from.
    fn previous(&self, from: Mode, hypervisor: bool) -> Vec<(usize, u64, u64)> {
        let privilege = from.privilege as u64;
        let field = |doubleword, field: Field, value| (doubleword, field.mask(), field.of(value));
        if self.taken == Mode::M {
            let mut fields = vec![field(STATUS, csr::mstatus::MPP, privilege)];
            if hypervisor {
                fields.push(field(STATUS, csr::mstatus::MPV, from.virt.into()));
            }
            return fields;
        }
        let mut fields = vec![field(STATUS, csr::sstatus::SPP, privilege)];
        if hypervisor && self.taken == Mode::HS {
            fields.push(field(HSTATUS, csr::hstatus::SPV, from.virt.into()));
            if from.virt {
                fields.push(field(HSTATUS, csr::hstatus::SPVP, privilege));
            }
        }
        fields
    }

    /// What GVA must be, if anything follows from the cause and the mode.
    fn expected_gva(&self, from: Mode) -> Option<bool> {
        self.gva.or(match self.cause {
            Cause::Exception(Exception::Breakpoint) => None,
            Cause::Exception(exception) => Some(is_address(exception) && from.virt),
            Cause::Interrupt(_) => Some(false),
        })
    }
}

/// Whether the trap value is an address.
fn is_address(exception: Exception) -> bool {
    use Exception::{
        EcallM, EcallS, EcallU, EcallVs, HardwareError, IllegalInst, SoftwareCheck, VirtualInst,
    };
    !matches!(
        exception,
        IllegalInst
            | VirtualInst
            | EcallU
            | EcallS
            | EcallVs
            | EcallM
            | SoftwareCheck
            | HardwareError
            | Exception::DoubleTrap
    )
}

/// Whether the trap value has nothing to say.
fn has_no_tval(cause: Cause) -> bool {
    use Exception::{EcallM, EcallS, EcallU, EcallVs};
    match cause {
        Cause::Exception(exception) => matches!(exception, EcallU | EcallS | EcallVs | EcallM),
        Cause::Interrupt(_) => true,
    }
}

/// Whether tinst may hold something that depends on the instruction or on the walk.
fn may_have_tinst(cause: Cause) -> bool {
    matches!(cause, Cause::Exception(exception)
        if is_address(exception) && !matches!(exception, Exception::Breakpoint))
}

impl Program {
    /// Checks that `body` traps as expected. Its last instruction is the one that traps, if `expected`
    /// does not say otherwise; the program goes on after it, in the mode that trapped.
    ///
    /// `body` must not change `s11`. A trap that is taken in a lower mode is looked for in M-mode.
    pub fn expect_trap(&mut self, expected: Trap, body: impl FnOnce(&mut Program)) {
        self.expect(expected, 0, body);
    }

    /// Checks that an interrupt comes during `body` or soon after it; the program goes on after the body.
    ///
    /// The handler masks the interrupt in `mie`, or in `sie` and `hie`, so that it does not come again.
    pub fn expect_interrupt(&mut self, expected: Trap, body: impl FnOnce(&mut Program)) {
        let expected = match expected.epc {
            None => expected.anywhere(),
            Some(_) => expected,
        };
        self.expect(expected, PATIENCE, body);
    }

    /// Checks that `body`, an instruction of M-mode, puts the hart into the critical-error state; the test ends
    /// there. A simulator that does not tell of that state sees a hart that has stopped.
    pub fn expect_critical_error(&mut self, body: impl FnOnce(&mut Program)) {
        assert_eq!(self.mode, Mode::M, "a critical error is one of M-mode");
        self.number("the critical-error state");
        let place = self.label();
        self.la(T5, place).li(T6, RESULT).sd(GP, 8, T6).sd(T5, 16, T6);
        self.li(T5, KIND_CRITICAL).sd(T5, 0, T6);
        self.place(place);
        body(self);
        self.fail();
    }

    /// Checks that `body` does not trap, nor an interrupt comes soon after it.
    pub fn expect_no_trap(&mut self, what: &str, body: impl FnOnce(&mut Program)) {
        self.number(what);
        body(self);
        self.linger(IMPATIENCE);
    }

    fn expect(&mut self, expected: Trap, patience: u64, body: impl FnOnce(&mut Program)) {
        let recovery = self.label();
        let name = expected.name();
        self.la(S11, recovery);
        let start = self.pc();
        body(self);
        let last = self.last_instruction(start);
        if patience > 0 {
            self.linger(patience);
        }
        self.mv(S11, ZERO);
        self.number(&format!("a trap: {name}"));
        self.li(T6, expected.cause.to_bits()).li(T5, u64::MAX);
        self.fail();
        self.place(recovery);
        let pending = self.pend(expected, last);
        self.pending.push(pending);
        if self.mode == Mode::M {
            self.check_traps();
        }
    }

    /// What the log must hold after `expected`, whose body ends with the instruction at `last`.
    fn pend(&self, expected: Trap, last: u64) -> Pending {
        let from = self.mode;
        let (log, name) = (expected.log(), expected.name());
        let word = self.word_at(last);
        let mut fields = vec![(CAUSE, u64::MAX, expected.cause.to_bits())];
        let mut epc = None;
        match expected.epc {
            None => fields.push((EPC, u64::MAX, last + self.view())),
            Some(Epc::Value(address)) => fields.push((EPC, u64::MAX, address)),
            Some(Epc::Label(label)) => epc = Some((label, self.view())),
            Some(Epc::Unknown) => {}
        }
        match expected.tval {
            Some(Tval::Value(value)) => fields.push((TVAL, u64::MAX, value)),
            Some(Tval::Instruction) => {
                let reported = match expected.cause {
                    Cause::Exception(Exception::IllegalInst) => self.cpu.reports_illegal,
                    Cause::Exception(Exception::VirtualInst) => self.cpu.reports_virtual,
                    _ => true,
                };
                fields.push((TVAL, u64::MAX, if reported { word.into() } else { 0 }));
            }
            None if has_no_tval(expected.cause) => fields.push((TVAL, u64::MAX, 0)),
            None => {}
        }
        if self.hypervisor && expected.taken != Mode::VS {
            fields.extend(self.expected_tval2(&expected).map(|value| (TVAL2, u64::MAX, value)));
            fields.extend(self.expected_tinst(&expected, word).map(|value| (TINST, u64::MAX, value)));
            if let Some(gva) = expected.expected_gva(from) {
                let (doubleword, field) = match expected.taken {
                    Mode::M => (STATUS, csr::mstatus::GVA),
                    _ => (HSTATUS, csr::hstatus::GVA),
                };
                fields.push((doubleword, field.mask(), field.of(gva.into())));
            }
        }
        fields.extend(expected.previous(from, self.hypervisor));
        fields.extend(&expected.bits);
        Pending { log, name, fields, epc }
    }

    /// What htval or mtval2 must be, if anything is known of it.
    fn expected_tval2(&self, expected: &Trap) -> Option<u64> {
        match expected.cause {
            Cause::Exception(exception) if exception.is_guest_page_fault() => {
                if self.cpu.reports_gpa {
                    expected.tval2
                } else {
                    Some(0)
                }
            }
            _ => Some(expected.tval2.unwrap_or(0)),
        }
    }

    /// What htinst or mtinst must be after the instruction `word`, if anything is known of it.
    fn expected_tinst(&self, expected: &Trap, word: u32) -> Option<u64> {
        let value = match expected.tinst {
            Some(TinstValue::Value(value)) => value,
            Some(TinstValue::Transformed { offset }) => tinst::transform(&decode(word)?, offset),
            None if !may_have_tinst(expected.cause) => 0,
            Some(TinstValue::Unknown) | None => return None,
        };
        // A pseudoinstruction says what the address in tval2 is: it is there exactly when that is.
        let reported = match Tinst::from_bits(value) {
            Tinst::Pseudo { .. } => self.cpu.reports_gpa,
            _ => self.cpu.reports_tinst,
        };
        Some(if reported { value } else { 0 })
    }

    /// Compares the logs with what has been expected, and empties them. In M-mode.
    pub(super) fn check_traps(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        for (log, mode) in ["M", "HS", "VS"].into_iter().enumerate() {
            let at = LOGS + log as u64 * PAGE_SIZE;
            let mine: Vec<&Pending> = pending.iter().filter(|pending| pending.log == log).collect();
            let next = RECORD * (mine.len() as u64 + 1);
            self.number(&format!("log of the traps taken into {mode}, in bytes"));
            self.li(S10, at).ld(T5, 0, S10).li(T6, next);
            self.compare();
            for (index, pending) in mine.into_iter().enumerate() {
                let record = at + RECORD * (index as u64 + 1);
                for (doubleword, mask, value) in &pending.fields {
                    self.number(&format!("{} of {}", FIELDS[*doubleword], pending.name));
                    self.li(S10, record).ld(T5, 8 * *doubleword as i32, S10);
                    self.li(T6, *mask).and(T5, T5, T6).li(T6, *value);
                    self.compare();
                }
                if let Some((label, view)) = pending.epc {
                    self.number(&format!("epc of {}", pending.name));
                    self.la(T5, label).li(T6, view).add(T6, T5, T6);
                    self.li(S10, record).ld(T5, 8 * EPC as i32, S10);
                    self.compare();
                }
            }
            self.li(S10, at).li(T5, RECORD).sd(T5, 0, S10);
        }
    }

    /// The address of the last of the instructions from `start` on.
    fn last_instruction(&self, start: u64) -> u64 {
        let (mut at, mut last) = (start, start);
        while at < self.pc() {
            last = at;
            // Instructions that wait for a label are zeros, and a multiple of two bytes.
            at += if self.word_at(at) & 3 == 3 { 4 } else { 2 };
        }
        last
    }

    /// The instruction at an address, in the low half if it is one of two bytes.
    fn word_at(&self, address: u64) -> u32 {
        let bytes = &self.code()[(address - super::BASE) as usize..];
        let half = |at: usize| u32::from(bytes.get(at).copied().unwrap_or(0)) << (8 * at);
        let low = half(0) | half(1);
        if low & 3 == 3 { low | half(2) | half(3) } else { low }
    }
}
