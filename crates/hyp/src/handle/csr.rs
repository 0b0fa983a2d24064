//! CSRs that a guest reaches by way of the hypervisor. Unprivileged ISA, "Zicsr"; "Zicntr and Zihpm".

use isa::csr::{cycle, seed};
use isa::{Inst, Op};
use kvm::{Exit, Run};

use super::virtual_inst::in_user_mode;
use crate::extensions::isa_number;
use crate::hart::Hart;
use crate::pending::Pending;
use crate::run::{Flow, Stop};
use crate::vcpu::Vcpu;

const ZICNTR: u16 = isa_number("zicntr");
const ZIHPM: u16 = isa_number("zihpm");
const ZKR: u16 = isa_number("zkr");

/// Counters by their distance from `cycle`: `time`, which guests mostly have by themselves, and `instret`.
const TIME: u16 = 1;
const INSTRET: u16 = 2;
const LAST_COUNTER: u16 = 31;

/// An access to a CSR.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct CsrAccess {
    number: u16,
    rd: u8,
    /// Whether it writes, be it no bits at all.
    writes: bool,
    /// The value to write, and which of its bits.
    value: u64,
    mask: u64,
}

impl CsrAccess {
    fn of(vcpu: &Vcpu, inst: &Inst) -> CsrAccess {
        let immediate = u64::from(inst.rs1);
        let source = vcpu.context.guest.get(inst.rs1);
        let (value, mask) = match inst.op {
            Op::csrrw => (source, u64::MAX),
            Op::csrrwi => (immediate, u64::MAX),
            Op::csrrs => (source, source),
            Op::csrrsi => (immediate, immediate),
            Op::csrrc => (0, source),
            _ => (0, immediate),
        };
        let writes = matches!(inst.op, Op::csrrw | Op::csrrwi) || inst.rs1 != 0;
        CsrAccess { number: inst.imm as u16 & 0xfff, rd: inst.rd, writes, value, mask }
    }
}

/// Does what the instruction asks for; `None` where the guest has no such CSR.
pub(super) fn emulate<H: Hart>(
    vcpu: &mut Vcpu,
    hart: &mut H,
    page: &mut Run<'_>,
    inst: &Inst,
) -> Option<Flow> {
    let access = CsrAccess::of(vcpu, inst);
    match access.number {
        // Who reads it must write it, and that is the kernel's right.
        seed::NUMBER if vcpu.isa.has(ZKR) && access.writes && !in_user_mode(vcpu) => {
            let CsrAccess { number, rd, value, mask, .. } = access;
            page.set_exit(&Exit::Csr { number: number.into(), new_value: value, write_mask: mask });
            vcpu.pending = Some(Pending::Csr { rd });
            Some(Flow::Stop(Stop::Exit))
        }
        number => {
            let counter = number.checked_sub(cycle::NUMBER).filter(|counter| *counter <= LAST_COUNTER)?;
            read_counter(vcpu, hart, counter, access)
        }
    }
}

/// The time is the guest's; counters that nobody counts for it read 0, as the manual permits. None can be written.
fn read_counter<H: Hart>(vcpu: &mut Vcpu, hart: &mut H, counter: u16, access: CsrAccess) -> Option<Flow> {
    let extension = if counter <= INSTRET { ZICNTR } else { ZIHPM };
    let is_open = !in_user_mode(vcpu) || vcpu.around.scounteren >> counter & 1 != 0;
    if access.writes || !vcpu.isa.has(extension) || !is_open {
        return None;
    }
    let value = if counter == TIME { vcpu.vm.time(hart) } else { 0 };
    vcpu.context.guest.set(access.rd, value);
    vcpu.advance(4);
    Some(Flow::Resume)
}
