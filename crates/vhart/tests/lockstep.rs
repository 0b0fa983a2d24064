//! `vhart lockstep`: what it says of peers that agree, differ, die or are none.

mod program;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use program::{A0, Asm, BASE, Order, T0, T1, csr, errors, exit, folder, run, text, vhart, write};

/// Spike's boot ROM, and a line that Spike writes at a symbol.
const BOOT: &str = "core   0: 3 0x0000000000001000 (0x00000297) x5  0x0000000000001000\n\
                    core   0: >>>>  _start\n";

/// A program and the log that it leaves.
struct Program {
    elf: PathBuf,
    log: String,
}

impl Program {
    fn new(folder: &Path) -> Program {
        let mut a = Asm::new(BASE);
        a.li(T0, 5).csrw(csr::mscratch::NUMBER, T0).csrr(A0, csr::mscratch::NUMBER).addi(T1, A0, 1);
        exit(&mut a, 3);
        let (elf, log) = (folder.join("program.elf"), folder.join("program.log"));
        write(&elf, a, &[]);
        let output = run(["run".as_ref(), elf.as_os_str(), "--log-commits".as_ref(), log.as_os_str()]);
        assert_eq!(output.status.code(), Some(3), "{}", errors(&output));
        Program { elf, log: std::fs::read_to_string(log).unwrap() }
    }

    /// Lockstep with a peer that leaves this log.
    fn follow(&self, log: &str, args: &[&str]) -> Output {
        let file = self.elf.with_extension("peer");
        std::fs::write(&file, log).unwrap();
        let (elf, file) = (self.elf.to_str().unwrap(), file.to_str().unwrap());
        run(["lockstep", elf, "--peer-log", file].iter().chain(args))
    }

    /// Lockstep with a command.
    fn command(&self, command: &str) -> Output {
        run(["lockstep", self.elf.to_str().unwrap(), "--timeout", "60", "--peer-command", command])
    }
}

#[test]
fn a_peer_that_agrees() {
    let program = Program::new(&folder("lockstep-agrees"));
    let count = program.log.lines().count();
    assert!(6 < count, "the program is logged");
    let output = program.follow(&format!("{BOOT}{}", program.log), &[]);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(text(&output), format!("{count} instructions compared, no difference\n"));

    // What a peer does after the program's end does not matter, nor does it have to end by itself.
    let more =
        program.command(&format!("cat '{}'; while echo core; do :; done", log_file(&program).display()));
    assert!(more.status.success(), "{}", errors(&more));
}

#[test]
fn the_first_difference_is_shown_with_what_came_before_and_the_state() {
    let program = Program::new(&folder("lockstep-differs"));
    let other = program.log.replace("x6  0x0000000000000006", "x6  0x0000000000000007");
    assert_ne!(other, program.log);
    let output = program.follow(&other, &[]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let said = text(&output);
    let after = said.split_once("  both: core   0: 3 0x0000000080000000").expect("the lines before").1;
    for part in [
        " vhart: core   0: 3 0x000000008000000c (0x00150313) x6  0x0000000000000006\n",
        "  peer: core   0: 3 0x000000008000000c (0x00150313) x6  0x0000000000000007\n",
        "x6 of the peer: 0x0000000000000007\n",
        "  mode M, next pc 0x80000010\n",
        "3 instructions agreed before the difference\n",
    ] {
        assert!(after.contains(part), "no {part:?} in\n{said}");
    }
}

#[test]
fn an_ignored_csr_may_differ_and_its_value_is_the_peers() {
    let program = Program::new(&folder("lockstep-ignores"));
    let other = program
        .log
        .replace("c832_mscratch 0x0000000000000005", "c832_mscratch 0x0000000000000009")
        .replace("x10 0x0000000000000005", "x10 0x0000000000000009")
        .replace("x6  0x0000000000000006", "x6  0x000000000000000a");
    let output = program.follow(&other, &["--ignore", "mscratch,mip"]);
    assert!(output.status.success(), "{}{}", text(&output), errors(&output));
    let output = program.follow(&other, &["--ignore", "mip"]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
}

#[test]
fn peers_that_cannot_be_followed() {
    let program = Program::new(&folder("lockstep-refused"));
    let short: String = program.log.lines().take(2).map(|line| format!("{line}\n")).collect();
    let elsewhere = BOOT.repeat(40);
    let cases = [
        (program.follow(&short, &[]), "ends after line 2"),
        (program.follow("", &[]), "ends after line 0"),
        (
            program.follow(&format!("{short}bbl loader\n"), &[]),
            "line 3 of the peer's log is no commit: \"bbl loader\"",
        ),
        (program.follow(&"x".repeat(100_000), &[]), "line 1 of the peer's log is no commit"),
        (program.follow("core \u{e9}\n", &[]), "not text"),
        (program.follow(program.log.trim_end(), &[]), "ends in the middle of line"),
        (
            program.follow(&program.log.replace("core   0", "core   1"), &[]),
            "\"core   1\": lockstep follows hart 0",
        ),
        (program.follow(&elsewhere.repeat(2), &[]), "is it running the same program?"),
        (program.follow(&program.log, &["--smp", "2"]), "--smp"),
        (program.command("exit 7"), "ends after line 0; its command ended with exit status: 7"),
        (program.command("kill -9 $$"), "signal: 9"),
        (program.command("no-such-simulator {} 2>/dev/null"), "exit status: 127"),
        (
            program.command(&format!("head -n 4 '{}'; exit 2", log_file(&program).display())),
            "ends after line 4",
        ),
        (program.command("head -c 9000 /dev/zero"), "line 1 of the peer's log is no commit"),
    ];
    for (output, reason) in cases {
        let errors = errors(&output);
        assert_eq!(output.status.code(), Some(125), "{reason}: {errors}{}", text(&output));
        assert!(errors.starts_with("vhart: ") && errors.contains(reason), "{reason}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[test]
fn what_is_no_peer_is_refused() {
    for (args, reason) in [
        (vec!["lockstep", "a.elf"], "--peer-log"),
        (vec!["lockstep", "a.elf", "--peer-log", "a", "--peer-command", "b"], "cannot be used with"),
        (vec!["lockstep", "a.elf", "--peer-log", "a", "--ignore", "tim"], "no CSR has this name"),
        (vec!["lockstep", "a.elf", "--peer-log", "a", "--ignore", "mip=x"], "not a decimal number"),
        (vec!["lockstep", "--peer-command", "a"], "FILE"),
        (vec!["lockstep", "a.elf", "--random", "1", "--peer-command", "a"], "cannot be used with"),
        (vec!["lockstep", "--random", "9..3", "--peer-command", "a"], "the smaller one first"),
        (vec!["lockstep", "a.elf", "--save", "d", "--peer-command", "a"], "cannot be used with"),
    ] {
        let output = run(&args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(errors(&output).contains(reason), "{args:?}: {}", errors(&output));
    }
}

/// Lockstep of random programs with a vhart that has the harts of `cpu`, and whose log goes through `filter`.
fn differ(folder: &Path, cpu: &str, filter: &str) -> String {
    let itself = env!("CARGO_BIN_EXE_vhart");
    let peer = format!("'{itself}' run --timeout 60 --cpu {cpu} --log-commits /dev/stdout {{}} | {filter}");
    let save = folder.to_str().unwrap();
    let output =
        run(["lockstep", "--random", "1..40", "--timeout", "60", "--save", save, "--peer-command", &peer]);
    assert_eq!(output.status.code(), Some(1), "{}{}", text(&output), errors(&output));
    text(&output)
}

/// The number of parts that are left of a program.
fn parts(said: &str) -> usize {
    let line = said.lines().find(|line| line.contains(" parts differ alone: ")).expect(said);
    line.split(' ').next().unwrap().parse().unwrap()
}

/// The file in `folder` whose name ends so.
fn saved(folder: &Path, end: &str) -> PathBuf {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<PathBuf> = files.filter(|path| path.to_str().unwrap().ends_with(end)).collect();
    assert_eq!(found.len(), 1, "{end}: {found:?}");
    found[0].clone()
}

#[test]
fn a_peer_that_computes_wrongly_leaves_one_instruction() {
    let folder = folder("lockstep-mulhu");
    // MULHU with a result whose highest digit is zero, which becomes 15.
    let said = differ(&folder, "max", r"sed -E 's/(\(0x0[23]..[3b].[3b]3\) x[0-9]+ +0x)0/\1f/'");
    assert!(parts(&said) <= 3, "{said}");
    assert!(said.contains(&saved(&folder, "-small.elf").display().to_string()), "{said}");
    let (_, whole) = said.split_once(", ").expect(&said);
    let (whole, _) = whole.split_once(": a difference").expect(&said);
    let whole = std::fs::metadata(whole).unwrap().len();
    let small = std::fs::metadata(saved(&folder, "-small.elf")).unwrap().len();
    assert!(small < whole / 2, "{small} of {whole} bytes");
    let listing = std::fs::read_to_string(saved(&folder, "-small.txt")).unwrap();
    let (_, body) = listing.split_once("# block ").expect("the listing names the block");
    let (body, _) = body.split_once("# the end").expect("the listing names the end");
    assert!(body.contains("  mulhu "), "{listing}");
    // The small program is one for every simulator, and ends.
    let ended = run(["run".as_ref(), saved(&folder, "-small.elf").as_os_str()]);
    assert!(ended.status.success(), "{}", errors(&ended));
}

#[test]
fn a_peer_that_translates_wrongly_leaves_the_entry_that_shows_it() {
    let folder = folder("lockstep-svnapot");
    let said = differ(&folder, "max,svnapot=off", "cat");
    // The entry and what makes an instruction use it, in up to two stages, out of thousands.
    assert!(parts(&said) <= 20, "{said}");
    let listing = std::fs::read_to_string(saved(&folder, "-small.txt")).unwrap();
    assert!(listing.contains("page-table entry"), "{listing}");
}

#[test]
fn a_peer_without_an_extension_is_told_from_one_with_a_mistake() {
    let said = differ(&folder("lockstep-misa"), "max,h=off", "cat");
    assert!(said.contains("the harts have other extensions: --cpu must be what the peer is\n"), "{said}");
    let said = differ(&folder("lockstep-svinval"), "max,svinval=off", "cat");
    assert!(said.contains(": does its ISA agree with --cpu?\n"), "{said}");
}

#[test]
fn sc_may_fail_in_the_peer_now_and_then() {
    let folder = folder("lockstep-sc");
    let mut a = Asm::new(BASE);
    let failed = a.label();
    a.li(T1, 2000);
    let again = a.here();
    a.addi(T1, T1, -1).bnez(T1, again);
    a.li(T0, BASE + 0x1000).lr_w(A0, T0, Order::Plain).sc_w(A0, T1, T0, Order::Plain).bnez(A0, failed);
    a.place(failed);
    exit(&mut a, 0);
    let elf = folder.join("program.elf");
    write(&elf, a, &[]);
    let log = folder.join("peer.log");
    let logged = run(["run".as_ref(), elf.as_os_str(), "--log-commits".as_ref(), log.as_os_str()]);
    assert!(logged.status.success(), "{}", errors(&logged));
    let log = std::fs::read_to_string(log).unwrap();
    let succeeded = "x10 0x0000000000000000 mem 0x0000000080001000 0x00000000\n";
    assert!(log.contains(succeeded), "SC is logged");
    let failing = log.replace(succeeded, "x10 0x0000000000000001\n");
    let follow = |log: &str| {
        let path = folder.join("changed.log");
        std::fs::write(&path, log).unwrap();
        run(["lockstep".as_ref(), elf.as_os_str(), "--peer-log".as_ref(), path.as_os_str()])
    };
    let output = follow(&failing);
    assert!(output.status.success(), "{}{}", text(&output), errors(&output));
    // SC that fails does nothing else, and fails seldom.
    let output = follow(
        &failing.replace("x10 0x0000000000000001\n", "x10 0x0000000000000001 x5  0x0000000000000000\n"),
    );
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
}

#[test]
fn random_programs_agree_with_spike() {
    let spike = std::env::var("SPIKE").unwrap_or_else(|_| String::from("spike"));
    if Command::new(&spike).arg("--help").output().is_err() {
        println!("not run: needs Spike, on the path or in the variable SPIKE");
        return;
    }
    let isa = "rv64gch_zicntr_zihpm_zicclsm_zicond_zfh_zfa_zcb_zba_zbb_zbc_zbkb_zbkx_zbs_smcntrpmf\
               _smepmp_smmpm_smnpm_smstateen_sscofpmf_ssnpm_sstc_svadu_svinval_svnapot_svpbmt\
               _zicbom_zicbop_zicboz_zihintntl_zihintpause_zimop_zacas_zabha_zcmop";
    let command = format!("timeout 60 '{spike}' -m128 --log-commits --log=/dev/stdout --isa={isa} {{}}");
    let folder = folder("lockstep-spike");
    let output = vhart()
        .args(["lockstep", "--random", "1..40", "--timeout", "60", "--cpu", &format!("{isa},geilen=0")])
        .args(["--ignore", "mtinst=0,htinst=0,time,cycle,mcycle", "--peer-command", &command])
        .arg("--save")
        .arg(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}{}", text(&output), errors(&output));
    assert!(
        text(&output).ends_with(" instructions compared in 40 programs, no difference\n"),
        "{}",
        text(&output)
    );
}

/// The log of a program as a file.
fn log_file(program: &Program) -> PathBuf {
    program.elf.with_extension("log")
}
