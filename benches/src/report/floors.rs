//! What the figures must reach at least, each with its bound: fixed, or a multiple of what else was
//! measured in the same run.

use serde::Serialize;

use super::Report;
use crate::generate::CPU_TABLE;
use crate::ingest::number;
use crate::peers::VICTORIA;

/// A bound and what was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Floor {
    /// What is bounded.
    pub(crate) what: String,
    /// On which side of the bound it must be.
    pub(crate) direction: Direction,
    /// The bound.
    pub(crate) bound: f64,
    /// What was measured.
    pub(crate) measured: f64,
    /// What was measured, divided by the bound; undivided where that is 0.
    pub(crate) ratio: f64,
    /// Whether it is reached.
    pub(crate) is_reached: bool,
}

/// On which side of a bound a figure must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Direction {
    /// Not below.
    AtLeast,
    /// Not above.
    AtMost,
}

impl Direction {
    /// Returns its sign.
    pub(super) fn sign(self) -> char {
        match self {
            Self::AtLeast => '≥',
            Self::AtMost => '≤',
        }
    }
}

impl Floor {
    fn at_least(what: impl Into<String>, bound: f64, measured: f64) -> Self {
        Self::new(what.into(), Direction::AtLeast, bound, measured)
    }

    fn at_most(what: impl Into<String>, bound: f64, measured: f64) -> Self {
        Self::new(what.into(), Direction::AtMost, bound, measured)
    }

    fn new(what: String, direction: Direction, bound: f64, measured: f64) -> Self {
        let is_reached = match direction {
            Direction::AtLeast => measured >= bound,
            Direction::AtMost => measured <= bound,
        };
        Self {
            what,
            direction,
            bound,
            measured,
            ratio: if bound > 0.0 {
                measured / bound
            } else {
                measured
            },
            is_reached,
        }
    }
}

impl Report {
    /// Returns the floors of what was measured.
    pub(crate) fn floors(&self) -> Vec<Floor> {
        let groups = [
            self.ingest_floors(),
            self.size_floors(),
            self.restart_floors(),
            self.memory_floors(),
            self.codec_floors(),
        ];
        groups.into_iter().flatten().collect()
    }

    fn ingest_floors(&self) -> Vec<Floor> {
        let mut floors = Vec::new();
        // What lasts for minutes counts; a burst alone, where that was not measured.
        let burst = self.ingest.iter().find(|it| it.table == CPU_TABLE);
        let lasting = self.sustained.as_ref().map(|it| &it.figures.ingest);
        let rate = lasting.or(burst).map(|it| it.rows_per_s);
        floors.extend(rate.map(|is| Floor::at_least("durable ingest, rows/s", 1e6, is)));
        let victoria = self.peer(VICTORIA, CPU_TABLE);
        let theirs = victoria.and_then(|it| it.rows_per_s);
        let ratio = rate.zip(theirs).map(|(ours, theirs)| ours / theirs);
        let what = "durable ingest, times VictoriaMetrics";
        floors.extend(ratio.map(|is| Floor::at_least(what, 8.0, is)));
        if let Some(it) = &self.sustained {
            let grown = it
                .figures
                .growth
                .iter()
                .filter(|growth| growth.grew)
                .count();
            let what = "backlogs that grew meanwhile";
            floors.push(Floor::new(
                what.into(),
                Direction::AtMost,
                0.0,
                number(grown as u64),
            ));
            let cpu = it.settled.settled_cpu_s_per_million_rows;
            floors.push(Floor::at_most("server CPU-s/M rows, settled", 1.2, cpu));
        }
        let pace = self.pace.as_ref();
        floors.extend(pace.map(|it| {
            let what = format!("ack p99 at {} rows/s, ms", super::digits(it.rows_per_s, 0));
            Floor::at_most(what, 25.0, it.ack.p99_ms)
        }));
        floors
    }

    /// Sizes are bounded by the entropy of differences, or by the best of the others or the entropy
    /// of the model, whichever asks for less.
    fn size_floors(&self) -> Vec<Floor> {
        let floors = self.disk.iter().filter_map(|it| {
            let entropy = self.entropy.iter().find(|bound| bound.table == it.table)?;
            let bound = if it.table == CPU_TABLE {
                1.15 * entropy.bytes_per_value
            } else {
                let peers = self.peers.iter().filter(|peer| peer.table == it.table);
                let best = peers
                    .map(|peer| peer.bytes_per_value)
                    .min_by(f64::total_cmp);
                let model = 1.2 * entropy.bytes_per_value;
                best.map_or(model, |best| model.max(0.6 * best))
            };
            let what = format!("{} on disk, bytes per value", it.table);
            Some(Floor::at_most(what, bound, it.bytes_per_value))
        });
        floors.collect()
    }

    fn restart_floors(&self) -> Vec<Floor> {
        let restart = self.restart.as_ref();
        let floor = restart.map(|it| {
            let log = mebibytes(it.log_bytes);
            let what = format!("restart with {} MiB of log, s", super::digits(log, 0));
            Floor::at_most(what, 2.0, it.ready_s)
        });
        floor.into_iter().collect()
    }

    fn memory_floors(&self) -> Vec<Floor> {
        let memory = (self.resident_bytes_max > 0).then(|| mebibytes(self.resident_bytes_max));
        let all = memory.map(|is| Floor::at_most("resident memory, MiB", 1_024.0, is));
        let soak = self.soak.as_ref();
        let soak = soak.and_then(|it| Some((it.memory_bytes_max?, it.resident_bytes_max)));
        let soak = soak.map(|(bound, is)| {
            let what = "resident memory while soaked, MiB";
            Floor::at_most(what, 1.1 * mebibytes(bound), mebibytes(is))
        });
        // A server that was told how much it may take is held to that.
        soak.or(all).into_iter().collect()
    }

    fn codec_floors(&self) -> Vec<Floor> {
        let Some(codecs) = &self.codecs else {
            return Vec::new();
        };
        let at_least = |what: &str, bound, is| Floor::at_least(what, bound, is / 1e6);
        let packed = codecs.pages.first().map(|it| {
            let what = "packed integers decoded, M values/s";
            at_least(what, 800.0, it.hot.decoded_per_s)
        });
        let scans = codecs.scans.iter().map(|it| match it.is_compacted {
            true => at_least("scan of compacted cpu, M values/s", 200.0, it.values_per_s),
            false => at_least("scan of flushed cpu, M values/s", 300.0, it.values_per_s),
        });
        packed.into_iter().chain(scans).collect()
    }

    /// Returns the figures of another store on a table.
    fn peer(&self, store: &str, table: &str) -> Option<&crate::peers::PeerFigures> {
        self.peers
            .iter()
            .find(|peer| peer.is_of(store) && peer.table == table)
    }
}

/// Returns bytes in MiB.
pub(super) fn mebibytes(bytes: u64) -> f64 {
    number(bytes) / f64::from(1 << 20)
}
