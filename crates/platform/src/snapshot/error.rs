//! Why a snapshot cannot be written or read: one line, which says what to do.

use crate::error::Error;
use crate::state::BadState;

/// Why a snapshot cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The host cannot write the file.
    #[error("cannot write {name}: {reason}")]
    Unwritable {
        /// The file.
        name: String,
        /// The host's error.
        reason: String,
    },
    /// The host cannot read the file.
    #[error("cannot read {name}: {reason}")]
    Unreadable {
        /// The file.
        name: String,
        /// The host's error.
        reason: String,
    },
    /// The file is something else.
    #[error("{name} is not a snapshot: name a file that --save has written")]
    NotOne {
        /// The file.
        name: String,
    },
    /// The format is another one.
    #[error(
        "{name} has version {version} of the format and this vhart reads version {ours}: \
         load it with the vhart that wrote it",
        ours = super::VERSION
    )]
    Version {
        /// The file.
        name: String,
        /// Its version.
        version: u32,
    },
    /// The file is not as it was written.
    #[error("{name} is damaged: {reason}; take another copy of it, or save it again")]
    Damaged {
        /// The file.
        name: String,
        /// What is wrong, as a sentence.
        reason: String,
    },
    /// The file is as somebody has written it, but no machine can be in this state.
    #[error("{name} cannot be loaded: {reason}; save it again")]
    Impossible {
        /// The file.
        name: String,
        /// What is wrong, as a sentence.
        reason: BadState,
    },
    /// The machine has devices that this vhart has not, or the other way round.
    #[error(
        "{name} is of a machine with {saved}, and this vhart has {ours}: load it with the vhart that wrote it"
    )]
    Devices {
        /// The file.
        name: String,
        /// The devices of the machine that others have not.
        saved: String,
        /// The devices that the machine has not.
        ours: String,
    },
    /// Harts that run at the same time are never between two instructions.
    #[error("harts that run at the same time cannot be saved: leave out --parallel")]
    Parallel,
    /// Harts that nobody can ask for again.
    #[error("these harts cannot be saved: no --cpu describes them")]
    NoName,
    /// The images are too large.
    #[error(
        "the images to boot from have {bytes} bytes, and a snapshot holds {most}: leave debug information out"
    )]
    LargeImages {
        /// Their size.
        bytes: u64,
        /// The largest size.
        most: u64,
    },
    /// What the machine is made of cannot be.
    #[error(transparent)]
    Machine(#[from] Error),
}

impl From<BadState> for SnapshotError {
    fn from(reason: BadState) -> SnapshotError {
        SnapshotError::Impossible { name: String::new(), reason }
    }
}

impl From<std::io::Error> for SnapshotError {
    /// A write that has failed.
    fn from(error: std::io::Error) -> SnapshotError {
        SnapshotError::Unwritable { name: String::new(), reason: error.to_string() }
    }
}

impl SnapshotError {
    /// A file that is not as it was written.
    pub(super) fn damaged(reason: impl Into<String>) -> SnapshotError {
        SnapshotError::Damaged { name: String::new(), reason: reason.into() }
    }

    /// The same, of the file called `file`.
    pub(super) fn of(mut self, file: &str) -> SnapshotError {
        match &mut self {
            SnapshotError::Unwritable { name, .. }
            | SnapshotError::Unreadable { name, .. }
            | SnapshotError::NotOne { name }
            | SnapshotError::Version { name, .. }
            | SnapshotError::Damaged { name, .. }
            | SnapshotError::Impossible { name, .. }
            | SnapshotError::Devices { name, .. } => file.clone_into(name),
            SnapshotError::Parallel
            | SnapshotError::NoName
            | SnapshotError::LargeImages { .. }
            | SnapshotError::Machine(_) => {}
        }
        self
    }
}
