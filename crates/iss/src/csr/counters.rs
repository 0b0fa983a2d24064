//! The counters. Privileged ISA, "Hardware Performance Monitor" and "Machine Counter-Inhibit".
//!
//! One step, retired or trapped, is one cycle. The event counters are read-only zeros.

use isa::csr;

use crate::hart::Hart;

impl Hart {
    /// Counts a step; `retired` says whether an instruction retired in it.
    #[inline]
    pub(crate) fn count(&mut self, retired: bool) {
        let inhibited = self.csr.mcountinhibit;
        if !std::mem::take(&mut self.cycle_written) && !csr::mcountinhibit::CY.is_set(inhibited) {
            self.csr.mcycle = self.csr.mcycle.wrapping_add(1);
        }
        if retired {
            self.retired += 1;
            if !std::mem::take(&mut self.instret_written) && !csr::mcountinhibit::IR.is_set(inhibited) {
                self.csr.minstret = self.csr.minstret.wrapping_add(1);
            }
        }
    }

    /// What the `time` CSR shows at virtualization mode `virt`.
    pub(crate) fn time(&self, virt: bool) -> u64 {
        let delta = if virt { self.csr.htimedelta } else { 0 };
        self.lines.time.wrapping_add(delta)
    }
}
