//! vhart: a full-system RISC-V simulator for the hypervisor extension, as a command.
//!
//! One module is one command or one thing that a command does: [`run`], [`test`], [`conform`], [`demo`],
//! [`lockstep`] and [`engines`] are what the user asks for; [`session`] is a run of the machine with everything around it.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

mod args;
mod conform;
mod demo;
mod engines;
mod lockstep;
mod profile;
mod run;
mod test;
mod vm;

mod images;
mod session;
mod snapshot;
mod status;
mod terminal;

mod commit_log;
mod gdb;
mod stats;
mod switch_trace;
mod watch;

mod cpu;
mod devices;
mod size;

use args::Command;

fn main() -> ExitCode {
    let (command, level) = args::parse();
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .without_time()
        .init();
    let result = match command {
        Command::Run(args) => run::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Conform(args) => conform::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Vm(args) => vm::run(&args),
        Command::Lockstep(args) => lockstep::run(&args),
        Command::DiffEngines(args) => engines::run(&args),
        Command::Completions { shell } => print(&args::completions(shell)),
    };
    result.unwrap_or_else(|error| {
        session::say(format_args!("{error:#}"));
        ExitCode::from(status::FAILURE)
    })
}

fn print(text: &[u8]) -> anyhow::Result<ExitCode> {
    io::stdout().write_all(text)?;
    Ok(ExitCode::SUCCESS)
}
