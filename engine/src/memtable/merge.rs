//! Several chunks become one, so that a reader has few to look at.

use std::ops::Range;
use std::sync::Arc;

use schema::{Lsn, TableDefinition, TimeRange};

use super::{Chunk, ChunkField, ChunkRun};
use crate::column::Column;
use crate::merge::{Mode, Plan, Reader, Segment, SeriesMerge, Source, SourceRun};
use crate::series::SeriesId;

/// Returns the rows of chunks that follow each other in the log as one chunk.
///
/// Where the table merges rows of equal series and time, they are merged here already: the chunks
/// are all that there is between their first and last record.
pub(crate) fn merge_chunks(chunks: &[Arc<Chunk>], table: &TableDefinition, mode: Mode) -> Chunk {
    let sources: Arc<[Source]> = chunks.iter().map(Arc::clone).map(Source::Chunk).collect();
    let wanted: Vec<_> = table.fields.iter().enumerate().collect();
    let mut reader = Reader::new(sources, &wanted);
    let mut plan = Plan::new(true);
    let runs = plan_all(chunks, mode, &mut plan, &mut reader);
    let fields = (0..table.fields.len()).map(|field| {
        let is_absent = |chunk: &Arc<Chunk>| chunk.fields.get(field).is_none_or(Option::is_none);
        if chunks.iter().all(is_absent) {
            return None;
        }
        if let Some(joined) = joined(chunks, field, &plan) {
            return Some(joined);
        }
        let mut column = Column::empty(table.fields.get(field)?.field_type);
        match scattered(chunks, &plan) {
            Some(rows) => column = concatenated(chunks, field, column).gather(&rows),
            None => reader.append(field, &plan, &mut column).expect(IN_MEMORY),
        }
        Some(ChunkField::of(column))
    });
    let fields = fields.collect();
    let lsn = |end: Option<&Arc<Chunk>>, of: fn(&Chunk) -> Lsn| end.map_or(Lsn::ZERO, |c| of(c));
    let first_lsn = lsn(chunks.first(), |chunk| chunk.first_lsn);
    let last_lsn = lsn(chunks.last(), |chunk| chunk.last_lsn);
    Chunk::new((first_lsn, last_lsn), runs, plan.times, fields)
}

/// Plans the rows of all series, in the order of their numbers.
fn plan_all(
    chunks: &[Arc<Chunk>],
    mode: Mode,
    plan: &mut Plan,
    reader: &mut Reader,
) -> Vec<ChunkRun> {
    let mut heads = vec![0usize; chunks.len()];
    let (mut runs, mut rows) = (Vec::new(), Vec::new());
    while let Some(series) = next_series(chunks, &heads) {
        rows.clear();
        for (source, (chunk, head)) in chunks.iter().zip(&mut heads).enumerate() {
            if chunk
                .runs
                .get(*head)
                .is_some_and(|run| run.series == series)
            {
                rows.push((source, chunk.rows_of(*head)));
                *head += 1;
            }
        }
        let start = u32::try_from(plan.rows()).expect("a memtable's budget is far below 2^32 rows");
        runs.push(ChunkRun { series, start });
        plan_series(chunks, mode, &rows, plan, reader);
    }
    runs
}

fn next_series(chunks: &[Arc<Chunk>], heads: &[usize]) -> Option<SeriesId> {
    let at_head = |(chunk, head): (&Arc<Chunk>, &usize)| chunk.runs.get(*head).map(|r| r.series);
    chunks.iter().zip(heads).filter_map(at_head).min()
}

fn plan_series(
    chunks: &[Arc<Chunk>],
    mode: Mode,
    runs: &[(usize, Range<usize>)],
    plan: &mut Plan,
    reader: &mut Reader,
) {
    if follow_each_other(chunks, mode, runs) {
        for (source, rows) in runs {
            let times = chunks.get(*source).map(|chunk| chunk.times(rows.clone()));
            plan.push_slice(*source, rows.start, rows.len(), times.unwrap_or_default());
        }
        return;
    }
    let runs = runs.iter().map(|(source, rows)| SourceRun {
        source: *source,
        rows: rows.clone(),
    });
    let mut merge = SeriesMerge::new(mode, runs, &TimeRange::ALL, reader).expect(IN_MEMORY);
    merge.fill(usize::MAX, plan, reader).expect(IN_MEMORY);
}

/// Tells whether the runs of a series, as they are in the log, are in order of time as well.
fn follow_each_other(chunks: &[Arc<Chunk>], mode: Mode, runs: &[(usize, Range<usize>)]) -> bool {
    let mut last = None;
    runs.iter().all(|(source, rows)| {
        let Some(chunk) = chunks.get(*source) else {
            return false;
        };
        let times = chunk.times(rows.clone());
        let first = times.first().copied();
        let follows = match mode {
            Mode::AppendOnly => last <= first,
            Mode::Merging => chunk.is_unique && (last.is_none() || last < first),
        };
        last = times.last().copied();
        follows
    })
}

/// Returns a field's values as they lie in the chunks, if all chunks have them near each other and no
/// rows were merged.
fn joined(chunks: &[Arc<Chunk>], field: usize, plan: &Plan) -> Option<ChunkField> {
    let of_chunk = |chunk: &'_ Arc<Chunk>| chunk.fields.get(field)?.clone();
    let fields: Vec<Arc<ChunkField>> = chunks.iter().map(of_chunk).collect::<Option<_>>()?;
    let fields: Vec<&ChunkField> = fields.iter().map(Arc::as_ref).collect();
    let is_slice = |segment: &Segment| matches!(segment, Segment::Slice { .. });
    if !plan.segments.iter().all(is_slice) {
        return None;
    }
    let slices = plan.segments.iter().filter_map(|segment| match *segment {
        Segment::Slice {
            source,
            start,
            rows,
        } => Some((source, start..start + rows)),
        Segment::Merged { .. } => None,
    });
    ChunkField::joined(&fields, slices)
}

/// Returns the rows by their position in all chunks together, where slices are so short that
/// picking row by row is cheaper; nothing where they are long, or rows were merged.
fn scattered(chunks: &[Arc<Chunk>], plan: &Plan) -> Option<Vec<u32>> {
    if plan.segments.len() * SLICE_ROWS_MIN < plan.rows() {
        return None;
    }
    let starts = chunks.iter().scan(0u32, |start, chunk| {
        let before = *start;
        *start += u32::try_from(chunk.rows()).ok()?;
        Some(before)
    });
    let starts: Vec<u32> = starts.collect();
    let mut rows = Vec::with_capacity(plan.rows());
    for segment in &plan.segments {
        let Segment::Slice {
            source,
            start,
            rows: count,
        } = *segment
        else {
            return None;
        };
        let first = starts.get(source)? + u32::try_from(start).ok()?;
        rows.extend((first..).take(count));
    }
    Some(rows)
}

fn concatenated(chunks: &[Arc<Chunk>], field: usize, mut column: Column) -> Column {
    for chunk in chunks {
        match chunk.fields.get(field).and_then(Option::as_ref) {
            Some(values) => values.append_to(0..chunk.rows(), &mut column),
            None => column.extend_nulls(chunk.rows()),
        }
    }
    column
}

/// Slices of fewer rows than this on average are picked row by row.
const SLICE_ROWS_MIN: usize = 8;
const IN_MEMORY: &str = "chunks are in memory, and reading them cannot fail";
