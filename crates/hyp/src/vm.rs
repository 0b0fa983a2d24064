//! A virtual machine: what its virtual harts share.

use alloc::sync::Arc;
use alloc::vec::Vec;

use isa::csr::hgatp;
use kvm::Errno;
use kvm::capability;
use kvm::ioctl::{DIRTY_LOG_INITIALLY_SET, DIRTY_LOG_MANUAL_PROTECT_ENABLE};
use spin::Mutex;

use crate::addr::Gpa;
use crate::error::Error;
use crate::gstage::Tables;
use crate::hart::Hart;
use crate::host::Host;
use crate::hypervisor::Hypervisor;
use crate::ioeventfd::IoEventFds;
use crate::memory::Memory;
use crate::memslot::MOST_SLOTS;
use crate::sync::{AtomicBool, AtomicU64, Ordering};
use crate::vcpu::{Shared, Vcpu};
use crate::vmid::Vmid;

/// The most virtual harts that a machine can have, and one more than the largest number of one.
pub const MAX_VCPUS: usize = 1024;

/// A virtual machine.
#[derive(Debug)]
pub struct Vm {
    pub(crate) hypervisor: Arc<Hypervisor>,
    /// Its VMID.
    pub vmid: Vmid,
    /// Its memory: slots and page tables.
    pub(crate) memory: Mutex<Memory>,
    /// Which stores to devices user space wants to be told, by which of the host's counts.
    pub(crate) events: Mutex<IoEventFds<u64>>,
    /// What `hgatp` has of the machine but for the VMID. The root table never moves.
    root: u64,
    /// The guest's time less the host's.
    time_delta: AtomicU64,
    vcpus: Mutex<Vec<Arc<Shared>>>,
    /// Which virtual hart, by its identity, was loaded last on each hart: its VS-stage translations may be cached there.
    pub(crate) last: Vec<AtomicU64>,
    /// Its VMID, with its generation, when it was loaded last on each hart.
    pub(crate) tags: Vec<AtomicU64>,
    /// Whether a virtual hart has run.
    pub(crate) has_run: AtomicBool,
}

impl Vm {
    /// A virtual machine without memory, whose clock starts at 0 when the host's shows `now`: `KVM_CREATE_VM`.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn new(hypervisor: &Arc<Hypervisor>, tables: &impl Tables, now: u64) -> Result<Arc<Vm>, Errno> {
        let memory = Memory::new(tables, hypervisor.features.gstage)?;
        let for_each_hart = || (0..hypervisor.harts.count()).map(|_| AtomicU64::new(0)).collect();
        Ok(Arc::new(Vm {
            hypervisor: Arc::clone(hypervisor),
            vmid: Vmid::default(),
            root: memory.gstage.hgatp(),
            memory: Mutex::new(memory),
            events: Mutex::new(IoEventFds::default()),
            time_delta: AtomicU64::new(now.wrapping_neg()),
            vcpus: Mutex::new(Vec::new()),
            last: for_each_hart(),
            tags: for_each_hart(),
            has_run: AtomicBool::new(false),
        }))
    }

    /// A new virtual hart: `KVM_CREATE_VCPU`. Number 0 runs, the others wait to be started.
    ///
    /// # Errors
    /// `EINVAL` for a number that no virtual hart can have, `EEXIST` for one that another has, `ENOMEM`.
    pub fn create_vcpu(self: &Arc<Vm>, number: usize) -> Result<Vcpu, Errno> {
        if number >= MAX_VCPUS {
            return Err(Errno::EINVAL);
        }
        let mut vcpus = self.vcpus.lock();
        let at = match vcpus.binary_search_by_key(&number, |vcpu| vcpu.number()) {
            Ok(_) => return Err(Errno::EEXIST),
            Err(at) => at,
        };
        let shared = Arc::new(Shared::new(self.hypervisor.next_id(), number));
        vcpus.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        vcpus.insert(at, Arc::clone(&shared));
        Ok(Vcpu::new(Arc::clone(self), shared))
    }

    /// The value of `hgatp` for this machine.
    pub fn hgatp(&self) -> u64 {
        self.hgatp_with(self.vmid.tag())
    }

    /// The value of `hgatp` for this machine with a VMID that it has or had, by its [tag](Vmid::tag).
    pub(crate) fn hgatp_with(&self, tag: u64) -> u64 {
        self.root | hgatp::VMID.of((tag as u16).into())
    }

    /// The virtual hart with a number.
    pub fn vcpu(&self, number: usize) -> Option<Arc<Shared>> {
        let vcpus = self.vcpus.lock();
        let at = vcpus.binary_search_by_key(&number, |vcpu| vcpu.number()).ok()?;
        Some(Arc::clone(&vcpus[at]))
    }

    /// Forgets a virtual hart.
    pub(crate) fn forget_vcpu(&self, shared: &Arc<Shared>) {
        self.vcpus.lock().retain(|vcpu| vcpu.id() != shared.id());
    }

    /// What the machine has of a capability, 0 for nothing: `KVM_CHECK_EXTENSION`.
    pub fn check_extension(&self, capability: usize) -> usize {
        match capability {
            capability::NR_VCPUS => self.hypervisor.harts.count(),
            capability::MAX_VCPUS | capability::MAX_VCPU_ID => MAX_VCPUS,
            capability::NR_MEMSLOTS => MOST_SLOTS as usize,
            capability::VM_GPA_BITS => self.hypervisor.features.gstage.address_bits() as usize,
            capability::MANUAL_DIRTY_LOG_PROTECT2 => {
                (DIRTY_LOG_MANUAL_PROTECT_ENABLE | DIRTY_LOG_INITIALLY_SET) as usize
            }
            capability::USER_MEMORY
            | capability::MP_STATE
            | capability::SYNC_MMU
            | capability::DESTROY_MEMORY_REGION_WORKS
            | capability::JOIN_MEMORY_REGIONS_WORKS
            | capability::IOEVENTFD
            | capability::IOEVENTFD_NO_LENGTH
            | capability::IOEVENTFD_ANY_LENGTH
            | capability::ENABLE_CAP_VM
            | capability::CHECK_EXTENSION_VM
            | capability::ONE_REG
            | capability::READONLY_MEM
            | capability::IMMEDIATE_EXIT => 1,
            _ => 0,
        }
    }

    /// Does something with each virtual hart, in the order of their numbers. It must not ask for another of this machine.
    pub(crate) fn for_each_vcpu(&self, mut action: impl FnMut(&Arc<Shared>)) {
        self.vcpus.lock().iter().for_each(&mut action);
    }

    /// The guest's time less the host's, in ticks.
    pub fn time_delta(&self) -> u64 {
        self.time_delta.load(Ordering::SeqCst)
    }

    /// Sets the guest's time less the host's; a virtual hart has it from when it is loaded next.
    pub fn set_time_delta(&self, delta: u64) {
        self.time_delta.store(delta, Ordering::SeqCst);
    }

    /// The guest's time now.
    pub fn time<H: Hart>(&self, hart: &mut H) -> u64 {
        hart.time().wrapping_add(self.time_delta())
    }

    /// Reads guest memory, through the user memory behind it.
    ///
    /// # Errors
    /// [`Error::BadGuestAddress`] where the guest has no memory, or the user has none behind it.
    pub fn read(&self, host: &impl Host, gpa: Gpa, to: &mut [u8]) -> Result<(), Error> {
        let mut at = gpa;
        let mut rest = to;
        while !rest.is_empty() {
            let (hva, room) = self.memory.lock().user_address(at).ok_or(Error::BadGuestAddress(at))?;
            let (piece, others) = rest.split_at_mut(room.min(rest.len() as u64) as usize);
            host.read_user(hva, piece).map_err(|_| Error::BadGuestAddress(at))?;
            at = at.offset(piece.len() as u64);
            rest = others;
        }
        Ok(())
    }

    /// Writes guest memory, through the user memory behind it; what is logged is logged.
    ///
    /// # Errors
    /// As for [`read`](Vm::read); also where the guest's memory is read-only.
    pub fn write(&self, host: &impl Host, gpa: Gpa, from: &[u8]) -> Result<(), Error> {
        let mut at = gpa;
        let mut rest = from;
        while !rest.is_empty() {
            let (hva, room) =
                self.memory.lock().writable_user_address(at).ok_or(Error::BadGuestAddress(at))?;
            let (piece, others) = rest.split_at(room.min(rest.len() as u64) as usize);
            host.write_user(hva, piece).map_err(|_| Error::BadGuestAddress(at))?;
            self.memory.lock().mark_dirty(at, piece.len() as u64);
            at = at.offset(piece.len() as u64);
            rest = others;
        }
        Ok(())
    }

    /// Gives back the machine's page tables. No virtual hart of it is loaded anywhere or will be.
    ///
    /// Translations of its VMID may still be cached: the number is used again in a later generation only.
    pub fn destroy(&self, tables: &impl Tables) {
        self.memory.lock().destroy(tables);
    }
}
