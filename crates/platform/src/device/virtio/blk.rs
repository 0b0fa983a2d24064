//! The block device: a drive. VIRTIO 1.2, 5.2 "Block Device".

use std::io;

use super::chain::Chain;
use super::disk::{Disk, DiskState, SECTOR};
use super::queue::{MAX_SIZE, Serving};
use super::{Broken, Function};
use crate::state::{self, BadState};

/// `VIRTIO_BLK_F_SIZE_MAX`: `size_max` says how long a buffer may be.
const F_SIZE_MAX: u64 = 1 << 1;
/// `VIRTIO_BLK_F_SEG_MAX`: `seg_max` says how many buffers a request may have.
const F_SEG_MAX: u64 = 1 << 2;
/// `VIRTIO_BLK_F_RO`: nothing can be written.
const F_READ_ONLY: u64 = 1 << 5;
/// `VIRTIO_BLK_F_BLK_SIZE`: `blk_size` says how long a block is.
const F_BLOCK_SIZE: u64 = 1 << 6;
/// `VIRTIO_BLK_F_FLUSH`: the driver can ask for what has been written to be made durable.
const F_FLUSH: u64 = 1 << 9;

/// `size_max`, in bytes.
const BUFFER_MAX: u32 = 64 << 10;
/// `seg_max`: what a chain may have, without the header and the status.
const BUFFERS_MAX: u32 = MAX_SIZE - 2;

/// Request type `VIRTIO_BLK_T_IN`: read.
const IN: u32 = 0;
/// Request type `VIRTIO_BLK_T_OUT`: write.
const OUT: u32 = 1;
/// Request type `VIRTIO_BLK_T_FLUSH`.
const FLUSH: u32 = 4;
/// Request type `VIRTIO_BLK_T_GET_ID`: the name of the drive.
const GET_ID: u32 = 8;

/// Bytes of the header of a request: type, reserved, sector.
const HEADER: u64 = 16;
/// Bytes of the name of a drive.
const NAME: usize = 20;

/// What a request has come to, as its last byte says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Status {
    Ok = 0,
    IoError = 1,
    Unsupported = 2,
}

/// A drive.
#[derive(Debug)]
pub(super) struct Block {
    disk: Disk,
    /// What `GET_ID` answers, padded with zeros.
    name: [u8; NAME],
}

impl Block {
    /// The drive with this number, from 0.
    pub(super) fn new(disk: Disk, number: usize) -> Block {
        let mut name = [0; NAME];
        let text = format!("vhart-drive-{number}");
        for (byte, letter) in name.iter_mut().zip(text.bytes()) {
            *byte = letter;
        }
        Block { disk, name }
    }

    /// Carries out a request; says what it has come to, and how many of the bytes before the status have been written.
    fn perform(&mut self, chain: &Chain, serving: &Serving<'_>) -> Result<(Status, u64), Broken> {
        let ram = serving.ram();
        let mut header = [0; HEADER as usize];
        chain.read(ram, 0, &mut header)?;
        let [t0, t1, t2, t3, _, _, _, _, sector @ ..] = header;
        let sector = u64::from_le_bytes(sector);
        let room = chain.writable() - 1;
        let outcome = match u32::from_le_bytes([t0, t1, t2, t3]) {
            IN => {
                let mut bytes = vec![0; room as usize];
                match self.disk.read(sector, &mut bytes) {
                    Ok(()) => {
                        chain.write(ram, 0, &bytes)?;
                        return Ok((Status::Ok, room));
                    }
                    Err(error) => Err(error),
                }
            }
            OUT => {
                let mut bytes = vec![0; (chain.readable() - HEADER) as usize];
                chain.read(ram, HEADER, &mut bytes)?;
                // A driver that cannot flush takes what has been written for durable. 5.2.6.2
                let is_write_through = serving.features() & F_FLUSH == 0;
                let written = self.disk.write(sector, &bytes);
                written.and_then(|()| if is_write_through { self.disk.flush() } else { Ok(()) })
            }
            FLUSH => self.disk.flush(),
            GET_ID => {
                let length = room.min(NAME as u64);
                chain.write(ram, 0, &self.name[..length as usize])?;
                return Ok((Status::Ok, length));
            }
            _ => return Ok((Status::Unsupported, 0)),
        };
        Ok((outcome.map_or_else(failed, |()| Status::Ok), 0))
    }
}

/// The status of a request that the host, or the size of the disk, does not allow.
fn failed(error: io::Error) -> Status {
    tracing::debug!(%error, "request to a drive fails");
    Status::IoError
}

impl Function for Block {
    fn id(&self) -> u32 {
        2
    }

    fn features(&self) -> u64 {
        let read_only = if self.disk.is_read_only() { F_READ_ONLY } else { 0 };
        F_SIZE_MAX | F_SEG_MAX | F_BLOCK_SIZE | F_FLUSH | read_only
    }

    fn queues(&self) -> usize {
        1
    }

    /// `capacity`, `size_max`, `seg_max`, no `geometry`, `blk_size`.
    fn config(&self) -> Vec<u8> {
        let words = [BUFFER_MAX, BUFFERS_MAX, 0, SECTOR as u32];
        let capacity = self.disk.sectors().to_le_bytes();
        capacity.into_iter().chain(words.into_iter().flat_map(u32::to_le_bytes)).collect()
    }

    fn serve(&mut self, _queue: usize, serving: &mut Serving<'_>) -> Result<(), Broken> {
        while let Some(chain) = serving.next()? {
            if chain.writable() == 0 {
                return Err(Broken("a request to a drive without room for its status"));
            }
            let (status, written) = self.perform(&chain, serving)?;
            let room = chain.writable() - 1;
            chain.write(serving.ram(), room, &[status as u8])?;
            // Bytes count as far as all before them have been written.
            let written = if written == room { room + 1 } else { written };
            serving.give_back(chain, written)?;
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.disk.reset();
    }

    fn save(&self) -> Vec<u8> {
        state::encode(&self.disk.save())
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), BadState> {
        let state: DiskState = state::decode(state)?;
        self.disk.restore(state)
    }
}
