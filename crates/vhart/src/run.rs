//! `vhart run`: a program, or a kernel under firmware.

use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use platform::{Image, MachineConfig};

use crate::args::{RunArgs, StageArgs};
use crate::snapshot::{Save, Start};
use crate::watch::Watch;
use crate::{devices, images, session, status};

/// The built-in firmware.
const FIRMWARE: &str = "sbi";

/// Runs what `args` say; the exit status is the guest's.
///
/// # Errors
/// What keeps the machine from starting.
pub(crate) fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let Some(variant) = session::variant(args.machine.cpu)? else { return Ok(ExitCode::SUCCESS) };
    let mut config = session::config(&args.machine, variant, args.engine.get())?;
    config.parallel = args.schedule.parallel;
    config.clock = args.schedule.clock();
    let start = if let Some(file) = &args.snapshot.load {
        Start::load(file, &args.machine, &args.snapshot, config)?
    } else {
        devices::add(&mut config, &args.devices);
        load(&mut config, args.file.as_deref(), &args.stages)?;
        if session::dump_device_tree(&args.machine, &config)? {
            return Ok(ExitCode::SUCCESS);
        }
        Start::Boot(Box::new(config))
    };
    let save = Save::new(&args.snapshot)?;
    let watch = Watch::open(&args.watch)?;
    let ended = session::run(start, &args.machine, &args.watch, watch, save.as_ref())?;
    let code = session::exit_code(ended.stop);
    if let Some(save) = save.filter(|_| !ended.saved) {
        match save.at {
            Some(at) => {
                session::say(format_args!("nothing is saved: the run ended before --snapshot-at {at}"))
            }
            None => session::say(format_args!("nothing is saved: the guest ended the run")),
        }
        return Ok(ExitCode::from(status::FAILURE));
    }
    Ok(code)
}

/// Reads the files that are to run: a program that runs alone, or what firmware starts.
///
/// # Errors
/// Files that cannot be read or are something else.
pub(crate) fn load(
    config: &mut MachineConfig,
    program_file: Option<&Path>,
    args: &StageArgs,
) -> anyhow::Result<()> {
    let read = |path: &Option<_>| path.as_deref().map(Image::read).transpose();
    let kernel = read(&args.kernel)?;
    config.kernel = kernel.map(|kernel| kernel.unpack(config.memory)).transpose()?;
    config.initrd = read(&args.initrd)?;
    config.bootargs.clone_from(&args.append);
    let loads = args.loader.iter().map(|loader| Ok((Image::read(&loader.file)?, loader.address)));
    config.loads = loads.collect::<Result<_, platform::Error>>()?;
    config.firmware = match (args.bios.as_deref(), program_file) {
        (_, Some(file)) => Some(program(file)?),
        (Some("none"), None) => None,
        (Some("default"), None) => Some(built_in_firmware()?),
        (Some(file), None) => Some(Image::read(Path::new(file))?),
        (None, None) if config.kernel.is_some() => Some(built_in_firmware()?),
        (None, None) => None,
    };
    Ok(())
}

/// A program that runs alone.
///
/// # Errors
/// A file that cannot be read or is something else.
pub(crate) fn program(file: &Path) -> anyhow::Result<Image> {
    let image = Image::read(file)?;
    if image.format() != platform::load::Format::Elf {
        let name = image.name();
        bail!("{name} is not an ELF: start a kernel with --kernel {name}, firmware with --bios {name}");
    }
    Ok(image)
}

/// The firmware that `--bios default` means.
///
/// # Errors
/// Says how to build it in, where that has not been done.
pub(crate) fn built_in_firmware() -> anyhow::Result<Image> {
    Ok(Image::new("the built-in firmware", images::find(FIRMWARE)?))
}
