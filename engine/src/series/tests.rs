//! Goal: equal tags are one series whatever came before, and the order is that of the tags.

use std::sync::Arc;

use proptest::prelude::*;

use super::{NULL_CODE, SeriesId, SeriesIndex};

type Tags = [Option<String>; 2];

fn intern(index: &SeriesIndex, tags: &Tags) -> SeriesId {
    let mut table = index.write();
    let tuple: Vec<u32> = tags
        .iter()
        .enumerate()
        .map(|(tag, value)| {
            value
                .as_ref()
                .map_or(NULL_CODE, |v| table.intern_value(tag, v))
        })
        .collect();
    table.intern(&tuple)
}

fn tags_of(index: &SeriesIndex, series: SeriesId) -> Tags {
    let value = |tag| index.read(|t| t.value_of(tag, series).map(|v: &Arc<str>| v.to_string()));
    [value(0), value(1)]
}

#[test]
fn a_later_tag_is_null_in_earlier_series() {
    let index = SeriesIndex::default();
    let old = intern(&index, &[Some("a".into()), None]);
    let new = intern(&index, &[Some("a".into()), Some("x".into())]);
    assert_ne!(old, new);
    assert_eq!(intern(&index, &[Some("a".into()), None]), old);
    assert_eq!(tags_of(&index, old), [Some("a".into()), None]);
}

#[test]
fn tag_values_are_listed_by_code() {
    let index = SeriesIndex::default();
    intern(&index, &[Some("b".into()), None]);
    assert_eq!(index.tag_values(0).len(), 1);
    intern(&index, &[Some("a".into()), None]);
    let values: Vec<String> = index.tag_values(0).iter().map(|v| v.to_string()).collect();
    assert_eq!(values, ["b", "a"]);
    assert!(index.tag_values(9).is_empty());
}

proptest! {
    #[test]
    fn the_order_is_that_of_the_tags(
        tuples in prop::collection::vec([prop::option::of("[a-c]{0,2}"), prop::option::of("[x-z]{0,2}")], 0..60),
        pause in 0usize..60,
    ) {
        let index = SeriesIndex::default();
        for (at, tags) in tuples.iter().enumerate() {
            let series = intern(&index, tags);
            prop_assert_eq!(&tags_of(&index, series), tags);
            if at == pause {
                // An order taken on the way is extended later on.
                prop_assert_eq!(index.order().sorted.len(), index.series_count() as usize);
            }
        }
        let order = index.order();
        let sorted: Vec<Tags> = order.sorted.iter().map(|series| tags_of(&index, *series)).collect();
        let mut expected = tuples;
        expected.sort();
        expected.dedup();
        prop_assert_eq!(sorted, expected);
        for (position, series) in order.sorted.iter().enumerate() {
            prop_assert_eq!(order.rank[series.index()] as usize, position);
        }
    }
}
