//! How much of the host's memory a boot takes.
//!
//! What the guest has touched are the pages of its memory that the host has given: all that was loaded there and all
//! that the guest has accessed, in pages of 4 KiB. Where the host gives larger ones that cannot be told.

use std::fs;

use anyhow::{Result, ensure};

use super::{Context, Outcome};
use crate::linux::boot::{Boot, Simulator};

/// How many times what the guest has touched of its memory the whole process may have.
const MOST: f64 = 1.3;

/// The size of the guest's memory, in KiB.
const GUEST: u64 = 1 << 20;

/// In a boot with 1 GiB, the process has at most [`MOST`] times what the guest has touched.
pub(super) fn of_a_boot(context: &Context) -> Result<Outcome> {
    let mut command = Boot::usual(context.software, 1, "off")?.command(Simulator::Vhart);
    let (mut peak, mut touched, mut large) = (0, 0, 0);
    context.session("memory").watch(&mut command, |process| {
        // A process that is about to end has no memory any more, which is no error.
        let read = |name: &str| fs::read_to_string(format!("/proc/{process}/{name}")).unwrap_or_default();
        peak = peak.max(kib(&read("status"), "VmHWM:").unwrap_or(0));
        let smaps = read("smaps");
        touched = touched.max(of_the_guest(&smaps, "Rss:").unwrap_or(0));
        large = large.max(of_the_guest(&smaps, "AnonHugePages:").unwrap_or(0));
        Ok(())
    })?;
    ensure!(touched != 0, "vhart has no mapping of 1 GiB");
    if large != 0 {
        let file = "/sys/kernel/mm/transparent_hugepage/enabled";
        return Ok(Outcome::NotRun(format!("a host that gives no large pages unasked: `madvise` in {file}")));
    }
    let ratio = peak as f64 / touched as f64;
    let figures = format!(
        "{} MiB at most, {ratio:.2} times the {} MiB that the guest touched",
        peak >> 10,
        touched >> 10
    );
    ensure!(ratio <= MOST, "{figures}: more than {MOST}");
    Ok(Outcome::Passed(figures))
}

/// The number behind `name`, in KiB, in a list of the kernel's.
fn kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// The number behind `name`, in KiB, of the mapping that is the guest's memory.
fn of_the_guest(smaps: &str, name: &str) -> Option<u64> {
    let at = smaps.match_indices("\nSize:").find_map(|(at, _)| {
        let size = kib(smaps.get(at + 1..)?, "Size:")?;
        (GUEST..GUEST + (GUEST >> 4)).contains(&size).then_some(at)
    })?;
    kib(smaps.get(at..)?, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mapping_of_the_guests_memory_is_found() {
        let smaps = "1000-2000 rw-p 0 00:00 0\nSize:      4 kB\nRss:    4 kB\n\
                     3000-4000 rw-p 0 00:00 0\nSize:    1048576 kB\nKernelPageSize: 4 kB\nRss:     345 kB\n\
                     AnonHugePages:   2048 kB\n";
        assert_eq!(of_the_guest(smaps, "Rss:"), Some(345));
        assert_eq!(of_the_guest(smaps, "AnonHugePages:"), Some(2048));
        assert_eq!(of_the_guest("1000-2000 rw-p 0 00:00 0\nSize:      4 kB\nRss:    4 kB\n", "Rss:"), None);
    }

    #[test]
    fn numbers_are_found_by_name() {
        assert_eq!(kib("VmPeak:  7 kB\nVmHWM:\t  12 kB\n", "VmHWM:"), Some(12));
        assert_eq!(kib("VmPeak:  7 kB\n", "VmHWM:"), None);
    }
}
