//! Loops that stay in one mode: arithmetic, memory and atomics.

use isa::asm::prelude::*;

use super::Parts;

/// T1: eight instructions of the ALU, the last a branch.
pub(super) fn alu(parts: &mut Parts, turns: u64) {
    let a = &mut parts.a;
    a.li(S0, turns);
    let again = a.here();
    a.addi(A1, A1, 3).xor(A2, A2, A1).slli(A3, A2, 1).add(A4, A4, A3).srli(A5, A4, 3).or(A6, A5, A1);
    a.addi(S0, S0, -1).bnez(S0, again);
    a.mv(A0, A4);
}

/// T2, and the loop of T3 and T4: ten instructions, of which three load or store in 2 KiB.
pub(super) fn memory(parts: &mut Parts, turns: u64) {
    let Parts { a, data, .. } = parts;
    a.li(S7, turns).la(S0, *data).li(S1, 0);
    let again = a.here();
    a.andi(S2, S1, 0x7f8).add(S3, S0, S2).ld(S4, 0, S3).addi(S4, S4, 1).sd(S4, 0, S3).ld(S5, 64, S3);
    a.xor(S6, S6, S5).addi(S1, S1, 8).addi(S7, S7, -1).bnez(S7, again);
    a.mv(A0, S6);
}

/// AMO: an addition, an exchange, a maximum and a pair of LR and SC that succeeds; ten instructions.
pub(super) fn atomics(parts: &mut Parts, turns: u64) {
    let Parts { a, data, .. } = parts;
    a.li(S0, turns).la(S1, *data).addi(S2, S1, 64).addi(S3, S1, 128).addi(S4, S1, 192).li(A1, 1);
    let again = a.here();
    a.amoadd_d(A2, A1, S1, Order::Plain).amoswap_d(A3, A2, S2, Order::AqRl).amomaxu_w(
        A4,
        A3,
        S3,
        Order::Plain,
    );
    let retry = a.here();
    a.lr_d(A5, S4, Order::Aq).addi(A5, A5, 3).sc_d(A6, A5, S4, Order::Rl).bnez(A6, retry);
    a.add(A7, A7, A4).addi(S0, S0, -1).bnez(S0, again);
    a.add(A0, A7, A5);
}
