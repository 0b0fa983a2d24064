//! Faults in address translation, its caches, and physical memory protection.

use super::super::fault::{Fault, faults};

pub(super) const FAULTS: &[&[Fault]] = &[
    faults! { "crates/iss/src/mmu/walk.rs":
        vs_stage_uses_satp [34] "(true, _) => («self.csr.vsatp», Stage::Vs, self.csr.henvcfg)," => "self.csr.satp";
        vs_stage_uses_menvcfg [41 43] "(true, _) => (self.csr.vsatp, Stage::Vs, «self.csr.henvcfg»)," => "self.csr.menvcfg";
        machine_mode_is_translated [] "(false, Privilege::M) => «return None»," => "(self.csr.satp, Stage::Single, self.csr.menvcfg)" equivalent "the walker is asked only where is_translated says so";
        single_stage_uses_henvcfg [41] "(false, _) => (self.csr.satp, Stage::Single, «self.csr.menvcfg»)," => "self.csr.henvcfg";
        guest_stage_pbmt_by_henvcfg [43] "pbmte: «csr::menvcfg::PBMTE.is_set(self.csr.menvcfg)»," => "csr::menvcfg::PBMTE.is_set(self.csr.henvcfg)";
        guest_stage_adue_by_henvcfg [41] "updates_ad: «self.updates_ad(self.csr.menvcfg)»," => "self.updates_ad(self.csr.henvcfg)";
        bare_vsatp_is_not_translated [34] "«csr::vsatp::MODE.is_set(self.csr.vsatp) || csr::hgatp::MODE.is_set(self.csr.hgatp)»" => "csr::vsatp::MODE.is_set(self.csr.vsatp)";
        bare_hgatp_is_not_translated [34] "«csr::vsatp::MODE.is_set(self.csr.vsatp) || csr::hgatp::MODE.is_set(self.csr.hgatp)»" => "csr::hgatp::MODE.is_set(self.csr.hgatp)";
        cached_first_stage_is_not_checked [23] "if known.first.is_some_and(|leaf| «!self.first_permits(access, leaf.pte)») {" => "false";
        cached_guest_stage_is_not_checked [23] "if known.guest.is_some_and(|leaf| «!guest_permits(access, leaf.pte, mxr)») {" => "false";
        cached_guest_fault_loses_the_offset [12] "gpa: «known.gpa | (va % PAGE_SIZE)», implicit: None" => "known.gpa";
        sum_of_sstatus_at_v1 [38] "let sum = csr::sstatus::SUM.is_set(«own_status»);" => "status";
        vsstatus_mxr_has_no_effect [36] "let mxr = csr::sstatus::MXR.is_set(«status | own_status»);" => "status";
        sstatus_mxr_not_in_the_vs_stage [36] "let mxr = csr::sstatus::MXR.is_set(«status | own_status»);" => "own_status";
        own_status_is_that_of_v [38 60] "let own_status = if «access.virt» {" => "self.mode().virt";
        supervisor_fetches_from_user_pages [] "_ => !user_page || «sum && access.kind != AccessKind::Fetch»," => "sum";
        supervisor_reads_user_pages [] "_ => !user_page || «sum && access.kind != AccessKind::Fetch»," => "access.kind != AccessKind::Fetch";
        sum_has_no_effect [110] "_ => !user_page || «sum && access.kind != AccessKind::Fetch»," => "false";
        user_reaches_supervisor_pages [] "Privilege::U => «user_page»," => "true";
        guest_pages_need_no_u [26] "«Pte::U.is_set(pte.0)» && kind_permits" => "true";
        guest_pages_are_judged_as_supervisor [26] "«Pte::U.is_set(pte.0)» && kind_permits" => "!Pte::U.is_set(pte.0) || access.privilege == Privilege::U";
        fetch_needs_no_x [] "AccessKind::Fetch => «Pte::X.is_set(pte.0)»," => "true";
        hlvx_reads [47] "AccessKind::Load if access.hlvx => «Pte::X.is_set(pte.0)»," => "Pte::R.is_set(pte.0)";
        hlvx_needs_r_too [47] "AccessKind::Load if access.hlvx => «Pte::X.is_set(pte.0)»," => "Pte::X.is_set(pte.0) && Pte::R.is_set(pte.0)";
        hlvx_reads_or_executes [47] "AccessKind::Load if access.hlvx => «Pte::X.is_set(pte.0)»," => "Pte::X.is_set(pte.0) || Pte::R.is_set(pte.0)";
        mxr_has_no_effect [110] "AccessKind::Load | AccessKind::Manage => «Pte::R.is_set(pte.0) || mxr && Pte::X.is_set(pte.0)»," => "Pte::R.is_set(pte.0)";
        mxr_is_always_on [] "AccessKind::Load | AccessKind::Manage => «Pte::R.is_set(pte.0) || mxr && Pte::X.is_set(pte.0)»," => "Pte::R.is_set(pte.0) || Pte::X.is_set(pte.0)";
        stores_need_no_w [] "AccessKind::Store | AccessKind::Amo => «Pte::W.is_set(pte.0)»," => "true";
        atomics_read_first [14] "AccessKind::Store | AccessKind::Amo => «Pte::W.is_set(pte.0)»," => "Pte::W.is_set(pte.0) || access.kind == AccessKind::Amo";
        guest_stage_is_skipped [34] "let (pa, guest) = if «access.virt» {" => "false";
        guest_faults_show_the_virtual_address [12] "Err(Fault::Page) => «Err(Fault::GuestPage { gpa, implicit })»," => "Err(Fault::GuestPage { gpa: 0, implicit })";
        guest_faults_are_page_faults [16] "Err(Fault::Page) => «Err(Fault::GuestPage { gpa, implicit })»," => "Err(Fault::Page)";
        guest_faults_are_access_faults [16 17] "Err(Fault::Page) => «Err(Fault::GuestPage { gpa, implicit })»," => "Err(Fault::Access)";
        implicit_faults_are_explicit [7 9] "Err(Fault::Page) => «Err(Fault::GuestPage { gpa, implicit })»," => "Err(Fault::GuestPage { gpa, implicit: None })";
        mxr_holds_for_implicit_reads [37] "let mxr = «implicit.is_none() && csr::mstatus::MXR.is_set(self.hart.csr.mstatus)»;" => "csr::mstatus::MXR.is_set(self.hart.csr.mstatus)";
        mxr_not_in_the_guest_stage [36] "let mxr = «implicit.is_none() && csr::mstatus::MXR.is_set(self.hart.csr.mstatus)»;" => "false";
        vsstatus_mxr_in_the_guest_stage [36] "let mxr = «implicit.is_none() && csr::mstatus::MXR.is_set(self.hart.csr.mstatus)»;" => "implicit.is_none() && csr::mstatus::MXR.is_set(self.hart.csr.mstatus | self.hart.csr.vsstatus)";
        addresses_out_of_range_wrap [16 33 45] "if «!scheme.covers(address)» {" => "false";
        invalid_entries_are_used [] "if «!pte.is_valid()» ||" => "false";
        global_guest_pages_fault [27] "if «!pte.is_valid()» ||" => "!pte.is_valid() || tables.stage == Stage::G && Pte::G.is_set(pte.0)";
        root_tables_are_all_4_kib [29] "«scheme.index(address, level)» * scheme.pte_size" => "(scheme.index(address, level) & 0x1ff)";
        reserved_bits_are_ignored [28] "«pte.is_reserved(level, self.hart.variant().has(Ext::Svnapot), tables.pbmte)»" => "false";
        napot_is_always_reserved [28] "«pte.is_reserved(level, self.hart.variant().has(Ext::Svnapot), tables.pbmte)»" => "pte.is_reserved(level, false, tables.pbmte)";
        pbmt_is_always_reserved [43] "«pte.is_reserved(level, self.hart.variant().has(Ext::Svnapot), tables.pbmte)»" => "pte.is_reserved(level, self.hart.variant().has(Ext::Svnapot), false)";
        pbmt_is_never_reserved [28 43] "«pte.is_reserved(level, self.hart.variant().has(Ext::Svnapot), tables.pbmte)»" => "pte.is_reserved(level, self.hart.variant().has(Ext::Svnapot), true)";
        misaligned_superpages_fault_not [] "let pa = «pte.translate(scheme, level, address)».filter" => "pte.translate(scheme, level, address).or(Some(pte.address() | address & (scheme.page_size(level) - 1)))";
        dirty_is_set_by_loads [] "let dirty = if «access.is_write()» {" => "true";
        dirty_is_not_set [39] "let dirty = if «access.is_write()» {" => "false";
        accessed_is_not_set [42] "let new = Pte(pte.0 | «Pte::A.mask()» | dirty);" => "0";
        accessed_needs_no_adue [41 110] "if «!tables.updates_ad» {" => "false";
        accessed_always_faults [41] "if «!tables.updates_ad» {" => "true";
        updates_are_checked_as_reads [8 39 40] "let entry_pa = self.locate_entry(tables.stage, access, entry, «true»)?;" => "false";
        implicit_accesses_are_by_the_guests_mode [25] "«self.translate_guest(&implicit, entry, Some(write))?.0»" => "self.translate_guest(&Access { privilege: access.privilege, kind: access.kind, ..implicit }, entry, Some(write))?.0";
        table_pages_need_the_permission_of_the_access [24] "«self.translate_guest(&implicit, entry, Some(write))?.0»" => "self.translate_guest(&Access { kind: access.kind, ..implicit }, entry, Some(write))?.0";
        implicit_accesses_skip_the_guest_stage [25] "«self.translate_guest(&implicit, entry, Some(write))?.0»" => "entry";
        implicit_accesses_skip_pmp [17 46] "if «self.hart.pmp_permits(&implicit, pa, Width::D.bytes())» {" => "true";
        implicit_accesses_are_as_in_machine_mode [17] "if «self.hart.pmp_permits(&implicit, pa, Width::D.bytes())» {" => "self.hart.pmp_permits(&Access { privilege: Privilege::M, virt: false, ..implicit }, pa, Width::D.bytes())";
    },
    faults! { "crates/iss/src/mmu/mod.rs":
        mprv_has_no_effect [110] "if «mode.privilege != Privilege::M || !MPRV.is_set(status)» {" => "true";
        mprv_holds_outside_machine_mode [] "if «mode.privilege != Privilege::M || !MPRV.is_set(status)» {" => "!MPRV.is_set(status)"
            equivalent "MPRV is set in M-mode alone: every return to a lower mode clears it";
        mprv_to_machine_mode_is_virtual [59] "let virt = «privilege != Privilege::M && MPV.is_set(status)»;" => "MPV.is_set(status)";
        mprv_ignores_mpv [60] "let virt = «privilege != Privilege::M && MPV.is_set(status)»;" => "false";
        hlv_uses_spp [53] "let supervisor = «csr::hstatus::SPVP.is_set(self.csr.hstatus)»;" => "csr::mstatus::SPP.is_set(self.csr.mstatus)";
        hlv_is_always_supervisor [53] "let supervisor = «csr::hstatus::SPVP.is_set(self.csr.hstatus)»;" => "true";
        hlv_is_not_translated_twice [56] "Access { kind, privilege, virt: «true», hlvx: false }" => "self.mode().privilege != Privilege::M";
        fetches_obey_mprv [57] "«let mode = self.mode();
        Access { kind: AccessKind::Fetch, privilege: mode.privilege, virt: mode.virt, hlvx: false }»" => "self.explicit(AccessKind::Fetch)";
        atomics_raise_load_faults [14] "AccessKind::Store | AccessKind::Amo | AccessKind::Manage => «store»," => "if access.kind == AccessKind::Amo { load } else { store }";
        htval_is_the_whole_address [12] "StoreGuestPageFault), «gpa >> 2», tinst)" => "gpa";
        gva_is_that_of_the_mode [4] "Trap { cause, tval: va, gva: «access.virt», tval2, tinst }" => "false";
        clean_pages_are_written [42] "«!access.is_write() || dirty(self.first) && dirty(self.guest)»" => "true";
        clean_guest_pages_are_written [42] "«!access.is_write() || dirty(self.first) && dirty(self.guest)»" => "!access.is_write() || dirty(self.first)";
    },
    faults! { "crates/iss/src/mmu/tlb.rs":
        asids_share_translations [103] "let first = satp::MODE.get(atp) << 16 | «satp::ASID.get(atp)»;" => "0";
        vmids_share_translations [108] "let second = hgatp::MODE.get(guest) << 14 | «hgatp::VMID.get(guest)»;" => "0";
        modes_share_translations [107] "let first = «satp::MODE.get(atp)» << 16 |" => "0";
        guest_modes_share_translations [107] "let second = «hgatp::MODE.get(guest)» << 14 |" => "0"
            equivalent "after a change of hgatp.MODE a fence is due (hfence-gvma_mode)";
        the_guest_shares_translations [108] "Context(«u64::from(virt)» << 38" => "0";
        sfence_at_v0_does_nothing [110] "self.fence(|context| «!context.virt()», " => "false";
        sfence_at_v1_does_nothing [103 105] "|context| «context.virt() && context.vmid() == vmid»," => "false";
        sfence_at_v1_reaches_every_vmid [103 105] "|context| «context.virt() && context.vmid() == vmid»," => "context.virt()"
            equivalent "fences may forget more than they must; that ours do not is tested in iss";
        hfence_gvma_does_nothing [104] "|context| «context.virt() && scope.id.is_none_or(|vmid| vmid == context.vmid())»," => "false";
        hfence_gvma_ignores_the_vmid [104] "|context| «context.virt() && scope.id.is_none_or(|vmid| vmid == context.vmid())»," => "context.virt()"
            equivalent "fences may forget more than they must; that ours do not is tested in iss";
        hfence_gvma_knows_no_superpages [106] "is_none_or(|gpa| hits(gpa, «leaf.size_bits»))" => "PAGE_BITS";
        fences_know_no_superpages [106] "let hit = «scope.address.is_none_or(|va| (va ^ page << PAGE_BITS) >> leaf.size_bits == 0)»;" => "scope.address.is_none_or(|va| (va ^ page << PAGE_BITS) >> PAGE_BITS == 0)";
        fences_ignore_the_address [] "let hit = «scope.address.is_none_or(|va| (va ^ page << PAGE_BITS) >> leaf.size_bits == 0)»;" => "true"
            equivalent "fences may forget more than they must; that ours do not is tested in iss";
        asid_fences_kill_global_pages [105] "hit && scope.id.is_none_or(|asid| «asid == context.asid() && !Pte::G.is_set(leaf.pte.0)»)" => "asid == context.asid()"
            equivalent "fences may forget more than they must; that ours do not is tested in iss";
        asid_fences_do_nothing [105] "hit && scope.id.is_none_or(|asid| «asid == context.asid() && !Pte::G.is_set(leaf.pte.0)»)" => "false";
    },
    faults! { "crates/iss/src/mmu/guest_cache.rs":
        guest_cache_knows_no_fences [104] "«scope.id.is_none_or(|vmid| vmid == entry.vmid) && scope.address.is_none_or(hits)»" => "false";
        guest_cache_knows_no_superpages [106] "(gpa ^ entry.gpa) >> «entry.leaf.size_bits» == 0" => "PAGE_BITS";
        guest_cache_is_shared [108] "(entry.mode, «entry.vmid») ==" => "hgatp::VMID.get(atp)";
    },
    faults! { "crates/iss/src/mmu/pmp.rs":
        pmp_hlvx_needs_no_x [48] "AccessKind::Load if access.hlvx => «R | X»," => "R";
        pmp_hlvx_needs_no_r [48] "AccessKind::Load if access.hlvx => «R | X»," => "X";
        pmp_fetch_needs_r [] "AccessKind::Fetch => «X»," => "R";
        pmp_atomics_need_no_w [] "AccessKind::Amo => «R | W»," => "R";
        pmp_binds_machine_mode [] "(false, false, _) if «is_machine» => R | W | X," => "false";
        pmp_locks_do_nothing [] "match (mml, «is_locked», rwx & (R | W) == W)" => "mml && is_locked";
        pmp_half_matches_suffice [] "return «guard.first <= pa
                && last <= guard.last»
                && given" => "true";
        pmp_default_allows [] "«self.variant.pmp_entries == 0»
    }" => "true";
        pmp_default_forbids [] "«self.variant.pmp_entries == 0»
    }" => "false";
    },
    faults! { "crates/iss/src/mmu/access.rs":
        fetches_show_pc_as_tval [15] "let trap = |fault: Fault| fault.trap(access, «va», 0);" => "if va % 4096 == 0 { va.wrapping_sub(2) } else { va }";
        fetches_of_the_second_half_are_not_translated [15] "Ok((self.fetch_part(&access, «pc.wrapping_add(2)», Width::H)? << 16) | low)" => "if pc % 4096 == 4094 { pc } else { pc.wrapping_add(2) }";
        the_second_page_is_not_translated [44] "let pa = self.physical(access, «va», bytes);
            let pa = pa.and_then(|pa| if" => "va.wrapping_sub(offset)";
        remembered_pages_need_no_dirty_bit [42] "let known = «self.hart.tlb_lookup(access, va).filter(|known| known.is_dirty_enough(access))»;" => "self.hart.tlb_lookup(access, va)";
    },
    faults! { "crates/iss/src/mmu/mask.rs":
        masked_pointers_are_zero_extended [22] "if «self.is_virtual(access)» {" => "false";
        masked_pointers_are_sign_extended [22] "if «self.is_virtual(access)» {" => "true";
        pointer_masking_ignores_mxr [] "if access.kind == AccessKind::Fetch || access.hlvx || «mxr» {" => "false";
        hlvx_addresses_are_masked [22] "if access.kind == AccessKind::Fetch || «access.hlvx» || mxr {" => "false";
        pointers_of_guests_are_masked_as_the_hosts [22] "csr::henvcfg::PMM.get(«c.henvcfg»)," => "c.menvcfg";
        pointers_are_masked_by_seven_bits [] "3 => «64 - 48»," => "64 - 57";
        hlv_in_user_mode_masks_by_senvcfg [22] "(true, Privilege::U) if «self.mode() == Mode::U» =>" => "false";
    },
    faults! { "crates/iss/src/csr/pmp.rs":
        pmp_top_of_range_is_off [] "«(base < address).then(|| (base << 2, (address << 2) - 1))»" => "None";
        pmp_na4_is_wide [] "2 => «Some((address << 2, (address << 2) + 3))»," => "Some((address << 2, (address << 2) + 7))";
        reserved_permissions_are_kept [] "if «!mml && new & (R | W) == W» {" => "false";
        na4_is_finer_than_the_grain [] "if «v.pmp_grain > 0 && matching(new) == NA4» {" => "false";
        the_base_of_a_locked_entry_is_free [] "!RLB.is_set(mseccfg) && («own || next»)" => "own";
        mml_can_be_cleared [] "«(old | new)» & (MML.mask() | MMWP.mask()) | bypass" => "new";
        rlb_can_be_set_beside_locked_entries [] "let may_bypass = «v.pmp_bypass && (RLB.is_set(old) || !is_locked)»;" => "v.pmp_bypass";
    },
];
