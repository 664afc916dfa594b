//! An envelope opens whole or not at all.

use platform::{SimDisk, SimEntropy};
use proptest::prelude::*;

use super::{ENVELOPE_OVERHEAD_BYTES, checksum, open, seal, verify};
use crate::{ClusterId, Error, FileKind, Keyring, Kind, MasterKey};

fn keyring(cluster: u8, seed: u64) -> Keyring {
    let (disk, entropy) = (SimDisk::new(seed), SimEntropy::new(seed));
    let master = MasterKey::generate(&entropy);
    let cluster = ClusterId::from_bytes([cluster; 16]);
    Keyring::create(&disk, "/keyring".as_ref(), &master, cluster, &entropy).unwrap()
}

/// Puts the right checksum on an envelope that was tampered with.
fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = checksum(&bytes[..24], &bytes[32..]);
    bytes[24..32].copy_from_slice(&sum);
    bytes
}

#[test]
fn every_flipped_bit_of_an_envelope_is_refused() {
    let ring = keyring(1, 1);
    let sealed = seal(
        &ring,
        FileKind::Manifest,
        &SimEntropy::new(2),
        b"a manifest",
    );
    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = open(&ring, FileKind::Manifest, &flipped).unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt, "bit {bit}: {error}");
        assert!(verify(&flipped).is_err(), "bit {bit} passes without a key");
        // A forger who knows the checksum still cannot change a bit.
        let forged = with_checksum(flipped);
        if bit / 64 != 3 {
            assert!(
                open(&ring, FileKind::Manifest, &forged).is_err(),
                "bit {bit}"
            );
        }
    }
}

#[test]
fn every_truncation_of_an_envelope_is_refused() {
    let ring = keyring(1, 1);
    let sealed = seal(
        &ring,
        FileKind::Manifest,
        &SimEntropy::new(2),
        b"a manifest",
    );
    for bytes in 0..sealed.len() {
        let error = open(&ring, FileKind::Manifest, &sealed[..bytes]).unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt, "cut to {bytes}");
    }
}

#[test]
fn an_envelope_of_another_kind_is_refused_by_name() {
    let ring = keyring(1, 1);
    let sealed = seal(&ring, FileKind::Client, &SimEntropy::new(2), b"state");
    let error = open(&ring, FileKind::Manifest, &sealed).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a sealed file is of kind 8, expected 3 (Manifest)"
    );
}

#[test]
fn an_envelope_of_another_cluster_is_refused_by_name() {
    let sealed = seal(
        &keyring(1, 1),
        FileKind::Client,
        &SimEntropy::new(2),
        b"state",
    );
    let error = open(&keyring(2, 1), FileKind::Client, &sealed).unwrap_err();
    assert!(matches!(error, Error::WrongCluster { .. }), "{error}");
    assert!(error.to_string().contains(&"01".repeat(16)), "{error}");
}

#[test]
fn an_envelope_under_another_key_is_told_from_damage() {
    let sealed = seal(
        &keyring(1, 1),
        FileKind::Client,
        &SimEntropy::new(2),
        b"state",
    );
    let error = open(&keyring(1, 9), FileKind::Client, &sealed).unwrap_err();
    assert_eq!(error.kind(), Kind::Denied, "{error}");
    verify(&sealed).expect("the bytes are whole");
}

#[test]
fn an_envelope_under_a_missing_data_key_names_it() {
    let ring = keyring(1, 1);
    let mut sealed = seal(&ring, FileKind::Client, &SimEntropy::new(2), b"state");
    sealed[12] = 9;
    let error = open(&ring, FileKind::Client, &with_checksum(sealed)).unwrap_err();
    assert_eq!(error.to_string(), "data key 9 is not in the keyring");
}

#[test]
fn a_newer_version_is_told_from_damage() {
    let ring = keyring(1, 1);
    let mut sealed = seal(&ring, FileKind::Client, &SimEntropy::new(2), b"state");
    sealed[8] = 2;
    let error = open(&ring, FileKind::Client, &with_checksum(sealed)).unwrap_err();
    assert!(
        matches!(error, Error::UnsupportedVersion { version: 2, .. }),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_small_file_comes_back_as_it_was(plain: Vec<u8>, seed: u64) {
        let ring = keyring(1, seed);
        let sealed = seal(&ring, FileKind::Backup, &SimEntropy::new(seed), &plain);
        prop_assert_eq!(sealed.len(), plain.len() + ENVELOPE_OVERHEAD_BYTES);
        prop_assert_eq!(open(&ring, FileKind::Backup, &sealed).unwrap(), plain);
    }

    #[test]
    fn opening_anything_does_not_panic(bytes: Vec<u8>) {
        let ring = keyring(1, 1);
        let forged = [b"PGASEALD\x01\0\x06\0\x01\0\0\0".as_slice(), &bytes].concat();
        prop_assert!(open(&ring, FileKind::Backup, &bytes).is_err());
        prop_assert!(open(&ring, FileKind::Backup, &forged).is_err());
        if forged.len() > 32 {
            prop_assert!(open(&ring, FileKind::Backup, &with_checksum(forged)).is_err());
        }
    }
}
