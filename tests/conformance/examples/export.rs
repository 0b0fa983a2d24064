//! Writes every test as an ELF file for a hart that has everything: `export DIR`.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args().nth(1).ok_or("say where to: export DIR")?;
    std::fs::create_dir_all(&directory)?;
    for test in conformance::suite() {
        for (_, cpu) in test.harts()?.into_iter().take(1) {
            let path = Path::new(&directory).join(test.name).with_extension("elf");
            std::fs::write(path, conformance::elf(test, &cpu)?)?;
        }
    }
    Ok(())
}
