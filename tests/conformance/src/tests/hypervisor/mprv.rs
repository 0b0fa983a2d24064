//! MPRV with the hypervisor extension: explicit accesses as MPV and MPP say.

use super::guest::{GPA, Guest, S_ALL, U_ALL, VA, set_spvp, set_status};
use crate::Program;
use crate::prelude::*;

/// What lies at [`VA`] in HS-mode's own space, and in the guest's.
const HOST: u64 = 0x0057;
const GUEST: u64 = 0x9e57;

/// Both single-stage and two-stage tables, with a page at [`VA`] in each, for supervisor or user.
fn two_worlds(p: &mut Program, host_flags: u64, guest_flags: u64) -> Guest {
    let guest = Guest::new(p, guest_flags, U_ALL);
    let (s, page) = (p.s_stage(&SV39), p.page());
    p.map(s, VA, page, host_flags);
    p.put(page, HOST);
    p.put(guest.page, GUEST);
    guest
}

/// Sets MPRV, MPV and MPP. A trap into M-mode, and the framework's own checks, clear MPRV.
fn modify_privilege(p: &mut Program, mode: Mode) {
    use csr::mstatus::{MPP, MPRV, MPV};
    p.clear_csr(csr::mstatus::NUMBER, MPP.mask() | MPV.mask());
    let bits = MPRV.mask() | MPP.of(mode.privilege as u64) | MPV.of(mode.virt.into());
    p.set_csr(csr::mstatus::NUMBER, bits);
}

fn normal_privilege(p: &mut Program) {
    p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MPRV.mask());
}

/// A load from [`VA`] as `mode` finds `value`.
fn loads(p: &mut Program, mode: Mode, value: u64) {
    p.li(A0, VA);
    modify_privilege(p, mode);
    p.ld(A1, 0, A0);
    normal_privilege(p);
    p.check_eq(A1, value, &format!("a load as {mode}"));
}

/// A load from [`VA`] as `mode` is a page fault of that mode's first stage.
fn faults(p: &mut Program, mode: Mode) {
    p.li(A0, VA);
    modify_privilege(p, mode);
    let fault = trap(Exception::LoadPageFault, Mode::M).tval(VA).gva(mode.virt);
    p.expect_trap(fault.tinst_transformed(0), |p| {
        p.ld(A1, 0, A0);
    });
}

conformance_tests! {
    /// Each row of the table: whose page a load finds, by MPV and MPP, when only one privilege may.
    mprv_table
    [rules "mstatus_mprv_hypervisor"]
    [cases 60]
    [needs H]
    |p| {
        let guest = two_worlds(p, flags("rwad"), flags("ruad"));
        loads(p, Mode::HS, HOST);
        faults(p, Mode::U);
        loads(p, Mode::VU, GUEST);
        faults(p, Mode::VS);
        set_status(p, csr::vsstatus::NUMBER, csr::sstatus::SUM, true);
        loads(p, Mode::VS, GUEST);
        faults(p, Mode::U);
        set_status(p, csr::vsstatus::NUMBER, csr::sstatus::SUM, false);
        set_status(p, csr::sstatus::NUMBER, csr::sstatus::SUM, true);
        faults(p, Mode::VS);
        guest.set_vs(p, S_ALL);
        loads(p, Mode::VS, GUEST);
        faults(p, Mode::VU);
    }

    /// With user pages at V=0, the same: U-mode reads them, HS-mode with the SUM of sstatus alone.
    mprv_user_pages_of_the_host
    [rules "mstatus_mprv_hypervisor"]
    [needs H]
    |p| {
        two_worlds(p, flags("rwuad"), flags("rad"));
        loads(p, Mode::U, HOST);
        faults(p, Mode::HS);
        set_status(p, csr::vsstatus::NUMBER, csr::sstatus::SUM, true);
        faults(p, Mode::HS);
        set_status(p, csr::sstatus::NUMBER, csr::sstatus::SUM, true);
        loads(p, Mode::HS, HOST);
    }

    /// With MPP=3, MPV says nothing: the access is M-mode's, not translated.
    mprv_of_machine_mode_ignores_mpv
    [rules "mstatus_mprv_hypervisor"]
    [cases 59]
    [needs H]
    |p| {
        let guest = two_worlds(p, flags("rwad"), flags("ruad"));
        p.li(A0, guest.page);
        for virt in [false, true] {
            modify_privilege(p, Mode { virt, ..Mode::M });
            p.ld(A1, 0, A0);
            normal_privilege(p);
            p.check_eq(A1, GUEST, "the physical address");
        }
        // Not canonical for the guest, and where no machine has memory.
        p.li(A0, 1 << 54);
        modify_privilege(p, Mode { virt: true, ..Mode::M });
        p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(1 << 54).gva(false), |p| {
            p.ld(A1, 0, A0);
        });
    }

    /// MPRV=0 leaves M-mode's accesses alone, and MPRV=1 leaves its fetches alone, whatever MPV and MPP say.
    mprv_off_and_fetches
    [rules "mstatus_mprv_hypervisor"]
    [needs H]
    |p| {
        let guest = two_worlds(p, flags("rwad"), flags("ruad"));
        p.li(A0, guest.page);
        modify_privilege(p, Mode::VU);
        // VU-mode could not run the code here, whose pages belong to VS-mode.
        p.addi(A2, ZERO, 1);
        normal_privilege(p);
        p.ld(A1, 0, A0);
        p.check_eq(A1, GUEST, "the physical address");
        p.check_eq(A2, 1, "code under MPRV");
    }

    /// A G-stage fault of an access as VS-mode: into M-mode with the guest's addresses and GVA, stores too.
    mprv_guest_page_faults
    [rules "mstatus_mprv_hypervisor" "mstatus_gva_op"]
    [needs H]
    |p| {
        let guest = two_worlds(p, flags("rwad"), S_ALL);
        guest.set_g(p, 0);
        p.li(A0, VA);
        modify_privilege(p, Mode::VS);
        let fault = trap(Exception::LoadGuestPageFault, Mode::M).tval(VA).gva(true).gpa(GPA);
        p.expect_trap(fault.tinst_transformed(0), |p| {
            p.ld(A1, 0, A0);
        });
        modify_privilege(p, Mode::VS);
        let fault = trap(Exception::StoreGuestPageFault, Mode::M).tval(VA + 2).gva(true).gpa(GPA + 2);
        p.expect_trap(fault.tinst_transformed(0), |p| {
            p.sh(A1, 2, A0);
        });
        modify_privilege(p, Mode::VS);
        let fault = trap(Exception::StoreGuestPageFault, Mode::M).tval(VA).gva(true).gpa(GPA);
        p.expect_trap(fault.tinst_transformed(0), |p| {
            p.amoadd_w(A1, A2, A0, Order::AqRl);
        });
    }

    /// Stores and atomics too go to the world that MPV and MPP name.
    mprv_stores
    [rules "mstatus_mprv_hypervisor"]
    [needs H]
    |p| {
        let guest = two_worlds(p, flags("rwad"), flags("rwuad"));
        p.li(A0, VA).li(A1, 0x51).li(A2, 2);
        modify_privilege(p, Mode::VU);
        p.sd(A1, 0, A0).amoadd_d(A3, A2, A0, Order::Plain);
        normal_privilege(p);
        p.check_eq(A3, 0x51, "what the atomic has read");
        p.check_memory(guest.page, 0x53, "the guest's page");
        loads(p, Mode::HS, HOST);
    }

    /// Whether an address is canonical is a matter of the access's mode: of vsatp's scheme at V=1.
    mprv_canonical_addresses
    [rules "mstatus_mprv_hypervisor"]
    [cases 45]
    [needs H Sv48]
    |p| {
        let (s, vs, page, other) = (p.s_stage(&SV48), p.vs_stage(&SV39), p.page(), p.page());
        let wide = 0x0000_7fff_ffff_f000;
        p.map(s, wide, page, flags("rwad"));
        p.put(page, HOST);
        p.map(vs, 0xffff_ffff_ffff_f000, other, flags("rwad"));
        p.put(other, GUEST);
        p.li(A0, wide);
        modify_privilege(p, Mode::HS);
        p.ld(A1, 0, A0);
        normal_privilege(p);
        p.check_eq(A1, HOST, "an address of 48 bits in HS-mode's space");
        modify_privilege(p, Mode::VS);
        p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(wide).gva(true), |p| {
            p.ld(A1, 0, A0);
        });
        set_spvp(p, true);
        p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(wide).gva(true), |p| {
            p.hlv_d(A1, A0);
        });
        p.li(A0, 0xffff_ffff_ffff_f000).hlv_d(A1, A0);
        p.check_eq(A1, GUEST, "the highest page of the guest's space");
    }

    /// HLV and HSV do what SPVP says, whatever MPRV, MPV and MPP are, and leave MPRV as it is.
    mprv_leaves_hlv_alone
    [rules "mstatus_mprv_hlsv"]
    [needs H]
    |p| {
        let guest = two_worlds(p, flags("rwad"), flags("rwuad"));
        p.li(A0, VA);
        for mode in [Mode::M, Mode::HS, Mode::U, Mode::VS, Mode::VU] {
            set_spvp(p, false);
            modify_privilege(p, mode);
            p.hlv_d(A1, A0).hsv_d(A1, A0);
            p.csrr(A2, csr::mstatus::NUMBER);
            normal_privilege(p);
            p.check_eq(A1, GUEST, "the guest's page, as VU-mode");
            p.check_bits(A2, csr::mstatus::MPRV.mask(), csr::mstatus::MPRV.mask(), "MPRV after HLV");
            set_spvp(p, true);
            modify_privilege(p, mode);
            p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(VA).gva(true), |p| {
                p.hlv_d(A1, A0);
            });
        }
        p.check_memory(guest.page, GUEST, "the guest's page");
    }

    /// Sv39 in vsatp and Bare in hgatp, and the other way round, with MPRV.
    mprv_one_stage_bare
    [rules "mstatus_mprv_hypervisor"]
    [cases 60]
    [needs H]
    |p| {
        let (vs, g, first, second) = (p.vs_stage(&SV39), p.g_stage(&SV39X4), p.page(), p.page());
        p.map(vs, VA, first, flags("rwad"));
        p.map(g, VA, second, U_ALL);
        p.put(first, 1);
        p.put(second, 2);
        p.write_csr(csr::hgatp::NUMBER, 0);
        p.hfence_gvma(ZERO, ZERO);
        loads(p, Mode::VS, 1);
        p.use_hgatp(g, 0);
        p.vs_bare();
        loads(p, Mode::VS, 2);
        loads(p, Mode::VU, 2);
    }
}
