//! The programs that are measured: bare metal, entered in M-mode, the same file for every simulator.

use isa::Privilege;
use isa::asm::prelude::*;
use isa::cause::Exception;
use isa::csr::{hgatp, hstatus, mstatus, satp};
use isa::paging::{PAGE_BITS, Pte, SV39, SV39X4};

use crate::elf::elf;

/// The start of main memory on every machine.
const BASE: u64 = 0x8000_0000;

/// The test finisher of the `virt` machines, and what it takes for success and failure.
const FINISHER: u64 = 0x10_0000;
const PASS: u64 = 0x5555;
const FAIL: u64 = 1 << 16 | 0x3333;

/// A program, and what a reader of the table should know of it.
pub(crate) struct Program {
    /// One word, which also names its file.
    pub(crate) name: &'static str,
    /// What its loop does.
    pub(crate) about: &'static str,
    write: fn(&mut Parts),
}

/// Every program; the first one does nothing, so that its time is what it takes to start.
pub(crate) const PROGRAMS: [Program; 5] = [
    Program { name: "empty", about: "start and exit", write: |_| {} },
    Program { name: "alu", about: "integer instructions in M-mode, a branch in eight", write: alu },
    Program { name: "memory", about: "copies in M-mode: four in seven are loads or stores", write: memory },
    Program { name: "switch", about: "ECALL from VS to HS and SRET back: 7 a round trip", write: switch },
    Program { name: "hlv", about: "loads through both stages from HS: HLV.D is one in four", write: hlv },
];

/// A program under construction, and the places that its parts share.
struct Parts {
    a: Asm,
    /// Leaves with success.
    exit: Label,
    /// 4 KiB of memory to work on.
    data: Label,
    /// Root tables of both stages: gigapages, mapped to themselves.
    vs_table: Label,
    g_table: Label,
}

impl Program {
    /// Whether it does nothing but start and exit.
    pub(crate) fn is_empty(&self) -> bool {
        self.name == PROGRAMS[0].name
    }

    /// The program's ELF.
    pub(crate) fn elf(&self) -> Result<Vec<u8>, AsmError> {
        let mut a = Asm::new(BASE);
        let [exit, trap, tohost, data, vs_table, g_table] = std::array::from_fn(|_| a.label());
        a.li(T3, 0).la(T0, trap).csrw(csr::mtvec::NUMBER, T0);
        let mut parts = Parts { a, exit, data, vs_table, g_table };
        (self.write)(&mut parts);
        let mut a = parts.a;

        // HTIF first, since the trap that the finisher raises where there is none comes after it and is harmless.
        a.place(exit);
        a.li(T1, 1).li(T2, PASS);
        let leave = a.here();
        a.la(T0, tohost).sd(T1, 0, T0).li(T0, FINISHER);
        a.li(T3, 1).sw(T2, 0, T0);
        let stay = a.here();
        a.j(stay);
        // T3 says that this is that trap; any other is a failure.
        a.align(4).place(trap);
        a.bnez(T3, stay).li(T1, 3).li(T2, FAIL).j(leave);

        a.align(64).place(tohost);
        a.space(64);
        a.align(1 << PAGE_BITS).place(data);
        a.space(1 << PAGE_BITS);
        let flags = [Pte::R, Pte::W, Pte::X, Pte::A, Pte::D].iter().fold(0, |bits, flag| bits | flag.mask());
        let root = SV39.levels - 1;
        a.place(vs_table);
        for page in 0..SV39.entries(root) {
            a.dword(Pte::leaf(page * SV39.page_size(root), flags).0);
        }
        a.align(SV39X4.entries(root) * SV39X4.pte_size).place(g_table);
        for page in 0..SV39X4.entries(root) {
            a.dword(Pte::leaf(page * SV39X4.page_size(root), flags | Pte::U.mask()).0);
        }
        let tohost = a.address(tohost).unwrap_or(BASE);
        Ok(elf(BASE, &a.finish()?, &[("tohost", tohost), ("fromhost", tohost + 8)]))
    }
}

fn alu(parts: &mut Parts) {
    let Parts { a, .. } = parts;
    a.li(S0, 6_000_000);
    let again = a.here();
    a.slli(A1, A0, 5).add(A0, A0, A1).xori(A2, A0, 0x2a5).srli(A3, A2, 7);
    a.sub(A0, A3, A1).and(A4, A4, A2).addi(S0, S0, -1).bnez(S0, again);
}

fn memory(parts: &mut Parts) {
    let Parts { a, data, .. } = parts;
    a.li(S0, 100_000).la(S1, *data);
    let page = a.here();
    a.mv(A0, S1).addi(A1, S1, 1024).addi(A2, A1, 1024);
    let again = a.here();
    a.ld(A3, 0, A0).ld(A4, 8, A0).sd(A3, 0, A1).sd(A4, 8, A1);
    a.addi(A0, A0, 16).addi(A1, A1, 16).bne(A1, A2, again);
    a.addi(S0, S0, -1).bnez(S0, page);
}

fn switch(parts: &mut Parts) {
    let (guest, handler) = (parts.a.label(), parts.a.label());
    two_stages(parts);
    let Parts { a, exit, .. } = parts;
    a.li(S0, 1_500_000);
    a.la(T0, handler).csrw(csr::stvec::NUMBER, T0);
    a.la(T0, guest).csrw(csr::sepc::NUMBER, T0);
    a.li(T0, hstatus::SPV.mask()).csrs(csr::hstatus::NUMBER, T0);
    a.li(T0, csr::sstatus::SPP.mask()).csrs(csr::sstatus::NUMBER, T0);
    a.sret();
    a.align(4).place(handler);
    a.addi(S0, S0, -1).beqz(S0, *exit);
    a.csrr(T0, csr::sepc::NUMBER).addi(T0, T0, 4).csrw(csr::sepc::NUMBER, T0);
    a.sret();
    // Straight on from one call to the next, so that a round trip has as few other instructions as can be.
    a.place(guest);
    let again = a.here();
    for _ in 0..64 {
        a.ecall();
    }
    a.j(again);
}

fn hlv(parts: &mut Parts) {
    two_stages(parts);
    let Parts { a, data, .. } = parts;
    a.li(S0, 5_000_000).la(S1, *data);
    let again = a.here();
    a.hlv_d(A0, S1).add(A1, A1, A0).addi(S0, S0, -1).bnez(S0, again);
}

/// Goes on in HS-mode, with all of memory open to it and translated twice for its guest.
fn two_stages(parts: &mut Parts) {
    let Parts { a, vs_table, g_table, .. } = parts;
    let hs = a.label();
    // One entry of memory protection lets every mode at everything: NAPOT, XWR.
    a.li(T0, csr::pmpaddr0::ADDRESS.mask()).csrw(csr::pmpaddr0::NUMBER, T0);
    a.li(T0, 0x1f).csrw(csr::pmpcfg0::NUMBER, T0);
    a.li(T0, Exception::EcallVs.bit()).csrw(csr::medeleg::NUMBER, T0);
    a.la(T0, hs).csrw(csr::mepc::NUMBER, T0);
    a.li(T0, mstatus::MPP.mask()).csrc(csr::mstatus::NUMBER, T0);
    a.li(T0, mstatus::MPP.of(Privilege::S as u64)).csrs(csr::mstatus::NUMBER, T0);
    a.mret();
    a.place(hs);
    a.la(T0, *g_table).srli(T0, T0, PAGE_BITS as i32).li(T1, hgatp::MODE.of(SV39X4.mode)).or(T0, T0, T1);
    a.csrw(csr::hgatp::NUMBER, T0);
    a.la(T0, *vs_table).srli(T0, T0, PAGE_BITS as i32).li(T1, satp::MODE.of(SV39.mode)).or(T0, T0, T1);
    a.csrw(csr::vsatp::NUMBER, T0);
    a.hfence_gvma(ZERO, ZERO).hfence_vvma(ZERO, ZERO);
    a.li(T0, hstatus::SPVP.mask()).csrs(csr::hstatus::NUMBER, T0);
}
