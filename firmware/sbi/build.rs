//! Hands the firmware's memory layout to the linker.

fn main() {
    let directory = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    println!("cargo:rustc-link-arg-bins=-T{directory}/sbi.ld");
    println!("cargo:rerun-if-changed=sbi.ld");
}
