//! E-3: how many may come in, what becomes of the others, and that those inside are left alone.

use wire::Message;
use wire::v1::{Refusal, RefusalCode};

use super::bench::{Bench, Client, Identity, Stream, batch, committed, hello, soon};
use crate::exchange::Code;
use crate::settings::Settings;

/// Connects and greets; returns what is answered.
async fn greet(bench: &Bench, identity: &Identity, name: &str) -> (Client, Stream, Message) {
    let client = bench.connect(identity).await;
    let mut control = client.open().await;
    control.send(&hello(name)).await;
    let answer = control.message().await;
    (client, control, answer)
}

/// Connects again and again until there is a place.
async fn welcome_in_the_end(bench: &Bench, identity: &Identity, name: &str) -> (Client, Stream) {
    loop {
        let (client, control, answer) = greet(bench, identity, name).await;
        if matches!(answer, Message::Welcome(_)) {
            return (client, control);
        }
    }
}

async fn sends(bench: &mut Bench, client: &Client, name: &str, sequence: u64) {
    let mut stream = client.send(&batch(name, sequence, 50_000)).await;
    let (frame, decide) = bench.batch().await;
    assert_eq!(frame.view().collector(), name);
    decide.send(Ok(committed(sequence))).unwrap();
    assert!(matches!(stream.message().await, Message::Ack(_)));
}

#[tokio::test]
async fn a_full_server_says_so_and_when_to_come_again_and_gives_a_free_place_to_the_next() {
    let mut bench = Bench::start(Settings {
        connections_max: 2,
        ..Settings::default()
    });
    let (one, two, three) = (
        bench.register("c1"),
        bench.register("c2"),
        bench.register("c3"),
    );
    let (first, _first_control) = bench.welcome(&one, "c1").await;
    let (second, mut second_control) = bench.welcome(&two, "c2").await;
    for turned_away in 1..=3 {
        let (client, _control, answer) = greet(&bench, &three, "c3").await;
        let Message::Refusal(Refusal {
            code,
            reason,
            retry_after_ms,
        }) = answer
        else {
            panic!("{answer:?}");
        };
        assert_eq!((code, retry_after_ms), (RefusalCode::Overloaded, 5_000));
        assert!(reason.contains("2 connections"), "{reason}");
        assert_eq!(client.closed().await.0, Code::Overloaded as u64);
        let text = bench.metrics_text();
        let counted = format!("connections_turned_away_total{{reason=\"full\"}} {turned_away}");
        assert!(text.contains(&counted), "{text}");
    }
    sends(&mut bench, &first, "c1", 1).await;

    second_control.send.finish().unwrap();
    assert_eq!(second.closed().await.0, Code::Done as u64);
    let (third, _third_control) = soon(welcome_in_the_end(&bench, &three, "c3")).await;
    sends(&mut bench, &third, "c3", 1).await;
    sends(&mut bench, &first, "c1", 2).await;
}

#[tokio::test]
async fn who_connects_and_says_nothing_keeps_nobody_inside_from_sending() {
    let mut bench = Bench::start(Settings {
        newcomers_max: 2,
        ..Settings::default()
    });
    let (one, two) = (bench.register("c1"), bench.register("c2"));
    let (inside, _control) = bench.welcome(&one, "c1").await;
    let silent = [bench.connect(&None).await, bench.connect(&None).await];
    let (_none, closed) = tokio::sync::mpsc::channel(1);
    let mut batches = std::mem::replace(&mut bench.batches, closed);
    // Both places of newcomers are taken: this one waits until a silent one leaves.
    let mut waiting = Box::pin(bench.welcome(&two, "c2"));
    let inside_sends = async {
        for sequence in 1..=3 {
            let mut stream = inside.send(&batch("c1", sequence, 50_000)).await;
            let (_, decide) = soon(batches.recv()).await.unwrap();
            decide.send(Ok(committed(sequence))).unwrap();
            assert!(matches!(stream.message().await, Message::Ack(_)));
        }
    };
    tokio::select! {
        biased;
        _ = &mut waiting => panic!("there is no place to greet in"),
        () = inside_sends => {}
    }
    let [first, _second] = silent;
    first.quic.close(0u32.into(), b"");
    let (_client, _control) = soon(waiting).await;
}

#[tokio::test]
async fn who_sends_much_borrows_a_window_and_gives_it_back() {
    let mut bench = Bench::start(Settings::default());
    let identity = bench.register("c1");
    let (client, mut control) = bench.welcome(&identity, "c1").await;
    assert!(bench.metrics_text().contains("pga_ingest_window_bytes 0"));
    // Most of a megabyte a batch: many times the least window of 16 KiB.
    for sequence in 1..=2 {
        let mut stream = client.send(&batch("c1", sequence, 200_000)).await;
        let (_, decide) = bench.batch().await;
        decide.send(Ok(committed(sequence))).unwrap();
        assert!(matches!(stream.message().await, Message::Ack(_)));
    }
    let lent = bench.metrics.window_bytes.get();
    assert!(lent > 0, "nothing was lent");
    let most = i64::try_from(Settings::default().windows_bytes_max).unwrap();
    assert!(lent <= most, "{lent}");
    control.send.finish().unwrap();
    assert_eq!(client.closed().await.0, Code::Done as u64);
    bench.listener.shutdown().await;
    assert_eq!(bench.metrics.window_bytes.get(), 0);
    assert_eq!(bench.metrics.connections.get(), 0);
    assert_eq!(bench.metrics.newcomers.get(), 0);
}
