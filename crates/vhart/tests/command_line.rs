//! What the command line accepts, refuses and explains.

mod program;

use program::{errors, exits_with, folder, run, text, write};

#[test]
fn help_tells_a_newcomer_what_to_do() {
    let help = run(["--help"]);
    assert!(help.status.success());
    for word in ["vhart demo", "vhart run", "vhart test", "lockstep", "Ctrl-A x", "completions"] {
        assert!(text(&help).contains(word), "--help says nothing of {word}");
    }
    let help = run(["run", "--help"]);
    assert!(help.status.success());
    for flag in [
        "[FILE]",
        "--bios",
        "--kernel",
        "--initrd",
        "--append",
        "--smp",
        "--memory",
        "--cpu",
        "--engine",
        "--dtb",
        "--dump-dtb",
        "--max-instructions",
        "--timeout",
        "--stats",
        "--log-commits",
        "--trace",
        "--gdb",
        "--paused",
        "--parallel",
        "--drive",
        "--console",
        "--rng",
    ] {
        assert!(text(&help).contains(flag), "run --help says nothing of {flag}");
    }
    let help = run(["test", "--help"]);
    for flag in ["PATH", "--jobs", "--filter", "--junit", "--shard", "--max-instructions", "--signature"] {
        assert!(text(&help).contains(flag), "test --help says nothing of {flag}");
    }
}

#[test]
fn what_makes_no_sense_exits_with_2_and_says_why() {
    let cases: &[(&[&str], &str)] = &[
        (&[], "Usage"),
        (&["fly"], "unrecognized subcommand"),
        (&["run"], "nothing to run"),
        (&["run", "--bios", "none"], "--bios none needs --kernel"),
        (&["run", "a.elf", "--kernel", "b"], "either FILE or --kernel"),
        (&["run", "a.elf", "--bios", "fw.elf"], "--kernel FILE"),
        (&["run", "a.elf", "--initrd", "b"], "--kernel"),
        (&["run", "a.elf", "--smp", "0"], "from 1 to"),
        (&["run", "a.elf", "--smp", "100000"], "from 1 to"),
        (&["run", "a.elf", "--smp", "two"], "from 1 to"),
        (&["run", "a.elf", "--memory", "0"], "4 KiB"),
        (&["run", "a.elf", "--drive", "d.img,rw"], "FILE[,readonly][,overlay]"),
        (&["run", "a.elf", "--console", "hvc"], "virtio"),
        (&["run", "a.elf", "--rng=dice"], "invalid digit"),
        (&["run", "a.elf", "--memory", "lots"], "128M"),
        (&["run", "a.elf", "--memory", "900T"], "ask for less"),
        (&["run", "a.elf", "--cpu", "max,vmidlen=99"], "0 to 14"),
        (&["run", "a.elf", "--cpu", "pentium"], "--cpu help"),
        (&["run", "a.elf", "--engine", "steam"], "fast, reference"),
        (&["run", "a.elf", "--max-instructions", "0"], "--max-instructions"),
        (&["run", "a.elf", "--timeout", "0"], "above zero"),
        (&["run", "a.elf", "--timeout", "nan"], "above zero"),
        (&["run", "a.elf", "--stats=xml"], "json"),
        (&["run", "a.elf", "--trace", "everything"], "switch:FILE"),
        (&["run", "a.elf", "--gdb", "1234"], "HOST:PORT"),
        (&["run", "a.elf", "--paused"], "--gdb"),
        (&["run", "a.elf", "--parallel", "--gdb", ":1234"], "at the same time"),
        (&["run", "a.elf", "--parallel", "--log-commits", "log"], "at the same time"),
        (&["demo", "--parallel", "--stats"], "at the same time"),
        (&["demo", "--parallel", "--trace", "switch"], "at the same time"),
        (&["test"], "PATH"),
        (&["test", ".", "--shard", "3/2"], "I/N"),
        (&["test", ".", "--jobs", "0"], "1 to 1024"),
        (&["completions", "cobol"], "bash"),
    ];
    for (args, reason) in cases {
        let output = run(*args);
        let errors = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {errors}");
        assert!(errors.contains(reason), "{args:?}: {errors}");
    }
}

#[test]
fn cpu_help_lists_the_knobs() {
    let output = run(["run", "--cpu", "help"]);
    assert!(output.status.success(), "{}", errors(&output));
    for knob in ["h ", "sstc", "vmidlen", "asidlen", "sv48x4", "tinst", "pmp", "tlb", "sticky"] {
        assert!(text(&output).contains(knob), "no {knob}");
    }
}

#[test]
fn a_profile_that_is_not_all_there_says_so_once() {
    let program = folder("profiles").join("program.elf");
    write(&program, exits_with(0), &[]);
    let program = program.to_str().unwrap();
    for (command, cpu, warnings) in [
        ("run", "rva23s64", 1),
        ("run", "rva23s64,geilen=0", 1),
        ("run", "rva22s64", 0),
        ("run", "max", 0),
        ("test", "rva23s64", 1),
    ] {
        let output = run([command, program, "--cpu", cpu]);
        let errors = errors(&output);
        assert_eq!(errors.matches("warning: RVA23 has the vector extensions").count(), warnings, "{errors}");
        assert_eq!(errors.lines().filter(|line| line.contains("warning")).count(), warnings, "{errors}");
    }
    let output = run(["conform", "vmid_width", "--cpu", "rva23s64"]);
    assert!(errors(&output).contains("which are not there yet"), "{}", errors(&output));
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(["completions", shell]);
        assert!(output.status.success(), "{shell}");
        for word in ["demo", "log-commits", "shard"] {
            assert!(text(&output).contains(word), "{shell}: no {word}");
        }
    }
}

#[test]
fn the_device_tree_can_be_had_without_a_program() {
    let file = folder("device-tree").join("virt.dtb");
    let output = run(["run", "--smp", "3", "--memory", "256M", "--dump-dtb", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", errors(&output));
    let tree = std::fs::read(file).unwrap();
    assert_eq!(tree[..4], 0xd00d_feed_u32.to_be_bytes());
    let has = |text: &[u8]| tree.windows(text.len()).any(|window| window == text);
    assert!(has(b"cpu@2\0") && !has(b"cpu@3\0"), "three harts");
}

#[test]
fn places_that_cannot_be_written_to_are_named() {
    let folder = folder("unwritable");
    let program = folder.join("program.elf");
    write(&program, exits_with(0), &[]);
    let program = program.to_str().unwrap();
    let missing = folder.join("no/such/folder/file");
    let missing = missing.to_str().unwrap();
    let trace = format!("switch:{missing}");
    for args in [["--log-commits", missing], ["--trace", &trace], ["--dump-dtb", missing]] {
        let output = run(["run", program].iter().chain(&args));
        assert_eq!(output.status.code(), Some(125), "{args:?}");
        assert!(errors(&output).contains(missing), "{args:?}: {}", errors(&output));
        assert_eq!(errors(&output).lines().count(), 1, "{args:?}");
    }
}
