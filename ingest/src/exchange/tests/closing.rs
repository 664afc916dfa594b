//! The end: goodbye, stop, and what is under way then.

use wire::v1::RefusalCode;

use super::*;

#[test]
fn a_stopping_server_answers_what_it_began_and_refuses_the_rest() {
    let mut bench = Bench::ready();
    bench.send(1, &batch(1, "orders"));
    let half = StreamId(2);
    bench.event(Event::Opened(half));
    bench.event(Event::Bytes(half, &batch(2, "orders")[..40]));
    let actions = bench.event(Event::Stop);
    let said = said(&actions);
    let streams: Vec<_> = said.iter().map(|(stream, _)| *stream).collect();
    assert_eq!(streams, [StreamId::CONTROL, half]);
    assert!(said.iter().all(|(_, message)| matches!(
        message,
        Message::Refusal(refusal) if refusal.code == RefusalCode::Unavailable
    )));
    let late = bench.event(Event::Opened(StreamId(3)));
    assert_eq!(refused(&late).1.code, RefusalCode::Unavailable);
    for stream in [StreamId::CONTROL, half, StreamId(3)] {
        assert_eq!(closed(&bench.event(Event::Delivered(stream))), None);
    }
    let actions = bench.event(Event::Committed(StreamId(1), Ok(committed(1))));
    assert_eq!(super::said(&actions), [(StreamId(1), ack(1, 1))]);
    let actions = bench.event(Event::Delivered(StreamId(1)));
    assert_eq!(closed(&actions), Some(Code::Stopping));
    assert!(bench.exchange.is_closed() && bench.exchange.deadline().is_none());
}

#[test]
fn a_commit_that_never_ends_does_not_hold_up_a_stopping_server() {
    let mut bench = Bench::ready();
    bench.send(1, &batch(1, "orders"));
    bench.event(Event::Stop);
    bench.event(Event::Delivered(StreamId::CONTROL));
    assert_eq!(closed(&bench.after(9_999)), None);
    assert_eq!(closed(&bench.after(1)), Some(Code::Stopping));
    assert!(
        bench
            .event(Event::Committed(StreamId(1), Ok(committed(1))))
            .is_empty()
    );
}

#[test]
fn after_a_goodbye_batches_that_have_begun_come_whole() {
    let mut bench = Bench::ready();
    let (sent, stream) = (batch(1, "orders"), StreamId(1));
    bench.event(Event::Opened(stream));
    bench.event(Event::Bytes(stream, &sent[..40]));
    bench.event(Event::Reserved(stream));
    bench.event(Event::Finished(StreamId::CONTROL));
    bench.event(Event::Delivered(StreamId::CONTROL));
    bench.event(Event::Bytes(stream, &sent[40..]));
    let actions = bench.event(Event::Finished(stream));
    assert!(matches!(&actions[..], [Action::Commit { .. }]));
    bench.event(Event::Committed(stream, Ok(committed(1))));
    assert_eq!(
        closed(&bench.event(Event::Delivered(stream))),
        Some(Code::Done)
    );
}

#[test]
fn a_control_stream_that_ends_inside_a_frame_or_before_the_hello_is_an_error() {
    for sent in [0, 20, 50] {
        let mut bench = Bench::new();
        bench.event(Event::Opened(StreamId::CONTROL));
        bench.event(Event::Bytes(StreamId::CONTROL, &hello("c1")[..sent]));
        let actions = bench.event(Event::Finished(StreamId::CONTROL));
        assert_eq!(refused(&actions).1.code, RefusalCode::Invalid);
    }
    let mut bench = Bench::ready();
    bench.event(Event::Bytes(StreamId::CONTROL, &hello("c1")[..20]));
    let actions = bench.event(Event::Finished(StreamId::CONTROL));
    assert_eq!(refused(&actions).1.code, RefusalCode::Invalid);
}

#[test]
fn a_control_stream_given_up_closes_the_connection() {
    let mut bench = Bench::ready();
    assert_eq!(
        closed(&bench.event(Event::Lost(StreamId::CONTROL))),
        Some(Code::Protocol)
    );
}

#[test]
fn a_server_that_stops_before_the_hello_closes_at_once() {
    let mut bench = Bench::new();
    assert_eq!(closed(&bench.event(Event::Stop)), Some(Code::Stopping));
    assert!(bench.event(Event::Stop).is_empty());
}
