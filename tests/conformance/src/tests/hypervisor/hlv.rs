//! HLV, HLVX and HSV: their widths, and who may use them.

use isa::asm::Asm;

use super::guest::{Guest, U_ALL, VA, set_spvp};
use crate::Program;
use crate::prelude::*;

/// An instruction: name, itself, and what it loads from `DATA`.
type HLoad = (&'static str, fn(&mut Asm, Reg, Reg) -> &mut Asm, u64);
/// An instruction: name, itself, and the bits that it stores.
type HStore = (&'static str, fn(&mut Asm, Reg, Reg) -> &mut Asm, u64);

/// Every byte has its highest bit set, and all differ.
const DATA: u64 = 0x8f8e_8d8c_8b8a_8988;

/// All loads.
pub(super) const LOADS: [HLoad; 9] = [
    ("hlv.b", Asm::hlv_b, 0xffff_ffff_ffff_ff88),
    ("hlv.bu", Asm::hlv_bu, 0x88),
    ("hlv.h", Asm::hlv_h, 0xffff_ffff_ffff_8988),
    ("hlv.hu", Asm::hlv_hu, 0x8988),
    ("hlv.w", Asm::hlv_w, 0xffff_ffff_8b8a_8988),
    ("hlv.wu", Asm::hlv_wu, 0x8b8a_8988),
    ("hlv.d", Asm::hlv_d, DATA),
    ("hlvx.hu", Asm::hlvx_hu, 0x8988),
    ("hlvx.wu", Asm::hlvx_wu, 0x8b8a_8988),
];

/// All stores.
pub(super) const STORES: [HStore; 4] = [
    ("hsv.b", Asm::hsv_b, 0xff),
    ("hsv.h", Asm::hsv_h, 0xffff),
    ("hsv.w", Asm::hsv_w, 0xffff_ffff),
    ("hsv.d", Asm::hsv_d, u64::MAX),
];

conformance_tests! {
    /// Every load has its width and its extension, and translates by both stages, in M- and in HS-mode.
    hlv_widths
    [rules "hlsv_op" "hlsv_u_op" "hlsv_mode" "hlsv_trans"]
    [cases 47 56]
    [needs H]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        p.put(guest.page + 0x18, DATA);
        let loads = |p: &mut Program| {
            for (name, load, loaded) in LOADS {
                p.li(A0, VA + 0x18);
                load(p, A1, A0);
                p.check_eq(A1, loaded, name);
            }
        };
        loads(p);
        p.in_mode(Mode::HS, loads);
    }

    /// Every store has its width, and changes nothing beside it.
    hsv_widths
    [rules "hlsv_op"]
    [cases 51]
    [needs H]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        for mode in [Mode::M, Mode::HS] {
            for (name, store, bits) in STORES {
                p.store(guest.page + 0x20, 0x1111_1111_1111_1111);
                p.store(guest.page + 0x28, 0x2222_2222_2222_2222);
                let body = |p: &mut Program| {
                    p.li(A0, VA + 0x20).li(A1, DATA);
                    store(p, A1, A0);
                };
                if mode == Mode::M {
                    body(p)
                } else {
                    p.in_mode(mode, body)
                }
                let left = 0x1111_1111_1111_1111 & !bits;
                p.check_memory(guest.page + 0x20, DATA & bits | left, name);
                p.check_memory(guest.page + 0x28, 0x2222_2222_2222_2222, "the doubleword after it");
            }
        }
    }

    /// A misaligned HLV or HSV within a page, and one across pages, is put together from its parts.
    hlv_misaligned
    [rules "hlsv_op" "hlsv_trans"]
    [cases 44]
    [needs H Zicclsm]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        let next = p.page();
        p.map(guest.vs, VA + 0x1000, SPARE + 0x9000, U_ALL);
        p.map(guest.g, SPARE + 0x9000, next, U_ALL);
        p.put(guest.page + 0x10, DATA);
        p.put(guest.page + 0xff8, DATA);
        p.put(next, 0x7172_7374_7576_7778);
        p.li(A0, VA + 0x13).hlv_w(A1, A0);
        p.check_eq(A1, 0xffff_ffff_8e8d_8c8b, "four bytes from the fourth on");
        p.li(A0, VA + 0xffd).hlv_d(A1, A0);
        p.check_eq(A1, 0x7475_7677_788f_8e8d, "three bytes of one page and five of another");
        p.li(A0, VA + 0xfff).li(A1, 0xabcd).hsv_h(A1, A0);
        p.check_memory(guest.page + 0xff8, 0xcd8e_8d8c_8b8a_8988, "the end of one page");
        p.check_memory(next, 0x7172_7374_7576_77ab, "the start of another");
    }

    /// SPVP alone says as whom the access is made: of mstatus.MPP, SPP and SPV nothing is taken.
    hlv_privilege_is_spvp
    [rules "hlsv_priv" "hlsv_trans"]
    [cases 53]
    [needs H]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        p.map(guest.vs, VA + 0x1000, SPARE + 0x9000, flags("rwxad"));
        p.map(guest.g, SPARE + 0x9000, guest.page, U_ALL);
        p.put(guest.page, DATA);
        for supervisor in [false, true] {
            set_spvp(p, supervisor);
            // What does not count says the opposite.
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::SPP, u64::from(!supervisor));
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPP, u64::from(!supervisor));
            let (allowed, denied) = if supervisor { (VA + 0x1000, VA) } else { (VA, VA + 0x1000) };
            let accesses = |p: &mut Program| {
                for (name, load, loaded) in LOADS {
                    p.li(A0, allowed);
                    load(p, A1, A0);
                    p.check_eq(A1, loaded, name);
                    let fault = trap(Exception::LoadPageFault, Mode::M).tval(denied).gva(true);
                    p.li(A0, denied);
                    p.expect_trap(fault.tinst_transformed(0), |p| {
                        load(p, A1, A0);
                    });
                }
                for (_, store, _) in STORES {
                    p.li(A0, allowed).li(A1, DATA);
                    store(p, A1, A0);
                    let fault = trap(Exception::StorePageFault, Mode::M).tval(denied).gva(true);
                    p.li(A0, denied);
                    p.expect_trap(fault.tinst_transformed(0), |p| {
                        store(p, A1, A0);
                    });
                }
            };
            accesses(p);
            p.in_mode(Mode::HS, accesses);
        }
    }

    /// In U-mode, HU decides between the access and an illegal instruction.
    hlv_from_u
    [rules "hlsv_mode" "hlsv_illegalinst"]
    [cases 55]
    [needs H]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        p.put(guest.page, DATA);
        p.in_mode(Mode::U, |p| {
            p.li(A0, VA);
            for (_, inst, _) in LOADS.into_iter().chain(STORES) {
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                    inst(p, A1, A0);
                });
            }
        });
        p.set_csr(csr::hstatus::NUMBER, csr::hstatus::HU.mask());
        p.in_mode(Mode::U, |p| {
            p.li(A0, VA);
            for (name, load, loaded) in LOADS {
                load(p, A1, A0);
                p.check_eq(A1, loaded, name);
            }
            p.li(A1, 0x1234).hsv_d(A1, A0);
        });
        p.check_memory(guest.page, 0x1234, "what U-mode has stored");
    }

    /// At V=1 all of them are virtual instructions, whatever HU says.
    hlv_from_guest
    [rules "hlsv_virtinst" "H_virtinst_vu_vs_hinst" "H_virtinst_xtval"]
    [cases 55 18]
    [needs H]
    |p| {
        for hu in [0, csr::hstatus::HU.mask()] {
            p.write_csr(csr::hstatus::NUMBER, hu);
            for mode in [Mode::VS, Mode::VU] {
                p.in_mode(mode, |p| {
                    for (_, inst, _) in LOADS.into_iter().chain(STORES) {
                        p.li(A0, SPARE);
                        p.expect_trap(trap(Exception::VirtualInst, Mode::M).tval_inst(), |p| {
                            inst(p, A1, A0);
                        });
                    }
                });
            }
        }
    }

    /// The encodings beside them are reserved: other values of rs2 in loads, rd in stores.
    hlv_reserved_encodings
    [rules "hlsv_op"]
    [cases 52]
    [needs H]
    |p| {
        let load = |funct7: u32, rs2: u32| funct7 << 25 | rs2 << 20 | 10 << 15 | 4 << 12 | 11 << 7 | 0x73;
        let words = [
            load(0x30, 2),
            load(0x30, 3),
            load(0x32, 2),
            load(0x34, 2),
            load(0x36, 1),
            load(0x36, 3),
            load(0x30, 31),
            load(0x38, 0),
            load(0x31, 0) | 1 << 7,
            load(0x37, 11),
        ];
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE);
            for word in words {
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                    p.word(word);
                });
            }
        });
        // Nor are they virtual instructions, because HS-mode has no such instructions either.
        p.in_mode(Mode::VS, |p| {
            for word in words {
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                    p.word(word);
                });
            }
        });
    }

    /// An HLV that faults leaves nothing behind: the next load is an ordinary one again.
    hlv_fault_does_not_linger
    [rules "hlsv_trans" "hlsv_priv"]
    [cases 57]
    [needs H]
    |p| {
        let guest = Guest::new(p, U_ALL, U_ALL);
        let (mine, s) = (p.page(), p.s_stage(&SV39));
        p.map(s, VA, mine, flags("rwad"));
        p.put(mine, 0x600d);
        p.put(guest.page, DATA);
        p.in_mode(Mode::HS, |p| {
            p.li(A0, VA + 0x1000).li(A2, VA);
            p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(VA + 0x1000).gva(true), |p| {
                p.hlv_d(A1, A0);
            });
            p.ld(A1, 0, A2);
            p.check_eq(A1, 0x600d, "HS-mode's own page, after a fault of HLV");
            p.hlv_d(A1, A2).ld(A3, 0, A2);
            p.check_eq(A3, 0x600d, "HS-mode's own page, after an HLV");
            p.check_eq(A1, DATA, "the guest's page");
        });
    }
}
