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
pub const SBI_DBCN: u16 = 9;

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
}
