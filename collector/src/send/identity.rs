//! Who the collector is: its key, made here and never leaving, and what the server gave it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use platform::{Disk, Entropy, durable};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use seal::{FileKind, Keyring, envelope};
use serde::{Deserialize, Serialize};
use wire::Token;

use super::connection::Route;
use super::credentials::Credentials;
use crate::Error;

/// The key of a collector, and its certificate once it is enrolled.
#[derive(Clone)]
pub(crate) struct Identity {
    /// The key, PKCS #8.
    key: Vec<u8>,
    /// What enrolment gave.
    enrolment: Option<Enrolment>,
}

/// What enrolment gave.
#[derive(Debug, Clone)]
pub(crate) struct Enrolment {
    /// The name under which the collector was registered.
    pub(crate) collector: String,
    /// The client certificate, DER.
    pub(crate) certificate: Vec<u8>,
    /// Where the server is.
    pub(crate) route: Route,
    /// The id of the token that was used up for it; unknown where an earlier version enrolled.
    pub(crate) token: Option<String>,
}

/// Where the identity is kept, sealed.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) state: PathBuf,
}

impl Identity {
    /// Reads the identity, or makes a key and stores it first of all: the enrolment token works once,
    /// and only this key can repeat an enrolment whose answer was lost.
    ///
    /// # Errors
    /// [`Error::Seal`] when the file is damaged, [`Error::Disk`] when the disk refuses.
    pub(crate) fn open(shelf: &Shelf) -> Result<Self, Error> {
        let path = shelf.state.join(FILE);
        let found = shelf
            .disk
            .metadata(&path)
            .map_err(|source| disk_error(&path, source))?;
        if found.is_some() {
            let sealed = durable::read_file(&*shelf.disk, &path);
            let sealed = sealed.map_err(|source| disk_error(&path, source))?;
            return Self::decode(&envelope::open(&shelf.keyring, FileKind::Client, &sealed)?);
        }
        let key = KeyPair::generate().map_err(tls)?;
        let identity = Self {
            key: key.serialize_der(),
            enrolment: None,
        };
        identity.store(shelf)?;
        Ok(identity)
    }

    /// Returns what enrolment gave, if it has happened.
    pub(crate) fn enrolment(&self) -> Option<&Enrolment> {
        self.enrolment.as_ref()
    }

    /// Tells whether this token is to be used: nothing was enrolled yet, or by another one.
    pub(crate) fn is_new(&self, token: &Token) -> bool {
        let enrolment = self.enrolment.as_ref();
        enrolment.is_none_or(|enrolment| {
            let used = enrolment.token.as_ref();
            used.is_some_and(|used| *used != token.id)
        })
    }

    /// Stores what enrolment gave.
    ///
    /// # Errors
    /// [`Error::Disk`] when the disk refuses.
    pub(crate) fn enrolled(&mut self, shelf: &Shelf, enrolment: Enrolment) -> Result<(), Error> {
        self.enrolment = Some(enrolment);
        self.store(shelf)
    }

    /// Returns the certificate and key, if there is a certificate.
    pub(crate) fn credentials(&self) -> Credentials {
        match &self.enrolment {
            None => Credentials::None,
            Some(enrolment) => Credentials::Certificate {
                certificate: enrolment.certificate.clone(),
                key: self.key.clone(),
            },
        }
    }

    /// Returns a signing request for the key, DER (PKCS #10).
    ///
    /// # Errors
    /// [`Error::Tls`] when the key cannot sign.
    pub(crate) fn signing_request(&self, collector: &str) -> Result<Vec<u8>, Error> {
        let key = KeyPair::try_from(self.key.as_slice()).map_err(tls)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, collector);
        Ok(params.serialize_request(&key).map_err(tls)?.der().to_vec())
    }

    fn store(&self, shelf: &Shelf) -> Result<(), Error> {
        let sealed = envelope::seal(
            &shelf.keyring,
            FileKind::Client,
            &*shelf.entropy,
            &self.encode(),
        );
        let path = shelf.state.join(FILE);
        durable::write_file_with_mode(&*shelf.disk, &path, &sealed, FILE_MODE)
            .map_err(|source| disk_error(&path, source))
    }

    fn encode(&self) -> Vec<u8> {
        let enrolment = self.enrolment.as_ref();
        let stored = Stored {
            version: 1,
            key: STANDARD.encode(&self.key),
            collector: enrolment.map(|e| e.collector.clone()),
            certificate: enrolment.map(|e| STANDARD.encode(&e.certificate)),
            authority_sha256: enrolment.map(|e| STANDARD.encode(e.route.authority_sha256)),
            addresses: enrolment
                .map(|e| e.route.addresses.clone())
                .unwrap_or_default(),
            token: enrolment.and_then(|e| e.token.clone()),
        };
        serde_json::to_vec(&stored).expect("strings and numbers always serialise")
    }

    fn decode(json: &[u8]) -> Result<Self, Error> {
        let wrong = || Error::Tls {
            reason: "the stored identity cannot be read".into(),
        };
        let stored: Stored = serde_json::from_slice(json).map_err(|_| wrong())?;
        let bytes = |text: &str| STANDARD.decode(text).map_err(|_| wrong());
        let enrolment = match (
            &stored.collector,
            &stored.certificate,
            &stored.authority_sha256,
        ) {
            (Some(collector), Some(certificate), Some(authority)) => Some(Enrolment {
                collector: collector.clone(),
                certificate: bytes(certificate)?,
                route: Route {
                    addresses: stored.addresses,
                    authority_sha256: bytes(authority)?.try_into().map_err(|_| wrong())?,
                },
                token: stored.token,
            }),
            _ => None,
        };
        Ok(Self {
            key: bytes(&stored.key)?,
            enrolment,
        })
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("enrolment", &self.enrolment)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u8,
    key: String,
    collector: Option<String>,
    certificate: Option<String>,
    authority_sha256: Option<String>,
    addresses: Vec<String>,
    token: Option<String>,
}

fn tls(error: rcgen::Error) -> Error {
    Error::Tls {
        reason: error.to_string(),
    }
}

fn disk_error(path: &Path, source: std::io::Error) -> Error {
    Error::Disk {
        path: path.to_owned(),
        source,
    }
}

const FILE: &str = "identity";
const FILE_MODE: u32 = 0o600;
