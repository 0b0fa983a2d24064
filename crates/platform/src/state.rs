//! The state of a part of the machine as bytes, and the refusal of bytes that are none.
//!
//! A part derives `Serialize` and `Deserialize` as a whole, so that no field can be forgotten, and checks what it
//! takes back: the bytes may come from anywhere.

pub use iss::BadState;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The bytes of a state, in postcard's format.
pub fn encode<T: Serialize>(state: &T) -> Vec<u8> {
    // Fails for sequences whose length is not known beforehand, which nothing that is saved has.
    postcard::to_allocvec(state).expect("a state has a length")
}

/// The state that [`encode`] has made these bytes of. What its numbers mean is for the caller to check.
///
/// # Errors
/// Bytes that are not such a state, end early or go on after it.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BadState> {
    let (state, rest) = decode_first(bytes)?;
    BadState::unless(rest.is_empty(), "it is longer than it should be")?;
    Ok(state)
}

/// As [`decode`], of bytes that go on after the state; returns these as well.
pub(crate) fn decode_first<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), BadState> {
    postcard::take_from_bytes(bytes).map_err(|_| BadState::new("it is not what it should be"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_come_back() {
        let state = (7u64, vec![true, false], Some(-1i32));
        assert_eq!(decode(&encode(&state)), Ok(state));
    }

    #[test]
    fn the_end_of_a_state_is_where_it_should_be() {
        let bytes = encode(&vec![1u32, 2, 3]);
        for end in 0..bytes.len() {
            assert!(decode::<Vec<u32>>(&bytes[..end]).is_err(), "cut at {end}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(decode::<Vec<u32>>(&longer).is_err());
    }

    #[test]
    fn a_length_that_nothing_follows_takes_no_memory() {
        // A length of 2^63 elements: an allocation of that size would end the test.
        let bytes = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        assert!(decode::<Vec<u64>>(&bytes).is_err());
    }
}
