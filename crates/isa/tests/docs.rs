//! `docs/isa.md`: the tables for a reader. The test fails when the file is stale; with `UPDATE=1` in the
//! environment it writes the file anew.

use std::fmt::{self, Write};
use std::path::Path;

use isa::csr;
use isa::ext::{Ext, ExtSet, Needs};
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
         This page is made from the tables in `crates/isa/src`: `ext.rs`, `inst.rs` and `csr.rs`;\n\
         `UPDATE=1 cargo test -p isa --test docs` makes it anew.\n\n\
         ## Extensions\n\n| Extension | Meaning | Includes or needs |\n|---|---|---|\n",
    );
    for ext in Ext::ALL {
        let only = ExtSet::of(&[*ext]);
        let implied: Vec<_> = only.closure().without(only).iter().map(Ext::name).collect();
        writeln!(out, "| {} | {} | {} |", ext.name(), ext.doc(), implied.join(", "))?;
    }
    out.push_str(
        "\n## Instructions\n\n\
         In an encoding, written from the highest bit down, `.` is a bit of an operand. Instructions marked\n\
         RV64 are not part of the 32-bit ISA.\n",
    );
    for needs in needs_in_order() {
        let rows = || ROWS.iter().filter(|row| row.needs == needs);
        write!(out, "\n### {}\n\n", title(needs))?;
        let is_compressed = rows().any(|row| row.long.is_some());
        let header = ["Instruction", "Operands", "Encoding", "Base", "Meaning", "Stands for"];
        let columns = if is_compressed { 6 } else { 5 };
        writeln!(out, "| {} |", header[..columns].join(" | "))?;
        writeln!(out, "|{}", "---|".repeat(columns))?;
        for row in rows() {
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

/// What instructions need, each once, in the order of the table.
fn needs_in_order() -> Vec<Needs> {
    let mut seen: Vec<Needs> = Vec::new();
    for row in &ROWS {
        if !seen.contains(&row.needs) {
            seen.push(row.needs);
        }
    }
    seen
}

/// "Zba: address generation", "Svinval and H", "Zbb or Zbkb".
fn title(needs: Needs) -> String {
    let text = needs_text(needs);
    match needs {
        [set] if set.iter().count() == 1 => {
            let doc: String = set.iter().map(|ext| ext.doc().trim_end_matches('.').to_string()).collect();
            format!("{text}: {}{}", doc[..1].to_lowercase(), &doc[1..])
        }
        _ => text,
    }
}

fn needs_text(needs: Needs) -> String {
    let all = |set: &ExtSet| set.iter().map(Ext::name).collect::<Vec<_>>().join(" and ");
    needs.iter().map(all).collect::<Vec<_>>().join(" or ")
}

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
    let extension = needs_text(row.needs);
    let fields: Vec<String> = row.fields.iter().map(|(name, field)| field_text(name, *field)).collect();
    writeln!(out, " | {extension} | {layout} | {} | {} |", row.doc, fields.join(", "))
}

fn field_text(name: &str, field: isa::field::Field) -> String {
    match field.width {
        1 => format!("{name}\\[{}\\]", field.lo),
        width => format!("{name}\\[{}:{}\\]", field.lo + width - 1, field.lo),
    }
}
