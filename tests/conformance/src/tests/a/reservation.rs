//! Load-reserved and store-conditional.

use iss::variant::MisalignedAtomic;

use crate::prelude::*;

const ORDERS: [Order; 4] = [Order::Plain, Order::Rl, Order::Aq, Order::AqRl];

conformance_tests! {
    /// LR loads, words sign-extended; SC to the same address stores and says 0.
    lr_and_sc
    [rules "lr_w_op" "sc_w_success" "lr_sc_rv64" "lrsc_same_address_and_size"]
    |p| {
        let page = p.page();
        for order in ORDERS {
            p.store(page, 0x1234_5678_89ab_cdef);
            p.li(A1, page).li(A2, 0xaaaa_bbbb_7654_3210).lr_w(A0, A1, order).sc_w(A3, A2, A1, order);
            p.check_eq(A0, 0xffff_ffff_89ab_cdef, "the word");
            p.check_eq(A3, 0, "what SC.W says");
            p.check_memory(page, 0x1234_5678_7654_3210, "memory after SC.W");
            p.lr_d(A0, A1, order).sc_d(A3, A2, A1, order);
            p.check_eq(A0, 0x1234_5678_7654_3210, "the doubleword");
            p.check_eq(A3, 0, "what SC.D says");
            p.check_memory(page, 0xaaaa_bbbb_7654_3210, "memory after SC.D");
        }
    }

    /// Without a reservation SC fails: it stores nothing, and says 1.
    sc_without_reservation
    [rules "sc_w_failure" "sc_failure_code" "sc_reservation_invalidate" "sc_intervening_sc_fail" "sc_success_conditions"]
    |p| {
        let page = p.page();
        p.store(page, 7);
        p.li(A1, page).li(A2, 9).li(A5, page + 8);
        // The first of these ends what reservation there may be; each of the others ends the one before.
        p.sc_d(A3, A2, A1, Order::Plain);
        p.store(page, 7);
        for spoiler in [A1, A5] {
            p.lr_d(A0, A1, Order::Plain).sc_d(A4, A2, spoiler, Order::Plain);
            p.store(page, 7);
            p.sc_d(A3, A2, A1, Order::Plain);
            p.check_eq(A3, 1, "what an SC.D after another says");
            p.check_memory(page, 7, "memory");
            p.lr_w(A0, A1, Order::Plain).sc_w(A4, A2, spoiler, Order::Plain);
            p.store(page, 7);
            p.sc_w(A3, A2, A1, Order::Plain);
            p.check_eq(A3, 1, "what an SC.W after another says");
            p.check_memory(page, 7, "memory");
        }
    }

    /// The last LR alone counts: an SC to an earlier one, far away, fails.
    sc_pairs_with_the_latest_lr
    [rules "sc_pairs_latest_lr" "sc_addr_not_in_reservation_fail" "LR_RESERVATION_SET_SIZE"]
    |p| {
        let (first, second) = (p.page(), p.page());
        p.li(A1, first).li(A2, second).li(A4, 5);
        p.lr_d(A0, A1, Order::Plain).lr_d(A0, A2, Order::Plain).sc_d(A3, A4, A1, Order::Plain);
        p.check_eq(A3, 1, "what SC to the first address says");
        p.check_memory(first, 0, "memory at the first address");
        p.lr_d(A0, A1, Order::Plain).lr_d(A0, A2, Order::Plain).sc_d(A3, A4, A2, Order::Plain);
        p.check_eq(A3, 0, "what SC to the second address says");
        p.check_memory(second, 5, "memory at the second address");
        // The set has all bytes of the word or doubleword.
        p.lr_d(A0, A1, Order::Plain).sc_d(A3, A4, A1, Order::Plain);
        p.check_eq(A3, 0, "what SC to all of them says");
    }

    /// An SC that would fail is checked as one that would not: without the permission to write it does not retire.
    sc_permissions
    [rules "sc_retire_permission"]
    |p| {
        let (page, table) = (p.page(), p.s_stage(&SV39));
        p.map(table, SPARE, page, flags("rad"));
        p.in_mode(Mode::HS, |p| {
            p.li(A1, SPARE).li(A3, 77);
            for reserved in [false, true] {
                if reserved {
                    p.lr_d(A0, A1, Order::Plain);
                }
                let fault = trap(Exception::StorePageFault, Mode::M).tval(SPARE).tinst_transformed(0);
                p.expect_trap(fault, |p| {
                    p.sc_d(A3, A2, A1, Order::Plain);
                });
                p.check_eq(A3, 77, "rd");
            }
        });
    }

    /// An address that is not a multiple of the size traps, as address misaligned or as access fault.
    misaligned_lr_and_sc
    [rules "LR_SC_ALIGNMENT"]
    [cpus "misaligned-amo=access"]
    |p| {
        let page = p.page();
        let (load, store) = match p.cpu().misaligned_atomic {
            MisalignedAtomic::Address => (Exception::LoadAddrMisaligned, Exception::StoreAddrMisaligned),
            MisalignedAtomic::Access => (Exception::LoadAccessFault, Exception::StoreAccessFault),
        };
        for offset in [1, 2, 3, 4, 7] {
            p.li(A1, page + offset);
            let fault = |exception| trap(exception, Mode::M).tval(page + offset).tinst_transformed(0);
            if offset != 4 {
                p.expect_trap(fault(load), |p| {
                    p.lr_w(A0, A1, Order::Plain);
                });
                p.expect_trap(fault(store), |p| {
                    p.sc_w(A0, A2, A1, Order::Plain);
                });
            }
            p.expect_trap(fault(load), |p| {
                p.lr_d(A0, A1, Order::Plain);
            });
            p.expect_trap(fault(store), |p| {
                p.sc_d(A0, A2, A1, Order::Plain);
            });
        }
    }

    /// A loop of sixteen instructions of the base, some of them compressed, with its retry, succeeds in the end.
    constrained_loop
    [rules "constrained_lrsc_loop_size" "constrained_lrsc_instruction_set" "constrained_lrsc_compressed_allowed" "constrained_lrsc_retry_code" "constrained_lrsc_forward_progress" "lr_sc_atomicity_axiom"]
    |p| {
        let page = p.page();
        p.store(page, 5);
        p.li(A1, page).li(A4, 0);
        let retry = p.here();
        let skipped = p.label();
        p.lr_d(A0, A1, Order::Plain);
        p.addi(A2, A0, 1).xori(A2, A2, 0).slli(A2, A2, 1).c_addi(A2, 3).c_mv(A3, A2).add(A2, A2, ZERO);
        p.lui(A5, 1).sub(A5, A5, A5).or(A2, A2, A5).beq(A2, ZERO, skipped).sltu(A5, ZERO, A2).and(A5, A5, A5);
        p.place(skipped);
        p.addi(A2, A2, 0).sc_d(A4, A2, A1, Order::Plain).bnez(A4, retry);
        p.check_eq(A4, 0, "what the last SC says");
        p.check_memory(page, 15, "memory");
        // Again, so that there is more than luck.
        p.li(A3, 100);
        let again = p.here();
        p.lr_w(A0, A1, Order::AqRl).c_addi(A0, 1).sc_w(A4, A0, A1, Order::AqRl).bnez(A4, again);
        p.addi(A3, A3, -1).bnez(A3, again);
        p.check_memory(page, 115, "memory after a hundred times");
    }
}
