//! A drive as programs of the simulated machine see it: interrupts arrive, and what is read may be code.

mod fixture;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use fixture::{Elf, Segment};
use isa::asm::prelude::*;
use iss::{Engine, Width};
use platform::map::{DeviceKind, region};
use platform::{Console, Drive, Error, Machine, MachineConfig, MachineStop, Terminal, Until};

const BASE: u64 = 0x8000_0000;
/// The table of descriptors of the queue, and the areas of driver and device.
const QUEUE: [u64; 3] = [BASE + 0x1_0000, BASE + 0x1_1000, BASE + 0x1_2000];
/// The header of the request, whose sector is at 8, and its status.
const HEADER: u64 = BASE + 0x1_3000;
const STATUS: u64 = BASE + 0x1_3100;
/// Where sectors are read to, and executed.
const CODE: u64 = BASE + 0x2_0000;
/// How far hart 0 has come, and how far the other one.
const ASKED: u64 = BASE + 0x3_0000;
const DONE: u64 = BASE + 0x3_0040;
const ROUNDS: u64 = 200;
/// What a failed check ends with.
const FAILED: u64 = 1;

/// A file for a test, gone afterwards.
struct Image(PathBuf);

impl Image {
    fn new(name: &str, bytes: &[u8]) -> Image {
        let path =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.img", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        Image(path)
    }

    /// Each sector begins with a function that returns the number of the sector.
    fn of_functions(name: &str) -> Image {
        let sector = |number: u64| {
            let mut asm = Asm::new(CODE);
            asm.li(A0, number).ret();
            let mut bytes = asm.finish().unwrap();
            bytes.resize(512, 0);
            bytes
        };
        Image::new(name, &(0..=ROUNDS).flat_map(sector).collect::<Vec<_>>())
    }

    fn drive(&self) -> Drive {
        Drive { path: self.0.clone(), is_read_only: false, has_overlay: false }
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // What is left behind in the target folder does no harm.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn descriptor(at: u64, len: u32, flags: u16, next: u16) -> Vec<u8> {
    [&at.to_le_bytes()[..], &len.to_le_bytes(), &flags.to_le_bytes(), &next.to_le_bytes()].concat()
}

/// A program with a queue of four descriptors, of which three are a request to read a sector to [`CODE`].
fn program(write: impl FnOnce(&mut Asm)) -> Elf {
    let mut asm = Asm::new(BASE);
    write(&mut asm);
    let code = asm.finish().expect("the program assembles");
    let table =
        [descriptor(HEADER, 16, 1, 1), descriptor(CODE, 512, 3, 2), descriptor(STATUS, 1, 2, 0)].concat();
    let segments = vec![Segment::load(BASE, &code), Segment::load(QUEUE[0], &table)];
    Elf { segments, ..Elf::program(&[]) }
}

fn config(elf: &Elf, drives: Vec<Drive>) -> MachineConfig {
    MachineConfig { drives, ..fixture::machine(elf.image()) }
}

fn run(config: MachineConfig) -> MachineStop {
    let mut machine = Machine::new(config, Console::default()).unwrap();
    machine.run(Until { deadline: Some(Instant::now() + Duration::from_secs(60)), ..Until::default() }, None)
}

/// Ends the run: with success, or with status `FAILED`.
fn end(a: &mut Asm, is_success: bool) {
    let value = if is_success { 0x5555 } else { 0x3333 | FAILED << 16 };
    a.li(T5, region(DeviceKind::Finisher).base).li(T6, value).sw(T6, 0, T5);
    let here = a.here();
    a.j(here);
}

/// Fails where two registers differ.
fn expect_equal(a: &mut Asm, left: Reg, right: Reg) {
    let fine = a.label();
    a.beq(left, right, fine);
    end(a, false);
    a.place(fine);
}

/// Sets the drive in slot 0 up; its registers are at `s2` from now on.
fn start_drive(a: &mut Asm) {
    a.li(S2, region(DeviceKind::Virtio(0)).base);
    let mut set = |register: i32, value: u64| {
        a.li(T0, value).sw(T0, register, S2);
    };
    for (register, value) in [(0x70, 1), (0x70, 3), (0x24, 1), (0x20, 1), (0x70, 0xb), (0x30, 0), (0x38, 4)] {
        set(register, value);
    }
    for (register, at) in [0x80, 0x90, 0xa0].into_iter().zip(QUEUE) {
        set(register, at);
    }
    set(0x44, 1);
    set(0x70, 0xf);
}

/// Reads the sector whose number is in `s3`, which counts from 1, and fails if the drive does.
fn read_sector(a: &mut Asm) {
    a.li(T1, HEADER).sd(S3, 8, T1);
    a.li(T1, STATUS).li(T0, 0xff).sb(T0, 0, T1);
    a.fence(15, 15).li(T1, QUEUE[1]).sh(S3, 2, T1);
    a.fence(15, 15).sw(ZERO, 0x50, S2).fence(15, 15);
    a.li(T1, STATUS).lbu(T0, 0, T1);
    expect_equal(a, T0, ZERO);
}

/// Calls what has been read, which must be that sector.
fn call_sector(a: &mut Asm) {
    a.fence_i().li(S5, CODE).jalr(RA, 0, S5);
    expect_equal(a, A0, S3);
}

/// Waits until the doubleword at `at` is that of `s3`.
fn await_round(a: &mut Asm, at: u64) {
    a.li(T1, at);
    let again = a.here();
    a.ld(T0, 0, T1).bne(T0, S3, again).fence(2, 3);
}

fn next_round(a: &mut Asm, body: impl FnOnce(&mut Asm)) {
    a.li(S3, 1).li(S4, ROUNDS + 1);
    let again = a.here();
    body(a);
    let done = a.label();
    a.addi(S3, S3, 1).beq(S3, S4, done).j(again).place(done);
}

#[test]
fn what_a_drive_reads_is_executed_by_the_hart_that_asked() {
    let image = Image::of_functions("own-code");
    let elf = program(|a| {
        start_drive(a);
        next_round(a, |a| {
            read_sector(a);
            call_sector(a);
        });
        end(a, true);
    });
    for (engine, parallel) in
        [(Engine::Fast, false), (Engine::Reference, false), (Engine::Fast, true), (Engine::Reference, true)]
    {
        let config = MachineConfig { engine, parallel, ..config(&elf, vec![image.drive()]) };
        assert_eq!(run(config), MachineStop::Exit(0), "{engine:?}, parallel: {parallel}");
    }
}

#[test]
fn what_a_drive_reads_is_executed_by_another_hart() {
    let image = Image::of_functions("others-code");
    let elf = program(|a| {
        let other = a.label();
        a.csrr(T0, isa::csr::mhartid::NUMBER).bnez(T0, other);
        start_drive(a);
        next_round(a, |a| {
            read_sector(a);
            a.fence(15, 15).li(T1, ASKED).sd(S3, 0, T1);
            await_round(a, DONE);
        });
        end(a, true);
        a.place(other);
        next_round(a, |a| {
            await_round(a, ASKED);
            call_sector(a);
            a.fence(15, 15).li(T1, DONE).sd(S3, 0, T1);
        });
        let here = a.here();
        a.j(here);
    });
    for (engine, parallel) in
        [(Engine::Fast, false), (Engine::Reference, false), (Engine::Fast, true), (Engine::Reference, true)]
    {
        let config = MachineConfig { harts: 2, engine, parallel, ..config(&elf, vec![image.drive()]) };
        assert_eq!(run(config), MachineStop::Exit(0), "{engine:?}, parallel: {parallel}");
    }
}

#[test]
fn a_drive_interrupts_until_it_is_acknowledged() {
    let image = Image::of_functions("interrupts");
    let plic = region(DeviceKind::Plic).base;
    let source = region(DeviceKind::Virtio(0)).interrupt.unwrap();
    let elf = program(|a| {
        // Priority, enable and claim of M-mode on hart 0.
        a.li(T1, plic).li(T0, 1).sw(T0, 4 * source as i32, T1);
        a.li(T1, plic + 0x2000).li(T0, 1 << source).sw(T0, 0, T1);
        a.li(S6, plic + 0x20_0004).li(S7, source.into()).li(S8, 1 << 11);
        start_drive(a);
        a.li(S3, 1);
        let pending = |a: &mut Asm| {
            a.csrr(T0, isa::csr::mip::NUMBER).and(T0, T0, S8);
        };
        pending(a);
        expect_equal(a, T0, ZERO);
        read_sector(a);
        pending(a);
        expect_equal(a, T0, S8);
        // Claimed, and completed with the wire still high.
        a.lw(T1, 0, S6).sw(T1, 0, S6);
        expect_equal(a, T1, S7);
        pending(a);
        expect_equal(a, T0, S8);
        // Acknowledged in between.
        a.lw(T1, 0, S6).lw(T0, 0x60, S2).sw(T0, 0x64, S2).sw(T1, 0, S6);
        pending(a);
        expect_equal(a, T0, ZERO);
        end(a, true);
    });
    assert_eq!(run(config(&elf, vec![image.drive()])), MachineStop::Exit(0));
}

#[test]
fn devices_take_the_slots_in_order() {
    let image = Image::new("slots", &[0; 512]);
    let read_only = Drive { is_read_only: true, ..image.drive() };
    let elf = program(|a| end(a, true));
    let config = |drives| MachineConfig {
        terminal: Terminal::Virtio,
        entropy: Some(0),
        ..config(&elf, vec![read_only.clone(); drives])
    };
    let mut machine = Machine::new(config(2), Console::default()).unwrap();
    let mut id = |slot| {
        let base = region(DeviceKind::Virtio(slot)).base;
        iss::Bus::load(machine.bus_mut(), base + 8, Width::W)
    };
    assert_eq!([0, 1, 2, 3, 4, 7].map(&mut id), [2, 2, 3, 4, 0, 0].map(Ok));
    assert!(Machine::new(config(6), Console::default()).is_ok());
    assert!(matches!(Machine::new(config(7), Console::default()), Err(Error::Slots(9))));
}

#[test]
fn what_a_drive_keeps_survives_a_reset_of_the_machine() {
    let image = Image::of_functions("reset");
    let elf = program(|a| {
        start_drive(a);
        a.li(S3, 1);
        read_sector(a);
        call_sector(a);
        end(a, true);
    });
    let mut machine = Machine::new(config(&elf, vec![image.drive()]), Console::default()).unwrap();
    for _ in 0..2 {
        assert_eq!(machine.run(Until::default(), None), MachineStop::Exit(0));
        machine.reset().unwrap();
    }
}
