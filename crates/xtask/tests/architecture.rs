//! The invariants that docs/architecture.md states and no compiler checks; and that the documents' links lead somewhere.

use std::fs;
use std::path::{Path, PathBuf};

/// What each crate may use of the project and of the user-interface crates, beside what it needs for its own work.
const USES: [(&str, &[&str]); 9] = [
    ("isa", &[]),
    ("kvm", &[]),
    ("vmm-core", &["kvm"]),
    ("hyp", &["isa", "kvm"]),
    ("iss", &["isa"]),
    ("platform", &["isa", "iss"]),
    ("native", &["isa", "iss", "hyp", "kvm"]),
    (
        "vhart",
        &[
            "isa",
            "iss",
            "platform",
            "hyp",
            "kvm",
            "native",
            "vmm-core",
            "anyhow",
            "clap",
            "tracing-subscriber",
        ],
    ),
    ("xtask", &["anyhow", "clap"]),
];

/// Crates whose use is restricted to those that [`USES`] names.
const RESTRICTED: [&str; 11] = [
    "native",
    "isa",
    "kvm",
    "vmm-core",
    "hyp",
    "iss",
    "platform",
    "vhart",
    "anyhow",
    "clap",
    "tracing-subscriber",
];

/// Where unsafe code may be, apart from the software of the simulated machine, and why.
const UNSAFE: [&str; 5] = [
    // Guest memory.
    "crates/iss/src/ram.rs",
    // The ops that the engine goes through, and guest memory as it sees it.
    "crates/iss/src/engine",
    // The world switch and CSR access.
    "crates/hyp/src/arch",
    // A constructor of fdt-rs, for trees that have been checked first.
    "crates/platform/src/fdt/outside.rs",
    // The terminal's mode, by libc.
    "crates/vhart/src/terminal.rs",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace's root")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files below `folder` whose names end in `ending`.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a folder's entry").path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found
}

/// The names in the section `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> Vec<&str> {
    let section = manifest.split("\n[").find_map(|section| section.strip_prefix("dependencies]\n"));
    let lines = section.unwrap_or_default().lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| line.split(['.', ' ', '=']).next().unwrap_or(line)).collect()
}

#[test]
fn crates_use_only_what_lies_below_them() {
    for (name, allowed) in USES {
        let manifest = read(&root().join("crates").join(name).join("Cargo.toml"));
        let wrong: Vec<_> = dependencies(&manifest)
            .into_iter()
            .filter(|used| RESTRICTED.contains(used) && !allowed.contains(used))
            .collect();
        assert!(wrong.is_empty(), "{name} must not use {wrong:?}");
    }
}

#[test]
fn isa_depends_on_nothing() {
    assert_eq!(dependencies(&read(&root().join("crates/isa/Cargo.toml"))), [""; 0]);
}

#[test]
fn unsafe_code_is_where_it_may_be() {
    let root = root();
    for krate in fs::read_dir(root.join("crates")).expect("crates") {
        for file in files(&krate.expect("a crate").path().join("src"), ".rs") {
            let path = file.strip_prefix(&root).expect("below the root");
            let is_unsafe = read(&file).lines().any(|line| {
                let code = line.split("//").next().unwrap_or(line);
                code.contains("unsafe {") || code.contains("unsafe fn") || code.contains("unsafe impl")
            });
            let may_be = UNSAFE.iter().any(|place| path.starts_with(place));
            assert!(!is_unsafe || may_be, "{} must not contain unsafe code", path.display());
        }
    }
}

#[test]
fn links_lead_to_files() {
    let root = root();
    let mut documents = files(&root.join("docs"), ".md");
    documents.push(root.join("README.md"));
    let mut count = 0;
    for document in documents {
        let text = read(&document);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or(link);
            if file.is_empty() || file.contains("://") {
                continue;
            }
            let folder = document.parent().expect("a document lies in a folder");
            assert!(folder.join(file).exists(), "{}: {link} does not exist", document.display());
            count += 1;
        }
    }
    assert!(count >= 10, "the reading path alone has ten links, not {count}");
}
