//! The expected answers are what the data set says, counted in another way.

use super::{Cell, QUERIES, Question};
use crate::generate::{CpuShape, CpuValues, Random};

fn values() -> CpuValues {
    CpuValues::new(CpuShape::of_hours(42, 12, 13))
}

fn question(name: &str, values: &CpuValues) -> Question {
    let query = QUERIES.iter().find(|query| query.name == name).unwrap();
    (query.draw)(values, &mut Random::new(1, 0))
}

#[test]
fn an_hour_has_minutes_and_eight_hours_have_hours() {
    let values = values();
    let minutes = question("single-groupby-1-1-1", &values)
        .expected
        .row_count();
    assert!((60..=61).contains(&minutes), "{minutes}");
    let hours = question("cpu-max-all-1", &values).expected.row_count();
    assert!((8..=9).contains(&hours), "{hours}");
    let groups = question("double-groupby-1", &values).expected.row_count();
    assert!(groups == 12 * 12 || groups == 12 * 13, "{groups}");
    assert_eq!(question("lastpoint", &values).expected.row_count(), 12);
    assert_eq!(question("latest", &values).expected.row_count(), 12);
}

#[test]
fn means_cover_twelve_hours_of_every_host() {
    let values = values();
    let question = question("double-groupby-1", &values);
    let counts = question.expected.rows().iter().map(|row| match row.last() {
        Some(Cell::Mean { count, .. }) => *count,
        other => panic!("{other:?} is no mean"),
    });
    assert_eq!(counts.sum::<u32>(), 12 * 12 * 360);
}

#[test]
fn rows_of_high_usage_are_those_above_90() {
    let values = values();
    for query in (0..20).map(|seed| (QUERIES[3].draw)(&values, &mut Random::new(seed, 0))) {
        for row in query.expected.rows() {
            assert!(matches!(row[2], Cell::Whole(91..=100)), "{:?}", row[2]);
        }
    }
}

#[test]
fn a_data_set_that_is_shorter_is_asked_for_all_it_has() {
    let short = CpuValues::new(CpuShape::of_hours(42, 3, 2));
    assert_eq!(question("cpu-max-all-1", &short).expected.row_count(), 2);
    assert_eq!(question("double-groupby-1", &short).expected.row_count(), 6);
}

#[test]
fn questions_follow_from_their_seed() {
    let values = values();
    for query in &QUERIES {
        let sql = |seed| (query.draw)(&values, &mut Random::new(seed, 9)).sql;
        assert_eq!(sql(1), sql(1), "{}", query.name);
    }
}
