//! Enrolment and sending against a tiny server: real QUIC on the loopback address, no sleeping.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use platform::{Disk, Entropy, OsEntropy, SimClock, SimDisk, UnixNanos};
use schema::{CollectorName, Epoch};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use wire::v1::{Batch, Refusal, RefusalCode, Table};
use wire::{BatchFrame, Limits, Token, TokenKind};

use super::server::Server;
use super::{Connection, Credentials, Identity, Route, Sender, SenderSettings, Shelf};
use crate::config::SpoolUntil;
use crate::instance::Outlet as _;
use crate::spool::{Spool, SpoolSettings, open_keyring};
use crate::{Error, Kind};

struct Bench {
    shelf: Shelf,
    spool: Arc<Spool>,
    stop: watch::Sender<bool>,
}

impl Bench {
    async fn new() -> Self {
        let disk: Arc<dyn Disk> = Arc::new(SimDisk::new(1));
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let state = PathBuf::from("/state");
        let keyring = Arc::new(open_keyring(&*disk, &*entropy, &state).unwrap());
        let settings = SpoolSettings {
            disk: Arc::clone(&disk),
            clock: Arc::new(SimClock::new(UnixNanos(1_000))),
            entropy: Arc::clone(&entropy),
            keyring: Arc::clone(&keyring),
            dir: state.join("spool"),
            collector: CollectorName::new("c").unwrap(),
            bytes_max: 16 << 20,
            cache_bytes_max: 1 << 20,
        };
        let opening = move || Arc::new(Spool::open(settings).unwrap());
        let spool = tokio::task::spawn_blocking(opening).await.unwrap();
        Self {
            shelf: Shelf {
                disk,
                entropy,
                keyring,
                state,
            },
            spool,
            stop: watch::Sender::new(false),
        }
    }

    fn send(&self, token: Option<Token>, until: SpoolUntil) -> JoinHandle<()> {
        let settings = SenderSettings {
            collector: "c".into(),
            token,
            server: Vec::new(),
            until,
            shelf: self.shelf.clone(),
            entropy: Arc::new(OsEntropy),
            instances: Vec::new(),
        };
        let identity = Identity::open(&self.shelf).unwrap();
        tokio::spawn(
            Sender::new(settings, Arc::clone(&self.spool), identity).run(self.stop.subscribe()),
        )
    }

    async fn put(&self, count: u64) {
        for number in 0..count {
            let time = vec![i64::try_from(number).unwrap()];
            let table = Table {
                name: "t".into(),
                time,
                ..Table::default()
            };
            self.spool.put(vec![table]).await.unwrap();
        }
    }

    /// Waits until the spool holds no more than this.
    async fn holds(&self, batches: u64) {
        while self.spool.level().batches != batches {
            tokio::task::yield_now().await;
        }
    }

    async fn stop(&self, sender: JoinHandle<()>) {
        self.stop.send_replace(true);
        sender.await.unwrap();
        self.stop.send_replace(false);
    }
}

fn refusal(code: RefusalCode) -> Refusal {
    Refusal {
        code,
        reason: "because".into(),
        retry_after_ms: 1,
    }
}

#[tokio::test]
async fn a_collector_enrols_once_and_sends_everything_over_its_certificate() {
    let (server, bench) = (Server::start(false), Bench::new().await);
    bench.put(20).await;
    let sender = bench.send(Some(server.token()), SpoolUntil::Archived);
    server.took(20).await;
    bench.holds(0).await;
    bench.stop(sender).await;

    // The next start needs no token.
    bench.put(1).await;
    let sender = bench.send(None, SpoolUntil::Archived);
    server.took(21).await;
    bench.holds(0).await;
    bench.stop(sender).await;
    let mut sequences: Vec<_> = server
        .shared
        .batches
        .lock()
        .iter()
        .map(|(_, s)| *s)
        .collect();
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=21).collect::<Vec<_>>());
    assert_eq!(bench.spool.counters().sent.load(Relaxed), 21);
}

#[tokio::test]
async fn another_token_enrols_again_and_the_same_one_does_not() {
    let (first, second) = (Server::start(false), Server::start(false));
    let bench = Bench::new().await;
    let other = Token {
        id: "another".into(),
        ..second.token()
    };
    for (server, token, taken) in [
        (&first, Some(first.token()), 1),
        (&first, Some(first.token()), 2),
        (&second, Some(other), 1),
        (&second, None, 2),
    ] {
        bench.put(1).await;
        let sender = bench.send(token, SpoolUntil::Durable);
        server.took(taken).await;
        bench.holds(0).await;
        bench.stop(sender).await;
    }
    let enrolments = |server: &Server| server.shared.enrolments.load(Relaxed);
    assert_eq!((enrolments(&first), enrolments(&second)), (1, 1));
    assert_eq!(first.shared.batches.lock().len(), 2);
}

#[tokio::test]
async fn refusals_say_whether_a_batch_comes_again() {
    let (server, bench) = (Server::start(false), Bench::new().await);
    let codes = [
        RefusalCode::Overloaded,
        RefusalCode::Unknown,
        RefusalCode::Invalid,
    ];
    server.shared.refusals.lock().extend(codes.map(refusal));
    bench.put(1).await;
    let sender = bench.send(Some(server.token()), SpoolUntil::Durable);
    bench.holds(0).await;
    assert_eq!(bench.spool.counters().refused.load(Relaxed), 1);
    assert!(server.shared.batches.lock().is_empty());
    bench.put(1).await;
    server.took(1).await;
    bench.stop(sender).await;
}

#[tokio::test]
async fn a_batch_stays_until_it_is_archived_where_the_server_archives() {
    let (server, bench) = (Server::start(true), Bench::new().await);
    bench.put(3).await;
    let sender = bench.send(Some(server.token()), SpoolUntil::Archived);
    server.took(3).await;
    assert_eq!(bench.spool.level().batches, 3);
    server.shared.archived.send_replace(3);
    bench.holds(1).await;
    server.shared.archived.send_replace(4);
    bench.holds(0).await;
    bench.stop(sender).await;
}

#[tokio::test]
async fn a_server_of_another_authority_is_not_spoken_to() {
    let (server, other) = (Server::start(false), Server::start(false));
    let route = Route {
        addresses: vec![server.address()],
        authority_sha256: other.token().authority,
    };
    let outcome = Connection::connect(&route, &Credentials::None, "c", Epoch(1)).await;
    assert_eq!(outcome.unwrap_err().kind(), Kind::Unavailable);
    assert!(server.shared.batches.lock().is_empty());
}

#[tokio::test]
async fn an_import_sends_over_a_token_and_nobody_without_credentials() {
    let server = Server::start(false);
    let token = Token {
        kind: TokenKind::Api,
        ..server.token()
    };
    let route = Route {
        addresses: vec![server.address()],
        authority_sha256: token.authority,
    };
    let denied = Connection::connect(&route, &Credentials::None, "c", Epoch(1))
        .await
        .unwrap_err();
    assert!(
        matches!(
            denied,
            Error::Refused {
                code: RefusalCode::Denied,
                ..
            }
        ),
        "{denied}"
    );
    let connection = Connection::connect(&route, &Credentials::Token(token), "import-1", Epoch(1))
        .await
        .unwrap();
    let batch = Batch {
        collector: "import-1".into(),
        epoch: 1,
        sequence: 9,
        ..Batch::default()
    };
    let frame = BatchFrame::encode(&batch, &Limits::default()).unwrap();
    let ack = connection.send(&frame).await.unwrap();
    assert_eq!((ack.epoch, ack.sequence, ack.lsn), (1, 9, 1));
    connection
        .report(wire::v1::Status::default())
        .await
        .unwrap();
    connection.close().await;
}
