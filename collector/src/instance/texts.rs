//! Texts of query ids that no text was sent for yet.

use std::collections::{BTreeSet, HashSet};

use platform::{MonotonicNanos, UnixNanos};
use schema::tables::QUERY_TEXT;
use schema::{ColumnDefinition, FieldType};
use wire::TableBuilder;
use wire::v1::Table;

use super::collecting::Asker;
use super::lane::STOPPED_FOR;
use super::statements::Extension;
use crate::Error;
use crate::sample::redact::redact;
use crate::sample::view::MARKER;
use crate::view::in_schema;

/// Which texts are known to the server and which are wanted.
#[derive(Debug, Default)]
pub(super) struct Texts {
    sent: HashSet<i64>,
    wanted: BTreeSet<i64>,
    /// Failures in a row, and until when nothing is read after them.
    failures: u32,
    paused_until: MonotonicNanos,
}

/// Texts that were read and are not safe yet.
#[derive(Debug)]
pub(super) struct ReadTexts {
    pub(super) table: Option<Table>,
    asked: Vec<i64>,
}

impl Texts {
    /// Notes the ids of rows that are about to be sent.
    pub(super) fn want(&mut self, ids: impl Iterator<Item = i64>) {
        self.wanted
            .extend(ids.filter(|id| !self.sent.contains(id)).take(WANTED_MAX));
        while self.wanted.len() > WANTED_MAX {
            self.wanted.pop_last();
        }
    }

    /// Tells whether there is anything to fetch now.
    pub(super) fn is_wanting(&self, now: MonotonicNanos) -> bool {
        !self.wanted.is_empty() && self.paused_until <= now
    }

    /// Counts a failure and pauses, twice as long each time: what is too much for the server now is
    /// not asked of it with every sample.
    pub(super) fn pause(&mut self, now: MonotonicNanos) {
        let pause = STOPPED_FOR.saturating_mul(1 << self.failures.min(DOUBLINGS_MAX));
        self.failures = self.failures.saturating_add(1);
        self.paused_until = now.saturating_add(pause);
    }

    /// Reads some of the wanted texts: the extension's file of texts is read whole for it, so this is
    /// a statement of its own, with a time limit of its own, and seldom.
    ///
    /// # Errors
    /// Those of the session.
    pub(super) async fn fetch(
        &self,
        asker: Asker<'_>,
        extension: &Extension,
        bytes_max: u64,
    ) -> Result<ReadTexts, Error> {
        let text_bytes_max = asker.context.limits.text_bytes_max as usize;
        let count = usize::try_from(bytes_max).unwrap_or(usize::MAX) / (text_bytes_max + ROW_BYTES);
        let asked: Vec<i64> = self
            .wanted
            .iter()
            .copied()
            .take(count.clamp(1, ASKED_MAX))
            .collect();
        let list = asked
            .iter()
            .map(i64::to_string)
            .collect::<Vec<_>>()
            .join(",");
        let statement = format!(
            "{MARKER} SELECT s.queryid, left(s.query, {text_bytes_max}), octet_length(s.query) \
             FROM {{schema}}.pg_stat_statements(true) s WHERE s.queryid = ANY ('{{{list}}}'::bigint[])"
        );
        let time = asker.moment().time;
        let sets = asker.ask(&in_schema(&statement, &extension.schema)).await?;
        let mut rows = TextRows::new(&asker.context.instance, time);
        for row in sets.first().into_iter().flatten() {
            let cell = |at| row.try_get(at).ok().flatten();
            if let (Some(id), Some(text)) = (cell(0), cell(1)) {
                rows.add(
                    id,
                    text,
                    cell(2).and_then(|n| n.parse().ok()),
                    text_bytes_max,
                );
            }
        }
        Ok(ReadTexts {
            table: rows.finish(),
            asked,
        })
    }

    /// Remembers that texts are safe. An id without a text (evicted meanwhile, or hidden from us) is
    /// done too: it would be asked for ever.
    pub(super) fn accept(&mut self, texts: ReadTexts) {
        self.failures = 0;
        if self.sent.len() > SENT_MAX {
            self.sent.clear();
        }
        for id in texts.asked {
            self.wanted.remove(&id);
            self.sent.insert(id);
        }
    }
}

/// Rows of `query_text`, one for each id.
struct TextRows<'a> {
    instance: &'a str,
    time: UnixNanos,
    seen: HashSet<String>,
    table: TableBuilder,
}

impl<'a> TextRows<'a> {
    fn new(instance: &'a str, time: UnixNanos) -> Self {
        let table = TableBuilder::new(QUERY_TEXT.name);
        Self {
            instance,
            time,
            seen: HashSet::new(),
            table,
        }
    }

    fn add(&mut self, id: &str, text: &str, bytes: Option<i64>, bytes_max: usize) {
        // Entries of several users share an id, and mostly a text.
        if text == HIDDEN || !self.seen.insert(id.to_owned()) {
            return;
        }
        let text = redact(cut(text, bytes_max));
        let table = &mut self.table;
        table.begin_row(self.time.0);
        let mut fits = table
            .column(&ColumnDefinition::tag("instance"))
            .push_text(self.instance);
        fits &= table
            .column(&ColumnDefinition::tag("queryid"))
            .push_text(id);
        fits &= table
            .column(&ColumnDefinition::field("query", FieldType::Text))
            .push_text(&text);
        if let (Some(bytes), Some(field)) = (bytes, QUERY_TEXT.field("query_bytes")) {
            fits &= table.column(&field.definition()).push_i64(bytes);
        }
        debug_assert!(fits, "the columns have the types that are pushed");
    }

    fn finish(self) -> Option<Table> {
        (self.table.rows() > 0).then(|| self.table.finish())
    }
}

/// Cuts a text at a character's end.
fn cut(text: &str, bytes_max: usize) -> &str {
    let end = (0..=bytes_max.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

/// From ten minutes to a little less than a day.
const DOUBLINGS_MAX: u32 = 7;
/// What PostgreSQL shows instead of another user's statement.
const HIDDEN: &str = "<insufficient privilege>";
const ASKED_MAX: usize = 1_000;
/// What a row takes beside its text.
const ROW_BYTES: usize = 64;
/// Ids beyond it wait until they are seen again.
const WANTED_MAX: usize = 100_000;
/// Beyond it all is forgotten, and texts are sent once more.
const SENT_MAX: usize = 500_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use platform::MonotonicNanos;

    use super::{ReadTexts, STOPPED_FOR, Texts, cut};

    const NOW: MonotonicNanos = MonotonicNanos(0);

    #[test]
    fn pauses_double_up_to_a_day_and_end_with_a_success() {
        let mut texts = Texts::default();
        texts.want([1, 2].into_iter());
        for factor in [1, 2, 4, 8, 16, 32, 64, 128, 128] {
            texts.pause(NOW);
            let end = NOW.saturating_add(STOPPED_FOR * factor);
            assert!(!texts.is_wanting(MonotonicNanos(end.0 - 1)), "{factor}");
            assert!(texts.is_wanting(end), "{factor}");
        }
        assert!(STOPPED_FOR * 128 < Duration::from_secs(24 * 3_600));
        texts.accept(ReadTexts {
            table: None,
            asked: vec![1],
        });
        texts.pause(NOW);
        assert!(texts.is_wanting(NOW.saturating_add(STOPPED_FOR)));
    }

    #[test]
    fn an_id_is_wanted_until_its_text_is_safe() {
        let mut texts = Texts::default();
        texts.want([1, 2].into_iter());
        assert!(texts.is_wanting(NOW));
        texts.accept(ReadTexts {
            table: None,
            asked: vec![1, 2],
        });
        texts.want([1, 2].into_iter());
        assert!(!texts.is_wanting(NOW));
        texts.want([3].into_iter());
        assert!(texts.is_wanting(NOW));
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("aä", 2), "a");
        assert_eq!(cut("aä", 3), "aä");
        assert_eq!(cut("", 3), "");
    }
}
