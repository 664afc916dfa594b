//! Texts in rising order, each without the bytes that it shares with the one before.

use crate::column::TextValues;
use crate::encoding::{Damage, Effort, Input, decode_integers, encode_integers, push_count};

pub(crate) fn encode(texts: &TextValues, out: &mut Vec<u8>) {
    let (mut shared, mut lengths, mut rests) = (Vec::new(), Vec::new(), Vec::new());
    let mut before: &[u8] = b"";
    for index in 0..texts.len() {
        let text = texts.value_bytes(index);
        let same = text.iter().zip(before).take_while(|(a, b)| a == b).count();
        let rest = text.get(same..).unwrap_or_default();
        shared.push(number(same));
        lengths.push(number(rest.len()));
        rests.extend_from_slice(rest);
        before = text;
    }
    push_count(out, texts.len());
    encode_integers(&shared, Effort::Cold, out);
    encode_integers(&lengths, Effort::Cold, out);
    out.extend_from_slice(&rests);
}

/// Decodes at most so many texts.
pub(crate) fn decode(input: &mut Input<'_>, most: usize) -> Result<TextValues, Damage> {
    let count = input.count(most)?;
    let shared = decode_integers(input, count)?;
    let lengths = decode_integers(input, count)?;
    let mut texts = TextValues::new();
    let mut text: Vec<u8> = Vec::new();
    for (shared, length) in shared.into_iter().zip(lengths) {
        let shared = usize::try_from(shared)
            .ok()
            .filter(|shared| *shared <= text.len());
        text.truncate(shared.ok_or(MISFIT)?);
        text.extend_from_slice(input.take(usize::try_from(length).map_err(|_| MISFIT)?)?);
        if texts.bytes.len() + text.len() > TEXTS_BYTES_MAX {
            return Err(MISFIT);
        }
        texts.push(std::str::from_utf8(&text).map_err(|_| Damage("a tag is not UTF-8"))?);
    }
    Ok(texts)
}

fn number(length: usize) -> i64 {
    i64::try_from(length).expect("a text is shorter than 2^63")
}

/// The most bytes that the values of one tag may have.
const TEXTS_BYTES_MAX: usize = 1 << 31;
const MISFIT: Damage = Damage("the lengths of its tags do not fit each other");
