//! Hypervisor instructions. Privileged ISA, "Hypervisor Virtual-Machine Load and Store Instructions" and
//! "Hypervisor Memory-Management Fence Instructions".

use isa::{Inst, Mode, csr};

use super::i::sign_extend;
use super::{Cpu, Exec};
use crate::bus::Width;
use crate::mmu::Access;
use crate::observe::{AccessKind, Observer};

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn hfence_vvma(&mut self, i: &Inst) -> Exec {
        self.require_hypervisor(i)?;
        let scope = self.scope(i, self.hart.variant().asid_len);
        self.hart.fence_vs_stage(scope);
        Ok(())
    }

    /// The address in rs1 is shifted right by 2, as `htval` is.
    pub(super) fn hfence_gvma(&mut self, i: &Inst) -> Exec {
        self.require_hypervisor(i)?;
        if self.hart.mode() == Mode::HS && csr::mstatus::TVM.is_set(self.hart.csr.mstatus) {
            return Err(self.illegal(i));
        }
        let mut scope = self.scope(i, self.hart.variant().vmid_len);
        scope.address = scope.address.map(|shifted| shifted << 2);
        self.hart.fence_g_stage(scope);
        Ok(())
    }

    pub(super) fn hinval_vvma(&mut self, i: &Inst) -> Exec {
        self.hfence_vvma(i)
    }

    pub(super) fn hinval_gvma(&mut self, i: &Inst) -> Exec {
        self.hfence_gvma(i)
    }

    pub(super) fn hlv_b(&mut self, i: &Inst) -> Exec {
        self.guest_load_signed(i, Width::B)
    }

    pub(super) fn hlv_bu(&mut self, i: &Inst) -> Exec {
        self.guest_load(i, Width::B, false)
    }

    pub(super) fn hlv_h(&mut self, i: &Inst) -> Exec {
        self.guest_load_signed(i, Width::H)
    }

    pub(super) fn hlv_hu(&mut self, i: &Inst) -> Exec {
        self.guest_load(i, Width::H, false)
    }

    pub(super) fn hlvx_hu(&mut self, i: &Inst) -> Exec {
        self.guest_load(i, Width::H, true)
    }

    pub(super) fn hlv_w(&mut self, i: &Inst) -> Exec {
        self.guest_load_signed(i, Width::W)
    }

    pub(super) fn hlvx_wu(&mut self, i: &Inst) -> Exec {
        self.guest_load(i, Width::W, true)
    }

    pub(super) fn hsv_b(&mut self, i: &Inst) -> Exec {
        self.guest_store(i, Width::B)
    }

    pub(super) fn hsv_h(&mut self, i: &Inst) -> Exec {
        self.guest_store(i, Width::H)
    }

    pub(super) fn hsv_w(&mut self, i: &Inst) -> Exec {
        self.guest_store(i, Width::W)
    }

    pub(super) fn hlv_wu(&mut self, i: &Inst) -> Exec {
        self.guest_load(i, Width::W, false)
    }

    pub(super) fn hlv_d(&mut self, i: &Inst) -> Exec {
        self.guest_load(i, Width::D, false)
    }

    pub(super) fn hsv_d(&mut self, i: &Inst) -> Exec {
        self.guest_store(i, Width::D)
    }

    fn guest_load(&mut self, i: &Inst, width: Width, hlvx: bool) -> Exec {
        self.may_access_guest(i)?;
        let access = Access { hlvx, ..self.hart.as_guest(AccessKind::Load) };
        let value = self.load_by(i, &access, self.x(i.rs1), width)?;
        self.write_x(i, value)
    }

    fn guest_load_signed(&mut self, i: &Inst, width: Width) -> Exec {
        self.guest_load(i, width, false)?;
        self.write_x(i, sign_extend(self.x(i.rd), width))
    }

    fn guest_store(&mut self, i: &Inst, width: Width) -> Exec {
        self.may_access_guest(i)?;
        let access = self.hart.as_guest(AccessKind::Store);
        self.store_by(i, &access, self.x(i.rs1), width, self.x(i.rs2))
    }

    /// HLV, HLVX and HSV: for M- and HS-mode, and for U-mode where HU says so.
    fn may_access_guest(&self, i: &Inst) -> Exec {
        let hu = csr::hstatus::HU.is_set(self.hart.csr.hstatus);
        if self.hart.mode() == Mode::U && hu { Ok(()) } else { self.require_hypervisor(i) }
    }

    fn require_hypervisor(&self, i: &Inst) -> Exec {
        match self.hart.mode() {
            Mode::M | Mode::HS => Ok(()),
            mode if mode.virt => Err(self.virtual_inst(i)),
            _ => Err(self.illegal(i)),
        }
    }
}
