//! `vhart vm`: guests on every kind of hart, or a sentence that says why not.

use std::process::{Command, Output};

fn vm(options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vhart")).arg("vm").args(options).output().expect("vhart runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Settings of each knob, and extensions whose absence a hypervisor must cope with.
const TURNED: [&str; 44] = [
    "satp=sv39",
    "vsatp=sv39",
    "vsatp=sv48",
    "hgatp=sv39x4",
    "hgatp=sv48x4",
    "asidlen=0",
    "vmidlen=0",
    "vmidlen=1",
    "vmidlen=7",
    "geilen=0",
    "pmp=0",
    "pmp=64",
    "pmp-grain=10",
    "rlb=zero",
    "hedeleg=0xcb1ff",
    "hpm=0",
    "hpmlen=40",
    "scounteren=0",
    "hcounteren=0",
    "mcountinhibit=0",
    "tinst=zero",
    "htval=zero",
    "tval-illegal=zero",
    "tval-virtual=zero",
    "ad=hardware",
    "misaligned=trap",
    "misaligned-amo=access",
    "misaligned-order=last",
    "wfi=wait",
    "wfi=nop",
    "vsatp-write=ignored",
    "fs=dirty",
    "entropy=9",
    "tlb=none",
    "tlb=sticky",
    "tlb=sticky,vmidlen=0",
    "sstc=off",
    "smstateen=off",
    "svadu=off",
    "svade=off",
    "smdbltrp=on",
    "svpbmt=off",
    "zicboz=off,zicbom=off",
    "htval=zero,tinst=zero,sstc=off,vmidlen=0,hgatp=sv39x4",
];

/// Guests, and how many virtual and other harts.
const GUESTS: [&[&str]; 6] = [
    &["--guest", "hello"],
    &["--guest", "uart"],
    &["--guest", "timer"],
    &["--guest", "pages"],
    &["--guest", "smp", "--smp", "3"],
    &["--guest", "smp", "--smp", "3", "--harts", "2"],
];

fn passes(cpu: &str, guest: &[&str]) {
    let output = vm(&[&["--cpu", cpu], guest].concat());
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success() && out.contains(": passed"), "{cpu} {guest:?}:\n{out}{err}");
}

#[test]
fn every_guest_runs_on_every_hart_that_a_hypervisor_can_use() {
    let specs = TURNED.map(|knob| format!("max,{knob}"));
    let others = ["max", "rv64gch_zicntr", "rva23s64"].map(str::to_owned);
    let specs: Vec<String> = specs.into_iter().chain(others).collect();
    std::thread::scope(|scope| {
        for half in 0..2 {
            let specs = &specs;
            scope.spawn(move || {
                for spec in specs.iter().skip(half).step_by(2) {
                    GUESTS.iter().for_each(|guest| passes(spec, guest));
                }
            });
        }
    });
}

#[test]
fn a_machine_that_lacks_something_is_refused_with_what_it_lacks() {
    for (options, lacks) in [
        (&["--cpu", "max,h=off"][..], "no CSRs of the H extension"),
        (&["--cpu", "max,mcounteren=0"], "cannot read the CSR time"),
        (&["--cpu", "rv64gch"], "cannot read the CSR time"),
        (&["--cpu", "max,medeleg=0"], "medeleg"),
        (&["--cpu", "max,mideleg=0"], "mideleg"),
        (&["--cpu", "max,hgatp=sv39x4", "--gstage", "sv57x4"], "no Sv57x4 translation"),
    ] {
        let output = vm(options);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(125), "{options:?}: {err}");
        assert!(err.contains("does not start") && err.contains(lacks), "{options:?}: {err}");
    }
}

#[test]
fn a_translation_can_be_asked_for() {
    for gstage in ["sv39x4", "sv48x4", "sv57x4"] {
        let output = vm(&["--guest", "pages", "--gstage", gstage]);
        assert!(output.status.success(), "{gstage}: {}", text(&output.stderr));
    }
}

#[test]
fn what_is_no_guest_is_refused() {
    let folder = std::env::temp_dir();
    let empty = folder.join(format!("vhart-no-guest-{}", std::process::id()));
    std::fs::write(&empty, b"").expect("a file");
    for (guest, says) in [("/nonexistent", "cannot read the guest"), (empty.to_str().unwrap(), "is empty")] {
        let output = vm(&["--guest", guest]);
        assert_eq!(output.status.code(), Some(125));
        assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
    }
    std::fs::remove_file(empty).expect("the file is there");
    assert_eq!(vm(&["--smp", "0"]).status.code(), Some(2));
}

#[test]
fn a_trace_has_a_line_for_each_exit_and_the_same_each_time() {
    let run = || text(&vm(&["--guest", "smp", "--smp", "4", "--trace", "exits"]).stderr);
    let first = run();
    assert!(first.lines().count() > 50 && first.lines().all(|line| line.starts_with("vcpu=")), "{first}");
    assert!(first.ends_with("exit=system-event type=shutdown data=0x0\n"));
    assert_eq!(first, run());
}

#[test]
fn every_register_has_a_name_and_a_value() {
    let output = vm(&["--one-reg"]);
    let list = text(&output.stdout);
    assert!(list.lines().count() > 150, "{list}");
    for line in list.lines() {
        assert!(!line.starts_with("unknown") && line.contains(" value=0x"), "{line}");
    }
}

#[test]
fn a_guest_that_its_monitor_cannot_serve_says_where_it_was() {
    let folder = std::env::temp_dir();
    let guest = folder.join(format!("vhart-stuck-{}", std::process::id()));
    // lui t0, 0x20000; sd t0, 0(t0)
    let words: [u32; 2] = [0x2000_02b7, 0x0052_b023];
    std::fs::write(&guest, words.map(u32::to_le_bytes).concat()).expect("a file");
    let output = vm(&["--guest", guest.to_str().unwrap()]);
    std::fs::remove_file(guest).expect("the file is there");
    assert_eq!(output.status.code(), Some(125));
    let err = text(&output.stderr);
    assert!(err.contains("0x20000000") || err.contains("20000000"), "{err}");
    assert!(err.contains("have it use its UART"), "{err}");
}

#[test]
fn a_ledger_has_a_row_for_each_cause() {
    let output = vm(&["--guest", "exits", "--ledger"]);
    let table = text(&output.stderr);
    assert!(output.status.success(), "{table}");
    let row = |cause: &str| {
        let line =
            table.lines().find(|line| line.starts_with(cause)).unwrap_or_else(|| panic!("{cause}: {table}"));
        let figures = line.split_whitespace().filter_map(|word| word.parse::<f64>().ok());
        figures.collect::<Vec<_>>()
    };
    let [exits, csrs, fences, entries] = row("virtual instruction")[..] else { panic!("{table}") };
    assert_eq!((exits, fences, entries), (200.0, 0.0, 0.0));
    assert!(csrs > 8.0 && csrs < 20.0, "{table}");
    let [exits, _, fences, entries] = row("store/AMO guest-page fault")[..] else { panic!("{table}") };
    assert!(exits >= 1.0 && fences >= 1.0 && entries >= 1.0, "{table}");
}
