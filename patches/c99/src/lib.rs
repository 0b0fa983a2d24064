//! The C99 "fast" integer types that `softfloat-sys` names, as glibc defines them on 64-bit Linux.
//!
//! The published crate of this name finds them by running cmake at build time; softfloat-sys itself
//! builds on x86-64 Linux only, so stating them is enough and spares the user cmake.

#![no_std]
#![allow(non_camel_case_types)]

/// `int_fast32_t`.
pub type int_fast32_t = i64;
/// `int_fast64_t`.
pub type int_fast64_t = i64;
/// `uint_fast8_t`.
pub type uint_fast8_t = u8;
/// `uint_fast32_t`.
pub type uint_fast32_t = u64;
/// `uint_fast64_t`.
pub type uint_fast64_t = u64;
