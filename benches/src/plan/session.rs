//! One data set in one server, from its first start to its last kill.

use super::disk::DiskFigures;
use crate::cli::Options;
use crate::failure::Outcome;
use crate::generate::DataSet;
use crate::ingest::{IngestSettings, Tally, send};
use crate::progress;
use crate::report::Report;
use crate::room::Room;
use crate::server::{Files, Http, Program, Server, Usage};

/// A server, what it was sent, and what it used.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) program: Program,
    pub(super) server: Server,
    pub(super) settings: IngestSettings,
    pub(super) data_set: DataSet,
    pub(super) tally: Tally,
    /// What the server had used when it had started, before the first row.
    at_start: Usage,
}

impl Session {
    /// Starts a server over an empty data directory.
    pub(super) async fn start(
        program: &Program,
        room: &Room,
        data_set: DataSet,
        options: &Options,
    ) -> Outcome<Self> {
        Self::start_named(program, room, data_set.table(), data_set, options).await
    }

    /// Starts a server over an empty data directory of this name.
    pub(super) async fn start_named(
        program: &Program,
        room: &Room,
        name: &str,
        data_set: DataSet,
        options: &Options,
    ) -> Outcome<Self> {
        progress::say(&format!("starting a server for {name}"));
        let server = Server::start(program, &room.data(name)?).await?;
        Ok(Self {
            program: program.clone(),
            at_start: server.usage()?,
            server,
            settings: IngestSettings::of(options),
            data_set,
            tally: Tally::new(data_set),
        })
    }

    /// Returns a client of the HTTP door.
    pub(super) fn http(&self) -> Outcome<Http> {
        self.server.http()
    }

    /// Sends the data set and checks that it is there.
    pub(super) async fn ingest(&mut self, report: &mut Report) -> Outcome {
        let (figures, tally) = send(&self.server, self.data_set, &self.settings, None).await?;
        self.tally.add(&tally);
        report.ingest.push(figures);
        self.tally.check(&self.http()?).await
    }

    /// Has everything written to parts and merged, checks it, and measures what lies on disk.
    pub(super) async fn settle(&mut self, report: &mut Report) -> Outcome {
        let figures = self.settled().await?;
        report.disk.push(figures);
        Ok(())
    }

    /// Has everything written to parts and merged, checks it, and returns what lies on disk.
    pub(super) async fn settled(&mut self) -> Outcome<DiskFigures> {
        progress::say("flushing and compacting");
        let http = self.http()?;
        http.flush().await?;
        http.compact().await?;
        let used = self.server.usage()?.cpu.saturating_sub(self.at_start.cpu);
        let files = Files::of(self.server.data())?;
        self.tally.check(&http).await?;
        Ok(DiskFigures::new(self.data_set, &self.tally, files, used))
    }

    /// Notes what the server used, and kills it.
    pub(super) async fn end(self, report: &mut Report) -> Outcome {
        self.note_memory(report)?;
        self.server.kill().await
    }

    /// Notes the most memory that the server had.
    pub(super) fn note_memory(&self, report: &mut Report) -> Outcome {
        let usage = self.server.usage()?;
        report.note_memory(usage.resident_bytes_max);
        Ok(())
    }
}
