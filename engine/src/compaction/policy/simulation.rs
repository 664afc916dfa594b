//! Goal: a year of ingest costs few rewrites, leaves few parts and wastes little room.
//! Method: parts that are just their descriptions; flushes as they would come, and after each whatever
//! the policy chooses, at once. `cargo nextest run -p engine a_year --no-capture` prints the table
//! of `docs/internals/compaction.md`.

use schema::{Lsn, Span, TimeRange, Timestamp};

use super::{Effort, Situation, choose};
use crate::Settings;
use crate::compaction::retention::expired;
use crate::flush::aligned;
use crate::part::{Heat, PartId, PartMeta};

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600 * SECOND;
/// What rows of ten integers take; the figures that matter are ratios.
const HOT_BYTES: u64 = 4;
const COLD_BYTES: u64 = 3;
const SERIES_BYTES: u64 = 40;

/// How rows come.
#[derive(Debug, Clone, Copy)]
struct Feed {
    name: &'static str,
    seconds: i64,
    flush_every: i64,
    rows: u64,
    series: u64,
    retention_days: Option<i64>,
    /// Returns the windows that a flush at this moment of the feed has rows in, besides the present one,
    /// by how long ago they are, and which share of its rows, in thousandths, each gets.
    late: fn(u64) -> (Vec<i64>, u64),
}

/// What must hold.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    rewrites: f64,
    write_amplification: f64,
    parts: usize,
    parts_of_a_day: usize,
    space: f64,
}

/// What must hold, a little above what the feeds came to when it was written down.
const fn bounds(
    rewrites: f64,
    write_amplification: f64,
    (parts, parts_of_a_day): (usize, usize),
    space: f64,
) -> Bounds {
    Bounds {
        rewrites,
        write_amplification,
        parts,
        parts_of_a_day,
        space,
    }
}

#[derive(Debug, Default)]
struct Figures {
    flushes: u64,
    rows_flushed: u64,
    rows_merged: u64,
    bytes_flushed: u64,
    bytes_merged: u64,
    parts_max: usize,
    parts_of_a_day_max: usize,
    space_max: f64,
}

#[derive(Debug)]
struct Table {
    feed: Feed,
    settings: Settings,
    parts: Vec<PartMeta>,
    parts_made: u128,
    figures: Figures,
}

impl Table {
    fn new(feed: Feed) -> Self {
        Self {
            feed,
            settings: Settings::default(),
            parts: Vec::new(),
            parts_made: 0,
            figures: Figures::default(),
        }
    }

    fn run(mut self) -> Figures {
        let flushes = self.feed.seconds * SECOND / self.feed.flush_every;
        for flush in 0..flushes.cast_unsigned() {
            let now = START + (flush.cast_signed() + 1) * self.feed.flush_every;
            self.flush(flush, now);
            self.merge(now);
            self.look(now);
        }
        self.figures
    }

    fn flush(&mut self, flush: u64, now: i64) {
        let (ages, thousandths) = (self.feed.late)(flush);
        let late = self.feed.rows * thousandths / 1_000;
        let on_time = self.feed.rows - late * ages.len() as u64;
        let mut lengths = std::iter::once(self.settings.window)
            .chain(self.settings.compaction.windows.iter().copied());
        // As a flush does: longer windows where there would be too many.
        let windows = lengths.find_map(|length| {
            let mut windows: Vec<TimeRange> =
                ages.iter().map(|age| aligned(now - age, length)).collect();
            windows.sort_unstable_by_key(|window| window.start);
            windows.dedup();
            (windows.len() < 32).then_some((windows, aligned(now - self.feed.flush_every, length)))
        });
        let (windows, present) = windows.expect("the feed spreads over less than a year");
        let late = late * ages.len() as u64 / (windows.len() as u64).max(1);
        for window in &windows {
            self.write(flush, now, *window, late);
        }
        if on_time > 0 {
            self.write(flush, now, present, on_time);
        }
        self.figures.flushes += 1;
    }

    fn write(&mut self, flush: u64, now: i64, window: TimeRange, rows: u64) {
        let lsn = Lsn::new(flush);
        let last =
            Timestamp::from_nanos(now - 1).min(window.end.saturating_sub(Span::from_nanos(1)));
        let part = PartMeta {
            id: self.id(),
            table: "cpu".into(),
            rows,
            series: self.feed.series.min(rows),
            time_min: window.start.max(last.saturating_sub(self.settings.window)),
            time_max: last,
            window,
            first_lsn: lsn,
            last_lsn: lsn,
            bytes: self.bytes(rows, Heat::Hot),
            level: 0,
            heat: Heat::Hot,
            committed: Timestamp::from_nanos(now),
            deletes_lsn: Lsn::ZERO,
        };
        self.figures.rows_flushed += rows;
        self.figures.bytes_flushed += part.bytes;
        self.parts.push(part);
    }

    fn id(&mut self) -> PartId {
        self.parts_made += 1;
        PartId::from_bytes(self.parts_made.to_le_bytes())
    }

    fn bytes(&self, rows: u64, heat: Heat) -> u64 {
        let of_row = match heat {
            Heat::Hot => HOT_BYTES,
            Heat::Cold => COLD_BYTES,
        };
        rows * of_row + self.feed.series.min(rows) * SERIES_BYTES
    }

    fn merge(&mut self, now: i64) {
        let retention = self.feed.retention_days.map(days);
        let gone = expired(self.parts.iter(), retention, Timestamp::from_nanos(now));
        self.parts.retain(|part| !gone.contains(&part.id));
        loop {
            let parts: Vec<&PartMeta> = self.parts.iter().collect();
            let choice = choose(&Situation {
                parts: &parts,
                tombstones: &[],
                is_crowded: false,
                parts_max: 64,
                retention,
                settings: &self.settings,
                now: Timestamp::from_nanos(now),
                effort: Effort::Usual,
                damaged: &[],
                failed: &[],
            });
            let Some(choice) = choice else {
                return;
            };
            let run: Vec<&PartMeta> = parts
                .into_iter()
                .filter(|part| choice.parts.contains(&part.id))
                .collect();
            let rows = run.iter().map(|part| part.rows).sum();
            let merged = PartMeta {
                id: PartId::from_bytes([0; 16]),
                rows,
                series: run.iter().map(|part| part.series).max().unwrap(),
                time_min: run.iter().map(|part| part.time_min).min().unwrap(),
                time_max: run.iter().map(|part| part.time_max).max().unwrap(),
                first_lsn: run.iter().map(|part| part.first_lsn).min().unwrap(),
                last_lsn: run.iter().map(|part| part.last_lsn).max().unwrap(),
                committed: run.iter().map(|part| part.committed).max().unwrap(),
                window: choice.window,
                bytes: self.bytes(rows, choice.heat),
                level: choice.level,
                heat: choice.heat,
                ..run[0].clone()
            };
            let id = self.id();
            self.figures.rows_merged += rows;
            self.figures.bytes_merged += merged.bytes;
            self.parts.retain(|part| !choice.parts.contains(&part.id));
            self.parts.push(PartMeta { id, ..merged });
        }
    }

    fn look(&mut self, now: i64) {
        let of_a_day = self
            .parts
            .iter()
            .filter(|part| part.time_max.nanos() >= now - DAY);
        self.figures.parts_of_a_day_max = self.figures.parts_of_a_day_max.max(of_a_day.count());
        self.figures.parts_max = self.figures.parts_max.max(self.parts.len());
        // The first days have little to be compared with.
        if now < START + 2 * DAY && self.feed.seconds > 3 * 86_400 {
            return;
        }
        let kept = self
            .feed
            .retention_days
            .map_or(0, |days| now - START - days * DAY)
            .max(0);
        let elapsed = u128::from((now - START).cast_unsigned());
        let live = u128::from(self.figures.rows_flushed)
            * (elapsed - u128::from(kept.cast_unsigned()))
            / elapsed;
        let live = u64::try_from(live).unwrap();
        let bytes: u64 = self.parts.iter().map(|part| part.bytes).sum();
        let least = self.bytes(live, Heat::Cold);
        self.figures.space_max = self.figures.space_max.max(bytes as f64 / least as f64);
    }
}

impl Figures {
    /// Returns how often a row was written after its flush.
    fn rewrites(&self) -> f64 {
        self.rows_merged as f64 / self.rows_flushed as f64
    }

    /// Returns how many bytes were written for each that a flush wrote.
    fn write_amplification(&self) -> f64 {
        (self.bytes_flushed + self.bytes_merged) as f64 / self.bytes_flushed as f64
    }
}

const fn on_time(_: u64) -> (Vec<i64>, u64) {
    (Vec::new(), 0)
}

/// Some rows of every flush are up to a month late.
fn a_month_late(flush: u64) -> (Vec<i64>, u64) {
    let ages = (0..20).map(|n| scattered(flush * 20 + n) % (30 * DAY));
    (ages.collect(), 1)
}

/// Once a week, an hour of history that goes from sixty days ago to now.
fn history(flush: u64) -> (Vec<i64>, u64) {
    let (of_week, of_day) = (flush % (7 * 144), flush % 144);
    if of_week >= 144 {
        return (Vec::new(), 0);
    }
    let until = 60 * DAY - of_day.cast_signed() * 10 * HOUR;
    ((0..5).map(|n| until - n * 2 * HOUR).collect(), 190)
}

fn days(days: i64) -> Span {
    Span::from_nanos(days * DAY)
}

/// Returns a number that looks random and is not.
fn scattered(n: u64) -> i64 {
    let mixed = (n ^ 0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((mixed ^ (mixed >> 31)) >> 1).cast_signed()
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures go into the documentation")]
fn a_year_of_ingest_costs_few_rewrites_parts_and_bytes() {
    let steady = Feed {
        name: "steady: 100 rows/s, a flush every 10 min, kept 90 days",
        seconds: 365 * 86_400,
        flush_every: 600 * SECOND,
        rows: 60_000,
        series: 1_000,
        retention_days: Some(90),
        late: on_time,
    };
    let feeds = [
        (steady, bounds(2.9, 3.1, (50, 30), 1.25)),
        (
            Feed {
                name: "busy: 10 000 rows/s, a flush every 100 s, for twelve days",
                seconds: 12 * 86_400,
                flush_every: 100 * SECOND,
                rows: 1_000_000,
                retention_days: None,
                ..steady
            },
            bounds(2.9, 3.7, (66, 43), 1.25),
        ),
        (
            Feed {
                name: "flat out: 1 000 000 rows/s, a flush every 2 s, for four hours",
                seconds: 4 * 3_600,
                flush_every: 2 * SECOND,
                rows: 2_000_000,
                retention_days: None,
                ..steady
            },
            bounds(1.6, 2.5, (380, 380), 1.45),
        ),
        (
            Feed {
                name: "small and often: 200 rows/s, a flush every 2 s, for eight hours",
                seconds: 8 * 3_600,
                flush_every: 2 * SECOND,
                rows: 400,
                series: 100,
                ..steady
            },
            bounds(3.5, 2.1, (110, 110), 4.1),
        ),
        (
            Feed {
                name: "late: as steady, for 120 days, 2 % of the rows up to 30 days late",
                seconds: 120 * 86_400,
                late: a_month_late,
                ..steady
            },
            bounds(3.4, 3.5, (265, 62), 1.3),
        ),
        (
            Feed {
                name: "bursts: as steady, for 120 days, a day a week with sixty days of history in it",
                seconds: 120 * 86_400,
                late: history,
                ..steady
            },
            bounds(3.4, 3.3, (125, 43), 1.3),
        ),
    ];
    for (feed, bounds) in feeds {
        let figures = Table::new(feed).run();
        println!(
            "| {} | {} | {:.2} | {:.2} | {} | {} | {:.2} |",
            feed.name,
            figures.flushes,
            figures.rewrites(),
            figures.write_amplification(),
            figures.parts_max,
            figures.parts_of_a_day_max,
            figures.space_max
        );
        assert!(
            figures.rewrites() <= bounds.rewrites,
            "{feed:?}: {figures:?}"
        );
        assert!(
            figures.write_amplification() <= bounds.write_amplification,
            "{feed:?}: {figures:?}"
        );
        assert!(figures.parts_max <= bounds.parts, "{feed:?}: {figures:?}");
        assert!(
            figures.parts_of_a_day_max <= bounds.parts_of_a_day,
            "{feed:?}: {figures:?}"
        );
        assert!(figures.space_max <= bounds.space, "{feed:?}: {figures:?}");
    }
}
