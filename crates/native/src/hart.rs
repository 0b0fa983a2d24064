//! A simulated hart, as the hypervisor's. Privileged ISA, "H Extension for Hypervisor Support".

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use hyp::context::{Context, FloatState};
use hyp::{Gpa, Gva, RemoteFence, Trap};
use isa::csr;
use isa::mode::Mode;
use isa::{Inst, Op};
use iss::{Hart, Observer, Stop, Variant, Width};

use crate::board::{Board, CODE, CODE_SIZE, CannotDelegate, MOST_HARTS, VECTOR};

/// Registers of the instructions that are executed for the hypervisor.
const RD: u8 = 5;
const RS1: u8 = 6;
const RS2: u8 = 7;

/// Instructions of a guest in a tick of the clock.
const PER_TICK: u64 = 10;
/// How many ticks pass at most before the guest is told what time it is.
const MOST_TICKS: u64 = 100;

/// A hart in HS-mode, with the machine that it belongs to.
pub struct NativeHart {
    hart: Hart,
    board: Board,
    number: usize,
    alarm: u64,
    /// When the kernel wants the hart back.
    limit: u64,
    remote: Arc<Remote>,
    /// Where the hypervisor's instructions are, by their encoding.
    places: BTreeMap<u32, u64>,
}

/// Fences that other harts have asked for, by hart.
#[derive(Debug)]
struct Remote(Vec<Mutex<Vec<RemoteFence>>>);

/// Stops the hart when it leaves the guest.
struct WhileVirtual;

impl Observer for WhileVirtual {
    fn before(&mut self, hart: &Hart, _pc: u64) -> ControlFlow<()> {
        if hart.mode().virt { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

impl NativeHart {
    /// The harts of a machine, all alike.
    ///
    /// # Errors
    /// Where they cannot hand the traps of guests to HS-mode.
    ///
    /// # Panics
    /// For more than 64.
    pub fn all(board: &Board, variant: Variant, count: usize) -> Result<Vec<NativeHart>, CannotDelegate> {
        assert!(count <= MOST_HARTS, "a machine has at most {MOST_HARTS} harts");
        let remote = Arc::new(Remote((0..count).map(|_| Mutex::default()).collect()));
        let one = |number| {
            Ok(NativeHart {
                hart: board.hart(number, variant)?,
                board: board.clone(),
                number,
                alarm: u64::MAX,
                limit: u64::MAX,
                remote: Arc::clone(&remote),
                places: BTreeMap::new(),
            })
        };
        (0..count).map(one).collect()
    }

    /// Has a guest's run interrupted at this time at the latest.
    pub fn set_limit(&mut self, time: u64) {
        self.limit = time;
    }

    /// The hart itself.
    pub fn hart(&self) -> &Hart {
        &self.hart
    }

    /// The value of a CSR.
    ///
    /// # Panics
    /// Where the hart has none.
    pub fn csr_value(&self, number: u16) -> u64 {
        self.hart.csr(number).unwrap_or_else(|| panic!("the hart has no CSR {number:#x}"))
    }

    /// The physical address that a guest's access would go to, or the trap that it would raise.
    ///
    /// # Errors
    /// The trap.
    pub fn translate(&mut self, gva: u64, kind: iss::observe::AccessKind) -> Result<u64, iss::Trap> {
        self.hart.set_mode(Mode::VS);
        let translated = self.hart.translate(&self.board, gva, kind);
        self.hart.set_mode(Mode::HS);
        translated
    }

    /// Executes one instruction of the hypervisor, with values in [`RS1`] and [`RS2`]; returns what is in
    /// [`RD`] then.
    fn execute(&mut self, inst: Inst, rs1: u64, rs2: u64) -> Result<u64, Trap> {
        self.catch_up();
        let saved = [csr::sstatus::NUMBER, csr::hstatus::NUMBER, csr::sepc::NUMBER]
            .map(|number| (number, self.hart.csr(number)));
        self.hart.set_x(RS1, rs1);
        self.hart.set_x(RS2, rs2);
        let next = self.step(inst);
        if self.hart.pc() == next {
            return Ok(self.hart.x(RD));
        }
        assert_eq!((self.hart.pc(), self.hart.mode()), (VECTOR, Mode::HS), "{inst:?} trapped elsewhere");
        let trap = self.trap();
        for (number, value) in saved {
            if let Some(value) = value {
                let _ = self.hart.set_csr(number, value);
            }
        }
        Err(trap)
    }

    /// What the trap CSRs say.
    fn trap(&self) -> Trap {
        let value = |number| self.hart.csr(number).unwrap_or(0);
        Trap {
            scause: value(csr::scause::NUMBER),
            stval: value(csr::stval::NUMBER),
            htval: value(csr::htval::NUMBER),
            htinst: value(csr::htinst::NUMBER),
        }
    }

    /// Executes one instruction in HS-mode, and returns what is behind it.
    fn step(&mut self, inst: Inst) -> u64 {
        let code = self.place(inst.encode());
        self.hart.set_mode(Mode::HS);
        self.hart.set_pc(code);
        self.hart.run(&mut self.board, 1, None);
        code + 4
    }

    /// Where an instruction is in memory: each has a place of its own, since the hart decodes anew what has been changed.
    fn place(&mut self, word: u32) -> u64 {
        let free = CODE + CODE_SIZE * self.number as u64 + 4 * self.places.len() as u64;
        let ram = &self.board.ram;
        *self.places.entry(word).or_insert_with(|| {
            ram.store(free, Width::W, word.into()).expect("the code is in memory");
            free
        })
    }

    /// Carries out the fences that other harts have asked for.
    fn catch_up(&mut self) {
        let fences = {
            let mut queue = self.remote.0[self.number].lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *queue)
        };
        for fence in fences {
            self.fence(fence);
        }
    }

    fn fence(&mut self, fence: RemoteFence) {
        match fence {
            RemoteFence::Guests => self.hfence_gvma_inst(None, None),
            RemoteFence::Guest { vmid, start, size } => {
                let pages = size.div_ceil(0x1000);
                if pages > 512 {
                    return self.hfence_gvma_inst(None, Some(vmid));
                }
                for page in 0..pages {
                    self.hfence_gvma_inst(Some(start.offset(page * 0x1000)), Some(vmid));
                }
            }
        }
    }

    fn hfence_gvma_inst(&mut self, address: Option<Gpa>, vmid: Option<u16>) {
        let register = |wanted: bool, register| if wanted { register } else { 0 };
        let rs1 = register(address.is_some(), RS1);
        let rs2 = register(vmid.is_some(), RS2);
        let inst = Inst { rs1, rs2, ..Inst::new(Op::hfence_gvma) };
        self.hart.set_x(RS1, address.map_or(0, |address| address.0 >> 2));
        self.hart.set_x(RS2, vmid.map_or(0, u64::from));
        let next = self.step(inst);
        assert_eq!(self.hart.pc(), next, "HS-mode may fence");
    }

    /// Makes the alarm's interrupt pending, or not.
    fn set_timer_pending(&mut self, pending: bool) {
        let mip = self.csr_value(csr::mip::NUMBER);
        let bit = csr::mip::STIP.mask();
        let value = if pending { mip | bit } else { mip & !bit };
        // With a comparator of its own, the hart's bit follows that.
        let _ = self.hart.set_csr(csr::mip::NUMBER, value);
        let _ = self.hart.set_csr(csr::stimecmp::NUMBER, if pending { 0 } else { u64::MAX });
    }
}

impl hyp::Hart for NativeHart {
    fn read<const CSR: u16>(&mut self) -> u64 {
        self.try_read::<CSR>().unwrap_or_else(|| panic!("HS-mode may read CSR {CSR:#x}"))
    }

    fn write<const CSR: u16>(&mut self, value: u64) {
        self.swap::<CSR>(value);
    }

    fn swap<const CSR: u16>(&mut self, value: u64) -> u64 {
        let inst = Inst { rd: RD, rs1: RS1, imm: CSR.into(), ..Inst::new(Op::csrrw) };
        self.execute(inst, value, 0).unwrap_or_else(|trap| panic!("write of CSR {CSR:#x}: {trap:x?}"))
    }

    fn try_read<const CSR: u16>(&mut self) -> Option<u64> {
        self.execute(Inst { rd: RD, imm: CSR.into(), ..Inst::new(Op::csrrs) }, 0, 0).ok()
    }

    fn fetch_guest(&mut self, address: Gva) -> Result<u16, Trap> {
        let inst = Inst { rd: RD, rs1: RS1, ..Inst::new(Op::hlvx_hu) };
        self.execute(inst, address.0, 0).map(|value| value as u16)
    }

    fn load_guest(&mut self, address: Gva) -> Result<u64, Trap> {
        self.execute(Inst { rd: RD, rs1: RS1, ..Inst::new(Op::hlv_d) }, address.0, 0)
    }

    fn hfence_gvma(&mut self, address: Option<Gpa>, vmid: Option<u16>) {
        self.hfence_gvma_inst(address, vmid);
    }

    fn hfence_vvma(&mut self, address: Option<Gva>, asid: Option<u16>) {
        let rs1 = if address.is_some() { RS1 } else { 0 };
        let rs2 = if asid.is_some() { RS2 } else { 0 };
        let inst = Inst { rs1, rs2, ..Inst::new(Op::hfence_vvma) };
        let (address, asid) = (address.map_or(0, |address| address.0), asid.map_or(0, u64::from));
        self.execute(inst, address, asid).expect("HS-mode may fence");
    }

    fn fence_i(&mut self) {
        self.execute(Inst::new(Op::fence_i), 0, 0).expect("HS-mode may fence");
    }

    fn remote_fence(&mut self, fence: RemoteFence) {
        for (number, queue) in self.remote.0.iter().enumerate() {
            if number != self.number {
                queue.lock().unwrap_or_else(PoisonError::into_inner).push(fence);
            }
        }
    }

    fn time(&mut self) -> u64 {
        self.board.clock.now()
    }

    fn set_alarm(&mut self, time: u64) {
        self.alarm = time;
    }

    fn save_float(&mut self, state: &mut FloatState) {
        for (n, register) in (0..).zip(&mut state.f) {
            *register = self.hart.f(n);
        }
        state.fcsr = self.hart.csr(csr::fcsr::NUMBER).unwrap_or(0);
    }

    fn restore_float(&mut self, state: &FloatState) {
        for (n, register) in (0..).zip(&state.f) {
            self.hart.set_f(n, *register);
        }
        let _ = self.hart.set_csr(csr::fcsr::NUMBER, state.fcsr);
    }

    fn enter_guest(&mut self, context: &mut Context) {
        use csr::{sepc, sstatus};
        let host_sstatus = self.swap::<{ sstatus::NUMBER }>(context.guest.sstatus);
        self.write::<{ sepc::NUMBER }>(context.guest.sepc);
        for n in 1..32 {
            self.hart.set_x(n, context.guest.get(n));
        }
        let (number, until) = (self.number, self.alarm.min(self.limit));
        let mut stopped = false;
        self.step(Inst::new(Op::sret));
        while !stopped {
            let now = self.board.clock.now();
            self.set_timer_pending(now >= until);
            let ticks = until.saturating_sub(now).clamp(1, MOST_TICKS);
            let outcome = self.hart.run(&mut self.board, ticks * PER_TICK, Some(&mut WhileVirtual));
            // An entry that gets nowhere takes its time, too.
            self.board.clock.advance(outcome.steps.div_ceil(PER_TICK).max(1));
            stopped = outcome.stop == Stop::Observer || !self.hart.mode().virt;
        }
        self.set_timer_pending(false);
        assert_eq!((self.hart.pc(), self.hart.mode()), (VECTOR, Mode::HS), "hart {number} left its guest");
        for n in 1..32 {
            context.guest.set(n, self.hart.x(n));
        }
        context.guest.sepc = self.csr_value(sepc::NUMBER);
        context.guest.sstatus = self.swap::<{ sstatus::NUMBER }>(host_sstatus);
    }
}
