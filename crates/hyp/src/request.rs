//! What others ask of a virtual hart, which does it before it runs on.

use crate::sync::{AtomicU32, Ordering};

/// Something that is asked of a virtual hart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Request {
    /// To stop until it is started.
    Sleep = 1 << 0,
    /// To start from what the starter has left.
    Reset = 1 << 1,
    /// To fetch what has been stored.
    FenceI = 1 << 2,
    /// To carry out the fences in its queue.
    Fences = 1 << 3,
    /// To forget all VS-stage translations.
    FenceAll = 1 << 4,
    /// To write its record of stolen time.
    StolenTime = 1 << 5,
}

/// A set of requests, which anybody adds to and the virtual hart takes from.
#[derive(Default, Debug)]
pub struct Requests(AtomicU32);

impl Requests {
    /// Adds a request.
    pub fn add(&self, request: Request) {
        self.0.fetch_or(request as u32, Ordering::SeqCst);
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }

    /// Takes a request, and says whether it was there.
    pub fn take(&self, request: Request) -> bool {
        let bit = request as u32;
        self.0.load(Ordering::SeqCst) & bit != 0 && self.0.fetch_and(!bit, Ordering::SeqCst) & bit != 0
    }

    /// Forgets all.
    #[cfg(test)]
    pub(crate) fn clear(&self) {
        self.0.store(0, Ordering::SeqCst);
    }

    /// Whether a request is there.
    #[cfg(test)]
    pub(crate) fn has(&self, request: Request) -> bool {
        self.0.load(Ordering::SeqCst) & request as u32 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_taken_once() {
        let requests = Requests::default();
        requests.add(Request::Reset);
        requests.add(Request::Sleep);
        assert!(requests.take(Request::Reset));
        assert!(!requests.take(Request::Reset));
        assert!(requests.has(Request::Sleep) && !requests.is_empty());
        assert!(requests.take(Request::Sleep) && requests.is_empty());
    }
}
