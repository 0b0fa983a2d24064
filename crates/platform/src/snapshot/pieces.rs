//! The file: a head, and pieces that are compressed and checked each for itself, so that neither writing nor reading
//! needs room for more than one of them.

use std::io::{self, ErrorKind, Read, Write};

use xxhash_rust::xxh3::Xxh3;

use super::{SnapshotError, VERSION};

/// What every snapshot begins with; the version follows in four bytes.
const MAGIC: [u8; 8] = *b"vhart\x1asn";

/// The most bytes in a piece, before it is compressed.
pub(super) const PIECE: usize = 1024 * (4096 + 8);
/// The most bytes of one kind but for main memory.
pub(super) const WHOLE_MAX: u64 = 1 << 30;
/// Levels above cost much time and save little of what memory holds.
const LEVEL: i32 = 1;

/// What a piece is part of. The kinds come in this order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub(super) enum Kind {
    /// What the machine is made of.
    Shape = 1,
    /// What it boots from.
    Images = 2,
    /// The state of everything but main memory.
    State = 3,
    /// Pages of main memory.
    Memory = 4,
    /// Nothing comes after it.
    End = 5,
}

/// The head of a piece: four numbers of four bytes, and the checksum of these and of what follows.
struct Head {
    kind: u32,
    /// 1 for the last piece of its kind.
    last: u32,
    /// Bytes before they were compressed.
    raw: u32,
    /// Bytes that follow.
    stored: u32,
    checksum: u64,
}

impl Head {
    const SIZE: usize = 24;

    /// The checksum of a piece, which depends on its place, so that pieces cannot change theirs unnoticed.
    fn checksum(&self, place: u64, stored: &[u8]) -> u64 {
        let mut hash = Xxh3::with_seed(place);
        for number in [self.kind, self.last, self.raw, self.stored] {
            hash.update(&number.to_le_bytes());
        }
        hash.update(stored);
        hash.digest()
    }

    fn write(&self) -> Vec<u8> {
        let numbers = [self.kind, self.last, self.raw, self.stored].into_iter().flat_map(u32::to_le_bytes);
        numbers.chain(self.checksum.to_le_bytes()).collect()
    }

    fn read(bytes: &[u8; Head::SIZE]) -> Head {
        let number = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let checksum = u64::from(number(20)) << 32 | u64::from(number(16));
        Head { kind: number(0), last: number(4), raw: number(8), stored: number(12), checksum }
    }
}

/// Writes pieces.
pub(super) struct Writer<W> {
    to: W,
    place: u64,
}

impl<W: Write> Writer<W> {
    /// Writes the head of the file.
    pub(super) fn new(mut to: W) -> io::Result<Writer<W>> {
        to.write_all(&MAGIC)?;
        to.write_all(&VERSION.to_le_bytes())?;
        Ok(Writer { to, place: 0 })
    }

    /// Writes all that there is of a kind.
    pub(super) fn put(&mut self, kind: Kind, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() as u64 > WHOLE_MAX {
            return Err(io::Error::new(ErrorKind::FileTooLarge, "the machine's state is too large"));
        }
        let mut rest = bytes;
        loop {
            let (piece, others) = rest.split_at(rest.len().min(PIECE));
            self.piece(kind, others.is_empty(), piece)?;
            rest = others;
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    /// Writes a piece of at most [`PIECE`] bytes.
    pub(super) fn piece(&mut self, kind: Kind, is_last: bool, bytes: &[u8]) -> io::Result<()> {
        let stored = zstd::bulk::compress(bytes, LEVEL)?;
        let mut head = Head {
            kind: kind as u32,
            last: is_last.into(),
            raw: bytes.len() as u32,
            stored: stored.len() as u32,
            checksum: 0,
        };
        head.checksum = head.checksum(self.place, &stored);
        self.place += 1;
        self.to.write_all(&head.write())?;
        self.to.write_all(&stored)
    }
}

/// Reads pieces.
pub(super) struct Reader<R> {
    from: R,
    place: u64,
}

/// A read that has failed.
fn failed(error: io::Error) -> SnapshotError {
    match error.kind() {
        ErrorKind::UnexpectedEof => SnapshotError::damaged("it ends too early"),
        _ => SnapshotError::Unreadable { name: String::new(), reason: error.to_string() },
    }
}

impl<R: Read> Reader<R> {
    /// Reads the head of the file.
    pub(super) fn new(mut from: R) -> Result<Reader<R>, SnapshotError> {
        let mut head = Vec::new();
        from.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head).map_err(failed)?;
        if head != MAGIC {
            return Err(SnapshotError::NotOne { name: String::new() });
        }
        let mut version = [0; 4];
        from.read_exact(&mut version).map_err(failed)?;
        match u32::from_le_bytes(version) {
            VERSION => Ok(Reader { from, place: 0 }),
            version => Err(SnapshotError::Version { name: String::new(), version }),
        }
    }

    /// Reads a piece of this kind, and whether it is the last one.
    pub(super) fn piece(&mut self, kind: Kind) -> Result<(Vec<u8>, bool), SnapshotError> {
        let mut head = [0; Head::SIZE];
        self.from.read_exact(&mut head).map_err(failed)?;
        let head = Head::read(&head);
        let damaged = || SnapshotError::damaged(format!("piece {} of it has changed", self.place));
        // A length that is not one that was written may be of any size.
        if head.raw as usize > PIECE || head.stored as usize > zstd::zstd_safe::compress_bound(PIECE) {
            return Err(damaged());
        }
        let mut stored = vec![0; head.stored as usize];
        self.from.read_exact(&mut stored).map_err(failed)?;
        if head.checksum != head.checksum(self.place, &stored) {
            return Err(damaged());
        }
        if head.kind != kind as u32 || head.last > 1 {
            return Err(SnapshotError::damaged(format!("piece {} of it is another one", self.place)));
        }
        let bytes = zstd::bulk::decompress(&stored, head.raw as usize).map_err(|_| damaged())?;
        if bytes.len() != head.raw as usize {
            return Err(damaged());
        }
        self.place += 1;
        Ok((bytes, head.last == 1))
    }

    /// Reads all that there is of a kind.
    pub(super) fn whole(&mut self, kind: Kind) -> Result<Vec<u8>, SnapshotError> {
        let mut whole = Vec::new();
        loop {
            let (piece, is_last) = self.piece(kind)?;
            whole.extend(piece);
            if whole.len() as u64 > WHOLE_MAX {
                return Err(SnapshotError::damaged("it holds more than a snapshot can"));
            }
            if is_last {
                return Ok(whole);
            }
        }
    }

    /// Reads the end.
    pub(super) fn end(&mut self) -> Result<(), SnapshotError> {
        self.piece(Kind::End)?;
        match self.from.read(&mut [0]).map_err(failed)? {
            0 => Ok(()),
            _ => Err(SnapshotError::damaged("something follows its end")),
        }
    }
}
