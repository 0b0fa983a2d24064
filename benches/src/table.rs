//! The table of times: medians, ratios and how they are printed.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// A program's times.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// What a reader should know of it.
    pub(crate) about: String,
    /// Retired on vhart.
    pub(crate) instructions: u64,
    /// Whether it does nothing but start, so that its time is not one of instructions.
    pub(crate) is_start: bool,
    /// User time of each simulator, vhart's first; `None` where it was not run.
    pub(crate) times: Vec<Option<Duration>>,
}

impl Row {
    /// How many times as fast as each peer vhart is.
    fn ratios(&self) -> impl Iterator<Item = Option<f64>> {
        let ours = self.times.first().copied().flatten();
        self.times.iter().skip(1).map(move |theirs| ratio(ours?, (*theirs)?))
    }

    /// The row as an object; `names` are the simulators.
    pub(crate) fn json(&self, names: &[&str]) -> Value {
        let by_name = |names: &[&str], values: Vec<Option<f64>>| {
            let pairs = names
                .iter()
                .zip(values)
                .filter_map(|(name, value)| Some(((*name).to_owned(), json!(value?))));
            pairs.collect::<Map<_, _>>()
        };
        let seconds = self.times.iter().map(|time| time.map(|time| time.as_secs_f64())).collect();
        json!({
            "name": self.name,
            "about": self.about,
            "instructions": self.instructions,
            "user_seconds": by_name(names, seconds),
            "times_as_fast_as": by_name(names.get(1..).unwrap_or_default(), self.ratios().collect()),
        })
    }
}

/// The middle one of `times`, or the mean of the two in the middle.
pub(crate) fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    let upper = *times.get(times.len() / 2)?;
    let lower = times[(times.len() - 1) / 2];
    Some((lower + upper) / 2)
}

/// How many times as fast as a peer we are, if our time is one that the host can measure.
fn ratio(ours: Duration, theirs: Duration) -> Option<f64> {
    (!ours.is_zero()).then(|| theirs.as_secs_f64() / ours.as_secs_f64())
}

/// What stands above the rows.
pub(crate) fn header(names: &[&str], runs: usize) -> String {
    let mut text = format!(
        "User time, median of {runs} in turn: nanoseconds an instruction, \
         then how many times as fast as the peer vhart is\n{:5} {:>12}",
        "", "instructions"
    );
    for name in names {
        let _ = write!(text, " {name:>9}");
    }
    for name in &names[1..] {
        let _ = write!(text, " {:>8}", format!("x {name}"));
    }
    text + "\n"
}

/// The line of a row.
pub(crate) fn line(row: &Row) -> String {
    let mut text = format!("{:5} {:>12}", row.name, row.instructions);
    for time in &row.times {
        let cell = match time {
            None => "-".to_owned(),
            Some(time) if row.is_start => format!("{:.1} ms", time.as_secs_f64() * 1e3),
            Some(time) => format!("{:.3}", time.as_secs_f64() * 1e9 / row.instructions as f64),
        };
        let _ = write!(text, " {cell:>9}");
    }
    for ratio in row.ratios() {
        let _ = write!(text, " {:>8}", ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}")));
    }
    format!("{text}  {}\n", row.about)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn row() -> Row {
        let times = vec![Some(MS(500)), None, Some(MS(250))];
        Row { name: "T1", about: "a loop".to_owned(), instructions: 100_000_000, is_start: false, times }
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![MS(9), MS(1), MS(2)]), Some(MS(2)));
        assert_eq!(median(vec![MS(9), MS(1), MS(2), MS(4)]), Some(MS(3)));
    }

    #[test]
    fn a_ratio_above_one_is_a_win() {
        assert_eq!(ratio(MS(10), MS(25)), Some(2.5));
        assert_eq!(ratio(MS(0), MS(25)), None);
    }

    #[test]
    fn columns_stand_below_their_names() {
        let header = header(&["vhart", "spike", "qemu"], 5);
        assert_eq!(
            header.lines().nth(1),
            Some("      instructions     vhart     spike      qemu  x spike   x qemu")
        );
        assert_eq!(
            line(&row()),
            "T1       100000000     5.000         -     2.500        -     0.50  a loop\n"
        );
        let start = Row { is_start: true, ..row() };
        assert_eq!(
            line(&start),
            "T1       100000000  500.0 ms         -  250.0 ms        -     0.50  a loop\n"
        );
    }

    #[test]
    fn json_leaves_out_what_was_not_run() {
        let value = row().json(&["vhart", "spike", "qemu"]);
        assert_eq!(value["user_seconds"], json!({"vhart": 0.5, "qemu": 0.25}));
        assert_eq!(value["times_as_fast_as"], json!({"qemu": 0.5}));
    }
}
