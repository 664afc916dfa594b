//! Integers: the encoding's number, then its bytes.
//!
//! ```text
//!  offset bytes
//!       0     1  number of the encoding
//!       1     ?  its bytes; each encoding knows from the number of rows where it ends
//! ```

use super::choose::{self, Choice, Differences};
use super::effort::{Effort, Nesting};
use super::{
    Damage, Encoding, Input, clock, constant, delta, dictionary, divisor, entropy, frame, plain,
    runs, step,
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

/// Takes the values of some rows, which come in order.
pub(crate) type Take<'a> = dyn FnMut(&[i64]) + 'a;

/// Encodes integers and returns how.
pub(crate) fn encode(values: &[i64], effort: Effort, out: &mut Vec<u8>) -> Encoding {
    encode_nested(values, Nesting::top(effort), out)
}

/// Decodes `rows` integers.
pub(crate) fn decode(input: &mut Input<'_>, rows: usize) -> Result<Vec<i64>, Damage> {
    decode_nested(input, rows, Depth::TOP)
}

pub(super) fn encode_nested(values: &[i64], nesting: Nesting, out: &mut Vec<u8>) -> Encoding {
    let choice = choose::choose(values, nesting);
    encode_as(values, choice, nesting, out)
}

pub(super) fn encode_differences(
    differences: Differences,
    nesting: Nesting,
    out: &mut Vec<u8>,
) -> Encoding {
    let (values, choice) = choose::choose_again(differences, nesting);
    encode_as(&values, choice, nesting, out)
}

fn encode_as(values: &[i64], choice: Choice, nesting: Nesting, out: &mut Vec<u8>) -> Encoding {
    let (start, encoding) = (out.len(), choice.encoding());
    write(values, choice, nesting, out);
    // The choice was made by a sample; what it did not show costs at most as much as plain values.
    if out.len() - start <= 1 + values.len() * 8 || encoding == Encoding::Plain {
        return encoding;
    }
    out.truncate(start);
    write(values, Choice::Plain, nesting, out);
    Encoding::Plain
}

pub(super) fn write(values: &[i64], choice: Choice, nesting: Nesting, out: &mut Vec<u8>) {
    out.push(choice.encoding().code());
    match choice {
        Choice::Plain => plain::encode(values, out),
        Choice::Constant { value } => constant::encode(value, out),
        Choice::Step { first, step } => step::encode(first, step, out),
        Choice::Runs => runs::encode(values, nesting, out),
        Choice::Frame => frame::encode(values, out),
        Choice::Delta(known) => delta::encode(values, known, nesting, out),
        Choice::Divisor { divisor } => divisor::encode(values, divisor, nesting, out),
        Choice::Dictionary(coded) => dictionary::encode(&coded, nesting, out),
        Choice::Entropy(plan) => entropy::encode(values, &plan, out),
        Choice::Clock(clock) => clock::encode(&clock, nesting, out),
    }
}

pub(super) fn decode_nested(
    input: &mut Input<'_>,
    rows: usize,
    depth: Depth,
) -> Result<Vec<i64>, Damage> {
    // A footer may claim any number of rows; past this, memory grows with what comes.
    let mut values = Vec::with_capacity(rows.min(ROWS_AT_ONCE));
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
        return Err(TOO_DEEP);
    }
    let mut append = |values: &[i64]| out.extend_from_slice(values);
    match Encoding::from_code(input.u8()?)? {
        Encoding::Plain => plain::decode(input, rows, out),
        Encoding::Constant => constant::decode(input, rows, out),
        Encoding::Step => step::decode(input, rows, out),
        Encoding::Runs => runs::decode(input, rows, depth, out),
        Encoding::Frame => frame::decode(input, rows, &mut append),
        Encoding::Delta => delta::decode(input, rows, depth, &mut append),
        Encoding::Divisor => divisor::decode(input, rows, depth, out),
        Encoding::Dictionary => dictionary::decode(input, rows, depth, out),
        Encoding::Entropy => entropy::decode(input, rows, &mut append),
        Encoding::Clock => clock::decode(input, rows, depth, out),
        Encoding::Alp | Encoding::Planes | Encoding::Nulls | Encoding::Given => {
            Err(Damage("integers are not encoded this way"))
        }
    }
}

/// Decodes `rows` integers and hands them on, from the first to the last, as they come.
///
/// What is packed or coded, or differences of it, passes through memory that is at hand; of any other
/// encoding all rows are decoded first.
pub(super) fn decode_through(
    input: &mut Input<'_>,
    rows: usize,
    depth: Depth,
    take: &mut Take<'_>,
) -> Result<(), Damage> {
    if depth > Depth::MAX {
        return Err(TOO_DEEP);
    }
    let mut ahead = *input;
    match Encoding::from_code(ahead.u8()?)? {
        Encoding::Frame => frame::decode(&mut ahead, rows, take)?,
        Encoding::Delta => delta::decode(&mut ahead, rows, depth, take)?,
        Encoding::Entropy => entropy::decode(&mut ahead, rows, take)?,
        _ => {
            take(&decode_nested(input, rows, depth)?);
            return Ok(());
        }
    }
    *input = ahead;
    Ok(())
}

/// Decodes `rows` differences and hands on what they lead to, one after the other from `first` on.
pub(super) fn decode_sums(
    input: &mut Input<'_>,
    rows: usize,
    depth: Depth,
    first: i64,
    take: &mut Take<'_>,
) -> Result<(), Damage> {
    let mut ahead = *input;
    match Encoding::from_code(ahead.u8()?)? {
        // What most differences are in adds them up while they are at hand.
        Encoding::Frame if depth <= Depth::MAX => {
            *input = ahead;
            frame::decode_sums(input, rows, first, take)
        }
        Encoding::Entropy if depth <= Depth::MAX => {
            *input = ahead;
            entropy::decode_sums(input, rows, first, take)
        }
        _ => {
            let mut values = decode_nested(input, rows, depth)?;
            let mut sum = first;
            for value in &mut values {
                sum = sum.wrapping_add(*value);
                *value = sum;
            }
            take(&values);
            Ok(())
        }
    }
}

const TOO_DEEP: Damage = Damage("encodings are nested too deep");
/// Rows that are allocated before they are decoded: the largest page.
pub(super) const ROWS_AT_ONCE: usize = 1 << 20;
