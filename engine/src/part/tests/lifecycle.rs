//! Goal: a part's file is there as long as somebody needs it, and no longer (E-2).

use super::*;

fn exists(place: &Place, meta: &PartMeta) -> bool {
    place
        .environment
        .disk
        .metadata(&place.path(meta))
        .unwrap()
        .is_some()
}

#[test]
fn an_obsolete_file_goes_with_its_last_holder() {
    let place = Place::new(1);
    let meta = place.write(&sample());
    let part = Arc::new(place.open(&meta).unwrap());
    let view = Arc::clone(&part);
    part.mark_obsolete();
    drop(part);
    assert!(exists(&place, &meta));
    assert_eq!(read(&view).unwrap(), sample().all());
    drop(view);
    assert!(!exists(&place, &meta));
}

#[test]
fn a_part_that_is_not_obsolete_stays() {
    let place = Place::new(2);
    let meta = place.write(&sample());
    drop(place.open(&meta).unwrap());
    assert!(exists(&place, &meta));
}

#[test]
fn an_obsolete_file_that_is_gone_already_hurts_nobody() {
    let place = Place::new(3);
    let meta = place.write(&sample());
    let part = place.open(&meta).unwrap();
    part.mark_obsolete();
    place.environment.disk.remove(&place.path(&meta)).unwrap();
    drop(part);
    assert!(!exists(&place, &meta));
}

#[test]
fn an_unfinished_part_leaves_nothing() {
    let place = Place::new(4);
    let writer = sample().write(&place);
    let path = place.environment.path(&writer.id());
    assert!(place.environment.disk.metadata(&path).unwrap().is_some());
    drop(writer);
    assert!(place.environment.disk.metadata(&path).unwrap().is_none());
}

#[test]
fn a_page_is_read_once_while_the_cache_has_room() {
    let place = Place::new(5);
    let part = place.open(&place.write(&sample())).unwrap();
    let first = part.narrow_field_page(0, 0).unwrap();
    let second = part.narrow_field_page(0, 0).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    let usage = place.cache.usage();
    assert_eq!((usage.hits, usage.misses), (1, 1));
    assert!(usage.bytes > 0);
}

#[test]
fn the_cache_stays_within_its_bytes() {
    let place = Place::new(6);
    let rows = Rows {
        settings: WriterSettings {
            page_rows: 1,
            ..WriterSettings::default()
        },
        ..sample()
    };
    let cache = Arc::new(PageCache::new(3_000));
    let part = Part::open(&place.environment, place.write(&rows), Arc::clone(&cache)).unwrap();
    for _ in 0..3 {
        assert_eq!(read(&part).unwrap(), rows.all());
        assert!(cache.usage().bytes <= 3_000);
    }
}
