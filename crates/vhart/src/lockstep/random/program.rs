//! A random program as the parts that it is made of, each of which can be left out.

use isa::Inst;
use isa::asm::{Asm, AsmError, Label};
use isa::csr;
use isa::paging::PAGE_SIZE;
use isa::reg::{FReg, Reg, T0, T1, ZERO};

use super::elf;
use super::frame;
use super::instruction::{NEXT, RESUME, Step};
use super::layout::{CODE, DATA, DATA_PAGES, TABLES, TOHOST, USER};
use super::tables::Tables;

/// A random program.
pub(crate) struct Program {
    /// What `menvcfg` always holds.
    pub menvcfg: u64,
    pub blocks: Vec<Block>,
    pub tables: Tables,
    /// The pages of data.
    pub data: Vec<Vec<u8>>,
}

/// What M-mode prepares, and what a mode then executes.
pub(crate) struct Block {
    pub settings: Vec<Setting>,
    pub body: Body,
}

/// A change of the machine's state, by M-mode.
pub(crate) enum Setting {
    /// CSRs and their values, which belong together.
    Csrs(Vec<(u16, u64)>),
    Register(Reg, u64),
    Float(FReg, u64),
    /// A page-table entry and where it lies.
    Pte(u64, u64),
    /// What parts of misaligned stores across pages may have left behind goes away.
    Scrub,
}

/// Instructions and the mode that executes them.
pub(crate) struct Body {
    /// What `mstatus` holds when MRET enters.
    pub mstatus: u64,
    /// Whether its addresses are those of user mode.
    pub is_user: bool,
    /// Whether `sepc` and `vsepc` hold its start.
    pub has_return: bool,
    /// The step with which a handler goes on once.
    pub resume: Option<usize>,
    pub steps: Vec<Step>,
}

/// What can be left out of a program, or made plain; blocks, and in them settings and steps, go by index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Part {
    Body(usize),
    Resume(usize),
    Setting(usize, usize),
    Step(usize, usize),
    /// All page tables; plain, they are zero.
    Tables,
    /// A page-table entry; plain, it permits everything.
    Leaf(usize),
    /// A page of data; plain, it is zero.
    Data(usize),
}

/// A program as memory holds it.
pub(crate) struct Image {
    pub code: Vec<u8>,
    /// What lies where in the code, in the order of the addresses.
    pub notes: Vec<(u64, String)>,
    rest: Vec<u8>,
}

impl Image {
    /// The program as an ELF.
    pub(crate) fn elf(&self) -> Vec<u8> {
        let mut bytes = self.code.clone();
        bytes.resize((TABLES - CODE) as usize, 0);
        bytes.extend(&self.rest);
        elf::elf(&bytes, &[("tohost", TOHOST), ("fromhost", TOHOST + 8)])
    }
}

impl Program {
    /// Everything that can be left out.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let in_block = |(b, block): (usize, &Block)| {
            let settings = (0..block.settings.len()).map(move |index| Part::Setting(b, index));
            let steps = (0..block.body.steps.len()).map(move |index| Part::Step(b, index));
            let resume = block.body.resume.map(|_| Part::Resume(b));
            settings.chain([Part::Body(b)]).chain(resume).chain(steps).collect::<Vec<_>>()
        };
        let leaves = (0..self.tables.leaves.len()).map(Part::Leaf);
        let data = (0..self.data.len()).map(Part::Data);
        self.blocks
            .iter()
            .enumerate()
            .flat_map(in_block)
            .chain([Part::Tables])
            .chain(leaves)
            .chain(data)
            .collect()
    }

    /// The program with the parts that `is_kept` names.
    ///
    /// # Errors
    /// What the assembler refuses.
    pub(crate) fn image(&self, is_kept: impl Fn(Part) -> bool) -> Result<Image, AsmError> {
        let mut a = Asm::new(CODE);
        let mut notes = Vec::new();
        frame::begin(&mut a, self.menvcfg, &mut notes);
        for (index, block) in self.blocks.iter().enumerate() {
            let kept = |at: &usize| is_kept(Part::Setting(index, *at));
            let settings: Vec<&Setting> =
                (0..block.settings.len()).filter(kept).map(|at| &block.settings[at]).collect();
            if !settings.is_empty() {
                frame::prepare(&mut a);
            }
            for setting in settings {
                notes.push((a.pc(), setting.to_string()));
                setting.add(&mut a);
            }
            if is_kept(Part::Body(index)) {
                notes.push((a.pc(), format!("block {index}: {}", block.body)));
                let resume = block.body.resume.filter(|_| is_kept(Part::Resume(index)));
                block.body.add(&mut a, resume, |step| is_kept(Part::Step(index, step)));
            }
        }
        notes.push((a.pc(), "the end".to_owned()));
        frame::end(&mut a);
        let mut rest = self.tables.image(|index| is_kept(Part::Leaf(index)));
        if !is_kept(Part::Tables) {
            rest.fill(0);
        }
        for (index, page) in self.data.iter().enumerate() {
            if is_kept(Part::Data(index)) {
                rest.extend(page);
            } else {
                rest.resize(rest.len() + page.len(), 0);
            }
        }
        // tohost and fromhost.
        rest.extend([0; 16]);
        Ok(Image { code: a.finish()?, notes, rest })
    }
}

impl Setting {
    fn add(&self, a: &mut Asm) {
        match self {
            Setting::Csrs(csrs) => {
                for (number, value) in csrs {
                    a.li(T0, *value).csrw(*number, T0);
                }
            }
            Setting::Register(register, value) => {
                a.li(*register, *value);
            }
            Setting::Float(register, value) => {
                a.li(T0, *value).fmv_d_x(*register, T0);
            }
            Setting::Pte(at, pte) => {
                a.li(T0, *at).li(T1, *pte).sd(T1, 0, T0);
            }
            Setting::Scrub => {
                a.li(T0, DATA).li(T1, PAGE_SIZE);
                for _ in 0..DATA_PAGES {
                    a.add(T0, T0, T1).sd(ZERO, -8, T0);
                }
            }
        }
    }
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Setting::Csrs(csrs) => {
                for (index, (number, value)) in csrs.iter().enumerate() {
                    let name = csr::name(*number).unwrap_or_default();
                    write!(f, "{}{name} = {value:#x}", if index == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Setting::Register(register, value) => write!(f, "{register} = {value:#x}"),
            Setting::Float(register, value) => write!(f, "{register} = {value:#x}"),
            Setting::Pte(at, pte) => write!(f, "page-table entry at {at:#x} = {pte:#x}"),
            Setting::Scrub => write!(f, "the ends of the data pages = 0"),
        }
    }
}

impl Body {
    /// Enters the mode, executes the steps that are kept and calls the mode above.
    fn add(&self, a: &mut Asm, resume: Option<usize>, is_kept: impl Fn(usize) -> bool) {
        let [block, resumed, next] = [(); 3].map(|()| a.label());
        let offset = if self.is_user { USER } else { 0 };
        let address = |a: &mut Asm, register: Reg, label: Label| {
            a.la(register, label);
            if self.is_user {
                a.li(T1, offset).add(register, register, T1);
            }
        };
        a.la(NEXT, next);
        match resume {
            Some(_) => address(a, RESUME, resumed),
            None => {
                a.mv(RESUME, ZERO);
            }
        }
        address(a, T0, block);
        a.csrw(csr::mepc::NUMBER, T0);
        if self.has_return {
            a.csrw(csr::sepc::NUMBER, T0).csrw(csr::vsepc::NUMBER, T0);
        }
        a.li(T0, self.mstatus).csrw(csr::mstatus::NUMBER, T0);
        a.sfence_vma(ZERO, ZERO).hfence_vvma(ZERO, ZERO).hfence_gvma(ZERO, ZERO).mret();
        a.place(block);
        let len = |index: usize| if is_kept(index) { self.steps[index].len() } else { 0 };
        for (index, step) in self.steps.iter().enumerate() {
            if resume == Some(index) {
                a.place(resumed);
            }
            match step {
                _ if !is_kept(index) => {}
                Step::Bytes(bytes) => {
                    a.bytes(bytes);
                }
                Step::Near(inst, skipped) => {
                    // A compressed branch may not reach as far.
                    let reach = |skipped: usize| {
                        let distance: u64 = (index..self.steps.len()).take(1 + skipped).map(len).sum();
                        Inst { imm: distance as i32, ..*inst }
                    };
                    let holds = |inst: &Inst| inst.op.row().format.holds(inst);
                    a.inst((1..=*skipped).rev().map(reach).find(holds).unwrap_or_else(|| reach(0)));
                }
            }
        }
        a.ecall();
        a.place(next);
    }
}

impl std::fmt::Display for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let privilege = csr::mstatus::MPP.get(self.mstatus);
        let mode = match (csr::mstatus::MPV.get(self.mstatus), privilege) {
            (_, 3) => "M",
            (0, 1) => "HS",
            (0, _) => "U",
            (_, 1) => "VS",
            (_, _) => "VU",
        };
        write!(f, "{mode}-mode, mstatus = {:#x}", self.mstatus)
    }
}
