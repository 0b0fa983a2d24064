//! The cross compiler, which makes flat images of the programs in C.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// GCC for RISC-V: what the variable `RISCV_CC` names, or Debian's.
pub(crate) struct Compiler {
    command: OsString,
}

/// What the hart that a program is compiled for has.
#[derive(Clone, Copy)]
pub(crate) enum Isa {
    /// No floating point.
    Integer,
    /// Single and double precision.
    Double,
}

impl Isa {
    fn arguments(self) -> [&'static str; 2] {
        match self {
            Isa::Integer => ["-march=rv64imac_zicsr", "-mabi=lp64"],
            Isa::Double => ["-march=rv64gc", "-mabi=lp64d"],
        }
    }
}

/// A program without library, loader or start-up code. No loop becomes a call of `memcpy` or `memset`, and nothing
/// is linked relative to a global pointer, which nobody sets.
const ARGUMENTS: [&str; 12] = [
    "-std=gnu11",
    "-O2",
    "-mcmodel=medany",
    "-ffreestanding",
    "-fno-tree-loop-distribute-patterns",
    "-fno-math-errno",
    "-fno-pie",
    "-no-pie",
    "-nostdlib",
    "-static",
    "-Wall",
    "-Wl,--build-id=none",
];

impl Compiler {
    /// The compiler, which need not be there.
    pub(crate) fn new() -> Compiler {
        Compiler { command: env::var_os("RISCV_CC").unwrap_or_else(|| "riscv64-linux-gnu-gcc".into()) }
    }

    /// Whether it is installed.
    pub(crate) fn is_there(&self) -> bool {
        let mut version = Command::new(&self.command);
        version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success())
    }

    /// What has to be there for programs to be compiled.
    pub(crate) fn needs(&self) -> String {
        let command = self.command.display();
        format!("{command} (Debian: apt install gcc-riscv64-linux-gnu; or another in the variable RISCV_CC)")
    }

    /// Where the programs in C and what they include are.
    pub(crate) fn sources() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("programs")
    }

    /// Compiles `source` to an image, which is also kept in `folder`.
    ///
    /// # Errors
    /// What the compiler says, or an image that cannot be read.
    pub(crate) fn compile(&self, source: &Path, isa: Isa, folder: &Path) -> Result<Vec<u8>, String> {
        let name = source.file_stem().unwrap_or(source.as_os_str());
        let [linked, image] = ["o", "bin"].map(|ending| folder.join(name).with_extension(ending));
        let sources = Compiler::sources();
        let mut gcc = Command::new(&self.command);
        gcc.args(isa.arguments()).args(ARGUMENTS).arg("-I").arg(&sources);
        gcc.arg("-T").arg(sources.join("image.ld")).arg(source).arg("-o").arg(&linked);
        run(&mut gcc)?;
        // The linker cannot write a flat image for RISC-V; the compiler knows the program that can.
        let objcopy = run(Command::new(&self.command).arg("-print-prog-name=objcopy"))?;
        run(Command::new(objcopy.trim()).args(["-O", "binary"]).args([&linked, &image]))?;
        std::fs::read(&image).map_err(|error| format!("{}: {error}", image.display()))
    }
}

/// Runs `command` and returns what it prints.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
