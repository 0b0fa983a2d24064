//! The virtio devices that the command line asks for.

use std::path::PathBuf;

use platform::{Drive, MachineConfig};

use crate::args::DeviceArgs;

/// Adds the devices to a machine.
pub(crate) fn add(config: &mut MachineConfig, args: &DeviceArgs) {
    config.drives.clone_from(&args.drive);
    config.terminal = args.console.into();
    config.entropy = args.rng;
}

/// `FILE[,readonly][,overlay]`.
///
/// # Errors
/// No file, and other options.
pub(crate) fn drive(text: &str) -> Result<Drive, String> {
    let mut parts = text.split(',');
    let file = parts.next().unwrap_or_default();
    if file.is_empty() {
        return Err(String::from("no file: write FILE[,readonly][,overlay]"));
    }
    let mut drive = Drive { path: PathBuf::from(file), is_read_only: false, has_overlay: false };
    for option in parts {
        match option {
            "readonly" => drive.is_read_only = true,
            "overlay" => drive.has_overlay = true,
            _ => {
                return Err(format!(
                    "`{option}` is no option of a drive: write FILE[,readonly][,overlay], with no comma in FILE"
                ));
            }
        }
    }
    Ok(drive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drives_have_options_behind_their_file() {
        let parsed = |text| drive(text).map(|drive| (drive.path, drive.is_read_only, drive.has_overlay));
        assert_eq!(parsed("a.img"), Ok(("a.img".into(), false, false)));
        assert_eq!(parsed("a.img,readonly"), Ok(("a.img".into(), true, false)));
        assert_eq!(parsed("a.img,overlay,readonly"), Ok(("a.img".into(), true, true)));
        for wrong in ["", ",readonly", "a.img,", "a.img,rw", "a.img,readonly=on"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
