//! One connection: carries events into its exchange and actions out of it.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use quinn::VarInt;
use rustls::pki_types::CertificateDer;
use schema::Lsn;
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;
use wire::v1::{Hello, Refusal, RefusalCode, Status};
use wire::{BatchFrame, Frame, HEADER_BYTES};

use super::Shared;
use super::accept::stopped;
use super::credit::Credit;
use super::half::{Done, Stream, deliver, number, read, wait_for_room, write};
use super::newcomers::Place;
use super::registry::{Lease, NoPlace};
use super::windows::stream_window;
use crate::exchange::{Action, Admission, Code, Event, Exchange, StreamId};
use crate::gate::{Peer, Sighting};
use crate::metrics::{Door, TurnedAway};

/// The task of a connection.
pub(super) struct Connection {
    quic: quinn::Connection,
    shared: Arc<Shared>,
    began: Instant,
    exchange: Exchange,
    streams: HashMap<StreamId, Stream>,
    opened_count: u64,
    work: FuturesUnordered<BoxFuture<'static, Done>>,
    hello: Hello,
    /// Held until the peer is welcomed.
    place: Option<Place>,
    lease: Option<Lease>,
    credit: Credit,
}

/// What wakes a connection.
enum Wake {
    Opened(quinn::SendStream, quinn::RecvStream),
    Done(Done),
    Archived(Option<Lsn>),
    /// Another newcomer waits for the place.
    Wanted,
    Stop,
    Tick,
    Lost(quinn::ConnectionError),
}

impl Connection {
    pub(super) fn new(quic: quinn::Connection, place: Place, shared: Arc<Shared>) -> Self {
        let settings = Arc::clone(&shared.settings);
        let exchange = Exchange::new(settings, shared.collaborators.version);
        shared.collaborators.metrics.connections.inc();
        let stream_bytes_max = stream_window(shared.settings.windows_bytes_max);
        place.spoke();
        Self {
            quic,
            credit: Credit::new(Arc::clone(&shared.windows), stream_bytes_max),
            shared,
            // The runtime's clock, which is for time-outs only and never stored.
            began: Instant::now(),
            exchange,
            streams: HashMap::new(),
            opened_count: 0,
            work: FuturesUnordered::new(),
            hello: Hello::default(),
            place: Some(place),
            lease: None,
        }
    }

    /// Runs until the connection is closed by either side.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut archived = self.shared.collaborators.archived.clone();
        archived.mark_changed();
        let mut is_stopping = false;
        while !self.exchange.is_closed() {
            let wake = self.wait(&mut archived, &mut stop, is_stopping).await;
            is_stopping |= matches!(wake, Wake::Stop);
            match wake {
                Wake::Lost(error) => {
                    let remote = self.quic.remote_address();
                    tracing::debug!(%remote, %error, "a connection ended");
                    break;
                }
                Wake::Wanted => {
                    // No last word is waited for: the place is free at once.
                    self.close(Code::Slow, "others wait to greet");
                    let metrics = &self.shared.collaborators.metrics;
                    metrics.count_turned_away(TurnedAway::Silent);
                    break;
                }
                wake => self.woken(wake),
            }
        }
    }

    async fn wait(
        &mut self,
        archived: &mut watch::Receiver<Option<Lsn>>,
        stop: &mut watch::Receiver<bool>,
        is_stopping: bool,
    ) -> Wake {
        let deadline = self
            .exchange
            .deadline()
            .map(|deadline| self.began + deadline);
        tokio::select! {
            Some(done) = self.work.next() => Wake::Done(done),
            opened = self.quic.accept_bi() => match opened {
                Ok((send, receive)) => Wake::Opened(send, receive),
                Err(error) => Wake::Lost(error),
            },
            // An error says that nobody archives any more: the branch then stays silent.
            Ok(()) = archived.changed() => Wake::Archived(*archived.borrow_and_update()),
            () = wanted(self.place.as_ref()) => Wake::Wanted,
            () = stopped(stop), if !is_stopping => Wake::Stop,
            () = sleep_until(deadline) => Wake::Tick,
        }
    }

    fn woken(&mut self, wake: Wake) {
        match wake {
            Wake::Opened(send, receive) => self.opened(send, receive),
            Wake::Done(done) => self.done(done),
            Wake::Archived(Some(lsn)) => self.event(Event::Archived(lsn)),
            Wake::Archived(None) | Wake::Wanted | Wake::Lost(_) => {}
            Wake::Stop => self.event(Event::Stop),
            Wake::Tick => self.event(Event::Tick),
        }
        self.fit_window();
    }

    fn opened(&mut self, send: quinn::SendStream, receive: quinn::RecvStream) {
        // QUIC hands streams out in the order of opening, so that the first is the control stream.
        let stream = StreamId(self.opened_count);
        self.opened_count += 1;
        self.streams.insert(stream, Stream::new(send, receive));
        self.event(Event::Opened(stream));
        self.read_on(stream);
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Read(stream, reader, Ok(Some(bytes))) => {
                self.hand_back(stream, reader);
                self.count_read(stream, bytes.len());
                self.event(Event::Bytes(stream, &bytes));
                self.read_on(stream);
            }
            Done::Read(stream, _, Ok(None)) => {
                self.credit.ends(stream);
                self.event(Event::Finished(stream));
            }
            Done::Read(stream, _, Err(_)) => {
                self.credit.ends(stream);
                self.event(Event::Lost(stream));
            }
            Done::Room(stream, reader, room) => {
                self.hand_back(stream, reader);
                // A batch that was refused meanwhile needs none.
                if self.credit.comes(stream) {
                    self.give_room(stream, room);
                }
                self.read_on(stream);
            }
            Done::Stopped => {}
            Done::Wrote(stream, send, outcome) => self.wrote(stream, send, outcome.is_ok()),
            Done::Delivered(stream) => self.delivered(stream),
            Done::Committed(stream, outcome) => {
                self.shared.collaborators.metrics.count_outcome(&outcome);
                self.event(Event::Committed(stream, outcome));
            }
            Done::Enrolled(outcome) => {
                if let Some(place) = &self.place {
                    place.spoke();
                }
                self.event(Event::Enrolled(outcome));
            }
        }
    }

    fn event(&mut self, event: Event<'_>) {
        self.exchange.handle(self.began.elapsed(), event);
        while let Some(action) = self.exchange.next_action() {
            self.act(action);
        }
        let free = self.shared.room.available_permits();
        let taken = (self.shared.settings.assembly_bytes_max as usize).saturating_sub(free);
        let metrics = &self.shared.collaborators.metrics;
        metrics
            .assembly_bytes
            .set(i64::try_from(taken).unwrap_or(i64::MAX));
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Identify(hello) => self.greet(hello),
            Action::Enrol(enrol) => {
                if let Some(place) = &self.place {
                    place.asked();
                }
                let outcome = self.shared.collaborators.gate.enrol(enrol);
                self.work
                    .push(Box::pin(async { Done::Enrolled(outcome.await) }));
            }
            Action::Reserve { stream, bytes } => self.reserve(stream, bytes),
            Action::Commit { stream, frame } => self.commit(stream, frame),
            Action::Seen(status) => self.seen(Some(&status)),
            Action::Write { stream, frame } => self.write(stream, frame),
            Action::Finish { stream } => self.finish(stream),
            Action::StopReading { stream, code } => {
                self.credit.ends(stream);
                if let Some(state) = self.streams.get_mut(&stream) {
                    state.stop_reading(code);
                }
            }
            Action::Reset { stream, code } => self.reset(stream, code),
            Action::Close { code, reason } => self.close(code, &reason),
        }
    }

    fn greet(&mut self, hello: Hello) {
        let outcome = self.identify(&hello);
        self.hello = Hello {
            token: String::new(),
            ..hello
        };
        let now = self.began.elapsed();
        self.exchange.handle(now, Event::Identified(outcome));
        if self.exchange.peer().is_some() {
            self.place = None;
            self.seen(None);
        }
    }

    fn identify(&mut self, hello: &Hello) -> Result<Admission, Refusal> {
        let peer = self.who(hello)?;
        let settings = &self.shared.settings;
        let limit = if peer.is_import() {
            settings.connections_per_token_max
        } else {
            settings.connections_per_collector_max
        };
        let registry = &self.shared.registry;
        let lease = registry.admit(&peer.name, limit, &self.quic);
        self.lease = Some(lease.map_err(|reason| self.no_place(reason, &peer, limit))?);
        // Asked again, now that `disconnect` finds this connection: a collector that is revoked in
        // between is either refused here or closed there.
        let peer = self.who(hello)?;
        let now = self.shared.collaborators.gate.now();
        Ok(Admission { peer, now })
    }

    fn no_place(&self, reason: NoPlace, peer: &Peer, limit: usize) -> Refusal {
        let Shared {
            settings,
            collaborators,
            ..
        } = self.shared.as_ref();
        let (turned_away, reason, retry_after_ms) = match reason {
            NoPlace::Name => (
                TurnedAway::Name,
                format!("{:?} has {limit} connections already", peer.name),
                settings.idle_timeout_ms,
            ),
            NoPlace::Full => (
                TurnedAway::Full,
                format!(
                    "the server has {} connections, as many as it may (ingest.connections_max)",
                    settings.connections_max
                ),
                FULL_RETRY_AFTER_MS,
            ),
        };
        collaborators.metrics.count_turned_away(turned_away);
        Refusal {
            code: RefusalCode::Overloaded,
            reason,
            retry_after_ms,
        }
    }

    fn who(&self, hello: &Hello) -> Result<Peer, Refusal> {
        let gate = &self.shared.collaborators.gate;
        if !hello.token.is_empty() {
            return gate.authorise(&hello.token);
        }
        match self.certificate_sha256() {
            Some(certificate_sha256) => gate.identify(certificate_sha256),
            None => Err(Refusal {
                code: RefusalCode::Denied,
                reason: "neither a client certificate nor a token was shown".to_owned(),
                retry_after_ms: 0,
            }),
        }
    }

    fn certificate_sha256(&self) -> Option<[u8; 32]> {
        let identity = self.quic.peer_identity()?;
        let chain = identity.downcast::<Vec<CertificateDer<'static>>>().ok()?;
        let leaf = chain.first()?;
        Some(Sha256::digest(leaf).into())
    }

    fn seen(&self, status: Option<&Status>) {
        if let Some(peer) = self.exchange.peer() {
            let sighting = Sighting {
                remote: self.quic.remote_address(),
                version: &self.hello.version,
                status,
            };
            self.shared.collaborators.gate.seen(peer, &sighting);
        }
    }

    fn reserve(&mut self, stream: StreamId, bytes: u32) {
        let Some(state) = self.streams.get_mut(&stream) else {
            return;
        };
        let whole_bytes = HEADER_BYTES as u64 + u64::from(bytes);
        let unread_bytes = whole_bytes.saturating_sub(state.read_bytes);
        let room = Arc::clone(&self.shared.room);
        // Who comes later waits behind those of its connection that wait already.
        if !self.credit.has_waiting()
            && let Ok(room) = Arc::clone(&room).try_acquire_many_owned(bytes)
        {
            self.credit.expect(stream, unread_bytes);
            return self.give_room(stream, room);
        }
        if !self.credit.may_wait(stream, unread_bytes) {
            return self.event(Event::Crowded(stream));
        }
        if let Some(reader) = state.reader.take() {
            self.work
                .push(Box::pin(wait_for_room(stream, reader, room, bytes)));
        }
    }

    fn give_room(&mut self, stream: StreamId, room: OwnedSemaphorePermit) {
        if let Some(state) = self.streams.get_mut(&stream) {
            state.room = Some(room);
        }
        self.event(Event::Reserved(stream));
    }

    fn commit(&mut self, stream: StreamId, frame: BatchFrame) {
        let metrics = self.shared.collaborators.metrics.clone();
        metrics.count_batch_bytes(frame.bytes().len());
        metrics.count_rows(Door::Quic, frame.view().rows());
        let began = Instant::now();
        let outcome = self.shared.collaborators.sink.commit(frame);
        self.work.push(Box::pin(async move {
            let outcome = outcome.await;
            metrics
                .commit_seconds
                .observe(began.elapsed().as_secs_f64());
            Done::Committed(stream, outcome)
        }));
    }

    fn write(&mut self, stream: StreamId, frame: Frame) {
        let Some(state) = self.streams.get_mut(&stream) else {
            return;
        };
        state.room = None;
        state.writer.queue.push_back(frame);
        if state.writer.queue.len() > QUEUE_FRAMES_MAX {
            return self.close(Code::Slow, "answers are not read");
        }
        self.write_on(stream);
    }

    fn finish(&mut self, stream: StreamId) {
        if let Some(state) = self.streams.get_mut(&stream) {
            state.writer.is_finishing = true;
            self.write_on(stream);
        }
    }

    fn wrote(&mut self, stream: StreamId, send: quinn::SendStream, is_ok: bool) {
        let Some(state) = self.streams.get_mut(&stream) else {
            return;
        };
        state.writer.send = Some(send);
        match state.writer.reset {
            Some(code) => self.reset(stream, code),
            None if is_ok => self.write_on(stream),
            None => self.delivered(stream),
        }
    }

    /// Writes the next frame, or finishes the stream when there is none.
    fn write_on(&mut self, stream: StreamId) {
        let Some(state) = self.streams.get_mut(&stream) else {
            return;
        };
        let Some(send) = state.writer.send.take() else {
            return;
        };
        match state.writer.queue.pop_front() {
            Some(frame) => self.work.push(Box::pin(write(stream, send, frame))),
            None if state.writer.is_finishing => {
                self.work.push(Box::pin(deliver(stream, send)));
            }
            None => state.writer.send = Some(send),
        }
    }

    fn delivered(&mut self, stream: StreamId) {
        self.streams.remove(&stream);
        self.event(Event::Delivered(stream));
    }

    fn reset(&mut self, stream: StreamId, code: Code) {
        let Some(state) = self.streams.get_mut(&stream) else {
            return;
        };
        self.credit.ends(stream);
        state.stop_reading(code);
        state.room = None;
        match state.writer.send.take() {
            Some(mut send) => {
                // An error says that the stream has ended already.
                drop(send.reset(number(code)));
                self.streams.remove(&stream);
            }
            // A future writes with it, or waits for its delivery.
            None => state.writer.reset = Some(code),
        }
    }

    fn close(&self, code: Code, reason: &str) {
        let remote = self.quic.remote_address();
        tracing::debug!(%remote, ?code, reason, "closing a connection");
        self.quic.close(number(code), reason.as_bytes());
    }

    fn count_read(&mut self, stream: StreamId, bytes: usize) {
        if let Some(state) = self.streams.get_mut(&stream) {
            state.read_bytes += bytes as u64;
        }
        let (now, rtt) = (self.began.elapsed(), self.quic.rtt());
        self.credit.read(now, rtt, stream, bytes);
    }

    /// Lets the peer send as far ahead as what it has announced and how fast it is ask for.
    fn fit_window(&mut self) {
        while let Some(bytes) = self.credit.window() {
            self.quic.set_receive_window(VarInt::from_u32(bytes));
        }
    }

    fn hand_back(&mut self, stream: StreamId, reader: super::half::Reader) {
        if let Some(state) = self.streams.get_mut(&stream) {
            state.reader = Some(reader);
        }
    }

    /// Reads on, unless the stream waits for room or was stopped.
    fn read_on(&mut self, stream: StreamId) {
        self.fit_window();
        let Some(state) = self.streams.get_mut(&stream) else {
            return;
        };
        // E-3: of a batch without room not more is taken than says how much it needs.
        let bytes_max = match state.room {
            None if stream != StreamId::CONTROL => HEADER_BYTES,
            _ => self.credit.bytes_before_the_rest(CHUNK_BYTES_MAX),
        };
        if let Some(reader) = state.reader.take() {
            self.work.push(Box::pin(read(stream, reader, bytes_max)));
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.collaborators.metrics.connections.dec();
    }
}

async fn wanted(place: Option<&Place>) {
    match place {
        Some(place) => place.wanted().await,
        None => std::future::pending::<()>().await,
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending::<()>().await,
    }
}

/// The most that is read at a time.
const CHUNK_BYTES_MAX: usize = 64 << 10;
/// When to come again where all places are taken.
const FULL_RETRY_AFTER_MS: u32 = 5_000;
/// Frames that may wait for a peer to read; beyond, it is not reading at all.
const QUEUE_FRAMES_MAX: usize = 64;
