//! The list of a virtual CPU's registers.

use kvm::one_reg::Line;
use kvm::{Errno, Register};

use crate::error::Error;
use crate::output::Stream;
use crate::system::System;
use crate::vcpu::Vcpu;
use crate::vm::Vm;

/// More registers than any KVM has; today there are some two hundred.
const MAX_REGISTERS: usize = 1024;

/// The largest register that is printed, in bytes: one of the vector extension with a VLEN of 1024 bits.
const MAX_SIZE: usize = 128;

/// Prints the registers of a new virtual CPU.
pub(crate) fn print() -> Result<(), Error> {
    let system = System::open()?;
    let vcpu = Vcpu::new(&system, &Vm::new(&system)?, 0)?;
    let mut list = [0; 1 + MAX_REGISTERS];
    vcpu.list(&mut list)
        .map_err(Error::call("list a virtual CPU's registers", "use Linux 6.6 or later, which can"))?;
    let count = (list[0] as usize).min(MAX_REGISTERS);
    for id in &list[1..=count] {
        print_register(&vcpu, Register(*id));
    }
    Ok(())
}

fn print_register(vcpu: &Vcpu, register: Register) {
    let mut value = [0; MAX_SIZE];
    let value = match value.get_mut(..register.size()) {
        Some(value) => vcpu.get_bytes(register, value).map(|()| &*value),
        None => Err(Errno::E2BIG),
    };
    Stream::OUTPUT.line(format_args!("{}", Line { register, value }));
}
