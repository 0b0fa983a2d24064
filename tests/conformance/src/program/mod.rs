//! A program under construction: the assembler, what the framework adds to it, and the checks.

mod mode;
mod output;
mod paging;
mod runtime;
mod trap;

use std::ops::{Deref, DerefMut};

use isa::asm::{Asm, AsmError, Label};
use isa::cause::Exception;
use isa::ext::Ext;
use isa::mode::Privilege;
use isa::reg::{GP, Reg, T5, T6, TP, ZERO};
use isa::{Mode, csr};
use iss::Variant;
use iss::variant::MisalignedAtomic;

pub use mode::Leave;
pub(crate) use output::{KIND_CRITICAL, KIND_FAILED, KIND_PASSED, KIND_UNEXPECTED};
pub use paging::{SPARE, Table, U_VIEW, flags};
pub(crate) use trap::{FIELDS, RECORD};
pub use trap::{Trap, interrupt, trap};

use crate::elf::{self, Segment};
use crate::suite::Test;
use paging::Memory;
use trap::Pending;

/// Where code lies, and where every simulator starts.
pub(crate) const BASE: u64 = 0x8000_0000;
/// Code ends here at the latest; the framework's data follow.
const CODE_END: u64 = 0x8010_0000;
/// The doublewords by which simulators talk with the program.
const TOHOST: u64 = CODE_END;
const FROMHOST: u64 = CODE_END + 0x40;
/// What the program says of itself: kind, number of the check, what was expected, what there was.
pub(crate) const RESULT: u64 = CODE_END + 0x80;
/// mstatus as the program has found it.
pub(crate) const FIRST_STATUS: u64 = CODE_END + 0xc8;
/// Where `in_mode` goes on in M-mode.
const RETURN: u64 = CODE_END + 0xc0;
/// The traps taken into each mode: a page each for M, HS and VS. A record has 64 bytes; in place of the
/// first is the offset of the next one to be written.
pub(crate) const LOGS: u64 = CODE_END + 0x1000;
/// Pages and page tables of tests.
const PAGES: u64 = 0x8020_0000;

/// A self-checking program under construction, for one kind of hart.
///
/// It is the assembler ([`Asm`], by dereference) with checks, traps, modes and page tables added.
pub struct Program {
    asm: Asm,
    cpu: Variant,
    /// The test needs the hypervisor extension, so that its CSRs can be touched.
    hypervisor: bool,
    /// The mode in which the code being written runs.
    mode: Mode,
    /// What each check is about, from number 1.
    checks: Vec<String>,
    /// Traps that have been expected in a lower mode, to be looked for when M-mode is back.
    pending: Vec<Pending>,
    memory: Memory,
    labels: Labels,
}

/// Places in the runtime that code jumps to.
#[derive(Clone, Copy)]
struct Labels {
    /// A failure in M-mode: `gp` number, `t6` expected, `t5` found.
    failed: Label,
    /// A failure in any mode.
    failed_below: Label,
    passed: Label,
    /// An unexpected trap has been taken into M-mode.
    unexpected: Label,
    /// One has been taken into the mode that `tp` says.
    unexpected_in_tp: Label,
}

/// A program that is ready to run.
#[derive(Debug)]
pub struct Image {
    /// An ELF file for any simulator.
    pub elf: Vec<u8>,
    /// What each check is about; the first has number 1.
    pub checks: Vec<String>,
}

impl Program {
    /// Writes the program of `test` for harts like `cpu`.
    ///
    /// # Errors
    /// The first operand or label that is wrong.
    pub fn build(test: &Test, cpu: &Variant) -> Result<Image, AsmError> {
        let mut asm = Asm::new(BASE);
        let labels = Labels {
            failed: asm.label(),
            failed_below: asm.label(),
            passed: asm.label(),
            unexpected: asm.label(),
            unexpected_in_tp: asm.label(),
        };
        let mut program = Program {
            asm,
            cpu: *cpu,
            hypervisor: test.extensions().has(Ext::H),
            mode: Mode::M,
            checks: vec![String::from("nothing traps at the start")],
            pending: Vec::new(),
            memory: Memory::new(),
            labels,
        };
        program.runtime();
        (test.build)(&mut program);
        assert_eq!(program.mode, Mode::M, "{}: a test ends in M-mode", test.name);
        program.check_traps();
        program.j(labels.passed);
        program.output(test.name);
        assert!(program.pc() <= CODE_END, "{}: the code is too long", test.name);
        let mut segments = vec![Segment { address: BASE, bytes: program.asm.finish()? }];
        segments.extend(program.memory.segments());
        let symbols = [("_start", BASE), ("tohost", TOHOST), ("fromhost", FROMHOST)];
        Ok(Image { elf: elf::write(&segments, &symbols), checks: program.checks })
    }

    /// The hart that the program is for.
    pub fn cpu(&self) -> &Variant {
        &self.cpu
    }

    /// What a misaligned LR raises on this hart, and what SC and AMOs do.
    pub fn misaligned_atomics(&self) -> [Exception; 2] {
        match self.cpu.misaligned_atomic {
            MisalignedAtomic::Address => [Exception::LoadAddrMisaligned, Exception::StoreAddrMisaligned],
            MisalignedAtomic::Access => [Exception::LoadAccessFault, Exception::StoreAccessFault],
        }
    }

    /// The mode in which the code being written runs.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Says that the code from here on runs in `mode`, after a jump between modes of the test's own.
    pub fn assume_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    /// Starts a check and puts its number into `gp`.
    fn number(&mut self, what: &str) {
        self.checks.push(what.to_owned());
        let number = self.checks.len() as u64;
        self.li(GP, number);
    }

    /// Compares `t5`, what there is, with `t6`, what is expected.
    fn compare(&mut self) {
        let good = self.label();
        self.beq(T5, T6, good);
        self.fail();
        self.place(good);
    }

    /// Ends the program as failed: `gp` is the number, `t6` what was expected, `t5` what there was.
    fn fail(&mut self) {
        let Labels { failed, failed_below, .. } = self.labels;
        let target = if self.mode.privilege == Privilege::M { failed } else { failed_below };
        self.j(target);
    }

    /// Checks that `reg` holds `value`. `what` says what that is, in a short phrase.
    pub fn check_eq(&mut self, reg: Reg, value: u64, what: &str) {
        self.number(what);
        self.mv(T5, reg).li(T6, value);
        self.compare();
    }

    /// Checks that `reg` holds what `expected` holds.
    pub fn check_eq_reg(&mut self, reg: Reg, expected: Reg, what: &str) {
        self.number(what);
        self.mv(T5, reg).mv(T6, expected);
        self.compare();
    }

    /// Checks that the bits of `mask` are in `reg` as they are in `value`.
    pub fn check_bits(&mut self, reg: Reg, mask: u64, value: u64, what: &str) {
        self.number(what);
        self.li(T6, mask).and(T5, reg, T6).li(T6, value & mask);
        self.compare();
    }

    /// Checks that `reg` is not `value`.
    pub fn check_ne(&mut self, reg: Reg, value: u64, what: &str) {
        self.number(what);
        let good = self.label();
        self.mv(T5, reg).li(T6, value);
        self.bne(T5, T6, good);
        self.fail();
        self.place(good);
    }

    /// Fails if this is reached.
    pub fn unreachable(&mut self, what: &str) {
        self.number(what);
        self.mv(T5, ZERO).mv(T6, ZERO);
        self.fail();
    }

    /// Checks that a CSR reads as `value`.
    pub fn check_csr(&mut self, csr: u16, value: u64, what: &str) {
        self.check_csr_bits(csr, u64::MAX, value, what);
    }

    /// Checks that the bits of `mask` are in a CSR as they are in `value`.
    pub fn check_csr_bits(&mut self, csr: u16, mask: u64, value: u64, what: &str) {
        self.number(what);
        self.csrr(T5, csr).li(T6, mask).and(T5, T5, T6).li(T6, value & mask);
        self.compare();
    }

    /// Writes a CSR, by way of `t6`.
    pub fn write_csr(&mut self, csr: u16, value: u64) {
        self.li(T6, value).csrw(csr, T6);
    }

    /// Sets bits of a CSR, by way of `t6`.
    pub fn set_csr(&mut self, csr: u16, bits: u64) {
        self.li(T6, bits).csrs(csr, T6);
    }

    /// Clears bits of a CSR, by way of `t6`.
    pub fn clear_csr(&mut self, csr: u16, bits: u64) {
        self.li(T6, bits).csrc(csr, T6);
    }

    /// Sets a field of a CSR, by way of `t6`.
    pub fn set_field(&mut self, csr: u16, field: isa::field::Field, value: u64) {
        self.clear_csr(csr, field.mask());
        self.set_csr(csr, field.of(value));
    }

    /// Writes a CSR and checks what it holds then.
    pub fn check_write(&mut self, csr: u16, written: u64, read: u64, what: &str) {
        self.write_csr(csr, written);
        self.check_csr(csr, read, what);
    }

    /// Checks which bits of a CSR can be written: those of `writable` take ones and zeros, all others
    /// read as they are in `fixed`.
    pub fn check_writable(&mut self, csr: u16, writable: u64, fixed: u64) {
        let name = csr::name(csr).unwrap_or_else(|| format!("CSR {csr:#x}"));
        self.check_write(csr, u64::MAX, writable | fixed, &format!("{name} after writing ones"));
        self.check_write(csr, 0, fixed & !writable, &format!("{name} after writing zeros"));
    }

    /// Checks that the doubleword at physical address `pa` is `value`. For M-mode.
    pub fn check_memory(&mut self, pa: u64, value: u64, what: &str) {
        self.number(what);
        self.li(T5, pa).ld(T5, 0, T5).li(T6, value);
        self.compare();
    }

    /// Stores a doubleword at an address, by way of `t5` and `t6`.
    pub fn store(&mut self, address: u64, value: u64) {
        self.li(T5, address).li(T6, value).sd(T6, 0, T5);
    }

    /// Asks the runtime for `call` from any mode: M-mode's handler sees it in `tp`.
    fn call_runtime(&mut self, call: u64) {
        self.li(TP, call).ecall();
    }
}

impl Deref for Program {
    type Target = Asm;

    fn deref(&self) -> &Asm {
        &self.asm
    }
}

impl DerefMut for Program {
    fn deref_mut(&mut self) -> &mut Asm {
        &mut self.asm
    }
}
