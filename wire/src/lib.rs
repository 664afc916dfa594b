//! What travels between a collector and the server: frames, batches, handshake, acknowledgements.
//!
//! Sans-io: bytes come in, values go out; no socket, no clock, no task.
//!
//! ```text
//!   QUIC stream: [ header 32 B | rkyv body ] [ header | body ] …
//!                   │ FrameDecoder (limits before allocation)
//!                   ▼
//!                 Frame ── kind Batch ──▶ BatchFrame::validate ──▶ BatchView (borrowed columns)
//!                       └─ other kinds ─▶ v1::Message::decode
//! ```
//!
//! A [`BatchFrame`] is what the log stores: the bytes as they came, header first, so that nothing is
//! serialised again between network and disk and every version can be told by its header.

mod batch;
mod builder;
mod error;
mod frame;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod limits;
mod pack;
mod text;
mod token;
pub mod v1;
mod view;

pub use batch::BatchFrame;
pub use builder::{ColumnBuilder, TableBuilder};
pub use error::Error;
pub use frame::{Frame, FrameDecoder, FrameHeader, FrameKind, HEADER_BYTES};
pub use limits::Limits;
pub use rkyv::util::AlignedVec;
pub use token::{Secret, Token, TokenKind};
pub use v1::Message;
pub use view::{
    BatchView, DictionaryView, FieldView, IntegersView, TableView, TagView, TextView, ValuesView,
};

/// The ALPN of the protocol; the number is its major version.
pub const ALPN: &[u8] = b"pganalytics/1";
