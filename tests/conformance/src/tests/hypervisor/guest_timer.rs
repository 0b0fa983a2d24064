//! Guest time: htimedelta, vstimecmp and the VS-level timer interrupt.

use crate::prelude::*;

use crate::tests::handler::taken_at_once;

conformance_tests! {
    /// htimedelta is 64 bits wide, and the guest's time is the host's plus that, at V=1 alone.
    htimedelta_is_added_to_the_guests_time
    [rules "htimedelta_sz" "htimedelta_acc" "htimedelta_op" "time_htimedelta_req"]
    [needs H Zicntr]
    [only |cpu| cpu.mcounteren & 0b010 != 0]
    |p| {
        let number = csr::htimedelta::NUMBER;
        p.check_writable(number, u64::MAX, 0);
        for delta in [0, 1 << 40, 0x0123_4567_89ab_cdef, u64::MAX << 32] {
            p.in_mode(Mode::HS, |p| p.check_write(number, delta, delta, "htimedelta"));
            for mode in [Mode::VS, Mode::VU, Mode::HS, Mode::U] {
                let added = if mode.virt { delta } else { 0 };
                p.csrr(S2, csr::time::NUMBER).li(A0, added).add(S2, S2, A0);
                p.in_mode(mode, |p| {
                    p.csrr(S3, csr::time::NUMBER);
                });
                // It is little later than before.
                p.sub(S3, S3, S2).li(A0, 1 << 24).sltu(S3, S3, A0);
                p.check_eq(S3, 1, &format!("time in {mode}-mode is close to its own"));
            }
        }
    }

    /// hip.VSTIP is set while the guest's time is vstimecmp or more, at any V, or while hvip says so.
    vstip_compares_guest_time
    [rules "hip_vstip_vstie_acc" "hip_vstip_vstie_op" "hip_vstip_op" "hip_vstip_clear" "vstimecmp_sz"]
    [cases 88 94]
    [needs H Sstc]
    |p| {
        enable(p);
        p.check_writable(csr::vstimecmp::NUMBER, u64::MAX, 0);
        let vsti = Interrupt::Vsti.bit();
        // Guest time is close to delta, as far as bit 32 and up are concerned.
        let rows = [
            (0, 0, true),
            (0, 1 << 40, false),
            (1 << 41, 1 << 40, true),
            (1 << 40, 1 << 41, false),
            (0, u64::MAX, false),
            (u64::MAX << 32, u64::MAX, false),
            (u64::MAX << 32, 1 << 40, true),
            (1 << 63, 1 << 40, true),
            (1 << 62, 1 << 63, false),
        ];
        for (delta, compare, due) in rows {
            p.write_csr(csr::htimedelta::NUMBER, delta);
            p.write_csr(csr::vstimecmp::NUMBER, compare);
            for hvip in [0, vsti] {
                p.write_csr(csr::hvip::NUMBER, hvip);
                let pending = if due || hvip != 0 { vsti } else { 0 };
                settle(p);
                let what = format!("VSTIP with delta {delta:#x} and vstimecmp {compare:#x}");
                p.check_csr_bits(csr::hip::NUMBER, vsti, pending, &what);
                p.check_csr_bits(csr::mip::NUMBER, vsti, pending, &what);
                p.check_csr_bits(csr::hvip::NUMBER, vsti, hvip, "hvip.VSTIP is what software wrote");
                // It is read-only in hip.
                p.write_csr(csr::hip::NUMBER, !pending);
                p.check_csr_bits(csr::hip::NUMBER, vsti, pending, &what);
                p.write_csr(csr::hideleg::NUMBER, vsti);
                p.in_mode(Mode::VS, |p| p.check_csr_bits(csr::sip::NUMBER, vsti >> 1, pending >> 1, &what));
                p.write_csr(csr::hideleg::NUMBER, 0);
                p.in_mode(Mode::HS, |p| p.check_csr_bits(csr::hip::NUMBER, vsti, pending, &what));
            }
        }
    }

    /// The guest's timer interrupts it as STI when it is delegated, and HS-mode as VSTI otherwise.
    vstimecmp_interrupts
    [rules "hip_vstip_enable" "hip_vstip_vstie_op" "hideleg_trans"]
    [cases 94]
    [needs H Sstc]
    [only |cpu| cpu.mcounteren & 0b010 != 0]
    |p| {
        enable(p);
        let vsti = Interrupt::Vsti.bit();
        p.write_csr(csr::hie::NUMBER, vsti);
        p.write_csr(csr::htimedelta::NUMBER, 1 << 41);
        p.write_csr(csr::vstimecmp::NUMBER, 1 << 40);
        for mode in [Mode::VS, Mode::VU, Mode::U] {
            p.write_csr(csr::hie::NUMBER, vsti);
            taken_at_once(p, mode, Interrupt::Vsti, Mode::HS);
        }
        p.write_csr(csr::hideleg::NUMBER, vsti);
        taken_at_once(p, Mode::VU, Interrupt::Sti, Mode::VS);
        p.in_mode(Mode::VS, |p| {
            p.expect_no_trap("VS-mode with SIE clear", |_| {});
            p.expect_interrupt(interrupt(Interrupt::Sti, Mode::VS), |p| {
                p.csrsi(csr::sstatus::NUMBER, 1 << csr::sstatus::SIE.lo);
            });
        });
        // The guest sets its own timer, by the supervisor's name, and waits for it.
        p.in_mode(Mode::VS, |p| {
            p.csrr(A0, csr::time::NUMBER).li(A1, 20_000).add(A0, A0, A1).csrw(csr::stimecmp::NUMBER, A0);
            p.set_csr(csr::sie::NUMBER, Interrupt::Sti.bit());
            p.expect_interrupt(interrupt(Interrupt::Sti, Mode::VS), |p| {
                p.csrsi(csr::sstatus::NUMBER, 1 << csr::sstatus::SIE.lo);
                let again = p.here();
                p.wfi();
                p.j(again);
            });
        });
        p.csrr(A0, csr::vstimecmp::NUMBER).csrr(A1, csr::time::NUMBER);
        p.srli(A0, A0, 41).srli(A1, A1, 41);
        p.check_eq(A0, 1, "vstimecmp is in guest time");
    }

    /// At V=1 stimecmp stands for vstimecmp, and HS-mode's own is left alone.
    stimecmp_at_v1_is_vstimecmp
    [rules "vstimecmp_acc" "H_vscsrs_sub" "hcounteren_acc"]
    [cases 74]
    [needs H Sstc]
    [only |cpu| cpu.mcounteren & 0b010 != 0]
    |p| {
        enable(p);
        p.write_csr(csr::stimecmp::NUMBER, 0x1111_2222_3333_4444);
        p.write_csr(csr::vstimecmp::NUMBER, 0x5555_6666_7777_8888);
        p.in_mode(Mode::VS, |p| {
            p.check_csr(csr::stimecmp::NUMBER, 0x5555_6666_7777_8888, "stimecmp at V=1");
            p.check_write(csr::stimecmp::NUMBER, 0x7999_0000_0000_0001, 0x7999_0000_0000_0001, "stimecmp written at V=1");
        });
        p.in_mode(Mode::HS, |p| {
            p.check_csr(csr::stimecmp::NUMBER, 0x1111_2222_3333_4444, "stimecmp at V=0");
            p.check_csr(csr::vstimecmp::NUMBER, 0x7999_0000_0000_0001, "vstimecmp");
        });
    }

    /// stimecmp at V=1 is illegal without mcounteren.TM or menvcfg.STCE, and else virtual without
    /// hcounteren.TM or henvcfg.STCE; from VU-mode it is virtual when HS-mode could.
    stimecmp_at_v1_under_its_gates
    [rules "hcounteren_acc" "henvcfg_stce" "henvcfg_op"]
    [cases 74]
    [needs H Sstc]
    [only |cpu| cpu.mcounteren & 0b010 != 0]
    |p| {
        let (stce, tm) = (csr::menvcfg::STCE.mask(), csr::mcounteren::TM.mask());
        let accesses: [fn(&mut crate::Program); 2] =
            [|p| { p.csrr(A0, csr::stimecmp::NUMBER); }, |p| { p.csrw(csr::stimecmp::NUMBER, ZERO); }];
        for gates in 0..16 {
            let gate = |n: u32| gates >> n & 1 == 1;
            let value = |n: u32, mask: u64| if gate(n) { mask } else { 0 };
            p.write_csr(csr::menvcfg::NUMBER, stce);
            p.write_csr(csr::henvcfg::NUMBER, value(0, stce));
            p.write_csr(csr::menvcfg::NUMBER, value(1, stce));
            p.write_csr(csr::hcounteren::NUMBER, value(2, tm));
            p.write_csr(csr::mcounteren::NUMBER, value(3, tm));
            let illegal = !(gate(1) && gate(3));
            let vs = match (illegal, gate(0) && gate(2)) {
                (true, _) => Some(Exception::IllegalInst),
                (false, false) => Some(Exception::VirtualInst),
                (false, true) => None,
            };
            let vu = if illegal { Exception::IllegalInst } else { Exception::VirtualInst };
            for access in accesses {
                access(p);
                for (mode, expected) in [(Mode::VS, vs), (Mode::VU, Some(vu)), (Mode::HS, illegal.then_some(vu))] {
                    p.in_mode(mode, |p| match expected {
                        Some(exception) => p.expect_trap(trap(exception, Mode::M).tval_inst(), access),
                        None => access(p),
                    });
                }
                // The supervisor's gates hold for vstimecmp's own number too, and the guest's do not.
                p.in_mode(Mode::HS, |p| {
                    let read = |p: &mut crate::Program| { p.csrr(A0, csr::vstimecmp::NUMBER); };
                    if illegal {
                        p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), read);
                    } else {
                        read(p);
                    }
                });
            }
        }
    }

    /// Without STCE the timer does not count: VSTIP is hvip's; with STCE again it is compared anew.
    vstip_without_stce_is_that_of_hvip
    [rules "henvcfg_stce" "hip_vstip_vstie_acc"]
    [cases 95]
    [needs H Sstc]
    |p| {
        let vsti = Interrupt::Vsti.bit();
        let stce = csr::henvcfg::STCE.mask();
        enable(p);
        p.write_csr(csr::vstimecmp::NUMBER, 0);
        for (menvcfg, henvcfg) in [(stce, stce), (stce, 0), (stce, stce), (0, 0), (stce, stce)] {
            p.write_csr(csr::menvcfg::NUMBER, menvcfg);
            p.write_csr(csr::henvcfg::NUMBER, henvcfg);
            for hvip in [vsti, 0] {
                p.write_csr(csr::hvip::NUMBER, hvip);
                let pending = if henvcfg != 0 { vsti } else { hvip };
                settle(p);
                p.check_csr_bits(csr::hip::NUMBER, vsti, pending, "VSTIP with a timer that is due");
            }
        }
        p.write_csr(csr::vstimecmp::NUMBER, u64::MAX);
        settle(p);
        p.check_csr_bits(csr::hip::NUMBER, vsti, 0, "VSTIP with a timer that is far off");
        // menvcfg.STCE alone takes the timer away too.
        p.write_csr(csr::vstimecmp::NUMBER, 0);
        p.write_csr(csr::menvcfg::NUMBER, 0);
        settle(p);
        p.check_csr_bits(csr::hip::NUMBER, vsti, 0, "VSTIP without menvcfg.STCE");
    }
}

/// Opens what keeps the timers of HS-mode and of the guest closed.
fn enable(p: &mut crate::Program) {
    p.set_csr(csr::menvcfg::NUMBER, csr::menvcfg::STCE.mask());
    p.set_csr(csr::henvcfg::NUMBER, csr::henvcfg::STCE.mask());
}

/// Time for VSTIP, which may follow a comparison late.
fn settle(p: &mut crate::Program) {
    p.li(A0, 10_000);
    let again = p.here();
    p.addi(A0, A0, -1).bnez(A0, again);
}
