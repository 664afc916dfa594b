//! What a writer does before it writes: whose repository is this, does its store keep promises, and
//! is the keyring in it.

use bytes::Bytes;
use platform::Clock;
use schema::Timestamp;
use seal::{ClusterId, Keyring, MasterKey};
use serde::{Deserialize, Serialize};

use super::{Created, Repository};
use crate::layout::{self, Folder};
use crate::{BlobHash, Error};

/// What `cluster.json` says. It stands in clear, and tells nothing but that a repository is here.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusterRecord {
    format: u32,
    cluster: String,
    created: Timestamp,
}

/// The keyring that a master key opens.
#[derive(Debug)]
pub(crate) struct Keyrings {
    pub(crate) newest: Keyring,
    /// What is wrong with other copies, which may have been newer.
    pub(crate) damage: Vec<Damage>,
}

/// An object that is not what its name says.
#[derive(Debug, Clone)]
pub(crate) struct Damage {
    pub(crate) object: String,
    pub(crate) reason: String,
}

impl Repository {
    /// Makes this place the repository of the keyring's cluster, or checks that it is, and stores a
    /// copy of the keyring, which the master key alone opens.
    ///
    /// # Errors
    /// [`Error::ConditionalPut`] when the store does not honour conditional puts,
    /// [`Error::WrongCluster`] when another cluster was here first.
    pub async fn prepare(&self, keyring: &Keyring, clock: &dyn Clock) -> Result<(), Error> {
        match self.read_if_present(layout::CLUSTER).await? {
            Some(bytes) => self.check_cluster(&bytes, keyring.cluster())?,
            None => self.found(keyring.cluster(), clock).await?,
        }
        self.store_keyring(keyring).await.map(|_| ())
    }

    /// Returns the cluster whose repository this is.
    ///
    /// # Errors
    /// [`Error::NoRepository`] when there is none, [`Error::Damaged`].
    pub async fn cluster(&self) -> Result<ClusterId, Error> {
        let bytes = self.read_if_present(layout::CLUSTER).await?;
        let bytes = bytes.ok_or_else(|| Error::NoRepository {
            location: self.url().to_owned(),
        })?;
        decode_cluster(&bytes)
    }

    /// Opens the newest of the stored keyrings that this master key opens.
    ///
    /// # Errors
    /// [`Error::NoRepository`], [`Error::Missing`] when there is none, [`Error::Seal`] with the ids
    /// of both keys when another master key is needed, [`Error::Damaged`].
    pub async fn open_keyring(&self, master: &MasterKey) -> Result<Keyring, Error> {
        Ok(self.open_keyrings(master).await?.newest)
    }

    /// As [`Self::open_keyring`], telling which copies are damaged.
    pub(crate) async fn open_keyrings(&self, master: &MasterKey) -> Result<Keyrings, Error> {
        let cluster = self.cluster().await?;
        let (mut newest, mut refusal, mut damage) = (None::<Keyring>, None, Vec::new());
        for listed in self.list(Folder::Keyring).await? {
            let Some(hash) = layout::parse_keyring(&listed.object) else {
                continue;
            };
            let bytes = self.read(&listed.object).await?;
            if BlobHash::of(&bytes) != hash {
                damage.push(Damage {
                    object: listed.object,
                    reason: "its content does not match its name".to_owned(),
                });
                continue;
            }
            match Keyring::from_wrapped(&bytes, master) {
                // Data keys are only ever added, so the one with most of them is the newest.
                Ok(keyring) if keyring.cluster() == cluster => {
                    let keys = keyring.data_keys().len();
                    let most = newest.as_ref().map_or(0, |newest| newest.data_keys().len());
                    newest = if keys > most { Some(keyring) } else { newest };
                }
                // What the keyring says is authentic, and `cluster.json` stands in clear.
                Ok(keyring) => {
                    let (object, actual) = (listed.object, keyring.cluster());
                    refusal = Some(Error::Damaged {
                        object: layout::CLUSTER.to_owned(),
                        reason: format!(
                            "it names cluster {cluster}, and {object} is of cluster {actual}"
                        ),
                    });
                }
                Err(source) => {
                    refusal = Some(Error::Seal {
                        object: listed.object,
                        source,
                    });
                }
            }
        }
        match newest {
            Some(newest) => Ok(Keyrings { newest, damage }),
            None => {
                Err(refusal
                    .or_else(|| damage.pop().map(Error::from))
                    .unwrap_or(Error::Missing {
                        object: Folder::Keyring.name().to_owned(),
                    }))
            }
        }
    }

    /// Stores a copy of the keyring; the same one is stored once.
    pub(crate) async fn store_keyring(&self, keyring: &Keyring) -> Result<BlobHash, Error> {
        let wrapped = keyring.to_wrapped();
        let hash = BlobHash::of(&wrapped);
        let object = layout::keyring(&hash);
        if self.size(&object).await? != Some(wrapped.len() as u64) {
            self.overwrite(&object, Bytes::from(wrapped)).await?;
        }
        Ok(hash)
    }

    async fn found(&self, cluster: ClusterId, clock: &dyn Clock) -> Result<(), Error> {
        self.self_test().await?;
        let record = ClusterRecord {
            format: CLUSTER_FORMAT,
            cluster: cluster.to_string(),
            created: Timestamp::from_nanos(clock.now().0),
        };
        let bytes = serde_json::to_vec_pretty(&record).expect("plain data has a JSON form");
        match self.create(layout::CLUSTER, Bytes::from(bytes)).await {
            // Another writer was faster; it must be one of this cluster.
            Err(Error::Conflict { .. }) => {
                let there = self.read(layout::CLUSTER).await?;
                self.check_cluster(&there, cluster)
            }
            result => result.map(|_| ()),
        }
    }

    fn check_cluster(&self, bytes: &[u8], expected: ClusterId) -> Result<(), Error> {
        let actual = decode_cluster(bytes)?;
        if actual == expected {
            return Ok(());
        }
        Err(Error::WrongCluster { expected, actual })
    }

    /// Proves that this store refuses to create what is there: all fencing rests on it.
    ///
    /// # Errors
    /// [`Error::ConditionalPut`] when it overwrites.
    pub async fn self_test(&self) -> Result<(), Error> {
        let mut random = [0; 16];
        self.entropy().fill(&mut random);
        let object = layout::self_test(u128::from_le_bytes(random));
        let first = self.create(&object, Bytes::from_static(b"first")).await;
        let second = self.create(&object, Bytes::from_static(b"second")).await;
        let there = self.read_if_present(&object).await;
        self.remove(&object).await?;
        let refused = matches!(second, Err(Error::Conflict { .. }));
        match (first?, there?) {
            (Created::Now, Some(bytes)) if refused && bytes == "first" => Ok(()),
            _ => {
                // A store that is only unreachable is told from one that breaks the promise.
                second?;
                let store = self.store().to_string();
                Err(Error::ConditionalPut { store })
            }
        }
    }
}

/// Returns an error, or in its place the damage that it follows from: where a data key is missing, the
/// copy of the keyring that has it is damaged.
pub(crate) fn blamed(damage: &[Damage], error: Error) -> Error {
    let is_key_missing = matches!(
        error,
        Error::Seal {
            source: seal::Error::MissingDataKey { .. },
            ..
        }
    );
    let damage = damage.last().filter(|_| is_key_missing);
    damage.map_or(error, |damage| damage.clone().into())
}

impl From<Damage> for Error {
    fn from(Damage { object, reason }: Damage) -> Self {
        Self::Damaged { object, reason }
    }
}

fn decode_cluster(bytes: &[u8]) -> Result<ClusterId, Error> {
    let damaged = |reason: String| Error::Damaged {
        object: layout::CLUSTER.to_owned(),
        reason,
    };
    let record: ClusterRecord =
        serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
    if record.format != CLUSTER_FORMAT {
        return Err(Error::UnsupportedFormat {
            object: layout::CLUSTER.to_owned(),
            format: record.format,
            supported: CLUSTER_FORMAT,
        });
    }
    let cluster = record.cluster.parse();
    cluster.map_err(|e: seal::Error| damaged(e.to_string()))
}

const CLUSTER_FORMAT: u32 = 1;
