//! The GDB server: a scripted session of the debugger itself, and packets that no debugger would send.

mod program;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use program::{Asm, BASE, T0, T1, csr, exit, folder, vhart, write};

/// Addresses in the program that the sessions look at.
struct Places {
    mret: u64,
    guest: u64,
    ecall: u64,
    handler: u64,
}

/// Where the guest stores.
const DATUM: u64 = BASE + 0x2000;

/// A program that enters VS-mode, where it stores to memory and calls the environment, whose handler exits
/// with 7; all other harts sleep.
fn round_trip(path: &Path) -> Places {
    let mut a = Asm::new(BASE);
    let (guest, handler, sleep) = (a.label(), a.label(), a.label());
    a.csrr(T0, csr::mhartid::NUMBER).bnez(T0, sleep);
    // All of memory to everyone, so that S-mode may fetch.
    a.li(T0, u64::MAX >> 10).csrw(csr::pmpaddr0::NUMBER, T0).li(T0, 0x1f).csrw(csr::pmpcfg0::NUMBER, T0);
    a.la(T0, handler).csrw(csr::mtvec::NUMBER, T0).la(T0, guest).csrw(csr::mepc::NUMBER, T0);
    a.li(T0, csr::mstatus::MPP.of(1) | csr::mstatus::MPV.of(1)).csrs(csr::mstatus::NUMBER, T0);
    let mret = a.pc();
    a.mret();
    a.align(4).place(guest);
    a.li(T0, DATUM).li(T1, 0x1234);
    // Two more instructions, because GDB takes a step of its own after a watchpoint on RISC-V.
    a.sd(T1, 0, T0).nop().nop();
    let ecall = a.pc();
    a.ecall();
    a.align(4).place(handler);
    exit(&mut a, 7);
    a.place(sleep);
    a.wfi().j(sleep);
    let address = |label| a.address(label).unwrap();
    let places = Places { mret, guest: address(guest), ecall, handler: address(handler) };
    write(path, a, &[]);
    places
}

/// A paused machine, and where it waits for its debugger.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(path: &Path, args: &[&str]) -> Server {
        let mut child = vhart()
            .args(["run", "--gdb", "127.0.0.1:0", "--paused", "--timeout", "100"])
            .args(args)
            .arg(path)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        // What else it says must not block it.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        let address = line.trim().rsplit(' ').next().unwrap().to_owned();
        assert!(line.contains("waiting for a debugger at 127.0.0.1:"), "{line}");
        Server { child, address }
    }

    fn status(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    /// A test that fails leaves no machine behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the debugger with `commands` on the server, and returns what it prints to its two outputs.
fn gdb(server: &Server, commands: &[String]) -> Option<[String; 2]> {
    const GDB: &str = "gdb-multiarch";
    if Command::new(GDB).arg("--version").output().is_err() {
        println!("not run: needs {GDB}");
        return None;
    }
    let mut command = Command::new(GDB);
    command.args(["-nx", "-batch", "-ex", "set pagination off", "-ex", "set architecture riscv:rv64"]);
    command.args(["-ex", &format!("target remote {}", server.address)]);
    for line in commands {
        command.args(["-ex", line]);
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    Some([output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// Wants each of `parts` in `text`, in this order.
fn expect_in_order(text: &str, parts: &[String]) {
    let mut rest = text;
    for part in parts {
        let Some((_, after)) = rest.split_once(part.as_str()) else {
            panic!("no {part:?} at its place in\n{text}");
        };
        rest = after;
    }
}

#[test]
fn a_debugger_follows_the_guest_in_and_out() {
    let path = folder("gdb-session").join("program.elf");
    let Places { mret, guest, ecall, handler } = round_trip(&path);
    let server = Server::start(&path, &["--smp", "2"]);
    let commands = [
        "info threads".to_owned(),
        "printf \"priv %d pc %lx\\n\", $priv, $pc".to_owned(),
        format!("break *{mret:#x}"),
        "continue".to_owned(),
        "printf \"before mret: priv %d mepc %lx misa.H %d\\n\", $priv, $mepc, ($misa >> 7) & 1".to_owned(),
        "stepi".to_owned(),
        "printf \"in the guest: priv %d pc %lx hstatus %lx hgatp %lx vsatp %lx\\n\", \
         $priv, $pc, $hstatus, $hgatp, $vsatp"
            .to_owned(),
        format!("watch *(unsigned long *){DATUM:#x}"),
        "continue".to_owned(),
        format!("printf \"stored %lx\\n\", *(unsigned long *){DATUM:#x}"),
        format!("break *{ecall:#x}"),
        "continue".to_owned(),
        "stepi".to_owned(),
        "printf \"in the handler: priv %d pc %lx mcause %ld\\n\", $priv, $pc, $mcause".to_owned(),
        "set $mscratch = 0x55".to_owned(),
        format!("set *(int *){DATUM:#x} = 0x77"),
        format!("printf \"written: %lx %x\\n\", $mscratch, *(int *){DATUM:#x}"),
        "print $ft0".to_owned(),
        "x/1xw 0x10000000".to_owned(),
        "monitor harts".to_owned(),
        "monitor help".to_owned(),
        "delete".to_owned(),
        "continue".to_owned(),
    ];
    let Some([text, other]) = gdb(&server, &commands) else { return };
    let expected = [
        "hart 0, M".to_owned(),
        "hart 1, M".to_owned(),
        format!("priv 3 pc {BASE:x}"),
        format!("before mret: priv 3 mepc {guest:x} misa.H 1"),
        format!("in the guest: priv 5 pc {guest:x} hstatus "),
        "New value = 4660".to_owned(),
        "stored 1234".to_owned(),
        format!("hit Breakpoint 3, {ecall:#018x}"),
        format!("in the handler: priv 3 pc {handler:x} mcause 10"),
        "written: 55 77".to_owned(),
        "double = ".to_owned(),
        "exited with code 07".to_owned(),
    ];
    expect_in_order(&text, &expected);
    let devices_are_left_alone = "Cannot access memory at address 0x10000000".to_owned();
    let monitor = [format!("hart 0: M-mode, pc {handler:#x}"), "monitor reset".to_owned()];
    expect_in_order(&other, &[&[devices_are_left_alone], &monitor[..]].concat());
    assert_eq!(server.status(), Some(7));
}

#[test]
fn a_detached_machine_goes_on() {
    let path = folder("gdb-detach").join("program.elf");
    let places = round_trip(&path);
    let server = Server::start(&path, &[]);
    let commands = [
        format!("hbreak *{:#x}", places.guest),
        "continue".to_owned(),
        "print $priv".to_owned(),
        "detach".to_owned(),
    ];
    let Some([text, _]) = gdb(&server, &commands) else { return };
    expect_in_order(&text, &["= 5".to_owned(), "detached".to_owned()]);
    assert_eq!(server.status(), Some(7));
}

/// A connection that speaks the protocol by hand.
struct Wire(TcpStream);

impl Wire {
    fn connect(server: &Server) -> Wire {
        let stream = TcpStream::connect(&server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Wire(stream)
    }

    /// Sends a packet and returns the answer.
    fn ask(&mut self, body: &str) -> String {
        let sum = body.bytes().fold(0u8, u8::wrapping_add);
        self.0.write_all(format!("${body}#{sum:02x}").as_bytes()).unwrap();
        self.answer()
    }

    /// The next packet's body; acknowledgements are passed over.
    fn answer(&mut self) -> String {
        let mut body = Vec::new();
        let mut byte = [0];
        while byte != *b"$" {
            self.0.read_exact(&mut byte).unwrap();
        }
        loop {
            self.0.read_exact(&mut byte).unwrap();
            if byte == *b"#" {
                break;
            }
            body.push(byte[0]);
        }
        self.0.read_exact(&mut [0; 2]).unwrap();
        self.0.write_all(b"+").unwrap();
        String::from_utf8_lossy(&body).into_owned()
    }
}

#[test]
fn packets_that_make_no_sense_do_no_harm() {
    let path = folder("gdb-packets").join("program.elf");
    round_trip(&path);
    let server = Server::start(&path, &[]);
    for nonsense in
        ["$m#00", "$vCont;s:99999#e1", "$m0,ffffffffffffffff#00", "$Hgffffffffffff#00", "\x00\x7f$$$##"]
    {
        let mut wire = TcpStream::connect(&server.address).unwrap();
        wire.write_all(nonsense.as_bytes()).unwrap();
    }
    // Some of these break their session, but the next one finds the machine as it was.
    let mut wire = Wire::connect(&server);
    for (packet, answer) in [
        ("?", "T05thread:01;"),
        ("m1000,4", "E"),
        ("mffffffffffffffff,10", "E"),
        ("Mffffffffffffffff,2:0000", "E"),
        ("p1041", "03"),
        ("P1041=02", "E"),
        ("P5=efcdab8967452301", "OK"),
        ("p5", "efcdab8967452301"),
        ("Z2,ffffffffffffffff,8", ""),
    ] {
        let got = wire.ask(packet);
        let right = if answer == "E" { got.starts_with('E') } else { got.starts_with(answer) };
        assert!(right, "{packet}: {got}");
    }
    assert_eq!(wire.ask("vCont;c"), "W07");
    assert_eq!(server.status(), Some(7));
}

#[test]
fn an_address_in_use_is_an_error() {
    let path = folder("gdb-busy").join("program.elf");
    round_trip(&path);
    let server = Server::start(&path, &[]);
    let output = vhart().args(["run", "--gdb", &server.address]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot wait for a debugger at 127.0.0.1:"));
    let mut wire = Wire::connect(&server);
    assert_eq!(wire.ask("vCont;c"), "W07");
    assert_eq!(server.status(), Some(7));
}
