//! Goal: a page of every encoding is read by every later version as it was written, and whatever bit of
//! it is flipped, it is damage or as many rows, and no panic.
//! Method: `tests/pages` has the plaintext of a page, `NAME.page`, beside its rows, `NAME.rows`, and
//! those of the column that it is given, `NAME.other`. `WRITE_PAGES=1` makes this test write those that
//! are not there yet; what is there is never written again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schema::FieldType;

use super::choose::Choice;
use super::clock::Clock;
use super::dictionary::Coded;
use super::effort::Nesting;
use super::entropy::Plan;
use super::integers::write;
use super::*;
use crate::column::{Bitmap, Column, TextValues, Values};

/// A page as this version writes it.
struct Page {
    name: &'static str,
    column: Column,
    other: Option<Column>,
    bytes: Vec<u8>,
}

/// A page as it is kept.
struct Kept {
    path: PathBuf,
    field_type: FieldType,
    rows: Vec<String>,
    other: Option<Column>,
    bytes: Vec<u8>,
}

#[test]
fn a_page_of_every_encoding_is_read_as_it_was_written() {
    for page in pages() {
        page.write_where_absent();
        let rows = read_rows(&page.path("rows"));
        assert_eq!(rows, lines(&page.column), "{}", page.name);
    }
    let kept = kept();
    assert!(kept.len() >= pages().len());
    for page in kept {
        let column = page.decode(&page.bytes).unwrap();
        assert_eq!(lines(&column), page.rows, "{}", page.path.display());
    }
}

#[test]
fn a_page_with_any_bit_flipped_is_damage_or_as_many_rows() {
    let mut refused = 0;
    for page in kept() {
        for bit in 0..page.bytes.len() * 8 {
            let mut bytes = page.bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            match page.decode(&bytes) {
                Ok(column) => assert_eq!(column.len() + 1, page.rows.len()),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 1_000, "{refused}");
}

/// Returns pages that between them have every encoding; never changed, only added to.
fn pages() -> Vec<Page> {
    let noise: Vec<i64> = (0..ROWS).map(mixed).collect();
    let small: Vec<i64> = (0..ROWS).map(|n| n * n % 61 - 7).collect();
    let counter: Vec<i64> = (0..ROWS).map(|n| n * 1_000 + n * n % 97).collect();
    let stretches: Vec<i64> = (0..ROWS).map(|n| n / 20 * 77_777).collect();
    let scaled: Vec<i64> = (0..ROWS).map(|n| n * n % 901 * 8_192 + 5).collect();
    let few: Vec<i64> = (0..ROWS).map(|n| FEW[small_index(n)]).collect();
    let skewed: Vec<i64> = (0..ROWS).map(|n| (mixed(n) & 0xff).pow(2) >> 9).collect();
    let clock: Vec<i64> = (0..ROWS).map(|n| START + n % 50 * 10_000_000_000).collect();
    let divisor = divisor::find(&scaled).unwrap();
    let (min, max) = (*skewed.iter().min().unwrap(), *skewed.iter().max().unwrap());
    let plan = Plan::of(&skewed, min, max).unwrap().1;
    let coded = Coded::of(&few, few.len()).unwrap();
    let steady: Vec<i64> = (0..ROWS).map(|n| 5 + 3 * n).collect();
    let step = Choice::Step { first: 5, step: 3 };
    let of_clock = Choice::Clock(Clock::of(&clock).unwrap());
    vec![
        integers("plain", noise.clone(), Choice::Plain),
        integers("frame", small.clone(), Choice::Frame),
        integers("delta", counter.clone(), Choice::Delta(None)),
        integers("runs", stretches, Choice::Runs),
        integers("divisor", scaled, Choice::Divisor { divisor }),
        integers("dictionary", few.clone(), Choice::Dictionary(coded)),
        integers("entropy", skewed, Choice::Entropy(plan)),
        integers("constant", vec![7; 200], Choice::Constant { value: 7 }),
        integers("step", steady, step),
        times("clock", clock, of_clock),
        chosen(
            "alp",
            Values::F64(small.iter().map(|n| double(*n) / 10.0).collect()),
        ),
        planes("planes", &noise),
        chosen(
            "bits",
            Values::Bool(small.iter().map(|n| n % 3 == 0).collect()),
        ),
        chosen(
            "texts",
            texts(noise.iter().map(|n| format!("note {n}, längst"))),
        ),
        chosen(
            "text-dictionary",
            texts(few.iter().map(|n| format!("state {n}"))),
        ),
        with_nulls("nulls", counter),
        given("given", &few),
    ]
}

fn integers(name: &'static str, values: Vec<i64>, choice: Choice) -> Page {
    let bytes = with_values(values.len(), |out| {
        write(&values, choice, Nesting::top(Effort::Cold), out);
    });
    Page::new(name, Column::from_values(Values::I64(values)), bytes)
}

fn times(name: &'static str, values: Vec<i64>, choice: Choice) -> Page {
    let page = integers(name, values.clone(), choice);
    Page::new(name, Column::from_values(Values::Time(values)), page.bytes)
}

fn planes(name: &'static str, bits: &[i64]) -> Page {
    let values: Vec<f64> = bits
        .iter()
        .map(|n| f64::from_bits(n.cast_unsigned() >> 2))
        .collect();
    let bytes = with_values(values.len(), |out| floats::encode_planes(&values, out));
    Page::new(name, Column::from_values(Values::F64(values)), bytes)
}

/// A page as the chooser makes it.
fn chosen(name: &'static str, values: Values) -> Page {
    let column = Column::from_values(values);
    let bytes = ENCODER.encode(&column).bytes;
    Page::new(name, column, bytes)
}

fn with_nulls(name: &'static str, values: Vec<i64>) -> Page {
    let validity: Bitmap = (0..values.len()).map(|row| row % 7 != 3).collect();
    let values = (0..)
        .zip(values)
        .map(|(row, n)| if row % 7 == 3 { 0 } else { n });
    let column = Column {
        values: Values::I64(values.collect()),
        validity: Some(validity),
    };
    let bytes = ENCODER.encode(&column).bytes;
    Page::new(name, column, bytes)
}

/// A page of texts that follow from numbers, but for every tenth.
fn given(name: &'static str, numbers: &[i64]) -> Page {
    let other = Column::from_values(Values::I64(numbers.to_vec()));
    let text = |(row, n): (usize, &i64)| format!("{}", if row % 10 == 9 { 0 } else { n % 1_000 });
    let column = Column::from_values(texts(numbers.iter().enumerate().map(text)));
    let (own, of_other) = (
        Numbering::of(&column).unwrap(),
        Numbering::of(&other).unwrap(),
    );
    let bytes = encode_given(&column, &own, (1, &of_other)).bytes;
    Page {
        other: Some(other),
        ..Page::new(name, column, bytes)
    }
}

/// The body of a page without nulls, and what stands before it.
fn with_values(rows: usize, write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = vec![0];
    bits::encode(&Bitmap::with_len(rows, true), Effort::Cold, &mut bytes);
    write(&mut bytes);
    bytes
}

fn texts(all: impl Iterator<Item = String>) -> Values {
    let mut texts = TextValues::new();
    all.for_each(|text| texts.push(&text));
    Values::Text(texts)
}

impl Page {
    fn new(name: &'static str, column: Column, bytes: Vec<u8>) -> Self {
        Self {
            name,
            column,
            other: None,
            bytes,
        }
    }

    fn path(&self, extension: &str) -> PathBuf {
        Path::new(DIR).join(self.name).with_extension(extension)
    }

    fn write_where_absent(&self) {
        if std::env::var_os("WRITE_PAGES").is_none() || self.path("page").exists() {
            return;
        }
        std::fs::create_dir_all(DIR).unwrap();
        let text = |column: &Column| lines(column).join("\n") + "\n";
        if let Some(other) = &self.other {
            write_file(&self.path("other"), text(other).as_bytes());
        }
        write_file(&self.path("rows"), text(&self.column).as_bytes());
        write_file(&self.path("page"), &self.bytes);
    }
}

impl Kept {
    fn decode(&self, bytes: &[u8]) -> Result<Column, Damage> {
        match &self.other {
            Some(other) => decode_given(self.field_type, bytes, other),
            None => decode_page(self.field_type, self.rows.len() - 1, bytes),
        }
    }
}

fn kept() -> Vec<Kept> {
    let entries = std::fs::read_dir(DIR).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let pages = paths.filter(|path| path.extension() == Some("page".as_ref()));
    let kept = pages.map(|path| {
        let rows = read_rows(&path.with_extension("rows"));
        let other = path.with_extension("other");
        Kept {
            field_type: TYPES[rows[0].as_str()],
            other: other.exists().then(|| integers_of(&read_rows(&other))),
            bytes: std::fs::read(&path).unwrap(),
            path,
            rows,
        }
    });
    kept.collect()
}

fn integers_of(rows: &[String]) -> Column {
    assert_eq!(rows[0], "integers");
    let values = rows[1..].iter().map(|row| row.parse().unwrap());
    Column::from_values(Values::I64(values.collect()))
}

fn read_rows(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(str::to_owned).collect()
}

/// The type, then a line for each row; doubles bit by bit.
fn lines(column: &Column) -> Vec<String> {
    let of_type = TYPES
        .iter()
        .find(|(_, of_type)| **of_type == column.field_type());
    let value = |row: usize| match &column.values {
        _ if !column.is_valid(row) => "null".to_owned(),
        Values::I64(values) | Values::Time(values) => values[row].to_string(),
        Values::F64(values) => format!("{:016x}", values[row].to_bits()),
        Values::Bool(values) => values.iter().nth(row).unwrap().to_string(),
        Values::Text(texts) => texts.value(row).to_owned(),
    };
    let name = (*of_type.unwrap().0).to_owned();
    std::iter::once(name)
        .chain((0..column.len()).map(value))
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a fixture is written once, by hand"
)]
fn write_file(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

fn double(n: i64) -> f64 {
    f64::from(i32::try_from(n).unwrap())
}

fn small_index(n: i64) -> usize {
    usize::try_from(n * n % 11 % 4).unwrap()
}

/// A number that looks random and is the same on every machine (the finaliser of splitmix64).
fn mixed(n: i64) -> i64 {
    let n = n.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (n ^ (n >> 31)).cast_signed()
}

const DIR: &str = "tests/pages";
const ROWS: i64 = 200;
const START: i64 = 1_767_225_600_000_000_000;
const FEW: [i64; 4] = [1, 1 << 40, -5, i64::MAX];
const ENCODER: PageEncoder = PageEncoder {
    effort: Effort::Cold,
    footer_text_bytes_max: 64,
};
static TYPES: std::sync::LazyLock<BTreeMap<&str, FieldType>> = std::sync::LazyLock::new(|| {
    [
        ("integers", FieldType::I64),
        ("times", FieldType::Time),
        ("doubles", FieldType::F64),
        ("booleans", FieldType::Bool),
        ("texts", FieldType::Text),
    ]
    .into()
});
