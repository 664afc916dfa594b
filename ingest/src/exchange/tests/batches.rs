//! Batches: taken, refused, bounded; a stream that goes wrong costs the others nothing.

use schema::ErrorKind;
use wire::v1::RefusalCode;

use super::*;
use crate::sink::Refused;

fn commits(actions: &[Action]) -> usize {
    let is_commit = |action: &&Action| matches!(action, Action::Commit { .. });
    actions.iter().filter(is_commit).count()
}

#[test]
fn a_batch_is_reserved_committed_and_acknowledged() {
    let mut bench = Bench::ready();
    let sent = batch(3, "orders");
    let actions = bench.send(1, &sent);
    let stream = StreamId(1);
    let [
        Action::Reserve { bytes, .. },
        Action::Commit {
            stream: StreamId(1),
            frame,
        },
    ] = &actions[..]
    else {
        panic!("{actions:?}");
    };
    assert_eq!(
        (*bytes as usize, frame.bytes()),
        (sent.len() - 32, sent.as_slice())
    );
    let actions = bench.event(Event::Committed(stream, Ok(committed(40))));
    assert_eq!(said(&actions), [(stream, ack(3, 40))]);
    assert!(matches!(
        actions[1],
        Action::Finish {
            stream: StreamId(1)
        }
    ));
    assert!(bench.event(Event::Delivered(stream)).is_empty());
    assert_eq!(
        bench.exchange.deadline(),
        None,
        "nothing is left to wait for"
    );
}

#[test]
fn a_batch_cut_anywhere_is_still_one_batch() {
    let sent = batch(3, "orders");
    for cut in 1..sent.len() {
        let mut bench = Bench::ready();
        let stream = StreamId(1);
        bench.event(Event::Opened(stream));
        let mut actions = bench.event(Event::Bytes(stream, &sent[..cut]));
        if cut >= 32 {
            actions.extend(bench.event(Event::Reserved(stream)));
        }
        actions.extend(bench.event(Event::Bytes(stream, &sent[cut..])));
        if cut < 32 {
            actions.extend(bench.event(Event::Reserved(stream)));
        }
        actions.extend(bench.event(Event::Finished(stream)));
        assert_eq!(commits(&actions), 1, "cut at {cut}");
    }
}

#[test]
fn a_batch_that_ends_too_early_is_refused_at_every_byte() {
    let sent = batch(3, "orders");
    for cut in 0..sent.len() {
        let mut bench = Bench::ready();
        let (stream, refusal) = refused(&bench.send(1, &sent[..cut]));
        assert_eq!(
            (stream, refusal.code),
            (StreamId(1), RefusalCode::Invalid),
            "cut at {cut}"
        );
    }
}

#[test]
fn what_is_no_batch_of_this_peer_is_refused_in_words() {
    let (mut trailing, mut long) = (batch(1, "orders"), batch(1, "orders"));
    trailing.push(0);
    long[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    for (sent, code, words) in [
        (vec![0; 64], RefusalCode::Invalid, "not a pgAnalytics frame"),
        (
            bytes(&ack(1, 1)),
            RefusalCode::Invalid,
            "kind 6 is not expected",
        ),
        (trailing, RefusalCode::Invalid, "bytes follow the batch"),
        (long, RefusalCode::Invalid, "exceeds the limit"),
        (
            batch(0, "orders"),
            RefusalCode::Invalid,
            "a sequence, from 1",
        ),
        (
            batch(1, "customers"),
            RefusalCode::Denied,
            "not registered for instance \"customers\"",
        ),
    ] {
        let mut bench = Bench::ready();
        let actions = bench.send(1, &sent);
        let (stream, refusal) = refused(&actions);
        assert_eq!(
            (stream, refusal.code),
            (StreamId(1), code),
            "{}",
            refusal.reason
        );
        assert!(refusal.reason.contains(words), "{}", refusal.reason);
        assert_eq!((commits(&actions), closed(&actions)), (0, None));
        assert_eq!(
            commits(&bench.send(2, &batch(1, "orders"))),
            1,
            "others go on"
        );
    }
}

#[test]
fn a_malformed_frame_does_not_disturb_a_second_stream() {
    let mut bench = Bench::ready();
    let sent = batch(2, "orders");
    let (good, bad) = (StreamId(1), StreamId(2));
    bench.event(Event::Opened(good));
    bench.event(Event::Bytes(good, &sent[..50]));
    bench.event(Event::Reserved(good));
    let actions = bench.send(2, &[9; 40]);
    assert_eq!(refused(&actions).0, bad);
    assert!(actions.iter().any(|action| matches!(
        action,
        Action::StopReading {
            stream: StreamId(2),
            code: Code::Protocol
        }
    )));
    bench.event(Event::Bytes(good, &sent[50..]));
    assert_eq!(commits(&bench.event(Event::Finished(good))), 1);
}

#[test]
fn a_refusal_of_the_sink_is_passed_on() {
    for (kind, code) in [
        (ErrorKind::Invalid, RefusalCode::Invalid),
        (ErrorKind::Overloaded, RefusalCode::Overloaded),
        (ErrorKind::Unavailable, RefusalCode::Unavailable),
        (ErrorKind::Internal, RefusalCode::Unknown),
        (ErrorKind::Corrupt, RefusalCode::Unknown),
    ] {
        let mut bench = Bench::ready();
        bench.send(1, &batch(1, "orders"));
        let outcome = Refused {
            kind,
            reason: "no".into(),
            retry_after_ms: 250,
        };
        let (_, refusal) = refused(&bench.event(Event::Committed(StreamId(1), Err(outcome))));
        assert_eq!((refusal.code, refusal.retry_after_ms), (code, 250));
    }
}

#[test]
fn no_more_than_the_allowed_batches_are_under_way() {
    let mut bench = Bench::ready();
    for stream in 1..=8 {
        assert_eq!(commits(&bench.send(stream, &batch(stream, "orders"))), 1);
    }
    let (_, refusal) = refused(&bench.event(Event::Opened(StreamId(9))));
    assert_eq!(
        (refusal.code, refusal.retry_after_ms),
        (RefusalCode::Overloaded, 500)
    );
    bench.event(Event::Committed(StreamId(4), Ok(committed(1))));
    assert_eq!(
        commits(&bench.send(10, &batch(10, "orders"))),
        1,
        "an answer makes room"
    );
}

#[test]
fn a_batch_before_the_welcome_is_refused() {
    let mut bench = Bench::new();
    bench.event(Event::Opened(StreamId::CONTROL));
    let actions = bench.send(1, &batch(1, "orders"));
    assert_eq!(refused(&actions).1.code, RefusalCode::Denied);
    assert_eq!(commits(&actions), 0);
}

#[test]
fn a_slow_peer_loses_its_stream_and_nothing_else() {
    let mut bench = Bench::ready();
    let sent = batch(1, "orders");
    let stream = StreamId(1);
    bench.event(Event::Opened(stream));
    bench.event(Event::Bytes(stream, &sent[..20]));
    assert!(bench.after(9_999).is_empty());
    // Twenty bytes earn one millisecond at 16 KiB a second.
    bench.after(1);
    let actions = bench.after(1);
    let (slow, refusal) = refused(&actions);
    assert_eq!((slow, refusal.code), (stream, RefusalCode::Unavailable));
    assert!(
        bench.event(Event::Bytes(stream, &sent[20..])).is_empty(),
        "too late"
    );
    assert_eq!(commits(&bench.send(2, &sent)), 1);
}

#[test]
fn waiting_for_room_ends_and_does_not_count_as_slowness() {
    let mut bench = Bench::ready();
    let sent = batch(1, "orders");
    for stream in [StreamId(1), StreamId(2)] {
        bench.event(Event::Opened(stream));
        bench.event(Event::Bytes(stream, &sent));
    }
    bench.after(4_999);
    bench.event(Event::Reserved(StreamId(1)));
    let (stream, refusal) = refused(&bench.after(1));
    assert_eq!(
        (stream, refusal.code),
        (StreamId(2), RefusalCode::Overloaded)
    );
    bench.after(9_000);
    assert_eq!(commits(&bench.event(Event::Finished(StreamId(1)))), 1);
}

#[test]
fn a_batch_that_cannot_wait_for_room_is_refused_at_once() {
    let mut bench = Bench::ready();
    let sent = batch(1, "orders");
    let stream = StreamId(1);
    bench.event(Event::Opened(stream));
    bench.event(Event::Bytes(stream, &sent[..32]));
    let actions = bench.event(Event::Crowded(stream));
    let stopped = Action::StopReading {
        stream,
        code: Code::Overloaded,
    };
    assert_eq!(format!("{:?}", actions[0]), format!("{stopped:?}"));
    let (_, refusal) = refused(&actions);
    assert_eq!(
        (refusal.code, refusal.retry_after_ms),
        (RefusalCode::Overloaded, 500)
    );
    assert!(bench.event(Event::Crowded(stream)).is_empty(), "only once");
    assert_eq!(commits(&bench.send(2, &sent)), 1);
}

#[test]
fn a_stream_given_up_is_forgotten_unless_it_is_being_committed() {
    let mut bench = Bench::ready();
    let sent = batch(1, "orders");
    bench.event(Event::Opened(StreamId(1)));
    bench.event(Event::Bytes(StreamId(1), &sent[..40]));
    let actions = bench.event(Event::Lost(StreamId(1)));
    assert!(matches!(
        &actions[..],
        [Action::Reset {
            stream: StreamId(1),
            ..
        }]
    ));
    bench.send(2, &sent);
    assert!(bench.event(Event::Lost(StreamId(2))).is_empty());
    let actions = bench.event(Event::Committed(StreamId(2), Ok(committed(1))));
    assert_eq!(said(&actions).len(), 1);
}

#[test]
fn an_answer_that_nobody_reads_is_given_up() {
    let mut bench = Bench::ready();
    bench.send(1, &batch(1, "orders"));
    bench.event(Event::Committed(StreamId(1), Ok(committed(1))));
    let actions = bench.after(3_000);
    assert!(matches!(
        &actions[..],
        [Action::Reset {
            stream: StreamId(1),
            code: Code::Slow
        }]
    ));
}
