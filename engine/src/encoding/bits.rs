//! Bits: validity, and booleans.
//!
//! ```text
//!  offset bytes
//!       0     1  constant: a byte follows, 0 or 1
//!                plain: ⌈bits / 8⌉ bytes follow, least significant bit first, the rest 0
//!                runs: as below
//!       1     1  runs: the first bit
//!       2     4  number of runs
//!       6     ?  length of each run, as encoded integers; values alternate
//! ```

use super::effort::Effort;
use super::integers;
use super::{Damage, Encoding, Input, push_count};
use crate::column::Bitmap;

pub(super) fn encode(bits: &Bitmap, effort: Effort, out: &mut Vec<u8>) -> Encoding {
    let ones = bits.count_ones();
    if ones == 0 || ones == bits.len() {
        out.extend_from_slice(&[Encoding::Constant.code(), u8::from(ones > 0)]);
        return Encoding::Constant;
    }
    let plain_bytes = bits.len().div_ceil(8);
    let runs = encode_runs(bits, plain_bytes, effort);
    if let Some(runs) = runs.filter(|runs| runs.len() < plain_bytes) {
        out.push(Encoding::Runs.code());
        out.extend_from_slice(&runs);
        return Encoding::Runs;
    }
    out.push(Encoding::Plain.code());
    out.extend(
        bits.words()
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .take(plain_bytes),
    );
    Encoding::Plain
}

pub(super) fn decode(input: &mut Input<'_>, len: usize) -> Result<Bitmap, Damage> {
    match Encoding::from_code(input.u8()?)? {
        Encoding::Constant => Ok(Bitmap::with_len(len, bit(input)?)),
        Encoding::Plain => {
            let mut bits = Bitmap::new();
            bits.extend_from_bytes(input.take(len.div_ceil(8))?, 0..len);
            Ok(bits)
        }
        Encoding::Runs => decode_runs(input, len),
        _ => Err(Damage("bits are not encoded this way")),
    }
}

/// Returns the lengths of runs, encoded, unless there are as many as bytes.
fn encode_runs(bits: &Bitmap, runs_max: usize, effort: Effort) -> Option<Vec<u8>> {
    let mut lengths = Vec::new();
    let (mut start, mut value) = (0, bits.get(0));
    while start < bits.len() {
        let end = bits.first_other(start, value);
        lengths.push(i64::try_from(end - start).ok()?);
        if lengths.len() > runs_max {
            return None;
        }
        (start, value) = (end, !value);
    }
    let mut out = vec![u8::from(bits.get(0))];
    push_count(&mut out, lengths.len());
    integers::encode(&lengths, effort, &mut out);
    Some(out)
}

fn decode_runs(input: &mut Input<'_>, len: usize) -> Result<Bitmap, Damage> {
    let mut value = bit(input)?;
    let runs = input.count(len)?;
    let mut bits = Bitmap::new();
    for length in integers::decode(input, runs)? {
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= len - bits.len());
        bits.extend_with(length.ok_or(MISFIT)?, value);
        value = !value;
    }
    if bits.len() != len {
        return Err(MISFIT);
    }
    Ok(bits)
}

fn bit(input: &mut Input<'_>) -> Result<bool, Damage> {
    match input.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Damage("a bit is neither 0 nor 1")),
    }
}

const MISFIT: Damage = Damage("the runs do not add up to the bits");
