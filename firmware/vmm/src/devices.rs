//! The devices of a machine, which its virtual CPUs share.

use vmm_core::uart::Uart;

use crate::input::Input;
use crate::output::Console;

/// What a guest can reach.
pub(crate) struct Devices {
    pub(crate) uart: Uart,
    /// Where UART and SBI write.
    pub(crate) console: Console,
    /// Where UART and SBI read.
    pub(crate) input: Input,
}

impl Devices {
    pub(crate) const fn new() -> Devices {
        Devices { uart: Uart::new(), console: Console::new(), input: Input::new() }
    }
}
