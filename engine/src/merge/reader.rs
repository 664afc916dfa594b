//! Reading sources: times for the merge, fields for what the merge has chosen.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::Arc;

use schema::ColumnDefinition;

use super::plan::{Candidate, Plan, Segment};
use super::source::Source;
use crate::Error;
use crate::column::Column;
use crate::memtable::{Chunk, ChunkField};

/// Access to the sources of one merge; holds a few pages so that they are not looked up row by row.
#[derive(Debug)]
pub(crate) struct Reader {
    sources: Arc<[Source]>,
    /// For each source, where it has the fields that are wanted.
    fields: Vec<Vec<Option<usize>>>,
    /// For each source the page of times that was read last.
    time_pages: HashMap<usize, (usize, Arc<Vec<i64>>), Places>,
    /// Likewise for each source and field.
    field_pages: HashMap<(usize, usize), (usize, Arc<ChunkField>), Places>,
    pages_max: usize,
    /// Whether pages go into the cache that all readers share.
    is_cached: bool,
}

impl Reader {
    /// Returns a reader of these fields: their positions in the table, and what they are.
    pub(crate) fn new(sources: Arc<[Source]>, wanted: &[(usize, &ColumnDefinition)]) -> Self {
        let in_source = |source: &Source| {
            let fields = wanted
                .iter()
                .map(|(index, field)| source.field(*index, field));
            fields.collect()
        };
        Self {
            fields: sources.iter().map(in_source).collect(),
            sources,
            time_pages: HashMap::default(),
            field_pages: HashMap::default(),
            pages_max: PAGES_MAX,
            is_cached: true,
        }
    }

    /// Returns a reader that reads everything once: it keeps more pages, and the cache none.
    pub(crate) fn streaming(
        sources: Arc<[Source]>,
        wanted: &[(usize, &ColumnDefinition)],
        pages_max: usize,
    ) -> Self {
        Self {
            pages_max,
            is_cached: false,
            ..Self::new(sources, wanted)
        }
    }

    /// Returns the sources.
    pub(crate) fn sources(&self) -> &Arc<[Source]> {
        &self.sources
    }

    /// Returns times from the first of `rows` on: all of a chunk's, those to the page's end of a part.
    ///
    /// # Errors
    /// Those of reading a page.
    pub(crate) fn times(&mut self, source: usize, rows: Range<usize>) -> Result<Times, Error> {
        match self.sources.get(source) {
            None => Ok(Times::none()),
            Some(Source::Chunk(chunk)) => Ok(Times {
                origin: Origin::Chunk(Arc::clone(chunk)),
                range: rows,
            }),
            Some(Source::Part(part)) => {
                let (page, page_rows) = (part.page_of(rows.start), part.page_rows());
                let held = self.time_pages.get(&source);
                let times = match held.filter(|(held, _)| *held == page) {
                    Some((_, times)) => Arc::clone(times),
                    None => {
                        if self.time_pages.len() >= self.pages_max {
                            self.time_pages.clear();
                        }
                        let times = if self.is_cached {
                            part.time_page(page)?
                        } else {
                            part.read_time_page(page)?
                        };
                        self.time_pages.insert(source, (page, Arc::clone(&times)));
                        times
                    }
                };
                let first = page * page_rows;
                Ok(Times {
                    range: rows.start - first..rows.end.min(first + page_rows) - first,
                    origin: Origin::Page(times),
                })
            }
        }
    }

    /// Appends a field's values of the plan's rows; `wanted` counts the fields given at the start.
    ///
    /// # Errors
    /// Those of reading a page.
    pub(crate) fn append(
        &mut self,
        wanted: usize,
        plan: &Plan,
        column: &mut Column,
    ) -> Result<(), Error> {
        for segment in &plan.segments {
            match *segment {
                Segment::Slice {
                    source,
                    start,
                    rows,
                } => {
                    self.append_rows(source, wanted, start..start + rows, column)?;
                }
                Segment::Merged { start, candidates } => {
                    let all = plan.candidates.get(start..start + candidates);
                    self.append_latest(wanted, all.unwrap_or_default(), column)?;
                }
            }
        }
        Ok(())
    }

    /// Appends the value that is latest in the log and not null, or a null.
    fn append_latest(
        &mut self,
        wanted: usize,
        candidates: &[Candidate],
        column: &mut Column,
    ) -> Result<(), Error> {
        for candidate in candidates.iter().rev() {
            let Some(stretch) = self.stretch(candidate.source, wanted, candidate.row)? else {
                continue;
            };
            let row = candidate.row - stretch.rows.start;
            if stretch.is_valid(row) {
                stretch.append(row..row + 1, column);
                return Ok(());
            }
        }
        column.push_null();
        Ok(())
    }

    fn append_rows(
        &mut self,
        source: usize,
        wanted: usize,
        rows: Range<usize>,
        column: &mut Column,
    ) -> Result<(), Error> {
        let mut at = rows.start;
        while at < rows.end {
            let Some(stretch) = self.stretch(source, wanted, at)? else {
                column.extend_nulls(rows.end - at);
                break;
            };
            let (first, end) = (stretch.rows.start, stretch.rows.end.min(rows.end));
            stretch.append(at - first..end - first, column);
            at = end;
        }
        Ok(())
    }

    /// Returns the values around a row, or nothing if the source does not have the field.
    fn stretch(
        &mut self,
        source: usize,
        wanted: usize,
        row: usize,
    ) -> Result<Option<Stretch>, Error> {
        let field = self
            .fields
            .get(source)
            .and_then(|fields| fields.get(wanted));
        let (Some(Some(field)), Some(from)) = (field, self.sources.get(source)) else {
            return Ok(None);
        };
        let part = match from {
            Source::Chunk(chunk) => {
                return Ok(Some(Stretch {
                    rows: 0..chunk.rows(),
                    values: Values::Chunk(Arc::clone(chunk), *field),
                }));
            }
            Source::Part(part) => part,
        };
        let page = part.page_of(row);
        let held = self.field_pages.get(&(source, wanted));
        let values = match held.filter(|(held, _)| *held == page) {
            Some((_, values)) => Arc::clone(values),
            None => {
                let values = if self.is_cached {
                    part.field_page(*field, page)?
                } else {
                    part.read_field_page(*field, page)?
                };
                if self.field_pages.len() >= self.pages_max {
                    self.field_pages.clear();
                }
                let held = (page, Arc::clone(&values));
                self.field_pages.insert((source, wanted), held);
                values
            }
        };
        let first = page * part.page_rows();
        Ok(Some(Stretch {
            rows: first..first + values.len(),
            values: Values::Page(values),
        }))
    }
}

/// Hashes positions, which nobody chooses so that they collide.
type Places = BuildHasherDefault<PlaceHasher>;

#[derive(Debug, Default)]
struct PlaceHasher(u64);

impl Hasher for PlaceHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u64(&mut self, number: u64) {
        // Multiplying by the golden ratio spreads numbers that follow each other; a table looks at both
        // ends of the result.
        let mixed = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

/// Values of one field that lie together: a page, or all of a chunk.
struct Stretch {
    /// The rows of the source that these are.
    rows: Range<usize>,
    values: Values,
}

enum Values {
    Chunk(Arc<Chunk>, usize),
    Page(Arc<ChunkField>),
}

impl Stretch {
    fn is_valid(&self, row: usize) -> bool {
        match &self.values {
            Values::Chunk(chunk, field) => field_of(chunk, *field).is_some_and(|f| f.is_valid(row)),
            Values::Page(values) => values.is_valid(row),
        }
    }

    fn append(&self, rows: Range<usize>, column: &mut Column) {
        match &self.values {
            Values::Chunk(chunk, field) => match field_of(chunk, *field) {
                Some(values) => values.append_to(rows, column),
                None => column.extend_nulls(rows.len()),
            },
            Values::Page(values) => values.append_to(rows, column),
        }
    }
}

fn field_of(chunk: &Chunk, field: usize) -> Option<&ChunkField> {
    chunk.fields.get(field)?.as_deref()
}

/// Times of some rows, kept alive.
#[derive(Debug, Clone)]
pub(crate) struct Times {
    origin: Origin,
    range: Range<usize>,
}

#[derive(Debug, Clone)]
enum Origin {
    None,
    Chunk(Arc<Chunk>),
    Page(Arc<Vec<i64>>),
}

impl Times {
    /// Returns no times.
    pub(crate) const fn none() -> Self {
        Self {
            origin: Origin::None,
            range: 0..0,
        }
    }

    /// Returns the times.
    pub(crate) fn as_slice(&self) -> &[i64] {
        let all: &[i64] = match &self.origin {
            Origin::None => &[],
            Origin::Chunk(chunk) => &chunk.time,
            Origin::Page(page) => page,
        };
        all.get(self.range.clone()).unwrap_or_default()
    }

    /// Leaves the first times out.
    pub(crate) fn advance(&mut self, rows: usize) {
        self.range.start = (self.range.start + rows).min(self.range.end);
    }
}

/// E-3: pages that one reader keeps alive beside the cache, of times and of fields each.
const PAGES_MAX: usize = 128;
