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
        content: impl FnOnce(&mut BufWriter<File>) -> Result<(), SnapshotError>,
    ) -> Result<(), SnapshotError> {
        let temporary = self.temporary();
        let written = replace(&temporary, &self.path, content);
        written.map_err(|error| {
            // What cannot be removed either stays; the error says why.
            let _ = fs::remove_file(&temporary);
            error.of(&self.name)
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
    content: impl FnOnce(&mut BufWriter<File>) -> Result<(), SnapshotError>,
) -> Result<(), SnapshotError> {
    let mut file = BufWriter::new(File::create(temporary)?);
    content(&mut file)?;
    file.flush()?;
    file.get_ref().sync_all()?;
    Ok(fs::rename(temporary, path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that goes away with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("vhart-target-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Folder(path)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_was_there_is_lost_only_when_the_new_file_is_whole() {
        let folder = Folder::new("whole");
        let path = folder.0.join("x");
        fs::write(&path, "old").unwrap();
        let target = Target::new(&path).unwrap();
        let failure = target.write(|file| {
            file.write_all(b"half of it")?;
            Err(io::Error::other("the disk is full").into())
        });
        assert!(failure.unwrap_err().to_string().ends_with("x: the disk is full"));
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), folder.names().len()), ("old", 1));
        target.write(|file| Ok(file.write_all(b"new")?)).unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), folder.names().len()), ("new", 1));
    }

    #[test]
    fn places_that_are_no_files_are_refused_at_once() {
        let folder = Folder::new("places");
        for (path, reason) in [
            (folder.0.clone(), "not a regular file"),
            (PathBuf::from("/dev/null"), "not a regular file"),
            (folder.0.join("no/such/x"), "there is no folder"),
            (PathBuf::from(""), "there is no folder"),
        ] {
            let error = Target::new(&path).unwrap_err().to_string();
            assert!(error.contains(reason), "{}: {error}", path.display());
        }
        assert!(Target::new(&folder.0.join("x")).is_ok());
    }
}
