//! What the hypervisor extension adds to machine-level CSRs: mideleg, mip, mie, mtval2 and mtinst.

use super::guest::{GPA, Guest, S_ALL, VA, set_spvp};
use crate::Program;
use crate::prelude::*;

/// The VS-level interrupts, by their bits in mip, mie and mideleg.
const VS_LEVEL: u64 = 1 << 2 | 1 << 6 | 1 << 10;
const SGEI: u64 = 1 << 12;
/// The guest external interrupt lines of the first hart.
const HGEIP_LINES: u64 = 0x11_0000;

conformance_tests! {
    /// The VS-level interrupts are always delegated to HS-mode, and guest external interrupts if there
    /// are any.
    mideleg_of_vs_level_interrupts
    [rules "mideleg_acc_h"]
    [needs H]
    [cpus "geilen=0" "geilen=1"]
    |p| {
        let fixed = VS_LEVEL | if p.cpu().geilen > 0 { SGEI } else { 0 };
        for written in [u64::MAX, 0, 1 << 9, !fixed] {
            p.write_csr(csr::mideleg::NUMBER, written);
            p.check_csr_bits(csr::mideleg::NUMBER, fixed, fixed, "the VS-level interrupts in mideleg");
            p.clear_csr(csr::mideleg::NUMBER, fixed);
            p.check_csr_bits(csr::mideleg::NUMBER, fixed, fixed, "the same after clearing them");
        }
    }

    /// What mideleg does not delegate, HS-mode neither sees nor enables nor delegates.
    interrupts_not_delegated_are_zero_in_hs
    [rules "mideleg_hroz"]
    [needs H]
    [cpus "geilen=0"]
    |p| {
        for written in [0, u64::MAX] {
            p.write_csr(csr::mideleg::NUMBER, written);
            p.write_csr(csr::mie::NUMBER, u64::MAX);
            p.write_csr(csr::mip::NUMBER, u64::MAX);
            p.csrr(A0, csr::mideleg::NUMBER).xori(A0, A0, -1);
            for (csr, name) in [(csr::hideleg::NUMBER, "hideleg"), (csr::hie::NUMBER, "hie"), (csr::hip::NUMBER, "hip")] {
                p.write_csr(csr, u64::MAX);
                p.csrr(A1, csr).and(A1, A1, A0);
                p.check_eq(A1, 0, &format!("bits of {name} that are zero in mideleg"));
            }
            p.write_csr(csr::mie::NUMBER, 0);
            p.write_csr(csr::mip::NUMBER, 0);
        }
    }

    /// mie has bits for the interrupts that the extension adds, which are those of hie.
    mie_and_hie_are_one
    [rules "mip_mie_vs" "mip_mie_alias"]
    [needs H]
    [cpus "geilen=1"]
    |p| {
        let added = VS_LEVEL | SGEI;
        let names = [(2, "VSSIE"), (6, "VSTIE"), (10, "VSEIE"), (12, "SGEIE")];
        for (bit, name) in names {
            p.write_csr(csr::mie::NUMBER, 1 << bit);
            p.check_csr_bits(csr::mie::NUMBER, added, 1 << bit, &format!("mie with {name}"));
            p.check_csr(csr::hie::NUMBER, 1 << bit, &format!("hie with {name}"));
            p.write_csr(csr::hie::NUMBER, added & !(1 << bit));
            p.check_csr_bits(csr::mie::NUMBER, added, added & !(1 << bit), &format!("mie without {name}"));
            p.write_csr(csr::mie::NUMBER, 0);
            p.check_csr(csr::hie::NUMBER, 0, "hie cleared through mie");
        }
        // The others are not HS-mode's to see there.
        p.write_csr(csr::mie::NUMBER, 1 << 1 | 1 << 3 | 1 << 5 | 1 << 7 | 1 << 9 | 1 << 11);
        p.check_csr(csr::hie::NUMBER, 0, "hie with other interrupts enabled");
        p.write_csr(csr::hie::NUMBER, u64::MAX);
        p.write_csr(csr::hie::NUMBER, 0);
        let others = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 7 | 1 << 9 | 1 << 11;
        p.check_csr(csr::mie::NUMBER, others, "mie after writing hie");
    }

    /// mip shows the same VS-level interrupts as hip; of them VSSIP alone can be written there.
    mip_and_hip_are_one
    [rules "mip_mie_vs" "mip_mie_alias"]
    [needs H]
    |p| {
        for (bit, name) in [(2, "VSSIP"), (6, "VSTIP"), (10, "VSEIP")] {
            p.write_csr(csr::hvip::NUMBER, 1 << bit);
            p.check_csr_bits(csr::mip::NUMBER, VS_LEVEL | SGEI, 1 << bit, &format!("mip with {name}"));
            p.check_csr(csr::hip::NUMBER, 1 << bit, &format!("hip with {name}"));
            p.write_csr(csr::hvip::NUMBER, 0);
            p.check_csr_bits(csr::mip::NUMBER, VS_LEVEL | SGEI, 0, &format!("mip without {name}"));
            p.check_csr(csr::hip::NUMBER, 0, &format!("hip without {name}"));
        }
        p.write_csr(csr::mip::NUMBER, VS_LEVEL | SGEI);
        p.check_csr(csr::hip::NUMBER, 1 << 2, "hip after writing ones to mip");
        p.check_csr(csr::hvip::NUMBER, 1 << 2, "hvip after writing ones to mip");
        p.check_csr_bits(csr::mip::NUMBER, VS_LEVEL | SGEI, 1 << 2, "mip after writing ones");
        p.write_csr(csr::hip::NUMBER, 0);
        p.check_csr_bits(csr::mip::NUMBER, VS_LEVEL, 0, "mip after clearing hip");
        p.write_csr(csr::hip::NUMBER, 1 << 2);
        p.check_csr_bits(csr::mip::NUMBER, VS_LEVEL, 1 << 2, "mip after setting VSSIP in hip");
        p.write_csr(csr::mip::NUMBER, 0);
        p.check_csr(csr::hip::NUMBER, 0, "hip after writing zeros to mip");
    }

    /// A guest external interrupt that hgeie lets through shows in hip and in mip, and is not written
    /// there.
    sgeip_in_mip_and_hip
    [rules "mip_mie_alias" "mip_mie_vs"]
    [needs H]
    [only |cpu| cpu.geilen >= 3]
    [devices Hgeip]
    |p| {
        p.store(HGEIP_LINES, 1 << 3);
        for enabled in [0, 1 << 3, !(1 << 3)] {
            p.write_csr(csr::hgeie::NUMBER, enabled);
            let sgei = if enabled >> 3 & 1 == 1 { SGEI } else { 0 };
            for write in [0, SGEI] {
                p.write_csr(csr::mip::NUMBER, write);
                p.check_csr_bits(csr::mip::NUMBER, SGEI, sgei, "SGEIP in mip");
                p.check_csr_bits(csr::hip::NUMBER, SGEI, sgei, "SGEIP in hip");
            }
        }
        p.store(HGEIP_LINES, 0);
    }

    /// mtval2 holds guest physical addresses without their two low bits, in 64 bits, and zero.
    mtval2_width
    [rules "mtval2_sz" "mtval2_acc" "mtval2_val" "MTVAL2_WARL" "MTVAL2_TRAPVAL" "mtval2_op"]
    [cases 12 33]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        p.check_write(csr::mtval2::NUMBER, 0, 0, "mtval2");
        p.g_stage(&SV39X4);
        for gpa in [0xffff_ffff_ffff_fff0, 1 << 63 | GPA, GPA | 0xffc, 0x5a5a_5a5a_5a5a_5a58] {
            p.li(A0, gpa);
            p.expect_trap(trap(Exception::LoadGuestPageFault, Mode::M).tval(gpa).gva(true).gpa(gpa), |p| {
                p.hlv_b(A1, A0);
            });
            let shown = if p.cpu().reports_gpa { gpa >> 2 } else { 0 };
            p.check_csr(csr::mtval2::NUMBER, shown, "mtval2, kept until the next trap");
            // What a trap can write there, software can.
            p.write_csr(csr::mtval2::NUMBER, 0);
            p.check_csr(csr::mtval2::NUMBER, 0, "mtval2 after writing zero");
            p.check_write(csr::mtval2::NUMBER, shown, shown, "mtval2 after writing what a trap wrote");
        }
        // A register of 64 bits that takes some of the values: what it takes, it takes again.
        p.write_csr(csr::mtval2::NUMBER, u64::MAX);
        p.csrr(A0, csr::mtval2::NUMBER).csrw(csr::mtval2::NUMBER, A0).csrr(A1, csr::mtval2::NUMBER);
        p.check_eq_reg(A1, A0, "mtval2 written with what it held");
    }

    /// mtval2 is the faulting guest physical address, down to bit 2; for byte accesses too, whose two
    /// lowest bits tval says.
    mtval2_of_each_byte
    [rules "MTVAL2_TRAPVAL" "mtval2_htval_virtaddr" "H_guest_page_fault"]
    [cases 12]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        Guest::new(p, S_ALL, 0);
        set_spvp(p, true);
        for byte in [0, 1, 2, 3, 4, 7, 8, 0x55, 0xffe, 0xfff] {
            p.li(A0, VA + byte);
            p.expect_trap(trap(Exception::StoreGuestPageFault, Mode::M).tval(VA + byte).gva(true).tval2((GPA + byte) >> 2), |p| {
                p.hsv_b(A1, A0);
            });
        }
    }

    /// mtinst can be written with whatever a trap may write: zero, pseudoinstructions, transformations.
    mtinst_values
    [rules "mtinst_sz" "mtinst_acc" "mtinst_val" "MTINST_WARL"]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        for value in [0, 0x3000, 0x3020, 0x0000_3583, 0x00b0_3021, 0x6eb0_4073, 0] {
            p.check_write(csr::mtinst::NUMBER, value, value, "mtinst");
        }
        p.write_csr(csr::mtinst::NUMBER, u64::MAX);
        p.csrr(A0, csr::mtinst::NUMBER).csrw(csr::mtinst::NUMBER, A0).csrr(A1, csr::mtinst::NUMBER);
        p.check_eq_reg(A1, A0, "mtinst written with what it held");
    }

    /// Every trap into M-mode writes mtval2 and mtinst: those that have nothing to say write zero, and
    /// traps into HS- or VS-mode leave them alone.
    mtval2_and_mtinst_of_every_trap
    [rules "mtval2_op" "mtinst_op" "H_trap_m_csrwrites" "H_trap_xtinst_val"]
    [cases 11 12]
    [needs H]
    [only |cpu| delegates(cpu, &[
        Exception::IllegalInst, Exception::LoadAccessFault, Exception::VirtualInst,
    ])]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let stale = |p: &mut Program| {
            p.write_csr(csr::mtval2::NUMBER, GPA >> 2);
            p.write_csr(csr::mtinst::NUMBER, 0x3000);
        };
        let causes = [Exception::IllegalInst, Exception::VirtualInst, Exception::LoadAccessFault];
        for taken in [Mode::M, Mode::HS] {
            let all = causes.iter().fold(0, |bits, cause| bits | cause.bit());
            p.write_csr(csr::medeleg::NUMBER, if taken == Mode::M { 0 } else { all });
            for cause in causes {
                stale(p);
                p.write_csr(csr::htval::NUMBER, GPA >> 2);
                p.write_csr(csr::htinst::NUMBER, 0x3000);
                p.in_mode(Mode::VS, |p| {
                    p.li(A0, 1 << 54);
                    p.expect_trap(trap(cause, taken).tval2(0), |p| {
                        match cause {
                            Exception::IllegalInst => p.word(0xffff_ffff),
                            Exception::VirtualInst => p.csrr(A1, csr::htval::NUMBER),
                            _ => p.ld(A1, 0, A0),
                        };
                    });
                });
                // in_mode ends with an environment call into M-mode, which also writes zeros.
                p.check_csr(csr::mtval2::NUMBER, 0, "mtval2 after an environment call");
                p.check_csr(csr::mtinst::NUMBER, 0, "mtinst after an environment call");
                if taken == Mode::M {
                    p.check_csr(csr::htval::NUMBER, GPA >> 2, "htval after traps into M-mode");
                    p.check_csr(csr::htinst::NUMBER, 0x3000, "htinst after traps into M-mode");
                }
            }
        }
    }
}
