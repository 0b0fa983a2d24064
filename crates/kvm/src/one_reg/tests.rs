extern crate std;
use std::string::ToString;

use super::*;
use crate::errno::Errno;
use crate::extension;

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

#[track_caller]
fn made(register: Register, id: u64, name: &str) {
    assert_eq!((register.0, register.to_string().as_str()), (id, name), "{:#x}", register.0);
}

#[test]
fn constructors_make_the_header_s_numbers() {
    made(Register::config(index::config::SATP_MODE), 0x8030_0000_0100_0006, "config.satp_mode");
    made(Register::core(index::core::T6), 0x8030_0000_0200_001f, "core.regs.t6");
    made(Register::core(index::core::MODE), 0x8030_0000_0200_0020, "core.mode");
    made(Register::csr(CSR_GENERAL, index::csr::SENVCFG), 0x8030_0000_0300_000a, "csr.senvcfg");
    made(Register::csr(CSR_AIA, index::aia::IPRIO2H), 0x8030_0000_0301_0006, "csr.aia.iprio2h");
    made(Register::csr(CSR_SMSTATEEN, 0), 0x8030_0000_0302_0000, "csr.smstateen.sstateen0");
    made(Register::timer(index::timer::STATE), 0x8030_0000_0400_0003, "timer.state");
    made(Register::fp_f(31), 0x8020_0000_0500_001f, "fp_f.f31");
    made(Register::fp_f(FCSR), 0x8020_0000_0500_0020, "fp_f.fcsr");
    made(Register::fp_d(31), 0x8030_0000_0600_001f, "fp_d.f31");
    made(Register::fp_d(FCSR), 0x8020_0000_0600_0020, "fp_d.fcsr");
    made(Register::isa_extension(8), 0x8030_0000_0700_0008, "isa_ext.sstc");
    made(Register::sbi_extension(5), 0x8030_0000_0800_0005, "sbi_ext.hsm");
    made(Register::vector_csr(index::vector::VLENB), 0x8030_0000_0900_0004, "vector.vlenb");
    made(Register::vector(31, 32), 0x8050_0000_0900_003f, "vector.v31");
    made(Register::sbi_state(STATE_STA, index::sta::SHMEM_HI), 0x8030_0000_0a00_0001, "sbi.sta.shmem_hi");
}

#[test]
fn indices_are_in_order_without_gaps() {
    for names in [
        index::config::NAMES,
        index::core::NAMES,
        index::csr::NAMES,
        index::aia::NAMES,
        index::smstateen::NAMES,
        index::timer::NAMES,
        index::vector::NAMES,
        index::sta::NAMES,
    ] {
        assert!(names.iter().enumerate().all(|(at, (index, _))| usize::from(*index) == at), "{names:?}");
    }
}

#[test]
fn decoding_takes_a_number_apart() {
    let parts = |size, group, subgroup, index| Some(Parts { size, group, subgroup, index });
    assert_eq!(Register::PC.decode(), parts(8, Group::Core, 0, 0));
    assert_eq!(Register::fp_f(FCSR).decode(), parts(4, Group::FpF, 0, 32));
    assert_eq!(Register(0x8030_0000_0302_1234).decode(), parts(8, Group::Csr, 2, 0x1234));
    assert_eq!(Register::vector(0, 256).decode(), parts(256, Group::Vector, 0, 32));
    for (group, number) in Group::ALL.into_iter().zip(1..) {
        assert_eq!(Register(0x8030_0000_0000_0000 | number << 24).decode(), parts(8, group, 0, 0));
    }
}

#[test]
fn numbers_of_no_register_decode_to_nothing() {
    for id in [
        // No group's.
        0x8030_0000_0000_0000,
        0x8030_0000_0b00_0000,
        // No size's.
        0x8090_0000_0200_0000,
        0x80f0_0000_0200_0000,
        // Another architecture's, and both at once.
        0x6030_0000_0200_0000,
        0xe030_0000_0200_0000,
        0x0030_0000_0200_0000,
    ] {
        assert_eq!(Register(id).decode(), None, "{id:#x}");
    }
    for bit in (32..52).chain(56..63) {
        let id = Register::PC.0 | 1 << bit;
        assert_eq!(Register(id).decode(), None, "{id:#x}");
    }
}

#[test]
fn a_number_says_whether_its_size_is_the_register_s() {
    let has_its_size = |id| Register(id).decode().expect("a known group").has_its_size();
    for group in [1, 2, 3, 4, 6, 7, 8, 9, 10] {
        assert!(has_its_size(0x8030_0000_0000_0000 | group << 24), "{group}");
        assert!(!has_its_size(0x8020_0000_0000_0000 | group << 24), "{group}");
        assert!(!has_its_size(0x8040_0000_0000_0000 | group << 24), "{group}");
    }
    assert!(has_its_size(Register::fp_f(0).0));
    assert!(!has_its_size(0x8030_0000_0500_0000));
    assert!(has_its_size(Register::fp_d(FCSR).0));
    assert!(!has_its_size(0x8030_0000_0600_0020));
    assert!(has_its_size(Register::vector(3, 16).0) && has_its_size(Register::vector(3, 64).0));
}
