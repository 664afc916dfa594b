//! How the values of a page become bytes, and back.
//!
//! A page holds up to some thousand rows of one column. Its null rows are left out, and what is
//! left goes through whichever encoding makes it smallest; encodings nest, so that the lengths of
//! runs, the differences of times and the codes of a dictionary are encoded again. zstd goes on top
//! where it pays.
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
mod bits;
mod choose;
mod code;
mod compress;
mod constant;
mod delta;
mod dictionary;
mod divisor;
mod floats;
mod frame;
mod input;
mod integers;
mod packing;
mod page;
mod plain;
mod planes;
mod runs;
mod step;
mod texts;

pub use code::Encoding;
pub(crate) use compress::{compress, decompress};
pub(crate) use input::{Input, push_count};
pub(crate) use integers::{decode as decode_integers, encode as encode_integers};
pub(crate) use page::{EncodedPage, PageEncoder, decode_column, decode_page, encode_column};
pub(crate) use step::between;
pub(crate) use texts::TEXT_BYTES_MAX;

/// Why bytes are not an encoded page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Damage(pub(crate) &'static str);

#[cfg(test)]
mod tests;
