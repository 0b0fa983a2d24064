//! Functions: steps, branches over some of them, counted loops, and calls to functions of the next level.

use isa::asm::{Asm, AsmError, Label};
use isa::ext::ExtSet;
use isa::reg::{A0, A1, A2, A3, A4, A5, RA, Reg, S4, S5, S6, SP, T0, T1, T3, T4, ZERO};

use super::layout::{ALIAS, LARGE_ALIAS};
use super::step;
use crate::lockstep::random::Rng;

/// Functions of each level; those of the last call no others.
const LEVELS: [usize; 3] = [3, 5, 8];

/// How often loops are executed at most, by level.
const TURNS: [u64; 3] = [2, 3, 30];

/// Counters of loops, from the outside.
const COUNTERS: [Reg; 2] = [S4, S5];

/// Registers that branches compare.
const COMPARED: [Reg; 8] = [A0, A1, A2, A3, A4, A5, T3, T4];

/// A program under construction.
pub(super) struct Writer {
    pub(super) a: Asm,
    pub(super) rng: Rng,
    pub(super) extensions: ExtSet,
    /// The functions, by level.
    functions: Vec<Vec<Label>>,
    /// Instructions that others replace; those at the end of the list are yet to be placed.
    pub(super) sites: Vec<Label>,
    pub(super) placed_sites: usize,
    /// Data between functions.
    pub(super) literals: Vec<Label>,
}

impl Writer {
    pub(super) fn new(mut a: Asm, rng: Rng, extensions: ExtSet) -> Writer {
        let functions = LEVELS.map(|count| (0..count).map(|_| a.label()).collect()).into();
        let sites = (0..24).map(|_| a.label()).collect();
        let literals = (0..4).map(|_| a.label()).collect();
        Writer { a, rng, extensions, functions, sites, placed_sites: 0, literals }
    }

    /// The functions that phases call.
    pub(super) fn first_level(&self) -> &[Label] {
        &self.functions[0]
    }

    /// Adds the functions in random order, with gaps between them, and the data among them.
    pub(super) fn functions(&mut self) {
        let mut all: Vec<(usize, Label)> = Vec::new();
        for (level, functions) in self.functions.iter().enumerate() {
            all.extend(functions.iter().map(|function| (level, *function)));
        }
        for literal in self.literals.clone() {
            for _ in 0..all.len().div_ceil(4).min(4) {
                let (level, function) = all.swap_remove(self.rng.below(all.len() as u64) as usize);
                self.function(level, function);
            }
            self.a.place(literal);
            for _ in 0..8 {
                let value = self.rng.value();
                self.a.dword(value);
            }
            let gap = 2 * self.rng.below(1500) as usize;
            self.a.space(gap);
        }
        for (level, function) in all {
            self.function(level, function);
        }
        // Some sites have found no place in a function.
        while step::site(self) {}
    }

    fn function(&mut self, level: usize, label: Label) {
        let a = &mut self.a;
        a.place(label);
        a.addi(SP, SP, -32).sd(RA, 0, SP).sd(S4, 8, SP).sd(S5, 16, SP);
        let count = 6 + self.rng.below(18);
        self.block(level, 0, count);
        self.a.ld(RA, 0, SP).ld(S4, 8, SP).ld(S5, 16, SP).addi(SP, SP, 32).ret();
    }

    /// Adds `count` steps, loops and calls, of which branches pass over some.
    fn block(&mut self, level: usize, depth: usize, count: u64) {
        let mut ahead: Vec<(Label, u64)> = Vec::new();
        for _ in 0..count {
            match self.rng.below(16) {
                0 | 1 if depth < COUNTERS.len() => self.counted(level, depth),
                2 | 3 if level + 1 < LEVELS.len() => self.call(level + 1),
                4 | 5 => {
                    let label = self.branch();
                    ahead.push((label, self.rng.below(4)));
                }
                _ => step::step(self),
            }
            ahead.retain_mut(|(label, left)| {
                if *left == 0 {
                    self.a.place(*label);
                }
                left.checked_sub(1).map(|less| *left = less).is_some()
            });
        }
        for (label, _) in ahead {
            self.a.place(label);
        }
    }

    /// A loop with a counter.
    fn counted(&mut self, level: usize, depth: usize) {
        let counter = COUNTERS[depth];
        let turns = 1 + self.rng.below(if depth == 0 { TURNS[level] } else { 4 });
        self.a.li(counter, turns);
        let again = self.a.here();
        let count = 1 + self.rng.below(8);
        self.block(level, depth + 1, count);
        match self.rng.below(3) {
            0 => drop(self.a.addi(counter, counter, -1).bnez(counter, again)),
            1 => drop(self.a.c_addi(counter, -1).blt(ZERO, counter, again)),
            _ => {
                let out = self.a.label();
                self.a.addiw(counter, counter, -1).beqz(counter, out).j(again);
                self.a.place(out);
            }
        }
    }

    /// A call of a function of this level: directly, through a register, or by the function's other address.
    fn call(&mut self, level: usize) {
        let target = self.rng.pick(&self.functions[level].clone());
        let alias = self.rng.pick(&[ALIAS, ALIAS, LARGE_ALIAS]);
        let a = &mut self.a;
        match self.rng.below(4) {
            0 => a.jal(RA, target),
            1 => a.call(target),
            2 => a.la(T0, target).jalr(RA, 0, T0),
            _ => a.la(T0, target).li(T1, alias).xor(T0, T0, T1).jalr(RA, 0, T0),
        };
    }

    /// A branch or jump to a label that is yet to be placed.
    fn branch(&mut self) -> Label {
        let rng = &mut self.rng;
        let (x, y) = (rng.pick(&COMPARED), rng.pick(&[ZERO, A0, A1, A2, A3, S6]));
        let a = &mut self.a;
        let label = a.label();
        match rng.below(8) {
            0 => a.beq(x, y, label),
            1 => a.bne(x, y, label),
            2 => a.blt(x, y, label),
            3 => a.bge(x, y, label),
            4 => a.bltu(x, y, label),
            5 => a.bgeu(x, y, label),
            6 => a.slt(T0, x, y).bnez(T0, label),
            _ => a.la(T0, label).jr(T0),
        };
        label
    }

    /// The bytes of the program so far.
    pub(super) fn finish(self) -> Result<Vec<u8>, AsmError> {
        self.a.finish()
    }
}
