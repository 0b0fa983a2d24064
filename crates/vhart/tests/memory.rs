//! How much of the host's memory a guest costs: what it touches, and not much more.

mod program;

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Stdio;

use program::{Asm, BASE, T0, T1, T2, exit, folder, vhart, write};

/// What the guest touches.
const MEGABYTES: u64 = 300;

/// The size of an image, which together with them would be too much.
const IMAGE: u64 = 110 << 20;

/// The console's UART.
const UART: u64 = 0x1000_0000;

/// A program that writes a word at each multiple of `step` in [`MEGABYTES`] of memory, says so by a byte, waits for one,
/// and exits.
fn toucher(step: u64) -> Asm {
    let mut a = Asm::new(BASE);
    a.li(T0, BASE + (1 << 20)).li(T1, MEGABYTES << 20).li(T2, step);
    let again = a.here();
    a.sd(T1, 0, T0).add(T0, T0, T2).sub(T1, T1, T2).bnez(T1, again);
    a.li(T0, UART).li(T1, b'.'.into()).sb(T1, 0, T0);
    let waits = a.here();
    a.lbu(T1, 5, T0).andi(T1, T1, 1).beqz(T1, waits);
    exit(&mut a, 0);
    a
}

/// The most memory that a process has had so far, in kilobytes, where the host says so.
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The peak of a run of [`toucher`], in megabytes.
fn peak_of(step: u64) -> Option<u64> {
    let path = folder(&format!("memory-{step}")).join("program.elf");
    write(&path, toucher(step), &[]);
    peak_with(&[path.to_str().unwrap(), "--memory", "1G"])
}

/// The peak of a run of [`toucher`] that these arguments ask for, in megabytes.
fn peak_with(arguments: &[&str]) -> Option<u64> {
    let mut child = vhart()
        .args(["run", "--timeout", "60"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut byte = [0];
    child.stdout.as_mut().unwrap().read_exact(&mut byte).expect("the guest says that it has written");
    let peak = peak(child.id());
    child.stdin.take().unwrap().write_all(b"x").unwrap();
    assert!(child.wait().unwrap().success());
    peak.map(|kilobytes| kilobytes >> 10)
}

#[test]
fn a_guest_costs_the_memory_that_it_touches() {
    let Some(peak) = peak_of(4096) else {
        return println!("not run: the host has no /proc that says what a process uses");
    };
    assert!(peak >= MEGABYTES, "{peak} MB: the guest touches more");
    assert!(peak <= MEGABYTES * 13 / 10, "{peak} MB for {MEGABYTES}");
}

/// The host may give large pages to a guest that touches a little of each, but no more than there are.
#[test]
fn a_guest_that_touches_little_of_each_page_costs_no_more_than_all_of_them() {
    let Some(peak) = peak_of(64 << 10) else {
        return println!("not run: the host has no /proc that says what a process uses");
    };
    assert!(peak <= MEGABYTES * 13 / 10, "{peak} MB for {MEGABYTES}");
    println!("{peak} MB");
}

/// A file of [`IMAGE`] and a program that overwrites it in memory; the arguments for a run of both, and their folder.
fn with_image(test: &str) -> (Vec<String>, PathBuf) {
    let folder = folder(test);
    let (program, image) = (folder.join("program.elf"), folder.join("image.bin"));
    write(&program, toucher(4096), &[]);
    std::fs::File::create(&image).unwrap().set_len(IMAGE).unwrap();
    let loader = format!("{},addr={:#x}", image.display(), BASE + (2 << 20));
    let arguments = [program.to_str().unwrap(), "--memory", "1G", "--loader", &loader];
    (arguments.map(String::from).to_vec(), folder)
}

#[test]
fn an_image_is_not_kept_beside_the_memory_that_it_was_loaded_to() {
    let (arguments, _) = with_image("memory-image");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some(peak) = peak_with(&arguments) else {
        return println!("not run: the host has no /proc that says what a process uses");
    };
    assert!(peak <= MEGABYTES * 13 / 10, "{peak} MB for {MEGABYTES}");
}

#[test]
fn a_snapshots_images_are_not_kept_as_they_were() {
    let (arguments, folder) = with_image("memory-snapshot");
    let snapshot = folder.join("snapshot");
    let mut saved = vhart();
    saved.arg("run").args(arguments).args(["--max-instructions", "1", "--save"]).arg(&snapshot);
    assert_eq!(saved.status().unwrap().code(), Some(124));
    std::fs::remove_file(folder.join("image.bin")).unwrap();
    let Some(peak) = peak_with(&["--load", snapshot.to_str().unwrap()]) else {
        return println!("not run: the host has no /proc that says what a process uses");
    };
    assert!(peak <= MEGABYTES * 13 / 10, "{peak} MB for {MEGABYTES}");
}

/// A run that cannot be saved says why, and leaves no snapshot of other images than those that were booted.
#[test]
fn a_changed_image_is_not_saved() {
    let (mut arguments, folder) = with_image("memory-changed");
    let snapshot = folder.join("snapshot");
    arguments.extend(["--save".into(), snapshot.display().to_string()]);
    let mut child = vhart()
        .arg("run")
        .args(arguments)
        .args(["--timeout", "3"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).expect("the guest says that it has written");
    std::fs::File::options().write(true).open(folder.join("image.bin")).unwrap().write_all(b"x").unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("image.bin has changed since the machine has booted from it: "), "{errors}");
    assert!(!output.status.success() && !snapshot.exists());
}
