//! Linux's error numbers, by name. errno(3); Linux's generic numbers.

use core::fmt;

/// A number by which a system call has failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Errno(pub u16);

/// The names of those that the calls of a monitor can give.
const NAMES: [(u16, &str); 27] = [
    (1, "EPERM"),
    (2, "ENOENT"),
    (4, "EINTR"),
    (5, "EIO"),
    (6, "ENXIO"),
    (7, "E2BIG"),
    (9, "EBADF"),
    (11, "EAGAIN"),
    (12, "ENOMEM"),
    (13, "EACCES"),
    (14, "EFAULT"),
    (16, "EBUSY"),
    (17, "EEXIST"),
    (19, "ENODEV"),
    (20, "ENOTDIR"),
    (21, "EISDIR"),
    (22, "EINVAL"),
    (23, "ENFILE"),
    (24, "EMFILE"),
    (25, "ENOTTY"),
    (28, "ENOSPC"),
    (32, "EPIPE"),
    (34, "ERANGE"),
    (38, "ENOSYS"),
    (40, "ELOOP"),
    (75, "EOVERFLOW"),
    (95, "EOPNOTSUPP"),
];

impl Errno {
    /// `ENOENT`: there is no such register (or file).
    pub const ENOENT: Errno = Errno(2);
    /// `EINTR`: a signal came.
    pub const EINTR: Errno = Errno(4);
    /// `E2BIG`: the list is longer than there is room.
    pub const E2BIG: Errno = Errno(7);
    /// `EAGAIN`: not now.
    pub const EAGAIN: Errno = Errno(11);
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(number, _)| *number == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "error {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[test]
    fn names_are_the_manual_s() {
        assert_eq!(Errno::ENOENT.to_string(), "ENOENT");
        assert_eq!(Errno::EINTR.to_string(), "EINTR");
        assert_eq!(Errno::E2BIG.to_string(), "E2BIG");
        assert_eq!(Errno::EAGAIN.to_string(), "EAGAIN");
        assert_eq!(Errno(25).to_string(), "ENOTTY");
        assert_eq!(Errno(999).to_string(), "error 999");
    }
}
