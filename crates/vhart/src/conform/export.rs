//! `--export`: the tests as files for other simulators, and a list of them.

use std::fs::{self, File};
use std::io::{BufWriter, Error, Write};
use std::path::Path;

use conformance::Test;
use iss::Variant;

/// The list: a line for each file, columns separated by tabs.
pub(super) const MANIFEST: &str = "manifest.tsv";

/// Writes each test as `NAME.elf`, for the first of its harts, and the list; returns their number.
pub(super) fn export(folder: &Path, jobs: &[(&'static Test, String, Variant)]) -> std::io::Result<usize> {
    fs::create_dir_all(folder)?;
    let mut manifest = BufWriter::new(File::create(folder.join(MANIFEST))?);
    writeln!(manifest, "name\tneeds\tcpu\tdevices\trules")?;
    let (mut count, mut last) = (0, "");
    for (test, cpu, variant) in jobs {
        if test.name == last {
            continue;
        }
        last = test.name;
        let elf =
            conformance::elf(test, variant).map_err(|error| Error::other(format!("{last}: {error}")))?;
        fs::write(folder.join(last).with_extension("elf"), elf)?;
        let needs: Vec<String> = test.needs.iter().map(|ext| ext.name().to_ascii_lowercase()).collect();
        let devices: Vec<String> =
            test.devices.iter().map(|device| format!("{device:?}").to_ascii_lowercase()).collect();
        let (needs, devices, rules) = (needs.join(" "), devices.join(" "), test.rules.join(" "));
        writeln!(manifest, "{last}\t{needs}\t{cpu}\t{devices}\t{rules}")?;
        count += 1;
    }
    manifest.flush()?;
    Ok(count)
}
