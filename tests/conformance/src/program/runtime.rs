//! What runs before the test and under it: the start, and the trap handlers.

use isa::paging::PAGE_SIZE;
use isa::reg::{GP, S10, S11, T5, T6, TP, ZERO};
use isa::{Mode, csr};

use super::trap::RECORD;
use super::{FIRST_STATUS, LOGS, Program, RETURN};

/// In `tp`, when a handler is entered by will of the program: in_mode is over.
pub(super) const CALL_LEAVE: u64 = 1;
/// A check has failed.
const CALL_FAIL: u64 = 2;
/// A trap that nobody expected has been taken into HS-mode; one more means VS-mode.
const CALL_UNEXPECTED_HS: u64 = 3;

/// Where the start saves these CSRs, as a reset has left them.
const AT_START: u64 = super::CODE_END + 0x100;
const SAVED: [u16; 6] = [
    csr::mstatus::NUMBER,
    csr::misa::NUMBER,
    csr::mcause::NUMBER,
    csr::pmpcfg0::NUMBER,
    csr::hgatp::NUMBER,
    csr::vsatp::NUMBER,
];

/// mstatus.MDT, without which a trap in M-mode is a double trap (Smdbltrp); elsewhere it is zero anyway.
const MDT: u64 = 1 << 42;

/// The CSRs that a handler reads, in the order of a record; 0 for none.
struct Handler {
    mode: Mode,
    log: u64,
    csrs: [u16; 8],
    epc: u16,
    /// Where interrupts of this mode are enabled.
    enables: &'static [u16],
}

impl Program {
    /// Writes the start and the handlers; the test's code follows.
    pub(super) fn runtime(&mut self) {
        let start = self.label();
        self.j(start);
        let machine = self.handler(&self.machine_handler(), Program::machine_calls);
        let supervisor = self.handler(&self.supervisor_handler(), |p| {
            p.li(TP, CALL_UNEXPECTED_HS);
            p.forward();
        });
        let guest = self.handler(&self.guest_handler(), |p| {
            p.li(TP, CALL_UNEXPECTED_HS + 1);
            p.forward();
        });
        let failed_below = self.labels.failed_below;
        self.place(failed_below);
        self.call_runtime(CALL_FAIL);

        self.place(start);
        self.csrr(T6, csr::mstatus::NUMBER).li(T5, FIRST_STATUS).sd(T6, 0, T5);
        for csr in [csr::mstatus::NUMBER, csr::misa::NUMBER, csr::mcause::NUMBER] {
            self.save(csr);
        }
        self.la(T5, machine).csrw(csr::mtvec::NUMBER, T5);
        self.li(TP, 0).li(S11, 0).li(GP, 1);
        self.write_csr(csr::mstatus::NUMBER, csr::mstatus::FS.of(1));
        for csr in [csr::mie::NUMBER, csr::medeleg::NUMBER, csr::mideleg::NUMBER, csr::satp::NUMBER] {
            self.csrw(csr, ZERO);
        }
        self.li(T5, u64::MAX).csrw(csr::mcounteren::NUMBER, T5).csrw(csr::scounteren::NUMBER, T5);
        self.la(T5, supervisor).csrw(csr::stvec::NUMBER, T5);
        self.attempt(|p| {
            p.save(csr::pmpcfg0::NUMBER);
            p.li(T6, u64::MAX >> 10).csrw(csr::pmpaddr0::NUMBER, T6);
            p.li(T6, 0x1f).csrw(csr::pmpcfg0::NUMBER, T6);
        });
        self.attempt(|p| {
            p.csrw(csr::menvcfg::NUMBER, ZERO).csrw(csr::senvcfg::NUMBER, ZERO);
        });
        self.attempt(|p| {
            p.li(T6, u64::MAX).csrw(csr::mstateen0::NUMBER, T6);
            p.csrw(csr::sstateen0::NUMBER, T6);
        });
        if self.hypervisor {
            self.la(T5, guest).csrw(csr::vstvec::NUMBER, T5);
            self.start_hypervisor();
        }
        // What the attempts have left there.
        self.li(T5, LOGS).li(T6, RECORD).sd(T6, 0, T5);
    }

    fn start_hypervisor(&mut self) {
        use csr::{
            hcounteren, hedeleg, henvcfg, hgatp, hideleg, hie, hstateen0, hstatus, hvip, vsatp, vsstatus,
        };
        self.save(hgatp::NUMBER);
        self.save(vsatp::NUMBER);
        for csr in [hedeleg::NUMBER, hideleg::NUMBER, hie::NUMBER, hvip::NUMBER, hgatp::NUMBER, vsatp::NUMBER]
        {
            self.csrw(csr, ZERO);
        }
        self.csrw(hstatus::NUMBER, ZERO);
        self.write_csr(vsstatus::NUMBER, vsstatus::FS.of(1));
        self.li(T5, u64::MAX).csrw(hcounteren::NUMBER, T5);
        self.attempt(|p| {
            p.csrw(henvcfg::NUMBER, ZERO);
        });
        self.attempt(|p| {
            p.li(T6, u64::MAX).csrw(hstateen0::NUMBER, T6);
        });
    }

    /// The address of the doubleword that holds what a CSR was at the start: mstatus, misa or mcause.
    pub fn at_start(&self, csr: u16) -> u64 {
        let index = SAVED.iter().position(|saved| *saved == csr);
        AT_START + 8 * index.expect("the start does not save this CSR") as u64
    }

    /// Keeps what a CSR holds at the start.
    fn save(&mut self, csr: u16) {
        let at = self.at_start(csr);
        self.li(T5, at).csrr(T6, csr).sd(T6, 0, T5);
    }

    /// Runs code that may trap because the hart does not have what it touches.
    fn attempt(&mut self, body: impl FnOnce(&mut Program)) {
        let after = self.label();
        self.la(S11, after);
        body(self);
        self.place(after);
        self.li(S11, 0);
    }

    /// Writes a trap handler: to the log, and back to where `s11` says. `calls` is where traps go that
    /// the program makes on purpose (`tp` is not zero), and falls through to `unexpected`.
    fn handler(&mut self, handler: &Handler, calls: impl FnOnce(&mut Program)) -> isa::asm::Label {
        let (call, unexpected) = (self.label(), self.label());
        self.align(4);
        let entry = self.here();
        self.bnez(TP, call);
        self.li(T5, handler.log).ld(T6, 0, T5).add(T6, T6, T5);
        for (index, number) in handler.csrs.into_iter().enumerate() {
            if number != 0 {
                self.csrr(S10, number).sd(S10, 8 * index as i32, T6);
            }
        }
        let exception = self.label();
        self.ld(T6, 0, T6).bge(T6, ZERO, exception);
        self.li(S10, 1).sll(S10, S10, T6);
        for csr in handler.enables {
            self.csrc(*csr, S10);
        }
        self.place(exception);
        if handler.mode == Mode::M {
            self.li(S10, csr::mstatus::MPRV.mask() | MDT).csrc(csr::mstatus::NUMBER, S10);
        }
        self.ld(T6, 0, T5).addi(T6, T6, RECORD as i32);
        self.li(S10, PAGE_SIZE);
        self.bgeu(T6, S10, unexpected);
        self.sd(T6, 0, T5);
        self.beqz(S11, unexpected);
        self.csrw(handler.epc, S11).mv(S11, ZERO);
        if handler.mode == Mode::M {
            self.mret();
        } else {
            self.sret();
        }
        self.place(unexpected);
        if handler.mode == Mode::M {
            let target = self.labels.unexpected;
            self.j(target);
            self.place(call);
            calls(self);
        } else {
            calls(self);
            self.place(call);
            self.forward();
        }
        entry
    }

    /// Passes a call on from HS- or VS-mode towards M-mode: by an environment call or, when those of
    /// HS-mode come back to it, by an instruction that is illegal.
    fn forward(&mut self) {
        let own = self.label();
        self.csrr(S10, csr::scause::NUMBER).addi(S10, S10, -9);
        self.beqz(S10, own);
        self.ecall();
        self.place(own);
        self.csrrw(ZERO, csr::mhartid::NUMBER, ZERO);
    }

    /// What M-mode does when the program calls.
    fn machine_calls(&mut self) {
        let super::Labels { failed, unexpected_in_tp, .. } = self.labels;
        let (fail, trap) = (self.label(), self.label());
        self.addi(S10, TP, -(CALL_LEAVE as i32)).bnez(S10, fail);
        self.li(S10, csr::mstatus::MPRV.mask() | MDT).csrc(csr::mstatus::NUMBER, S10);
        self.mv(TP, ZERO).li(T5, RETURN).ld(T5, 0, T5).jr(T5);
        self.place(fail);
        self.addi(S10, TP, -(CALL_FAIL as i32)).bnez(S10, trap);
        self.j(failed);
        self.place(trap);
        self.j(unexpected_in_tp);
    }

    fn machine_handler(&self) -> Handler {
        use csr::{hstatus, mcause, mepc, mie, mstatus, mtinst, mtval, mtval2, vsstatus};
        let if_hypervisor = |csr| if self.hypervisor { csr } else { 0 };
        Handler {
            mode: Mode::M,
            log: LOGS,
            csrs: [
                mcause::NUMBER,
                mepc::NUMBER,
                mtval::NUMBER,
                if_hypervisor(mtval2::NUMBER),
                if_hypervisor(mtinst::NUMBER),
                mstatus::NUMBER,
                if_hypervisor(hstatus::NUMBER),
                if_hypervisor(vsstatus::NUMBER),
            ],
            epc: mepc::NUMBER,
            enables: &[mie::NUMBER],
        }
    }

    fn supervisor_handler(&self) -> Handler {
        use csr::{hie, hstatus, htinst, htval, scause, sepc, sie, sstatus, stval, vsstatus};
        let if_hypervisor = |csr| if self.hypervisor { csr } else { 0 };
        Handler {
            mode: Mode::HS,
            log: LOGS + PAGE_SIZE,
            csrs: [
                scause::NUMBER,
                sepc::NUMBER,
                stval::NUMBER,
                if_hypervisor(htval::NUMBER),
                if_hypervisor(htinst::NUMBER),
                sstatus::NUMBER,
                if_hypervisor(hstatus::NUMBER),
                if_hypervisor(vsstatus::NUMBER),
            ],
            epc: sepc::NUMBER,
            enables: if self.hypervisor { &[sie::NUMBER, hie::NUMBER] } else { &[sie::NUMBER] },
        }
    }

    /// In VS-mode, the supervisor CSRs are those of the guest.
    fn guest_handler(&self) -> Handler {
        use csr::{scause, sepc, sie, sstatus, stval};
        Handler {
            mode: Mode::VS,
            log: LOGS + 2 * PAGE_SIZE,
            csrs: [scause::NUMBER, sepc::NUMBER, stval::NUMBER, 0, 0, sstatus::NUMBER, 0, 0],
            epc: sepc::NUMBER,
            enables: &[sie::NUMBER],
        }
    }
}
