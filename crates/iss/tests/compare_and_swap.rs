//! Compare-and-swap, and atomics of bytes and halfwords: values, neighbours, and pairs of registers.
//!
//! Unprivileged ISA, "Zacas" and "Zabha".

mod ram_only;

use isa::cause::{Cause, Exception};
use isa::{Inst, Mode, Op};
use iss::observe::TrapTaken;
use iss::{Hart, Observer, Variant, Width};
use proptest::prelude::*;
use ram_only::{BASE, RamOnly};

const DATA: u64 = BASE + 0x800;

/// Keeps the cause of the last trap.
struct Last(Option<Cause>);

impl Observer for Last {
    fn trap(&mut self, _: &Hart, trap: &TrapTaken) {
        self.0 = Some(trap.cause);
    }
}

struct World {
    hart: Hart,
    bus: RamOnly,
}

impl World {
    /// Memory full of `fill`, and its address in a0.
    fn new(fill: u64) -> World {
        let mut w = World { hart: Hart::new(0, Variant::default()), bus: RamOnly::new(0x1000) };
        for at in (DATA - 16..DATA + 32).step_by(8) {
            w.bus.ram.store(at, Width::D, fill).unwrap();
        }
        w.hart.set_x(10, DATA);
        w
    }

    fn execute(&mut self, inst: Inst) -> Result<(), Cause> {
        self.bus.ram.store(BASE, Width::W, inst.encode().into()).unwrap();
        self.hart.set_mode(Mode::M);
        self.hart.set_pc(BASE);
        let mut last = Last(None);
        self.hart.run(&mut self.bus, 1, Some(&mut last));
        last.0.map_or(Ok(()), Err)
    }

    fn memory(&self, offset: u64) -> u64 {
        self.bus.ram.load(DATA.wrapping_add(offset), Width::D).unwrap()
    }
}

/// The low `width` bytes of `value`.
fn low(value: u64, width: Width) -> u64 {
    (u128::from(value) % (1 << (8 * width.bytes()))) as u64
}

/// The low `width` bytes of `value`, as a signed number.
fn signed(value: u64, width: Width) -> i64 {
    let half = 1i128 << (8 * width.bytes() - 1);
    let value = i128::from(low(value, width));
    (if value < half { value } else { value - 2 * half }) as i64
}

/// Each atomic of a byte and of a halfword, and what it makes of the old value and of the operand.
type Row = (Op, Op, fn(i64, i64) -> i64, bool);
const ATOMICS: [Row; 9] = [
    (Op::amoswap_b, Op::amoswap_h, |_, b| b, true),
    (Op::amoadd_b, Op::amoadd_h, |a, b| a + b, true),
    (Op::amoxor_b, Op::amoxor_h, |a, b| a ^ b, true),
    (Op::amoand_b, Op::amoand_h, |a, b| a & b, true),
    (Op::amoor_b, Op::amoor_h, |a, b| a | b, true),
    (Op::amomin_b, Op::amomin_h, |a, b| a.min(b), true),
    (Op::amomax_b, Op::amomax_h, |a, b| a.max(b), true),
    (Op::amominu_b, Op::amominu_h, |a, b| a.min(b), false),
    (Op::amomaxu_b, Op::amomaxu_h, |a, b| a.max(b), false),
];

proptest! {
    #[test]
    fn narrow_atomics_change_their_bytes_alone(old: u64, operand: u64, place in 0u64..8) {
        for (byte, half, operation, is_signed) in ATOMICS {
            for (op, width) in [(byte, Width::B), (half, Width::H)] {
                let offset = place & !(width.bytes() - 1);
                let before = old >> (8 * offset);
                let view = |value| if is_signed { signed(value, width) } else { low(value, width) as i64 };
                let new = low(operation(view(before), view(operand)) as u64, width);
                let mut w = World::new(old);
                w.hart.set_x(10, DATA + offset);
                w.hart.set_x(12, operand);
                prop_assert_eq!(w.execute(Inst { rd: 11, rs1: 10, rs2: 12, ..Inst::new(op) }), Ok(()));
                prop_assert_eq!(w.hart.x(11), signed(before, width) as u64, "{:?}", op);
                let kept = old & !(width.mask() << (8 * offset));
                prop_assert_eq!(w.memory(0), kept | new << (8 * offset), "{:?}", op);
                prop_assert_eq!((w.memory(8), w.memory(u64::MAX - 7)), (old, old));
            }
        }
    }

    #[test]
    fn compare_and_swap_compares_and_swaps_its_width(old: u64, compare: u64, new: u64, equal: bool) {
        for (op, width) in [
            (Op::amocas_b, Width::B),
            (Op::amocas_h, Width::H),
            (Op::amocas_w, Width::W),
            (Op::amocas_d, Width::D),
        ] {
            // Equal in the low bytes; what is above must not matter.
            let compare = if equal { compare & !width.mask() | low(old, width) } else { compare };
            let mut w = World::new(old);
            w.hart.set_x(11, compare);
            w.hart.set_x(12, new);
            prop_assert_eq!(w.execute(Inst { rd: 11, rs1: 10, rs2: 12, ..Inst::new(op) }), Ok(()));
            let swaps = low(compare, width) == low(old, width);
            let expected = if swaps { old & !width.mask() | low(new, width) } else { old };
            prop_assert_eq!(w.memory(0), expected, "{:?}", op);
            prop_assert_eq!(w.hart.x(11), signed(old, width) as u64, "{:?}", op);
            prop_assert_eq!(w.memory(8), old);
        }
    }
}

/// amocas.q with the pair rd, rd+1 = `compare` on memory that holds 1 and 2, swapping in 3 and 4.
fn swap_pair(rd: u8, rs2: u8, compare: [u64; 2]) -> World {
    let mut w = World::new(1);
    w.bus.ram.store(DATA + 8, Width::D, 2).unwrap();
    w.hart.set_x(12, 3);
    w.hart.set_x(13, 4);
    w.hart.set_x(1, 99);
    w.hart.set_x(rd, compare[0]);
    w.hart.set_x(rd + 1, compare[1]);
    assert_eq!(w.execute(Inst { rd, rs1: 10, rs2, ..Inst::new(Op::amocas_q) }), Ok(()));
    w
}

#[test]
fn quadwords_are_compared_and_swapped_as_a_whole() {
    for (compare, memory) in [([1, 2], [3, 4]), ([1, 3], [1, 2]), ([0, 2], [1, 2]), ([2, 1], [1, 2])] {
        let w = swap_pair(14, 12, compare);
        assert_eq!([w.memory(0), w.memory(8)], memory, "{compare:?}");
        assert_eq!([w.hart.x(14), w.hart.x(15)], [1, 2], "{compare:?}");
        assert_eq!(w.memory(16), 1);
    }
}

#[test]
fn the_pair_of_x0_reads_as_zero_and_is_not_written() {
    let w = swap_pair(14, 0, [1, 2]);
    assert_eq!([w.memory(0), w.memory(8)], [0, 0], "not x1");
    let w = swap_pair(0, 12, [1, 2]);
    assert_eq!([w.memory(0), w.memory(8)], [1, 2], "zeros are not in memory");
    assert_eq!([w.hart.x(0), w.hart.x(1)], [0, 2], "x1 is as it was");
}

#[test]
fn operands_are_naturally_aligned() {
    for (op, size) in
        [(Op::amoadd_h, 2), (Op::amocas_h, 2), (Op::amocas_w, 4), (Op::amocas_d, 8), (Op::amocas_q, 16)]
    {
        for offset in 1..size {
            let mut w = World::new(7);
            w.hart.set_x(10, DATA + offset);
            let cause = Cause::Exception(Exception::StoreAddrMisaligned);
            let inst = Inst { rd: 14, rs1: 10, rs2: 12, ..Inst::new(op) };
            assert_eq!(w.execute(inst), Err(cause), "{op:?} {offset}");
        }
    }
}

#[test]
fn where_there_is_no_memory_there_is_a_store_access_fault() {
    for op in [Op::amoswap_b, Op::amocas_b, Op::amocas_w, Op::amocas_q] {
        let mut w = World::new(7);
        w.hart.set_x(10, 0x1000);
        let cause = Cause::Exception(Exception::StoreAccessFault);
        assert_eq!(w.execute(Inst { rd: 14, rs1: 10, rs2: 12, ..Inst::new(op) }), Err(cause), "{op:?}");
    }
}
