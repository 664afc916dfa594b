//! What goes into the log and what comes out of it.

use std::fmt;

use schema::{Lsn, Timestamp};

/// 32 bytes that say whose payload it is, sealed with it and given back with it.
///
/// A server binds a payload to (collector, epoch, sequence), so that it cannot be passed off as
/// another's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Binding(pub [u8; 32]);

/// A payload as it comes out of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it stands.
    pub lsn: Lsn,
    /// The position behind it: replaying `from` here begins with the record after this one.
    pub next: Lsn,
    /// When its group was committed; never less than an earlier record's.
    pub commit_time: Timestamp,
    /// Whose it is.
    pub binding: Binding,
    /// The payload, as it was given.
    pub payload: Vec<u8>,
}

/// What is known of a payload once it is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durable {
    /// Where it stands.
    pub lsn: Lsn,
    /// The position behind it.
    pub next: Lsn,
    /// When it was committed: a restore "at T" holds it when this is not after T.
    pub commit_time: Timestamp,
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may name a collector, which is sealed on disk and stays out of messages too.
        f.write_str("Binding(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Binding;

    #[test]
    fn s1_debug_shows_nothing_of_a_binding() {
        let binding = Binding(*b"the collector named orders-prod.");
        assert_eq!(format!("{binding:?}"), "Binding(..)");
    }
}
