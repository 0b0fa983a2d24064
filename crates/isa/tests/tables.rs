//! The tables against the published encodings, and against themselves.

use std::collections::{BTreeMap, BTreeSet};

use isa::cause::Exception;
use isa::csr;
use isa::ext::ExtSet;
use isa::inst::{ROWS, Row, Xlen};

/// The lines of a golden file, split at tabs.
fn golden(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

fn number(text: &str) -> u32 {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).unwrap(),
        None => text.parse().unwrap(),
    }
}

/// The file of the published encodings that has a row: of the base ISAs together, or of RV64 alone.
fn published_in(row: &Row) -> String {
    let base = match row.xlen {
        Xlen::any => "rv",
        Xlen::rv64 => "rv64",
    };
    let file = |set: &ExtSet| {
        let names: Vec<_> = set.iter().map(|ext| ext.name().to_lowercase()).collect();
        names.join("_")
    };
    let extension = match row.needs.iter().map(file).next().unwrap().as_str() {
        "sm" => "system".to_string(),
        // Ours are in canonical order, the published files' names are not.
        "d_c" => "c_d".to_string(),
        "h_svinval" => "svinval_h".to_string(),
        "zfa" => "f_zfa".to_string(),
        "zfa_zfh" => "zfh_zfa".to_string(),
        // What else an instruction of Zcb needs is not in the file's name.
        "zicbom" | "zicboz" | "zicbop" => "zicbo".to_string(),
        "zihintpause" => "i".to_string(),
        "zmmul_zcb" | "zcb_zba" | "zcb_zbb" => "zcb".to_string(),
        other => other.to_string(),
    };
    format!("{base}_{extension}")
}

#[test]
fn instructions_equal_the_published_encodings() {
    // The number of a may-be-operation is an operand here.
    let name = |published: &str| published.trim_end_matches(".N").to_string();
    let published: BTreeMap<_, _> = golden(include_str!("golden/opcodes.tsv"))
        .map(|line| (name(line[0]), (number(line[1]), number(line[2]), line[3].to_string())))
        .collect();
    let ours: BTreeMap<_, _> = ROWS
        .iter()
        .map(|row| (row.op.mnemonic().to_string(), (row.mask, row.pattern, published_in(row))))
        .collect();
    assert_eq!(ours.len(), ROWS.len(), "a mnemonic occurs twice");
    for (name, encoding) in &published {
        assert_eq!(ours.get(name), Some(encoding), "{name}: ours is on the left");
    }
    for name in ours.keys() {
        assert!(published.contains_key(name), "{name} is not among the published encodings");
    }
}

#[test]
fn rows_overlap_only_where_one_is_a_special_case_of_the_other() {
    for (i, a) in ROWS.iter().enumerate() {
        for b in &ROWS[i + 1..] {
            let overlap = (a.pattern ^ b.pattern) & a.mask & b.mask == 0 && a.len == b.len;
            let both = a.mask | b.mask;
            let nested = a.mask != b.mask && (both == a.mask || both == b.mask);
            assert!(!overlap || nested, "{} and {} overlap", a.name, b.name);
        }
    }
}

#[test]
fn row_numbers_are_operation_numbers() {
    for (i, row) in ROWS.iter().enumerate() {
        assert_eq!(row.op as usize, i);
        assert_eq!(isa::Op::from_index(i), Some(row.op));
        assert_eq!(row.pattern & !row.mask, 0, "{}", row.name);
        assert_eq!(row.pattern & 3 == 3, row.len == 4, "{}", row.name);
        assert_eq!(row.long.is_some(), row.len == 2, "{}", row.name);
        assert_eq!(row.op.long().row().len, 4, "{}", row.name);
    }
    assert_eq!(isa::Op::from_index(ROWS.len()), None);
}

/// CSRs of extensions that the simulator does not have.
const CSRS_OF_OTHER_EXTENSIONS: &[(&str, &[&str])] = &[
    ("V", &["vstart", "vxsat", "vxrm", "vcsr", "vl", "vtype", "vlenb", "mtype"]),
    ("Zicfiss and Zcmt", &["ssp", "jvt"]),
    (
        "the core-local interrupt controller",
        &[
            "utvt",
            "unxti",
            "uintstatus",
            "uscratchcsw",
            "uscratchcswl",
            "stvt",
            "snxti",
            "sintstatus",
            "sscratchcsw",
            "sscratchcswl",
            "mtvt",
            "mnxti",
            "mintstatus",
            "mscratchcsw",
            "mscratchcswl",
        ],
    ),
    ("Smctr and Ssctr", &["sctrctl", "sctrstatus", "sctrdepth", "vsctrctl", "mctrctl"]),
    (
        "Smcsrind and Sscsrind",
        &[
            "siselect",
            "sireg",
            "sireg2",
            "sireg3",
            "sireg4",
            "sireg5",
            "sireg6",
            "vsiselect",
            "vsireg",
            "vsireg2",
            "vsireg3",
            "vsireg4",
            "vsireg5",
            "vsireg6",
            "miselect",
            "mireg",
            "mireg2",
            "mireg3",
            "mireg4",
            "mireg5",
            "mireg6",
        ],
    ),
    (
        "the advanced interrupt architecture",
        &[
            "stopei", "vstopei", "mtopei", "stopi", "vstopi", "mtopi", "mvien", "mvip", "hvien", "hvictl",
            "hviprio1", "hviprio2",
        ],
    ),
    ("Ssqosid and Smpmpdeleg", &["srmcfg", "spmpen", "mpmpdeleg"]),
    ("Smcdeleg", &["scountinhibit"]),
    ("debug contexts", &["scontext", "hcontext", "mcontext", "mscontext", "tcontrol"]),
    ("debug mode", &["dcsr", "dpc", "dscratch0", "dscratch1"]),
];

#[test]
fn csrs_equal_the_published_numbers() {
    let mut missing: BTreeSet<&str> =
        CSRS_OF_OTHER_EXTENSIONS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let mut published = 0;
    for line in golden(include_str!("golden/csrs.tsv")) {
        let (csr, name) = (number(line[0]) as u16, line[1]);
        if missing.remove(name) {
            assert_eq!(csr::name(csr), None, "{name} is listed as missing");
            assert_eq!(csr::number(name), None, "{name} is listed as missing");
        } else {
            assert_eq!(csr::name(csr).as_deref(), Some(name), "{csr:#x}");
            assert_eq!(csr::number(name), Some(csr), "{name}");
            published += 1;
        }
    }
    assert!(missing.is_empty(), "not among the published CSRs: {missing:?}");
    let ours: u16 = csr::ROWS.iter().map(|row| row.count).sum();
    assert_eq!(ours, published, "we have CSRs that are not among the published ones");
}

#[test]
fn csr_names_that_are_not_quite_right_are_unknown() {
    for name in
        ["", "mstatus0", "pmpaddr", "pmpaddr64", "pmpaddr01", "hpmcounter2", "mhpmcounter32", "MSTATUS"]
    {
        assert_eq!(csr::number(name), None, "{name:?}");
    }
}

#[test]
fn csr_fields_are_apart_and_in_order() {
    for row in csr::ROWS {
        let mut free = 0;
        for (name, field) in row.fields {
            assert!(field.lo >= free, "{}.{name} overlaps the field before it", row.name);
            free = field.lo + field.width;
        }
        assert!(free <= 64, "{} has a field above bit 63", row.name);
    }
}

/// Fields that a guest's isolation hangs on, by the bit numbers in the manual's figures.
#[test]
fn csr_fields_lie_where_the_manual_has_them() {
    for (field, mask) in [
        (csr::mstatus::MPP, 0x1800),
        (csr::mstatus::MPRV, 1 << 17),
        (csr::mstatus::TVM, 1 << 20),
        (csr::mstatus::TW, 1 << 21),
        (csr::mstatus::TSR, 1 << 22),
        (csr::mstatus::GVA, 1 << 38),
        (csr::mstatus::MPV, 1 << 39),
        (csr::mstatus::SD, 1 << 63),
        (csr::vsstatus::SPP, 1 << 8),
        (csr::vsstatus::FS, 0x6000),
        (csr::vsstatus::SUM, 1 << 18),
        (csr::vsstatus::MXR, 1 << 19),
        (csr::hstatus::GVA, 1 << 6),
        (csr::hstatus::SPV, 1 << 7),
        (csr::hstatus::SPVP, 1 << 8),
        (csr::hstatus::HU, 1 << 9),
        (csr::hstatus::VGEIN, 0x3f << 12),
        (csr::hstatus::VTVM, 1 << 20),
        (csr::hstatus::VTW, 1 << 21),
        (csr::hstatus::VTSR, 1 << 22),
        (csr::hstatus::VSXL, 3 << 32),
        (csr::hgatp::VMID, 0x3fff << 44),
        (csr::hgatp::MODE, 0xf << 60),
        (csr::vsatp::ASID, 0xffff << 44),
        (csr::vsatp::MODE, 0xf << 60),
        (csr::hvip::VSSIP, 1 << 2),
        (csr::hvip::VSTIP, 1 << 6),
        (csr::hvip::VSEIP, 1 << 10),
        (csr::hie::SGEIE, 1 << 12),
        (csr::henvcfg::ADUE, 1 << 61),
        (csr::henvcfg::PBMTE, 1 << 62),
        (csr::henvcfg::STCE, 1 << 63),
    ] {
        assert_eq!(field.mask(), mask, "{field:?}");
    }
}

#[test]
fn causes_equal_the_published_codes() {
    let published: BTreeMap<u64, &str> =
        golden(include_str!("golden/causes.tsv")).map(|line| (number(line[0]).into(), line[1])).collect();
    for code in 0..64 {
        assert_eq!(Exception::from_code(code).is_some(), published.contains_key(&code), "code {code}");
    }
    // The published names are short forms of the manual's; a word of each is enough to tell them apart.
    for (exception, word) in [
        (Exception::IllegalInst, "illegal"),
        (Exception::Breakpoint, "breakpoint"),
        (Exception::LoadAccessFault, "load access"),
        (Exception::StoreAddrMisaligned, "misaligned store"),
        (Exception::EcallU, "user"),
        (Exception::EcallS, "supervisor ecall"),
        (Exception::EcallVs, "virtual supervisor"),
        (Exception::EcallM, "machine"),
        (Exception::InstPageFault, "fetch page"),
        (Exception::StorePageFault, "store page"),
        (Exception::InstGuestPageFault, "fetch guest"),
        (Exception::LoadGuestPageFault, "load guest"),
        (Exception::VirtualInst, "virtual instruction"),
        (Exception::StoreGuestPageFault, "store guest"),
    ] {
        assert!(published[&(exception as u64)].contains(word), "{exception:?} is not {word:?}");
    }
}
