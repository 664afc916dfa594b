//! What a run does, step by step, and in which order.
//!
//! ```text
//!   cpu         start ─ ingest ─ check ─ flush, compact ─ check ─ size ─ queries ─┐
//!               ┌───────────────────────────────────────────────────────────────┘
//!               └─ fill the log ─ SIGKILL ─ start ─ check
//!   statements  start ─ ingest ─ check ─ flush, compact ─ check ─ size
//!   waits       likewise
//! ```
//! Each data set has a server and a data directory of its own.
//! A check asks for the count of rows and the sums of fields; what was acked must be there, once.

mod disk;
mod restart;
mod session;

pub(crate) use disk::DiskFigures;
pub(crate) use restart::RestartFigures;

use self::session::Session;
use crate::cli::{Command, Options};
use crate::codecs;
use crate::failure::Outcome;
use crate::generate::{CpuShape, CpuValues, DataSet, StatementShape, WaitShape};
use crate::ingest::IngestSettings;
use crate::machine::Machine;
use crate::queries;
use crate::report::Report;
use crate::room::Room;
use crate::server::Program;

/// Measures what was asked for.
///
/// # Errors
/// When a server fails, or answers wrongly.
pub(crate) async fn run(command: Command, options: &Options) -> Outcome<Report> {
    let room = Room::open(options.data.as_deref())?;
    let mut report = Report::new(Machine::describe(room.dir())?, options);
    if matches!(command, Command::All | Command::Codecs) {
        report.codecs = Some(codecs::measure(room.dir(), options.seed)?);
    }
    if command == Command::Codecs {
        return Ok(report);
    }
    let program = Program::find(options.server.as_deref())?;
    run_cpu(command, options, &program, &room, &mut report).await?;
    if matches!(command, Command::All | Command::Disk) {
        let minutes = options.other_minutes;
        let statements = StatementShape::of_minutes(options.seed, minutes);
        let waits = WaitShape::of_minutes(options.seed, minutes);
        for data_set in [DataSet::Statements(statements), DataSet::Waits(waits)] {
            let mut session = Session::start(&program, &room, data_set, options).await?;
            session.ingest(&mut report).await?;
            session.settle(&mut report).await?;
            session.end(&mut report).await?;
        }
    }
    Ok(report)
}

async fn run_cpu(
    command: Command,
    options: &Options,
    program: &Program,
    room: &Room,
    report: &mut Report,
) -> Outcome {
    let is = |wanted| command == Command::All || command == wanted;
    let shape = CpuShape::of_hours(options.seed, options.hosts, options.hours);
    let mut session = Session::start(program, room, DataSet::Cpu(shape), options).await?;
    if command != Command::Restart {
        session.ingest(report).await?;
    }
    if is(Command::Disk) || is(Command::Queries) {
        session.settle(report).await?;
    }
    if is(Command::Queries) {
        let values = CpuValues::new(shape);
        report.queries = queries::measure(&session.http()?, &values, options.runs).await?;
    }
    if is(Command::Restart) {
        let log_bytes = u64::from(options.log_mib) << 20;
        session = session.crash(shape, log_bytes, report).await?;
    }
    session.end(report).await
}

impl IngestSettings {
    /// Returns the settings that the call asks for.
    pub(crate) fn of(options: &Options) -> Self {
        Self {
            connections: options.connections,
            rows_per_batch: options.rows_per_batch as usize,
            in_flight: options.in_flight as usize,
            slice_bytes: u64::from(options.slice_mib) << 20,
        }
    }
}
