//! `--trace switch`: one line per world switch, that is per change of the virtualization mode V.

use std::io::Write;

use iss::observe::{TrapTaken, WorldSwitch};
use iss::{Hart, Observer};

/// An observer that writes the trace.
pub(crate) struct SwitchTrace<W: Write> {
    out: W,
    /// The first error of `out`; nothing is written after it.
    error: Option<std::io::Error>,
}

impl<W: Write> SwitchTrace<W> {
    /// A trace that goes to `out`.
    pub(crate) fn new(out: W) -> SwitchTrace<W> {
        SwitchTrace { out, error: None }
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// The first error that writing the trace has met.
    pub(crate) fn finish(&mut self) -> std::io::Result<()> {
        self.error.take().map_or_else(|| self.out.flush(), Err)
    }

    fn line(&mut self, hart: &Hart, switch: &WorldSwitch) -> std::io::Result<()> {
        let (count, id) = (hart.retired(), hart.id());
        match *switch {
            WorldSwitch::Entry { pc, to } => {
                writeln!(self.out, "{count:>12} hart {id} entry {:<2} pc={pc:#x}", to.name())
            }
            WorldSwitch::Exit(TrapTaken { cause, from, to, epc, tval, tval2, tinst }) => writeln!(
                self.out,
                "{count:>12} hart {id} exit  {:<2} pc={epc:#x} to={to} cause={:#x} ({cause}) \
                 stval={tval:#x} htval={tval2:#x} htinst={tinst:#x}",
                from.name(),
                cause.to_bits(),
            ),
        }
    }
}

impl<W: Write> Observer for SwitchTrace<W> {
    fn world_switch(&mut self, hart: &Hart, switch: &WorldSwitch) {
        if self.error.is_none() {
            self.error = self.line(hart, switch).err();
        }
    }
}

#[cfg(test)]
mod tests {
    use isa::Mode;
    use isa::cause::{Cause, Exception};
    use iss::Variant;

    use super::*;

    #[test]
    fn an_entry_and_an_exit() {
        let mut trace = SwitchTrace::new(Vec::new());
        let hart = Hart::new(3, Variant::default());
        trace.world_switch(&hart, &WorldSwitch::Entry { pc: 0x8020_0000, to: Mode::VS });
        let exit = TrapTaken {
            cause: Cause::Exception(Exception::StoreGuestPageFault),
            from: Mode::VU,
            to: Mode::HS,
            epc: 0x8020_0010,
            tval: 0x1000_0000,
            tval2: 0x400_0000,
            tinst: 0x3000,
        };
        trace.world_switch(&hart, &WorldSwitch::Exit(exit));
        trace.finish().unwrap();
        let expected = "           0 hart 3 entry VS pc=0x80200000\n           0 hart 3 exit  VU pc=0x80200010 to=HS \
                        cause=0x17 (store/AMO guest-page fault) stval=0x10000000 htval=0x4000000 htinst=0x3000\n";
        assert_eq!(String::from_utf8(trace.out).unwrap(), expected);
    }
}
