//! Trap returns, WFI and the fences of single-stage and VS-stage translation.
//!
//! Privileged ISA, "Trap-Return Instructions", "Wait for Interrupt", "Supervisor Memory-Management Fence
//! Instruction" and "Svinval". Which exception an instruction raises at V=1 is told in "Trap Cause Codes"
//! of the hypervisor extension.

use isa::ext::Ext;
use isa::{Inst, Mode, Privilege, csr};

use super::{Cpu, Exec};
use crate::mmu::tlb::FenceScope;
use crate::observe::Observer;

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn mret(&mut self, i: &Inst) -> Exec {
        if self.hart.mode() != Mode::M {
            return Err(self.illegal(i));
        }
        let target = self.hart.return_from_machine();
        self.returned(target, &[csr::mstatus::NUMBER]);
        Ok(())
    }

    pub(super) fn sret(&mut self, i: &Inst) -> Exec {
        let mode = self.hart.mode();
        let tsr = csr::mstatus::TSR.is_set(self.hart.csr.mstatus);
        let vtsr = csr::hstatus::VTSR.is_set(self.hart.csr.hstatus);
        match mode {
            Mode::VU => return Err(self.virtual_inst(i)),
            Mode::VS if vtsr => return Err(self.virtual_inst(i)),
            Mode::U => return Err(self.illegal(i)),
            Mode::HS if tsr => return Err(self.illegal(i)),
            _ => {}
        }
        let target = self.hart.return_from_supervisor();
        let written: &[u16] = match mode.virt {
            true => &[csr::vsstatus::NUMBER],
            false if self.hart.variant().has(Ext::H) => &[csr::hstatus::NUMBER, csr::mstatus::NUMBER],
            false => &[csr::mstatus::NUMBER],
        };
        self.returned(target, written);
        Ok(())
    }

    fn returned(&mut self, target: u64, written: &[u16]) {
        self.next_pc = target;
        self.hart.reservation = None;
        for number in written {
            let value = self.hart.view(*number).unwrap_or(0);
            self.obs.csr_write(self.hart, *number, value);
        }
    }

    pub(super) fn wfi(&mut self, i: &Inst) -> Exec {
        let mode = self.hart.mode();
        let tw = csr::mstatus::TW.is_set(self.hart.csr.mstatus);
        let vtw = csr::hstatus::VTW.is_set(self.hart.csr.hstatus);
        if mode == Mode::U || mode != Mode::M && tw {
            return Err(self.illegal(i));
        }
        if mode == Mode::VU || mode == Mode::VS && vtw {
            return Err(self.virtual_inst(i));
        }
        self.hart.waiting = true;
        Ok(())
    }

    pub(super) fn sfence_vma(&mut self, i: &Inst) -> Exec {
        self.may_fence(i)?;
        let scope = self.scope(i, self.hart.variant().asid_len);
        if self.hart.mode().virt {
            self.hart.fence_vs_stage(scope);
        } else {
            self.hart.fence_single_stage(scope);
        }
        Ok(())
    }

    pub(super) fn sinval_vma(&mut self, i: &Inst) -> Exec {
        self.sfence_vma(i)
    }

    /// Stores are visible to page walks at once, so that there is nothing to order.
    pub(super) fn sfence_w_inval(&mut self, i: &Inst) -> Exec {
        match self.hart.mode() {
            Mode::VU => Err(self.virtual_inst(i)),
            Mode::U => Err(self.illegal(i)),
            _ => Ok(()),
        }
    }

    pub(super) fn sfence_inval_ir(&mut self, i: &Inst) -> Exec {
        self.sfence_w_inval(i)
    }

    fn may_fence(&self, i: &Inst) -> Exec {
        let tvm = csr::mstatus::TVM.is_set(self.hart.csr.mstatus);
        let vtvm = csr::hstatus::VTVM.is_set(self.hart.csr.hstatus);
        match self.hart.mode() {
            Mode::VU => Err(self.virtual_inst(i)),
            Mode::VS if vtvm => Err(self.virtual_inst(i)),
            Mode { privilege: Privilege::U, .. } => Err(self.illegal(i)),
            Mode::HS if tvm => Err(self.illegal(i)),
            _ => Ok(()),
        }
    }

    /// The scope that rs1 and rs2 of a fence give; the hart implements `id_bits` bits of an
    /// ASID or VMID and ignores those above.
    pub(super) fn scope(&self, i: &Inst, id_bits: u32) -> FenceScope {
        let given = |n: u8| (n != 0).then(|| self.x(n));
        let id = given(i.rs2).map(|id| id & ((1 << id_bits) - 1));
        FenceScope { address: given(i.rs1), id }
    }
}
