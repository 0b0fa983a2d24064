//! Has the monitor linked where Linux has programs, and hands it the guests' images.

#[path = "../guests/embed.rs"]
mod embed;

fn main() {
    // Without a linker script the linker lays an executable out as Linux's are: a segment for each kind of access.
    for argument in ["--image-base=0x400000", "--no-dynamic-linker", "-znoexecstack"] {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
    println!("cargo:rerun-if-changed=../guests/embed.rs");
    embed::require(&["hello", "uart", "timer", "pages", "smp", "exits"]);
}
