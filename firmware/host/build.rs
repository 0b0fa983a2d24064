//! Hands the kernel's memory layout to the linker, and the guests' images to the kernel.

use std::path::Path;

/// Where the images `NAME.bin` are.
const VARIABLE: &str = "GUEST_IMAGES";

fn main() {
    let directory = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    println!("cargo:rustc-link-arg-bins=-T{directory}/host.ld");
    println!("cargo:rerun-if-changed=host.ld");

    println!("cargo:rerun-if-env-changed={VARIABLE}");
    let Ok(images) = std::env::var(VARIABLE) else {
        println!(
            "cargo:error={VARIABLE} is not set: build the images by `cargo xtask images`, which sets it"
        );
        return;
    };
    for guest in ["hello", "uart", "timer", "pages"] {
        let image = Path::new(&images).join(guest).with_extension("bin");
        println!("cargo:rerun-if-changed={}", image.display());
        if !image.is_file() {
            println!("cargo:error={} is missing: build it by `cargo xtask images`", image.display());
        }
    }
}
