//! Goal: a damaged part is an error with a name, or gives the right rows; never a panic, never wrong
//! rows (S-2, E-4).
//! Method: every bit flipped, every truncation, pages swapped, bytes lost behind an open part.

use super::*;

/// Reads all of a part, from opening on.
fn read_all(place: &Place, meta: &PartMeta) -> Result<(Vec<i64>, Vec<Column>), Error> {
    // A cache of its own, since the pages of the undamaged part have the same keys.
    let cache = Arc::new(PageCache::new(1 << 20));
    let part = Part::open(&place.environment, meta.clone(), cache)?;
    read(&part)
}

/// Returns where a page lies in its file.
fn place_of(page: &PageEntry) -> std::ops::Range<usize> {
    let start = usize::try_from(page.offset).unwrap();
    start..start + page.sealed_bytes as usize
}

#[test]
fn every_flipped_bit_is_an_error() {
    let place = Place::new(1);
    let meta = place.write(&sample());
    let whole = place.bytes(&meta);
    for bit in 0..whole.len() * 8 {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        place.replace(&meta, &damaged);
        assert!(
            read_all(&place, &meta).is_err(),
            "bit {bit} of {}",
            whole.len() * 8
        );
    }
    place.replace(&meta, &whole);
    assert_eq!(read_all(&place, &meta).unwrap(), sample().all());
}

#[test]
fn every_truncation_and_any_appendix_is_an_error() {
    let place = Place::new(2);
    let meta = place.write(&sample());
    let whole = place.bytes(&meta);
    for length in 0..whole.len() {
        place.replace(&meta, &whole[..length]);
        let error = place.open(&meta).unwrap_err();
        assert!(error.to_string().contains(&meta.id.to_string()), "{error}");
    }
    place.replace(&meta, &[&whole[..], &[0]].concat());
    assert!(place.open(&meta).is_err());
}

#[test]
fn swapped_pages_do_not_open_and_the_rest_goes_on() {
    let place = Place::new(3);
    let meta = place.write(&sample());
    let part = place.open(&meta).unwrap();
    let (one, other) = (PageColumn::Field(0), PageColumn::Field(1));
    let [a, b] = [one, other].map(|column| part.page(column, 0).clone());
    assert!(a.sealed_bytes > 0 && a.sealed_bytes == b.sealed_bytes);
    let mut swapped = place.bytes(&meta);
    let (first, second) = (
        swapped[place_of(&a)].to_vec(),
        swapped[place_of(&b)].to_vec(),
    );
    swapped[place_of(&a)].copy_from_slice(&second);
    swapped[place_of(&b)].copy_from_slice(&first);
    place.replace(&meta, &swapped);

    for field in [0, 1] {
        let error = part.field_page(field, 0).unwrap_err();
        assert_eq!(error.kind(), crate::Kind::Corrupt);
        assert!(
            error.to_string().contains(&part.fields()[field].name),
            "{error}"
        );
    }
    let (time, fields) = sample().all();
    assert_eq!(*part.time_page(0).unwrap(), time[..4]);
    let mut expected = Column::empty(FieldType::Text);
    expected.extend_from(&fields[2], 0..4);
    assert_eq!(part.field_page(2, 0).unwrap(), expected);
    assert_eq!(part.verify().damage.len(), 2);
}

#[test]
fn a_damaged_page_is_named_once_and_not_read_again() {
    let place = Place::new(4);
    let meta = place.write(&sample());
    let part = place.open(&meta).unwrap();
    let whole = place.bytes(&meta);
    let mut damaged = whole.clone();
    damaged[place_of(part.page(PageColumn::Field(0), 1)).start] ^= 1;
    place.replace(&meta, &damaged);
    let first = part.field_page(0, 1).unwrap_err().to_string();
    place.replace(&meta, &whole);
    assert_eq!(part.field_page(0, 1).unwrap_err().to_string(), first);

    let quarantined = part.quarantined();
    assert_eq!(quarantined.len(), 1);
    assert_eq!(
        (quarantined[0].column.as_str(), quarantined[0].page),
        ("field-marker", 1)
    );
    assert_eq!(place.cache.usage().quarantined, 1);
    assert!(part.field_page(0, 0).is_ok());
}

#[test]
fn a_page_that_the_disk_does_not_give_is_named_until_it_does() {
    let place = Place::new(5);
    let meta = place.write(&sample());
    let part = place.open(&meta).unwrap();
    let whole = place.bytes(&meta);
    place.replace(&meta, &whole[..90]);
    for _ in 0..2 {
        assert!(matches!(part.field_page(0, 0), Err(Error::Io { .. })));
        let quarantined = part.quarantined();
        assert_eq!(quarantined.len(), 1);
        assert_eq!(
            (quarantined[0].column.as_str(), quarantined[0].page),
            ("field-marker", 0)
        );
    }
    assert_eq!(place.cache.usage().quarantined, 1, "it is counted once");
    place.replace(&meta, &whole);
    assert_eq!(read(&part).unwrap(), sample().all());
    assert!(part.quarantined().is_empty());
}

#[test]
fn another_part_under_its_name_is_refused() {
    let place = Place::new(6);
    let (meta, other) = (place.write(&sample()), place.write(&sample()));
    place.replace(&meta, &place.bytes(&other));
    assert_eq!(place.open(&meta).unwrap_err().kind(), crate::Kind::Corrupt);
    let grown = PartMeta {
        rows: other.rows + 1,
        ..other
    };
    assert_eq!(place.open(&grown).unwrap_err().kind(), crate::Kind::Corrupt);
}

#[test]
fn the_pages_of_another_part_do_not_open() {
    let place = Place::new(7);
    let (meta, other) = (place.write(&sample()), place.write(&sample()));
    let part = place.open(&meta).unwrap();
    let (mut spliced, donor) = (place.bytes(&meta), place.bytes(&other));
    let range = place_of(part.page(PageColumn::Field(0), 0));
    spliced[range.clone()].copy_from_slice(&donor[range]);
    place.replace(&meta, &spliced);
    assert_eq!(
        part.field_page(0, 0).unwrap_err().kind(),
        crate::Kind::Corrupt
    );
}
