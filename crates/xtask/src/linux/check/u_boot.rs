//! U-Boot, as Debian's package has it, between OpenSBI and the kernel.

use std::fs;

use anyhow::{Context as _, Result};

use super::{Context, Outcome};
use crate::linux::boot::{Boot, Simulator};

/// Where the kernel and its initramfs are put, far enough from U-Boot and from each other.
const KERNEL: u64 = 0x8400_0000;
const INITRAMFS: u64 = 0x9000_0000;

/// U-Boot reaches its prompt, and boots the kernel that lies in memory.
pub(super) fn boots(context: &Context) -> Result<Outcome> {
    let boot = Boot::usual(context.software, 1, "off")?;
    let file = boot.initramfs.display();
    let size = fs::metadata(&boot.initramfs).with_context(|| format!("cannot read {file}"))?.len();
    let mut command = Simulator::Vhart.command();
    command.arg("--bios").arg(&boot.firmware).arg("--kernel").arg(context.software.u_boot());
    command.args(["--memory", &boot.memory]);
    command.arg("--loader").arg(format!("{},addr={KERNEL:#x}", boot.kernel.display()));
    command.arg("--loader").arg(format!("{file},addr={INITRAMFS:#x}"));
    let booti = format!(
        "setenv bootargs '{}'; booti {KERNEL:#x} {INITRAMFS:#x}:{size:x} ${{fdtcontroladdr}}\n",
        boot.append
    );
    let steps = [("Hit any key to stop autoboot", "\n"), ("\n=> ", booti.as_str())];
    let run = context.run("u-boot", &mut command, &steps)?;
    let marks =
        ["OpenSBI v", "U-Boot 20", "=> ", "Linux version", "init: off on 1 harts", "reboot: Power down"];
    run.expect(&marks)?;
    Ok(Outcome::Passed(format!("vhart {}", run.times())))
}
