//! Compressed kernels: gzip (RFC 1952) and Zstandard (RFC 8878) as a whole file, or inside an EFI program that
//! unpacks itself (Linux, `drivers/firmware/efi/libstub/zboot-header.S`).

use std::io::Read;

use super::{Format, Image, Origin};
use crate::error::Error;

/// The fields of the header of a self-unpacking EFI kernel: where the payload lies, its size, and how it is compressed.
const ZBOOT_OFFSET: usize = 8;
const ZBOOT_SIZE: usize = 12;
const ZBOOT_METHOD: usize = 24;
const ZBOOT_METHOD_LENGTH: usize = 32;

impl Image {
    /// What is compressed in the image, at most `limit` bytes of it, or the image itself where nothing is.
    ///
    /// # Errors
    /// A file that is damaged, unpacks to more than `limit` bytes or is compressed in another way.
    pub fn unpack(self, limit: u64) -> Result<Image, Error> {
        let unpacked = match self.format() {
            Format::Gzip => gzip(&self, self.bytes(), limit)?,
            Format::Zstd => zstd(&self, self.bytes(), limit)?,
            Format::EfiZboot => zboot(&self, limit)?,
            Format::Elf | Format::LinuxImage | Format::DeviceTree | Format::Raw => return Ok(self),
        };
        let origin = self.origin.map(|origin| Origin { unpacked: Some(limit), ..origin });
        Ok(Image { origin, ..Image::new(self.name, unpacked) })
    }
}

fn gzip(image: &Image, bytes: &[u8], limit: u64) -> Result<Vec<u8>, Error> {
    unpack(image, flate2::read::MultiGzDecoder::new(bytes), limit)
}

fn zstd(image: &Image, bytes: &[u8], limit: u64) -> Result<Vec<u8>, Error> {
    let decoder =
        ::zstd::stream::read::Decoder::with_buffer(bytes).map_err(|error| damaged(image, &error))?;
    unpack(image, decoder, limit)
}

/// Unpacks the payload of a self-unpacking EFI kernel.
fn zboot(image: &Image, limit: u64) -> Result<Vec<u8>, Error> {
    let cut = || Error::unsuitable(image.name(), "is a truncated EFI kernel", "build or copy it again");
    let bytes = image.bytes();
    let word = |at: usize| -> Option<usize> {
        let word = bytes.get(at..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*word)).ok()
    };
    let payload = || -> Option<(&[u8], &[u8])> {
        let (offset, size) = (word(ZBOOT_OFFSET)?, word(ZBOOT_SIZE)?);
        let method = bytes.get(ZBOOT_METHOD..)?.get(..ZBOOT_METHOD_LENGTH)?;
        Some((bytes.get(offset..)?.get(..size)?, method))
    };
    let (payload, method) = payload().ok_or_else(cut)?;
    let method = method.split(|byte| *byte == 0).next().unwrap_or_default();
    match method {
        b"gzip" => gzip(image, payload, limit),
        b"zstd" | b"zstd22" => zstd(image, payload, limit),
        _ => {
            let problem = format!("is an EFI kernel compressed by {}", method.escape_ascii());
            Err(Error::unsuitable(image.name(), problem, "take the kernel's flat Image instead"))
        }
    }
}

/// Reads all that a decoder gives, but no more than `limit` bytes.
fn unpack(image: &Image, decoder: impl Read, limit: u64) -> Result<Vec<u8>, Error> {
    let mut unpacked = Vec::new();
    let mut first = decoder.take(limit.saturating_add(1));
    first.read_to_end(&mut unpacked).map_err(|error| damaged(image, &error))?;
    if unpacked.len() as u64 > limit {
        let problem = format!("unpacks to more than {limit} bytes, the size of main memory");
        return Err(Error::unsuitable(image.name(), problem, "enlarge the memory"));
    }
    Ok(unpacked)
}

fn damaged(image: &Image, error: &std::io::Error) -> Error {
    let problem = format!("cannot be unpacked ({error})").replace('\n', " ");
    Error::unsuitable(image.name(), problem, "compress or copy it again")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstandard(bytes: &[u8]) -> Vec<u8> {
        ::zstd::encode_all(bytes, 3).unwrap()
    }

    fn zboot(method: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut file = vec![0; 64];
        file[..2].copy_from_slice(b"MZ");
        file[4..8].copy_from_slice(b"zimg");
        file[8..12].copy_from_slice(&64u32.to_le_bytes());
        file[12..16].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        file[24..24 + method.len()].copy_from_slice(method);
        file.extend(payload);
        // What the kernel's build appends is no part of the payload.
        file.extend([1, 2, 3, 4]);
        file
    }

    fn unpack(bytes: Vec<u8>, limit: u64) -> Result<Vec<u8>, String> {
        let unpacked = Image::new("Image", bytes).unpack(limit).map_err(|error| error.to_string())?;
        Ok(unpacked.bytes().to_vec())
    }

    /// Every way to compress `bytes`.
    fn all(bytes: &[u8]) -> [Vec<u8>; 4] {
        let (gz, zst) = (gzipped(bytes), zstandard(bytes));
        [zboot(b"gzip", &gz), zboot(b"zstd22", &zst), gz, zst]
    }

    #[test]
    fn what_is_compressed_comes_out_and_what_is_not_stays() {
        let kernel: Vec<u8> = (0..10_000u32).flat_map(u32::to_le_bytes).collect();
        for packed in all(&kernel) {
            assert_eq!(unpack(packed, 40_000), Ok(kernel.clone()), "the limit is just met");
        }
        assert_eq!(unpack(kernel.clone(), 0), Ok(kernel));
    }

    #[test]
    fn a_bomb_is_defused() {
        for packed in all(&vec![0; 1 << 24]) {
            let message =
                "Image unpacks to more than 4096 bytes, the size of main memory: enlarge the memory";
            assert_eq!(unpack(packed, 4096), Err(message.to_string()));
        }
    }

    #[test]
    fn what_is_damaged_is_refused_in_one_line() {
        let kernel: Vec<u8> = (0..1000u32).flat_map(|n| (n * n).to_le_bytes()).collect();
        for packed in all(&kernel) {
            for cut in [64, packed.len() / 2, packed.len() - 6] {
                let mut bytes = packed.clone();
                bytes.truncate(cut);
                let message = unpack(bytes, 1 << 20).expect_err("it is cut");
                assert!(message.starts_with("Image ") && !message.contains('\n'), "{message}");
            }
        }
        for bytes in [zboot(b"xzkern", &[0; 9]), zboot(b"", &[])] {
            assert!(unpack(bytes, 9).unwrap_err().contains("take the kernel's flat Image instead"));
        }
        let mut wild = zboot(b"gzip", &[0; 9]);
        wild[8..16].fill(0xff);
        assert_eq!(
            unpack(wild, 9),
            Err("Image is a truncated EFI kernel: build or copy it again".to_string())
        );
    }
}
