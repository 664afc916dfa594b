//! Goal: fields that follow from others take next to nothing, read as they were written, and fail
//! with the field that they follow (E-4), by whichever is read first.
//! Method: processes whose rows alternate, each with an address of its own, and queries that go on.

use super::*;

/// Returns the rows: a process, its address, the query that it runs, and the kind of that query.
fn alternating() -> Rows {
    let mut seed = 7u64;
    let mut random = |bound: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % bound
    };
    let mut queries = [0u64; 12];
    let (mut pids, mut addresses, mut running, mut kinds) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..6_000 {
        let process = usize::try_from(random(12)).unwrap();
        if random(5) == 0 {
            queries[process] = random(40);
        }
        let query = queries[process];
        pids.push(4_000 + i64::try_from(process * process * 37).unwrap());
        addresses.push(format!("10.0.0.{}", process % 5));
        running.push(i64::try_from(query * query * 1_000_003).unwrap());
        kinds.push(["select", "insert", "vacuum"][usize::try_from(query % 3).unwrap()]);
    }
    let text = |values: Vec<&str>| {
        Some(Column::from_values(Values::Text(
            values.into_iter().collect(),
        )))
    };
    let integers = |values| Some(Column::from_values(Values::I64(values)));
    let fields = [
        ("pid", FieldType::I64),
        ("address", FieldType::Text),
        ("query", FieldType::I64),
        ("kind", FieldType::Text),
    ];
    Rows {
        settings: WriterSettings {
            page_rows: 2_000,
            ..WriterSettings::default()
        },
        tags: Vec::new(),
        fields: fields
            .map(|(name, kind)| ColumnDefinition::field(name, kind))
            .into(),
        series: vec![Series {
            tags: Vec::new(),
            time: (0..6_000).collect(),
            fields: vec![
                integers(pids),
                text(addresses.iter().map(String::as_str).collect()),
                integers(running),
                text(kinds),
            ],
        }],
    }
}

#[test]
fn fields_that_follow_from_others_are_small_and_come_back() {
    let place = Place::new(31);
    let rows = alternating();
    let meta = place.write(&rows);
    let part = place.open(&meta).unwrap();
    let (address, kind) = (
        part.page(PageColumn::Field(1), 1),
        part.page(PageColumn::Field(3), 1),
    );
    assert_eq!(
        (address.encoding, kind.encoding),
        (Encoding::Given, Encoding::Given)
    );
    assert!(
        address.sealed_bytes < 200 && kind.sealed_bytes < 250,
        "{address:?} {kind:?}"
    );
    assert_eq!(read(&part).unwrap(), rows.all());
    // Past the cache, where the page that another follows is read along with it.
    for (field, all) in rows.all().1.iter().enumerate() {
        let mut found = Column::empty(all.field_type());
        for page in 0..part.page_count() {
            let column = part.read_field_page(field, page).unwrap();
            found.extend_from(&column, 0..column.len());
        }
        assert_eq!(&found, all);
    }
    assert!(part.verify().damage.is_empty());

    let hot = Rows {
        settings: WriterSettings {
            effort: Effort::Hot,
            ..rows.settings
        },
        ..rows
    };
    let part = place.open(&place.write(&hot)).unwrap();
    let columns = part.columns().map(|column| part.page(column, 0).encoding);
    assert!(
        !columns
            .into_iter()
            .any(|encoding| encoding == Encoding::Given)
    );
}

#[test]
fn a_page_fails_with_the_one_that_it_follows() {
    let place = Place::new(32);
    let meta = place.write(&alternating());
    let part = place.open(&meta).unwrap();
    let offset = usize::try_from(part.page(PageColumn::Field(0), 1).offset).unwrap();
    let mut bytes = place.bytes(&meta);
    bytes[offset + 20] ^= 1;
    place.replace(&meta, &bytes);
    let error = part.field_page(1, 1).unwrap_err();
    assert_eq!(error.kind(), crate::Kind::Corrupt);
    assert!(error.to_string().contains("\"pid\""), "{error}");
    assert!(part.field_page(0, 1).is_err());
    assert!(part.field_page(1, 0).is_ok());
}
