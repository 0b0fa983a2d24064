//! Random programs for `vhart lockstep`: blocks of random instructions in every mode, each prepared in M-mode.
//!
//! A program is a bare-metal ELF. The preparations of a block set CSRs, choose a mode and enter the block
//! by MRET; a trap to M-mode, which each block ends with at the latest, goes on with the next block. The
//! handlers of HS- and VS-mode read what the trap has left and go back once, or hand over to the mode above.

mod elf;
mod frame;
mod generator;
mod instruction;
mod layout;
mod listing;
mod program;
mod rng;
mod sequence;
mod tables;

use isa::asm::AsmError;
use isa::ext::ExtSet;

pub(crate) use elf::elf;
use generator::Generator;
pub(crate) use listing::listing;
pub(crate) use program::{Part, Program};
pub(crate) use rng::Rng;

/// The program that belongs to `seed`, for a hart with these `extensions`.
///
/// # Errors
/// What the assembler refuses.
pub(crate) fn program(seed: u64, extensions: ExtSet) -> Result<Program, AsmError> {
    Generator::program(seed, extensions)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use isa::cause::{Cause, Exception};
    use isa::{Inst, Mode, Op};
    use iss::observe::TrapTaken;
    use iss::{Hart, Observer, Variant};
    use platform::{Console, Image, Machine, MachineConfig, MachineStop, Until};

    use super::*;

    #[derive(Default)]
    struct Seen {
        retired: HashSet<Op>,
        modes: HashSet<Mode>,
        traps: HashSet<(Mode, Cause, Mode)>,
        /// `htinst` or `mtinst` of guest-page faults.
        tinsts: HashSet<u64>,
    }

    impl Observer for Seen {
        fn retire(&mut self, hart: &Hart, _pc: u64, inst: &Inst) {
            self.retired.insert(inst.op);
            self.modes.insert(hart.mode());
        }

        fn trap(&mut self, _hart: &Hart, trap: &TrapTaken) {
            self.traps.insert((trap.from, trap.cause, trap.to));
            self.tinsts.insert(trap.tinst);
        }
    }

    /// The whole program.
    fn elf(seed: u64) -> Vec<u8> {
        program(seed, Variant::default().extensions).unwrap().image(|_| true).unwrap().elf()
    }

    #[test]
    fn a_seed_makes_one_program() {
        assert_eq!(elf(7), elf(7));
        assert_ne!(elf(7), elf(8));
    }

    #[test]
    fn programs_end_and_see_every_instruction_mode_and_trap() {
        let mut seen = Seen::default();
        for seed in 0..600 {
            let firmware = Some(Image::new("random", elf(seed)));
            let config = MachineConfig { firmware, ..MachineConfig::default() };
            let mut machine = Machine::new(config, Console::new(std::io::sink())).unwrap();
            let until = Until { instructions: Some(100_000), deadline: None };
            assert_eq!(machine.run(until, Some(&mut seen)), MachineStop::Exit(0), "seed {seed}");
        }
        let never: Vec<&str> = isa::inst::ROWS
            .iter()
            .filter(|row| !seen.retired.contains(&row.op))
            .map(|row| row.name)
            .collect();
        // The calls trap; the others are left out.
        assert_eq!(never, ["ecall", "ebreak", "amocas_q", "wrs_nto", "c_ebreak"]);
        assert_eq!(seen.modes.len(), 5, "{:?}", seen.modes);
        use Exception::{
            HardwareError, InstAddrMisaligned, LoadAddrMisaligned, SoftwareCheck, StoreAddrMisaligned,
        };
        let unraised =
            [InstAddrMisaligned, LoadAddrMisaligned, StoreAddrMisaligned, SoftwareCheck, HardwareError];
        for exception in Exception::ALL {
            let raised = seen.traps.iter().any(|(_, cause, _)| *cause == Cause::Exception(exception));
            assert_eq!(raised, !unraised.contains(&exception), "{}", exception.name());
        }
        for pseudoinstruction in [isa::tinst::READ_RV64, isa::tinst::WRITE_RV64] {
            assert!(seen.tinsts.contains(&pseudoinstruction), "no {pseudoinstruction:#x}");
        }
        for to in [Mode::M, Mode::HS, Mode::VS] {
            let interrupted =
                |(_, cause, mode): &(_, _, _)| matches!(cause, Cause::Interrupt(_)) && *mode == to;
            assert!(seen.traps.iter().any(interrupted), "no interrupt to {to}");
        }
    }
}
