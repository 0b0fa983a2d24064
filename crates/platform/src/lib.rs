//! The `virt` machine around the harts: RAM, interrupt controllers, UART, device tree, loaders.
//!
//! A [`Machine`] is made from a [`MachineConfig`] and a [`Console`], and [runs](Machine::run) until it has a
//! reason to stop, a [`MachineStop`]. Its memory map is one table, [`map::REGIONS`], from which the bus,
//! the device tree and the documentation are derived. The crate knows no instruction.

mod boot;
mod bus;
mod clock;
mod config;
mod console;
mod devices;
mod error;
#[cfg(test)]
mod hostile;
mod machine;
mod parallel;
mod roll;
mod stop;
mod ticks;
mod turn;

pub mod device;
pub mod fdt;
pub mod load;
pub mod map;
pub mod snapshot;
pub mod state;

pub use boot::device_tree;
pub use bus::SystemBus;
pub use clock::{Clock, START_DATE};
pub use config::{MAX_HARTS, MachineConfig, Terminal};
pub use console::Console;
pub use device::virtio::Drive;
pub use error::Error;
pub use load::Image;
pub use machine::{Machine, STEPS_PER_TICK};
pub use stop::{Interrupter, MachineStop, TrapStorm, Until};
