//! Packages of another Debian, of another architecture, by the machine's own package manager and from its own mirror,
//! without being root and without a change to the machine: all of apt's state is in a folder of ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::process;

/// The Debian whose packages are taken.
const SUITE: &str = "trixie";

/// The architecture of the packages.
const ARCHITECTURE: &str = "riscv64";

/// What signs Debian's lists of packages.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// What gets packages and takes them apart, each in the package of its own name but for the first two.
const TOOLS: [(&str, &str); 3] = [("apt-get", "apt"), ("apt-cache", "apt"), ("dpkg-deb", "dpkg")];

/// A package manager that knows of nothing installed.
pub(super) struct Apt {
    folder: PathBuf,
}

impl Apt {
    /// One that keeps everything in `folder`, and knows the packages of the first mirror that has them.
    ///
    /// # Errors
    /// What is missing on this machine, or that none of its mirrors can be reached.
    pub(super) fn new(folder: &Path) -> Result<Apt> {
        for (tool, package) in TOOLS {
            ensure!(
                process::find(tool).is_some(),
                "{tool} is missing: Debian's packages are got by Debian's own tools; run this on Debian or a system \
                 that has its package {package}"
            );
        }
        ensure!(
            Path::new(KEYRING).is_file(),
            "{KEYRING} is missing, by which Debian's packages are known to be Debian's \
             (apt install debian-archive-keyring)"
        );
        let apt = Apt { folder: folder.to_owned() };
        apt.write_settings()?;
        let mirrors = mirrors()?;
        ensure!(!mirrors.is_empty(), "apt on this machine has no mirror: /etc/apt/sources.list names none");
        let mut failures = Vec::new();
        for mirror in &mirrors {
            println!("Getting Debian's list of packages for {ARCHITECTURE}");
            match apt.update(mirror) {
                Ok(()) => return Ok(apt),
                Err(error) => failures.push(format!("{error:#}")),
            }
        }
        bail!(
            "no mirror that apt knows on this machine has Debian's {SUITE} for {ARCHITECTURE}, or there is no \
             network:\n{}",
            failures.join("\n")
        )
    }

    /// Everything is in the folder, and how mirrors are reached is as on the whole machine.
    fn write_settings(&self) -> Result<()> {
        let folder = self.folder.display();
        for part in ["etc", "state/lists/partial", "cache/archives/partial"] {
            let path = self.folder.join(part);
            fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        }
        let mut settings = format!(
            "Dir \"{folder}\";\nDir::Etc \"etc\";\nDir::State \"state\";\nDir::State::status \"{folder}/status\";\n\
             Dir::Cache \"cache\";\nDir::Etc::netrc \"/etc/apt/auth.conf\";\n\
             Dir::Etc::netrcparts \"/etc/apt/auth.conf.d\";\nDir::Bin::methods \"/usr/lib/apt/methods\";\n\
             APT::Architecture \"{ARCHITECTURE}\";\nAPT::Architectures {{ \"{ARCHITECTURE}\"; }};\n\
             APT::Install-Recommends \"false\";\nAPT::Sandbox::User \"root\";\nAcquire::Languages {{ \"none\"; }};\n"
        );
        let machine = process::output(Command::new("apt-config").arg("dump"))?;
        let is_ours = |line: &&str| {
            line.starts_with("Acquire::")
                && !["Acquire::IndexTargets", "Acquire::Languages"].iter().any(|own| line.starts_with(own))
        };
        for line in machine.lines().filter(is_ours) {
            settings.push_str(line);
            settings.push('\n');
        }
        self.write("apt.conf", &settings)?;
        self.write("status", "")
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// One of apt's programs, with our settings and no others.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", self.folder.join("apt.conf")).env("LC_ALL", "C").arg("-qq");
        command
    }

    fn update(&self, mirror: &str) -> Result<()> {
        self.write("etc/sources.list", &format!("deb [signed-by={KEYRING}] {mirror} {SUITE} main\n"))?;
        // A list that cannot be got is otherwise no more than a warning.
        process::output(self.command("apt-get").args(["update", "-o", "APT::Update::Error-Mode=any"]))
            .map(drop)
    }

    /// What the package `name` depends on first: of one that stands for the newest version, that version.
    ///
    /// # Errors
    /// A package that there is not, or that depends on nothing.
    pub(super) fn dependency(&self, name: &str) -> Result<String> {
        let text = process::output(self.command("apt-cache").args(["depends", name]))?;
        let first = text.lines().find_map(|line| line.trim().strip_prefix("Depends: "));
        first.map(str::to_owned).with_context(|| format!("the package {name} depends on nothing"))
    }

    /// Downloads the packages `names` alone.
    ///
    /// # Errors
    /// Packages that there are not, or that cannot be got.
    pub(super) fn download(&self, names: &[&str]) -> Result<()> {
        let archives = self.archives();
        process::output(self.command("apt-get").current_dir(archives).arg("download").args(names)).map(drop)
    }

    /// Downloads the packages `names` with all that they depend on.
    ///
    /// # Errors
    /// As for [`Apt::download`].
    pub(super) fn download_with_dependencies(&self, names: &[&str]) -> Result<()> {
        let mut command = self.command("apt-get");
        process::output(command.args(["install", "--download-only", "--yes"]).args(names)).map(drop)
    }

    fn archives(&self) -> PathBuf {
        self.folder.join("cache/archives")
    }

    /// Unpacks everything that has been downloaded into `folder`; the names and versions of the packages.
    ///
    /// # Errors
    /// Packages that cannot be read, files that cannot be written.
    pub(super) fn unpack(&self, folder: &Path) -> Result<Vec<String>> {
        let archives = self.archives();
        let mut packages = Vec::new();
        for entry in fs::read_dir(&archives).with_context(|| format!("cannot read {}", archives.display()))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                let fields = ["--showformat=${Package} ${Version}\n", "--show"];
                packages.push(
                    process::output(Command::new("dpkg-deb").args(fields).arg(&path))?.trim().to_owned(),
                );
                process::output(Command::new("dpkg-deb").arg("--extract").args([&path, folder]))?;
            }
        }
        packages.sort();
        Ok(packages)
    }
}

/// The mirrors that apt uses on this machine, in its order, whichever way they are written down.
fn mirrors() -> Result<Vec<String>> {
    let text = process::output(Command::new("apt-get").env("LC_ALL", "C").args(["update", "--print-uris"]))?;
    Ok(mirrors_of(&text))
}

/// The mirrors of what `apt-get update` would get.
fn mirrors_of(text: &str) -> Vec<String> {
    let mut mirrors: Vec<String> = Vec::new();
    for line in text.lines() {
        let mirror = line.strip_prefix('\'').and_then(|uri| Some(uri.split_once("/dists/")?.0));
        if let Some(mirror) = mirror.filter(|mirror| !mirrors.iter().any(|known| known == mirror)) {
            mirrors.push(mirror.to_owned());
        }
    }
    mirrors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_what_comes_before_the_suite() {
        let text = "'http://one.test/debian/dists/bookworm/InRelease' one.test_debian_dists_bookworm_InRelease 0 \n\
                    'http://one.test/debian/dists/bookworm-updates/InRelease' one 0 \n\
                    'file:/media/two/dists/bookworm/InRelease' two 0 \nsomething else\n";
        assert_eq!(mirrors_of(text), ["http://one.test/debian", "file:/media/two"]);
    }
}
