//! The tests, by chapter: one folder for each table of rules.

macro_rules! chapters {
    ($($module:ident $name:literal)+) => {
        /// Every chapter, with its rules.
        pub(crate) static CHAPTERS: &[crate::Chapter] = &[$(crate::Chapter {
            name: $name,
            table: include_str!(concat!("../../rules/", $name, ".tsv")),
            topics: $module::TOPICS,
        }),+];
    };
}

mod a;
mod b;
mod c;
mod cmo;
mod counters;
mod d;
mod f;
mod float;
mod handler;
mod hypervisor;
mod integer;
mod m;
mod machine;
mod priv_csrs;
mod scalar_crypto;
mod shcounterenw;
mod shgatpa;
mod shtvala;
mod shvsatpa;
mod shvstvala;
mod shvstvecd;
mod smcntrpmf;
mod smdbltrp;
mod smepmp;
mod smstateen;
mod ssccptr;
mod sscofpmf;
mod sscounterenw;
mod ssdbltrp;
mod sstc;
mod sstvala;
mod sstvecd;
mod ssu64xl;
mod supervisor;
mod zabha;
mod zacas;
mod zawrs;
mod zc;
mod zfa;
mod zfh;
mod zicond;
mod zicsr;
mod zihintntl;
mod zihintpause;
mod zimop;
mod zpm;

chapters! {
    a "a-st-ext"
    b "b-st-ext"
    c "c-st-ext"
    cmo "cmo"
    counters "counters"
    d "d-st-ext"
    f "f-st-ext"
    hypervisor "hypervisor"
    m "m-st-ext"
    machine "machine"
    priv_csrs "priv-csrs"
    scalar_crypto "scalar-crypto"
    shcounterenw "shcounterenw"
    shgatpa "shgatpa"
    shtvala "shtvala"
    shvsatpa "shvsatpa"
    shvstvala "shvstvala"
    shvstvecd "shvstvecd"
    smcntrpmf "smcntrpmf"
    smdbltrp "smdbltrp"
    smepmp "smepmp"
    smstateen "smstateen"
    ssccptr "ssccptr"
    sscofpmf "sscofpmf"
    sscounterenw "sscounterenw"
    ssdbltrp "ssdbltrp"
    sstc "sstc"
    sstvala "sstvala"
    sstvecd "sstvecd"
    ssu64xl "ssu64xl"
    supervisor "supervisor"
    zabha "zabha"
    zacas "zacas"
    zawrs "zawrs"
    zc "zc"
    zfa "zfa"
    zfh "zfh"
    zicond "zicond"
    zicsr "zicsr"
    zihintntl "zihintntl"
    zihintpause "zihintpause"
    zimop "zimop"
    zpm "zpm"
}
