//! Programs for HS-mode and a guest: what a hypervisor does most, and memory behind one and two stages.

use isa::Privilege;
use isa::asm::prelude::*;
use isa::cause::Exception;
use isa::csr::{hgatp, hstatus, mstatus, satp};
use isa::paging::{PAGE_BITS, PAGE_SIZE, Pte, SV39, SV39X4, Scheme};

use super::{BASE, Parts, kernel};

/// Pages of the memory to work on, all of which T6 touches.
const PAGES: usize = 16;

/// T3: T2's loop in HS-mode, translated once.
pub(super) fn memory_hs(parts: &mut Parts, turns: u64) {
    enter_hs(parts);
    let Parts { a, vs_table, .. } = parts;
    table_in(a, T0, *vs_table, satp::MODE.of(SV39.mode));
    a.csrw(csr::satp::NUMBER, T0).sfence_vma(ZERO, ZERO);
    kernel::memory(parts, turns);
}

/// T4: T2's loop in a guest, translated twice.
pub(super) fn memory_vs(parts: &mut Parts, turns: u64) {
    let end = enter_guest(parts, 1, |_| {});
    kernel::memory(parts, turns);
    parts.a.ecall().place(end);
}

/// T5: the shortest way out of a guest and back.
pub(super) fn bare(parts: &mut Parts, turns: u64) {
    let end = enter_guest(parts, turns, |_| {});
    parts.a.ecall().place(end);
}

/// T6: a guest that loads from 16 pages before it leaves.
pub(super) fn pages(parts: &mut Parts, turns: u64) {
    let end = enter_guest(parts, turns, |_| {});
    let Parts { a, data, .. } = parts;
    a.la(S0, *data);
    for _ in 0..PAGES {
        a.ld(T1, 0, S0).li(T2, PAGE_SIZE).add(S0, S0, T2);
    }
    a.ecall().place(end);
}

/// T7: an exit as KVM's: 29 registers are saved and loaded again, and six CSRs looked at.
pub(super) fn saving(parts: &mut Parts, turns: u64) {
    let data = parts.data;
    let end = enter_guest(parts, turns, |a| {
        let saved = || Reg::ALL.into_iter().filter(|register| ![ZERO, SP, S11].contains(register));
        a.csrw(csr::sscratch::NUMBER, SP).la(SP, data);
        for register in saved() {
            a.sd(register, i32::from(register.number()) * 8, SP);
        }
        a.csrr(T0, csr::scause::NUMBER).csrr(T1, csr::stval::NUMBER).csrr(T2, csr::htval::NUMBER);
        a.csrr(T3, csr::hstatus::NUMBER).csrr(T4, csr::vsatp::NUMBER).csrr(T5, csr::sepc::NUMBER);
        for register in saved() {
            a.ld(register, i32::from(register.number()) * 8, SP);
        }
        a.csrr(SP, csr::sscratch::NUMBER);
    });
    parts.a.ecall().place(end);
}

/// T8: a hypervisor that reads its guest's memory.
pub(super) fn hlv(parts: &mut Parts, turns: u64) {
    enter_hs(parts);
    two_stages(parts);
    let Parts { a, data, .. } = parts;
    a.li(T0, hstatus::SPVP.mask()).csrs(csr::hstatus::NUMBER, T0);
    a.li(S0, turns).la(S1, *data);
    let again = a.here();
    a.hlv_d(A1, S1).add(A0, A0, A1).addi(S0, S0, -1).bnez(S0, again);
}

/// Goes on in a guest in VS-mode, which begins anew after each of its ECALLs, until there have been `turns`. The
/// hypervisor does `work` at each. What is placed at the label that is returned runs in HS-mode, after the last.
fn enter_guest(parts: &mut Parts, turns: u64, work: impl FnOnce(&mut Asm)) -> Label {
    enter_hs(parts);
    two_stages(parts);
    let a = &mut parts.a;
    let [guest, exit, end] = std::array::from_fn(|_| a.label());
    a.la(T0, exit).csrw(csr::stvec::NUMBER, T0).la(T0, guest).csrw(csr::sepc::NUMBER, T0);
    a.li(T0, hstatus::SPV.mask() | hstatus::SPVP.mask()).csrs(csr::hstatus::NUMBER, T0);
    a.li(T0, csr::sstatus::SPP.mask()).csrs(csr::sstatus::NUMBER, T0);
    a.li(S11, turns).sret();
    a.align(4).place(exit);
    a.addi(S11, S11, -1).beqz(S11, end);
    work(a);
    a.la(T0, guest).csrw(csr::sepc::NUMBER, T0).sret();
    a.align(4).place(guest);
    end
}

/// Goes on in HS-mode, with all of memory open to it and its guest's ECALLs delegated to it.
fn enter_hs(parts: &mut Parts) {
    let a = &mut parts.a;
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
}

/// Switches both stages of a guest's translation on.
fn two_stages(parts: &mut Parts) {
    let Parts { a, vs_table, g_table, .. } = parts;
    table_in(a, T0, *g_table, hgatp::MODE.of(SV39X4.mode));
    a.csrw(csr::hgatp::NUMBER, T0);
    table_in(a, T0, *vs_table, satp::MODE.of(SV39.mode));
    a.csrw(csr::vsatp::NUMBER, T0);
    a.hfence_gvma(ZERO, ZERO).hfence_vvma(ZERO, ZERO);
}

/// Makes in `register` what `satp` and its like take for a root table: its page and the mode.
fn table_in(a: &mut Asm, register: Reg, table: Label, mode: u64) {
    a.la(register, table).srli(register, register, PAGE_BITS as i32).li(T1, mode).or(register, register, T1);
}

/// Adds the memory to work on, and the tables of both stages.
pub(super) fn data(parts: &mut Parts) {
    let Parts { a, data, vs_table, g_table, .. } = parts;
    a.align(PAGE_SIZE).place(*data);
    a.space(PAGES * PAGE_SIZE as usize);
    tables(a, *vs_table, &SV39, 0);
    tables(a, *g_table, &SV39X4, Pte::U.mask());
}

/// Adds tables that map everything to itself: in gigapages, but the first 2 MiB of main memory in pages of 4 KiB. A
/// leaf has the flags `more` too.
fn tables(a: &mut Asm, root: Label, scheme: &Scheme, more: u64) {
    let flags = [Pte::R, Pte::W, Pte::X, Pte::A, Pte::D].iter().fold(more, |bits, flag| bits | flag.mask());
    a.align(scheme.table_size(2)).place(root);
    let middle = a.pc() + scheme.table_size(2);
    for n in 0..scheme.entries(2) {
        let at = n * scheme.page_size(2);
        a.dword(if at == BASE { Pte::pointer(middle) } else { Pte::leaf(at, flags) }.0);
    }
    a.dword(Pte::pointer(middle + scheme.table_size(1)).0).space((scheme.entries(1) as usize - 1) * 8);
    for n in 0..scheme.entries(0) {
        a.dword(Pte::leaf(BASE + n * scheme.page_size(0), flags).0);
    }
}
