//! What a run found, as JSON for programs and as tables for people.

mod floors;
mod ingest;
mod table;
mod text;

use serde::Serialize;

pub(crate) use table::{Table, digits};

use crate::cli::Options;
use crate::codecs::CodecFigures;
use crate::entropy::EntropyFigures;
use crate::ingest::IngestFigures;
use crate::machine::Machine;
use crate::peers::PeerFigures;
use crate::plan::{DiskFigures, RestartFigures, Sustained};
use crate::queries::QueryFigures;
use crate::watch::WatchFigures;

/// Every figure of a run; what was not asked for is empty.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    /// What it was measured on.
    pub(crate) machine: Machine,
    /// The seed of the data sets.
    pub(crate) seed: u64,
    /// Durable ingest, by data set.
    pub(crate) ingest: Vec<IngestFigures>,
    /// Latency of acks at a given rate.
    pub(crate) pace: Option<IngestFigures>,
    /// Durable ingest for minutes on end.
    pub(crate) sustained: Option<Sustained>,
    /// Memory over many minutes of ingest.
    pub(crate) soak: Option<WatchFigures>,
    /// Other stores.
    pub(crate) peers: Vec<PeerFigures>,
    /// The least that each data set could take.
    pub(crate) entropy: Vec<EntropyFigures>,
    /// Bytes on disk, by data set.
    pub(crate) disk: Vec<DiskFigures>,
    /// The restart with a full log.
    pub(crate) restart: Option<RestartFigures>,
    /// The queries.
    pub(crate) queries: Vec<QueryFigures>,
    /// Pieces of the store, measured in this process.
    pub(crate) codecs: Option<CodecFigures>,
    /// The most memory that any of the servers had at any time, in bytes.
    pub(crate) resident_bytes_max: u64,
}

impl Report {
    /// Returns a report without figures.
    pub(crate) fn new(machine: Machine, options: &Options) -> Self {
        Self {
            machine,
            seed: options.seed,
            ingest: Vec::new(),
            pace: None,
            sustained: None,
            soak: None,
            peers: Vec::new(),
            entropy: Vec::new(),
            disk: Vec::new(),
            restart: None,
            queries: Vec::new(),
            codecs: None,
            resident_bytes_max: 0,
        }
    }

    /// Notes the most memory that a server had.
    pub(crate) fn note_memory(&mut self, resident_bytes: u64) {
        self.resident_bytes_max = self.resident_bytes_max.max(resident_bytes);
    }

    /// Returns the report as JSON, with the floors.
    pub(crate) fn to_json(&self) -> String {
        let floors = self.floors();
        let whole = serde_json::json!({ "report": self, "floors": floors });
        format!("{whole:#}")
    }
}
