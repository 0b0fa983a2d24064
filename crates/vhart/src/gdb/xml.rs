//! The target description: which registers there are, by the numbers that the protocol knows them by.
//!
//! GDB manual, "RISC-V Features". The CSRs are those of [`isa::csr::ROWS`] that the hart has.

use std::fmt::Write;

use iss::Hart;

/// With an OS, GDB would step by breakpoints after the instruction, which `sret` and traps run past.
const HEAD: &str = r#"<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
<architecture>riscv:rv64</architecture>
<osabi>none</osabi>
"#;

const FPU_HEAD: &str = r#"<feature name="org.gnu.gdb.riscv.fpu">
<union id="riscv_double">
<field name="float" type="ieee_single"/>
<field name="double" type="ieee_double"/>
</union>
"#;

/// The number of f0; the x registers and pc come before it.
const F0: u16 = 33;
/// The number of CSR 0.
const CSR0: u16 = 65;
/// The number of `priv`, after the last CSR.
const PRIV: u16 = CSR0 + 4096;

/// The description of a machine whose harts are like `hart`.
pub(super) fn describe(hart: &Hart) -> String {
    let mut xml = String::from(HEAD);
    // Writing to a String cannot fail.
    let _ = write_features(&mut xml, hart);
    xml
}

fn write_features(xml: &mut String, hart: &Hart) -> std::fmt::Result {
    xml.push_str("<feature name=\"org.gnu.gdb.riscv.cpu\">\n");
    for n in 0..32 {
        writeln!(xml, "<reg name=\"x{n}\" bitsize=\"64\" type=\"int\" regnum=\"{n}\"/>")?;
    }
    xml.push_str("<reg name=\"pc\" bitsize=\"64\" type=\"code_ptr\" regnum=\"32\"/>\n</feature>\n");
    xml.push_str(FPU_HEAD);
    for n in 0..32 {
        writeln!(xml, "<reg name=\"f{n}\" bitsize=\"64\" type=\"riscv_double\" regnum=\"{}\"/>", F0 + n)?;
    }
    xml.push_str("</feature>\n<feature name=\"org.gnu.gdb.riscv.csr\">\n");
    for row in isa::csr::ROWS {
        for index in (0..row.count).filter(|index| hart.csr(row.number + index).is_some()) {
            xml.push_str("<reg name=\"");
            row.write_name(index, xml)?;
            writeln!(xml, "\" bitsize=\"64\" regnum=\"{}\" group=\"csr\"/>", CSR0 + row.number + index)?;
        }
    }
    xml.push_str("</feature>\n<feature name=\"org.gnu.gdb.riscv.virtual\">\n");
    writeln!(xml, "<reg name=\"priv\" bitsize=\"8\" regnum=\"{PRIV}\"/>\n</feature>\n</target>")
}
