//! A keyring opens with its master key only, and says so when it meets another.

use std::path::PathBuf;

use platform::{RealDisk, SimEntropy, durable};
use tempfile::TempDir;

use super::Keyring;
use crate::envelope;
use crate::{ClusterId, DataKeyId, Error, FileKind, Kind, MasterKey, Salt};

struct Fixture {
    _dir: TempDir,
    path: PathBuf,
    master: MasterKey,
    keyring: Keyring,
    entropy: SimEntropy,
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keyring");
    let entropy = SimEntropy::new(11);
    let master = MasterKey::generate(&entropy);
    let cluster = ClusterId::generate(&entropy);
    let keyring = Keyring::create(&RealDisk, &path, &master, cluster, &entropy).unwrap();
    Fixture {
        _dir: dir,
        path,
        master,
        keyring,
        entropy,
    }
}

#[test]
fn a_keyring_comes_back_with_the_same_keys() {
    let fixture = fixture();
    let again = Keyring::open(&RealDisk, &fixture.path, &fixture.master).unwrap();
    assert_eq!(again.cluster(), fixture.keyring.cluster());
    assert_eq!(again.active(), DataKeyId(1));
    let sealed = envelope::seal(
        &fixture.keyring,
        FileKind::Client,
        &fixture.entropy,
        b"state",
    );
    assert_eq!(
        envelope::open(&again, FileKind::Client, &sealed).unwrap(),
        b"state"
    );
}

#[test]
fn a_wrong_master_key_is_named_and_told_from_damage() {
    let fixture = fixture();
    let wrong = MasterKey::generate(&fixture.entropy);
    let error = Keyring::open(&RealDisk, &fixture.path, &wrong).unwrap_err();
    assert_eq!(error.kind(), Kind::Denied);
    let expected = format!(
        "keyring {} needs master key {}, the key given is {}",
        fixture.path.display(),
        fixture.master.id(),
        wrong.id()
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn every_flipped_bit_of_a_keyring_is_damage() {
    let fixture = fixture();
    let bytes = fixture.keyring.to_wrapped();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = Keyring::from_wrapped(&flipped, &fixture.master).unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt, "bit {bit}: {error}");
        let sum = envelope::checksum(&flipped[..24], &flipped[32..]);
        flipped[24..32].copy_from_slice(&sum);
        if bit / 64 != 3 {
            assert!(
                Keyring::from_wrapped(&flipped, &fixture.master).is_err(),
                "bit {bit}"
            );
        }
    }
    for cut in 0..bytes.len() {
        let error = Keyring::from_wrapped(&bytes[..cut], &fixture.master).unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt, "cut to {cut}");
    }
}

#[test]
fn kind_length_and_count_must_agree_with_the_file() {
    let fixture = fixture();
    let bytes = fixture.keyring.to_wrapped();
    for (field, at) in [("kind", 10), ("count", 12), ("length", 16)] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let sum = envelope::checksum(&changed[..24], &changed[32..]);
        changed[24..32].copy_from_slice(&sum);
        let error = Keyring::from_wrapped(&changed, &fixture.master).unwrap_err();
        assert!(
            error.to_string().contains("its lengths disagree"),
            "{field}: {error}"
        );
    }
}

/// What wraps a key must stay what it is: a keyring that no longer opens takes all data with it.
#[test]
fn a_keyring_of_the_first_version_opens() {
    let bytes = std::fs::read("../engine/tests/fixtures/2/data/keyring").unwrap();
    let keyring = Keyring::from_wrapped(&bytes, &MasterKey::from_bytes(&[7; 32])).unwrap();
    assert_eq!(keyring.data_keys(), [DataKeyId(1)]);
    assert_eq!(keyring.to_wrapped(), bytes);
}

#[test]
fn an_added_data_key_is_active_and_old_files_still_open() {
    let fixture = fixture();
    let old = envelope::seal(&fixture.keyring, FileKind::Client, &fixture.entropy, b"old");
    let id = fixture
        .keyring
        .add_data_key(&RealDisk, &fixture.path, &fixture.master, &fixture.entropy)
        .unwrap();
    assert_eq!((id, fixture.keyring.active()), (DataKeyId(2), DataKeyId(2)));
    let new = envelope::seal(&fixture.keyring, FileKind::Client, &fixture.entropy, b"new");
    let again = Keyring::open(&RealDisk, &fixture.path, &fixture.master).unwrap();
    assert_eq!(again.data_keys(), [DataKeyId(1), DataKeyId(2)]);
    assert_eq!(
        envelope::open(&again, FileKind::Client, &old).unwrap(),
        b"old"
    );
    assert_eq!(
        envelope::open(&again, FileKind::Client, &new).unwrap(),
        b"new"
    );
}

#[test]
fn adding_a_data_key_needs_the_right_master_key() {
    let fixture = fixture();
    let wrong = MasterKey::generate(&fixture.entropy);
    let result = fixture
        .keyring
        .add_data_key(&RealDisk, &fixture.path, &wrong, &fixture.entropy);
    assert!(matches!(result, Err(Error::WrongMasterKey { .. })));
    assert_eq!(fixture.keyring.data_keys(), [DataKeyId(1)]);
}

#[test]
fn a_keyring_is_never_overwritten_by_a_new_one() {
    let fixture = fixture();
    let cluster = fixture.keyring.cluster();
    let result = Keyring::create(
        &RealDisk,
        &fixture.path,
        &fixture.master,
        cluster,
        &fixture.entropy,
    );
    assert!(matches!(result, Err(Error::Exists { .. })));
}

#[test]
fn files_differ_in_key_by_salt_kind_data_key_and_cluster() {
    let fixture = fixture();
    let ring = &fixture.keyring;
    ring.add_data_key(&RealDisk, &fixture.path, &fixture.master, &fixture.entropy)
        .unwrap();
    let (salt, other) = (Salt::from_bytes([1; 32]), Salt::from_bytes([2; 32]));
    let commitment = |id, kind, salt| {
        ring.file_key(DataKeyId(id), kind, salt)
            .unwrap()
            .commitment()
    };
    let first = commitment(1, FileKind::Part, &salt);
    assert_eq!(first, commitment(1, FileKind::Part, &salt));
    assert_ne!(first, commitment(1, FileKind::Part, &other));
    assert_ne!(first, commitment(1, FileKind::Spool, &salt));
    assert_ne!(first, commitment(2, FileKind::Part, &salt));
    assert!(matches!(
        ring.file_key(DataKeyId(3), FileKind::Part, &salt),
        Err(Error::MissingDataKey { id: DataKeyId(3) })
    ));
}

#[test]
fn s3_rewrapping_keeps_every_data_key_and_changes_only_the_keyring() {
    let fixture = fixture();
    let sealed = envelope::seal(
        &fixture.keyring,
        FileKind::Client,
        &fixture.entropy,
        b"state",
    );
    let new = MasterKey::generate(&fixture.entropy);
    fixture
        .keyring
        .rewrap(&RealDisk, &fixture.path, &new, &fixture.entropy)
        .unwrap();
    let again = Keyring::open(&RealDisk, &fixture.path, &new).unwrap();
    assert_eq!(
        envelope::open(&again, FileKind::Client, &sealed).unwrap(),
        b"state"
    );
    assert_eq!(fixture.keyring.master(), new.id());
    assert_eq!(
        fixture.keyring.to_wrapped(),
        durable::read_file(&RealDisk, &fixture.path).unwrap()
    );
    let error = Keyring::open(&RealDisk, &fixture.path, &fixture.master).unwrap_err();
    assert!(matches!(error, Error::WrongMasterKey { .. }));
}

#[test]
fn debug_shows_no_key() {
    let fixture = fixture();
    let shown = format!("{:?}", fixture.keyring);
    assert!(shown.contains("Secret(redacted)"), "{shown}");
    let key = fixture
        .keyring
        .file_key(DataKeyId(1), FileKind::Part, &Salt::from_bytes([1; 32]));
    assert_eq!(format!("{:?}", key.unwrap()), "FileKey(redacted)");
}
