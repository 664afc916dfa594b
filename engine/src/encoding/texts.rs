//! Texts: each for itself, or distinct ones and a code for each row.
//!
//! ```text
//!  plain                                   dictionary
//!  offset bytes                            offset bytes
//!       0     1  number of the encoding         0     1  number of the encoding
//!       1     ?  length of each text, as        1     4  number of distinct texts
//!                encoded integers               5     ?  the distinct texts: lengths, then
//!       ?     ?  the texts, UTF-8                        bytes, as under plain
//!                                               ?     ?  the code of each row, as encoded integers
//! ```

use super::effort::Effort;
use super::integers;
use super::lookup::{Lookup, hash_bytes};
use super::{Damage, Encoding, Input, push_count};
use crate::column::{Column, TextValues, Values};

/// The most bytes that the texts of one page may have, decoded.
pub(crate) const TEXT_BYTES_MAX: usize = 512 << 20;

pub(super) fn encode(texts: &TextValues, effort: Effort, out: &mut Vec<u8>) -> Encoding {
    if let Some((distinct, codes)) = dictionary(texts) {
        out.push(Encoding::Dictionary.code());
        push_count(out, distinct.len());
        encode_plain(&distinct, effort, out);
        integers::encode(&codes, effort, out);
        return Encoding::Dictionary;
    }
    out.push(Encoding::Plain.code());
    encode_plain(texts, effort, out);
    Encoding::Plain
}

pub(super) fn decode(input: &mut Input<'_>, rows: usize) -> Result<TextValues, Damage> {
    match Encoding::from_code(input.u8()?)? {
        Encoding::Plain => decode_plain(input, rows),
        Encoding::Dictionary => {
            let count = input.count(rows)?;
            let distinct = decode_plain(input, count)?;
            expand(&distinct, &integers::decode(input, rows)?)
        }
        _ => Err(Damage("texts are not encoded this way")),
    }
}

/// Checks that rows of a column are not more text than a page may have.
pub(super) fn check_gathered(column: &Column, rows: &[u32]) -> Result<(), Damage> {
    let Values::Text(texts) = &column.values else {
        return Ok(());
    };
    let lengths = rows
        .iter()
        .map(|row| texts.value_bytes(*row as usize).len());
    match lengths.sum::<usize>() <= TEXT_BYTES_MAX {
        true => Ok(()),
        false => Err(BAD_LENGTH),
    }
}

fn encode_plain(texts: &TextValues, effort: Effort, out: &mut Vec<u8>) {
    let lengths = (0..texts.len()).map(|index| texts.value_bytes(index).len());
    let lengths: Vec<i64> = lengths
        .map(|length| i64::try_from(length).unwrap_or(0))
        .collect();
    integers::encode(&lengths, effort, out);
    out.extend_from_slice(&texts.bytes);
}

fn decode_plain(input: &mut Input<'_>, rows: usize) -> Result<TextValues, Damage> {
    let lengths = integers::decode(input, rows)?;
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(0);
    let mut end = 0u32;
    for length in lengths {
        let length = u32::try_from(length).ok();
        end = length
            .and_then(|length| end.checked_add(length))
            .ok_or(BAD_LENGTH)?;
        offsets.push(end);
    }
    let bytes = input.take(end as usize)?;
    let whole = std::str::from_utf8(bytes).map_err(|_| Damage("a text is not UTF-8"))?;
    // Most texts are ASCII, where every offset lies between characters.
    if !whole.is_ascii()
        && !offsets
            .iter()
            .all(|offset| whole.is_char_boundary(*offset as usize))
    {
        return Err(Damage("a text begins inside a character"));
    }
    Ok(TextValues {
        offsets,
        bytes: bytes.to_vec(),
    })
}

/// Returns the distinct texts in order of appearance and the code of each row, where that pays.
fn dictionary(texts: &TextValues) -> Option<(TextValues, Vec<i64>)> {
    let most = texts.len() / 2;
    let mut lookup = Lookup::for_at_most(most + 1);
    let mut distinct = TextValues::new();
    let mut codes = Vec::with_capacity(texts.len());
    let (mut last, mut code): (Option<&[u8]>, u32) = (None, 0);
    for index in 0..texts.len() {
        let text = texts.value_bytes(index);
        if last != Some(text) {
            let next = u32::try_from(distinct.len()).ok()?;
            let is_it = |number: u32| distinct.value_bytes(number as usize) == text;
            code = lookup.number(hash_bytes(text), next, is_it)?;
            if code == next {
                distinct.push_bytes(text);
            }
            if distinct.len() > most {
                return None;
            }
            last = Some(text);
        }
        codes.push(i64::from(code));
    }
    (!distinct.is_empty()).then_some((distinct, codes))
}

fn expand(distinct: &TextValues, codes: &[i64]) -> Result<TextValues, Damage> {
    let mut lengths = Vec::with_capacity(distinct.len());
    lengths.extend((0..distinct.len()).map(|code| distinct.value_bytes(code).len()));
    let length_of = |code: &i64| {
        let length = usize::try_from(*code)
            .ok()
            .and_then(|code| lengths.get(code));
        length
            .copied()
            .ok_or(Damage("a code lies outside its dictionary"))
    };
    let mut total = 0usize;
    for code in codes {
        total += length_of(code)?;
    }
    // A few bytes can stand for a page of long texts: what they become is measured beforehand.
    if total > TEXT_BYTES_MAX {
        return Err(BAD_LENGTH);
    }
    let mut offsets = Vec::with_capacity(codes.len() + 1);
    let mut bytes = Vec::with_capacity(total);
    offsets.push(0);
    for code in codes {
        bytes.extend_from_slice(distinct.value_bytes(usize::try_from(*code).unwrap_or(0)));
        offsets.push(u32::try_from(bytes.len()).map_err(|_| BAD_LENGTH)?);
    }
    Ok(TextValues { offsets, bytes })
}

const BAD_LENGTH: Damage = Damage("the texts are longer than a page may be");
