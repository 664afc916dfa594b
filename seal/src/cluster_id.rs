//! The name that a data directory has for life.

use std::fmt;
use std::str::FromStr;

use platform::Entropy;

use crate::Error;

/// 16 random bytes that tell one installation from every other.
///
/// Every key depends on it, so that a file carried into another installation does not open there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId([u8; 16]);

impl ClusterId {
    /// Draws a new id.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// Returns the id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of this id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ClusterId {
    type Err = Error;

    /// Reads the 32 hexadecimal digits that [`fmt::Display`] writes.
    fn from_str(text: &str) -> Result<Self, Error> {
        let is_hexadecimal = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let id = u128::from_str_radix(text, 16)
            .ok()
            .filter(|_| is_hexadecimal);
        // The digits stand in reading order, so the first of them is the first byte.
        id.map(|id| Self(id.swap_bytes().to_le_bytes()))
            .ok_or_else(|| Error::Damaged {
                artefact: format!("cluster id {text:?}"),
                reason: "it is not 32 hexadecimal digits",
            })
    }
}

#[cfg(test)]
mod tests {
    use super::ClusterId;

    #[test]
    fn prints_and_parses_the_same_bytes() {
        let id = ClusterId::from_bytes(*b"0123456789abcdef");
        assert_eq!(id.to_string(), "30313233343536373839616263646566");
        assert_eq!(id.to_string().parse::<ClusterId>().unwrap(), id);
        assert!("30".parse::<ClusterId>().is_err());
        assert!(
            "+0313233343536373839616263646566"
                .parse::<ClusterId>()
                .is_err()
        );
    }
}
