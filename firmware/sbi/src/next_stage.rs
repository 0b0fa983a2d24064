//! Where to go after the firmware: the `fw_dynamic` convention of OpenSBI, which QEMU and vhart follow.

use crate::csr;

/// Where Linux images are loaded on this machine: RAM + 2 MiB.
const DEFAULT: usize = 0x8020_0000;

/// "OSBI", the first word of the information structure.
const MAGIC: u64 = 0x4942_534f;

/// The address of the next stage: the third word of the structure at `info` (magic, version, address, mode, options,
/// boot hart) if there is one, else the usual place.
pub(crate) fn address(info: usize) -> usize {
    let word = |index: usize| csr::probe_load(info.wrapping_add(8 * index) as u64, 0);
    let given = info != 0 && info.is_multiple_of(8) && word(0) == Some(MAGIC);
    match word(2) {
        Some(address) if given && address != 0 => address as usize,
        _ => DEFAULT,
    }
}
