//! The series of a part within its footer.

use super::{FooterDescription, MISFIT, TOO_MANY};
use crate::encoding::{Damage, Effort, Input, decode_integers, encode_integers};
use crate::part::{Directory, front_coding};

pub(super) fn encode(directory: &Directory, out: &mut Vec<u8>) {
    for tag in 0..directory.tag_count() {
        if let Some(values) = directory.dictionary(tag) {
            front_coding::encode(values, out);
        }
        encode_integers(
            &directory.codes_of(tag).map(i64::from).collect::<Vec<_>>(),
            Effort::Cold,
            out,
        );
    }
    let (_, starts) = directory.starts().split_last().unwrap_or((&0, &[]));
    encode_integers(
        &starts.iter().copied().map(i64::from).collect::<Vec<_>>(),
        Effort::Cold,
        out,
    );
}

pub(super) fn decode(
    input: &mut Input<'_>,
    description: &FooterDescription,
    rows: u32,
) -> Result<Directory, Damage> {
    let series = usize::try_from(description.meta.series).map_err(|_| TOO_MANY)?;
    if description.meta.series > u64::from(rows) {
        return Err(TOO_MANY);
    }
    let tags = description.tags.len();
    let (mut dictionaries, mut codes) = (Vec::new(), vec![0u32; series * tags]);
    for tag in 0..tags {
        dictionaries.push(front_coding::decode(input, series)?);
        let of_tag = decode_integers(input, series)?;
        for (place, code) in codes.iter_mut().skip(tag).step_by(tags).zip(of_tag) {
            *place = u32::try_from(code).map_err(|_| MISFIT)?;
        }
    }
    let starts = decode_integers(input, series)?
        .into_iter()
        .map(u32::try_from);
    let mut starts: Vec<u32> = starts.collect::<Result<_, _>>().map_err(|_| MISFIT)?;
    starts.push(rows);
    Directory::new(dictionaries, codes, starts).ok_or(MISFIT)
}
