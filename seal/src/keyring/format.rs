//! The bytes of a keyring file.
//!
//! ```text
//!  offset bytes
//!       0     8  magic "PGAKEYRG"
//!       8     2  version, 1
//!      10     2  kind, 4
//!      12     4  number of data keys, n
//!      16     8  length of the file
//!      24     8  checksum: the first 8 bytes of SHA-256 over all other bytes
//!      32    16  cluster
//!      48     8  id of the master key
//!      56     4  number of the active data key
//!      60     4  zero
//!      64    32  salt, drawn anew each time the file is written
//!      96    12  nonce of the closing tag
//!     108  64·n  data keys: number (4), nonce (12), wrapped key (32), tag (16)
//! 108+64n    16  closing tag, over nothing but the bytes before it (less the checksum)
//! ```

use platform::Entropy;

use super::check_master;
use crate::data_key::DataKey;
use crate::envelope::checksum;
use crate::fields::Fields;
use crate::file_key::FileKey;
use crate::secret::Secret;
use crate::{
    ClusterId, DataKeyId, Error, FileKind, MasterKey, MasterKeyId, Nonce, Salt, TAG_BYTES,
};

/// What a keyring file says.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) cluster: ClusterId,
    pub(super) active: DataKeyId,
    pub(super) keys: Vec<DataKey>,
}

/// Returns the bytes of a keyring file.
pub(super) fn encode(
    keys: &[DataKey],
    active: DataKeyId,
    cluster: ClusterId,
    master: &MasterKey,
    entropy: &dyn Entropy,
) -> Vec<u8> {
    let count = u32::try_from(keys.len()).expect("a keyring holds at most a few thousand keys");
    let salt = Salt::generate(entropy);
    let closing = Nonce::generate(entropy);
    let wrapping = wrapping_key(master, cluster, &salt);
    let mut bytes = Vec::with_capacity(file_bytes(count));
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&FileKind::Keyring.code().to_le_bytes());
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&(file_bytes(count) as u64).to_le_bytes());
    let mut rest = Vec::with_capacity(file_bytes(count));
    rest.extend_from_slice(cluster.as_bytes());
    rest.extend_from_slice(master.id().as_bytes());
    rest.extend_from_slice(&active.0.to_le_bytes());
    rest.extend_from_slice(&[0; 4]);
    rest.extend_from_slice(salt.as_bytes());
    rest.extend_from_slice(closing.as_bytes());
    for key in keys {
        wrap(key, cluster, &wrapping, entropy, &mut rest);
    }
    let tag = wrapping.seal_detached(&closing, &[bytes.as_slice(), &rest].concat(), &mut []);
    rest.extend_from_slice(&tag);
    let sum = checksum(&bytes, &rest);
    bytes.extend_from_slice(&sum);
    bytes.append(&mut rest);
    bytes
}

/// Reads and opens the bytes of a keyring file, which is one piece: damage is named by where it begins.
pub(super) fn decode(bytes: &[u8], master: &MasterKey, artefact: &str) -> Result<Decoded, Error> {
    let damaged = |reason| Error::Damaged {
        artefact: artefact.to_owned(),
        reason,
    };
    let header = Header::parse(bytes, artefact)?;
    check_master(header.master, master, artefact)?;
    let wrapping = wrapping_key(master, header.cluster, &header.salt);
    wrapping
        .open_detached(&header.closing, &header.authenticated, &mut [], &header.tag)
        .map_err(|_| damaged("at byte 0: its closing tag does not match"))?;
    let keys = header
        .entries
        .as_chunks::<ENTRY_BYTES>()
        .0
        .iter()
        .map(|entry| {
            unwrap(entry, header.cluster, &wrapping)
                .ok_or_else(|| damaged("at byte 0: a wrapped key does not open"))
        });
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    if !keys.iter().any(|key| key.id == header.active) {
        return Err(damaged(
            "at byte 0: its active data key is not among its keys",
        ));
    }
    Ok(Decoded {
        cluster: header.cluster,
        active: header.active,
        keys,
    })
}

/// The clear part of the file, whole by its checksum.
struct Header<'a> {
    cluster: ClusterId,
    master: MasterKeyId,
    active: DataKeyId,
    salt: Salt,
    closing: Nonce,
    entries: &'a [u8],
    tag: [u8; TAG_BYTES],
    authenticated: Vec<u8>,
}

impl<'a> Header<'a> {
    fn parse(bytes: &'a [u8], artefact: &str) -> Result<Self, Error> {
        let damaged = |reason| Error::Damaged {
            artefact: artefact.to_owned(),
            reason,
        };
        let (head, stored, rest) =
            split(bytes).ok_or_else(|| damaged("at byte 0: it is too short"))?;
        if !head.starts_with(MAGIC) {
            return Err(damaged(
                "at byte 0: it does not begin with the magic of a keyring",
            ));
        }
        if checksum(head, rest) != *stored {
            return Err(damaged("at byte 0: its checksum does not match"));
        }
        Self::fields(head, rest, bytes.len(), artefact)?
            .ok_or_else(|| damaged("at byte 0: its lengths disagree"))
    }

    /// Reads the fields of a file whose checksum fits; `None` when lengths disagree.
    fn fields(
        head: &'a [u8],
        rest: &'a [u8],
        file: usize,
        artefact: &str,
    ) -> Result<Option<Self>, Error> {
        let mut fields = Fields::new(head);
        let (_, version, kind) = (fields.array::<8>(), fields.u16(), fields.u16());
        let (count, length) = (fields.u32(), fields.u64());
        if let Some(version) = version
            && version != VERSION
        {
            let artefact = artefact.to_owned();
            return Err(Error::UnsupportedVersion {
                artefact,
                version,
                supported: VERSION,
            });
        }
        let fits = kind == Some(FileKind::Keyring.code())
            && length == Some(file as u64)
            && count.is_some_and(|count| count <= KEYS_MAX && file_bytes(count) == file);
        Ok(if fits { Self::body(head, rest) } else { None })
    }

    fn body(head: &'a [u8], rest: &'a [u8]) -> Option<Self> {
        let (authenticated, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
        let mut fields = Fields::new(authenticated);
        Some(Self {
            cluster: ClusterId::from_bytes(fields.array()?),
            master: MasterKeyId::from_bytes(fields.array()?),
            active: fields
                .u64()
                .and_then(|field| u32::try_from(field).ok())
                .map(DataKeyId)?,
            salt: Salt::from_bytes(fields.array()?),
            closing: Nonce::from_bytes(fields.array()?),
            entries: fields.rest(),
            tag: *tag,
            authenticated: [head, authenticated].concat(),
        })
    }
}

/// Returns the bytes before the checksum, the checksum and the bytes behind it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8; 8], &[u8])> {
    let (head, rest) = bytes.split_at_checked(CHECKSUM_OFFSET)?;
    let (stored, rest) = rest.split_first_chunk::<8>()?;
    Some((head, stored, rest))
}

/// Derives the key that wraps in this file, so that the master key itself never meets a nonce.
fn wrapping_key(master: &MasterKey, cluster: ClusterId, salt: &Salt) -> FileKey {
    FileKey::derive(master.secret(), FileKind::Keyring, cluster, salt)
}

fn wrap(
    key: &DataKey,
    cluster: ClusterId,
    wrapping: &FileKey,
    entropy: &dyn Entropy,
    out: &mut Vec<u8>,
) {
    let nonce = Nonce::generate(entropy);
    out.extend_from_slice(&key.id.0.to_le_bytes());
    out.extend_from_slice(nonce.as_bytes());
    let mut wrapped = key.secret.clone();
    let aad = wrap_associated_data(cluster, key.id);
    let tag = wrapping.seal_detached(&nonce, &aad, wrapped.as_mut_bytes());
    out.extend_from_slice(wrapped.as_bytes());
    out.extend_from_slice(&tag);
}

fn unwrap(entry: &[u8; ENTRY_BYTES], cluster: ClusterId, wrapping: &FileKey) -> Option<DataKey> {
    let mut fields = Fields::new(entry);
    let id = DataKeyId(fields.u32()?);
    let nonce = Nonce::from_bytes(fields.array()?);
    let mut secret = Secret::zeroed();
    *secret.as_mut_bytes() = fields.array()?;
    let tag = fields.array()?;
    let aad = wrap_associated_data(cluster, id);
    wrapping
        .open_detached(&nonce, &aad, secret.as_mut_bytes(), &tag)
        .ok()?;
    Some(DataKey { id, secret })
}

fn wrap_associated_data(cluster: ClusterId, id: DataKeyId) -> Vec<u8> {
    let kind = FileKind::Keyring.code().to_le_bytes();
    [cluster.as_bytes().as_slice(), &id.0.to_le_bytes(), &kind].concat()
}

const fn file_bytes(count: u32) -> usize {
    ENTRIES_OFFSET + ENTRY_BYTES * count as usize + TAG_BYTES
}

const MAGIC: &[u8; 8] = b"PGAKEYRG";
const VERSION: u16 = 1;
const CHECKSUM_OFFSET: usize = 24;
const ENTRIES_OFFSET: usize = 108;
const ENTRY_BYTES: usize = 64;
const KEYS_MAX: u32 = 4096;
