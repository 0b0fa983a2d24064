//! Fusion: two instructions by one handler, which saves the jump between them.
//!
//! The tables are cross products of what is common in first, second and last place: of compiled programs of
//! different kinds, and of the hypervisor. docs/performance.md says how they were chosen. The handler of a pair is
//! put into the first op; the second keeps its own, so that ops and instructions stay one to one.

use isa::{Inst, Op as I};

use super::handler::alu::{self, Alu, Auipc, LoadImm};
use super::handler::control::{self, Branch, FarGoOn, FarJump, GoOn, Jump, JumpRegister};
use super::handler::memory::{GuestLoad, I8, I32, Load, Store, U8, U16, U32, U64};
use super::handler::{A, Acc, B, Imm, last_pair, pair};
use super::op::{Handler, Op};
use super::select::Sources;

/// Where the operands of an instruction come from, as far as handlers differ in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    /// Registers, and the immediate.
    X,
    /// The first from the instruction before.
    AccFirst,
    /// The second from the instruction before.
    AccSecond,
}

use Origin::{AccFirst, AccSecond, X};

macro_rules! fusion {
    (
        first: { $($op1:ident $from1:ident $type1:ty;)+ }
        second: $seconds:tt
        last: $lasts:tt
    ) => {
        /// What can be first in a pair.
        const FIRST: &[(I, Origin)] = &[$((I::$op1, $from1)),+];
        /// The handlers of pairs, by first and second.
        static PAIRS: &[&[Handler]] = &[$(row!(pair, $type1, $seconds)),+];
        /// The handlers of pairs that end a block, by first and last.
        static LAST_PAIRS: &[&[Handler]] = &[$(row!(last_pair, $type1, $lasts)),+];
        /// What can be second in a pair.
        const SECOND: &[(I, Origin)] = keys!($seconds);
        /// What can end a block in a pair.
        const LAST: &[(I, Origin)] = keys!($lasts);
    };
}

macro_rules! row {
    ($handler:ident, $first:ty, { $($op:ident $from:ident $type:ty;)+ }) => {
        &[$($handler::<$first, $type>),+]
    };
}

macro_rules! keys {
    ({ $($op:ident $from:ident $type:ty;)+ }) => {
        &[$((I::$op, $from)),+]
    };
}

// Some names stand for what they are not: `c_li` and `c_mv` for every instruction that loads an immediate or moves a
// register, `c_j` for a jump to another page, `c_nop` and `c_ebreak` for going on after the end of a block, in the page
// and in another.
fusion! {
    first: {
        addi X Alu<alu::Add, A, Imm>;
        addi AccFirst Alu<alu::Add, Acc, Imm>;
        addiw X Alu<alu::Addw, A, Imm>;
        addiw AccFirst Alu<alu::Addw, Acc, Imm>;
        add X Alu<alu::Add, A, B>;
        add AccFirst Alu<alu::Add, Acc, B>;
        add AccSecond Alu<alu::Add, A, Acc>;
        addw X Alu<alu::Addw, A, B>;
        sub X Alu<alu::Sub, A, B>;
        subw X Alu<alu::Subw, A, B>;
        xor X Alu<alu::Xor, A, B>;
        xor AccFirst Alu<alu::Xor, Acc, B>;
        and X Alu<alu::And, A, B>;
        and AccFirst Alu<alu::And, Acc, B>;
        or X Alu<alu::Or, A, B>;
        andi X Alu<alu::And, A, Imm>;
        andi AccFirst Alu<alu::And, Acc, Imm>;
        slli X Alu<alu::Sll, A, Imm>;
        slli AccFirst Alu<alu::Sll, Acc, Imm>;
        srli X Alu<alu::Srl, A, Imm>;
        srli AccFirst Alu<alu::Srl, Acc, Imm>;
        srai X Alu<alu::Sra, A, Imm>;
        srliw X Alu<alu::Srlw, A, Imm>;
        mul X Alu<alu::Mul, A, B>;
        c_li X LoadImm;
        c_mv X Alu<alu::First, B, Imm>;
        auipc X Auipc;
        ld X Load<U64, A>;
        ld AccFirst Load<U64, Acc>;
        lw X Load<I32, A>;
        lw AccFirst Load<I32, Acc>;
        lbu X Load<U8, A>;
        lbu AccFirst Load<U8, Acc>;
        sd X Store<U64, A, B>;
        sw X Store<U32, A, B>;
        sh X Store<U16, A, B>;
        sb X Store<U8, A, B>;
        lb X Load<I8, A>;
        lwu X Load<U32, A>;
        lwu AccFirst Load<U32, Acc>;
        lhu X Load<U16, A>;
        sltu X Alu<alu::Sltu, A, B>;
        srl X Alu<alu::Srl, A, B>;
        xori X Alu<alu::Xor, A, Imm>;
        slliw X Alu<alu::Sllw, A, Imm>;
        hlv_d X GuestLoad<U64>;
    }
    second: {
        addi X Alu<alu::Add, A, Imm>;
        addi AccFirst Alu<alu::Add, Acc, Imm>;
        addiw X Alu<alu::Addw, A, Imm>;
        addiw AccFirst Alu<alu::Addw, Acc, Imm>;
        add X Alu<alu::Add, A, B>;
        add AccFirst Alu<alu::Add, Acc, B>;
        add AccSecond Alu<alu::Add, A, Acc>;
        addw X Alu<alu::Addw, A, B>;
        addw AccFirst Alu<alu::Addw, Acc, B>;
        sub X Alu<alu::Sub, A, B>;
        sub AccFirst Alu<alu::Sub, Acc, B>;
        subw X Alu<alu::Subw, A, B>;
        xor X Alu<alu::Xor, A, B>;
        xor AccFirst Alu<alu::Xor, Acc, B>;
        xor AccSecond Alu<alu::Xor, A, Acc>;
        and X Alu<alu::And, A, B>;
        and AccFirst Alu<alu::And, Acc, B>;
        or X Alu<alu::Or, A, B>;
        or AccFirst Alu<alu::Or, Acc, B>;
        andi X Alu<alu::And, A, Imm>;
        andi AccFirst Alu<alu::And, Acc, Imm>;
        slli X Alu<alu::Sll, A, Imm>;
        slli AccFirst Alu<alu::Sll, Acc, Imm>;
        srli X Alu<alu::Srl, A, Imm>;
        srli AccFirst Alu<alu::Srl, Acc, Imm>;
        srai X Alu<alu::Sra, A, Imm>;
        srliw X Alu<alu::Srlw, A, Imm>;
        mul X Alu<alu::Mul, A, B>;
        c_li X LoadImm;
        c_mv X Alu<alu::First, B, Imm>;
        auipc X Auipc;
        ld X Load<U64, A>;
        ld AccFirst Load<U64, Acc>;
        lw X Load<I32, A>;
        lw AccFirst Load<I32, Acc>;
        lwu X Load<U32, A>;
        lwu AccFirst Load<U32, Acc>;
        lhu X Load<U16, A>;
        lhu AccFirst Load<U16, Acc>;
        sltu X Alu<alu::Sltu, A, B>;
        sltiu AccFirst Alu<alu::Sltu, Acc, Imm>;
        srl X Alu<alu::Srl, A, B>;
        srl AccFirst Alu<alu::Srl, Acc, B>;
        srl AccSecond Alu<alu::Srl, A, Acc>;
        xori X Alu<alu::Xor, A, Imm>;
        xori AccFirst Alu<alu::Xor, Acc, Imm>;
        slliw X Alu<alu::Sllw, A, Imm>;
        sraiw AccFirst Alu<alu::Sraw, Acc, Imm>;
        lbu X Load<U8, A>;
        lbu AccFirst Load<U8, Acc>;
        sd X Store<U64, A, B>;
        sd AccFirst Store<U64, Acc, B>;
        sd AccSecond Store<U64, A, Acc>;
        sw X Store<U32, A, B>;
        sw AccSecond Store<U32, A, Acc>;
        sb X Store<U8, A, B>;
        sb AccSecond Store<U8, A, Acc>;
        sh X Store<U16, A, B>;
        lb X Load<I8, A>;
        lb AccFirst Load<I8, Acc>;
    }
    last: {
        beq X Branch<control::Eq, A, B>;
        beq AccFirst Branch<control::Eq, Acc, B>;
        beq AccSecond Branch<control::Eq, A, Acc>;
        bne X Branch<control::Ne, A, B>;
        bne AccFirst Branch<control::Ne, Acc, B>;
        bne AccSecond Branch<control::Ne, A, Acc>;
        blt X Branch<control::Lt, A, B>;
        blt AccFirst Branch<control::Lt, Acc, B>;
        bge X Branch<control::Ge, A, B>;
        bge AccFirst Branch<control::Ge, Acc, B>;
        bltu X Branch<control::Ltu, A, B>;
        bltu AccFirst Branch<control::Ltu, Acc, B>;
        bgeu X Branch<control::Geu, A, B>;
        bgeu AccFirst Branch<control::Geu, Acc, B>;
        jal X Jump;
        c_j X FarJump;
        jalr X JumpRegister<A>;
        jalr AccFirst JumpRegister<Acc>;
        c_nop X GoOn;
        c_ebreak X FarGoOn;
    }
}

/// A place in a table, and one that says that an instruction has none.
const NONE: u8 = u8::MAX;

/// For each instruction its place in a list, by where its operands come from. Where the list has it with operands
/// from registers alone, that serves for all: an operand that comes from the instruction before is in its register
/// as well.
const fn places(list: &[(I, Origin)]) -> [[u8; 3]; I::COUNT] {
    let mut places = [[NONE; 3]; I::COUNT];
    let mut n = 0;
    while n < list.len() {
        let (op, from) = list[n];
        let of_op = &mut places[op as usize];
        match from {
            X => {
                let mut i = 0;
                while i < 3 {
                    if of_op[i] == NONE {
                        of_op[i] = n as u8;
                    }
                    i += 1;
                }
            }
            AccFirst => of_op[1] = n as u8,
            AccSecond => of_op[2] = n as u8,
        }
        n += 1;
    }
    places
}

static FIRST_PLACES: [[u8; 3]; I::COUNT] = places(FIRST);
static SECOND_PLACES: [[u8; 3]; I::COUNT] = places(SECOND);
static LAST_PLACES: [[u8; 3]; I::COUNT] = places(LAST);

/// What matters of an instruction for fusion.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    op: I,
    from: usize,
}

impl Shape {
    /// That of `inst`, some of whose operands are the result of the instruction before; a jump may be far, to another
    /// page.
    pub(super) fn new(inst: &Inst, sources: Sources, far: bool) -> Shape {
        let op = match inst.op.long() {
            I::jal if far => I::c_j,
            I::lui => I::c_li,
            I::addi if inst.rs1 == 0 => I::c_li,
            I::add if inst.rs1 == 0 => return Shape { op: I::c_mv, from: 0 },
            op => op,
        };
        let from = if sources.first {
            1
        } else if sources.second {
            2
        } else {
            0
        };
        Shape { op, from }
    }

    /// That of going on after the end of a block, in another page where it is `far`.
    pub(super) fn go_on(far: bool) -> Shape {
        Shape { op: if far { I::c_ebreak } else { I::c_nop }, from: 0 }
    }

    fn place(self, places: &[[u8; 3]; I::COUNT]) -> Option<usize> {
        let place = places[self.op as usize][self.from];
        (place != NONE).then_some(usize::from(place))
    }
}

/// Fuses the ops of a block, which have these shapes, in pairs from the end, so that the jump is part of one.
pub(super) fn fuse(ops: &mut [Op], shapes: &[Shape]) {
    let mut n = shapes.len();
    if let [.., first, last] = shapes
        && let (Some(first), Some(last)) = (first.place(&FIRST_PLACES), last.place(&LAST_PLACES))
    {
        n -= 2;
        ops[n].run = LAST_PAIRS[first][last];
    }
    while n >= 2 {
        let (first, second) = (shapes[n - 2].place(&FIRST_PLACES), shapes[n - 1].place(&SECOND_PLACES));
        if let (Some(first), Some(second)) = (first, second) {
            n -= 2;
            ops[n].run = PAIRS[first][second];
        } else {
            n -= 1;
        }
    }
}

/// The handlers of all pairs.
#[cfg(test)]
pub(super) fn handlers() -> impl Iterator<Item = Handler> {
    PAIRS.iter().chain(LAST_PAIRS).flat_map(|row| row.iter().copied())
}
