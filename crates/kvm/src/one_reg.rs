//! The registers of a virtual CPU that `KVM_GET_ONE_REG` and `KVM_SET_ONE_REG` name by numbers.
//!
//! A number says that it is RISC-V's, how many bytes the register has, which group it is of, and its place there.

pub mod index;
mod name;

pub use name::Line;

use crate::LONG;

/// `KVM_REG_RISCV`: whose registers these are.
const ARCHITECTURE: u64 = 0x80 << 56;
const SIZE_SHIFT: u32 = 52;
const SIZE_MASK: u64 = 0xf;
const GROUP_SHIFT: u32 = 24;
const SUBGROUP_SHIFT: u32 = 16;
/// Where the group, its part and the index are.
const PLACE_MASK: u64 = 0xffff_ffff;

/// `KVM_REG_SIZE_U2048`: the greatest size, as a power of two bytes.
const GREATEST_SIZE: u64 = 8;

/// `KVM_REG_RISCV_CSR_GENERAL`, a part of [`Group::Csr`]: those that every hart has.
pub const CSR_GENERAL: u8 = 0;
/// `KVM_REG_RISCV_CSR_AIA`, a part of [`Group::Csr`]: those of the advanced interrupt architecture.
pub const CSR_AIA: u8 = 1;
/// `KVM_REG_RISCV_CSR_SMSTATEEN`, a part of [`Group::Csr`]: those of state enables.
pub const CSR_SMSTATEEN: u8 = 2;

/// A part of [`Group::IsaExt`] and of [`Group::SbiExt`]: whether the virtual CPU has an extension, 0 or 1.
pub const SINGLE: u8 = 0;
/// A part of [`Group::IsaExt`] and of [`Group::SbiExt`]: a bit for each extension, which gives it to the virtual CPU.
pub const MULTI_ENABLE: u8 = 1;
/// A part of [`Group::IsaExt`] and of [`Group::SbiExt`]: a bit for each extension, which takes it away.
pub const MULTI_DISABLE: u8 = 2;
/// How many extensions a register of the two parts above has bits for.
pub const MULTI_BITS: u16 = 8 * LONG as u16;

/// `KVM_REG_RISCV_SBI_STA`, a part of [`Group::SbiState`]: steal-time accounting.
pub const STATE_STA: u8 = 0;
/// `KVM_REG_RISCV_SBI_FWFT`, a part of [`Group::SbiState`]: firmware features.
pub const STATE_FWFT: u8 = 1;

/// Where `fcsr` comes after the 32 floating-point registers.
pub const FCSR: u16 = 32;
/// Where the vector registers begin after their CSRs.
pub const V0: u16 = 32;

/// `KVM_RISCV_MODE_U`: the guest is in VU-mode.
pub const MODE_U: u64 = 0;
/// `KVM_RISCV_MODE_S`: the guest is in VS-mode.
pub const MODE_S: u64 = 1;

/// `KVM_RISCV_TIMER_STATE_OFF`: no timer is set.
pub const TIMER_OFF: u64 = 0;
/// `KVM_RISCV_TIMER_STATE_ON`: a timer is set.
pub const TIMER_ON: u64 = 1;

/// A kind of registers, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Group {
    /// `KVM_REG_RISCV_CONFIG`: what the virtual CPU is.
    Config = 1,
    /// `KVM_REG_RISCV_CORE`: pc, the integer registers and the mode.
    Core = 2,
    /// `KVM_REG_RISCV_CSR`.
    Csr = 3,
    /// `KVM_REG_RISCV_TIMER`, of 8 bytes whatever XLEN is.
    Timer = 4,
    /// `KVM_REG_RISCV_FP_F`: the floating-point registers of a virtual CPU without D.
    FpF = 5,
    /// `KVM_REG_RISCV_FP_D`: the floating-point registers.
    FpD = 6,
    /// `KVM_REG_RISCV_ISA_EXT`: the [extensions of the ISA](crate::extension::ISA).
    IsaExt = 7,
    /// `KVM_REG_RISCV_SBI_EXT`: the [extensions of the SBI](crate::extension::SBI).
    SbiExt = 8,
    /// `KVM_REG_RISCV_VECTOR`.
    Vector = 9,
    /// `KVM_REG_RISCV_SBI_STATE`: what the extensions of the SBI keep.
    SbiState = 10,
}

impl Group {
    /// Every group, in the order of the numbers.
    const ALL: [Group; 10] = [
        Group::Config,
        Group::Core,
        Group::Csr,
        Group::Timer,
        Group::FpF,
        Group::FpD,
        Group::IsaExt,
        Group::SbiExt,
        Group::Vector,
        Group::SbiState,
    ];

    /// The size in bytes of the register `index`; `None` of a vector register, whose size is the hart's.
    const fn size(self, index: u16) -> Option<usize> {
        match self {
            Group::Timer => Some(8),
            Group::FpF => Some(4),
            Group::FpD => Some(if index == FCSR { 4 } else { 8 }),
            Group::Vector if V0 <= index => None,
            Group::Config | Group::Core | Group::Csr | Group::IsaExt | Group::SbiExt => Some(LONG),
            Group::Vector | Group::SbiState => Some(LONG),
        }
    }
}

/// A register, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Register(pub u64);

/// What a register's number says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parts {
    /// The size in bytes.
    pub size: usize,
    /// The kind.
    pub group: Group,
    /// The part of the group.
    pub subgroup: u8,
    /// The place in that part.
    pub index: u16,
}

impl Parts {
    /// Whether the size is the one that the register has; any does for a vector register, whose size is the hart's.
    pub fn has_its_size(self) -> bool {
        self.group.size(self.index).is_none_or(|size| size == self.size)
    }
}

impl Register {
    /// Of [`extension::ISA`](crate::extension::ISA)'s single letters, those that the virtual CPU has, as bits like
    /// `misa`'s.
    pub const ISA: Register = Register::config(index::config::ISA);
    /// Where the guest goes on.
    pub const PC: Register = Register::core(index::core::PC);
    /// The first argument.
    pub const A0: Register = Register::core(index::core::A0);
    /// The second argument.
    pub const A1: Register = Register::core(index::core::A1);
    /// Ticks of the guest's clock in a second.
    pub const FREQUENCY: Register = Register::timer(index::timer::FREQUENCY);

    /// The register of [`Group::Config`] with an index of [`index::config`].
    pub const fn config(index: u16) -> Register {
        Register::new(Group::Config, 0, index)
    }

    /// The register of [`Group::Core`] with an index of [`index::core`].
    pub const fn core(index: u16) -> Register {
        Register::new(Group::Core, 0, index)
    }

    /// The register of a part of [`Group::Csr`] with an index of [`index::csr`], [`index::aia`] or
    /// [`index::smstateen`].
    pub const fn csr(subgroup: u8, index: u16) -> Register {
        Register::new(Group::Csr, subgroup, index)
    }

    /// The register of [`Group::Timer`] with an index of [`index::timer`].
    pub const fn timer(index: u16) -> Register {
        Register::new(Group::Timer, 0, index)
    }

    /// The floating-point register `index` with 4 bytes, or [`FCSR`].
    pub const fn fp_f(index: u16) -> Register {
        Register::new(Group::FpF, 0, index)
    }

    /// The floating-point register `index` with 8 bytes, or [`FCSR`], which has 4.
    pub const fn fp_d(index: u16) -> Register {
        Register::new(Group::FpD, 0, index)
    }

    /// Whether the virtual CPU has the extension `number` of [`extension::ISA`](crate::extension::ISA): 0 or 1.
    pub const fn isa_extension(number: u16) -> Register {
        Register::new(Group::IsaExt, SINGLE, number)
    }

    /// Whether the virtual CPU has the extension `number` of [`extension::SBI`](crate::extension::SBI): 0 or 1.
    pub const fn sbi_extension(number: u16) -> Register {
        Register::new(Group::SbiExt, SINGLE, number)
    }

    /// The register of a part of [`Group::SbiState`], of which [`STATE_STA`] has those of [`index::sta`].
    pub const fn sbi_state(subgroup: u8, index: u16) -> Register {
        Register::new(Group::SbiState, subgroup, index)
    }

    /// The CSR of [`Group::Vector`] with an index of [`index::vector`].
    pub const fn vector_csr(index: u16) -> Register {
        Register::sized(LONG, Group::Vector, 0, index)
    }

    /// The vector register `number` of a hart whose vector registers have `size` bytes, a power of two.
    pub const fn vector(number: u16, size: usize) -> Register {
        Register::sized(size, Group::Vector, 0, V0 + number)
    }

    /// The register of a group that says its size.
    const fn new(group: Group, subgroup: u8, index: u16) -> Register {
        match group.size(index) {
            Some(size) => Register::sized(size, group, subgroup, index),
            None => panic!("the size of a vector register is the hart's"),
        }
    }

    const fn sized(size: usize, group: Group, subgroup: u8, index: u16) -> Register {
        let size = (size.trailing_zeros() as u64) << SIZE_SHIFT;
        let place = (group as u64) << GROUP_SHIFT | (subgroup as u64) << SUBGROUP_SHIFT | index as u64;
        Register(ARCHITECTURE | size | place)
    }

    /// Its size in bytes.
    pub const fn size(self) -> usize {
        1 << (self.0 >> SIZE_SHIFT & SIZE_MASK)
    }

    /// What the number says; `None` of one that is not RISC-V's, has a size that no register has, is of no group, or
    /// has a bit set where there is none.
    pub fn decode(self) -> Option<Parts> {
        let place = self.0 & PLACE_MASK;
        let size = self.0 >> SIZE_SHIFT & SIZE_MASK;
        if self.0 != ARCHITECTURE | size << SIZE_SHIFT | place || size > GREATEST_SIZE {
            return None;
        }
        let [.., group, subgroup, index_high, index_low] = self.0.to_be_bytes();
        Some(Parts {
            size: self.size(),
            group: Group::ALL.into_iter().find(|known| *known as u8 == group)?,
            subgroup,
            index: u16::from_be_bytes([index_high, index_low]),
        })
    }
}

#[cfg(test)]
mod tests;
