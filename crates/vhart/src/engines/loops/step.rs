//! The steps of a function: instructions, and short sequences that change what others execute or see.

use isa::asm::Order;
use isa::format::Format;
use isa::paging::{PAGE_SIZE, Pte};
use isa::reg::{A0, A1, A2, A7, RA, Reg, S0, S1, S2, S3, T0, T1, T2, T3, ZERO};
use isa::{Inst, csr};

use super::body::Writer;
use super::instruction::{memory, plain};
use super::layout::{
    ALIAS, CODE, DATA, GUEST_LEAVES, LARGE_ALIAS, MTIME, MTIMECMP, POINTED, SATP, SCRATCH, SCRATCH_PAGES,
    UART, USER, VSATP, WINDOW, WINDOW_TABLES, WINDOW_TWINS,
};
use super::tables::leaf;

/// Counters, and the time.
const COUNTERS: [u16; 6] = [
    csr::cycle::NUMBER,
    csr::time::NUMBER,
    csr::instret::NUMBER,
    csr::mcycle::NUMBER,
    csr::minstret::NUMBER,
    csr::hpmcounter3::NUMBER,
];

/// Words of a function in a page of its own, before it returns.
pub(super) const SCRATCH_LEN: u64 = 12;

/// CSRs that the program does not depend on.
const TRAP_CSRS: [u16; 13] = [
    csr::sepc::NUMBER,
    csr::scause::NUMBER,
    csr::stval::NUMBER,
    csr::vsepc::NUMBER,
    csr::vscause::NUMBER,
    csr::vstval::NUMBER,
    csr::htval::NUMBER,
    csr::htinst::NUMBER,
    csr::mepc::NUMBER,
    csr::mcause::NUMBER,
    csr::mtval::NUMBER,
    csr::mtval2::NUMBER,
    csr::mtinst::NUMBER,
];

/// CSRs that it does depend on.
const STATUS_CSRS: [u16; 12] = [
    csr::mstatus::NUMBER,
    csr::sstatus::NUMBER,
    csr::vsstatus::NUMBER,
    csr::hstatus::NUMBER,
    csr::satp::NUMBER,
    csr::vsatp::NUMBER,
    csr::hgatp::NUMBER,
    csr::stvec::NUMBER,
    csr::sscratch::NUMBER,
    csr::vsscratch::NUMBER,
    csr::mip::NUMBER,
    csr::sip::NUMBER,
];

/// Functions of a twin, and the bytes of each.
pub(super) const TWIN_FUNCTIONS: u64 = 4;
pub(super) const TWIN_FUNCTION: u64 = 0x100;

/// Adds a step.
pub(super) fn step(w: &mut Writer) {
    match w.rng.below(100) {
        0..=39 => {
            let inst = plain(&mut w.rng, w.extensions);
            w.a.inst(inst);
        }
        40..=60 => {
            let inst = memory(&mut w.rng, w.extensions);
            w.a.inst(inst);
        }
        61..=63 => trap_csr(w),
        64..=69 => {
            let (register, counter) = (w.rng.pick(&[A0, A1, A2, T3]), w.rng.pick(&COUNTERS));
            w.a.csrr(register, counter);
        }
        70..=74 => drop(site(w)),
        75..=77 => patch(w),
        78..=80 => literal(w),
        81..=83 => remap(w),
        84..=86 => fence(w),
        87..=88 => drop(w.a.li(A7, 0).ecall()),
        89..=90 => timer(w),
        91..=92 => control(w),
        93 => scratch(w),
        94..=95 => {
            let offset = w.rng.below(TWIN_FUNCTIONS) * TWIN_FUNCTION + w.rng.below(2) * PAGE_SIZE;
            w.a.li(T0, offset).add(T0, S3, T0).jalr(RA, 0, T0);
        }
        96 => reservation(w),
        97 => pointer(w),
        98 => drop(w.a.wfi()),
        _ => {
            w.a.li(T0, UART).sb(A0, 0, T0);
        }
    }
}

/// The next site, if there is another one: an instruction that may be replaced.
pub(super) fn site(w: &mut Writer) -> bool {
    let Some(site) = w.sites.get(w.placed_sites) else { return false };
    w.a.place(*site);
    w.placed_sites += 1;
    let (register, imm) = (w.rng.pick(&[A0, A1, A2, T3]), w.rng.below(64) as i32);
    w.a.addi(register, register, imm);
    true
}

/// The word of a random instruction, or of two short ones.
pub(super) fn replacement(w: &mut Writer) -> u32 {
    let mut of_size = |size: u64| loop {
        let inst = plain(&mut w.rng, w.extensions);
        if inst.size() == size {
            return inst.encode();
        }
    };
    let long = of_size(4);
    let short = of_size(2) | of_size(2) << 16;
    w.rng.pick(&[long, short])
}

/// Replaces a site.
fn patch(w: &mut Writer) {
    let (word, site) = (replacement(w), w.rng.pick(&w.sites));
    w.a.la(T0, site);
    if w.rng.one_in(3) {
        w.a.li(T1, w.rng.pick(&[ALIAS, LARGE_ALIAS])).xor(T0, T0, T1);
    }
    w.a.li(T1, word as i32 as u64);
    match w.rng.below(3) {
        0 => w.a.sh(T1, 0, T0).srli(T1, T1, 16).sh(T1, 2, T0),
        _ => w.a.sw(T1, 0, T0),
    };
    if w.rng.one_in(2) {
        w.a.fence_i();
    }
}

/// Writes some instructions of a function that has a page of its own, and calls it.
fn scratch(w: &mut Writer) {
    let page = SCRATCH - CODE + w.rng.below(SCRATCH_PAGES) * PAGE_SIZE;
    let first = w.a.here();
    // From here to the page, in whatever way the code is mapped.
    let distance = page - (w.a.address(first).unwrap_or(CODE) - CODE);
    w.a.la(T2, first).li(T1, distance).add(T2, T2, T1);
    for _ in 0..w.rng.below(4) {
        let (word, at) = (replacement(w), 4 * w.rng.below(SCRATCH_LEN) as i32);
        w.a.li(T1, word as i32 as u64).sw(T1, at, T2);
    }
    if w.rng.one_in(2) {
        w.a.fence_i();
    }
    if w.rng.below(4) != 0 {
        w.a.jalr(RA, 0, T2);
    }
}

/// Accesses data beside code.
fn literal(w: &mut Writer) {
    let (label, offset) = (w.rng.pick(&w.literals), w.rng.below(56) as i32);
    w.a.la(T0, label);
    match w.rng.below(4) {
        0 => w.a.ld(A0, offset & !7, T0),
        1 => w.a.sd(A1, offset & !7, T0),
        2 => w.a.lw(A1, offset, T0),
        _ => w.a.sb(A2, offset, T0),
    };
}

/// Maps a page of a window to something else, or a data page of the guest.
fn remap(w: &mut Writer) {
    let rng = &mut w.rng;
    let is_twin = rng.one_in(3);
    let index = if is_twin { WINDOW_TWINS + rng.below(2) } else { 6 + rng.below(4) };
    let user = rng.below(2);
    let root = rng.pick(&[SATP, VSATP]);
    let mut at = root + WINDOW_TABLES[user as usize] + 8 * index;
    let mut pte = leaf(rng, index, user != 0);
    if rng.one_in(4) {
        let page = DATA + rng.pick(&POINTED) * PAGE_SIZE;
        at = GUEST_LEAVES + page % (1 << 21) / PAGE_SIZE * 8;
        pte = Pte(leaf(rng, 0, true).0 | Pte::U.mask());
    }
    w.a.li(T0, at).li(T1, pte.0).sd(T1, 0, T0);
    match w.rng.below(4) {
        0 => drop(w.a.li(T0, WINDOW + user * USER + index * PAGE_SIZE).sfence_vma(T0, ZERO)),
        1 => fence(w),
        _ => {}
    }
}

/// A fence for translations or for code.
fn fence(w: &mut Writer) {
    let address = if w.rng.one_in(2) { S2 } else { ZERO };
    let id = if w.rng.one_in(4) { A0 } else { ZERO };
    match w.rng.below(5) {
        0 | 1 => w.a.sfence_vma(address, id),
        2 => w.a.hfence_vvma(address, id),
        3 => w.a.srli(T0, S0, 2).hfence_gvma(if address == ZERO { ZERO } else { T0 }, id),
        _ => w.a.fence_i(),
    };
}

/// Sets a timer some hundred instructions ahead.
fn timer(w: &mut Writer) {
    let ticks = 1 + w.rng.below(8) as i32;
    match w.rng.below(4) {
        0 => w.a.li(T0, MTIME).ld(T1, 0, T0).addi(T1, T1, ticks).li(T0, MTIMECMP).sd(T1, 0, T0),
        1 => w.a.csrr(T0, csr::time::NUMBER).addi(T0, T0, ticks).csrw(csr::vstimecmp::NUMBER, T0),
        _ => w.a.csrr(T0, csr::time::NUMBER).addi(T0, T0, ticks).csrw(csr::stimecmp::NUMBER, T0),
    };
}

/// Changes a CSR on which later instructions depend.
fn control(w: &mut Writer) {
    use csr::{
        fcsr, frm, hgatp, hvip, mcountinhibit, mcycle, mhpmevent3, minstret, pmpcfg0, satp, sip, sstatus,
    };
    let toggle = |w: &mut Writer, number: u16, bits: u64| {
        w.a.csrr(T0, number).li(T1, bits).xor(T0, T0, T1).csrw(number, T0);
    };
    let small = w.rng.below(8) as u8;
    match w.rng.below(12) {
        0 => toggle(w, sstatus::NUMBER, sstatus::SUM.mask()),
        1 => toggle(w, sstatus::NUMBER, sstatus::MXR.mask()),
        2 => drop(w.a.csrwi(frm::NUMBER, if small == 7 { 7 } else { small & 3 })),
        3 => drop(w.a.csrw(fcsr::NUMBER, ZERO)),
        4 => drop(w.a.csrw(minstret::NUMBER, A0)),
        5 => drop(w.a.csrw(mcycle::NUMBER, A1)),
        6 => drop(w.a.csrwi(mcountinhibit::NUMBER, small & 5)),
        7 => drop(w.a.csrwi(mhpmevent3::NUMBER, if small < 4 { 0 } else { small })),
        8 => drop(w.a.li(T0, 0x1f18 | u64::from(small)).csrw(pmpcfg0::NUMBER, T0)),
        9 => toggle(w, satp::NUMBER, satp::ASID.of(1)),
        10 => toggle(w, hgatp::NUMBER, hgatp::VMID.of(1)),
        _ if small < 4 => drop(w.a.csrsi(sip::NUMBER, 2)),
        _ => drop(w.a.csrwi(hvip::NUMBER, 4)),
    }
}

/// Swaps or reads a CSR that the next trap sets again, or only reads one.
fn trap_csr(w: &mut Writer) {
    let (to, from) = (w.rng.pick(&[ZERO, A0, A1, A2, T3]), w.rng.pick(&[ZERO, A0, A1, A2, S0]));
    let number = w.rng.pick(&TRAP_CSRS);
    match w.rng.below(4) {
        0 => w.a.csrr(to, w.rng.pick(&STATUS_CSRS)),
        1 => w.a.csrr(to, number),
        2 => w.a.csrrs(to, number, from),
        _ => w.a.csrrw(to, number, from),
    };
}

/// LR, something, SC.
fn reservation(w: &mut Writer) {
    let first = w.rng.pick(&[S0, S2]);
    w.a.lr_d(T0, first, Order::Plain);
    if w.rng.one_in(3) {
        let inst = memory(&mut w.rng, w.extensions);
        w.a.inst(inst);
    }
    w.a.sc_d(T2, A0, first, Order::Plain);
}

/// Moves a pointer within the data, by which page it is or by which byte.
fn pointer(w: &mut Writer) {
    let pointer: Reg = w.rng.pick(&[S0, S1]);
    let bits = 1 << (6 + w.rng.below(7)) | if pointer == S1 { w.rng.below(8) } else { 0 };
    w.a.li(T0, bits).xor(pointer, pointer, T0);
}

/// Whether `format` is that of an access to memory by a register that is no stack pointer.
pub(super) fn is_memory(format: Format) -> bool {
    let by_stack = matches!(
        format,
        Format::CLwsp | Format::CLdsp | Format::CFldsp | Format::CSwsp | Format::CSdsp | Format::CFsdsp
    );
    !by_stack && !matches!(format, Format::Jalr | Format::AmoPair) && format.operands().contains("(rs1)")
}

/// The instructions of a twin's function: words only, which raise no exception.
pub(super) fn twin_function(w: &mut Writer) -> Vec<Inst> {
    let count = 3 + w.rng.below(40) as usize;
    let all = std::iter::repeat_with(|| plain(&mut w.rng, w.extensions));
    all.filter(|inst| inst.size() == 4).take(count).collect()
}
