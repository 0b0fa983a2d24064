//! Building blocks: from the bytes of a page to ops.
//!
//! A block ends with a jump, a branch, an instruction that goes on elsewhere or may change what the hart sees,
//! before an instruction that crosses the end of the page or is none, or when it is as long as it may be.

use isa::ext::ExtSet;
use isa::format::Format;
use isa::paging::PAGE_SIZE;
use isa::{Inst, Op as I};

use super::code::{Code, LINK, Place, STEP};
use super::fuse::{self, Shape};
use super::handler::{control, last, slow, system};
use super::op::{Header, MAX_LEN, Op, SINK, Tail};
use super::select::{self, Form, Sources};
use crate::exec::Decoded;
use crate::observe::Observer;

/// What is known of an instruction of a block under construction.
#[derive(Clone, Copy)]
struct Item {
    inst: Inst,
    /// Where in the page it is, in bytes.
    offset: u64,
}

/// What an observer wants of blocks.
pub(super) enum Watch<'a> {
    /// Nothing.
    Nothing,
    /// That none goes on where it says.
    Places(&'a dyn Observer),
    /// To be told everything about each instruction.
    Everything,
}

impl Watch<'_> {
    fn stops_at(&self, offset: u64) -> bool {
        matches!(self, Watch::Places(observer) if observer.stops_at(offset))
    }
}

/// How instruction words become ops.
pub(super) struct Decoder<'a> {
    /// What they are.
    pub(super) decoded: &'a mut Decoded,
    /// Whether the hart runs at the same time as others.
    pub(super) parallel: bool,
    /// What an observer wants.
    pub(super) watch: Watch<'a>,
}

/// Decodes the block that starts `start` bytes into the page with index `page` and enters it. `None` where the arena is
/// full.
pub(super) fn build(code: &mut Code, decoder: Decoder<'_>, page: u32, start: u64) -> Option<u32> {
    let Decoder { decoded, parallel, watch } = decoder;
    let place = code.page_at(page).place;
    let extensions = decoded.extensions();
    let mut items: Vec<Item> = Vec::with_capacity(MAX_LEN);
    let mut offset = start;
    while items.len() < MAX_LEN && offset < PAGE_SIZE && !watch.stops_at(offset) {
        let Some(inst) = decode_at(decoded, place, offset) else { break };
        items.push(Item { inst, offset });
        offset += inst.size();
        if ends_block(&inst, extensions) {
            break;
        }
    }
    let Some(last_item) = items.last() else {
        code.enter(page, start, (start + 4).min(PAGE_SIZE), STEP);
        return Some(STEP);
    };
    // An observed jump goes on as every other instruction does.
    let is_jump = is_jump(last_item.inst.op.long()) && !matches!(watch, Watch::Everything);
    let slots = 1 + items.len() + if is_jump { 1 } else { 2 };
    let first = code.arena.take(slots)?;

    let mut block =
        Block { ops: Vec::with_capacity(slots), shapes: Vec::with_capacity(slots), acc: None, parallel };
    for (n, item) in items.iter().enumerate() {
        block.push(item, n as u8, extensions);
    }
    let shorts = items.iter().enumerate().filter(|(_, item)| item.inst.size() == 2);
    let header = Header {
        shorts: shorts.fold(0, |bits, (n, _)| bits | 1 << n),
        page,
        start: start as u16,
        len: items.len() as u8,
    };
    if !is_jump {
        let n = items.len() as u8;
        let far = offset == PAGE_SIZE;
        let run = if far { last::<control::FarGoOn> } else { last::<control::GoOn> };
        block.ops.push(Op { run, imm: 0, rd: SINK, a: 0, b: 0, n });
        block.shapes.push(Shape::go_on(far));
    }
    if let Watch::Everything = watch {
        block.ops[..items.len()].iter_mut().for_each(|op| op.run = slow::observed);
    } else {
        fuse::fuse(&mut block.ops, &block.shapes);
    }
    let last_slot = first as i32 + block.ops.len() as i32;
    let to_link = (LINK as i32 - last_slot) * size_of::<Op>() as i32;
    let target = if is_jump { last_item.offset as i64 + i64::from(last_item.inst.imm) } else { 0 };
    let tail = Tail {
        taken: to_link,
        fall: to_link,
        taken_len: 0,
        fall_len: 0,
        after: offset as u16,
        target: target as i32,
    };
    let ops = block.ops;
    // SAFETY: the slots from `first` on have just been taken, as many as are written here.
    unsafe {
        let slot = code.arena.start().add(first as usize);
        slot.cast::<Header>().write(header);
        std::ptr::copy_nonoverlapping(ops.as_ptr(), slot.add(1), ops.len());
        slot.add(1 + ops.len()).cast::<Tail>().write(tail);
    }
    code.enter(page, start, offset, first + 1);
    Some(first + 1)
}

/// The instruction at `offset` in the page at `place`, if it is one and all of it is in the page.
fn decode_at(decoded: &mut Decoded, place: Place, offset: u64) -> Option<Inst> {
    decoded.decode(place.instruction(offset)?)
}

/// Whether `op` has an op of its own for going on, with a tail.
fn is_jump(op: I) -> bool {
    matches!(op, I::jal | I::jalr | I::beq | I::bne | I::blt | I::bge | I::bltu | I::bgeu)
}

/// Whether nothing after `inst` is executed before a look from outside, or not as it is decoded now.
fn ends_block(inst: &Inst, extensions: ExtSet) -> bool {
    let op = inst.op.long();
    let writes_csr = match op.row().format {
        Format::Csr => op == I::csrrw || inst.rs1 != 0,
        Format::CsrI => op == I::csrrwi || inst.rs1 != 0,
        _ => false,
    };
    is_jump(op)
        || writes_csr && system::plain(inst, extensions).is_none() && !system::changes_status(inst)
        || op.row().format == Format::FenceVma
        || matches!(op, I::ecall | I::ebreak | I::mret | I::sret | I::wfi | I::wrs_nto | I::fence_i)
}

/// Ops under construction.
struct Block {
    ops: Vec<Op>,
    shapes: Vec<Shape>,
    /// The register whose value is the result of the last op.
    acc: Option<u8>,
    parallel: bool,
}

impl Block {
    /// Adds the op of an instruction.
    fn push(&mut self, item: &Item, n: u8, extensions: ExtSet) {
        let inst = &item.inst;
        let is_acc = |register: u8| register != 0 && self.acc == Some(register);
        let sources = Sources { first: is_acc(inst.rs1), second: is_acc(inst.rs2) };
        let mut op = Op { run: slow::slow, imm: inst.imm, rd: sink(inst.rd), a: inst.rs1, b: inst.rs2, n };
        match select::form(inst, extensions, self.parallel) {
            Form::Writes(handler) => {
                op.run = handler(sources);
                rewrite(&mut op, item, extensions);
                self.acc = (inst.rd != 0).then_some(inst.rd);
            }
            Form::WritesFloat(handler) => {
                op.run = handler;
                op.rd = inst.rd;
                if inst.op.row().format == Format::F4 {
                    op.imm = inst.rs3.into();
                }
                // `rd` is no integer register, so that what the slow path takes from there is not the last result.
                self.acc = None;
            }
            Form::Keeps(handler) => {
                op.run = handler(sources);
                op.rd = self.acc.unwrap_or(SINK);
            }
            Form::Slow => {
                self.acc = writes_x(inst).then_some(inst.rd).filter(|rd| *rd != 0);
                op.rd = self.acc.unwrap_or(SINK);
            }
        }
        let far = inst.op.long() == I::jal && is_far(item);
        if far {
            op.run = last::<control::FarJump>;
        }
        self.ops.push(op);
        self.shapes.push(Shape::new(inst, sources, far));
    }
}

/// Whether a jump leads to another page.
fn is_far(item: &Item) -> bool {
    let target = item.offset as i64 + i64::from(item.inst.imm);
    !(0..PAGE_SIZE as i64).contains(&target)
}

/// Puts in place of the operands of an instruction what its handler wants instead.
fn rewrite(op: &mut Op, item: &Item, extensions: ExtSet) {
    let inst = &item.inst;
    if inst.op.long() == I::auipc {
        op.imm = inst.imm.wrapping_add(item.offset as i32);
    } else if let (Format::Csr, Some(place)) = (inst.op.row().format, system::plain(inst, extensions)) {
        (op.imm, op.b) = (place.imm, place.modes);
    } else if system::reads_counter(inst, extensions) {
        op.b = (inst.imm as u16 - isa::csr::cycle::NUMBER) as u8;
    }
}

/// The register that takes what is written to `rd`.
fn sink(rd: u8) -> u8 {
    if rd == 0 { SINK } else { rd }
}

/// Whether `inst`, which is executed by the reference interpreter, has its result in an integer register.
fn writes_x(inst: &Inst) -> bool {
    let format = inst.op.long().row().format;
    let operands = format.operands();
    operands.starts_with("rd,") && format != Format::AmoPair
}
