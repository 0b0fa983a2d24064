use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::prelude::*;
use crate::inst::Op;
use crate::{Inst, decode};

const BASE: u64 = 0x8000_0000;

/// The instructions of a program that `write` writes.
fn assemble(write: impl FnOnce(&mut Asm)) -> Vec<Inst> {
    let mut a = Asm::new(BASE);
    write(&mut a);
    let bytes = a.finish().expect("a correct program");
    let (mut at, mut program) = (0, Vec::new());
    while at < bytes.len() {
        let mut word = [0; 4];
        let len = (bytes.len() - at).min(4);
        word[..len].copy_from_slice(&bytes[at..at + len]);
        let inst = decode(u32::from_le_bytes(word)).expect("a valid instruction");
        at += inst.size() as usize;
        program.push(inst);
    }
    program
}

/// The text of the instructions of a program that `write` writes.
fn listing(write: impl FnOnce(&mut Asm)) -> Vec<String> {
    let mut pc = BASE;
    let text = |inst: Inst| {
        let text = inst.at(pc).to_string();
        pc += inst.size();
        text
    };
    assemble(write).into_iter().map(text).collect()
}

/// The message of the error in the program that `write` writes.
fn error(write: impl FnOnce(&mut Asm)) -> String {
    let mut a = Asm::new(BASE);
    write(&mut a);
    a.finish().expect_err("a wrong program").to_string()
}

#[test]
fn operands_are_in_the_order_of_assembly_language() {
    let text = listing(|a| {
        a.add(A0, A1, A2).addi(A0, A1, -1).ld(A0, 8, SP).sd(A0, -8, SP).jalr(RA, 4, T0);
        a.lui(T0, 0xfffff).auipc(T0, -1).slli(T0, T1, 63).sraiw(T0, T1, 31).fence(3, 12).fence_i();
        a.csrrw(T0, csr::hstatus::NUMBER, T1).csrrwi(ZERO, csr::hgatp::NUMBER, 31);
        a.amoadd_d(T0, T1, T2, Order::AqRl).lr_w(T0, T1, Order::Aq).sc_w(T0, T1, T2, Order::Rl);
        a.fld(FA0, 0, A0).fsd(FA0, 0, A0).fmadd_s(FA0, FA1, FA2, FA3, Rtz).fadd_d(FA0, FA1, FA2, Dyn);
        a.fsqrt_s(FA0, FA1, Rup).feq_d(A0, FA1, FA2).fcvt_l_d(A0, FA1, Rdn).fmv_x_d(A0, FA1);
        a.fcvt_d_l(FA0, A1, Rmm).fmv_d_x(FA0, A1).fsgnj_s(FA0, FA1, FA2).fcvt_w_s(A0, FA0, Rne);
        a.hlv_d(T0, T1).hsv_d(T0, T1).hfence_gvma(T0, T1).sret();
    });
    let expected = "add a0,a1,a2|addi a0,a1,-1|ld a0,8(sp)|sd a0,-8(sp)|jalr ra,4(t0)|\
        lui t0,0xfffff|auipc t0,0xfffff|slli t0,t1,0x3f|sraiw t0,t1,0x1f|fence rw,io|fence.i|\
        csrrw t0,hstatus,t1|csrrwi zero,hgatp,31|\
        amoadd.d.aqrl t0,t1,(t2)|lr.w.aq t0,(t1)|sc.w.rl t0,t1,(t2)|\
        fld fa0,0(a0)|fsd fa0,0(a0)|fmadd.s fa0,fa1,fa2,fa3,rtz|fadd.d fa0,fa1,fa2|\
        fsqrt.s fa0,fa1,rup|feq.d a0,fa1,fa2|fcvt.l.d a0,fa1,rdn|fmv.x.d a0,fa1|\
        fcvt.d.l fa0,a1,rmm|fmv.d.x fa0,a1|fsgnj.s fa0,fa1,fa2|fcvt.w.s a0,fa0,rne|\
        hlv.d t0,(t1)|hsv.d t0,(t1)|hfence.gvma t0,t1|sret";
    assert_eq!(text.join("|"), expected);
}

#[test]
fn compressed_instructions_have_methods_too() {
    let text = listing(|a| {
        a.c_addi4spn(A0, 1020).c_lw(A0, 124, A1).c_sd(A0, 248, A1).c_fld(FA0, 8, A1).c_nop();
        a.c_addi(T0, -32).c_li(T0, 31).c_addi16sp(-512).c_lui(T0, 0xfffe0).c_srai(A0, 63).c_andi(A0, -1);
        a.c_subw(A0, A1).c_slli(T0, 1).c_ldsp(T0, 504).c_fsdsp(FT0, 0).c_swsp(T0, 252);
        a.c_mv(T0, T1).c_add(T0, T1).c_jr(T0).c_jalr(T0).c_ebreak();
    });
    let expected = "c.addi4spn a0,sp,1020|c.lw a0,124(a1)|c.sd a0,248(a1)|c.fld fa0,8(a1)|c.nop|\
        c.addi t0,-32|c.li t0,31|c.addi16sp sp,-512|c.lui t0,0xfffe0|c.srai a0,0x3f|c.andi a0,-1|\
        c.subw a0,a1|c.slli t0,0x1|c.ldsp t0,504(sp)|c.fsdsp ft0,0(sp)|c.swsp t0,252(sp)|\
        c.mv t0,t1|c.add t0,t1|c.jr t0|c.jalr t0|c.ebreak";
    assert_eq!(text.join("|"), expected);
}

#[test]
fn labels_reach_forward_and_backward() {
    let text = listing(|a| {
        let (start, end) = (a.here(), a.label());
        a.beq(A0, A1, end).jal(RA, start).c_beqz(A0, end).c_j(start).bnez(A0, start);
        a.place(end);
        a.nop();
    });
    let expected = "beq a0,a1,0x80000010|jal ra,0x80000000|c.beqz a0,0x80000010|c.j 0x80000000|\
        bne a0,zero,0x80000000|addi zero,zero,0";
    assert_eq!(text.join("|"), expected);
}

#[test]
fn addresses_of_labels_are_relative_to_the_pc() {
    for gap in [0, 0x7f8, 0x7fc, 0x800, 0x1234, 0xffc] {
        let mut a = Asm::new(BASE);
        let before = a.here();
        let after = a.label();
        a.space(gap);
        let pc = a.pc();
        a.la(T0, before).call(after);
        a.space(gap);
        a.place(after);
        let target = a.address(after).unwrap();
        let bytes = a.finish().unwrap();
        let at = |offset| {
            let at = gap + offset;
            decode(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())).unwrap()
        };
        let sum = |at: u64, upper: Inst, lower: Inst| at.wrapping_add_signed((upper.imm + lower.imm).into());
        assert_eq!(sum(pc, at(0), at(4)), BASE, "la over {gap:#x}");
        assert_eq!(sum(pc + 8, at(8), at(12)), target, "call over {gap:#x}");
        assert_eq!((at(4).op, at(12).op), (Op::addi, Op::jalr));
    }
}

#[test]
fn li_loads_any_constant() {
    let powers = (0..64).flat_map(|n| [1 << n, (1u64 << n).wrapping_neg(), (1u64 << n).wrapping_sub(1)]);
    let others =
        [0, 0x7ff, 0x800, 0x7fff_f800, 0x8000_0000, 0xffff_ffff, 0x1234_5678_9abc_def0, u64::MAX / 3];
    for value in powers.chain(others) {
        let program = assemble(|a| {
            a.li(A0, value);
        });
        let result = program.iter().fold(0u64, |x, inst| {
            let imm = i64::from(inst.imm) as u64;
            match inst.op {
                Op::lui => imm,
                Op::addi if inst.rs1 == 0 => imm,
                Op::addi => x.wrapping_add(imm),
                Op::addiw => i64::from(x.wrapping_add(imm) as i32) as u64,
                Op::slli => x << imm,
                _ => panic!("li does not need {inst}"),
            }
        });
        assert_eq!(result, value, "{value:#x}");
        assert!(program.len() <= 8, "{value:#x} takes {} instructions", program.len());
    }
}

#[test]
fn data_lies_where_it_was_put() {
    let mut a = Asm::new(BASE + 2);
    a.align(8);
    let label = a.here();
    a.dword(0x0123_4567_89ab_cdef).word(0x89ab_cdef).half(0xcdef).bytes(&[1]).align(8).dword_address(label);
    assert_eq!(a.pc(), BASE + 32);
    let bytes = a.finish().unwrap();
    assert_eq!(bytes[..6], [0; 6]);
    assert_eq!(bytes[6..14], 0x0123_4567_89ab_cdef_u64.to_le_bytes());
    assert_eq!(bytes[14..22], [0xef, 0xcd, 0xab, 0x89, 0xef, 0xcd, 1, 0]);
    assert_eq!(bytes[22..], (BASE + 8).to_le_bytes());
}

#[test]
fn operands_out_of_range_are_refused() {
    let check = |text: &str, write: fn(&mut Asm)| {
        assert_eq!(error(write), format!("0x80000000: an operand is out of range: {text}"));
    };
    check("addi a0,a1,2048", |a| _ = a.addi(A0, A1, 2048));
    check("ld a0,-2049(sp)", |a| _ = a.ld(A0, -2049, SP));
    check("slli a0,a0,0x40", |a| _ = a.slli(A0, A0, 64));
    check("slliw a0,a0,0x20", |a| _ = a.slliw(A0, A0, 32));
    check("slli a0,a0,0xffffffff", |a| _ = a.slli(A0, A0, -1));
    check("lui a0,0x100000", |a| _ = a.lui(A0, 0x10_0000));
    check("fence 16,1", |a| _ = a.fence(16, 1));
    check("csrrwi zero,mstatus,32", |a| _ = a.csrwi(csr::mstatus::NUMBER, 32));
    check("csrrs zero,0x1000,zero", |a| _ = a.csrr(ZERO, 0x1000));
    check("c.lw t0,0(a0)", |a| _ = a.c_lw(T0, 0, A0));
    check("c.lw a0,2(a0)", |a| _ = a.c_lw(A0, 2, A0));
    check("c.addi4spn a0,sp,0", |a| _ = a.c_addi4spn(A0, 0));
    check("c.lui a0,0x20", |a| _ = a.c_lui(A0, 0x20));
    check("c.beqz t0,.+0", |a| {
        let here = a.here();
        a.c_beqz(T0, here);
    });
}

#[test]
fn the_first_error_is_the_one_reported() {
    let text = error(|a| _ = a.nop().addi(A0, A0, 5000).addi(A1, A1, 6000));
    assert_eq!(text, "0x80000004: an operand is out of range: addi a0,a0,5000");
}

#[test]
fn labels_that_cannot_be_resolved_are_refused() {
    let far = error(|a| {
        let here = a.here();
        a.space(0x1004).beq(A0, A1, here);
    });
    assert_eq!(far, "0x80001004: beq cannot reach 0x80000000");
    let odd = error(|a| {
        let odd = a.label();
        a.j(odd).bytes(&[0]);
        a.place(odd);
    });
    assert_eq!(odd, "0x80000000: jal cannot reach 0x80000005");
    let missing = error(|a| {
        let missing = a.label();
        a.la(A0, missing);
    });
    assert_eq!(missing, "0x80000000: the label used here was never placed");
    let twice = error(|a| {
        let twice = a.here();
        a.nop();
        a.place(twice);
    });
    assert_eq!(twice, "0x80000004: the label placed here has a place already");
    assert_eq!(error(|a| _ = a.align(3)), "0x80000000: 3 is no power of two to align to");
}
