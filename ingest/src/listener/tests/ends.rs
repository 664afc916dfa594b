//! How connections end: revoked, stopped, never begun, lost.

use wire::Message;
use wire::v1::RefusalCode;

use super::bench::{Bench, batch, committed, hello, soon};
use crate::exchange::Code;
use crate::settings::Settings;

#[tokio::test]
async fn a_revoked_collector_is_disconnected_and_stays_out() {
    let bench = Bench::start(Settings::default());
    let (identity, other) = (bench.register("c1"), bench.register("c2"));
    let (client, _control) = bench.welcome(&identity, "c1").await;
    let (spared, _spared_control) = bench.welcome(&other, "c2").await;
    bench
        .gate
        .certificates
        .lock()
        .retain(|_, peer| peer.name != "c1");
    assert_eq!(bench.listener.disconnect("c1"), 1);
    assert_eq!(
        client.closed().await,
        (Code::Revoked as u64, "revoked".into())
    );

    let again = bench.connect(&identity).await;
    let mut control = again.open().await;
    control.send(&hello("c1")).await;
    assert_eq!(control.refusal().await.code, RefusalCode::Denied);
    assert!(spared.quic.close_reason().is_none());
    assert_eq!(bench.listener.disconnect("nobody"), 0);
}

#[tokio::test]
async fn a_shutdown_lets_commits_end_and_says_goodbye() {
    let mut bench = Bench::start(Settings::default());
    let identity = bench.register("c1");
    let (client, mut control) = bench.welcome(&identity, "c1").await;
    let mut stream = client.send(&batch("c1", 1, 1)).await;
    let (_, decide) = bench.batch().await;
    let Bench { listener, .. } = bench;
    let shutdown = tokio::spawn(listener.shutdown());
    assert_eq!(control.refusal().await.code, RefusalCode::Unavailable);
    decide.send(Ok(committed(1))).unwrap();
    assert!(matches!(stream.message().await, Message::Ack(_)));
    assert_eq!(client.closed().await.0, Code::Stopping as u64);
    soon(shutdown).await.unwrap();
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_ever() {
    let mut bench = Bench::start(Settings {
        drain_timeout_ms: 20,
        ..Settings::default()
    });
    let identity = bench.register("c1");
    let (client, _control) = bench.welcome(&identity, "c1").await;
    let _stream = client.send(&batch("c1", 1, 1)).await;
    let (_, _undecided) = bench.batch().await;
    let Bench { listener, .. } = bench;
    soon(listener.shutdown()).await;
    assert_eq!(client.closed().await.0, Code::Stopping as u64);
}

#[tokio::test]
async fn a_peer_that_does_not_greet_is_closed() {
    let bench = Bench::start(Settings {
        handshake_timeout_ms: 300,
        ..Settings::default()
    });
    let silent = bench.connect(&None).await;
    assert_eq!(silent.closed().await.0, Code::Slow as u64);
}

#[tokio::test]
async fn garbage_on_the_control_stream_closes_only_its_own_connection() {
    let bench = Bench::start(Settings::default());
    let (identity, other) = (bench.register("c1"), bench.register("c2"));
    let (client, mut control) = bench.welcome(&identity, "c1").await;
    let (spared, _spared_control) = bench.welcome(&other, "c2").await;
    control.send(&[9; 40]).await;
    assert_eq!(control.refusal().await.code, RefusalCode::Invalid);
    assert_eq!(client.closed().await.0, Code::Protocol as u64);
    assert!(spared.quic.close_reason().is_none());
}

#[tokio::test]
async fn a_connection_that_is_gone_gives_its_place_back() {
    let bench = Bench::start(Settings {
        connections_per_collector_max: 1,
        ..Settings::default()
    });
    let identity = bench.register("c1");
    let (first, mut control) = bench.welcome(&identity, "c1").await;
    control.send.finish().unwrap();
    assert_eq!(first.closed().await.0, Code::Done as u64);
    let _second = bench.welcome(&identity, "c1").await;
}
