//! `vhart run --save` and `--load`: what is said on the command line, and what comes of it.

mod program;

use std::path::PathBuf;
use std::process::Output;

use program::{Asm, BASE, S0, S1, T0, T1, errors, exit, folder, run, text, write};

/// A program that prints the letters from a to z, with some time between them, and ends with status 3.
fn letters() -> Asm {
    let mut a = Asm::new(BASE);
    a.li(S0, 0x1000_0000).li(S1, b'a'.into());
    let (letter, wait) = (a.here(), a.label());
    a.sb(S1, 0, S0).li(T0, 1000).place(wait);
    a.addi(T0, T0, -1).bnez(T0, wait).addi(S1, S1, 1).li(T1, b'z' as u64 + 1).bne(S1, T1, letter);
    exit(&mut a, 3);
    let end = a.here();
    a.j(end);
    a
}

/// A folder with the program in it.
fn setup(test: &str) -> (PathBuf, String, String) {
    let folder = folder(&format!("snapshot-{test}"));
    write(&folder.join("letters.elf"), letters(), &[]);
    let name = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (elf, snapshot) = (name("letters.elf"), name("snapshot"));
    (folder, elf, snapshot)
}

/// Wants a refusal by the program itself, in one line.
fn refused(output: &Output, reason: &str) {
    let errors = errors(output);
    assert_eq!(output.status.code(), Some(125), "{errors}");
    assert!(errors.contains(reason) && errors.lines().count() == 1, "{errors}");
}

#[test]
fn a_run_goes_on_after_it_is_saved_and_from_where_it_was_saved() {
    let (_, elf, snapshot) = setup("goes-on");
    let whole = run(["run", &elf, "--save", &snapshot, "--snapshot-at", "20000"]);
    assert_eq!((whole.status.code(), text(&whole).len()), (Some(3), 26), "{}", errors(&whole));
    for engine in ["fast", "reference"] {
        let rest = run(["run", "--load", &snapshot, "--engine", engine]);
        assert_eq!(
            (rest.status.code(), text(&rest).as_str()),
            (Some(3), "klmnopqrstuvwxyz"),
            "{}",
            errors(&rest)
        );
    }
}

#[test]
fn a_run_that_reaches_its_limit_is_saved_there() {
    let (_, elf, snapshot) = setup("limit");
    let first = run(["run", &elf, "--save", &snapshot, "--max-instructions", "20000"]);
    assert_eq!((first.status.code(), text(&first).as_str()), (Some(124), "abcdefghij"), "{}", errors(&first));
    let second = run(["run", "--load", &snapshot, "--save", &snapshot, "--max-instructions", "30000"]);
    assert_eq!((second.status.code(), text(&second).as_str()), (Some(124), "klmno"), "{}", errors(&second));
    let third = run(["run", "--load", &snapshot]);
    assert_eq!((third.status.code(), text(&third).as_str()), (Some(3), "pqrstuvwxyz"), "{}", errors(&third));
}

#[test]
fn another_machine_is_refused_with_the_differences() {
    let (_, elf, snapshot) = setup("shape");
    let made = run([
        "run",
        &elf,
        "--smp",
        "2",
        "--memory",
        "16M",
        "--cpu",
        "max,vmidlen=7",
        "--save",
        &snapshot,
        "--max-instructions",
        "100",
    ]);
    assert_eq!(made.status.code(), Some(124), "{}", errors(&made));
    let load =
        |flags: &[&str]| run(["run", "--load", &snapshot, "--max-instructions", "200"].iter().chain(flags));
    for same in [&[][..], &["--smp", "2", "--memory", "16", "--cpu", "max,vmidlen=7,asidlen=16"]] {
        assert_eq!(load(same).status.code(), Some(124), "{same:?}");
    }
    refused(&load(&["--smp", "1"]), "is of a machine with --smp 2, not 1: leave these flags out");
    refused(&load(&["--memory", "128M"]), "--memory 16M, not 128M");
    refused(&load(&["--cpu", "max"]), "--cpu max,vmidlen=7, not max");
    refused(&load(&["--smp", "4", "--memory", "1G"]), "--smp 2, not 4; --memory 16M, not 1G");
}

#[test]
fn what_is_not_saved_is_said() {
    let (folder, elf, snapshot) = setup("unsaved");
    let output = run(["run", &elf, "--save", &snapshot, "--snapshot-at", "1000000000"]);
    refused(&output, "nothing is saved: the run ended before --snapshot-at 1000000000");
    let output = run(["run", &elf, "--save", &snapshot]);
    refused(&output, "nothing is saved: the guest ended the run");
    assert!(!folder.join("snapshot").exists());
    let nowhere = folder.join("no/such/file");
    let output = run(["run", &elf, "--save", nowhere.to_str().unwrap()]);
    refused(&output, "there is no folder");
    assert!(output.stdout.is_empty(), "it is said before the run");
    run(["run", &elf, "--save", &snapshot, "--max-instructions", "20000"]);
    let output = run(["run", "--load", &snapshot, "--save", &snapshot, "--snapshot-at", "10"]);
    refused(&output, "--snapshot-at 10 is over: the machine has taken 20000 instructions");
}

#[test]
fn files_that_are_no_snapshots_are_refused() {
    let (folder, elf, snapshot) = setup("files");
    refused(&run(["run", "--load", &elf]), "is not a snapshot: name a file that --save has written");
    refused(&run(["run", "--load", &snapshot]), "cannot read");
    run(["run", &elf, "--save", &snapshot, "--max-instructions", "20000"]);
    let whole = std::fs::read(&snapshot).unwrap();
    let cut = folder.join("cut");
    std::fs::write(&cut, &whole[..whole.len() - 30]).unwrap();
    refused(&run(["run", "--load", cut.to_str().unwrap()]), "is damaged: it ends too early");
}

#[test]
fn flags_that_contradict_each_other() {
    let (_, elf, snapshot) = setup("flags");
    for args in [
        &["--load", &snapshot, &elf][..],
        &["--load", &snapshot, "--kernel", &elf],
        &["--load", &snapshot, "--bios", "none"],
        &["--load", &snapshot, "--dtb", &elf],
        &[&elf, "--snapshot-at", "5"],
        &[&elf, "--save", &snapshot, "--parallel"],
        &[&elf, "--save", &snapshot, "--gdb", ":1"],
        &[&elf, "--save", &snapshot, "--snapshot-at", "11", "--max-instructions", "10"],
    ] {
        let output = run(["run"].iter().chain(args));
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", errors(&output));
    }
}
