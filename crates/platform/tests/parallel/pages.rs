//! Page tables that one hart changes under another.

use isa::asm::prelude::*;

use super::{DATA, X, Y, await_at_least, expect_at_least, hart_0_or_others, msip, repeat, run, word};

/// The page tables, of which only the first entries of each level are used.
const TABLES: u64 = DATA + 0x10_0000;
/// The pages that are mapped in turn; each begins with its number.
const PAGES: u64 = DATA + 0x20_0000;

/// Valid, readable, writable, accessed and dirty.
const LEAF: u64 = 0xc7;
const BRANCH: u64 = 1;
/// Sv39, the tables' root.
const SATP: u64 = 8 << 60 | TABLES >> 12;
/// MPP of mstatus: S-mode; and MPRV.
const AS_SUPERVISOR: u64 = 1 << 11;
const MPRV: u64 = 1 << 17;

/// Hart 0 maps one page after another at address 0 and has the others execute SFENCE.VMA by an interrupt; from then
/// on they must not see an older page.
#[test]
fn after_a_remote_sfence_no_hart_sees_an_older_page() {
    const ROUNDS: u64 = 300;
    for harts in [2, 4] {
        run(
            harts,
            |a| {
                a.li(S2, X).li(S3, Y).li(S8, 1).li(S9, msip(0)).li(S10, TABLES + 0x2000).li(S11, PAGES);
                hart_0_or_others(
                    a,
                    |a| {
                        for table in [TABLES, TABLES + 0x1000] {
                            a.li(T0, table).li(T1, (table + 0x1000) >> 2 | BRANCH).sd(T1, 0, T0);
                        }
                        map_next_page(a, false);
                        // All wait until there is something to see, and are ready when they have counted themselves.
                        a.fence(15, 15).sd(S8, 0, S2);
                        a.li(S6, harts - 1);
                        await_at_least(a, S3, S6);
                        repeat(a, ROUNDS, |a| {
                            map_next_page(a, true);
                            a.fence(1, 5);
                            for other in 1..harts {
                                a.sw(S8, 4 * other as i32, S9);
                            }
                            a.addi(S6, S6, harts as i32 - 1);
                            await_at_least(a, S3, S6);
                            a.addi(T0, S4, 1).fence(3, 3).sd(T0, 0, S2);
                        });
                    },
                    |a| {
                        await_at_least(a, S2, S8);
                        a.fence(2, 3).li(T0, SATP).csrw(csr::satp::NUMBER, T0).sfence_vma(ZERO, ZERO);
                        // Memory protection lets S-mode have everything.
                        a.li(T0, u64::MAX >> 10)
                            .csrw(csr::pmpaddr0::NUMBER, T0)
                            .csrwi(csr::pmpcfg0::NUMBER, 0x1f);
                        a.li(T0, AS_SUPERVISOR).csrs(csr::mstatus::NUMBER, T0).li(S5, MPRV);
                        a.amoadd_d(ZERO, S8, S3, Order::AqRl);
                        a.slli(T0, S0, 2).add(S9, S9, T0).li(S7, ROUNDS + 1);
                        let (again, quiet) = (a.here(), a.label());
                        a.csrr(T0, csr::mip::NUMBER).andi(T0, T0, 8).beqz(T0, quiet);
                        a.sw(ZERO, 0, S9).fence(15, 15).sfence_vma(ZERO, ZERO);
                        a.amoadd_d(ZERO, S8, S3, Order::AqRl).place(quiet);
                        a.ld(S4, 0, S2).fence(2, 2);
                        a.csrs(csr::mstatus::NUMBER, S5).ld(A0, 0, ZERO).csrc(csr::mstatus::NUMBER, S5);
                        a.addi(A0, A0, 1);
                        expect_at_least(a, A0, S4);
                        a.bne(S4, S7, again);
                    },
                );
            },
            |machine| assert_eq!(word(machine, Y), (ROUNDS + 1) * (harts - 1)),
        );
    }
}

/// Numbers the page at the address in `s11`, maps it, and goes on to the next one; `s4` is the number.
fn map_next_page(a: &mut Asm, count: bool) {
    if count {
        a.addi(S4, S4, 1);
    }
    a.sd(S4, 0, S11).fence(1, 1).srli(T0, S11, 2).ori(T0, T0, LEAF as i32).sd(T0, 0, S10);
    a.lui(T0, 1).add(S11, S11, T0);
}
