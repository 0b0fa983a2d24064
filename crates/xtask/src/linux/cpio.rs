//! Archives that Linux unpacks as its first file system: cpio's `newc` format, as the kernel's documentation has it
//! (driver-api/early-userspace/buffer-format). The same files make the same bytes.

/// Kinds of files, in the mode's upper bits.
const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// An archive under construction. A folder comes before what is in it.
#[derive(Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    /// Number of entries so far, from which their inode numbers come.
    count: u32,
}

impl Archive {
    /// Adds a folder; paths are without a slash at their beginning.
    pub(super) fn folder(&mut self, path: &str) {
        self.entry(path, FOLDER | 0o755, &[]);
    }

    /// Adds a file that everybody may read, and nobody execute.
    pub(super) fn file(&mut self, path: &str, content: &[u8]) {
        self.entry(path, FILE | 0o644, content);
    }

    /// Adds a file that everybody may execute.
    pub(super) fn program(&mut self, path: &str, content: &[u8]) {
        self.entry(path, FILE | 0o755, content);
    }

    /// Adds a symbolic link to `target`.
    pub(super) fn link(&mut self, path: &str, target: &str) {
        self.entry(path, LINK | 0o777, target.as_bytes());
    }

    /// The archive, ended.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    /// A header of the magic number and thirteen numbers of eight hexadecimal digits; the path, ended by a zero; the
    /// content. Both end at a multiple of four bytes.
    fn entry(&mut self, path: &str, mode: u32, content: &[u8]) {
        self.count += 1;
        let links = if mode & FOLDER == FOLDER { 2 } else { 1 };
        let size = u32::try_from(content.len()).expect("a file of the initramfs is smaller than 4 GiB");
        let path_size = path.len() as u32 + 1;
        self.bytes.extend(b"070701");
        // Inode, mode, user, group, links, time, size, four numbers of devices, the path's size, no checksum.
        for number in [self.count, mode, 0, 0, links, 0, size, 0, 0, 0, 0, path_size, 0] {
            self.bytes.extend(format!("{number:08x}").bytes());
        }
        self.bytes.extend(path.bytes().chain([0]));
        self.pad();
        self.bytes.extend(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_as_the_format_says() {
        let mut archive = Archive::default();
        archive.program("init", b"hello");
        let bytes = archive.finish();
        let header = b"070701\
            00000001000081ed00000000000000000000000100000000\
            0000000500000000000000000000000000000000\
            0000000500000000";
        assert_eq!(header.len(), 110);
        assert_eq!(bytes[..110], header[..]);
        assert_eq!(&bytes[110..124], b"init\0\0hello\0\0\0");
        assert_eq!(&bytes[124..130], b"070701");
        assert!(bytes.len().is_multiple_of(4));
    }
}
