//! Integers: the encoding's number, then its bytes.
//!
//! ```text
//!  offset bytes
//!       0     1  number of the encoding
//!       1     ?  its bytes; each encoding knows from the number of rows where it ends
//! ```

use super::choose::{self, Choice};
use super::{
    Damage, Encoding, Input, constant, delta, dictionary, divisor, frame, plain, runs, step,
};

/// How deep an encoding lies within others; bounds the work of choosing and the stack of decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Depth(u8);

impl Depth {
    /// Not within another.
    pub(crate) const TOP: Self = Self(0);
    /// The deepest, which nests no further.
    pub(crate) const MAX: Self = Self(4);

    /// Returns the depth of what nests in this one.
    pub(crate) const fn below(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Encodes integers the smallest way that is found, and returns which.
pub(crate) fn encode(values: &[i64], out: &mut Vec<u8>) -> Encoding {
    encode_nested(values, Depth::TOP, out)
}

/// Decodes `rows` integers.
pub(crate) fn decode(input: &mut Input<'_>, rows: usize) -> Result<Vec<i64>, Damage> {
    decode_nested(input, rows, Depth::TOP)
}

pub(super) fn encode_nested(values: &[i64], depth: Depth, out: &mut Vec<u8>) -> Encoding {
    let choices = choose::choose(values, depth);
    if let [choice] = choices.as_slice() {
        write(values, choice, depth, out);
        return choice.encoding();
    }
    let written = choices
        .iter()
        .map(|choice| (choice.encoding(), written(values, choice, depth)));
    let smallest = written.min_by_key(|(_, bytes)| bytes.len());
    let (encoding, bytes) = smallest.expect("a choice leaves at least one encoding");
    out.extend_from_slice(&bytes);
    encoding
}

/// Returns integers encoded the way that was chosen.
pub(super) fn written(values: &[i64], choice: &Choice, depth: Depth) -> Vec<u8> {
    let mut out = Vec::new();
    write(values, choice, depth, &mut out);
    out
}

fn write(values: &[i64], choice: &Choice, depth: Depth, out: &mut Vec<u8>) {
    out.push(choice.encoding().code());
    match choice {
        Choice::Plain => plain::encode(values, out),
        Choice::Constant { value } => constant::encode(*value, out),
        Choice::Step { first, step } => step::encode(*first, *step, out),
        Choice::Runs => runs::encode(values, depth, out),
        Choice::Frame => frame::encode(values, out),
        Choice::Delta => delta::encode(values, depth, out),
        Choice::Divisor { divisor } => divisor::encode(values, *divisor, depth, out),
        Choice::Dictionary { distinct } => dictionary::encode(values, distinct, depth, out),
    }
}

pub(super) fn decode_nested(
    input: &mut Input<'_>,
    rows: usize,
    depth: Depth,
) -> Result<Vec<i64>, Damage> {
    let mut values = Vec::new();
    decode_into(input, rows, depth, &mut values)?;
    Ok(values)
}

/// Decodes `rows` integers and appends them.
pub(super) fn decode_into(
    input: &mut Input<'_>,
    rows: usize,
    depth: Depth,
    out: &mut Vec<i64>,
) -> Result<(), Damage> {
    if depth > Depth::MAX {
        return Err(Damage("encodings are nested too deep"));
    }
    match Encoding::from_code(input.u8()?)? {
        Encoding::Plain => plain::decode(input, rows, out),
        Encoding::Constant => constant::decode(input, rows, out),
        Encoding::Step => step::decode(input, rows, out),
        Encoding::Runs => runs::decode(input, rows, depth, out),
        Encoding::Frame => frame::decode(input, rows, out),
        Encoding::Delta => delta::decode(input, rows, depth, out),
        Encoding::Divisor => divisor::decode(input, rows, depth, out),
        Encoding::Dictionary => dictionary::decode(input, rows, depth, out),
        Encoding::Alp | Encoding::Planes | Encoding::Nulls => {
            Err(Damage("integers are not encoded this way"))
        }
    }
}
