//! The first frame, and who may come in.

use wire::v1::{Enrol, Enrolled, RefusalCode, Status};

use super::*;

#[test]
fn a_hello_is_identified_and_welcomed() {
    let mut bench = Bench::new();
    bench.event(Event::Opened(StreamId::CONTROL));
    bench.event(Event::Archived(Lsn::new(9)));
    let actions = bench.event(Event::Bytes(StreamId::CONTROL, &hello("c1")));
    assert!(matches!(&actions[..], [Action::Identify(hello)] if hello.collector == "c1"));
    let actions = bench.event(Event::Identified(Ok(admission("c1"))));
    let said = said(&actions);
    let [
        (_, Message::Welcome(welcome)),
        (_, Message::Archived(archived)),
    ] = said.as_slice()
    else {
        panic!("{said:?}");
    };
    assert_eq!(
        (welcome.now, welcome.batches_in_flight_max, welcome.archives),
        (77, 8, true)
    );
    assert_eq!((welcome.version.as_str(), archived.lsn), ("1.0", 9));
    assert_eq!(
        bench.exchange.peer().map(|peer| peer.name.as_str()),
        Some("c1")
    );
}

#[test]
fn a_hello_cut_anywhere_is_still_one_hello() {
    let whole = hello("c1");
    for cut in 1..whole.len() {
        let mut bench = Bench::new();
        bench.event(Event::Opened(StreamId::CONTROL));
        assert!(
            bench
                .event(Event::Bytes(StreamId::CONTROL, &whole[..cut]))
                .is_empty()
        );
        let actions = bench.event(Event::Bytes(StreamId::CONTROL, &whole[cut..]));
        assert!(
            matches!(&actions[..], [Action::Identify(_)]),
            "cut at {cut}"
        );
    }
}

#[test]
fn who_is_refused_hears_why_and_then_the_connection_closes() {
    let mut bench = Bench::new();
    bench.event(Event::Opened(StreamId::CONTROL));
    bench.event(Event::Bytes(StreamId::CONTROL, &hello("c1")));
    let denied = refusal(RefusalCode::Denied, "revoked");
    let actions = bench.event(Event::Identified(Err(denied.clone())));
    assert_eq!(refused(&actions), (StreamId::CONTROL, denied));
    assert_eq!(closed(&actions), None, "the refusal is still on its way");
    let actions = bench.event(Event::Delivered(StreamId::CONTROL));
    assert_eq!(closed(&actions), Some(Code::Denied));
}

#[test]
fn nobody_comes_under_another_name_or_without_the_right_to_write() {
    for (name, may_write, claimed) in [
        ("c1", true, "c2"),
        ("c1", true, ""),
        ("c1", true, "c1:x"),
        ("c1", false, "c1"),
        ("import:t1", true, "import:t2"),
    ] {
        let mut bench = Bench::new();
        bench.event(Event::Opened(StreamId::CONTROL));
        bench.event(Event::Bytes(StreamId::CONTROL, &hello(claimed)));
        let mut admission = admission(name);
        admission.peer.may_write = may_write;
        let actions = bench.event(Event::Identified(Ok(admission)));
        assert_eq!(
            refused(&actions).1.code,
            RefusalCode::Denied,
            "{name} as {claimed}"
        );
    }
}

#[test]
fn a_refusal_fits_into_its_frame_however_long_the_name_was() {
    let mut bench = Bench::new();
    bench.event(Event::Opened(StreamId::CONTROL));
    bench.event(Event::Bytes(
        StreamId::CONTROL,
        &hello(&"\u{1}".repeat(60_000)),
    ));
    let actions = bench.event(Event::Identified(Ok(admission("c1"))));
    assert!(refused(&actions).1.reason.len() < 2_000);
}

#[test]
fn an_enrolment_ends_with_the_certificate() {
    let mut bench = Bench::new();
    bench.event(Event::Opened(StreamId::CONTROL));
    let enrol = Enrol {
        token: "pga_x".into(),
        signing_request: vec![1],
    };
    let sent = bytes(&Message::Enrol(enrol.clone()));
    let actions = bench.event(Event::Bytes(StreamId::CONTROL, &sent));
    assert!(matches!(&actions[..], [Action::Enrol(asked)] if *asked == enrol));
    let enrolled = Enrolled {
        collector: "c1".into(),
        ..Enrolled::default()
    };
    let actions = bench.event(Event::Enrolled(Ok(enrolled.clone())));
    assert_eq!(
        said(&actions),
        [(StreamId::CONTROL, Message::Enrolled(enrolled))]
    );
    let actions = bench.event(Event::Delivered(StreamId::CONTROL));
    assert_eq!(closed(&actions), Some(Code::Done));
}

#[test]
fn a_refused_enrolment_closes_the_connection() {
    let mut bench = Bench::new();
    bench.event(Event::Opened(StreamId::CONTROL));
    bench.event(Event::Bytes(
        StreamId::CONTROL,
        &bytes(&Message::Enrol(Enrol::default())),
    ));
    let actions = bench.event(Event::Enrolled(Err(refusal(RefusalCode::Denied, "used"))));
    assert_eq!(refused(&actions).1.reason, "used");
    assert_eq!(
        closed(&bench.event(Event::Delivered(StreamId::CONTROL))),
        Some(Code::Denied)
    );
}

#[test]
fn what_is_out_of_turn_on_the_control_stream_ends_the_connection() {
    let status = bytes(&Message::Status(Status::default()));
    let mut bench = Bench::new();
    bench.event(Event::Opened(StreamId::CONTROL));
    let actions = bench.event(Event::Bytes(StreamId::CONTROL, &status));
    assert!(
        refused(&actions)
            .1
            .reason
            .contains("a status is out of turn")
    );

    for message in [
        hello("c1"),
        batch(1, "orders"),
        bytes(&ack(1, 1)),
        vec![7; 64],
    ] {
        let mut bench = Bench::ready();
        let actions = bench.event(Event::Bytes(StreamId::CONTROL, &message));
        assert_eq!(refused(&actions).1.code, RefusalCode::Invalid);
        let actions = bench.event(Event::Delivered(StreamId::CONTROL));
        assert_eq!(closed(&actions), Some(Code::Protocol));
    }
}

#[test]
fn a_status_is_noted_and_archived_positions_only_rise() {
    let mut bench = Bench::ready();
    let status = Status {
        buffered_batches: 4,
        ..Status::default()
    };
    let actions = bench.event(Event::Bytes(
        StreamId::CONTROL,
        &bytes(&Message::Status(status)),
    ));
    assert!(matches!(&actions[..], [Action::Seen(seen)] if *seen == status));
    for (lsn, news) in [(5, true), (5, false), (4, false), (6, true)] {
        let actions = bench.event(Event::Archived(Lsn::new(lsn)));
        assert_eq!(said(&actions).len(), usize::from(news), "{lsn}");
    }
}

#[test]
fn a_greeting_that_does_not_come_ends_the_connection() {
    let mut silent = Bench::new();
    assert!(silent.after(9_999).is_empty());
    assert_eq!(silent.exchange.deadline(), Some(Duration::from_secs(10)));
    assert_eq!(
        closed(&silent.after(1)),
        Some(Code::Slow),
        "nobody is there to hear why"
    );

    let mut slow = Bench::new();
    slow.event(Event::Opened(StreamId::CONTROL));
    slow.event(Event::Bytes(StreamId::CONTROL, &hello("c1")[..40]));
    let actions = slow.after(10_000);
    assert!(refused(&actions).1.reason.contains("too long"));
    assert_eq!(closed(&slow.after(2_999)), None);
    assert_eq!(closed(&slow.after(1)), Some(Code::Slow));
}
