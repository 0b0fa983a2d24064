//! The host's side of a drive: a raw image in a file, and what of it has been written to memory only.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, FileTypeExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::error::Error;
use crate::state::BadState;

/// Bytes of a sector, the unit of addresses and sizes.
pub(super) const SECTOR: u64 = 512;

/// A drive of a machine, as it is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drive {
    /// The raw image: a file, or a block device of the host.
    pub path: PathBuf,
    /// The guest cannot write to it.
    pub is_read_only: bool,
    /// What the guest writes stays in memory, and is gone at the end of the run.
    pub has_overlay: bool,
}

/// An image that is open, and locked against others: one who writes excludes all others.
#[derive(Debug)]
pub(super) struct Disk {
    file: File,
    sectors: u64,
    is_read_only: bool,
    /// What has been written to memory only, by sector.
    overlay: Option<Overlay>,
}

/// Sectors by their numbers, 512 bytes each.
type Overlay = BTreeMap<u64, Vec<u8>>;

/// What of a disk is part of the machine's state.
#[derive(Serialize, Deserialize)]
pub(super) enum DiskState {
    /// The image is part of what the machine is made of, and the guest has written to it: its size in sectors, and a
    /// checksum of its content.
    Image(u64, u64),
    /// The image does not change: its size in sectors, a checksum of its content, and what lies over it.
    Overlay(u64, u64, Overlay),
}

impl Disk {
    /// Opens the image of `drive`.
    ///
    /// # Errors
    /// A file that cannot be used, or that somebody else uses.
    pub(super) fn open(drive: &Drive) -> Result<Disk, Error> {
        let path = &drive.path;
        let writes = !drive.is_read_only && !drive.has_overlay;
        let unreadable = |error: io::Error| Error::Unreadable {
            name: path.display().to_string(),
            reason: error.to_string(),
        };
        let kind = path.metadata().map_err(unreadable)?.file_type();
        // To open anything else might wait for ever.
        if !kind.is_file() && !kind.is_block_device() {
            return Err(unsuitable(
                path,
                "is not a file",
                "name a raw image, such as `truncate -s 1G FILE` makes",
            ));
        }
        let mut file = OpenOptions::new().read(true).write(writes).open(path).map_err(|error| {
            if writes && error.kind() == io::ErrorKind::PermissionDenied {
                return unsuitable(path, "may not be written to", "add ,readonly or ,overlay, or allow it");
            }
            unreadable(error)
        })?;
        lock(&file, path, writes)?;
        let bytes = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
        if bytes == 0 {
            return Err(Error::Empty(path.display().to_string()));
        }
        if !bytes.is_multiple_of(SECTOR) {
            let problem = format!("has {bytes} bytes, no multiple of {SECTOR}");
            return Err(unsuitable(
                path,
                problem,
                "name a raw image, or fill it up with `truncate -s %512 FILE`",
            ));
        }
        let overlay = drive.has_overlay.then(BTreeMap::new);
        Ok(Disk { file, sectors: bytes / SECTOR, is_read_only: drive.is_read_only, overlay })
    }

    /// The size in sectors.
    pub(super) fn sectors(&self) -> u64 {
        self.sectors
    }

    /// Whether nothing can be written.
    pub(super) fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// The offset of `sector` in the file, if all of `bytes` from there on are whole sectors of the disk.
    fn offset(&self, sector: u64, bytes: usize) -> io::Result<u64> {
        let count = bytes as u64 / SECTOR;
        let fits = (bytes as u64).is_multiple_of(SECTOR)
            && sector.checked_add(count).is_some_and(|end| end <= self.sectors);
        if fits { Ok(sector * SECTOR) } else { Err(io::Error::from(io::ErrorKind::InvalidInput)) }
    }

    /// Fills `bytes` from `sector` on.
    ///
    /// # Errors
    /// Bytes that are not whole sectors of the disk, and the host's errors.
    pub(super) fn read(&self, sector: u64, bytes: &mut [u8]) -> io::Result<()> {
        let offset = self.offset(sector, bytes.len())?;
        self.file.read_exact_at(bytes, offset)?;
        if let Some(overlay) = &self.overlay {
            let end = sector + bytes.len() as u64 / SECTOR;
            for (number, content) in overlay.range(sector..end) {
                let at = ((number - sector) * SECTOR) as usize;
                bytes[at..at + SECTOR as usize].copy_from_slice(content);
            }
        }
        Ok(())
    }

    /// Writes `bytes` from `sector` on.
    ///
    /// # Errors
    /// A disk that is read-only, bytes that are not whole sectors of it, and the host's errors.
    pub(super) fn write(&mut self, sector: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = self.offset(sector, bytes.len())?;
        if self.is_read_only {
            return Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem));
        }
        match &mut self.overlay {
            Some(overlay) => {
                let contents = bytes.chunks_exact(SECTOR as usize).map(<[u8]>::to_vec);
                overlay.extend((sector..).zip(contents));
                Ok(())
            }
            None => self.file.write_all_at(bytes, offset),
        }
    }

    /// Returns when all that has been written would survive a loss of power.
    ///
    /// # Errors
    /// The host's.
    pub(super) fn flush(&self) -> io::Result<()> {
        if self.is_read_only || self.overlay.is_some() { Ok(()) } else { self.file.sync_data() }
    }

    /// Forgets what has been written to memory only.
    pub(super) fn reset(&mut self) {
        if let Some(overlay) = &mut self.overlay {
            overlay.clear();
        }
    }

    /// What of the disk is part of the machine's state. Reads the whole image.
    pub(super) fn save(&self) -> DiskState {
        // An image that cannot be read has a checksum that no readable one need have: restoring says that it differs.
        let checksum = self.checksum().unwrap_or_else(|error| {
            tracing::warn!(%error, "the image of a drive cannot be read: the snapshot will be refused");
            0
        });
        match &self.overlay {
            Some(overlay) => DiskState::Overlay(self.sectors, checksum, overlay.clone()),
            None => DiskState::Image(self.sectors, checksum),
        }
    }

    /// Takes a state that [`save`](Disk::save) has made of a disk with this image.
    ///
    /// # Errors
    /// An image that is another one, or has changed, and sectors that it does not have. Nothing has changed then.
    pub(super) fn restore(&mut self, state: DiskState) -> Result<(), BadState> {
        let (sectors, checksum, overlay) = match state {
            DiskState::Image(sectors, checksum) => (sectors, checksum, None),
            DiskState::Overlay(sectors, checksum, overlay) => (sectors, checksum, Some(overlay)),
        };
        if overlay.is_some() != self.overlay.is_some() {
            return Err(BadState::new("a drive had an overlay and has none now, or the other way round"));
        }
        if sectors != self.sectors {
            let (was, is) = (sectors, self.sectors);
            return Err(BadState::new(format!("a drive had {was} sectors of 512 bytes and has {is} now")));
        }
        let has_sectors = |overlay: &Overlay| {
            overlay.iter().all(|(number, content)| *number < sectors && content.len() as u64 == SECTOR)
        };
        BadState::unless(overlay.as_ref().is_none_or(has_sectors), "a drive has sectors that it has not")?;
        let now =
            self.checksum().map_err(|error| BadState::new(format!("a drive cannot be read: {error}")))?;
        BadState::unless(checksum == now, "the image of a drive has changed since")?;
        self.overlay = overlay;
        Ok(())
    }

    /// A checksum of the image, without what lies over it.
    fn checksum(&self) -> io::Result<u64> {
        let mut hash = Xxh3::new();
        let mut buffer = vec![0; 1 << 20];
        let (mut offset, end) = (0, self.sectors * SECTOR);
        while offset < end {
            let part = &mut buffer[..(end - offset).min(1 << 20) as usize];
            self.file.read_exact_at(part, offset)?;
            hash.update(part);
            offset += part.len() as u64;
        }
        Ok(hash.digest())
    }
}

/// Keeps others from an image: everybody from one that is written to, and who wants to write from one that is read.
fn lock(file: &File, path: &Path, writes: bool) -> Result<(), Error> {
    let locked = if writes { file.try_lock() } else { file.try_lock_shared() };
    match locked {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(unsuitable(
            path,
            "is in use by another drive or another vhart",
            "name another image, or add ,readonly or ,overlay wherever it is used",
        )),
        Err(TryLockError::Error(error)) => {
            Err(unsuitable(path, format!("cannot be locked ({error})"), "copy it to another file system"))
        }
    }
}

fn unsuitable(path: &Path, problem: impl Into<String>, advice: &'static str) -> Error {
    Error::unsuitable(&path.display().to_string(), problem, advice)
}
