//! What holds of parts, one promise a file; here what they share: a directory with keys, and rows.

mod damage;
mod given;
mod lifecycle;
mod order;
mod round_trip;
mod secrecy;

use std::path::PathBuf;
use std::sync::Arc;

use platform::{RealDisk, SimEntropy, durable};
use proptest::prelude::*;
use schema::{ColumnDefinition, FieldType, Lsn, TimeRange, Timestamp};
use seal::{ClusterId, Keyring, MasterKey};
use tempfile::TempDir;

use super::*;
use crate::Error;
use crate::column::{Bitmap, Column, Values};

/// A directory of parts that goes when the test ends.
struct Place {
    environment: PartEnvironment,
    cache: Arc<PageCache>,
    _dir: TempDir,
}

impl Place {
    fn new(seed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let entropy = SimEntropy::new(seed);
        let (path, master) = (dir.path().join("keyring"), MasterKey::generate(&entropy));
        let cluster = ClusterId::from_bytes([7; 16]);
        let keyring = Keyring::create(&RealDisk, &path, &master, cluster, &entropy).unwrap();
        let environment = PartEnvironment {
            disk: Arc::new(RealDisk),
            keyring: Arc::new(keyring),
            entropy: Arc::new(entropy),
            dir: dir.path().to_path_buf(),
        };
        Self {
            environment,
            cache: Arc::new(PageCache::new(1 << 20)),
            _dir: dir,
        }
    }

    fn write(&self, rows: &Rows) -> PartMeta {
        rows.write(self).finish().unwrap()
    }

    fn open(&self, meta: &PartMeta) -> Result<Part, Error> {
        Part::open(&self.environment, meta.clone(), Arc::clone(&self.cache))
    }

    fn path(&self, meta: &PartMeta) -> PathBuf {
        self.environment.path(&meta.id)
    }

    fn bytes(&self, meta: &PartMeta) -> Vec<u8> {
        durable::read_file(&RealDisk, &self.path(meta)).unwrap()
    }

    /// Puts other bytes into the place of a part.
    fn replace(&self, meta: &PartMeta, bytes: &[u8]) {
        let file = self
            .environment
            .disk
            .open(&self.path(meta), platform::OpenMode::ReadWrite);
        let file = file.unwrap();
        file.set_len(bytes.len() as u64).unwrap();
        file.write_all_at(bytes, 0).unwrap();
    }
}

/// What goes into a part, and what must come out of it.
#[derive(Debug, Clone)]
struct Rows {
    settings: WriterSettings,
    tags: Vec<String>,
    fields: Vec<ColumnDefinition>,
    series: Vec<Series>,
}

#[derive(Debug, Clone)]
struct Series {
    tags: Vec<Option<String>>,
    time: Vec<i64>,
    fields: Vec<Option<Column>>,
}

impl Rows {
    fn description(&self) -> PartDescription {
        PartDescription {
            table: "measurements".into(),
            tags: self.tags.clone(),
            fields: self.fields.clone(),
            window: TimeRange::ALL,
            first_lsn: Lsn::new(3),
            last_lsn: Lsn::new(9),
            level: 1,
            heat: Heat::Hot,
            committed: Timestamp::from_nanos(5),
            deletes_lsn: Lsn::new(9),
        }
    }

    /// Writes all rows, each series in two slices.
    fn write(&self, place: &Place) -> PartWriter {
        let mut writer =
            PartWriter::create(&place.environment, self.description(), &self.settings).unwrap();
        for series in &self.series {
            let tags: Vec<Option<&str>> = series.tags.iter().map(Option::as_deref).collect();
            writer.begin_series(&tags);
            let middle = series.time.len() / 2;
            for rows in [0..middle, middle..series.time.len()] {
                let fields: Vec<_> = series
                    .fields
                    .iter()
                    .map(|column| column.as_ref().map(|column| (column, rows.clone())))
                    .collect();
                writer.append(&series.time[rows], &fields).unwrap();
            }
        }
        writer
    }

    /// Returns the times of all rows, and each field's values.
    fn all(&self) -> (Vec<i64>, Vec<Column>) {
        let time = self
            .series
            .iter()
            .flat_map(|series| series.time.clone())
            .collect();
        let fields = (0..self.fields.len()).map(|field| {
            let mut all = Column::empty(self.fields[field].field_type);
            for series in &self.series {
                match &series.fields[field] {
                    Some(column) => all.extend_from(column, 0..column.len()),
                    None => all.extend_nulls(series.time.len()),
                }
            }
            all
        });
        (time, fields.collect())
    }
}

/// Returns the times of all rows of a part, and each field's values.
fn read(part: &Part) -> Result<(Vec<i64>, Vec<Column>), Error> {
    let mut time = Vec::new();
    let mut fields: Vec<Column> = part
        .fields()
        .iter()
        .map(|field| Column::empty(field.field_type))
        .collect();
    for page in 0..part.page_count() {
        time.extend_from_slice(&part.time_page(page)?);
        for (field, all) in fields.iter_mut().enumerate() {
            let column = part.field_page(field, page)?;
            all.extend_from(&column, 0..column.len());
        }
    }
    Ok((time, fields))
}

fn column(field_type: FieldType, rows: usize) -> BoxedStrategy<Column> {
    let integers = prop_oneof![
        prop::collection::vec(any::<i64>(), rows),
        prop::collection::vec(0..3i64, rows),
        any::<i64>().prop_map(move |value| vec![value; rows]),
    ];
    let values = match field_type {
        FieldType::I64 => integers.prop_map(Values::I64).boxed(),
        FieldType::Time => integers.prop_map(Values::Time).boxed(),
        FieldType::F64 => prop::collection::vec(
            prop_oneof![
                any::<u64>().prop_map(f64::from_bits),
                (0..9i64).prop_map(|v| v as f64 / 4.0)
            ],
            rows,
        )
        .prop_map(Values::F64)
        .boxed(),
        FieldType::Bool => prop::collection::vec(any::<bool>(), rows)
            .prop_map(|bits| Values::Bool(bits.into_iter().collect()))
            .boxed(),
        FieldType::Text => prop::collection::vec("[aö]{0,3}|x{70}", rows)
            .prop_map(|texts| Values::Text(texts.iter().map(String::as_str).collect()))
            .boxed(),
    };
    let validity = prop::option::of(prop::collection::vec(any::<bool>(), rows));
    (values, validity)
        .prop_map(|(values, validity)| Column {
            values,
            validity: validity.map(|bits| bits.into_iter().collect::<Bitmap>()),
        })
        .boxed()
}

fn series(tags: usize, types: Vec<FieldType>) -> impl Strategy<Value = Series> {
    (1..40usize).prop_flat_map(move |rows| {
        let tags = prop::collection::vec(prop::option::of("[ab]{0,3}"), tags);
        let time = prop::collection::vec(prop_oneof![-9..9i64, any::<i64>()], rows);
        let fields: Vec<_> = types
            .iter()
            .map(|field_type| prop::option::weighted(0.9, column(*field_type, rows)))
            .collect();
        (tags, time, fields).prop_map(|(tags, mut time, fields)| {
            time.sort_unstable();
            Series { tags, time, fields }
        })
    })
}

fn rows() -> impl Strategy<Value = Rows> {
    let types = prop::collection::vec(
        prop::sample::select(vec![
            FieldType::I64,
            FieldType::F64,
            FieldType::Bool,
            FieldType::Text,
            FieldType::Time,
        ]),
        0..5,
    );
    (types, 0..3usize, 1..30u32, 1..4u32).prop_flat_map(|(types, tags, page_rows, group_pages)| {
        let all = prop::collection::vec(series(tags, types.clone()), 1..8);
        all.prop_map(move |mut series| {
            series.sort_by(|a, b| a.tags.cmp(&b.tags));
            series.dedup_by(|a, b| a.tags == b.tags);
            let name = |(number, field_type): (usize, &FieldType)| {
                ColumnDefinition::field(format!("field {number}"), *field_type)
            };
            Rows {
                settings: WriterSettings {
                    page_rows,
                    group_pages,
                    effort: Effort::Hot,
                },
                tags: (0..tags).map(|tag| format!("tag {tag}")).collect(),
                fields: types.iter().enumerate().map(name).collect(),
                series,
            }
        })
    })
}

/// Returns a small part with something of everything.
fn sample() -> Rows {
    let text = |texts: [&str; 3]| Column::from_values(Values::Text(texts.into_iter().collect()));
    let numbers = |numbers: [i64; 3]| Column::from_values(Values::I64(numbers.to_vec()));
    let series = |host: Option<&str>, first: i64, note| Series {
        tags: vec![host.map(str::to_owned)],
        time: vec![first, first, first + 7],
        fields: vec![
            Some(numbers([first, 77, -5])),
            Some(numbers([5, first, 8])),
            note,
        ],
    };
    let field = ColumnDefinition::field;
    Rows {
        settings: WriterSettings {
            page_rows: 4,
            group_pages: 2,
            ..WriterSettings::default()
        },
        tags: vec!["tag-marker".into()],
        fields: vec![
            field("field-marker", FieldType::I64),
            field("other", FieldType::I64),
            field("note", FieldType::Text),
        ],
        series: vec![
            series(None, 100, None),
            series(
                Some("host-marker"),
                50,
                Some(text(["note-marker", "", "z"])),
            ),
            series(Some("host-other"), 60, Some(text(["q", "r", "s"]))),
        ],
    }
}
