//! A kernel and a hart at which something happens in between.

use std::cell::Cell;

use hyp::context::{Context, FloatState};
use hyp::vcpu::Shared;
use hyp::{Gpa, Gva, Hart, Host, Hpa, Hva, RemoteFence, Resolved, Tables, Trap};
use kvm::Errno;
use native::{Kernel, NativeHart};

/// A kernel that counts what it finds and what is let go of, and does something each time between finding memory and
/// telling where it is.
pub(crate) struct Hooked<'a, F> {
    kernel: &'a Kernel,
    hook: F,
    resolved: Cell<u64>,
    released: Cell<u64>,
}

impl<'a, F: Fn(&Kernel)> Hooked<'a, F> {
    pub(crate) fn new(kernel: &'a Kernel, hook: F) -> Hooked<'a, F> {
        Hooked { kernel, hook, resolved: Cell::new(0), released: Cell::new(0) }
    }

    pub(crate) fn resolved(&self) -> u64 {
        self.resolved.get()
    }

    pub(crate) fn released(&self) -> u64 {
        self.released.get()
    }
}

impl<F> Tables for Hooked<'_, F> {
    fn allocate(&self, size: u64) -> Option<Hpa> {
        self.kernel.allocate(size)
    }

    fn free(&self, frame: Hpa, size: u64) {
        self.kernel.free(frame, size);
    }

    fn read_entry(&self, at: Hpa) -> u64 {
        self.kernel.read_entry(at)
    }

    fn write_entry(&self, at: Hpa, value: u64) {
        self.kernel.write_entry(at, value);
    }

    fn exchange_entry(&self, at: Hpa, old: u64, new: u64) -> Result<(), u64> {
        self.kernel.exchange_entry(at, old, new)
    }
}

impl<F: Fn(&Kernel)> Host for Hooked<'_, F> {
    fn resolve(&self, hva: Hva, write: bool) -> Result<Resolved, Errno> {
        let resolved = self.kernel.resolve(hva, write)?;
        self.resolved.set(self.resolved.get() + 1);
        (self.hook)(self.kernel);
        Ok(resolved)
    }

    fn release(&self, page: Resolved, dirty: bool) {
        self.released.set(self.released.get() + 1);
        self.kernel.release(page, dirty);
    }

    fn read_user(&self, from: Hva, to: &mut [u8]) -> Result<(), Errno> {
        self.kernel.read_user(from, to)
    }

    fn write_user(&self, to: Hva, from: &[u8]) -> Result<(), Errno> {
        self.kernel.write_user(to, from)
    }

    fn stolen_time(&self) -> u64 {
        self.kernel.stolen_time()
    }

    fn signal(&self, event: u64) {
        self.kernel.signal(event);
    }

    fn kick(&self, hart: usize) {
        self.kernel.kick(hart);
    }

    fn wake(&self, vcpu: &Shared) {
        self.kernel.wake(vcpu);
    }
}

/// A hart at which something happens when a guest has left it, before anything is done about that.
pub(crate) struct Watched<'a, F> {
    pub(crate) hart: &'a mut NativeHart,
    pub(crate) hook: F,
}

impl<F: FnMut(&Trap)> Hart for Watched<'_, F> {
    fn read<const CSR: u16>(&mut self) -> u64 {
        self.hart.read::<CSR>()
    }

    fn write<const CSR: u16>(&mut self, value: u64) {
        self.hart.write::<CSR>(value);
    }

    fn swap<const CSR: u16>(&mut self, value: u64) -> u64 {
        self.hart.swap::<CSR>(value)
    }

    fn try_read<const CSR: u16>(&mut self) -> Option<u64> {
        self.hart.try_read::<CSR>()
    }

    fn fetch_guest(&mut self, address: Gva) -> Result<u16, Trap> {
        self.hart.fetch_guest(address)
    }

    fn load_guest(&mut self, address: Gva) -> Result<u64, Trap> {
        self.hart.load_guest(address)
    }

    fn hfence_gvma(&mut self, address: Option<Gpa>, vmid: Option<u16>) {
        self.hart.hfence_gvma(address, vmid);
    }

    fn hfence_vvma(&mut self, address: Option<Gva>, asid: Option<u16>) {
        self.hart.hfence_vvma(address, asid);
    }

    fn fence_i(&mut self) {
        self.hart.fence_i();
    }

    fn remote_fence(&mut self, fence: RemoteFence) {
        self.hart.remote_fence(fence);
    }

    fn time(&mut self) -> u64 {
        self.hart.time()
    }

    fn set_alarm(&mut self, time: u64) {
        self.hart.set_alarm(time);
    }

    fn save_float(&mut self, state: &mut FloatState) {
        self.hart.save_float(state);
    }

    fn restore_float(&mut self, state: &FloatState) {
        self.hart.restore_float(state);
    }

    fn enter_guest(&mut self, context: &mut Context) {
        self.hart.enter_guest(context);
    }

    fn note_exit(&mut self, trap: &Trap) {
        (self.hook)(trap);
    }
}
