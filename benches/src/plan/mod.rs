//! What a run does, step by step, and in which order.
//!
//! ```text
//!   cpu         start ─ ingest ─ check ─ flush, compact ─ check ─ size ─ queries ─┐
//!               ┌───────────────────────────────────────────────────────────────┘
//!               └─ fill the log ─ SIGKILL ─ start ─ check
//!   statements  start ─ ingest ─ check ─ flush, compact ─ check ─ size
//!   waits       likewise
//!   pace        start ─ ingest at a rate ─ check
//!   sustain     start ─ ingest for minutes, watched ─ check ─ flush, compact ─ check
//!   peers       the same rows to other stores
//! ```
//! Each data set has a server and a data directory of its own.
//! A check asks for the count of rows and the sums of fields; what was acked must be there, once.

mod disk;
mod peers;
mod restart;
mod session;
mod sustain;

pub(crate) use disk::DiskFigures;
pub(crate) use restart::RestartFigures;
pub(crate) use sustain::Sustained;

use self::session::Session;
use crate::cli::{Command, Options};
use crate::codecs;
use crate::entropy::EntropyFigures;
use crate::failure::Outcome;
use crate::generate::{CpuShape, CpuValues, DataSet, StatementShape, WaitShape};
use crate::ingest::IngestSettings;
use crate::machine::Machine;
use crate::peers::Peers;
use crate::progress;
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
    // What is missing is said before an hour has gone into the rest.
    let peers = wants_peers(command, options)
        .then(Peers::find)
        .transpose()?;
    let mut report = Report::new(Machine::describe(room.dir())?, options);
    if command.is_or_all(&[Command::Codecs]) {
        report.codecs = Some(codecs::measure(room.dir(), options.seed)?);
    }
    if command.is_or_all(&[Command::Disk, Command::Peers, Command::Entropy]) {
        report.entropy = entropies(options);
    }
    if matches!(command, Command::Codecs | Command::Entropy) {
        return Ok(report);
    }
    let program = Program::find(options.server.as_deref())?;
    run_cpu(command, options, &program, &room, &mut report).await?;
    if command.is_or_all(&[Command::Disk, Command::Peers]) {
        for data_set in [statements(options), waits(options)] {
            let mut session = Session::start(&program, &room, data_set, options).await?;
            session.ingest(&mut report).await?;
            session.settle(&mut report).await?;
            session.end(&mut report).await?;
        }
    }
    run_for_minutes(command, options, &program, &room, &mut report).await?;
    if let Some(peers) = peers {
        peers::measure(&peers, options, &room, &mut report).await?;
    }
    Ok(report)
}

fn wants_peers(command: Command, options: &Options) -> bool {
    command == Command::Peers || (command == Command::All && !options.without_peers)
}

impl Command {
    /// Tells whether this is one of these, or asks for everything.
    fn is_or_all(self, commands: &[Self]) -> bool {
        self == Self::All || commands.contains(&self)
    }
}

async fn run_cpu(
    command: Command,
    options: &Options,
    program: &Program,
    room: &Room,
    report: &mut Report,
) -> Outcome {
    if matches!(command, Command::Sustain | Command::Pace | Command::Soak) {
        return Ok(());
    }
    let shape = cpu_shape(options);
    let mut session = Session::start(program, room, DataSet::Cpu(shape), options).await?;
    if command != Command::Restart {
        session.ingest(report).await?;
    }
    if command.is_or_all(&[Command::Disk, Command::Peers, Command::Queries]) {
        session.settle(report).await?;
    }
    if command.is_or_all(&[Command::Queries]) {
        let values = CpuValues::new(shape);
        report.queries = queries::measure(&session.http()?, &values, options.runs).await?;
    }
    if command.is_or_all(&[Command::Restart]) {
        let log_bytes = u64::from(options.log_mib) << 20;
        session = session.crash(shape, log_bytes, report).await?;
    }
    session.end(report).await
}

/// Feeds servers for minutes on end, each with a data directory of its own.
async fn run_for_minutes(
    command: Command,
    options: &Options,
    program: &Program,
    room: &Room,
    report: &mut Report,
) -> Outcome {
    let shape = CpuShape::of_hours(options.seed, options.hosts, RING_HOURS);
    let start = |name: &'static str| {
        Session::start_named(program, room, name, DataSet::Cpu(shape), options)
    };
    let seconds = |usual: u32| match command {
        Command::All => usual,
        _ => options.seconds.unwrap_or(usual),
    };
    if command.is_or_all(&[Command::Pace]) {
        let mut session = start("pace").await?;
        report.pace = Some(session.pace(shape, options.rate, seconds(30)).await?);
        session.end(report).await?;
    }
    if command.is_or_all(&[Command::Sustain]) {
        let mut session = start("sustain").await?;
        let rate = options.sustain_rate;
        let figures = session.sustain(shape, rate, seconds(120)).await?;
        let settled = session.settled().await?;
        report.sustained = Some(Sustained { figures, settled });
        session.end(report).await?;
    }
    if command == Command::Soak {
        let bytes = u64::from(options.memory_mib) << 20;
        let told = program.clone().with(MEMORY_SETTING, bytes);
        let mut session =
            Session::start_named(&told, room, "soak", DataSet::Cpu(shape), options).await?;
        let mut figures = session.sustain(shape, None, seconds(600)).await?;
        figures.memory_bytes_max = Some(bytes);
        report.soak = Some(figures);
        session.end(report).await?;
    }
    Ok(())
}

/// Returns the least that each data set could take.
fn entropies(options: &Options) -> Vec<EntropyFigures> {
    progress::say("computing entropies");
    let data_sets = [cpu(options), statements(options), waits(options)];
    data_sets.into_iter().map(EntropyFigures::of).collect()
}

fn cpu_shape(options: &Options) -> CpuShape {
    CpuShape::of_hours(options.seed, options.hosts, options.hours)
}

fn cpu(options: &Options) -> DataSet {
    DataSet::Cpu(cpu_shape(options))
}

fn statements(options: &Options) -> DataSet {
    let shape = StatementShape::of_minutes(options.seed, options.other_minutes);
    DataSet::Statements(shape)
}

fn waits(options: &Options) -> DataSet {
    DataSet::Waits(WaitShape::of_minutes(options.seed, options.other_minutes))
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

/// Hours of `cpu` that are sent over and over when ingest lasts for minutes: 1.44 million rows, which
/// take 190 MB of this program's memory.
const RING_HOURS: u32 = 4;
/// The variable that tells the server how much memory it may take.
const MEMORY_SETTING: &str = "PGANALYTICS_SERVER__MEMORY_BYTES_MAX";
