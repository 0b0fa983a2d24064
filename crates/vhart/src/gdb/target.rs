//! What the debugger can do with the machine, as a table of contents of the files beside this one.

use gdbstub::common::Tid;
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::breakpoints::{
    Breakpoints as BreakpointSupport, BreakpointsOps, HwBreakpoint, HwBreakpointOps, HwWatchpoint,
    HwWatchpointOps, SwBreakpoint, SwBreakpointOps, WatchKind,
};
use gdbstub::target::ext::monitor_cmd::MonitorCmdOps;
use gdbstub::target::ext::target_description_xml_override::{
    TargetDescriptionXmlOverride, TargetDescriptionXmlOverrideOps,
};
use gdbstub::target::ext::thread_extra_info::ThreadExtraInfo;
use gdbstub::target::{Target, TargetError, TargetResult};
use gdbstub_arch::riscv::Riscv64;
use iss::Hart;
use platform::{Machine, MachineStop, Until};

use super::breakpoints::Breakpoints;
use super::resume::Actions;
use super::xml;
use crate::watch::Watch;

/// The machine in the debugger's hands.
pub(super) struct Debuggee<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) watch: &'a mut Watch,
    /// The limits that the command line sets.
    pub(super) until: Until,
    /// What the harts are to do when the machine goes on.
    pub(super) actions: Actions,
    /// Why the machine has stopped for good.
    pub(super) ended: Option<MachineStop>,
    xml: String,
}

/// The hart of a thread; threads count from 1.
pub(super) fn hart_of(tid: Tid) -> usize {
    tid.get() - 1
}

/// The thread of a hart.
pub(super) fn thread_of(hart: usize) -> Tid {
    Tid::MIN.saturating_add(hart)
}

/// The host's error number for an address without memory.
pub(super) const EFAULT: u8 = libc::EFAULT as u8;
/// The host's error number for a value or a name that cannot be.
pub(super) const EINVAL: u8 = libc::EINVAL as u8;

impl<'a> Debuggee<'a> {
    pub(super) fn new(machine: &'a mut Machine, watch: &'a mut Watch, until: Until) -> Debuggee<'a> {
        let xml = machine.hart(0).map(xml::describe).unwrap_or_default();
        Debuggee { machine, watch, until, actions: Actions::default(), ended: None, xml }
    }

    pub(super) fn hart(&self, tid: Tid) -> TargetResult<&Hart, Self> {
        self.machine.hart(hart_of(tid)).ok_or(TargetError::Errno(EINVAL))
    }

    pub(super) fn hart_mut(&mut self, tid: Tid) -> TargetResult<&mut Hart, Self> {
        self.machine.hart_mut(hart_of(tid)).ok_or(TargetError::Errno(EINVAL))
    }

    pub(super) fn breakpoints(&mut self) -> &mut Breakpoints {
        self.watch.breakpoints.get_or_insert_default()
    }
}

impl Target for Debuggee<'_> {
    type Arch = Riscv64;
    type Error = platform::Error;

    fn base_ops(&mut self) -> BaseOps<'_, Riscv64, platform::Error> {
        BaseOps::MultiThread(self)
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_target_description_xml_override(
        &mut self,
    ) -> Option<TargetDescriptionXmlOverrideOps<'_, Self>> {
        Some(self)
    }

    fn support_monitor_cmd(&mut self) -> Option<MonitorCmdOps<'_, Self>> {
        Some(self)
    }
}

impl BreakpointSupport for Debuggee<'_> {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_breakpoint(&mut self) -> Option<HwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_watchpoint(&mut self) -> Option<HwWatchpointOps<'_, Self>> {
        Some(self)
    }
}

impl SwBreakpoint for Debuggee<'_> {
    fn add_sw_breakpoint(&mut self, va: u64, _kind: usize) -> TargetResult<bool, Self> {
        self.breakpoints().software.insert(va);
        Ok(true)
    }

    fn remove_sw_breakpoint(&mut self, va: u64, _kind: usize) -> TargetResult<bool, Self> {
        Ok(self.breakpoints().software.remove(&va))
    }
}

impl HwBreakpoint for Debuggee<'_> {
    fn add_hw_breakpoint(&mut self, va: u64, _kind: usize) -> TargetResult<bool, Self> {
        self.breakpoints().hardware.insert(va);
        Ok(true)
    }

    fn remove_hw_breakpoint(&mut self, va: u64, _kind: usize) -> TargetResult<bool, Self> {
        Ok(self.breakpoints().hardware.remove(&va))
    }
}

impl HwWatchpoint for Debuggee<'_> {
    fn add_hw_watchpoint(&mut self, va: u64, len: u64, kind: WatchKind) -> TargetResult<bool, Self> {
        Ok(self.breakpoints().watch(va, len, kind))
    }

    fn remove_hw_watchpoint(&mut self, va: u64, len: u64, kind: WatchKind) -> TargetResult<bool, Self> {
        Ok(self.breakpoints().unwatch(va, len, kind))
    }
}

impl TargetDescriptionXmlOverride for Debuggee<'_> {
    fn target_description_xml(
        &self,
        annex: &[u8],
        offset: u64,
        length: usize,
        buf: &mut [u8],
    ) -> TargetResult<usize, Self> {
        if annex != b"target.xml" {
            return Err(TargetError::Errno(EINVAL));
        }
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.xml.as_bytes().get(from..).unwrap_or_default();
        let len = rest.len().min(length).min(buf.len());
        buf[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}

impl ThreadExtraInfo for Debuggee<'_> {
    fn thread_extra_info(&self, tid: Tid, buf: &mut [u8]) -> Result<usize, platform::Error> {
        let text = self.machine.hart(hart_of(tid)).map(|hart| format!("hart {}, {}", hart.id(), hart.mode()));
        let text = text.unwrap_or_default();
        let len = text.len().min(buf.len());
        buf[..len].copy_from_slice(&text.as_bytes()[..len]);
        Ok(len)
    }
}
