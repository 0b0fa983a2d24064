//! From reset to `init`, to a shell, and to reset again.

use anyhow::Result;

use super::{Context, Outcome, has_qemu};
use crate::linux::boot::{Boot, Simulator};
use crate::linux::session::{Run, Session};

/// What OpenSBI and the kernel print, in this order, on their way to `init`.
fn expect_init(run: &Run, word: &str, harts: usize) -> Result<()> {
    let init = format!("init: {word} on {harts} harts");
    run.expect(&["OpenSBI v", "Linux version", "Run /init as init process", &init])
}

/// OpenSBI's banner, then Debian's kernel to `init`, whose `poweroff` ends vhart with status 0.
pub(super) fn to_init(context: &Context, harts: usize) -> Result<Outcome> {
    let vhart = context.boot(Simulator::Vhart, harts)?;
    expect_init(&vhart, "off", harts)?;
    vhart.expect(&["reboot: Power down"])?;
    let mut figures = format!("vhart {}", vhart.times());
    if has_qemu() {
        figures += &format!("; QEMU {}", context.boot(Simulator::Qemu, harts)?.times());
    }
    Ok(Outcome::Passed(figures))
}

/// A shell answers, and its `poweroff` ends vhart with status 0.
pub(super) fn to_shell(context: &Context) -> Result<Outcome> {
    let mut command = Boot::usual(context.software, 2, "shell")?.command(Simulator::Vhart);
    // What is typed is echoed, and is not yet the answer.
    let steps = [("~ # ", "echo sum=$((40 + 2))\n"), ("sum=42", "poweroff -f\n")];
    let run = context.run("shell", &mut command, &steps)?;
    expect_init(&run, "shell", 2)?;
    run.expect(&["sum=42", "reboot: Power down"])?;
    Ok(Outcome::Passed(format!("vhart {}", run.times())))
}

/// After `reboot`, everything comes again.
pub(super) fn again(context: &Context) -> Result<Outcome> {
    let mut command = Boot::usual(context.software, 2, "reboot")?.command(Simulator::Vhart);
    let session = Session { until: Some(("init: reboot on", 2)), ..context.session("reboot") };
    let run = session.run(&mut command)?;
    expect_init(&run, "reboot", 2)?;
    run.expect(&["init: reboot on", "reboot: Restarting system", "OpenSBI v", "init: reboot on"])?;
    Ok(Outcome::Passed(format!("two boots on vhart {}", run.times())))
}

/// Each hart on a thread of its own.
pub(super) fn in_parallel(context: &Context) -> Result<Outcome> {
    let mut command = Boot::usual(context.software, 2, "off")?.command(Simulator::Vhart);
    let run = context.run("parallel", command.arg("--parallel"), &[])?;
    expect_init(&run, "off", 2)?;
    Ok(Outcome::Passed(format!("vhart {}", run.times())))
}
