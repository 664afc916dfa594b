//! The numbers with which streams and connections end.

use wire::v1::RefusalCode;

/// Why a stream or connection is closed, as QUIC application error codes.
///
/// ```text
///   0 done         nothing is wrong
///   1 protocol     a frame that is malformed, too long, cut short or out of turn
///   2 denied       certificate, token or instance
///   3 overloaded   too many connections or batches, come again later
///   4 stopping     the server stops, come again soon
///   5 revoked      the collector was revoked
///   6 slow         the greeting, a batch or the reading of answers took too long
///   7 internal     the server failed
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Code {
    /// Nothing is wrong.
    Done = 0,
    /// A frame that is malformed, too long, cut short or out of turn.
    Protocol = 1,
    /// Certificate, token or instance.
    Denied = 2,
    /// Too many connections or batches.
    Overloaded = 3,
    /// The server stops.
    Stopping = 4,
    /// The collector was revoked.
    Revoked = 5,
    /// The peer took too long.
    Slow = 6,
    /// The server failed.
    Internal = 7,
}

impl From<RefusalCode> for Code {
    fn from(code: RefusalCode) -> Self {
        match code {
            RefusalCode::Invalid => Self::Protocol,
            RefusalCode::Denied => Self::Denied,
            RefusalCode::Overloaded => Self::Overloaded,
            RefusalCode::Unavailable => Self::Stopping,
            RefusalCode::Unknown => Self::Internal,
        }
    }
}
