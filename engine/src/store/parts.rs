//! Writing a part out of other sources: the same for a flush and for a compaction.

use std::sync::Arc;

use schema::{ColumnDefinition, Lsn, TimeRange, Timestamp};

use crate::Error;
use crate::column::Column;
use crate::manifest::PartEntry;
use crate::merge::{Mode, Plan, Reader, Source, SourceRun};
use crate::part::{Effort, Heat, PartDescription, PartEnvironment, PartWriter, WriterSettings};
use crate::series::{SeriesId, SeriesIndex};
use crate::state::{Shelf, StoredPart, TableState};
use crate::tombstone::Deletions;

/// What a part is to hold.
#[derive(Debug)]
pub(crate) struct Contents<'a> {
    /// The table as it is now.
    pub(crate) table: &'a TableState,
    /// What becomes of rows of equal series and time.
    pub(crate) mode: Mode,
    /// Where its rows come from, in the order of the log.
    pub(crate) sources: Arc<[Source]>,
    /// The stretch of time that it covers; rows outside are left out.
    pub(crate) window: TimeRange,
    /// How often its rows were merged.
    pub(crate) level: u8,
    /// Whether its rows will be written again soon.
    pub(crate) heat: Heat,
    /// When the last batch in it was committed, or later.
    pub(crate) committed: Timestamp,
    /// Tombstones of records below are applied to its rows as they are written.
    pub(crate) deletes_lsn: Lsn,
    /// Pages of the sources that may be kept open.
    pub(crate) pages_max: usize,
}

/// A part that was written and is not published yet.
#[derive(Debug)]
pub(crate) struct Stored {
    /// The part.
    pub(crate) part: Arc<StoredPart>,
    /// What the manifest is to say of it.
    pub(crate) entry: PartEntry,
}

/// Writes the rows of some sources as one part; nothing if there are none.
///
/// Memory: a batch of rows, the writer's open pages and at most `pages_max` pages of the sources.
///
/// # Errors
/// [`Error::Io`], [`Error::Corrupt`] for a source that does not read, and what `pace` returns, which is
/// asked before each batch of rows. No file is left then.
pub(crate) fn store_part(
    shelf: &Shelf,
    contents: &Contents<'_>,
    pace: &dyn Fn() -> Result<(), Error>,
) -> Result<Option<Stored>, Error> {
    let fields = present_fields(contents);
    let wanted: Vec<_> = fields
        .iter()
        .map(|(index, field)| (*index, field))
        .collect();
    let sources = Arc::clone(&contents.sources);
    let mut copy = Copying {
        contents,
        deletions: Deletions::below(contents.deletes_lsn, contents.table, &sources),
        reader: Reader::streaming(sources, &wanted, contents.pages_max),
        plan: Plan::new(true),
        begun: Vec::new(),
        fields: fields.iter().map(|(_, field)| field.clone()).collect(),
        writer: None,
        environment: &shelf.environment,
        pace,
        is_unique: true,
    };
    for (series, runs) in series_of(&contents.table.series, &contents.sources) {
        copy.series(series, runs)?;
    }
    copy.write()?;
    let is_unique = copy.is_unique;
    let Some(writer) = copy.writer else {
        return Ok(None);
    };
    let meta = writer.finish()?;
    let entry = PartEntry {
        meta: meta.clone(),
        is_unique,
    };
    let index = &contents.table.series;
    let part = Arc::new(StoredPart::new(shelf, meta, is_unique, index));
    // What was written is read back before anything rests on it.
    if let Err(error) = part.open() {
        part.mark_obsolete();
        return Err(error);
    }
    Ok(Some(Stored { part, entry }))
}

/// Returns the fields that any of the sources has.
fn present_fields(contents: &Contents<'_>) -> Vec<(usize, ColumnDefinition)> {
    let fields = contents.table.definition.fields.iter().enumerate();
    let present = fields.filter(|(index, field)| {
        contents
            .sources
            .iter()
            .any(|source| source.field(*index, field).is_some())
    });
    present
        .map(|(index, field)| (index, field.clone()))
        .collect()
}

/// Returns the series of some sources in the order of their tags, each with its runs.
///
/// Memory: 12 bytes for each run of each source.
pub(crate) fn series_of<'a>(
    index: &SeriesIndex,
    sources: &'a [Source],
) -> impl Iterator<Item = (SeriesId, Vec<SourceRun>)> + use<'a> {
    let order = index.order();
    let mut runs: Vec<(u32, u32, u32)> = Vec::new();
    for (source, from) in (0u32..).zip(sources) {
        for (run, series) in (0u32..).zip((0..from.runs()).filter_map(|r| from.series_of(r))) {
            let rank = order.rank.get(series.index()).copied().unwrap_or(u32::MAX);
            runs.push((rank, source, run));
        }
    }
    runs.sort_unstable();
    let mut runs = runs.into_iter().peekable();
    std::iter::from_fn(move || {
        let rank = runs.peek()?.0;
        let mut all = Vec::new();
        while let Some((_, source, run)) = runs.next_if(|(other, _, _)| *other == rank) {
            let (source, run) = (source as usize, run as usize);
            let rows = sources.get(source).map(|from| from.rows_of_run(run));
            all.extend(rows.map(|rows| SourceRun { source, rows }));
        }
        Some((order.sorted.get(rank as usize).copied()?, all))
    })
}

/// A part being written.
struct Copying<'a> {
    contents: &'a Contents<'a>,
    deletions: Deletions,
    environment: &'a PartEnvironment,
    pace: &'a dyn Fn() -> Result<(), Error>,
    reader: Reader,
    plan: Plan,
    /// The series that begin in the plan, and at which of its rows.
    begun: Vec<(SeriesId, usize)>,
    fields: Vec<ColumnDefinition>,
    writer: Option<PartWriter>,
    is_unique: bool,
}

impl Copying<'_> {
    /// Plans the rows of a series, and writes what is planned whenever it is enough.
    fn series(&mut self, series: SeriesId, runs: Vec<SourceRun>) -> Result<(), Error> {
        let mode = self.contents.mode;
        let (whose, window) = (
            (series, &*self.contents.table.series),
            &self.contents.window,
        );
        let reader = &mut self.reader;
        let mut merge = self.deletions.merge(mode, whose, runs, window, reader)?;
        let (mut is_begun, mut last) = (false, None);
        while !merge.is_done() {
            let before = self.plan.rows();
            merge.fill(BATCH_ROWS, &mut self.plan, &mut self.reader)?;
            let times = self.plan.times.get(before..).unwrap_or_default();
            if !is_begun && !times.is_empty() {
                self.begun.push((series, before));
                is_begun = true;
            }
            if mode == Mode::AppendOnly {
                self.is_unique &= are_distinct(last, times);
                last = times.last().copied().or(last);
            }
            if self.plan.rows() >= BATCH_ROWS {
                self.write()?;
            }
        }
        Ok(())
    }

    /// Writes the rows of the plan and begins another.
    fn write(&mut self) -> Result<(), Error> {
        let rows = self.plan.rows();
        if rows == 0 {
            return Ok(());
        }
        (self.pace)()?;
        let mut columns = Vec::with_capacity(self.fields.len());
        for (wanted, field) in self.fields.iter().enumerate() {
            let mut column = Column::empty(field.field_type);
            self.reader.append(wanted, &self.plan, &mut column)?;
            columns.push(column);
        }
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.create()?,
        };
        let tags = self.contents.table.definition.tags.len();
        self.contents.table.series.read(|table| {
            for (series, ahead) in self.begun.drain(..) {
                let values = (0..tags).map(|tag| table.value_of(tag, series).map(|v| &**v));
                writer.begin_series_at(&values.collect::<Vec<_>>(), ahead);
            }
        });
        let slices: Vec<_> = columns
            .iter()
            .map(|column| Some((column, 0..rows)))
            .collect();
        writer.append(&self.plan.times, &slices)?;
        self.writer = Some(writer);
        self.plan.clear();
        Ok(())
    }

    fn create(&self) -> Result<PartWriter, Error> {
        let table = &self.contents.table.definition;
        let sources = &self.contents.sources;
        let first = sources.iter().map(Source::first_lsn).min();
        let last = sources.iter().map(Source::last_lsn).max();
        let description = PartDescription {
            table: table.name.clone(),
            tags: table.tags.iter().map(|tag| tag.name.clone()).collect(),
            fields: self.fields.clone(),
            window: self.contents.window,
            first_lsn: first.unwrap_or(Lsn::ZERO),
            last_lsn: last.unwrap_or(Lsn::ZERO),
            level: self.contents.level,
            heat: self.contents.heat,
            committed: self.contents.committed,
            deletes_lsn: self.contents.deletes_lsn,
        };
        // What is soon written again is encoded fast; small is what stays.
        let effort = match self.contents.heat {
            Heat::Hot => Effort::Hot,
            Heat::Cold => Effort::Cold,
        };
        let settings = WriterSettings {
            effort,
            ..WriterSettings::default()
        };
        PartWriter::create(self.environment, description, &settings)
    }
}

fn are_distinct(before: Option<i64>, times: &[i64]) -> bool {
    before.is_none_or(|before| times.first() != Some(&before))
        && times
            .windows(2)
            .all(|pair| !matches!(pair, [a, b] if a == b))
}

/// Rows that are copied at once.
const BATCH_ROWS: usize = 8_192;
