//! Guest: says who it is over both of the SBI's consoles.

#![no_std]
#![no_main]

use guest_rt::{Failure, Start, guest, println, sbi};

guest!(main);

fn main(start: Start) -> Result<(), Failure> {
    b"hello: one character at a time\n".iter().for_each(|&byte| sbi::console_putchar(byte));

    let (major, minor) = sbi::version();
    println!("hello: virtual machine {}, vCPU {}, SBI {major}.{minor}", start.machine, start.vcpu);
    if (major, minor) == (0, 0) {
        return Err("the SBI does not know its version");
    }
    if sbi::call(UNASSIGNED, 0, []) != Err(NOT_SUPPORTED) {
        return Err("an extension that does not exist answered");
    }
    Ok(())
}

/// An extension number that the specification has not given away.
const UNASSIGNED: usize = 0x0bad_0bad;

/// SBI_ERR_NOT_SUPPORTED.
const NOT_SUPPORTED: sbi::Error = sbi::Error(-2);
