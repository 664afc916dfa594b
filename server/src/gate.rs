//! Who may come in through the collectors' door: certificates and tokens against the catalogue.

use std::sync::Arc;

use engine::{CatalogueEdit, CollectorRecord, Engine, Role, TokenRecord};
use ingest::{EnrolFuture, Gate, Instances, Peer, Sighting};
use platform::Clock;
use schema::Timestamp;
use tracing::{info, warn};
use wire::v1::{Enrol, Enrolled, Refusal, RefusalCode};
use wire::{Token, TokenKind};

use crate::Error;
use crate::http::Permission;
use crate::identity::{Authority, find_token, public_key_sha256};
use crate::sightings::Sightings;

/// The catalogue, as the collectors' door sees it.
#[derive(Debug)]
pub(crate) struct CatalogueGate {
    pub(crate) engine: Engine,
    pub(crate) authority: Arc<Authority>,
    pub(crate) sightings: Arc<Sightings>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Gate for CatalogueGate {
    fn enrol(&self, enrol: Enrol) -> EnrolFuture {
        let (engine, authority, now) =
            (self.engine.clone(), Arc::clone(&self.authority), self.now());
        Box::pin(async move { enrol_collector(&engine, &authority, &enrol, now).await })
    }

    fn identify(&self, certificate_sha256: [u8; 32]) -> Result<Peer, Refusal> {
        let catalogue = self.engine.catalogue();
        let mut collectors = catalogue.collectors();
        let known = collectors.find(|c| c.certificate_sha256 == Some(certificate_sha256));
        match known {
            None => Err(denied(
                "the certificate is not known here: enrol the collector with a new token",
            )),
            Some(collector) if collector.revoked => Err(denied("the collector was revoked")),
            Some(collector) => Ok(Peer {
                name: collector.name.to_string(),
                instances: Instances::Covered(collector.instances.clone()),
                may_write: true,
            }),
        }
    }

    fn authorise(&self, token_text: &str) -> Result<Peer, Refusal> {
        let token = Token::from_text(token_text).map_err(|error| denied(&error.to_string()))?;
        let catalogue = self.engine.catalogue();
        let record =
            find_token(&catalogue, &token, self.now()).map_err(|e| denied(&e.to_string()))?;
        if token.kind != TokenKind::Api || record.enrols.is_some() {
            return Err(denied("an enrolment token only enrols a collector"));
        }
        Ok(Peer {
            name: format!("import:{}", record.id),
            instances: Instances::All,
            may_write: Permission::Write.is_given_to(record.role),
        })
    }

    fn seen(&self, peer: &Peer, sighting: &Sighting<'_>) {
        let now = self.now();
        self.sightings.note(&peer.name, |noted| {
            noted.last_seen = now;
            noted.remote = sighting.remote.to_string();
            sighting.version.clone_into(&mut noted.version);
            if let Some(status) = sighting.status {
                noted.status = *status;
            }
        });
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.clock.now().0)
    }
}

/// Exchanges a token for a certificate.
///
/// The token is used up by the key that enrols, durably, before the certificate is handed out; the
/// same key may come again, so that an answer that was lost on the way locks nobody out.
async fn enrol_collector(
    engine: &Engine,
    authority: &Authority,
    enrol: &Enrol,
    now: Timestamp,
) -> Result<Enrolled, Refusal> {
    let (token, collector) = admitted(engine, enrol, now)?;
    let key_sha256 = public_key_sha256(&enrol.signing_request).map_err(|e| invalid(&e))?;
    let issued = authority
        .sign_collector(collector.name.as_str(), &enrol.signing_request)
        .map_err(|e| invalid(&e))?;
    let edit = CatalogueEdit::Enrol {
        token: token.id,
        key_sha256,
        certificate_sha256: issued.certificate_sha256,
    };
    commit(engine, edit).await?;
    let name = collector.name.to_string();
    info!(collector = %name, "enrolled a collector");
    let authority = authority.certificate().to_vec();
    Ok(Enrolled {
        collector: name,
        certificate: issued.certificate_der,
        authority,
    })
}

/// Returns the token and the collector that it enrols, if both are in force.
fn admitted(
    engine: &Engine,
    enrol: &Enrol,
    now: Timestamp,
) -> Result<(TokenRecord, CollectorRecord), Refusal> {
    let token = Token::from_text(&enrol.token).map_err(|error| denied(&error.to_string()))?;
    let catalogue = engine.catalogue();
    let record = find_token(&catalogue, &token, now).map_err(|error| denied(&error.to_string()))?;
    let Some(name) = &record.enrols else {
        return Err(denied(
            "this is no enrolment token: pganalytics collector register makes one",
        ));
    };
    let collector = catalogue
        .collector(name.as_str())
        .filter(|collector| !collector.revoked);
    let Some(collector) = collector else {
        return Err(denied(
            "the collector of this token is not registered any more",
        ));
    };
    debug_assert_eq!(
        record.role,
        Role::Writer,
        "enrolment tokens are made as writers"
    );
    Ok((record.clone(), collector.clone()))
}

async fn commit(engine: &Engine, edit: CatalogueEdit) -> Result<(), Refusal> {
    let outcome = match engine.edit(edit) {
        Ok(commit) => commit.await.map(drop),
        Err(error) => Err(error),
    };
    outcome.map_err(|error| match error {
        engine::Error::Refused { .. } => denied(&error.to_string()),
        error => {
            warn!(%error, "an enrolment could not be stored");
            let reason = error.to_string();
            Refusal {
                code: RefusalCode::Unavailable,
                reason,
                retry_after_ms: 1_000,
            }
        }
    })
}

fn denied(reason: &str) -> Refusal {
    Refusal {
        code: RefusalCode::Denied,
        reason: reason.to_owned(),
        retry_after_ms: 0,
    }
}

fn invalid(error: &Error) -> Refusal {
    Refusal {
        code: RefusalCode::Invalid,
        reason: error.to_string(),
        retry_after_ms: 0,
    }
}
