//! AES-256-GCM at rest: the only door through which bytes reach disk (S-1).
//!
//! ```text
//!   KeySource ──▶ MasterKey ──wraps──▶ data keys, in the keyring file
//!                                         │ HKDF-SHA256(data key, salt of the file, kind, cluster)
//!                                         ▼
//!                                      FileKey ──▶ pages      (big files, read piece by piece)
//!                                              ──▶ envelope   (small files, read whole)
//! ```
//!
//! A [`MasterKey`] comes from a [`KeySource`] and opens the [`Keyring`].
//! The keyring holds a few data keys; each file's [`FileKey`] follows from one of them and from the
//! random [`Salt`] in the file's header, which also holds a commitment to that key.
//! Changing the master key wraps the data keys anew and touches nothing else (S-3).
//! A [`Place`] says where a page belongs, and the page opens nowhere else (S-2).
//!
//! It is not a transport: TLS is elsewhere, and so are tokens and their hashes.
//! The formats are written down in `docs/internals/seal.md`.

mod cluster_id;
mod data_key;
pub mod envelope;
mod error;
mod fields;
mod file_key;
mod file_kind;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod gcm;
mod key_source;
mod keyring;
mod master_key;
mod page;
mod place;
mod random;
mod rotation;
mod secret;

pub use cluster_id::ClusterId;
pub use data_key::DataKeyId;
pub use error::{Error, Kind};
pub use file_key::{COMMITMENT_BYTES, FileKey, TAG_BYTES};
pub use file_kind::FileKind;
pub use key_source::KeySource;
pub use keyring::Keyring;
pub use master_key::{MasterKey, MasterKeyId};
pub use page::{PAGE_OVERHEAD_BYTES, open_page, open_page_in_place, seal_page};
pub use place::Place;
pub use random::{NONCE_BYTES, Nonce, SALT_BYTES, Salt};
pub use rotation::rotate_key_file;
