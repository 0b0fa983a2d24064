//! What mtinst and htinst say of each instruction that accesses memory, bit by bit.

use isa::asm::Asm;

use super::guest::{GPA, Guest, U_ALL, VA, set_spvp};
use crate::Program;
use crate::prelude::*;

/// An instruction that accesses [`VA`], `a0` being 8 less and `sp` equal to that, and its transformation.
type Row = (fn(&mut Asm) -> &mut Asm, u64);

/// Major opcodes.
const LOAD: u64 = 0x03;
const LOAD_FP: u64 = 0x07;
const STORE: u64 = 0x23;
const STORE_FP: u64 = 0x27;
const AMO: u64 = 0x2f;
const SYSTEM: u64 = 0x73;

/// A load into register 29, or f29.
const fn load(opcode: u64, funct3: u64) -> u64 {
    funct3 << 12 | 29 << 7 | opcode
}

/// A store of register 22, or f22.
const fn store(opcode: u64, funct3: u64) -> u64 {
    22 << 20 | funct3 << 12 | opcode
}

/// An atomic with register 22 as source and 29 as destination.
const fn amo(funct5: u64, order: u64, rs2: u64, funct3: u64) -> u64 {
    funct5 << 27 | order << 25 | rs2 << 20 | funct3 << 12 | 29 << 7 | AMO
}

/// An HLV into register 29.
const fn hload(funct7: u64, rs2: u64) -> u64 {
    funct7 << 25 | rs2 << 20 | 4 << 12 | 29 << 7 | SYSTEM
}

/// An HSV of register 22.
const fn hstore(funct7: u64) -> u64 {
    funct7 << 25 | 22 << 20 | 4 << 12 | SYSTEM
}

const LOADS: [Row; 9] = [
    (|p| p.lb(T4, 8, A0), load(LOAD, 0)),
    (|p| p.lh(T4, 8, A0), load(LOAD, 1)),
    (|p| p.lw(T4, 8, A0), load(LOAD, 2)),
    (|p| p.ld(T4, 8, A0), load(LOAD, 3)),
    (|p| p.lbu(T4, 8, A0), load(LOAD, 4)),
    (|p| p.lhu(T4, 8, A0), load(LOAD, 5)),
    (|p| p.lwu(T4, 8, A0), load(LOAD, 6)),
    (|p| p.flw(FT9, 8, A0), load(LOAD_FP, 2)),
    (|p| p.fld(FT9, 8, A0), load(LOAD_FP, 3)),
];

const STORES: [Row; 6] = [
    (|p| p.sb(S6, 8, A0), store(STORE, 0)),
    (|p| p.sh(S6, 8, A0), store(STORE, 1)),
    (|p| p.sw(S6, 8, A0), store(STORE, 2)),
    (|p| p.sd(S6, 8, A0), store(STORE, 3)),
    (|p| p.fsw(FS6, 8, A0), store(STORE_FP, 2)),
    (|p| p.fsd(FS6, 8, A0), store(STORE_FP, 3)),
];

/// By their 32-bit forms, with bit 1 clear; the registers are those that fit.
const COMPRESSED_LOADS: [Row; 6] = [
    (|p| p.c_lw(A5, 8, A0), 2 << 12 | 15 << 7 | (LOAD & !2)),
    (|p| p.c_ld(A5, 8, A0), 3 << 12 | 15 << 7 | (LOAD & !2)),
    (|p| p.c_fld(FA5, 8, A0), 3 << 12 | 15 << 7 | (LOAD_FP & !2)),
    (|p| p.c_lwsp(T4, 8), 2 << 12 | 29 << 7 | (LOAD & !2)),
    (|p| p.c_ldsp(T4, 8), 3 << 12 | 29 << 7 | (LOAD & !2)),
    (|p| p.c_fldsp(FT9, 8), 3 << 12 | 29 << 7 | (LOAD_FP & !2)),
];

const COMPRESSED_STORES: [Row; 6] = [
    (|p| p.c_sw(A5, 8, A0), 15 << 20 | 2 << 12 | (STORE & !2)),
    (|p| p.c_sd(A5, 8, A0), 15 << 20 | 3 << 12 | (STORE & !2)),
    (|p| p.c_fsd(FA5, 8, A0), 15 << 20 | 3 << 12 | (STORE_FP & !2)),
    (|p| p.c_swsp(S6, 8), 22 << 20 | 2 << 12 | (STORE & !2)),
    (|p| p.c_sdsp(S6, 8), 22 << 20 | 3 << 12 | (STORE & !2)),
    (|p| p.c_fsdsp(FS6, 8), 22 << 20 | 3 << 12 | (STORE_FP & !2)),
];

/// These have no offset: `a1` is the address.
const LOAD_RESERVED: [Row; 4] = [
    (|p| p.lr_w(T4, A1, Order::Plain), amo(2, 0, 0, 2)),
    (|p| p.lr_w(T4, A1, Order::AqRl), amo(2, 3, 0, 2)),
    (|p| p.lr_d(T4, A1, Order::Aq), amo(2, 2, 0, 3)),
    (|p| p.lr_d(T4, A1, Order::Rl), amo(2, 1, 0, 3)),
];

const ATOMICS: [Row; 20] = [
    (|p| p.sc_w(T4, S6, A1, Order::Rl), amo(3, 1, 22, 2)),
    (|p| p.sc_d(T4, S6, A1, Order::Plain), amo(3, 0, 22, 3)),
    (|p| p.amoswap_w(T4, S6, A1, Order::Aq), amo(1, 2, 22, 2)),
    (|p| p.amoadd_w(T4, S6, A1, Order::Plain), amo(0, 0, 22, 2)),
    (|p| p.amoxor_w(T4, S6, A1, Order::Rl), amo(4, 1, 22, 2)),
    (|p| p.amoand_w(T4, S6, A1, Order::AqRl), amo(12, 3, 22, 2)),
    (|p| p.amoor_w(T4, S6, A1, Order::Plain), amo(8, 0, 22, 2)),
    (|p| p.amomin_w(T4, S6, A1, Order::Plain), amo(16, 0, 22, 2)),
    (|p| p.amomax_w(T4, S6, A1, Order::Plain), amo(20, 0, 22, 2)),
    (|p| p.amominu_w(T4, S6, A1, Order::Plain), amo(24, 0, 22, 2)),
    (|p| p.amomaxu_w(T4, S6, A1, Order::Plain), amo(28, 0, 22, 2)),
    (|p| p.amoswap_d(T4, S6, A1, Order::Plain), amo(1, 0, 22, 3)),
    (|p| p.amoadd_d(T4, S6, A1, Order::AqRl), amo(0, 3, 22, 3)),
    (|p| p.amoxor_d(T4, S6, A1, Order::Plain), amo(4, 0, 22, 3)),
    (|p| p.amoand_d(T4, S6, A1, Order::Plain), amo(12, 0, 22, 3)),
    (|p| p.amoor_d(T4, S6, A1, Order::Aq), amo(8, 2, 22, 3)),
    (|p| p.amomin_d(T4, S6, A1, Order::Plain), amo(16, 0, 22, 3)),
    (|p| p.amomax_d(T4, S6, A1, Order::Rl), amo(20, 1, 22, 3)),
    (|p| p.amominu_d(T4, S6, A1, Order::Plain), amo(24, 0, 22, 3)),
    (|p| p.amomaxu_d(T4, S6, A1, Order::Plain), amo(28, 0, 22, 3)),
];

const HYPERVISOR_LOADS: [Row; 9] = [
    (|p| p.hlv_b(T4, A1), hload(0x30, 0)),
    (|p| p.hlv_bu(T4, A1), hload(0x30, 1)),
    (|p| p.hlv_h(T4, A1), hload(0x32, 0)),
    (|p| p.hlv_hu(T4, A1), hload(0x32, 1)),
    (|p| p.hlvx_hu(T4, A1), hload(0x32, 3)),
    (|p| p.hlv_w(T4, A1), hload(0x34, 0)),
    (|p| p.hlv_wu(T4, A1), hload(0x34, 1)),
    (|p| p.hlvx_wu(T4, A1), hload(0x34, 3)),
    (|p| p.hlv_d(T4, A1), hload(0x36, 0)),
];

const HYPERVISOR_STORES: [Row; 4] = [
    (|p| p.hsv_b(S6, A1), hstore(0x31)),
    (|p| p.hsv_h(S6, A1), hstore(0x33)),
    (|p| p.hsv_w(S6, A1), hstore(0x35)),
    (|p| p.hsv_d(S6, A1), hstore(0x37)),
];

/// How the page at [`VA`] is out of reach.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Page,
    GuestPage,
    Access,
}

/// Each row faults as `taken` sees it, with its transformation.
fn rows(p: &mut Program, rows: &[Row], store: bool, fault: Fault, taken: Mode) {
    let exception = match (fault, store) {
        (Fault::Page, false) => Exception::LoadPageFault,
        (Fault::Page, true) => Exception::StorePageFault,
        (Fault::GuestPage, false) => Exception::LoadGuestPageFault,
        (Fault::GuestPage, true) => Exception::StoreGuestPageFault,
        (Fault::Access, false) => Exception::LoadAccessFault,
        (Fault::Access, true) => Exception::StoreAccessFault,
    };
    p.li(A0, VA).li(A1, VA + 8).mv(SP, A0);
    for (inst, tinst) in rows {
        let expected = trap(exception, taken).tval(VA + 8).gva(true).tinst(*tinst);
        let expected = if fault == Fault::GuestPage { expected.gpa(GPA + 8) } else { expected.tval2(0) };
        p.expect_trap(expected, |p| {
            inst(p);
        });
    }
}

/// All rows: those that a guest can use from VS-mode, those of the hypervisor from HS-mode.
fn every_row(p: &mut Program, fault: Fault, taken: Mode) {
    p.in_mode(Mode::VS, |p| {
        for loads in [&LOADS[..], &COMPRESSED_LOADS, &LOAD_RESERVED] {
            rows(p, loads, false, fault, taken);
        }
        for stores in [&STORES[..], &COMPRESSED_STORES, &ATOMICS] {
            rows(p, stores, true, fault, taken);
        }
    });
    set_spvp(p, true);
    p.in_mode(Mode::HS, |p| {
        rows(p, &HYPERVISOR_LOADS, false, fault, taken);
        rows(p, &HYPERVISOR_STORES, true, fault, taken);
    });
}

const SUPERVISOR: u64 = flags("rwxad");

conformance_tests! {
    /// Guest-page faults taken by M-mode: every field of every transformation.
    transformed_at_guest_page_faults
    [rules "H_trap_xtinst" "H_trap_xtinst_exception" "H_trap_xtinst_val" "H_tinst_addr_offset" "mtinst_op" "H_guest_page_fault" "mtval2_htval_virtaddr"]
    [cases 10 14]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let guest = Guest::new(p, SUPERVISOR, U_ALL);
        guest.set_g(p, 0);
        every_row(p, Fault::GuestPage, Mode::M);
    }

    /// Guest-page faults taken by HS-mode.
    transformed_into_htinst
    [rules "H_trap_xtinst" "H_trap_xtinst_exception" "H_trap_xtinst_val" "H_trap_hs_csrwrites" "mtval2_htval_virtaddr"]
    [cases 10 14]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::LoadGuestPageFault, Exception::StoreGuestPageFault])]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let faults = Exception::LoadGuestPageFault.bit() | Exception::StoreGuestPageFault.bit();
        p.write_csr(csr::medeleg::NUMBER, faults);
        let guest = Guest::new(p, SUPERVISOR, U_ALL);
        guest.set_g(p, 0);
        every_row(p, Fault::GuestPage, Mode::HS);
    }

    /// Page faults of the VS stage.
    transformed_at_page_faults
    [rules "H_trap_xtinst" "H_trap_xtinst_exception" "H_trap_xtinst_val"]
    [cases 10 14]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let guest = Guest::new(p, SUPERVISOR, U_ALL);
        guest.set_vs(p, 0);
        every_row(p, Fault::Page, Mode::M);
    }

    /// Access faults at the physical address.
    transformed_at_access_faults
    [rules "H_trap_xtinst" "H_trap_xtinst_exception" "H_trap_xtinst_val"]
    [cases 10 14]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let guest = Guest::new(p, SUPERVISOR, U_ALL);
        p.store(guest.g_pte, Pte::leaf(1 << 54, U_ALL).0);
        p.hfence_gvma(ZERO, ZERO);
        every_row(p, Fault::Access, Mode::M);
    }

    /// Half-precision loads and stores.
    transformed_half_precision
    [rules "H_trap_xtinst_val"]
    [cases 10]
    [needs H Zfh]
    |p| {
        let guest = Guest::new(p, SUPERVISOR, U_ALL);
        guest.set_g(p, 0);
        p.in_mode(Mode::VS, |p| {
            rows(p, &[(|p| p.flh(FT9, 8, A0), load(LOAD_FP, 1))], false, Fault::GuestPage, Mode::M);
            rows(p, &[(|p| p.fsh(FS6, 8, A0), store(STORE_FP, 1))], true, Fault::GuestPage, Mode::M);
        });
    }

    /// Accesses that are misaligned where that is an exception: the offset is zero.
    transformed_at_misaligned_atomics
    [rules "H_trap_xtinst_val" "H_tinst_addr_offset"]
    [cases 10]
    [needs H]
    [cpus "tinst=zero" "misaligned-amo=access"]
    |p| {
        let [lr, atomic] = p.misaligned_atomics().map(|exception| trap(exception, Mode::M));
        p.in_mode(Mode::VS, |p| {
            p.li(A1, 0x8030_0002);
            for (inst, tinst) in LOAD_RESERVED {
                p.expect_trap(lr.clone().tval(0x8030_0002).gva(true).tinst(tinst), |p| {
                    inst(p);
                });
            }
            for (inst, tinst) in ATOMICS {
                p.expect_trap(atomic.clone().tval(0x8030_0002).gva(true).tinst(tinst), |p| {
                    inst(p);
                });
            }
        });
    }

    /// At V=0 too, for the traps of HS- and U-mode.
    transformed_without_a_guest
    [rules "H_trap_xtinst_val" "H_trap_m_csrwrites"]
    [cases 10]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::StorePageFault])]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        p.s_stage(&SV39);
        p.write_csr(csr::medeleg::NUMBER, Exception::StorePageFault.bit());
        for mode in [Mode::HS, Mode::U] {
            p.in_mode(mode, |p| {
                p.li(A0, VA);
                for (inst, tinst) in LOADS {
                    let fault = trap(Exception::LoadPageFault, Mode::M).tval(VA + 8).gva(false);
                    p.expect_trap(fault.tinst(tinst), |p| {
                        inst(p);
                    });
                }
                for (inst, tinst) in STORES {
                    let fault = trap(Exception::StorePageFault, Mode::HS).tval(VA + 8).gva(false);
                    p.expect_trap(fault.tinst(tinst), |p| {
                        inst(p);
                    });
                }
            });
        }
    }
}
