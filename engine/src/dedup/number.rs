//! The number of a batch, and the binding of its log record.

use wire::BatchView;

/// What a batch is known by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct BatchNumber {
    /// Who sent it.
    pub(crate) collector: String,
    /// The incarnation of its spool.
    pub(crate) epoch: u64,
    /// The number within the epoch.
    pub(crate) sequence: u64,
}

impl BatchNumber {
    /// Returns the number of a batch, if it is numbered.
    pub(crate) fn of(batch: &BatchView<'_>) -> Option<Self> {
        (batch.epoch() != 0).then(|| Self {
            collector: batch.collector().into(),
            epoch: batch.epoch(),
            sequence: batch.sequence(),
        })
    }

    /// Returns the 32 bytes that bind a log record to this number.
    ///
    /// ```text
    ///  offset  bytes  field
    ///       0      8  epoch
    ///       8      8  sequence
    ///      16     16  FNV-1a, 128 bits, of the collector's name
    /// ```
    pub(crate) fn binding(&self) -> [u8; 32] {
        let mut binding = [0; 32];
        let name = fnv1a(self.collector.as_bytes()).to_le_bytes();
        let (epoch, sequence) = (self.epoch.to_le_bytes(), self.sequence.to_le_bytes());
        let bytes = epoch.iter().chain(&sequence).chain(&name);
        binding
            .iter_mut()
            .zip(bytes)
            .for_each(|(slot, byte)| *slot = *byte);
        binding
    }
}

/// Returns the FNV-1a hash of some bytes.
///
/// It only has to spread: the record is authenticated by its seal, and the name stands in its body.
///
/// **Source:** Fowler, Noll, Vo, "The FNV Non-Cryptographic Hash Algorithm", RFC 9923.
fn fnv1a(bytes: &[u8]) -> u128 {
    bytes.iter().fold(FNV_OFFSET, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(FNV_PRIME)
    })
}

const FNV_OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const FNV_PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

#[cfg(test)]
mod tests {
    use super::{BatchNumber, fnv1a};

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(fnv1a(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }

    #[test]
    fn different_numbers_bind_differently() {
        let number = |collector: &str, epoch, sequence| {
            let collector = collector.into();
            BatchNumber {
                collector,
                epoch,
                sequence,
            }
            .binding()
        };
        assert_ne!(number("c", 1, 2), number("c", 2, 1));
        assert_ne!(number("c", 1, 2), number("d", 1, 2));
    }
}
