//! Files that cannot run: each is refused in one line that says what is wrong.

mod program;

use std::path::{Path, PathBuf};

use program::{elf, errors, folder, run, vhart};

/// Runs `vhart run` with `args` and wants one line that contains `reason`.
fn refused(args: &[&str], reason: &str) {
    let output = run(["run"].iter().chain(args));
    let errors = errors(&output);
    assert_eq!(output.status.code(), Some(125), "{args:?}: {errors}");
    assert!(errors.starts_with("vhart: ") && errors.contains(reason), "{args:?}: {errors}");
    assert_eq!(errors.lines().count(), 1, "{args:?}: {errors}");
    assert!(output.stdout.is_empty(), "{args:?}");
}

/// A file with these bytes.
fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The ELF of a program that does nothing, with some bytes changed.
fn changed(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut elf = elf(&0x0000_006f_u32.to_le_bytes(), &[]);
    elf[at..at + bytes.len()].copy_from_slice(bytes);
    elf
}

#[test]
fn elves_that_are_not_for_this_machine() {
    let folder = folder("bad-elves");
    let whole = changed(0, b"\x7fELF");
    let cases: [(&str, Vec<u8>, &str); 8] = [
        ("32-bit", changed(4, &[1]), "32"),
        ("big-endian", changed(5, &[2]), "big-endian"),
        ("x86", changed(18, &[62, 0]), "RISC-V"),
        ("low", changed(64 + 24, &0x1000_u64.to_le_bytes()), "outside main memory"),
        ("entry", changed(24, &0x1000_u64.to_le_bytes()), "entry"),
        ("header", whole[..20].to_vec(), "header"),
        ("cut", whole[..100].to_vec(), "cut"),
        ("text", b"#!/bin/sh\n".to_vec(), "--kernel"),
    ];
    for (name, bytes, reason) in cases {
        let path = file(&folder, name, &bytes);
        refused(&[path.to_str().unwrap()], reason);
    }
}

#[test]
fn files_that_cannot_be_read() {
    let folder = folder("unreadable");
    let name = folder.to_str().unwrap();
    refused(&[name], "cannot read");
    let missing = folder.join("missing.elf");
    let missing = missing.to_str().unwrap();
    refused(&[missing], "cannot read");
    refused(&["--bios", missing], "cannot read");
    refused(&["--bios", "none", "--kernel", missing], "cannot read");
    let kernel = file(&folder, "kernel.elf", &changed(0, b"\x7fELF"));
    let kernel = kernel.to_str().unwrap();
    refused(&["--bios", "none", "--kernel", kernel, "--initrd", missing], "cannot read");
    refused(&[kernel, "--dtb", missing], "cannot read");
    let empty = file(&folder, "empty", b"");
    refused(&[empty.to_str().unwrap()], "empty");
}

#[test]
fn device_trees_that_are_none() {
    let folder = folder("bad-trees");
    let program = file(&folder, "program.elf", &changed(0, b"\x7fELF"));
    for (name, bytes) in [("text", b"/dts-v1/;".to_vec()), ("header", 0xd00d_feed_u32.to_be_bytes().to_vec())]
    {
        let tree = file(&folder, name, &bytes);
        refused(&[program.to_str().unwrap(), "--dtb", tree.to_str().unwrap()], name);
    }
}

#[test]
fn more_memory_than_the_host_can_reserve_is_no_panic() {
    let output = vhart().args(["run", "--memory", "1T", "--dump-dtb", "/dev/null"]).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 125)), "{}", errors(&output));
}

#[test]
fn drives_that_are_no_images() {
    let folder = folder("bad-drives");
    let program = file(&folder, "program.elf", &changed(0, b"\x7fELF"));
    let program = program.to_str().unwrap();
    let name = |path: &Path| path.to_str().unwrap().to_owned();
    let image = name(&file(&folder, "image", &[0; 1024]));
    refused(&[program, "--drive", &name(&folder.join("missing"))], "cannot read");
    refused(&[program, "--drive", &name(&folder)], "is not a file");
    refused(&[program, "--drive", &name(&file(&folder, "empty", b""))], "is empty");
    refused(&[program, "--drive", &name(&file(&folder, "odd", &[0; 1000]))], "no multiple of 512");
    refused(&[program, "--drive", &image, "--drive", &image], "is in use");
    let read_only = format!("{image},readonly");
    let nine: Vec<&str> = std::iter::repeat_n(["--drive", &read_only], 9).flatten().collect();
    refused(&[&[program], &nine[..]].concat(), "9 virtio devices are too many");
}
