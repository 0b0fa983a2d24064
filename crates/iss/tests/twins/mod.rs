//! Two equal machines, one with each engine: whatever is done to both, both must do the same.

#![allow(dead_code, reason = "each test file uses a part of it")]

use isa::csr;
use isa::field::Field;
use isa::paging::{PAGE_SIZE, Pte, Scheme};
use iss::{AccessFault, Bus, Engine, Hart, Lines, Outcome, Ram, Variant, Width};

/// Where main memory starts.
pub(crate) const BASE: u64 = 0x8000_0000;

/// The size of main memory.
const SIZE: u64 = 4 << 20;

/// From here on there is room for page tables.
const TABLES: u64 = BASE + (1 << 19);

/// The registers of a device that stores to main memory: what, and then where.
pub(crate) const DEVICE: u64 = 0x1000_0000;

/// Main memory and the device.
pub(crate) struct Memory {
    pub(crate) ram: Ram,
    pub(crate) lines: Lines,
    /// What the device is to store.
    value: u64,
}

impl Bus for Memory {
    fn ram(&self) -> &Ram {
        &self.ram
    }

    fn load(&mut self, _: u64, _: Width) -> Result<u64, AccessFault> {
        Err(AccessFault)
    }

    fn store(&mut self, pa: u64, _: Width, value: u64) -> Result<(), AccessFault> {
        match pa {
            DEVICE => self.value = value,
            _ if pa == DEVICE + 8 => self.ram.store(value, Width::W, self.value).ok_or(AccessFault)?,
            _ => return Err(AccessFault),
        }
        Ok(())
    }

    fn lines(&mut self, _: usize) -> Lines {
        self.lines
    }
}

/// A machine of one or more harts.
pub(crate) struct Side {
    pub(crate) harts: Vec<Hart>,
    pub(crate) bus: Memory,
    /// Where the next page table goes.
    free: u64,
}

impl Side {
    /// Harts in M-mode, whose lower modes may reach all of memory.
    fn new(engine: Engine, variant: Variant, harts: usize) -> Side {
        let ram = Ram::new(BASE, SIZE).expect("the host has memory to map");
        let hart = |id| {
            let mut hart = Hart::new(id, variant);
            hart.set_engine(engine);
            hart
        };
        let bus = Memory { ram, lines: Lines::default(), value: 0 };
        let mut side = Side { harts: (0..harts).map(hart).collect(), bus, free: TABLES };
        side.set(csr::pmpaddr0::NUMBER, u64::MAX);
        side.set(csr::pmpcfg0::NUMBER, 0x1f);
        side
    }

    /// Sets a CSR of every hart.
    pub(crate) fn set(&mut self, number: u16, value: u64) {
        for hart in &mut self.harts {
            hart.set_csr(number, value).expect("the hart has the CSR");
        }
    }

    /// Sets a field of a CSR of every hart.
    pub(crate) fn set_field(&mut self, number: u16, field: Field, value: u64) {
        let old = self.harts[0].csr(number).expect("the hart has the CSR");
        self.set(number, field.set(old, value));
    }

    pub(crate) fn read(&self, pa: u64) -> u64 {
        self.bus.ram.load(pa, Width::D).expect("main memory")
    }

    pub(crate) fn write(&self, pa: u64, value: u64) {
        self.bus.ram.store(pa, Width::D, value).expect("main memory");
    }

    /// Room for a root table of any stage.
    pub(crate) fn new_root(&mut self) -> u64 {
        self.new_table(4 * PAGE_SIZE)
    }

    fn new_table(&mut self, size: u64) -> u64 {
        self.free = self.free.next_multiple_of(size) + size;
        self.free - size
    }

    /// Makes `leaf` the entry of level `level` for `address` and returns where it lies.
    pub(crate) fn map(&mut self, scheme: &Scheme, root: u64, address: u64, level: u32, leaf: Pte) -> u64 {
        let mut table = root;
        for above in (level + 1..scheme.levels).rev() {
            let entry = table + 8 * scheme.index(address, above);
            if self.read(entry) == 0 {
                let below = self.new_table(PAGE_SIZE);
                self.write(entry, Pte::pointer(below).0);
            }
            table = Pte(self.read(entry)).address();
        }
        let entry = table + 8 * scheme.index(address, level);
        self.write(entry, leaf.0);
        entry
    }
}

/// The two machines.
pub(crate) struct Twins {
    pub(crate) fast: Side,
    pub(crate) reference: Side,
}

impl Twins {
    /// Machines of one hart.
    pub(crate) fn new(variant: Variant) -> Twins {
        Twins::with_harts(variant, 1)
    }

    pub(crate) fn with_harts(variant: Variant, harts: usize) -> Twins {
        let side = |engine| Side::new(engine, variant, harts);
        Twins { fast: side(Engine::Fast), reference: side(Engine::Reference) }
    }

    /// Does something to both, and returns what came of it.
    pub(crate) fn each<T: PartialEq + std::fmt::Debug>(&mut self, mut f: impl FnMut(&mut Side) -> T) -> T {
        let (fast, reference) = (f(&mut self.fast), f(&mut self.reference));
        assert_eq!(fast, reference, "the fast machine and the reference");
        fast
    }

    /// Puts bytes into both memories.
    pub(crate) fn load(&mut self, pa: u64, bytes: &[u8]) {
        self.each(|side| side.bus.ram.write(pa, bytes).expect("main memory"));
    }

    /// Runs hart `n` of both for so many steps, and compares what came of it, where they are, and the registers.
    pub(crate) fn run(&mut self, n: usize, steps: u64) -> Outcome {
        self.each(|side| {
            let outcome = side.harts[n].run(&mut side.bus, steps, None);
            let hart = &side.harts[n];
            (outcome, hart.pc(), hart.mode(), std::array::from_fn::<u64, 32, _>(|x| hart.x(x as u8)))
        })
        .0
    }

    /// The fast one of the harts with number `n`, to which the other one is equal.
    pub(crate) fn hart(&self, n: usize) -> &Hart {
        &self.fast.harts[n]
    }

    /// What the state of a fast hart differs in from that of the reference.
    pub(crate) fn difference(&self) -> Option<String> {
        self.fast.harts.iter().zip(&self.reference.harts).find_map(|(fast, reference)| {
            let (fast, reference) = (state(fast), state(reference));
            let i = (0..fast.len()).find(|i| fast[*i] != reference[*i])?;
            Some(format!("{}: {:#x}, and in the reference {:#x}", names()[i], fast[i], reference[i]))
        })
    }

    /// Makes sure that everything is the same: memory, and what is remembered of page tables, as well.
    pub(crate) fn compare(&self) {
        if let Some(difference) = self.difference() {
            panic!("{difference}");
        }
        for (fast, reference) in self.fast.harts.iter().zip(&self.reference.harts) {
            let (fast, reference) = (fast.translations(), reference.translations());
            assert_eq!(fast, reference, "what the fast hart and the reference remember of page tables");
        }
        if let Some(pa) = self.fast.bus.ram.first_difference(&self.reference.bus.ram) {
            let [fast, reference] = [&self.fast, &self.reference].map(|side| side.read(pa));
            panic!("at {pa:#x} the fast machine has {fast:#x}, the reference {reference:#x}");
        }
    }
}

/// The numbers of the CSRs that are compared: the first of each array.
fn csrs() -> impl Iterator<Item = u16> {
    csr::ROWS.iter().map(|row| row.number)
}

/// The state of a hart; 0 for what it lacks.
fn state(hart: &Hart) -> Vec<u64> {
    let mut state = vec![hart.pc(), hart.mode().index() as u64, hart.retired(), hart.is_waiting().into()];
    state.extend((0..32).flat_map(|n| [hart.x(n), hart.f(n)]));
    state.extend(csrs().map(|number| hart.csr(number).unwrap_or(0)));
    state
}

/// What the elements of a state are.
fn names() -> Vec<String> {
    let mut names = ["pc", "mode", "retired", "waiting"].map(String::from).to_vec();
    names.extend((0..32).flat_map(|n| [format!("x{n}"), format!("f{n}")]));
    names.extend(csrs().map(|number| csr::name(number).unwrap_or_default()));
    names
}
