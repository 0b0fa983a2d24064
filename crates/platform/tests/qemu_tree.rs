//! Our device tree beside that of QEMU's `virt` machine: every node and every property.

mod fixture;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::{env, fs, process};

use fixture::differences::DIFFERENCES;
use fixture::tree::{Nodes, nodes, words};
use platform::{MachineConfig, device_tree};

const QEMU: &str = "qemu-system-riscv64";
/// The version that the list of differences is about.
const VERSION: &str = "version 7.2.";

/// The tree that QEMU makes; `None`, which has been said, where there is no QEMU to ask.
fn qemu(harts: usize, aclint: bool) -> Option<Vec<u8>> {
    let version = Command::new(QEMU).arg("--version").output();
    let Ok(version) = version else {
        println!("not run: needs {QEMU}");
        return None;
    };
    let version = String::from_utf8_lossy(&version.stdout);
    if !version.contains(VERSION) {
        let first = version.lines().next().unwrap_or_default();
        println!("not run: the list of differences is about {QEMU} {VERSION}x, this is {first}");
        return None;
    }
    let file = env::temp_dir().join(format!("vhart-qemu-{}-{harts}-{aclint}.dtb", process::id()));
    let machine = format!("virt,aclint={},dumpdtb={}", if aclint { "on" } else { "off" }, file.display());
    let output = Command::new(QEMU)
        .args(["-M", &machine, "-smp", &harts.to_string(), "-m", "1G"])
        .output()
        .expect("QEMU has just said its version");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = fs::read(&file).expect("QEMU has written it");
    let _ = fs::remove_file(&file);
    Some(tree)
}

/// A tree with each handle replaced by the path of the node that it leads to, and harts' numbers in paths by `*`
/// where they are the same for all.
fn meaning(tree: &[u8]) -> BTreeMap<String, BTreeMap<String, String>> {
    let nodes = nodes(tree);
    let handles: BTreeMap<u32, &str> = nodes
        .iter()
        .filter_map(|(path, properties)| Some((words(properties.get("phandle")?)[0], path.as_str())))
        .collect();
    let at = |handle: u32| handles.get(&handle).copied().unwrap_or("nowhere").to_string();
    let value = |name: &str, value: &[u8]| match name {
        "interrupt-parent" | "regmap" | "cpu" => at(words(value)[0]),
        "interrupts-extended" => {
            let pairs =
                words(value).chunks(2).map(|pair| format!("{} {}", at(pair[0]), pair[1])).collect::<Vec<_>>();
            pairs.join(", ")
        }
        _ => format!("{}", value.escape_ascii()),
    };
    let mean = |nodes: &Nodes| {
        let properties = |properties: &BTreeMap<String, Vec<u8>>| {
            let others = properties.iter().filter(|(name, _)| *name != "phandle");
            others.map(|(name, bytes)| (name.clone(), value(name, bytes))).collect()
        };
        nodes.iter().map(|(path, all)| (path.clone(), properties(all))).collect()
    };
    mean(&nodes)
}

/// A path with `*` for the number of a hart.
fn of_any_hart(path: &str) -> String {
    let Some((before, rest)) = path.split_once("/cpu@") else { return path.to_string() };
    let after = rest.trim_start_matches(|digit: char| digit.is_ascii_hexdigit());
    format!("{before}/cpu@*{after}")
}

/// What differs, as [`DIFFERENCES`] writes it.
fn differences(qemu: &[u8], ours: &[u8]) -> BTreeSet<String> {
    let (qemu, ours) = (meaning(qemu), meaning(ours));
    let mut found = BTreeSet::new();
    for (sign, one, other) in [("-", &qemu, &ours), ("+", &ours, &qemu)] {
        for (path, properties) in one {
            let place = of_any_hart(path);
            let parent = Path::new(path).parent().and_then(Path::to_str);
            match other.get(path) {
                Some(others) => {
                    let lacking = properties.keys().filter(|name| !others.contains_key(*name));
                    found.extend(lacking.map(|name| format!("{sign} {place} {name}")));
                }
                // What is below a node that is not there is not there either.
                None if parent.is_none_or(|parent| other.contains_key(parent)) => {
                    found.insert(format!("{sign} {place}"));
                }
                None => {}
            }
        }
    }
    for (path, properties) in &qemu {
        let Some(others) = ours.get(path) else { continue };
        let differ =
            properties.iter().filter(|(name, value)| others.get(*name).is_some_and(|own| own != *value));
        found.extend(differ.map(|(name, _)| format!("~ {} {name}", of_any_hart(path))));
    }
    found
}

#[test]
fn every_difference_from_qemu_has_a_reason_and_every_reason_a_difference() {
    let listed: BTreeSet<String> = DIFFERENCES.iter().map(|(what, _)| what.to_string()).collect();
    for (harts, aclint) in [(1, false), (2, false), (8, false), (1, true), (2, true), (8, true)] {
        let Some(qemu) = qemu(harts, aclint) else { return };
        let config = MachineConfig { harts, aclint, memory: 1 << 30, ..MachineConfig::default() };
        let found = differences(&qemu, &device_tree(&config).expect("a tree"));
        let unlisted: Vec<_> = found.difference(&listed).collect();
        let stale: Vec<_> = listed.difference(&found).collect();
        assert!(unlisted.is_empty(), "{harts} harts, aclint {aclint}: not listed: {unlisted:#?}");
        assert!(stale.is_empty(), "{harts} harts, aclint {aclint}: listed, but the same: {stale:#?}");
    }
}

#[test]
fn a_difference_is_found_wherever_it_is() {
    let tree = |harts, aclint| {
        device_tree(&MachineConfig { harts, aclint, ..MachineConfig::default() }).expect("a tree")
    };
    let one = tree(1, false);
    assert_eq!(differences(&one, &one), BTreeSet::new());
    let found = differences(&one, &tree(1, true));
    let expected =
        ["+ /soc/mswi@2000000", "+ /soc/mtimer@2004000", "+ /soc/sswi@2f00000", "- /soc/clint@2000000"];
    assert_eq!(found, expected.map(String::from).into());
    let found = differences(&one, &tree(2, false));
    let expected = [
        "+ /cpus/cpu-map/cluster0/core1",
        "+ /cpus/cpu@*",
        "~ /soc/clint@2000000 interrupts-extended",
        "~ /soc/plic@c000000 interrupts-extended",
    ];
    assert_eq!(found, expected.map(String::from).into(), "handles are compared by where they lead");
}
