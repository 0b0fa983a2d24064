//! The command line: what can be asked for, with its help, in one table of flags per command.

use std::num::NonZeroU64;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use isa::paging::{SV39X4, SV48X4, SV57X4, Scheme};
use iss::Engine;
use platform::Clock;
use tracing_subscriber::filter::LevelFilter;

use crate::cpu::{self, Cpu};
use crate::devices;
use crate::lockstep::Ignored;
use crate::size;

/// Reads the command line, and how much is to be said; ends the process with status 2 and a message where it makes no sense.
pub(crate) fn parse() -> (Command, LevelFilter) {
    let mut matches = Vhart::command().get_matches();
    let given = matches.subcommand_matches("run").map(Given::of);
    let read = Vhart::from_arg_matches_mut(&mut matches);
    let Vhart { mut command, verbose } =
        read.unwrap_or_else(|error| error.format(&mut Vhart::command()).exit());
    if let (Command::Run(run), Some(given)) = (&mut command, given) {
        run.snapshot.given = given;
    }
    let checked = match &command {
        Command::Run(run) => {
            run.check().and_then(|()| run.schedule.check(&run.watch)).and_then(|()| run.check_snapshot())
        }
        Command::Demo(demo) => demo.schedule.check(&demo.watch),
        _ => Ok(()),
    };
    if let Err(message) = checked {
        Vhart::command().error(clap::error::ErrorKind::ArgumentConflict, message).exit();
    }
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    (command, level)
}

/// Runs RISC-V programs, firmware, hypervisors and their guests on a simulated machine.
///
/// The machine is QEMU's `virt`: harts of RV64GC with the hypervisor extension, main memory at
/// 0x80000000, a 16550 for a console.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES, arg_required_else_help = true, max_term_width = 100)]
struct Vhart {
    #[command(subcommand)]
    command: Command,
    /// Say more about what the devices do, to standard error; twice or three times for yet more
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

const EXAMPLES: &str = "\
Examples:
  vhart demo                              firmware, hypervisor and two guests, built in
  vhart run program.elf                   a bare-metal program, in M-mode from its entry
  vhart run --kernel Image --append console=ttyS0
                                          a kernel, started by the built-in firmware
  vhart run --smp 4 --memory 2G --bios fw_jump.elf --kernel Image
                                          the same on four harts with OpenSBI
  vhart run --kernel Image --append root=/dev/vda --drive disk.img
                                          with a disk
  vhart run --gdb :1234 --paused program.elf
                                          wait for `gdb-multiarch -ex 'target remote :1234'`
  vhart run --kernel Image --snapshot-at 1000000000 --save booted
                                          leave a snapshot on the way
  vhart run --load booted                 go on from there
  vhart vm --guest smp --smp 2 --trace exits
                                          the hypervisor as code of this computer, and a guest
  vhart test path/to/isa --filter rv64ui  a directory of test programs
  vhart conform                           the built-in conformance suite

Ctrl-A x leaves a running machine. The exit status is the guest's own; 124 says that a limit was
reached, 125 that vhart could not do what was asked, 2 that the command line made no sense.";

/// A command of vhart.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a program, or a kernel under firmware
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<RunArgs>),
    /// Run every test program below the paths and count those that pass
    Test(TestArgs),
    /// Run the built-in conformance suite, and say rule by rule what it shows
    #[command(after_help = CONFORM_EXAMPLES)]
    Conform(ConformArgs),
    /// Run the built-in hypervisor with two guests, and count its world switches
    Demo(Box<DemoArgs>),
    /// Run a guest on the built-in hypervisor, which runs as code of this computer
    #[command(after_help = VM_EXAMPLES)]
    Vm(VmArgs),
    /// Run a program and another simulator side by side, and stop at the first difference
    #[command(after_help = LOCKSTEP_EXAMPLES)]
    Lockstep(Box<LockstepArgs>),
    /// Run programs on the fast engine and on the reference interpreter, and stop at the first difference
    #[command(after_help = DIFF_EXAMPLES)]
    DiffEngines(Box<DiffArgs>),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

const VM_EXAMPLES: &str = "\
Examples:
  vhart vm --guest smp --smp 4            four virtual CPUs in turn on one hart
  vhart vm --guest pages --trace exits    a line for each exit, as `vmm --trace` prints it on real KVM
  vhart vm --guest timer --cpu max,tinst=zero --gstage sv39x4
  rust-gdb --args vhart vm                and step through a world switch

The status is 3 if the guest says that it has failed, and 125 if it cannot go on.";

/// `vhart vm`.
#[derive(Args)]
pub(crate) struct VmArgs {
    /// hello, uart, timer, pages, smp, exits, or a file: an ELF or a flat image for guest physical address 0x80200000
    #[arg(long, value_name = "GUEST", default_value = "hello")]
    pub guest: String,
    /// The number of virtual CPUs; the guest starts on the first
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = harts)]
    pub smp: usize,
    /// The number of harts that they run on
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = harts)]
    pub harts: usize,
    /// What the harts have: BASE,KEY=VALUE,... or help
    #[arg(long, value_name = "SPEC", default_value = "max", value_parser = cpu::parse)]
    pub cpu: Cpu,
    /// How guest physical addresses are translated, in place of the widest way that the harts have
    #[arg(long, value_name = "MODE")]
    pub gstage: Option<GStageMode>,
    /// Write to standard error what leads out of the guest
    #[arg(long, value_name = "WHAT")]
    pub trace: Option<VmTrace>,
    /// Write to standard error how often the guest has been left, by cause
    #[arg(long)]
    pub stats: bool,
    /// Write to standard error what the hypervisor has done for the exits of each cause, on all harts
    #[arg(long)]
    pub ledger: bool,
    /// Print the registers of a virtual CPU, in place of running a guest
    #[arg(long)]
    pub one_reg: bool,
}

/// What `vhart vm --trace` writes.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum VmTrace {
    /// A line for each exit to the monitor
    Exits,
}

/// A way to translate guest physical addresses.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum GStageMode {
    /// Three levels
    Sv39x4,
    /// Four levels
    Sv48x4,
    /// Five levels
    Sv57x4,
}

impl GStageMode {
    /// The format of its tables.
    pub(crate) fn scheme(self) -> &'static Scheme {
        match self {
            GStageMode::Sv39x4 => &SV39X4,
            GStageMode::Sv48x4 => &SV48X4,
            GStageMode::Sv57x4 => &SV57X4,
        }
    }
}

const RUN_EXAMPLES: &str = "\
Without --kernel, FILE is an ELF that starts bare in M-mode. With --kernel, firmware starts first:
the built-in one, or what --bios says. Ctrl-A x leaves.";

/// `vhart run`.
#[derive(Args)]
pub(crate) struct RunArgs {
    /// A bare-metal ELF, started in M-mode at its entry
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub stages: StageArgs,
    #[command(flatten)]
    pub machine: MachineArgs,
    #[command(flatten)]
    pub devices: DeviceArgs,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub schedule: ScheduleArgs,
    #[command(flatten)]
    pub snapshot: SnapshotArgs,
    #[command(flatten)]
    pub watch: WatchArgs,
}

impl StageArgs {
    /// Whether there is something to start.
    pub(crate) fn is_given(&self) -> bool {
        self.kernel.is_some() || self.bios.is_some()
    }
}

impl RunArgs {
    /// What no single flag can tell: whether there is something to run.
    fn check(&self) -> Result<(), &'static str> {
        let nothing_to_load = self.machine.dump_dtb.is_some() || matches!(self.machine.cpu, Cpu::Help);
        match (&self.file, &self.stages.kernel, self.stages.bios.as_deref()) {
            (Some(_), Some(_), _) => Err("FILE runs alone in M-mode; give either FILE or --kernel"),
            (Some(_), None, Some("none") | None) | (None, Some(_), _) => Ok(()),
            (Some(_), None, Some(_)) => {
                Err("FILE runs without firmware; to start it by one, use --kernel FILE")
            }
            (None, None, Some("none")) => Err("--bios none needs --kernel FILE to start"),
            (None, None, Some(_)) => Ok(()),
            (None, None, None) if nothing_to_load || self.snapshot.load.is_some() => Ok(()),
            (None, None, None) => Err("nothing to run: give an ELF, or --kernel FILE (or try `vhart demo`)"),
        }
    }
}

impl RunArgs {
    /// What no single flag can tell: whether the run can leave a snapshot where it is to.
    fn check_snapshot(&self) -> Result<(), &'static str> {
        if self.schedule.parallel && self.snapshot.save.is_some() {
            return Err("harts that run at the same time cannot be saved: leave out --parallel, or --save");
        }
        let limit = self.machine.max_instructions.map_or(u64::MAX, NonZeroU64::get);
        if self.snapshot.snapshot_at.is_some_and(|at| at > limit) {
            return Err("--snapshot-at lies behind --max-instructions, where the run ends");
        }
        Ok(())
    }
}

/// Where a run begins, and what is kept of it.
///
/// Instructions are those of all harts together since the machine was switched on, also in a run that goes on from
/// a snapshot: what `--snapshot-at` and `--max-instructions` mean does not depend on where a run was cut.
#[derive(Args)]
pub(crate) struct SnapshotArgs {
    /// Go on from a snapshot, on either engine; it holds the machine and all that it was booted from
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["file", "bios", "kernel", "initrd", "append", "dtb", "dump_dtb"]
    )]
    pub load: Option<PathBuf>,
    /// Leave a snapshot where --snapshot-at says, or when --max-instructions, --timeout or Ctrl-A x ends the run
    #[arg(long, value_name = "FILE", conflicts_with = "gdb")]
    pub save: Option<PathBuf>,
    /// Save after exactly N instructions since the machine was switched on, all harts together, and go on
    #[arg(long, value_name = "N", requires = "save")]
    pub snapshot_at: Option<u64>,
    /// What of the machine was asked for.
    #[arg(skip)]
    pub given: Given,
}

/// Flags about the machine that the command line has, so that a snapshot must agree with them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Given {
    pub smp: bool,
    pub memory: bool,
    pub cpu: bool,
}

impl Given {
    fn of(matches: &ArgMatches) -> Given {
        let given = |flag| matches.value_source(flag) == Some(ValueSource::CommandLine);
        Given { smp: given("smp"), memory: given("memory"), cpu: given("cpu") }
    }
}

/// What is started by firmware.
#[derive(Args)]
pub(crate) struct StageArgs {
    /// The firmware: `default` is the built-in one, `none` starts the kernel itself in M-mode
    #[arg(long, value_name = "default|none|FILE", value_parser = NonEmptyStringValueParser::new())]
    pub bios: Option<String>,
    /// The next stage after the firmware: an ELF, a Linux Image (also compressed by gzip or Zstandard, or inside an
    /// EFI program that unpacks itself so) or a raw file
    #[arg(long, value_name = "FILE")]
    pub kernel: Option<PathBuf>,
    /// An initial RAM disk for the kernel
    #[arg(long, value_name = "FILE", requires = "kernel")]
    pub initrd: Option<PathBuf>,
    /// The kernel's command line
    #[arg(long, value_name = "STR", requires = "kernel", allow_hyphen_values = true)]
    pub append: Option<String>,
    /// Put a file into memory as it is, with its first byte at ADDR; can be given several times
    #[arg(long, value_name = "FILE,addr=ADDR", value_parser = loader)]
    pub loader: Vec<Loader>,
}

/// A file to be put into memory, and the physical address of its first byte.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Loader {
    /// The file.
    pub file: PathBuf,
    /// The address.
    pub address: u64,
}

/// `FILE,addr=0x84000000`; the name of the file may itself contain commas.
fn loader(text: &str) -> Result<Loader, &'static str> {
    let (file, address) = text.rsplit_once(",addr=").filter(|(file, _)| !file.is_empty()).ok_or(LOADER)?;
    let address = match address.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => address.parse(),
    };
    Ok(Loader { file: PathBuf::from(file), address: address.map_err(|_| LOADER)? })
}

/// How `--loader` is written.
const LOADER: &str = "write FILE,addr=ADDR, for example Image,addr=0x84000000";

/// What the machine is made of.
#[derive(Args)]
pub(crate) struct MachineArgs {
    /// The number of harts
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = harts)]
    pub smp: usize,
    /// The size of main memory: 128M, 2G, or a number of MiB
    #[arg(long, short, value_name = "SIZE", default_value = "128M", value_parser = size::parse)]
    pub memory: u64,
    /// What the harts have: BASE,KEY=VALUE,... or help
    #[arg(long, value_name = "SPEC", default_value = "max", value_parser = cpu::parse)]
    pub cpu: Cpu,
    /// Describe the timer and software interrupts as RISC-V ACLINT devices, and add one for supervisor mode (SSWI)
    #[arg(long)]
    pub aclint: bool,
    /// Leave with status 0 where the guest asks for a reset
    #[arg(long)]
    pub no_reboot: bool,
    /// A device tree to use in place of the machine's own
    #[arg(long, value_name = "FILE")]
    pub dtb: Option<PathBuf>,
    /// Write the device tree and leave
    #[arg(long, value_name = "FILE")]
    pub dump_dtb: Option<PathBuf>,
    /// Stop with status 124 after so many instructions since the machine was switched on, all harts together
    #[arg(long, value_name = "N")]
    pub max_instructions: Option<NonZeroU64>,
    /// Stop with status 124 after so many seconds
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    pub timeout: Option<std::time::Duration>,
}

/// The virtio devices, which take the slots from the first one on: drives, console, entropy device.
#[derive(Args)]
pub(crate) struct DeviceArgs {
    /// A virtio block device with the content of FILE, a raw image; may be given several times
    ///
    /// FILE is written to and locked against others, and what the guest has flushed is on the disk. With readonly
    /// the guest cannot write; with overlay what it writes stays in memory and is lost at the end.
    #[arg(long, value_name = "FILE[,readonly][,overlay]", value_parser = devices::drive)]
    pub drive: Vec<platform::Drive>,
    /// The port that gets the keys that are typed: the 16550, or a virtio console (hvc0 in Linux)
    #[arg(long, value_name = "PORT", default_value = "uart")]
    pub console: ConsoleName,
    /// A virtio entropy device; its numbers follow from SEED, so they are the same in every run and no secret
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    pub rng: Option<u64>,
}

/// The ports, as the command line calls them.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConsoleName {
    /// The 16550.
    Uart,
    /// A virtio console, beside the 16550.
    Virtio,
}

impl From<ConsoleName> for platform::Terminal {
    fn from(name: ConsoleName) -> platform::Terminal {
        match name {
            ConsoleName::Uart => platform::Terminal::Uart,
            ConsoleName::Virtio => platform::Terminal::Virtio,
        }
    }
}

/// How the harts execute instructions.
#[derive(Args)]
pub(crate) struct EngineArgs {
    /// How instructions are executed, which only shows in how long it takes
    #[arg(long, value_name = "NAME", default_value = "fast")]
    engine: EngineName,
}

/// The engines, as the command line calls them.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EngineName {
    /// In decoded blocks
    Fast,
    /// One at a time, as it is written down for the reader
    Reference,
}

impl EngineArgs {
    /// The engine that is asked for.
    pub(crate) fn get(&self) -> Engine {
        match self.engine {
            EngineName::Fast => Engine::Fast,
            EngineName::Reference => Engine::Reference,
        }
    }
}

fn harts(text: &str) -> Result<usize, String> {
    let most = platform::MAX_HARTS;
    let count = text.parse().ok().filter(|count| (1..=most).contains(count));
    count.ok_or_else(|| format!("not a number of harts from 1 to {most}"))
}

fn seconds(text: &str) -> Result<std::time::Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|time| !time.is_zero()).ok_or_else(|| String::from("not a number of seconds above zero"))
}

/// When which hart runs.
#[derive(Args)]
pub(crate) struct ScheduleArgs {
    /// Run each hart on a thread of the host, in real time: faster, but no run is like another
    ///
    /// Without it, harts take turns in a time of their own, and every run is the same. With it, nothing can be
    /// watched: --stats, --log-commits, --trace and --gdb are refused, and the demo has no table of world switches.
    #[arg(long)]
    pub parallel: bool,
    /// What makes time pass: the harts' own steps, or the host's clock
    ///
    /// With `real`, a second of the guest is a second of the host, its date is the host's, and harts that wait let the
    /// host sleep; no run is like another. With --parallel, time is real in any case.
    #[arg(long, value_name = "NAME", default_value = "virtual")]
    clock: ClockName,
}

/// The clocks, as the command line calls them.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ClockName {
    /// A hundred steps of each hart are a tick; every run is the same
    Virtual,
    /// The host's clock
    Real,
}

impl ScheduleArgs {
    /// The clock that is asked for.
    pub(crate) fn clock(&self) -> Clock {
        match self.clock {
            ClockName::Virtual => Clock::Virtual,
            ClockName::Real => Clock::Real,
        }
    }

    /// What no single flag can tell: whether the run can be watched as it is to be.
    fn check(&self, watch: &WatchArgs) -> Result<(), &'static str> {
        let is_watched = watch.stats.is_some()
            || watch.log_commits.is_some()
            || watch.trace.is_some()
            || watch.gdb.is_some();
        if self.parallel && is_watched {
            return Err(
                "--parallel runs harts at the same time, where nobody can watch them one after another: \
                 leave out --stats, --log-commits, --trace and --gdb, or --parallel",
            );
        }
        Ok(())
    }
}

/// How a run is watched.
#[derive(Args)]
pub(crate) struct WatchArgs {
    /// Print counts at the end, to standard error: as text or as JSON
    #[arg(long, value_name = "json", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    pub stats: Option<StatsFormat>,
    /// Write every retired instruction to a file, in Spike's format
    #[arg(long, value_name = "FILE")]
    pub log_commits: Option<PathBuf>,
    /// Write how much of its time the guest spends in which function, as folded stacks for flame graphs
    #[arg(long, value_name = "FILE", conflicts_with = "gdb")]
    pub profile: Option<PathBuf>,
    /// Print a line for every world switch, to standard error or to a file
    #[arg(long, value_name = "switch[:FILE]", value_parser = trace)]
    pub trace: Option<Trace>,
    /// Serve a debugger at this TCP address: :1234, HOST:PORT or tcp::1234
    #[arg(long, value_name = "ADDR", value_parser = gdb_address)]
    pub gdb: Option<String>,
    /// With --gdb, wait for the debugger before the first instruction
    #[arg(long, requires = "gdb")]
    pub paused: bool,
}

/// How `--stats` prints.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatsFormat {
    /// For a reader.
    Text,
    /// For a program.
    Json,
}

/// What `--trace` writes, and where.
#[derive(Clone)]
pub(crate) struct Trace {
    /// The file; standard error when there is none.
    pub file: Option<PathBuf>,
}

fn trace(text: &str) -> Result<Trace, &'static str> {
    match text.split_once(':') {
        None if text == "switch" => Ok(Trace { file: None }),
        Some(("switch", file)) if !file.is_empty() => Ok(Trace { file: Some(PathBuf::from(file)) }),
        _ => Err("write switch, or switch:FILE"),
    }
}

/// The `host:port` of `tcp::1234`, `:1234` and `host:port`; the local host where none is named.
fn gdb_address(text: &str) -> Result<String, String> {
    let address = text.strip_prefix("tcp:").unwrap_or(text);
    match address.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => {
            Ok(format!("{}:{port}", if host.is_empty() { "127.0.0.1" } else { host }))
        }
        _ => Err(String::from("not an address; write :PORT, HOST:PORT or tcp::PORT")),
    }
}

/// `vhart test`.
#[derive(Args)]
pub(crate) struct TestArgs {
    /// Test programs, or directories of them; files that are not ELF are passed over
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The number of tests at a time; by default one per host processor
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    pub jobs: Option<usize>,
    /// Only tests whose path contains this text
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub filter: Option<String>,
    /// Only every Nth test, starting with the Ith: 1/4 to 4/4
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: Option<Shard>,
    /// A test fails after so many instructions
    #[arg(long, value_name = "N", default_value = "100000000")]
    pub max_instructions: NonZeroU64,
    /// Write a JUnit report
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write each test's signature to DIR/NAME.signature, as RISCOF compares it
    #[arg(long, value_name = "DIR")]
    pub signature: Option<PathBuf>,
    /// What the harts have: BASE,KEY=VALUE,... or help
    #[arg(long, value_name = "SPEC", default_value = "max", value_parser = cpu::parse)]
    pub cpu: Cpu,
    #[command(flatten)]
    pub engine: EngineArgs,
}

fn jobs(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|jobs| (1..=1024).contains(jobs)).ok_or("not a number from 1 to 1024")
}

/// One of several parts of a suite.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shard {
    /// Which part, from 0.
    pub index: usize,
    /// The number of parts, at least 1.
    pub of: usize,
}

fn shard(text: &str) -> Result<Shard, &'static str> {
    text.split_once('/')
        .and_then(|(i, n)| Some((i.parse::<usize>().ok()?.checked_sub(1)?, n.parse::<usize>().ok()?)))
        .filter(|(index, of)| index < of)
        .map(|(index, of)| Shard { index, of })
        .ok_or("write I/N with I from 1 to N, for example 2/4")
}

const CONFORM_EXAMPLES: &str = "\
Examples:
  vhart conform                              every test, on each hart that it names
  vhart conform --cpu rv64gch --report r.html
  vhart conform --export tests --cpu max,vmidlen=7
                                             then run tests/*.elf on any simulator

A rule has passed when every run of every test that names it has. The status is 1 if a test fails.";

/// `vhart conform`.
#[derive(Args)]
pub(crate) struct ConformArgs {
    /// Only tests with NAME in their name, of the chapter NAME, or of the rule NAME
    #[arg(value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub names: Vec<String>,
    /// Run on this hart alone, leaving out what it does not suit: BASE,KEY=VALUE,... or help
    #[arg(long, value_name = "SPEC", value_parser = given_cpu)]
    pub cpu: Option<GivenCpu>,
    #[command(flatten)]
    pub engine: EngineArgs,
    /// Write the tests as ELF files for any simulator, and manifest.tsv, in place of running them
    #[arg(long, value_name = "DIR", conflicts_with_all = ["report", "json", "list"])]
    pub export: Option<PathBuf>,
    /// Write a page with every rule and test
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
    /// Write the same as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// List the tests, what they show and what they need, in place of running them
    #[arg(long, conflicts_with_all = ["report", "json"])]
    pub list: bool,
}

/// What `--cpu` asks for, and in which words.
#[derive(Clone, Debug)]
pub(crate) struct GivenCpu {
    /// The words.
    pub spec: String,
    /// What they mean.
    pub cpu: Cpu,
}

fn given_cpu(spec: &str) -> Result<GivenCpu, iss::variant::SpecError> {
    Ok(GivenCpu { spec: spec.to_owned(), cpu: cpu::parse(spec)? })
}

/// `vhart demo`.
#[derive(Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub machine: MachineArgs,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub schedule: ScheduleArgs,
    #[command(flatten)]
    pub watch: WatchArgs,
}

const LOCKSTEP_EXAMPLES: &str = "\
Example:
  vhart lockstep program.elf \\
    --peer-command 'timeout 60 spike --isa=rv64gch_zicntr --log-commits --log=/dev/stdout {}'

The status is 0 when the peer agrees up to the end of the program, 1 at a difference.";

/// `vhart lockstep`.
#[derive(Args)]
pub(crate) struct LockstepArgs {
    /// A bare-metal ELF, started in M-mode at its entry
    #[arg(required_unless_present = "random")]
    pub file: Option<PathBuf>,
    /// Run a random program in place of FILE, or one for each seed of A..B; one that differs is made small
    #[arg(long, value_name = "SEED[..SEED]", value_parser = seeds, conflicts_with_all = ["file", "peer_log"])]
    pub random: Option<RangeInclusive<u64>>,
    /// Where a random program that differs is kept, with the small one and its disassembly [default: where temporary files are]
    #[arg(long, value_name = "DIR", conflicts_with = "file")]
    pub save: Option<PathBuf>,
    /// The commit log of the other simulator, in Spike's format
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "peer_command",
        conflicts_with = "peer_command"
    )]
    pub peer_log: Option<PathBuf>,
    /// A shell command that writes such a log to its standard output; {} stands for the ELF
    #[arg(long, value_name = "CMD", value_parser = NonEmptyStringValueParser::new())]
    pub peer_command: Option<String>,
    /// CSRs whose values may differ, or may be VALUE instead; what is read from one is taken from the peer
    #[arg(long, value_name = "CSR[=VALUE],...", value_delimiter = ',', value_parser = ignored)]
    pub ignore: Vec<Ignored>,
    #[command(flatten)]
    pub machine: MachineArgs,
    #[command(flatten)]
    pub engine: EngineArgs,
}

const DIFF_EXAMPLES: &str = "\
Examples:
  vhart diff-engines --conform                    the programs of the conformance suite
  vhart diff-engines --random 1..100 --cpu max --cpu max,tlb=none
  vhart diff-engines --demo --smp 2
  vhart diff-engines --loops 1..100000 --instructions 1000000000

The status is 0 where the engines agree, 1 at a difference.";

/// `vhart diff-engines`.
#[derive(Args)]
pub(crate) struct DiffArgs {
    /// Bare-metal ELFs, or directories of them; files that are not ELF are passed over
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub stages: StageArgs,
    /// The built-in hypervisor with its guests
    #[arg(long)]
    pub demo: bool,
    /// The programs of the conformance suite, on the harts that they name, or on those of --cpu that they suit
    #[arg(long)]
    pub conform: bool,
    /// Random programs, as `vhart lockstep` has them
    #[arg(long, value_name = "SEED[..SEED]", value_parser = seeds)]
    pub random: Option<RangeInclusive<u64>>,
    /// Random programs of loops, calls, changes of code and page tables and world switches
    #[arg(long, value_name = "SEED[..SEED]", value_parser = seeds)]
    pub loops: Option<RangeInclusive<u64>>,
    /// Take the machine that is compared with the reference through snapshots, each time on to the other engine
    #[arg(long)]
    pub reload: bool,
    /// The number of harts
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = harts)]
    pub smp: usize,
    /// The size of main memory: 128M, 2G, or a number of MiB
    #[arg(long, short, value_name = "SIZE", default_value = "128M", value_parser = size::parse)]
    pub memory: u64,
    /// What the harts have: BASE,KEY=VALUE,... or help; every program runs on each that is given [default: max]
    #[arg(long, value_name = "SPEC", value_parser = given_cpu)]
    pub cpu: Vec<GivenCpu>,
    /// End each program after so many instructions
    #[arg(long, value_name = "N")]
    pub max_instructions: Option<NonZeroU64>,
    /// Begin no other program after so many instructions in all
    #[arg(long, value_name = "N")]
    pub instructions: Option<NonZeroU64>,
    /// The number of programs at a time; by default one per host processor
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    pub jobs: Option<usize>,
}

/// `7` or `7..9`, which is 7, 8 and 9.
fn seeds(text: &str) -> Result<RangeInclusive<u64>, &'static str> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last && last - first < u64::MAX => Ok(first..=last),
        _ => Err("write SEED, or FIRST..LAST with the smaller one first"),
    }
}

/// `mip` or `mtinst=0`.
fn ignored(text: &str) -> Result<Ignored, &'static str> {
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
    let number =
        isa::csr::number(name).ok_or("no CSR has this name; write names such as mip,time,mtinst=0")?;
    let only = value.map(str::parse).transpose().map_err(|_| "the value is not a decimal number")?;
    Ok(Ignored { number, only })
}

/// The completion script for `shell`.
pub(crate) fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Vhart::command(), "vhart", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_flags_is_sound() {
        Vhart::command().debug_assert();
    }

    #[test]
    fn loaders() {
        let file = |file: &str, address| Ok(Loader { file: file.into(), address });
        assert_eq!(loader("Image,addr=0x84000000"), file("Image", 0x8400_0000));
        assert_eq!(loader("a,addr=1,addr=4096"), file("a,addr=1", 4096));
        for wrong in ["", "Image", "Image,addr=", ",addr=1", "Image,addr=0xg", "Image,addr=-1", "Image@1"] {
            assert_eq!(loader(wrong), Err(LOADER), "{wrong}");
        }
    }

    #[test]
    fn shards_and_addresses() {
        assert_eq!(shard("2/4"), Ok(Shard { index: 1, of: 4 }));
        for wrong in ["", "0/4", "5/4", "1/0", "1", "a/b"] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
        for address in ["tcp::1234", ":1234"] {
            assert_eq!(gdb_address(address).as_deref(), Ok("127.0.0.1:1234"));
        }
        assert_eq!(gdb_address("[::1]:99").as_deref(), Ok("[::1]:99"));
        for wrong in ["1234", ":", ":70000", ""] {
            assert!(gdb_address(wrong).is_err(), "{wrong}");
        }
    }
}
