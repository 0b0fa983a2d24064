//! Fences on other harts. SBI, "RFENCE Extension".

use core::arch::asm;
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use isa::csr::hgatp;

use super::hart_mask::HartMask;
use super::{Answer, Call, Error};
use crate::hart::{self, Request, State};
use crate::lock::Lock;
use crate::{csr, supervisor};

pub(crate) const ID: usize = 0x5246_4e43;

const PAGE: usize = 4096;
/// Longer ranges are fenced as a whole address space, which is cheaper than page by page.
const MAX_PAGES: usize = 64;

/// The fences, with the extension's function numbers.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Kind {
    Instruction = 0,
    Sfence = 1,
    SfenceAsid = 2,
    HfenceGvmaVmid = 3,
    HfenceGvma = 4,
    HfenceVvmaAsid = 5,
    HfenceVvma = 6,
}

/// A fence: what kind, over which addresses, and for which ASID or VMID if the kind asks for one.
#[derive(Clone, Copy)]
pub(crate) struct Fence {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) size: usize,
    pub(crate) space: usize,
}

/// The fence that harts are asked to perform: one sender at a time holds the lock.
static SENDER: Lock = Lock::new();
static KIND: AtomicU8 = AtomicU8::new(0);
static START: AtomicUsize = AtomicUsize::new(0);
static SIZE: AtomicUsize = AtomicUsize::new(0);
static SPACE: AtomicUsize = AtomicUsize::new(0);
/// The sender's `hgatp`, whose VMID an HFENCE.VVMA is about.
static SENDER_HGATP: AtomicUsize = AtomicUsize::new(0);
/// Harts that have not yet performed it.
static OUTSTANDING: AtomicUsize = AtomicUsize::new(0);

impl Kind {
    fn from_function(function: usize) -> Option<Kind> {
        Some(match function {
            0 => Kind::Instruction,
            1 => Kind::Sfence,
            2 => Kind::SfenceAsid,
            3 => Kind::HfenceGvmaVmid,
            4 => Kind::HfenceGvma,
            5 => Kind::HfenceVvmaAsid,
            6 => Kind::HfenceVvma,
            _ => return None,
        })
    }

    fn needs_h(self) -> bool {
        self as u8 >= Kind::HfenceGvmaVmid as u8
    }
}

pub(crate) fn answer(call: &Call) -> Answer {
    let [mask, base, start, size, space, _] = call.arguments;
    let kind = Kind::from_function(call.function)
        .filter(|kind| !kind.needs_h() || supervisor::features().h())
        .ok_or(Error::NotSupported)?;
    let harts = HartMask::new(mask, base)?;
    send(harts, &Fence { kind, start, size, space });
    Ok(0)
}

/// Performs `fence` on `harts` and returns when all of them have.
pub(crate) fn send(harts: HartMask, fence: &Fence) {
    // The hart that holds the lock may be waiting for this one.
    let _guard = SENDER.acquire(hart::receive);
    KIND.store(fence.kind as u8, Ordering::Relaxed);
    START.store(fence.start, Ordering::Relaxed);
    SIZE.store(fence.size, Ordering::Relaxed);
    SPACE.store(fence.space, Ordering::Relaxed);
    if fence.kind.needs_h() {
        SENDER_HGATP.store(csr::read::<{ hgatp::NUMBER }>() as usize, Ordering::Relaxed);
    }

    let me = hart::id();
    for hart_id in harts.iter() {
        if hart_id == me {
            perform_fence(fence);
        } else if matches!(hart::state(hart_id), State::Started | State::Suspended) {
            OUTSTANDING.fetch_add(1, Ordering::Relaxed);
            hart::request(hart_id, Request::Fence);
        }
    }
    while OUTSTANDING.load(Ordering::Acquire) != 0 {
        core::hint::spin_loop();
    }
}

/// Performs the fence that another hart has asked for.
pub(crate) fn perform() {
    if let Some(kind) = Kind::from_function(KIND.load(Ordering::Relaxed).into()) {
        perform_fence(&Fence {
            kind,
            start: START.load(Ordering::Relaxed),
            size: SIZE.load(Ordering::Relaxed),
            space: SPACE.load(Ordering::Relaxed),
        });
    }
    OUTSTANDING.fetch_sub(1, Ordering::Release);
}

/// Forgets everything that a fence could be about.
pub(crate) fn fence_everything() {
    fence_once(Kind::Instruction, None, None);
    fence_once(Kind::Sfence, None, None);
    if supervisor::features().h() {
        fence_once(Kind::HfenceGvma, None, None);
        fence_once(Kind::HfenceVvma, None, None);
    }
}

/// Performs a fence on this hart.
fn perform_fence(fence: &Fence) {
    let own_hgatp = is_vvma(fence.kind).then(csr::read::<{ hgatp::NUMBER }>);
    if own_hgatp.is_some() {
        csr::write::<{ hgatp::NUMBER }>(SENDER_HGATP.load(Ordering::Relaxed) as u64);
    }
    let has_space = matches!(fence.kind, Kind::SfenceAsid | Kind::HfenceGvmaVmid | Kind::HfenceVvmaAsid);
    let space = has_space.then_some(fence.space);
    match pages(fence) {
        Some(pages) => pages.for_each(|page| fence_once(fence.kind, Some(page), space)),
        None => fence_once(fence.kind, None, space),
    }
    if let Some(own) = own_hgatp {
        csr::write::<{ hgatp::NUMBER }>(own);
    }
}

fn is_vvma(kind: Kind) -> bool {
    matches!(kind, Kind::HfenceVvmaAsid | Kind::HfenceVvma)
}

/// The pages of the range, or `None` for the whole address space.
fn pages(fence: &Fence) -> Option<impl Iterator<Item = usize>> {
    if fence.size == 0 && fence.start == 0 {
        return None;
    }
    let first = fence.start / PAGE;
    let end = fence.start.checked_add(fence.size)?.div_ceil(PAGE);
    (end - first <= MAX_PAGES).then(|| (first..end).map(|page| page * PAGE))
}

/// A fence instruction with an address or `zero` in rs1, and an ASID, a VMID or `zero` in rs2.
macro_rules! fence {
    ($mnemonic:literal, $address:expr, $space:expr) => {
        match ($address, $space) {
            (None, None) => fence!(@ concat!($mnemonic, " zero, zero")),
            (Some(address), None) => fence!(@ concat!($mnemonic, " {}, zero"), in(reg) address),
            (None, Some(space)) => fence!(@ concat!($mnemonic, " zero, {}"), in(reg) space),
            (Some(address), Some(space)) => {
                fence!(@ concat!($mnemonic, " {}, {}"), in(reg) address, in(reg) space)
            }
        }
    };
    (@ $template:expr $(, in(reg) $operand:ident)*) => {
        // SAFETY: a fence forgets cached instructions or translations and changes nothing else.
        unsafe { asm!(".option push", ".option arch, +h", $template, ".option pop" $(, in(reg) $operand)*) }
    };
}

/// Executes one fence instruction of this kind.
fn fence_once(kind: Kind, address: Option<usize>, space: Option<usize>) {
    match kind {
        // SAFETY: as in the macro.
        Kind::Instruction => unsafe { asm!("fence.i") },
        Kind::Sfence | Kind::SfenceAsid => fence!("sfence.vma", address, space),
        // HFENCE.GVMA takes the guest physical address shifted right by 2.
        Kind::HfenceGvmaVmid | Kind::HfenceGvma => fence!("hfence.gvma", address.map(|a| a >> 2), space),
        Kind::HfenceVvmaAsid | Kind::HfenceVvma => fence!("hfence.vvma", address, space),
    }
}
