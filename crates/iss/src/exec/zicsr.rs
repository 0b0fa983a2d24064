//! CSR instructions. Unprivileged ISA, "Zicsr".

use isa::{Inst, csr};

use super::{Cpu, Exec};
use crate::csr::access::Denied;
use crate::csr::redirect;
use crate::observe::Observer;

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn csrrw(&mut self, i: &Inst) -> Exec {
        self.access_csr(i, Some(self.x(i.rs1)), |_, operand| operand)
    }

    pub(super) fn csrrs(&mut self, i: &Inst) -> Exec {
        self.access_csr(i, self.operand(i), |old, operand| old | operand)
    }

    pub(super) fn csrrc(&mut self, i: &Inst) -> Exec {
        self.access_csr(i, self.operand(i), |old, operand| old & !operand)
    }

    pub(super) fn csrrwi(&mut self, i: &Inst) -> Exec {
        self.access_csr(i, Some(i.rs1.into()), |_, operand| operand)
    }

    pub(super) fn csrrsi(&mut self, i: &Inst) -> Exec {
        self.access_csr(i, immediate(i), |old, operand| old | operand)
    }

    pub(super) fn csrrci(&mut self, i: &Inst) -> Exec {
        self.access_csr(i, immediate(i), |old, operand| old & !operand)
    }

    /// The register operand of CSRRS and CSRRC, which with `x0` do not write.
    fn operand(&self, i: &Inst) -> Option<u64> {
        (i.rs1 != 0).then(|| self.x(i.rs1))
    }

    fn access_csr(&mut self, i: &Inst, operand: Option<u64>, modify: impl FnOnce(u64, u64) -> u64) -> Exec {
        let number = (i.imm & 0xfff) as u16;
        self.hart.may_access(number, operand.is_some()).map_err(|denied| match denied {
            Denied::Illegal => self.illegal(i),
            Denied::Virtual => self.virtual_inst(i),
        })?;
        let number = redirect(number, self.hart.mode().virt);
        if number == csr::time::NUMBER && self.hart.parallel {
            self.hart.look_at_clock(self.bus);
        }
        let value = self.hart.view(number).ok_or_else(|| self.illegal(i))?;
        if let Some(operand) = operand {
            let old = self.hart.view_for_modify(number).unwrap_or(value);
            self.write_csr(number, modify(old, operand));
        }
        self.write_x(i, value)
    }

    fn write_csr(&mut self, number: u16, value: u64) {
        let Some(holder) = self.hart.write(number, value) else { return };
        let is_float = number <= csr::fcsr::NUMBER;
        if is_float {
            self.fp_dirty();
        }
        let holders: &[u16] = match holder {
            csr::fcsr::NUMBER => &[csr::fflags::NUMBER, csr::frm::NUMBER],
            _ => &[holder],
        };
        for holder in holders {
            let value = self.hart.view(*holder).unwrap_or(0);
            self.obs.csr_write(self.hart, *holder, value);
        }
    }
}

/// The immediate operand of CSRRSI and CSRRCI, which when zero do not write.
fn immediate(i: &Inst) -> Option<u64> {
    (i.rs1 != 0).then_some(i.rs1.into())
}
