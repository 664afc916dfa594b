//! Goal: rows in the wrong order never become a part.

use super::*;

fn writer(place: &Place) -> PartWriter {
    let description = PartDescription {
        fields: Vec::new(),
        ..sample().description()
    };
    PartWriter::create(&place.environment, description, &WriterSettings::default()).unwrap()
}

#[test]
#[should_panic(expected = "rising order of their tags")]
fn a_series_that_comes_twice_is_refused() {
    let place = Place::new(1);
    let mut writer = writer(&place);
    writer.begin_series(&[Some("a")]);
    writer.append(&[1], &[]).unwrap();
    writer.begin_series(&[Some("a")]);
}

#[test]
#[should_panic(expected = "rising order of their tags")]
fn a_null_after_a_value_is_refused() {
    let place = Place::new(2);
    let mut writer = writer(&place);
    writer.begin_series(&[Some("")]);
    writer.append(&[1], &[]).unwrap();
    writer.begin_series(&[None]);
}

#[test]
#[should_panic(expected = "rising order of time")]
fn a_time_that_falls_between_slices_is_refused() {
    let place = Place::new(3);
    let mut writer = writer(&place);
    writer.begin_series(&[None]);
    writer.append(&[1, 5], &[]).unwrap();
    writer.append(&[4], &[]).unwrap();
}

#[test]
#[should_panic(expected = "a series that was begun")]
fn rows_without_a_series_are_refused() {
    let place = Place::new(4);
    writer(&place).append(&[1], &[]).unwrap();
}

#[test]
fn settings_out_of_range_are_named() {
    let place = Place::new(5);
    for settings in [
        WriterSettings {
            page_rows: 0,
            ..WriterSettings::default()
        },
        WriterSettings {
            page_rows: u32::MAX,
            ..WriterSettings::default()
        },
        WriterSettings {
            group_pages: 0,
            ..WriterSettings::default()
        },
    ] {
        let refusal = PartWriter::create(&place.environment, sample().description(), &settings);
        assert!(matches!(refusal, Err(Error::Setting { .. })));
    }
}
