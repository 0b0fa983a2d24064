//! Fences: a missing one is visible, and each one drops exactly its scope.
//!
//! Privileged ISA, "Supervisor Memory-Management Fence Instruction", "Hypervisor Memory-Management Fence
//! Instructions" and "Svinval".

use isa::paging::{Pte, SV39, SV39X4, Scheme};
use isa::{Inst, Mode, Op, csr};
use iss::Variant;
use iss::variant::TlbPolicy;

use crate::machine::Machine;
use crate::ram_only::BASE;

/// What the tables map to at first, and after they have changed.
const OLD: u64 = BASE + (16 << 20);
const NEW: u64 = BASE + (32 << 20);

const PAGE: u64 = 0x1000;
const GLOBAL: u64 = 0x3000;
/// The first and the last page of a NAPOT range of 64 KiB.
const NAPOT: [u64; 2] = [0x1_0000, 0x1_f000];
/// The first and the last page of a superpage of 2 MiB.
const SUPER: [u64; 2] = [0x20_0000, 0x3f_f000];
const PAGES: [u64; 6] = [PAGE, GLOBAL, NAPOT[0], NAPOT[1], SUPER[0], SUPER[1]];

/// The stage whose tables change.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Changed {
    /// That of `satp`.
    Single,
    /// That of `vsatp`, under a G stage that stays.
    Vs,
    /// That of `hgatp`, with `vsatp` Bare.
    G,
}

/// A page as it is seen in one address space of one virtual machine.
#[derive(Clone, Copy, PartialEq, Debug)]
struct View {
    page: u64,
    asid: u64,
    vmid: u64,
}

impl View {
    fn all() -> impl Iterator<Item = View> {
        let spaces = [(1, 1), (2, 1), (1, 2), (2, 2)];
        spaces.into_iter().flat_map(|(asid, vmid)| PAGES.map(|page| View { page, asid, vmid }))
    }

    fn is_global(&self) -> bool {
        self.page == GLOBAL
    }
}

/// A fence instruction, where it is executed, and what `hgatp.VMID` holds then.
#[derive(Clone, Copy, Debug)]
struct Fence {
    op: Op,
    mode: Mode,
    rs1: Option<u64>,
    rs2: Option<u64>,
    vmid: u64,
}

struct Tables {
    m: Machine,
    changed: Changed,
    scheme: &'static Scheme,
    root: u64,
    /// The G-stage tables under changing VS-stage tables: main memory is mapped to itself.
    identity: u64,
}

impl Tables {
    /// Tables that map [`PAGES`] to [`OLD`], all of which have been read once.
    fn new(changed: Changed, tlb: TlbPolicy, asid_len: u32) -> Tables {
        let mut m = Machine::new(Variant { tlb, asid_len, vmid_len: asid_len.min(14), ..Variant::default() });
        m.set(csr::hstatus::NUMBER, csr::hstatus::SPVP.mask());
        for page in PAGES {
            m.write(OLD + page, 1);
            m.write(NEW + page, 2);
        }
        let (root, identity) = (m.new_root(), m.new_root());
        m.map(&SV39X4, identity, BASE, 2, Pte::leaf(BASE, 0xde));
        let scheme = if changed == Changed::G { &SV39X4 } else { &SV39 };
        let mut tables = Tables { m, changed, scheme, root, identity };
        tables.map(OLD);
        for view in View::all() {
            assert_eq!(tables.read(view), 1);
        }
        tables
    }

    fn map(&mut self, to: u64) {
        let flags = if self.changed == Changed::G { 0xde } else { 0xce };
        let mut leaf = |page: u64, level: u32, pa: u64, more: u64| {
            self.m.map(self.scheme, self.root, page, level, Pte::leaf(pa, flags | more));
        };
        leaf(PAGE, 0, to + PAGE, 0);
        leaf(GLOBAL, 0, to + GLOBAL, Pte::G.mask());
        for n in 0..16 {
            leaf(NAPOT[0] + n * 0x1000, 0, to + NAPOT[0] + 0x8000, Pte::N.mask());
        }
        leaf(SUPER[0], 1, to + SUPER[0], 0);
    }

    /// What the program that `view` belongs to reads.
    fn read(&mut self, view: View) -> u64 {
        use csr::{hgatp, satp};
        let mode = satp::MODE.of(8);
        let first = mode | satp::ASID.of(view.asid) | self.root >> 12;
        let guest = mode | hgatp::VMID.of(view.vmid);
        if self.changed == Changed::Single {
            self.m.set(satp::NUMBER, first);
            return self.m.load_as_supervisor(view.page).expect("the page is mapped");
        }
        let (vsatp, hgatp) = match self.changed {
            Changed::Vs => (first, guest | self.identity >> 12),
            _ => (satp::ASID.of(view.asid), guest | self.root >> 12),
        };
        self.m.set(csr::vsatp::NUMBER, vsatp);
        self.m.set(hgatp::NUMBER, hgatp);
        self.m.load_as_guest(view.page).expect("the page is mapped")
    }

    fn execute(&mut self, fence: Fence) {
        self.m.set(csr::satp::NUMBER, 0);
        self.m.set(csr::vsatp::NUMBER, 0);
        self.m.set(csr::hgatp::NUMBER, csr::hgatp::VMID.of(fence.vmid));
        self.m.hart.set_x(10, fence.rs1.unwrap_or(0));
        self.m.hart.set_x(11, fence.rs2.unwrap_or(0));
        let register = |operand: Option<u64>, n: u8| operand.map_or(0, |_| n);
        let inst = Inst { rs1: register(fence.rs1, 10), rs2: register(fence.rs2, 11), ..Inst::new(fence.op) };
        self.m.execute(fence.mode, inst).expect("the fence is allowed");
    }
}

/// Changes the tables, executes the fence, and compares what is read with what the scope of the fence says.
fn check(changed: Changed, fence: Fence, in_scope: impl Fn(View) -> bool) {
    check_with_ids(changed, fence, 14, in_scope);
}

fn check_with_ids(changed: Changed, fence: Fence, id_len: u32, in_scope: impl Fn(View) -> bool) {
    for policy in [TlbPolicy::Exact, TlbPolicy::Sticky] {
        let mut tables = Tables::new(changed, policy, id_len);
        tables.map(NEW);
        tables.execute(fence);
        for view in View::all() {
            let expected = if in_scope(view) { 2 } else { 1 };
            assert_eq!(tables.read(view), expected, "{policy:?} {changed:?} {fence:?} {view:?}");
        }
    }
}

fn fence(op: Op, mode: Mode, rs1: Option<u64>, rs2: Option<u64>) -> Fence {
    Fence { op, mode, rs1, rs2, vmid: 1 }
}

#[test]
fn a_missing_fence_is_visible_except_without_a_cache() {
    for changed in [Changed::Single, Changed::Vs, Changed::G] {
        check(changed, fence(Op::fence, Mode::M, None, None), |_| false);
        let mut tables = Tables::new(changed, TlbPolicy::None, 14);
        tables.map(NEW);
        for view in View::all() {
            assert_eq!(tables.read(view), 2, "{changed:?} {view:?}");
        }
    }
}

#[test]
fn sfence_vma_at_v_0_concerns_satp_alone() {
    for op in [Op::sfence_vma, Op::sinval_vma] {
        for mode in [Mode::M, Mode::HS] {
            let fence = |rs1, rs2| fence(op, mode, rs1, rs2);
            check(Changed::Single, fence(None, None), |_| true);
            check(Changed::Single, fence(Some(PAGE + 5), None), |view| view.page == PAGE);
            check(Changed::Single, fence(Some(NAPOT[1]), None), |view| NAPOT.contains(&view.page));
            check(Changed::Single, fence(Some(0x2f_f000), None), |view| SUPER.contains(&view.page));
            check(Changed::Single, fence(None, Some(2)), |view| view.asid == 2 && !view.is_global());
            check(Changed::Single, fence(Some(GLOBAL), Some(1)), |_| false);
            check(Changed::Single, fence(Some(GLOBAL), None), |view| view.is_global());
            check(Changed::Single, fence(Some(PAGE | 1 << 63), None), |_| false);
            check(Changed::Vs, fence(None, None), |_| false);
            check(Changed::G, fence(None, None), |_| false);
        }
    }
}

#[test]
fn vs_stage_fences_concern_the_current_vmid_alone() {
    let guest_fences = [
        (Op::sfence_vma, Mode::VS),
        (Op::sinval_vma, Mode::VS),
        (Op::hfence_vvma, Mode::HS),
        (Op::hfence_vvma, Mode::M),
        (Op::hinval_vvma, Mode::HS),
    ];
    for (op, mode) in guest_fences {
        for vmid in [1, 2] {
            let fence = |rs1, rs2| Fence { vmid, ..fence(op, mode, rs1, rs2) };
            let mine = move |view: View| view.vmid == vmid;
            check(Changed::Vs, fence(None, None), mine);
            check(Changed::Vs, fence(Some(PAGE), None), |view| mine(view) && view.page == PAGE);
            check(Changed::Vs, fence(Some(NAPOT[0]), None), |view| mine(view) && NAPOT.contains(&view.page));
            check(Changed::Vs, fence(Some(SUPER[1]), None), |view| mine(view) && SUPER.contains(&view.page));
            check(Changed::Vs, fence(None, Some(1)), |view| {
                mine(view) && view.asid == 1 && !view.is_global()
            });
            check(Changed::Vs, fence(Some(PAGE), Some(2)), |view| {
                mine(view) && view.asid == 2 && view.page == PAGE
            });
            check(Changed::Vs, fence(Some(GLOBAL), Some(2)), |_| false);
            check(Changed::Single, fence(None, None), |_| false);
        }
    }
}

/// Where `vsatp` is Bare there is nothing that a fence of the VS stage could be about: a hypervisor that
/// forgets HFENCE.GVMA is not saved by its guest.
#[test]
fn vs_stage_fences_leave_a_lone_g_stage_alone() {
    check(Changed::G, fence(Op::hfence_vvma, Mode::HS, None, None), |_| false);
    check(Changed::G, fence(Op::sfence_vma, Mode::VS, None, None), |_| false);
}

#[test]
fn g_stage_fences_take_a_shifted_address_and_a_vmid() {
    for (op, mode) in [(Op::hfence_gvma, Mode::HS), (Op::hfence_gvma, Mode::M), (Op::hinval_gvma, Mode::HS)] {
        let fence = |gpa: Option<u64>, vmid| fence(op, mode, gpa.map(|gpa| gpa >> 2), vmid);
        check(Changed::G, fence(None, None), |_| true);
        check(Changed::G, fence(None, Some(2)), |view| view.vmid == 2);
        check(Changed::G, fence(Some(PAGE), None), |view| view.page == PAGE);
        check(Changed::G, fence(Some(NAPOT[1]), None), |view| NAPOT.contains(&view.page));
        check(Changed::G, fence(Some(0x2f_f000), Some(2)), |view| {
            view.vmid == 2 && SUPER.contains(&view.page)
        });
        // G in a G-stage entry means nothing.
        check(Changed::G, fence(Some(GLOBAL), Some(1)), |view| view.vmid == 1 && view.is_global());
        check(Changed::Single, fence(None, None), |_| false);
    }
}

/// What is remembered of both stages together goes with either of them.
#[test]
fn a_g_stage_fence_drops_combined_translations_by_guest_physical_address() {
    let fence = |gpa: u64| fence(Op::hfence_gvma, Mode::HS, Some(gpa >> 2), None);
    check(Changed::Vs, fence(OLD + PAGE), |_| true);
    check(Changed::Vs, fence(BASE - 0x1000), |_| false);
}

/// "The implementation shall ignore bits ASIDMAX-1:ASIDLEN of the value held in rs2."
#[test]
fn unimplemented_bits_of_an_asid_or_vmid_are_ignored() {
    let rows = [
        (Changed::Single, fence(Op::sfence_vma, Mode::HS, Some(PAGE), Some(0x102))),
        (Changed::Vs, fence(Op::hfence_vvma, Mode::HS, Some(PAGE), Some(0x102))),
        (Changed::Vs, fence(Op::sfence_vma, Mode::VS, Some(PAGE), Some(0x102))),
    ];
    for (changed, fence) in rows {
        check_with_ids(changed, fence, 8, |view| {
            view.page == PAGE && view.asid == 2 && (changed == Changed::Single || view.vmid == 1)
        });
    }
    let by_vmid = fence(Op::hfence_gvma, Mode::HS, None, Some(0x102));
    check_with_ids(Changed::G, by_vmid, 8, |view| view.vmid == 2);
}
