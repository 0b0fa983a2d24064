//! hvip, hip and hie: which bits there are, and how VS-level interrupts become pending.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;

use crate::tests::handler::taken_at_once;

conformance_tests! {
    /// hvip has the three VS-level interrupts, all writable, and what they say is in hip and mip.
    hvip_bits
    [rules "hvip_sz" "hvip_op" "hvip_acc" "HVIP_WARL" "hip_op"]
    [cases 88]
    [needs H]
    |p| {
        use csr::hvip::NUMBER;
        let mask = counted(p);
        p.write_csr(NUMBER, u64::MAX);
        p.check_csr_bits(NUMBER, mask, VS_LEVEL, "hvip after writing ones");
        p.check_csr_bits(csr::hip::NUMBER, mask, VS_LEVEL, "hip after writing ones to hvip");
        p.write_csr(NUMBER, 0);
        p.check_csr(NUMBER, 0, "hvip after writing zeros");
        for from in [Mode::M, Mode::HS] {
            let body = |p: &mut Program| {
                for bits in (0..8).map(|n: u64| (n & 1) << 2 | (n >> 1 & 1) << 6 | (n >> 2) << 10) {
                    p.check_write(NUMBER, bits, bits, "hvip");
                    p.check_csr_bits(csr::hip::NUMBER, mask, bits, "hip");
                    if from == Mode::M {
                        p.check_csr_bits(csr::mip::NUMBER, VS_LEVEL, bits, "mip");
                    }
                }
            };
            if from == Mode::M { body(p) } else { p.in_mode(from, body) }
        }
    }

    /// VSSIP is one bit under the names hvip, hip and mip; the other bits of hip are read-only, and so are
    /// those of the extension in mip.
    vssip_is_one_bit
    [rules "hip_vssip_vssie_op" "hip_acc" "HIP_WARL" "hip_hie_acc" "mip_mie_vs"]
    [cases 88]
    [needs H]
    |p| {
        let vssi = Interrupt::Vssi.bit();
        let names = [csr::hvip::NUMBER, csr::hip::NUMBER, csr::mip::NUMBER];
        for writer in names {
            for value in [vssi, 0] {
                p.write_csr(writer, value);
                for reader in names {
                    p.check_csr_bits(reader, vssi, value, "VSSIP, however it is called");
                }
            }
        }
        for value in [0, VS_LEVEL] {
            p.write_csr(csr::hvip::NUMBER, value);
            for (written, vssip) in [(u64::MAX, vssi), (0, 0)] {
                p.write_csr(csr::hip::NUMBER, written);
                p.check_csr_bits(csr::hip::NUMBER, counted(p), value & !vssi | vssip, "hip after a write");
                p.check_csr_bits(
                    csr::hvip::NUMBER,
                    VS_LEVEL,
                    value & !vssi | vssip,
                    "hvip after a write to hip",
                );
                p.write_csr(csr::mip::NUMBER, written);
                p.check_csr_bits(csr::mip::NUMBER, ADDED, value & !vssi | vssip, "mip after a write");
            }
        }
        // An interrupt that is pending is cleared where it is writable, or in hvip.
        p.write_csr(csr::hvip::NUMBER, VS_LEVEL);
        p.clear_csr(csr::hip::NUMBER, vssi);
        p.check_csr_bits(csr::hip::NUMBER, VS_LEVEL, VS_LEVEL & !vssi, "hip without VSSIP");
        p.clear_csr(csr::hvip::NUMBER, VS_LEVEL);
        p.check_csr_bits(csr::hip::NUMBER, VS_LEVEL, 0, "hip after clearing hvip");
    }

    /// hie has the same interrupts, all of which can be enabled; mie shows them too.
    hie_bits
    [rules "hip_hie_sz" "hip_hie_acc" "hie_op" "hie_acc" "HIE_WARL" "mip_mie_vs"]
    [needs H]
    [cpus "geilen=1"]
    |p| {
        let mask = counted(p);
        p.check_write(csr::hie::NUMBER, 0, 0, "hie after writing zeros");
        p.write_csr(csr::hie::NUMBER, u64::MAX);
        p.check_csr_bits(csr::hie::NUMBER, mask, ADDED, "hie after writing ones");
        for source in [Interrupt::Vssi, Interrupt::Vsti, Interrupt::Vsei, Interrupt::Sgei] {
            let bit = source.bit();
            p.check_write(csr::hie::NUMBER, bit, bit, "hie with one interrupt");
            p.check_csr_bits(csr::mie::NUMBER, ADDED, bit, "mie after a write to hie");
            p.write_csr(csr::mie::NUMBER, ADDED & !bit);
            p.check_csr(csr::hie::NUMBER, ADDED & !bit, "hie after a write to mie");
        }
        // A write to hie leaves the other bits of mie as they are.
        let own = Interrupt::Msi.bit() | Interrupt::Ssi.bit() | Interrupt::Sei.bit();
        p.write_csr(csr::mie::NUMBER, own);
        p.write_csr(csr::hie::NUMBER, u64::MAX);
        p.check_csr_bits(csr::mie::NUMBER, own | Interrupt::Mti.bit() | Interrupt::Sti.bit(), own, "mie");
        p.write_csr(csr::hie::NUMBER, 0);
        p.check_csr_bits(csr::mie::NUMBER, own | ADDED, own, "mie after clearing hie");
    }

    /// No bit is active both in sie and hie, or both in sip and hip.
    supervisor_and_hypervisor_bits_are_exclusive
    [rules "sie_hip_hie_mutex"]
    [needs H]
    |p| {
        let own = Interrupt::Ssi.bit() | Interrupt::Sti.bit() | Interrupt::Sei.bit();
        p.write_csr(csr::mideleg::NUMBER, u64::MAX);
        for (supervisor, hypervisor) in
            [(csr::sie::NUMBER, csr::hie::NUMBER), (csr::sip::NUMBER, csr::hip::NUMBER)]
        {
            p.write_csr(csr::hvip::NUMBER, VS_LEVEL);
            p.write_csr(csr::mip::NUMBER, u64::MAX);
            p.write_csr(supervisor, u64::MAX);
            p.write_csr(hypervisor, u64::MAX);
            p.csrr(A0, supervisor).csrr(A1, hypervisor).and(A2, A0, A1);
            p.check_eq(A2, 0, "bits that are active in both");
            p.check_bits(A0, own | ADDED, own, "the supervisor's bits");
            p.check_bits(A1, own | VS_LEVEL, VS_LEVEL, "the hypervisor's bits");
        }
    }

    /// A pending and enabled interrupt that is not delegated on goes to HS-mode: from HS-mode with SIE,
    /// from lower modes always, from M-mode never.
    vs_level_interrupts_taken_into_hs
    [rules "hideleg_hs" "hideleg_op" "hie_op" "hip_vstip_vstie_op" "hip_vseip_vseie_op" "hip_vssip_vssie_op"]
    [cases 91]
    [needs H]
    |p| {
        for source in [Interrupt::Vssi, Interrupt::Vsti, Interrupt::Vsei] {
            let bit = source.bit();
            // The others are pending too, but only one is enabled; or enabled, but only one is pending.
            for (pending, enabled) in [(VS_LEVEL, bit), (bit, ADDED)] {
                let raise = |p: &mut Program| {
                    p.write_csr(csr::hideleg::NUMBER, VS_LEVEL & !bit);
                    p.write_csr(csr::hie::NUMBER, enabled);
                    p.write_csr(csr::hvip::NUMBER, pending);
                };
                for sie in [0, 1] {
                    for mode in [Mode::U, Mode::VS, Mode::VU] {
                        raise(p);
                        p.set_field(csr::sstatus::NUMBER, csr::sstatus::SIE, sie);
                        taken_at_once(p, mode, source, Mode::HS);
                    }
                }
                raise(p);
                p.clear_csr(csr::sstatus::NUMBER, csr::sstatus::SIE.mask());
                p.in_mode(Mode::HS, |p| {
                    p.expect_no_trap("HS-mode with SIE clear", |_| {});
                    p.expect_interrupt(interrupt(source, Mode::HS), |p| {
                        p.csrsi(csr::sstatus::NUMBER, 1 << csr::sstatus::SIE.lo);
                    });
                });
                raise(p);
                p.expect_no_trap("M-mode with MIE set", |p| {
                    p.csrsi(csr::mstatus::NUMBER, 1 << csr::mstatus::MIE.lo);
                });
                p.csrci(csr::mstatus::NUMBER, 1 << csr::mstatus::MIE.lo);
            }
        }
    }

    /// A VS-level interrupt that is delegated goes to VS-mode as the supervisor's: from VS-mode with SIE of
    /// vsstatus, from VU-mode always, at V=0 never.
    vs_level_interrupts_taken_into_vs
    [rules "hideleg_op" "hideleg_trans" "hvip_acc" "hvip_op" "vsip_vsie_op"]
    [cases 20 91]
    [needs H]
    |p| {
        let pairs = [
            (Interrupt::Vssi, Interrupt::Ssi),
            (Interrupt::Vsti, Interrupt::Sti),
            (Interrupt::Vsei, Interrupt::Sei),
        ];
        for (source, seen) in pairs {
            let raise = |p: &mut Program| {
                p.write_csr(csr::hideleg::NUMBER, source.bit());
                p.write_csr(csr::hie::NUMBER, source.bit());
                p.write_csr(csr::hvip::NUMBER, VS_LEVEL);
            };
            raise(p);
            p.set_csr(csr::sstatus::NUMBER, csr::sstatus::SIE.mask());
            for mode in [Mode::HS, Mode::U] {
                p.in_mode(mode, |p| p.expect_no_trap("V=0 with an interrupt for the guest", |_| {}));
            }
            for hs_sie in [0, 1] {
                p.set_field(csr::sstatus::NUMBER, csr::sstatus::SIE, hs_sie);
                raise(p);
                p.in_mode(Mode::VS, |p| {
                    p.expect_no_trap("VS-mode with SIE clear", |_| {});
                    p.expect_interrupt(interrupt(seen, Mode::VS), |p| {
                        p.csrsi(csr::sstatus::NUMBER, 1 << csr::sstatus::SIE.lo);
                    });
                    p.csrci(csr::sstatus::NUMBER, 1 << csr::sstatus::SIE.lo);
                });
                raise(p);
                taken_at_once(p, Mode::VU, seen, Mode::VS);
            }
            p.csrw(csr::hvip::NUMBER, ZERO);
        }
    }
}

/// The bits of hvip, hip and hie that this chapter says everything about; that of counter overflow comes with
/// extensions of its own.
fn counted(p: &Program) -> u64 {
    if p.cpu().has(Ext::Shlcofideleg) { !Interrupt::Lcofi.bit() } else { u64::MAX }
}

const VS_LEVEL: u64 = Interrupt::Vssi.bit() | Interrupt::Vsti.bit() | Interrupt::Vsei.bit();

/// All that the extension adds.
const ADDED: u64 = VS_LEVEL | Interrupt::Sgei.bit();
