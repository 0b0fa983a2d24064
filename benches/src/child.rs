//! Programs that are run to be measured: what the host's processors have spent on them, which the standard library
//! does not tell.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::time::Duration;

/// How a program has ended, and what it took.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// As the standard library has it.
    pub status: ExitStatus,
    /// Time of the host's processors in user mode.
    pub user: Duration,
}

/// Waits until `child` ends.
///
/// # Errors
/// That of the host, where it is no child of this process or has been waited for.
pub fn wait(child: &Child) -> io::Result<Ended> {
    wait4(child, 0)?.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// How `child` has ended, if it has.
///
/// # Errors
/// As for [`wait`].
pub fn poll(child: &Child) -> io::Result<Option<Ended>> {
    wait4(child, libc::WNOHANG)
}

fn wait4(child: &Child, options: i32) -> io::Result<Option<Ended>> {
    let mut status = 0;
    // SAFETY: `rusage` is made of integers, for which all zeros is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to locals that outlive the call, which writes values of these types.
    let waited = unsafe { libc::wait4(child.id() as libc::pid_t, &mut status, options, &mut usage) };
    match waited {
        0 => Ok(None),
        ..0 => Err(io::Error::last_os_error()),
        _ => {
            let user = Duration::new(usage.ru_utime.tv_sec as u64, usage.ru_utime.tv_usec as u32 * 1000);
            Ok(Some(Ended { status: ExitStatus::from_raw(status), user }))
        }
    }
}
