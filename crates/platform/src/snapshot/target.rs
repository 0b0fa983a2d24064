//! The file that a snapshot is written to: under another name beside it first, so that what was there before is lost
//! only when the new one is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::SnapshotError;

/// A file that a snapshot may be written to.
#[derive(Clone, Debug)]
pub struct Target {
    path: PathBuf,
    name: String,
}

impl Target {
    /// Looks whether `path` is, or can become, a regular file; it may be looked at long before it is written to.
    ///
    /// # Errors
    /// [`SnapshotError::Unwritable`].
    pub fn new(path: &Path) -> Result<Target, SnapshotError> {
        let name = path.display().to_string();
        let unwritable = |reason: String| SnapshotError::Unwritable { name: name.clone(), reason };
        // Links are followed: the file that they lead to is replaced.
        let path = match fs::canonicalize(path) {
            Ok(found) if found.is_file() => found,
            Ok(_) => return Err(unwritable(String::from("it is not a regular file"))),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(unwritable(error.to_string()));
            }
            Err(_) => path.to_owned(),
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if path.file_name().is_none() || !folder.is_dir() {
            return Err(unwritable(format!("there is no folder {}", folder.display())));
        }
        Ok(Target { path, name })
    }

    /// Writes the file anew.
    pub(super) fn write(
        &self,
        content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), SnapshotError> {
        let temporary = self.temporary();
        let written = replace(&temporary, &self.path, content);
        written.map_err(|error| {
            // What cannot be removed either stays; the error says why.
            let _ = fs::remove_file(&temporary);
            SnapshotError::Unwritable { name: self.name.clone(), reason: error.to_string() }
        })
    }

    /// Where it is written to at first: a name that no other process uses.
    fn temporary(&self) -> PathBuf {
        let mut name = std::ffi::OsString::from(".");
        name.push(self.path.file_name().unwrap_or_default());
        name.push(format!(".{}", std::process::id()));
        self.path.with_file_name(name)
    }
}

fn replace(
    temporary: &Path,
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(temporary)?);
    content(&mut file)?;
    file.flush()?;
    file.get_ref().sync_all()?;
    fs::rename(temporary, path)
}
