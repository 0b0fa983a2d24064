use std::collections::BTreeSet;
use std::thread;

use proptest::collection::vec as vectors;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::*;

/// The pages that have bits in a copy of a log, of which `from` is the first.
fn pages_of(log: &[u64], from: u64) -> BTreeSet<u64> {
    let bits = (0..).zip(log).flat_map(|(index, word)| (0..64).map(move |bit| (index * 64 + bit, *word)));
    bits.filter(|(page, word)| word >> (page % 64) & 1 != 0).map(|(page, _)| from + page).collect()
}

/// What [`Dirty::read`] copies.
fn logged(dirty: &Dirty) -> BTreeSet<u64> {
    let mut log = vec![0; dirty.word_count()];
    dirty.read(&mut log).unwrap();
    pages_of(&log, 0)
}

/// What [`Dirty::take`] copies, and what it has protected.
fn take(dirty: &Dirty) -> (BTreeSet<u64>, Vec<Range<u64>>) {
    let mut log = vec![u64::MAX; dirty.word_count()];
    let mut protected = Vec::new();
    dirty.take(&mut log, |pages| protected.push(pages)).unwrap();
    (pages_of(&log, 0), protected)
}

/// For each 64 pages, those from the first to the last of a set.
fn spans(pages: &BTreeSet<u64>) -> Vec<Range<u64>> {
    let words: BTreeSet<u64> = pages.iter().map(|page| page / 64).collect();
    let span = |word: u64| {
        let mut of_word = pages.range(word * 64..word * 64 + 64);
        let first = *of_word.next().unwrap();
        first..of_word.last().unwrap_or(&first) + 1
    };
    words.into_iter().map(span).collect()
}

#[test]
fn what_is_taken_is_gone_and_protected_from_first_to_last() {
    let dirty = Dirty::new(200, false).unwrap();
    for page in [3, 9, 63, 128, 199] {
        dirty.mark(page);
    }
    assert_eq!(take(&dirty), (BTreeSet::from([3, 9, 63, 128, 199]), vec![3..64, 128..129, 199..200]));
    assert_eq!(take(&dirty), (BTreeSet::new(), vec![]));
}

#[test]
fn what_is_read_stays() {
    let dirty = Dirty::new(65, false).unwrap();
    dirty.mark(64);
    assert_eq!(logged(&dirty), BTreeSet::from([64]));
    assert_eq!(logged(&dirty), BTreeSet::from([64]));
}

#[test]
fn a_log_that_begins_full_has_no_bits_beyond_its_pages() {
    for pages in [0, 1, 63, 64, 65, 128, 130] {
        let dirty = Dirty::new(pages, true).unwrap();
        assert_eq!(logged(&dirty), (0..pages).collect());
        assert_eq!(dirty.word_count() as u64, pages.div_ceil(64));
    }
}

#[test]
fn pages_beyond_the_last_are_not_logged() {
    let dirty = Dirty::new(65, false).unwrap();
    for page in [65, 127, 128, u64::MAX] {
        dirty.mark(page);
    }
    assert_eq!(logged(&dirty), BTreeSet::new());
}

#[test]
fn a_log_for_which_there_is_no_memory_is_refused() {
    assert_eq!(Dirty::new(u64::MAX, false).unwrap_err(), Errno::ENOMEM);
}

#[test]
fn copies_must_have_a_word_for_each_64_pages() {
    let dirty = Dirty::new(65, true).unwrap();
    for length in [0, 1, 3] {
        let mut log = vec![7; length];
        assert_eq!(dirty.read(&mut log), Err(Errno::EINVAL));
        assert_eq!(dirty.take(&mut log, |pages| panic!("{pages:?}")), Err(Errno::EINVAL));
        assert_eq!(log, vec![7; length]);
    }
    assert_eq!(logged(&dirty).len(), 65);
}

#[test]
fn clearing_is_by_64_pages_or_to_the_end() {
    let dirty = Dirty::new(130, false).unwrap();
    let clear = |first, count, words| dirty.clear(first, count, &vec![u64::MAX; words], |_| ());
    for (first, count, words) in [(0, 64, 1), (64, 64, 1), (0, 130, 3), (128, 2, 1), (64, 66, 2), (0, 0, 0)] {
        assert_eq!(clear(first, count, words), Ok(()), "{count} from {first}");
    }
    let refused = [
        (1, 64, 1),
        (0, 63, 1),
        (64, 65, 2),
        (128, 1, 1),
        (128, 64, 1),
        (0, 192, 3),
        (192, 0, 0),
        (0, 64, 2),
        (0, 64, 0),
        (u64::MAX - 63, 64, 1),
        (64, u64::MAX - 63, 1),
    ];
    for (first, count, words) in refused {
        assert_eq!(clear(first, count, words), Err(Errno::EINVAL), "{count} from {first}");
    }
}

#[test]
fn marks_of_several_threads_are_each_taken_once() {
    let dirty = Dirty::new(1024, false).unwrap();
    let mut seen = Vec::new();
    thread::scope(|scope| {
        for first in 0..2 {
            let dirty = &dirty;
            scope.spawn(move || (first..1024).step_by(2).for_each(|page| dirty.mark(page)));
        }
        for _ in 0..100 {
            seen.extend(take(&dirty).0);
        }
    });
    seen.extend(take(&dirty).0);
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..1024));
}

/// Something to be done with a log.
#[derive(Clone, Debug)]
enum Step {
    Mark(u64),
    Take,
    Clear(u64, u64, Vec<u64>),
}

fn page() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0u64..300, 1 => any::<u64>()]
}

fn step() -> impl Strategy<Value = Step> {
    let aligned = |words: u64| (0..words).prop_map(|word| word * 64);
    let clear =
        (prop_oneof![aligned(6), page()], prop_oneof![aligned(6), page()], vectors(any::<u64>(), 0..6));
    let fitting = (aligned(5), aligned(5)).prop_flat_map(|(first, count)| {
        vectors(any::<u64>(), (count / 64) as usize).prop_map(move |log| Step::Clear(first, count, log))
    });
    prop_oneof![
        8 => page().prop_map(Step::Mark),
        1 => Just(Step::Take),
        2 => clear.prop_map(|(first, count, log)| Step::Clear(first, count, log)),
        2 => fitting,
    ]
}

proptest! {
    #[test]
    fn a_log_is_a_set_of_pages(pages in 0u64..300, all: bool, steps in vectors(step(), 0..60)) {
        let dirty = Dirty::new(pages, all).unwrap();
        let mut model: BTreeSet<u64> = if all { (0..pages).collect() } else { BTreeSet::new() };
        for step in steps {
            match step {
                Step::Mark(page) => {
                    dirty.mark(page);
                    model.extend(Some(page).filter(|page| *page < pages));
                }
                Step::Take => {
                    prop_assert_eq!(take(&dirty), (model.clone(), spans(&model)));
                    model.clear();
                }
                Step::Clear(first, count, log) => {
                    let mut protected = Vec::new();
                    let result = dirty.clear(first, count, &log, |pages| protected.push(pages));
                    let end = u128::from(first) + u128::from(count);
                    let is_to_the_end = end == u128::from(pages);
                    let is_right = first % 64 == 0
                        && end <= u128::from(pages)
                        && (count % 64 == 0 || is_to_the_end)
                        && log.len() as u64 == count.div_ceil(64);
                    prop_assert_eq!(result.is_ok(), is_right);
                    let wanted = if is_right { pages_of(&log, first) } else { BTreeSet::new() };
                    let cleared: BTreeSet<u64> = model.intersection(&wanted).copied().collect();
                    prop_assert_eq!(protected, spans(&cleared));
                    model.retain(|page| !cleared.contains(page));
                }
            }
            prop_assert_eq!(logged(&dirty), model.clone());
        }
        prop_assert!(model.iter().all(|page| *page < pages));
    }
}
