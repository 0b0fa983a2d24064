//! The registers' indices within their groups, with their names.

/// A module of constants: `/// doc` `NAME = index "name";`, where the name is KVM's.
macro_rules! indices {
    ($(
        $(#[doc = $moduledoc:literal])+
        $module:ident { $($(#[doc = $doc:literal])+ $constant:ident = $index:literal $name:literal;)+ }
    )+) => {
        $(
            $(#[doc = $moduledoc])+
            pub mod $module {
                $($(#[doc = $doc])+ pub const $constant: u16 = $index;)+

                /// The names, by their indices.
                pub(crate) const NAMES: &[(u16, &str)] = &[$(($constant, $name)),+];
            }
        )+
    };
}

indices! {
    /// Of [`Group::Config`](crate::one_reg::Group::Config).
    config {
        /// Of the extensions of single letters, those that the virtual CPU has, as bits like `misa`'s.
        ISA = 0 "isa";
        /// Bytes of a cache block that is managed.
        ZICBOM_BLOCK_SIZE = 1 "zicbom_block_size";
        /// The vendor.
        MVENDORID = 2 "mvendorid";
        /// The microarchitecture.
        MARCHID = 3 "marchid";
        /// The implementation.
        MIMPID = 4 "mimpid";
        /// Bytes of a cache block that is zeroed.
        ZICBOZ_BLOCK_SIZE = 5 "zicboz_block_size";
        /// The greatest MODE of `satp`.
        SATP_MODE = 6 "satp_mode";
        /// Bytes of a cache block that is prefetched.
        ZICBOP_BLOCK_SIZE = 7 "zicbop_block_size";
    }

    /// Of [`Group::Core`](crate::one_reg::Group::Core), in the order of `struct user_regs_struct`: x1 to x31 have
    /// their own numbers.
    core {
        /// Where the guest goes on.
        PC = 0 "regs.pc";
        /// `x1`.
        RA = 1 "regs.ra";
        /// `x2`.
        SP = 2 "regs.sp";
        /// `x3`.
        GP = 3 "regs.gp";
        /// `x4`.
        TP = 4 "regs.tp";
        /// `x5`.
        T0 = 5 "regs.t0";
        /// `x6`.
        T1 = 6 "regs.t1";
        /// `x7`.
        T2 = 7 "regs.t2";
        /// `x8`.
        S0 = 8 "regs.s0";
        /// `x9`.
        S1 = 9 "regs.s1";
        /// `x10`.
        A0 = 10 "regs.a0";
        /// `x11`.
        A1 = 11 "regs.a1";
        /// `x12`.
        A2 = 12 "regs.a2";
        /// `x13`.
        A3 = 13 "regs.a3";
        /// `x14`.
        A4 = 14 "regs.a4";
        /// `x15`.
        A5 = 15 "regs.a5";
        /// `x16`.
        A6 = 16 "regs.a6";
        /// `x17`.
        A7 = 17 "regs.a7";
        /// `x18`.
        S2 = 18 "regs.s2";
        /// `x19`.
        S3 = 19 "regs.s3";
        /// `x20`.
        S4 = 20 "regs.s4";
        /// `x21`.
        S5 = 21 "regs.s5";
        /// `x22`.
        S6 = 22 "regs.s6";
        /// `x23`.
        S7 = 23 "regs.s7";
        /// `x24`.
        S8 = 24 "regs.s8";
        /// `x25`.
        S9 = 25 "regs.s9";
        /// `x26`.
        S10 = 26 "regs.s10";
        /// `x27`.
        S11 = 27 "regs.s11";
        /// `x28`.
        T3 = 28 "regs.t3";
        /// `x29`.
        T4 = 29 "regs.t4";
        /// `x30`.
        T5 = 30 "regs.t5";
        /// `x31`.
        T6 = 31 "regs.t6";
        /// [`MODE_U`](crate::one_reg::MODE_U) or [`MODE_S`](crate::one_reg::MODE_S).
        MODE = 32 "mode";
    }

    /// Of [`Group::Csr`](crate::one_reg::Group::Csr), part [`CSR_GENERAL`](crate::one_reg::CSR_GENERAL): the guest's,
    /// which at V=1 are the hart's `vs` registers.
    csr {
        /// `sstatus`.
        SSTATUS = 0 "sstatus";
        /// `sie`.
        SIE = 1 "sie";
        /// `stvec`.
        STVEC = 2 "stvec";
        /// `sscratch`.
        SSCRATCH = 3 "sscratch";
        /// `sepc`.
        SEPC = 4 "sepc";
        /// `scause`.
        SCAUSE = 5 "scause";
        /// `stval`.
        STVAL = 6 "stval";
        /// `sip`.
        SIP = 7 "sip";
        /// `satp`.
        SATP = 8 "satp";
        /// `scounteren`.
        SCOUNTEREN = 9 "scounteren";
        /// `senvcfg`.
        SENVCFG = 10 "senvcfg";
    }

    /// Of [`Group::Csr`](crate::one_reg::Group::Csr), part [`CSR_AIA`](crate::one_reg::CSR_AIA).
    aia {
        /// `siselect`.
        SISELECT = 0 "siselect";
        /// `iprio1`.
        IPRIO1 = 1 "iprio1";
        /// `iprio2`.
        IPRIO2 = 2 "iprio2";
        /// `sieh`.
        SIEH = 3 "sieh";
        /// `siph`.
        SIPH = 4 "siph";
        /// `iprio1h`.
        IPRIO1H = 5 "iprio1h";
        /// `iprio2h`.
        IPRIO2H = 6 "iprio2h";
    }

    /// Of [`Group::Csr`](crate::one_reg::Group::Csr), part [`CSR_SMSTATEEN`](crate::one_reg::CSR_SMSTATEEN).
    smstateen {
        /// `sstateen0`.
        SSTATEEN0 = 0 "sstateen0";
    }

    /// Of [`Group::Timer`](crate::one_reg::Group::Timer).
    timer {
        /// Ticks of the guest's clock in a second; only read.
        FREQUENCY = 0 "frequency";
        /// The guest's clock.
        TIME = 1 "time";
        /// When the guest's timer goes off.
        COMPARE = 2 "compare";
        /// [`TIMER_OFF`](crate::one_reg::TIMER_OFF) or [`TIMER_ON`](crate::one_reg::TIMER_ON).
        STATE = 3 "state";
    }

    /// Of [`Group::Vector`](crate::one_reg::Group::Vector), before the registers themselves.
    vector {
        /// `vstart`.
        VSTART = 0 "vstart";
        /// `vl`.
        VL = 1 "vl";
        /// `vtype`.
        VTYPE = 2 "vtype";
        /// `vcsr`.
        VCSR = 3 "vcsr";
        /// `vlenb`; only read.
        VLENB = 4 "vlenb";
    }

    /// Of [`Group::SbiState`](crate::one_reg::Group::SbiState), part [`STATE_STA`](crate::one_reg::STATE_STA).
    sta {
        /// The low half of the address of the guest's memory for stolen time.
        SHMEM_LO = 0 "shmem_lo";
        /// The high half.
        SHMEM_HI = 1 "shmem_hi";
    }
}
