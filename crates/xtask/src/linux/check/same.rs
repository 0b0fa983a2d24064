//! The same inputs make the same run.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{Context, Outcome};
use crate::linux::boot::{Boot, Simulator};

/// What must be the same.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Trail {
    /// Retired by each hart.
    pub(super) instructions: Vec<u64>,
    /// All that was printed by the machine.
    pub(super) console: String,
}

/// Two runs of a boot on 2 harts retire the same instructions and print the same.
pub(super) fn two_runs(context: &Context) -> Result<Outcome> {
    let runs = ["first", "second"].map(|name| {
        let mut command = Boot::usual(context.software, 2, "off")?.command(Simulator::Vhart);
        let run = context.run(&format!("same-{name}"), command.arg("--stats=json"), &[])?;
        Trail::parse(&run.text)
    });
    let [first, second] = runs;
    let (first, second) = (first?, second?);
    ensure!(
        first.instructions == second.instructions,
        "{:?}, then {:?}",
        first.instructions,
        second.instructions
    );
    ensure!(first.console == second.console, "the consoles differ; see same-first.log and same-second.log");
    Ok(Outcome::Passed(format!("{} instructions by the harts, each time", first.list())))
}

impl Trail {
    /// Of the outputs of a run with `--stats=json`.
    pub(super) fn parse(text: &str) -> Result<Trail> {
        let stats = text.lines().enumerate().find_map(|(at, line)| {
            let stats = serde_json::from_str::<Value>(line).ok()?;
            let harts = stats.get("instructions")?.as_array()?.iter().map(Value::as_u64);
            Some((at, harts.collect::<Option<Vec<u64>>>()?))
        });
        let (at, instructions) = stats.context("vhart has not counted instructions")?;
        let console = text.lines().take(at).map(|line| format!("{line}\n")).collect();
        Ok(Trail { instructions, console })
    }

    /// The numbers of instructions, for a reader.
    pub(super) fn list(&self) -> String {
        self.instructions.iter().map(u64::to_string).collect::<Vec<_>>().join(" and ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_after_the_console() {
        let trail = Trail::parse("one\n7\ntwo\n{\"instructions\":[5,6],\"wall\":1.5}\n").unwrap();
        assert_eq!(trail, Trail { instructions: vec![5, 6], console: "one\n7\ntwo\n".to_owned() });
        assert!(Trail::parse("one\n").is_err());
    }
}
