//! What an exit costs: instructions from a guest's trap to its next, with our hypervisor and with KVM, on the same machine.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};

use super::{Context, Outcome};
use crate::images::{self, EXITS};
use crate::linux::boot::{Boot, Simulator};
use crate::machine::{self, Program};
use crate::toolchain::Toolchain;

/// The exits of the guest, by what causes them and what they are.
const EXITS_BY_CAUSE: [(&str, &str); 4] = [
    ("environment call from VS-mode", "a call that the hypervisor answers"),
    ("load guest-page fault", "a load of a device, by the monitor"),
    ("virtual instruction", "WFI with an interrupt pending"),
    ("store/AMO guest-page fault", "a first store to a page"),
];

/// Harts on which guests have timers of their own, and on which they have not.
const CPUS: [&str; 2] = ["max", "max,sstc=off"];

/// Half of the exits of each kind take at most so many instructions as half of KVM's do.
pub(super) fn at_most_kvms(context: &Context) -> Result<Outcome> {
    images::build(&Toolchain::find()?)?;
    let mut figures = String::from("ours and KVM's instructions");
    for cpu in CPUS {
        let boot = Boot::with_exits(context.software)?;
        let mut command = boot.command(Simulator::Vhart);
        let kvm = context.run("exits-kvm", command.args(["--cpu", cpu, "--stats"]), &[])?.text;
        ensure!(kvm.contains("exits: passed"), "the guest does not pass with KVM");
        let program = Program { file: images::elf("host"), expected: vec![format!("{EXITS}: passed")] };
        let mut command = machine::vhart(&images::elf("sbi"), &program.file, 1);
        command.args(["--append", &format!("guest={EXITS}"), "--cpu", cpu, "--stats"]);
        let ours = machine::check(&mut command, &program)?;
        // Writing to a String cannot fail.
        let _ = write!(figures, "; --cpu {cpu}:");
        for (cause, what) in EXITS_BY_CAUSE {
            let ours = median(&ours, cause).with_context(|| format!("our guest has no {cause}"))?;
            let kvm = median(&kvm, cause).with_context(|| format!("KVM's guest has no {cause}"))?;
            ensure!(ours <= kvm, "{what} takes {ours} instructions, and {kvm} with KVM, on --cpu {cpu}");
            let _ = write!(figures, " {what} {ours}, {kvm},");
        }
        figures.pop();
    }
    Ok(Outcome::Passed(figures))
}

/// The last column of a cause's row in the table of world switches.
fn median(text: &str, cause: &str) -> Option<u64> {
    let mut rows = text.lines().skip_while(|line| !line.starts_with("world switch by cause"));
    rows.find(|line| line.starts_with(cause))?.split_whitespace().last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_median_is_the_last_column_of_the_table_of_switches() {
        let text = "virtual instruction   HS   77\nworld switch by cause   exits   median\n\
                    virtual instruction      9      1.5     2.5     3\nall 9\n";
        assert_eq!(super::median(text, "virtual instruction"), Some(3));
        assert_eq!(super::median(text, "load guest-page fault"), None);
    }
}
