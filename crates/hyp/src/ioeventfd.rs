//! Stores of a guest's that are told by a count, without an exit to user space. Linux, "The Definitive KVM API
//! Documentation", `KVM_IOEVENTFD`.

use alloc::vec::Vec;

use kvm::Errno;
use kvm::ioctl::IoEventFd;

/// How many there can be: as many as KVM's bus has devices.
const MOST: usize = 1000;

/// Which stores are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Filter {
    address: u64,
    /// Bytes; 0 for any.
    length: u32,
    /// The value, where one alone is told.
    value: Option<u64>,
}

/// Who is told of which stores, by what the host calls a count.
#[derive(Debug)]
pub struct IoEventFds<E> {
    entries: Vec<(Filter, E)>,
}

impl<E> Default for IoEventFds<E> {
    fn default() -> Self {
        IoEventFds { entries: Vec::new() }
    }
}

impl Filter {
    fn of(wanted: &IoEventFd) -> Result<Filter, Errno> {
        let known = IoEventFd::DATAMATCH | IoEventFd::DEASSIGN;
        let has_value = wanted.flags & IoEventFd::DATAMATCH != 0;
        let wraps = wanted.addr.checked_add(wanted.len.into()).is_none();
        if !matches!(wanted.len, 0 | 1 | 2 | 4 | 8)
            || wraps
            || wanted.flags & !known != 0
            || has_value && wanted.len == 0
        {
            return Err(Errno::EINVAL);
        }
        let value = has_value.then(|| truncate(wanted.datamatch, wanted.len));
        Ok(Filter { address: wanted.addr, length: wanted.len, value })
    }

    /// Whether the same store could be told to both.
    fn clashes(&self, other: &Filter) -> bool {
        self.address == other.address
            && (self.length == other.length || self.length == 0 || other.length == 0)
            && (self.value == other.value || self.value.is_none() || other.value.is_none())
    }

    fn matches(&self, address: u64, length: u32, value: u64) -> bool {
        self.address == address
            && (self.length == 0 || self.length == length)
            && self.value.is_none_or(|wanted| wanted == truncate(value, length))
    }
}

impl<E: PartialEq> IoEventFds<E> {
    /// Has a store told by `event`, or no longer.
    ///
    /// # Errors
    /// `EINVAL` for what cannot be told; `EEXIST` where a store would be told twice; `ENOENT` where what is to end has not
    /// begun; `ENOSPC`, `ENOMEM`.
    pub fn set(&mut self, wanted: &IoEventFd, event: E) -> Result<(), Errno> {
        let filter = Filter::of(wanted)?;
        if wanted.flags & IoEventFd::DEASSIGN != 0 {
            let is_it = |(other, by): &(Filter, E)| *other == filter && *by == event;
            let at = self.entries.iter().position(is_it).ok_or(Errno::ENOENT)?;
            self.entries.swap_remove(at);
            return Ok(());
        }
        if self.entries.iter().any(|(other, _)| other.clashes(&filter)) {
            return Err(Errno::EEXIST);
        }
        if self.entries.len() == MOST {
            return Err(Errno::ENOSPC);
        }
        self.entries.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        self.entries.push((filter, event));
        Ok(())
    }

    /// By what a store of `length` bytes is told.
    pub fn find(&self, address: u64, length: u32, value: u64) -> Option<&E> {
        let found = self.entries.iter().find(|(filter, _)| filter.matches(address, length, value));
        found.map(|(_, event)| event)
    }
}

/// The low `length` bytes of a value.
fn truncate(value: u64, length: u32) -> u64 {
    if length >= 8 { value } else { value & ((1 << (8 * length)) - 1) }
}

#[cfg(test)]
mod tests;
