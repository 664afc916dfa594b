//! Random cuts, random garbage, random interleavings: every stream gets exactly one answer, the right
//! one, and no content makes the exchange panic or forget a stream.

use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::*;
use schema::ErrorKind;
use wire::v1::RefusalCode;

use super::*;
use crate::sink::Refused;

/// What a stream of the peer carries.
#[derive(Debug, Clone)]
enum Cargo {
    Good,
    RefusedBySink,
    Cut(usize),
    Flipped(usize),
    Garbage(Vec<u8>),
}

fn cargo() -> impl Strategy<Value = Cargo> {
    prop_oneof![
        3 => Just(Cargo::Good),
        1 => Just(Cargo::RefusedBySink),
        1 => (0..200usize).prop_map(Cargo::Cut),
        2 => any::<usize>().prop_map(Cargo::Flipped),
        1 => vec(any::<u8>(), 0..100).prop_map(Cargo::Garbage),
    ]
}

impl Cargo {
    fn bytes(&self, sequence: u64) -> Vec<u8> {
        let mut whole = batch(sequence, "orders");
        match self {
            Self::Good | Self::RefusedBySink => {}
            Self::Cut(at) => whole.truncate(*at),
            Self::Flipped(bit) => {
                let bit = bit % (whole.len() * 8);
                whole[bit / 8] ^= 1 << (bit % 8);
            }
            Self::Garbage(garbage) => whole.clone_from(garbage),
        }
        whole
    }
}

/// The peer's end of a stream.
struct Sender {
    bytes: VecDeque<u8>,
    is_opened: bool,
    is_finished: bool,
    waits: bool,
}

/// Runs streams to their end, choosing what happens next by `choices`; returns every answer.
fn run(
    bench: &mut Bench,
    cargos: &[Cargo],
    choices: &[(usize, usize)],
) -> Vec<(StreamId, Message)> {
    let mut senders: Vec<Sender> = (1..)
        .zip(cargos)
        .map(|(sequence, cargo)| Sender {
            bytes: cargo.bytes(sequence).into(),
            is_opened: false,
            is_finished: false,
            waits: false,
        })
        .collect();
    let (mut answers, mut commits) = (Vec::new(), Vec::new());
    let forever = choices.iter().copied().chain(std::iter::repeat((0, 1_000)));
    for (turn, (choice, size)) in forever.enumerate() {
        let open: Vec<usize> = (0..senders.len())
            .filter(|i| !senders[*i].is_finished)
            .collect();
        let pick = (choice + turn) % (open.len() + commits.len()).max(1);
        let actions = if let Some(index) = open.get(pick) {
            step(
                bench,
                &mut senders[*index],
                StreamId(*index as u64 + 1),
                size,
            )
        } else if let Some(position) = pick.checked_sub(open.len()).filter(|p| *p < commits.len()) {
            let stream: StreamId = commits.remove(position);
            let outcome = match &cargos[place(stream)] {
                Cargo::RefusedBySink => Err(Refused {
                    kind: ErrorKind::Overloaded,
                    reason: "full".into(),
                    retry_after_ms: 1,
                }),
                _ => Ok(committed(stream.0)),
            };
            bench.event(Event::Committed(stream, outcome))
        } else {
            return answers;
        };
        for action in &actions {
            match action {
                Action::Reserve { stream, .. } => senders[place(*stream)].waits = true,
                Action::Commit { stream, .. } => commits.push(*stream),
                Action::Close { .. } => panic!("a batch closes no connection"),
                _ => {}
            }
        }
        answers.extend(said(&actions));
    }
    unreachable!("the choices never end")
}

/// The place of a batch stream in lists that leave out the control stream.
fn place(stream: StreamId) -> usize {
    usize::try_from(stream.0).unwrap() - 1
}

fn step(bench: &mut Bench, sender: &mut Sender, stream: StreamId, size: usize) -> Vec<Action> {
    if !sender.is_opened {
        sender.is_opened = true;
        return bench.event(Event::Opened(stream));
    }
    if sender.waits {
        sender.waits = false;
        return bench.event(Event::Reserved(stream));
    }
    if sender.bytes.is_empty() {
        sender.is_finished = true;
        return bench.event(Event::Finished(stream));
    }
    let piece: Vec<u8> = sender
        .bytes
        .drain(..size.clamp(1, sender.bytes.len()))
        .collect();
    bench.event(Event::Bytes(stream, &piece))
}

proptest! {
    #[test]
    fn every_stream_gets_the_one_answer_that_it_deserves(
        cargos in vec(cargo(), 1..8), choices in vec((0..16usize, 1..120usize), 0..200),
    ) {
        let mut bench = Bench::ready();
        let answers = run(&mut bench, &cargos, &choices);
        for (number, cargo) in (1..).zip(&cargos) {
            let mine: Vec<_> = answers.iter().filter(|(stream, _)| stream.0 == number).collect();
            let [(_, answer)] = mine.as_slice() else {
                panic!("stream {number} got {mine:?}");
            };
            match (cargo, answer) {
                (Cargo::Good, answer) => prop_assert_eq!(answer, &ack(number, number)),
                (Cargo::RefusedBySink, Message::Refusal(refusal)) => {
                    prop_assert_eq!(refusal.code, RefusalCode::Overloaded);
                }
                (Cargo::Cut(_) | Cargo::Garbage(_), Message::Refusal(refusal)) => {
                    prop_assert_eq!(refusal.code, RefusalCode::Invalid);
                }
                // A flipped bit may change a value only, or turn the name or the instance wrong.
                (Cargo::Flipped(_), Message::Ack(_) | Message::Refusal(_)) => {}
                (cargo, answer) => panic!("{cargo:?} got {answer:?}"),
            }
        }
        prop_assert!(bench.exchange.peer().is_some());
    }

    #[test]
    fn no_garbage_on_the_control_stream_panics_or_keeps_the_connection(
        garbage in vec(any::<u8>(), 1..200), size in 1..64usize, is_ready in any::<bool>(),
    ) {
        let mut bench = if is_ready { Bench::ready() } else { Bench::new() };
        bench.event(Event::Opened(StreamId::CONTROL));
        for piece in garbage.chunks(size) {
            bench.event(Event::Bytes(StreamId::CONTROL, piece));
        }
        bench.event(Event::Finished(StreamId::CONTROL));
        bench.event(Event::Delivered(StreamId::CONTROL));
        prop_assert!(bench.exchange.is_closed());
    }

    #[test]
    fn no_order_of_events_panics_and_time_ends_everything(
        events in vec((0..14u8, 0..4u64, 0..4_000u64), 0..60),
    ) {
        let mut bench = Bench::new();
        for (event, stream, milliseconds) in events {
            let (stream, sent) = (StreamId(stream), batch(stream, "orders"));
            let hello = hello("c1");
            bench.after(milliseconds);
            bench.event(match event {
                0 => Event::Opened(stream),
                1 => Event::Bytes(stream, if stream.0 == 0 { &hello } else { &sent }),
                2 => Event::Finished(stream),
                3 => Event::Lost(stream),
                4 => Event::Reserved(stream),
                5 => Event::Identified(Ok(admission("c1"))),
                6 => Event::Identified(Err(refusal(RefusalCode::Denied, "no"))),
                7 => Event::Enrolled(Err(refusal(RefusalCode::Denied, "no"))),
                8 => Event::Committed(stream, Ok(committed(1))),
                9 => Event::Delivered(stream),
                10 => Event::Archived(Lsn::new(milliseconds)),
                11 => Event::Bytes(stream, &sent[..33]),
                12 => Event::Crowded(stream),
                _ => Event::Tick,
            });
        }
        bench.event(Event::Stop);
        bench.after(10_000);
        prop_assert!(bench.exchange.is_closed());
    }
}
