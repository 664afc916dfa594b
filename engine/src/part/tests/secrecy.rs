//! Goal: nothing that was written can be read in the file (S-1), nor with another key.

use super::*;

#[test]
fn no_name_tag_or_value_stands_in_the_file() {
    let place = Place::new(1);
    let bytes = place.bytes(&place.write(&sample()));
    for marker in [
        "measurements",
        "tag-marker",
        "host-marker",
        "field-marker",
        "note-marker",
    ] {
        let found = bytes
            .windows(marker.len())
            .any(|window| window == marker.as_bytes());
        assert!(!found, "{marker} stands in the file");
    }
    let number = 77i64.to_le_bytes();
    assert!(!bytes.windows(8).any(|window| window == number));
}

#[test]
fn the_same_rows_give_other_bytes_each_time() {
    let place = Place::new(2);
    let (one, other) = (place.write(&sample()), place.write(&sample()));
    let (one, other) = (place.bytes(&one), place.bytes(&other));
    let same = one
        .iter()
        .zip(&other)
        .skip(96)
        .filter(|(a, b)| a == b)
        .count();
    assert!(
        same < one.len() / 16,
        "{same} of {} bytes are the same",
        one.len()
    );
}

#[test]
fn a_keyring_of_other_keys_opens_nothing() {
    let (place, stranger) = (Place::new(3), Place::new(4));
    let meta = place.write(&sample());
    let environment = PartEnvironment {
        keyring: Arc::clone(&stranger.environment.keyring),
        ..place.environment.clone()
    };
    let refusal = Part::open(&environment, meta, Arc::clone(&place.cache)).unwrap_err();
    assert_eq!(refusal.kind(), crate::Kind::Denied);
}
