//! Who comes in: certificates, tokens, enrolment, protocols, how often.

use wire::Message;
use wire::v1::{Archived, Enrol, Hello, RefusalCode, Status};

use super::bench::{Bench, hello, message, server_tls, soon};
use crate::exchange::Code;
use crate::gate::{Instances, Peer};
use crate::settings::Settings;

#[tokio::test]
async fn a_registered_collector_is_welcomed_and_seen() {
    let bench = Bench::start(Settings::default());
    let identity = bench.register("c1");
    let client = bench.connect(&identity).await;
    let mut control = client.open().await;
    control.send(&hello("c1")).await;
    let Message::Welcome(welcome) = control.message().await else {
        panic!("no welcome");
    };
    assert_eq!(
        (welcome.now, welcome.batches_in_flight_max, welcome.archives),
        (77, 8, false)
    );
    let status = Status {
        buffered_batches: 3,
        ..Status::default()
    };
    control.send(&message(&Message::Status(status))).await;
    bench.archived.send_replace(Some(schema::Lsn::new(9)));
    let archived = control.message().await;
    assert_eq!(archived, Message::Archived(Archived { lsn: 9 }));
    // The goodbye comes behind the status on the same stream: once it is answered, both were read.
    control.send.finish().unwrap();
    assert_eq!(client.closed().await.0, Code::Done as u64);
    let expected = [
        ("c1".to_owned(), "0.9".to_owned(), None),
        ("c1".to_owned(), "0.9".to_owned(), Some(status)),
    ];
    assert_eq!(*bench.gate.sightings.lock(), expected);
}

#[tokio::test]
async fn strangers_hear_why_they_are_refused() {
    let bench = Bench::start(Settings::default());
    let mine = bench.register("c1");
    let revoked = bench.register("c2");
    bench
        .gate
        .certificates
        .lock()
        .retain(|_, peer| peer.name != "c2");
    for (identity, name) in [(&None, "c1"), (&revoked, "c2"), (&mine, "c2")] {
        let client = bench.connect(identity).await;
        let mut control = client.open().await;
        control.send(&hello(name)).await;
        assert_eq!(control.refusal().await.code, RefusalCode::Denied);
        assert_eq!(client.closed().await.0, Code::Denied as u64);
    }
}

#[tokio::test]
async fn another_protocol_or_another_authority_gets_no_connection() {
    let bench = Bench::start(Settings::default());
    let identity = bench.register("c1");
    assert!(bench.try_connect(&identity, b"h3").await.is_err());
    let elsewhere = Bench::start(Settings::default());
    let foreign = elsewhere.register("c1");
    let client = bench.try_connect(&foreign, wire::ALPN).await;
    // TLS 1.3 lets the client believe in its handshake before the server has seen its certificate.
    if let Ok(client) = client {
        assert!(matches!(
            soon(client.quic.closed()).await,
            quinn::ConnectionError::ConnectionClosed(_)
        ));
    }
}

#[tokio::test]
async fn another_certificate_serves_newcomers_and_leaves_the_rest_alone() {
    let bench = Bench::start(Settings::default());
    let identity = bench.register("c1");
    let (before, _control) = bench.welcome(&identity, "c1").await;
    let other = Bench::start(Settings::default());
    let tls = server_tls(&other.authority, &other.authority_der);
    bench.listener.replace_tls(tls).unwrap();
    let after = bench.try_connect(&identity, wire::ALPN).await;
    assert!(after.is_err(), "the client does not know the new authority");
    assert!(before.quic.close_reason().is_none());
}

#[tokio::test]
async fn a_token_opens_the_door_for_an_import() {
    let mut bench = Bench::start(Settings::default());
    let peer = Peer {
        name: "import:t1".into(),
        instances: Instances::All,
        may_write: true,
    };
    bench.gate.tokens.lock().insert("pga_writer".into(), peer);
    let client = bench.connect(&None).await;
    let mut control = client.open().await;
    let hello = Hello {
        collector: "import:t1:file.csv".into(),
        token: "pga_writer".into(),
        ..Hello::default()
    };
    control.send(&message(&Message::Hello(hello))).await;
    assert!(matches!(control.message().await, Message::Welcome(_)));
    let mut stream = client
        .send(&super::bench::batch("import:t1:file.csv", 1, 2))
        .await;
    let (frame, decide) = bench.batch().await;
    assert_eq!(frame.view().collector(), "import:t1:file.csv");
    decide.send(Ok(super::bench::committed(1))).unwrap();
    assert!(matches!(stream.message().await, Message::Ack(_)));
}

#[tokio::test]
async fn an_enrolment_is_answered_with_the_certificate() {
    let bench = Bench::start(Settings::default());
    for (token, is_enrolled) in [("pga_enrol", true), ("pga_used", false)] {
        let client = bench.connect(&None).await;
        let mut control = client.open().await;
        let enrol = Enrol {
            token: token.into(),
            signing_request: vec![1, 2, 3],
        };
        control.send(&message(&Message::Enrol(enrol))).await;
        match control.message().await {
            Message::Enrolled(enrolled) => {
                assert!(is_enrolled && enrolled.certificate == [1, 2, 3]);
                assert_eq!(client.closed().await.0, Code::Done as u64);
            }
            Message::Refusal(refusal) => {
                assert!(!is_enrolled && refusal.code == RefusalCode::Denied);
                assert_eq!(client.closed().await.0, Code::Denied as u64);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_collector_has_two_connections_at_most() {
    let bench = Bench::start(Settings::default());
    let identity = bench.register("c1");
    let (first, _control) = bench.welcome(&identity, "c1").await;
    let _second = bench.welcome(&identity, "c1").await;
    let third = bench.connect(&identity).await;
    let mut control = third.open().await;
    control.send(&hello("c1")).await;
    assert_eq!(control.refusal().await.code, RefusalCode::Overloaded);
    assert_eq!(third.closed().await.0, Code::Overloaded as u64);
    first.quic.close(0u32.into(), b"");
    let other = bench.register("c2");
    let _other = bench.welcome(&other, "c2").await;
}

#[tokio::test]
async fn a_busy_server_asks_for_proof_of_address() {
    let bench = Bench::start(Settings {
        connections_unproven_max: 0,
        ..Settings::default()
    });
    let identity = bench.register("c1");
    let _welcomed = bench.welcome(&identity, "c1").await;
}
