//! Embeds the guest images that `cargo xtask images` has put into `<target>/images`, if it has.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let mut rows = String::new();
    if let Some(images) = images_folder(&out) {
        // A folder that does not exist would make cargo run this script each time.
        fs::create_dir_all(&images)?;
        println!("cargo::rerun-if-changed={}", images.display());
        for (name, path) in elf_files(&images)? {
            // Writing to a String cannot fail.
            let _ = writeln!(rows, "    ({name:?}, include_bytes!({path:?})),");
        }
    }
    fs::write(out.join("images.rs"), format!("static IMAGES: &[(&str, &[u8])] = &[\n{rows}];\n"))
}

/// `<target>/images`, where `out` is `<target>/[TRIPLE/]PROFILE/build/PACKAGE/out`.
fn images_folder(out: &Path) -> Option<PathBuf> {
    let profile = out.ancestors().find(|folder| folder.ends_with("build"))?.parent()?;
    let above = profile.parent()?;
    let cross = above.file_name().is_some_and(|name| env::var_os("TARGET").is_some_and(|t| t == name));
    Some(if cross { above.parent()? } else { above }.join("images"))
}

/// The ELF files of a folder and their names without the ending, sorted.
fn elf_files(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if let (Some("elf"), Some(stem)) =
            (path.extension().and_then(|e| e.to_str()), path.file_stem().and_then(|s| s.to_str()))
        {
            files.push((stem.to_owned(), path));
        }
    }
    files.sort();
    Ok(files)
}
