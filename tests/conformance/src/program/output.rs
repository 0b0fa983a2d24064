//! The end of a program: what it says on the UART, and how it tells the simulator.

use isa::asm::Label;
use isa::csr;
use isa::reg::{A0, A1, A2, A3, GP, RA, S0, S1, S2, S10, T0, T1, T5, T6, TP, ZERO};

use super::trap::{FIELDS, RECORD};
use super::{LOGS, Program, RESULT, TOHOST};
use crate::device::UART;

/// How far the UART's line status register is from its transmit register, and what says that it is ready.
const LINE_STATUS: i32 = 5;
const TRANSMITTER_EMPTY: i32 = 0x20;
/// The test finisher, and what it understands.
const FINISHER: u64 = 0x10_0000;
const FINISHER_PASS: u64 = 0x5555;
const FINISHER_FAIL: u64 = 0x3333;

/// The kinds of result at [`RESULT`].
pub(crate) const KIND_PASSED: u64 = 1;
pub(crate) const KIND_FAILED: u64 = 2;
/// Followed by the number of the last check and of the log whose last record is the trap.
pub(crate) const KIND_UNEXPECTED: u64 = 3;
/// Passed if the hart comes into the critical-error state at the address that follows, and failed if not.
pub(crate) const KIND_CRITICAL: u64 = 4;

/// Routines and data of the output.
struct Output {
    put_string: Label,
    put_hex: Label,
    put_decimal: Label,
    name: Label,
    /// The addresses of what the checks are about, from number 1.
    checks: Label,
    /// Tells the simulator; `a0` is the number of the failed check, 0 for none. Above 255 it becomes 255.
    finish: Label,
}

impl Program {
    /// Writes all that a program does at its end.
    pub(super) fn output(&mut self, name: &str) {
        let output = Output {
            put_string: self.label(),
            put_hex: self.label(),
            put_decimal: self.label(),
            name: self.label(),
            checks: self.label(),
            finish: self.label(),
        };
        self.passed(&output);
        self.failed(&output);
        self.unexpected(&output);
        self.finish_code(&output);
        self.routines(&output);
        self.strings(&output, name);
    }

    fn passed(&mut self, output: &Output) {
        let passed = self.labels.passed;
        self.place(passed);
        self.result(KIND_PASSED);
        self.without_uart(output, ZERO);
        self.la(A0, output.name).call(output.put_string);
        self.say(output, ": pass\n");
        self.li(A0, 0).j(output.finish);
    }

    fn failed(&mut self, output: &Output) {
        let failed = self.labels.failed;
        self.place(failed);
        self.result(KIND_FAILED);
        self.without_uart(output, GP);
        self.mv(S0, T5).mv(S1, T6);
        self.say_check(output, " failed: ");
        self.la(A0, output.checks).slli(T0, GP, 3).add(A0, A0, T0).ld(A0, -8, A0);
        self.call(output.put_string);
        self.say(output, ": expected ");
        self.mv(A0, S1).call(output.put_hex);
        self.say(output, ", got ");
        self.mv(A0, S0).call(output.put_hex);
        self.say(output, "\n");
        self.mv(A0, GP).j(output.finish);
    }

    /// An unexpected trap: `t6` becomes the number of the log.
    fn unexpected(&mut self, output: &Output) {
        let (machine, both) = (self.labels.unexpected, self.label());
        let in_tp = self.labels.unexpected_in_tp;
        self.place(machine);
        self.li(T6, 0).j(both);
        self.place(in_tp);
        self.addi(T6, TP, -2);
        self.place(both);
        self.li(T5, 0);
        self.result(KIND_UNEXPECTED);
        self.without_uart(output, GP);
        self.mv(S2, T6);
        self.say_check(output, " or after: unexpected trap into ");
        let mode = self.label();
        self.slli(T0, S2, 3).la(A0, mode).add(A0, A0, T0).call(output.put_string);
        // The last record: it has been counted if there was room for the next.
        self.slli(T0, S2, 12).li(S0, LOGS).add(S0, S0, T0);
        self.ld(T0, 0, S0).add(S0, S0, T0).addi(S0, S0, -(RECORD as i32));
        for (index, field) in FIELDS.into_iter().enumerate() {
            self.say(output, &format!(" {field} "));
            self.ld(A0, 8 * index as i32, S0).call(output.put_hex);
        }
        self.say(output, "\n");
        self.mv(A0, GP).j(output.finish);
        self.place(mode);
        self.bytes(b"M\0\0\0\0\0\0\0HS\0\0\0\0\0\0VS\0\0\0\0\0\0");
    }

    /// Leaves the result in memory, for a simulator that looks there.
    fn result(&mut self, kind: u64) {
        self.li(S10, csr::mstatus::MPRV.mask()).csrc(csr::mstatus::NUMBER, S10);
        self.li(S10, RESULT).sd(GP, 8, S10).sd(T6, 16, S10).sd(T5, 24, S10);
        self.li(T0, kind).sd(T0, 0, S10);
    }

    /// From here on, a trap means that there is no UART.
    fn without_uart(&mut self, output: &Output, number: isa::reg::Reg) {
        let (after, absent) = (self.label(), self.label());
        self.mv(GP, number);
        self.la(T0, absent).csrw(csr::mtvec::NUMBER, T0).j(after);
        self.align(4);
        self.place(absent);
        self.mv(A0, GP).j(output.finish);
        self.place(after);
    }

    /// Says which test and check this is about, and then `text`.
    fn say_check(&mut self, output: &Output, text: &str) {
        self.la(A0, output.name).call(output.put_string);
        self.say(output, ": check ");
        self.mv(A0, GP).call(output.put_decimal);
        self.say(output, text);
    }

    /// Prints a text that lies in the code.
    fn say(&mut self, output: &Output, text: &str) {
        let (data, after) = (self.label(), self.label());
        self.la(A0, data).call(output.put_string).j(after);
        self.place(data);
        self.bytes(text.as_bytes()).bytes(&[0]).align(4);
        self.place(after);
    }

    /// Tells every kind of simulator; those that lack a device trap there, which ends in a loop.
    fn finish_code(&mut self, output: &Output) {
        let (forever, failed, tell) = (self.label(), self.label(), self.label());
        self.place(output.finish);
        self.la(T0, forever).csrw(csr::mtvec::NUMBER, T0);
        // An exit status has eight bits: none that is not zero may become zero.
        let small = self.label();
        self.li(T0, 255).bgeu(T0, A0, small);
        self.mv(A0, T0);
        self.place(small);
        self.slli(T0, A0, 1).addi(T0, T0, 1);
        self.li(T1, TOHOST).sd(T0, 0, T1);
        self.bnez(A0, failed);
        self.li(T0, FINISHER_PASS).j(tell);
        self.place(failed);
        self.slli(A0, A0, 16).li(T0, FINISHER_FAIL).or(T0, T0, A0);
        self.place(tell);
        self.li(T1, FINISHER).sw(T0, 0, T1);
        self.align(4);
        self.place(forever);
        self.j(forever);
    }

    fn routines(&mut self, output: &Output) {
        let put_byte = self.label();
        self.place(output.put_string);
        self.mv(A3, RA).mv(A2, A0);
        let next = self.here();
        let end = self.label();
        self.lbu(A0, 0, A2).beqz(A0, end);
        self.call(put_byte).addi(A2, A2, 1).j(next);
        self.place(end);
        self.jr(A3);

        self.place(output.put_hex);
        self.mv(A3, RA).mv(A2, A0);
        for byte in *b"0x" {
            self.li(A0, byte.into()).call(put_byte);
        }
        self.li(A1, 60);
        let next = self.here();
        let digit = self.label();
        self.srl(A0, A2, A1).andi(A0, A0, 15).addi(A0, A0, b'0'.into());
        self.li(T0, u64::from(b'9')).bge(T0, A0, digit).addi(A0, A0, i32::from(b'a' - b'9' - 1));
        self.place(digit);
        self.call(put_byte).addi(A1, A1, -4).bge(A1, ZERO, next).jr(A3);

        self.place(output.put_decimal);
        self.mv(A3, RA).mv(A2, A0).li(A1, 1).li(T0, 10);
        let (longer, next) = (self.here(), self.label());
        self.divu(T1, A2, A1).bltu(T1, T0, next);
        self.mul(A1, A1, T0).j(longer);
        self.place(next);
        self.divu(A0, A2, A1).remu(A2, A2, A1).addi(A0, A0, b'0'.into()).call(put_byte);
        self.li(T0, 10).divu(A1, A1, T0).bnez(A1, next).jr(A3);

        self.place(put_byte);
        self.li(T0, UART);
        let busy = self.here();
        self.lbu(T1, LINE_STATUS, T0).andi(T1, T1, TRANSMITTER_EMPTY).beqz(T1, busy);
        self.sb(A0, 0, T0).ret();
    }

    fn strings(&mut self, output: &Output, name: &str) {
        self.place(output.name);
        self.bytes(name.as_bytes()).bytes(&[0]).align(8);
        let checks = self.checks.clone();
        let labels: Vec<Label> = checks.iter().map(|_| self.label()).collect();
        self.place(output.checks);
        for label in &labels {
            self.dword_address(*label);
        }
        for (label, check) in labels.into_iter().zip(&checks) {
            self.place(label);
            self.bytes(check.as_bytes()).bytes(&[0]);
        }
    }
}
