//! KVM itself: the file /dev/kvm.

use kvm::ioctl;

use crate::error::Error;
use crate::syscall::{self, Fd};

/// `O_RDWR | O_CLOEXEC`.
const READ_WRITE: usize = 0o2_000_002;

/// What a monitor cannot do without.
const NEEDED: [(usize, &str); 3] = [
    (ioctl::CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY"),
    (ioctl::CAP_ONE_REG, "KVM_CAP_ONE_REG"),
    (ioctl::CAP_MP_STATE, "KVM_CAP_MP_STATE"),
];

/// /dev/kvm, open, with all that is needed.
pub(crate) struct System(Fd);

impl System {
    /// Opens it.
    pub(crate) fn open() -> Result<System, Error> {
        let fd = syscall::open(c"/dev/kvm", READ_WRITE).map_err(Error::call(
            "open /dev/kvm",
            "have the module kvm loaded, on a machine with the H extension, and be allowed to write to it",
        ))?;
        let system = System(fd);
        let version = system.call(ioctl::GET_API_VERSION, 0, "ask for KVM's version")?;
        if version != ioctl::API_VERSION {
            return Err(Error::Version(version));
        }
        for (capability, name) in NEEDED {
            if system.call(ioctl::CHECK_EXTENSION, capability, "ask for KVM's capabilities")? == 0 {
                return Err(Error::Missing(name));
            }
        }
        Ok(system)
    }

    /// A new virtual machine.
    pub(crate) fn create_vm(&self) -> Result<Fd, Error> {
        self.call(ioctl::CREATE_VM, 0, "create a virtual machine").map(Fd::new)
    }

    /// Bytes of the page that a virtual CPU shares with the monitor, and what comes with it.
    pub(crate) fn run_size(&self) -> Result<usize, Error> {
        self.call(ioctl::GET_VCPU_MMAP_SIZE, 0, "ask for the size of a virtual CPU's page")
    }

    /// The most virtual CPUs that a machine can have.
    pub(crate) fn max_vcpus(&self) -> Result<usize, Error> {
        self.call(ioctl::CHECK_EXTENSION, ioctl::CAP_MAX_VCPUS, "ask for KVM's capabilities")
    }

    /// A call whose argument is a number.
    fn call(&self, request: u32, argument: usize, what: &'static str) -> Result<usize, Error> {
        // SAFETY: no memory is concerned.
        unsafe { syscall::ioctl(self.0, request, argument) }
            .map_err(Error::call(what, "is /dev/kvm KVM? Look into the kernel's log"))
    }
}
