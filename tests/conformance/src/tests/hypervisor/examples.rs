//! One test of each style.

use crate::prelude::*;

conformance_tests! {
    /// hgatp's VMID has as many bits as the hart implements, the low ones.
    vmid_width
    [rules "HGATP_VMID" "hgatp_vmid_lsbs"]
    [needs H]
    [cpus "vmidlen=0" "vmidlen=7"]
    |p| {
        let vmid = csr::hgatp::VMID;
        p.write_csr(csr::hgatp::NUMBER, vmid.mask());
        p.check_csr_bits(csr::hgatp::NUMBER, vmid.mask(), vmid.of((1 << p.cpu().vmid_len) - 1), "VMID");
    }

    /// In VS-mode, an access to a hypervisor CSR is a virtual instruction.
    hypervisor_csr_from_vs
    [rules "H_virtinst_vu_vs_nonhigh_allowedhs_tvm0" "H_trap_m_csrwrites" "MTVAL_PER_EXC_BEHAVIOR"]
    [cases 68]
    [needs H]
    [cpus "tval-virtual=zero"]
    |p| {
        p.in_mode(Mode::VS, |p| {
            p.expect_trap(trap(Exception::VirtualInst, Mode::M).tval_inst(), |p| {
                p.csrr(A0, csr::hstatus::NUMBER);
            });
        });
    }

    /// A store to a page that only the VS stage maps is a guest-page fault into HS-mode.
    guest_page_fault
    [rules "H_guest_page_fault" "H_trap_hs_csrwrites" "H_trap_xtinst_val" "HTVAL_TRAPVAL"]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::StoreGuestPageFault])]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let vs = p.vs_stage(&SV39);
        p.g_stage(&SV39X4);
        p.map(vs, SPARE + 0x5000, SPARE, flags("rwad"));
        p.set_csr(csr::medeleg::NUMBER, Exception::StoreGuestPageFault.bit());
        let (va, gpa) = (SPARE + 0x5008, SPARE + 8);
        p.in_mode(Mode::VS, |p| {
            p.li(A0, va);
            let fault = trap(Exception::StoreGuestPageFault, Mode::HS);
            p.expect_trap(fault.tval(va).gpa(gpa).tinst_transformed(0), |p| {
                p.sd(A1, 0, A0);
            });
        });
    }

    /// HLV reads what the guest would, by the privilege that SPVP says.
    hlv_reads_as_the_guest
    [rules "hlsv_op" "hstatus_spvp_op"]
    [needs H]
    |p| {
        let vs = p.vs_stage(&SV39);
        p.g_stage(&SV39X4);
        let page = p.page();
        p.put(page, 0x1234_5678_9abc_def0);
        p.map(vs, SPARE, page, flags("ruad"));
        p.li(A0, SPARE);
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE);
            p.hlv_d(A1, A0);
            p.check_eq(A1, 0x1234_5678_9abc_def0, "a doubleword of VU-mode's page");
        });
        p.set_field(csr::hstatus::NUMBER, csr::hstatus::SPVP, 1);
        let fault = trap(Exception::LoadPageFault, Mode::M);
        p.expect_trap(fault.tval(SPARE).gva(true), |p| {
            p.hlv_d(A1, A0);
        });
    }

    /// hvip makes an interrupt pending for the guest, which takes it with the supervisor's cause.
    hvip_interrupts_vs
    [rules "hvip_op" "hip_vssip_vssie_op"]
    [needs H]
    |p| {
        p.write_csr(csr::hideleg::NUMBER, Interrupt::Vssi.bit());
        p.write_csr(csr::hvip::NUMBER, Interrupt::Vssi.bit());
        p.in_mode(Mode::VS, |p| {
            p.write_csr(csr::sie::NUMBER, Interrupt::Ssi.bit());
            p.expect_interrupt(interrupt(Interrupt::Ssi, Mode::VS), |p| {
                p.csrsi(csr::sstatus::NUMBER, 1 << csr::sstatus::SIE.lo);
            });
        });
    }

    /// With both stages on, VU-mode's page faults go to VS-mode when they are delegated all the way.
    page_fault_delegated_to_vs
    [rules "hedeleg_op"]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::LoadPageFault])]
    |p| {
        let bit = Exception::LoadPageFault.bit();
        p.write_csr(csr::medeleg::NUMBER, bit);
        p.write_csr(csr::hedeleg::NUMBER, bit);
        p.vs_stage(&SV48);
        p.g_stage(&SV48X4);
        p.in_mode(Mode::VU, |p| {
            p.li(A0, SPARE);
            p.expect_trap(trap(Exception::LoadPageFault, Mode::VS).tval(SPARE), |p| {
                p.ld(A1, 0, A0);
            });
        });
    }

    /// All environment calls delegated: the framework still finds its way back.
    delegated_calls
    [rules "H_cause"]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::EcallU, Exception::EcallVs])]
    |p| {
        p.write_csr(csr::medeleg::NUMBER, Exception::EcallU.bit() | Exception::EcallVs.bit() | Exception::EcallS.bit());
        p.write_csr(csr::hedeleg::NUMBER, Exception::EcallU.bit());
        p.in_mode(Mode::VU, |p| {
            p.expect_trap(trap(Exception::EcallU, Mode::VS).tval(0), |p| {
                p.ecall();
            });
        });
        p.in_mode(Mode::VS, |p| {
            p.expect_trap(trap(Exception::EcallVs, Mode::HS).tval(0), |p| {
                p.ecall();
            });
        });
    }
}
