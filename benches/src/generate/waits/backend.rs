//! One connection of an instance: idle, then busy with a query and its waits.

use super::{ADDRESSES, APPLICATIONS, BACKEND_TYPES, TYPES_OF_EVENTS};
use crate::generate::Random;

/// A connection, between two seconds.
#[derive(Debug, Clone)]
pub(super) struct Backend {
    random: Random,
    tags: [String; 3],
    application: u32,
    address: u32,
    busy: Option<Busy>,
    pid: i64,
}

/// What a busy backend is seen doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Busy {
    query_id: i64,
    backend_type: u32,
    state: u32,
    wait_event: Option<u32>,
}

/// A sample of a busy backend; words are numbers in their vocabularies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) pid: i64,
    pub(super) query_id: i64,
    pub(super) backend_type: u32,
    pub(super) application: u32,
    pub(super) address: u32,
    pub(super) state: u32,
    pub(super) wait_event_type: Option<u32>,
    pub(super) wait_event: Option<u32>,
}

impl Backend {
    /// Draws a connection; `number` is its own among those of all instances.
    pub(super) fn new(seed: u64, instance: u32, number: u32) -> Self {
        let mut random = Random::new(seed, BACKEND_STREAMS + u64::from(number));
        let tags = [
            format!("pg-{instance:02}"),
            format!("app_{}", random.below(3)),
            format!("role_{}", random.below(4)),
        ];
        Self {
            tags,
            application: random.below(len(APPLICATIONS)),
            address: random.below(len(ADDRESSES)),
            busy: None,
            pid: draw_pid(&mut random),
            random,
        }
    }

    /// Returns the values of the tags, in the order of the table's.
    pub(super) fn tags(&self) -> &[String; 3] {
        &self.tags
    }

    /// Lets a second pass and returns what is seen, nothing of an idle backend.
    pub(super) fn second(&mut self) -> Option<Sample> {
        let random = &mut self.random;
        self.busy = match self.busy {
            None => random.chance(START_PERMILLE).then(|| {
                if random.chance(PID_PERMILLE) {
                    self.pid = draw_pid(random);
                }
                Busy::draw(random)
            }),
            Some(_) if random.chance(END_PERMILLE) => None,
            Some(mut busy) => {
                if random.chance(CHANGE_PERMILLE) {
                    busy.wait_event = draw_wait(random);
                }
                Some(busy)
            }
        };
        let busy = self.busy?;
        Some(Sample {
            pid: self.pid,
            query_id: busy.query_id,
            backend_type: busy.backend_type,
            application: self.application,
            address: self.address,
            state: busy.state,
            wait_event_type: busy.wait_event.and_then(type_of),
            wait_event: busy.wait_event,
        })
    }
}

impl Busy {
    fn draw(random: &mut Random) -> Self {
        let backend_type = backend_type(random.below(TYPE_DRAWS));
        Self {
            query_id: query_id(random.below(QUERIES)),
            backend_type,
            state: u32::from(random.chance(STATE_PERMILLE)),
            wait_event: draw_wait(random),
        }
    }

    /// Returns how likely each type of backend is.
    pub(super) fn type_chances() -> Vec<f64> {
        let drawn = |wanted| (0..TYPE_DRAWS).filter(move |draw| backend_type(*draw) == wanted);
        let share = |wanted| drawn(wanted).map(|_| 1.0 / f64::from(TYPE_DRAWS)).sum();
        (0..len(BACKEND_TYPES)).map(share).collect()
    }
}

/// Returns how likely each wait is: on a processor first, then the events in their order.
pub(super) fn wait_chances() -> Vec<f64> {
    let (events, processor) = (
        len(&TYPES_OF_EVENTS),
        f64::from(PROCESSOR_PERMILLE) / 1_000.0,
    );
    // Of all pairs, those whose lower number is this one.
    let pairs = (0..events).map(|event| f64::from(2 * (events - event) - 1));
    let of_event = pairs.map(|pairs| (1.0 - processor) * pairs / f64::from(events * events));
    std::iter::once(processor).chain(of_event).collect()
}

fn backend_type(draw: u32) -> u32 {
    if draw < CLIENT_DRAWS {
        0
    } else {
        draw % len(BACKEND_TYPES)
    }
}

/// Returns the identifier of one of the queries, which all instances run.
fn query_id(number: u32) -> i64 {
    Random::new(QUERY_SEED, u64::from(number))
        .next()
        .cast_signed()
}

fn draw_pid(random: &mut Random) -> i64 {
    i64::from(1_000 + random.below(PIDS))
}

fn draw_wait(random: &mut Random) -> Option<u32> {
    let on_a_processor = random.chance(PROCESSOR_PERMILLE);
    // The lower of two numbers: the first events of the list are the common ones.
    let [a, b] = [(); 2].map(|()| random.below(len(&TYPES_OF_EVENTS)));
    (!on_a_processor).then_some(a.min(b))
}

fn type_of(event: u32) -> Option<u32> {
    TYPES_OF_EVENTS.get(event as usize).copied()
}

fn len<T>(words: &[T]) -> u32 {
    u32::try_from(words.len()).unwrap_or(u32::MAX)
}

/// Idle for 20 s on average.
pub(super) const START_PERMILLE: u32 = 50;
/// Busy for 5 s on average.
pub(super) const END_PERMILLE: u32 = 200;
/// How often a busy stretch is of another process.
pub(super) const PID_PERMILLE: u32 = 10;
/// How often a busy stretch is of a transaction that is idle.
pub(super) const STATE_PERMILLE: u32 = 80;
/// How often, each second, a busy backend's wait is drawn anew.
pub(super) const CHANGE_PERMILLE: u32 = 333;
/// How often a busy backend waits for nothing.
const PROCESSOR_PERMILLE: u32 = 450;
pub(super) const QUERIES: u32 = 100;
pub(super) const PIDS: u32 = 60_000;
const TYPE_DRAWS: u32 = 100;
const CLIENT_DRAWS: u32 = 90;
const QUERY_SEED: u64 = 0x7175_6572;
/// Keeps these streams apart from those of the other data sets under one seed.
const BACKEND_STREAMS: u64 = 2 << 40;
