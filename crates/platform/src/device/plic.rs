//! The platform-level interrupt controller. RISC-V Platform-Level Interrupt Controller Specification.
//!
//! Contexts are M-mode then S-mode of each hart. Sources are levels: a source is pending while its wire is
//! high and no context has claimed it, so a completion with the wire still high makes it pending again.

use iss::{AccessFault, Width};
use serde::{Deserialize, Serialize};

use super::Device;
use crate::map::PLIC_SOURCES;
use crate::state::{self, BadState};

/// Sources and the reserved source 0, as rows of 32-bit registers.
const WORDS: u64 = (PLIC_SOURCES as u64 + 1).div_ceil(32);
/// Priorities run from 0, never, to 7.
const PRIORITY_MASK: u32 = 7;
/// The sources that exist, as a set.
const SOURCES: u128 = ((1 << (PLIC_SOURCES + 1)) - 1) & !1;

const PRIORITY: u64 = 0;
const PENDING: u64 = 0x1000;
const ENABLE: u64 = 0x2000;
const ENABLE_STRIDE: u64 = 0x80;
const CONTEXT: u64 = 0x20_0000;
const CONTEXT_STRIDE: u64 = 0x1000;
const END: u64 = 0x60_0000;

/// The privilege mode of a context.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ContextMode {
    /// Drives `mip.MEIP`.
    Machine,
    /// Drives `mip.SEIP`.
    Supervisor,
}

/// The interrupt controller. Sets of sources are bit sets, bit n for source n.
#[derive(Debug, Serialize, Deserialize)]
pub struct Plic {
    /// That of each source and, as zero, of the reserved source 0.
    priority: Box<[u32]>,
    level: u128,
    claimed: u128,
    contexts: Vec<Context>,
}

#[derive(Clone, Default, Debug, Serialize, Deserialize)]
struct Context {
    enabled: u128,
    threshold: u32,
}

/// A register behind an offset.
enum Register {
    Priority(usize),
    Pending { word: u64 },
    Enable { context: usize, word: u64 },
    Threshold { context: usize },
    Claim { context: usize },
}

impl Plic {
    /// With no source enabled.
    pub fn new(harts: usize) -> Plic {
        Plic {
            priority: vec![0; PLIC_SOURCES as usize + 1].into(),
            level: 0,
            claimed: 0,
            contexts: vec![Context::default(); harts.saturating_mul(2)],
        }
    }

    /// Raises or lowers the wire of a source, 1 to 95.
    pub fn set_level(&mut self, source: u32, high: bool) {
        if (1..=PLIC_SOURCES).contains(&source) {
            let bit = 1 << source;
            self.level = if high { self.level | bit } else { self.level & !bit };
        }
    }

    /// Whether a hart's external interrupt of this mode is pending.
    pub fn external_interrupt(&self, hart: usize, mode: ContextMode) -> bool {
        let index = hart.saturating_mul(2).saturating_add(usize::from(mode == ContextMode::Supervisor));
        let Some(context) = self.contexts.get(index) else { return false };
        self.best(context).is_some_and(|source| self.priority[source] > context.threshold)
    }

    fn pending(&self) -> u128 {
        self.level & !self.claimed
    }

    /// The enabled pending source with the highest priority above 0; the lowest of equals.
    fn best(&self, context: &Context) -> Option<usize> {
        let mut candidates = self.pending() & context.enabled;
        let mut best = None;
        while candidates != 0 {
            let source = candidates.trailing_zeros() as usize;
            candidates &= candidates - 1;
            let beaten = best.map_or(0, |best: usize| self.priority[best]);
            if self.priority[source] > beaten {
                best = Some(source);
            }
        }
        best
    }

    /// Takes the best source for a context; 0 if there is none. The threshold plays no part.
    fn claim(&mut self, context: usize) -> u64 {
        let best = self.contexts.get(context).and_then(|context| self.best(context));
        best.map_or(0, |source| {
            self.claimed |= 1 << source;
            tracing::trace!(context, source, "PLIC claim");
            source as u64
        })
    }

    /// Hears that a context has dealt with a source; ignored unless the source is enabled for it.
    fn complete(&mut self, context: usize, source: u64) {
        let enabled = self.contexts.get(context).map_or(0, |context| context.enabled);
        if source <= u64::from(PLIC_SOURCES) && enabled >> source & 1 != 0 {
            self.claimed &= !(1 << source);
            tracing::trace!(context, source, "PLIC complete");
        }
    }

    /// The register at `offset`; `None` where nothing is, which reads as zero.
    fn register(&self, offset: u64) -> Option<Register> {
        let register = match offset {
            PRIORITY..PENDING => Register::Priority((offset / 4) as usize),
            PENDING..ENABLE => Register::Pending { word: (offset - PENDING) / 4 },
            ENABLE..CONTEXT => Register::Enable {
                context: ((offset - ENABLE) / ENABLE_STRIDE) as usize,
                word: (offset - ENABLE) % ENABLE_STRIDE / 4,
            },
            CONTEXT..END => {
                let context = ((offset - CONTEXT) / CONTEXT_STRIDE) as usize;
                match (offset - CONTEXT) % CONTEXT_STRIDE {
                    0 => Register::Threshold { context },
                    4 => Register::Claim { context },
                    _ => return None,
                }
            }
            _ => return None,
        };
        let exists = match register {
            Register::Priority(source) => source < self.priority.len(),
            Register::Pending { word } => word < WORDS,
            Register::Enable { context, word } => word < WORDS && context < self.contexts.len(),
            Register::Threshold { context } | Register::Claim { context } => context < self.contexts.len(),
        };
        exists.then_some(register)
    }
}

/// Word `word` of a bit set.
fn word_of(set: u128, word: u64) -> u64 {
    (set >> (32 * word)) as u32 as u64
}

impl Device for Plic {
    fn reset(&mut self) {
        let Plic { level, contexts, .. } = self;
        let level = *level;
        *self = Plic::new(contexts.len() / 2);
        // The wires belong to the devices at their other ends.
        self.level = level;
    }

    fn load(&mut self, offset: u64, width: Width) -> Result<u64, AccessFault> {
        if width != Width::W || !offset.is_multiple_of(4) || offset >= END {
            return Err(AccessFault);
        }
        Ok(match self.register(offset) {
            Some(Register::Priority(source)) => self.priority[source].into(),
            Some(Register::Pending { word }) => word_of(self.pending(), word),
            Some(Register::Enable { context, word }) => word_of(self.contexts[context].enabled, word),
            Some(Register::Threshold { context }) => self.contexts[context].threshold.into(),
            Some(Register::Claim { context }) => self.claim(context),
            None => 0,
        })
    }

    fn store(&mut self, offset: u64, width: Width, value: u64) -> Result<(), AccessFault> {
        if width != Width::W || !offset.is_multiple_of(4) || offset >= END {
            return Err(AccessFault);
        }
        match self.register(offset) {
            // Source 0 means "no interrupt" and has no registers.
            Some(Register::Priority(1..)) => {
                self.priority[(offset / 4) as usize] = value as u32 & PRIORITY_MASK
            }
            Some(Register::Enable { context, word }) => {
                let enabled = &mut self.contexts[context].enabled;
                let others = *enabled & !(u128::from(u32::MAX) << (32 * word));
                *enabled = (others | u128::from(value as u32) << (32 * word)) & !1;
            }
            Some(Register::Threshold { context }) => {
                self.contexts[context].threshold = value as u32 & PRIORITY_MASK;
            }
            Some(Register::Claim { context }) => self.complete(context, value),
            Some(Register::Priority(0) | Register::Pending { .. }) | None => {}
        }
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        state::encode(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), BadState> {
        let state: Plic = state::decode(state)?;
        let same_shape =
            state.priority.len() == self.priority.len() && state.contexts.len() == self.contexts.len();
        BadState::unless(same_shape, "the interrupt controller has another number of harts or sources")?;
        let thresholds = state.contexts.iter().map(|context| context.threshold);
        let levels_exist =
            state.priority.iter().copied().chain(thresholds).all(|level| level <= PRIORITY_MASK);
        let sets = state.contexts.iter().map(|context| context.enabled).chain([state.level, state.claimed]);
        let sources_exist = state.priority[0] == 0 && sets.into_iter().all(|set| set & !SOURCES == 0);
        BadState::unless(
            levels_exist && sources_exist,
            "the interrupt controller has sources or priorities that do not exist",
        )?;
        *self = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const M0: u64 = 0;
    const S0: u64 = 1;

    crate::device::contract::contract!(
        Plic::new(2),
        [
            (4, Width::W),
            (40, Width::W),
            (0x1000, Width::W),
            (0x2000, Width::W),
            (0x2088, Width::W),
            (0x20_0000, Width::W),
            (0x20_0004, Width::W),
            (0x20_3000, Width::W)
        ]
    );

    fn write(plic: &mut Plic, offset: u64, value: u64) {
        plic.store(offset, Width::W, value).unwrap();
    }

    fn read(plic: &mut Plic, offset: u64) -> u64 {
        plic.load(offset, Width::W).unwrap()
    }

    /// A controller in which `sources` are enabled for `context` at their priorities.
    fn plic(context: u64, sources: &[(u64, u64)]) -> Plic {
        let mut plic = Plic::new(2);
        for (source, priority) in sources {
            write(&mut plic, 4 * source, *priority);
            let at = ENABLE + ENABLE_STRIDE * context + source / 32 * 4;
            let enabled = read(&mut plic, at);
            write(&mut plic, at, enabled | 1 << (source % 32));
        }
        plic
    }

    fn claim_register(context: u64) -> u64 {
        CONTEXT + CONTEXT_STRIDE * context + 4
    }

    #[test]
    fn a_context_drives_its_own_line_only() {
        let mut plic = plic(S0, &[(10, 1)]);
        plic.set_level(10, true);
        assert!(plic.external_interrupt(0, ContextMode::Supervisor));
        assert!(!plic.external_interrupt(0, ContextMode::Machine));
        assert!(!plic.external_interrupt(1, ContextMode::Supervisor));
        assert!(!plic.external_interrupt(usize::MAX, ContextMode::Supervisor));
    }

    #[test]
    fn claims_go_by_priority_then_number() {
        let mut plic = plic(M0, &[(3, 2), (40, 7), (41, 7), (95, 1)]);
        for source in [3, 40, 41, 95] {
            plic.set_level(source, true);
        }
        let claims: Vec<_> = (0..5).map(|_| read(&mut plic, claim_register(M0))).collect();
        assert_eq!(claims, [40, 41, 3, 95, 0]);
    }

    #[test]
    fn a_wire_still_high_at_completion_interrupts_again() {
        let mut plic = plic(M0, &[(10, 1)]);
        plic.set_level(10, true);
        assert_eq!(read(&mut plic, claim_register(M0)), 10);
        assert!(!plic.external_interrupt(0, ContextMode::Machine), "claimed");
        write(&mut plic, claim_register(M0), 10);
        assert!(plic.external_interrupt(0, ContextMode::Machine), "still high");
        assert_eq!(read(&mut plic, claim_register(M0)), 10);
        plic.set_level(10, false);
        write(&mut plic, claim_register(M0), 10);
        assert!(!plic.external_interrupt(0, ContextMode::Machine), "low");
    }

    #[test]
    fn completion_needs_the_source_enabled() {
        let mut plic = plic(M0, &[(10, 1)]);
        plic.set_level(10, true);
        assert_eq!(read(&mut plic, claim_register(M0)), 10);
        write(&mut plic, claim_register(S0), 10);
        write(&mut plic, claim_register(M0), 0xffff_ffff);
        assert!(!plic.external_interrupt(0, ContextMode::Machine));
    }

    #[test]
    fn the_threshold_masks_the_line_but_not_the_claim() {
        let mut plic = plic(M0, &[(10, 3)]);
        plic.set_level(10, true);
        write(&mut plic, CONTEXT, 3);
        assert!(!plic.external_interrupt(0, ContextMode::Machine));
        assert_eq!(read(&mut plic, PENDING), 1 << 10);
        assert_eq!(read(&mut plic, claim_register(M0)), 10);
    }

    #[test]
    fn priority_zero_never_interrupts() {
        let mut plic = plic(M0, &[(10, 0)]);
        plic.set_level(10, true);
        assert!(!plic.external_interrupt(0, ContextMode::Machine));
        assert_eq!(read(&mut plic, claim_register(M0)), 0);
    }

    #[test]
    fn source_zero_does_not_exist() {
        let mut plic = plic(M0, &[(0, 7)]);
        assert_eq!(read(&mut plic, 0), 0);
        assert_eq!(read(&mut plic, ENABLE), 0);
        plic.set_level(0, true);
        plic.set_level(96, true);
        assert_eq!(read(&mut plic, PENDING), 0);
    }
}
