//! The host's end of the guest's consoles.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

/// Where the guest's output goes and its input comes from.
///
/// Errors of the host's output are not the guest's business: bytes that cannot be written are dropped.
pub struct Console {
    output: Box<dyn Write + Send>,
    /// What the guest is to receive.
    pub(crate) input: Input,
}

/// Where the guest's input comes from.
#[derive(Default, Debug)]
pub(crate) struct Input {
    source: Source,
    /// A byte that ended a wait.
    next: Option<u8>,
}

/// What gives the input.
#[derive(Default)]
enum Source {
    /// It has ended.
    #[default]
    Ended,
    /// Somebody who types.
    Keys(Receiver<u8>),
    /// A file, which is there from the beginning.
    File(Box<dyn Read + Send>),
}

/// Bytes that are read from a file at a time.
const CHUNK: usize = 4096;

impl Console {
    /// A console that writes to `output` and has no input.
    pub fn new(output: impl Write + Send + 'static) -> Console {
        Console { output: Box::new(output), input: Input::default() }
    }

    /// Reads from `input`, which ends when its last sender is dropped.
    #[must_use]
    pub fn with_input(self, input: Receiver<u8>) -> Console {
        Console { input: Input { source: Source::Keys(input), next: None }, ..self }
    }

    /// Reads from `file`, which never makes anybody wait: the guest receives it as soon as it takes it, and in a
    /// machine with a time of its own at the same time in every run.
    #[must_use]
    pub fn with_file(self, file: impl Read + Send + 'static) -> Console {
        Console { input: Input { source: Source::File(Box::new(file)), next: None }, ..self }
    }

    /// Writes what the guest has sent.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        if let Err(error) = self.output.write_all(bytes) {
            tracing::debug!(%error, "console output dropped");
        }
    }

    /// Shows what has been written so far.
    pub(crate) fn flush(&mut self) {
        if let Err(error) = self.output.flush() {
            tracing::debug!(%error, "console output dropped");
        }
    }
}

impl Input {
    /// The bytes that have arrived, without waiting.
    pub(crate) fn poll(&mut self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.next.take().into_iter().collect();
        match &mut self.source {
            Source::Ended => {}
            Source::Keys(keys) => loop {
                match keys.try_recv() {
                    Ok(byte) => bytes.push(byte),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => {
                        self.source = Source::Ended;
                        break;
                    }
                }
            },
            Source::File(file) => {
                let read = file.take(CHUNK as u64).read_to_end(&mut bytes);
                if let Err(error) = &read {
                    tracing::debug!(%error, "console input ends");
                }
                if !read.is_ok_and(|count| count == CHUNK) {
                    self.source = Source::Ended;
                }
            }
        }
        bytes
    }

    /// Waits until [`poll`](Input::poll) has something to give or the input ends, at most so long.
    pub(crate) fn wait(&mut self, timeout: Duration) {
        match &self.source {
            Source::Keys(keys) if self.next.is_none() => match keys.recv_timeout(timeout) {
                Ok(byte) => self.next = Some(byte),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.source = Source::Ended,
            },
            Source::Keys(_) | Source::File(_) | Source::Ended => std::thread::sleep(timeout),
        }
    }

    /// What has arrived and has not been polled, as far as it is not with the sender any more.
    pub(crate) fn save(&self) -> Option<u8> {
        self.next
    }

    /// Has this arrive before everything else.
    pub(crate) fn restore(&mut self, next: Option<u8>) {
        self.next = next;
    }

    /// Whether a byte may still arrive.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.source, Source::Ended)
    }

    /// Whether the next bytes are there already.
    pub(crate) fn is_at_hand(&self) -> bool {
        matches!(self.source, Source::File(_))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Ended => "ended",
            Source::Keys(_) => "keys",
            Source::File(_) => "file",
        })
    }
}

impl Default for Console {
    /// No input, and nobody looks at the output.
    fn default() -> Console {
        Console::new(io::sink())
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("input", &self.input).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_in_chunks_to_its_end() {
        let text: Vec<u8> = (0..=255).cycle().take(CHUNK + 7).collect();
        let mut input = Console::default().with_file(io::Cursor::new(text.clone())).input;
        assert!(input.is_open() && input.is_at_hand());
        assert_eq!([input.poll(), input.poll()].concat(), text);
        assert!(!input.is_open() && !input.is_at_hand());
        assert_eq!(input.poll(), b"");
    }

    #[test]
    fn a_key_that_ended_a_wait_is_not_lost_by_the_next_wait() {
        let (keys, receiver) = std::sync::mpsc::channel();
        let mut input = Console::default().with_input(receiver).input;
        keys.send(b'a').unwrap();
        keys.send(b'b').unwrap();
        input.wait(Duration::from_secs(9));
        input.wait(Duration::ZERO);
        assert_eq!(input.poll(), b"ab");
    }
}
