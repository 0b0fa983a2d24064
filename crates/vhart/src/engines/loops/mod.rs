//! stub

use isa::asm::AsmError;
use isa::ext::ExtSet;

/// Instructions after which a program has seen enough: it never ends by itself.
pub(super) const LENGTH: u64 = 500_000;

/// The program that belongs to `seed`, for a hart with these `extensions`.
pub(super) fn program(_seed: u64, _extensions: ExtSet) -> Result<Vec<u8>, AsmError> {
    Ok(Vec::new())
}
