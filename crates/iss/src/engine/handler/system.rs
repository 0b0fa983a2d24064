//! CSRs that only hold a value, and the counters.
//!
//! Of the former an op has in its immediate where they are in the [`CsrFile`]: in the low half for M- and HS-mode, in
//! the high half for VS-mode, which has another register by the same name; and in its second register the modes
//! that may access it.

use std::mem::offset_of;

use isa::csr;
use isa::ext::{Ext, ExtSet};
use isa::{Inst, Mode, Op as I, Privilege};

use super::{Step, set_x, x};
use crate::csr::CsrFile;
use crate::csr::counters::{CYCLE, INSTRET};
use crate::csr::legalize::SSTATUS_VISIBLE;
use crate::engine::handler::slow::slow;
use crate::engine::op::{Handler, Next, Op, go, header};
use crate::engine::view::Line;
use crate::hart::Hart;

/// Modes, as bits by [`Mode::index`].
const fn modes(modes: &[Mode]) -> u8 {
    let (mut bits, mut n) = (0, 0);
    while n < modes.len() {
        bits |= 1 << modes[n].index();
        n += 1;
    }
    bits
}

const MACHINE: u8 = modes(&[Mode::M]);
const HYPERVISOR: u8 = modes(&[Mode::M, Mode::HS]);
const SUPERVISOR: u8 = modes(&[Mode::M, Mode::HS, Mode::VS]);

/// Where a CSR is, and who may access it.
pub(in crate::engine) struct Place {
    /// The immediate of its ops.
    pub(in crate::engine) imm: i32,
    /// The second register of its ops.
    pub(in crate::engine) modes: u8,
}

macro_rules! place {
    ($field:ident, $modes:expr) => {
        place!($field, $field, $modes, true)
    };
    ($own:ident, $guests:ident, $modes:expr, $writable:expr) => {
        Some((
            Place {
                imm: (offset_of!(CsrFile, $own) | offset_of!(CsrFile, $guests) << 16) as i32,
                modes: $modes,
            },
            $writable,
        ))
    };
}

/// The place of the CSR that `inst` accesses on a hart with `extensions`, where it only holds a value and `inst` does
/// no more than swap or read it.
pub(in crate::engine) fn plain(inst: &Inst, extensions: ExtSet) -> Option<Place> {
    let reads = matches!(inst.op, I::csrrs | I::csrrc) && inst.rs1 == 0;
    let (place, writable) = match inst.imm as u16 {
        csr::sscratch::NUMBER => place!(sscratch, vsscratch, SUPERVISOR, true),
        csr::sepc::NUMBER => place!(sepc, vsepc, SUPERVISOR, true),
        csr::scause::NUMBER => place!(scause, vscause, SUPERVISOR, true),
        csr::stval::NUMBER => place!(stval, vstval, SUPERVISOR, true),
        csr::stvec::NUMBER => place!(stvec, vstvec, SUPERVISOR, false),
        csr::vsscratch::NUMBER => place!(vsscratch, HYPERVISOR),
        csr::vsepc::NUMBER => place!(vsepc, HYPERVISOR),
        csr::vscause::NUMBER => place!(vscause, HYPERVISOR),
        csr::vstval::NUMBER => place!(vstval, HYPERVISOR),
        csr::vsstatus::NUMBER => place!(vsstatus, vsstatus, HYPERVISOR, false),
        csr::vstvec::NUMBER => place!(vstvec, vstvec, HYPERVISOR, false),
        csr::vsatp::NUMBER => place!(vsatp, vsatp, HYPERVISOR, false),
        csr::htval::NUMBER => place!(htval, HYPERVISOR),
        csr::htinst::NUMBER => place!(htinst, HYPERVISOR),
        csr::hstatus::NUMBER => place!(hstatus, hstatus, HYPERVISOR, false),
        csr::mscratch::NUMBER => place!(mscratch, MACHINE),
        csr::mepc::NUMBER => place!(mepc, MACHINE),
        csr::mcause::NUMBER => place!(mcause, MACHINE),
        csr::mtval::NUMBER => place!(mtval, MACHINE),
        csr::mstatus::NUMBER => place!(mstatus, mstatus, MACHINE, false),
        _ => None,
    }?;
    let is_there = place.modes != HYPERVISOR || extensions.has(Ext::H);
    (is_there && (reads || inst.op == I::csrrw && writable)).then_some(place)
}

/// Whether `inst` swaps a CSR that holds addresses of instructions, of which bit 0 is always zero.
pub(in crate::engine) fn is_epc(inst: &Inst) -> bool {
    [csr::sepc::NUMBER, csr::vsepc::NUMBER, csr::mepc::NUMBER].contains(&(inst.imm as u16))
}

/// The CSR of an op, if the current mode may access it.
#[inline(always)]
unsafe fn field(hart: &mut Hart, op: *const Op) -> Option<*mut u64> {
    // SAFETY: `op` points to an op whose immediate has offsets of `u64` fields of the CSR file.
    unsafe {
        let mode = hart.engine.hot.mode;
        if (*op).b >> mode & 1 == 0 {
            return None;
        }
        let imm = (*op).imm as u32;
        let offset = if usize::from(mode) == Mode::VS.index() { imm >> 16 } else { imm & 0xffff };
        Some((&raw mut hart.csr).byte_add(offset as usize).cast())
    }
}

/// CSRRS and CSRRC that only read.
pub(in crate::engine) struct ReadCsr;

impl Step for ReadCsr {
    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, _: u64, _: u64, _: *const Line) -> Option<u64> {
        // SAFETY: passed on.
        unsafe {
            let value = *field(hart, op)?;
            set_x(hart, (*op).rd, value);
            Some(value)
        }
    }
}

/// CSRRW of a value of which the bits of `KEPT` are kept.
pub(in crate::engine) struct SwapCsr<const KEPT: u64>;

impl<const KEPT: u64> Step for SwapCsr<KEPT> {
    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, _: u64, _: u64, _: *const Line) -> Option<u64> {
        // SAFETY: passed on.
        unsafe {
            let field = field(hart, op)?;
            let (old, new) = (*field, x(hart, (*op).a));
            *field = new & KEPT;
            set_x(hart, (*op).rd, old);
            Some(old)
        }
    }
}

/// Whether `inst` sets or clears bits of `sstatus`: mostly SIE alone, which Linux does at every turn.
pub(in crate::engine) fn changes_status(inst: &Inst) -> bool {
    let changes = matches!(inst.op, I::csrrs | I::csrrc | I::csrrsi | I::csrrci);
    changes && inst.rs1 != 0 && inst.imm as u16 == csr::sstatus::NUMBER
}

/// CSRRS and CSRRC, or CSRRSI and CSRRCI, of no other bit of `sstatus` than SIE. Where SIE rises, [`raise_sie`] has a
/// look at the interrupts first.
pub(in crate::engine) struct ChangeSie<const SETS: bool, const IMMEDIATE: bool>;

impl<const SETS: bool, const IMMEDIATE: bool> Step for ChangeSie<SETS, IMMEDIATE> {
    const OTHERWISE: Handler = if SETS { raise_sie::<IMMEDIATE> } else { slow };

    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, _: u64, _: u64, _: *const Line) -> Option<u64> {
        // SAFETY: passed on.
        unsafe {
            let change = sie_change::<IMMEDIATE>(hart, op)?;
            let (status, visible) = status(hart)?;
            let old = *status;
            if !SETS {
                *status = old & !change;
            } else if change & !old != 0 {
                return None;
            }
            set_x(hart, (*op).rd, old & visible);
            Some(old & visible)
        }
    }
}

/// What an op sets or clears, if that is no other bit than SIE.
#[inline(always)]
unsafe fn sie_change<const IMMEDIATE: bool>(hart: &Hart, op: *const Op) -> Option<u64> {
    // SAFETY: passed on.
    let change = unsafe { if IMMEDIATE { (*op).a.into() } else { x(hart, (*op).a) } };
    (change & !csr::sstatus::SIE.mask() == 0).then_some(change)
}

/// The register that `sstatus` is in HS- and VS-mode, and what is seen of it.
#[inline(always)]
fn status(hart: &mut Hart) -> Option<(&mut u64, u64)> {
    let mode = usize::from(hart.engine.hot.mode);
    if mode == Mode::HS.index() {
        Some((&mut hart.csr.mstatus, SSTATUS_VISIBLE))
    } else if mode == Mode::VS.index() {
        Some((&mut hart.csr.vsstatus, u64::MAX))
    } else {
        None
    }
}

/// CSRRS, or CSRRSI, that sets SIE, where no interrupt waits for that and SDT does not keep it from being set.
///
/// # Safety
/// As for [`Step::step`].
unsafe extern "C" fn raise_sie<const IMMEDIATE: bool>(
    hart: &mut Hart,
    op: *const Op,
    acc: u64,
    va: u64,
    budget: i64,
    lines: *const Line,
) -> Next {
    // SAFETY: `op` belongs to a block.
    unsafe {
        let waits = hart.has_wakeup();
        if let (Some(change), false) = (sie_change::<IMMEDIATE>(hart, op), waits)
            && let Some((status, visible)) = status(hart)
            && !csr::sstatus::SDT.is_set(*status)
        {
            let old = *status;
            *status = old | change;
            set_x(hart, (*op).rd, old & visible);
            return go(hart, op.add(1), old & visible, va, budget, lines);
        }
        slow(hart, op, acc, va, budget, lines)
    }
}

/// The bit of `time` in `mcounteren`.
const TIME: u64 = 1 << 1;

/// Whether `inst` only reads `cycle`, `time` or `instret`, on a hart with `extensions`.
pub(in crate::engine) fn reads_counter(inst: &Inst, extensions: ExtSet) -> bool {
    let counters = [csr::cycle::NUMBER, csr::time::NUMBER, csr::instret::NUMBER];
    let only_reads = inst.op == I::csrrs && inst.rs1 == 0;
    only_reads && counters.contains(&(inst.imm as u16)) && extensions.has(Ext::Zicntr)
}

/// RDCYCLE, RDTIME and RDINSTRET: the handler of an op that has the counter's number as its second register.
///
/// # Safety
/// As for [`Step::step`].
pub(in crate::engine) unsafe extern "C" fn read_counter(
    hart: &mut Hart,
    op: *const Op,
    acc: u64,
    va: u64,
    budget: i64,
    lines: *const Line,
) -> Next {
    // SAFETY: `op` belongs to a block.
    unsafe {
        let n = usize::from((*op).b);
        if hart.engine.hot.counters >> n & 1 == 0 {
            return slow(hart, op, acc, va, budget, lines);
        }
        let left = budget + i64::from((*header(op)).len - (*op).n);
        let taken = hart.engine.hot.end - left;
        let value = if 1 << n == TIME {
            hart.time(hart.mode().virt).wrapping_add(hart.clock.ticks(taken as u64))
        } else {
            (*hart.csr.counters.get_unchecked(n)).wrapping_add((taken - hart.engine.hot.accounted) as u64)
        };
        set_x(hart, (*op).rd, value);
        go(hart, op.add(1), value, va, budget, lines)
    }
}

impl Hart {
    /// The counters that the current mode may read, of those that [`read_counter`] knows and that count now.
    pub(in crate::engine) fn readable_counters(&self) -> u64 {
        let (mode, c) = (self.mode(), &self.csr);
        let [cycle, instret] = self.counting_step();
        // Real time has to be asked for.
        let time = if self.parallel { 0 } else { TIME };
        let counts = u64::from(cycle != 0) << CYCLE | time | u64::from(instret != 0) << INSTRET;
        let enabled = |set: bool, enables: u64| if set { enables } else { u64::MAX };
        counts
            & enabled(mode != Mode::M, c.mcounteren)
            & enabled(mode.virt, c.hcounteren)
            & enabled(mode.privilege == Privilege::U, c.scounteren)
    }
}
