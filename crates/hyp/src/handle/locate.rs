//! Where a guest-page fault was, on a hart that leaves `htval` zero. Privileged ISA, "Hypervisor Trap Value
//! (htval) Register" and "Virtual Address Translation Process".

use isa::csr::vsatp;
use isa::paging::{PAGE_SIZE, Pte, Scheme, Stage};
use isa::tinst::Tinst;

use crate::addr::Gpa;
use crate::exit::GuestPageFault;
use crate::frames::Frames;
use crate::hart::Hart;
use crate::vm::Vm;

/// `fault` with the guest physical address that the guest's page tables lead to: of the page, or of the first of
/// their entries that the G-stage does not map.
///
/// `None` where the tables say nothing of the address any more: the guest has changed them and will fault itself.
pub(super) fn locate<H: Hart, F: Frames>(
    hart: &mut H,
    vm: &Vm,
    frames: &F,
    fault: &GuestPageFault,
) -> Option<GuestPageFault> {
    let atp = hart.read::<{ vsatp::NUMBER }>();
    let gva = fault.gva.0;
    let Some(scheme) = Scheme::find(Stage::First, 64, vsatp::MODE.get(atp)) else {
        return Some(GuestPageFault { gpa: Gpa(gva), ..*fault });
    };
    let mut table = vsatp::PPN.get(atp) * PAGE_SIZE;
    for level in (0..scheme.levels).rev() {
        let entry = Gpa(table).offset(scheme.index(gva, level) * scheme.pte_size);
        let Some(at) = vm.gstage.translate(frames, entry) else {
            let tinst = Tinst::Pseudo { write: false, size: scheme.pte_size };
            return Some(GuestPageFault { gpa: entry, tinst, ..*fault });
        };
        let pte = Pte(frames.read_entry(at));
        if !pte.is_valid() {
            return None;
        }
        if pte.is_leaf() {
            let gpa = Gpa(pte.translate(scheme, level, gva)?);
            return Some(GuestPageFault { gpa, ..*fault });
        }
        table = pte.address();
    }
    None
}
