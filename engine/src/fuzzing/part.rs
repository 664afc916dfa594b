//! Parts: their footers, their pages behind a good seal, and their files.

use std::path::Path;
use std::sync::Arc;

use schema::{ColumnDefinition, FieldType, Lsn, TimeRange, Timestamp};
use seal::{FileKey, FileKind, PAGE_OVERHEAD_BYTES, Salt, open_page, seal_page};

use super::Seed;
use super::place::{environment, write};
use super::values::{COLUMNS, column_of};
use crate::encoding::decompress;
use crate::part::fuzzing::{Footer, HEADER_BYTES, Header, Trailer, footer_place, open, page_place};
use crate::part::{
    Heat, PageCache, PageColumn, Part, PartDescription, PartEnvironment, PartMeta, PartWriter,
    WriterSettings,
};

/// Reads the plaintext of a footer.
pub fn part_footer(data: &[u8]) -> bool {
    let Some(footer) = footer(data) else {
        return false;
    };
    let again = Footer::decode(&footer.encode(), HEADER_BYTES as u64).expect("it was decoded");
    // Compared as text, since a NaN does not equal itself.
    assert_eq!(format!("{again:?}"), format!("{footer:?}"));
    true
}

/// Reads a part that a holder of the key wrote: length of the footer (2), footer, pages in clear.
pub fn part_pages(data: &[u8]) -> bool {
    let Some((length, rest)) = data.split_first_chunk() else {
        return false;
    };
    let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
    let (plain, pages) = rest.split_at(length);
    let Some(footer) = footer(plain) else {
        return false;
    };
    let environment = environment();
    let Some((bytes, meta)) = sealed(&environment, &footer, plain, pages) else {
        return false;
    };
    write(&environment, &environment.path(&meta.id), &bytes);
    let part = Part::open(&environment, meta, Arc::new(PageCache::new(1 << 20)));
    part.is_ok_and(|part| read(&part))
}

/// Reads the file of a part.
pub fn part_file(data: &[u8]) -> bool {
    let (environment, path) = (environment(), Path::new("/parts/any"));
    write(&environment, path, data);
    let file = environment.disk.open(path, platform::OpenMode::Read);
    let file = file.expect("it was written");
    let Ok(meta) = open(&environment, path, &*file).map(|opened| opened.meta()) else {
        return false;
    };
    write(&environment, &environment.path(&meta.id), data);
    let part = Part::open(&environment, meta, Arc::new(PageCache::new(1 << 20)));
    read(&part.expect("it was opened a moment ago"))
}

/// Reads every page twice; E-4: what was damaged once is damaged, and nothing else is.
fn read(part: &Part) -> bool {
    let verified = part.verify();
    let quarantined = part.quarantined().len();
    assert!(quarantined <= verified.damage.len());
    let (mut good, mut bad) = (0, 0);
    for page in 0..part.page_count() {
        for column in part.columns() {
            let is_good = match column {
                PageColumn::Time => part.time_page(page).is_ok(),
                PageColumn::Field(field) => part.field_page(field, page).is_ok(),
            };
            good += u64::from(is_good);
            bad += usize::from(!is_good);
        }
    }
    assert_eq!((good + bad as u64, bad), (verified.pages, quarantined));
    verified.damage.is_empty()
}

/// Reads a footer, unless it claims more rows than are worth a fuzzer's time and memory: the
/// numbers of a footer are sealed, and rows that are constant take no bytes.
fn footer(plain: &[u8]) -> Option<Footer> {
    let (length, rest) = plain.split_first_chunk()?;
    let (compression, contents) = rest.split_first()?;
    let length = u32::from_le_bytes(*length) as usize;
    let contents = match compression {
        1 => decompress(contents, Some(length).filter(|l| *l <= CONTENTS_MAX)?).ok()?,
        _ => contents.to_vec(),
    };
    let (length, rest) = contents.split_first_chunk()?;
    let json = rest.get(..u32::from_le_bytes(*length) as usize)?;
    let description: serde_json::Value = serde_json::from_slice(json).ok()?;
    let rows = description.get("meta")?.get("rows")?.as_u64()?;
    if rows > ROWS_MAX {
        return None;
    }
    Footer::decode(plain, HEADER_BYTES as u64).ok()
}

/// Returns the file of a part with this footer, its pages made of `pages` in turn.
fn sealed(
    environment: &PartEnvironment,
    footer: &Footer,
    plain: &[u8],
    mut pages: &[u8],
) -> Option<(Vec<u8>, PartMeta)> {
    let (key, header) = header(environment, footer);
    let mut bytes = header.to_bytes();
    let end = footer.pages_end(HEADER_BYTES as u64);
    bytes.resize(usize::try_from(end).ok().filter(|end| *end <= FILE_MAX)?, 0);
    let entropy = &*environment.entropy;
    for (offset, column, page, sealed_bytes) in entries(footer) {
        let wanted = sealed_bytes.saturating_sub(PAGE_OVERHEAD_BYTES);
        let (taken, rest) = pages.split_at(wanted.min(pages.len()));
        pages = rest;
        let mut text = taken.to_vec();
        text.resize(wanted, 0);
        let place = page_place(header.salt, column, page, footer.description.group_pages);
        let sealed = seal_page(&key, entropy, &place, text);
        let there = bytes.get_mut(offset..offset + sealed_bytes)?;
        there
            .iter_mut()
            .zip(sealed)
            .for_each(|(to, from)| *to = from);
    }
    let sealed = seal_page(&key, entropy, &footer_place(header.salt), plain);
    let trailer = Trailer {
        footer_offset: end,
        footer_bytes: u32::try_from(sealed.len()).ok()?,
    };
    bytes.extend_from_slice(&sealed);
    bytes.extend_from_slice(&trailer.to_bytes());
    let meta = PartMeta {
        bytes: bytes.len() as u64,
        ..footer.description.meta.clone()
    };
    Some((bytes, meta))
}

fn header(environment: &PartEnvironment, footer: &Footer) -> (FileKey, Header) {
    let salt = Salt::generate(&*environment.entropy);
    let data_key = environment.keyring.active();
    let key = environment
        .keyring
        .file_key(data_key, FileKind::Part, &salt);
    let key = key.expect("the active key is there");
    let header = Header {
        id: footer.description.meta.id,
        data_key,
        salt,
        commitment: key.commitment(),
    };
    (key, header)
}

/// Returns offset, column, page and sealed length of each page, in the order in which they lie.
fn entries(footer: &Footer) -> Vec<(usize, u32, usize, usize)> {
    let mut entries = Vec::new();
    for (column, pages) in (0..).zip(&footer.columns) {
        for (page, entry) in pages.iter().enumerate() {
            let offset = usize::try_from(entry.offset).unwrap_or(usize::MAX);
            entries.push((offset, column, page, entry.sealed_bytes as usize));
        }
    }
    entries.sort_unstable();
    entries
}

/// A part of every type of field, of two row groups and a half, in all three forms.
pub(super) fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (name, make) in COLUMNS {
        let environment = environment();
        let meta = part(&environment, make);
        let path = environment.path(&meta.id);
        let file = environment.disk.open(&path, platform::OpenMode::Read);
        let file = file.expect("it was written");
        let opened = open(&environment, &path, &*file).expect("it was written whole");
        let mut bytes = vec![0; usize::try_from(meta.bytes).unwrap_or(0)];
        file.read_exact_at(&mut bytes, 0).expect("it is that long");
        let plain = opened.footer.encode();
        let length = u16::try_from(plain.len()).expect("a small part has a small footer");
        let mut clear = [&length.to_le_bytes(), plain.as_slice()].concat();
        for (offset, column, page, sealed_bytes) in entries(&opened.footer) {
            let group_pages = opened.footer.description.group_pages;
            let place = page_place(opened.header.salt, column, page, group_pages);
            let sealed = bytes.get(offset..offset + sealed_bytes);
            let sealed = sealed.expect("a page lies within its file");
            if !sealed.is_empty() {
                let page = open_page(&opened.key, &place, sealed).expect("it was written whole");
                clear.extend_from_slice(&page);
            }
        }
        seeds.push(("part_footer", name.to_owned(), plain));
        seeds.push(("part_pages", name.to_owned(), clear));
        seeds.push(("part_file", name.to_owned(), bytes));
    }
    seeds
}

/// Writes a part with a field of each type.
fn part(environment: &PartEnvironment, make: fn(i64) -> i64) -> PartMeta {
    use FieldType::{Bool, F64, I64, Text, Time};
    let types = [I64, F64, Bool, Text, Time];
    let description = PartDescription {
        table: "measurements".into(),
        tags: vec!["host".into(), "core".into()],
        fields: types
            .map(|field_type| ColumnDefinition::field(field_type.to_string(), field_type))
            .to_vec(),
        window: TimeRange::ALL,
        first_lsn: Lsn::new(3),
        last_lsn: Lsn::new(9),
        level: 1,
        heat: Heat::Cold,
        committed: Timestamp::from_nanos(7),
        deletes_lsn: Lsn::new(10),
    };
    let settings = WriterSettings {
        page_rows: 20,
        group_pages: 2,
        ..WriterSettings::default()
    };
    let mut writer = PartWriter::create(environment, description, &settings).expect("it begins");
    let columns = types.map(|field_type| column_of(field_type, make));
    for (series, host) in ["a", "ab", "b"].into_iter().enumerate() {
        writer.begin_series(&[Some(host), (series == 1).then_some("0")]);
        let rows = series * 35..series * 35 + 35;
        let time: Vec<i64> = (0..35).map(|n| n * 1_000).collect();
        let fields = columns
            .each_ref()
            .map(|column| Some((column, rows.clone())));
        writer.append(&time, &fields).expect("the disk has room");
    }
    writer.finish().expect("the disk has room")
}

const ROWS_MAX: u64 = 1 << 16;
const CONTENTS_MAX: usize = 1 << 20;
const FILE_MAX: usize = 1 << 20;
