//! Key sources give a key or say why not.

use std::io;

use platform::{Disk as _, OsEntropy, RealDisk, durable};

use super::KeySource;
use crate::{Error, Kind};

const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

#[test]
fn sources_print_as_they_are_written() {
    for text in [
        "file:/etc/pga/key",
        "env:PGA_KEY",
        "command:vault read -field=key pga:x",
    ] {
        assert_eq!(text.parse::<KeySource>().unwrap().to_string(), text);
    }
    for text in ["", "file:", "env:", "command:", "vault:x", "/etc/key"] {
        let error = text.parse::<KeySource>().unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{text}");
    }
}

#[test]
fn a_made_key_file_is_private_and_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master.key");
    let made = KeySource::create_file(&RealDisk, &path, &OsEntropy).unwrap();
    let mode = RealDisk.metadata(&path).unwrap().unwrap().mode.unwrap();
    assert_eq!(mode & 0o7777, 0o400);
    let read = KeySource::File(path.clone()).load(&RealDisk).unwrap();
    assert_eq!(read.id(), made.id());
    let again = KeySource::create_file(&RealDisk, &path, &OsEntropy);
    assert!(matches!(again, Err(Error::Exists { .. })));
}

#[test]
fn a_key_file_that_others_can_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    for mode in [0o440, 0o404, 0o644, 0o601, 0o620] {
        durable::write_file_with_mode(&RealDisk, &path, HEX.as_bytes(), mode).unwrap();
        let error = KeySource::File(path.clone()).load(&RealDisk).unwrap_err();
        assert!(
            matches!(error, Error::KeyFileMode { mode: shown, .. } if shown == mode),
            "{error}"
        );
    }
    for mode in [0o400, 0o600] {
        durable::write_file_with_mode(&RealDisk, &path, HEX.as_bytes(), mode).unwrap();
        assert!(KeySource::File(path.clone()).load(&RealDisk).is_ok());
    }
}

#[test]
fn an_absent_or_oversized_key_file_is_unreadable() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let source = KeySource::File(path.clone());
    let absent = source.load(&RealDisk).unwrap_err();
    let Error::KeySourceUnreadable {
        origin,
        source: cause,
    } = absent
    else {
        panic!("{absent}")
    };
    assert_eq!(
        (origin, cause.kind()),
        (source.to_string(), io::ErrorKind::NotFound)
    );
    durable::write_file(&RealDisk, &path, &[b'a'; 5000]).unwrap();
    assert_eq!(
        source.load(&RealDisk).unwrap_err().kind(),
        Kind::Unavailable
    );
    assert_eq!(
        KeySource::File(dir.path().into())
            .load(&RealDisk)
            .unwrap_err()
            .kind(),
        Kind::Denied
    );
}

/// What fits the limit is read, and then judged as a key.
#[test]
fn a_key_file_of_the_greatest_length_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    durable::write_file(&RealDisk, &path, &[b'a'; 4096]).unwrap();
    let error = KeySource::File(path).load(&RealDisk).unwrap_err();
    assert!(matches!(error, Error::KeyMalformed { .. }), "{error}");
}

#[test]
fn a_command_gives_what_it_prints() {
    let load = |line: &str| KeySource::Command(line.to_owned()).load(&RealDisk);
    let printed = load(&format!("echo {HEX}")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    durable::write_file(&RealDisk, &path, HEX.as_bytes()).unwrap();
    assert_eq!(
        printed.id(),
        KeySource::File(path).load(&RealDisk).unwrap().id()
    );
    assert!(matches!(
        load("exit 3"),
        Err(Error::KeySourceUnreadable { .. })
    ));
    assert!(matches!(
        load("echo short"),
        Err(Error::KeyMalformed { .. })
    ));
    // It never ends by itself; the limit on what is read ends it.
    assert!(load("cat /dev/zero").is_err());
}

#[test]
fn an_unset_variable_is_unreadable() {
    let source = KeySource::Env("PGANALYTICS_TEST_KEY_THAT_NOBODY_SETS".to_owned());
    let error = source.load(&RealDisk).unwrap_err();
    assert!(
        matches!(error, Error::KeySourceUnreadable { .. }),
        "{error}"
    );
}
