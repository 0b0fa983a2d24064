//! Registers: x, pc, f, CSRs, and `priv` with the privilege in bits 1:0 and V in bit 2.

use gdbstub::common::Tid;
use gdbstub::target::ext::base::single_register_access::SingleRegisterAccess;
use gdbstub::target::{TargetError, TargetResult};
use gdbstub_arch::riscv::reg::RiscvCoreRegs;
use gdbstub_arch::riscv::reg::id::RiscvRegId;
use isa::{Mode, Privilege};

use super::target::{Debuggee, EINVAL};

/// V in `priv`.
const V: u8 = 1 << 2;

fn mode_to_bits(mode: Mode) -> u8 {
    mode.privilege as u8 | if mode.virt { V } else { 0 }
}

fn mode_from_bits(bits: u8) -> Option<Mode> {
    let privilege = Privilege::from_bits(u64::from(bits & !V))?;
    let virt = bits & V != 0;
    let exists = bits <= 7 && !(virt && privilege == Privilege::M);
    exists.then_some(Mode { privilege, virt })
}

impl Debuggee<'_> {
    pub(super) fn read_core(&self, regs: &mut RiscvCoreRegs<u64>, tid: Tid) -> TargetResult<(), Self> {
        let hart = self.hart(tid)?;
        regs.x = std::array::from_fn(|n| hart.x(n as u8));
        regs.pc = hart.pc();
        Ok(())
    }

    pub(super) fn write_core(&mut self, regs: &RiscvCoreRegs<u64>, tid: Tid) -> TargetResult<(), Self> {
        let hart = self.hart_mut(tid)?;
        for (n, value) in (0..).zip(regs.x) {
            hart.set_x(n, value);
        }
        hart.set_pc(regs.pc);
        Ok(())
    }
}

impl SingleRegisterAccess<Tid> for Debuggee<'_> {
    fn read_register(&mut self, tid: Tid, id: RiscvRegId<u64>, buf: &mut [u8]) -> TargetResult<usize, Self> {
        let hart = self.hart(tid)?;
        let value = match id {
            RiscvRegId::Gpr(n) => hart.x(n),
            RiscvRegId::Fpr(n) => hart.f(n),
            RiscvRegId::Pc => hart.pc(),
            RiscvRegId::Csr(number) => match hart.csr(number) {
                Some(value) => value,
                // A length of 0 says that the register is unavailable.
                None => return Ok(0),
            },
            RiscvRegId::Priv => mode_to_bits(hart.mode()).into(),
            _ => return Err(TargetError::Errno(EINVAL)),
        };
        let len = buf.len().min(8);
        buf[..len].copy_from_slice(&value.to_le_bytes()[..len]);
        Ok(len)
    }

    fn write_register(&mut self, tid: Tid, id: RiscvRegId<u64>, val: &[u8]) -> TargetResult<(), Self> {
        let wrong = || TargetError::Errno(EINVAL);
        let hart = self.hart_mut(tid)?;
        if let (RiscvRegId::Priv, [bits, ..]) = (id, val) {
            hart.set_mode(mode_from_bits(*bits).ok_or_else(wrong)?);
            return Ok(());
        }
        let value = u64::from_le_bytes(val.try_into().map_err(|_| wrong())?);
        match id {
            RiscvRegId::Gpr(n) => hart.set_x(n, value),
            RiscvRegId::Fpr(n) => hart.set_f(n, value),
            RiscvRegId::Pc => hart.set_pc(value),
            RiscvRegId::Csr(number) => hart.set_csr(number, value).ok_or_else(wrong)?,
            _ => return Err(wrong()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priv_holds_every_mode_and_nothing_else() {
        for (bits, mode) in [(0, Mode::U), (1, Mode::HS), (3, Mode::M), (4, Mode::VU), (5, Mode::VS)] {
            assert_eq!(mode_to_bits(mode), bits);
            assert_eq!(mode_from_bits(bits), Some(mode));
        }
        for bits in [2, 6, 7, 8, 0xff] {
            assert_eq!(mode_from_bits(bits), None, "{bits}");
        }
    }
}
