//! The user's terminal as the machine's console: every key goes to the guest, until Ctrl-A x.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt;
use std::sync::mpsc::SyncSender;

/// The key that starts a command to vhart: Ctrl-A.
const ESCAPE: u8 = 1;

/// What Ctrl-A h shows.
const HELP: &str = "\nCtrl-A x leaves, Ctrl-A Ctrl-A sends Ctrl-A, Ctrl-A h shows this.\n";

/// Keys that may wait for the guest to take them.
pub(crate) const KEYS: usize = 4096;

/// Whether standard input is a file or nothing at all, so that what it gives never has to be waited for.
pub(crate) fn input_is_at_hand() -> bool {
    let input = io::stdin().as_fd().try_clone_to_owned().and_then(|fd| File::from(fd).metadata());
    let null = fs::metadata("/dev/null");
    input.is_ok_and(|input| input.is_file() || null.is_ok_and(|null| input.rdev() == null.rdev()))
}

/// Standard input, in the hands of the guest.
pub(crate) struct Terminal {
    /// Dropped last of all: it puts the terminal back.
    _raw: Option<RawMode>,
}

impl Terminal {
    /// Sends standard input to `guest`, and calls `leave` when the user wants to leave.
    ///
    /// A terminal gives every key at once and without echo until the result is dropped. Where standard
    /// input is none, Ctrl-A means nothing special; its end ends the guest's input and nothing else.
    pub(crate) fn attach(guest: SyncSender<u8>, leave: impl Fn() + Send + 'static) -> Terminal {
        let raw = RawMode::enter();
        let mut keys = raw.is_some().then(Keys::default);
        // The thread outlives the machine, waiting for one more key; the end of the process ends it.
        std::thread::spawn(move || {
            for byte in io::stdin().lock().bytes().map_while(Result::ok) {
                let key = keys.as_mut().map_or(Some(Key::Guest(byte)), |keys| keys.press(byte));
                match key {
                    Some(Key::Guest(byte)) if guest.send(byte).is_err() => break,
                    Some(Key::Leave) => leave(),
                    Some(Key::Help) => {
                        let _ = io::stderr().write_all(HELP.as_bytes());
                    }
                    Some(Key::Guest(_)) | None => {}
                }
            }
        });
        Terminal { _raw: raw }
    }
}

/// What a key press means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Key {
    /// A byte for the guest.
    Guest(u8),
    /// Ctrl-A x.
    Leave,
    /// Ctrl-A h.
    Help,
}

/// Tells the guest's keys from those for vhart.
#[derive(Default)]
struct Keys {
    escaped: bool,
}

impl Keys {
    /// What `byte` means, if it means anything yet.
    fn press(&mut self, byte: u8) -> Option<Key> {
        if !std::mem::take(&mut self.escaped) {
            self.escaped = byte == ESCAPE;
            return (!self.escaped).then_some(Key::Guest(byte));
        }
        match byte {
            b'x' => Some(Key::Leave),
            b'h' => Some(Key::Help),
            ESCAPE => Some(Key::Guest(ESCAPE)),
            _ => None,
        }
    }
}

/// The terminal without line editing, echo and signals; as it was before when dropped.
struct RawMode {
    before: libc::termios,
}

impl RawMode {
    fn enter() -> Option<RawMode> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return None;
        }
        let mut before = std::mem::MaybeUninit::uninit();
        // SAFETY: tcgetattr fills in the structure when it returns 0, and only then is it read.
        let before = unsafe {
            if libc::tcgetattr(io::stdin().as_raw_fd(), before.as_mut_ptr()) != 0 {
                return None;
            }
            before.assume_init()
        };
        let mut raw = before;
        // Output processing stays on: guests may end lines with a line feed alone.
        raw.c_iflag &= !(libc::ICRNL | libc::IXON);
        raw.c_lflag &= !(libc::ICANON | libc::ECHO | libc::ISIG | libc::IEXTEN);
        raw.c_cc[libc::VMIN] = 1;
        raw.c_cc[libc::VTIME] = 0;
        // SAFETY: `raw` is what tcgetattr gave, with flags changed.
        let set = unsafe { libc::tcsetattr(io::stdin().as_raw_fd(), libc::TCSANOW, &raw) };
        (set == 0).then_some(RawMode { before })
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // SAFETY: `before` is what tcgetattr gave.
        unsafe {
            libc::tcsetattr(io::stdin().as_raw_fd(), libc::TCSADRAIN, &self.before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(bytes: &[u8]) -> Vec<Key> {
        let mut keys = Keys::default();
        bytes.iter().filter_map(|byte| keys.press(*byte)).collect()
    }

    #[test]
    fn ctrl_a_starts_a_command() {
        assert_eq!(press(b"a\x03x"), [Key::Guest(b'a'), Key::Guest(3), Key::Guest(b'x')]);
        assert_eq!(press(b"\x01x"), [Key::Leave]);
        assert_eq!(press(b"\x01h"), [Key::Help]);
        assert_eq!(press(b"\x01\x01x"), [Key::Guest(1), Key::Guest(b'x')]);
        assert_eq!(press(b"\x01qx"), [Key::Guest(b'x')], "an unknown command is dropped");
    }
}
