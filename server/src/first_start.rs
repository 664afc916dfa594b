//! What a new store lacks: a certificate authority and an administrator.

use std::path::Path;

use engine::{CatalogueEdit, Engine, Role};
use platform::durable;
use schema::Timestamp;
use tracing::{info, warn};

use crate::identity::{Authority, TokenRequest, create_token};
use crate::store::Machine;
use crate::{Addresses, Error, admin_token_path};

/// Returns the authority, making one on first start.
///
/// # Errors
/// [`Error::Certificate`], or [`Error::Engine`] when it cannot be stored.
pub(crate) async fn authority(engine: &Engine) -> Result<Authority, Error> {
    if let Some(record) = engine.catalogue().authority() {
        return Authority::from_record(record);
    }
    let record = Authority::create()?;
    let authority = Authority::from_record(&record)?;
    engine.edit(CatalogueEdit::PutAuthority(record))?.await?;
    info!("made a certificate authority");
    Ok(authority)
}

/// Makes the administrator's token where the catalogue has none in force.
///
/// The catalogue decides, not the file: deleting `admin.token` makes no new administrator.
///
/// # Errors
/// [`Error::Engine`], or [`Error::Io`] when the file cannot be written.
pub(crate) async fn admin_token(
    engine: &Engine,
    machine: &Machine,
    authority: &Authority,
    addresses: &Addresses,
    data: &Path,
    now: Timestamp,
) -> Result<(), Error> {
    let has_admin = engine
        .catalogue()
        .tokens()
        .any(|token| token.role == Role::Admin && token.is_valid_at(now));
    let path = admin_token_path(data);
    if has_admin {
        return Ok(());
    }
    let request = TokenRequest {
        name: "administrator of the first start".into(),
        role: Role::Admin,
        expires: None,
        enrols: None,
        authority: authority.fingerprint(),
        http: addresses.http_urls(),
        quic: addresses.quic_addresses(),
    };
    let (record, token) = create_token(request, machine.entropy.as_ref(), now);
    let text = format!("{}\n", token.to_text());
    // The file first: a token in the catalogue that nobody holds would lock the operator out.
    durable::write_file_with_mode(machine.disk.as_ref(), &path, text.as_bytes(), 0o400).map_err(
        |source| Error::Io {
            path: path.clone(),
            source,
        },
    )?;
    engine.edit(CatalogueEdit::PutToken(record))?.await?;
    warn!(path = %path.display(), "made an administrator's token: keep it, or make others and revoke it");
    Ok(())
}
