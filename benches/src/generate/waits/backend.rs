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
struct Busy {
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
                if random.chance(10) {
                    self.pid = draw_pid(random);
                }
                Busy::draw(random)
            }),
            Some(_) if random.chance(END_PERMILLE) => None,
            Some(mut busy) => {
                if random.chance(333) {
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
        let type_draw = random.below(100);
        Self {
            query_id: query_id(random.below(QUERIES)),
            backend_type: if type_draw < 90 {
                0
            } else {
                type_draw % len(BACKEND_TYPES)
            },
            state: u32::from(random.chance(80)),
            wait_event: draw_wait(random),
        }
    }
}

/// Returns the identifier of one of the queries, which all instances run.
fn query_id(number: u32) -> i64 {
    Random::new(QUERY_SEED, u64::from(number))
        .next()
        .cast_signed()
}

fn draw_pid(random: &mut Random) -> i64 {
    i64::from(1_000 + random.below(60_000))
}

fn draw_wait(random: &mut Random) -> Option<u32> {
    let on_a_processor = random.chance(450);
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
const START_PERMILLE: u32 = 50;
/// Busy for 5 s on average.
const END_PERMILLE: u32 = 200;
const QUERIES: u32 = 100;
const QUERY_SEED: u64 = 0x7175_6572;
/// Keeps these streams apart from those of the other data sets under one seed.
const BACKEND_STREAMS: u64 = 2 << 40;
