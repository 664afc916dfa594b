//! E-3: very many collectors that are connected and mostly quiet.

use wire::Message;

use super::bench::{Bench, Client, Stream, batch, committed, soon};
use crate::exchange::Code;
use crate::settings::Settings;

const COLLECTORS: u64 = 300;
/// Many times what everybody may send ahead.
const ROWS: usize = 50_000;

/// Sends a batch and has it acknowledged.
async fn sends(bench: &mut Bench, client: &Client, name: &str, sequence: u64, rows: usize) {
    let mut stream = client.send(&batch(name, sequence, rows)).await;
    let (frame, decide) = bench.batch().await;
    assert_eq!(frame.view().collector(), name);
    decide.send(Ok(committed(sequence))).unwrap();
    assert!(matches!(stream.message().await, Message::Ack(_)));
}

#[tokio::test]
async fn hundreds_of_quiet_connections_are_taken_stay_usable_and_keep_nothing() {
    let mut bench = Bench::start(Settings::default());
    let mut inside: Vec<(String, Client, Stream)> = Vec::new();
    for number in 0..COLLECTORS {
        let name = format!("c{number}");
        let identity = bench.register(&name);
        let (client, control) = bench.welcome(&identity, &name).await;
        inside.push((name, client, control));
    }
    let connected = i64::try_from(COLLECTORS).unwrap();
    assert_eq!(bench.metrics.connections.get(), connected);
    assert_eq!(bench.metrics.newcomers.get(), 0);

    for (number, (name, client, _)) in inside.iter().enumerate() {
        // Every tenth one sends a burst, the others what a quiet PostgreSQL comes to.
        let rows = if number % 10 == 0 { ROWS } else { 100 };
        sends(&mut bench, client, name, 1, rows).await;
        assert_eq!(bench.metrics.window_bytes.get(), 0, "{name} is quiet again");
    }
    for (name, client, _) in &inside {
        assert!(client.quic.close_reason().is_none(), "{name}");
    }
    assert_eq!(bench.metrics.connections.get(), connected);

    for (_, client, control) in &mut inside {
        control.send.finish().unwrap();
        assert_eq!(client.closed().await.0, Code::Done as u64);
    }
    soon(bench.listener.shutdown()).await;
    assert_eq!(bench.metrics.connections.get(), 0);
    assert_eq!(bench.metrics.window_bytes.get(), 0);
    assert_eq!(bench.metrics.assembly_bytes.get(), 0);
}
