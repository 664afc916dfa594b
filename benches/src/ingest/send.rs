//! Sends what feeds build, and measures.

use std::sync::Arc;
use std::time::Duration;

use collector::Error;
use futures::StreamExt;
use futures::stream;
use platform::{Clock, MonotonicNanos, ProcessUsage, RealClock};
use tokio::task::JoinSet;
use wire::BatchFrame;
use wire::v1::RefusalCode;

use super::feed::Slice;
use super::figures::{IngestFigures, Sent};
use super::{Feeds, IngestSettings, Link};
use crate::failure::{Failure, Outcome};
use crate::generate::DataSet;
use crate::progress;
use crate::server::Server;

/// Sends a data set, or what is left of it, until it is acked, and returns how fast that went.
///
/// With `bytes_max` it ends after the first slice that reaches so many bytes of frames.
///
/// # Errors
/// When the server refuses, or the connection breaks.
pub(crate) async fn send(
    server: &Server,
    data_set: DataSet,
    settings: &IngestSettings,
    bytes_max: Option<u64>,
) -> Outcome<(IngestFigures, super::Tally)> {
    let (links, epoch) = Link::open(server, settings.connections).await?;
    let names = Link::names(&links);
    let mut links: Vec<Arc<Link>> = links.into_iter().map(Arc::new).collect();
    let mut feeds = Feeds::new(data_set, &names, epoch);
    let mut sent = Sent::default();
    let mut build = *settings;
    build.slice_bytes = bytes_max.map_or(settings.slice_bytes, |bytes| {
        bytes.min(settings.slice_bytes)
    });
    progress::say(&format!("building batches of {}", data_set.table()));
    while let Some(slice) = feeds.build(&build)? {
        progress::say(&format!(
            "sending {} batches",
            slice.iter().map(Vec::len).sum::<usize>()
        ));
        sent.add(send_slice(server, &links, slice, settings.in_flight).await?);
        if bytes_max.is_some_and(|bytes| sent.bytes >= bytes) {
            break;
        }
    }
    let closed = links.drain(..).filter_map(Arc::into_inner).collect();
    Link::close(closed).await;
    let tally = feeds.tally();
    Ok((IngestFigures::new(data_set, settings, &tally, sent), tally))
}

async fn send_slice(
    server: &Server,
    links: &[Arc<Link>],
    slice: Slice,
    in_flight: usize,
) -> Outcome<Sent> {
    let client = client_cpu()?;
    let before = server.usage()?;
    let started = RealClock.monotonic();
    let mut tasks = JoinSet::new();
    for (link, frames) in links.iter().zip(slice) {
        tasks.spawn(send_all(Arc::clone(link), frames, in_flight));
    }
    let mut sent = Sent::default();
    while let Some(joined) = tasks.join_next().await {
        let defect = |error| Failure::new(error, "this is a defect: please report it");
        sent.add(joined.map_err(defect)??);
    }
    sent.elapsed = RealClock.monotonic().since(started);
    sent.server_cpu = server.usage()?.cpu.saturating_sub(before.cpu);
    sent.client_cpu = client_cpu()?.saturating_sub(client);
    sent.slices = 1;
    Ok(sent)
}

/// Sends the frames of one connection, so many under way at once, and drops each once it is acked.
async fn send_all(link: Arc<Link>, frames: Vec<BatchFrame>, in_flight: usize) -> Outcome<Sent> {
    let now = || RealClock.monotonic();
    let sending = frames
        .into_iter()
        .map(|frame| async { send_until_acked(&link, frame, now()).await });
    let mut acks = stream::iter(sending).buffer_unordered(in_flight.max(1));
    let mut sent = Sent::default();
    while let Some(acked) = acks.next().await {
        sent.add(acked?);
    }
    Ok(sent)
}

/// Sends one frame until it is acked; a server that has no room says when to come again.
///
/// The latency is counted from `started`.
pub(super) async fn send_until_acked(
    link: &Link,
    frame: BatchFrame,
    started: MonotonicNanos,
) -> Outcome<Sent> {
    let mut refusals = 0;
    loop {
        match link.connection.send(&frame).await {
            Ok(ack) if ack.duplicate => {
                let what = format!(
                    "batch {} of a new epoch was called a duplicate",
                    ack.sequence
                );
                return Err(Failure::wrong_answer(what));
            }
            Ok(_) => break,
            Err(Error::Refused {
                code: RefusalCode::Overloaded,
                retry_after_ms,
                ..
            }) => {
                refusals += 1;
                tokio::time::sleep(Duration::from_millis(retry_after_ms.into())).await;
            }
            Err(error) => {
                return Err(Failure::new(
                    error,
                    "see the .log beside the data directory",
                ));
            }
        }
    }
    Ok(Sent {
        acks: vec![RealClock.monotonic().since(started)],
        bytes: frame.bytes().len() as u64,
        refusals,
        ..Sent::default()
    })
}

/// Returns the processor time that this program has used.
pub(crate) fn client_cpu() -> Outcome<Duration> {
    let usage = ProcessUsage::read().map_err(|source| Failure::io("/proc/self/status", &source))?;
    Ok(usage.cpu)
}
