//! What a virtual machine monitor is without an operating system below it: the machine that its guests see, and how
//! a guest gets into it.
//!
//! Values in, values out, so that everything here is tested on any computer; the system calls are in `firmware/vmm`.

#![no_std]
#![forbid(unsafe_code)]

pub mod args;
pub mod console;
pub mod device_tree;
pub mod image;
pub mod map;
pub mod serve;
pub mod uart;
