//! Hands the kernel's memory layout to the linker, and the guests' images to the kernel.

#[path = "../guests/embed.rs"]
mod embed;

fn main() {
    let directory = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    println!("cargo:rustc-link-arg-bins=-T{directory}/host.ld");
    println!("cargo:rerun-if-changed=host.ld");
    println!("cargo:rerun-if-changed=../guests/embed.rs");
    embed::require(&["hello", "uart", "timer", "pages", "smp", "exits"]);
}
