//! THE table of control and status registers: one row is one CSR, or one numbered family of them.
//!
//! A row reads `name number x count extension layout { FIELD[bit] FIELD[hi:lo] };`. The layout says for
//! which XLEN the fields hold. Each row becomes a module of its own, so that `csr::hstatus::SPVP` is a
//! [`Field`] and `csr::hstatus::NUMBER` the CSR's number. What a field may hold (WARL, WLRL) is a
//! property of a hart and lives in `iss::csr::legalize`. Privileged ISA, "CSR Listing".

use crate::ext::Needs;
use crate::field::Field;
use crate::mode::Privilege;
use crate::needs;

/// Calls the macro `$consumer` with every row of the CSR table.
#[macro_export]
macro_rules! for_each_csr {
    ($consumer:ident) => {
        $consumer! {
            // Unprivileged floating-point CSRs.
            /// Accrued floating-point exceptions.
            fflags 0x001 x 1 F any { NX[0] UF[1] OF[2] DZ[3] NV[4] };
            /// Dynamic rounding mode.
            frm 0x002 x 1 F any { FRM[2:0] };
            /// Floating-point control and status: frm and fflags.
            fcsr 0x003 x 1 F any { FFLAGS[4:0] FRM[7:5] };

            /// The entropy source: what the last poll has found, polled by each write.
            seed 0x015 x 1 Zkr any { ENTROPY[15:0] OPST[31:30] };

            // Unprivileged counters.
            /// Cycles, for reading.
            cycle 0xc00 x 1 Zicntr rv64 {};
            /// Real time in ticks, for reading.
            time 0xc01 x 1 Zicntr rv64 {};
            /// Retired instructions, for reading.
            instret 0xc02 x 1 Zicntr rv64 {};
            /// Event counters, for reading.
            hpmcounter3 0xc03 x 29 Zihpm rv64 {};

            // Supervisor CSRs; at V=1 most of them stand for their vs counterpart.
            /// Supervisor status: the supervisor's view of mstatus.
            sstatus 0x100 x 1 S rv64 {
                SIE[1] SPIE[5] UBE[6] SPP[8] VS[10:9] FS[14:13] XS[16:15] SUM[18] MXR[19] SDT[24] UXL[33:32] SD[63]
            };
            /// Supervisor interrupt enable.
            sie 0x104 x 1 S any { SSIE[1] STIE[5] SEIE[9] LCOFIE[13] };
            /// Supervisor trap vector.
            stvec 0x105 x 1 S any { MODE[1:0] };
            /// Counters that U-mode may read.
            scounteren 0x106 x 1 S any { CY[0] TM[1] IR[2] HPM[31:3] };
            /// Supervisor environment configuration.
            senvcfg 0x10a x 1 S rv64 { FIOM[0] CBIE[5:4] CBCFE[6] CBZE[7] PMM[33:32] };
            /// State that U-mode may use.
            sstateen0 0x10c x 4 Ssstateen any { C[0] FCSR[1] JVT[2] };
            /// For the supervisor trap handler's use.
            sscratch 0x140 x 1 S any {};
            /// Where a trap into S-mode came from.
            sepc 0x141 x 1 S any {};
            /// Why a trap into S-mode was taken.
            scause 0x142 x 1 S rv64 { CODE[62:0] INTERRUPT[63] };
            /// The faulting address or instruction of a trap into S-mode.
            stval 0x143 x 1 S any {};
            /// Supervisor interrupts pending.
            sip 0x144 x 1 S any { SSIP[1] STIP[5] SEIP[9] LCOFIP[13] };
            /// The time at which the supervisor timer interrupt becomes pending.
            stimecmp 0x14d x 1 Sstc rv64 {};
            /// Event counters that have overflowed.
            scountovf 0xda0 x 1 Sscofpmf any { OF[31:3] };
            /// Supervisor address translation and protection.
            satp 0x180 x 1 S rv64 { PPN[43:0] ASID[59:44] MODE[63:60] };

            // Virtual supervisor CSRs.
            /// Virtual supervisor status.
            vsstatus 0x200 x 1 H rv64 {
                SIE[1] SPIE[5] UBE[6] SPP[8] VS[10:9] FS[14:13] XS[16:15] SUM[18] MXR[19] SDT[24] UXL[33:32] SD[63]
            };
            /// Virtual supervisor interrupt enable.
            vsie 0x204 x 1 H any { SSIE[1] STIE[5] SEIE[9] LCOFIE[13] };
            /// Virtual supervisor trap vector.
            vstvec 0x205 x 1 H any { MODE[1:0] };
            /// For the guest's trap handler's use.
            vsscratch 0x240 x 1 H any {};
            /// Where a trap into VS-mode came from.
            vsepc 0x241 x 1 H any {};
            /// Why a trap into VS-mode was taken.
            vscause 0x242 x 1 H rv64 { CODE[62:0] INTERRUPT[63] };
            /// The faulting address or instruction of a trap into VS-mode.
            vstval 0x243 x 1 H any {};
            /// Virtual supervisor interrupts pending.
            vsip 0x244 x 1 H any { SSIP[1] STIP[5] SEIP[9] LCOFIP[13] };
            /// The guest time at which the VS timer interrupt becomes pending.
            vstimecmp 0x24d x 1 (Sstc & H) rv64 {};
            /// VS-stage address translation.
            vsatp 0x280 x 1 H rv64 { PPN[43:0] ASID[59:44] MODE[63:60] };

            // Hypervisor CSRs.
            /// Hypervisor status.
            hstatus 0x600 x 1 H rv64 {
                VSBE[5] GVA[6] SPV[7] SPVP[8] HU[9] VGEIN[17:12] VTVM[20] VTW[21] VTSR[22] VSXL[33:32]
                HUPMM[49:48]
            };
            /// Exceptions delegated to VS-mode.
            hedeleg 0x602 x 1 H any {};
            /// Interrupts delegated to VS-mode.
            hideleg 0x603 x 1 H any { VSSI[2] VSTI[6] VSEI[10] LCOFI[13] };
            /// Hypervisor interrupt enable.
            hie 0x604 x 1 H any { VSSIE[2] VSTIE[6] VSEIE[10] SGEIE[12] };
            /// What the guest's time differs by from the host's.
            htimedelta 0x605 x 1 H rv64 {};
            /// Counters that the guest may read.
            hcounteren 0x606 x 1 H any { CY[0] TM[1] IR[2] HPM[31:3] };
            /// Guest external interrupts that raise SGEI.
            hgeie 0x607 x 1 H any {};
            /// Environment configuration of the guest.
            henvcfg 0x60a x 1 H rv64 {
                FIOM[0] CBIE[5:4] CBCFE[6] CBZE[7] PMM[33:32] DTE[59] ADUE[61] PBMTE[62] STCE[63]
            };
            /// State that the guest may use.
            hstateen0 0x60c x 4 (Ssstateen & H) rv64 { C[0] FCSR[1] JVT[2] ENVCFG[62] SE0[63] };
            /// The faulting guest physical address, shifted right by 2.
            htval 0x643 x 1 H any {};
            /// Hypervisor interrupts pending.
            hip 0x644 x 1 H any { VSSIP[2] VSTIP[6] VSEIP[10] SGEIP[12] };
            /// Interrupts that the hypervisor makes pending for the guest.
            hvip 0x645 x 1 H any { VSSIP[2] VSTIP[6] VSEIP[10] };
            /// The trapping instruction, transformed.
            htinst 0x64a x 1 H any {};
            /// G-stage address translation.
            hgatp 0x680 x 1 H rv64 { PPN[43:0] VMID[57:44] MODE[63:60] };
            /// Guest external interrupts pending.
            hgeip 0xe12 x 1 H any {};

            // Machine CSRs.
            /// Machine status.
            mstatus 0x300 x 1 Sm rv64 {
                SIE[1] MIE[3] SPIE[5] UBE[6] MPIE[7] SPP[8] VS[10:9] MPP[12:11] FS[14:13] XS[16:15] MPRV[17]
                SUM[18] MXR[19] TVM[20] TW[21] TSR[22] SDT[24] UXL[33:32] SXL[35:34] SBE[36] MBE[37] GVA[38] MPV[39] MDT[42]
                SD[63]
            };
            /// The ISA: a bit for each letter, and MXL.
            misa 0x301 x 1 Sm rv64 { A[0] B[1] C[2] D[3] F[5] H[7] I[8] M[12] S[18] U[20] V[21] MXL[63:62] };
            /// Exceptions delegated to HS-mode.
            medeleg 0x302 x 1 S any {};
            /// Interrupts delegated to HS-mode.
            mideleg 0x303 x 1 S any {};
            /// Machine interrupt enable.
            mie 0x304 x 1 Sm any {
                SSIE[1] VSSIE[2] MSIE[3] STIE[5] VSTIE[6] MTIE[7] SEIE[9] VSEIE[10] MEIE[11] SGEIE[12] LCOFIE[13]
            };
            /// Machine trap vector.
            mtvec 0x305 x 1 Sm any { MODE[1:0] };
            /// Counters that the next lower mode may read.
            mcounteren 0x306 x 1 Sm any { CY[0] TM[1] IR[2] HPM[31:3] };
            /// Machine environment configuration.
            menvcfg 0x30a x 1 Sm rv64 {
                FIOM[0] CBIE[5:4] CBCFE[6] CBZE[7] PMM[33:32] DTE[59] CDE[60] ADUE[61] PBMTE[62] STCE[63]
            };
            /// State that lower modes may use.
            mstateen0 0x30c x 4 Smstateen rv64 { C[0] FCSR[1] JVT[2] ENVCFG[62] SE0[63] };
            /// Counters that stand still.
            mcountinhibit 0x320 x 1 Sm any { CY[0] IR[2] HPM[31:3] };
            /// Modes in which cycle stands still.
            mcyclecfg 0x321 x 1 Smcntrpmf rv64 { VUINH[58] VSINH[59] UINH[60] SINH[61] MINH[62] };
            /// Modes in which instret stands still.
            minstretcfg 0x322 x 1 Smcntrpmf rv64 { VUINH[58] VSINH[59] UINH[60] SINH[61] MINH[62] };
            /// Event selectors of the event counters.
            mhpmevent3 0x323 x 29 Sm rv64 {
                EVENT[7:0] VUINH[58] VSINH[59] UINH[60] SINH[61] MINH[62] OF[63]
            };
            /// For the machine trap handler's use.
            mscratch 0x340 x 1 Sm any {};
            /// Where a trap into M-mode came from.
            mepc 0x341 x 1 Sm any {};
            /// Why a trap into M-mode was taken.
            mcause 0x342 x 1 Sm rv64 { CODE[62:0] INTERRUPT[63] };
            /// The faulting address or instruction of a trap into M-mode.
            mtval 0x343 x 1 Sm any {};
            /// Machine interrupts pending.
            mip 0x344 x 1 Sm any {
                SSIP[1] VSSIP[2] MSIP[3] STIP[5] VSTIP[6] MTIP[7] SEIP[9] VSEIP[10] MEIP[11] SGEIP[12] LCOFIP[13]
            };
            /// The trapping instruction, transformed.
            mtinst 0x34a x 1 H any {};
            /// The faulting guest physical address, shifted right by 2.
            mtval2 0x34b x 1 (H | Ssdbltrp) any {};
            /// Physical memory protection configuration, eight entries to a register.
            pmpcfg0 0x3a0 x 16 Sm rv64 {};
            /// Physical memory protection addresses, shifted right by 2.
            pmpaddr0 0x3b0 x 64 Sm rv64 { ADDRESS[53:0] };
            /// Machine security configuration.
            mseccfg 0x747 x 1 (Smepmp | Zkr | Smmpm) any { MML[0] MMWP[1] RLB[2] USEED[8] SSEED[9] PMM[33:32] };
            /// Trigger select.
            tselect 0x7a0 x 1 Sm any {};
            /// Trigger data.
            tdata1 0x7a1 x 3 Sm any {};
            /// Trigger information.
            tinfo 0x7a4 x 1 Sm any {};
            /// Machine cycle counter.
            mcycle 0xb00 x 1 Sm rv64 {};
            /// Machine retired-instruction counter.
            minstret 0xb02 x 1 Sm rv64 {};
            /// Machine event counters.
            mhpmcounter3 0xb03 x 29 Sm rv64 {};
            /// Vendor.
            mvendorid 0xf11 x 1 Sm any {};
            /// Architecture.
            marchid 0xf12 x 1 Sm any {};
            /// Implementation.
            mimpid 0xf13 x 1 Sm any {};
            /// Hart number.
            mhartid 0xf14 x 1 Sm any {};
            /// Address of the configuration structure.
            mconfigptr 0xf15 x 1 Sm any {};
        }
    };
}

macro_rules! define_csrs {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident $number:literal x $count:literal $needs:tt $layout:ident
        { $($field:ident [$hi:literal $(: $lo:literal)?])* };
    )+) => {
        $(
            $(#[doc = $doc])+
            #[allow(missing_docs)]
            pub mod $name {
                #[allow(unused_imports)]
                use crate::field::Field;
                /// The number of the CSR; of a family, that of the first.
                pub const NUMBER: u16 = $number;
                $(pub const $field: Field = Field::new(&[$hi $(, $lo)?]);)*
            }
        )+

        /// Every row of the table, in the table's order.
        pub static ROWS: &[Row] = &[$(Row {
            name: stringify!($name),
            number: $number,
            count: $count,
            needs: needs!($needs),
            layout: Layout::$layout,
            fields: &[$((stringify!($field), $name::$field)),*],
            doc: concat!($($doc),+).trim_ascii(),
        }),+];
    };
}
for_each_csr!(define_csrs);

/// One row of the CSR table.
#[derive(Debug)]
pub struct Row {
    /// The manual's name; of a family, that of the first member (`pmpaddr0`, `mhpmcounter3`).
    pub name: &'static str,
    /// The number; of a family, that of the first member.
    pub number: u16,
    /// How many CSRs with consecutive numbers the row stands for.
    pub count: u16,
    /// The extensions that a hart must have to have it.
    pub needs: Needs,
    /// For which XLEN the fields are laid out as listed.
    pub layout: Layout,
    /// The fields, lowest first.
    pub fields: &'static [(&'static str, Field)],
    /// One line for a reader.
    pub doc: &'static str,
}

/// For which XLEN a row's fields hold.
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// The same for RV32 and RV64.
    any,
    /// RV64; on RV32 the register is laid out differently or split in two.
    rv64,
}

/// The row that holds CSR `number`, and the position of the CSR in its family.
#[inline]
pub fn find(number: u16) -> Option<(&'static Row, u16)> {
    let row = ROWS.get(usize::from(*ROW_OF.get(usize::from(number))?))?;
    Some((row, number - row.number))
}

/// The row of each CSR number, or [`NO_ROW`].
static ROW_OF: [u8; 1 << 12] = {
    let mut rows = [NO_ROW; 1 << 12];
    let mut r = 0;
    while r < ROWS.len() {
        let mut index = 0;
        while index < ROWS[r].count {
            rows[(ROWS[r].number + index) as usize] = r as u8;
            index += 1;
        }
        r += 1;
    }
    assert!(ROWS.len() <= NO_ROW as usize, "row numbers have outgrown their type");
    rows
};

const NO_ROW: u8 = u8::MAX;

/// The lowest privilege that may access CSR `number`; hypervisor and VS CSRs give [`Privilege::S`]
/// and are told apart by [`is_hypervisor`].
pub const fn lowest_privilege(number: u16) -> Privilege {
    match number >> 8 & 3 {
        0 => Privilege::U,
        1 | 2 => Privilege::S,
        _ => Privilege::M,
    }
}

/// Whether CSR `number` belongs to the hypervisor: accessible from HS and M, virtual to a guest.
pub const fn is_hypervisor(number: u16) -> bool {
    number >> 8 & 3 == 2
}

/// Whether CSR `number` cannot be written.
pub const fn is_read_only(number: u16) -> bool {
    number >> 10 == 3
}

/// The number and first-member suffix of a family's name: `("pmpaddr", 0)`.
fn family(name: &str) -> (&str, u16) {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (stem, name[stem.len()..].parse().unwrap_or(0))
}

impl Row {
    /// Writes the name of member `index` of the row.
    pub fn write_name(&self, index: u16, out: &mut dyn core::fmt::Write) -> core::fmt::Result {
        if self.count == 1 {
            return out.write_str(self.name);
        }
        let (stem, first) = family(self.name);
        write!(out, "{stem}{}", first + index)
    }
}

/// The name of CSR `number`, or `None` where the table has none.
#[cfg(feature = "alloc")]
pub fn name(number: u16) -> Option<alloc::string::String> {
    let (row, index) = find(number)?;
    let mut text = alloc::string::String::new();
    row.write_name(index, &mut text).ok()?;
    Some(text)
}

/// The number of the CSR called `name`.
#[cfg(feature = "alloc")]
pub fn number(name: &str) -> Option<u16> {
    let mut numbers = ROWS.iter().flat_map(|row| row.number..row.number + row.count);
    numbers.find(|number| self::name(*number).as_deref() == Some(name))
}
