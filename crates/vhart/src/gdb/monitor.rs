//! `monitor` commands: what the protocol has no packet for.

use gdbstub::outputln;
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd};

use super::target::Debuggee;

impl MonitorCmd for Debuggee<'_> {
    fn handle_monitor_cmd(&mut self, cmd: &[u8], mut out: ConsoleOutput<'_>) -> Result<(), platform::Error> {
        match cmd {
            b"harts" => {
                for hart in (0..self.machine.harts()).filter_map(|id| self.machine.hart(id)) {
                    let waits = if hart.is_waiting() { ", waits for an interrupt" } else { "" };
                    let (id, mode, pc, retired) = (hart.id(), hart.mode(), hart.pc(), hart.retired());
                    outputln!(
                        out,
                        "hart {id}: {mode}-mode, pc {pc:#x}, {retired} instructions retired{waits}"
                    );
                }
            }
            b"reset" => {
                self.machine.reset()?;
                outputln!(out, "The machine is as at its start; `flushregs` makes GDB look again.");
            }
            _ => {
                outputln!(out, "monitor harts   mode, pc and instructions of each hart");
                outputln!(out, "monitor reset   starts the machine again, with fresh memory");
            }
        }
        Ok(())
    }
}
