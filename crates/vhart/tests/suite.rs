//! `vhart test`: what counts as a test, as a pass and as a failure, and the reports.

mod program;

use std::path::{Path, PathBuf};

use program::{Asm, BASE, T0, T1, elf, errors, exits_with, folder, run, text, write};

const TOHOST: u64 = BASE + 0x1000;
/// Where a program's signature lies, and where it ends.
const SIGNATURE: (u64, u64) = (BASE + 0x1008, BASE + 0x1010);

/// A program of riscv-tests' kind: it ends with `tohost`, and leaves a signature.
fn by_htif(tohost: u64) -> Asm {
    let mut a = Asm::new(BASE);
    a.li(T0, SIGNATURE.0).li(T1, 0x0123_4567_89ab_cdef).sd(T1, 0, T0);
    a.li(T0, TOHOST).li(T1, tohost).sd(T1, 0, T0);
    let done = a.here();
    a.j(done);
    a
}

/// A folder with two tests that pass, three that fail and two files that are no tests.
fn suite(name: &str) -> PathBuf {
    let folder = folder(name);
    std::fs::create_dir(folder.join("deep")).unwrap();
    let symbols = [("tohost", TOHOST), ("begin_signature", SIGNATURE.0), ("end_signature", SIGNATURE.1)];
    write(&folder.join("a-pass"), by_htif(1), &symbols);
    write(&folder.join("deep/b-pass"), exits_with(0), &[]);
    write(&folder.join("c-fail"), by_htif(5 << 1 | 1), &symbols);
    let mut endless = Asm::new(BASE);
    let again = endless.here();
    endless.j(again);
    write(&folder.join("d-endless"), endless, &[("tohost", TOHOST)]);
    let truncated = &elf(&[0; 64], &[])[..100];
    std::fs::write(folder.join("e-truncated"), truncated).unwrap();
    std::fs::write(folder.join("a-pass.dump"), "text").unwrap();
    std::fs::write(folder.join("empty"), "").unwrap();
    folder
}

fn test<const N: usize>(folder: &Path, args: [&str; N]) -> (Option<i32>, String) {
    let fixed = ["test", folder.to_str().unwrap(), "--max-instructions", "10000"];
    let output = run(fixed.iter().chain(&args));
    assert!(output.stderr.is_empty(), "{}", errors(&output));
    (output.status.code(), text(&output))
}

#[test]
fn passes_and_failures_are_counted_and_failures_explained() {
    let (status, text) = test(&suite("suite-counts"), ["--jobs", "3"]);
    assert_eq!(status, Some(1));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "FAIL c-fail: test 5 failed");
    assert_eq!(lines[1], "FAIL d-endless: not done after 10000 instructions");
    assert!(lines[2].starts_with("FAIL e-truncated: "), "{text}");
    assert_eq!(lines[3..], ["2 files that are not ELF passed over", "2 passed, 3 failed"]);
}

#[test]
fn a_program_that_cannot_say_that_it_has_ended_is_told_of() {
    let folder = folder("suite-no-tohost");
    let mut endless = Asm::new(BASE);
    let again = endless.here();
    endless.j(again);
    write(&folder.join("mute"), endless, &[]);
    let (status, text) = test(&folder, []);
    assert_eq!(status, Some(1));
    let expected = "FAIL mute: not done after 10000 instructions, and it has no symbol tohost to say so by";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn a_filter_and_shards_choose() {
    let folder = suite("suite-choice");
    let last = |text: &str| text.lines().last().unwrap().to_owned();
    let (status, text) = test(&folder, ["--filter", "-pass"]);
    assert_eq!((status, last(&text)), (Some(0), "2 passed, 0 failed".to_owned()), "{text}");
    // In the order of their paths: a-pass, c-fail, d-endless, deep/b-pass, e-truncated.
    let (_, text) = test(&folder, ["--shard", "1/2"]);
    assert_eq!(last(&text), "1 passed, 2 failed");
    let (_, text) = test(&folder, ["--shard", "2/2"]);
    assert_eq!(last(&text), "1 passed, 1 failed");
}

#[test]
fn nothing_to_test_is_no_success() {
    let folder = suite("suite-nothing");
    let output = run(["test", folder.to_str().unwrap(), "--filter", "no such test"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("no test program with 'no such test'"), "{}", errors(&output));
    let output = run(["test", folder.join("missing").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(125));
    assert!(errors(&output).contains("cannot read"), "{}", errors(&output));
}

#[test]
fn reports_and_signatures_are_written() {
    let folder = suite("suite-reports");
    let (junit, signatures) = (folder.join("junit.xml"), folder.join("signatures"));
    let args = [
        "--filter",
        "a-pass",
        "--junit",
        junit.to_str().unwrap(),
        "--signature",
        signatures.to_str().unwrap(),
    ];
    let (status, text) = test(&folder, args);
    assert_eq!(status, Some(0), "{text}");
    let junit = std::fs::read_to_string(junit).unwrap();
    assert!(junit.contains(r#"tests="1" failures="0""#) && junit.contains(r#"name="a-pass""#), "{junit}");
    let signature = std::fs::read_to_string(signatures.join("a-pass.signature")).unwrap();
    assert_eq!(signature, "89abcdef\n01234567\n");
}
