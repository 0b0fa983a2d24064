//! Privilege modes. Privileged ISA, "Privilege Modes" and "Privilege Modes" of the hypervisor extension.

use core::fmt;

/// The nominal privilege, as encoded in `mstatus.MPP`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Privilege {
    /// User.
    U = 0,
    /// Supervisor.
    S = 1,
    /// Machine.
    M = 3,
}

impl Privilege {
    /// The privilege encoded by the two low bits of `bits`; the reserved encoding 2 gives `None`.
    pub const fn from_bits(bits: u64) -> Option<Privilege> {
        match bits & 3 {
            0 => Some(Privilege::U),
            1 => Some(Privilege::S),
            3 => Some(Privilege::M),
            _ => None,
        }
    }
}

/// A privilege mode: nominal privilege and virtualization mode.
///
/// `virt` is never set in M-mode.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Mode {
    /// Nominal privilege.
    pub privilege: Privilege,
    /// V: whether the hart runs a guest.
    pub virt: bool,
}

impl Mode {
    /// Machine mode.
    pub const M: Mode = Mode { privilege: Privilege::M, virt: false };
    /// Hypervisor-extended supervisor mode.
    pub const HS: Mode = Mode { privilege: Privilege::S, virt: false };
    /// User mode.
    pub const U: Mode = Mode { privilege: Privilege::U, virt: false };
    /// Virtual supervisor mode.
    pub const VS: Mode = Mode { privilege: Privilege::S, virt: true };
    /// Virtual user mode.
    pub const VU: Mode = Mode { privilege: Privilege::U, virt: true };

    /// Every mode.
    pub const ALL: [Mode; 5] = [Mode::M, Mode::HS, Mode::U, Mode::VS, Mode::VU];

    /// The number of modes.
    pub const COUNT: usize = Mode::ALL.len();

    /// A number of its own for each mode, less than [`COUNT`](Mode::COUNT).
    #[inline]
    pub const fn index(self) -> usize {
        match (self.privilege, self.virt) {
            (Privilege::M, _) => 0,
            (Privilege::S, false) => 1,
            (Privilege::U, false) => 2,
            (Privilege::S, true) => 3,
            (Privilege::U, true) => 4,
        }
    }

    /// The manual's name of the mode.
    pub const fn name(self) -> &'static str {
        match (self.privilege, self.virt) {
            (Privilege::M, _) => "M",
            (Privilege::S, false) => "HS",
            (Privilege::U, false) => "U",
            (Privilege::S, true) => "VS",
            (Privilege::U, true) => "VU",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
