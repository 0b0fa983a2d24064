//! The registers of a virtual CPU that `KVM_GET_ONE_REG` and `KVM_SET_ONE_REG` name by numbers.
//!
//! A number says that it is RISC-V's, how many bytes the register has, which group it is of, and its place there.

use core::fmt;

use crate::errno::Errno;
use crate::extension;

/// `KVM_REG_RISCV`: whose registers these are.
const ARCHITECTURE: u64 = 0x80 << 56;
const SIZE_SHIFT: u32 = 52;
const SIZE_MASK: u64 = 0xf;

/// The groups of registers.
pub mod group {
    /// What the virtual CPU is.
    pub const CONFIG: u8 = 1;
    /// `pc`, the integer registers from number 1 on, and the mode.
    pub const CORE: u8 = 2;
    /// Supervisor CSRs.
    pub const CSR: u8 = 3;
    /// The clock and the timer.
    pub const TIMER: u8 = 4;
    /// Floating-point registers of single precision.
    pub const FP_F: u8 = 5;
    /// Floating-point registers of double precision.
    pub const FP_D: u8 = 6;
    /// Extensions of the instruction set.
    pub const ISA_EXT: u8 = 7;
    /// Extensions of the SBI.
    pub const SBI_EXT: u8 = 8;
    /// Vector registers.
    pub const VECTOR: u8 = 9;
    /// What extensions of the SBI keep.
    pub const SBI_STATE: u8 = 10;
}

use group::{CONFIG, CORE, CSR, FP_D, FP_F, ISA_EXT, SBI_EXT, SBI_STATE, TIMER, VECTOR};

/// What a register's number says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parts {
    /// Bytes of its value.
    pub size: usize,
    /// Which [`group`] it is of.
    pub group: u8,
    /// Which part of the group.
    pub subgroup: u8,
    /// Its place there.
    pub index: u16,
}

const CONFIG_NAMES: [&str; 8] = [
    "isa",
    "zicbom_block_size",
    "mvendorid",
    "marchid",
    "mimpid",
    "zicboz_block_size",
    "satp_mode",
    "zicbop_block_size",
];

/// In the order of `struct user_regs_struct`, which is that of the registers' numbers, and the mode after them.
const CORE_NAMES: [&str; 33] = [
    "regs.pc", "regs.ra", "regs.sp", "regs.gp", "regs.tp", "regs.t0", "regs.t1", "regs.t2", "regs.s0",
    "regs.s1", "regs.a0", "regs.a1", "regs.a2", "regs.a3", "regs.a4", "regs.a5", "regs.a6", "regs.a7",
    "regs.s2", "regs.s3", "regs.s4", "regs.s5", "regs.s6", "regs.s7", "regs.s8", "regs.s9", "regs.s10",
    "regs.s11", "regs.t3", "regs.t4", "regs.t5", "regs.t6", "mode",
];

const CSR_NAMES: [&str; 11] = [
    "sstatus",
    "sie",
    "stvec",
    "sscratch",
    "sepc",
    "scause",
    "stval",
    "sip",
    "satp",
    "scounteren",
    "senvcfg",
];

const AIA_NAMES: [&str; 7] = ["siselect", "iprio1", "iprio2", "sieh", "siph", "iprio1h", "iprio2h"];

const SMSTATEEN_NAMES: [&str; 1] = ["sstateen0"];

const TIMER_NAMES: [&str; 4] = ["frequency", "time", "compare", "state"];

const VECTOR_NAMES: [&str; 5] = ["vstart", "vl", "vtype", "vcsr", "vlenb"];

const STA_NAMES: [&str; 2] = ["shmem_lo", "shmem_hi"];

/// Where `fcsr` comes after the floating-point registers, and the vector registers after their CSRs.
const REGISTERS: u16 = 32;

/// A register, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Register(pub u64);

impl Register {
    /// Of [`extension::ISA`]'s single letters, those that the virtual CPU has, as bits like `misa`'s.
    pub const ISA: Register = Register::wide(CONFIG, 0, 0);
    /// Where the guest goes on.
    pub const PC: Register = Register::wide(CORE, 0, 0);
    /// The first argument.
    pub const A0: Register = Register::wide(CORE, 0, 10);
    /// The second argument.
    pub const A1: Register = Register::wide(CORE, 0, 11);
    /// Ticks of the guest's clock in a second.
    pub const FREQUENCY: Register = Register::wide(TIMER, 0, 0);

    /// The register of a group whose registers have 8 bytes, as all of the width of an integer register have with an XLEN
    /// of 64.
    pub const fn wide(group: u8, subgroup: u8, index: u16) -> Register {
        Register::of_size(3, group, subgroup, index)
    }

    /// The register of a group whose registers have 4 bytes.
    pub const fn narrow(group: u8, index: u16) -> Register {
        Register::of_size(2, group, 0, index)
    }

    /// The register of 2 to the power of `size` bytes.
    const fn of_size(size: u64, group: u8, subgroup: u8, index: u16) -> Register {
        let place = (group as u64) << 24 | (subgroup as u64) << 16 | index as u64;
        Register(ARCHITECTURE | size << SIZE_SHIFT | place)
    }

    /// What the number says; `None` where it is not RISC-V's, or has bits that say nothing.
    pub fn parts(self) -> Option<Parts> {
        let rest = self.0 & !(SIZE_MASK << SIZE_SHIFT) & !0xffff_ffff;
        let [index_low, index_high, subgroup, group, ..] = self.0.to_le_bytes();
        let index = u16::from_le_bytes([index_low, index_high]);
        (rest == ARCHITECTURE).then_some(Parts { size: self.size(), group, subgroup, index })
    }

    /// Whether the virtual CPU has the extension `number` of [`extension::SBI`]: 0 or 1.
    pub const fn sbi_extension(number: u16) -> Register {
        Register::wide(SBI_EXT, 0, number)
    }

    /// Its size in bytes.
    pub const fn size(self) -> usize {
        1 << (self.0 >> SIZE_SHIFT & SIZE_MASK)
    }

    /// The name, in two parts of which the second may be empty; `None` for a number that is not known.
    fn name(self) -> Option<Name> {
        let Parts { group, subgroup, index, .. } = self.parts()?;
        let listed = |prefix, names: &[&'static str]| {
            Some(Name { prefix, name: names.get(usize::from(index))?, number: None })
        };
        let numbered = |prefix, name, number| Some(Name { prefix, name, number: Some(number) });
        match (group, subgroup) {
            (CONFIG, 0) => listed("config", &CONFIG_NAMES),
            (CORE, 0) => listed("core", &CORE_NAMES),
            (CSR, 0) => listed("csr", &CSR_NAMES),
            (CSR, 1) => listed("csr.aia", &AIA_NAMES),
            (CSR, 2) => listed("csr.smstateen", &SMSTATEEN_NAMES),
            (TIMER, 0) => listed("timer", &TIMER_NAMES),
            (FP_F, 0) if index < REGISTERS => numbered("fp_f", "f", index),
            (FP_D, 0) if index < REGISTERS => numbered("fp_d", "f", index),
            (FP_F, 0) if index == REGISTERS => Some(Name { prefix: "fp_f", name: "fcsr", number: None }),
            (FP_D, 0) if index == REGISTERS => Some(Name { prefix: "fp_d", name: "fcsr", number: None }),
            (ISA_EXT, 0) => listed("isa_ext", &extension::ISA),
            (ISA_EXT, 1) => numbered("isa_ext", "multi_en", index),
            (ISA_EXT, 2) => numbered("isa_ext", "multi_dis", index),
            (SBI_EXT, 0) => listed("sbi_ext", &extension::SBI),
            (SBI_EXT, 1) => numbered("sbi_ext", "multi_en", index),
            (SBI_EXT, 2) => numbered("sbi_ext", "multi_dis", index),
            (VECTOR, 0) if (REGISTERS..2 * REGISTERS).contains(&index) => {
                numbered("vector", "v", index - REGISTERS)
            }
            (VECTOR, 0) => listed("vector", &VECTOR_NAMES),
            (SBI_STATE, 0) => listed("sbi.sta", &STA_NAMES),
            _ => None,
        }
    }
}

/// A register's name.
struct Name {
    prefix: &'static str,
    name: &'static str,
    number: Option<u16>,
}

impl fmt::Display for Register {
    /// The name in KVM's words: group and register, as `csr.sstatus`; `unknown` where it has none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            None => f.write_str("unknown"),
            Some(Name { prefix, name, number: None }) => write!(f, "{prefix}.{name}"),
            Some(Name { prefix, name, number: Some(number) }) => write!(f, "{prefix}.{name}{number}"),
        }
    }
}

/// A line of the list of registers, in the form that docs/vmm.md describes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line<'a> {
    /// The register.
    pub register: Register,
    /// Its value's bytes, lowest first, or why it has none.
    pub value: Result<&'a [u8], Errno>,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Line { register, value } = self;
        write!(f, "{register} id={:#018x} size={} ", register.0, register.size())?;
        match value {
            Ok(bytes) => {
                f.write_str("value=0x")?;
                bytes.iter().rev().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Err(errno) => write!(f, "error={errno}"),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[track_caller]
    fn check(id: u64, size: usize, name: &str) {
        let register = Register(id);
        assert_eq!((register.size(), register.to_string().as_str()), (size, name), "{id:#x}");
    }

    #[test]
    fn numbers_have_the_header_s_names() {
        check(0x8030_0000_0100_0000, 8, "config.isa");
        check(0x8030_0000_0100_0007, 8, "config.zicbop_block_size");
        check(0x8030_0000_0200_0000, 8, "core.regs.pc");
        check(0x8030_0000_0200_000a, 8, "core.regs.a0");
        check(0x8030_0000_0200_001f, 8, "core.regs.t6");
        check(0x8030_0000_0200_0020, 8, "core.mode");
        check(0x8030_0000_0300_0000, 8, "csr.sstatus");
        check(0x8030_0000_0300_000a, 8, "csr.senvcfg");
        check(0x8030_0000_0301_0006, 8, "csr.aia.iprio2h");
        check(0x8030_0000_0302_0000, 8, "csr.smstateen.sstateen0");
        check(0x8030_0000_0400_0003, 8, "timer.state");
        check(0x8020_0000_0500_001f, 4, "fp_f.f31");
        check(0x8020_0000_0500_0020, 4, "fp_f.fcsr");
        check(0x8030_0000_0600_0000, 8, "fp_d.f0");
        check(0x8020_0000_0600_0020, 4, "fp_d.fcsr");
        check(0x8030_0000_0700_0008, 8, "isa_ext.sstc");
        check(0x8030_0000_0701_0001, 8, "isa_ext.multi_en1");
        check(0x8030_0000_0802_0000, 8, "sbi_ext.multi_dis0");
        check(0x8030_0000_0800_0009, 8, "sbi_ext.dbcn");
        check(0x8030_0000_0900_0004, 8, "vector.vlenb");
        check(0x8040_0000_0900_0020, 16, "vector.v0");
        check(0x8030_0000_0a00_0001, 8, "sbi.sta.shmem_hi");
    }

    #[test]
    fn what_the_header_does_not_know_is_unknown() {
        for id in [
            0,
            // Another architecture's.
            0x6030_0000_0200_0000,
            // Behind each group's last.
            0x8030_0000_0100_0008,
            0x8030_0000_0200_0021,
            0x8030_0000_0600_0021,
            0x8030_0000_0700_0050,
            0x8030_0000_0900_0040,
            // A group, and a group's part, that do not exist.
            0x8030_0000_0b00_0000,
            0x8030_0000_0303_0000,
            // A bit where there is none.
            0x8030_0001_0200_0000,
        ] {
            check(id, Register(id).size(), "unknown");
        }
    }

    #[test]
    fn the_registers_that_a_monitor_sets_have_their_names() {
        assert_eq!(Register::ISA.to_string(), "config.isa");
        assert_eq!(Register::PC.to_string(), "core.regs.pc");
        assert_eq!(Register::A0.to_string(), "core.regs.a0");
        assert_eq!(Register::A1.to_string(), "core.regs.a1");
        assert_eq!(Register::FREQUENCY.to_string(), "timer.frequency");
        assert_eq!(Register::sbi_extension(extension::SBI_DBCN).to_string(), "sbi_ext.dbcn");
    }

    #[test]
    fn a_line_has_name_number_size_and_value() {
        let value = 0x8020_0000_u64.to_le_bytes();
        let line = Line { register: Register::PC, value: Ok(&value) };
        assert_eq!(line.to_string(), "core.regs.pc id=0x8030000002000000 size=8 value=0x0000000080200000");
        let line = Line { register: Register(0x8040_0000_0900_0020), value: Err(Errno::ENOENT) };
        assert_eq!(line.to_string(), "vector.v0 id=0x8040000009000020 size=16 error=ENOENT");
    }
}
