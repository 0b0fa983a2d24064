//! Main memory in a snapshot: the pages that are not zero, with their numbers, in rising order.

use std::io::{self, Read, Write};

use iss::Ram;
use iss::sparse::PAGE_WORDS;

use super::SnapshotError;
use super::pieces::{Kind, PIECE, Reader, Writer};

const PAGE: u64 = 8 * PAGE_WORDS as u64;
/// A page with its number.
const RECORD: usize = 8 + PAGE as usize;

/// Writes the pages that are not zero. Those that nobody has touched are not even looked at.
pub(super) fn write(ram: &Ram, to: &mut Writer<impl Write>) -> io::Result<()> {
    let mut piece = Vec::with_capacity(PIECE);
    for range in ram.touched() {
        for pa in range.step_by(PAGE as usize) {
            let Some(words) = ram.page(pa).filter(|words| words.iter().any(|word| *word != 0)) else {
                continue;
            };
            if piece.len() + RECORD > PIECE {
                to.piece(Kind::Memory, false, &piece)?;
                piece.clear();
            }
            piece.extend(((pa - ram.base()) / PAGE).to_le_bytes());
            piece.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        }
    }
    to.piece(Kind::Memory, true, &piece)
}

/// Reads pages into a memory that is zero.
pub(super) fn read(ram: &Ram, from: &mut Reader<impl Read>) -> Result<(), SnapshotError> {
    let mut next = 0;
    loop {
        let (piece, is_last) = from.piece(Kind::Memory)?;
        let (records, rest) = piece.as_chunks::<RECORD>();
        if !rest.is_empty() {
            return Err(SnapshotError::damaged("it has a part of a page"));
        }
        for record in records {
            let (words, _) = record.as_chunks::<8>();
            let number = u64::from_le_bytes(words[0]);
            let page = core::array::from_fn(|n| u64::from_le_bytes(words[n + 1]));
            let pa = number.checked_mul(PAGE).and_then(|offset| offset.checked_add(ram.base()));
            let stored = pa.filter(|_| number >= next).and_then(|pa| ram.set_page(pa, &page));
            stored.ok_or_else(|| {
                SnapshotError::damaged(format!("page {number:#x} of the memory is out of place"))
            })?;
            next = number + 1;
        }
        if is_last {
            return Ok(());
        }
    }
}
