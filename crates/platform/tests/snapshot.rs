//! Snapshots: a machine that goes on from one is the machine that was saved, and files that are none are refused.

mod fixture;

use std::io::{self, Write};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fixture::{Elf, Segment};
use isa::asm::prelude::*;
use iss::{Engine, Variant, Width};
use platform::map::{DeviceKind, region};
use platform::snapshot::{Snapshot, SnapshotError, VERSION};
use platform::{Console, Machine, MachineConfig, MachineStop, Until};

const BASE: u64 = 0x8000_0000;

/// A program written by `write`, in a small machine.
fn config(write: impl FnOnce(&mut Asm)) -> MachineConfig {
    let mut asm = Asm::new(BASE);
    write(&mut asm);
    let code = asm.finish().expect("the program assembles");
    let elf = Elf { segments: vec![Segment::load(BASE, &code)], ..Elf::program(&[]) };
    MachineConfig { memory: 1 << 20, ..fixture::machine(elf.image()) }
}

/// A program that counts in memory for ever.
fn counting() -> MachineConfig {
    config(|a| {
        a.li(S0, BASE + 0x8000);
        let again = a.here();
        a.ld(T0, 0, S0).addi(T0, T0, 1).sd(T0, 0, S0).j(again);
    })
}

fn until(instructions: u64) -> Until {
    Until { instructions: Some(instructions), deadline: Some(Instant::now() + Duration::from_secs(20)) }
}

fn saved(machine: &Machine) -> Vec<u8> {
    let mut file = Vec::new();
    machine.write_snapshot(&mut file).expect("the machine can be saved");
    file
}

fn loaded(file: &[u8], console: Console) -> Result<Machine, SnapshotError> {
    Snapshot::read(String::from("x"), file)?.machine(&MachineConfig::default(), console)
}

/// A small snapshot.
fn small() -> Vec<u8> {
    let mut machine = Machine::new(counting(), Console::default()).unwrap();
    assert_eq!(machine.run(until(1234), None), MachineStop::InstructionLimit);
    saved(&machine)
}

/// Wants a refusal in one line that names the file.
fn refused(file: &[u8], what: &str) -> String {
    let error =
        loaded(file, Console::default()).err().unwrap_or_else(|| panic!("{what} is taken")).to_string();
    assert!(error.starts_with("x ") || error.starts_with("cannot read x"), "{what}: {error}");
    assert!(!error.contains('\n'), "{what}: {error}");
    error
}

#[test]
fn the_same_machine_makes_the_same_file_after_a_load() {
    for engine in [Engine::Fast, Engine::Reference] {
        let mut whole = Machine::new(counting(), Console::default()).unwrap();
        whole.run(until(9999), None);
        let snapshot = Snapshot::read(String::from("x"), small().leak() as &[u8]).unwrap();
        let mut machine = snapshot
            .machine(&MachineConfig { engine, ..MachineConfig::default() }, Console::default())
            .unwrap();
        assert_eq!(machine.instructions(), 1234);
        machine.run(until(9999), None);
        assert!(saved(&machine) == saved(&whole), "{engine:?}");
    }
}

#[test]
fn a_file_of_which_any_byte_has_changed_is_refused() {
    let file = small();
    assert!(loaded(&file, Console::default()).is_ok());
    for at in 0..file.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut changed = file.clone();
            changed[at] ^= flip;
            refused(&changed, &format!("byte {at} changed by {flip:#x}"));
        }
    }
}

#[test]
fn a_file_that_ends_early_or_goes_on_is_refused() {
    let file = small();
    for end in 0..file.len() {
        refused(&file[..end], &format!("a file cut at {end}"));
    }
    let error = refused(&[&file[..], &[0]].concat(), "a longer file");
    assert_eq!(error, "x is damaged: something follows its end; take another copy of it, or save it again");
    let error = refused(&file[..file.len() - 1], "a shorter file");
    assert_eq!(error, "x is damaged: it ends too early; take another copy of it, or save it again");
    assert_eq!(refused(b"\x7fELF", "an ELF"), "x is not a snapshot: name a file that --save has written");
}

#[test]
fn pieces_do_not_change_places() {
    let file = small();
    // A head of 12 bytes; each piece has 24 bytes before what it stores, the length of which is the fourth number.
    let length = |at: usize| 24 + u32::from_le_bytes(file[at + 12..at + 16].try_into().unwrap()) as usize;
    let (first, second) = (12, 12 + length(12));
    let third = second + length(second);
    let swapped = [&file[..first], &file[second..third], &file[first..second], &file[third..]].concat();
    refused(&swapped, "two pieces in each other's place");
    refused(&[&file[..first], &file[second..]].concat(), "a piece that is missing");
}

#[test]
fn another_version_is_named_with_our_own() {
    let mut file = small();
    file[8..12].copy_from_slice(&(VERSION + 6).to_le_bytes());
    let error = refused(&file, "another version");
    assert_eq!(
        error,
        format!(
            "x has version {} of the format and this vhart reads version {VERSION}: load it with the vhart that wrote it",
            VERSION + 6
        )
    );
}

#[test]
fn harts_that_cannot_be_described_or_stopped_are_not_saved() {
    // Shgatpa promises more levels.
    let variant = Variant { hgatp_levels: 3, ..Variant::default() };
    let machine = Machine::new(MachineConfig { variant, ..counting() }, Console::default()).unwrap();
    assert!(matches!(machine.write_snapshot(io::sink()), Err(SnapshotError::NoName)));
    let machine = Machine::new(MachineConfig { parallel: true, ..counting() }, Console::default()).unwrap();
    assert!(matches!(machine.write_snapshot(io::sink()), Err(SnapshotError::Parallel)));
}

#[test]
fn a_loaded_machine_can_start_again() {
    let mut machine = loaded(&small(), Console::default()).unwrap();
    assert_eq!(machine.boot_config().unwrap().firmware.as_ref().map(platform::Image::name), Some("test.elf"));
    machine.reset().unwrap();
    let mut fresh = Machine::new(counting(), Console::default()).unwrap();
    fresh.run(until(500), None);
    machine.run(until(1234 + 500), None);
    assert_eq!(machine.ram().first_difference(fresh.ram()), None);
    assert_eq!(machine.hart(0).map(iss::Hart::pc), fresh.hart(0).map(iss::Hart::pc));
}

#[test]
fn a_large_memory_that_is_hardly_used_is_a_small_file() {
    let config = MachineConfig { memory: 64 << 30, ..counting() };
    let mut machine = Machine::new(config, Console::default()).unwrap();
    machine.run(until(100), None);
    let last = BASE + (64 << 30) - 8;
    machine.ram().store(last, Width::D, 0x1234).unwrap();
    let file = saved(&machine);
    assert!(file.len() < 100_000, "{} bytes", file.len());
    let machine = loaded(&file, Console::default()).unwrap();
    assert_eq!(machine.ram().load(last, Width::D), Some(0x1234));
}

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An echo, saved with bytes in the serial port that it has not read yet.
#[test]
fn input_that_has_not_been_read_is_kept() {
    let echo = config(|a| {
        a.li(S0, region(DeviceKind::Uart).base);
        let again = a.here();
        a.lbu(T0, 5, S0).andi(T0, T0, 1).beqz(T0, again);
        a.lbu(T0, 0, S0).sb(T0, 0, S0).j(again);
    });
    let (keys, input) = channel();
    b"hello".iter().for_each(|key| keys.send(*key).unwrap());
    let first = Output::default();
    let mut machine = Machine::new(echo, Console::new(first.clone()).with_input(input)).unwrap();
    machine.run(until(12), None);
    let second = Output::default();
    let mut machine = loaded(&saved(&machine), Console::new(second.clone())).unwrap();
    machine.run(until(1000), None);
    let (first, second) = (first.0.lock().unwrap().clone(), second.0.lock().unwrap().clone());
    assert!(first.len() < 5, "something is left to be read");
    assert_eq!([first, second].concat(), b"hello");
}
