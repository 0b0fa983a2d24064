//! Faults in who may access CSRs, what they show, what sticks, and in the instructions that are allowed by CSRs.

use super::super::fault::{Fault, faults};

pub(super) const FAULTS: &[&[Fault]] = &[
    faults! { "crates/iss/src/csr/access.rs":
        read_only_csrs_are_virtual [69] "require(self.has_csr(number) && !(write && csr::is_read_only(number)), «Denied::Illegal»)?;" => "if self.mode().virt { Denied::Virtual } else { Denied::Illegal }";
        unknown_csrs_of_the_hypervisor_are_virtual [68] "require(self.has_csr(number) && !(write && csr::is_read_only(number)), «Denied::Illegal»)?;" => "if self.mode().virt && csr::is_hypervisor(number) { Denied::Virtual } else { Denied::Illegal }";
        hypervisor_csrs_are_illegal_to_the_guest [68] "require(!out_of_reach, «Denied::Virtual»)?;" => "Denied::Illegal";
        hypervisor_csrs_are_open_to_the_guest [101] "let out_of_reach = «csr::is_hypervisor(number) || supervisor && mode.privilege == Privilege::U»;" => "supervisor && mode.privilege == Privilege::U";
        supervisor_csrs_are_open_to_vu [68] "let out_of_reach = «csr::is_hypervisor(number) || supervisor && mode.privilege == Privilege::U»;" => "csr::is_hypervisor(number)";
        tvm_leaves_hgatp_open [66] "if «[csr::satp::NUMBER, csr::hgatp::NUMBER].contains(&number)» {" => "number == csr::satp::NUMBER";
        tvm_leaves_satp_open [65] "if «[csr::satp::NUMBER, csr::hgatp::NUMBER].contains(&number)» {" => "number == csr::hgatp::NUMBER";
        tvm_closes_vsatp [66] "if «[csr::satp::NUMBER, csr::hgatp::NUMBER].contains(&number)» {" => "[csr::satp::NUMBER, csr::hgatp::NUMBER, csr::vsatp::NUMBER].contains(&number)";
        floating_point_csrs_need_no_fs [79] "require(«!is_float || self.fs_is_on()», Denied::Illegal)" => "true";
        mcounteren_has_no_effect [71] "require(«self.csr.mcounteren & counter != 0», Denied::Illegal)?;" => "true";
        scounteren_has_no_effect [71] "require(«!user || self.csr.scounteren & counter != 0», Denied::Illegal)?;" => "true";
        hcounteren_has_no_effect [71] "require(«self.csr.hcounteren & counter != 0», Denied::Virtual)?;" => "true";
        hcounteren_is_illegal [71] "require(self.csr.hcounteren & counter != 0, «Denied::Virtual»)?;" => "Denied::Illegal";
        scounteren_is_illegal_to_vu [71] "require(!user || self.csr.scounteren & counter != 0, «Denied::Virtual»)?;" => "Denied::Illegal";
        stimecmp_needs_no_stce [74] "require(«time && csr::menvcfg::STCE.is_set(self.csr.menvcfg)», Denied::Illegal)?;" => "time";
        stimecmp_needs_no_tm [74] "require(«time && csr::menvcfg::STCE.is_set(self.csr.menvcfg)», Denied::Illegal)?;" => "csr::menvcfg::STCE.is_set(self.csr.menvcfg)";
        guest_stimecmp_needs_no_stce [74] "require(«time && csr::henvcfg::STCE.is_set(self.csr.henvcfg)», Denied::Virtual)?;" => "time";
        guest_stimecmp_needs_no_tm [74] "require(«time && csr::henvcfg::STCE.is_set(self.csr.henvcfg)», Denied::Virtual)?;" => "csr::henvcfg::STCE.is_set(self.csr.henvcfg)";
        vtvm_leaves_satp_open [65] "require(«!csr::hstatus::VTVM.is_set(self.csr.hstatus)», Denied::Virtual)?;" => "true";
        vtvm_is_illegal [65] "require(!csr::hstatus::VTVM.is_set(self.csr.hstatus), «Denied::Virtual»)?;" => "Denied::Illegal";
        mstateen_has_no_effect [76] "require(«bit.is_set(self.csr.mstateen[n])», Denied::Illegal)" => "true";
        hstateen_has_no_effect [76] "require(«bit.is_set(self.csr.hstateen[n] & self.csr.mstateen[n])», Denied::Virtual)" => "true";
    },
    faults! { "crates/iss/src/csr/mod.rs":
        sip_at_v1_is_sip [89] "if virt && «replaced.contains(&number)» {" => "replaced.contains(&number) && number != csr::sip::NUMBER";
        stimecmp_at_v1_is_stimecmp [74] "if virt && «replaced.contains(&number)» {" => "replaced.contains(&number) && number != csr::stimecmp::NUMBER";
        sstatus_at_v1_is_sstatus [82] "if virt && «replaced.contains(&number)» {" => "replaced.contains(&number) && number != csr::sstatus::NUMBER";
        satp_at_v1_is_satp [32] "if virt && «replaced.contains(&number)» {" => "replaced.contains(&number) && number != csr::satp::NUMBER";
    },
    faults! { "crates/iss/src/csr/view.rs":
        time_without_htimedelta [94] "csr::time::NUMBER => self.time(«self.mode().virt»)," => "false";
        vsie_is_not_shifted [87] "csr::vsie::NUMBER => «as_guest_sees(c.mie & c.hideleg, c.mideleg)»," => "c.mie & c.hideleg & VS_INTERRUPTS";
        vsie_ignores_hideleg [87] "csr::vsie::NUMBER => «as_guest_sees(c.mie & c.hideleg, c.mideleg)»," => "as_guest_sees(c.mie, c.mideleg)";
        vsip_ignores_hideleg [87 89] "csr::vsip::NUMBER => «as_guest_sees(self.mip() & c.hideleg, c.mideleg)»," => "as_guest_sees(self.mip(), c.mideleg)";
        sip_ignores_mideleg [] "csr::sip::NUMBER => «self.mip() & c.mideleg & S_INTERRUPTS»," => "self.mip() & S_INTERRUPTS";
        sie_ignores_mideleg [] "csr::sie::NUMBER => «c.mie & c.mideleg & S_INTERRUPTS»," => "c.mie & S_INTERRUPTS";
        sstatus_shows_mstatus [82] "csr::sstatus::NUMBER => «c.mstatus & SSTATUS_VISIBLE»," => "c.mstatus";
        hvip_shows_hip [88] "csr::hvip::NUMBER => «c.mip & VS_INTERRUPTS»," => "self.mip() & VS_INTERRUPTS";
        hip_shows_hvip [88] "csr::hip::NUMBER => «self.mip() & H_INTERRUPTS»," => "c.mip & H_INTERRUPTS";
        guests_see_all_of_lcofi [93] "(delegated & VS_INTERRUPTS) >> 1 | «delegated & mideleg & Interrupt::Lcofi.bit()»" => "delegated & mideleg & Interrupt::Lcofi.bit() >> 1";
        hstateen_shows_what_mstateen_hides [76] "csr::hstateen0::NUMBER => «c.hstateen[i] & c.mstateen[i]»," => "c.hstateen[i]";
        misa_has_no_h [83] "let h = if «v.has(Ext::H)» {" => "false";
        misa_always_has_h [83] "let h = if «v.has(Ext::H)» {" => "true";
        hgeip_has_line_0 [] "self.lines.hgeip & lines.wrapping_sub(1) & «!1»" => "!0" equivalent "the device never drives line 0";
        seip_is_written_back [] "«Some(csr::mip::SEIP.set(value, csr::mip::SEIP.get(self.csr.mip)))»" => "Some(value)";
    },
    faults! { "crates/iss/src/csr/legalize.rs":
        sd_is_never_set [80] "SD.set(status, «(FS.get(status) == 3).into()»)" => "0";
        reserved_mpp_is_kept [62] "if «MPP.get(new) != 2» {" => "true";
        mstatus_has_no_gva [61] "writable |= «mask_of(&[GVA, MPV])»;" => "MPV.mask()";
        mstatus_has_no_mpv [61] "writable |= «mask_of(&[GVA, MPV])»;" => "GVA.mask()";
        vsstatus_sd_is_written [80] "«with_float_state(v, with_traps_disabled(status, csr::henvcfg::DTE.is_set(henvcfg)))»" => "with_traps_disabled(status | new & csr::vsstatus::SD.mask(), csr::henvcfg::DTE.is_set(henvcfg))";
        vsstatus_uxl_is_written [81] "«with_float_state(v, with_traps_disabled(status, csr::henvcfg::DTE.is_set(henvcfg)))»" => "csr::vsstatus::UXL.set(with_float_state(v, with_traps_disabled(status, csr::henvcfg::DTE.is_set(henvcfg))), csr::vsstatus::UXL.get(new))";
        vsstatus_has_spv [82] "«with_float_state(v, with_traps_disabled(status, csr::henvcfg::DTE.is_set(henvcfg)))»" => "with_float_state(v, with_traps_disabled(status, csr::henvcfg::DTE.is_set(henvcfg))) | new & csr::mstatus::MPV.mask()";
        double_traps_need_no_dte [] "(false, _) => «SDT.set(status, 0)»," => "status";
        traps_are_disabled_with_sie_set [] "(true, true) => «SIE.set(status, 0)»," => "status";
        mie_stays_with_mdt [] "if «MDT.is_set(status)» { MIE.set(status, 0)" => "false";
        reserved_cbie_is_kept [77] "let inval = if «CBIE.get(new) == 2» {" => "false";
        hideleg_has_what_mideleg_has_not [84] "new & «mideleg» & (VS_INTERRUPTS | overflow)" => "u64::MAX";
        counter_overflow_is_not_delegated [93] "let overflow = if «v.has(Ext::Shlcofideleg)» {" => "false";
        vgein_above_geilen [] "if «VGEIN.get(new) <= u64::from(v.geilen)» {" => "true";
        vsatp_mode_of_the_guest_is_kept [32] "if has_mode(v.vsatp_levels, Stage::First, csr::vsatp::MODE.get(new)) { atp(v, new) } else { «old» }" => "atp(v, csr::vsatp::MODE.set(new, csr::vsatp::MODE.get(old)))";
        hgatp_modes_are_those_of_satp [35] "has_mode(«v.hgatp_levels», Stage::Guest, MODE.get(new))" => "v.satp_levels";
        hgatp_write_is_ignored [31] "«mode & MODE.mask() | new & PPN.mask() & !3 | new & atp_ids(v.vmid_len, VMID)»" => "if mode == new { mode & MODE.mask() | new & PPN.mask() & !3 | new & atp_ids(v.vmid_len, VMID) } else { old }";
        hgatp_keeps_low_ppn_bits [30] "«mode & MODE.mask() | new & PPN.mask() & !3 | new & atp_ids(v.vmid_len, VMID)»" => "mode & MODE.mask() | new & PPN.mask() | new & atp_ids(v.vmid_len, VMID)";
        satp_mode_alone_is_ignored [31] "if has_mode(v.satp_levels, Stage::First, csr::satp::MODE.get(new)) { atp(v, new) } else { «old» }" => "atp(v, csr::satp::MODE.set(new, csr::satp::MODE.get(old)))";
        hgeie_has_line_0 [] "as u64).wrapping_sub(1) & «!1»" => "!0";
    },
    faults! { "crates/iss/src/csr/effect.rs":
        sstatus_writes_all_of_mstatus [] "masked(c.mstatus, value, «legalize::SSTATUS_WRITABLE»)" => "u64::MAX";
        sip_writes_stip [] "c.mip = masked(c.mip, value, c.mideleg & «writable»);" => "(writable | csr::sip::STIP.mask())";
        vsip_writes_nothing [87] "c.mip = masked(c.mip, «value << 1», c.hideleg & csr::hvip::VSSIP.mask());" => "c.mip";
        vsip_writes_what_is_not_delegated [87] "c.mip = masked(c.mip, value << 1, «c.hideleg & csr::hvip::VSSIP.mask()»);" => "csr::hvip::VSSIP.mask()";
        vstvec_keeps_reserved_modes [100] "csr::vstvec::NUMBER => c.vstvec = «legalize::tvec(value)»," => "value";
        vsepc_keeps_bit_0 [100] "csr::vsepc::NUMBER => c.vsepc = «legalize::epc(value)»," => "value";
        mepc_keeps_bit_0 [] "csr::mepc::NUMBER => c.mepc = «legalize::epc(value)»," => "value";
        hcounteren_has_64_bits [72] "c.hcounteren = «value & u64::from(v.hcounteren)»," => "value";
        scounteren_has_64_bits [72] "c.scounteren = «value & u64::from(v.scounteren)»," => "value";
        hip_writes_vstip [88] "c.mip = masked(c.mip, value, «csr::hip::VSSIP.mask()»);" => "VS_INTERRUPTS";
        hvip_writes_one_bit [88] "csr::hvip::NUMBER => c.mip = masked(c.mip, value, «VS_INTERRUPTS»)," => "csr::hvip::VSSIP.mask()";
        henvcfg_ignores_menvcfg [96] "c.henvcfg = legalize::menvcfg(&v, value) & «legalize::henvcfg_enabled(c.menvcfg)»" => "u64::MAX";
        henvcfg_comes_back_with_menvcfg [96] "c.henvcfg &= «legalize::henvcfg_enabled(c.menvcfg)»;" => "u64::MAX";
        hstateen_ignores_mstateen [76] "c.hstateen[i] = masked(c.hstateen[i], legalize::stateen(i, value), «c.mstateen[i]»);" => "u64::MAX";
        pmp_locks_are_not_kept [] "*old = «pmp::pmpcfg(&v, c.mseccfg, *old, new)»;" => "pmp::pmpcfg(&v, c.mseccfg, *old & 0x7f, new)";
        locked_pmpaddr_is_written [] "csr::pmpaddr0::NUMBER if «!pmp::pmpaddr_is_locked(&c.pmpcfg, c.mseccfg, i)» => {" => "true";
        delegation_is_unlimited [84] "c.hedeleg = «legalize::hedeleg(&v, value)»," => "value";
        hideleg_delegates_host_interrupts [84] "c.hideleg = «legalize::hideleg(&v, c.mideleg, value)»," => "value & (VS_INTERRUPTS | S_INTERRUPTS)";
        mideleg_is_free [85] "c.mideleg = «legalize::mideleg(&v, value)»;" => "value";
        medeleg_has_no_guest_faults [86] "csr::medeleg::NUMBER => c.medeleg = «legalize::medeleg(&v, value)»," => "legalize::medeleg(&v, value) & 0xffff";
    },
    faults! { "crates/iss/src/exec/h.rs":
        hfence_vvma_in_vs_is_illegal [67] "mode if mode.virt => Err(«self.virtual_inst(i)»)," => "self.illegal(i)";
        hfence_gvma_ignores_tvm [66] "if «self.hart.mode() == Mode::HS && csr::mstatus::TVM.is_set(self.hart.csr.mstatus)» {" => "false";
        hfence_gvma_takes_the_whole_address [104] "scope.address.map(|shifted| «shifted << 2»)" => "shifted";
        hlvx_is_hlv [47 49 50] "let access = «Access { hlvx, ..self.hart.as_guest(AccessKind::Load) }»;" => "self.hart.as_guest(AccessKind::Load)";
        hlvx_is_a_fetch [50] "let access = «Access { hlvx, ..self.hart.as_guest(AccessKind::Load) }»;" => "self.hart.as_guest(if hlvx { AccessKind::Fetch } else { AccessKind::Load })";
        hsv_stores_words [51] "self.guest_store(i, «Width::D»)" => "Width::W";
        hlvx_wu_is_sign_extended [47] "«self.guest_load(i, Width::W, true)»" => "self.guest_load(i, Width::W, true).and_then(|()| self.write_x(i, sign_extend(self.x(i.rd), Width::W)))";
        hlv_ignores_hu [55] "if «self.hart.mode() == Mode::U && hu» {" => "self.hart.mode() == Mode::U";
        hlv_never_in_user_mode [55] "if «self.hart.mode() == Mode::U && hu» {" => "false";
        hlv_has_an_offset [52] "let value = self.load_by(i, &access, «self.x(i.rs1)», width)?;" => "self.x(i.rs1).wrapping_add((i.bits >> 25).into())";
    },
    faults! { "crates/iss/src/exec/privileged.rs":
        sret_ignores_vtsr [64] "Mode::VS if «vtsr» =>" => "false";
        sret_at_v1_obeys_tsr [64] "Mode::VS if «vtsr» =>" => "tsr || vtsr";
        sret_ignores_tsr [64] "Mode::HS if «tsr» =>" => "false";
        sinval_in_vu_is_illegal [70] "Mode::VU => «Err(self.virtual_inst(i))»,
            Mode::VS if vtvm" => "Err(self.illegal(i))";
        sfence_w_inval_in_vu_is_illegal [70] "Mode::VU => «Err(self.virtual_inst(i))»,
            Mode::U => Err(self.illegal(i)),
            _ => Ok(())," => "Err(self.illegal(i))";
        sfence_ignores_vtvm [65] "Mode::VS if «vtvm» =>" => "false";
        sfence_at_v1_obeys_tvm [65] "Mode::VS if «vtvm» =>" => "vtvm || tvm";
        sfence_ignores_tvm [65] "Mode::HS if «tvm» => Err(self.illegal(i)),
            _ => Ok(())," => "false";
        sfence_at_v1_is_single_stage [103] "if «self.hart.mode().virt» {" => "false";
        fences_ignore_high_id_bits_not [] "let id = «given(i.rs2).map(|id| id & ((1 << id_bits) - 1))»;" => "given(i.rs2)";
    },
    faults! { "crates/iss/src/exec/privileged.rs":
        wfi_ignores_tw [63] "_ if «tw» => Err(self.illegal(i))," => "false";
        wfi_at_v1_ignores_tw [63] "_ if «tw» => Err(self.illegal(i))," => "tw && !self.hart.mode().virt";
        wfi_ignores_vtw [63] "Mode::VS if «vtw» => Err(self.virtual_inst(i)),
            _ => Ok(()),
        }
    }

    pub(super) fn sfence_vma" => "false";
        wfi_in_vu_waits [63] "if «self.hart.mode() == Mode::VU && !csr::mstatus::TW.is_set(self.hart.csr.mstatus)» {" => "false";
    },
    faults! { "crates/iss/src/exec/zicsr.rs":
        illegal_accesses_at_v1_are_virtual [21] "Denied::Illegal => «self.illegal(i)»," => "if self.hart.mode().virt { self.virtual_inst(i) } else { self.illegal(i) }";
        csrrs_with_x0_writes [] "«(i.rs1 != 0).then(|| self.x(i.rs1))»" => "Some(self.x(i.rs1))";
        csr_writes_need_no_write_permission [69] "self.hart.may_access(number, «operand.is_some()»)" => "false";
    },
    faults! { "crates/iss/src/exec/mod.rs":
        virtual_instructions_show_no_tval [18] "Trap::new(Exception::VirtualInst, «i.bits.into()»)" => "0";
        illegal_instructions_show_no_tval [18] "Trap::new(Exception::IllegalInst, «i.bits.into()»)" => "0";
        guest_floating_point_leaves_sstatus_clean [78] "c.mstatus |= «FS.mask() | SD.mask()»;" => "if virt { 0 } else { FS.mask() | SD.mask() }";
        guest_floating_point_leaves_vsstatus_clean [78] "c.vsstatus |= «FS.mask() | SD.mask()»;" => "0";
        floating_point_does_not_set_sd [80] "c.mstatus |= «FS.mask() | SD.mask()»;" => "FS.mask()";
        floating_point_needs_one_fs [79] "own && (!self.mode().virt || «csr::vsstatus::FS.is_set(self.csr.vsstatus)»)" => "true";
        floating_point_needs_the_guests_fs_alone [79] "«own» && (!self.mode().virt" => "(own || self.mode().virt)";
    },
    faults! { "crates/iss/src/exec/decoded.rs":
        decoded_words_are_mixed_up [109] "Some((known, i)) if «*known == word» =>" => "true";
    },
    faults! { "crates/iss/src/csr/counters.rs":
        scountovf_shows_what_hcounteren_hides [73] "all & below_machine & «if mode.virt { self.csr.hcounteren } else { u64::MAX }»" => "u64::MAX";
        scountovf_shows_what_mcounteren_hides [73] "all & «below_machine» & if mode.virt" => "u64::MAX";
        overflow_sets_no_of [] "«*event |= mhpmevent3::OF.mask();»" => "";
        overflow_interrupts_again [] "|| «mhpmevent3::OF.is_set(*event)» {" => "false";
        inhibited_counters_count [] "if «self.csr.mcountinhibit >> n & 1 == 0» && !inhibit" => "true";
        counters_count_in_every_mode [] "let inhibited = «inhibit_field(mode).is_set(self.csr.events[n])»;" => "false";
    },
    faults! { "crates/iss/src/exec/cmo.rs":
        cache_blocks_need_no_menvcfg [77] "let machine = «mode.privilege == Privilege::M || field.is_set(c.menvcfg)»;" => "true";
        cache_blocks_need_no_senvcfg [77] "let supervisor = «mode.privilege != Privilege::U || field.is_set(c.senvcfg)»;" => "true";
        cache_blocks_need_no_henvcfg [77] "let hypervisor = «!mode.virt || field.is_set(c.henvcfg)»;" => "true";
        cache_blocks_are_illegal_in_a_guest [77] "(true, false) if self.hart.mode().virt => «Err(self.virtual_inst(i))»," => "Err(self.illegal(i))";
    },
];
