//! Goal: the protocol's rules hold for every order, cut and content of what a peer sends.
//! Method: events by hand and at random, actions compared; no socket, no clock.

mod batches;
mod closing;
mod greeting;
mod random;

use schema::{ColumnDefinition, FieldType, InstancePattern, Timestamp};
use wire::v1::{Ack, Batch, Hello};
use wire::{BatchFrame, TableBuilder};

use super::*;
use crate::gate::Instances;
use crate::sink::Committed;

/// An exchange, its time, and what it asked for and has not got.
struct Bench {
    exchange: Exchange,
    now: Duration,
}

impl Bench {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        Self {
            exchange: Exchange::new(Arc::new(settings), "1.0"),
            now: Duration::ZERO,
        }
    }

    /// A bench at which the collector "c1" was welcomed.
    fn ready() -> Self {
        Self::ready_with(Settings::default())
    }

    fn ready_with(settings: Settings) -> Self {
        let mut bench = Self::with(settings);
        bench.event(Event::Opened(StreamId::CONTROL));
        bench.event(Event::Bytes(StreamId::CONTROL, &hello("c1")));
        let actions = bench.event(Event::Identified(Ok(admission("c1"))));
        assert!(matches!(
            said(&actions).as_slice(),
            [(StreamId::CONTROL, Message::Welcome(_))]
        ));
        bench
    }

    fn event(&mut self, event: Event<'_>) -> Vec<Action> {
        self.exchange.handle(self.now, event);
        std::iter::from_fn(|| self.exchange.next_action()).collect()
    }

    /// Lets time pass.
    fn after(&mut self, milliseconds: u64) -> Vec<Action> {
        self.now += Duration::from_millis(milliseconds);
        self.event(Event::Tick)
    }

    /// Opens a stream, sends bytes in one piece, grants the room asked for and ends the stream.
    fn send(&mut self, stream: u64, bytes: &[u8]) -> Vec<Action> {
        let stream = StreamId(stream);
        let mut actions = self.event(Event::Opened(stream));
        actions.extend(self.event(Event::Bytes(stream, bytes)));
        if actions
            .iter()
            .any(|action| matches!(action, Action::Reserve { .. }))
        {
            actions.extend(self.event(Event::Reserved(stream)));
        }
        actions.extend(self.event(Event::Finished(stream)));
        actions
    }
}

fn admission(name: &str) -> Admission {
    Admission {
        peer: Peer {
            name: name.into(),
            instances: Instances::Covered(vec![InstancePattern("orders*".into())]),
            may_write: true,
        },
        now: Timestamp::from_nanos(77),
    }
}

fn bytes(message: &Message) -> Vec<u8> {
    message.encode().unwrap().bytes().to_vec()
}

fn hello(collector: &str) -> Vec<u8> {
    bytes(&Message::Hello(Hello {
        collector: collector.into(),
        epoch: 1,
        ..Hello::default()
    }))
}

fn batch(sequence: u64, instance: &str) -> Vec<u8> {
    let mut table = TableBuilder::new("t");
    table.begin_row(1);
    assert!(
        table
            .column(&ColumnDefinition::tag("instance"))
            .push_text(instance)
    );
    assert!(
        table
            .column(&ColumnDefinition::field("v", FieldType::I64))
            .push_i64(7)
    );
    let batch = Batch {
        collector: "c1".into(),
        epoch: 1,
        sequence,
        tables: vec![table.finish()],
    };
    BatchFrame::encode(&batch, &Limits::default())
        .unwrap()
        .bytes()
        .to_vec()
}

fn committed(lsn: u64) -> Committed {
    Committed {
        lsn: Lsn::new(lsn),
        commit_time: Timestamp::from_nanos(5),
        duplicate: false,
    }
}

/// What was written, decoded.
fn said(actions: &[Action]) -> Vec<(StreamId, Message)> {
    let written = actions.iter().filter_map(|action| match action {
        Action::Write { stream, frame } => Some((*stream, Message::decode(frame).unwrap())),
        _ => None,
    });
    written.collect()
}

/// The one refusal among the actions, and its stream.
fn refused(actions: &[Action]) -> (StreamId, Refusal) {
    match said(actions).as_slice() {
        [(stream, Message::Refusal(refusal))] => (*stream, refusal.clone()),
        other => panic!("not one refusal: {other:?}"),
    }
}

fn closed(actions: &[Action]) -> Option<Code> {
    actions.iter().find_map(|action| match action {
        Action::Close { code, .. } => Some(*code),
        _ => None,
    })
}

fn ack(sequence: u64, lsn: u64) -> Message {
    Message::Ack(Ack {
        epoch: 1,
        sequence,
        lsn,
        commit_time: 5,
        duplicate: false,
    })
}
