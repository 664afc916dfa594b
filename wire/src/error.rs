//! What can be wrong with bytes from the network.

use schema::ErrorKind as Kind;

/// A frame, batch or token that is not believed.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The first bytes are not a frame header of ours.
    #[error("not a pgAnalytics frame: magic {actual:#010x}")]
    Magic {
        /// What stood where the magic number belongs.
        actual: u32,
    },
    /// A version this side does not speak.
    #[error(
        "frame version {actual} is not supported, this side speaks {expected}: upgrade the older side"
    )]
    Version {
        /// The version of this side.
        expected: u16,
        /// The version of the frame.
        actual: u16,
    },
    /// A kind that does not exist, or that does not belong on this stream.
    #[error("frame kind {actual} is not expected here")]
    FrameKind {
        /// The number in the header.
        actual: u16,
    },
    /// A body that is longer than allowed.
    #[error(
        "the frame's body of {actual} bytes exceeds the limit of {limit}: send smaller batches"
    )]
    FrameBytes {
        /// The length in the header.
        actual: u64,
        /// The limit for its kind.
        limit: u64,
    },
    /// The stream ended inside a frame.
    #[error("the stream ended {missing} bytes before the end of a frame")]
    Truncated {
        /// How many bytes did not come.
        missing: u64,
    },
    /// The body's structure is broken.
    #[error("the frame's body is malformed: {reason}")]
    Malformed {
        /// What the validation says.
        reason: String,
    },
    /// The body is well formed, but its contents contradict each other.
    #[error("table {table:?}, column {column:?}: {reason}")]
    Column {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// What is wrong.
        reason: String,
    },
    /// More of something than a batch may have.
    #[error("the batch has {actual} {what}, the limit is {limit}: send smaller batches")]
    Limit {
        /// Rows, tables or columns.
        what: &'static str,
        /// How many there are.
        actual: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A name that is not allowed.
    #[error(transparent)]
    Schema(#[from] schema::Error),
    /// A text that is not a token of ours.
    #[error("the token is not readable: copy it whole, it begins with pga_")]
    Token,
}

impl Error {
    /// Returns what the caller should do: always to send something else.
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}
