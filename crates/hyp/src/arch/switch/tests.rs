//! Runs the text of the switch on a model of the instructions it is made of.

use std::collections::BTreeMap;
use std::mem::offset_of;

use crate::context::{Context, GuestFrame, HostFrame};

macro_rules! as_lines {
    ($($line:literal)+) => { &[$($line),+] };
}

const TEXT: &[&str] = for_the_switch!(as_lines);

/// Where the model's context lies, and what it puts into stvec for the label.
const CONTEXT: u64 = 0x8000_1000;
const LABEL: u64 = 0x8020_0004;

fn offsets() -> BTreeMap<&'static str, usize> {
    let (guest, host) = (offset_of!(Context, guest), offset_of!(Context, host));
    BTreeMap::from([
        ("{guest}", guest + offset_of!(GuestFrame, x)),
        ("{guest_sepc}", guest + offset_of!(GuestFrame, sepc)),
        ("{guest_sstatus}", guest + offset_of!(GuestFrame, sstatus)),
        ("{host}", host + offset_of!(HostFrame, x)),
        ("{host_sstatus}", host + offset_of!(HostFrame, sstatus)),
        ("{host_stvec}", host + offset_of!(HostFrame, stvec)),
        ("{host_sscratch}", host + offset_of!(HostFrame, sscratch)),
    ])
}

#[derive(Debug, Default)]
struct Model {
    x: [u64; 32],
    csr: BTreeMap<String, u64>,
    memory: BTreeMap<u64, u64>,
    /// CSR accesses in order.
    accesses: Vec<String>,
}

impl Model {
    /// Executes the lines from `start` up to the instruction `end`.
    fn run(&mut self, start: usize, end: &str) {
        for line in &TEXT[start..] {
            if *line == end {
                return;
            }
            self.step(line);
        }
        panic!("the text has no {end}");
    }

    fn step(&mut self, line: &str) {
        let (mnemonic, operands) = line.split_once(' ').unwrap_or((line, ""));
        let operands: Vec<&str> = operands.split(", ").collect();
        match (mnemonic, &operands[..]) {
            ("sd", [source, address]) => {
                self.memory.insert(self.address(address), self.x[register(source)]);
            }
            ("ld", [target, address]) => {
                let value = *self.memory.get(&self.address(address)).expect("memory was written");
                self.x[register(target)] = value;
            }
            ("la", [target, "2f"]) => self.x[register(target)] = LABEL,
            ("csrr", [target, csr]) => {
                self.accesses.push(format!("read {csr}"));
                self.x[register(target)] = self.csr[*csr];
            }
            ("csrw", [csr, source]) => {
                self.accesses.push(format!("write {csr}"));
                self.csr.insert(csr.to_string(), self.x[register(source)]);
            }
            ("csrrw", [target, csr, source]) => {
                self.accesses.push(format!("swap {csr}"));
                let old = self.csr.insert(csr.to_string(), self.x[register(source)]);
                self.x[register(target)] = old.expect("the model has the CSR");
            }
            (".balign", ["4"]) => {}
            _ => panic!("the model does not know {line}"),
        }
    }

    fn address(&self, operand: &str) -> u64 {
        let (offset, base) = operand.strip_suffix(')').unwrap().split_once('(').unwrap();
        let (field, plus) = offset.split_once('+').unwrap_or((offset, "0"));
        self.x[register(base)] + offsets()[field] as u64 + plus.parse::<u64>().unwrap()
    }

    fn field(&self, field: &str, register: u64) -> u64 {
        self.memory[&(CONTEXT + offsets()[field] as u64 + 8 * register)]
    }

    fn set_field(&mut self, field: &str, register: u64, value: u64) {
        self.memory.insert(CONTEXT + offsets()[field] as u64 + 8 * register, value);
    }
}

fn register(name: &str) -> usize {
    name.strip_prefix('x').and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{name} is no register"))
}

const GUEST: u64 = 0x6000;
const HOST: u64 = 0x4000;

/// A hart in the host, about to call the switch.
fn before_entry() -> Model {
    let mut model = Model::default();
    for n in 1..32 {
        model.x[n as usize] = HOST + n;
        model.set_field("{guest}", n, GUEST + n);
    }
    model.x[10] = CONTEXT;
    model.set_field("{guest_sepc}", 0, 0x8000_0000);
    model.set_field("{guest_sstatus}", 0, GUEST + 100);
    for (csr, value) in [("sstatus", 100), ("stvec", 101), ("sscratch", 102), ("sepc", 103)] {
        model.csr.insert(csr.into(), HOST + value);
    }
    model
}

#[test]
fn entry_puts_the_guest_into_the_hart_and_the_host_into_the_context() {
    let mut model = before_entry();
    model.run(0, "sret");
    for n in 1..32 {
        assert_eq!(model.x[n as usize], GUEST + n, "x{n}");
    }
    for n in [1, 2, 3, 4, 8, 9].into_iter().chain(18..28) {
        assert_eq!(model.field("{host}", n), HOST + n, "x{n}");
    }
    assert_eq!(model.csr["sstatus"], GUEST + 100);
    assert_eq!(model.csr["stvec"], LABEL);
    assert_eq!(model.csr["sscratch"], CONTEXT);
    assert_eq!(model.csr["sepc"], 0x8000_0000);
    assert_eq!(model.field("{host_sstatus}", 0), HOST + 100);
    assert_eq!(model.field("{host_stvec}", 0), HOST + 101);
    assert_eq!(model.field("{host_sscratch}", 0), HOST + 102);
    assert_eq!(model.accesses, ["swap sstatus", "swap stvec", "swap sscratch", "write sepc"]);
}

#[test]
fn exit_puts_the_host_into_the_hart_and_the_guest_into_the_context() {
    let mut model = before_entry();
    model.run(0, "sret");
    model.accesses.clear();
    for n in 1..32 {
        model.x[n as usize] = GUEST + 1000 + n;
    }
    model.csr.insert("sstatus".into(), GUEST + 1100);
    model.csr.insert("sepc".into(), 0x8000_0040);
    let label = TEXT.iter().position(|line| *line == "2:").expect("the exit has a label");
    model.run(label + 1, "ret");
    for n in 1..32 {
        assert_eq!(model.field("{guest}", n), GUEST + 1000 + n, "x{n}");
    }
    for n in [1, 2, 3, 4, 8, 9].into_iter().chain(18..28) {
        assert_eq!(model.x[n as usize], HOST + n, "x{n}");
    }
    assert_eq!(model.field("{guest_sepc}", 0), 0x8000_0040);
    assert_eq!(model.field("{guest_sstatus}", 0), GUEST + 1100);
    assert_eq!(model.csr["sstatus"], HOST + 100);
    assert_eq!(model.csr["stvec"], HOST + 101);
    assert_eq!(model.csr["sscratch"], HOST + 102);
    assert_eq!(
        model.accesses,
        ["swap sscratch", "read sepc", "swap sscratch", "write stvec", "swap sstatus"]
    );
}

#[test]
fn the_exit_label_is_aligned_for_stvec() {
    let label = TEXT.iter().position(|line| *line == "2:").expect("the exit has a label");
    assert_eq!(TEXT[label - 2..label], ["sret", ".balign 4"]);
}

#[test]
fn register_slots_are_at_eight_times_the_number() {
    for line in TEXT.iter().filter(|line| line.contains("{guest}+") || line.contains("{host}+")) {
        let (head, tail) = line.split_once('+').unwrap();
        let slot: u64 = tail.split_once('(').unwrap().0.parse().unwrap();
        // In the exit, x7 holds the guest's a0 by the time it is stored.
        if *line != "sd x7, {guest}+80(x10)" {
            let name = head.split([' ', ',']).nth(1).unwrap();
            assert_eq!(register(name) as u64 * 8, slot, "{line}");
        }
    }
}

#[test]
fn each_way_takes_fewer_than_a_hundred_instructions() {
    // An address takes two; labels and alignment none.
    let length = |line: &&str| match line.split(' ').next() {
        Some("la") => 2,
        Some(".balign" | "2:") => 0,
        _ => 1,
    };
    let leave = TEXT.iter().position(|line| *line == "sret").expect("the way in ends") + 1;
    let (way_in, way_out) = TEXT.split_at(leave);
    let counts = [way_in, way_out].map(|way| way.iter().map(length).sum::<u64>());
    assert_eq!(counts, [59, 58]);
}
