//! The privileged architecture as a program sees it: one instruction at a time, in a mode, on a hart in a
//! state that the test describes.

mod addresses;
mod cache_blocks;
mod choices;
mod counters;
mod csr_access;
mod delegation;
mod double_trap;
mod fences;
mod guest;
mod instructions;
mod interrupts;
mod io;
mod machine;
mod pointer_masking;
#[path = "../ram_only/mod.rs"]
mod ram_only;
mod seed;
mod timers;
mod two_stage;
mod warl;
