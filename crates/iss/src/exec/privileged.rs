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
use crate::variant::Wfi;

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn mret(&mut self, i: &Inst) -> Exec {
        if self.hart.mode() != Mode::M {
            return Err(self.illegal(i));
        }
        let vsstatus = self.hart.csr.vsstatus;
        let target = self.hart.return_from_machine();
        self.returned(target, vsstatus, &[csr::mstatus::NUMBER]);
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
        let vsstatus = self.hart.csr.vsstatus;
        let target = self.hart.return_from_supervisor();
        let written: &[u16] = match mode.virt {
            true => &[csr::vsstatus::NUMBER],
            false if self.hart.variant().has(Ext::H) => &[csr::hstatus::NUMBER, csr::mstatus::NUMBER],
            false => &[csr::mstatus::NUMBER],
        };
        self.returned(target, vsstatus, written);
        Ok(())
    }

    /// Goes on at `target` and tells what has been written; `vsstatus` is what that was before.
    fn returned(&mut self, target: u64, vsstatus: u64, written: &[u16]) {
        self.next_pc = target;
        self.hart.reservation = None;
        let enabled = vsstatus != self.hart.csr.vsstatus && !written.contains(&csr::vsstatus::NUMBER);
        for number in written.iter().chain(enabled.then_some(&csr::vsstatus::NUMBER)) {
            let value = self.hart.view(*number).unwrap_or(0);
            self.obs.csr_write(self.hart, *number, value);
        }
    }

    pub(super) fn wfi(&mut self, i: &Inst) -> Exec {
        let limit = self.hart.wait_limit.take();
        if self.hart.mode() == Mode::VU && !csr::mstatus::TW.is_set(self.hart.csr.mstatus) {
            // Alone of all cases this one does not ask whether WFI would complete in time.
            return Err(self.virtual_inst(i));
        }
        match (self.hart.variant().wfi, self.may_wait(i)) {
            (Wfi::Nop, _) => {}
            (Wfi::Trap | Wfi::Wait, Ok(())) => self.hart.waiting = true,
            (Wfi::Trap, refused) => return refused,
            (Wfi::Wait, _) if self.hart.has_wakeup() => {}
            (Wfi::Wait, refused) => {
                let limit = limit.unwrap_or_else(|| self.hart.time(false).saturating_add(Wfi::LIMIT));
                if self.hart.time(false) < limit {
                    self.hart.waiting = true;
                    self.hart.wait_limit = Some(limit);
                }
                return refused;
            }
        }
        Ok(())
    }

    /// Whether WFI may take as long as it takes.
    fn may_wait(&self, i: &Inst) -> Exec {
        let tw = csr::mstatus::TW.is_set(self.hart.csr.mstatus);
        let vtw = csr::hstatus::VTW.is_set(self.hart.csr.hstatus);
        match self.hart.mode() {
            Mode::M => Ok(()),
            Mode::U => Err(self.illegal(i)),
            _ if tw => Err(self.illegal(i)),
            Mode::VS if vtw => Err(self.virtual_inst(i)),
            _ => Ok(()),
        }
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
