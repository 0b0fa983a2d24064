//! Snapshots: a machine in a file, which another process goes on with as if nothing had happened.
//!
//! docs/snapshots.md says what is in the file and what is not. [`pieces`] is the file as checked pieces, [`content`]
//! what the machine is made of, [`memory`] main memory; the state of everything else is what each part of the machine
//! says of itself.

mod content;
mod error;
mod memory;
mod pieces;
mod target;

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

pub use error::SnapshotError;
pub use target::Target;

use crate::config::MachineConfig;
use crate::console::Console;
use crate::machine::{Machine, MachineState};
use crate::state;
use content::{Images, Shape};
use pieces::{Kind, Reader, Writer};

/// The version of the format, which grows with each change to what is in a snapshot.
pub const VERSION: u32 = 1;

impl Machine {
    /// Writes the machine to a file, which is there as a whole or not at all.
    ///
    /// # Errors
    /// Those of the host's files, also of those that the machine has booted from; [`SnapshotError::Parallel`] and
    /// [`SnapshotError::NoName`].
    pub fn save(&self, target: &Target) -> Result<(), SnapshotError> {
        target.write(|file| self.write_snapshot(file))
    }

    /// Writes the machine to whatever takes bytes.
    ///
    /// # Errors
    /// As for [`save`](Machine::save).
    pub fn write_snapshot(&self, to: impl Write) -> Result<(), SnapshotError> {
        let config = self.config();
        if config.parallel {
            return Err(SnapshotError::Parallel);
        }
        let shape = state::encode(&Shape::of(config)?);
        let images = Images::encode(self.boot_config()?)?;
        let machine = state::encode(&self.save_state());
        let mut writer = Writer::new(to)?;
        writer.put(Kind::Shape, &shape)?;
        writer.put(Kind::Images, &images)?;
        writer.put(Kind::State, &machine)?;
        memory::write(self.ram(), &mut writer)?;
        Ok(writer.put(Kind::End, &[])?)
    }
}

/// A snapshot that has been opened: all of it but main memory has been read and found to be whole.
pub struct Snapshot<R = BufReader<File>> {
    name: String,
    config: MachineConfig,
    state: MachineState,
    reader: Reader<R>,
}

impl Snapshot {
    /// Opens a file.
    ///
    /// # Errors
    /// A file that cannot be read, is no snapshot or is not as it was written.
    pub fn open(path: &Path) -> Result<Snapshot, SnapshotError> {
        let name = path.display().to_string();
        let file = File::open(path)
            .map_err(|error| SnapshotError::Unreadable { name: name.clone(), reason: error.to_string() })?;
        Snapshot::read(name, BufReader::new(file))
    }
}

impl<R: Read> Snapshot<R> {
    /// Reads what messages are to call `name`.
    ///
    /// # Errors
    /// As for [`open`](Snapshot::open).
    pub fn read(name: String, from: R) -> Result<Snapshot<R>, SnapshotError> {
        Snapshot::read_parts(from)
            .map(|(config, state, reader)| Snapshot { name: name.clone(), config, state, reader })
            .map_err(|error| error.of(&name))
    }

    fn read_parts(from: R) -> Result<(MachineConfig, MachineState, Reader<R>), SnapshotError> {
        let mut reader = Reader::new(from)?;
        let shape: Shape = state::decode(&reader.whole(Kind::Shape)?)?;
        let config = Images::decode(&reader.whole(Kind::Images)?, shape.config()?)?;
        let state = state::decode(&reader.whole(Kind::State)?)?;
        Ok((config, state, reader))
    }

    /// What the machine is made of, images included.
    pub fn config(&self) -> &MachineConfig {
        &self.config
    }

    /// The machine, which goes on where it was. Its engine, and how its harts and its time run, are those of `manner`.
    ///
    /// # Errors
    /// A file that is not as it was written, a state that no such machine can be in, and [`crate::Error::NoMemory`].
    pub fn machine(self, manner: &MachineConfig, console: Console) -> Result<Machine, SnapshotError> {
        let Snapshot { name, config, state, mut reader } = self;
        let MachineConfig { engine, parallel, clock, reset_ends, .. } = *manner;
        let config = MachineConfig { engine, parallel, clock, reset_ends, ..config };
        let machine = Machine::restored(config, console, &state).and_then(|machine| {
            memory::read(machine.ram(), &mut reader)?;
            reader.end()?;
            Ok(machine)
        });
        machine.map_err(|error| error.of(&name))
    }
}
