//! Programs that are loaded where they belong, and programs that are refused with one clear line.

mod fixture;

use fixture::{Elf, Segment, machine};
use iss::Width;
use platform::{Console, Image, Machine, MachineConfig};

/// `j .`
const SPIN: u32 = 0x0000_006f;

fn start(config: MachineConfig) -> Machine {
    Machine::new(config, Console::default()).expect("the machine starts")
}

/// What is wrong with a configuration, in one line.
#[track_caller]
fn refusal(config: MachineConfig) -> String {
    let message = Machine::new(config, Console::default()).expect_err("refused").to_string();
    assert!(!message.contains('\n'), "{message}");
    message
}

fn word(machine: &Machine, pa: u64) -> u64 {
    machine.ram().load(pa, Width::W).unwrap()
}

#[test]
fn a_lone_program_starts_at_its_entry_on_every_hart() {
    let mut elf = Elf::program(&[1, SPIN]);
    elf.entry = 0x8000_0004;
    let machine = start(MachineConfig { harts: 3, ..machine(elf.image()) });
    for id in 0..3 {
        let hart = machine.hart(id).unwrap();
        assert_eq!((hart.pc(), hart.x(10)), (0x8000_0004, id as u64));
        assert_eq!(word(&machine, hart.x(11)), 0xedfe_0dd0, "a1 points at a device tree");
        assert_eq!(word(&machine, hart.x(12)), 0x4942_534f, "a2 points at the record for fw_dynamic");
    }
    assert!(machine.hart(3).is_none());
    assert_eq!(word(&machine, 0x8000_0004), SPIN.into());
}

#[test]
fn segments_lie_at_their_physical_addresses() {
    let mut elf = Elf::program(&[SPIN]);
    elf.segments[0].va = 0xffff_ffff_8000_0000;
    elf.entry = 0xffff_ffff_8000_0000;
    elf.segments.push(Segment { memory_size: 64, ..Segment::load(0x8000_4000, &[7; 4]) });
    let machine = start(machine(elf.image()));
    assert_eq!(machine.hart(0).unwrap().pc(), 0x8000_0000, "the entry is translated");
    assert_eq!((word(&machine, 0x8000_4000), word(&machine, 0x8000_4004)), (0x0707_0707, 0));
}

#[test]
fn a_position_independent_firmware_linked_to_zero_lies_where_a_raw_one_would() {
    let mut elf = Elf { kind: 3, entry: 4, ..Elf::program(&[1, SPIN]) };
    elf.segments = vec![Segment::load(0, &[1, 0, 0, 0, 0x6f, 0, 0, 0]), Segment::load(0x4000, &[7; 4])];
    let machine = start(machine(elf.image()));
    let pc = machine.hart(0).unwrap().pc();
    assert_eq!((pc, word(&machine, 0x8000_4000)), (0x8000_0004, 0x0707_0707));
}

#[test]
fn a_file_can_be_put_anywhere_in_memory() {
    let config = |at| MachineConfig {
        loads: vec![(Image::new("data", vec![1, 2, 3, 4]), at)],
        ..machine(Elf::program(&[SPIN]).image())
    };
    assert_eq!(word(&start(config(0x8030_0000)), 0x8030_0000), 0x0403_0201);
    assert!(refusal(config(0x8000_0000)).contains("overlaps data at 0x80000000..0x80000004"));
    assert!(
        refusal(config(0x80ff_fffe)).starts_with("data: the image at 0x80fffffe..0x81000002 lies outside")
    );
    assert!(refusal(config(u64::MAX)).starts_with("data: the image at "));
}

#[test]
fn the_signature_lies_between_its_symbols() {
    let mut elf = Elf::program(&[SPIN]);
    assert_eq!(start(machine(elf.image())).signature(), None);
    elf.symbols = vec![("begin_signature", 0x8000_0010), ("end_signature", 0x8000_0020)];
    assert_eq!(start(machine(elf.image())).signature(), Some(0x8000_0010..0x8000_0020));
}

#[test]
fn a_firmware_is_told_where_its_kernel_is() {
    let firmware = Image::new("fw.bin", SPIN.to_le_bytes().to_vec());
    let mut kernel = Elf::program(&[SPIN]);
    kernel.entry = 0x8040_0000;
    kernel.segments = vec![Segment::load(0x8040_0000, &[1, 2, 3, 4])];
    for (kernel, next) in [
        (Some(kernel.image()), 0x8040_0000),
        (Some(Image::new("k.bin", vec![1, 2, 3, 4])), 0x8020_0000),
        (None, 0x8020_0000),
    ] {
        let loaded = kernel.is_some();
        let machine = start(MachineConfig { kernel, ..machine(firmware.clone()) });
        let hart = machine.hart(0).unwrap();
        assert_eq!(hart.pc(), 0x8000_0000);
        let record: Vec<_> =
            (0..6).map(|n| machine.ram().load(hart.x(12) + 8 * n, Width::D).unwrap()).collect();
        assert_eq!(record, [0x4942_534f, 2, next, 1, 0, 0]);
        assert_eq!(word(&machine, next), if loaded { 0x0403_0201 } else { 0 });
    }
}

#[test]
fn a_kernel_without_firmware_starts_in_its_place() {
    let config =
        MachineConfig { kernel: Some(Image::new("k.bin", vec![1, 2, 3, 4])), ..MachineConfig::default() };
    let machine = start(config);
    assert_eq!(machine.hart(0).unwrap().pc(), 0x8000_0000);
    assert_eq!(word(&machine, 0x8000_0000), 0x0403_0201);
}

#[test]
fn the_initrd_lies_below_the_device_tree() {
    let config = MachineConfig {
        initrd: Some(Image::new("initrd", vec![0x5a; 5000])),
        memory: 4 << 30,
        ..machine(Elf::program(&[SPIN]).image())
    };
    let machine = start(config);
    let tree = machine.hart(0).unwrap().x(11);
    assert!(tree < 0xc000_0000 && tree.is_multiple_of(0x20_0000), "{tree:#x}");
    let words = |name| fixture::words(machine.device_tree(), "/chosen", name).unwrap();
    let [start, end] = ["linux,initrd-start", "linux,initrd-end"].map(|name| u64::from(words(name)[1]));
    assert!(start.is_multiple_of(4096) && end - start == 5000 && end <= tree);
    assert_eq!(word(&machine, start), 0x5a5a_5a5a);
}

#[test]
fn the_device_tree_makes_way() {
    let mut elf = Elf::program(&[SPIN]);
    // Main memory ends at 0x8100_0000; the usual place of the tree is the last 2 MiB.
    elf.segments.push(Segment { memory_size: 0x20_0000, ..Segment::load(0x80e0_0000, &[1]) });
    elf.segments.push(Segment::load(0x80bf_fff8, &[1; 8]));
    let machine = start(machine(elf.image()));
    let hart = machine.hart(0).unwrap();
    assert_eq!(hart.x(11), 0x80a0_0000, "the page below 0x80c0_0000 is taken");
    assert_eq!(hart.x(12), 0x809f_f000);
    assert_eq!((word(&machine, 0x80e0_0000), word(&machine, 0x80bf_fff8)), (1, 0x0101_0101));
}

#[test]
fn a_reset_brings_everything_back() {
    let mut machine = start(machine(Elf::program(&[SPIN]).image()));
    machine.ram().store(0x8000_0000, Width::W, 0).unwrap();
    machine.ram().store(0x8010_0000, Width::W, 7).unwrap();
    machine.hart_mut(0).unwrap().set_pc(4);
    machine.reset().unwrap();
    assert_eq!(machine.hart(0).unwrap().pc(), 0x8000_0000);
    assert_eq!((word(&machine, 0x8000_0000), word(&machine, 0x8010_0000)), (SPIN.into(), 0));
}

#[test]
fn unsuitable_programs_are_refused_in_one_line() {
    let program = Elf::program(&[SPIN]);
    let change = |change: &dyn Fn(&mut Elf)| {
        let mut elf = program.clone();
        change(&mut elf);
        elf.image()
    };
    let patch = |at: usize, value: u8| {
        let mut bytes = program.write();
        bytes[at] = value;
        Image::new("test.elf", bytes)
    };
    let whole = program.write();
    let cases = [
        (patch(4, 1), "test.elf is a 32-bit ELF: compile it for 64-bit RISC-V (-march=rv64gc -mabi=lp64d)"),
        (patch(5, 2), "test.elf is a big-endian ELF: compile it for little-endian 64-bit RISC-V"),
        (
            change(&|elf| elf.machine = 62),
            "test.elf is an ELF for another architecture (e_machine 62): compile it for 64-bit RISC-V",
        ),
        (change(&|elf| elf.kind = 1), "test.elf is not an executable (e_type 1): link it first"),
        (change(&|elf| elf.segments.clear()), "test.elf has nothing to load: link it with loadable segments"),
        (
            change(&|elf| elf.segments.push(Segment { kind: 3, ..Segment::load(0x8000_1000, b"/lib/ld") })),
            "test.elf is a program for an operating system, with an interpreter: link it statically for bare \
             metal",
        ),
        (
            change(&|elf| elf.segments[0].pa = 0x1000),
            "test.elf: a segment at 0x1000..0x1004 lies outside main memory 0x80000000..0x81000000: link it \
             there, or enlarge the memory",
        ),
        (
            change(&|elf| elf.segments[0].memory_size = u64::MAX),
            "test.elf: a segment at 0x80000000..0xffffffffffffffff lies outside main memory \
             0x80000000..0x81000000: link it there, or enlarge the memory",
        ),
        (
            change(&|elf| elf.segments[0].memory_size = 1),
            "test.elf has a segment that is larger in the file than in memory: build or copy it again",
        ),
        (
            change(&|elf| elf.segments.push(Segment::load(0x8000_0002, &[0; 8]))),
            "test.elf: a segment at 0x80000000..0x80000004 overlaps another segment at \
             0x80000002..0x8000000a: link or place one of them elsewhere",
        ),
        (
            change(&|elf| elf.entry = 0x10),
            "test.elf: the entry point 0x10 lies outside main memory 0x80000000..0x81000000: check the linker \
             script",
        ),
        (
            change(&|elf| elf.symbols = vec![("tohost", 0x8000_0004)]),
            "test.elf has its symbol tohost at 0x80000004: place it in main memory, aligned to 8 bytes",
        ),
    ];
    for (image, message) in cases {
        assert_eq!(refusal(machine(image)), message);
    }
    for length in [0, 4, 20, 64, 100, whole.len() - 1] {
        let message = refusal(machine(Image::new("test.elf", whole[..length].to_vec())));
        assert!(message.contains("truncated") || message.contains("is empty"), "{length} bytes: {message}");
    }
}

#[test]
fn what_does_not_fit_together_is_refused_in_one_line() {
    let firmware = || Image::new("fw.bin", vec![0; 0x20_0001]);
    let overlap = MachineConfig { kernel: Some(Image::new("k.bin", vec![0; 4])), ..machine(firmware()) };
    assert_eq!(
        refusal(overlap),
        "fw.bin at 0x80000000..0x80200001 overlaps k.bin at 0x80200000..0x80200004: link or place one of them \
         elsewhere"
    );
    let full = MachineConfig { memory: 0x20_1000, ..machine(firmware()) };
    assert!(refusal(full).starts_with("no room for the device tree ("));
    let initrd = MachineConfig { initrd: Some(Image::new("rd", vec![0; 16 << 20])), ..machine(firmware()) };
    assert!(refusal(initrd).starts_with("no room for the initial RAM disk rd (16777216 bytes)"));
    let empty = MachineConfig { initrd: Some(Image::new("rd", vec![])), ..machine(firmware()) };
    assert_eq!(refusal(empty), "rd is empty: build or copy it again");
    assert_eq!(refusal(MachineConfig::default()), "nothing to run: name a program, a firmware or a kernel");
    let zero = MachineConfig { bootargs: Some("a\0b".to_string()), ..machine(firmware()) };
    assert!(refusal(zero).contains("kernel's command line"));
}

#[test]
fn little_memory_is_enough() {
    let machine = start(MachineConfig { memory: 256 << 10, ..machine(Elf::program(&[SPIN]).image()) });
    let tree = machine.hart(0).unwrap().x(11);
    assert_eq!(word(&machine, tree), 0xedfe_0dd0);
}
