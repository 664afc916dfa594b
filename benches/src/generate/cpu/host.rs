//! One host: its tags, and the walks of its ten fields.

use crate::generate::Random;

/// A host, between two samples.
#[derive(Debug, Clone)]
pub(super) struct Host {
    random: Random,
    tags: [String; 10],
    walks: [i32; 10],
    is_begun: bool,
}

impl Host {
    /// Draws the host of this number.
    pub(super) fn new(seed: u64, number: u32) -> Self {
        let mut random = Random::new(seed, u64::from(number));
        let tags = draw_tags(&mut random, number);
        let walks = [(); 10].map(|()| draw_start(&mut random));
        Self {
            random,
            tags,
            walks,
            is_begun: false,
        }
    }

    /// Returns the values of the tags, in the order of the table's.
    pub(super) fn tags(&self) -> &[String; 10] {
        &self.tags
    }

    /// Returns the next sample: the walks as they began, then step by step.
    pub(super) fn sample(&mut self) -> [u8; 10] {
        if self.is_begun {
            for walk in &mut self.walks {
                *walk = (*walk + self.random.normal_step()).clamp(0, WALK_MAX);
            }
        }
        self.is_begun = true;
        self.walks
            .map(|walk| u8::try_from(walk / WALK_UNIT).unwrap_or(u8::MAX))
    }
}

fn draw_start(random: &mut Random) -> i32 {
    i32::try_from(random.below(WALK_MAX.unsigned_abs())).unwrap_or(WALK_MAX)
}

fn draw_tags(random: &mut Random, number: u32) -> [String; 10] {
    let (region, zones) = *draw(random, &REGIONS);
    let zone = *draw(random, zones);
    let rack = random.below(100);
    let word = |random: &mut Random, words: &[&str]| (*draw(random, words)).to_owned();
    [
        format!("host_{number}"),
        region.to_owned(),
        format!("{region}{zone}"),
        rack.to_string(),
        word(random, &OPERATING_SYSTEMS),
        word(random, &ARCHITECTURES),
        word(random, &TEAMS),
        random.below(20).to_string(),
        random.below(2).to_string(),
        word(random, &ENVIRONMENTS),
    ]
}

fn draw<'a, T>(random: &mut Random, from: &'a [T]) -> &'a T {
    let count = u32::try_from(from.len()).unwrap_or(u32::MAX);
    let drawn = from.get(random.below(count) as usize);
    drawn.expect("a number below the count of a list that is not empty")
}

/// 1 in the fractions in which a walk is counted.
const WALK_UNIT: i32 = 1 << 16;
/// 100, where a walk is held.
const WALK_MAX: i32 = 100 * WALK_UNIT;

const REGIONS: [(&str, &[&str]); 9] = [
    ("us-east-1", &["a", "b", "c", "e"]),
    ("us-west-1", &["a", "b"]),
    ("us-west-2", &["a", "b", "c"]),
    ("eu-west-1", &["a", "b", "c"]),
    ("eu-central-1", &["a", "b"]),
    ("ap-southeast-1", &["a", "b"]),
    ("ap-southeast-2", &["a", "b"]),
    ("ap-northeast-1", &["a", "c"]),
    ("sa-east-1", &["a", "b", "c"]),
];
const OPERATING_SYSTEMS: [&str; 3] = ["Ubuntu16.10", "Ubuntu16.04LTS", "Ubuntu15.10"];
const ARCHITECTURES: [&str; 2] = ["x64", "x86"];
const TEAMS: [&str; 4] = ["SF", "NYC", "LON", "CHI"];
const ENVIRONMENTS: [&str; 3] = ["production", "staging", "test"];
