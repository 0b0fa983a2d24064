//! Images while nobody needs their bytes: after the machine has booted, until it starts again or is saved.
//!
//! A copy of each image is in main memory then, so another one would be kept for hours for the sake of a moment. What
//! came from a file is read from there again, and refused if it is no longer the same; what is large and was only in
//! memory is kept compressed.

use std::borrow::Cow;
use std::path::PathBuf;

use xxhash_rust::xxh3::xxh3_64;

use super::Image;
use crate::config::MachineConfig;
use crate::error::Error;

/// Images of fewer bytes stay as they are.
const SMALL: usize = 64 << 10;
/// Levels above cost much time and save little of what a kernel holds.
const LEVEL: i32 = 1;

/// The file that an image can be read from again.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// Its path.
    pub(super) path: PathBuf,
    /// The most bytes that it may unpack to, if it is compressed.
    pub(super) unpacked: Option<u64>,
}

/// An image whose bytes are elsewhere.
#[derive(Debug)]
struct Stored {
    name: String,
    at: Place,
}

#[derive(Debug)]
enum Place {
    /// As it was: small, or a part of this program.
    Memory(Cow<'static, [u8]>),
    /// Compressed by Zstandard, with its size.
    Packed(Vec<u8>, usize),
    /// In its file, with its size and checksum.
    File(Origin, usize, u64),
}

impl Stored {
    fn new(image: Image) -> Stored {
        let Image { name, bytes, origin } = image;
        let at = match (bytes, origin) {
            (Cow::Owned(bytes), Some(origin)) if bytes.len() >= SMALL => {
                Place::File(origin, bytes.len(), xxh3_64(&bytes))
            }
            (Cow::Owned(bytes), None) if bytes.len() >= SMALL => match zstd::bulk::compress(&bytes, LEVEL) {
                Ok(packed) => Place::Packed(packed, bytes.len()),
                Err(_) => Place::Memory(bytes.into()),
            },
            (bytes, _) => Place::Memory(bytes),
        };
        Stored { name, at }
    }

    /// The image, as it was.
    fn image(&self) -> Result<Image, Error> {
        let changed = |problem: String| {
            Error::unsuitable(&self.name, problem, "put back the file that the machine has booted from")
        };
        match &self.at {
            Place::Memory(bytes) => Ok(Image::new(self.name.clone(), bytes.clone())),
            Place::Packed(packed, size) => {
                let bytes = zstd::bulk::decompress(packed, *size);
                let bytes = bytes.map_err(|error| changed(format!("cannot be unpacked again ({error})")))?;
                Ok(Image::new(self.name.clone(), bytes))
            }
            Place::File(Origin { path, unpacked }, size, checksum) => {
                let image = Image::read(path).and_then(|image| match unpacked {
                    Some(limit) => image.unpack(*limit),
                    None => Ok(image),
                });
                let image = image.map_err(|error| changed(format!("is needed again, and {error}")))?;
                if image.bytes().len() != *size || xxh3_64(image.bytes()) != *checksum {
                    return Err(changed(String::from("has changed since the machine has booted from it")));
                }
                Ok(image)
            }
        }
    }
}

/// All that a machine boots from, while it runs.
#[derive(Debug)]
pub(crate) struct StoredImages {
    firmware: Option<Stored>,
    kernel: Option<Stored>,
    initrd: Option<Stored>,
    device_tree: Option<Stored>,
    loads: Vec<(Stored, u64)>,
}

impl StoredImages {
    /// Takes the images out of a configuration.
    pub(crate) fn take(config: &mut MachineConfig) -> StoredImages {
        let MachineConfig { firmware, kernel, initrd, device_tree, loads, .. } = config;
        let [firmware, kernel, initrd, device_tree] =
            [firmware, kernel, initrd, device_tree].map(|image| image.take().map(Stored::new));
        let loads = std::mem::take(loads).into_iter().map(|(image, at)| (Stored::new(image), at)).collect();
        StoredImages { firmware, kernel, initrd, device_tree, loads }
    }

    /// The configuration from which they were taken, with the images.
    ///
    /// # Errors
    /// A file that cannot be read any more or has changed.
    pub(crate) fn put_back(&self, config: &MachineConfig) -> Result<MachineConfig, Error> {
        let image = |stored: &Option<Stored>| stored.as_ref().map(Stored::image).transpose();
        Ok(MachineConfig {
            firmware: image(&self.firmware)?,
            kernel: image(&self.kernel)?,
            initrd: image(&self.initrd)?,
            device_tree: image(&self.device_tree)?,
            loads: self
                .loads
                .iter()
                .map(|(stored, at)| Ok((stored.image()?, *at)))
                .collect::<Result<_, Error>>()?,
            ..config.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    /// A file of this content, in a place of its own.
    fn file(name: &str, content: &[u8]) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("vhart-stored-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn large() -> Vec<u8> {
        (0..SMALL as u32 / 2).flat_map(|n| (n / 16).to_le_bytes()).collect()
    }

    /// How many bytes of memory are taken.
    fn kept(stored: &Stored) -> usize {
        match &stored.at {
            Place::Memory(Cow::Borrowed(_)) | Place::File(..) => 0,
            Place::Memory(Cow::Owned(bytes)) | Place::Packed(bytes, _) => bytes.len(),
        }
    }

    #[test]
    fn the_bytes_of_a_file_are_not_kept_and_come_back() {
        let stored = Stored::new(Image::read(&file("plain", &large())).unwrap());
        assert_eq!(kept(&stored), 0);
        assert_eq!(stored.image().unwrap().bytes(), large());
    }

    #[test]
    fn what_a_compressed_file_holds_is_not_kept_and_comes_back() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&large()).unwrap();
        let path = file("packed.gz", &gzip.finish().unwrap());
        let stored = Stored::new(Image::read(&path).unwrap().unpack(1 << 20).unwrap());
        assert_eq!(kept(&stored), 0);
        assert_eq!(stored.image().unwrap().bytes(), large());
    }

    #[test]
    fn what_was_in_memory_only_is_kept_compressed() {
        let stored = Stored::new(Image::new("image", large()));
        assert!(kept(&stored) < large().len() / 2, "{} bytes", kept(&stored));
        assert_eq!(stored.image().unwrap().bytes(), large());
        static BUILT_IN: [u8; 2 * SMALL] = [1; 2 * SMALL];
        let stored = Stored::new(Image::new("image", &BUILT_IN[..]));
        assert_eq!(kept(&stored), 0);
        assert_eq!(stored.image().unwrap().bytes(), BUILT_IN);
    }

    #[test]
    fn a_file_that_is_not_as_it_was_is_refused_in_one_line() {
        let path = file("changing", &large());
        let stored = Stored::new(Image::read(&path).unwrap());
        let message = || stored.image().unwrap_err().to_string();
        let advice = "put back the file that the machine has booted from";
        let changed =
            format!("{} has changed since the machine has booted from it: {advice}", path.display());
        let mut other = large();
        other[5] ^= 1;
        for content in [&other[..], &large()[1..]] {
            fs::write(&path, content).unwrap();
            assert_eq!(message(), changed);
        }
        fs::remove_file(&path).unwrap();
        let gone = message();
        assert!(gone.contains("is needed again, and cannot read") && !gone.contains('\n'), "{gone}");
    }
}
