//! What a machine is made of and boots from, as a snapshot holds it.

use iss::{Engine, Variant};
use serde::{Deserialize, Serialize};

use super::SnapshotError;
use super::pieces::WHOLE_MAX;
use crate::config::{MachineConfig, Terminal};
use crate::device::virtio::Drive;
use crate::load::Image;
use crate::map;
use crate::state::{self, BadState};

/// The largest main memory of a snapshot. Reserving one costs the host some room, whether or not it is used.
const MEMORY_MAX: u64 = 1 << 40;

/// What a machine is made of, in words and numbers that a command line has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Shape {
    harts: u64,
    memory: u64,
    cpu: String,
    aclint: bool,
    /// The node names of the devices.
    devices: Vec<String>,
    drives: Vec<Drive>,
    terminal: Terminal,
    entropy: Option<u64>,
}

/// What a machine boots from; the bytes of the images follow in this order.
#[derive(Serialize, Deserialize)]
pub(super) struct Images {
    bootargs: Option<String>,
    firmware: Option<Head>,
    kernel: Option<Head>,
    initrd: Option<Head>,
    device_tree: Option<Head>,
    /// Each with its address.
    loads: Vec<(Head, u64)>,
}

/// An image without its bytes.
#[derive(Serialize, Deserialize)]
struct Head {
    name: String,
    bytes: u64,
}

impl Shape {
    /// That of a machine.
    pub(super) fn of(config: &MachineConfig) -> Result<Shape, SnapshotError> {
        Ok(Shape {
            harts: config.harts as u64,
            memory: config.memory,
            cpu: config.variant.describe().ok_or(SnapshotError::NoName)?,
            aclint: config.aclint,
            devices: map::REGIONS.iter().map(map::Region::node_name).collect(),
            drives: config.drives.clone(),
            terminal: config.terminal,
            entropy: config.entropy,
        })
    }

    /// A machine of this shape with nothing to boot.
    pub(super) fn config(&self) -> Result<MachineConfig, SnapshotError> {
        let Shape { harts, memory, cpu, aclint, devices, drives, terminal, entropy } = self;
        let ours: Vec<String> = map::REGIONS.iter().map(map::Region::node_name).collect();
        if *devices != ours {
            let missing = |from: &[String], of: &[String]| {
                let list: Vec<_> = from.iter().filter(|name| !of.contains(name)).cloned().collect();
                if list.is_empty() { String::from("no such devices") } else { list.join(", ") }
            };
            let (saved, ours) = (missing(devices, &ours), missing(&ours, devices));
            return Err(SnapshotError::Devices { name: String::new(), saved, ours });
        }
        let variant = Variant::parse(cpu).map_err(|error| BadState::new(error.to_string()))?;
        let harts = usize::try_from(*harts).unwrap_or(usize::MAX);
        let config = MachineConfig {
            harts,
            memory: *memory,
            variant,
            aclint: *aclint,
            drives: drives.clone(),
            terminal: *terminal,
            entropy: *entropy,
            ..MachineConfig::default()
        };
        config.check()?;
        BadState::unless(
            config.memory <= MEMORY_MAX,
            "its main memory is larger than any that could be saved",
        )?;
        Ok(config)
    }
}

impl Images {
    /// The bytes of what `config` boots from.
    pub(super) fn encode(config: MachineConfig) -> Result<Vec<u8>, SnapshotError> {
        // The shape has the first seven; how the machine runs is chosen when the snapshot is loaded.
        let MachineConfig {
            harts: _,
            memory: _,
            variant: _,
            aclint: _,
            drives: _,
            terminal: _,
            entropy: _,
            engine: _,
            parallel: _,
            clock: _,
            reset_ends: _,
            firmware,
            kernel,
            initrd,
            bootargs,
            loads,
            device_tree,
        } = config;
        let of = |image: &Image| Head { name: image.name().to_owned(), bytes: image.bytes().len() as u64 };
        let head = |image: &Option<Image>| image.as_ref().map(of);
        let heads = Images {
            bootargs,
            firmware: head(&firmware),
            kernel: head(&kernel),
            initrd: head(&initrd),
            device_tree: head(&device_tree),
            loads: loads.iter().map(|(image, at)| (of(image), *at)).collect(),
        };
        let images = [firmware, kernel, initrd, device_tree].into_iter().flatten();
        let images: Vec<Image> = images.chain(loads.into_iter().map(|(image, _)| image)).collect();
        let mut bytes = state::encode(&heads);
        let all = images.iter().map(|image| image.bytes().len() as u64).sum::<u64>();
        // Some room is left for their names.
        let most = WHOLE_MAX - (1 << 20);
        if all > most {
            return Err(SnapshotError::LargeImages { bytes: all, most });
        }
        bytes.reserve_exact(all as usize);
        // Each is given back before the next one is taken.
        images.into_iter().for_each(|image| bytes.extend(image.bytes()));
        Ok(bytes)
    }

    /// `config` with what it boots from.
    pub(super) fn decode(bytes: &[u8], config: MachineConfig) -> Result<MachineConfig, BadState> {
        let (heads, mut rest): (Images, _) = state::decode_first(bytes)?;
        let mut image = |head: Option<Head>| {
            let Some(Head { name, bytes }) = head else { return Ok(None) };
            let end = usize::try_from(bytes).ok().filter(|end| *end <= rest.len());
            let end = end.ok_or_else(|| BadState::new("an image is longer than what there is of it"))?;
            let (own, others) = rest.split_at(end);
            rest = others;
            Ok(Some(Image::new(name, own.to_vec())))
        };
        let Images { bootargs, firmware, kernel, initrd, device_tree, loads } = heads;
        let [firmware, kernel, initrd, device_tree] =
            [image(firmware)?, image(kernel)?, image(initrd)?, image(device_tree)?];
        let mut placed = Vec::new();
        for (head, at) in loads {
            placed.extend(image(Some(head))?.map(|image| (image, at)));
        }
        BadState::unless(rest.is_empty(), "there are more images than it says")?;
        BadState::unless(firmware.is_some() || kernel.is_some(), "there is nothing to boot")?;
        Ok(MachineConfig {
            engine: Engine::default(),
            firmware,
            kernel,
            initrd,
            bootargs,
            device_tree,
            loads: placed,
            ..config
        })
    }
}
