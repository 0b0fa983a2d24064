//! Sizes of memory as the command line gives them: `128M`, `2G`, or a plain number of MiB.

/// The largest memory, far below what a physical address of 56 bits reaches.
const LARGEST: u64 = 1 << 40;

/// The size in bytes of `text`, for `--memory`.
///
/// # Errors
/// A sentence that says what would be right.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let bytes = bytes(text).ok_or("not a size; write for example 128M or 2G (a plain number is MiB)")?;
    if bytes == 0 || !bytes.is_multiple_of(4096) {
        return Err(String::from("not a whole number of 4 KiB pages above zero"));
    }
    if bytes > LARGEST {
        return Err(String::from("more than 1T; ask for less"));
    }
    Ok(bytes)
}

/// The size of so many bytes as [`parse`] takes it.
pub(crate) fn text(bytes: u64) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1 << 30) => format!("{}G", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{}M", bytes >> 20),
        _ => format!("{}K", bytes >> 10),
    }
}

fn bytes(text: &str) -> Option<u64> {
    let (digits, shift) = match text.trim_end_matches(['i', 'B', 'b']).char_indices().next_back()? {
        (at, 'K' | 'k') => (&text[..at], 10),
        (at, 'M' | 'm') => (&text[..at], 20),
        (at, 'G' | 'g') => (&text[..at], 30),
        (at, 'T' | 't') => (&text[..at], 40),
        _ => (text, 20),
    };
    let number: u64 = digits.parse().ok()?;
    number.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(parse("128M"), Ok(128 << 20));
        assert_eq!(parse("2g"), Ok(2 << 30));
        assert_eq!(parse("2GiB"), Ok(2 << 30));
        assert_eq!(parse("64"), Ok(64 << 20), "a plain number is MiB");
        for wrong in ["", "M", "-1", "0", "1.5G", "12Q", "18446744073709551615T", "2T", "é"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
