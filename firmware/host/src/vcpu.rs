//! A virtual hart, as the scheduler has it.

use alloc::vec;
use alloc::vec::Vec;

use hyp::exit::Counts;
use hyp::{Hart, Local, Stop, Vm};
use kvm::{Errno, Register, Run, extension};

use crate::Arc;
use crate::error::Error;
use crate::kernel::Kernel;

/// Bytes of the page that a virtual hart shares with its monitor.
const PAGE: usize = 4096;

/// A virtual hart.
pub(crate) struct Vcpu {
    vcpu: hyp::Vcpu,
    page: Vec<u8>,
    /// Whether it waits until it has something to do.
    is_blocked: bool,
    /// Since when it could have run, if it could.
    ready_since: Option<u64>,
    /// For how many ticks it could have run and others did.
    stolen: u64,
}

impl Vcpu {
    /// A virtual hart of `vm` with every call of the SBI that it can have.
    pub(crate) fn new(vm: &Arc<Vm>, number: usize) -> Result<Vcpu, Error> {
        let vcpu = vm.create_vcpu(number).map_err(Error::call("create a virtual hart"))?;
        let is_blocked = !vcpu.shared().is_on();
        let mut vcpu = Vcpu { vcpu, page: vec![0; PAGE], is_blocked, ready_since: None, stolen: 0 };
        vcpu.set(Register::sbi_extension(extension::SBI_DBCN), 1)?;
        Ok(vcpu)
    }

    /// The value of a register of 8 bytes; no register that is asked for here depends on the time.
    pub(crate) fn get(&self, register: Register) -> Result<u64, Error> {
        let mut value = [0; 8];
        self.vcpu
            .get_one_reg(register, 0, &mut value)
            .map_err(Error::call("read a virtual hart's registers"))?;
        Ok(u64::from_le_bytes(value))
    }

    /// Sets a register of 8 bytes.
    pub(crate) fn set(&mut self, register: Register, value: u64) -> Result<(), Error> {
        let set = self.vcpu.set_one_reg(register, 0, &value.to_le_bytes());
        set.map_err(Error::call("set a virtual hart's registers"))
    }

    /// The page that is shared with the monitor.
    pub(crate) fn page(&mut self) -> Run<'_> {
        Run::new(&mut self.page).expect("a page is large enough")
    }

    /// Brings it into the hart; `frequency` is the clock's.
    pub(crate) fn load<H: Hart>(&mut self, local: &mut Local<H>, kernel: &Kernel, frequency: u64) {
        let now = local.hart.time();
        self.stolen += self.ready_since.take().map_or(0, |since| now.saturating_sub(since));
        let nanoseconds = u128::from(self.stolen) * 1_000_000_000 / u128::from(frequency.max(1));
        kernel.set_stolen_time(nanoseconds as u64);
        self.vcpu.load(local, kernel);
    }

    /// Runs it, loaded.
    pub(crate) fn run<H: Hart>(&mut self, local: &mut Local<H>, kernel: &Kernel) -> Result<Stop, Errno> {
        let mut page = Run::new(&mut self.page).expect("a page is large enough");
        let stop = self.vcpu.run(local, kernel, &mut page);
        self.is_blocked = stop == Ok(Stop::Blocked);
        stop
    }

    /// Takes it out of the hart.
    pub(crate) fn put<H: Hart>(&mut self, local: &mut Local<H>) {
        self.vcpu.put(local);
        self.ready_since = (!self.is_blocked).then(|| local.hart.time());
    }

    /// Whether it can run at `now`.
    pub(crate) fn is_ready(&mut self, now: u64) -> bool {
        let is_ready = !self.is_blocked || self.vcpu.is_runnable(now);
        if is_ready {
            self.ready_since.get_or_insert(now);
        }
        is_ready
    }

    /// When its timer will end its waiting.
    pub(crate) fn wake_time(&self, now: u64) -> Option<u64> {
        if self.vcpu.shared().is_on() { self.vcpu.wake_time(now) } else { None }
    }

    /// Where its guest is.
    pub(crate) fn pc(&self) -> u64 {
        self.vcpu.pc()
    }

    /// Gives back what it has; how often its guest exited, by cause.
    pub(crate) fn destroy(self, kernel: &Kernel) -> Counts {
        let counts = self.vcpu.counts().clone();
        self.vcpu.destroy(kernel);
        counts
    }
}
