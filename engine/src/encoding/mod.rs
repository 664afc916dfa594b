//! How the values of a page become bytes, and back.
//!
//! A page holds up to some thousand rows of one column. Its null rows are left out, and what is
//! left goes through whichever encoding makes it smallest at the [`Effort`] that is allowed; encodings
//! nest, so that the lengths of runs, the differences of times and the codes of a dictionary are
//! encoded again. zstd goes on top where it pays.
//!
//! ```text
//!   Column ─▶ page ─┬─ validity ─▶ bits
//!                   └─ values ───▶ integers ─▶ runs, frame, delta, divisor, dictionary, plain …
//!                                  floats ───▶ alp ─▶ integers
//!                                  texts ────▶ dictionary ─▶ integers
//! ```
//!
//! **Invariant:** a decoder is total. Any bytes give values or [`Damage`]; none panics, and none
//! allocates more than the number of rows that its caller asks for allows.
//!
//! The formats are written down in `docs/internals/encodings.md`.

mod alp;
mod bit_stream;
mod bits;
mod choose;
mod classes;
mod clock;
mod code;
mod compress;
mod constant;
mod delta;
mod dictionary;
mod divisor;
mod effort;
mod entropy;
mod floats;
mod frame;
mod frequencies;
mod given;
mod input;
mod integers;
mod lookup;
mod numbering;
mod packing;
mod page;
mod plain;
mod planes;
mod profile;
mod runs;
mod sample;
mod step;
mod tally;
mod tans;
mod texts;
mod window;

pub use code::Encoding;
pub(crate) use compress::{compress, decompress};
pub use effort::Effort;
pub(crate) use input::{Input, push_count};
pub(crate) use integers::{decode as decode_integers, encode as encode_integers};
pub(crate) use numbering::Numbering;
pub use page::{EncodedPage, PageEncoder, decode_page};
pub(crate) use page::{
    decode_column, decode_given, decode_integers_through, encode_column, encode_given, reference_of,
};
pub(crate) use step::between;
pub(crate) use texts::TEXT_BYTES_MAX;

/// Why bytes are not an encoded page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Damage(pub(crate) &'static str);

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
