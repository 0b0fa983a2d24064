//! What the translation cache remembers, as something that can be kept: the banks in their order, which decides with
//! [`Bank::learnt`] who makes room.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{BANKS, Bank, Context, DATA_PAGES, FETCH_PAGES, Pages, Tlb};
use crate::mmu::Translation;
use crate::state::{BadState, COUNT_MAX};
use crate::variant::TlbPolicy;

/// What the translation cache remembers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct TlbState {
    banks: Vec<BankState>,
    clock: u64,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct BankState {
    context: Context,
    learnt: u64,
    data: Vec<(u64, Translation)>,
    fetch: Vec<(u64, Translation)>,
}

impl Tlb {
    /// What is remembered. The bank that was looked at last is not: it only shortens the next look.
    pub(crate) fn save(&self) -> TlbState {
        let Tlb { policy: _, banks, current: _, clock } = self;
        let sorted = |half: &Pages| {
            let mut pages = half.all();
            pages.sort_unstable_by_key(|(page, _)| *page);
            pages
        };
        let banks = banks.iter().map(|Bank { context, learnt, data, fetch }| BankState {
            context: *context,
            learnt: *learnt,
            data: sorted(data),
            fetch: sorted(fetch),
        });
        TlbState { banks: banks.collect(), clock: *clock }
    }

    /// A cache that remembers this; refused where no walks can have led to it.
    pub(crate) fn restored(policy: TlbPolicy, state: &TlbState) -> Result<Tlb, BadState> {
        let TlbState { banks, clock } = state;
        let most = match policy {
            TlbPolicy::None => 0,
            TlbPolicy::Exact => BANKS,
            TlbPolicy::Sticky => usize::MAX,
        };
        let mut contexts = HashSet::new();
        let differ = banks.iter().all(|bank| contexts.insert(bank.context));
        let exist = banks.iter().all(|bank| bank.context.bits() >> Context::BITS == 0);
        let past = *clock <= COUNT_MAX && banks.iter().all(|bank| bank.learnt <= *clock);
        BadState::unless(
            banks.len() <= most && differ && exist && past,
            "the translation cache has contexts that cannot be",
        )?;
        let bank = |bank: &BankState| {
            Ok(Bank {
                context: bank.context,
                learnt: bank.learnt,
                data: Pages::restored(Pages::new(policy, DATA_PAGES), &bank.data)?,
                fetch: Pages::restored(Pages::new(policy, FETCH_PAGES), &bank.fetch)?,
            })
        };
        let banks = banks.iter().map(bank).collect::<Result<_, BadState>>()?;
        Ok(Tlb { policy, banks, current: 0, clock: *clock })
    }
}

impl Pages {
    fn restored(mut pages: Pages, state: &[(u64, Translation)]) -> Result<Pages, BadState> {
        for (page, translation) in state {
            let is_possible = translation.is_possible() && pages.insert(*page, *translation).is_none();
            BadState::unless(is_possible, "the translation cache has a translation that cannot be")?;
        }
        Ok(pages)
    }
}

#[cfg(test)]
mod tests {
    use isa::paging::Pte;

    use super::*;
    use crate::mmu::Leaf;
    use crate::observe::AccessKind;

    /// A translation of the page at `page` in the physical address space.
    fn translation(page: u64) -> Translation {
        let pte = Pte(Pte::V.mask() | Pte::R.mask() | Pte::A.mask() | (page >> 2));
        Translation { page, gpa: 0, first: Some(Leaf { pte, size_bits: 12 }), guest: None }
    }

    /// A cache that is full of contexts.
    fn full(policy: TlbPolicy) -> Tlb {
        let mut tlb = Tlb::new(policy);
        // Every second one learns again, so that the oldest is not the first.
        for n in (0..BANKS as u64).chain((0..BANKS as u64).step_by(2)) {
            for (kind, page) in [(AccessKind::Load, n), (AccessKind::Fetch, n + 1000)] {
                tlb.fill(Context(n), kind, page, translation(0x8000_0000), |_| ());
            }
        }
        tlb
    }

    #[test]
    fn what_makes_room_is_the_same_after_all() {
        for policy in [TlbPolicy::Exact, TlbPolicy::Sticky] {
            let mut tlb = full(policy);
            let mut restored = Tlb::restored(policy, &tlb.save()).unwrap();
            assert_eq!(restored.save(), tlb.save());
            for n in 100..110 {
                let mut told = [vec![], vec![]];
                for (tlb, told) in [&mut tlb, &mut restored].into_iter().zip(&mut told) {
                    tlb.fill(Context(n), AccessKind::Load, n, translation(0), |what| told.push(what));
                }
                assert_eq!(told[0], told[1]);
            }
            assert_eq!(restored.save(), tlb.save());
        }
    }

    #[test]
    fn forgetting_some_pages_leaves_the_others_where_they_are() {
        let mut pages = Pages::new(TlbPolicy::Exact, 8);
        for page in 0..8 {
            assert_eq!(pages.insert(page, translation(page << 12)), None);
        }
        let mut told = Vec::new();
        pages.forget(|page, _| page % 3 != 1, |page| told.push(page));
        told.sort_unstable();
        assert_eq!(told, [0, 2, 3, 5, 6]);
        for page in 0..8 {
            assert_eq!(pages.get(page).map(|t| t.page), (page % 3 == 1).then_some(page << 12), "{page}");
        }
        assert_eq!(pages.insert(9, translation(0x9000)), Some(1), "page 1 has the place");
        assert_eq!(pages.insert(10, translation(0xa000)), None, "page 2 has left it");
        assert_eq!(
            [9, 10, 4].map(|page| pages.get(page).map(|t| t.page)),
            [0x9000, 0xa000, 0x4000].map(Some)
        );
    }

    #[test]
    fn what_no_walk_leads_to_is_refused() {
        let refused = |policy, change: fn(&mut TlbState)| {
            let mut state = full(TlbPolicy::Exact).save();
            change(&mut state);
            Tlb::restored(policy, &state).is_err()
        };
        let exact = TlbPolicy::Exact;
        assert!(!refused(exact, |_| ()) && !refused(TlbPolicy::Sticky, |_| ()));
        assert!(refused(TlbPolicy::None, |_| ()), "it remembers nothing");
        assert!(
            refused(exact, |state| state.banks.push(state.banks[0].clone())),
            "a context that is there twice"
        );
        assert!(refused(exact, |state| state.banks[0].context = Context(1 << Context::BITS)));
        assert!(refused(exact, |state| state.banks[0].learnt = state.clock + 1), "it learns in the future");
        assert!(refused(exact, |state| state.clock = u64::MAX));
        assert!(
            refused(exact, |state| state.banks[0].data.push((DATA_PAGES as u64, translation(0)))),
            "a place that is taken"
        );
        assert!(refused(exact, |state| state.banks[0].fetch[0].1.page = 0x8000_0800));
        assert!(refused(exact, |state| state.banks[0].fetch[0].1.page = 1 << 56));
        assert!(
            !refused(exact, |state| state.banks[0].data[0].1.first = None),
            "the first stage may be Bare"
        );
        for leaf in [
            Leaf { pte: Pte(0), size_bits: 12 },
            Leaf { pte: translation(0).first.unwrap().pte, size_bits: 64 },
        ] {
            let mut state = full(exact).save();
            state.banks[0].data[0].1.guest = Some(leaf);
            assert!(Tlb::restored(exact, &state).is_err(), "{leaf:?}");
        }
    }
}
