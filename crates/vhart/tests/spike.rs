//! The commit log is Spike's: the same program, run by both, leaves the same lines.

mod program;

use std::path::Path;
use std::process::Command;

use program::{
    A0, A1, A2, Asm, BASE, Dyn, FA0, FA1, Order, T0, T1, T2, ZERO, csr, errors, folder, run, write,
};

/// Where the program ends by HTIF.
const TOHOST: u64 = BASE + 0x1000;
const DATA: u64 = BASE + 0x1100;

/// A program with something of each kind that a line can show.
fn program() -> Asm {
    let mut a = Asm::new(BASE);
    let handler = a.label();
    a.la(T0, handler).csrw(csr::mtvec::NUMBER, T0);
    a.li(T0, DATA).li(T1, 0x1122_3344_5566_7788);
    a.sd(T1, 0, T0).sh(T1, 8, T0).lw(T2, 2, T0).lbu(ZERO, 1, T0);
    a.amoadd_d(A0, T1, T0, Order::AqRl).lr_w(A1, T0, Order::Plain).sc_w(A2, T1, T0, Order::Plain);
    a.csrw(csr::mscratch::NUMBER, T1).csrrs(A0, csr::mscratch::NUMBER, ZERO);
    a.li(T0, csr::mstatus::FS.of(1)).csrs(csr::mstatus::NUMBER, T0);
    a.li(T0, DATA).fld(FA0, 0, T0).fadd_d(FA1, FA0, FA0, Dyn).fsw(FA1, 16, T0).feq_d(A0, FA0, FA1);
    // Neither the call nor what the trap writes has a line; the first instruction of the handler does.
    a.ecall();
    a.align(4).place(handler);
    a.csrr(A0, csr::mcause::NUMBER).fence_i();
    a.li(T0, TOHOST).li(T1, 1).sd(T1, 0, T0);
    let done = a.here();
    a.j(done);
    a
}

/// Spike's log of the program without its boot ROM; `None` where there is no Spike.
fn spike_log(program: &Path, log: &Path) -> Option<Vec<String>> {
    const BOOT_ROM_LINES: usize = 5;
    let spike = std::env::var_os("SPIKE").unwrap_or_else(|| "spike".into());
    let mut command = Command::new(&spike);
    command.args(["--log-commits", "--isa=rv64gch_zicclsm"]);
    command.arg(format!("--log={}", log.display())).arg(program);
    match command.output() {
        Ok(output) => assert!(output.status.success(), "{}", errors(&output)),
        Err(_) => {
            println!("not run: needs Spike, on the path or in the variable SPIKE");
            return None;
        }
    }
    let log = std::fs::read_to_string(log).unwrap();
    Some(log.lines().skip(BOOT_ROM_LINES).map(str::to_owned).collect())
}

#[test]
fn both_leave_the_same_lines() {
    let folder = folder("spike");
    let (elf, spikes, ours) =
        (folder.join("program.elf"), folder.join("spike.log"), folder.join("vhart.log"));
    write(&elf, program(), &[("tohost", TOHOST), ("fromhost", TOHOST + 8)]);
    let Some(expected) = spike_log(&elf, &spikes) else { return };
    let output = run([
        "run".as_ref(),
        elf.as_os_str(),
        "--log-commits".as_ref(),
        ours.as_os_str(),
        "--timeout".as_ref(),
        "60".as_ref(),
    ]);
    assert!(output.status.success(), "{}", errors(&output));
    let ours = std::fs::read_to_string(ours).unwrap();
    assert!(30 < ours.lines().count(), "the whole program is logged");
    // Spike looks at `tohost` now and then only, and goes round the last loop until it does.
    assert!(ours.lines().count() <= expected.len(), "Spike's log ends early");
    for (ours, expected) in ours.lines().zip(expected) {
        assert_eq!(ours, expected);
    }
}
