//! `--gdb`: the machine as a remote target of GDB, one thread per hart.
//!
//! GDB manual, "GDB Remote Serial Protocol". A detached or lost debugger leaves the machine running, and
//! another may attach.

mod breakpoints;
mod memory;
mod monitor;
mod registers;
mod resume;
mod target;
mod xml;

pub(crate) use breakpoints::Breakpoints;

use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use gdbstub::common::Signal;
use gdbstub::conn::ConnectionExt;
use gdbstub::stub::state_machine::GdbStubStateMachine;
use gdbstub::stub::{DisconnectReason, GdbStub, MultiThreadStopReason};
use platform::{Machine, MachineStop, Until};

use crate::session;
use crate::watch::Watch;
use target::Debuggee;

/// How long the machine runs between two looks at the socket, and the socket waits between two looks at
/// the keyboard.
const SLICE: Duration = Duration::from_millis(20);

/// Runs `machine` with debuggers attaching at `address`, until it has a reason to stop.
///
/// With `paused`, it waits for the first of them. `leave` is set when the user wants to leave.
///
/// # Errors
/// An address that cannot be listened at.
pub(crate) fn run(
    machine: &mut Machine,
    watch: &mut Watch,
    until: Until,
    (address, paused): (&str, bool),
    leave: &AtomicBool,
) -> anyhow::Result<MachineStop> {
    let cannot = || format!("cannot wait for a debugger at {address}");
    let listener = TcpListener::bind(address).with_context(cannot)?;
    listener.set_nonblocking(true).with_context(cannot)?;
    session::say(format_args!("waiting for a debugger at {}", listener.local_addr()?));
    let mut wait = paused;
    loop {
        let connection = match listener.accept() {
            Ok((connection, _)) => connection,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if leave.load(Ordering::Relaxed) {
                    return Ok(MachineStop::Interrupted);
                }
                if until.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                    return Ok(MachineStop::Timeout);
                }
                if wait {
                    std::thread::sleep(SLICE);
                } else if let Some(stop) = slice(machine, watch, until)? {
                    return Ok(stop);
                }
                continue;
            }
            Err(error) => return Err(error).with_context(cannot),
        };
        match debug(machine, watch, until, connection, leave) {
            Ok(Some(stop)) => return Ok(stop),
            Ok(None) => wait = false,
            Err(error) => {
                session::say(format_args!("the debugger is gone ({error:#}); waiting for another"));
                wait = true;
            }
        }
        watch.breakpoints = None;
    }
}

/// Runs without a debugger for a short while; `None` when there is no reason to stop.
fn slice(machine: &mut Machine, watch: &mut Watch, until: Until) -> anyhow::Result<Option<MachineStop>> {
    let now = Instant::now();
    let end = until.deadline.map_or(now + SLICE, |deadline| deadline.min(now + SLICE));
    let stop = machine.run(Until { deadline: Some(end), ..until }, watch.observer());
    Ok(match stop {
        MachineStop::Timeout if until.deadline.is_none_or(|deadline| end < deadline) => None,
        MachineStop::Reset => {
            machine.reset()?;
            None
        }
        stop => Some(stop),
    })
}

/// One debugger's session; `None` when it has detached and the machine goes on.
fn debug(
    machine: &mut Machine,
    watch: &mut Watch,
    until: Until,
    connection: TcpStream,
    leave: &AtomicBool,
) -> anyhow::Result<Option<MachineStop>> {
    connection.set_read_timeout(Some(SLICE))?;
    watch.breakpoints = Some(Breakpoints::default());
    let mut target = Debuggee::new(machine, watch, until);
    let mut gdb = GdbStub::new(connection).run_state_machine(&mut target)?;
    loop {
        gdb = match gdb {
            GdbStubStateMachine::Idle(mut gdb) => match next_byte(gdb.borrow_conn(), leave)? {
                Some(byte) => gdb.incoming_data(&mut target, byte)?,
                None => return Ok(Some(MachineStop::Interrupted)),
            },
            GdbStubStateMachine::Running(mut gdb) => {
                if gdb.borrow_conn().peek()?.is_some() {
                    let byte = gdb.borrow_conn().read()?;
                    gdb.incoming_data(&mut target, byte)?
                } else if let Some(reason) = target.run(SLICE)? {
                    gdb.report_stop(&mut target, reason)?
                } else {
                    GdbStubStateMachine::Running(gdb)
                }
            }
            GdbStubStateMachine::CtrlCInterrupt(gdb) => {
                gdb.interrupt_handled(&mut target, Some(MultiThreadStopReason::Signal(Signal::SIGINT)))?
            }
            GdbStubStateMachine::Disconnected(gdb) => {
                return Ok(match gdb.get_reason() {
                    DisconnectReason::Disconnect => None,
                    DisconnectReason::Kill => Some(MachineStop::Interrupted),
                    DisconnectReason::TargetExited(_) | DisconnectReason::TargetTerminated(_) => target.ended,
                });
            }
        }
    }
}

/// Waits for the debugger's next byte; `None` when the user wants to leave.
fn next_byte(connection: &mut TcpStream, leave: &AtomicBool) -> io::Result<Option<u8>> {
    connection.set_nonblocking(false)?;
    while !leave.load(Ordering::Relaxed) {
        match connection.read() {
            Ok(byte) => return Ok(Some(byte)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
