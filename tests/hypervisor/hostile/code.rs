//! Random programs, with page tables that lead anywhere.

use hyp::{Hva, Vcpu};
use isa::asm::prelude::*;
use isa::format::Format;
use isa::paging::{PAGE_SIZE, Pte};
use isa::{csr, inst};
use kvm::Register;
use kvm::one_reg::{CSR_GENERAL, MODE_S, MODE_U, index};
use native::Kernel;

use crate::rng::Rng;
use crate::world::{DEVICE, RAM, RAM_SIZE};

/// Each virtual hart's code and page tables.
const PLACE: u64 = 0x10_0000;
/// Where its page tables are from there.
const TABLES: u64 = 0x8_0000;
/// How many of them there are: roots of every height, and those that anything may point to.
const TABLE_COUNT: u64 = 6;
/// Bytes of random code.
const CODE: u64 = PAGE_SIZE;
/// Where the gigabyte with the guest's memory is mapped once more, for user mode.
const USER: u64 = 4 << 30;

/// The extensions of the SBI.
const EXTENSIONS: [u64; 13] = [
    0,
    1,
    0x10,
    0x5449_4d45,
    0x0073_5049,
    0x5246_4e43,
    0x5352_5354,
    0x0048_534d,
    0x4442_434e,
    0x0053_5441,
    0x5355_5350,
    0x0900_0000,
    0x0800_0000,
];

/// A random guest physical address: in memory, of a device, in a hole, or none at all.
pub(super) fn address(rng: &mut Rng) -> u64 {
    let near = |rng: &mut Rng, base: u64, size: u64| {
        let align = rng.pick(&[!0, !7, !7, !(PAGE_SIZE - 1)]);
        (base + rng.below(size)) & align
    };
    match rng.below(10) {
        0 => rng.next(),
        1 => rng.next() >> rng.below(64),
        2 => DEVICE + rng.below(4) * 8,
        3 => near(rng, RAM + RAM_SIZE - 16, 32),
        4 => near(rng, RAM, PAGE_SIZE) + rng.below(RAM_SIZE / PAGE_SIZE) * PAGE_SIZE + PAGE_SIZE - 4,
        5 => near(rng, USER, 2 * RAM_SIZE),
        _ => near(rng, RAM, RAM_SIZE),
    }
}

/// A random value.
pub(super) fn value(rng: &mut Rng) -> u64 {
    match rng.below(6) {
        0 => rng.next(),
        1 => rng.below(8),
        2 => rng.pick(&[u64::MAX, i64::MIN as u64, i64::MAX as u64, 1 << 32, 0xffff_ffff, 1 << 20]),
        _ => address(rng),
    }
}

/// A random instruction.
fn word(rng: &mut Rng) -> u32 {
    let word = rng.next() as u32;
    if rng.one_in(5) {
        return word;
    }
    let row = &inst::ROWS[rng.below(inst::ROWS.len() as u64) as usize];
    let word = word & !row.mask | row.pattern;
    match row.format {
        Format::Csr | Format::CsrI if !rng.one_in(4) => {
            let row = &csr::ROWS[rng.below(csr::ROWS.len() as u64) as usize];
            let number = u32::from(row.number) + rng.below(row.count.into()) as u32;
            word & 0xf_ffff | number << 20
        }
        _ => word,
    }
}

/// Some random instructions, or one with all that it needs.
fn piece(rng: &mut Rng, a: &mut Asm) {
    let register = Reg::from_bits(5 + rng.below(26) as u8);
    match rng.below(18) {
        16 => {
            // The end, or a new beginning.
            a.li(A7, 0x5352_5354).li(A6, 0).li(A0, rng.below(3)).li(A1, rng.below(2)).ecall();
        }
        17 => {
            a.li(register, DEVICE + rng.below(4) * 8).sd(A0, 0, register).lw(A1, 0, register);
        }
        0 => {
            a.li(A7, if rng.one_in(8) { value(rng) } else { rng.pick(&EXTENSIONS) }).li(A6, rng.below(8));
            for argument in [A0, A1, A2, A3] {
                a.li(argument, value(rng));
            }
            a.ecall();
        }
        1 => {
            a.li(register, address(rng)).jr(register);
        }
        2..5 => {
            a.li(register, address(rng));
        }
        5 => {
            let bits = csr::sie::SSIE.mask() | csr::sie::STIE.mask() | csr::sie::SEIE.mask();
            a.li(register, bits & rng.next()).csrw(csr::sie::NUMBER, register).wfi();
        }
        6 => {
            a.csrw(csr::satp::NUMBER, register).sfence_vma(ZERO, ZERO);
        }
        _ => {
            for _ in 0..8 {
                a.word(word(rng));
            }
        }
    }
}

/// A page at a random physical address.
fn page(rng: &mut Rng) -> u64 {
    address(rng) & ((1 << 56) - PAGE_SIZE)
}

/// A random entry of a page table.
fn entry(rng: &mut Rng, tables: u64) -> u64 {
    match rng.below(8) {
        0 => rng.next(),
        1 => 0,
        // Perhaps to the very table that it is in.
        2 | 3 => Pte::pointer(tables + rng.below(TABLE_COUNT) * PAGE_SIZE).0,
        4 => Pte::pointer(page(rng)).0,
        // Most of them superpages at addresses that are none of such.
        _ => Pte::leaf(page(rng), rng.next() & 0xff | 1).0,
    }
}

/// Page tables, whose first three are roots of three, four and five levels, and map memory in all but a few cases.
fn tables(rng: &mut Rng, at: u64) -> Vec<u8> {
    let count = PAGE_SIZE / 8;
    let mut entries = vec![0; (TABLE_COUNT * count) as usize];
    for _ in 0..rng.below(400) {
        entries[rng.below(TABLE_COUNT * count) as usize] = entry(rng, at);
    }
    if !rng.one_in(8) {
        let all = [Pte::V, Pte::R, Pte::W, Pte::X, Pte::A, Pte::D].iter().fold(0, |bits, f| bits | f.mask());
        entries[2] = Pte::leaf(2 << 30, all).0;
        entries[4] = Pte::leaf(2 << 30, all | Pte::U.mask()).0;
        entries[count as usize] = Pte::pointer(at).0;
        entries[2 * count as usize] = Pte::pointer(at + PAGE_SIZE).0;
    }
    entries.iter().flat_map(|entry| entry.to_le_bytes()).collect()
}

/// Goes on behind the instruction that has trapped, as far as is known; at the code's end, from its beginning.
fn handler(at: u64) -> Vec<u8> {
    let mut a = Asm::new(at);
    a.csrr(T6, csr::sscratch::NUMBER).addi(T5, T6, 4).slli(T5, T5, 52).srli(T5, T5, 52);
    a.srli(T6, T6, 12).slli(T6, T6, 12).or(T6, T6, T5);
    a.csrw(csr::sscratch::NUMBER, T6).csrw(csr::sepc::NUMBER, T6).sret();
    a.finish().unwrap()
}

/// Has a virtual hart execute something else from now on, in a random state.
pub(super) fn jolt(rng: &mut Rng, vcpu: &mut Vcpu, kernel: &Kernel, memory: Hva, now: u64) {
    let place = PLACE * (1 + vcpu.shared().number() as u64 % 3);
    let code = RAM + place;
    let mut a = Asm::new(code);
    while a.code().len() < (CODE - 300) as usize {
        piece(rng, &mut a);
    }
    let (at, trap) = (code + TABLES, code + CODE);
    for (offset, bytes) in
        [(place, a.finish().unwrap()), (place + CODE, handler(trap)), (place + TABLES, tables(rng, at))]
    {
        kernel.memory.write(memory.offset(offset), &bytes).unwrap();
    }
    let is_user = rng.one_in(3);
    let levels = rng.below(4);
    let satp = if levels == 0 { 0 } else { (7 + levels) << 60 | (at + (levels - 1) * PAGE_SIZE) >> 12 };
    let start = if is_user && levels != 0 { code + (2 << 30) } else { code };
    let set = |vcpu: &mut Vcpu, register, value: u64| {
        vcpu.set_one_reg(register, now, &value.to_le_bytes()).unwrap();
    };
    for number in 1..32 {
        set(vcpu, Register::core(number), value(rng));
    }
    for (number, value) in [
        (index::csr::SSTATUS, rng.next()),
        (index::csr::SIE, rng.zero_except_one_in(3)),
        (index::csr::STVEC, trap),
        (index::csr::SSCRATCH, start),
        (index::csr::SATP, satp),
    ] {
        set(vcpu, Register::csr(CSR_GENERAL, number), value);
    }
    set(vcpu, Register::PC, start + rng.below(CODE / 4) * 4);
    set(vcpu, Register::core(index::core::MODE), if is_user { MODE_U } else { MODE_S });
}
