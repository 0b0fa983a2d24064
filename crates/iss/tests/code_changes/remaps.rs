//! Code at an address that is mapped to another page: with a fence the new page is executed at once, without one
//! as long as the translation cache says so.

use isa::Mode;
use isa::asm::prelude::*;
use isa::paging::{Pte, SV39, SV39X4};
use iss::Variant;
use iss::variant::TlbPolicy;

use crate::twins::{BASE, Side, Twins};
use crate::{OTHER_PAGE, RUNS, STEPS, assemble, counting, length, result, stop};

/// The pages that the function is mapped to in turn.
const PAGES: [u64; 2] = [OTHER_PAGE, OTHER_PAGE + 0x1000];

/// Where the function is, as virtual address and as guest physical one.
const FUNCTION: u64 = 0x4000_3000;

/// What a guest asks is answered here.
const HYPERVISOR: u64 = BASE + 0x800;

/// How often the mapping is changed, and how often the function is called each time.
const ROUNDS: u64 = 20;
const CALLS: u64 = 3;

/// Permissions of a page of the supervisor, and of the G stage.
const FLAGS: u64 = 0xcf;
const GUEST_FLAGS: u64 = 0xdf;

/// The registers of every program: the address of the entry, what toggles it, and the function.
const ENTRY: Reg = S4;
const TOGGLE: Reg = S5;
const TARGET: Reg = S6;

/// What a program adds up where the new page is executed in each round, and where the old one is for ever.
const FRESH: u64 = CALLS * ROUNDS / 2 * (STEPS[0] + STEPS[1]) as u64;
const STALE: u64 = CALLS * ROUNDS * STEPS[0] as u64;

/// What changes a mapping: its name, the instructions, and whether they include a fence that makes it known.
type Change<'a> = (&'a str, &'a dyn Fn(&mut Asm), bool);

/// Who changes the mapping.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Who {
    /// The program, before it calls the function a few times.
    Caller,
    /// The function itself, in the first call of a round: what follows is of the other page.
    Function,
}

/// A loop in which the function is called, the mapping of which changes. The first call comes before.
fn program(who: Who, change: &dyn Fn(&mut Asm)) -> Vec<u8> {
    assemble(|a| {
        a.jalr(RA, 0, TARGET).li(A0, 0).li(S2, ROUNDS);
        let again = a.here();
        if who == Who::Caller {
            change(a);
        }
        // The first call looks into the page tables; the others do not, and skip what changes them.
        a.jalr(RA, 0, TARGET);
        for _ in 1..CALLS {
            a.jalr(RA, if who == Who::Function { length(change) } else { 0 }, TARGET);
        }
        a.addi(S2, S2, -1).bnez(S2, again);
        stop(a);
        a.space((HYPERVISOR - a.pc()) as usize);
        toggle(a);
        let fenced = a.label();
        a.beqz(T5, fenced).hfence_gvma(ZERO, ZERO).hfence_vvma(ZERO, ZERO);
        a.place(fenced);
        a.csrr(T0, csr::sepc::NUMBER).addi(T0, T0, 4).csrw(csr::sepc::NUMBER, T0).sret();
    })
}

/// Toggles the entry.
fn toggle(a: &mut Asm) {
    a.ld(T0, 0, ENTRY).xor(T0, T0, TOGGLE).sd(T0, 0, ENTRY);
}

/// Lets the program that `change` is part of run in `mode` on a machine that `set_up` has set up, which returns where
/// the entry is and what toggles it; returns a0.
fn run(
    policy: TlbPolicy,
    mode: Mode,
    who: Who,
    change: &dyn Fn(&mut Asm),
    set_up: impl Fn(&mut Side) -> (u64, u64),
    at_once: u64,
) -> u64 {
    let mut twins = Twins::new(Variant { tlb: policy, ..Variant::default() });
    twins.load(BASE, &program(who, change));
    for (n, page) in PAGES.into_iter().enumerate() {
        let mut function = Asm::new(page);
        if who == Who::Function {
            change(&mut function);
        }
        function.word(counting(n)).ret();
        twins.load(page, &function.finish().expect("the function assembles"));
    }
    twins.each(|side| {
        side.set(csr::medeleg::NUMBER, u64::MAX);
        side.set(csr::stvec::NUMBER, HYPERVISOR);
        let (entry, toggle) = set_up(side);
        side.harts[0].set_x(ENTRY.into(), entry);
        side.harts[0].set_x(TOGGLE.into(), toggle);
        side.harts[0].set_x(TARGET.into(), FUNCTION);
    });
    result(&mut twins, mode, 3000, at_once)
}

/// Checks what comes of each of `changes` under every policy.
fn check(mode: Mode, changes: &[Change], set_up: impl Fn(&mut Side) -> (u64, u64)) {
    for (name, change, fenced) in changes {
        for policy in [TlbPolicy::Exact, TlbPolicy::None, TlbPolicy::Sticky] {
            for (who, at_once) in RUNS.into_iter().flat_map(|n| [(Who::Caller, n), (Who::Function, n)]) {
                let a0 = run(policy, mode, who, *change, &set_up, at_once);
                let expected = if *fenced || policy == TlbPolicy::None { FRESH } else { STALE };
                assert_eq!(a0, expected, "{name} by {who:?} in {mode}, {policy:?}, {at_once} steps at once");
            }
        }
    }
}

/// The entries of both pages, to toggle between them.
fn between(flags: u64) -> u64 {
    Pte::leaf(PAGES[0], flags).0 ^ Pte::leaf(PAGES[1], flags).0
}

/// The root of tables that map main memory to itself, and the function to the first page; and where its entry is.
fn first_stage(side: &mut Side, leaf: Pte) -> (u64, u64) {
    let root = side.new_root();
    side.map(&SV39, root, BASE, 2, Pte::leaf(BASE, FLAGS));
    let entry = side.map(&SV39, root, FUNCTION, 0, leaf);
    (csr::satp::MODE.of(8) | root >> 12, entry)
}

fn guest_stage(side: &mut Side) -> (u64, u64) {
    let root = side.new_root();
    side.map(&SV39X4, root, BASE, 2, Pte::leaf(BASE, GUEST_FLAGS));
    let entry = side.map(&SV39X4, root, FUNCTION, 0, Pte::leaf(PAGES[0], GUEST_FLAGS));
    (csr::hgatp::MODE.of(8) | root >> 12, entry)
}

/// Fences of the first stage, as the program that they are about executes them, and whether they concern the function.
const FENCES: [Change; 7] = [
    ("no fence", &toggle, false),
    (
        "FENCE.I",
        &|a| {
            toggle(a);
            a.fence_i();
        },
        false,
    ),
    (
        "SFENCE.VMA",
        &|a| {
            toggle(a);
            a.sfence_vma(ZERO, ZERO);
        },
        true,
    ),
    (
        "SFENCE.VMA of the page",
        &|a| {
            toggle(a);
            a.addi(T1, TARGET, 8).sfence_vma(T1, ZERO);
        },
        true,
    ),
    (
        "SFENCE.VMA of another page",
        &|a| {
            toggle(a);
            a.li(T1, FUNCTION + 0x1000).sfence_vma(T1, ZERO);
        },
        false,
    ),
    (
        "SFENCE.VMA of another address space",
        &|a| {
            toggle(a);
            a.li(T1, 7).sfence_vma(ZERO, T1);
        },
        false,
    ),
    (
        "SINVAL.VMA of the page in the address space",
        &|a| {
            toggle(a);
            a.sfence_w_inval().li(T1, 5).sinval_vma(TARGET, T1).sfence_inval_ir();
        },
        true,
    ),
];

#[test]
fn an_entry_of_the_first_stage_changes() {
    check(Mode::HS, &FENCES, |side| {
        let (satp, entry) = first_stage(side, Pte::leaf(PAGES[0], FLAGS));
        side.set(csr::satp::NUMBER, satp | csr::satp::ASID.of(5));
        (entry, between(FLAGS))
    });
}

#[test]
fn an_entry_of_the_vs_stage_changes() {
    check(Mode::VS, &FENCES, |side| {
        let (vsatp, entry) = first_stage(side, Pte::leaf(PAGES[0], FLAGS));
        side.set(csr::vsatp::NUMBER, vsatp | csr::satp::ASID.of(5));
        let (hgatp, _) = guest_stage(side);
        side.set(csr::hgatp::NUMBER, hgatp);
        (entry, between(FLAGS))
    });
}

/// Toggles the entry by a call of the hypervisor, which executes fences of both guest stages if t5 is not zero.
fn ask(a: &mut Asm, fences: bool) {
    a.li(T5, fences.into()).ecall();
}

const ASKED: [Change; 3] = [
    ("no fence", &|a| ask(a, false), false),
    ("HFENCE", &|a| ask(a, true), true),
    (
        "SFENCE.VMA by the guest",
        &|a| {
            ask(a, false);
            a.sfence_vma(ZERO, ZERO);
        },
        false,
    ),
];

#[test]
fn an_entry_of_the_g_stage_changes_under_a_guest() {
    check(Mode::VS, &ASKED, |side| {
        let (hgatp, entry) = guest_stage(side);
        side.set(csr::hgatp::NUMBER, hgatp);
        (entry, between(GUEST_FLAGS))
    });
}

#[test]
fn an_entry_of_the_g_stage_changes_under_a_guest_with_tables() {
    check(Mode::VS, &ASKED, |side| {
        let (vsatp, _) = first_stage(side, Pte::leaf(FUNCTION, FLAGS));
        side.set(csr::vsatp::NUMBER, vsatp);
        let (hgatp, entry) = guest_stage(side);
        side.set(csr::hgatp::NUMBER, hgatp);
        (entry, between(GUEST_FLAGS))
    });
}

/// Two address spaces with tables of their own: changing between them needs no fence, unless both have one number.
#[test]
fn the_address_space_changes() {
    for (asid, fresh) in [(1, true), (0, false)] {
        for mode in [Mode::HS, Mode::VS] {
            let change: &dyn Fn(&mut Asm) = &|a| {
                a.csrr(T0, csr::satp::NUMBER).xor(T0, T0, TOGGLE).csrw(csr::satp::NUMBER, T0);
            };
            let changes = [("another satp", change, fresh)];
            check(mode, &changes, |side| {
                let [first, second] = PAGES.map(|page| first_stage(side, Pte::leaf(page, FLAGS)).0);
                let number = if mode == Mode::HS { csr::satp::NUMBER } else { csr::vsatp::NUMBER };
                side.set(number, first);
                (0, first ^ (second | csr::satp::ASID.of(asid)))
            });
        }
    }
}
