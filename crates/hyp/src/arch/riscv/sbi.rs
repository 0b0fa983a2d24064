//! Calls to the firmware below. SBI, "Binary Encoding", "Timer Extension" and "RFENCE Extension".

use core::arch::asm;

const TIME: u64 = 0x5449_4d45;
const SET_TIMER: u64 = 0;

const RFENCE: u64 = 0x5246_4e43;
const REMOTE_HFENCE_GVMA_VMID: u64 = 3;
const REMOTE_HFENCE_GVMA: u64 = 4;

/// A hart mask base that stands for every hart, and a size that stands for every address.
const ALL: u64 = u64::MAX;

/// Makes the timer interrupt pending at `time`, and not before.
pub(super) fn set_timer(time: u64) {
    call("set its timer", TIME, SET_TIMER, [time, 0, 0, 0, 0]);
}

/// Has every hart forget all G-stage translations.
pub(super) fn hfence_gvma() {
    call("fence other harts", RFENCE, REMOTE_HFENCE_GVMA, [0, ALL, 0, ALL, 0]);
}

/// Has every hart forget G-stage translations of one virtual machine.
pub(super) fn hfence_gvma_vmid(start: u64, size: u64, vmid: u16) {
    call("fence other harts", RFENCE, REMOTE_HFENCE_GVMA_VMID, [0, ALL, start, size, vmid.into()]);
}

/// Makes a call that must succeed.
///
/// # Panics
/// Where it does not: without it, guests would keep what they must not have.
fn call(what: &str, extension: u64, function: u64, [a0, a1, a2, a3, a4]: [u64; 5]) {
    let error: i64;
    // SAFETY: the SBI preserves all registers but a0 and a1, and these calls touch no memory of ours.
    unsafe {
        asm!(
            "ecall",
            inlateout("a0") a0 => error,
            inlateout("a1") a1 => _,
            in("a2") a2,
            in("a3") a3,
            in("a4") a4,
            in("a6") function,
            in("a7") extension,
        );
    }
    assert!(error == 0, "the firmware cannot {what}: it answers {error}; use firmware whose SBI can");
}
