//! The machine's own device tree, and trees from outside.

mod fixture;

use std::io::Write;
use std::process::{Command, Stdio};

use fixture::{Elf, property, text, words};
use iss::Variant;
use platform::{Image, MachineConfig, device_tree};

fn two_harts() -> MachineConfig {
    MachineConfig { harts: 2, bootargs: Some("console=ttyS0".to_string()), ..MachineConfig::default() }
}

#[test]
fn the_tree_says_what_qemu_virt_says() {
    let tree = device_tree(&two_harts()).unwrap();
    assert_eq!(text(&tree, "/", "compatible").unwrap(), "riscv-virtio");
    assert_eq!(text(&tree, "/chosen", "stdout-path").unwrap(), "/soc/serial@10000000");
    assert_eq!(text(&tree, "/chosen", "bootargs").unwrap(), "console=ttyS0");
    assert_eq!(words(&tree, "/memory@80000000", "reg").unwrap(), [0, 0x8000_0000, 0, 128 << 20]);
    assert_eq!(words(&tree, "/cpus", "timebase-frequency").unwrap(), [10_000_000]);
    assert_eq!(words(&tree, "/cpus/cpu@1", "reg").unwrap(), [1]);
    assert_eq!(words(&tree, "/soc/serial@10000000", "interrupts").unwrap(), [10]);
    assert_eq!(words(&tree, "/soc/plic@c000000", "reg").unwrap(), [0, 0xc00_0000, 0, 0x60_0000]);
    assert_eq!(words(&tree, "/soc/plic@c000000", "riscv,ndev").unwrap(), [95]);
    assert_eq!(text(&tree, "/soc/test@100000", "compatible").unwrap(), "sifive,test1\0sifive,test0\0syscon");
    assert_eq!(words(&tree, "/poweroff", "value").unwrap(), [0x5555]);
    assert_eq!(words(&tree, "/reboot", "value").unwrap(), [0x7777]);
}

#[test]
fn handles_lead_to_their_nodes() {
    let tree = device_tree(&two_harts()).unwrap();
    let handle = |path: &str| words(&tree, path, "phandle").unwrap()[0];
    let hart = [0, 1].map(|n| handle(&format!("/cpus/cpu@{n}/interrupt-controller")));
    let plic = handle("/soc/plic@c000000");
    let extended = |path| words(&tree, path, "interrupts-extended").unwrap();
    assert_eq!(extended("/soc/clint@2000000"), [hart[0], 3, hart[0], 7, hart[1], 3, hart[1], 7]);
    assert_eq!(extended("/soc/plic@c000000"), [hart[0], 11, hart[0], 9, hart[1], 11, hart[1], 9]);
    assert_eq!(words(&tree, "/soc/serial@10000000", "interrupt-parent").unwrap(), [plic]);
    assert_eq!(words(&tree, "/poweroff", "regmap").unwrap(), [handle("/soc/test@100000")]);
    let mut handles = [hart[0], hart[1], plic, handle("/soc/test@100000")];
    handles.sort_unstable();
    assert!(handles.windows(2).all(|pair| pair[0] != pair[1]), "{handles:?}");
}

#[test]
fn harts_say_what_they_implement() {
    let isa = |variant| {
        let tree = device_tree(&MachineConfig { variant, ..MachineConfig::default() }).unwrap();
        ["riscv,isa", "mmu-type"].map(|name| text(&tree, "/cpus/cpu@0", name).unwrap())
    };
    let [max, mmu] = isa(Variant::default());
    assert_eq!((max, mmu.as_str()), (Variant::default().extensions.isa_string(), "riscv,sv57"));
    let plain = Variant::parse("rv64gc_zicntr_svade,satp=sv39").unwrap();
    let names = "rv64imafdc_zicntr_zicsr_zifencei_zmmul_zaamo_zalrsc_zca_svade";
    assert_eq!(isa(plain), [names, "riscv,sv39"]);
    let tree = device_tree(&MachineConfig { variant: plain, ..MachineConfig::default() }).unwrap();
    assert_eq!(text(&tree, "/cpus/cpu@0", "riscv,isa-base").unwrap(), "rv64i");
    let list = text(&tree, "/cpus/cpu@0", "riscv,isa-extensions").unwrap();
    assert_eq!(list, "i\0m\0a\0f\0d\0c\0zicntr\0zicsr\0zifencei\0zmmul\0zaamo\0zalrsc\0zca\0svade");
}

#[test]
fn the_size_of_cache_blocks_is_told_with_the_extensions_that_use_it() {
    for (name, property_name) in [
        ("zicbom", "riscv,cbom-block-size"),
        ("zicbop", "riscv,cbop-block-size"),
        ("zicboz", "riscv,cboz-block-size"),
    ] {
        for (cpu, expected) in [(format!("rv64gc_{name}"), Some(vec![64])), ("rv64gc".into(), None)] {
            let variant = Variant::parse(&cpu).unwrap();
            let tree = device_tree(&MachineConfig { variant, ..MachineConfig::default() }).unwrap();
            assert_eq!(words(&tree, "/cpus/cpu@0", property_name), expected, "{cpu}");
        }
    }
}

#[test]
fn every_device_has_a_node() {
    let tree = device_tree(&MachineConfig { harts: 512, ..MachineConfig::default() }).unwrap();
    for region in platform::map::REGIONS.iter().filter(|region| !region.needs_aclint()) {
        let path = format!("/soc/{}", region.node_name());
        assert!(property(&tree, &path, "reg").is_some(), "{path}");
    }
    assert_eq!(words(&tree, "/cpus/cpu@1ff", "reg").unwrap(), [511]);
}

/// The names in Linux's binding (`riscv/extensions.yaml` of 6.15) that harts of ours may have.
const BOUND: &[&str] = &[
    "i",
    "m",
    "a",
    "f",
    "d",
    "c",
    "h",
    "smmpm",
    "smnpm",
    "smstateen",
    "sscofpmf",
    "ssnpm",
    "sstc",
    "svade",
    "svadu",
    "svinval",
    "svnapot",
    "svpbmt",
    "svvptc",
    "zaamo",
    "zabha",
    "zacas",
    "zalrsc",
    "zawrs",
    "zba",
    "zbb",
    "zbc",
    "zbkb",
    "zbkc",
    "zbkx",
    "zbs",
    "zca",
    "zcb",
    "zcmop",
    "zfa",
    "zfh",
    "zfhmin",
    "ziccrse",
    "zicbom",
    "zicbop",
    "zicboz",
    "zicntr",
    "zicond",
    "zicsr",
    "zifencei",
    "zihintpause",
    "zihintntl",
    "zihpm",
    "zimop",
    "zkr",
];

/// The names of the manual and the profiles that it does not have: software passes them over.
const UNBOUND: &[&str] = &[
    "b",
    "zic64b",
    "ziccamoa",
    "ziccif",
    "zicclsm",
    "zmmul",
    "za64rs",
    "za128rs",
    "smcntrpmf",
    "smdbltrp",
    "smepmp",
    "sha",
    "shcounterenw",
    "shgatpa",
    "shlcofideleg",
    "shtvala",
    "shvsatpa",
    "shvstvala",
    "shvstvecd",
    "ssccptr",
    "sscounterenw",
    "ssdbltrp",
    "ssstateen",
    "sstvala",
    "sstvecd",
    "ssu64xl",
    "supm",
    "svbare",
    "sv39",
    "sv48",
    "sv57",
];

/// Where a name belongs: single letters in the manual's order, then Z by the letter behind it, then S.
fn place(name: &str) -> (usize, usize) {
    const LETTERS: &str = "imafdqlcbkjtpvnh";
    let letter =
        |at: usize| name.get(at..=at).and_then(|letter| LETTERS.find(letter)).unwrap_or(LETTERS.len());
    match (name.len(), &name[..1]) {
        (1, _) => (0, letter(0)),
        (_, "z") => (1, letter(1)),
        _ => (2, 0),
    }
}

#[test]
fn what_harts_claim_is_what_they_have_by_names_that_software_knows() {
    let specs = [
        "max",
        "rva20s64",
        "rva22s64",
        "rva23s64",
        "rv64gc",
        "rv64gch",
        "rv64gc_sstc_zba",
        "max,satp=sv39",
        "max,satp=sv48,svadu=off",
        "max,h=off",
        "max,smdbltrp=on",
        "max,zicbom=off,zfh=off",
    ];
    for spec in specs {
        let variant = Variant::parse(spec).unwrap();
        let tree = device_tree(&MachineConfig { variant, ..MachineConfig::default() }).unwrap();
        let cpu = |name: &str| text(&tree, "/cpus/cpu@0", name).unwrap();
        let list = cpu("riscv,isa-extensions");
        let names: Vec<&str> = list.split('\0').collect();
        for name in &names {
            assert!(BOUND.contains(name) != UNBOUND.contains(name), "{spec}: {name} is in one of the lists");
            let ext = isa::ext::Ext::from_name(name).expect("an extension of the table");
            assert!(variant.has(ext), "{spec} claims {name}");
        }
        let have = variant.extensions.iter().filter(|ext| ext.is_in_isa_string()).count();
        assert_eq!(names.len(), have, "{spec} claims all that it has");
        assert!(names.windows(2).all(|pair| place(pair[0]) <= place(pair[1])), "{spec}: {names:?}");
        // The older form says the same.
        let string = cpu("riscv,isa");
        assert_eq!(
            isa::ext::ExtSet::from_isa_string(&string).unwrap(),
            variant.extensions.without(hidden()).closure()
        );
        let mode = cpu("mmu-type");
        let modes = ["sv39", "sv48", "sv57"];
        assert_eq!(mode, format!("riscv,{}", modes[variant.satp_levels as usize - 3]), "{spec}");
        let claimed = names.iter().filter(|name| modes.contains(name));
        assert!(claimed.max().is_none_or(|claimed| *claimed <= &mode["riscv,".len()..]), "{spec}: {mode}");
    }
}

/// What goes without saying.
fn hidden() -> isa::ext::ExtSet {
    use isa::ext::Ext;
    isa::ext::ExtSet::of(&[Ext::Sm, Ext::S, Ext::U])
}

/// A machine whose tree comes from outside.
fn with_tree(tree: Vec<u8>) -> MachineConfig {
    MachineConfig {
        device_tree: Some(Image::new("my.dtb", tree)),
        ..fixture::machine(Elf::program(&[0x6f]).image())
    }
}

#[track_caller]
fn refusal(config: &MachineConfig) -> String {
    let message = device_tree(config).expect_err("refused").to_string();
    assert!(!message.contains('\n'), "{message}");
    message
}

#[test]
fn a_tree_from_outside_is_used_as_it_is() {
    let tree = device_tree(&MachineConfig { memory: 16 << 20, ..MachineConfig::default() }).unwrap();
    assert_eq!(device_tree(&with_tree(tree.clone())).unwrap(), tree);
}

#[test]
fn a_tree_of_another_machine_is_refused() {
    let large = device_tree(&MachineConfig::default()).unwrap();
    assert_eq!(
        refusal(&with_tree(large)),
        "my.dtb describes memory 0x80000000..0x88000000, the machine has 0x80000000..0x81000000: change the \
         tree or the machine's options"
    );
    let harts =
        device_tree(&MachineConfig { harts: 4, memory: 16 << 20, ..MachineConfig::default() }).unwrap();
    assert!(refusal(&with_tree(harts)).starts_with("my.dtb describes hart 1, the machine's last is 0: "));
    let mut slow = device_tree(&MachineConfig { memory: 16 << 20, ..MachineConfig::default() }).unwrap();
    let clock = 10_000_000u32.to_be_bytes();
    let at = slow.windows(4).position(|word| word == clock).unwrap();
    slow[at..at + 4].copy_from_slice(&1_000_000u32.to_be_bytes());
    assert!(refusal(&with_tree(slow)).starts_with("my.dtb has a timebase-frequency of 1000000, "));
}

#[test]
fn a_broken_tree_is_refused() {
    let tree = device_tree(&MachineConfig { memory: 16 << 20, ..MachineConfig::default() }).unwrap();
    let mut version = tree.clone();
    version[23] = 3;
    for (bytes, message) in [
        (vec![], "my.dtb is empty: build or copy it again"),
        (vec![0; 100], "my.dtb does not start as a device tree: compile it again with dtc"),
        (tree[..tree.len() - 1].to_vec(), "my.dtb is truncated: compile it again with dtc"),
        (tree[..20].to_vec(), "my.dtb is truncated: compile it again with dtc"),
        (version, "my.dtb has version 3 of the format, not 17: compile it again with dtc"),
    ] {
        assert_eq!(refusal(&with_tree(bytes)), message);
    }
}

#[test]
fn boot_options_need_the_machines_own_tree() {
    let tree = device_tree(&MachineConfig { memory: 16 << 20, ..MachineConfig::default() }).unwrap();
    let config = MachineConfig { bootargs: Some("quiet".to_string()), ..with_tree(tree.clone()) };
    assert!(refusal(&config).starts_with("a kernel command line goes into the machine's own device tree"));
    let config = MachineConfig { initrd: Some(Image::new("rd", vec![1])), ..with_tree(tree) };
    assert!(refusal(&config).starts_with("an initial RAM disk goes into the machine's own device tree"));
}

/// dtc reads the tree without a complaint.
#[test]
fn dtc_agrees() {
    let tree = device_tree(&two_harts()).unwrap();
    let dtc = Command::new("dtc")
        .args(["-I", "dtb", "-O", "dts", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut dtc) = dtc else {
        println!("not run: needs dtc");
        return;
    };
    dtc.stdin.take().unwrap().write_all(&tree).unwrap();
    let output = dtc.wait_with_output().unwrap();
    let (source, complaints) = (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned());
    assert!(output.status.success() && complaints.is_empty(), "{complaints}");
    assert!(String::from_utf8_lossy(&source).contains("serial@10000000"));
}
