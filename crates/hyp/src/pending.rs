//! What an exit to user space has left to be finished when the virtual hart runs next: once, whatever happens in between.

use isa::csr::{sstatus, vsstatus};
use kvm::{Exit, Run};

use crate::access::{Access, Loaded, Register};
use crate::addr::Gpa;
use crate::context::FloatState;
use crate::hart::Hart;
use crate::host::Host;
use crate::local::Local;
use crate::run::Stop;
use crate::vcpu::Vcpu;

/// What the instruction that led to user space still waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pending {
    /// A load's value, from this guest physical address.
    Load { access: Access, address: Gpa },
    /// That a store is done, of an instruction of this size; an atomic's old value is then written.
    Store { size: u64, then: Option<(Register, u64)> },
    /// A CSR's value, for this register.
    Csr { rd: u8 },
    /// An SBI call's error and value.
    Sbi,
    /// An SBI call's error; the call is of version 0.1, which returns nothing else.
    LegacySbi,
}

impl Vcpu {
    /// Finishes the instruction of the last exit with user space's answer; says so where it needs another.
    pub(crate) fn finish_exit<H: Hart, M: Host>(
        &mut self,
        local: &mut Local<H>,
        host: &M,
        page: &mut Run<'_>,
    ) -> Option<Stop> {
        match self.pending.take()? {
            Pending::Load { access, address } => {
                return self.finish_load(local, host, page, access, address);
            }
            Pending::Store { size, then } => {
                if let Some((rd, value)) = then {
                    self.set_register(&mut local.hart, rd, value);
                }
                self.advance(size);
            }
            Pending::Csr { rd } => {
                self.context.guest.set(rd, page.csr_return());
                self.advance(4);
            }
            Pending::Sbi => {
                let [error, value] = page.sbi_return();
                self.return_from_sbi(false, error as i64, value);
            }
            Pending::LegacySbi => self.return_from_sbi(true, page.sbi_return()[0] as i64, 0),
        }
        None
    }

    fn finish_load<H: Hart, M: Host>(
        &mut self,
        local: &mut Local<H>,
        host: &M,
        page: &mut Run<'_>,
        access: Access,
        address: Gpa,
    ) -> Option<Stop> {
        let size = access.instruction_size;
        let Loaded { rd, value, stored } = access.loaded(page.loaded(), |n| self.context.guest.get(n))?;
        if let Some(stored) = stored {
            let length = access.width.bytes() as u32;
            if !self.vm.notify_store(host, address, length, stored) {
                page.set_exit(&Exit::Mmio { address: address.0, length, stored: Some(stored) });
                self.pending = Some(Pending::Store { size, then: Some((rd, value)) });
                return Some(Stop::Exit);
            }
        }
        self.set_register(&mut local.hart, rd, value);
        self.advance(size);
        None
    }

    /// What a register of the loaded guest holds.
    pub(crate) fn register<H: Hart>(&self, hart: &mut H, register: Register) -> u64 {
        match register {
            Register::X(number) => self.context.guest.get(number),
            Register::F(number) => {
                let mut state = FloatState::default();
                hart.save_float(&mut state);
                state.f[usize::from(number & 31)]
            }
        }
    }

    /// Writes a register of the loaded guest, as an instruction of its own would.
    fn set_register<H: Hart>(&mut self, hart: &mut H, register: Register, value: u64) {
        match register {
            Register::X(number) => self.context.guest.set(number, value),
            Register::F(number) => {
                let mut state = FloatState::default();
                hart.save_float(&mut state);
                state.f[usize::from(number & 31)] = value;
                hart.restore_float(&state);
                self.context.guest.sstatus |= sstatus::FS.mask();
                let status = hart.read::<{ vsstatus::NUMBER }>();
                hart.write::<{ vsstatus::NUMBER }>(status | vsstatus::FS.mask());
            }
        }
    }
}
