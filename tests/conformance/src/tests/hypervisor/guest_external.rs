//! Guest external interrupts: hgeip and hgeie, SGEI for HS-mode, and VGEIN's choice for the guest.

use crate::prelude::*;

use crate::tests::handler::taken_at_once;

conformance_tests! {
    /// hgeip shows bits GEILEN to 1 of the lines; hgeie has the same bits, all writable.
    hgeip_and_hgeie_bits
    [rules "hgeip_sz" "hgeip_acc" "hgeip_op" "hgeie_sz" "hgeie_acc" "HGEIE_WARL" "GEILEN" "hgeip_hgeie_fields"]
    [needs H]
    [cpus "geilen=0" "geilen=1" "geilen=31"]
    [devices Hgeip]
    |p| {
        let lines = ((1u128 << (p.cpu().geilen + 1)) - 2) as u64;
        p.check_writable(csr::hgeie::NUMBER, lines, 0);
        p.check_csr(csr::hgeip::NUMBER, 0, "hgeip with no line high");
        p.store(device::HGEIP, u64::MAX);
        p.check_csr(csr::hgeip::NUMBER, lines, "hgeip with every line high");
        p.in_mode(Mode::HS, |p| {
            p.check_csr(csr::hgeip::NUMBER, lines, "hgeip in HS-mode");
            p.check_write(csr::hgeie::NUMBER, u64::MAX, lines, "hgeie written in HS-mode");
        });
        for line in [1, 2, 31, 63] {
            p.store(device::HGEIP, 1 << line);
            p.check_csr(csr::hgeip::NUMBER, lines & 1 << line, "hgeip with one line high");
            p.check_write(csr::hgeie::NUMBER, 1 << line, lines & 1 << line, "hgeie with one bit written");
        }
        p.store(device::HGEIP, 0);
        p.check_csr(csr::hgeip::NUMBER, 0, "hgeip with all lines low again");
    }

    /// hip.SGEIP is set if and only if a line is both pending and enabled; it is read-only.
    sgeip_is_the_and_of_pending_and_enabled
    [rules "hip_sgeip_sgeie_acc" "hip_sgeip_sgeie_op" "hgeie_op" "hgeip_hgeie_fields" "mip_mie_alias"]
    [needs H]
    [only |cpu| cpu.geilen >= 2]
    [cpus "geilen=2"]
    [devices Hgeip]
    |p| {
        let sgei = Interrupt::Sgei.bit();
        let top = 1 << p.cpu().geilen;
        for (pending, enabled) in [(0, 0), (2, 0), (0, 2), (2, 4), (4, 2), (2, 2), (top, top), (6, 4), (top, 2)] {
            p.store(device::HGEIP, pending);
            p.write_csr(csr::hgeie::NUMBER, enabled);
            let expected = if pending & enabled != 0 { sgei } else { 0 };
            for number in [csr::hip::NUMBER, csr::mip::NUMBER] {
                p.check_csr_bits(number, sgei, expected, "SGEIP");
                p.write_csr(number, !expected);
                p.check_csr_bits(number, sgei, expected, "SGEIP after an attempt to change it");
                p.write_csr(number, 0);
            }
        }
    }

    /// SGEI goes to HS-mode, when hie enables it, from every mode that has less privilege, and cannot be
    /// delegated to the guest.
    guest_external_interrupts_are_taken_into_hs
    [rules "hip_sgeip_sgeie_op" "hgeie_op" "hideleg_acc" "hideleg_hs"]
    [needs H]
    [only |cpu| cpu.geilen >= 3]
    [devices Hgeip]
    |p| {
        p.store(device::HGEIP, 1 << 3);
        p.write_csr(csr::hideleg::NUMBER, u64::MAX);
        for mode in [Mode::VS, Mode::VU, Mode::U] {
            p.write_csr(csr::hie::NUMBER, Interrupt::Sgei.bit());
            p.write_csr(csr::hgeie::NUMBER, 1 << 2);
            p.in_mode(mode, |p| p.expect_no_trap("another line is enabled", |_| {}));
            p.write_csr(csr::hgeie::NUMBER, 1 << 3);
            taken_at_once(p, mode, Interrupt::Sgei, Mode::HS);
            p.csrw(csr::hie::NUMBER, ZERO);
            p.in_mode(mode, |p| p.expect_no_trap("SGEIE is clear", |_| {}));
        }
        p.write_csr(csr::hie::NUMBER, Interrupt::Sgei.bit());
        p.in_mode(Mode::HS, |p| {
            p.expect_no_trap("HS-mode with SIE clear", |_| {});
            p.expect_interrupt(interrupt(Interrupt::Sgei, Mode::HS), |p| {
                p.csrsi(csr::sstatus::NUMBER, 1 << csr::sstatus::SIE.lo);
            });
        });
    }

    /// hip.VSEIP is set by hvip or by the line that VGEIN selects, whatever hgeie says, at V=0 and at V=1.
    vseip_follows_the_line_that_vgein_selects
    [rules "hip_vseip_vseie_op" "hstatus_vgein_op" "hgeie_op" "vsip_vsie_sei"]
    [cases 88 90]
    [needs H]
    [only |cpu| cpu.geilen >= 5]
    [cpus "geilen=5"]
    [devices Hgeip]
    |p| {
        use csr::hstatus::{NUMBER, VGEIN};
        let (vsei, sei) = (Interrupt::Vsei.bit(), Interrupt::Sei.bit());
        p.write_csr(csr::hideleg::NUMBER, vsei);
        p.store(device::HGEIP, 1 << 5);
        for enabled in [0, 1 << 5] {
            p.write_csr(csr::hgeie::NUMBER, enabled);
            for hvip in [0, vsei] {
                p.write_csr(csr::hvip::NUMBER, hvip);
                for (line, level) in [(0, 0), (4, 0), (5, 1), (1, 0), (5, 1), (0, 0)] {
                    p.set_field(NUMBER, VGEIN, line);
                    let set = level == 1 || hvip != 0;
                    let (here, guest) = if set { (vsei, sei) } else { (0, 0) };
                    p.check_csr_bits(csr::hip::NUMBER, vsei, here, "hip.VSEIP in M-mode");
                    p.check_csr_bits(csr::mip::NUMBER, vsei, here, "mip.VSEIP");
                    p.check_csr_bits(csr::hvip::NUMBER, vsei, hvip, "hvip.VSEIP, which is what software wrote");
                    p.check_csr(csr::vsip::NUMBER, guest, "vsip");
                    p.in_mode(Mode::HS, |p| p.check_csr_bits(csr::hip::NUMBER, vsei, here, "hip.VSEIP in HS-mode"));
                    p.in_mode(Mode::VS, |p| p.check_csr(csr::sip::NUMBER, guest, "sip in VS-mode"));
                }
            }
        }
        // A line that changes shows at once.
        p.write_csr(csr::hvip::NUMBER, 0);
        p.set_field(NUMBER, VGEIN, 5);
        for level in [0, 1 << 5, 0x1e, 0] {
            p.store(device::HGEIP, level);
            p.check_csr_bits(csr::hip::NUMBER, vsei, if level == 1 << 5 { vsei } else { 0 }, "hip.VSEIP");
        }
    }

    /// The selected line interrupts the guest as its supervisor external interrupt, or HS-mode if hideleg
    /// keeps it there; a line that is not selected does neither.
    the_selected_line_interrupts_the_guest
    [rules "hip_vseip_vseie_op" "hstatus_vgein_op" "hideleg_trans" "hgeie_op"]
    [cases 90]
    [needs H]
    [devices Hgeip]
    |p| {
        use csr::hstatus::{NUMBER, VGEIN};
        if p.cpu().geilen < 2 {
            return;
        }
        let line = u64::from(p.cpu().geilen.min(7));
        p.store(device::HGEIP, 1 << line);
        p.write_csr(csr::hie::NUMBER, Interrupt::Vsei.bit());
        for (hideleg, cause, taken) in
            [(0, Interrupt::Vsei, Mode::HS), (Interrupt::Vsei.bit(), Interrupt::Sei, Mode::VS)]
        {
            p.write_csr(csr::hideleg::NUMBER, hideleg);
            p.set_field(NUMBER, VGEIN, line - 1);
            p.in_mode(Mode::VU, |p| p.expect_no_trap("another line is selected", |_| {}));
            p.set_field(NUMBER, VGEIN, line);
            taken_at_once(p, Mode::VU, cause, taken);
        }
    }

    /// HS-mode, which selects the line of a guest, takes its interrupt at once.
    selecting_a_line_in_hs_interrupts_hs
    [rules "hip_vseip_vseie_op" "hideleg_hs"]
    [cases 90]
    [needs H]
    [devices Hgeip]
    |p| {
        if p.cpu().geilen < 2 {
            return;
        }
        let line = u64::from(p.cpu().geilen.min(7));
        p.store(device::HGEIP, 1 << line);
        p.write_csr(csr::hie::NUMBER, Interrupt::Vsei.bit());
        p.set_csr(csr::sstatus::NUMBER, csr::sstatus::SIE.mask());
        p.in_mode(Mode::HS, |p| {
            p.expect_no_trap("no line is selected", |_| {});
            p.expect_interrupt(interrupt(Interrupt::Vsei, Mode::HS), |p| {
                p.set_field(csr::hstatus::NUMBER, csr::hstatus::VGEIN, line);
            });
        });
    }
}
