//! For the build scripts of programs that embed guests: the images must be there.

use std::path::Path;

/// Where the images `NAME.bin` are.
const VARIABLE: &str = "GUEST_IMAGES";

/// Asks for the images of `guests`, and to be called again when one changes.
pub(crate) fn require(guests: &[&str]) {
    println!("cargo:rerun-if-env-changed={VARIABLE}");
    let Ok(images) = std::env::var(VARIABLE) else {
        println!(
            "cargo:error={VARIABLE} is not set: build the images by `cargo xtask images`, which sets it"
        );
        return;
    };
    for guest in guests {
        let image = Path::new(&images).join(guest).with_extension("bin");
        println!("cargo:rerun-if-changed={}", image.display());
        if !image.is_file() {
            println!("cargo:error={} is missing: build it by `cargo xtask images`", image.display());
        }
    }
}
