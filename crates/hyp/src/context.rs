//! What is saved of the two worlds, grouped by when it is saved. Privileged ISA, "Trap Entry" and "Trap Return".

/// What the inner world switch exchanges: saved at every exit, loaded at every entry.
///
/// [`switch`](crate::arch::switch) knows the layout.
#[derive(Clone, Default, Debug)]
#[repr(C)]
pub struct Context {
    /// The guest's half.
    pub guest: GuestFrame,
    /// The hypervisor's half, valid while the guest runs.
    pub host: HostFrame,
}

/// The guest's registers.
#[derive(Clone, Default, Debug)]
#[repr(C)]
pub struct GuestFrame {
    /// The integer registers by number; slot 0 stays zero.
    pub x: [u64; 32],
    /// The program counter.
    pub sepc: u64,
    /// HS-level `sstatus` while the guest runs; SPP is the guest's current privilege.
    pub sstatus: u64,
}

/// What the hypervisor wants back after the guest ran.
#[derive(Clone, Default, Debug)]
#[repr(C)]
pub struct HostFrame {
    /// The integer registers by number; those that a call may destroy are not saved.
    pub x: [u64; 32],
    /// `sstatus` of the hypervisor.
    pub sstatus: u64,
    /// `stvec` of the hypervisor.
    pub stvec: u64,
    /// `sscratch` of the hypervisor.
    pub sscratch: u64,
}

/// The floating-point registers. Unprivileged ISA, "\"D\" Extension for Double-Precision Floating-Point".
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[repr(C)]
pub struct FloatState {
    /// The registers by number; without D, the upper halves are nobody's.
    pub f: [u64; 32],
    /// Rounding mode and flags.
    pub fcsr: u64,
}

/// CSRs that have no VS counterpart: exchanged at every entry and exit, around the inner switch.
#[derive(Clone, Default, Debug)]
pub struct SharedState {
    /// Hypervisor status while the guest runs.
    pub hstatus: u64,
    /// The guest's `scounteren`.
    pub scounteren: u64,
    /// The guest's `senvcfg`.
    pub senvcfg: u64,
    /// The guest's `sstateen0`.
    pub sstateen0: u64,
}

/// The guest's supervisor CSRs: saved by put, restored by load.
#[derive(Clone, Default, Debug)]
#[allow(missing_docs)]
pub struct VsState {
    pub vsstatus: u64,
    pub vsie: u64,
    pub vstvec: u64,
    pub vsscratch: u64,
    pub vsepc: u64,
    pub vscause: u64,
    pub vstval: u64,
    pub vsatp: u64,
    pub hvip: u64,
}

impl GuestFrame {
    /// Integer register `number`, of which the low five bits count.
    pub fn get(&self, number: u8) -> u64 {
        self.x[usize::from(number & 31)]
    }

    /// Sets integer register `number`, of which the low five bits count; register 0 stays zero.
    pub fn set(&mut self, number: u8, value: u64) {
        if number & 31 != 0 {
            self.x[usize::from(number & 31)] = value;
        }
    }
}
