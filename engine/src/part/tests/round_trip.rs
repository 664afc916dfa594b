//! Goal: a part gives back the rows that were written, whatever their schema.
//! Method: random tags, fields, nulls, page sizes and row groups, compared row by row.

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn rows_come_back_as_they_were_written(rows in rows()) {
        let place = Place::new(1);
        let meta = place.write(&rows);
        let part = place.open(&meta).unwrap();
        let (time, fields) = rows.all();
        prop_assert_eq!(read(&part).unwrap(), (time.clone(), fields));

        prop_assert_eq!(part.tag_names(), rows.tags.as_slice());
        prop_assert_eq!(part.fields(), rows.fields.as_slice());
        prop_assert_eq!(part.directory().series_count(), rows.series.len());
        let mut start = 0;
        for (number, series) in rows.series.iter().enumerate() {
            let run = part.directory().run(number);
            let tags: Vec<Option<&str>> = part.directory().tags(number).collect();
            prop_assert_eq!(tags, series.tags.iter().map(Option::as_deref).collect::<Vec<_>>());
            prop_assert_eq!((run.start as usize, run.len()), (start, series.time.len()));
            prop_assert_eq!(part.directory().series_of(run.start), Some(number));
            prop_assert_eq!(part.directory().series_of(run.end - 1), Some(number));
            start += series.time.len();
        }

        prop_assert_eq!((meta.rows, meta.series), (time.len() as u64, rows.series.len() as u64));
        prop_assert_eq!(Some(meta.time_min.nanos()), time.iter().copied().min());
        prop_assert_eq!(Some(meta.time_max.nanos()), time.iter().copied().max());
        prop_assert_eq!(meta.bytes, place.bytes(&meta).len() as u64);
        let verification = part.verify();
        prop_assert!(verification.damage.is_empty(), "{:?}", verification);
    }

    #[test]
    fn statistics_are_those_of_the_values(rows in rows()) {
        let place = Place::new(2);
        let part = place.open(&place.write(&rows)).unwrap();
        for field in 0..part.fields().len() {
            for page in 0..part.page_count() {
                let known = part.statistics(PageColumn::Field(field), page);
                let column = part.field_page(field, page).unwrap();
                prop_assert_eq!((known.rows as usize, known.nulls as usize), (column.len(), column.null_count()));
                let Values::I64(values) = &column.values else { continue };
                let valid: Vec<i64> = (0..column.len()).filter(|row| column.is_valid(*row)).map(|row| values[row]).collect();
                let value = |value: Option<i64>| value.map(Value::I64);
                prop_assert_eq!(&known.min, &value(valid.iter().copied().min()));
                prop_assert_eq!(&known.max, &value(valid.iter().copied().max()));
                prop_assert_eq!(&known.first, &value(valid.first().copied()));
                prop_assert_eq!(&known.last, &value(valid.last().copied()));
                let sum = valid.iter().map(|value| i128::from(*value)).sum::<i128>();
                let sum = i64::try_from(sum).ok().filter(|_| !valid.is_empty());
                prop_assert_eq!(&known.sum, &value(sum));
            }
        }
    }
}

#[test]
fn a_part_of_times_alone_has_no_fields() {
    let rows = Rows {
        fields: Vec::new(),
        ..sample()
    };
    let series = rows.series.iter().cloned().map(|series| Series {
        fields: Vec::new(),
        ..series
    });
    let rows = Rows {
        series: series.collect(),
        ..rows
    };
    let place = Place::new(3);
    let part = place.open(&place.write(&rows)).unwrap();
    assert_eq!(read(&part).unwrap(), rows.all());
}

#[test]
fn what_follows_from_the_footer_takes_no_bytes() {
    let rows = 10_000i64;
    let series = Series {
        tags: Vec::new(),
        time: (0..rows).map(|row| row * 10_000_000_000).collect(),
        fields: vec![
            Some(Column::from_values(Values::I64(vec![42; 10_000]))),
            None,
            Some(Column::from_values(Values::Text(
                std::iter::repeat_n("idle", 10_000).collect(),
            ))),
            Some(Column::from_values(Values::F64(vec![
                f64::from_bits(
                    0x7ff8_0000_0000_0bad
                );
                10_000
            ]))),
            Some(Column::from_values(Values::Bool(Bitmap::with_len(
                10_000, true,
            )))),
        ],
    };
    let types = [
        FieldType::I64,
        FieldType::F64,
        FieldType::Text,
        FieldType::F64,
        FieldType::Bool,
    ];
    let rows = Rows {
        settings: WriterSettings::default(),
        tags: Vec::new(),
        fields: types
            .map(|field_type| ColumnDefinition::field(field_type.sql_name(), field_type))
            .to_vec(),
        series: vec![series],
    };
    let place = Place::new(4);
    let meta = place.write(&rows);
    let part = place.open(&meta).unwrap();
    for column in part.columns() {
        assert!((0..part.page_count()).all(|page| part.page(column, page).sealed_bytes == 0));
    }
    assert!(meta.bytes < 2_000, "{} bytes for 60 000 values", meta.bytes);
    assert_eq!(read(&part).unwrap(), rows.all());
    assert_eq!(
        place.cache.usage().bytes,
        0,
        "what costs nothing to make is not cached"
    );
}
