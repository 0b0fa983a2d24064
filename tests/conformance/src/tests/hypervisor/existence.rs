//! That the extension is there or not, and what it asks of the rest of the hart.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;

conformance_tests! {
    /// misa.H says whether there is a hypervisor extension, and without it there is none of its state.
    misa_h_clear_means_no_hypervisor_state
    [rules "misa_h_op"]
    [cases 83]
    [only |cpu| delegates(cpu, &[
        Exception::EcallVs, Exception::InstGuestPageFault, Exception::LoadGuestPageFault,
        Exception::VirtualInst, Exception::StoreGuestPageFault,
    ])]
    [cpus "h=off"]
    |p| {
        let h = p.cpu().has(Ext::H);
        p.check_csr_bits(csr::misa::NUMBER, csr::misa::H.mask(), csr::misa::H.of(h.into()), "misa.H");
        if h {
            state_is_there(p);
        }
        // Where misa.H can be written, the extension goes away with it.
        let (absent, present, end) = (p.label(), p.label(), p.label());
        p.clear_csr(csr::misa::NUMBER, csr::misa::H.mask());
        p.csrr(A0, csr::misa::NUMBER).andi(A0, A0, 1 << csr::misa::H.lo).beqz(A0, absent).j(present);
        p.place(absent);
        state_is_absent(p);
        p.j(end);
        p.place(present);
        if h {
            state_is_there(p);
        } else {
            p.unreachable("misa.H is zero");
        }
        p.place(end);
        p.set_csr(csr::misa::NUMBER, csr::misa::H.mask());
        p.check_csr_bits(csr::misa::NUMBER, csr::misa::H.mask(), csr::misa::H.of(h.into()), "misa.H set again");
    }

    /// mtval can be written and is written by traps.
    mtval_is_not_read_only_zero
    [rules "H_mtval_nrz"]
    [needs H]
    |p| {
        p.check_write(csr::mtval::NUMBER, 0x8000_1234, 0x8000_1234, "mtval after a write");
        p.check_write(csr::mtval::NUMBER, 0, 0, "mtval after writing zero");
        p.s_stage(&SV39);
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE + 0x128);
            p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(SPARE + 0x128), |p| {
                p.ld(A1, 0, A0);
            });
        });
    }

    /// Sv39 is there in every stage, whatever else is.
    page_based_translation_is_there
    [rules "H_vm_supported"]
    [needs H]
    [cpus "satp=sv39,vsatp=sv39,hgatp=sv39x4"]
    |p| {
        let (first, second) = (p.page(), p.page());
        p.put(first, 0x1111);
        p.put(second, 0x2222);
        let s = p.s_stage(&SV39);
        p.map(s, SPARE, first, flags("rwad"));
        let vs = p.vs_stage(&SV39);
        let g = p.g_stage(&SV39X4);
        p.map(vs, SPARE, SPARE + 0x3000, flags("rwad"));
        p.map(g, SPARE + 0x3000, second, flags("rwuad"));
        for (mode, value) in [(Mode::HS, 0x1111), (Mode::VS, 0x2222)] {
            p.in_mode(mode, |p| {
                p.li(A0, SPARE).ld(A1, 0, A0);
                p.check_eq(A1, value, "what is mapped");
            });
        }
    }
}

/// CSRs and fields that come with the extension can be used in M-mode.
fn state_is_there(p: &mut Program) {
    for number in CSRS {
        p.csrr(A0, number);
    }
    p.hfence_gvma(ZERO, ZERO).hfence_vvma(ZERO, ZERO);
    let mpv = csr::mstatus::MPV.mask() | csr::mstatus::GVA.mask();
    p.set_csr(csr::mstatus::NUMBER, mpv);
    p.check_csr_bits(csr::mstatus::NUMBER, mpv, mpv, "MPV and GVA can be set");
    p.clear_csr(csr::mstatus::NUMBER, mpv);
    p.check_csr_bits(csr::mstatus::NUMBER, mpv, 0, "MPV and GVA can be cleared");
    p.check_write(csr::medeleg::NUMBER, EXCEPTIONS, EXCEPTIONS, "medeleg takes the extension's exceptions");
    p.csrw(csr::medeleg::NUMBER, ZERO);
    p.check_csr_bits(csr::mideleg::NUMBER, INTERRUPTS, INTERRUPTS, "mideleg: the extension's interrupts");
    p.write_csr(csr::mie::NUMBER, INTERRUPTS);
    p.check_csr(csr::mie::NUMBER, INTERRUPTS, "mie takes the extension's interrupts");
    p.csrw(csr::mie::NUMBER, ZERO);
}

/// None of them can, and the instructions are illegal.
fn state_is_absent(p: &mut Program) {
    let illegal = || trap(Exception::IllegalInst, Mode::M).tval_inst();
    for number in CSRS {
        p.expect_trap(illegal(), |p| {
            p.csrr(A0, number);
        });
        p.expect_trap(illegal(), |p| {
            p.csrw(number, ZERO);
        });
    }
    p.expect_trap(illegal(), |p| {
        p.hfence_gvma(ZERO, ZERO);
    });
    p.expect_trap(illegal(), |p| {
        p.hfence_vvma(ZERO, ZERO);
    });
    p.li(A1, 0x8000_0000);
    p.expect_trap(illegal(), |p| {
        p.hlv_d(A0, A1);
    });
    p.expect_trap(illegal(), |p| {
        p.hsv_d(A0, A1);
    });
    let mpv = csr::mstatus::MPV.mask() | csr::mstatus::GVA.mask();
    p.set_csr(csr::mstatus::NUMBER, mpv);
    p.check_csr_bits(csr::mstatus::NUMBER, mpv, 0, "MPV and GVA");
    p.check_write(csr::medeleg::NUMBER, EXCEPTIONS, 0, "medeleg: the extension's exceptions");
    p.write_csr(csr::mideleg::NUMBER, INTERRUPTS);
    p.check_csr(csr::mideleg::NUMBER, 0, "mideleg: the extension's interrupts");
    p.write_csr(csr::mie::NUMBER, INTERRUPTS);
    p.check_csr(csr::mie::NUMBER, 0, "mie: the extension's interrupts");
    p.write_csr(csr::mip::NUMBER, INTERRUPTS);
    p.check_csr_bits(csr::mip::NUMBER, INTERRUPTS, 0, "mip: the extension's interrupts");
}

/// CSRs that no other extension brings along, and that are not read-only.
const CSRS: [u16; 23] = [
    csr::hstatus::NUMBER,
    csr::hedeleg::NUMBER,
    csr::hideleg::NUMBER,
    csr::hie::NUMBER,
    csr::hip::NUMBER,
    csr::hvip::NUMBER,
    csr::hgeie::NUMBER,
    csr::henvcfg::NUMBER,
    csr::hcounteren::NUMBER,
    csr::htimedelta::NUMBER,
    csr::htval::NUMBER,
    csr::htinst::NUMBER,
    csr::hgatp::NUMBER,
    csr::vsstatus::NUMBER,
    csr::vsie::NUMBER,
    csr::vstvec::NUMBER,
    csr::vsscratch::NUMBER,
    csr::vsepc::NUMBER,
    csr::vscause::NUMBER,
    csr::vstval::NUMBER,
    csr::vsip::NUMBER,
    csr::vsatp::NUMBER,
    csr::mtinst::NUMBER,
];

const EXCEPTIONS: u64 = Exception::EcallVs.bit()
    | Exception::InstGuestPageFault.bit()
    | Exception::LoadGuestPageFault.bit()
    | Exception::VirtualInst.bit()
    | Exception::StoreGuestPageFault.bit();

const INTERRUPTS: u64 =
    Interrupt::Vssi.bit() | Interrupt::Vsti.bit() | Interrupt::Vsei.bit() | Interrupt::Sgei.bit();
