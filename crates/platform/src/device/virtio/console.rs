//! The console device: one port. VIRTIO 1.2, 5.3 "Console Device".

use std::collections::VecDeque;

use super::queue::Serving;
use super::{Broken, Function};
use crate::state::{self, BadState};

/// The queue in which the driver receives. The other one is for what it sends.
const RECEIVE: usize = 0;

/// Bytes that may be sent in one piece: a chain of more would fill the host's memory before it is shown.
const SENT_AT_ONCE: u64 = 1 << 20;

/// A console with one port.
#[derive(Default, Debug)]
pub(super) struct Port {
    /// What has been typed and not yet received.
    input: VecDeque<u8>,
    output: Vec<u8>,
}

impl Port {
    /// Gives the driver what has been typed, as far as there is room for it.
    fn receive(&mut self, serving: &mut Serving<'_>) -> Result<(), Broken> {
        while !self.input.is_empty() {
            let Some(chain) = serving.next()? else { break };
            let count = self.input.len().min(chain.writable() as usize);
            let bytes: Vec<u8> = self.input.drain(..count).collect();
            chain.write(serving.ram(), 0, &bytes)?;
            serving.give_back(chain, count as u64)?;
        }
        Ok(())
    }

    /// Takes what the driver sends.
    fn send(&mut self, serving: &mut Serving<'_>) -> Result<(), Broken> {
        while let Some(chain) = serving.next()? {
            if chain.readable() > SENT_AT_ONCE {
                return Err(Broken("more than 1 MiB sent in one piece"));
            }
            let start = self.output.len();
            self.output.resize(start + chain.readable() as usize, 0);
            chain.read(serving.ram(), 0, &mut self.output[start..])?;
            serving.give_back(chain, 0)?;
        }
        Ok(())
    }
}

impl Function for Port {
    fn id(&self) -> u32 {
        3
    }

    fn queues(&self) -> usize {
        2
    }

    fn serve(&mut self, queue: usize, serving: &mut Serving<'_>) -> Result<(), Broken> {
        if queue == RECEIVE { self.receive(serving) } else { self.send(serving) }
    }

    fn push_input(&mut self, bytes: &[u8]) {
        self.input.extend(bytes);
    }

    fn take_output(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.output)
    }

    /// What has been typed; what has been sent is shown before anybody can ask for the state.
    fn save(&self) -> Vec<u8> {
        state::encode(&self.input)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), BadState> {
        self.input = state::decode(state)?;
        Ok(())
    }
}
