//! Exit statuses of the process, those of `timeout` and `env` for what is not the guest's own.

/// A limit of instructions or time was reached.
pub(crate) const LIMIT: u8 = 124;

/// vhart could not do what was asked, or the guest cannot go on.
pub(crate) const FAILURE: u8 = 125;

/// Tests failed.
pub(crate) const TESTS_FAILED: u8 = 1;

/// A peer has done something else.
pub(crate) const DIFFERENCE: u8 = 1;

/// There was nothing to do; clap's own status for a command line that makes no sense.
pub(crate) const USAGE: u8 = 2;

/// The status of a guest that ended with `code`; codes that do not fit give 255, never 0.
pub(crate) fn of_guest(code: u64) -> u8 {
    u8::try_from(code).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_failure_never_looks_like_success() {
        assert_eq!([0, 3, 255, 256, 1 << 40].map(super::of_guest), [0, 3, 255, 255, 255]);
    }
}
