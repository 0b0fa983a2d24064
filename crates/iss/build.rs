//! Tells the engine whether its handlers can end in a call that becomes a jump, which takes an optimizing compiler.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(engine_loop)");
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("OPT_LEVEL").is_ok_and(|level| level == "0") {
        println!("cargo::rustc-cfg=engine_loop");
    }
}
