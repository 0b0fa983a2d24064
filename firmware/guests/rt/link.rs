//! The build script of every guest: hands the guests' memory layout to the linker.

fn main() {
    let directory = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    println!("cargo:rustc-link-arg-bins=-T{directory}/../rt/guest.ld");
    println!("cargo:rerun-if-changed=../rt/guest.ld");
    println!("cargo:rerun-if-changed=../rt/link.rs");
}
