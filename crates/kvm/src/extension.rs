//! KVM's own numbers of the extensions of ISA and SBI that a virtual CPU can have, which are registers of its.

/// `KVM_RISCV_ISA_EXT_*`, in order from 0, in the manual's lower case.
pub const ISA: [&str; 80] = [
    "a",
    "c",
    "d",
    "f",
    "h",
    "i",
    "m",
    "svpbmt",
    "sstc",
    "svinval",
    "zihintpause",
    "zicbom",
    "zicboz",
    "zbb",
    "ssaia",
    "v",
    "svnapot",
    "zba",
    "zbs",
    "zicntr",
    "zicsr",
    "zifencei",
    "zihpm",
    "smstateen",
    "zicond",
    "zbc",
    "zbkb",
    "zbkc",
    "zbkx",
    "zknd",
    "zkne",
    "zknh",
    "zkr",
    "zksed",
    "zksh",
    "zkt",
    "zvbb",
    "zvbc",
    "zvkb",
    "zvkg",
    "zvkned",
    "zvknha",
    "zvknhb",
    "zvksed",
    "zvksh",
    "zvkt",
    "zfh",
    "zfhmin",
    "zihintntl",
    "zvfh",
    "zvfhmin",
    "zfa",
    "ztso",
    "zacas",
    "sscofpmf",
    "zimop",
    "zca",
    "zcb",
    "zcd",
    "zcf",
    "zcmop",
    "zawrs",
    "smnpm",
    "ssnpm",
    "svade",
    "svadu",
    "svvptc",
    "zabha",
    "ziccrse",
    "zaamo",
    "zalrsc",
    "zicbop",
    "zfbfmin",
    "zvfbfmin",
    "zvfbfwma",
    "zclsd",
    "zilsd",
    "zalasr",
    "zicfilp",
    "zicfiss",
];

/// `KVM_RISCV_SBI_EXT_*`, in order from 0.
pub const SBI: [&str; 14] = [
    "v01",
    "time",
    "ipi",
    "rfence",
    "srst",
    "hsm",
    "pmu",
    "experimental",
    "vendor",
    "dbcn",
    "sta",
    "susp",
    "fwft",
    "mpxy",
];

/// The number of the SBI's debug console among [`SBI`].
pub const SBI_DBCN: u16 = sbi("dbcn").unwrap();

/// The number of an extension of the ISA, by its name among [`ISA`].
pub const fn isa(name: &str) -> Option<u16> {
    position(&ISA, name)
}

/// The number of an extension of the SBI, by its name among [`SBI`].
pub const fn sbi(name: &str) -> Option<u16> {
    position(&SBI, name)
}

const fn position(names: &[&str], name: &str) -> Option<u16> {
    let mut number = 0;
    while number < names.len() {
        if equal(names[number].as_bytes(), name.as_bytes()) {
            return Some(number as u16);
        }
        number += 1;
    }
    None
}

/// Whether two names are the same, which `==` cannot say of constants.
const fn equal(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_header_s() {
        // The header counts; these are some of what it arrives at.
        for (number, name) in [(0, "a"), (8, "sstc"), (15, "v"), (16, "svnapot"), (52, "ztso"), (67, "zabha")]
        {
            assert_eq!(ISA[number], name);
        }
        assert_eq!(SBI[SBI_DBCN as usize], "dbcn");
        assert_eq!(SBI[5], "hsm");
    }

    #[test]
    fn numbers_are_found_by_name() {
        const SSTC: u16 = isa("sstc").unwrap();
        assert_eq!((SSTC, SBI_DBCN), (8, 9));
        for (number, name) in ISA.into_iter().enumerate() {
            assert_eq!(isa(name), Some(number as u16), "{name}");
        }
        for (number, name) in SBI.into_iter().enumerate() {
            assert_eq!(sbi(name), Some(number as u16), "{name}");
        }
        for name in ["", "s", "sst", "sstcc", "SSTC", "time"] {
            assert_eq!(isa(name), None, "{name:?}");
        }
    }
}
