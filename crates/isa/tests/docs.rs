//! `docs/isa.md`: the tables for a reader. The test fails when the file is stale; with `UPDATE=1` in the
//! environment it writes the file anew.

use std::fmt::{self, Write};
use std::path::Path;

use isa::csr;
use isa::inst::{self, ROWS};

#[test]
fn the_tables_for_readers_are_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/isa.md");
    let mut fresh = String::new();
    write_document(&mut fresh).unwrap();
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &fresh).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == fresh,
        "docs/isa.md is stale: run `UPDATE=1 cargo test -p isa --test docs` and commit it"
    );
}

fn write_document(out: &mut String) -> fmt::Result {
    out.push_str(
        "# Instructions and CSRs\n\n\
         This page is made from the tables in `crates/isa/src/inst.rs` and `crates/isa/src/csr.rs`;\n\
         `UPDATE=1 cargo test -p isa --test docs` makes it anew.\n\n\
         ## Instructions\n\n\
         In an encoding, written from the highest bit down, `.` is a bit of an operand. Instructions marked\n\
         RV64 are not part of the 32-bit ISA.\n",
    );
    for (ext, title) in INSTRUCTION_EXTENSIONS {
        write!(out, "\n### {title}\n\n")?;
        let is_compressed = matches!(ext, inst::Ext::C | inst::Ext::Zcd);
        let header = ["Instruction", "Operands", "Encoding", "Base", "Meaning", "Stands for"];
        let columns = if is_compressed { 6 } else { 5 };
        writeln!(out, "| {} |", header[..columns].join(" | "))?;
        writeln!(out, "|{}", "---|".repeat(columns))?;
        for row in ROWS.iter().filter(|row| row.ext == *ext) {
            let base = match row.xlen {
                inst::Xlen::any => "",
                inst::Xlen::rv64 => "RV64",
            };
            let operands = match row.format.operands() {
                "" => String::new(),
                operands => format!("`{operands}`"),
            };
            let mnemonic = row.op.mnemonic();
            write!(out, "| `{mnemonic}` | {operands} | `{}` | {base} | {} |", row.encoding, row.doc)?;
            if let Some(long) = row.long {
                write!(out, " `{}` |", long.mnemonic())?;
            }
            out.push('\n');
        }
    }
    out.push_str(
        "\n## CSRs\n\n\
         A field is written as its name and its bits. Where a register is marked RV64, its fields are those of\n\
         RV64; on RV32 it is laid out differently or split in two.\n\n\
         | Number | Name | Extension | Layout | Meaning | Fields |\n|---|---|---|---|---|---|\n",
    );
    for row in csr::ROWS {
        write_csr(out, row)?;
    }
    Ok(())
}

/// The extensions in the order of the table, with their titles.
const INSTRUCTION_EXTENSIONS: &[(inst::Ext, &str)] = &[
    (inst::Ext::I, "I: base integer instructions"),
    (inst::Ext::Zifencei, "Zifencei: instruction-fetch fence"),
    (inst::Ext::Zicsr, "Zicsr: CSR access"),
    (inst::Ext::M, "M: multiplication and division"),
    (inst::Ext::A, "A: atomics"),
    (inst::Ext::F, "F: single-precision floating point"),
    (inst::Ext::D, "D: double-precision floating point"),
    (inst::Ext::Priv, "Machine-level instructions"),
    (inst::Ext::S, "Supervisor instructions"),
    (inst::Ext::Svinval, "Svinval: fine-grained invalidation"),
    (inst::Ext::H, "H: the hypervisor extension"),
    (inst::Ext::SvinvalH, "Svinval and H together"),
    (inst::Ext::C, "C: compressed instructions"),
    (inst::Ext::Zcd, "C and D together"),
];

fn write_csr(out: &mut String, row: &csr::Row) -> fmt::Result {
    let last = row.number + row.count - 1;
    let name = |number| csr::name(number).unwrap();
    match row.count {
        1 => write!(out, "| {:#05x} | `{}`", row.number, row.name)?,
        _ => write!(out, "| {:#05x} to {last:#05x} | `{}` to `{}`", row.number, row.name, name(last))?,
    }
    let layout = match row.layout {
        csr::Layout::any => "",
        csr::Layout::rv64 => "RV64",
    };
    let extension = match row.ext {
        csr::Ext::SstcH => "Sstc and H".to_string(),
        csr::Ext::SmstateenH => "Smstateen and H".to_string(),
        ext => format!("{ext:?}"),
    };
    let fields: Vec<String> = row.fields.iter().map(|(name, field)| field_text(name, *field)).collect();
    writeln!(out, " | {extension} | {layout} | {} | {} |", row.doc, fields.join(", "))
}

fn field_text(name: &str, field: isa::field::Field) -> String {
    match field.width {
        1 => format!("{name}\\[{}\\]", field.lo),
        width => format!("{name}\\[{}:{}\\]", field.lo + width - 1, field.lo),
    }
}

#[test]
fn every_extension_has_a_title() {
    for row in &ROWS {
        let titled = INSTRUCTION_EXTENSIONS.iter().any(|(ext, _)| *ext == row.ext);
        assert!(titled, "{} is of {:?}, which docs/isa.md does not list", row.name, row.ext);
    }
}
