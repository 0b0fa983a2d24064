//! Hostile drivers: random accesses to every device, and drivers of virtio devices that break every rule.
//!
//! Whatever they do, each access comes to an end soon, no byte of main memory changes but those that a descriptor or a
//! ring names, and no image changes that is not written to, nor grows. A few seconds in `cargo test`;
//! `cargo xtask fuzz-devices` goes on for longer.

mod chance;
mod driver;
mod memory;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chance::Chance;
use driver::Hostile;

use crate::device::virtio::Drive;
use crate::map::RAM_BASE;

/// Sectors of each image.
const SECTORS: usize = 64;
/// What one set of devices has to live through.
const ACTIONS: usize = 500;
/// No access takes longer, on a host that does other things as well.
const SOON: Duration = Duration::from_secs(30);

/// What has been tried.
#[derive(Clone, Copy, Default, Debug)]
struct Tally {
    programs: u64,
    /// Loads and stores of devices.
    accesses: u64,
    /// Chains made available.
    offered: u64,
    /// Chains given back.
    served: u64,
    /// How often a device has asked for a reset.
    needed_resets: u64,
    /// States saved and taken back.
    restored: u64,
    longest: Duration,
}

/// The images of the drives: one that is written to, one below an overlay, one that is read only.
struct Images {
    folder: PathBuf,
    content: Vec<u8>,
}

impl Images {
    fn new() -> Images {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("vhart-hostile-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        // In memory, where there is such a place: flushes would wait for a disk most of the time.
        let memory = PathBuf::from("/dev/shm");
        let folder = if memory.is_dir() { memory } else { std::env::temp_dir() }.join(name);
        fs::create_dir_all(&folder).unwrap();
        let content: Vec<u8> = (0..SECTORS * 512).map(|at| (at / 512 + at) as u8).collect();
        let images = Images { folder, content };
        images.renew();
        images
    }

    /// Makes the images what they were at first.
    fn renew(&self) {
        self.paths().iter().for_each(|path| fs::write(path, &self.content).unwrap());
    }

    fn paths(&self) -> [PathBuf; 3] {
        ["written", "overlay", "read-only"].map(|name| self.folder.join(name))
    }

    fn drives(&self) -> Vec<Drive> {
        let [written, overlay, read_only] = self.paths();
        vec![
            Drive { path: written, is_read_only: false, has_overlay: false },
            Drive { path: overlay, is_read_only: false, has_overlay: true },
            Drive { path: read_only, is_read_only: true, has_overlay: false },
        ]
    }

    /// Whether none has grown or shrunk, or changed without being written to.
    fn are_sound(&self) -> bool {
        let [written, others @ ..] = self.paths();
        let has_its_size = fs::metadata(written).unwrap().len() == self.content.len() as u64;
        has_its_size && others.iter().all(|path| fs::read(path).unwrap() == self.content)
    }
}

impl Drop for Images {
    fn drop(&mut self) {
        // What is left behind in the folder for temporary files does no harm.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A number from the environment, for `cargo xtask fuzz-devices`.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is not a number")))
}

#[test]
fn hostile_drivers_get_nowhere() {
    let time = Duration::from_secs(given("VHART_FUZZ_SECONDS").unwrap_or(4));
    let first = given("VHART_FUZZ_SEED").unwrap_or(0);
    let images = Images::new();
    let (start, mut told) = (Instant::now(), Instant::now());
    let mut tally = Tally::default();
    for seed in first.. {
        if start.elapsed() > time {
            break;
        }
        run(seed, &images, &mut tally);
        if told.elapsed() > Duration::from_secs(60) {
            told = Instant::now();
            println!("seed {seed}: {tally:?}");
        }
    }
    println!("seeds from {first}: {tally:?}");
    let Tally { accesses, offered, served, needed_resets, restored, .. } = tally;
    let counts = [accesses, offered, served, needed_resets, restored];
    assert!(counts.iter().all(|count| *count > 0), "some of it has never happened: {tally:?}");
}

/// One set of devices and its driver.
fn run(seed: u64, images: &Images, tally: &mut Tally) {
    let _seed = Seed(seed);
    images.renew();
    let mut hostile = Hostile::new(Chance::new(seed), images.drives());
    for _ in 0..ACTIONS {
        hostile.act();
        if let Some(at) = hostile.stray_write() {
            panic!("a device has written to {at:#x}, which nothing names");
        }
    }
    tally.programs += 1;
    hostile.add_to(tally);
    assert!(tally.longest < SOON, "an access took {:?}", tally.longest);
    assert!(images.are_sound(), "an image has changed");
}

/// Says which seed it was if something panics.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("to see this again: VHART_FUZZ_SEED={} cargo test -p platform --lib hostile", self.0);
        }
    }
}

#[test]
fn a_change_of_an_image_is_noticed() {
    let images = Images::new();
    assert!(images.are_sound());
    let [written, overlay, read_only] = images.paths();
    let other = vec![0; images.content.len()];
    fs::write(&written, &other).unwrap();
    assert!(images.are_sound(), "it may be written to");
    for (path, bytes) in [(written, &other[1..]), (overlay, &other), (read_only, &other)] {
        fs::write(path, bytes).unwrap();
        assert!(!images.are_sound());
        images.renew();
    }
}

#[test]
fn a_change_of_main_memory_is_noticed() {
    let images = Images::new();
    let mut hostile = Hostile::new(Chance::new(0), images.drives());
    assert_eq!(hostile.stray_write(), None);
    hostile.write_behind_its_back(RAM_BASE + 77);
    assert_eq!(hostile.stray_write(), Some(RAM_BASE + 77));
}
