//! `vhart diff-engines`: what is compared, and what it says.

mod program;

use program::{Asm, BASE, T0, T1, errors, exit, folder, run, text, write};

#[test]
fn programs_from_files_are_compared_to_their_end() {
    let folder = folder("diff-engines");
    for (name, turns) in [("a", 10), ("b", 100_000)] {
        let mut a = Asm::new(BASE);
        a.li(T0, turns).li(T1, 0);
        let again = a.here();
        a.add(T1, T1, T0).addi(T0, T0, -1).bnez(T0, again);
        exit(&mut a, 0);
        write(&folder.join(name), a, &[]);
    }
    let folder = folder.to_str().unwrap();
    let output = run(["diff-engines", folder, "--memory", "1M", "--cpu", "max", "--cpu", "rva22s64"]);
    assert!(output.status.success(), "{}", errors(&output));
    let expected = "600086 instructions compared in 4 runs of programs, no difference\n";
    assert_eq!(text(&output), expected);

    let output = run(["diff-engines", folder, "--memory", "1M", "--max-instructions", "50"]);
    assert_eq!(text(&output), "86 instructions compared in 2 runs of programs, no difference\n");
    let args = ["diff-engines", folder, "--memory", "1M", "--instructions", "1", "--jobs", "1"];
    assert!(text(&run(args)).contains("in 1 runs of programs"));
}

#[test]
fn random_programs_and_tests_are_compared() {
    for (args, programs) in [
        (&["--random", "1..3"][..], 3),
        (&["--loops", "1..2", "--max-instructions", "20000", "--smp", "2"], 2),
        (&["--loops", "3", "--max-instructions", "20000", "--cpu", "rv64gc", "--cpu", "max,tlb=sticky"], 2),
    ] {
        let output = run(["diff-engines"].iter().chain(args));
        assert!(output.status.success(), "{args:?}: {}{}", text(&output), errors(&output));
        let expected = format!("in {programs} runs of programs, no difference");
        assert!(text(&output).contains(&expected), "{args:?}: {}", text(&output));
    }
}

/// What a snapshot forgets shows as a difference from a machine that never went through one.
#[test]
fn snapshots_change_nothing() {
    for (args, programs) in [
        (&["--random", "1..3"][..], 3),
        (&["--loops", "1..2", "--max-instructions", "20000"], 2),
        (&["--loops", "1", "--max-instructions", "20000", "--smp", "4"], 1),
        (&["--loops", "3..4", "--max-instructions", "20000", "--smp", "2", "--cpu", "max,tlb=sticky"], 2),
        (&["--loops", "5", "--max-instructions", "20000", "--cpu", "max,tlb=none,wfi=wait,pmp=64"], 1),
    ] {
        let output = run(["diff-engines", "--reload"].iter().chain(args));
        assert!(output.status.success(), "{args:?}: {}{}", text(&output), errors(&output));
        let expected = format!("in {programs} runs of programs, no difference");
        assert!(text(&output).contains(&expected), "{args:?}: {}", text(&output));
    }
}

/// A hypervisor and its guests, translated in two stages, on two harts.
#[test]
fn snapshots_of_the_demo_change_nothing() {
    let output = run(["diff-engines", "--reload", "--demo", "--smp", "2", "--max-instructions", "300000"]);
    if errors(&output).contains("cargo xtask images") {
        return;
    }
    assert!(output.status.success(), "{}{}", text(&output), errors(&output));
}

#[test]
fn nothing_to_compare_is_no_success() {
    let folder = folder("diff-engines-nothing");
    for args in [&["diff-engines"][..], &["diff-engines", folder.to_str().unwrap()]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2));
        assert!(errors(&output).contains("nothing to compare: give PATH"), "{}", errors(&output));
    }
    let output = run(["diff-engines", "--cpu", "help"]);
    assert!(output.status.success() && text(&output).contains("BASE,KEY=VALUE"));
}
