//! Writes every test as an ELF file into a directory: `export DIR`.

use iss::Variant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args().nth(1).ok_or("say where to: export DIR")?;
    std::fs::create_dir_all(&directory)?;
    for test in conformance::suite() {
        let path = std::path::Path::new(&directory).join(test.name).with_extension("elf");
        std::fs::write(path, conformance::elf(test, &Variant::default())?)?;
    }
    Ok(())
}
