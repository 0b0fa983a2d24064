//! The host's end of the guest's consoles.

use std::fmt;
use std::io::{self, Write};
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
    receiver: Option<Receiver<u8>>,
    /// A byte that ended a wait.
    next: Option<u8>,
}

impl Console {
    /// A console that writes to `output` and has no input.
    pub fn new(output: impl Write + Send + 'static) -> Console {
        Console { output: Box::new(output), input: Input::default() }
    }

    /// Reads from `input`, which ends when its last sender is dropped.
    #[must_use]
    pub fn with_input(self, input: Receiver<u8>) -> Console {
        Console { input: Input { receiver: Some(input), next: None }, ..self }
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
        while let Some(receiver) = &self.receiver {
            match receiver.try_recv() {
                Ok(byte) => bytes.push(byte),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => self.receiver = None,
            }
        }
        bytes
    }

    /// Waits until [`poll`](Input::poll) has something to give or the input ends, at most so long.
    pub(crate) fn wait(&mut self, timeout: Duration) {
        let Some(receiver) = &self.receiver else { return };
        match receiver.recv_timeout(timeout) {
            Ok(byte) => self.next = Some(byte),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.receiver = None,
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
        self.receiver.is_some()
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
