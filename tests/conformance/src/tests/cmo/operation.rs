//! What cache-block instructions do.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;

/// The instructions, their address in a0.
pub(super) const INVAL: u32 = 0x0005_200f;
pub(super) const CLEAN: u32 = 0x0015_200f;
pub(super) const FLUSH: u32 = 0x0025_200f;
pub(super) const ZERO_BLOCK: u32 = 0x0045_200f;
pub(super) const MANAGEMENT: [u32; 3] = [INVAL, CLEAN, FLUSH];
pub(super) const ALL: [u32; 4] = [INVAL, CLEAN, FLUSH, ZERO_BLOCK];

/// The size of a cache block in bytes: Zic64b says it.
pub(super) const BLOCK: u64 = 64;

/// Lets every mode execute all of them.
pub(super) fn permit(p: &mut Program) {
    use csr::menvcfg::{CBCFE, CBIE, CBZE};
    let all = CBIE.of(3) | CBCFE.of(1) | CBZE.of(1);
    p.set_csr(csr::menvcfg::NUMBER, all);
    p.set_csr(csr::senvcfg::NUMBER, all);
    if p.cpu().has(Ext::H) {
        p.set_csr(csr::henvcfg::NUMBER, all);
    }
}

conformance_tests! {
    /// All bytes of the block that holds the address become zero, and no others; the address may be any in the block.
    cbo_zero
    [rules "cbo-zero_op" "cbo-zero_unaligned" "cbo-zero_specified_block" "CACHE_BLOCK_SIZE" "no_addr_misaligned_excep" "cbz_access"]
    [needs Zicboz Zic64b]
    |p| {
        let page = p.page();
        for offset in [0, 1, 7, 32, 63] {
            for at in (0..3 * BLOCK).step_by(8) {
                p.store(page + at, u64::MAX);
            }
            p.li(A0, page + BLOCK + offset).word(ZERO_BLOCK);
            for at in (0..3 * BLOCK).step_by(8) {
                let expected = if at / BLOCK == 1 { 0 } else { u64::MAX };
                p.check_memory(page + at, expected, &format!("byte {at} and those after it"));
            }
            p.check_eq(A0, page + BLOCK + offset, "the address");
        }
    }

    /// What has been stored is what is loaded afterwards: there is no other agent that could have changed memory. The address may be any.
    cbo_management
    [rules "cbo-inval_op" "cbo-inval_unaligned" "cbo-clean_op" "cbo-flush_op" "cbo-flush_unaligned" "no_addr_misaligned_excep" "PPO_overlap" "cmo_invalidate_load_values" "cbm_access"]
    [needs Zicbom]
    |p| {
        let page = p.page();
        for word in [CLEAN, FLUSH, INVAL] {
            for offset in [0, 1, 13, 63] {
                p.li(A0, page + offset).li(A1, page).li(A2, u64::from(word) + offset).sd(A2, 8, A1);
                // Cleaned first, so that an invalidation cannot bring an older value back.
                p.word(CLEAN).word(word).ld(A3, 8, A1);
                p.check_eq_reg(A3, A2, "a load after it");
            }
        }
    }

    /// They change nothing and never trap, whatever the address; in any mode and whatever the environment says.
    prefetches
    [rules "prefetch-i_op" "prefetch-r_op" "prefetch-w_op" "prefetch_operating_block" "cbp_access" "cbp_unperm_noexcep"]
    [needs Zicbop]
    |p| {
        let page = p.page();
        p.store(page, 0x1234);
        // The offset, a multiple of 32, is in bits 31:25; the kind in bits 24:20.
        for kind in [0, 1, 3] {
            for offset in [0, 0x3f, 0x40, 0x7f] {
                for address in [page, page + 5, 0, u64::MAX, 1 << 63] {
                    p.li(A0, address).word(0x0005_6013 | kind << 20 | offset << 25);
                    p.check_eq(A0, address, "its base");
                }
            }
            p.in_mode(Mode::U, |p| {
                p.li(A0, 0).word(0x0005_6013 | kind << 20);
            });
        }
        p.check_memory(page, 0x1234, "memory");
    }
}
