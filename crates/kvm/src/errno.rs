//! Linux's error numbers, by name. errno(3); Linux's generic numbers.

use core::fmt;

/// A number by which a system call has failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Errno(pub u16);

/// The names of those that a monitor's calls can give.
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
    /// `EPERM`: not allowed.
    pub const EPERM: Errno = Errno(1);
    /// `ENOENT`: there is no such register (or file).
    pub const ENOENT: Errno = Errno(2);
    /// `EINTR`: a signal came.
    pub const EINTR: Errno = Errno(4);
    /// `EIO`: an access failed.
    pub const EIO: Errno = Errno(5);
    /// `E2BIG`: the list is longer than there is room.
    pub const E2BIG: Errno = Errno(7);
    /// `EBADF`: no such file is open.
    pub const EBADF: Errno = Errno(9);
    /// `EAGAIN`: not now.
    pub const EAGAIN: Errno = Errno(11);
    /// `ENOMEM`: there is no memory left.
    pub const ENOMEM: Errno = Errno(12);
    /// `EFAULT`: the caller has no such memory.
    pub const EFAULT: Errno = Errno(14);
    /// `EBUSY`: too late: a virtual CPU has run, or it is in use.
    pub const EBUSY: Errno = Errno(16);
    /// `EEXIST`: there is one already.
    pub const EEXIST: Errno = Errno(17);
    /// `ENODEV`: there is no such device.
    pub const ENODEV: Errno = Errno(19);
    /// `EINVAL`: an argument is wrong.
    pub const EINVAL: Errno = Errno(22);
    /// `ENOSPC`: there is no room for another.
    pub const ENOSPC: Errno = Errno(28);
    /// `ENOSYS`: there is no such call.
    pub const ENOSYS: Errno = Errno(38);
    /// `EOPNOTSUPP`: this kernel does not do that.
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
        for (errno, name) in [
            (Errno::EPERM, "EPERM"),
            (Errno::ENOENT, "ENOENT"),
            (Errno::EINTR, "EINTR"),
            (Errno::EIO, "EIO"),
            (Errno::E2BIG, "E2BIG"),
            (Errno::EBADF, "EBADF"),
            (Errno::EAGAIN, "EAGAIN"),
            (Errno::ENOMEM, "ENOMEM"),
            (Errno::EFAULT, "EFAULT"),
            (Errno::EBUSY, "EBUSY"),
            (Errno::EEXIST, "EEXIST"),
            (Errno::ENODEV, "ENODEV"),
            (Errno::EINVAL, "EINVAL"),
            (Errno::ENOSPC, "ENOSPC"),
            (Errno::ENOSYS, "ENOSYS"),
            (Errno::EOPNOTSUPP, "EOPNOTSUPP"),
        ] {
            assert_eq!(errno.to_string(), name);
        }
        assert_eq!(Errno(25).to_string(), "ENOTTY");
        assert_eq!(Errno(999).to_string(), "error 999");
    }
}
