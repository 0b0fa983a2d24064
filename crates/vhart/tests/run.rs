//! `vhart run`: exit statuses, the console, limits, and what watches a run.

mod program;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use program::{Asm, BASE, T0, T1, T2, ZERO, csr, errors, exit, exits_with, folder, run, text, vhart, write};

/// Writes a program to a file of its own.
fn program(name: &str, asm: Asm) -> PathBuf {
    let path = folder(&format!("run-{name}")).join("program.elf");
    write(&path, asm, &[]);
    path
}

/// Runs a program with `args`.
fn run_program(name: &str, asm: Asm, args: &[&str]) -> Output {
    let path = program(name, asm);
    run(["run", path.to_str().unwrap()].iter().chain(args))
}

/// A program that never ends.
fn endless() -> Asm {
    let mut a = Asm::new(BASE);
    let again = a.here();
    a.j(again);
    a
}

#[test]
fn the_exit_status_is_the_guests() {
    for status in [0, 1, 3, 255] {
        let output = run_program(&format!("exit-{status}"), exits_with(status), &["--timeout", "60"]);
        assert_eq!(output.status.code(), Some(status.into()), "{}", errors(&output));
        assert!(output.stderr.is_empty(), "{}", errors(&output));
    }
    let output = run_program("exit-256", exits_with(256), &["--timeout", "60"]);
    assert_eq!(output.status.code(), Some(255), "a failure that does not fit is none the less one");
}

/// Two loops in M-mode, of which the second is three times as long as the first; no symbols, so that pages are named.
#[test]
fn a_profile_shows_where_the_instructions_go() {
    let mut a = Asm::new(BASE);
    for turns in [1_000_000, 3_000_000] {
        a.li(T1, turns);
        let again = a.here();
        let next_page = a.label();
        a.addi(T1, T1, -1).bnez(T1, again).j(next_page);
        a.align(0x1000).place(next_page);
    }
    exit(&mut a, 0);
    let path = folder("run-profile-of").join("stacks");
    let output = run_program("profile", a, &["--profile", path.to_str().unwrap(), "--timeout", "60"]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let stacks = std::fs::read_to_string(path).unwrap();
    let samples: Vec<u64> = ["M;[0x80000000] ", "M;[0x80001000] "]
        .iter()
        .map(|place| {
            let line = stacks.lines().find_map(|line| line.strip_prefix(place));
            line.unwrap_or_else(|| panic!("no {place} in {stacks}")).parse().unwrap()
        })
        .collect();
    assert!((170..230).contains(&samples[0]) && (550..650).contains(&samples[1]), "{stacks}");
}

#[test]
fn both_engines_run_the_same_program() {
    for engine in ["fast", "reference"] {
        let mut a = Asm::new(BASE);
        let (again, miscounted) = (a.label(), a.label());
        a.li(T1, 1000).place(again);
        a.addi(T1, T1, -1).bnez(T1, again);
        a.csrr(T1, csr::minstret::NUMBER).addi(T1, T1, -2001).bnez(T1, miscounted);
        exit(&mut a, 7);
        a.place(miscounted);
        exit(&mut a, 8);
        let args = ["--engine", engine, "--timeout", "60"];
        let output = run_program(&format!("engine-{engine}"), a, &args);
        assert_eq!(output.status.code(), Some(7), "{engine}: {}", errors(&output));
    }
}

#[test]
fn limits_end_with_124() {
    let output = run_program("instructions", endless(), &["--max-instructions", "1000"]);
    assert_eq!(output.status.code(), Some(124), "{}", errors(&output));
    assert!(errors(&output).contains("--max-instructions"), "{}", errors(&output));
    let output = run_program("timeout", endless(), &["--timeout", "0.2"]);
    assert_eq!(output.status.code(), Some(124), "{}", errors(&output));
    assert!(errors(&output).contains("--timeout"), "{}", errors(&output));
}

#[test]
fn a_guest_that_cannot_go_on_is_reported() {
    let mut storm = Asm::new(BASE);
    storm.csrw(csr::mtvec::NUMBER, ZERO).word(0);
    let output = run_program("storm", storm, &["--timeout", "60"]);
    assert_eq!(output.status.code(), Some(125), "{}", errors(&output));
    for word in ["pc 0x", "M-mode", "instruction"] {
        assert!(errors(&output).contains(word), "no {word}: {}", errors(&output));
    }

    let mut asleep = Asm::new(BASE);
    let again = asleep.here();
    asleep.wfi().j(again);
    let output = run_program("asleep", asleep, &["--timeout", "60"]);
    assert_eq!(output.status.code(), Some(125), "{}", errors(&output));
    assert!(errors(&output).contains("waits for ever"), "{}", errors(&output));
}

#[test]
fn the_terminal_is_the_uart() {
    const UART: u64 = 0x1000_0000;
    let mut echo = Asm::new(BASE);
    echo.li(T0, UART);
    let again = echo.here();
    let done = echo.label();
    // Wait for a byte, send it back, and end with the full stop.
    echo.lbu(T1, 5, T0).andi(T1, T1, 1).beqz(T1, again);
    echo.lbu(T1, 0, T0).sb(T1, 0, T0).li(T2, b'.'.into()).beq(T1, T2, done).j(again);
    echo.place(done);
    exit(&mut echo, 7);
    let path = program("echo", echo);
    let mut child = vhart()
        .args(["run", path.to_str().unwrap(), "--timeout", "60"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"hello \x01x.").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(text(&output), "hello \x01x.", "without a terminal, Ctrl-A is a key like any other");
}

#[test]
fn commits_are_logged_as_spike_does() {
    let mut a = Asm::new(BASE);
    a.li(T0, 0x8000_1000_u64).li(T1, 0x55).sd(T1, 8, T0).ld(T2, 8, T0).csrw(csr::mscratch::NUMBER, T1);
    exit(&mut a, 0);
    let log = folder("commits").join("log");
    let output = run_program("commits", a, &["--log-commits", log.to_str().unwrap(), "--timeout", "60"]);
    assert!(output.status.success(), "{}", errors(&output));
    let log = std::fs::read_to_string(log).unwrap();
    for part in [
        "core   0: 3 0x0000000080000000 (0x",
        " x6  0x0000000000000055\n",
        ") mem 0x0000000080001008 0x0000000000000055\n",
        ") x7  0x0000000000000055 mem 0x0000000080001008\n",
        ") c832_mscratch 0x0000000000000055\n",
        ") mem 0x0000000000100000 0x00005555\n",
    ] {
        assert!(log.contains(part), "no {part:?} in\n{log}");
    }
}

/// Enters VS-mode, whose first instruction is an environment call, and exits from the handler.
fn one_round_trip() -> Asm {
    let mut a = Asm::new(BASE);
    let (guest, handler) = (a.label(), a.label());
    // All of memory to everyone, so that S-mode may fetch.
    a.li(T0, u64::MAX >> 10).csrw(csr::pmpaddr0::NUMBER, T0).li(T0, 0x1f).csrw(csr::pmpcfg0::NUMBER, T0);
    a.la(T0, handler).csrw(csr::mtvec::NUMBER, T0).la(T0, guest).csrw(csr::mepc::NUMBER, T0);
    a.li(T0, csr::mstatus::MPP.of(1) | csr::mstatus::MPV.of(1)).csrs(csr::mstatus::NUMBER, T0).mret();
    a.align(4).place(guest);
    a.ecall();
    a.align(4).place(handler);
    exit(&mut a, 0);
    a
}

#[test]
fn world_switches_are_traced_and_counted() {
    let trace = folder("switches").join("trace");
    let flag = format!("switch:{}", trace.display());
    let args = ["--trace", &flag, "--stats=json", "--timeout", "60"];
    let output = run_program("switches", one_round_trip(), &args);
    assert!(output.status.success(), "{}", errors(&output));
    let trace = std::fs::read_to_string(trace).unwrap();
    let lines: Vec<&str> = trace.lines().collect();
    assert_eq!(lines.len(), 2, "{trace}");
    assert!(lines[0].contains("hart 0 entry VS pc=0x80000"), "{trace}");
    assert!(lines[1].contains("exit  VS") && lines[1].contains("to=M cause=0xa"), "{trace}");

    let stats: serde_json::Value = serde_json::from_str(&errors(&output)).unwrap();
    let switch = &stats["world_switches"][0];
    assert_eq!(switch["cause"], "environment call from VS-mode");
    assert_eq!(switch["exits"], 1);
    assert_eq!(stats["traps"][0]["to"], "M");
    assert!(0 < stats["instructions"][0].as_u64().unwrap());
}

#[test]
fn stats_are_also_for_readers() {
    let output = run_program("stats", one_round_trip(), &["--stats", "--timeout", "60"]);
    for word in ["instructions in", "world switch by cause", "environment call from VS-mode"] {
        assert!(errors(&output).contains(word), "no {word}: {}", errors(&output));
    }
}

/// Each of three harts sets its flag; hart 0 waits for all of them.
fn three_flags() -> Asm {
    let mut a = Asm::new(BASE);
    let again = a.label();
    let sleep = a.label();
    a.li(T0, 0x8000_1000_u64).csrr(T1, csr::mhartid::NUMBER).slli(T2, T1, 3).add(T2, T2, T0);
    a.addi(T1, T1, 1).sd(T1, 0, T2).addi(T1, T1, -1).bnez(T1, sleep);
    a.place(again);
    a.ld(T1, 8, T0).ld(T2, 16, T0).add(T1, T1, T2).addi(T1, T1, -5).bnez(T1, again);
    exit(&mut a, 0);
    a.place(sleep);
    a.wfi().j(sleep);
    a
}

#[test]
fn every_hart_runs() {
    let output = run_program("harts", three_flags(), &["--smp", "3", "--timeout", "60"]);
    assert!(output.status.success(), "{}", errors(&output));
}

#[test]
fn harts_run_at_the_same_time() {
    for engine in ["fast", "reference"] {
        let args = ["--smp", "3", "--parallel", "--engine", engine, "--timeout", "60"];
        let output = run_program("parallel-harts", three_flags(), &args);
        assert!(output.status.success(), "{}", errors(&output));
    }
    let output = run_program("parallel-endless", endless(), &["--parallel", "--timeout", "0.05"]);
    assert_eq!(output.status.code(), Some(124), "{}", errors(&output));
    // Two flags will never be three.
    let output = run_program(
        "parallel-limit",
        three_flags(),
        &["--smp", "2", "--parallel", "--max-instructions", "99999"],
    );
    assert_eq!(output.status.code(), Some(124), "{}", errors(&output));
}
