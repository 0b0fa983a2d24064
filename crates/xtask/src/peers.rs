//! `cargo xtask peers`: the conformance suite on other simulators, and where they disagree with it.
//!
//! The programs check themselves, so a peer agrees when a program passes on it. Each is written for a hart
//! like the peer's: what it expects of implementation-defined behaviour is what the peer has.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::{machine, process, project};

/// Every program ends within a second; one that waits for something that never comes is stopped.
const LIMIT: Duration = Duration::from_secs(10);

/// Another simulator.
struct Peer {
    name: &'static str,
    /// The environment variable that may name the program.
    variable: &'static str,
    program: &'static str,
    /// Its hart, in the words of `vhart conform --cpu`.
    cpu: &'static str,
    arguments: &'static [&'static str],
}

/// Everything that Spike has and the suite can need; no name but those that both know.
macro_rules! spike_isa {
    () => {
        "rv64gch_zicclsm_zicntr_zihpm_zba_zbb_zbc_zbs_zbkb_zbkc_zbkx_zicond_zicbom_zicbop_zicboz_zfh_zfa_zcb_zawrs\
         _zihintpause_zihintntl_zimop_zcmop_zacas_zabha_sstc_svadu_svnapot_svpbmt_svinval_svvptc_smstateen\
         _sscofpmf_smcntrpmf_smepmp_ssdbltrp_smmpm_smnpm_ssnpm"
    };
}

const PEERS: [Peer; 2] = [
    Peer {
        name: "Spike",
        variable: "SPIKE",
        program: "spike",
        cpu: concat!(spike_isa!(), ",geilen=0,tinst=zero,misaligned-amo=access,hedeleg=0xcb1ff,wfi=trap"),
        arguments: &[concat!("--isa=", spike_isa!())],
    },
    Peer {
        name: "QEMU",
        variable: "QEMU",
        program: machine::QEMU,
        cpu: "rv64gch_zicntr_zihpm_zba_zbb_zbc_zbs_sstc_svinval_svnapot_svpbmt,geilen=0,tinst=zero,ad=hardware,\
              hedeleg=0xcb1ff,wfi=trap",
        arguments: &[
            "-M",
            "virt",
            "-cpu",
            "rv64,h=true,svinval=true,svnapot=true,svpbmt=true",
            "-nographic",
            "-no-reboot",
            "-bios",
        ],
    },
];

/// What a program came to on a peer.
struct Verdict {
    name: String,
    /// What it said in place of passing.
    disagreement: Option<String>,
}

/// Runs the tests with one of `names` in their names, or all, on each peer that is installed.
///
/// # Errors
/// What keeps the suite from being built or run.
pub(crate) fn run(names: &[String]) -> Result<()> {
    for peer in &PEERS {
        let program =
            std::env::var_os(peer.variable).map(PathBuf::from).or_else(|| process::find(peer.program));
        let Some(program) = program else {
            let (name, variable) = (peer.name, peer.variable);
            println!("not run: {name}: needs {} on the path or in the variable {variable}", peer.program);
            continue;
        };
        let verdicts = run_peer(peer, &program, names)?;
        let disagreements: Vec<_> =
            verdicts.iter().filter_map(|v| Some((&v.name, v.disagreement.as_ref()?))).collect();
        for (name, said) in &disagreements {
            println!("{} {name}: {said}", peer.name);
        }
        let agreed = verdicts.len() - disagreements.len();
        println!(
            "{}: {} tests run, {agreed} agree, {} disagree",
            peer.name,
            verdicts.len(),
            disagreements.len()
        );
    }
    Ok(())
}

/// Exports the suite for the peer's hart and runs it there.
fn run_peer(peer: &Peer, program: &Path, names: &[String]) -> Result<Vec<Verdict>> {
    let folder = project::target().join("peers").join(peer.name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    let mut export = process::cargo(&project::root());
    export.args(["run", "--quiet", "--package", "vhart", "--", "conform"]).args(names);
    export.args(["--cpu", peer.cpu, "--export"]).arg(&folder);
    process::run(&mut export)?;
    let manifest = std::fs::read_to_string(folder.join("manifest.tsv"))?;
    // A test that needs a device beyond UART, ACLINT and PLIC is for our machine alone.
    let tests: Vec<&str> = manifest
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut columns = line.split('\t');
            let (name, devices) = (columns.next()?, columns.nth(2)?);
            devices.is_empty().then_some(name)
        })
        .collect();
    ensure!(!tests.is_empty(), "{} can run none of these tests", peer.name);
    let (next, verdicts) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(name) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let disagreement = run_test(peer, program, &folder, name);
                    let verdict = Verdict { name: (*name).to_owned(), disagreement };
                    if let Ok(mut verdicts) = verdicts.lock() {
                        verdicts.push(verdict);
                    }
                }
            });
        }
    });
    let mut verdicts = verdicts.into_inner().unwrap_or_default();
    verdicts.sort_by(|a, b| a.name.cmp(&b.name));
    ensure!(verdicts.len() == tests.len(), "not every test has run on {}", peer.name);
    Ok(verdicts)
}

/// Runs one program; what it said in place of passing.
fn run_test(peer: &Peer, program: &Path, folder: &Path, name: &str) -> Option<String> {
    let mut command = Command::new(program);
    command.args(peer.arguments).arg(folder.join(name).with_extension("elf"));
    let text = match process::run_limited(&mut command, LIMIT, &folder.join(name).with_extension("log")) {
        Ok((_, text)) => text,
        Err(_) => return Some(format!("no end within {LIMIT:?}")),
    };
    disagreement(name, &text)
}

/// What the output `text` of a program has in place of `NAME: pass`.
fn disagreement(name: &str, text: &str) -> Option<String> {
    let prefix = format!("{name}: ");
    let said = text.lines().find_map(|line| line.trim_end().strip_prefix(&prefix));
    match said {
        Some("pass") => None,
        Some(said) => Some(said.to_owned()),
        None => Some(format!("no verdict: {}", text.lines().next().unwrap_or("no output"))),
    }
}

#[cfg(test)]
mod tests {
    use super::disagreement;

    #[test]
    fn only_the_programs_own_word_counts() {
        assert_eq!(disagreement("a", "warning: old\na: pass\r\n"), None);
        assert_eq!(disagreement("a", "a: check 3 failed: x\n").as_deref(), Some("check 3 failed: x"));
        assert_eq!(disagreement("a", "").as_deref(), Some("no verdict: no output"));
        assert_eq!(disagreement("a", "aa: pass\n").as_deref(), Some("no verdict: aa: pass"));
    }
}
