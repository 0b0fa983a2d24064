//! `cargo bench -p benches`: the table of `cargo xtask bench`, with nothing chosen; README.md says what it is.

use std::path::Path;
use std::process::ExitCode;

use benches::Options;

fn main() -> ExitCode {
    // `cargo test --all-targets` runs this program too, but nothing here is a test.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let options = Options { guard: false, ..Options::new(folder.parent().unwrap_or(folder)) };
    match benches::run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("benches: {error}");
            ExitCode::FAILURE
        }
    }
}
