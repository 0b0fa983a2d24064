//! Damaged files: mutated ELF headers and device trees are loaded or refused, without a panic.
//!
//! `VHART_MUTATIONS` sets the number of mutations of each kind; 20,000 if it is not set.

mod fixture;

use fixture::{Chance, Elf, Segment};
use platform::{Console, Image, Machine, MachineConfig, device_tree};

const CASES: usize = 20_000;

fn cases() -> usize {
    std::env::var("VHART_MUTATIONS").map_or(CASES, |text| text.parse().expect("VHART_MUTATIONS is a number"))
}

/// Values that have broken readers before.
const EDGES: [u64; 12] =
    [0, 1, 3, 7, 0x7f, 0xff, 0x8000_0000, 0x8000_0008, 0xffff_ffff, 1 << 40, 1 << 63, u64::MAX];

/// Damages some of the first `reach` bytes: a bit, a byte, a field, or the end of the file.
fn mutate(bytes: &mut Vec<u8>, reach: usize, chance: &mut Chance) {
    for _ in 0..1 + chance.below(4) {
        let reach = reach.min(bytes.len());
        if reach < 9 {
            return;
        }
        let at = chance.below(reach);
        match chance.below(16) {
            0..6 => bytes[at] ^= 1 << chance.below(8),
            6..9 => bytes[at] = chance.next() as u8,
            9..15 => {
                let size = [1, 2, 4, 8][chance.below(4)];
                let value = EDGES[chance.below(EDGES.len())].to_le_bytes();
                let at = at.min(reach - size);
                // Fields are aligned in both formats, and big-endian in device trees.
                let at = at / size * size;
                bytes[at..at + size].copy_from_slice(&value[..size]);
                if chance.below(2) == 0 {
                    bytes[at..at + size].reverse();
                }
            }
            _ => {
                let length = chance.below(bytes.len());
                bytes.truncate(length);
            }
        }
    }
}

/// Runs all mutations of a file; says how many were accepted and how many refused.
fn run(
    original: &[u8],
    reach: usize,
    seed: u64,
    load: impl Fn(Vec<u8>) -> Result<(), platform::Error>,
) -> [usize; 2] {
    let mut chance = Chance::new(seed);
    let mut counts = [0, 0];
    for _ in 0..cases() {
        let mut bytes = original.to_vec();
        mutate(&mut bytes, reach, &mut chance);
        let result = load(bytes);
        if let Err(error) = &result {
            assert!(!error.to_string().contains('\n'), "{error}");
        }
        counts[usize::from(result.is_err())] += 1;
    }
    println!("seed {seed}: {} accepted, {} refused", counts[0], counts[1]);
    counts
}

#[test]
fn mutated_elf_headers() {
    let mut elf = Elf::program(&[0x6f; 64]);
    elf.segments.push(Segment { memory_size: 4096, ..Segment::load(0x8000_1000, &[1; 128]) });
    elf.symbols = vec![("tohost", 0x8000_1000), ("fromhost", 0x8000_1040), ("begin_signature", 0x8000_1080)];
    let file = elf.write();
    let load = |bytes| Machine::new(fixture::machine(Image::new("elf", bytes)), Console::default()).map(drop);
    // Headers and program headers; then the whole file, with its symbols and section headers.
    let [accepted, refused] = run(&file, 64 + 2 * 56, 1, load);
    assert!(accepted > 0 && refused > 0, "{accepted} accepted, {refused} refused");
    let [accepted, refused] = run(&file, file.len(), 2, load);
    assert!(accepted > 0 && refused > 0, "{accepted} accepted, {refused} refused");
}

#[test]
fn mutated_device_trees() {
    let machine = MachineConfig { harts: 2, memory: 16 << 20, ..MachineConfig::default() };
    let tree = device_tree(&machine).unwrap();
    let load = |bytes| {
        let config = MachineConfig { device_tree: Some(Image::new("dtb", bytes)), ..machine.clone() };
        device_tree(&config).map(drop)
    };
    let [accepted, refused] = run(&tree, tree.len(), 3, load);
    assert!(accepted > 0 && refused > 0, "{accepted} accepted, {refused} refused");
    let [accepted, refused] = run(&tree, 40, 4, load);
    assert!(accepted > 0 && refused > 0, "{accepted} accepted, {refused} refused");
}

#[test]
fn mutated_linux_images() {
    let mut kernel = vec![0; 4096];
    kernel[..2].copy_from_slice(b"MZ");
    kernel[10] = 0x20;
    kernel[17] = 0x10;
    kernel[0x38..0x3c].copy_from_slice(b"RSC\x05");
    kernel[0x3c] = 0x40;
    kernel[0x40..0x44].copy_from_slice(b"PE\0\0");
    kernel[0x46] = 2;
    let load = |bytes| {
        let config = MachineConfig { kernel: Some(Image::new("Image", bytes)), ..MachineConfig::default() };
        device_tree(&config).map(drop)
    };
    let [accepted, refused] = run(&kernel, 0xc0, 5, load);
    assert!(accepted > 0 && refused > 0, "{accepted} accepted, {refused} refused");
}
