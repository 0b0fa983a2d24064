//! What the translation cache remembers, as something that can be kept: the banks in their order, which decides with
//! [`Bank::learnt`] who makes room.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{BANKS, Bank, Context, Pages, Tlb};
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
                data: Pages::restored(policy, &bank.data)?,
                fetch: Pages::restored(policy, &bank.fetch)?,
            })
        };
        let banks = banks.iter().map(bank).collect::<Result<_, BadState>>()?;
        Ok(Tlb { policy, banks, current: 0, clock: *clock })
    }
}

impl Pages {
    fn restored(policy: TlbPolicy, state: &[(u64, Translation)]) -> Result<Pages, BadState> {
        let mut pages = Pages::new(policy);
        for (page, translation) in state {
            let is_possible = translation.is_possible() && pages.insert(*page, *translation).is_none();
            BadState::unless(is_possible, "the translation cache has a translation that cannot be")?;
        }
        Ok(pages)
    }
}
