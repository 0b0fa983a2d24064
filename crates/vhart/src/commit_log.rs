//! `--log-commits`: one line per retired instruction, in the format of Spike's `--log-commits`.
//!
//! A line is the hart, the privilege (without V), pc and instruction word; then what the instruction
//! wrote, in the order of [`Written`]; then the addresses it read; then those it wrote, with their
//! values. Instructions that trap have no line.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;

use isa::format::Format;
use isa::{Inst, Op};
use iss::observe::{AccessKind, MemoryAccess};
use iss::{Hart, Observer};

/// The number of `mvip`, a register that Spike has and reports.
const MVIP: u16 = 0x309;

/// An observer that writes the log.
pub(crate) struct CommitLog<W: Write> {
    out: W,
    commit: Commit,
    /// The first error of `out`; nothing is written after it.
    error: Option<std::io::Error>,
}

/// What the instruction in execution has done so far. Harts take turns between instructions only.
#[derive(Default)]
struct Commit {
    privilege: u8,
    mip_before: u64,
    written: BTreeMap<Written, u64>,
    loads: Vec<MemoryAccess>,
    stores: Vec<MemoryAccess>,
}

/// A register that an instruction wrote, in the order of a line: by number, whatever it is the number of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Written {
    number: u16,
    kind: Kind,
}

/// What a register number is the number of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    X,
    F,
    Csr,
}

impl<W: Write> CommitLog<W> {
    /// A log that goes to `out`.
    pub(crate) fn new(out: W) -> CommitLog<W> {
        CommitLog { out, commit: Commit::default(), error: None }
    }

    /// Where the log goes.
    pub(crate) fn sink(&mut self) -> &mut W {
        &mut self.out
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// The first error that writing the log has met.
    pub(crate) fn finish(&mut self) -> std::io::Result<()> {
        self.error.take().map_or_else(|| self.out.flush(), Err)
    }

    /// Adds the registers that Spike reports beside the one that holds what a CSR instruction wrote.
    ///
    /// It implements `sie` over `mie`, and `mip` over `mvip` (of the advanced interrupt architecture) and
    /// `hvip`, and logs each of them as it is written: `mvip` before SSIP and STIP of `mip`, and of `mip`
    /// VSSIP before the other bits of `hvip`.
    fn add_proxies(&mut self, hart: &Hart, inst: &Inst) {
        use isa::csr::{hvip, mip, sie, sip};
        let is_csr = matches!(inst.op.row().format, Format::Csr | Format::CsrI);
        let has_written = self.commit.written.keys().any(|written| written.kind == Kind::Csr);
        if !is_csr || !has_written || hart.mode().virt {
            return;
        }
        let value = |number| hart.csr(number).unwrap_or(0);
        let pieced = |mask: u64, now: u64| now & mask | self.commit.mip_before & !mask;
        let (number, value) = match inst.imm as u16 {
            sie::NUMBER => (sie::NUMBER, value(sie::NUMBER)),
            hvip::NUMBER => (mip::NUMBER, pieced(hvip::VSSIP.mask(), value(hvip::NUMBER))),
            sip::NUMBER | mip::NUMBER => {
                let shown = mip::SEIP.mask() | mip::SSIP.mask() | mip::STIP.mask();
                (MVIP, pieced(mip::SEIP.mask(), value(mip::NUMBER)) & shown)
            }
            _ => return,
        };
        self.commit.written.insert(Written { number, kind: Kind::Csr }, value);
    }

    fn line(&mut self, hart: &Hart, pc: u64, inst: &Inst) -> std::io::Result<()> {
        let Commit { privilege, written, loads, stores, .. } = &self.commit;
        let out = &mut self.out;
        let digits = 2 * inst.size() as usize;
        write!(out, "core{:4}: {privilege} 0x{pc:016x} (0x{:0digits$x})", hart.id(), inst.bits)?;
        for (Written { number, kind }, value) in written {
            match kind {
                Kind::X => write!(out, " x{number:<2} 0x{value:016x}")?,
                Kind::F => write!(out, " f{number:<2} 0x{value:016x}")?,
                Kind::Csr => {
                    let name = isa::csr::name(*number).unwrap_or_else(|| "mvip".to_owned());
                    write!(out, " c{number}_{name} 0x{value:016x}")?;
                }
            }
        }
        for load in loads {
            write!(out, " mem 0x{:016x}", load.va)?;
        }
        for store in stores {
            // Spike zeroes a cache block byte by byte.
            let is_split = inst.op == Op::cbo_zero;
            let bytes = if is_split { 1 } else { store.width.bytes() };
            let digits = 2 * bytes as usize;
            for offset in (0..store.width.bytes()).step_by(bytes as usize) {
                write!(out, " mem 0x{:016x} 0x{:0digits$x}", store.va.wrapping_add(offset), store.value)?;
            }
        }
        writeln!(out)
    }
}

impl<W: Write> Observer for CommitLog<W> {
    fn before(&mut self, hart: &Hart, _pc: u64) -> ControlFlow<()> {
        let Commit { privilege, mip_before, written, loads, stores } = &mut self.commit;
        *privilege = hart.mode().privilege as u8;
        *mip_before = hart.csr(isa::csr::mip::NUMBER).unwrap_or(0);
        written.clear();
        loads.clear();
        stores.clear();
        ControlFlow::Continue(())
    }

    fn csr_write(&mut self, _hart: &Hart, number: u16, value: u64) {
        self.commit.written.insert(Written { number, kind: Kind::Csr }, value);
    }

    fn access(&mut self, _hart: &Hart, access: &MemoryAccess) {
        match access.kind {
            AccessKind::Fetch | AccessKind::Manage => {}
            AccessKind::Load => self.commit.loads.push(*access),
            AccessKind::Store => self.commit.stores.push(*access),
            AccessKind::Amo => {
                self.commit.loads.push(*access);
                self.commit.stores.push(*access);
            }
        }
    }

    fn retire(&mut self, hart: &Hart, pc: u64, inst: &Inst) {
        if self.error.is_some() {
            return;
        }
        let value = match destination(inst) {
            Some(Kind::X) if inst.rd != 0 => Some((Kind::X, hart.x(inst.rd))),
            Some(Kind::F) => Some((Kind::F, hart.f(inst.rd))),
            _ => None,
        };
        if let Some((kind, value)) = value {
            self.commit.written.insert(Written { number: inst.rd.into(), kind }, value);
            if inst.op == Op::amocas_q {
                let number = inst.rd | 1;
                self.commit.written.insert(Written { number: number.into(), kind }, hart.x(number));
            }
        }
        self.add_proxies(hart, inst);
        self.error = self.line(hart, pc, inst).err();
    }
}

/// What `rd` is the number of, for the formats that have one.
pub(crate) fn destination(inst: &Inst) -> Option<Kind> {
    // Where there is one, it is the first operand in assembly language.
    match inst.op.long().row().format.operands().split(',').next() {
        Some("rd") => Some(Kind::X),
        Some("frd") => Some(Kind::F),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use isa::Mode;
    use iss::observe::MemoryAccess;
    use iss::{Variant, Width};

    use super::*;

    /// The line for `word` at 0x8000_0000, once `events` have been observed.
    fn line(word: u32, mode: Mode, events: impl Fn(&mut CommitLog<Vec<u8>>, &mut Hart)) -> String {
        let mut hart = Hart::new(0, Variant::default());
        hart.set_mode(mode);
        let mut log = CommitLog::new(Vec::new());
        assert!(log.before(&hart, 0x8000_0000).is_continue());
        events(&mut log, &mut hart);
        log.retire(&hart, 0x8000_0000, &isa::decode(word).unwrap());
        log.finish().unwrap();
        String::from_utf8(log.out).unwrap()
    }

    fn access(kind: AccessKind, width: Width, value: u64) -> MemoryAccess {
        MemoryAccess { kind, va: 0x8000_2000, pa: 0x9000_2000, width, value }
    }

    #[test]
    fn registers_and_memory() {
        let load = line(0x0182_b283, Mode::M, |log, hart| {
            hart.set_x(5, 0x8000_0040);
            log.access(hart, &access(AccessKind::Load, Width::D, 0x8000_0040));
        });
        let expected =
            "core   0: 3 0x0000000080000000 (0x0182b283) x5  0x0000000080000040 mem 0x0000000080002000\n";
        assert_eq!(load, expected);

        let store = line(0xc50c, Mode::VS, |log, hart| {
            log.access(hart, &access(AccessKind::Store, Width::W, 0x12));
        });
        assert_eq!(store, "core   0: 1 0x0000000080000000 (0xc50c) mem 0x0000000080002000 0x00000012\n");
    }

    #[test]
    fn registers_come_by_number_and_csrs_by_name() {
        // fadd.s fa0, fa1, fa2, dyn
        let add = line(0x00c5_f553, Mode::U, |log, hart| {
            hart.set_f(10, 0xffff_ffff_3f80_0000);
            log.csr_write(hart, isa::csr::mstatus::NUMBER, 0x8000_0000_0000_6000);
            log.csr_write(hart, isa::csr::fflags::NUMBER, 1);
        });
        let expected = "core   0: 0 0x0000000080000000 (0x00c5f553) c1_fflags 0x0000000000000001 \
                        f10 0xffffffff3f800000 c768_mstatus 0x8000000000006000\n";
        assert_eq!(add, expected);
    }

    #[test]
    fn register_zero_and_fences_write_nothing() {
        let plain = |word| line(word, Mode::M, |_, _| {});
        assert_eq!(plain(0x0000_0013), "core   0: 3 0x0000000080000000 (0x00000013)\n", "nop");
        assert_eq!(plain(0x0ff0_008f), "core   0: 3 0x0000000080000000 (0x0ff0008f)\n", "fence with rd");
    }

    #[test]
    fn what_a_trapped_instruction_did_is_forgotten() {
        let mut log = CommitLog::new(Vec::new());
        let hart = Hart::new(0, Variant::default());
        let _ = log.before(&hart, 0);
        log.csr_write(&hart, isa::csr::mcause::NUMBER, 2);
        let _ = log.before(&hart, 4);
        log.retire(&hart, 4, &isa::decode(0x0000_0013).unwrap());
        assert_eq!(String::from_utf8(log.out).unwrap(), "core   0: 3 0x0000000000000004 (0x00000013)\n");
    }
}
