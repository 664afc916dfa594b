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
async fn who_connects_and_says_nothing_makes_place_for_who_greets_and_disturbs_nobody_inside() {
    // Without the silent ones being told to go, only a minute would free a place.
    let mut bench = Bench::start(Settings {
        newcomers_max: 2,
        handshake_timeout_ms: 60_000,
        ..Settings::default()
    });
    let (one, two) = (bench.register("c1"), bench.register("c2"));
    let (inside, _control) = bench.welcome(&one, "c1").await;
    let (first, second) = (bench.connect(&None).await, bench.connect(&None).await);
    let (_none, closed) = tokio::sync::mpsc::channel(1);
    let mut batches = std::mem::replace(&mut bench.batches, closed);
    let inside_sends = async {
        for sequence in 1..=3 {
            let mut stream = inside.send(&batch("c1", sequence, 50_000)).await;
            let (_, decide) = soon(batches.recv()).await.unwrap();
            decide.send(Ok(committed(sequence))).unwrap();
            assert!(matches!(stream.message().await, Message::Ack(_)));
        }
    };
    let ((_client, _control), ()) =
        soon(async { tokio::join!(bench.welcome(&two, "c2"), inside_sends) }).await;
    assert_eq!(first.closed().await.0, Code::Slow as u64);
    assert!(second.quic.close_reason().is_none(), "one place was enough");
    let text = bench.metrics_text();
    let counted = "connections_turned_away_total{reason=\"silent\"} 1";
    assert!(text.contains(counted), "{text}");
    assert_eq!(bench.metrics.newcomers.get(), 1);
}

#[tokio::test]
async fn silence_is_no_fault_where_nobody_waits() {
    let bench = Bench::start(Settings {
        newcomers_max: 2,
        handshake_timeout_ms: 2_500,
        ..Settings::default()
    });
    let silent = bench.connect(&None).await;
    // Had it been told to go after two seconds, that would be counted.
    assert_eq!(silent.closed().await.0, Code::Slow as u64);
    assert!(!bench.metrics_text().contains("reason=\"silent\""));
}
