//! The names of objects in a repository; the only place that knows them.
//!
//! ```text
//!   cluster.json                                     which cluster this is; in clear
//!   keyring/<blake3>                                 the data keys, wrapped by the master key
//!   epoch/<20 digits>.json                           who writes here, from when; sealed
//!   timeline/<10 digits>.json                        where a timeline left its parent; sealed
//!   wal/<10>/<20 segment>.<20 epoch>[.p<20 lsn>]     a segment of the log, or its beginning
//!   blob/<2 hex>/<blake3>                            parts and manifests of the store, as on disk
//!   manifest/<20 digits>.json                        a backup; sealed, written last
//!   selftest/<32 hex>                                does this store honour conditional puts?
//! ```
//!
//! Numbers have leading zeros, so that the order of names is the order of numbers.
//! No name holds a table's, an instance's or a person's name.

use object_store::path::Path;
use schema::Lsn;

use crate::BlobHash;

/// The folders of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folder {
    Keyring,
    Epoch,
    Timeline,
    Wal,
    Blob,
    Manifest,
}

impl Folder {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::Epoch => "epoch",
            Self::Timeline => "timeline",
            Self::Wal => "wal",
            Self::Blob => "blob",
            Self::Manifest => "manifest",
        }
    }
}

/// The name of an archived log segment, whole or up to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SegmentName {
    pub(crate) timeline: u32,
    pub(crate) segment: u64,
    pub(crate) epoch: u64,
    /// The position at which the object ends, for one that is not the whole segment.
    pub(crate) partial: Option<Lsn>,
}

impl SegmentName {
    pub(crate) fn object(&self) -> String {
        let Self {
            timeline,
            segment,
            epoch,
            partial,
        } = self;
        let whole = format!("{}.{epoch:020}", self::segment(*timeline, *segment));
        match partial {
            Some(lsn) => format!("{whole}.p{:020}", lsn.get()),
            None => whole,
        }
    }

    pub(crate) fn parse(object: &str) -> Option<Self> {
        let (timeline, file) = object.strip_prefix("wal/")?.split_once('/')?;
        let mut fields = file.split('.');
        let (segment, epoch, partial) = (fields.next()?, fields.next()?, fields.next());
        let partial = match partial {
            Some(text) => Some(Lsn::new(number(text.strip_prefix('p')?, 20)?)),
            None => None,
        };
        let name = Self {
            timeline: u32::try_from(number(timeline, 10)?).ok()?,
            segment: number(segment, 20)?,
            epoch: number(epoch, 20)?,
            partial,
        };
        fields.next().is_none().then_some(name)
    }
}

/// The beginning of the names of a segment's objects, whoever shipped it.
pub(crate) fn segment(timeline: u32, number: u64) -> String {
    format!("wal/{timeline:010}/{number:020}")
}

/// The object that tells whose repository this is.
pub(crate) const CLUSTER: &str = "cluster.json";

pub(crate) fn epoch(number: u64) -> String {
    format!("epoch/{number:020}.json")
}

pub(crate) fn parse_epoch(object: &str) -> Option<u64> {
    numbered(object, "epoch/", 20)
}

pub(crate) fn timeline(number: u32) -> String {
    format!("timeline/{number:010}.json")
}

pub(crate) fn parse_timeline(object: &str) -> Option<u32> {
    u32::try_from(numbered(object, "timeline/", 10)?).ok()
}

pub(crate) fn manifest(number: u64) -> String {
    format!("manifest/{number:020}.json")
}

pub(crate) fn parse_manifest(object: &str) -> Option<u64> {
    numbered(object, "manifest/", 20)
}

pub(crate) fn keyring(hash: &BlobHash) -> String {
    format!("keyring/{hash}")
}

pub(crate) fn parse_keyring(object: &str) -> Option<BlobHash> {
    object.strip_prefix("keyring/")?.parse().ok()
}

pub(crate) fn blob(hash: &BlobHash) -> String {
    format!("blob/{}/{hash}", hash.folder())
}

pub(crate) fn parse_blob(object: &str) -> Option<BlobHash> {
    let (folder, hash) = object.strip_prefix("blob/")?.split_once('/')?;
    let hash: BlobHash = hash.parse().ok()?;
    (hash.folder() == folder).then_some(hash)
}

pub(crate) fn self_test(random: u128) -> String {
    format!("selftest/{random:032x}")
}

/// Returns the name of an object below the prefix of its repository.
pub(crate) fn below<'a>(prefix: &Path, path: &'a Path) -> Option<&'a str> {
    let path = path.as_ref();
    if prefix.as_ref().is_empty() {
        return Some(path);
    }
    path.strip_prefix(prefix.as_ref())?.strip_prefix('/')
}

fn numbered(object: &str, folder: &str, digits: usize) -> Option<u64> {
    number(object.strip_prefix(folder)?.strip_suffix(".json")?, digits)
}

/// Reads exactly this many digits: one number has one name.
fn number(text: &str, digits: usize) -> Option<u64> {
    if text.len() != digits || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use object_store::path::Path;
    use proptest::prelude::*;
    use schema::Lsn;

    use super::*;

    #[test]
    fn names_that_are_not_ours_are_no_segments() {
        let good = "wal/0000000001/00000000000000000002.00000000000000000003";
        assert!(SegmentName::parse(good).is_some());
        for name in [
            "wal/1/2.3".to_owned(),
            format!("{good}.p1"),
            format!("{good}.00000000000000000004"),
            format!("{good}.p00000000000000000004.x"),
            good.replace("0000000001", "9999999999"),
            good.replace("wal", "log"),
            good.replacen('0', "+", 1),
        ] {
            assert_eq!(SegmentName::parse(&name), None, "{name}");
        }
    }

    #[test]
    fn an_object_is_named_below_its_prefix() {
        let path = Path::from("a/b/cluster.json");
        assert_eq!(below(&Path::from("a/b"), &path), Some("cluster.json"));
        assert_eq!(below(&Path::default(), &path), Some("a/b/cluster.json"));
        assert_eq!(below(&Path::from("a/bc"), &path), None);
    }

    proptest! {
        #[test]
        fn every_name_is_read_back(
            timeline in any::<u32>(), segment in any::<u64>(), epoch in any::<u64>(),
            partial in proptest::option::of(any::<u64>().prop_map(Lsn::new)),
        ) {
            let name = SegmentName { timeline, segment, epoch, partial };
            prop_assert_eq!(SegmentName::parse(&name.object()), Some(name));
            prop_assert_eq!(parse_epoch(&super::epoch(epoch)), Some(epoch));
            prop_assert_eq!(parse_manifest(&manifest(segment)), Some(segment));
            prop_assert_eq!(parse_timeline(&super::timeline(timeline)), Some(timeline));
            let hash = BlobHash::of(&segment.to_le_bytes());
            prop_assert_eq!(parse_blob(&blob(&hash)), Some(hash));
            prop_assert_eq!(parse_keyring(&keyring(&hash)), Some(hash));
        }

        #[test]
        fn the_order_of_names_is_the_order_of_positions(a in any::<u64>(), b in any::<u64>()) {
            let at = |lsn| SegmentName {
                timeline: 1, segment: 2, epoch: 3, partial: Some(Lsn::new(lsn)),
            };
            prop_assert_eq!(at(a).object().cmp(&at(b).object()), a.cmp(&b));
        }
    }
}
