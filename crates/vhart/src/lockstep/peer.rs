//! The other side: a commit log in Spike's format, from a file or from a running command.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::time::Instant;

use anyhow::{Context, bail};

/// Pieces of the log that may wait to be read; the peer waits when there are more.
const PIECES: usize = 16;

/// The longest piece.
const PIECE_BYTES: usize = 1 << 16;

/// No line of a log is nearly as long; what is, is no log.
const LINE_MAX: u64 = 4096;

/// A source of commit log lines.
pub(crate) struct Peer {
    log: Box<dyn BufRead>,
    /// The running command; dropped after `log`, so that nobody is left to read from it.
    process: Option<Process>,
    line: Vec<u8>,
    number: u64,
}

impl Peer {
    /// The log in a file.
    ///
    /// # Errors
    /// Those of opening it.
    pub(crate) fn log(path: &Path) -> anyhow::Result<Peer> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let log = BufReader::with_capacity(PIECE_BYTES, file);
        Ok(Peer { log: Box::new(log), process: None, line: Vec::new(), number: 0 })
    }

    /// The standard output of a shell command, in which `{}` stands for `program`. Reading gives up at `deadline`.
    ///
    /// # Errors
    /// Those of starting the shell, and a path that is not text.
    pub(crate) fn command(text: &str, program: &Path, deadline: Option<Instant>) -> anyhow::Result<Peer> {
        let program = program.to_str().context("the program's path is not text: rename it")?;
        let text = text.replace("{}", &quoted(program));
        let mut command = Command::new("sh");
        command.args(["-c", &text]).stdin(Stdio::null()).stdout(Stdio::piped());
        // A group of its own, so that what the shell has started ends with it.
        let mut child = command.process_group(0).spawn().context("cannot start sh for --peer-command")?;
        let (pieces, log) = mpsc::sync_channel(PIECES);
        if let Some(output) = child.stdout.take() {
            std::thread::spawn(move || forward(output, &pieces));
        }
        let log = BufReader::with_capacity(PIECE_BYTES, Pieces { log, deadline, piece: Vec::new(), read: 0 });
        Ok(Peer { log: Box::new(log), process: Some(Process(child)), line: Vec::new(), number: 0 })
    }

    /// The next line that is about an instruction, without its end; lines about symbols are passed over.
    ///
    /// # Errors
    /// A log that ends, or has a line that is not one of a commit log.
    pub(crate) fn next(&mut self) -> anyhow::Result<&str> {
        loop {
            self.line.clear();
            self.number += 1;
            let read = self.log.by_ref().take(LINE_MAX).read_until(b'\n', &mut self.line);
            if read.context("cannot read the peer's log")? == 0 {
                bail!("the peer's log ends after line {}{}", self.number - 1, self.how_it_ended());
            }
            if self.line.last() != Some(&b'\n') && (self.line.len() as u64) < LINE_MAX {
                let (number, ended) = (self.number, self.how_it_ended());
                bail!("the peer's log ends in the middle of line {number}{ended}");
            }
            let text = self.line.trim_ascii_end();
            if text.starts_with(b"core") && !text.windows(4).any(|part| part == b">>>>") {
                break;
            }
            if !text.starts_with(b"core") {
                bail!(
                    "line {} of the peer's log is no commit: \"{}\"; it must be Spike's --log-commits and nothing else",
                    self.number,
                    String::from_utf8_lossy(text).chars().take(80).collect::<String>().escape_debug()
                );
            }
        }
        if !self.line.is_ascii() {
            bail!("line {} of the peer's log is not text", self.number);
        }
        let hart = self.line.split(|byte| *byte == b':').next().unwrap_or_default();
        if hart.trim_ascii_end() != b"core   0" {
            bail!(
                "line {} of the peer's log is about \"{}\": lockstep follows hart 0 alone, so let the peer have one",
                self.number,
                String::from_utf8_lossy(hart).chars().take(80).collect::<String>().escape_debug()
            );
        }
        Ok(self.last())
    }

    /// The line that was read last.
    pub(crate) fn last(&self) -> &str {
        std::str::from_utf8(self.line.trim_ascii_end()).unwrap_or_default()
    }

    /// What became of the command whose log has ended.
    fn how_it_ended(&mut self) -> String {
        let ended = self.process.as_mut().map(|process| process.0.wait());
        match ended {
            None => String::new(),
            Some(Ok(status)) => format!("; its command ended with {status}"),
            Some(Err(error)) => format!("; its command cannot be waited for: {error}"),
        }
    }
}

/// A word of the shell that stands for `text`, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A command that ends when it is no longer needed.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            let group = format!("kill -s KILL -- -{}", self.0.id());
            let _ = Command::new("sh").args(["-c", &group]).stderr(Stdio::null()).status();
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

/// Passes on what the peer writes until it ends or nobody reads it any more.
fn forward(mut output: impl Read, pieces: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut piece = vec![0; PIECE_BYTES];
        let read = output.read(&mut piece);
        let more = matches!(read, Ok(1..));
        let passed = pieces.send(read.map(|length| {
            piece.truncate(length);
            piece
        }));
        if !more || passed.is_err() {
            return;
        }
    }
}

/// What [`forward`] passes on, as one stream. A pipe alone cannot be read with a deadline.
struct Pieces {
    log: Receiver<io::Result<Vec<u8>>>,
    deadline: Option<Instant>,
    piece: Vec<u8>,
    read: usize,
}

impl Pieces {
    /// The next piece; an empty one is the end.
    fn receive(&self) -> io::Result<Vec<u8>> {
        let Some(deadline) = self.deadline else { return self.log.recv().unwrap_or(Ok(Vec::new())) };
        match self.log.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(piece) => piece,
            Err(RecvTimeoutError::Disconnected) => Ok(Vec::new()),
            Err(RecvTimeoutError::Timeout) => {
                Err(io::Error::new(io::ErrorKind::TimedOut, "the time of --timeout is over"))
            }
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.piece.len() {
            self.piece = self.receive()?;
            self.read = 0;
        }
        let length = (&self.piece[self.read..]).read(buffer)?;
        self.read += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_shell() {
        let peer = Peer::command("printf 'core   0: %s\\n' {}", Path::new("a 'b' $c"), None);
        assert_eq!(peer.unwrap().next().unwrap(), "core   0: a 'b' $c");
    }

    /// `kill -KILL -- -1` is not understood by every shell.
    #[test]
    fn the_whole_group_of_a_peer_ends_with_it() {
        let trace = std::env::temp_dir().join(format!("vhart-{}-group", std::process::id()));
        let text = "(sleep 1; echo >{}) & echo 'core   0: 3'; wait";
        let mut peer = Peer::command(text, &trace, None).unwrap();
        peer.next().unwrap();
        drop(peer);
        std::thread::sleep(std::time::Duration::from_millis(1500));
        assert!(std::fs::remove_file(&trace).is_err(), "what the shell had started went on");
    }

    #[test]
    fn a_peer_that_never_speaks_is_given_up() {
        let start = Instant::now();
        let deadline = start + std::time::Duration::from_millis(50);
        let mut peer = Peer::command("sleep 30; echo", Path::new("a"), Some(deadline)).unwrap();
        let error = format!("{:#}", peer.next().unwrap_err());
        assert!(error.contains("--timeout"), "{error}");
        drop(peer);
        assert!(start.elapsed().as_secs() < 20, "it is not waited for");
    }
}
