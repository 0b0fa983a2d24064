//! Random programs that never end: loops and calls in every mode, in which code, page tables, counters and timers
//! change.
//!
//! M-mode enters one phase after another. A phase calls functions, which call others; each consists of random steps
//! and counted loops. Whatever an instruction raises, a trap handler goes on with the next one. Several harts run the
//! same code on the same data.

mod body;
mod handler;
mod instruction;
mod layout;
mod phase;
mod step;
mod tables;

use isa::asm::{Asm, AsmError};
use isa::csr;
use isa::ext::ExtSet;
use isa::paging::PAGE_BITS;
use isa::reg::{T0, T1, T2, T3, ZERO};

use self::layout::{
    CODE, DATA, END, HARTS, MTIME, MTIMECMP, PHASE, RECORDS, SCRATCH, SCRATCH_PAGES, STACK, STACK_TOP,
    STACKS, TABLES, TIMER, TWINS,
};
use crate::lockstep::random::{Rng, elf};
use body::Writer;
use step::{SCRATCH_LEN, TWIN_FUNCTION, TWIN_FUNCTIONS, replacement, twin_function};

/// Instructions after which a program has shown enough.
pub(super) const LENGTH: u64 = 500_000;

/// Phases of a program.
const PHASES: u64 = 12;

/// The ELF of the program that belongs to `seed`, for harts with these `extensions`.
///
/// # Errors
/// What the assembler refuses.
pub(super) fn program(seed: u64, extensions: ExtSet) -> Result<Vec<u8>, AsmError> {
    let mut w = Writer::new(Asm::new(CODE), Rng(seed), extensions);
    let [begin, next] = [(); 2].map(|()| w.a.label());
    w.a.j(begin);
    let ticks = 2 + w.rng.below(12) as i32;
    let machine = handler::machine(&mut w.a, next, ticks);
    let supervisor = handler::supervisor(&mut w.a, ticks);

    w.a.place(begin);
    w.a.la(T0, machine).csrw(csr::mtvec::NUMBER, T0);
    w.a.csrr(T1, csr::mhartid::NUMBER).andi(T1, T1, HARTS as i32 - 1);
    w.a.slli(T2, T1, PAGE_BITS as i32).li(T0, RECORDS).add(T0, T0, T2).csrw(csr::mscratch::NUMBER, T0);
    w.a.slli(T2, T2, 1).li(T3, STACKS + STACK).add(T2, T2, T3).sd(T2, STACK_TOP, T0).sd(T1, PHASE, T0);
    w.a.slli(T2, T1, 3).li(T3, MTIMECMP).add(T2, T2, T3).sd(T2, TIMER, T0);
    w.a.li(T3, MTIME).ld(T3, 0, T3).addi(T3, T3, ticks).sd(T3, 0, T2);
    w.a.la(T1, supervisor).csrw(csr::stvec::NUMBER, T1).csrw(csr::vstvec::NUMBER, T1);
    let environment = csr::menvcfg::STCE.mask() | w.rng.next() & (csr::menvcfg::ADUE.mask() | 0xf0);
    for (number, value) in [
        (csr::menvcfg::NUMBER, environment),
        (csr::henvcfg::NUMBER, environment),
        (csr::senvcfg::NUMBER, 0xf0),
        (csr::mstateen0::NUMBER, u64::MAX),
        (csr::hstateen0::NUMBER, u64::MAX),
        (csr::pmpaddr0::NUMBER + 1, u64::MAX),
    ] {
        w.a.li(T1, value).csrw(number, T1);
    }

    // The next phase, by a table of their addresses; t0 has the record.
    let (table, chosen) = (w.a.label(), w.a.label());
    w.a.place(next);
    w.a.ld(T1, PHASE, T0).addi(T1, T1, 1).addi(T2, T1, -(PHASES as i32)).bnez(T2, chosen);
    w.a.mv(T1, ZERO);
    w.a.place(chosen);
    w.a.sd(T1, PHASE, T0).slli(T1, T1, 3).la(T2, table).add(T1, T1, T2).ld(T1, 0, T1).jr(T1);
    let functions = w.first_level().to_vec();
    let phases: Vec<_> = (0..PHASES).map(|_| phase::phase(&mut w.a, &mut w.rng, &functions)).collect();
    w.a.align(8).place(table);
    for phase in phases {
        w.a.dword_address(phase);
    }
    w.functions();

    fill(&mut w, TWINS);
    for _ in 0..2 {
        let page = w.a.pc();
        for number in 0..TWIN_FUNCTIONS {
            let at = page + number * TWIN_FUNCTION;
            fill(&mut w, at);
            for inst in twin_function(&mut w) {
                w.a.inst(inst);
            }
            w.a.ret();
        }
        fill(&mut w, page + (1 << PAGE_BITS));
    }
    for page in 0..SCRATCH_PAGES {
        fill(&mut w, SCRATCH + (page << PAGE_BITS));
        for _ in 0..SCRATCH_LEN {
            let word = replacement(&mut w);
            w.a.word(word);
        }
        w.a.ret();
    }
    fill(&mut w, TABLES);
    let tables = tables::tables(&mut w.rng);
    w.a.bytes(&tables);
    fill(&mut w, DATA);
    while w.a.pc() < END {
        let value = w.rng.value();
        w.a.dword(value);
    }
    Ok(elf(&w.finish()?, &[]))
}

/// Zeros up to `address`.
fn fill(w: &mut Writer, address: u64) {
    let len = address.saturating_sub(w.a.pc());
    w.a.space(len as usize);
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use isa::cause::{Cause, Exception, Interrupt};
    use isa::{Inst, Mode};
    use iss::observe::{TrapTaken, WorldSwitch};
    use iss::{Hart, Observer, Variant};
    use platform::{Console, Image, Machine, MachineConfig, MachineStop, Until};

    use super::*;

    #[derive(Default)]
    struct Seen {
        retired: HashMap<Mode, u64>,
        traps: HashMap<(Cause, Mode), u64>,
        entries: u64,
    }

    impl Observer for Seen {
        fn retire(&mut self, hart: &Hart, _pc: u64, _inst: &Inst) {
            *self.retired.entry(hart.mode()).or_default() += 1;
        }

        fn trap(&mut self, _hart: &Hart, trap: &TrapTaken) {
            *self.traps.entry((trap.cause, trap.to)).or_default() += 1;
        }

        fn world_switch(&mut self, _hart: &Hart, switch: &WorldSwitch) {
            self.entries += u64::from(matches!(switch, WorldSwitch::Entry { .. }));
        }
    }

    #[test]
    fn programs_go_on_in_every_mode_and_see_traps_and_world_switches() {
        let mut seen = Seen::default();
        for seed in 0..16 {
            let elf = program(seed, Variant::default().extensions).unwrap();
            let firmware = Some(Image::new("loops", elf));
            let config = MachineConfig { firmware, memory: 2 << 20, ..MachineConfig::default() };
            let mut machine = Machine::new(config, Console::new(std::io::sink())).unwrap();
            let until = Until { instructions: Some(100_000), deadline: None };
            assert_eq!(machine.run(until, Some(&mut seen)), MachineStop::InstructionLimit, "seed {seed}");
        }
        for mode in [Mode::M, Mode::HS, Mode::U, Mode::VS, Mode::VU] {
            let retired = seen.retired.get(&mode).copied().unwrap_or_default();
            assert!(20_000 < retired, "{retired} instructions in {mode}-mode");
        }
        use Exception::{
            InstAccessFault, InstPageFault, LoadGuestPageFault, LoadPageFault, StoreGuestPageFault,
            VirtualInst,
        };
        let exceptions = [
            InstAccessFault,
            InstPageFault,
            LoadPageFault,
            LoadGuestPageFault,
            StoreGuestPageFault,
            VirtualInst,
        ];
        let interrupts = [
            (Interrupt::Mti, Mode::M),
            (Interrupt::Sti, Mode::HS),
            (Interrupt::Vsti, Mode::HS),
            (Interrupt::Vsti, Mode::VS),
        ];
        for exception in exceptions {
            assert!(
                seen.traps.keys().any(|(cause, _)| *cause == Cause::Exception(exception)),
                "{exception:?}"
            );
        }
        for (interrupt, to) in interrupts {
            assert!(seen.traps.contains_key(&(Cause::Interrupt(interrupt), to)), "{interrupt:?} to {to}");
        }
        assert!(10_000 < seen.entries, "{} world switches", seen.entries);
    }
}
