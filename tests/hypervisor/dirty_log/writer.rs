//! Programs that write to random places, in every way there is.

use hyp::Hva;
use isa::asm::prelude::*;
use isa::csr;
use isa::paging::{PAGE_SIZE, Pte};
use kvm::Register;
use native::{Kernel, Thread};

use super::{SIZE, record};
use crate::rng::Rng;
use crate::world::RAM;

/// Where data begins; before it is each virtual hart's code, and its page table.
pub(super) const DATA: u64 = 0x2_0000;
/// Between the first virtual hart's code and the next one's.
const CODE: u64 = 0x8000;
/// Where the page tables are, one page each.
const TABLES: u64 = 0x1_8000;

/// Gives a virtual hart a new program, at its beginning.
pub(super) fn prepare(rng: &mut Rng, thread: &mut Thread, kernel: &Kernel, memory: Hva, number: u64) {
    let (code, table) = (number * CODE, TABLES + number * PAGE_SIZE);
    let mut a = Asm::new(RAM + code);
    // A trap, as where a store may not be misaligned, is passed over.
    let (start, handler) = (a.label(), a.label());
    a.j(start);
    a.align(4).place(handler);
    a.csrr(T6, csr::sepc::NUMBER).addi(T6, T6, 4).csrw(csr::sepc::NUMBER, T6).sret();
    a.place(start);
    a.la(T0, handler).csrw(csr::stvec::NUMBER, T0);
    a.li(T0, csr::sstatus::FS.of(1)).csrs(csr::sstatus::NUMBER, T0);
    // The hart itself writes to the table, to say that its one entry has been used.
    let satp = if rng.one_in(2) { 8 << 60 | (RAM + table) >> 12 } else { 0 };
    a.li(T0, satp).csrw(csr::satp::NUMBER, T0).sfence_vma(ZERO, ZERO);
    a.li(S1, rng.next()).fmv_d_x(FS0, S1);
    for _ in 0..1 + rng.below(60) {
        write(rng, &mut a);
    }
    let end = a.here();
    a.li(A7, 1).ecall().j(end);
    let bytes = a.finish().unwrap();
    assert!(bytes.len() < CODE as usize, "the program is too long");
    kernel.memory.write(memory.offset(code), &bytes).unwrap();
    // Sometimes A is set already, or A and D.
    let used = rng.pick(&[0, 0, 0, Pte::A.mask(), Pte::A.mask() | Pte::D.mask()]);
    let entry = Pte::leaf(2 << 30, used | Pte::V.mask() | Pte::R.mask() | Pte::W.mask() | Pte::X.mask());
    kernel.memory.write(memory.offset(table + 16), &entry.0.to_le_bytes()).unwrap();
    let vcpu = &mut thread.vcpu;
    for (register, value) in [
        (Register::PC, RAM + code),
        // Supervisor mode, which a trap may have been leaving.
        (Register::core(kvm::one_reg::index::core::MODE), kvm::one_reg::MODE_S),
    ] {
        vcpu.set_one_reg(register, 0, &value.to_le_bytes()).unwrap();
    }
    if rng.one_in(3) {
        let (register, place) = record(rng);
        vcpu.set_one_reg(register, 0, &place.to_le_bytes()).unwrap();
    }
}

/// One way to write.
fn write(rng: &mut Rng, a: &mut Asm) {
    let page = rng.below((SIZE - DATA) / PAGE_SIZE - 1) * PAGE_SIZE;
    let at = RAM + DATA + page;
    let offset = rng.below(PAGE_SIZE / 8) * 8;
    a.li(S0, at + offset).li(S1, rng.next());
    match rng.below(12) {
        0 => a.sb(S1, 0, S0),
        1 => a.sh(S1, 2, S0),
        2 => a.sw(S1, 4, S0),
        3 => a.sd(S1, 0, S0),
        4 => a.li(S0, at + PAGE_SIZE - 1 - rng.below(7)).sd(S1, 0, S0),
        5 => a.amoadd_d(T0, S1, S0, Order::Plain),
        6 => a.amoswap_w(T0, S1, S0, Order::Plain),
        7 => a.lr_d(T0, S0, Order::Plain).sc_d(T0, S1, S0, Order::Plain),
        8 => a.fsd(FS0, 0, S0),
        9 => a.li(S0, at + PAGE_SIZE - 4).fsd(FS0, 0, S0),
        // Reading is not writing, but it maps the page.
        10 => a.ld(T0, 0, S0),
        _ => many(rng, a, at),
    };
}

/// Writes a page, or a word of each of many.
fn many<'a>(rng: &mut Rng, a: &'a mut Asm, at: u64) -> &'a mut Asm {
    let step = rng.pick(&[256, PAGE_SIZE, PAGE_SIZE]);
    let room = (RAM + SIZE - at) / step;
    let count = 1 + rng.below(room.min(400));
    a.li(S0, at).li(T1, count).li(T2, step);
    let again = a.here();
    a.sd(S1, 0, S0).add(S0, S0, T2).addi(T1, T1, -1).bnez(T1, again)
}
