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
    /// `EPERM`: not permitted.
    pub const EPERM: Errno = Errno(1);
    /// `ENOENT`: there is no such register (or file).
    pub const ENOENT: Errno = Errno(2);
    /// `EINTR`: a signal came.
    pub const EINTR: Errno = Errno(4);
    /// `EIO`: the access cannot be carried out.
    pub const EIO: Errno = Errno(5);
    /// `E2BIG`: the list is longer than there is room.
    pub const E2BIG: Errno = Errno(7);
    /// `EAGAIN`: not now.
    pub const EAGAIN: Errno = Errno(11);
    /// `ENOMEM`: there is no memory for it.
    pub const ENOMEM: Errno = Errno(12);
    /// `EFAULT`: there is no memory at the address.
    pub const EFAULT: Errno = Errno(14);
    /// `EBUSY`: too late.
    pub const EBUSY: Errno = Errno(16);
    /// `EEXIST`: there is one already.
    pub const EEXIST: Errno = Errno(17);
    /// `EINVAL`: an argument is wrong.
    pub const EINVAL: Errno = Errno(22);
    /// `ENOSPC`: there are too many.
    pub const ENOSPC: Errno = Errno(28);
    /// `EOPNOTSUPP`: there is no such operation.
    pub const EOPNOTSUPP: Errno = Errno(95);
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
