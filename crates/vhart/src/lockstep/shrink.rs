//! Makes a program that differs small: leaves out what the difference does not need.
//!
//! Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input"), over kinds
//! of parts from the coarsest to the finest.

use std::collections::HashSet;

use super::random::{Part, Program};

/// The parts of `program` that are needed for `differs` to hold, which it does for all of them.
///
/// # Errors
/// Those of `differs`.
pub(crate) fn shrink(
    program: &Program,
    mut differs: impl FnMut(&HashSet<Part>) -> anyhow::Result<bool>,
) -> anyhow::Result<Vec<Part>> {
    let mut kept = program.parts();
    let kinds: [fn(&Part) -> bool; 4] = [
        |part| matches!(part, Part::Body(_)),
        |part| matches!(part, Part::Setting(..) | Part::Resume(_) | Part::Step(..)),
        |part| matches!(part, Part::Tables | Part::Leaf(_) | Part::Data(_)),
        |part| !matches!(part, Part::Data(_)),
    ];
    for kind in kinds {
        let bodies: HashSet<usize> = kept
            .iter()
            .filter_map(|part| match part {
                Part::Body(block) => Some(*block),
                _ => None,
            })
            .collect();
        // What is in a body goes with it.
        kept.retain(|part| match part {
            Part::Step(block, _) | Part::Resume(block) => bodies.contains(block),
            _ => true,
        });
        let (tried, fixed): (Vec<Part>, Vec<Part>) = kept.iter().partition(|part| kind(part));
        let needed = minimize(tried, |some| differs(&fixed.iter().chain(some).copied().collect()))?;
        let needed: HashSet<Part> = needed.into_iter().chain(fixed).collect();
        kept.retain(|part| needed.contains(part));
    }
    Ok(kept)
}

/// A part of `items` for which `holds`, as it does for all of them, but no longer when any one is left out.
///
/// # Errors
/// Those of `holds`.
fn minimize<T: Copy>(
    mut items: Vec<T>,
    mut holds: impl FnMut(&[T]) -> anyhow::Result<bool>,
) -> anyhow::Result<Vec<T>> {
    let mut size = items.len();
    while 0 < size {
        let before = items.len();
        let mut at = 0;
        while at < items.len() {
            let end = items.len().min(at + size);
            let without = [&items[..at], &items[end..]].concat();
            if holds(&without)? {
                items = without;
            } else {
                at = end;
            }
        }
        // What was needed before others went may not be needed now.
        if 1 < size || items.len() == before {
            size /= 2;
        }
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_needed_is_left() {
        let mut runs = 0;
        let needed = minimize((0..1000).collect(), |some| {
            runs += 1;
            Ok([17, 18, 700].iter().all(|item| some.contains(item)))
        });
        assert_eq!(needed.unwrap(), [17, 18, 700]);
        assert!(runs < 200, "{runs}");
    }

    #[test]
    fn nothing_is_left_where_nothing_is_needed() {
        assert!(minimize((0..9).collect::<Vec<u8>>(), |_| Ok(true)).unwrap().is_empty());
        assert_eq!(minimize(vec![1, 2, 3], |some| Ok(!some.is_empty())).unwrap(), [3]);
    }
}
