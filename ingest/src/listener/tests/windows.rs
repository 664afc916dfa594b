//! What connections may send ahead: lent while batches come, back when they have come, and never
//! taken from a batch that has room by one that has none.

use wire::Message;
use wire::v1::RefusalCode;

use super::bench::{Bench, Client, Stream, batch, committed, eventually, soon};
use crate::exchange::Code;
use crate::settings::Settings;

/// Most of a megabyte: many times the least window of 16 KiB.
const ROWS: usize = 200_000;

#[tokio::test]
async fn who_sends_much_borrows_a_window_and_gives_it_back_with_the_last_byte() {
    let mut bench = Bench::start(Settings::default());
    let identity = bench.register("c1");
    let (client, mut control) = bench.welcome(&identity, "c1").await;
    for sequence in 1..=3 {
        let whole = batch("c1", sequence, ROWS);
        let (begin, end) = whole.split_at(whole.len() / 2);
        let mut stream = client.open().await;
        stream.send(begin).await;
        eventually(|| bench.metrics.window_bytes.get() >= 64 << 10).await;
        let most = i64::try_from(Settings::default().windows_bytes_max / 8).unwrap();
        let lent = bench.metrics.window_bytes.get();
        assert!(lent <= most, "{lent}");
        stream.send(end).await;
        stream.send.finish().unwrap();
        let (_, decide) = bench.batch().await;
        assert_eq!(bench.metrics.window_bytes.get(), 0, "all of it has come");
        decide.send(Ok(committed(sequence))).unwrap();
        assert!(matches!(stream.message().await, Message::Ack(_)));
    }
    control.send.finish().unwrap();
    assert_eq!(client.closed().await.0, Code::Done as u64);
    bench.listener.shutdown().await;
    assert_eq!(bench.metrics.window_bytes.get(), 0);
    assert_eq!(bench.metrics.connections.get(), 0);
    assert_eq!(bench.metrics.newcomers.get(), 0);
}

/// A server with room for one batch, which never gives up waiting for it.
fn with_room_for_one(windows_bytes_max: u64) -> Bench {
    let body_bytes = u32::try_from(batch("c1", 1, ROWS).len()).unwrap();
    Bench::start(Settings {
        batch_bytes_max: body_bytes,
        assembly_bytes_max: body_bytes,
        assembly_wait_ms: 600_000,
        stream_timeout_ms: 600_000,
        windows_bytes_max,
        ..Settings::default()
    })
}

/// Begins a batch and waits until it has all the room there is.
async fn takes_the_room(bench: &Bench, client: &Client, whole: &[u8]) -> Stream {
    let mut stream = client.open().await;
    stream.send(whole).await;
    eventually(|| bench.metrics.assembly_bytes.get() > 0).await;
    stream
}

/// Sends as much of a batch as it may, until the end or until the peer lets it send no more.
async fn sends_ahead(client: &Client, whole: Vec<u8>) -> tokio::task::JoinHandle<Stream> {
    let mut stream = client.open().await;
    let sending = tokio::spawn(async move {
        let written = stream.send.write_all(&whole).await;
        if written.is_ok() {
            stream.send.finish().unwrap();
        }
        stream
    });
    eventually(|| {
        let sent = client.quic.stats().frame_tx;
        sending.is_finished() || sent.data_blocked + sent.stream_data_blocked > 0
    })
    .await;
    sending
}

#[tokio::test]
async fn a_batch_that_waits_for_room_does_not_keep_back_one_that_has_it() {
    let mut bench = with_room_for_one(Settings::default().windows_bytes_max);
    let identity = bench.register("c1");
    let (client, _control) = bench.welcome(&identity, "c1").await;
    let whole = batch("c1", 1, ROWS);
    let mut first = takes_the_room(&bench, &client, &whole[..1_000]).await;
    let second = sends_ahead(&client, batch("c1", 2, ROWS)).await;

    // The window was full of the second batch, which waits for the room of the first.
    first.send(&whole[1_000..]).await;
    first.send.finish().unwrap();
    let (frame, decide) = bench.batch().await;
    assert_eq!(frame.view().sequence(), 1);
    decide.send(Ok(committed(1))).unwrap();
    assert!(matches!(first.message().await, Message::Ack(_)));

    let mut second = soon(second).await.unwrap();
    let (frame, decide) = bench.batch().await;
    assert_eq!(frame.view().sequence(), 2);
    decide.send(Ok(committed(2))).unwrap();
    assert!(matches!(second.message().await, Message::Ack(_)));
    // A seventh of what was held is still promised; the next batch pays for it.
    let mut third = client.send(&batch("c1", 3, ROWS)).await;
    bench.batch().await.1.send(Ok(committed(3))).unwrap();
    assert!(matches!(third.message().await, Message::Ack(_)));
    assert_eq!(bench.metrics.window_bytes.get(), 0);
}

#[tokio::test]
async fn where_nothing_can_be_lent_the_one_that_would_be_in_the_way_is_refused_at_once() {
    let mut bench = with_room_for_one(0);
    let identity = bench.register("c1");
    let (client, _control) = bench.welcome(&identity, "c1").await;
    let whole = batch("c1", 1, ROWS);
    let mut first = takes_the_room(&bench, &client, &whole[..1_000]).await;
    let second = sends_ahead(&client, batch("c1", 2, ROWS)).await;
    let mut second = soon(second).await.unwrap();
    let refusal = second.refusal().await;
    assert_eq!(
        (refusal.code, refusal.retry_after_ms),
        (RefusalCode::Overloaded, 500)
    );
    first.send(&whole[1_000..]).await;
    first.send.finish().unwrap();
    bench.batch().await.1.send(Ok(committed(1))).unwrap();
    assert!(matches!(first.message().await, Message::Ack(_)));
}

#[tokio::test]
async fn where_nothing_can_be_lent_a_batch_still_waits_for_the_room_of_another_connection() {
    let mut bench = with_room_for_one(0);
    let (one, two) = (bench.register("c1"), bench.register("c2"));
    let (client, _control) = bench.welcome(&one, "c1").await;
    let (other, _other_control) = bench.welcome(&two, "c2").await;
    let whole = batch("c1", 1, ROWS);
    let mut first = takes_the_room(&bench, &client, &whole[..1_000]).await;
    let second = sends_ahead(&other, batch("c2", 1, ROWS)).await;
    first.send(&whole[1_000..]).await;
    first.send.finish().unwrap();
    bench.batch().await.1.send(Ok(committed(1))).unwrap();
    assert!(matches!(first.message().await, Message::Ack(_)));
    let (frame, decide) = bench.batch().await;
    assert_eq!(frame.view().collector(), "c2");
    decide.send(Ok(committed(2))).unwrap();
    let mut second = soon(second).await.unwrap();
    assert!(matches!(second.message().await, Message::Ack(_)));
}
