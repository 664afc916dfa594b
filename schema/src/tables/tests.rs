//! What every declaration must keep to.

use std::collections::HashSet;

use super::{BUILT_IN, built_in};
use crate::{FieldType, Kind, TIME_COLUMN, validate_name};

#[test]
fn every_table_is_found_by_its_name_and_no_name_is_given_twice() {
    let names: HashSet<_> = BUILT_IN.iter().map(|table| table.name).collect();
    assert_eq!(names.len(), BUILT_IN.len());
    for table in BUILT_IN {
        assert_eq!(
            built_in(table.name).map(|found| found.about),
            Some(table.about)
        );
    }
    assert!(built_in("pg_stat_statements").is_none());
}

#[test]
fn every_table_has_the_instance_first_and_sound_distinct_columns() {
    for table in BUILT_IN {
        let definition = table.definition();
        assert_eq!(table.tags.first(), Some(&"instance"), "{}", table.name);
        let mut seen = HashSet::from([TIME_COLUMN.to_owned()]);
        for column in definition.columns() {
            assert_eq!(validate_name(&column.name), Ok(()));
            assert!(
                seen.insert(column.name.clone()),
                "{}.{}",
                table.name,
                column.name
            );
        }
    }
}

#[test]
fn increases_are_numbers_and_come_with_the_seconds_they_cover() {
    for table in BUILT_IN {
        let increases = table
            .fields
            .iter()
            .filter(|field| field.kind == Kind::Increase);
        for field in increases.clone() {
            assert!(
                matches!(field.field_type, FieldType::I64 | FieldType::F64),
                "{}",
                field.name
            );
        }
        let covers = table.field("interval_s").is_some();
        assert_eq!(covers, increases.count() > 0, "{}", table.name);
    }
}

#[test]
fn texts_of_queries_stay_for_ever_and_samples_keep_every_row() {
    assert_eq!(super::QUERY_TEXT.definition().retention, None);
    assert!(super::STAT_ACTIVITY.definition().append_only);
    assert_eq!(
        super::STAT_WAL.definition().retention,
        Some(super::BuiltIn::RETENTION)
    );
}

#[test]
fn the_reference_lists_every_table_and_field_as_declared() {
    for table in BUILT_IN {
        let heading = format!("\n## {}\n", table.name);
        let (_, section) = REFERENCE.split_once(&heading).expect(table.name);
        let section = section.split("\n## ").next().unwrap_or_default();
        assert!(section.contains(table.about), "{}", table.name);
        for field in table.fields {
            let (name, sql, kind, unit) = (field.name, field.field_type, field.kind, field.unit);
            let line = format!("| `{name}` | {sql} | {kind} | {unit} |");
            assert!(section.contains(&line), "{}: {line}", table.name);
        }
    }
}

const REFERENCE: &str = include_str!("../../../docs/reference/tables.md");
