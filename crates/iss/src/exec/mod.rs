//! Executing instructions: one small method per instruction, a file per extension.
//!
//! The table of methods is derived from [`isa::inst`], so that an instruction without a method is a compile
//! error; a compressed instruction has the method of the instruction that it stands for.

mod a;
mod cmo;
mod d;
mod decoded;
mod f;
mod h;
mod i;
mod m;
pub(crate) mod order;
mod privileged;
mod step;
mod zacas;
mod zawrs;
mod zba;
mod zbb;
mod zbc;
mod zbkb;
mod zbkx;
mod zbs;
mod zfa;
mod zfh;
mod zicond;
mod zicsr;
mod zihint;
mod zimop;

pub(crate) use decoded::Decoded;
use isa::cause::Exception;
use isa::{Inst, Op, csr};

use crate::bus::Bus;
use crate::hart::Hart;
use crate::observe::Observer;
use crate::trap::Trap;

/// A hart at work: what an instruction can reach while it executes.
pub(crate) struct Cpu<'a, O: Observer> {
    pub(crate) hart: &'a mut Hart,
    pub(crate) bus: &'a mut dyn Bus,
    pub(crate) obs: O,
    /// Where the hart goes on when the instruction retires.
    pub(crate) next_pc: u64,
    /// A device or a watched word has been accessed, so that the wires may have changed.
    pub(crate) touched_io: bool,
}

/// What becomes of an instruction: it retires, or raises an exception.
pub(crate) type Exec = Result<(), Trap>;

macro_rules! bind {
    (
        $($(#[doc = $doc:literal])+ $name:ident $format:ident $pattern:literal $needs:tt $xlen:ident;)+
        @compressed
        $($(#[doc = $cdoc:literal])+ $cname:ident $cformat:ident $cpattern:literal $cneeds:tt $cxlen:ident = $long:ident;)+
    ) => {
        impl<O: Observer> Cpu<'_, O> {
            /// The method of each row of the instruction table, in the table's order.
            const EXEC: [fn(&mut Self, &Inst) -> Exec; Op::COUNT] = [$(Self::$name,)+ $(Self::$long,)+];
        }
    };
}
isa::for_each_instruction!(bind);

impl<O: Observer> Cpu<'_, O> {
    /// Executes `i`.
    fn execute(&mut self, i: &Inst) -> Exec {
        Self::EXEC[i.op as usize](self, i)
    }

    fn x(&self, n: u8) -> u64 {
        self.hart.x(n)
    }

    fn set_x(&mut self, n: u8, value: u64) {
        self.hart.set_x(n, value);
    }

    /// The illegal-instruction exception of `i`.
    fn illegal(&self, i: &Inst) -> Trap {
        Trap::new(Exception::IllegalInst, i.bits.into())
    }

    /// The virtual-instruction exception of `i`.
    fn virtual_inst(&self, i: &Inst) -> Trap {
        Trap::new(Exception::VirtualInst, i.bits.into())
    }

    /// Refuses `i` where floating point is off.
    fn fp_enabled(&self, i: &Inst) -> Exec {
        if self.hart.fs_is_on() { Ok(()) } else { Err(self.illegal(i)) }
    }

    /// Marks the floating-point state dirty, at V=1 for both levels; nothing is written where it is already.
    fn fp_dirty(&mut self) {
        use csr::mstatus::{FS, SD};
        let virt = self.hart.mode().virt;
        let c = &mut self.hart.csr;
        let is_dirty = |status: u64| status & FS.mask() == FS.mask();
        if is_dirty(c.mstatus) && (!virt || is_dirty(c.vsstatus)) {
            return;
        }
        c.mstatus |= FS.mask() | SD.mask();
        if virt {
            c.vsstatus |= FS.mask() | SD.mask();
        }
        let (mstatus, vsstatus) = (c.mstatus, c.vsstatus);
        self.obs.csr_write(self.hart, csr::mstatus::NUMBER, mstatus);
        if virt {
            self.obs.csr_write(self.hart, csr::vsstatus::NUMBER, vsstatus);
        }
    }

    /// The dynamic rounding mode.
    fn frm(&self) -> u8 {
        self.hart.csr.frm as u8
    }

    /// Accrues exception flags.
    fn set_fflags_bits(&mut self, flags: u8) {
        self.hart.csr.fflags |= u64::from(flags);
        let fflags = self.hart.csr.fflags;
        self.obs.csr_write(self.hart, csr::fflags::NUMBER, fflags);
    }
}

impl Hart {
    /// Whether floating point is on: FS is not Off, at V=1 in `vsstatus` as well.
    pub(crate) fn fs_is_on(&self) -> bool {
        let own = csr::mstatus::FS.is_set(self.csr.mstatus);
        own && (!self.mode().virt || csr::vsstatus::FS.is_set(self.csr.vsstatus))
    }
}
