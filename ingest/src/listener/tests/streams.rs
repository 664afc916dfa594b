//! Batches over QUIC: acknowledged, refused, slow, waiting for room.

use schema::ErrorKind;
use wire::Message;
use wire::v1::{Ack, RefusalCode};

use super::bench::{Bench, batch, committed};
use crate::exchange::Code;
use crate::settings::Settings;
use crate::sink::Refused;

#[tokio::test]
async fn batches_are_acknowledged_each_on_its_stream_in_any_order() {
    let mut bench = Bench::start(Settings::default());
    let identity = bench.register("c1");
    let (client, _control) = bench.welcome(&identity, "c1").await;
    let mut streams = Vec::new();
    for sequence in 1..=8 {
        // The larger ones span many packets.
        let rows = usize::try_from(sequence).unwrap() * 20_000;
        streams.push(client.send(&batch("c1", sequence, rows)).await);
    }
    let mut pending = Vec::new();
    for _ in 1..=8 {
        pending.push(bench.batch().await);
    }
    for (frame, decide) in pending.into_iter().rev() {
        decide
            .send(Ok(committed(frame.view().sequence() * 10)))
            .unwrap();
    }
    for (sequence, stream) in (1..).zip(&mut streams) {
        let expected = Ack {
            epoch: 1,
            sequence,
            lsn: sequence * 10,
            commit_time: 5,
            duplicate: false,
        };
        assert_eq!(stream.message().await, Message::Ack(expected));
        assert!(stream.frame().await.is_none(), "one answer, then the end");
    }
    let text = bench.metrics_text();
    assert!(
        text.contains("pga_ingest_batches_total{outcome=\"stored\"} 8"),
        "{text}"
    );
    assert!(
        text.contains("pga_ingest_rows_total{door=\"quic\"} 720000"),
        "{text}"
    );
    assert!(text.contains("pga_ingest_assembly_bytes 0"), "{text}");
}

#[tokio::test]
async fn many_batches_pass_through_the_few_streams_that_are_allowed() {
    let mut bench = Bench::start(Settings {
        streams_in_flight_max: 2,
        ..Settings::default()
    });
    let identity = bench.register("c1");
    let (client, _control) = bench.welcome(&identity, "c1").await;
    for sequence in 1..=50 {
        let mut stream = client.send(&batch("c1", sequence, 1)).await;
        let (_, decide) = bench.batch().await;
        decide.send(Ok(committed(sequence))).unwrap();
        assert!(matches!(stream.message().await, Message::Ack(ack) if ack.lsn == sequence));
    }
}

#[tokio::test]
async fn a_refusal_of_the_store_reaches_the_collector() {
    let mut bench = Bench::start(Settings::default());
    let identity = bench.register("c1");
    let (client, _control) = bench.welcome(&identity, "c1").await;
    let mut stream = client.send(&batch("c1", 1, 1)).await;
    let (_, decide) = bench.batch().await;
    let refused = Refused {
        kind: ErrorKind::Overloaded,
        reason: "the queue is full".into(),
        retry_after_ms: 250,
    };
    decide.send(Err(refused)).unwrap();
    let refusal = stream.refusal().await;
    assert_eq!(
        (refusal.code, refusal.retry_after_ms),
        (RefusalCode::Overloaded, 250)
    );
}

#[tokio::test]
async fn a_malformed_frame_does_not_disturb_a_second_stream() {
    let mut bench = Bench::start(Settings::default());
    let identity = bench.register("c1");
    let (client, _control) = bench.welcome(&identity, "c1").await;
    let whole = batch("c1", 1, 1_000);
    let mut good = client.open().await;
    good.send(&whole[..500]).await;

    let mut garbage = client.open().await;
    garbage.send(&[7; 5_000]).await;
    let refusal = garbage.refusal().await;
    assert_eq!(refusal.code, RefusalCode::Invalid);
    assert!(
        refusal.reason.contains("not a pgAnalytics frame"),
        "{}",
        refusal.reason
    );
    let stopped = super::bench::soon(garbage.send.stopped()).await.unwrap();
    assert_eq!(
        stopped.map(|code| code.into_inner()),
        Some(Code::Protocol as u64)
    );

    let mut truncated = client.send(&whole[..900]).await;
    assert!(
        truncated
            .refusal()
            .await
            .reason
            .contains("before the end of a frame")
    );
    let mut foreign = client.send(&batch("c2", 1, 1)).await;
    assert_eq!(foreign.refusal().await.code, RefusalCode::Denied);

    good.send(&whole[500..]).await;
    good.send.finish().unwrap();
    let (frame, decide) = bench.batch().await;
    assert_eq!(frame.bytes(), whole);
    decide.send(Ok(committed(1))).unwrap();
    assert!(matches!(good.message().await, Message::Ack(_)));
}

#[tokio::test]
async fn a_slow_peer_loses_its_stream_and_keeps_its_connection() {
    let mut bench = Bench::start(Settings {
        stream_timeout_ms: 50,
        ..Settings::default()
    });
    let identity = bench.register("c1");
    let (client, _control) = bench.welcome(&identity, "c1").await;
    let whole = batch("c1", 1, 10);
    let mut slow = client.open().await;
    slow.send(&whole[..40]).await;
    assert!(slow.refusal().await.reason.contains("too slowly"));
    let stopped = super::bench::soon(slow.send.stopped()).await.unwrap();
    assert_eq!(
        stopped.map(|code| code.into_inner()),
        Some(Code::Slow as u64)
    );
    let mut again = client.send(&whole).await;
    bench.batch().await.1.send(Ok(committed(1))).unwrap();
    assert!(matches!(again.message().await, Message::Ack(_)));
}

#[tokio::test]
async fn batches_wait_for_room_and_are_refused_when_there_is_none() {
    let whole = batch("c1", 1, 10_000);
    let body_bytes = u32::try_from(whole.len()).unwrap();
    let mut bench = Bench::start(Settings {
        batch_bytes_max: body_bytes,
        assembly_bytes_max: body_bytes,
        assembly_wait_ms: 50,
        ..Settings::default()
    });
    let identity = bench.register("c1");
    let (client, _control) = bench.welcome(&identity, "c1").await;
    let mut first = client.send(&whole).await;
    let (_, decide) = bench.batch().await;
    let mut second = client.open().await;
    // It is stopped before all of it was let through.
    drop(second.send.write_all(&batch("c1", 2, 10_000)).await);
    let refusal = second.refusal().await;
    assert_eq!(refusal.code, RefusalCode::Overloaded);
    assert!(
        refusal.reason.contains("too many batches are arriving"),
        "{}",
        refusal.reason
    );
    decide.send(Ok(committed(1))).unwrap();
    assert!(matches!(first.message().await, Message::Ack(_)));
    let mut third = client.send(&batch("c1", 2, 10_000)).await;
    bench.batch().await.1.send(Ok(committed(2))).unwrap();
    assert!(matches!(third.message().await, Message::Ack(_)));
}

#[tokio::test]
async fn a_batch_too_large_is_refused_by_its_header() {
    let bench = Bench::start(Settings {
        batch_bytes_max: 1_000,
        ..Settings::default()
    });
    let identity = bench.register("c1");
    let (client, _control) = bench.welcome(&identity, "c1").await;
    let mut stream = client.open().await;
    stream.send(&batch("c1", 1, 1_000)[..32]).await;
    assert!(
        stream
            .refusal()
            .await
            .reason
            .contains("exceeds the limit of 1000")
    );
}
