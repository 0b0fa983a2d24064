//! Whole systems that boot and end by themselves, which `cargo xtask bench` gets and this crate only runs.

use std::ffi::OsString;

use crate::demo::Counts;
use crate::medians;
use crate::simulator::{Simulator, measure};
use crate::table::Row;

/// Debian's kernel to `init` and off.
pub const DEBIAN: &str = "linux";

/// The same as a guest of KVM under Debian.
pub const KVM: &str = "kvm";

/// The systems that can be chosen.
pub(crate) const NAMES: [&str; 2] = [DEBIAN, KVM];

/// A system, as the simulators that have its machine are told to boot it.
pub struct System {
    /// Its name in the table.
    pub name: &'static str,
    /// What a reader should know of it.
    pub about: String,
    /// The arguments of vhart and of QEMU.
    pub arguments: [Vec<OsString>; 2],
    /// What must be printed on the way.
    pub mark: &'static str,
}

impl System {
    /// Measures it.
    ///
    /// # Errors
    /// A simulator on which it fails.
    pub(crate) fn row(&self, simulators: &[Simulator], runs: usize) -> Result<Row, String> {
        let [ours, theirs] = &self.arguments;
        let Counts { instructions, .. } = Counts::of(simulators[0].with(ours))?;
        let times = medians(simulators, runs, |simulator| {
            let arguments = match simulator.name {
                "vhart" => ours,
                "qemu" => theirs,
                _ => return Ok(None),
            };
            let run = measure(&mut simulator.with(arguments))?;
            if !run.text.contains(self.mark) {
                return Err(format!("{} on {} does not print `{}`", self.name, simulator.name, self.mark));
            }
            Ok(Some(run.user))
        })?;
        Ok(Row { name: self.name, about: self.about.clone(), instructions, is_start: false, times })
    }
}
