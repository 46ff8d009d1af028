//! The secret under which texts are hashed: HMAC-SHA-256, RFC 2104.
//!
//! A hash without a key would hide nothing: who knows what e-mail addresses look like can hash all
//! of them and compare.

use std::fmt;

use sha2::{Digest, Sha256};

/// A secret key.
#[derive(Clone)]
pub struct HashKey {
    /// What has been hashed of both paddings, so that a text costs no more than its own length.
    inner: Sha256,
    outer: Sha256,
    mark: String,
}

/// A key that could be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key has {found} bytes, and fewer than {least} can be guessed", least = HashKey::LEAST_BYTES)]
pub struct WeakHashKey {
    /// Bytes of the key.
    pub found: usize,
}

impl HashKey {
    /// The fewest bytes of a key.
    pub const LEAST_BYTES: usize = 16;
    const BLOCK_BYTES: usize = 64;

    /// Takes a key's bytes, all of them.
    pub fn new(key: &[u8]) -> Result<Self, WeakHashKey> {
        if key.len() < Self::LEAST_BYTES {
            return Err(WeakHashKey { found: key.len() });
        }
        Ok(Self::of_any_length(key))
    }

    fn of_any_length(key: &[u8]) -> Self {
        let hashed = (key.len() > Self::BLOCK_BYTES).then(|| Sha256::digest(key));
        let key = hashed.as_ref().map_or(key, |hashed| hashed.as_slice());
        let padded = |pad: u8| {
            let mut block = [pad; Self::BLOCK_BYTES];
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            Sha256::new_with_prefix(block)
        };
        let mut key = Self { inner: padded(0x36), outer: padded(0x5c), mark: String::new() };
        let mut mark = Vec::with_capacity(64);
        key.append_hex(b"tarn: the mark of this key", &mut mark);
        key.mark = mark.iter().take(16).copied().map(char::from).collect();
        key
    }

    /// Tells keys apart without telling them: 64 bits of a hash under the key.
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// Appends the hash of a text as 64 hexadecimal digits.
    pub fn append_hex(&self, text: &[u8], out: &mut Vec<u8>) {
        let inner = self.inner.clone().chain_update(text).finalize();
        let hash = self.outer.clone().chain_update(inner).finalize();
        let digit = |number: u8| if number < 10 { b'0' + number } else { b'a' + number - 10 };
        out.extend(hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
    }
}

/// Secrets are not shown.
impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(key: &[u8], text: &[u8]) -> String {
        let mut out = Vec::new();
        HashKey::of_any_length(key).append_hex(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// The test cases 1, 2, 3 and 6 of RFC 4231.
    #[test]
    fn hashes_are_those_of_the_standard() {
        for (key, text, wanted) in [
            (
                &[0x0b; 20][..],
                &b"Hi There"[..],
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex(key, text), wanted);
        }
    }

    #[test]
    fn a_key_that_can_be_guessed_is_refused_and_none_is_shown() {
        assert_eq!(HashKey::new(b"secret").unwrap_err(), WeakHashKey { found: 6 });
        assert_eq!(format!("{:?}", HashKey::new(b"sixteen bytes ok").unwrap()), "HashKey(..)");
    }

    #[test]
    fn keys_are_told_apart_by_their_marks() {
        let mark = |key: &[u8]| HashKey::new(key).unwrap().mark().to_owned();
        assert_eq!(mark(b"sixteen bytes ok"), mark(b"sixteen bytes ok"));
        assert_ne!(mark(b"sixteen bytes ok"), mark(b"sixteen bytes no"));
        assert_eq!(mark(b"sixteen bytes ok").len(), 16);
    }
}
