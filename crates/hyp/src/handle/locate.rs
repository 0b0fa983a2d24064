//! Where a guest-page fault was, on a hart that leaves `htval` zero. Privileged ISA, "Hypervisor Trap Value
//! (htval) Register" and "Virtual Address Translation Process".

use isa::csr::vsatp;
use isa::paging::{PAGE_SIZE, Pte, Scheme, Stage};
use isa::tinst::Tinst;

use crate::addr::Gpa;
use crate::exit::{AccessKind, GuestPageFault};
use crate::hart::Hart;
use crate::host::Host;
use crate::vcpu::Vcpu;

/// `fault` where the hart has said where it was, and as [`locate`] finds it where not.
pub(super) fn locate_if_unknown<H: Hart, M: Host>(
    vcpu: &Vcpu,
    hart: &mut H,
    host: &M,
    fault: &GuestPageFault,
) -> Option<GuestPageFault> {
    // A hart need not write htval, and zero is what it writes then.
    if fault.gpa.0 >> 2 == 0 { locate(vcpu, hart, host, fault) } else { Some(*fault) }
}

/// `fault` with the guest physical address that the guest's page tables lead to: of the page, or of the first of
/// their entries that the G-stage does not map.
///
/// `None` where the tables say nothing of the address any more: the guest has changed them and will fault itself.
fn locate<H: Hart, M: Host>(
    vcpu: &Vcpu,
    hart: &mut H,
    host: &M,
    fault: &GuestPageFault,
) -> Option<GuestPageFault> {
    let atp = hart.read::<{ vsatp::NUMBER }>();
    let gva = fault.gva.0;
    let Some(scheme) = Scheme::find(Stage::First, 64, vsatp::MODE.get(atp)) else {
        return Some(GuestPageFault { gpa: Gpa(gva), ..*fault });
    };
    let is_write = fault.kind == AccessKind::Store;
    let implicit = |gpa, write| {
        let tinst = Tinst::Pseudo { write, size: scheme.pte_size };
        Some(GuestPageFault { gpa, tinst, ..*fault })
    };
    let mut table = vsatp::PPN.get(atp) * PAGE_SIZE;
    for level in (0..scheme.levels).rev() {
        let entry = Gpa(table).offset(scheme.index(gva, level) * scheme.pte_size);
        if !vcpu.vm.memory.lock().is_mapped(host, entry, false) {
            return implicit(entry, false);
        }
        let mut bytes = [0; 8];
        vcpu.vm.read(host, entry, &mut bytes).ok()?;
        let pte = Pte(u64::from_le_bytes(bytes));
        if !pte.is_valid() {
            return None;
        }
        if pte.is_leaf() {
            let gpa = Gpa(pte.translate(scheme, level, gva)?);
            let memory = vcpu.vm.memory.lock();
            // With the page mapped as it was to be accessed, what is left is that A or D was to be set.
            if memory.is_mapped(host, gpa, is_write) && !memory.is_mapped(host, entry, true) {
                return implicit(entry, true);
            }
            return Some(GuestPageFault { gpa, ..*fault });
        }
        table = pte.address();
    }
    None
}
