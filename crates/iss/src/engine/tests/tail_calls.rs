//! Handlers end in jumps. That a call in tail position becomes one is an optimization, which the host's stack would
//! not survive the absence of.

use isa::asm::prelude::*;

use super::{BASE, Machine};
use crate::observe::Observer;

/// A loop of calls, branches, loads, stores and what the reference interpreter executes; t0 counts the inner rounds,
/// of at most 20 instructions.
fn program(a: &mut Asm) {
    let (outer, inner, function, even) = (a.label(), a.label(), a.label(), a.label());
    a.li(S0, BASE + 0x8000);
    a.place(outer);
    a.li(S1, 20);
    a.place(inner);
    a.ld(T0, 0, S0).addi(T0, T0, 1).sd(T0, 0, S0).andi(T1, T0, 1).beqz(T1, even);
    a.sh(T0, 16, S0).xor(T2, T2, T0).amoadd_w(ZERO, T1, S0, Order::Plain);
    a.place(even);
    a.call(function).addi(S1, S1, -1).bnez(S1, inner);
    // The following are slow: a misaligned access, and a CSR.
    a.lw(T3, 1, S0).csrr(T4, csr::misa::NUMBER).j(outer);
    a.align(0x1000);
    a.place(function);
    a.lbu(T5, 3, S0).mul(T5, T5, T0).ret();
}

/// Executes so many instructions of [`program`] on a stack of 256 KiB.
fn run_on_small_stack(steps: u64, observer: Option<Everything>) {
    let run = move || {
        let mut machine = Machine::new(program);
        let mut observer = observer;
        let observer = observer.as_mut().map(|observer| observer as &mut dyn Observer);
        machine.hart.run(&mut machine.bus, steps, observer);
        machine.hart.x(T0.into())
    };
    let small = std::thread::Builder::new().stack_size(256 << 10).spawn(run).expect("the thread starts");
    assert!(small.join().expect("the thread ends") > steps / 20);
}

/// An observer that is told everything.
struct Everything;

impl Observer for Everything {}

#[test]
fn a_hundred_million_instructions_need_a_small_stack() {
    run_on_small_stack(if cfg!(engine_loop) { 1_000_000 } else { 100_000_000 }, None);
}

#[test]
fn observed_instructions_need_a_small_stack() {
    run_on_small_stack(1_000_000, Some(Everything));
}

#[test]
fn handlers_end_in_jumps() {
    #[cfg(all(target_arch = "x86_64", target_os = "linux", not(engine_loop)))]
    match code::Program::of_this_test(&code::handlers()) {
        Ok(program) => program.check(),
        Err(reason) => println!("not run: {reason}"),
    }
    #[cfg(engine_loop)]
    println!("not run: without optimization handlers return to a loop");
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
    println!("not run: needs the code of an x86-64 processor in an ELF file");
}

/// The code of handlers.
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(engine_loop)))]
mod code {
    use std::collections::{BTreeMap, BTreeSet};

    use goblin::elf::Elf;
    use goblin::elf::sym::STT_FUNC;
    use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, OpKind};
    use isa::format::Format;
    use isa::{Inst, csr, inst};

    use crate::engine::fuse;
    use crate::engine::handler::{control, last, slow};
    use crate::engine::op::Handler;
    use crate::engine::select::{self, Form, Sources};
    use crate::variant::Variant;

    /// The handlers of every instruction in every form, and of pairs, by address, with what they are for.
    pub(super) fn handlers() -> BTreeMap<u64, String> {
        let mut handlers = BTreeMap::new();
        let mut add = |handler: Handler, name: &str| {
            handlers.entry(handler as *const () as u64).or_insert_with(|| name.to_string());
        };
        let extensions = Variant::default().extensions;
        for row in inst::ROWS.iter().filter(|row| row.len == 4) {
            for inst in variations(row.op, row.format) {
                let name = inst.to_string();
                for parallel in [false, true] {
                    match select::form(&inst, extensions, parallel) {
                        Form::Writes(of) | Form::Keeps(of) => {
                            for (first, second) in
                                [(false, false), (false, true), (true, false), (true, true)]
                            {
                                add(of(Sources { first, second }), &name);
                            }
                        }
                        Form::WritesFloat(handler) => add(handler, &name),
                        Form::Slow => {}
                    }
                }
            }
        }
        for handler in fuse::handlers() {
            add(handler, "a pair");
        }
        add(last::<control::GoOn>, "going on after a block");
        add(control::link, "a link");
        add(control::leave_page, "a link to another page");
        add(slow::slow, "the slow path");
        add(slow::observed, "an instruction that is observed");
        handlers
    }

    /// The instruction with operands that make a difference to which handler it has.
    fn variations(op: isa::Op, format: Format) -> Vec<Inst> {
        let numbers: Vec<i32> = match format {
            Format::Csr => csr::ROWS.iter().map(|row| row.number.into()).collect(),
            // None, and all: `fence rw,rw` and those that are more or less.
            Format::Fence => vec![0, 0x33],
            _ => vec![0],
        };
        let of = |imm: i32| {
            (0..8).flat_map(move |rm| [0, 5].map(|rs1| Inst { rd: 6, rs1, rs2: 7, rm, imm, ..Inst::new(op) }))
        };
        numbers.into_iter().flat_map(of).collect()
    }

    /// A function: its name, where it is and its instructions.
    struct Function {
        name: String,
        addresses: std::ops::Range<u64>,
        instructions: Vec<Instruction>,
    }

    /// The functions of this program.
    pub(super) struct Program {
        handlers: BTreeMap<u64, String>,
        /// By address: name and size.
        functions: BTreeMap<u64, (String, u64)>,
    }

    impl Program {
        /// The functions as they are loaded; an error where the program does not say where they are.
        pub(super) fn of_this_test(handlers: &BTreeMap<u64, String>) -> Result<Program, String> {
            let path = std::env::current_exe().map_err(|error| error.to_string())?;
            let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
            let elf = Elf::parse(&bytes).map_err(|error| error.to_string())?;
            let symbols = || elf.syms.iter().filter(|sym| sym.st_type() == STT_FUNC && sym.st_size > 0);
            let values: BTreeSet<u64> = symbols().map(|sym| sym.st_value).collect();
            // The program may have been loaded anywhere: at that distance at which every handler is a function.
            let first = *handlers.keys().next().ok_or("there are no handlers")?;
            let distance = values
                .iter()
                .map(|value| first.wrapping_sub(*value))
                .find(|distance| {
                    distance % 0x1000 == 0
                        && handlers.keys().all(|at| values.contains(&at.wrapping_sub(*distance)))
                })
                .ok_or("the test program has no symbols")?;
            let functions = symbols()
                .map(|sym| {
                    let name = elf.strtab.get_at(sym.st_name).unwrap_or_default().to_string();
                    (sym.st_value.wrapping_add(distance), (name, sym.st_size))
                })
                .collect();
            Ok(Program { handlers: handlers.clone(), functions })
        }

        /// The function at this address.
        fn function(&self, at: u64) -> Option<Function> {
            let (name, size) = self.functions.get(&at)?;
            // SAFETY: so many bytes of the program's code are there, which nobody changes.
            let bytes = unsafe { std::slice::from_raw_parts(at as *const u8, *size as usize) };
            let decoder = Decoder::with_ip(64, bytes, at, DecoderOptions::NONE);
            Some(Function {
                name: name.clone(),
                addresses: at..at + size,
                instructions: decoder.into_iter().collect(),
            })
        }

        /// Looks at every handler, and at every function that handlers jump to.
        pub(super) fn check(&self) {
            let mut wrong = Vec::new();
            let mut seen: BTreeSet<u64> = self.handlers.keys().copied().collect();
            let mut left: Vec<u64> = seen.iter().copied().collect();
            // This one looks for what is there instead, and jumps to another function.
            left.push(control::dropped as *const () as u64);
            let mut functions = Vec::new();
            while let Some(at) = left.pop() {
                let Some(function) = self.function(at) else { continue };
                left.extend(function.jumps().filter(|to| seen.insert(*to)));
                functions.push(function);
            }
            for function in &functions {
                let start = function.addresses.start;
                let what = match self.handlers.get(&start) {
                    Some(name) => format!("{name} ({})", function.name),
                    None => function.name.clone(),
                };
                if function.calls().any(|to| seen.contains(&to)) {
                    wrong.push(format!("{what} calls a handler"));
                }
                if function.has(FlowControl::IndirectCall) {
                    wrong.push(format!("{what} calls what an op names"));
                }
                if self.handlers.contains_key(&start) && !self.jumps_on(function) {
                    wrong.push(format!("{what} does not jump to what an op names"));
                }
            }
            assert!(wrong.is_empty(), "{} of {}: {}", wrong.len(), functions.len(), wrong.join("\n"));
            assert!(functions.len() > 1000, "there are more handlers than {}", functions.len());
        }

        /// Whether a handler jumps to what an op names, or is no more than a jump to one that does.
        fn jumps_on(&self, function: &Function) -> bool {
            let only = match &function.instructions[..] {
                [jump, rest @ ..]
                    if rest.iter().all(|i| i.is_invalid() || i.code() == iced_x86::Code::Int3) =>
                {
                    Some(jump.near_branch_target())
                }
                _ => None,
            };
            function.has(FlowControl::IndirectBranch)
                || only.and_then(|to| self.function(to)).is_some_and(|other| self.jumps_on(&other))
        }
    }

    impl Function {
        /// Whether there is an instruction that goes on at an address from memory or a register, apart from
        /// those of functions of other libraries.
        fn has(&self, flow: FlowControl) -> bool {
            self.instructions.iter().any(|i| i.flow_control() == flow && !i.is_ip_rel_memory_operand())
        }

        /// Where it goes by instructions of one kind or the other, outside of itself.
        fn targets(&self, kinds: &'static [FlowControl]) -> impl Iterator<Item = u64> {
            self.instructions.iter().filter(|i| kinds.contains(&i.flow_control())).filter_map(|i| {
                let is_near = matches!(i.op0_kind(), OpKind::NearBranch64);
                let target = if is_near {
                    i.near_branch_target()
                } else if i.is_ip_rel_memory_operand() {
                    // SAFETY: it is where the program itself finds an address.
                    unsafe { *(i.ip_rel_memory_address() as *const u64) }
                } else {
                    return None;
                };
                (!self.addresses.contains(&target)).then_some(target)
            })
        }

        fn jumps(&self) -> impl Iterator<Item = u64> {
            use FlowControl::{ConditionalBranch, IndirectBranch, UnconditionalBranch};
            self.targets(&[ConditionalBranch, IndirectBranch, UnconditionalBranch])
        }

        fn calls(&self) -> impl Iterator<Item = u64> {
            self.targets(&[FlowControl::Call, FlowControl::IndirectCall])
        }
    }
}
