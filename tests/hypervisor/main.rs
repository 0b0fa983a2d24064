//! The hypervisor runs natively, its guests on the simulator: two independent uses of one `isa`.

mod guest;
mod inject;
mod machine;
mod walk;
