//! Machines that run: time, waiting, devices and the reasons to stop.

mod fixture;

use std::ops::ControlFlow;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use fixture::{Elf, Segment};
use isa::Mode;
use isa::asm::prelude::*;
use isa::cause::{Cause, Exception};
use iss::{Hart, Observer, Variant};
use platform::map::{DeviceKind, region};
use platform::{Console, Image, Machine, MachineConfig, MachineStop, Until};

const BASE: u64 = 0x8000_0000;

fn base(kind: DeviceKind) -> u64 {
    region(kind).base
}

/// A program written by `write`, as an ELF file.
fn program(write: impl FnOnce(&mut Asm)) -> Elf {
    let mut asm = Asm::new(BASE);
    write(&mut asm);
    let code = asm.finish().expect("the program assembles");
    Elf { segments: vec![Segment::load(BASE, &code)], ..Elf::program(&[]) }
}

fn config(harts: usize, elf: &Elf) -> MachineConfig {
    MachineConfig { harts, ..fixture::machine(elf.image()) }
}

fn machine(harts: usize, write: impl FnOnce(&mut Asm)) -> Machine {
    Machine::new(config(harts, &program(write)), Console::default()).expect("the machine starts")
}

/// Stops a test that would run for ever.
fn soon() -> Until {
    Until { deadline: Some(Instant::now() + Duration::from_secs(20)), ..Until::default() }
}

fn run(machine: &mut Machine) -> MachineStop {
    machine.run(soon(), None)
}

/// Writes a value known beforehand to a device.
fn poke(a: &mut Asm, address: u64, value: u64) {
    a.li(T5, address).li(T6, value).sw(T6, 0, T5);
}

/// Ends the run with the status in `reg`.
fn exit(a: &mut Asm, reg: Reg) {
    a.slli(reg, reg, 16).li(T6, 0x3333).or(reg, reg, T6).li(T5, base(DeviceKind::Finisher)).sw(reg, 0, T5);
    spin(a);
}

fn spin(a: &mut Asm) {
    let here = a.here();
    a.j(here);
}

#[test]
fn the_finisher_ends_the_run() {
    let mut passes = machine(1, |a| poke(a, base(DeviceKind::Finisher), 0x5555));
    assert_eq!(run(&mut passes), MachineStop::Exit(0));
    let mut fails = machine(1, |a| {
        a.li(A0, 7);
        exit(a, A0);
    });
    assert_eq!(run(&mut fails), MachineStop::Exit(7));
}

#[test]
fn htif_ends_the_run() {
    for (low, high) in [(7, None), (7, Some(0))] {
        let mut elf = program(|a| {
            a.li(T0, BASE + 0x1000).li(T1, low);
            match high {
                None => a.sd(T1, 0, T0),
                Some(high) => a.sw(T1, 0, T0).li(T1, high).sw(T1, 4, T0),
            };
            spin(a);
        });
        elf.symbols = vec![("tohost", BASE + 0x1000)];
        let mut machine = Machine::new(config(1, &elf), Console::default()).unwrap();
        assert_eq!(run(&mut machine), MachineStop::Exit(3));
        assert!(machine.instructions() < 100, "it stops at the store");
    }
}

/// What has been written to a console.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_uart_prints() {
    let elf = program(|a| {
        a.li(T0, base(DeviceKind::Uart));
        for byte in *b"hi\n" {
            a.li(T1, byte.into()).sb(T1, 0, T0);
        }
        poke(a, base(DeviceKind::Finisher), 0x5555);
    });
    let screen = Screen::default();
    let mut machine = Machine::new(config(1, &elf), Console::new(screen.clone())).unwrap();
    assert_eq!(run(&mut machine), MachineStop::Exit(0));
    assert_eq!(*screen.0.lock().unwrap(), b"hi\n");
}

#[test]
fn a_reset_starts_again_with_fresh_memory() {
    let mut machine = machine(1, |a| {
        a.li(T0, BASE + 0x1000).lw(A0, 0, T0).addi(A0, A0, 1).sw(A0, 0, T0);
        poke(a, base(DeviceKind::Finisher), 0x7777);
    });
    for _ in 0..2 {
        assert_eq!(run(&mut machine), MachineStop::Reset);
        assert_eq!(machine.hart(0).unwrap().x(10), 1, "memory was zero");
        machine.reset().unwrap();
    }
}

#[test]
fn a_hundred_steps_are_a_tick() {
    let mut machine = machine(2, spin);
    for instructions in [100, 199, 200, 1_000, 1_001] {
        let until = Until { instructions: Some(instructions), ..soon() };
        assert_eq!(machine.run(until, None), MachineStop::InstructionLimit);
        assert_eq!(machine.instructions(), instructions);
        let expected = instructions / 200;
        assert!([expected, expected.saturating_sub(1)].contains(&machine.bus().time()), "{instructions}");
    }
    let retired = [0, 1].map(|id| machine.hart(id).unwrap().retired());
    assert_eq!(retired, [501, 500], "the harts take turns");
}

#[test]
fn time_jumps_when_every_hart_waits() {
    let mut machine = machine(2, |a| {
        let wait = a.label();
        a.csrr(A0, csr::mhartid::NUMBER).bnez(A0, wait);
        a.li(T0, base(DeviceKind::Aclint) + 0x4000).li(T1, 5_000_000_000).sd(T1, 0, T0);
        a.li(T1, 1 << 7).csrw(csr::mie::NUMBER, T1).wfi();
        a.csrr(S0, csr::time::NUMBER);
        poke(a, base(DeviceKind::Finisher), 0x5555);
        a.place(wait);
        a.wfi().j(wait);
    });
    assert_eq!(run(&mut machine), MachineStop::Exit(0));
    assert_eq!(machine.hart(0).unwrap().x(8), 5_000_000_000, "the hart wakes at the very tick");
    assert!(machine.instructions() < 200);
}

#[test]
fn waiting_for_nothing_is_told() {
    let mut alone = machine(1, |a| {
        let again = a.here();
        a.wfi().j(again);
    });
    assert_eq!(run(&mut alone), MachineStop::Deadlock);
    // A timer that is due but not enabled wakes nobody either.
    let mut masked = machine(2, |a| {
        a.li(T0, base(DeviceKind::Aclint) + 0x4000).li(T1, 1000).sd(T1, 0, T0);
        let again = a.here();
        a.wfi().j(again);
    });
    assert_eq!(run(&mut masked), MachineStop::Deadlock);
}

#[test]
fn a_hart_wakes_another() {
    for sender in [0, 1] {
        let mut machine = machine(2, |a| {
            let send = a.label();
            a.li(T1, 1 << 3).csrw(csr::mie::NUMBER, T1);
            a.csrr(A0, csr::mhartid::NUMBER).addi(A0, A0, -sender).beqz(A0, send);
            a.wfi();
            a.li(A0, 9);
            exit(a, A0);
            a.place(send);
            for _ in 0..300 {
                a.nop();
            }
            poke(a, base(DeviceKind::Aclint) + 4 * (1 - sender) as u64, 1);
            let again = a.here();
            a.wfi().j(again);
        });
        assert_eq!(run(&mut machine), MachineStop::Exit(9), "sent by hart {sender}");
    }
}

#[test]
fn guest_interrupt_lines_show_in_hgeip() {
    let mut machine = machine(1, |a| {
        a.li(T0, base(DeviceKind::Hgeip)).li(T1, 0b100).sd(T1, 0, T0).csrr(A0, csr::hgeip::NUMBER);
        exit(a, A0);
    });
    assert_eq!(run(&mut machine), MachineStop::Exit(0b100));
}

#[test]
fn a_trap_storm_is_reported() {
    let mut machine = machine(1, |a| {
        a.csrwi(csr::mtvec::NUMBER, 0).word(0);
    });
    let stop = run(&mut machine);
    let MachineStop::TrapStorm(storm) = stop else { panic!("{stop:?}") };
    assert_eq!((storm.hart, storm.pc, storm.mode), (0, 0, Mode::M));
    assert_eq!(storm.cause, Some(Cause::Exception(Exception::InstAccessFault)));
    assert_eq!(
        storm.to_string(),
        "hart 0 traps for ever at pc 0x0 in M-mode: instruction access fault, trap value 0x0"
    );
    assert!(machine.instructions() < 20_000);
}

/// MDT is set at reset, so that the first trap is one too many. The machine stops, whatever the other harts do.
#[test]
fn a_critical_error_stops_the_machine() {
    let elf = program(|a| {
        let other = a.label();
        a.csrr(T0, csr::mhartid::NUMBER).beqz(T0, other);
        a.ebreak();
        a.place(other);
        spin(a);
    });
    let variant = Variant::parse("max,smdbltrp=on").expect("a hart that there can be");
    let config = MachineConfig { variant, ..config(2, &elf) };
    let mut machine = Machine::new(config, Console::default()).expect("the machine starts");
    for _ in 0..2 {
        assert_eq!(run(&mut machine), MachineStop::CriticalError { hart: 1 });
    }
}

/// A guest that echoes one byte as its exit status, woken by the UART's interrupt.
fn echo() -> Elf {
    program(|a| {
        let (plic, uart) = (base(DeviceKind::Plic), base(DeviceKind::Uart));
        poke(a, plic + 4 * 10, 1);
        poke(a, plic + 0x2000, 1 << 10);
        a.li(T0, uart).li(T1, 1).sb(T1, 1, T0);
        a.li(T1, 1 << 11).csrw(csr::mie::NUMBER, T1).wfi().lbu(A0, 0, T0);
        exit(a, A0);
    })
}

fn with_input(elf: &Elf) -> (Machine, Sender<u8>) {
    let (sender, receiver) = channel();
    let console = Console::default().with_input(receiver);
    (Machine::new(config(1, elf), console).unwrap(), sender)
}

#[test]
fn input_wakes_a_waiting_hart() {
    let (mut machine, sender) = with_input(&echo());
    let typist = thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        sender.send(b'k').unwrap();
    });
    assert_eq!(run(&mut machine), MachineStop::Exit(b'k'.into()));
    typist.join().unwrap();
}

#[test]
fn the_end_of_input_leaves_nothing_to_wait_for() {
    let (mut machine, sender) = with_input(&echo());
    drop(sender);
    assert_eq!(run(&mut machine), MachineStop::Deadlock);
    // Nor does input count for a guest that does not want it.
    let (mut machine, _sender) = with_input(&program(|a| {
        let again = a.here();
        a.wfi().j(again);
    }));
    assert_eq!(run(&mut machine), MachineStop::Deadlock);
}

#[test]
fn the_host_stops_a_machine() {
    let mut spinning = machine(2, spin);
    let until = Until { deadline: Some(Instant::now() + Duration::from_millis(20)), ..Until::default() };
    assert_eq!(spinning.run(until, None), MachineStop::Timeout);
    let interrupter = spinning.interrupter();
    let stopper = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        interrupter.interrupt();
    });
    assert_eq!(run(&mut spinning), MachineStop::Interrupted);
    stopper.join().unwrap();
    let (mut waiting, _sender) = with_input(&echo());
    waiting.interrupter().interrupt();
    assert_eq!(run(&mut waiting), MachineStop::Interrupted, "before the first instruction");
    let until = Until { deadline: Some(Instant::now() + Duration::from_millis(50)), ..Until::default() };
    assert_eq!(waiting.run(until, None), MachineStop::Timeout, "while it waits for input");
}

/// Everything that two runs must agree on.
fn state(machine: &Machine) -> (u64, u64, Vec<(u64, Vec<u64>)>) {
    let harts = (0..machine.harts()).filter_map(|id| machine.hart(id));
    let registers = harts.map(|hart| (hart.pc(), (0..32).map(|n| hart.x(n)).collect()));
    (machine.instructions(), machine.bus().time(), registers.collect())
}

/// Three harts that count by AMO and by LR and SC, look at the clock and send each other interrupts.
fn busy() -> Machine {
    machine(3, |a| {
        a.li(T0, BASE + 0x2000).li(T1, 1).li(S1, base(DeviceKind::Aclint));
        a.csrr(S0, csr::mhartid::NUMBER).slli(S0, S0, 2).add(S1, S1, S0);
        let again = a.here();
        a.amoadd_w(A1, T1, T0, Order::Plain).csrr(A2, csr::time::NUMBER).add(A3, A3, A1).xor(A3, A3, A2);
        a.lr_w(A5, T0, Order::Plain).addi(A5, A5, 1).sc_w(A6, A5, T0, Order::Plain).add(A7, A7, A6);
        a.sw(A1, 0, S1).lw(A4, 0, S1).j(again);
    })
}

#[test]
fn the_same_run_is_the_same_however_it_is_cut() {
    const LENGTH: u64 = 20_000;
    let mut whole = busy();
    let until = |instructions| Until { instructions: Some(instructions), ..soon() };
    assert_eq!(whole.run(until(LENGTH), None), MachineStop::InstructionLimit);
    for piece in [1, 7, 100, 333] {
        let mut cut = busy();
        let mut reached = 0;
        while reached < LENGTH {
            reached = (reached + piece).min(LENGTH);
            assert_eq!(cut.run(until(reached), None), MachineStop::InstructionLimit);
        }
        assert_eq!(state(&cut), state(&whole), "pieces of {piece}");
    }
}

/// Hart 0 counts by LR and SC that are more than a tick apart, the others sleep.
fn slow() -> Machine {
    machine(3, |a| {
        let (asleep, again) = (a.label(), a.label());
        a.csrr(S0, csr::mhartid::NUMBER).bnez(S0, asleep).li(T0, BASE + 0x2000);
        a.place(again);
        a.lr_w(A5, T0, Order::Plain).addi(A5, A5, 1);
        for _ in 0..150 {
            a.nop();
        }
        a.sc_w(A6, A5, T0, Order::Plain).add(A7, A7, A6).j(again);
        a.place(asleep);
        a.wfi().j(asleep);
    })
}

#[test]
fn a_hart_that_sleeps_takes_no_reservation_away() {
    const LENGTH: u64 = 200_000;
    let states = [77, 1000, LENGTH].map(|piece| {
        let mut machine = slow();
        let mut reached = 0;
        while reached < LENGTH {
            reached = (reached + piece).min(LENGTH);
            let until = Until { instructions: Some(reached), ..soon() };
            assert_eq!(machine.run(until, None), MachineStop::InstructionLimit);
        }
        // In the first tick the others go to sleep.
        let failures = machine.hart(0).unwrap().x(17);
        assert!(failures <= 1, "{failures} in pieces of {piece}");
        state(&machine)
    });
    assert!(states[1..].iter().all(|state| *state == states[0]), "{states:?}");
}

/// Hart 0 waits again and again for its reservation to end, which hart 1 ends; hart 2 sleeps.
fn waiting_on_reservation() -> Machine {
    machine(3, |a| {
        let (awake, asleep) = (a.label(), a.label());
        a.csrr(S0, csr::mhartid::NUMBER).li(T0, BASE + 0x2000).bnez(S0, awake);
        let again = a.here();
        a.lr_w(A0, T0, Order::Plain).wrs_nto().addi(S1, S1, 1).j(again);
        a.place(awake);
        a.addi(S0, S0, -1).bnez(S0, asleep);
        spin(a);
        a.place(asleep);
        a.wfi().j(asleep);
    })
}

#[test]
fn a_hart_that_waits_on_its_reservation_wakes_in_the_next_tick() {
    const LENGTH: u64 = 20_000;
    let states = [1, 7, 103, LENGTH].map(|piece| {
        let mut machine = waiting_on_reservation();
        let mut reached = 0;
        while reached < LENGTH {
            reached = (reached + piece).min(LENGTH);
            let until = Until { instructions: Some(reached), ..soon() };
            assert_eq!(machine.run(until, None), MachineStop::InstructionLimit);
        }
        let (turns, ticks) = (machine.hart(0).unwrap().x(9), machine.bus().time());
        assert!(turns.abs_diff(ticks) <= 2, "{turns} turns in {ticks} ticks, pieces of {piece}");
        state(&machine)
    });
    assert!(states[1..].iter().all(|state| *state == states[0]), "{states:?}");
}

#[test]
fn a_firmware_brings_its_payload_in_the_same_file() {
    const PAYLOAD: u64 = BASE + (2 << 20);
    let mut firmware = Asm::new(BASE);
    firmware.li(T0, PAYLOAD).jr(T0);
    let mut payload = Asm::new(PAYLOAD);
    payload.li(A0, 9);
    exit(&mut payload, A0);
    let [mut file, payload] = [firmware, payload].map(|asm| asm.finish().unwrap());
    file.resize(2 << 20, 0);
    file.extend(payload);
    let config = fixture::machine(Image::new("fw_payload.bin", file));
    assert_eq!(run(&mut Machine::new(config, Console::default()).unwrap()), MachineStop::Exit(9));
}

/// Hart 0 works for ever, hart 1 waits on a reservation, which ends when hart 0 has worked, and the others sleep; hart 2
/// wakes by its timer now and then.
fn sleepers(harts: usize) -> Machine {
    machine(harts, |a| {
        let [work, wait, doze, asleep] = [(); 4].map(|()| a.label());
        a.li(T0, BASE + 0x2000).li(S1, base(DeviceKind::Aclint) + 0x4000).li(S2, 1).li(S3, 2);
        a.csrr(S0, csr::mhartid::NUMBER).beqz(S0, work).beq(S0, S2, wait).beq(S0, S3, doze);
        a.place(asleep);
        a.wfi().j(asleep);
        a.place(work);
        a.addi(A0, A0, 1).j(work);
        a.place(wait);
        a.lr_w(A1, T0, Order::Plain).wrs_nto().addi(A2, A2, 1).wfi().j(wait);
        a.place(doze);
        a.li(T1, 1 << 7).csrw(csr::mie::NUMBER, T1);
        let again = a.here();
        a.csrr(A3, csr::time::NUMBER).addi(A3, A3, 70).sd(A3, 16, S1).wfi().addi(A4, A4, 1).j(again);
    })
}

#[test]
fn what_a_sleeping_hart_sees_does_not_depend_on_where_a_run_is_cut() {
    const LENGTH: u64 = 100_000;
    let states = [77, 1000, LENGTH].map(|piece| {
        let mut machine = sleepers(5);
        let mut reached = 0;
        while reached < LENGTH {
            reached = (reached + piece).min(LENGTH);
            let until = Until { instructions: Some(reached), ..soon() };
            assert_eq!(machine.run(until, None), MachineStop::InstructionLimit);
        }
        let harts = (0..5).filter_map(|id| machine.hart(id));
        let seen = harts.map(|hart| [csr::time::NUMBER, csr::mip::NUMBER].map(|number| hart.csr(number)));
        let seen: Vec<_> = seen.collect();
        assert_eq!(seen[4][0], Some(machine.bus().time()), "the time that it is");
        assert!(machine.hart(2).unwrap().x(14) > 10, "hart 2 has woken");
        (state(&machine), seen)
    });
    assert!(states[1..].iter().all(|state| *state == states[0]), "{states:#?}");
}

/// Stops each hart before one address, but lets it pass the first time after a stop.
struct Breakpoint {
    at: u64,
    armed: bool,
}

impl Observer for Breakpoint {
    fn before(&mut self, _hart: &Hart, pc: u64) -> ControlFlow<()> {
        if pc == self.at && self.armed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn an_observer_stops_a_hart_before_an_instruction() {
    let mut machine = machine(2, |a| {
        a.nop().nop();
        spin(a);
    });
    let mut breakpoint = Breakpoint { at: BASE + 4, armed: true };
    assert_eq!(machine.run(soon(), Some(&mut breakpoint)), MachineStop::Observer { hart: 0 });
    assert_eq!((machine.hart(0).unwrap().pc(), machine.instructions()), (BASE + 4, 1));
    breakpoint.armed = false;
    assert_eq!(machine.step(0, Some(&mut breakpoint)), Ok(()));
    breakpoint.armed = true;
    assert_eq!(machine.run(soon(), Some(&mut breakpoint)), MachineStop::Observer { hart: 1 });
    assert_eq!(machine.hart(0).unwrap().retired(), 100, "hart 0 has finished its turn");
}

#[test]
fn a_step_moves_one_hart_and_time_with_it() {
    let mut machine = machine(2, spin);
    for steps in 1..=250 {
        assert_eq!(machine.step(1, None), Ok(()));
        assert_eq!(machine.hart(1).unwrap().retired(), steps);
        assert_eq!(machine.bus().time(), (steps - 1) / 100);
    }
    assert_eq!(machine.hart(0).unwrap().retired(), 0);
    assert_eq!(machine.step(2, None), Ok(()), "there is no such hart");
}

#[test]
fn a_reservation_lasts_until_another_hart_runs() {
    let sc_failed = |between: Option<usize>| {
        let mut machine = machine(2, |a| {
            a.auipc(T0, 1).lr_w(T1, T0, Order::Plain).sc_w(A0, T1, T0, Order::Plain);
            spin(a);
        });
        for hart in [Some(0), Some(0), between, Some(0)].into_iter().flatten() {
            assert_eq!(machine.step(hart, None), Ok(()));
        }
        machine.hart(0).unwrap().x(10) != 0
    };
    assert!(!sc_failed(None), "a debugger may step from LR to SC");
    assert!(sc_failed(Some(1)));
}

#[test]
fn a_step_of_a_waiting_hart_lets_time_pass() {
    let mut machine = machine(1, |a| {
        a.li(T0, base(DeviceKind::Aclint) + 0x4000).li(T1, 50).sd(T1, 0, T0);
        a.li(T1, 1 << 7).csrw(csr::mie::NUMBER, T1).wfi();
        spin(a);
    });
    for _ in 0..200 {
        assert_eq!(machine.step(0, None), Ok(()));
    }
    assert!(!machine.hart(0).unwrap().is_waiting());
    assert!(machine.bus().time() >= 50);
}
